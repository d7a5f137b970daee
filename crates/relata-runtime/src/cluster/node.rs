//! One server of several: what it says of itself, and what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_sql::DatabaseUrl;
use tokio::sync::Notify;

use super::origin::Origin;
use crate::observe::BreakerState;
use crate::pool::Pool;
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
    /// A replica: whether it receives and applies what its primary writes; `None`: the server does not tell.
    pub receives: Option<bool>,
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
    pub(super) readable: AtomicBool,
    /// The server itself refuses to write: a PostgreSQL in recovery.
    pub(super) cannot_write: AtomicBool,
    pub(super) look_now: Notify,
    /// Whoever knows where nodes are has not named it lately: nobody watches it any more.
    pub(super) gone: AtomicBool,
}

pub(super) struct State {
    pub(super) role: Role,
    pub(super) since: Instant,
    pub(super) lag: Option<Duration>,
    pub(super) receives: Option<bool>,
    pub(super) position: Option<Position>,
    pub(super) timeline: Option<u64>,
    pub(super) trouble: Option<String>,
    /// Galera: it would take writes as well as the primary does; the lower, the sooner.
    pub(super) deputy: Option<u64>,
    /// Probes in a row that failed.
    pub(super) failures: u32,
    /// Good probes in a row that it still owes before it is read again.
    pub(super) owes: u32,
    /// How often it went down lately.
    pub(super) falls: u32,
    pub(super) last_fall: Option<Instant>,
    /// Whose it says it is, and that it was once seen to be one of ours.
    pub(super) origin: Origin,
    pub(super) ours: bool,
    /// Answers in a row of the source of nodes that left it out.
    pub(super) unnamed: u32,
    /// It took writes when it last went down, lately: another may have been promoted meanwhile.
    pub(super) deposed: bool,
    /// When it last answered.
    pub(super) answered: Option<Instant>,
}

impl Node {
    pub(super) fn new(url: DatabaseUrl, pool: Arc<Pool>) -> Self {
        let state = State {
            role: Role::Unknown,
            since: Instant::now(),
            lag: None,
            receives: None,
            position: None,
            timeline: None,
            trouble: None,
            deputy: None,
            failures: 0,
            owes: 0,
            falls: 0,
            last_fall: None,
            origin: Origin::default(),
            ours: false,
            unnamed: 0,
            deposed: false,
            answered: None,
        };
        let name = pool.vitals().node.clone();
        Node {
            name,
            url,
            pool,
            state: Mutex::new(state),
            readable: AtomicBool::new(false),
            cannot_write: AtomicBool::new(false),
            look_now: Notify::new(),
            gone: AtomicBool::new(false),
        }
    }

    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn role(&self) -> Role {
        self.state().role
    }

    /// It answers questions, but has answered none since then.
    pub(super) fn is_unheard_since(&self, then: Instant) -> bool {
        let state = self.state();
        matches!(state.role, Role::Primary | Role::Replica) && state.answered.is_none_or(|at| at < then)
    }

    /// Whatever ran there has written nothing.
    pub(crate) fn cannot_write(&self) -> bool {
        self.cannot_write.load(Ordering::Acquire)
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
        let vitals = self.pool.vitals();
        let (breaker, _, mut reason) = vitals.breaker.state(Instant::now());
        if vitals.is_replaced() {
            reason = "it takes writes, and so does the primary: nothing is sent here".to_string();
        }
        let state = self.state();
        if state.role == Role::Replica && state.receives == Some(false) {
            reason = "it receives nothing from its primary".to_string();
        }
        NodeStatus {
            name: self.name.clone(),
            role: state.role,
            since: state.since.elapsed(),
            lag: state.lag,
            receives: state.receives,
            position: state.position.clone().map(Token),
            timeline: state.timeline,
            latency: vitals.latency(),
            breaker,
            in_rotation: match state.role {
                Role::Primary => !vitals.is_down(),
                _ => self.readable.load(Ordering::Relaxed),
            },
            trouble: state.trouble.clone().or_else(|| Some(reason).filter(|reason| !reason.is_empty())),
        }
    }
}
