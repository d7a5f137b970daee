//! Counters and histograms of one [`crate::Db`], and their text for Prometheus.
//!
//! Invariants
//! - Counting a statement takes no lock and no locked addition; nothing is allocated for one that was seen before.
//! - No parameter is ever kept: statements are known by their text with `?` for each literal.
//!
//! It deliberately has no registry for others' metrics and no exporter of its own: an application serves
//! [`crate::Db::metrics`] where it likes.

mod fingerprint;
mod histogram;
mod statements;
mod text;
mod total;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relata_sql::{Error, Kind};

pub use fingerprint::{fingerprint, normalized};
pub use histogram::HistogramValue;
pub(crate) use histogram::{Folded, Histogram, Tally};
pub use statements::StatementValue;
pub(crate) use statements::{Known, Statements};
pub(crate) use text::Text;
pub(crate) use total::{Part, Total};

/// A counter.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Errors by kind.
pub(crate) struct Errors([Counter; Kind::ALL.len()]);

impl Default for Errors {
    fn default() -> Self {
        Errors(std::array::from_fn(|_| Counter::default()))
    }
}

impl Errors {
    pub(crate) fn count(&self, error: &Error) {
        let place = Kind::ALL.iter().position(|kind| *kind == error.kind());
        if let Some(counter) = place.and_then(|place| self.0.get(place)) {
            counter.add(1);
        }
    }

    /// Those that happened.
    pub(crate) fn values(&self) -> Vec<(Kind, u64)> {
        let pairs = Kind::ALL.iter().zip(&self.0).map(|(kind, counter)| (*kind, counter.value()));
        pairs.filter(|(_, count)| *count > 0).collect()
    }
}

/// What happened to the connections of one pool.
#[derive(Default)]
pub(crate) struct PoolMetrics {
    /// How long those waited who had to wait.
    pub(crate) wait: Histogram,
    /// How long connections were held.
    pub(crate) held: Arc<Folded>,
    /// How old connections became.
    pub(crate) lifetime: Histogram,
    /// How long connecting took.
    pub(crate) connect: Histogram,
    pub(crate) timeouts: Counter,
    pub(crate) shed: Counter,
    pub(crate) connect_errors: Counter,
    pub(crate) leaks: Counter,
    pub(crate) closed: [Counter; Closed::ALL.len()],
}

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It was idle for too long.
    Idle,
    /// It reached its age.
    Age,
    /// It broke, or did not answer.
    Broken,
    /// It belonged to an older topology or password.
    Retired,
}

impl Closed {
    pub(crate) const ALL: [Closed; 4] = [Closed::Idle, Closed::Age, Closed::Broken, Closed::Retired];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Closed::Idle => "idle",
            Closed::Age => "age",
            Closed::Broken => "broken",
            Closed::Retired => "retired",
        }
    }
}
