//! The fastest isolation: a transaction that is always rolled back.

use relata_sql::Result;
use relata_sql::driver::{Connection, TransactionOptions};

/// Runs `test` inside a transaction and rolls it back, whatever it returns.
///
/// About a millisecond on a server, less on SQLite, whatever the size of the schema. Not for what commits by itself
/// (DDL on MariaDB) and not for what needs several connections. If `test` panics, the connection is dropped with its
/// transaction open, and the database rolls it back.
///
/// # Errors
/// When the transaction cannot be begun or rolled back.
///
/// ```
/// use relata_schema::Dialect;
/// use relata_sql::driver::{Connection, Statement};
/// use relata_testkit::{TestDatabase, rolled_back};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let database = TestDatabase::create(Dialect::Sqlite).await;
/// let mut connection = database.connect().await;
/// connection.batch("CREATE TABLE notes (text TEXT)").await?;
/// let inserted = rolled_back(&mut *connection, async |connection: &mut dyn Connection| {
///     connection.execute(Statement::new("INSERT INTO notes VALUES ('x')", &[])).await
/// })
/// .await??;
/// assert_eq!(inserted.rows_affected, 1);
/// let deleted = connection.execute(Statement::new("DELETE FROM notes", &[])).await?;
/// assert_eq!(deleted.rows_affected, 0);
/// # Ok::<(), relata_sql::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn rolled_back<T>(
    connection: &mut dyn Connection,
    test: impl AsyncFnOnce(&mut dyn Connection) -> T,
) -> Result<T> {
    connection.begin(TransactionOptions::default()).await?;
    let outcome = test(&mut *connection).await;
    connection.reset().await?;
    Ok(outcome)
}
