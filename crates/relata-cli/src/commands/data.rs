//! `relata data show TABLE`: the rows of a table.

use clap::{Args, Subcommand};
use relata_runtime::migrate::introspect_options;
use relata_schema::model::{ObjectName, Table};
use relata_schema::{Schema, naming};
use relata_sql::{Error, Kind, Result};

use super::query;
use crate::drivers::connect_to_read;
use crate::session::{Exit, Session};

/// Look at the rows of tables.
#[derive(Subcommand)]
pub enum Data {
    /// Show the rows of a table, in the order of its primary key
    Show(Show),
}

/// Options of `relata data show`.
#[derive(Args)]
pub struct Show {
    /// The table, with its schema if there are several of that name
    table: String,
    /// At most so many rows
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
}

impl Data {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no such table or it cannot be read.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let Data::Show(show) = self;
        let url = session.url()?;
        let mut connection = connect_to_read(&url).await?;
        let schema = connection.introspect(&introspect_options()).await?;
        let relation = find(&schema, &show.table)?;
        let sql = select(&schema, &relation, show.limit);
        let rows = query::run(connection.as_mut(), &sql, &[]).await?;
        connection.close().await?;
        rows.print(&session.output);
        Ok(Exit::Done)
    }
}

fn select(schema: &Schema, relation: &ObjectName, limit: u32) -> String {
    let dialect = schema.dialect;
    let order: Vec<_> = schema
        .table(relation)
        .and_then(|table| table.primary_key.as_ref())
        .map(|key| key.columns().map(|column| dialect.ident(column)).collect())
        .unwrap_or_default();
    let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
    format!("SELECT * FROM {}{order} LIMIT {limit}", dialect.qualified(relation))
}

fn find(schema: &Schema, name: &str) -> Result<ObjectName> {
    let tables = schema.tables.iter().map(|Table { name, .. }| name);
    let names: Vec<_> = tables.chain(schema.views.iter().map(|view| &view.name)).collect();
    let exact: Vec<_> = names.iter().filter(|found| found.to_string() == name || found.name == name).collect();
    let loose: Vec<_> = names.iter().filter(|found| found.name.eq_ignore_ascii_case(name)).collect();
    match (exact.as_slice(), loose.as_slice()) {
        ([one], _) | ([], [one]) => Ok((**one).clone()),
        ([], []) => Err(unknown_table(name, &names)),
        ([], several) | (several, _) => {
            let names: Vec<_> = several.iter().map(ToString::to_string).collect();
            Err(Error::new(Kind::UndefinedTable, format!("{name} is ambiguous"))
                .hint(format!("say which one: {}", names.join(", "))))
        }
    }
}

fn unknown_table(name: &str, names: &[&ObjectName]) -> Error {
    let error = Error::new(Kind::UndefinedTable, format!("there is no table or view {name}"));
    let all: Vec<_> = names.iter().map(ToString::to_string).collect();
    if let Some(best) = naming::closest(name, all.iter().map(String::as_str)) {
        return error.hint(format!("did you mean {best}?"));
    }
    match all.as_slice() {
        [] => error.hint("the database is empty"),
        some if some.len() <= 20 => error.hint(format!("there are: {}", some.join(", "))),
        _ => error.hint("relata schema inspect lists what there is"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_table_is_guessed() {
        let names = [ObjectName::bare("Album"), ObjectName::bare("Artist")];
        let names: Vec<_> = names.iter().collect();
        let hint = |name: &str| unknown_table(name, &names).hints().join("");
        assert_eq!(hint("albums"), "did you mean Album?");
        assert_eq!(hint("invoice"), "there are: Album, Artist");
    }
}
