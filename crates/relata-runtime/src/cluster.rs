//! The nodes of one database: which of them takes writes, which may be read, and how far each has come.
//!
//! A [`watcher`] per node asks it again and again, on a connection of its own and under a deadline, what it is. With one
//! node there is no watcher, and it is taken for the primary.
//!
//! States of a node: *unknown* → *primary* or *replica* as it says itself → *down* when it does not answer twice, or at once
//! when nobody listens. What comes back after having gone up and down must answer well several times before it is read.
//!
//! Invariants
//! - Of several that take writes, the one on the highest timeline counts, then the one furthest ahead.
//! - A node that stops being primary, or goes down, closes its connections; statements under way there end at once.
//! - Reads never fail for lack of a replica as long as there is a primary.

mod probe;
mod route;
mod watcher;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_sql::{DatabaseUrl, Driver};
use tokio::sync::{Notify, watch};

pub(crate) use probe::{Texts, token as token_of, wait_for as reached};
pub use route::Reads;

use crate::observe::BreakerState;
use crate::pool::Pool;
use crate::secret::Login;
use crate::token::{Position, Token};

/// What a node is, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It has not been asked yet.
    Unknown,
    /// It takes writes.
    Primary,
    /// It follows a primary.
    Replica,
    /// It does not answer.
    Down,
}

impl Role {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Unknown => "unknown",
            Role::Primary => "primary",
            Role::Replica => "replica",
            Role::Down => "down",
        }
    }
}

/// How a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// `host:port`.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// For how long it has been that.
    pub since: Duration,
    /// How far a replica is behind; `None`: not known.
    pub lag: Option<Duration>,
    /// How far it has come.
    pub position: Option<Token>,
    /// PostgreSQL: how often the history was forked by a promotion.
    pub timeline: Option<u64>,
    /// Moving average of the time of a statement.
    pub latency: Duration,
    /// The state of its breaker.
    pub breaker: BreakerState,
    /// Reads may go there.
    pub in_rotation: bool,
    /// The last thing that went wrong.
    pub trouble: Option<String>,
}

/// One server.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) url: DatabaseUrl,
    pub(crate) pool: Arc<Pool>,
    state: Mutex<State>,
    /// What reads ask for on each statement, without the lock.
    readable: AtomicBool,
    look_now: Notify,
}

struct State {
    role: Role,
    since: Instant,
    lag: Option<Duration>,
    position: Option<Position>,
    timeline: Option<u64>,
    trouble: Option<String>,
    /// Probes in a row that failed.
    failures: u32,
    /// Good probes in a row that it still owes before it is read again.
    owes: u32,
    /// How often it went down lately.
    falls: u32,
    last_fall: Option<Instant>,
}

impl Node {
    fn new(url: DatabaseUrl, pool: Arc<Pool>) -> Self {
        let state = State {
            role: Role::Unknown,
            since: Instant::now(),
            lag: None,
            position: None,
            timeline: None,
            trouble: None,
            failures: 0,
            owes: 0,
            falls: 0,
            last_fall: None,
        };
        let name = pool.vitals().node.clone();
        Node { name, url, pool, state: Mutex::new(state), readable: AtomicBool::new(false), look_now: Notify::new() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn role(&self) -> Role {
        self.state().role
    }

    /// It is known to have come so far.
    pub(crate) fn has_reached(&self, wanted: &Position) -> bool {
        self.state().position.as_ref().is_some_and(|position| wanted.is_covered_by(position))
    }

    /// It was seen to have come so far.
    pub(crate) fn note_position(&self, reached: Position) {
        let mut state = self.state();
        if state.position.as_ref().is_none_or(|position| position.is_covered_by(&reached)) {
            state.position = Some(reached);
        }
    }

    pub(crate) fn status(&self) -> NodeStatus {
        let (breaker, _, reason) = self.pool.vitals().breaker.state(Instant::now());
        let state = self.state();
        NodeStatus {
            name: self.name.clone(),
            role: state.role,
            since: state.since.elapsed(),
            lag: state.lag,
            position: state.position.clone().map(Token),
            timeline: state.timeline,
            latency: self.pool.vitals().latency(),
            breaker,
            in_rotation: state.role == Role::Primary || self.readable.load(Ordering::Relaxed),
            trouble: state.trouble.clone().or_else(|| Some(reason).filter(|reason| !reason.is_empty())),
        }
    }
}

/// The nodes.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Arc<Node>>,
    /// Place of the primary among the nodes; `usize::MAX`: there is none.
    primary: AtomicU64,
    /// Moves whenever a role does.
    changed: watch::Sender<u64>,
    /// Where the primary was, and when: from this the lag of replicas is read.
    history: Mutex<VecDeque<(Instant, Position)>>,
}

const NONE: u64 = u64::MAX;

impl Cluster {
    /// One node for each host of a URL.
    pub(crate) fn new(nodes: Vec<(DatabaseUrl, Arc<Pool>)>) -> Arc<Self> {
        let single = nodes.len() == 1;
        let nodes: Vec<_> = nodes.into_iter().map(|(url, pool)| Arc::new(Node::new(url, pool))).collect();
        if single {
            nodes[0].state().role = Role::Primary;
        }
        Arc::new(Cluster {
            nodes,
            primary: AtomicU64::new(if single { 0 } else { NONE }),
            changed: watch::Sender::new(0),
            history: Mutex::default(),
        })
    }

    pub(crate) fn is_single(&self) -> bool {
        self.nodes.len() == 1
    }

    /// Begins to watch, if there is anything to choose from.
    pub(crate) fn watch(self: &Arc<Self>, driver: &Arc<dyn Driver>, login: &Arc<Login>) {
        if !self.is_single() {
            watcher::start(self, driver, login);
        }
    }

    pub(crate) fn primary(&self) -> Option<&Arc<Node>> {
        let place = self.primary.load(Ordering::Acquire);
        usize::try_from(place).ok().and_then(|place| self.nodes.get(place))
    }

    /// Something went wrong that may mean another topology: everybody is asked now.
    pub(crate) fn look_now(&self) {
        self.nodes.iter().for_each(|node| node.look_now.notify_one());
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

    /// For how long a node that is at `position` has been behind: since the primary was last known to be no further.
    fn lag(&self, now: Instant, position: &Position) -> Option<Duration> {
        let history = self.history();
        let (_, newest) = history.back()?;
        if newest.is_covered_by(position) {
            return Some(Duration::ZERO);
        }
        let caught_up = history.iter().rev().find(|(_, then)| then.is_covered_by(position));
        let since = caught_up.or(history.front()).map(|(then, _)| *then)?;
        Some(now.saturating_duration_since(since))
    }

    /// Decides anew which node takes writes.
    fn elect(&self) {
        let standing = |node: &Arc<Node>| {
            let state = node.state();
            (state.role == Role::Primary).then(|| (state.timeline.unwrap_or(0), state.position.clone()))
        };
        let before = self.primary.load(Ordering::Acquire);
        let mut best: Option<(usize, (u64, Option<Position>))> = None;
        for (place, node) in self.nodes.iter().enumerate() {
            let Some(candidate) = standing(node) else { continue };
            let better = best.as_ref().is_none_or(|(held, other)| {
                let further = match (&other.1, &candidate.1) {
                    (Some(other), Some(this)) => !this.is_covered_by(other),
                    _ => false,
                };
                candidate.0 > other.0 || candidate.0 == other.0 && *held as u64 != before && further
            });
            if better {
                best = Some((place, candidate));
            }
        }
        let place = best.map_or(NONE, |(place, _)| place as u64);
        if self.primary.swap(place, Ordering::AcqRel) != place {
            self.history().clear();
            if let Some(old) = usize::try_from(before).ok().and_then(|place| self.nodes.get(place)) {
                old.pool.retire();
            }
            let name = self.primary().map_or("none", |node| node.name.as_str());
            tracing::info!(target: "relata::cluster", primary = name, "the primary has changed");
            self.changed.send_modify(|count| *count += 1);
        }
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
        self.nodes.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}
