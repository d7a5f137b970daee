//! Nodes that come and go: made from what a source names, and forgotten when it names them no more.
//!
//! Invariants
//! - A node that stays is the same node: its pool, its role and its history.
//! - One that two answers in a row leave out goes: its connections are closed as they come back, and nobody watches it. Not so
//!   the primary, as long as no other takes writes: a source that lies does not stop what works.
//! - Galera names its nodes through any of them; when none of those known answers, the hosts of the URL are tried again.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use relata_sql::{DatabaseUrl, Driver, Error, Kind};

use super::{Cluster, Node, Role, watcher};
use crate::discovery::{Discover, Source};
use crate::observe::Observer;
use crate::pool::{Pool, PoolOptions};
use crate::secret::Login;

/// Between two questions to the source: when all is well, and at least.
const CALM: Duration = Duration::from_secs(2);
const ALERT: Duration = Duration::from_millis(200);

/// How long the source may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// So many answers in a row must leave a node out.
const UNNAMED: u32 = 2;

/// What a node is made of.
pub(crate) struct Maker {
    pub(super) driver: Arc<dyn Driver>,
    pub(super) login: Arc<Login>,
    url: DatabaseUrl,
    observer: Arc<Observer>,
    options: RwLock<PoolOptions>,
}

impl Maker {
    /// Nodes of this database; `several`: there may be more than one.
    pub(crate) fn new(
        driver: Arc<dyn Driver>,
        (url, login): (DatabaseUrl, Arc<Login>),
        options: &PoolOptions,
        observer: Arc<Observer>,
        several: bool,
    ) -> Self {
        let mut options = options.clone();
        if several {
            be_impatient(&mut options);
        }
        Maker { driver, login, url, observer, options: RwLock::new(options) }
    }

    /// The hosts that the URL names.
    pub(super) fn hosts(&self) -> &[(String, u16)] {
        &self.url.hosts
    }

    pub(super) fn node(&self, host: &(String, u16)) -> Arc<Node> {
        let url = DatabaseUrl { hosts: vec![host.clone()], ..self.url.clone() };
        let options = self.options.read().unwrap_or_else(PoisonError::into_inner).clone();
        let pool = Pool::new(self.driver.clone(), (url.clone(), self.login.clone()), options, self.observer.clone());
        Arc::new(Node::new(url, pool))
    }

    /// The options of a node.
    pub(super) fn set_options(&self, options: &PoolOptions) -> PoolOptions {
        let mut held = self.options.write().unwrap_or_else(PoisonError::into_inner);
        let several = held.reconnect_patience == Duration::ZERO;
        *held = options.clone();
        if several {
            be_impatient(&mut held);
        }
        held.clone()
    }
}

/// Patience is the cluster's: another node may take over while this one is still failing.
fn be_impatient(options: &mut PoolOptions) {
    options.reconnect_patience = Duration::ZERO;
}

/// Asks the source of nodes for as long as somebody has the cluster.
pub(super) fn follow(cluster: &Arc<Cluster>) {
    let (Source::Asked(source), Ok(runtime)) = (&cluster.source, tokio::runtime::Handle::try_current()) else { return };
    let (source, weak) = (source.clone(), Arc::downgrade(cluster));
    runtime.spawn(async move {
        loop {
            let answer = tokio::time::timeout(LIMIT, source.nodes()).await;
            let answer = answer.unwrap_or_else(|_| Err(silent()));
            let Some(cluster) = weak.upgrade() else { return };
            cluster.named_by(&*source, answer);
            let calm = cluster.primary().is_some() && cluster.source_trouble().is_none();
            drop(cluster);
            tokio::time::sleep(ALERT).await;
            if calm && !wait(&weak).await {
                return;
            }
        }
    });
}

/// Until it is time to ask again; `false`: nobody wants to know.
async fn wait(weak: &std::sync::Weak<Cluster>) -> bool {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < CALM {
        // Held for a moment only, so that the cluster can end.
        let Some(cluster) = weak.upgrade() else { return false };
        if tokio::time::timeout(ALERT, cluster.ask_source.notified()).await.is_ok() {
            break;
        }
    }
    true
}

fn silent() -> Error {
    Error::new(Kind::Timeout, format!("no answer within {LIMIT:?}"))
}

impl Cluster {
    fn named_by(self: &Arc<Self>, source: &dyn Discover, answer: relata_sql::Result<Vec<(String, u16)>>) {
        let trouble = match answer {
            Ok(hosts) if hosts.is_empty() => Some(format!("{} names no node", source.name())),
            Ok(hosts) => {
                self.set_hosts(&hosts);
                None
            }
            Err(error) => Some(format!("{}: {}", source.name(), error.message())),
        };
        let mut held = self.source_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(trouble), None) = (&trouble, &*held) {
            tracing::warn!(target: "relata::cluster", trouble, "the source of nodes fails; those of before stay");
        }
        *held = trouble;
    }

    /// These are the nodes of now.
    pub(super) fn set_hosts(self: &Arc<Self>, hosts: &[(String, u16)]) {
        let mut held = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        let at = |node: &Node| node.url.hosts.first().is_some_and(|host| hosts.contains(host));
        let stays = |node: &Arc<Node>| {
            let mut state = node.state();
            state.unnamed = if at(node) { 0 } else { state.unnamed + 1 };
            let keeps = state.unnamed < UNNAMED;
            drop(state);
            keeps || node.role() == Role::Primary && self.is_primary(node)
        };
        let (mut nodes, gone): (Vec<_>, Vec<_>) = held.iter().cloned().partition(stays);
        let known = |host: &&(String, u16)| nodes.iter().any(|node| node.url.hosts.first() == Some(host));
        let mut new: Vec<_> = hosts.iter().filter(|host| !known(host)).collect();
        new.dedup();
        let new: Vec<_> = new.into_iter().map(|host| self.maker.node(host)).collect();
        if gone.is_empty() && new.is_empty() {
            return;
        }
        nodes.extend(new.iter().cloned());
        *held = nodes.into();
        drop(held);
        for node in &new {
            tracing::info!(target: "relata::cluster", node = node.name, "a node was found");
            node.pool.keep();
            watcher::start(self, node);
        }
        for node in &gone {
            tracing::info!(target: "relata::cluster", node = node.name, "a node is named no more");
            node.gone.store(true, Ordering::Release);
            node.look_now.notify_one();
            node.pool.retire();
        }
        self.elect();
        self.changed.send_modify(|count| *count += 1);
    }

    /// A node of Galera has named all.
    pub(super) fn told(self: &Arc<Self>, members: &[(String, u16)]) {
        if matches!(self.source, Source::Told) && !members.is_empty() {
            self.set_hosts(members);
        }
    }

    /// Nobody answers who could name the others: whom the URL names may be back.
    pub(super) fn start_over(self: &Arc<Self>) {
        let lost = |node: &Arc<Node>| node.role() == Role::Down;
        let nodes = self.nodes();
        if !matches!(self.source, Source::Told) || !nodes.iter().all(lost) {
            return;
        }
        let mut hosts: Vec<_> = nodes.iter().flat_map(|node| node.url.hosts.first().cloned()).collect();
        hosts.extend(self.maker.hosts().iter().filter(|host| !hosts.contains(host)).cloned().collect::<Vec<_>>());
        self.set_hosts(&hosts);
    }
}
