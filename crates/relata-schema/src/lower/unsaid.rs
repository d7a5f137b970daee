//! What entities have no words for stays as it is.
//!
//! A declaration by entities says tables, columns, keys, indexes, checks and enums, and says them completely: what is
//! not declared goes. It cannot say views, routines, triggers, policies, domains, privileges and the like, so their
//! absence means nothing: they are taken over from the schema that is.

use crate::change::Rename;
use crate::dialect::Dialect;
use crate::model::{Check, Column, ForeignKey, Key, ObjectKind, ObjectName, Schema, Table};
use crate::types::Type;

/// Adds to a declared schema what `from` has and entities cannot say. `renames` are those that were declared.
pub fn carry_over(declared: &mut Schema, from: &Schema, renames: &[Rename]) {
    let before = |name: &ObjectName| {
        let renamed = renames.iter().find(|rename| rename.from.kind == ObjectKind::Table && &rename.to == name);
        renamed.map_or_else(|| name.clone(), |rename| rename.from.name.clone())
    };
    for table in &mut declared.tables {
        let old = before(&table.name);
        if let Some(from_table) = from.table(&old).or_else(|| from.table(&table.name)) {
            carry_table(table, from_table, from, renames);
        }
    }
    let reached: Vec<Table> = from.tables.iter().filter(|table| is_unsaid(table, declared, from)).cloned().collect();
    declared.tables.extend(reached);
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
    carry_sequences(declared, from);
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

/// Sequences of their own stay, and so does the form of one that a column draws from; those of columns that go, go.
fn carry_sequences(declared: &mut Schema, from: &Schema) {
    for old in &from.sequences {
        if let Some(new) = declared.sequences.iter_mut().find(|new| new.name == old.name) {
            *new = old.clone();
        } else if old.owned_by.is_none() {
            declared.sequences.push(old.clone());
        }
    }
    let tables = &declared.tables;
    declared.sequences.retain(|sequence| {
        let Some((table, column)) = &sequence.owned_by else { return true };
        let owner = tables.iter().find(|other| &other.name == table).and_then(|table| table.column(column));
        let default = owner.filter(|owner| is_drawn(owner)).and_then(|owner| owner.default.as_deref());
        from.sequences.contains(sequence) || default.is_none_or(|text| text.contains(&sequence.name.name))
    });
}

/// Tables that no entity can be: virtual ones, and partitions and heirs of what is declared.
fn is_unsaid(table: &Table, declared: &Schema, from: &Schema) -> bool {
    if declared.table(&table.name).is_some() {
        return false;
    }
    let parents = table.partition_of.iter().map(|partition| &partition.parent).chain(&table.inherits);
    let stays = |parent: &ObjectName| {
        declared.table(parent).is_some() || from.table(parent).is_some_and(|parent| is_unsaid(parent, declared, from))
    };
    table.options.virtual_using.is_some() || parents.into_iter().any(stays)
}

fn carry_table(table: &mut Table, old: &Table, from: &Schema, renames: &[Rename]) {
    table.triggers.clone_from(&old.triggers);
    table.policies.clone_from(&old.policies);
    table.row_security = old.row_security;
    table.force_row_security = old.force_row_security;
    table.exclusions.clone_from(&old.exclusions);
    table.partitioning.clone_from(&old.partitioning);
    table.partition_of.clone_from(&old.partition_of);
    table.inherits.clone_from(&old.inherits);
    table.grants.clone_from(&old.grants);
    table.owner.clone_from(&old.owner);
    table.of_type.clone_from(&old.of_type);
    table.foreign.clone_from(&old.foreign);
    table.options.cluster_on.clone_from(&old.options.cluster_on);
    table.uses.clone_from(&old.uses);
    for dependency in &old.depends_on {
        if !table.depends_on.contains(dependency) {
            table.depends_on.push(dependency.clone());
        }
    }
    // What entities have no type for: they cannot have said that it goes.
    for column in old.columns.iter().filter(|column| matches!(column.ty.logical, Type::Composite(_))) {
        if table.column(&column.name).is_none() {
            table.columns.push(column.clone());
        }
    }
    for check in &mut table.checks {
        // On MariaDB the check of a column has no name of its own.
        let same = |old: &&Check| !old.column.is_empty() && old.expression == check.expression;
        if let Some(old) = old.checks.iter().find(same).cloned().filter(|_| from.dialect == Dialect::Mysql) {
            *check = old;
        }
    }
    let key: Vec<String> = table.primary_key.iter().flat_map(Key::columns).map(str::to_string).collect();
    for column in &mut table.columns {
        let renamed = renames.iter().find(|rename| {
            let here = rename.from.name == old.name || rename.from.name == table.name;
            rename.from.kind == ObjectKind::Column && here && rename.to.name == column.name
        });
        let name = renamed.map_or(column.name.as_str(), |rename| rename.from.member.as_str());
        if let Some(old) = old.column(name) {
            carry_column(column, old, from);
            // SQLite takes NULL in a key that does not say NOT NULL.
            if key.contains(&column.name) && from.dialect == Dialect::Sqlite && column.ty == old.ty {
                column.not_null = old.not_null;
            }
            let generates = key.len() == 1 && key.contains(&column.name);
            if column.identity.is_none() && !generates && column.ty == old.ty && old.not_null {
                column.identity.clone_from(&old.identity);
            }
        }
    }
    for key in &mut table.foreign_keys {
        let same =
            |old: &&ForeignKey| (&old.columns, &old.referenced_columns) == (&key.columns, &key.referenced_columns);
        if let Some(old) = old.foreign_keys.iter().find(same) {
            key.columns_unsaid = old.columns_unsaid;
            key.written.clone_from(&old.written);
        }
    }
    for index in &mut table.indexes {
        if let Some(old) = old.indexes.iter().find(|old| old.name == index.name) {
            index.comment.clone_from(&old.comment);
            index.invisible = old.invisible;
            if index.parts == old.parts && index.predicate == old.predicate && index.unique == old.unique {
                index.parameters.clone_from(&old.parameters);
            }
        }
    }
}

fn carry_column(column: &mut Column, old: &Column, from: &Schema) {
    column.invisible = old.invisible;
    column.parameters.clone_from(&old.parameters);
    column.grants.clone_from(&old.grants);
    if column.charset.is_none() && column.ty == old.ty {
        column.charset.clone_from(&old.charset);
    }
    if let (Some(new), Some(old)) = (&mut column.identity, &old.identity) {
        new.sequence.clone_from(&old.sequence);
        new.parameters = old.parameters.clone();
        new.comment.clone_from(&old.comment);
        new.grants.clone_from(&old.grants);
    }
    // A domain stays where the type below it is what is declared.
    if let Type::Domain(name) = &old.ty.logical {
        let domain = from.domains.iter().find(|domain| &domain.name == name);
        if domain.is_some_and(|domain| domain.base.physical == column.ty.physical) {
            column.ty = old.ty.clone();
        }
    }
    // Entities say that a sequence makes the value, not which one.
    if is_drawn(old) && (column.default.is_none() || is_drawn(column)) {
        column.default.clone_from(&old.default);
    }
}

fn is_drawn(column: &Column) -> bool {
    column.default.as_deref().is_some_and(|text| text.starts_with("nextval("))
}
