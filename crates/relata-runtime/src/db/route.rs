//! From a handle and an intent to a connection.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_sql::driver::RowSink;
use relata_sql::tree::Select;
use relata_sql::{Connection, Error, Kind, Result};

use super::{Db, Layout, View};
use crate::cluster::{Cluster, Node, NodeStatus, Reads, Role, reached, token_of};
use crate::executor::{Attempted, Intent};
use crate::observe::tells_of_the_node;
use crate::pool::{Pooled, Request};
use crate::retry::Backoff;
use crate::token::Token;

/// How long a read waits on a replica for what it must see, before it goes to the primary.
const WAIT_ON_REPLICA: Duration = Duration::from_millis(500);

/// What somebody has done so far, who must see it.
#[derive(Debug, Default)]
pub(super) struct Visit {
    wrote: AtomicBool,
    token: Mutex<Option<Token>>,
}

impl Db {
    /// A connection that is there at once.
    pub(super) fn at_hand(&self, intent: Intent, request: Request) -> Option<Pooled> {
        if let Some(visit) = &self.view.session {
            match intent {
                Intent::Write => visit.wrote.store(true, Ordering::Release),
                Intent::Read => return None,
            }
        }
        let permit = match &self.view.tenant {
            Some(tenant) => Some(tenant.try_enter()?),
            None => None,
        };
        let mut pooled = match &self.inner.layout {
            Layout::File { writers, .. } if intent == Intent::Write => writers.try_acquire(request)?,
            Layout::File { readers, .. } => readers.try_acquire(request)?,
            Layout::Memory(pool) => pool.try_acquire(request)?,
            Layout::Servers(cluster) => match cluster.only() {
                Some(node) => node.pool.try_acquire(request)?,
                None => self.of_cluster(cluster, intent, request)?,
            },
        };
        pooled.tag(self.view.tags.as_ref());
        if let Some(permit) = permit {
            pooled.belong_to(permit);
        }
        Some(pooled)
    }

    /// Runs a query on a database that is a file, or in memory, if a connection is at hand and answers at once.
    pub(super) fn ask_now(
        &self,
        at: &'static Location<'static>,
        select: &mut Select,
        sink: &mut dyn RowSink,
    ) -> Attempted {
        let pool = match &self.inner.layout {
            Layout::File { writers, .. } if select.writes() => writers,
            Layout::File { readers, .. } => readers,
            Layout::Memory(pool) => pool,
            Layout::Servers(_) => return Err(None),
        };
        let View { session: None, tenant: None, tags: None, .. } = &self.view else { return Err(None) };
        match pool.borrow(self.request(at)) {
            Some(mut pooled) => {
                pooled.tag(None);
                pooled.query_now(select, sink)
            }
            None => Err(None),
        }
    }

    fn of_cluster(&self, cluster: &Cluster, intent: Intent, request: Request) -> Option<Pooled> {
        let node = match intent {
            Intent::Write => cluster.primary(),
            Intent::Read => cluster.for_reading(&self.view.reads),
        }?;
        if let (Intent::Read, Reads::AtLeast(token)) = (intent, &self.view.reads)
            && node.role() != Role::Primary
            && !node.has_reached(&token.0)
        {
            return None;
        }
        node.pool.try_acquire(request)
    }

    pub(super) async fn wait_for(&self, intent: Intent, request: Request) -> Result<Pooled> {
        let until = request.until(&self.options());
        let permit = match &self.view.tenant {
            Some(tenant) => Some(tenant.enter(until).await?),
            None => None,
        };
        let mut pooled = match &self.inner.layout {
            Layout::File { writers, .. } if intent == Intent::Write => writers.acquire(request).await?,
            Layout::File { readers, .. } => readers.acquire(request).await?,
            Layout::Memory(pool) => pool.acquire(request).await?,
            Layout::Servers(cluster) => match cluster.only() {
                Some(node) => node.pool.acquire(request).await?,
                None => self.node_of_cluster(cluster, intent, request, until).await?,
            },
        };
        pooled.tag(self.view.tags.as_ref());
        if let Some(permit) = permit {
            pooled.belong_to(permit);
        }
        Ok(pooled)
    }

    pub(crate) fn has_several_nodes(&self) -> bool {
        self.cluster().is_some_and(|cluster| cluster.only().is_none())
    }

    /// Whether a connection leads to a server that cannot write.
    pub(crate) fn cannot_write_at(&self, pooled: &Pooled) -> bool {
        let nodes = self.cluster().map(|cluster| cluster.nodes());
        let mut nodes = nodes.iter().flat_map(|nodes| nodes.iter());
        nodes.any(|node| Arc::ptr_eq(&node.pool, pooled.pool()) && node.cannot_write())
    }

    pub(crate) async fn pooled(&self, intent: Intent, at: &'static Location<'static>) -> Result<Pooled> {
        let request = self.request(at);
        match self.at_hand(intent, request) {
            Some(pooled) => Ok(pooled),
            None => self.wait_for(intent, request).await,
        }
    }

    /// A connection to the node that takes writes now, which no pool counts: for a question that cannot wait for others.
    pub(crate) async fn connect_beside_the_pool(&self, limit: Duration) -> Result<Box<dyn Connection>> {
        let pool = match &self.inner.layout {
            Layout::File { writers: pool, .. } | Layout::Memory(pool) => pool.clone(),
            Layout::Servers(cluster) => match cluster.primary() {
                Some(node) => node.pool.clone(),
                None => {
                    cluster.look_now();
                    return Err(Error::new(Kind::Unavailable, "no node takes writes"));
                }
            },
        };
        pool.connect_beside(limit).await
    }

    /// A connection to a node that fits; while there is none, or it fails, whoever may takes over is waited for.
    async fn node_of_cluster(
        &self,
        cluster: &Cluster,
        intent: Intent,
        request: Request,
        until: Instant,
    ) -> Result<Pooled> {
        let reads = match intent {
            Intent::Read => self.reads().await?,
            Intent::Write => Reads::Primary,
        };
        let mut pause = Backoff::new(Duration::from_millis(5), Duration::from_millis(200));
        let mut changes = cluster.changes();
        let mut last = None;
        loop {
            changes.mark_unchanged();
            if let Some(node) = cluster.for_reading(&reads) {
                match self.fresh_enough(cluster, &node, &reads, request).await {
                    Ok(pooled) => return Ok(pooled),
                    Err(error) if is_the_nodes(&error) => {
                        cluster.look_now();
                        last = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            } else {
                cluster.look_now();
            }
            let now = Instant::now();
            if now >= until {
                return Err(nobody(cluster, &reads, last, self.options().acquire_timeout));
            }
            let next = (now + pause.next().max(Duration::from_millis(2))).min(until);
            let _ = tokio::time::timeout_at(next.into(), changes.changed()).await;
        }
    }

    async fn fresh_enough(&self, cluster: &Cluster, node: &Node, reads: &Reads, request: Request) -> Result<Pooled> {
        let mut pooled = node.pool.acquire(request).await?;
        let Reads::AtLeast(token) = reads else { return Ok(pooled) };
        if node.role() == Role::Primary || node.has_reached(&token.0) {
            return Ok(pooled);
        }
        let limit = request.until(&self.options()).saturating_duration_since(Instant::now()).min(WAIT_ON_REPLICA);
        if matches!(reached(pooled.connection(), &token.0, limit).await, Ok(true)) {
            node.note_position(token.0.clone());
            return Ok(pooled);
        }
        drop(pooled);
        match cluster.primary() {
            Some(primary) => primary.pool.acquire(request).await,
            None => {
                let message = format!("{} has not seen the wanted position, and there is no primary", node.name);
                Err(Error::new(Kind::Unavailable, message))
            }
        }
    }

    /// Where this handle reads. Whoever wrote in a session first learns how far that was.
    async fn reads(&self) -> Result<Reads> {
        let Some(visit) = &self.view.session else { return Ok(self.view.reads.clone()) };
        if visit.wrote.swap(false, Ordering::AcqRel) {
            match self.token().await {
                Ok(token) => {
                    let mut kept = visit.token.lock().unwrap_or_else(PoisonError::into_inner);
                    *kept = Some(kept.take().map_or(token.clone(), |before| before.max(token)));
                }
                Err(error) => {
                    visit.wrote.store(true, Ordering::Release);
                    // Without positions only the primary is sure to have it.
                    return if error.kind() == Kind::Unsupported { Ok(Reads::Primary) } else { Err(error) };
                }
            }
        }
        let token = visit.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(token.map_or_else(|| self.view.reads.clone(), Reads::AtLeast))
    }
}

/// Whether another node may do better.
fn is_the_nodes(error: &Error) -> bool {
    tells_of_the_node(error.kind()) || matches!(error.kind(), Kind::Overloaded | Kind::Timeout)
}

fn nobody(cluster: &Cluster, reads: &Reads, last: Option<Error>, waited: Duration) -> Error {
    let wanted = if *reads == Reads::Primary { "takes writes" } else { "can be read" };
    let message = format!("no node {wanted}, and none did within {waited:?}: {}", cluster.describe());
    let error =
        Error::new(Kind::Unavailable, message).hint("`relata cluster status` shows what every node says of itself");
    match last {
        Some(last) => error.caused_by(last),
        None => error,
    }
}

/// Reading where, and what was written.
impl Db {
    /// A handle whose reads go where `reads` says. Writes, and transactions that may write, go to the primary.
    ///
    /// With one node, and on SQLite, all is read there.
    #[must_use]
    pub fn reading(&self, reads: Reads) -> Db {
        Db { inner: self.inner.clone(), view: View { reads, session: None, ..self.view.clone() } }
    }

    /// A handle that sees what was written through it: reads go as `reads` says until it has written, and from then on
    /// to nodes that have come so far. Clones belong to the same session.
    #[must_use]
    pub fn session(&self, reads: Reads) -> Db {
        let session = self.has_several_nodes().then(|| Arc::new(Visit::default()));
        Db { inner: self.inner.clone(), view: View { reads, session, ..self.view.clone() } }
    }

    /// How far the primary has written by now: after a write, what a read elsewhere must have seen to see the write.
    ///
    /// # Errors
    /// `Kind::Unsupported` on a MariaDB without binary log; what the database says.
    #[track_caller]
    pub fn token(&self) -> impl Future<Output = Result<Token>> + Send {
        let at = Location::caller();
        async move {
            let Layout::Servers(cluster) = &self.inner.layout else {
                // SQLite keeps no position: whoever begins to read sees what was committed.
                return Ok(Token::local());
            };
            // Straight to the primary: asking is no write of the session.
            let request = self.request(at);
            let until = request.until(&self.options());
            let mut pooled = Box::pin(self.node_of_cluster(cluster, Intent::Write, request, until)).await?;
            token_of(pooled.connection()).await
        }
    }

    /// What every node is, as this process sees it. One for a single server, none for SQLite.
    pub fn nodes(&self) -> Vec<NodeStatus> {
        self.cluster().map_or_else(Vec::new, |cluster| cluster.nodes().iter().map(|node| node.status()).collect())
    }
}
