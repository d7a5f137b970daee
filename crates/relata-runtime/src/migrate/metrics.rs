//! What migrations did, as metrics: counted from [`Event`]s, read as Prometheus' text.
//!
//! A deployment's migration is over before anybody could scrape it. So a program adds [`Metrics::text`] to what it serves
//! itself, or leaves it in a file that a collector reads (node_exporter's textfile collector): `relata migrate apply
//! --metrics FILE` does.
//!
//! Invariants
//! - Names and texts of statements are never labels: there would be a series for each, and they may hold values.
//!
//! It deliberately keeps nothing between runs; the history of them is the trail ([`super::trail`]).

use std::time::Duration;

use relata_sql::Result;

use super::{Direction, Event};
use crate::metrics::{Histogram, Text};

/// Counts what it is told.
///
/// ```
/// use relata_runtime::migrate::{Event, Metrics};
///
/// let mut metrics = Metrics::default();
/// // An observer of a runner that counts, whatever else it does.
/// let observer = &mut |event: Event<'_>| metrics.hear(&event);
/// observer(Event::NothingToUndo { position: 1, sql: "DROP TABLE a" });
/// assert!(metrics.text().contains("relata_migration_statements_found_done_total 1"));
/// ```
#[derive(Default)]
pub struct Metrics {
    up: u64,
    down: u64,
    repeated: u64,
    failed: u64,
    resumed: u64,
    found_done: u64,
    retries: u64,
    waits: u64,
    rows: u64,
    backups: u64,
    migrations: Histogram,
    statements: Histogram,
    ended: Option<f64>,
}

impl Metrics {
    /// Counts one event.
    pub fn hear(&mut self, event: &Event<'_>) {
        match event {
            Event::Waiting { .. } => self.waits += 1,
            Event::Begin { resumed, .. } => self.resumed += u64::from(*resumed > 0),
            Event::Statement { .. } | Event::PutBack { .. } => {}
            Event::Retrying { .. } => self.retries += 1,
            Event::Ran { duration, rows, .. } => {
                self.statements.record(*duration);
                self.rows += rows.unwrap_or(0);
            }
            Event::NothingToUndo { .. } | Event::FoundDone { .. } => self.found_done += 1,
            Event::Repeated { duration, .. } => self.repeat(*duration),
            Event::Kept { .. } | Event::BackedUp { .. } => self.backups += 1,
            Event::Finished { direction, duration, .. } => {
                match direction {
                    Direction::Up => self.up += 1,
                    Direction::Down => self.down += 1,
                }
                self.migrations.record(*duration);
            }
        }
    }

    fn repeat(&mut self, duration: Duration) {
        self.repeated += 1;
        self.migrations.record(duration);
    }

    /// The run is over, well or not.
    pub fn end<T>(&mut self, result: &Result<T>) {
        self.failed += u64::from(result.is_err());
        self.ended = Some(crate::now().as_millisecond() as f64 / 1000.0);
    }

    /// As Prometheus' text format has it: counters of this run, durations in seconds.
    pub fn text(&self) -> String {
        let mut text = Text::default();
        let name = "relata_migrations_total";
        for (direction, count) in [("up", self.up), ("down", self.down), ("repeated", self.repeated)] {
            text.counter(name, "Migrations and repeatable scripts that were run", &[("direction", direction)], count);
        }
        for (name, help, count) in [
            ("relata_migration_failures_total", "Runs that ended in an error", self.failed),
            ("relata_migrations_resumed_total", "Migrations that went on where a run was cut off", self.resumed),
            ("relata_migration_statements_found_done_total", "Statements that were done already", self.found_done),
            ("relata_migration_lock_retries_total", "Statements tried again after somebody's lock", self.retries),
            ("relata_migration_runner_waits_total", "Waits for another runner", self.waits),
            ("relata_migration_rows_total", "Rows that statements changed", self.rows),
            ("relata_migration_backups_total", "Tables and databases copied before they were changed", self.backups),
        ] {
            text.counter(name, help, &[], count);
        }
        text.histogram("relata_migration_seconds", "Durations of migrations", &[], &self.migrations.value());
        let statements = self.statements.value();
        text.histogram("relata_migration_statement_seconds", "Durations of their statements", &[], &statements);
        if let Some(ended) = self.ended {
            let help = "When the last run ended, in seconds since 1970";
            text.gauge("relata_migration_run_end_timestamp_seconds", help, &[], ended);
        }
        text.finish()
    }
}
