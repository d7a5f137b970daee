//! The DDL of MariaDB and MySQL: a whole schema here, tables in `table`, everything else in `object`.
//!
//! The order of a whole schema: sequences (defaults use them), routines (views use them, their bodies are not checked),
//! tables with the foreign keys whose target is there already, the other foreign keys (cycles), views after what they
//! read, triggers, events, privileges.
//!
//! Every function returns one statement, or one clause of a statement, without final semicolon.

mod object;
mod table;

pub use object::{
    VIEW_COLUMNS, create_sequence, create_trigger, create_view, drop_sequence, follows, grant, revoke, sequence_options,
};
pub use table::{
    PERIOD, REFERENCE_SYSTEM, SRID, WITHOUT_OVERLAPS, add_foreign_key, check_definition, column_check,
    column_definition, create_table, foreign_key_definition, index_definition, option_clause, partition_clause,
    period_definition, periods, plain_options, primary_key_definition, system_period, table_options, unique_definition,
    visibility,
};

use std::collections::{BTreeMap, BTreeSet};

use super::Server;
use crate::dialect::Dialect;
use crate::model::{ObjectKey, ObjectKind, ObjectName, Schema, Table, View};
use crate::script;

/// An identifier, quoted where it must be.
pub(crate) fn ident(name: &str) -> String {
    Dialect::Mysql.ident(name)
}

/// Every statement that creates the schema, in an order that works.
pub fn create_all(schema: &Schema) -> Vec<String> {
    let mut statements: Vec<String> = schema.sequences.iter().map(create_sequence).collect();
    statements.extend(schema.routines.iter().map(|routine| routine.definition.clone()));
    tables(schema, &mut statements);
    statements.extend(views_in_order(&schema.views).into_iter().map(|view| create_view(view, false)));
    for table in &schema.tables {
        statements.extend(triggers_in_order(table).into_iter().map(create_trigger));
    }
    statements.extend(schema.others.iter().map(|other| other.definition.clone()).filter(|sql| !sql.is_empty()));
    for table in &schema.tables {
        statements.extend(grants(table));
    }
    for view in &schema.views {
        statements.extend(view.grants.iter().map(|entry| grant(&view.name, None, entry)));
    }
    statements
}

fn tables(schema: &Schema, statements: &mut Vec<String>) {
    let mut made: BTreeSet<&ObjectName> = BTreeSet::new();
    let mut later = Vec::new();
    let server = Server::of(schema);
    for table in tables_in_order(schema) {
        let (now, then): (Vec<_>, Vec<_>) =
            table.foreign_keys.iter().partition(|key| key.references == table.name || made.contains(&key.references));
        statements.push(create_table(table, &now, server));
        later.extend(then.into_iter().map(|key| add_foreign_key(&table.name, key, server)));
        made.insert(&table.name);
    }
    statements.extend(later);
}

/// Tables after those they refer to; in a cycle, by name.
pub fn tables_in_order(schema: &Schema) -> Vec<&Table> {
    let needs = |table: &Table| -> Vec<ObjectName> {
        table.foreign_keys.iter().map(|key| key.references.clone()).filter(|name| name != &table.name).collect()
    };
    in_order(&schema.tables, |table| &table.name, needs)
}

/// Views after those they read.
pub fn views_in_order(views: &[View]) -> Vec<&View> {
    let reads = |view: &View| -> Vec<ObjectName> {
        let other = |key: &&ObjectKey| key.kind == ObjectKind::View && key.name != view.name;
        view.depends_on.iter().filter(other).map(|key| key.name.clone()).collect()
    };
    in_order(views, |view| &view.name, reads)
}

/// Triggers after those they follow.
pub fn triggers_in_order(table: &Table) -> Vec<&crate::model::Trigger> {
    let mut left: Vec<_> = table.triggers.iter().collect();
    let mut ordered: Vec<&crate::model::Trigger> = Vec::new();
    while !left.is_empty() {
        let ready = |trigger: &&crate::model::Trigger| {
            follows(&trigger.definition).is_none_or(|name| !left.iter().any(|other| other.name == name))
        };
        let next = left.iter().position(ready).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}

/// Each item after what it needs; where needs run in a circle, in the order given.
fn in_order<T>(items: &[T], name: impl Fn(&T) -> &ObjectName, needs: impl Fn(&T) -> Vec<ObjectName>) -> Vec<&T> {
    let positions: BTreeMap<&ObjectName, usize> =
        items.iter().enumerate().map(|(position, item)| (name(item), position)).collect();
    let mut waits = vec![0_usize; items.len()];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for (position, item) in items.iter().enumerate() {
        for &needed in needs(item).iter().filter_map(|need| positions.get(need)).filter(|&&at| at != position) {
            waits[position] += 1;
            followers[needed].push(position);
        }
    }
    let mut ready: BTreeSet<usize> = (0..items.len()).filter(|&position| waits[position] == 0).collect();
    let mut left: BTreeSet<usize> = (0..items.len()).collect();
    let mut ordered = Vec::with_capacity(items.len());
    while let Some(next) = ready.pop_first().or_else(|| left.first().copied()) {
        left.remove(&next);
        ordered.push(&items[next]);
        for &follower in &followers[next] {
            waits[follower] = waits[follower].saturating_sub(1);
            if waits[follower] == 0 && left.contains(&follower) {
                ready.insert(follower);
            }
        }
    }
    ordered
}

fn grants(table: &Table) -> Vec<String> {
    let mut statements: Vec<String> = table.grants.iter().map(|entry| grant(&table.name, None, entry)).collect();
    for column in &table.columns {
        statements.extend(column.grants.iter().map(|entry| grant(&table.name, Some(&column.name), entry)));
    }
    statements
}

/// Whether a statement contains semicolons of its own (a routine or trigger body), so that the shell needs another
/// delimiter.
pub fn is_compound(statement: &str) -> bool {
    statement.contains(';') && script::split(Dialect::Mysql, statement) != [statement]
}
