//! What entities leave unsaid of one table.

use crate::change::Rename;
use crate::dialect::Dialect;
use crate::dialect::postgres::literal;
use crate::model::{Check, Column, ForeignKey, Key, ObjectKind, ObjectName, Schema, Table};
use crate::types::Type;

use super::{is_drawn, sayable};

/// Completes a declared table from what it is.
pub(super) fn carry(table: &mut Table, old: &Table, from: &Schema, renames: &[Rename]) {
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
    for column in old.columns.iter().filter(|column| !sayable::column(from, column)) {
        if table.column(&column.name).is_none() {
            table.columns.push(column.clone());
        }
    }
    carry_checks(&mut table.checks, old, from.dialect);
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
                column.auto_increment |= old.auto_increment && column.default.is_none();
            }
        }
    }
    for (key, old) in table.primary_key.iter_mut().zip(&old.primary_key) {
        carry_key(key, old);
        if old.columns().eq(key.columns()) {
            key.include.clone_from(&old.include);
            key.deferral.clone_from(&old.deferral);
        }
    }
    for key in &mut table.uniques {
        if let Some(old) = old.uniques.iter().find(|old| old.name == key.name && old.columns().eq(key.columns())) {
            carry_key(key, old);
        }
    }
    carry_indexes(table, old, from);
}

/// Constraints that were not validated yet stay so, and the check of a column on MariaDB has no name of its own.
fn carry_checks(checks: &mut [Check], old: &Table, dialect: Dialect) {
    let mut used: Vec<bool> = vec![false; old.checks.len()];
    let mut open = Vec::new();
    for check in checks {
        let same = |old: &Check| old.name == check.name && old.expression == check.expression;
        match old.checks.iter().position(same) {
            Some(at) => {
                used[at] = true;
                *check = old.checks[at].clone();
            }
            None => open.push(check),
        }
    }
    for check in open.into_iter().filter(|_| dialect == Dialect::Mysql) {
        let same =
            |(at, old): (usize, &Check)| !used[at] && !old.column.is_empty() && old.expression == check.expression;
        if let Some(at) = old.checks.iter().enumerate().position(same) {
            used[at] = true;
            *check = old.checks[at].clone();
        }
    }
}

/// Entities say which columns a key has, and the lengths of their beginnings.
fn carry_key(key: &mut Key, old: &Key) {
    if !old.columns().eq(key.columns()) {
        return;
    }
    for (part, old) in key.parts.iter_mut().zip(&old.parts) {
        *part = crate::model::IndexPart { length: part.length, ..old.clone() };
    }
    key.method.clone_from(&old.method);
    key.parameters.clone_from(&old.parameters);
    key.partition_of.clone_from(&old.partition_of);
    key.only = old.only;
    key.comment.clone_from(&old.comment);
    key.index_comment.clone_from(&old.index_comment);
}

fn carry_indexes(table: &mut Table, old: &Table, from: &Schema) {
    for index in &mut table.indexes {
        if let Some(old) = old.indexes.iter().find(|old| old.name == index.name) {
            index.comment.clone_from(&old.comment);
            index.invisible = old.invisible;
            if index.parts == old.parts && index.predicate == old.predicate && index.unique == old.unique {
                index.parameters.clone_from(&old.parameters);
                index.invalid = old.invalid;
                index.partition_of.clone_from(&old.partition_of);
                index.only = old.only;
            }
        }
    }
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let kept = old.indexes.iter().filter(|index| {
        let there = index.parts.iter().all(|part| part.expression.is_some() || columns.contains(&part.column.as_str()));
        there && !sayable::index(from, old, index) && table.indexes.iter().all(|other| other.name != index.name)
    });
    let kept: Vec<_> = kept.cloned().collect();
    let keys = old.uniques.iter().filter(|key| {
        let there = key.columns().all(|column| columns.contains(&column));
        there && !sayable::unique(from, old, key) && !table.uniques.contains(key)
    });
    let keys: Vec<_> = keys.cloned().collect();
    table.indexes.extend(kept);
    table.uniques.extend(keys);
}

/// Foreign keys: what is not said of those that were declared, and those that entities cannot say.
pub(super) fn carry_foreign_keys(declared: &mut Schema, from: &Schema, renames: &[Rename]) {
    let tables: Vec<ObjectName> = declared.tables.iter().map(|table| table.name.clone()).collect();
    let renamed_table = |name: &ObjectName| {
        let rename = renames.iter().find(|rename| rename.from.kind == ObjectKind::Table && &rename.from.name == name);
        rename.map_or_else(|| name.clone(), |rename| rename.to.clone())
    };
    let before = |name: &ObjectName| from.tables.iter().find(|old| &renamed_table(&old.name) == name);
    for table in &mut declared.tables {
        let Some(old) = before(&table.name) else { continue };
        for key in &mut table.foreign_keys {
            let same = |old: &&ForeignKey| {
                (&old.columns, &old.referenced_columns) == (&key.columns, &key.referenced_columns)
                    && (from.dialect == Dialect::Sqlite || old.references == key.references)
            };
            if let Some(old) = old.foreign_keys.iter().find(same) {
                key.columns_unsaid = old.columns_unsaid;
                key.written.clone_from(&old.written);
                key.not_valid = old.not_valid;
                key.not_enforced = old.not_enforced;
                key.period = old.period;
                key.inherited = old.inherited;
                key.comment.clone_from(&old.comment);
                if key.on_delete == old.on_delete {
                    key.set_columns.clone_from(&old.set_columns);
                }
            }
        }
        for key in old.foreign_keys.iter().filter(|key| !sayable::foreign_key(from, old, key)) {
            let there = key.columns.iter().all(|column| table.column(column).is_some());
            let target = tables.contains(&key.references) || from.table(&key.references).is_none();
            if there && target && !table.foreign_keys.contains(key) {
                table.foreign_keys.push(key.clone());
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
    carry_default(column, old);
    // Entities say that a sequence makes the value, not which one.
    if is_drawn(old) && (column.default.is_none() || is_drawn(column)) {
        column.default.clone_from(&old.default);
    }
}

/// A literal stays in the spelling that it has. `NULL` counts where a domain has another default, and the entity's type is
/// the one below the domain.
fn carry_default(column: &mut Column, old: &Column) {
    let Some(text) = &old.default else { return };
    let same = match &column.default {
        None => matches!(old.ty.logical, Type::Domain(_)) && text.starts_with("NULL::") && column.ty == old.ty,
        Some(new) => column.ty == old.ty && literal::bare(&column.ty, new) == literal::bare(&old.ty, text),
    };
    if same {
        column.default.clone_from(&old.default);
    }
}
