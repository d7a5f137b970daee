//! [`Db`]: one database and the connections to it.

mod report;

use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::TransactionOptions;
use relata_sql::{Answer, DatabaseUrl, Driver, Result};

use crate::executor::{Executor, Intent, Lease};
use crate::observe::Observer;
use crate::pool::{Pool, PoolOptions, Pooled, Request, Tenant, Tenants};
use crate::retry::RetryBudget;
use crate::secret::{Login, TokenProvider};
use crate::transaction::Tx;

/// A database. Cloning is cheap and shares the connections.
///
/// A SQLite file has one connection that writes and others that read (WAL keeps them apart); a database in memory has
/// one for both.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
    view: View,
}

/// What a handle wants beyond the database.
#[derive(Clone, Default)]
struct View {
    deadline: Option<Instant>,
    tenant: Option<Arc<Tenant>>,
}

struct Inner {
    dialect: Dialect,
    url: DatabaseUrl,
    options: PoolOptions,
    writers: Arc<Pool>,
    readers: Option<Arc<Pool>>,
    observer: Arc<Observer>,
    tenants: Tenants,
    budget: RetryBudget,
}

impl Db {
    /// Opens a database with a driver and connects once, so that a wrong address or password is told here.
    ///
    /// # Errors
    /// `Kind::Configuration` when the options make no pool; as [`Driver::connect`].
    pub async fn connect(driver: Arc<dyn Driver>, url: DatabaseUrl, options: PoolOptions) -> Result<Db> {
        Self::connect_with(driver, url, options, None).await
    }

    /// [`Db::connect`] with passwords from a provider of tokens.
    ///
    /// # Errors
    /// As [`Db::connect`], and what the provider says.
    pub async fn connect_with(
        driver: Arc<dyn Driver>,
        mut url: DatabaseUrl,
        options: PoolOptions,
        provider: Option<Arc<dyn TokenProvider>>,
    ) -> Result<Db> {
        options.check()?;
        let login = Arc::new(Login::take(&mut url, provider)?);
        let dialect = url.dialect;
        let file = dialect == Dialect::Sqlite && !in_memory(&url);
        let observer = Arc::new(Observer::default());
        let pool = |options| Pool::new(driver.clone(), (url.clone(), login.clone()), options, observer.clone());
        let (writers, readers) = match dialect {
            Dialect::Sqlite if file => (pool(options.only_one(false)), Some(pool(options.clone()))),
            // A database in memory lives as long as its connection.
            Dialect::Sqlite => (pool(options.only_one(true)), None),
            _ => (pool(options.clone()), None),
        };
        let tenants = Tenants::default();
        let budget = RetryBudget::default();
        let inner = Inner { dialect, url, options, writers, readers, observer, tenants, budget };
        let db = Db { inner: Arc::new(inner), view: View::default() };
        drop(db.inner.writers.acquire(db.request(Location::caller())).await?);
        db.pools().for_each(Pool::keep);
        Ok(db)
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Where it is; printing it hides the password.
    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    /// How many statements were sent since it was opened, those that begin and end transactions left out.
    pub fn statement_count(&self) -> u64 {
        self.inner.observer.statement_count()
    }

    pub(crate) fn pools(&self) -> impl Iterator<Item = &Arc<Pool>> {
        std::iter::once(&self.inner.writers).chain(&self.inner.readers)
    }

    /// What a pool is for, in a word.
    fn role_of(&self, pool: &Arc<Pool>) -> &'static str {
        match &self.inner.readers {
            Some(readers) if Arc::ptr_eq(readers, pool) => "read",
            Some(_) => "write",
            None => "all",
        }
    }

    pub(crate) fn observer(&self) -> &Observer {
        &self.inner.observer
    }

    fn pool(&self, intent: Intent) -> &Arc<Pool> {
        match (&self.inner.readers, intent) {
            (Some(readers), Intent::Read) => readers,
            _ => &self.inner.writers,
        }
    }

    fn request(&self, at: &'static Location<'static>) -> Request {
        Request { at, deadline: self.view.deadline }
    }

    /// A connection that is there at once.
    fn at_hand(&self, intent: Intent, request: Request) -> Option<Pooled> {
        let Some(tenant) = &self.view.tenant else { return self.pool(intent).try_acquire(request) };
        let permit = tenant.try_enter()?;
        let mut pooled = self.pool(intent).try_acquire(request)?;
        pooled.belong_to(permit);
        Some(pooled)
    }

    async fn wait_for(&self, intent: Intent, request: Request) -> Result<Pooled> {
        let Some(tenant) = &self.view.tenant else { return self.pool(intent).acquire(request).await };
        let permit = tenant.enter(request.until(&self.inner.options)).await?;
        let mut pooled = self.pool(intent).acquire(request).await?;
        pooled.belong_to(permit);
        Ok(pooled)
    }

    pub(crate) async fn pooled(&self, intent: Intent, at: &'static Location<'static>) -> Result<Pooled> {
        let request = self.request(at);
        match self.at_hand(intent, request) {
            Some(pooled) => Ok(pooled),
            None => self.wait_for(intent, request).await,
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
    #[track_caller]
    pub fn batch(&mut self, script: &str) -> impl Future<Output = Result<()>> + Send {
        let at = Location::caller();
        async move { self.pooled(Intent::Write, at).await?.connection().batch(script).await }
    }
}

/// What a handle may ask for: all of it gives another handle to the same connections.
impl Db {
    /// Everything through this handle must be over within `limit` from now: waiting for a connection, statements, whole
    /// transactions. A statement that is not is given up, stopped on the server, and fails with `Kind::Timeout`.
    ///
    /// SQLite: the deadline is seen before a statement begins and while it waits for a lock, not while it runs.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Db {
        self.until(Instant::now() + limit)
    }

    /// [`Db::within`], with the moment itself: the deadline of a request handed down.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Db {
        let deadline = self.view.deadline.map_or(deadline, |before| before.min(deadline));
        Db { inner: self.inner.clone(), view: View { deadline: Some(deadline), ..self.view.clone() } }
    }

    /// For one tenant of several: all handles of the same name together have at most
    /// [`PoolOptions::tenant_connections`] connections at once, so that one tenant cannot take them all.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Db {
        let tenant = self.inner.tenants.named(name, self.inner.options.tenant_connections);
        Db { inner: self.inner.clone(), view: View { tenant: Some(tenant), ..self.view.clone() } }
    }

    /// Nobody gets a connection until [`Db::resume`]; who asks waits. What is borrowed goes on.
    pub fn suspend(&self) {
        self.pools().for_each(|pool| pool.suspend());
    }

    /// Ends [`Db::suspend`].
    pub fn resume(&self) {
        self.pools().for_each(|pool| pool.resume());
    }

    /// Closes every connection of now: spare ones at once, borrowed ones when they come back. After a change of login,
    /// topology or search path.
    pub fn retire_connections(&self) {
        self.pools().for_each(|pool| pool.retire());
    }
}

fn in_memory(url: &DatabaseUrl) -> bool {
    url.database.is_empty() || url.database.contains(":memory:") || url.param("mode") == Some("memory")
}

impl Executor for Db {
    fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    #[track_caller]
    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>> {
        let request = self.request(Location::caller());
        match self.at_hand(intent, request) {
            Some(pooled) => Answer::ready(Ok(Lease::pooled(pooled))),
            None => Answer::later(async move { self.wait_for(intent, request).await.map(Lease::pooled) }),
        }
    }

    #[track_caller]
    fn begin(&mut self, options: TransactionOptions) -> Answer<'_, Tx<'_>> {
        let at = Location::caller();
        let intent = if options.read_only { Intent::Read } else { Intent::Write };
        Answer::later(async move { Tx::begin(self.pooled(intent, at).await?, options).await })
    }

    fn retry_budget(&self) -> Option<&RetryBudget> {
        Some(&self.inner.budget)
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({})", self.inner.url)
    }
}
