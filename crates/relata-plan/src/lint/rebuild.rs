//! How tables are built anew where they cannot be changed: create, copy, drop, rename.

use relata_schema::sql::{Action, CreateTable, Name, Statement, StatementKind, Token, TypeName};

use super::Context;

/// The table is dropped because another, into which its rows were copied, takes its name in this file.
pub fn is_rebuilt(context: &Context<'_>, table: &Name) -> bool {
    successor(context, table).is_some() || aside(context, table).is_some()
}

/// Copy aside, drop, create, copy back.
pub struct Aside<'c> {
    /// `CREATE TABLE aside AS SELECT … FROM table`.
    pub copy: &'c Statement<'c>,
    /// The table as it is made anew.
    pub created: &'c CreateTable,
    /// `INSERT INTO table SELECT … FROM aside`.
    pub back: &'c Statement<'c>,
}

/// How the table is made anew under its own name, with its rows put aside meanwhile.
pub fn aside<'c>(context: &Context<'c>, table: &Name) -> Option<Aside<'c>> {
    let reads = |statement: &Statement<'_>, table: &Name| {
        let from = |pair: &[Token<'_>]| pair[0].is("FROM") && pair[1].content().eq_ignore_ascii_case(table.last());
        statement.tokens.windows(2).any(from)
    };
    let (copy, kept) = context.statements[..context.at].iter().find_map(|statement| match &statement.kind {
        StatementKind::CreateTable(kept) if kept.as_query && reads(statement, table) => Some((statement, &kept.name)),
        _ => None,
    })?;
    let created = context.after().find_map(|statement| match &statement.kind {
        StatementKind::CreateTable(created) if created.name.same(table) => Some(created.as_ref()),
        _ => None,
    })?;
    let back = context.after().find(|statement| match &statement.kind {
        StatementKind::Write(write) => write.table.same(table) && reads(statement, kept),
        _ => false,
    })?;
    Some(Aside { copy, created, back })
}

/// The table that takes the name of one that is dropped, if rows were written into it before.
pub fn successor<'c>(context: &Context<'c>, table: &Name) -> Option<&'c Name> {
    later_name(context, table).or_else(|| earlier_name(context, table))
}

/// Create, copy, drop, rename: the table that is renamed to the name of the one that goes.
fn later_name<'c>(context: &Context<'c>, table: &Name) -> Option<&'c Name> {
    let renamed = context.after().find_map(|statement| match &statement.kind {
        StatementKind::Alter(alter) => {
            let takes = |to: &Name| to.last() == table.last() && !alter.name.same(table);
            let taken = alter.actions.iter().any(|action| matches!(&action.action, Action::Rename(to) if takes(to)));
            taken.then_some(&alter.name)
        }
        StatementKind::Rename(pairs) => pairs.iter().find(|(_, to)| to.same(table)).map(|(from, _)| from),
        _ => None,
    })?;
    copy_into(context, renamed).map(|_| renamed)
}

/// Rename, create, copy, drop: the table that was made under the name that the one that goes had before.
fn earlier_name<'c>(context: &Context<'c>, table: &Name) -> Option<&'c Name> {
    let before = &context.statements[..context.at];
    let old = before.iter().find_map(|statement| match &statement.kind {
        StatementKind::Alter(alter) => {
            let left = |action: &Action| matches!(action, Action::Rename(to) if to.last() == table.last());
            alter.actions.iter().any(|action| left(&action.action)).then_some(&alter.name)
        }
        _ => None,
    })?;
    (context.facts.is_new(old) && copy_into(context, old).is_some()).then_some(old)
}

/// The statement before this one that writes rows into the table.
pub fn copy_into<'c>(context: &Context<'c>, table: &'c Name) -> Option<&'c Statement<'c>> {
    copies_into(context, table).next()
}

/// Every statement before this one that writes rows into the table.
pub fn copies_into<'c>(context: &Context<'c>, table: &'c Name) -> impl Iterator<Item = &'c Statement<'c>> {
    context.statements[..context.at].iter().filter(move |statement| match &statement.kind {
        StatementKind::Write(write) => matches!(write.verb, "INSERT" | "REPLACE") && write.table.same(table),
        _ => false,
    })
}

/// What SQLite converts values of a column into.
pub fn affinity(ty: Option<&TypeName>) -> &'static str {
    let name = ty.map(|ty| ty.name.to_uppercase()).unwrap_or_default();
    let has = |word: &str| name.contains(word);
    match () {
        () if has("INT") => "INTEGER",
        () if has("CHAR") || has("CLOB") || has("TEXT") => "TEXT",
        () if has("BLOB") || name.is_empty() => "BLOB",
        () if has("REAL") || has("FLOA") || has("DOUB") => "REAL",
        () => "NUMERIC",
    }
}
