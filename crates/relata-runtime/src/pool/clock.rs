//! Long pauses without a timer of the runtime.
//!
//! While a runtime has a timer to watch, every wait for an answer sets a timer of the system and reads the clock twice: a
//! microsecond and more for each statement. Pools are looked at a few times a second, so one thread of the process, which
//! sleeps in between, wakes whoever does it. The thread knows nothing of pools and runs none of their work.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Waits so long.
pub(super) async fn pause(time: Duration) {
    static CLOCK: LazyLock<Option<Arc<Clock>>> = LazyLock::new(Clock::start);
    match &*CLOCK {
        Some(clock) => {
            let wake = Arc::new(Notify::new());
            clock.set(Alarm { at: Instant::now() + time, wake: Arc::downgrade(&wake) });
            wake.notified().await;
        }
        // A process that may have no thread more.
        None => tokio::time::sleep(time).await,
    }
}

/// Somebody to wake, unless nobody waits any more.
struct Alarm {
    at: Instant,
    wake: Weak<Notify>,
}

#[derive(Default)]
struct Clock {
    alarms: Mutex<BinaryHeap<Alarm>>,
    changed: Condvar,
}

impl Clock {
    fn start() -> Option<Arc<Self>> {
        let clock = Arc::new(Clock::default());
        let running = clock.clone();
        let started = std::thread::Builder::new().name("relata-clock".into()).spawn(move || running.run());
        started.is_ok().then_some(clock)
    }

    fn alarms(&self) -> MutexGuard<'_, BinaryHeap<Alarm>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, alarm: Alarm) {
        let mut alarms = self.alarms();
        let first = alarms.peek().is_none_or(|next| alarm.at < next.at);
        alarms.push(alarm);
        if first {
            self.changed.notify_one();
        }
    }

    fn run(&self) {
        let mut alarms = self.alarms();
        loop {
            let wait = alarms.peek().map(|next| next.at.saturating_duration_since(Instant::now()));
            alarms = match wait {
                None => self.changed.wait(alarms).unwrap_or_else(PoisonError::into_inner),
                Some(wait) if !wait.is_zero() => {
                    self.changed.wait_timeout(alarms, wait).unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    let due = alarms.pop().and_then(|alarm| alarm.wake.upgrade());
                    // What it wakes may set the next at once.
                    drop(alarms);
                    due.inspect(|wake| wake.notify_one());
                    self.alarms()
                }
            };
        }
    }
}

impl Ord for Alarm {
    /// The earliest is the greatest, as the heap gives that first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_is_woken_and_not_before() {
        let begun = Instant::now();
        let wait = async |milliseconds: u64| {
            pause(Duration::from_millis(milliseconds)).await;
            assert!(begun.elapsed() >= Duration::from_millis(milliseconds));
        };
        // The last is the earliest: the clock sleeps for longer by then.
        tokio::join!(wait(30), wait(2), wait(0));
        // Whoever gives up waiting is forgotten.
        drop(tokio::time::timeout(Duration::from_millis(1), pause(Duration::from_secs(3600))).await);
        wait(40).await;
    }
}
