//! The database of the demonstration: Chinook, a digital music shop of 11 tables and 15 607 rows.
//!
//! The file in `assets/` is the Chinook Database of Luis Rocha, whose licence stands beside it. On PostgreSQL and MariaDB
//! the same rows are loaded: the schema is translated, tables are created bare, filled, and then completed by a plan,
//! like any other change.

use relata_plan::{PlanOptions, plan};
use relata_runtime::migrate::introspect_options;
use relata_schema::translate::translate;
use relata_schema::{Diagnostic, Schema};
use relata_sql::driver::Statement;
use relata_sql::{Connection, DatabaseUrl, Error, Kind, Result};

use crate::drivers::{connect, connect_to_read, driver};
use crate::shadow::shorten;
use crate::transfer::{continue_numbers, copy_rows};

/// The database file.
pub const CHINOOK: &[u8] = include_bytes!("../../assets/chinook.sqlite");

/// How many rows it has.
pub const ROWS: u64 = 15_607;

/// Its licence.
pub const LICENSE: &str = include_str!("../../assets/LICENSE.md");

/// Opens the database that `url` names, empty: it is created if it is not there.
///
/// # Errors
/// When it is there and not empty; as the driver reports them.
pub async fn open_empty(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    if url.database.is_empty() {
        return Err(Error::new(Kind::InvalidUrl, "the URL names no database")
            .hint(format!("write {url}NAME; it is created if it is not there")));
    }
    match driver(url.dialect).create_database(url).await {
        Ok(()) => {}
        Err(error) if error.kind() == Kind::AlreadyExists => {}
        // A role that may not create databases may still use an empty one.
        Err(error) if error.kind() == Kind::PermissionDenied => {}
        Err(error) => return Err(error),
    }
    let mut connection = connect(url).await?;
    let schema = connection.introspect(&Default::default()).await?;
    if !schema.is_empty() {
        return Err(Error::new(
            Kind::AlreadyExists,
            format!("the database {} is not empty: it has {} tables", url.database, schema.tables.len()),
        )
        .hint("name one that does not exist yet: it is created"));
    }
    Ok(connection)
}

/// Loads every table and row of the SQLite database `file` into an empty database of another dialect.
///
/// # Errors
/// As the databases report them.
pub async fn load(
    file: &DatabaseUrl,
    target: &mut dyn Connection,
    mut copied: impl FnMut(&str, u64),
) -> Result<Vec<Diagnostic>> {
    let mut source = connect_to_read(file).await?;
    let schema = source.introspect(&introspect_options()).await?;
    let (whole, diagnostics) = translate(&schema, target.dialect());
    let creation = target.dialect().create_all(&bare(&whole));
    run(target, &creation).await?;
    for table in &schema.tables {
        // Translation keeps the number of tables and gives each a name made of its own.
        let Some(to) = whole.tables.iter().find(|to| to.name.name == table.name.name) else {
            continue;
        };
        copy_rows(source.as_mut(), &table.name, target, to, |rows| copied(&table.name.name, rows)).await?;
        continue_numbers(target, to).await?;
    }
    source.close().await?;
    complete(target, &whole).await?;
    Ok(diagnostics)
}

/// Adds what [`bare`] left out, by a plan from what is there to what shall be.
async fn complete(target: &mut dyn Connection, whole: &Schema) -> Result<()> {
    let (mut from, mut to) = (bare(whole), whole.clone());
    from.canonicalize();
    to.canonicalize();
    let options = PlanOptions { server_version: target.server().number, ..PlanOptions::default() };
    let (plan, _) = plan(&from, &to, &options);
    run(target, &plan.statements()).await
}

/// Without what makes loading slow or its order matter.
fn bare(schema: &Schema) -> Schema {
    let mut bare = schema.clone();
    for table in &mut bare.tables {
        table.foreign_keys.clear();
        table.indexes.clear();
    }
    bare
}

async fn run(connection: &mut dyn Connection, statements: &[String]) -> Result<()> {
    for statement in statements {
        let ran = connection.execute(Statement::once(statement, &[])).await;
        ran.map_err(|error| error.sql(shorten(statement)))?;
    }
    Ok(())
}
