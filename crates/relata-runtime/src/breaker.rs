//! A breaker: after so many failures in a row, or when most calls are slow, a node is left alone for a while.
//!
//! States: *closed* (everything goes) → *open* after [`Breaker::failed`] often enough, or too many slow calls → *half-open*
//! once the pause is over: one attempt is let through → *closed* if it succeeds, *open* with twice the pause if not.
//!
//! Invariants
//! - It knows no clock: each call says what time it is.
//! - A call on a closed breaker that never failed costs one atomic load.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// How many calls are looked at together for slowness.
const WINDOW: u32 = 20;

/// In which state a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything goes.
    Closed,
    /// Everything is refused.
    Open,
    /// One attempt decides.
    HalfOpen,
}

impl BreakerState {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        }
    }
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Go,
    /// Not before then; refused since.
    Wait {
        until: Instant,
        since: Instant,
    },
}

pub(crate) struct Breaker {
    limit: u32,
    pause: Duration,
    slow: Duration,
    /// There were failures since the last success.
    troubled: AtomicBool,
    calls: AtomicU32,
    slow_calls: AtomicU32,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    failures: u32,
    open: Option<Open>,
    reason: String,
}

#[derive(Clone, Copy)]
struct Open {
    since: Instant,
    until: Instant,
    pause: Duration,
}

impl Breaker {
    /// `limit` failures in a row open it for `pause`; so do calls of which most take longer than `slow`.
    pub(crate) fn new(limit: u32, pause: Duration, slow: Duration) -> Self {
        Breaker {
            limit,
            pause: pause.clamp(Duration::from_millis(1), LONGEST),
            slow,
            troubled: AtomicBool::new(false),
            calls: AtomicU32::new(0),
            slow_calls: AtomicU32::new(0),
            inner: Mutex::default(),
        }
    }

    /// Nothing has failed since the last success.
    pub(crate) fn is_calm(&self) -> bool {
        !self.troubled.load(Ordering::Relaxed)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May an attempt be made? While half-open, whoever asks first is the one who tries; the others wait a pause more.
    pub(crate) fn ask(&self, now: Instant) -> Verdict {
        if self.is_calm() {
            return Verdict::Go;
        }
        let mut inner = self.inner();
        match &mut inner.open {
            Some(open) if now < open.until => Verdict::Wait { until: open.until, since: open.since },
            Some(open) => {
                open.until = now + open.pause;
                Verdict::Go
            }
            None => Verdict::Go,
        }
    }

    /// Since when it has been open, if an attempt would be refused now. It does not count as an attempt.
    pub(crate) fn peek(&self, now: Instant) -> Option<Instant> {
        self.inner().open.filter(|open| now < open.until).map(|open| open.since)
    }

    /// It worked.
    pub(crate) fn succeeded(&self) {
        if self.is_calm() {
            return;
        }
        let mut inner = self.inner();
        *inner = Inner::default();
        self.troubled.store(false, Ordering::Relaxed);
    }

    /// A call came to its end after so long.
    pub(crate) fn called(&self, took: Duration, now: Instant) {
        if self.slow == Duration::MAX {
            return self.succeeded();
        }
        let slow = if took >= self.slow { self.slow_calls.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if calls < WINDOW {
            return if slow == 0 {
                self.succeeded()
            };
        }
        self.calls.store(0, Ordering::Relaxed);
        let slow = self.slow_calls.swap(0, Ordering::Relaxed);
        if slow * 5 >= WINDOW * 4 {
            self.trip(now, &format!("{slow} of {WINDOW} calls took longer than {:?}", self.slow));
        } else {
            self.succeeded();
        }
    }

    /// It failed.
    pub(crate) fn failed(&self, now: Instant, reason: &str) {
        let mut inner = self.inner();
        self.troubled.store(true, Ordering::Relaxed);
        inner.failures = inner.failures.saturating_add(1);
        let due = self.limit > 0 && inner.failures >= self.limit;
        drop(inner);
        if due {
            self.trip(now, reason);
        } else {
            self.inner().reason = reason.to_string();
        }
    }

    fn trip(&self, now: Instant, reason: &str) {
        let mut inner = self.inner();
        self.troubled.store(true, Ordering::Relaxed);
        inner.reason = reason.to_string();
        let (since, pause) = match inner.open {
            // Attempts that were under way when it opened do not prolong it.
            Some(open) if now < open.until && now < open.since + open.pause => return,
            Some(open) => (open.since, (open.pause * 2).min(LONGEST)),
            None => (now, self.pause),
        };
        // Up to a fifth is added so that many processes do not come back at the same moment.
        let spread = pause.mul_f64(fastrand::f64() / 5.0);
        inner.open = Some(Open { since, until: now + pause + spread, pause });
    }

    /// In which state it is, since when, and the last reason.
    pub(crate) fn state(&self, now: Instant) -> (BreakerState, Option<Instant>, String) {
        let inner = self.inner();
        match inner.open {
            None => (BreakerState::Closed, None, inner.reason.clone()),
            Some(open) if now < open.until => (BreakerState::Open, Some(open.since), inner.reason.clone()),
            Some(open) => (BreakerState::HalfOpen, Some(open.since), inner.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn state(breaker: &Breaker, now: Instant) -> BreakerState {
        breaker.state(now).0
    }

    #[test]
    fn it_opens_after_failures_and_one_attempt_decides() {
        let breaker = Breaker::new(3, SECOND, Duration::MAX);
        let begin = Instant::now();
        breaker.failed(begin, "a");
        breaker.failed(begin, "b");
        assert_eq!((state(&breaker, begin), breaker.ask(begin)), (BreakerState::Closed, Verdict::Go));
        breaker.failed(begin, "c");
        assert_eq!(state(&breaker, begin), BreakerState::Open);
        assert!(matches!(breaker.ask(begin), Verdict::Wait { since, .. } if since == begin));
        let later = begin + SECOND * 2;
        assert_eq!(state(&breaker, later), BreakerState::HalfOpen);
        assert_eq!(breaker.ask(later), Verdict::Go);
        assert!(matches!(breaker.ask(later), Verdict::Wait { .. }), "one at a time");
        breaker.failed(later, "d");
        assert_eq!(breaker.state(later + SECOND).0, BreakerState::Open, "twice the pause");
        assert_eq!(breaker.ask(later + SECOND * 4), Verdict::Go);
        breaker.succeeded();
        assert!(breaker.is_calm());
        assert_eq!(state(&breaker, later + SECOND * 4), BreakerState::Closed);
    }

    #[test]
    fn a_success_in_between_forgives() {
        let breaker = Breaker::new(2, SECOND, Duration::MAX);
        let now = Instant::now();
        for _ in 0..10 {
            breaker.failed(now, "x");
            breaker.succeeded();
        }
        assert_eq!(state(&breaker, now), BreakerState::Closed);
    }

    #[test]
    fn mostly_slow_calls_open_it() {
        let breaker = Breaker::new(5, SECOND, SECOND);
        let now = Instant::now();
        for call in 0..WINDOW {
            let took = if call % 6 == 0 { SECOND / 10 } else { SECOND * 2 };
            breaker.called(took, now);
        }
        assert_eq!(state(&breaker, now), BreakerState::Open);
        assert!(breaker.state(now).2.contains("of 20 calls took longer than 1s"));
        let calm = Breaker::new(5, SECOND, SECOND);
        (0..100).for_each(|_| calm.called(SECOND / 2, now));
        assert_eq!(state(&calm, now), BreakerState::Closed);
    }

    #[test]
    fn without_a_limit_it_never_opens() {
        let breaker = Breaker::new(0, SECOND, Duration::MAX);
        let now = Instant::now();
        (0..100).for_each(|_| breaker.failed(now, "x"));
        assert_eq!(breaker.ask(now), Verdict::Go);
    }
}
