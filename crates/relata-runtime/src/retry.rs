//! Trying again: how long to pause, and how often altogether.
//!
//! Invariants
//! - Pauses grow exponentially and are spread over their whole length ("full jitter"), so that those who failed together
//!   do not come back together.
//! - A budget bounds retries to a share of the work: when everything fails, retries do not multiply the load.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::metrics::Counter;

/// Pauses between attempts.
pub(crate) struct Backoff {
    base: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(base: Duration, longest: Duration) -> Self {
        Backoff { base, longest }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.base.mul_f64(fastrand::f64()).max(Duration::from_millis(1));
        self.base = (self.base * 2).min(self.longest);
        pause
    }
}

/// What a retry costs, in parts of what an attempt earns.
const PRICE: i64 = 5;

/// How many retries are saved up at most.
const SAVED: i64 = 50;

/// Retries that may still be made: every first attempt earns a fifth of one.
pub struct RetryBudget {
    left: AtomicI64,
    spent: Counter,
    /// What one node refuses, another may take.
    others: bool,
}

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget { left: AtomicI64::new(SAVED * PRICE), spent: Counter::default(), others: false }
    }
}

impl RetryBudget {
    /// For a database of several nodes.
    pub(crate) fn of_several_nodes() -> Self {
        RetryBudget { others: true, ..RetryBudget::default() }
    }

    /// The database has nodes of which another may become primary.
    pub(crate) fn has_others(&self) -> bool {
        self.others
    }

    /// A first attempt is made.
    pub(crate) fn earn(&self) {
        let full = SAVED * PRICE;
        // Concurrent additions may overshoot by a few.
        if self.left.load(Ordering::Relaxed) < full {
            self.left.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Pays for a retry; `false`: there is nothing left.
    pub(crate) fn spend(&self) -> bool {
        let pay = |left: i64| (left >= PRICE).then_some(left - PRICE);
        let paid = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok();
        self.spent.add(u64::from(paid));
        paid
    }

    /// How many retries were made.
    pub(crate) fn spent(&self) -> u64 {
        self.spent.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_spread() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(100));
        let pauses: Vec<_> = (0..200).map(|_| backoff.next()).collect();
        assert!(pauses[0] <= Duration::from_millis(10));
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(100)));
        let late = &pauses[10..];
        let (short, long) = (Duration::from_millis(30), Duration::from_millis(70));
        assert!(late.iter().any(|pause| *pause < short) && late.iter().any(|pause| *pause > long));
    }

    #[test]
    fn a_budget_runs_out_and_is_earned_again() {
        let budget = RetryBudget::default();
        let retries = (0..1000).filter(|_| budget.spend()).count();
        assert_eq!(retries as i64, SAVED);
        (0..PRICE).for_each(|_| budget.earn());
        assert!(budget.spend() && !budget.spend());
    }
}
