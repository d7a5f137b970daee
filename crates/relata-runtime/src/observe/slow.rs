//! The last slow statements.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many are remembered.
const KEPT: usize = 100;

/// A statement that took longer than the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowStatement {
    /// When it ended.
    pub at: jiff::Timestamp,
    /// Its text without literals.
    pub text: String,
    /// The number of that text.
    pub fingerprint: u64,
    /// How long it took.
    pub took: Duration,
    /// On which node.
    pub node: String,
}

/// Slow statements, the newest last; also told as `tracing` events of the target `relata::slow`.
pub(crate) struct SlowLog {
    /// In nanoseconds; `u64::MAX`: nothing is slow.
    limit: AtomicU64,
    last: Mutex<VecDeque<SlowStatement>>,
}

impl Default for SlowLog {
    fn default() -> Self {
        SlowLog { limit: AtomicU64::new(u64::MAX), last: Mutex::default() }
    }
}

impl SlowLog {
    pub(crate) fn set_limit(&self, limit: Duration) {
        self.limit.store(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn is_slow(&self, took: Duration) -> bool {
        took.as_nanos() > u128::from(self.limit.load(Ordering::Relaxed))
    }

    pub(crate) fn add(&self, text: String, fingerprint: u64, took: Duration, node: &str) {
        tracing::warn!(target: "relata::slow", statement = %text, took = ?took, node, "slow statement");
        let slow = SlowStatement { at: jiff::Timestamp::now(), text, fingerprint, took, node: node.to_string() };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(slow);
    }

    pub(crate) fn values(&self) -> Vec<SlowStatement> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
