//! A bounded pool of connections to one database.
//!
//! Invariants
//! - At most [`PoolOptions::max_connections`] exist; who waits longest is served first.
//! - The connection used last is handed out first, so that statement caches stay warm and spare ones age.
//! - A connection goes back only if it is whole: not broken, no transaction open. One whose borrower was cancelled or
//!   panicked is reset first, or closed.
//! - A failure to connect is reported as what it is, never hidden behind a timeout.
//!
//! It deliberately does not keep a minimum of connections and has no background task.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_sql::driver::ConnectOptions;
use relata_sql::render::{ShapeCache, Target};
use relata_sql::{Connection, DatabaseUrl, Driver, Error, Kind, Result};
use tokio::sync::Semaphore;

/// How a pool behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOptions {
    /// At most so many connections. SQLite: so many readers beside the one writer.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// A connection that was idle for longer is pinged before it is handed out.
    pub ping_after: Duration,
    /// A connection that was idle for longer is closed instead of handed out.
    pub idle_timeout: Duration,
    /// How connections are opened.
    pub connect: ConnectOptions,
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            ping_after: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(600),
            connect: ConnectOptions::default(),
        }
    }
}

struct Idle {
    member: Member,
    since: Instant,
}

/// A connection and the texts of the statements that it has seen.
struct Member {
    connection: Box<dyn Connection>,
    shapes: Box<ShapeCache>,
}

/// The pool.
pub(crate) struct Pool {
    driver: Arc<dyn Driver>,
    url: DatabaseUrl,
    options: PoolOptions,
    free: Semaphore,
    idle: Mutex<Vec<Idle>>,
    statements: AtomicU64,
}

/// A borrowed connection. Dropping it gives it back.
pub(crate) struct Pooled {
    /// `None` only while dropping, and for a permit that is about to connect.
    member: Option<Member>,
    pool: Arc<Pool>,
    dirty: bool,
}

impl Pool {
    pub(crate) fn new(driver: Arc<dyn Driver>, url: DatabaseUrl, options: PoolOptions) -> Arc<Self> {
        Arc::new(Pool {
            driver,
            url,
            free: Semaphore::new(options.max_connections.max(1) as usize),
            options,
            idle: Mutex::new(Vec::new()),
            statements: AtomicU64::new(0),
        })
    }

    pub(crate) fn statement_count(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// A fresh connection that is there at once, or `None`.
    pub(crate) fn try_acquire(self: &Arc<Self>) -> Option<Pooled> {
        let permit = self.free.try_acquire().ok()?;
        let mut stack = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = stack.last().is_some_and(|idle| idle.since.elapsed() < self.options.ping_after);
        let idle = if usable { stack.pop() } else { None }?;
        permit.forget();
        Some(Pooled { member: Some(idle.member), pool: self.clone(), dirty: false })
    }

    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Pooled> {
        let permit = tokio::time::timeout(self.options.acquire_timeout, self.free.acquire()).await;
        let permit = permit.map_err(|_| self.exhausted())?;
        permit.map_err(|_| Error::new(Kind::Unavailable, "the pool is closed"))?.forget();
        // From here on dropping `pooled` gives the permit back.
        let mut pooled = Pooled { member: None, pool: self.clone(), dirty: false };
        while let Some(idle) = self.pop() {
            let age = idle.since.elapsed();
            if age >= self.options.idle_timeout {
                continue;
            }
            pooled.member = Some(idle.member);
            if age < self.options.ping_after || pooled.connection().ping().await.is_ok() {
                return Ok(pooled);
            }
            pooled.member = None;
        }
        let options = &self.options.connect;
        let connection = self.driver.connect(&self.url, options).await?;
        let target = Target::of(connection.dialect(), connection.server());
        let shapes = Box::new(ShapeCache::new(target, options.statement_cache));
        pooled.member = Some(Member { connection, shapes });
        Ok(pooled)
    }

    fn pop(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn push(&self, member: Member) {
        let idle = Idle { member, since: Instant::now() };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }

    fn exhausted(&self) -> Error {
        let count = self.options.max_connections;
        let waited = self.options.acquire_timeout;
        let message = format!("no connection to {} became free within {waited:?}: {count} in use", self.url);
        Error::new(Kind::PoolTimeout, message)
            .hint("inside `transaction!` run every statement on its `tx`, not on the `Db`")
            .hint("finish streams and transactions sooner, or raise `max_connections`")
    }
}

impl Pooled {
    pub(crate) fn connection(&mut self) -> &mut dyn Connection {
        let member = self.member.as_mut().expect("a pooled connection is there until it is dropped");
        member.connection.as_mut()
    }

    pub(crate) fn peek(&self) -> &dyn Connection {
        let member = self.member.as_ref().expect("a pooled connection is there until it is dropped");
        member.connection.as_ref()
    }

    pub(crate) fn shapes(&mut self) -> &mut ShapeCache {
        let member = self.member.as_mut().expect("a pooled connection is there until it is dropped");
        &mut member.shapes
    }

    pub(crate) fn target(&self) -> Target {
        let member = self.member.as_ref().expect("a pooled connection is there until it is dropped");
        member.shapes.target()
    }

    pub(crate) fn statements(&self) -> &AtomicU64 {
        &self.pool.statements
    }

    /// It must be reset before anyone else gets it.
    pub(crate) fn soil(&mut self) {
        self.dirty = true;
    }

    /// What soiled it is over.
    pub(crate) fn cleaned(&mut self) {
        self.dirty = false;
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(member) = self.member.take() else {
            self.pool.free.add_permits(1);
            return;
        };
        if member.connection.is_broken() {
            self.pool.free.add_permits(1);
        } else if self.dirty || member.connection.in_transaction() {
            clean(self.pool.clone(), member);
        } else {
            self.pool.push(member);
            self.pool.free.add_permits(1);
        }
    }
}

/// Resets a connection and gives it back; closes it if that fails or cannot be waited for.
fn clean(pool: Arc<Pool>, member: Member) {
    let mut cleaning = Box::pin(reset(Cleaning { pool, member: Some(member) }));
    let waker = std::task::Waker::noop();
    if cleaning.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready() {
        return;
    }
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(cleaning);
    }
}

struct Cleaning {
    pool: Arc<Pool>,
    member: Option<Member>,
}

impl Drop for Cleaning {
    fn drop(&mut self) {
        drop(self.member.take());
        self.pool.free.add_permits(1);
    }
}

async fn reset(mut cleaning: Cleaning) {
    if let Some(mut member) = cleaning.member.take()
        && member.connection.reset().await.is_ok()
        && !member.connection.is_broken()
        && !member.connection.in_transaction()
    {
        cleaning.pool.push(member);
    }
}
