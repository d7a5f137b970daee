//! Asking each node what it is, for as long as somebody has the cluster.
//!
//! One task per node, so that one that hangs does not keep the others from being seen; each holds the cluster weakly.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use relata_sql::driver::ConnectOptions;
use relata_sql::{Connection, Driver, Error, Kind, Result};

use super::node::State;
use super::origin::Origin;
use super::probe::{self, Answered};
use super::{Cluster, Node, Role};
use crate::observe::Alarm;
use crate::secret::Login;

/// Between two questions: when all is well, and while something is wrong.
const CALM: Duration = Duration::from_millis(500);
const ALERT: Duration = Duration::from_millis(50);

/// How long a node may take to answer. Two of these and a pause are how long a frozen one stays in rotation.
const LIMIT: Duration = Duration::from_millis(800);

/// A node that has been well for so long is forgiven its falls.
const FORGIVEN: Duration = Duration::from_secs(60);

/// The most good answers that a node that went up and down owes.
const MOST_OWED: u32 = 32;

struct Watcher {
    cluster: Weak<Cluster>,
    node: Arc<Node>,
    driver: Arc<dyn Driver>,
    login: Arc<Login>,
    connection: Option<Box<dyn Connection>>,
    /// Whose node it is, as it said when the connection was made.
    origin: Origin,
}

pub(super) fn start(cluster: &Arc<Cluster>, node: &Arc<Node>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    node.pool.vitals().guard();
    let (driver, login) = (cluster.maker.driver.clone(), cluster.maker.login.clone());
    let watcher = Watcher {
        cluster: Arc::downgrade(cluster),
        node: node.clone(),
        driver,
        login,
        connection: None,
        origin: Origin::default(),
    };
    runtime.spawn(watcher.run());
}

impl Watcher {
    async fn run(mut self) {
        loop {
            let begun = Instant::now();
            let result = tokio::time::timeout(LIMIT, self.ask()).await.unwrap_or_else(|_| Err(silent()));
            if result.is_err() {
                self.connection = None;
            }
            let Some(cluster) = self.cluster.upgrade() else { return };
            if self.node.gone.load(Ordering::Acquire) {
                return;
            }
            let well = result.is_ok();
            match result {
                Ok(answered) => match cluster.refusal(&self.node, &answered) {
                    None => cluster.answered(&self.node, answered),
                    Some(error) => cluster.failed(&self.node, &error, begun),
                },
                Err(error) => cluster.failed(&self.node, &error, begun),
            }
            let pause = if well && cluster.primary().is_some() { CALM } else { ALERT };
            drop(cluster);
            // Notified while it was asking: it asks again at once.
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.node.look_now.notified() => {}
                () = self.node.pool.vitals().suspicious() => {}
            }
        }
    }

    async fn ask(&mut self) -> Result<Answered> {
        if self.connection.is_none() {
            let options = ConnectOptions { connect_timeout: LIMIT, statement_cache: 8, ..ConnectOptions::default() };
            let url = self.login.url(&self.node.url).await?;
            let mut connection = self.driver.connect(&url, &options).await?;
            self.origin = probe::origin(&mut *connection).await;
            self.connection = Some(connection);
        }
        match &mut self.connection {
            Some(connection) => {
                let mut answered = probe::ask(&mut **connection).await?;
                if answered.origin.is_unknown() {
                    answered.origin = self.origin.clone();
                }
                Ok(answered)
            }
            None => Err(silent()),
        }
    }
}

fn silent() -> Error {
    Error::new(Kind::Timeout, format!("it did not answer within {LIMIT:?}"))
}

impl Cluster {
    /// A node has said what it is.
    fn answered(self: &Arc<Self>, node: &Node, answered: Answered) {
        let now = Instant::now();
        let elected = self.is_primary(node);
        // Of several that take writes as well as each other one is enough.
        let deputy = answered.deputy.is_some() && !elected && self.primary().is_some();
        let role = if answered.takes_writes && !deputy { Role::Primary } else { Role::Replica };
        if role == Role::Primary
            && elected
            && let Some(position) = &answered.position
        {
            self.note_primary(now, position);
        }
        let lag = match (&role, &answered.position) {
            (Role::Replica, Some(position)) => self.lag(now, position, answered.behind),
            (Role::Primary, _) => Some(Duration::ZERO),
            _ => None,
        };
        if role == Role::Replica {
            node.pool.vitals().end_alarm();
        }
        node.cannot_write.store(answered.cannot_write, Ordering::Release);
        let mut state = node.state();
        let before = state.role;
        state.failures = 0;
        state.trouble = None;
        state.lag = lag;
        state.receives = answered.receives;
        state.timeline = answered.timeline.or(state.timeline);
        state.deputy = answered.deputy;
        state.position = answered.position;
        state.owes = state.owes.saturating_sub(1);
        state.answered = Some(now);
        state.deposed &= role == Role::Primary;
        if state.last_fall.is_some_and(|fall| now - fall > FORGIVEN) {
            (state.falls, state.last_fall, state.deposed) = (0, None, false);
        }
        let came_back = state.deposed && before != role;
        let readable = state.owes == 0;
        if before != role {
            (state.role, state.since) = (role, now);
        }
        drop(state);
        node.readable.store(readable, Ordering::Relaxed);
        if before != role {
            tracing::info!(target: "relata::cluster", node = node.name, from = before.word(), to = role.word(), "a role has changed");
            if before == Role::Primary {
                node.pool.retire();
            }
            if matches!(before, Role::Down | Role::Unknown) {
                node.pool.vitals().breaker.succeeded();
            }
            if came_back {
                // Somebody may have been promoted who was not asked since.
                self.look_now();
            }
            self.elect();
            self.changed.send_modify(|count| *count += 1);
        } else if role == Role::Primary || self.primary().is_none() {
            self.elect();
        }
        self.told(&answered.members);
    }

    /// A node did not answer a question asked at `begun`. As long as it answers statements it is busy, not dead.
    fn failed(self: &Arc<Self>, node: &Node, error: &Error, begun: Instant) {
        let now = Instant::now();
        // One that has no place for the question may have places for statements.
        let busy = matches!(error.kind(), Kind::Timeout | Kind::Unavailable);
        if busy && node.pool.vitals().has_answered_since(begun) {
            return;
        }
        let mut state = node.state();
        state.failures += 1;
        state.trouble = Some(error.message().to_string());
        // A refused or broken connection says enough; silence may be one lost packet.
        let certain = error.kind() != Kind::Timeout || state.failures >= 2;
        if !certain || state.role == Role::Down {
            drop(state);
            return self.start_over();
        }
        let before = state.role;
        fall(&mut state, now);
        drop(state);
        node.readable.store(false, Ordering::Relaxed);
        tracing::warn!(target: "relata::cluster", node = node.name, from = before.word(), error = %error, "a node is down");
        node.pool.retire();
        node.pool.vitals().raise_alarm(Alarm::Down);
        self.elect();
        self.changed.send_modify(|count| *count += 1);
    }
}

/// It went down; the more often lately, the longer it must prove itself.
fn fall(state: &mut State, now: Instant) {
    state.deposed |= state.role == Role::Primary;
    (state.role, state.since) = (Role::Down, now);
    (state.lag, state.deputy) = (None, None);
    state.falls += 1;
    state.last_fall = Some(now);
    state.owes = (1 << state.falls.min(5)).min(MOST_OWED) - 1;
}
