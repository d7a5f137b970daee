//! What `MODIFY` and `CHANGE` of MariaDB do to a column that is there, as the planner predicts it.

use relata_schema::dialect::mysql::Server;
use relata_schema::model::{Column, Generated, Index, IndexPart, Table};
use relata_schema::sql::{self, ColumnDefinition, Name, TypeName};
use relata_schema::{ColumnType, Type};

use super::{ColumnFact, Context, TableFact};
use crate::emit::mysql::{Way, modification};

/// What is done to the table, beyond its catalogue.
pub enum Redefinition {
    /// Its rows are copied, and nobody can write: why.
    Copied(String),
    /// Its rows are written anew, and others go on: why.
    Written(String),
}

/// What is done to the table; `None`: nothing that takes time, as far as one knows.
pub fn redefinition(
    context: &Context<'_>,
    table: &Name,
    from: &Name,
    column: &ColumnDefinition,
) -> Option<Redefinition> {
    let new = column.ty.as_ref()?;
    let known = context.facts.table(table).and_then(|fact| Some((fact, fact.columns.get(from.last())?)));
    let known = known.and_then(|(fact, old)| Some((fact, old, old.ty.as_ref()?)));
    let Some((fact, old, before)) = known else {
        return Some(Redefinition::Copied(format!("perhaps another type of {from}")));
    };
    let (was, shall) = (as_it_is(fact, old, from, before), as_it_shall_be(fact, old, from, column, new));
    let model = indexed(fact, from);
    let way = servers(context).iter().map(|server| modification(*server, &model, &was, &shall)).max()?;
    let what = if was.ty.physical != shall.ty.physical {
        format!("another type of {from}")
    } else if was.charset != shall.charset || was.collation != shall.collation {
        format!("another character set or collation of {from}")
    } else if was.not_null != shall.not_null {
        format!("whether {from} takes NULL")
    } else {
        format!("another definition of {from}")
    };
    match way {
        Way::Rebuild => Some(Redefinition::Copied(what)),
        Way::RebuildOnline => Some(Redefinition::Written(what)),
        Way::Instant | Way::Release | Way::Build | Way::BuildShared => None,
    }
}

/// The server that the file is for, as far as one knows.
fn servers(context: &Context<'_>) -> &'static [Server] {
    let live = context.options.live.as_ref().map(|live| live.schema.mysql);
    let version = context.options.server_version;
    match live {
        Some(true) => &[Server::MySql],
        Some(false) => &[Server::MariaDb],
        None if version >= 100_000 => &[Server::MariaDb],
        None if version > 0 => &[Server::MySql],
        None => &[Server::MariaDb, Server::MySql],
    }
}

fn as_it_is(table: &TableFact, old: &ColumnFact, name: &Name, ty: &TypeName) -> Column {
    Column {
        name: name.last().to_string(),
        ty: column_type(ty),
        not_null: old.not_null || table.is_key(name.last()),
        generated: old.generated.and_then(generated),
        charset: old.charset.clone().or_else(|| of_collation(old.collation.as_ref())).or_else(|| charset(table)),
        collation: old.collation.clone(),
        ..Column::default()
    }
}

/// A column that says no character set has that of its table; where that is not known, it is the one it had.
fn as_it_shall_be(table: &TableFact, old: &ColumnFact, name: &Name, new: &ColumnDefinition, ty: &TypeName) -> Column {
    let before = as_it_is(table, old, name, ty);
    Column {
        not_null: new.not_null || new.primary_key || table.is_key(name.last()),
        generated: new.generated.and_then(generated),
        charset: new.charset.clone().or_else(|| of_collation(new.collation.as_ref())).or(before.charset),
        collation: new.collation.clone().or(before.collation),
        ..before
    }
}

fn of_collation(collation: Option<&String>) -> Option<String> {
    collation.and_then(|name| name.split('_').next()).map(str::to_lowercase)
}

/// The character set that a table says.
fn charset(table: &TableFact) -> Option<String> {
    let words: Vec<&str> = table.options.iter().map(String::as_str).filter(|word| *word != "=").collect();
    let after = |at: usize| words.get(at).map(|word| word.to_lowercase());
    match words.iter().position(|word| *word == "CHARSET") {
        Some(at) => after(at + 1),
        None => words.windows(2).position(|pair| pair == ["CHARACTER", "SET"]).and_then(|at| after(at + 2)),
    }
}

fn generated(how: sql::Generated) -> Option<Box<Generated>> {
    let stored = match how {
        sql::Generated::Identity => return None,
        sql::Generated::Stored => true,
        sql::Generated::Virtual => false,
    };
    Some(Box::new(Generated { stored, ..Generated::default() }))
}

/// The type in one spelling: the width of integers says nothing.
fn column_type(ty: &TypeName) -> std::sync::Arc<ColumnType> {
    let integer = matches!(ty.name.as_str(), "tinyint" | "smallint" | "mediumint" | "integer" | "bigint");
    let arguments = if integer { Vec::new() } else { ty.arguments.clone() };
    let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(",")) };
    let physical = format!("{}{arguments}{}", ty.name, if ty.unsigned { " unsigned" } else { "" });
    ColumnType::new(Type::Native(physical.clone()), physical).into()
}

/// The table with its indexes over the column.
fn indexed(table: &TableFact, column: &Name) -> Table {
    let over = table.indexes.values().filter(|columns| columns.iter().any(|name| name == column.last()));
    let index =
        |columns: &Vec<String>| Index { parts: columns.iter().map(IndexPart::column).collect(), ..Index::default() };
    Table { indexes: over.map(index).collect(), ..Table::default() }
}
