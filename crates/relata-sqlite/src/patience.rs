//! Waiting for another connection's lock without blocking a thread of the runtime.
//!
//! SQLite answers `SQLITE_BUSY` instead of waiting; the same call may then be made again, as nothing has happened yet.
//! The pauses grow from one to 25 milliseconds. They are slept on the runtime's blocking pool, so that a runtime
//! without timers works too; without any runtime they are slept where we are.

use std::time::{Duration, Instant};

use relata_sql::{Error, Kind, Result};

const LONGEST_PAUSE: Duration = Duration::from_millis(25);

/// What one attempt gave.
pub(crate) enum Attempt<T> {
    /// It is over.
    Over(Result<T>),
    /// Somebody else holds the lock, and nothing has happened.
    Busy(Error),
}

impl<T> Attempt<T> {
    /// A lock that was not given is worth another attempt.
    pub(crate) fn of_result(result: Result<T>) -> Self {
        match result {
            Err(error) if error.kind() == Kind::LockTimeout => Attempt::Busy(error),
            result => Attempt::Over(result),
        }
    }
}

struct Pauses {
    deadline: Instant,
    next: Duration,
}

impl Pauses {
    fn new(patience: Duration) -> Self {
        Pauses { deadline: Instant::now() + patience, next: Duration::from_millis(1) }
    }

    /// The next pause; `None` once patience has run out.
    fn next(&mut self) -> Option<Duration> {
        let left = self.deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        let pause = self.next.min(left);
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

/// Makes further attempts until one is over or `patience` has run out; `first` is the error of the one before.
pub(crate) async fn retry<T>(patience: Duration, first: Error, mut attempt: impl FnMut() -> Attempt<T>) -> Result<T> {
    let mut pauses = Pauses::new(patience);
    let mut last = first;
    while let Some(pause) = pauses.next() {
        sleep(pause).await;
        match attempt() {
            Attempt::Over(result) => return result,
            Attempt::Busy(error) => last = error,
        }
    }
    Err(gave_up(last, patience))
}

/// [`retry`] on a thread that may block.
pub(crate) fn retry_blocking<T>(patience: Duration, mut attempt: impl FnMut() -> Attempt<T>) -> Result<T> {
    let mut pauses = Pauses::new(patience);
    loop {
        match (attempt(), pauses.next()) {
            (Attempt::Over(result), _) => return result,
            (Attempt::Busy(_), Some(pause)) => std::thread::sleep(pause),
            (Attempt::Busy(error), None) => return Err(gave_up(error, patience)),
        }
    }
}

fn gave_up(error: Error, patience: Duration) -> Error {
    error.context(format!("after waiting {} ms", patience.as_millis()))
}

async fn sleep(pause: Duration) {
    match tokio::runtime::Handle::try_current() {
        // The pool refuses only while the runtime shuts down, and then the future is not polled again.
        Ok(runtime) => drop(runtime.spawn_blocking(move || std::thread::sleep(pause)).await),
        Err(_) => std::thread::sleep(pause),
    }
}
