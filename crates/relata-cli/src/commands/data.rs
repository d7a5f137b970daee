//! `relata data show TABLE`: the rows of a table.

use clap::{Args, Subcommand};
use relata_runtime::migrate::introspect_options;
use relata_runtime::table::{Condition, Table, TableQuery};
use relata_schema::model::ObjectName;
use relata_schema::{Dialect, Schema, Type, naming};
use relata_sql::{Error, Kind, Result, Value};

use super::query::Rows;
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
    /// Only rows that keep this: COLUMN=VALUE, or with !=, <, <=, >, >=, ~ (contains); several: all of them
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,
    /// Order by this column; with :desc, downwards [default: the primary key]
    #[arg(long, value_name = "COLUMN")]
    order: Vec<String>,
    /// At most so many rows
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
}

impl Data {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no such table or column, or it cannot be read.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let Data::Show(show) = self;
        let url = session.url()?;
        let mut connection = connect_to_read(&url).await?;
        let schema = connection.introspect(&introspect_options()).await?;
        connection.close().await?;
        let name = find(&schema, &show.table)?;
        let table = Table::in_schema(&name.to_string(), &schema)?;
        show.check_values(&schema, &name)?;
        let query = show.query(&table)?;
        let mut db = relata::Db::open(&url.expose()).await?;
        let columns = table.columns().iter().map(|column| column.name.clone()).collect();
        let records = query.all(&mut db).await?;
        let rows = records.iter().map(|record| record.values().to_vec()).collect();
        Rows::new(columns, rows).print(&session.output);
        Ok(Exit::Done)
    }
}

impl Show {
    /// Values that a server would refuse in its own words are refused here, by name.
    fn check_values(&self, schema: &Schema, name: &ObjectName) -> Result<()> {
        let Some(table) = schema.table(name).filter(|_| schema.dialect != Dialect::Sqlite) else { return Ok(()) };
        for text in &self.conditions {
            let (column, condition) = condition(text)?;
            let Some(found) = table.column(column) else { continue };
            let (Condition::Equal(value)
            | Condition::NotEqual(value)
            | Condition::Less(value)
            | Condition::AtMost(value)
            | Condition::Greater(value)
            | Condition::AtLeast(value)) = &condition
            else {
                continue;
            };
            if let (Value::Text(value), Some(what)) = (value, expected(&found.ty.logical))
                && !fits(&found.ty.logical, value)
            {
                let message = format!("{name}.{column} is {}, and {value:?} is no {what}", found.ty.physical);
                return Err(Error::new(Kind::Parameters, message).hint(format!("write {column}=VALUE with a {what}")));
            }
        }
        Ok(())
    }

    fn query(&self, table: &Table) -> Result<TableQuery> {
        let mut query = table.select().limit(self.limit.into());
        for text in &self.conditions {
            let (column, condition) = condition(text)?;
            query = query.filter(column, condition)?;
        }
        if self.order.is_empty() {
            return Ok(query.order_by_key());
        }
        for text in &self.order {
            let (column, descending) = match text.strip_suffix(":desc") {
                Some(column) => (column, true),
                None => (text.strip_suffix(":asc").unwrap_or(text), false),
            };
            query = query.order(column, descending)?;
        }
        Ok(query)
    }
}

/// Reads `COLUMN=VALUE` and the like. The value travels as text, which every database converts to the column's type.
fn condition(text: &str) -> Result<(&str, Condition)> {
    let wrong = || {
        Error::new(Kind::Configuration, format!("{text:?} is no condition"))
            .hint("write COLUMN=VALUE; also !=, <, <=, >, >= and ~ for \"contains\"")
    };
    let at = text.find(['=', '!', '<', '>', '~']).ok_or_else(wrong)?;
    let (column, rest) = (text[..at].trim(), &text[at..]);
    let length = if rest[1..].starts_with('=') { 2 } else { 1 };
    let (operator, value) = rest.split_at(length);
    let text = value.trim().to_string();
    let value = Value::Text(text.clone());
    let condition = match operator {
        "=" => Condition::Equal(value),
        "!=" => Condition::NotEqual(value),
        "<" => Condition::Less(value),
        "<=" => Condition::AtMost(value),
        ">" => Condition::Greater(value),
        ">=" => Condition::AtLeast(value),
        "~" => Condition::Contains(text),
        _ => return Err(wrong()),
    };
    Ok((column, condition))
}

/// What a text has to be to become a value of the type; `None`: the server says.
fn expected(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Int(_) | Type::UInt(_) => Some("whole number"),
        Type::Decimal(_) | Type::Float32 | Type::Float64 => Some("number"),
        Type::Bool => Some("truth value (true, false)"),
        Type::Uuid => Some("UUID"),
        _ => None,
    }
}

fn fits(ty: &Type, text: &str) -> bool {
    match ty {
        Type::Int(_) | Type::UInt(_) => text.parse::<i128>().is_ok(),
        Type::Decimal(_) | Type::Float32 | Type::Float64 => text.parse::<f64>().is_ok(),
        Type::Bool => ["true", "false", "t", "f", "1", "0", "yes", "no", "on", "off"]
            .contains(&text.to_ascii_lowercase().as_str()),
        Type::Uuid => uuid::Uuid::try_parse(text).is_ok(),
        _ => true,
    }
}

fn find(schema: &Schema, name: &str) -> Result<ObjectName> {
    let tables = schema.tables.iter().map(|table| &table.name);
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
