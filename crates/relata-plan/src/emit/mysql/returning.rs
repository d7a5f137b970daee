//! Columns on their way back: a migration took them away, and its rollback creates them again in tables that have rows.
//!
//! They come before the keys and checks that ask for them, in a statement of their own: what was kept of them is put back
//! in between (whoever runs the rollback does so as soon as they are there). Foreign keys come later in any case.

use relata_schema::Dialect;
use relata_schema::change::{Alteration, TableChange};
use relata_schema::model::{Check, Key, Partitioning, Table};
use relata_schema::script::tokens;

use super::Altered;

/// The table with its columns and without what asks for those that come, how it becomes that, and what then remains;
/// `None` if nothing asks for them.
pub(super) fn first(altered: Altered<'_>) -> Option<(Table, Vec<TableChange>, Vec<TableChange>)> {
    let come = coming(altered);
    if come.is_empty() {
        return None;
    }
    let (rest, first): (Vec<TableChange>, Vec<TableChange>) =
        altered.changes.iter().cloned().partition(|change| asks(altered, &come, change));
    let mut between = altered.to.clone();
    rest.iter().for_each(|change| undo(&mut between, change));
    (!rest.is_empty()).then_some((between, first, rest))
}

/// The columns that come and hold values of their own. One that counts is a key from the beginning.
fn coming<'a>(altered: Altered<'a>) -> Vec<&'a str> {
    let comes = |change: &'a TableChange| match change {
        TableChange::Column(Alteration::Create(column)) if column.generated.is_none() && !column.auto_increment => {
            Some(column.name.as_str())
        }
        _ => None,
    };
    altered.changes.iter().filter_map(comes).collect()
}

/// Whether a change is a key, a check or a partitioning over one of these columns. What it replaces must be able to stay until then.
fn asks(altered: Altered<'_>, come: &[&str], change: &TableChange) -> bool {
    let stays = |name: &str| altered.to.column(name).is_some() && altered.from.column(name).is_some();
    let key = |from: Option<&Key>, to: &Key| {
        let replaces = |from: &Key| from.name == to.name && from.columns().all(stays);
        to.columns().any(|name| come.contains(&name)) && from.is_none_or(replaces)
    };
    let check = |check: &Check| tokens(Dialect::Mysql, &check.expression).iter().any(|token| names(token.name(), come));
    match change {
        TableChange::PrimaryKey(Alteration::Create(to)) | TableChange::Unique(Alteration::Create(to)) => key(None, to),
        TableChange::PrimaryKey(Alteration::Alter { from, to })
        | TableChange::Unique(Alteration::Alter { from, to }) => key(Some(from), to),
        TableChange::Index(Alteration::Create(to)) => {
            to.unique && to.parts.iter().any(|part| come.contains(&part.column.as_str()))
        }
        TableChange::Check(Alteration::Create(to)) => check(to),
        // Rows are told apart by values that are there; and every key holds the columns that partition by.
        TableChange::Partitioning { from, to: Some(to) } => {
            let uses = |partitioning: &Partitioning, columns: &[&str]| {
                tokens(Dialect::Mysql, &partitioning.key).iter().any(|token| names(token.name(), columns))
            };
            let gone: Vec<&str> = altered.from.columns.iter().map(|column| column.name.as_str()).collect();
            let gone: Vec<&str> = gone.into_iter().filter(|name| altered.to.column(name).is_none()).collect();
            uses(to, come) && !from.as_ref().is_some_and(|from| uses(from, &gone))
        }
        _ => false,
    }
}

fn names(name: Option<&str>, columns: &[&str]) -> bool {
    name.is_some_and(|name| columns.iter().any(|column| column.eq_ignore_ascii_case(name)))
}

/// Takes a change back.
fn undo(table: &mut Table, change: &TableChange) {
    match change {
        TableChange::PrimaryKey(Alteration::Create(_)) => table.primary_key = None,
        TableChange::PrimaryKey(Alteration::Alter { from, .. }) => table.primary_key = Some((**from).clone()),
        TableChange::Unique(Alteration::Create(to)) => table.uniques.retain(|key| key.name != to.name),
        TableChange::Unique(Alteration::Alter { from, to }) => {
            let replaced = table.uniques.iter_mut().filter(|key| key.name == to.name);
            replaced.for_each(|key| key.clone_from(from));
        }
        TableChange::Index(Alteration::Create(to)) => table.indexes.retain(|index| index.name != to.name),
        TableChange::Partitioning { from, .. } => table.partitioning.clone_from(from),
        TableChange::Check(Alteration::Create(to)) => {
            table.checks.retain(|check| (&check.name, &check.column) != (&to.name, &to.column));
        }
        _ => {}
    }
}
