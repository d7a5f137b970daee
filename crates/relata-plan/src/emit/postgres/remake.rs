//! Tables that no `ALTER TABLE` makes what they shall be, and that keep their rows: a plain table that becomes a
//! partitioned one or the other way round, a table that shall take columns over from a new parent.
//!
//! The old table is moved aside with all that is on it, the new one is built like any other, the rows are copied before
//! anything reads them, the old one goes at the end. A row that fits nowhere in the new table stops the plan.

use std::collections::BTreeSet;

use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{ident, qualified};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Table};

use super::columns;
use super::scope::{Scope, table_key};
use super::steps::{Steps, lock};
use super::types::retired;

/// Where a table is meanwhile.
fn aside(name: &ObjectName) -> ObjectName {
    ObjectName::new(retired(&ObjectName::bare(&name.namespace)).name, &name.name)
}

fn namespaces(scope: &Scope<'_>) -> BTreeSet<String> {
    scope.remade.iter().map(|name| aside(name).namespace).collect()
}

fn namespace_key(name: &str) -> ObjectKey {
    ObjectKey::of(ObjectKind::Namespace, &ObjectName::bare(name))
}

/// Makes room for the tables that are moved aside.
pub(super) fn prepare(scope: &Scope<'_>, steps: &mut Steps) {
    for name in namespaces(scope) {
        steps.add(
            format!("make room in schema {name}"),
            namespace_key(&name),
            format!("CREATE SCHEMA {}", ident(&name)),
        );
    }
}

/// The table goes, but as a partition of one whose rows are copied it stays until then.
pub(super) fn goes_with_parent(scope: &Scope<'_>, table: &Table) -> bool {
    let Some(parent) = table.partition_of.as_ref().and_then(|partition| scope.from.table(&partition.parent)) else {
        return false;
    };
    scope.to.table(&table.name).is_none() && (scope.remade.contains(&parent.name) || goes_with_parent(scope, parent))
}

/// Moves a table aside.
pub(super) fn move_aside(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    let (name, key) = (qualified(&table.name), table_key(&table.name));
    for parent in &table.inherits {
        let sql = format!("ALTER TABLE {name} NO INHERIT {}", qualified(parent));
        steps.instant(format!("end inheritance of {}", table.name), key.clone(), sql);
    }
    if let Some(partition) = &table.partition_of {
        let sql = format!("ALTER TABLE {} DETACH PARTITION {name}", qualified(&partition.parent));
        steps.instant(format!("detach partition {}", table.name), key.clone(), sql);
    }
    for column in table.columns.iter().filter(|column| super::clear::default_goes(scope, table, column)) {
        let sql = format!("ALTER TABLE ONLY {name} ALTER COLUMN {} DROP DEFAULT", ident(&column.name));
        steps.instant(format!("drop default of {}.{}", table.name, column.name), key.clone(), sql);
    }
    let sql = format!("ALTER TABLE {name} SET SCHEMA {}", ident(&aside(&table.name).namespace));
    steps.instant(format!("move {} aside", table.name), key, sql);
}

/// Copies the rows.
pub(super) fn copy(scope: &Scope<'_>, steps: &mut Steps) {
    for name in &scope.remade {
        let (Some(from), Some(to)) = (scope.from.table(name), scope.to.table(name)) else { continue };
        let mut names = Vec::new();
        let mut values = Vec::new();
        for new in to.columns.iter().filter(|column| column.generated.is_none()) {
            let Some(old) = from.column(&new.name) else { continue };
            names.push(ident(&new.name));
            let value = if old.ty.physical == new.ty.physical { None } else { columns::value(scope, old, new) };
            values.push(value.unwrap_or_else(|| ident(&new.name)));
        }
        if names.is_empty() {
            continue;
        }
        let only = if from.partitioning.is_some() { "" } else { "ONLY " };
        let sql = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {only}{}",
            qualified(name),
            names.join(", "),
            values.join(", "),
            qualified(&aside(name))
        );
        let what = format!("copy the rows of {name}");
        let step = steps.blocking(what, table_key(name), sql, LockMode::AccessExclusive, LockSpan::Rewrite);
        step.locks.push(lock(&aside(name), LockMode::AccessExclusive, LockSpan::Scan));
        for column in to.columns.iter().filter(|column| column.identity.is_some()) {
            let key = ObjectKey::member(ObjectKind::Column, name, &column.name);
            let sql = columns::go_on_numbering(name, &column.name);
            steps.add(format!("go on numbering {name}.{}", column.name), key, sql);
        }
    }
}

/// Drops what was moved aside.
pub(super) fn finish(scope: &Scope<'_>, order: &[ObjectKey], steps: &mut Steps) {
    for key in order.iter().rev().filter(|key| key.kind == ObjectKind::Table && scope.remade.contains(&key.name)) {
        let sql = format!("DROP TABLE {}", qualified(&aside(&key.name)));
        steps.instant(format!("drop the former table {}", key.name), key.clone(), sql);
    }
    for name in namespaces(scope) {
        steps.add(format!("drop schema {name}"), namespace_key(&name), format!("DROP SCHEMA {}", ident(&name)));
    }
}
