//! The nodes of one database: which of them takes writes, which may be read, and how far each has come.
//!
//! A [`watcher`] per node asks it again and again, on a connection of its own and under a deadline, what it is. With one
//! node there is no watcher, and it is taken for the primary. Where nodes may come and go ([`crate::discovery`]), [`members`]
//! adds and removes them.
//!
//! States of a node: *unknown* → *primary* or *replica* as it says itself → *down* when it does not answer twice, or at once
//! when nobody listens. What comes back after having gone up and down must answer well several times before it is read.
//!
//! Invariants
//! - Of several that take writes, the one on the highest timeline counts, then one that was promoted before one that came back
//!   (where there are no timelines, as with MariaDB, a primary that stood still and wakes does not know of its successor), then
//!   the one of before, then the one furthest ahead. Statements under way on the others end at once.
//! - A primary that comes back is believed when all others have been asked since.
//! - A node that stops being primary, or goes down, closes its connections; statements under way there end at once.
//! - Of Galera's nodes, which all take writes, one is the primary until it fails: two would only be in each other's way.
//! - A node that belongs to another database is down ([`origin`]).
//! - Reads never fail for lack of a replica as long as there is a primary.

mod members;
mod node;
mod origin;
mod probe;
mod route;
mod watcher;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

pub(crate) use members::Maker;
pub(crate) use node::Node;
pub use node::{NodeStatus, Role};
pub(crate) use probe::{Texts, token as token_of, wait_for as reached};
pub use route::Reads;

use crate::discovery::Source;
use crate::metrics::Counter;
use crate::observe::Alarm;
use crate::pool::PoolOptions;
use crate::token::Position;

/// The nodes.
pub(crate) struct Cluster {
    maker: Maker,
    source: Source,
    /// The only node there is and will be: no lock, no choice.
    only: Option<Arc<Node>>,
    nodes: RwLock<Arc<[Arc<Node>]>>,
    primary: RwLock<Option<Arc<Node>>>,
    /// How often another node became primary.
    pub(crate) failovers: Counter,
    /// The database that the primary belongs to, and how often somebody else's node was named.
    origin: Mutex<origin::Origin>,
    pub(crate) strangers: Counter,
    /// Moves whenever a role does.
    changed: watch::Sender<u64>,
    /// Where the primary was, and when: from this the lag of replicas is read.
    history: Mutex<VecDeque<(Instant, Position)>>,
    ask_source: Notify,
    /// What is wrong with the source of nodes.
    source_trouble: Mutex<Option<String>>,
}

impl Cluster {
    /// One node for each host of the URL, and those that the source will name.
    pub(crate) fn new(maker: Maker, source: Source) -> Arc<Self> {
        let nodes: Arc<[_]> = maker.hosts().iter().map(|host| maker.node(host)).collect();
        let only = (nodes.len() == 1 && !source.is_dynamic()).then(|| nodes[0].clone());
        if let Some(node) = &only {
            node.state().role = Role::Primary;
        }
        Arc::new(Cluster {
            maker,
            source,
            primary: RwLock::new(only.clone()),
            only,
            nodes: RwLock::new(nodes),
            failovers: Counter::default(),
            origin: Mutex::default(),
            strangers: Counter::default(),
            changed: watch::Sender::new(0),
            history: Mutex::default(),
            ask_source: Notify::new(),
            source_trouble: Mutex::default(),
        })
    }

    /// The node of a database that has one and will have no other.
    pub(crate) fn only(&self) -> Option<&Arc<Node>> {
        self.only.as_ref()
    }

    /// The nodes of now.
    pub(crate) fn nodes(&self) -> Arc<[Arc<Node>]> {
        self.nodes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins to watch, if there is anything to choose from.
    pub(crate) fn watch(self: &Arc<Self>) {
        if self.only.is_none() {
            self.nodes().iter().for_each(|node| watcher::start(self, node));
            members::follow(self);
        }
    }

    /// Other options from now on, for nodes to come too.
    pub(crate) fn reconfigure(&self, options: &PoolOptions) {
        let options = self.maker.set_options(options);
        self.nodes().iter().for_each(|node| node.pool.reconfigure(options.clone()));
    }

    pub(crate) fn primary(&self) -> Option<Arc<Node>> {
        self.primary.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_primary(&self, node: &Node) -> bool {
        self.primary().is_some_and(|primary| std::ptr::eq(&*primary, node))
    }

    /// Something went wrong that may mean another topology: everybody is asked now.
    pub(crate) fn look_now(&self) {
        self.nodes().iter().for_each(|node| node.look_now.notify_one());
        self.ask_source.notify_one();
    }

    /// Tells when roles change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn history(&self) -> std::sync::MutexGuard<'_, VecDeque<(Instant, Position)>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the primary is at this moment.
    fn note_primary(&self, now: Instant, position: &Position) {
        let mut history = self.history();
        if history.len() >= 600 {
            history.pop_front();
        }
        history.push_back((now, position.clone()));
    }

    /// For how long a node that is at `position` has been behind: since the primary was last known to be no further. Where
    /// that was before anybody watched, what the node applied last is so old by its own account (`behind`): it may be less far
    /// behind, and never further. `None`: nobody can tell yet.
    fn lag(&self, now: Instant, position: &Position, behind: Option<Duration>) -> Option<Duration> {
        let history = self.history();
        let (_, newest) = history.back()?;
        if newest.is_covered_by(position) {
            return Some(Duration::ZERO);
        }
        let caught_up = history.iter().rev().find(|(_, then)| then.is_covered_by(position));
        caught_up.map(|(then, _)| now.saturating_duration_since(*then)).or(behind)
    }

    /// Decides anew which node takes writes.
    fn elect(&self) {
        let nodes = self.nodes();
        let mut primary = self.primary.write().unwrap_or_else(PoisonError::into_inner);
        let before = primary.clone();
        let best = best(&nodes, before.as_ref()).or_else(|| deputy(&nodes));
        tell_rivals(&nodes, best.as_ref());
        if before.as_ref().map(Arc::as_ptr) == best.as_ref().map(Arc::as_ptr) {
            return;
        }
        *primary = best.clone();
        drop(primary);
        if let Some(best) = &best {
            let origin = best.state().origin.clone();
            self.belongs_to(origin);
        }
        self.history().clear();
        if let Some(old) = before {
            old.pool.retire();
        }
        self.failovers.add(u64::from(best.is_some()));
        let name = best.as_ref().map_or("none", |node| node.name.as_str());
        tracing::info!(target: "relata::cluster", primary = name, "the primary has changed");
        self.changed.send_modify(|count| *count += 1);
    }

    /// What is wrong with the source of nodes, if there is one and something is.
    pub(crate) fn source_trouble(&self) -> Option<String> {
        self.source_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What every node is, in words for a message.
    pub(crate) fn describe(&self) -> String {
        let one = |node: &Arc<Node>| {
            let state = node.state();
            match &state.trouble {
                Some(trouble) => format!("{} is {} ({trouble})", node.name, state.role.word()),
                None => format!("{} is {}", node.name, state.role.word()),
            }
        };
        let mut parts: Vec<_> = self.nodes().iter().map(one).collect();
        if parts.is_empty() {
            parts.push("no node is known".to_string());
        }
        parts.extend(self.source_trouble());
        parts.join("; ")
    }
}

/// Of those that say they take writes, the one on the highest timeline, and not one that came back; of equals the one of
/// before, or the one furthest ahead.
fn best(nodes: &[Arc<Node>], before: Option<&Arc<Node>>) -> Option<Arc<Node>> {
    let mut best: Option<(&Arc<Node>, (u64, bool), Option<Position>)> = None;
    for node in nodes {
        let state = node.state();
        if state.role != Role::Primary {
            continue;
        }
        let (rank, position) = ((state.timeline.unwrap_or(0), !state.deposed), state.position.clone());
        let (came_back, since) = (state.deposed, state.since);
        drop(state);
        if came_back && nodes.iter().any(|other| !Arc::ptr_eq(other, node) && other.is_unheard_since(since)) {
            continue;
        }
        let better = best.as_ref().is_none_or(|(held, other, reached)| {
            let further = match (reached, &position) {
                (Some(reached), Some(this)) => !this.is_covered_by(reached),
                _ => false,
            };
            let held_before = before.is_some_and(|before| Arc::ptr_eq(before, held));
            let chosen_before = before.is_some_and(|before| Arc::ptr_eq(before, node));
            rank > *other || rank == *other && (chosen_before || !held_before && further)
        });
        if better {
            best = Some((node, rank, position));
        }
    }
    best.map(|(node, ..)| node.clone())
}

/// Nothing is sent to those that take writes and are not the primary, and nobody waits for them.
fn tell_rivals(nodes: &[Arc<Node>], primary: Option<&Arc<Node>>) {
    for node in nodes.iter().filter(|node| node.role() == Role::Primary) {
        match primary {
            Some(primary) if Arc::ptr_eq(primary, node) => node.pool.vitals().end_alarm(),
            Some(_) => node.pool.vitals().raise_alarm(Alarm::Replaced),
            None => {}
        }
    }
}

/// Galera: of those that take writes as well, the first in the cluster's own order becomes primary.
fn deputy(nodes: &[Arc<Node>]) -> Option<Arc<Node>> {
    let place = |node: &&Arc<Node>| {
        let state = node.state();
        state.deputy.filter(|_| state.role == Role::Replica).map(|place| (place, Arc::as_ptr(node) as usize))
    };
    let chosen = nodes.iter().filter(|node| place(node).is_some()).min_by_key(|node| place(node))?;
    let mut state = chosen.state();
    (state.role, state.since) = (Role::Primary, Instant::now());
    Some(chosen.clone())
}
