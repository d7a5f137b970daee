//! `relata cluster status`: the nodes of a database as a client sees them.

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use relata_runtime::Db;
use relata_runtime::cluster::{NodeStatus, Role};
use relata_sql::{Error, Kind, Result};
use serde_json::{Value, json};

use super::health::seconds;
use crate::drivers::prepare;
use crate::output::Grid;
use crate::session::{Exit, Session};

/// Look at the nodes of a database that has several.
#[derive(Subcommand)]
pub enum Cluster {
    /// Show what each node is, how far behind, and whether it is used [exit 3 when one is down or cut off, or not exactly one takes writes]
    Status(Status),
}

/// Options of `relata cluster status`.
#[derive(Args)]
pub struct Status {
    /// Seconds until every node must have answered
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
}

impl Cluster {
    /// Runs the command.
    ///
    /// # Errors
    /// When the URL names no server.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        match self {
            Cluster::Status(status) => status.run(session).await,
        }
    }
}

/// How long is waited for what is not told at the first look: how far replicas are behind the primary.
const SECOND_LOOK: Duration = Duration::from_millis(1500);

/// Waits until every node has said what it is, and how far behind, or will not.
pub(super) async fn until_asked(db: &Db, limit: Duration) {
    let begun = Instant::now();
    loop {
        let nodes = db.nodes();
        let unknown = nodes.iter().any(|node| node.role == Role::Unknown);
        let followed = nodes.iter().any(|node| node.role == Role::Primary);
        let unmeasured = followed && nodes.iter().any(|node| node.role == Role::Replica && node.lag.is_none());
        let longest = match (unknown, unmeasured) {
            (true, _) => limit,
            (false, true) => limit.min(SECOND_LOOK),
            (false, false) => return,
        };
        if begun.elapsed() >= longest {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Status {
    async fn run(self, session: &Session) -> Result<Exit> {
        let url = session.url()?;
        if url.hosts.is_empty() {
            return Err(Error::new(Kind::Unsupported, format!("{url} is a file: it has no nodes"))
                .hint("name servers: postgres://user@one,two,three/database"));
        }
        let db = prepare(&url, self.timeout)?;
        until_asked(&db, self.timeout).await;
        // One server is not watched: it is asked here.
        let alone = db.nodes().len() == 1;
        let failed = if alone {
            db.health(self.timeout).await.status() > relata_runtime::health::HealthStatus::Degraded
        } else {
            false
        };
        let nodes = db.nodes();
        if session.output.json {
            session.output.result(&format!("{:#}", Value::Array(nodes.iter().map(json_of).collect())));
        } else {
            session.output.rows(&grid(&nodes));
        }
        let primary = nodes.iter().any(|node| node.role == Role::Primary);
        let down = nodes.iter().any(|node| matches!(node.role, Role::Down | Role::Unknown));
        let cut_off = nodes.iter().any(|node| node.receives == Some(false));
        let rival = nodes.iter().any(|node| node.role == Role::Primary && !node.in_rotation);
        Ok(if failed || down || cut_off || rival || !primary { Exit::Findings } else { Exit::Done })
    }
}

fn grid(nodes: &[NodeStatus]) -> Grid {
    let mut grid = Grid::new(&["node", "role", "seen for", "lag", "position", "timeline", "in rotation", "trouble"]);
    for node in nodes {
        grid.rows.push(vec![
            Some(node.name.clone()),
            Some(node.role.word().to_string()),
            Some(format!("{:.1} s", node.since.as_secs_f64())),
            node.lag.map(|lag| format!("{} ms", lag.as_millis())),
            node.position.as_ref().map(ToString::to_string),
            node.timeline.map(|timeline| timeline.to_string()),
            Some(if node.in_rotation { "yes" } else { "no" }.to_string()),
            node.trouble.clone(),
        ]);
    }
    grid
}

fn json_of(node: &NodeStatus) -> Value {
    json!({
        "node": node.name,
        "role": node.role.word(),
        "since_ms": u64::try_from(node.since.as_millis()).unwrap_or(u64::MAX),
        "lag_ms": node.lag.map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX)),
        "receives": node.receives,
        "position": node.position.as_ref().map(ToString::to_string),
        "timeline": node.timeline,
        "in_rotation": node.in_rotation,
        "breaker": node.breaker.word(),
        "trouble": node.trouble,
    })
}
