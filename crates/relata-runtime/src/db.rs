//! [`Db`]: one database and the pool of connections to it.

use std::sync::Arc;
use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::TransactionOptions;
use relata_sql::{Answer, DatabaseUrl, Driver, Result};

use crate::executor::{Executor, Intent, Lease};
use crate::pool::{Pool, PoolOptions, Pooled};
use crate::transaction::Tx;

/// A database. Cloning is cheap and shares the connections.
///
/// A SQLite file has one connection that writes and others that read (WAL keeps them apart); a database in memory has
/// one for both.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    dialect: Dialect,
    url: DatabaseUrl,
    writers: Arc<Pool>,
    readers: Option<Arc<Pool>>,
}

impl Db {
    /// Opens a database with a driver and connects once, so that a wrong address or password is told here.
    ///
    /// # Errors
    /// As [`Driver::connect`].
    pub async fn connect(driver: Arc<dyn Driver>, url: DatabaseUrl, options: PoolOptions) -> Result<Db> {
        let dialect = url.dialect;
        let file = dialect == Dialect::Sqlite && !in_memory(&url);
        let mut one = PoolOptions { max_connections: 1, ..options.clone() };
        if !file {
            // A database in memory lives as long as its connection.
            one.idle_timeout = Duration::MAX;
            one.ping_after = Duration::MAX;
        }
        let writers = if dialect == Dialect::Sqlite { one } else { options.clone() };
        let writers = Pool::new(driver.clone(), url.clone(), writers);
        let readers = file.then(|| Pool::new(driver, url.clone(), options));
        drop(writers.acquire().await?);
        Ok(Db(Arc::new(Inner { dialect, url, writers, readers })))
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    /// Where it is; printing it hides the password.
    pub fn url(&self) -> &DatabaseUrl {
        &self.0.url
    }

    /// How many statements were sent since it was opened, those that begin and end transactions left out.
    pub fn statement_count(&self) -> u64 {
        self.0.writers.statement_count() + self.0.readers.as_ref().map_or(0, |readers| readers.statement_count())
    }

    fn pool(&self, intent: Intent) -> &Arc<Pool> {
        match (&self.0.readers, intent) {
            (Some(readers), Intent::Read) => readers,
            _ => &self.0.writers,
        }
    }

    pub(crate) async fn pooled(&self, intent: Intent) -> Result<Pooled> {
        let pool = self.pool(intent);
        match pool.try_acquire() {
            Some(pooled) => Ok(pooled),
            None => pool.acquire().await,
        }
    }

    /// A table or view found by introspection: for names that are known only at run time.
    ///
    /// # Errors
    /// `Kind::UndefinedTable`, with the closest name that there is.
    pub async fn table(&self, name: &str) -> Result<crate::table::Table> {
        crate::table::Table::find(name, &mut self.clone()).await
    }

    /// Runs a script of several statements without parameters, in the database's own language.
    ///
    /// # Errors
    /// What the database says about the first statement that fails.
    pub async fn batch(&mut self, script: &str) -> Result<()> {
        self.pooled(Intent::Write).await?.connection().batch(script).await
    }
}

fn in_memory(url: &DatabaseUrl) -> bool {
    url.database.is_empty() || url.database.contains(":memory:") || url.param("mode") == Some("memory")
}

impl Executor for Db {
    fn dialect(&self) -> Dialect {
        self.0.dialect
    }

    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>> {
        let pool = self.pool(intent);
        match pool.try_acquire() {
            Some(pooled) => Answer::ready(Ok(Lease::pooled(pooled))),
            None => Answer::later(async move { pool.acquire().await.map(Lease::pooled) }),
        }
    }

    fn begin(&mut self, options: TransactionOptions) -> Answer<'_, Tx<'_>> {
        let intent = if options.read_only { Intent::Read } else { Intent::Write };
        Answer::later(async move { Tx::begin(self.pooled(intent).await?, options).await })
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({})", self.0.url)
    }
}
