//! What `ALTER TABLE` of MariaDB does to a table that is there, as the planner predicts it: what `MODIFY` and `CHANGE` do to a
//! column, and what becomes of other changes in a table that has what makes them slow.

use relata_schema::dialect::mysql::Server;
use relata_schema::model::{Column, Generated, Index, IndexPart, Table};
use relata_schema::sql::{self, ColumnDefinition, Name, TypeName};
use relata_schema::{ColumnType, Type};

use super::facts::Special;
use super::{ColumnFact, Context, TableFact};
use crate::emit::mysql::{Beside, Way, modification};

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
    let model = model(fact, from);
    let beside = beside(fact);
    let way = |server: &Server| beside.way(*server, modification(*server, &model, &was, &shall), false);
    let way = servers(context).iter().map(way).max()?;
    let stored = old.generated == Some(sql::Generated::Stored) && column.generated == old.generated;
    let what = if was.ty.physical != shall.ty.physical {
        format!("another type of {from}")
    } else if was.charset != shall.charset || was.collation != shall.collation {
        format!("another character set or collation of {from}")
    } else if was.not_null != shall.not_null {
        format!("whether {from} takes NULL")
    } else if stored {
        return Some(Redefinition::Copied(format!("perhaps another expression of {from}")));
    } else {
        format!("another definition of {from}")
    };
    match way {
        Way::Rebuild => Some(Redefinition::Copied(what)),
        Way::RebuildOnline => Some(Redefinition::Written(what)),
        _ if column.placed => moved(context, fact).map(Redefinition::Copied),
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

/// Why a column that comes or goes has the rows written anew while nobody can write them; `None`: it has not, as far as one
/// knows. `column` is the new one.
pub fn comes_or_goes(context: &Context<'_>, table: &Name, column: Option<&ColumnDefinition>) -> Option<String> {
    let fact = context.facts.table(table)?;
    if column.is_some_and(|column| column.generated == Some(sql::Generated::Virtual)) {
        return None;
    }
    let beside = beside(fact);
    let copied = |server: &Server| beside.way(*server, Way::Instant, true) == Way::Rebuild;
    let why = match servers(context).iter().any(copied) {
        true if beside.fulltext => Some("a column that comes or goes beside a full text index".to_string()),
        true => Some("a column that comes or goes beside an index over a virtual one".to_string()),
        false => None,
    };
    why.or_else(|| column.filter(|column| column.placed).and_then(|_| moved(context, fact)))
}

/// MariaDB counts the columns that virtual ones are computed from by their place.
fn moved(context: &Context<'_>, fact: &TableFact) -> Option<String> {
    let computes = fact.columns.values().any(|column| column.generated == Some(sql::Generated::Virtual));
    let counts = computes && servers(context) == [Server::MariaDb];
    counts.then(|| "another place among columns of which one is virtual".to_string())
}

/// Why all of a table is written anew with its writers waiting where others can write meanwhile: `ROW_FORMAT`, another key.
pub fn written_anew(context: &Context<'_>, table: &Name) -> Option<String> {
    let fact = context.facts.table(table)?;
    let beside = beside(fact);
    let copied = |server: &Server| beside.way(*server, Way::RebuildOnline, false) == Way::Rebuild;
    let special = if beside.fulltext { "a full text index" } else { "a spatial index" };
    servers(context).iter().any(copied).then(|| format!("a table that is written anew with {special}"))
}

/// The engine of a table that is known not to be InnoDB: whatever needs its rows stops whoever writes it.
pub fn other_engine(context: &Context<'_>, table: &Name) -> Option<String> {
    let words = &context.facts.table(table)?.options;
    let at = words.iter().position(|word| word == "ENGINE")?;
    let engine = words[at + 1..].iter().find(|word| *word != "=")?;
    (!engine.eq_ignore_ascii_case("innodb")).then(|| engine.clone())
}

fn beside(fact: &TableFact) -> Beside {
    let is = |special| fact.special.values().any(|other| *other == special);
    let computed =
        |name: &String| fact.columns.get(name).is_some_and(|column| column.generated == Some(sql::Generated::Virtual));
    Beside {
        fulltext: is(Special::FullText),
        spatial: is(Special::Spatial),
        computed_index: fact.indexes.values().flatten().any(computed),
    }
}

/// The table with its indexes over the column, and the columns that are computed.
fn model(table: &TableFact, column: &Name) -> Table {
    let over = table.indexes.values().filter(|columns| columns.iter().any(|name| name == column.last()));
    let index =
        |columns: &Vec<String>| Index { parts: columns.iter().map(IndexPart::column).collect(), ..Index::default() };
    let computed = fact_columns(table);
    Table { indexes: over.map(index).collect(), columns: computed, ..Table::default() }
}

fn fact_columns(table: &TableFact) -> Vec<Column> {
    let kinds = table.columns.iter().filter_map(|(name, column)| Some((name, generated(column.generated?)?)));
    kinds.map(|(name, kind)| Column { name: name.clone(), generated: Some(kind), ..Column::default() }).collect()
}
