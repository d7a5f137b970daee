//! How every part is, in one call: [`crate::Db::health`].
//!
//! Invariants
//! - It ends within its deadline, whatever hangs; what did not answer in time is said to be so.
//! - Each part says its status, why, since when this process has seen it so, and what to do.
//! - It changes nothing. SQLite: whether writes get in is tried by taking the write lock and giving it back.

mod probes;
mod storage;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::breaker::BreakerState;
use crate::cluster::{NodeStatus, Role};
use crate::db::Db;
use crate::migrate::Migration;
use storage::Backups;

/// A replica that is behind by more is worth a word.
const LATE: Duration = Duration::from_secs(30);

/// How old the newest backup may be when nobody says: a day and what making it takes.
pub const BACKUPS_MAX_AGE: Duration = Duration::from_secs(26 * 3600);

/// How a part is, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// All is well.
    Healthy,
    /// It serves, and something wants attention.
    Degraded,
    /// It does not serve as it should.
    Unhealthy,
    /// It does not answer.
    Unreachable,
}

impl HealthStatus {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            HealthStatus::Healthy => "healthy",
            HealthStatus::Degraded => "degraded",
            HealthStatus::Unhealthy => "unhealthy",
            HealthStatus::Unreachable => "unreachable",
        }
    }
}

/// How one part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name: `connection`, `writes`, `pool db:5432`, …
    pub name: String,
    /// How it is.
    pub status: HealthStatus,
    /// Why, in a sentence.
    pub reason: String,
    /// Since when this process has seen it so.
    pub since: Timestamp,
    /// What to do.
    pub advice: Option<String>,
}

/// How everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Every part.
    pub parts: Vec<Part>,
    /// How long looking took.
    pub took: Duration,
}

impl Health {
    /// The worst of the parts.
    pub fn status(&self) -> HealthStatus {
        self.parts.iter().map(|part| part.status).max().unwrap_or(HealthStatus::Healthy)
    }

    /// As JSON: `{"status", "took_ms", "parts": [{"name", "status", "reason", "since", "advice"}]}`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let health = db.health(std::time::Duration::from_secs(2)).await;
    /// assert_eq!(health.json()["status"], "healthy");
    /// # Ok(())
    /// # }
    /// ```
    pub fn json(&self) -> Value {
        let part = |part: &Part| {
            json!({
                "name": part.name,
                "status": part.status.word(),
                "reason": part.reason,
                "since": part.since.to_string(),
                "advice": part.advice,
            })
        };
        json!({
            "status": self.status().word(),
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            "parts": self.parts.iter().map(part).collect::<Vec<_>>(),
        })
    }
}

/// A part before it is known since when.
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) status: HealthStatus,
    pub(crate) reason: String,
    pub(crate) advice: Option<&'static str>,
}

impl Finding {
    pub(crate) fn new(name: impl Into<String>, status: HealthStatus, reason: impl Into<String>) -> Self {
        Finding { name: name.into(), status, reason: reason.into(), advice: None }
    }

    pub(crate) fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }
}

/// Since when each part has been as it is.
#[derive(Default)]
pub(crate) struct Memory {
    parts: Mutex<HashMap<String, (HealthStatus, Timestamp)>>,
    /// What is wrong with the configuration that should hold.
    configuration: Mutex<Option<String>>,
    /// Migrations that should be applied.
    migrations: Mutex<Option<Arc<[Migration]>>>,
    /// Backups that should be there.
    backups: Mutex<Option<Backups>>,
}

impl Memory {
    pub(crate) fn note_configuration(&self, wrong: Option<String>) {
        *self.configuration.lock().unwrap_or_else(PoisonError::into_inner) = wrong;
    }

    fn migrations(&self) -> Option<Arc<[Migration]>> {
        self.migrations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn configuration(&self) -> Option<Finding> {
        let wrong = self.configuration.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let finding = Finding::new("configuration", HealthStatus::Degraded, wrong);
        Some(finding.advise("mend the file; until then the settings of before hold"))
    }

    fn remember(&self, finding: Finding) -> Part {
        let mut known = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(finding.name.clone()).or_insert_with(|| (finding.status, crate::now()));
        if entry.0 != finding.status {
            *entry = (finding.status, crate::now());
        }
        let advice = finding.advice.map(str::to_string);
        Part { name: finding.name, status: finding.status, reason: finding.reason, since: entry.1, advice }
    }
}

impl Db {
    /// These migrations belong to the program: [`Db::health`] says whether they are applied.
    pub fn expect_migrations(&self, migrations: Vec<Migration>) {
        *self.memory().migrations.lock().unwrap_or_else(PoisonError::into_inner) = Some(migrations.into());
    }

    /// Backups are made into this folder, a file or a folder each: [`Db::health`] says when the newest is older than this.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use std::time::Duration;
    /// db.expect_backups("no/such/folder", Duration::from_secs(24 * 3600));
    /// let health = db.health(Duration::from_secs(2)).await;
    /// assert_ne!(health.status().word(), "healthy");
    /// # Ok(())
    /// # }
    /// ```
    pub fn expect_backups(&self, folder: impl Into<PathBuf>, oldest: Duration) {
        let backups = Backups { folder: folder.into(), oldest };
        *self.memory().backups.lock().unwrap_or_else(PoisonError::into_inner) = Some(backups);
    }

    /// How every part is: connection, writes, server, disk, migrations, backups, pools, breakers, nodes. Ends within `limit`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::health::HealthStatus;
    /// let health = db.health(std::time::Duration::from_secs(2)).await;
    /// assert_eq!(health.status(), HealthStatus::Healthy);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn health(&self, limit: Duration) -> Health {
        let begun = Instant::now();
        let backups = self.memory().backups.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let backups = async {
            match backups {
                Some(backups) => Some(storage::backups(backups, limit).await),
                None => None,
            }
        };
        let hurried = self.within(limit);
        let (mut findings, backups) = tokio::join!(probes::server(&hurried), backups);
        findings.extend(backups);
        findings.extend(pools(self));
        findings.extend(nodes(self));
        findings.extend(self.memory().configuration());
        let parts = findings.into_iter().map(|finding| self.memory().remember(finding)).collect();
        Health { parts, took: begun.elapsed() }
    }
}

fn pools(db: &Db) -> Vec<Finding> {
    let mut findings = Vec::new();
    let now = Instant::now();
    for pool in db.pools() {
        let (status, vitals) = (pool.status(), pool.vitals());
        let role = db.role_of(&pool);
        let name = if role == "all" { format!("pool {}", vitals.node) } else { format!("pool {role} {}", vitals.node) };
        let numbers =
            format!("{} of {} in use, {} idle, {} waiting", status.in_use, status.max, status.idle, status.waiting);
        let leaks = vitals.metrics.leaks.value();
        let finding = if status.suspended {
            Finding::new(name, HealthStatus::Unhealthy, "it is suspended").advise("Db::resume goes on")
        } else if status.waiting > 0 && status.in_use >= status.max {
            Finding::new(name, HealthStatus::Degraded, numbers)
                .advise("finish streams and transactions sooner, or raise max_connections")
        } else if status.loans.iter().any(|loan| loan.held > pool.leak_limit()) {
            let reason = format!("{numbers}; {leaks} connections were borrowed for too long");
            Finding::new(name, HealthStatus::Degraded, reason)
                .advise("PoolStatus::loans names the places: is a transaction or stream never finished?")
        } else {
            Finding::new(name, HealthStatus::Healthy, numbers)
        };
        findings.push(finding);
        match vitals.breaker.state(now) {
            (BreakerState::Closed, ..) => {}
            (state, since, reason) => {
                let since = since.map_or(0.0, |since| (now - since).as_secs_f64());
                let reason = format!("{} for {since:.1} s: {reason}", state.word());
                let name = format!("breaker {}", vitals.node);
                findings.push(
                    Finding::new(name, HealthStatus::Unhealthy, reason)
                        .advise("it closes by itself with the first success"),
                );
            }
        }
    }
    findings
}

fn nodes(db: &Db) -> Vec<Finding> {
    let Some(cluster) = db.cluster().filter(|cluster| cluster.only().is_none()) else { return Vec::new() };
    let nodes = db.nodes();
    let mut findings: Vec<_> = nodes.iter().map(node).collect();
    if let Some(trouble) = cluster.source_trouble() {
        let finding = Finding::new("discovery", HealthStatus::Degraded, trouble);
        findings.push(finding.advise("until it answers again, the nodes of before are used"));
    }
    if !nodes.iter().any(|node| node.role == Role::Primary) {
        let finding = Finding::new("primary", HealthStatus::Unhealthy, "no node takes writes");
        findings.push(finding.advise("promote a replica, or bring the primary back"));
    }
    findings
}

fn node(node: &NodeStatus) -> Finding {
    let name = format!("node {}", node.name);
    let since = node.since.as_secs();
    match node.role {
        Role::Down => {
            let why = node.trouble.as_deref().unwrap_or("it does not answer");
            Finding::new(name, HealthStatus::Degraded, format!("down for {since} s: {why}"))
                .advise("see why, or take it out of the URL")
        }
        Role::Unknown => Finding::new(name, HealthStatus::Degraded, "not asked yet"),
        Role::Primary if node.in_rotation => {
            Finding::new(name, HealthStatus::Healthy, format!("primary for {since} s"))
        }
        Role::Primary => {
            let why = node.trouble.as_deref().unwrap_or("it came back as a primary, and the others are asked first");
            Finding::new(name, HealthStatus::Unhealthy, format!("a second primary for {since} s: {why}"))
                .advise("stop it, or have it follow the primary: what others write there is lost")
        }
        Role::Replica if node.receives == Some(false) => {
            let behind = node.lag.map(|lag| format!(", {} s behind", lag.as_secs())).unwrap_or_default();
            Finding::new(name, HealthStatus::Degraded, format!("replica{behind}, receives nothing from its primary"))
                .advise("start the replication, and see that the primary can be reached from there")
        }
        Role::Replica => match node.lag {
            Some(lag) if lag > LATE => {
                let reason = format!("replica, {} s behind", lag.as_secs());
                Finding::new(name, HealthStatus::Degraded, reason)
                    .advise("is it overloaded, or held up by a long query?")
            }
            Some(lag) => Finding::new(name, HealthStatus::Healthy, format!("replica, {} ms behind", lag.as_millis())),
            None => Finding::new(name, HealthStatus::Healthy, "replica; how far behind is not known"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides_and_each_knows_since_when() {
        let memory = Memory::default();
        let finding = |status| Finding::new("writes", status, "because");
        let first = memory.remember(finding(HealthStatus::Healthy));
        let second = memory.remember(finding(HealthStatus::Healthy));
        assert_eq!(first.since, second.since);
        let third = memory.remember(finding(HealthStatus::Unhealthy));
        assert!(third.since >= second.since);
        let health = Health { parts: vec![first, third], took: Duration::ZERO };
        assert_eq!(health.status(), HealthStatus::Unhealthy);
        assert_eq!(health.json()["status"], "unhealthy");
    }
}
