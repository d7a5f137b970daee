//! What a [`Db`] can tell of itself without asking the database.

use std::time::{Duration, Instant};

use super::Db;
use crate::breaker::BreakerState;
use crate::cluster::{Cluster, Role};
use crate::metrics::{Closed, HistogramValue, Text};
use crate::observe::{RepeatedLookup, SlowStatement, StatementValue};
use crate::pool::{Pool, PoolStatus};
use crate::transaction::doubt::Fate;

impl Db {
    /// How its pools are: the one that writes, then those that read, by node.
    pub fn pool_status(&self) -> Vec<PoolStatus> {
        self.pools().iter().map(|pool| pool.status()).collect()
    }

    /// Statements by fingerprint, those that took longest altogether first.
    pub fn statements(&self) -> Vec<StatementValue> {
        self.observer().statements.values()
    }

    /// Statements that take longer than this are remembered ([`Db::slow_statements`]) and told as `tracing` events of the
    /// target `relata::slow`.
    pub fn log_slow(&self, limit: Duration) {
        self.observer().slow.set_limit(limit);
    }

    /// Whether the plan of a slow statement is asked for right after it (`EXPLAIN`, at most once a minute for each text) and
    /// kept with it. The statement is not run again. Not inside a transaction of PostgreSQL.
    pub fn log_slow_plans(&self, wanted: bool) {
        self.observer().slow.set_plans(wanted);
    }

    /// The last hundred slow statements, the newest last.
    pub fn slow_statements(&self) -> Vec<SlowStatement> {
        self.observer().slow.values()
    }

    /// Look-ups that one task made again and again from one line of the source within a second: the N+1 pattern, each line
    /// once. Also told as `tracing` events of the target `relata::repeated`. On in debug builds, from the tenth on.
    pub fn repeated_lookups(&self) -> Vec<RepeatedLookup> {
        self.observer().lookups.told()
    }

    /// From how many on repeated look-ups are told; 0: nobody looks.
    pub fn tell_repeated_lookups(&self, times: u32) {
        self.observer().lookups.set_limit(times, None);
    }

    /// As [`Db::tell_repeated_lookups`], where they are made within so long; else it is a second.
    pub fn tell_repeated_lookups_within(&self, times: u32, within: std::time::Duration) {
        self.observer().lookups.set_limit(times, Some(within));
    }

    /// All numbers in Prometheus' text format.
    pub fn metrics(&self) -> String {
        let mut text = Text::default();
        let pools = self.pools();
        let pools: Vec<_> = pools.iter().map(|pool| (pool, self.role_of(pool))).collect();
        gauges(&mut text, &pools);
        counters(&mut text, &pools);
        histograms(&mut text, &pools);
        breakers(&mut text, &pools);
        if let Some(cluster) = self.cluster() {
            topology(&mut text, cluster);
        }
        for (kind, count) in self.observer().errors.values() {
            let labels = [("kind", format!("{kind:?}")), ("code", kind.code().to_string())];
            let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            text.counter("relata_errors_total", "Errors by kind", &labels, count);
        }
        for fate in Fate::ALL {
            let count = self.observer().doubts[fate as usize].value();
            let help = "Commits whose answer was lost, by what was found to have become of them";
            text.counter("relata_commits_in_doubt_total", help, &[("outcome", fate.word())], count);
        }
        text.counter("relata_retries_total", "Attempts after the first", &[], self.inner.budget.spent());
        for statement in self.statements() {
            let number = format!("{:016x}", statement.fingerprint);
            let labels = [("fingerprint", number.as_str()), ("statement", statement.text.as_str())];
            text.histogram("relata_statement_seconds", "Time of statements", &labels, &statement.time);
        }
        for statement in self.statements().iter().filter(|statement| statement.errors > 0) {
            let number = format!("{:016x}", statement.fingerprint);
            let labels = [("fingerprint", number.as_str())];
            text.counter("relata_statement_errors_total", "Statements that failed", &labels, statement.errors);
        }
        text.finish()
    }
}

type Pools<'a> = [(&'a std::sync::Arc<Pool>, &'static str)];

fn gauges(text: &mut Text, pools: &Pools<'_>) {
    let values: [(&str, &str, fn(&PoolStatus) -> f64); 4] = [
        ("relata_pool_max", "The most connections", |status| f64::from(status.max)),
        ("relata_pool_in_use", "Connections that are borrowed", |status| f64::from(status.in_use)),
        ("relata_pool_idle", "Connections that are spare", |status| f64::from(status.idle)),
        ("relata_pool_waiting", "Tasks that wait for a connection", |status| f64::from(status.waiting)),
    ];
    for (name, help, value) in values {
        for (pool, role) in pools {
            let labels = [("node", pool.vitals().node.as_str()), ("pool", role)];
            text.gauge(name, help, &labels, value(&pool.status()));
        }
    }
    for (pool, role) in pools {
        let labels = [("node", pool.vitals().node.as_str()), ("pool", role)];
        let latency = pool.vitals().latency().as_secs_f64();
        text.gauge("relata_node_latency_seconds", "Moving average of statements' time", &labels, latency);
    }
}

fn counters(text: &mut Text, pools: &Pools<'_>) {
    type Value = fn(&Pool) -> u64;
    let values: [(&str, &str, Value); 4] = [
        ("relata_pool_timeouts_total", "Tasks that waited in vain", |pool| pool.vitals().metrics.timeouts.value()),
        ("relata_pool_shed_total", "Tasks that were refused at once", |pool| pool.vitals().metrics.shed.value()),
        ("relata_pool_leaks_total", "Connections borrowed for too long", |pool| pool.vitals().metrics.leaks.value()),
        ("relata_connect_errors_total", "Failed connects", |pool| pool.vitals().metrics.connect_errors.value()),
    ];
    for (name, help, value) in values {
        for (pool, role) in pools {
            text.counter(name, help, &[("node", &pool.vitals().node), ("pool", role)], value(pool));
        }
    }
    for (pool, role) in pools {
        for why in Closed::ALL {
            let labels = [("node", pool.vitals().node.as_str()), ("pool", role), ("reason", why.word())];
            let count = pool.vitals().metrics.closed[why as usize].value();
            text.counter("relata_pool_closed_total", "Connections that were closed", &labels, count);
        }
    }
}

fn histograms(text: &mut Text, pools: &Pools<'_>) {
    type Value = fn(&Pool) -> HistogramValue;
    let values: [(&str, &str, Value); 4] = [
        ("relata_pool_wait_seconds", "Waiting of those who had to wait", |pool| pool.vitals().metrics.wait.value()),
        ("relata_pool_held_seconds", "How long connections were held", |pool| pool.vitals().metrics.held.value()),
        ("relata_pool_lifetime_seconds", "How old connections became", |pool| pool.vitals().metrics.lifetime.value()),
        ("relata_connect_seconds", "Time of connecting", |pool| pool.vitals().metrics.connect.value()),
    ];
    for (name, help, value) in values {
        for (pool, role) in pools {
            let labels = [("node", pool.vitals().node.as_str()), ("pool", role)];
            text.histogram(name, help, &labels, &value(pool));
        }
    }
}

fn topology(text: &mut Text, cluster: &Cluster) {
    let nodes: Vec<_> = cluster.nodes().iter().map(|node| node.status()).collect();
    for node in &nodes {
        for role in [Role::Unknown, Role::Primary, Role::Replica, Role::Down] {
            let labels = [("node", node.name.as_str()), ("role", role.word())];
            let value = if node.role == role { 1.0 } else { 0.0 };
            text.gauge("relata_node_role", "1 for what the node is", &labels, value);
        }
    }
    for node in &nodes {
        let value = if node.in_rotation { 1.0 } else { 0.0 };
        text.gauge("relata_node_in_rotation", "1 where reads may go", &[("node", &node.name)], value);
    }
    for (node, lag) in nodes.iter().filter_map(|node| Some((node, node.lag?))) {
        let labels = [("node", node.name.as_str())];
        text.gauge("relata_node_lag_seconds", "How far a node is behind the primary", &labels, lag.as_secs_f64());
    }
    let failovers = cluster.failovers.value();
    text.counter("relata_primary_changes_total", "How often another node became primary", &[], failovers);
    let strangers = cluster.strangers.value();
    text.counter("relata_strangers_total", "Nodes refused as belonging to another database", &[], strangers);
    if cluster.only().is_none() {
        let value = if cluster.source_trouble().is_some() { 0.0 } else { 1.0 };
        text.gauge("relata_discovery_up", "0 while the source of nodes fails", &[], value);
    }
}

fn breakers(text: &mut Text, pools: &Pools<'_>) {
    for (pool, role) in pools {
        let (state, _, _) = pool.vitals().breaker.state(Instant::now());
        for one in [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen] {
            let labels = [("node", pool.vitals().node.as_str()), ("pool", role), ("state", one.word())];
            let value = if one == state { 1.0 } else { 0.0 };
            text.gauge("relata_breaker_state", "1 for the state that the breaker is in", &labels, value);
        }
    }
}
