//! Which statements take long, by their own history, and turns between pieces of long work.
//!
//! Invariants
//! - A statement that nobody has seen take long costs two readings of the clock, and no look at the history if that is
//!   empty.
//! - Whatever is done in turns lets others run after [`TURN`].

use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A statement that takes longer is not run in one go on the caller's thread again.
const LONG: Duration = Duration::from_micros(300);

/// So long a piece of work keeps the caller's thread.
const TURN: Duration = Duration::from_micros(200);

/// So many statements are remembered.
const MOST: usize = 256;

/// How a statement that takes long does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Long {
    /// Its rows come one soon after the other: it can be run in turns.
    InRows,
    /// Something in it takes long by itself (sorting, counting, waiting for the disk): it is run on another thread.
    InSteps,
}

impl Long {
    /// A query in turns, altogether and its longest step. One that takes longer than a turn may be the machine's doing,
    /// unless it is what takes the time.
    pub(crate) fn of_turns(took: Duration, longest: Duration) -> Self {
        if longest > TURN && longest * 4 > took { Long::InSteps } else { Long::InRows }
    }

    /// A query on another thread, by the time to its first row.
    pub(crate) fn of_first_row(first: Duration) -> Self {
        if first > TURN { Long::InSteps } else { Long::InRows }
    }
}

/// The statements that took long when they ran last, by a hash of their text: a mistake costs time only.
#[derive(Debug, Default)]
pub(crate) struct History(HashMap<u64, Long>);

impl History {
    /// Whether and how a statement takes long.
    #[inline]
    pub(crate) fn of(&self, sql: &str) -> Option<Long> {
        if self.0.is_empty() { None } else { self.0.get(&key(sql)).copied() }
    }

    /// Notes how long a statement worked that was known as long, and how it is to run if it still is.
    #[inline]
    pub(crate) fn note(&mut self, sql: &str, took: Duration, long: Long) {
        if took > LONG {
            self.remember(key(sql), long);
        } else {
            self.0.remove(&key(sql));
        }
    }

    /// Notes from when to when a statement ran that ran in one go.
    #[inline]
    pub(crate) fn first(&mut self, sql: &str, as_what: Long, (begun, ended): (Instant, Instant)) {
        if ended > begun + LONG {
            self.remember(key(sql), as_what);
        }
    }

    fn remember(&mut self, key: u64, long: Long) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key, long);
    }
}

fn key(sql: &str) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(sql)
}

/// A turn on the caller's thread.
pub(crate) struct Turn {
    begun: Instant,
    looked: Instant,
}

impl Turn {
    pub(crate) fn begin() -> Self {
        let now = Instant::now();
        Turn { begun: now, looked: now }
    }

    /// Looks at the clock: how long since the last look.
    pub(crate) fn step(&mut self) -> Duration {
        let before = std::mem::replace(&mut self.looked, Instant::now());
        self.looked - before
    }

    /// How long until the last look.
    pub(crate) fn took(&self) -> Duration {
        self.looked - self.begun
    }

    /// Others are due.
    pub(crate) fn is_over(&self) -> bool {
        self.took() > TURN
    }
}

/// Lets others run.
pub(crate) async fn yield_turn() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
