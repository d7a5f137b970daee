//! [`Db`]: the engine's database handle, with the drivers that this build has.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relata_runtime::discovery::Discover;
use relata_runtime::retry::RetryBudget;
use relata_runtime::secret::TokenProvider;
use relata_runtime::{Attempted, Executor, Intent, Lease, PoolOptions, Reads, Tx};
use relata_schema::Dialect;
use relata_sql::driver::{RowSink, TransactionOptions};
use relata_sql::tree::Select;
use relata_sql::{Answer, DatabaseUrl, Driver, Error, Kind, Result};

use crate::config;

/// A database. Cloning is cheap and shares the connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// use relata::Db;
/// let mut db = Db::open("sqlite::memory:").await?;
/// let two: i64 = relata::sql("SELECT 1 + ?", (1,)).one(&mut db).await?;
/// assert_eq!(two, 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Db(relata_runtime::Db);

impl Db {
    /// Opens the database at a URL (`sqlite:PATH`, `sqlite::memory:`, `postgres://…`, `mysql://…`) and connects once.
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let mut db = Db::open("sqlite::memory:").await?; // or "sqlite:shop.db", "postgres://ann@localhost/shop", …
    /// let one: i64 = sql("SELECT 1", ()).one(&mut db).await?;
    /// assert_eq!(one, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::InvalidUrl`; `Kind::Configuration` when the driver was not built in; what the server says.
    #[doc(alias = "connect")]
    pub async fn open(url: &str) -> Result<Db> {
        Self::open_with(url, PoolOptions::default()).await
    }

    /// [`Db::open`] with other settings.
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// use relata::PoolOptions;
    /// let options = PoolOptions { max_connections: 20, ..PoolOptions::default() };
    /// let db = Db::open_with("sqlite::memory:", options).await?;
    /// assert_eq!(db.options().max_connections, 20);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn open_with(url: &str, options: PoolOptions) -> Result<Db> {
        let url = DatabaseUrl::parse(url)?;
        let driver = driver(url.dialect)?;
        relata_runtime::Db::connect(driver, url, options).await.map(Db)
    }

    /// [`Db::open_with`], with passwords from a provider of tokens (a cloud's identity service).
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use relata::secret::{Secret, TokenProvider};
    /// use relata::{BoxFuture, DatabaseUrl, Db, PoolOptions};
    ///
    /// /// Tokens from a file that something else keeps fresh.
    /// struct File;
    ///
    /// impl TokenProvider for File {
    ///     fn token<'a>(&'a self, _: &'a DatabaseUrl) -> BoxFuture<'a, relata::Result<(Secret, Duration)>> {
    ///         Box::pin(async {
    ///             let token = std::fs::read_to_string("/run/token")
    ///                 .map_err(|error| relata::Error::new(relata::Kind::Configuration, error.to_string()))?;
    ///             Ok((Secret::new(token.trim()), Duration::from_secs(600)))
    ///         })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open_with_tokens("postgres://app@db.example.com/shop", PoolOptions::default(), Arc::new(File)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Db::open`], and what the provider says.
    pub async fn open_with_tokens(url: &str, options: PoolOptions, provider: Arc<dyn TokenProvider>) -> Result<Db> {
        let url = DatabaseUrl::parse(url)?;
        let driver = driver(url.dialect)?;
        relata_runtime::Db::connect_with(driver, url, options, Some(provider)).await.map(Db)
    }

    /// [`Db::open_with`], to the nodes that a source of one's own names instead of the URL's hosts. For Patroni, DNS and
    /// Galera the URL is enough: `?discover=`.
    ///
    /// # Errors
    /// As [`Db::open`]; `Kind::Configuration` for SQLite, which has no nodes.
    pub async fn open_discovering(url: &str, options: PoolOptions, source: Arc<dyn Discover>) -> Result<Db> {
        let url = DatabaseUrl::parse(url)?;
        let driver = driver(url.dialect)?;
        relata_runtime::Db::discover(driver, url, options, source).await.map(Db)
    }

    /// Opens the database that the surroundings name: `RELATA_URL`, `DATABASE_URL`, `relata.toml` (the environment
    /// `RELATA_ENV`, or its default one), else the SQLite file `relata.db`, which is created if it is missing.
    ///
    /// ```no_run
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open_default().await?; // DATABASE_URL=postgres://ann:secret@localhost/shop
    /// println!("{}", db.url()); // hides the password
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Configuration` when `relata.toml` is wrong; as [`Db::open`].
    pub async fn open_default() -> Result<Db> {
        Self::open_settings(config::default_settings()?).await
    }

    /// Opens the database of a `relata.toml` (the environment `RELATA_ENV`, or its default one) and follows the file:
    /// changed settings of the pool hold without a restart, wrong ones are refused and told.
    ///
    /// ```no_run
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let mut db = Db::open_file("relata.toml").await?;
    /// let one: i64 = sql("SELECT 1", ()).one(&mut db).await?;
    /// assert_eq!(one, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Configuration` with the line of what is wrong; as [`Db::open`].
    pub async fn open_file(path: impl AsRef<std::path::Path>) -> Result<Db> {
        Self::open_settings(config::settings_of(path.as_ref())?).await
    }

    async fn open_settings(settings: config::Settings) -> Result<Db> {
        let db = Self::open_with(&settings.url, settings.options.clone()).await?;
        if let Some((folder, oldest)) = settings.backups {
            db.0.expect_backups(folder, oldest);
        }
        if let Some(file) = settings.file {
            config::follow(file, settings.url, db.0.downgrade());
        }
        Ok(db)
    }
}

/// Other handles to the same connections.
impl Db {
    /// As [`relata_runtime::Db::within`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// let mut hurried = db.within(std::time::Duration::from_secs(2));
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut hurried).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn within(&self, limit: Duration) -> Db {
        Db(self.0.within(limit))
    }

    /// As [`relata_runtime::Db::until`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db.until(deadline)).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Db {
        Db(self.0.until(deadline))
    }

    /// As [`relata_runtime::Db::tenant`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db.tenant("acme")).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tenant(&self, name: &str) -> Db {
        Db(self.0.tenant(name))
    }

    /// As [`relata_runtime::Db::reading`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// let mut replica = db.reading(relata::Reads::Replica { max_lag: std::time::Duration::from_secs(5) });
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut replica).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn reading(&self, reads: Reads) -> Db {
        Db(self.0.reading(reads))
    }

    /// As [`relata_runtime::Db::tagged`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// let mut tagged = db.tagged("route", "/books");
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut tagged).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tagged(&self, key: &str, value: &str) -> Db {
        Db(self.0.tagged(key, value))
    }

    /// As [`relata_runtime::Db::traced`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// let mut traced = db.traced("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut traced).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn traced(&self, traceparent: &str) -> Db {
        Db(self.0.traced(traceparent))
    }

    /// As [`relata_runtime::Db::here`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db.here()).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn here(&self) -> Db {
        Db(self.0.here())
    }

    /// As [`relata_runtime::Db::session`].
    ///
    /// ```
    /// # use relata::prelude::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// let db = Db::open("sqlite::memory:").await?;
    /// let mut visit = db.session(relata::Reads::Replica { max_lag: std::time::Duration::from_secs(5) });
    /// assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut visit).await?, 1); // a read after a write of its own sees it
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn session(&self, reads: Reads) -> Db {
        Db(self.0.session(reads))
    }
}

fn driver(dialect: Dialect) -> Result<Arc<dyn Driver>> {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => Ok(Arc::new(relata_sqlite::SqliteDriver)),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => Ok(Arc::new(relata_postgres::PostgresDriver)),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => Ok(Arc::new(relata_mysql::MysqlDriver)),
        #[allow(unreachable_patterns)]
        other => Err(Error::new(Kind::Configuration, format!("this program was built without {}", other.title()))
            .hint(format!("switch the feature `{}` of `relata` on in Cargo.toml", other.word()))),
    }
}

impl std::ops::Deref for Db {
    type Target = relata_runtime::Db;

    fn deref(&self) -> &relata_runtime::Db {
        &self.0
    }
}

impl std::ops::DerefMut for Db {
    fn deref_mut(&mut self) -> &mut relata_runtime::Db {
        &mut self.0
    }
}

impl Executor for Db {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }

    #[track_caller]
    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>> {
        self.0.lease(intent)
    }

    #[track_caller]
    fn query_now(&mut self, select: &mut Select, sink: &mut dyn RowSink) -> Attempted {
        self.0.query_now(select, sink)
    }

    #[track_caller]
    fn begin(&mut self, options: TransactionOptions) -> Answer<'_, Tx<'_>> {
        self.0.begin(options)
    }

    fn retry_budget(&self) -> Option<&RetryBudget> {
        self.0.retry_budget()
    }
}

relata_sql::words! {
    impl[] Db {
        connect / of_type -> std::future::Ready<Result<Db>>, ConnectDb: "`Db::connect(…)` is `Db::open(…)` here", "say `Db::open(\"sqlite:shop.db\").await`";
        transaction / plain -> std::future::Ready<Result<()>>, TransactionOfDb: "a transaction is a macro here", "say `transaction!(db, |tx| { … })`, with `&mut tx` inside";
        execute / plain -> std::future::Ready<Result<u64>>, ExecuteOnDb: "statements run on the database that they are given", "say `sql::<()>(\"…\", ()).exec(&mut db)`, or `.batch(\"…\")` for a script";
    }
}
