//! What a script sets for its session (`SET`, `PRAGMA`) holds for that script: afterwards the session is as it was, so
//! that two migrations in one run do the same as in two runs.
//!
//! PostgreSQL and MariaDB tell what is set; of SQLite's pragmas those are watched that change what SQL means
//! ([`PRAGMAS`]).

use std::collections::BTreeMap;

use relata_schema::Dialect;
use relata_schema::script::ScriptStatement;
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::execute::{Class, classify};
use super::rows;

/// SQLite's switches that change what statements mean.
const PRAGMAS: [&str; 5] = [
    "foreign_keys",
    "legacy_alter_table",
    "recursive_triggers",
    "ignore_check_constraints",
    "reverse_unordered_selects",
];

/// MariaDB's variables that are no settings: they move by themselves, or setting them would freeze them.
const MOVING: [&str; 10] = [
    "timestamp",
    "last_insert_id",
    "insert_id",
    "identity",
    "rand_seed1",
    "rand_seed2",
    "pseudo_thread_id",
    "error_count",
    "warning_count",
    "in_transaction",
];

/// The settings of a session before a script that changes some; `None`: the script changes none.
pub(super) struct Settings(Option<BTreeMap<String, String>>);

impl Settings {
    /// Reads them if one of the statements is about the session.
    pub(super) async fn before(connection: &mut dyn Connection, statements: &[ScriptStatement]) -> Result<Self> {
        let dialect = connection.dialect();
        let about = |statement: &ScriptStatement| {
            matches!(classify(dialect, &statement.sql), Class::Session | Class::ForeignKeys { .. })
        };
        if !statements.iter().any(about) {
            return Ok(Settings(None));
        }
        read(connection).await.map(|settings| Settings(Some(settings)))
    }

    /// Sets back what differs.
    pub(super) async fn restore(&self, connection: &mut dyn Connection) -> Result<()> {
        let Some(before) = &self.0 else { return Ok(()) };
        let dialect = connection.dialect();
        if dialect == Dialect::Postgres {
            connection.batch("RESET ALL").await?;
        }
        let now = read(connection).await?;
        for (name, value) in before.iter().filter(|(name, value)| now.get(*name) != Some(value)) {
            let set = match dialect {
                Dialect::Sqlite => format!("PRAGMA {name} = {value}"),
                Dialect::Postgres => {
                    let (name, value) = (dialect.literal(name), dialect.literal(value));
                    format!("DO $$ BEGIN PERFORM set_config({name}, {value}, false); END $$")
                }
                Dialect::Mysql => {
                    let number = value.parse::<f64>().is_ok() || matches!(value.as_str(), "ON" | "OFF");
                    let value = if number { value.clone() } else { dialect.literal(value) };
                    format!("SET SESSION {} = {value}", dialect.quote(name))
                }
            };
            let result = connection.batch(&set).await;
            // MariaDB shows variables that no session may set among those that it may; those did not change through SET.
            if dialect != Dialect::Mysql {
                result?;
            }
        }
        Ok(())
    }
}

async fn read(connection: &mut dyn Connection) -> Result<BTreeMap<String, String>> {
    let sql = match connection.dialect() {
        Dialect::Sqlite => {
            let mut found = BTreeMap::new();
            for name in PRAGMAS {
                let value = rows::one(connection, &format!("PRAGMA {name}"), &[]).await?;
                found.insert(name.to_string(), if rows::is_true(value.as_ref()) { "1" } else { "0" }.to_string());
            }
            return Ok(found);
        }
        Dialect::Postgres => "SELECT name, setting FROM pg_settings WHERE source = 'session'",
        Dialect::Mysql => "SHOW SESSION VARIABLES",
    };
    let mut found = BTreeMap::new();
    for row in rows::all(connection, sql, &[]).await? {
        let text = |index: usize| match row.get(index) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        if let (Some(name), Some(value)) = (text(0), text(1))
            && !MOVING.contains(&name.as_str())
        {
            found.insert(name, value);
        }
    }
    Ok(found)
}
