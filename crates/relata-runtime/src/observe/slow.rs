//! The last slow statements.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many are remembered.
const KEPT: usize = 100;

/// A statement's plan is asked for so often.
const PLAN_EVERY: Duration = Duration::from_secs(60);

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
    /// What the handle said of it ([`crate::Db::tagged`], [`crate::Db::traced`]), as the comment that was sent.
    pub tags: Option<String>,
    /// How the database runs it, if that was wanted ([`crate::Db::log_slow_plans`]).
    pub plan: Option<String>,
}

/// Slow statements, the newest last; also told as `tracing` events of the target `relata::slow`.
pub(crate) struct SlowLog {
    /// In nanoseconds; `u64::MAX`: nothing is slow.
    limit: AtomicU64,
    plans: AtomicBool,
    last: Mutex<VecDeque<SlowStatement>>,
    /// When a statement's plan was last asked for.
    asked: Mutex<HashMap<u64, Instant>>,
}

impl Default for SlowLog {
    fn default() -> Self {
        SlowLog {
            limit: AtomicU64::new(u64::MAX),
            plans: AtomicBool::new(false),
            last: Mutex::default(),
            asked: Mutex::default(),
        }
    }
}

impl SlowLog {
    pub(crate) fn set_limit(&self, limit: Duration) {
        self.limit.store(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn is_slow(&self, nanoseconds: u64) -> bool {
        nanoseconds > self.limit.load(Ordering::Relaxed)
    }

    pub(crate) fn set_plans(&self, wanted: bool) {
        self.plans.store(wanted, Ordering::Relaxed);
    }

    /// Whether plans are kept.
    pub(crate) fn wants_plans(&self) -> bool {
        self.plans.load(Ordering::Relaxed)
    }

    /// Whether it is time to ask for this statement's plan.
    pub(crate) fn begin_plan(&self, fingerprint: u64) -> bool {
        if !self.wants_plans() {
            return false;
        }
        let now = Instant::now();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, then| now - *then < PLAN_EVERY);
        let due = asked.len() < KEPT && !asked.contains_key(&fingerprint);
        if due {
            asked.insert(fingerprint, now);
        }
        due
    }

    /// The plan of the last statement of this kind.
    pub(crate) fn keep_plan(&self, fingerprint: u64, plan: String) {
        tracing::warn!(target: "relata::slow", fingerprint = format!("{fingerprint:016x}"), %plan, "plan of a slow statement");
        let mut last = self.last();
        if let Some(slow) = last.iter_mut().rev().find(|slow| slow.fingerprint == fingerprint) {
            slow.plan = Some(plan);
        }
    }

    fn last(&self) -> MutexGuard<'_, VecDeque<SlowStatement>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, (text, fingerprint): (String, u64), took: Duration, node: &str, tags: Option<String>) {
        tracing::warn!(target: "relata::slow", statement = %text, took = ?took, node, tags, "slow statement");
        let (at, node) = (jiff::Timestamp::now(), node.to_string());
        let slow = SlowStatement { at, text, fingerprint, took, node, tags, plan: None };
        let mut last = self.last();
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(slow);
    }

    pub(crate) fn values(&self) -> Vec<SlowStatement> {
        self.last().iter().cloned().collect()
    }
}
