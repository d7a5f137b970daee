//! `relata data show TABLE`: the rows of a table. `relata data check`: rows that refer to nothing or break a rule.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use relata_runtime::integrity::{self, Finding, Repair, Said};
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
    /// Find rows that refer to nothing or break a rule, also where the database does not enforce it
    Check(Check),
}

/// Options of `relata data check`.
#[derive(Args)]
pub struct Check {
    /// Rust sources whose references and rules count, too
    #[arg(long, value_name = "SRC")]
    from: Option<PathBuf>,
    /// Repair rows that refer to nothing, in one transaction: `null` takes the reference off where it may be NULL, `delete`
    /// deletes the rows, `shelve` puts them aside into tables of their own
    #[arg(long, value_enum, value_name = "HOW")]
    repair: Option<How>,
    /// Repair also what a name alone says (`user_id` beside a table `users`): look at it first, the name may mean something
    /// else, and 0 nothing
    #[arg(long, requires = "repair")]
    by_name: bool,
}

/// How rows that refer to nothing are repaired.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum How {
    /// Take the reference off where it may be NULL
    Null,
    /// Delete the rows
    Delete,
    /// Copy the rows to the shelf (the schema `relata_shelf`, or tables `relata_shelf_…`), then delete them
    Shelve,
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
        match self {
            Data::Show(show) => show.run(session).await,
            Data::Check(check) => check.run(session).await,
        }
    }
}

impl Show {
    async fn run(self, session: &Session) -> Result<Exit> {
        let show = self;
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

impl Check {
    async fn run(self, session: &Session) -> Result<Exit> {
        let declaration = match &self.from {
            Some(path) => Some(declared(path)?),
            None => None,
        };
        let mut db = relata::Db::open(&session.url()?.expose()).await?;
        let schema = relata_runtime::table::schema(&mut db).await?;
        let found = integrity::check(&schema, declaration.as_ref(), &mut db).await?;
        let how = self.repair.map(|how| match how {
            How::Null => Repair::SetNull,
            How::Delete => Repair::Delete,
            How::Shelve => Repair::Shelve,
        });
        let (said, guessed): (Vec<_>, Vec<_>) =
            found.iter().cloned().partition(|finding| self.by_name || !is_guessed(finding));
        if let Some(how) = how.filter(|_| !said.is_empty()) {
            session.output.say(&announced(how, &said));
        }
        if how.is_some() && !guessed.is_empty() {
            session.output.say("what a name alone says stays as it is: look at it, and add --by-name");
        }
        let repaired = match how {
            Some(how) => Some(integrity::repair(&schema, &said, how, &mut db).await?),
            None => None,
        };
        let left = match repaired {
            Some(_) => integrity::check(&schema, declaration.as_ref(), &mut db).await?,
            None => found.clone(),
        };
        if session.options.json {
            let findings: Vec<_> = found.iter().map(json).collect();
            let left = left.len();
            let shelved = repaired.iter().flat_map(|repaired| &repaired.shelved);
            let shelved: Vec<_> =
                shelved.map(|(table, to)| serde_json::json!([table.to_string(), to.to_string()])).collect();
            let rows = repaired.as_ref().map(|repaired| repaired.rows);
            let result = serde_json::json!({"findings": findings, "repaired": rows, "shelved": shelved, "left": left});
            session.output.result(&format!("{result:#}"));
        } else {
            found.iter().for_each(|finding| session.output.result(&told(finding)));
            match repaired {
                Some(repaired) => {
                    for (table, to) in &repaired.shelved {
                        session.output.say(&format!("rows of {table} lie in {to} now"));
                    }
                    let rows = repaired.rows;
                    session.output.say(&format!("{rows} rows were repaired; {} findings are left", left.len()));
                }
                None if found.is_empty() => session.output.say("every row keeps what is said of it"),
                None => {
                    let by_name = if found.iter().any(is_guessed) {
                        ", what a name alone says with --by-name besides"
                    } else {
                        ""
                    };
                    session.output.say(&format!(
                        "repair rows that refer to nothing with --repair null, --repair delete or --repair shelve{by_name}"
                    ));
                }
            }
        }
        Ok(if left.is_empty() { Exit::Done } else { Exit::Findings })
    }
}

fn declared(path: &std::path::Path) -> Result<relata_schema::declare::Declaration> {
    let reading = relata_entity::read_dir(path)
        .map_err(|error| Error::new(Kind::Io, format!("{} cannot be read: {error}", path.display())))?;
    match reading.diagnostics.iter().find(|found| found.severity == relata_schema::Severity::Error) {
        Some(found) => Err(Error::new(Kind::Declaration, format!("the declaration has a mistake\n\n{found}\n"))),
        None => Ok(reading.declaration),
    }
}

fn is_guessed(finding: &Finding) -> bool {
    matches!(finding, Finding::Orphans { reference, .. } if reference.said == Said::Name)
}

/// What a repair is about to do.
fn announced(how: Repair, found: &[Finding]) -> String {
    let (verb, more) = match how {
        Repair::SetNull => ("take the reference off", ""),
        Repair::Delete => ("delete", ", and what refers to nothing then"),
        Repair::Shelve => ("put aside", ", and what refers to nothing then"),
    };
    let of_one = |finding: &Finding| match finding {
        Finding::Orphans { reference, rows, .. } if how != Repair::SetNull || reference.nullable => {
            Some(format!("{rows} of {} by {}", reference.table, reference.columns.join(", ")))
        }
        _ => None,
    };
    let rows: Vec<String> = found.iter().filter_map(of_one).collect();
    match rows.is_empty() {
        true => "nothing here can be repaired so".to_string(),
        false => format!("about to {verb}: {}{more}", rows.join("; ")),
    }
}

fn said(said: Said) -> &'static str {
    match said {
        Said::Database => "a foreign key of the database",
        Said::Sources => "declared in the sources only",
        Said::Name => "meant by its name, not declared",
    }
}

/// A finding for people.
fn told(finding: &Finding) -> String {
    let rows = |count: u64| if count == 1 { "1 row".to_string() } else { format!("{count} rows") };
    match finding {
        Finding::Orphans { reference, rows: count, values } => {
            let shown = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
            let more = if *count as usize > values.len() && !values.is_empty() { ", …" } else { "" };
            let only =
                reference.only.iter().map(|(column, word)| format!(" with {column} {word:?}")).collect::<String>();
            format!(
                "{}.{}: {}{only} refer to no row of {} ({}){shown}{more}",
                reference.table,
                reference.columns.join(", "),
                rows(*count),
                reference.references,
                said(reference.said),
            )
        }
        Finding::Broken { table, check, expression, rows: count } => {
            format!("{table}: {} break {check}: {expression}", rows(*count))
        }
    }
}

fn json(finding: &Finding) -> serde_json::Value {
    match finding {
        Finding::Orphans { reference, rows, values } => serde_json::json!({
            "kind": "orphans",
            "table": reference.table.to_string(),
            "columns": reference.columns,
            "references": reference.references.to_string(),
            "only": reference.only.as_ref().map(|(column, word)| serde_json::json!({"column": column, "word": word})),
            "said": said(reference.said),
            "rows": rows,
            "values": values,
        }),
        Finding::Broken { table, check, expression, rows } => serde_json::json!({
            "kind": "broken",
            "table": table.to_string(),
            "check": check,
            "expression": expression,
            "rows": rows,
        }),
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
