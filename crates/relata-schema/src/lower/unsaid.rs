//! What entities have no words for stays as it is.
//!
//! A declaration by entities says tables, columns, keys, indexes, checks and enums, and says them completely: what is
//! not declared goes. It cannot say views, routines, triggers, policies, domains, privileges and the like, so their
//! absence means nothing: they are taken over from the schema that is. So are foreign keys and indexes of a kind that
//! entities cannot say: [`sayable`] is what the writer of entities asks, too.

pub mod sayable;
mod table;

use crate::change::Rename;
use crate::dialect::postgres::literal::sequence_of;
use crate::model::{Column, ObjectKind, ObjectName, Schema, Sequence, Table};

/// Adds to a declared schema what `from` has and entities cannot say. `renames` are those that were declared.
pub fn carry_over(declared: &mut Schema, from: &Schema, renames: &[Rename]) {
    let before = |name: &ObjectName| {
        let renamed = renames.iter().find(|rename| rename.from.kind == ObjectKind::Table && &rename.to == name);
        renamed.map_or_else(|| name.clone(), |rename| rename.from.name.clone())
    };
    for table in &mut declared.tables {
        let old = before(&table.name);
        if let Some(from_table) = from.table(&old).or_else(|| from.table(&table.name)) {
            table::carry(table, from_table, from, renames);
        }
    }
    let reached: Vec<Table> = from.tables.iter().filter(|table| is_unsaid(table, declared, from)).cloned().collect();
    declared.tables.extend(reached);
    table::carry_foreign_keys(declared, from, renames);
    carry_named(
        &mut declared.namespaces,
        &from.namespaces,
        |item| &item.name,
        |new, old| {
            new.comment.clone_from(&old.comment);
            new.grants.clone_from(&old.grants);
            new.owner.clone_from(&old.owner);
        },
    );
    carry_named(&mut declared.extensions, &from.extensions, |item| &item.name, |_, _| {});
    carry_named(&mut declared.domains, &from.domains, |item| &item.name, |_, _| {});
    carry_named(&mut declared.composites, &from.composites, |item| &item.name, |_, _| {});
    carry_named(&mut declared.ranges, &from.ranges, |item| &item.name, |_, _| {});
    carry_named(&mut declared.servers, &from.servers, |item| &item.name, |_, _| {});
    declared.default_privileges.clone_from(&from.default_privileges);
    carry_named(&mut declared.views, &from.views, |item| &item.name, |_, _| {});
    for declared in &mut declared.enums {
        if let Some(old) = from.enums.iter().find(|old| old.name == declared.name) {
            declared.comment.clone_from(&old.comment);
            declared.grants.clone_from(&old.grants);
            declared.owner.clone_from(&old.owner);
        }
    }
    carry_sequences(declared, from, renames);
    for routine in &from.routines {
        let same = |other: &crate::model::Routine| other.name == routine.name && other.arguments == routine.arguments;
        if !declared.routines.iter().any(same) {
            declared.routines.push(routine.clone());
        }
    }
    for other in &from.others {
        if !declared.others.contains(other) {
            declared.others.push(other.clone());
        }
    }
    declared.canonicalize();
}

/// Adds what is missing by name, and lets `complete` say more about what is there.
fn carry_named<T: Clone, N: PartialEq>(
    declared: &mut Vec<T>,
    from: &[T],
    name: impl Fn(&T) -> &N,
    complete: impl Fn(&mut T, &T),
) {
    for old in from {
        match declared.iter_mut().find(|new| name(new) == name(old)) {
            Some(new) => complete(new, old),
            None => declared.push(old.clone()),
        }
    }
}

/// Sequences of their own stay, and so does the form of one that a column draws from, and one that a column owns and does
/// not draw from; those of columns that go, go.
fn carry_sequences(declared: &mut Schema, from: &Schema, renames: &[Rename]) {
    for old in &from.sequences {
        if let Some(new) = declared.sequences.iter_mut().find(|new| new.name == old.name) {
            *new = old.clone();
        } else if stays(old, declared, from, renames) {
            declared.sequences.push(old.clone());
        }
    }
    let tables = &declared.tables;
    declared.sequences.retain(|sequence| {
        let Some((table, column)) = &sequence.owned_by else { return true };
        let owner = tables.iter().find(|other| &other.name == table).and_then(|table| table.column(column));
        let default = owner.filter(|owner| is_drawn(owner)).and_then(|owner| owner.default.as_deref());
        from.sequences.contains(sequence) || default.is_none_or(|text| sequence_of(text) == Some(&sequence.name.name))
    });
}

/// Whether a sequence that nobody declared stays: its column does, and draws from it as before, or never did.
fn stays(sequence: &Sequence, declared: &Schema, from: &Schema, renames: &[Rename]) -> bool {
    let Some((table, column)) = &sequence.owned_by else { return true };
    let Some(old) = from.table(table).and_then(|table| table.column(column)) else { return false };
    let renamed = renames.iter().any(|rename| &rename.from.name == table);
    let new = declared.table(table).filter(|_| !renamed).and_then(|table| table.column(column));
    let draws = |column: &Column| column.default.as_deref().and_then(sequence_of) == Some(&sequence.name.name);
    new.is_some_and(|new| draws(new) || !draws(old))
}

/// Tables that no entity can be: virtual ones, those without a column for Rust, and partitions and heirs of what is declared.
fn is_unsaid(table: &Table, declared: &Schema, from: &Schema) -> bool {
    if declared.table(&table.name).is_some() {
        return false;
    }
    let parents = table.partition_of.iter().map(|partition| &partition.parent).chain(&table.inherits);
    let stays = |parent: &ObjectName| {
        declared.table(parent).is_some() || from.table(parent).is_some_and(|parent| is_unsaid(parent, declared, from))
    };
    table.options.virtual_using.is_some() || !sayable::has_fields(from, table) || parents.into_iter().any(stays)
}

fn is_drawn(column: &Column) -> bool {
    column.default.as_deref().is_some_and(|text| text.starts_with("nextval("))
}
