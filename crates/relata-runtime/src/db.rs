//! [`Db`]: one database and the connections to it.

mod report;
mod route;

use std::panic::Location;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::{RowSink, TransactionOptions};
use relata_sql::tree::Select;
use relata_sql::{Answer, DatabaseUrl, Driver, Error, Kind, Result};

use crate::cluster::{Cluster, Maker, Reads};
use crate::discovery::{Discover, Source};
use crate::executor::{Attempted, Executor, Intent, Lease};
use crate::health::Memory;
use crate::observe::{Observer, Tags};
use crate::pool::{Pool, PoolOptions, Request, Tenant, Tenants};
use crate::retry::RetryBudget;
use crate::secret::{Login, TokenProvider};
use crate::transaction::Tx;
use crate::transaction::keys::{self, CommitKeys};
use route::Visit;

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
    reads: Reads,
    session: Option<Arc<Visit>>,
    tags: Option<Arc<Tags>>,
    /// Who is said to have borrowed.
    at: Option<&'static Location<'static>>,
}

/// Where connections come from.
enum Layout {
    /// A SQLite file: one that writes, others that read.
    File { writers: Arc<Pool>, readers: Arc<Pool> },
    /// A SQLite database in memory: one for both.
    Memory(Arc<Pool>),
    /// Servers.
    Servers(Arc<Cluster>),
}

struct Inner {
    dialect: Dialect,
    url: DatabaseUrl,
    options: RwLock<Arc<PoolOptions>>,
    layout: Layout,
    observer: Arc<Observer>,
    tenants: Tenants,
    budget: RetryBudget,
    commits: CommitKeys,
    memory: Memory,
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
        url: DatabaseUrl,
        options: PoolOptions,
        provider: Option<Arc<dyn TokenProvider>>,
    ) -> Result<Db> {
        let db = Self::prepare(driver, url, options, provider)?;
        drop(db.pooled(Intent::Write, Location::caller()).await?);
        Ok(db)
    }

    /// [`Db::connect`] to the nodes that a source of one's own names; the hosts of the URL are ignored.
    ///
    /// # Errors
    /// `Kind::Configuration` for SQLite, which has no nodes; as [`Db::connect`].
    pub async fn discover(
        driver: Arc<dyn Driver>,
        mut url: DatabaseUrl,
        options: PoolOptions,
        source: Arc<dyn Discover>,
    ) -> Result<Db> {
        if url.dialect == Dialect::Sqlite {
            return Err(Error::new(Kind::Configuration, "a file has no nodes to discover").hint("open it by its URL"));
        }
        url.hosts.clear();
        let db = Self::make(driver, url, options, None, Source::Asked(source))?;
        drop(db.pooled(Intent::Write, Location::caller()).await?);
        Ok(db)
    }

    /// A handle to a database that may not be there: connections are opened when they are needed, and whatever is wrong
    /// is told then. For what looks at a database that may be down.
    ///
    /// # Errors
    /// `Kind::Configuration` when the options make no pool.
    pub fn prepare(
        driver: Arc<dyn Driver>,
        mut url: DatabaseUrl,
        options: PoolOptions,
        provider: Option<Arc<dyn TokenProvider>>,
    ) -> Result<Db> {
        let source = Source::take(&mut url)?;
        Self::make(driver, url, options, provider, source)
    }

    fn make(
        driver: Arc<dyn Driver>,
        mut url: DatabaseUrl,
        options: PoolOptions,
        provider: Option<Arc<dyn TokenProvider>>,
        source: Source,
    ) -> Result<Db> {
        options.check()?;
        let login = Arc::new(Login::take(&mut url, provider)?);
        let dialect = url.dialect;
        let file = dialect == Dialect::Sqlite && !in_memory(&url);
        let observer = Arc::new(Observer::default());
        let pool = |url: &DatabaseUrl, options: PoolOptions| {
            Pool::new(driver.clone(), (url.clone(), login.clone()), options, observer.clone())
        };
        let layout = match dialect {
            Dialect::Sqlite if file => {
                let writers = pool(&url, options.only_one(false));
                Layout::File { writers, readers: pool(&url, options.clone()) }
            }
            // A database in memory lives as long as its connection.
            Dialect::Sqlite => Layout::Memory(pool(&url, options.only_one(true))),
            _ => {
                let several = url.hosts.len() > 1 || source.is_dynamic();
                let place = (url.clone(), login.clone());
                let maker = Maker::new(driver.clone(), place, &options, observer.clone(), several);
                Layout::Servers(Cluster::new(maker, source))
            }
        };
        let tenants = Tenants::default();
        let several = matches!(&layout, Layout::Servers(cluster) if cluster.only().is_none());
        let budget = if several { RetryBudget::of_several_nodes() } else { RetryBudget::default() };
        let options = RwLock::new(Arc::new(options));
        let (commits, memory) = (CommitKeys::default(), Memory::default());
        let inner = Inner { dialect, url, options, layout, observer, tenants, budget, commits, memory };
        let db = Db { inner: Arc::new(inner), view: View::default() };
        if let Layout::Servers(cluster) = &db.inner.layout {
            cluster.watch();
        }
        db.pools().iter().for_each(Pool::keep);
        Ok(db)
    }

    /// The URL of the node that takes writes, with the password of now and without settings that drivers do not know: for
    /// whoever opens connections without a pool. With one host nobody is asked.
    ///
    /// # Errors
    /// As [`Db::connect`]; what the source of the password says.
    pub async fn primary_url(driver: Arc<dyn Driver>, url: &DatabaseUrl) -> Result<DatabaseUrl> {
        let mut plain = url.clone();
        let source = Source::take(&mut plain)?;
        if plain.hosts.len() > 1 || source.is_dynamic() {
            let db = Self::make(driver, plain, PoolOptions::default(), None, source)?;
            let pooled = db.pooled(Intent::Write, Location::caller()).await?;
            return pooled.pool().login_url().await;
        }
        let login = Login::take(&mut plain, None)?;
        login.url(&plain).await.map(std::borrow::Cow::into_owned)
    }

    /// A handle that does not keep the database open.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let weak = db.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(db);
    /// assert!(weak.upgrade().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn downgrade(&self) -> WeakDb {
        WeakDb(Arc::downgrade(&self.inner))
    }

    /// What is wrong with the configuration that should hold, for [`Db::health`]; `None`: nothing any more.
    pub fn note_configuration(&self, error: Option<Error>) {
        self.memory().note_configuration(error.map(|error| error.message().to_string()));
    }

    /// Its options of now.
    pub fn options(&self) -> Arc<PoolOptions> {
        self.inner.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other options from now on, for every handle: pools grow and shrink, and connections are replaced as they come
    /// back. Breakers keep their settings, and so do tenants that somebody speaks for just now.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::PoolOptions;
    /// db.reconfigure(PoolOptions { max_connections: 20, ..(*db.options()).clone() })?;
    /// assert_eq!(db.options().max_connections, 20);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Configuration` when no pool can be made of them; then nothing changes.
    pub fn reconfigure(&self, options: PoolOptions) -> Result<()> {
        options.check()?;
        match &self.inner.layout {
            Layout::File { writers, readers } => {
                writers.reconfigure(options.only_one(false));
                readers.reconfigure(options.clone());
            }
            // Its only connection is the database: there is nothing to grow or to replace.
            Layout::Memory(_) => {}
            Layout::Servers(cluster) => cluster.reconfigure(&options),
        }
        *self.inner.options.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
        Ok(())
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Where it is; printing it hides the password.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let db = Db::open("sqlite::memory:").await?;
    /// assert_eq!(db.url().database, ":memory:");
    /// # Ok(())
    /// # }
    /// ```
    pub fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    /// How many statements were sent since it was opened, those that begin and end transactions left out.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let before = db.statement_count();
    /// Book::find().all(&mut db).await?;
    /// assert_eq!(db.statement_count() - before, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn statement_count(&self) -> u64 {
        self.inner.observer.statement_count()
    }

    pub(crate) fn pools(&self) -> Vec<Arc<Pool>> {
        match &self.inner.layout {
            Layout::File { writers, readers } => vec![writers.clone(), readers.clone()],
            Layout::Memory(pool) => vec![pool.clone()],
            Layout::Servers(cluster) => cluster.nodes().iter().map(|node| node.pool.clone()).collect(),
        }
    }

    /// The file, where it is one.
    pub(crate) fn file(&self) -> Option<std::path::PathBuf> {
        matches!(self.inner.layout, Layout::File { .. }).then(|| self.inner.url.database.clone().into())
    }

    /// The nodes, where there are servers.
    pub(crate) fn cluster(&self) -> Option<&Arc<Cluster>> {
        match &self.inner.layout {
            Layout::Servers(cluster) => Some(cluster),
            _ => None,
        }
    }

    /// What a pool is for, in a word.
    pub(crate) fn role_of(&self, pool: &Arc<Pool>) -> &'static str {
        match &self.inner.layout {
            Layout::File { readers, .. } if Arc::ptr_eq(readers, pool) => "read",
            Layout::File { .. } => "write",
            _ => "all",
        }
    }

    pub(crate) fn commit_keys(&self) -> &CommitKeys {
        &self.inner.commits
    }

    /// Transactions that are retried get keys of relata's own, and it is not known yet that there is a table for them.
    fn keys_are_wanted(&self) -> bool {
        self.inner.dialect == Dialect::Mysql && !self.inner.commits.are_there() && self.options().commit_keys
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.inner.memory
    }

    pub(crate) fn observer(&self) -> &Observer {
        &self.inner.observer
    }

    /// The same database, without what this handle wants beyond.
    pub(crate) fn plain(&self) -> Db {
        Db { inner: self.inner.clone(), view: View::default() }
    }

    /// That moment, or the handle's deadline if it comes before.
    pub(crate) fn until_at_most(&self, moment: Instant) -> Instant {
        self.view.deadline.map_or(moment, |deadline| deadline.min(moment))
    }

    fn request(&self, at: &'static Location<'static>) -> Request {
        Request { at: self.view.at.unwrap_or(at), deadline: self.view.deadline }
    }

    /// A table or view found by introspection: for names that are known only at run time.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// assert_eq!(books.select().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::UndefinedTable`, with the closest name that there is.
    pub async fn table(&self, name: &str) -> Result<crate::table::Table> {
        crate::table::Table::find(name, &mut self.clone()).await
    }

    /// Runs a script of several statements without parameters, in the database's own language.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// db.batch("CREATE TABLE tags (name TEXT NOT NULL); INSERT INTO tags VALUES ('new'), ('old');").await?;
    /// let tags: i64 = sql("SELECT COUNT(*) FROM tags", ()).one(&mut db).await?;
    /// assert_eq!(tags, 2);
    /// # Ok(())
    /// # }
    /// ```
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
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut hurried = db.within(std::time::Duration::from_secs(2));
    /// assert_eq!(Book::find().count(&mut hurried).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn within(&self, limit: Duration) -> Db {
        self.until(Instant::now() + limit)
    }

    /// [`Db::within`], with the moment itself: the deadline of a request handed down.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
    /// assert_eq!(Book::find().count(&mut db.until(deadline)).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Db {
        let deadline = self.view.deadline.map_or(deadline, |before| before.min(deadline));
        Db { inner: self.inner.clone(), view: View { deadline: Some(deadline), ..self.view.clone() } }
    }

    /// For one tenant of several: all handles of the same name together have at most
    /// [`PoolOptions::tenant_connections`] connections at once, so that one tenant cannot take them all.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut acme = db.tenant("acme");
    /// assert_eq!(Book::find().count(&mut acme).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tenant(&self, name: &str) -> Db {
        let tenant = self.inner.tenants.named(name, self.options().tenant_connections);
        Db { inner: self.inner.clone(), view: View { tenant: Some(tenant), ..self.view.clone() } }
    }

    /// Statements of this handle carry a tag, as a comment in the way of sqlcommenter (`/*route='%2Forders'*/`), so that the
    /// server's own log and statistics tell whose they are. Slow statements and spans know it too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut tagged = db.tagged("route", "/books").tagged("action", "list");
    /// assert_eq!(Book::find().count(&mut tagged).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tagged(&self, key: &str, value: &str) -> Db {
        self.with_tags(|tags| tags.with(key, value))
    }

    /// Statements of this handle belong to a trace: the `traceparent` header of a request. What is no such text is ignored.
    ///
    /// Their text never comes again, so they are not kept prepared: that costs a round trip on PostgreSQL and MariaDB.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut traced = db.traced("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    /// assert_eq!(Book::find().count(&mut traced).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn traced(&self, traceparent: &str) -> Db {
        match Tags::is_traceparent(traceparent) {
            true => self.with_tags(|tags| tags.with("traceparent", traceparent)),
            false => self.clone(),
        }
    }

    /// Statements of this handle come from the line that calls this: for reports of leaks, spans, slow statements and the
    /// comment. `User::find().all(&mut db.here())`
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// assert_eq!(Book::find().count(&mut db.here()).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn here(&self) -> Db {
        let place = Location::caller();
        let mut db = self.with_tags(|tags| tags.at(place));
        db.view.at = Some(place);
        db
    }

    fn with_tags(&self, change: impl FnOnce(&Tags) -> Tags) -> Db {
        let none = Tags::default();
        let tags = change(self.view.tags.as_deref().unwrap_or(&none));
        Db { inner: self.inner.clone(), view: View { tags: Some(Arc::new(tags)), ..self.view.clone() } }
    }

    /// Nobody gets a connection until [`Db::resume`]; who asks waits. What is borrowed goes on.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// db.suspend(); // maintenance: who asks waits
    /// let mut later = db.clone();
    /// let count = tokio::spawn(async move { Book::find().count(&mut later).await });
    /// db.resume();
    /// assert_eq!(count.await.unwrap()?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn suspend(&self) {
        self.pools().iter().for_each(|pool| pool.suspend());
    }

    /// Ends [`Db::suspend`].
    pub fn resume(&self) {
        self.pools().iter().for_each(|pool| pool.resume());
    }

    /// Closes every connection of now: spare ones at once, borrowed ones when they come back. After a change of login,
    /// topology or search path. A database in memory keeps its connection, for that is the database.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// db.retire_connections(); // after a change of login, say
    /// assert_eq!(Book::find().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retire_connections(&self) {
        if let Layout::Memory(_) = &self.inner.layout {
            return;
        }
        self.pools().iter().for_each(|pool| pool.retire());
    }
}

/// A handle that does not keep the database open.
pub struct WeakDb(Weak<Inner>);

impl WeakDb {
    /// The database, if anybody still has it.
    pub fn upgrade(&self) -> Option<Db> {
        self.0.upgrade().map(|inner| Db { inner, view: View::default() })
    }
}

fn in_memory(url: &DatabaseUrl) -> bool {
    url.database.is_empty() || url.database.contains(":memory:") || url.param("mode") == Some("memory")
}

#[diagnostic::do_not_recommend]
impl Executor for Db {
    fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    #[track_caller]
    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>> {
        let request = self.request(Location::caller());
        match self.at_hand(intent, request) {
            Some(pooled) => Answer::ready(Ok(Lease::pooled(pooled, self, intent))),
            None => Answer::later(async move {
                let pooled = self.wait_for(intent, request).await?;
                Ok(Lease::pooled(pooled, self, intent))
            }),
        }
    }

    #[track_caller]
    fn query_now(&mut self, select: &mut Select, sink: &mut dyn RowSink) -> Attempted {
        self.ask_now(Location::caller(), select, sink)
    }

    #[track_caller]
    fn begin(&mut self, options: TransactionOptions) -> Answer<'_, Tx<'_>> {
        let at = Location::caller();
        let intent = if options.read_only { Intent::Read } else { Intent::Write };
        Answer::later(async move {
            if options.keyed || options.certain && self.keys_are_wanted() {
                // Not part of every transaction's future: it is rarely needed.
                Box::pin(keys::prepare(self, options.keyed)).await?;
            }
            Tx::begin(self.pooled(intent, at).await?, options, self).await
        })
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
