//! Durations in buckets that double, from a microsecond to a minute.
//!
//! What many connections count together ([`Folded`]) each of them counts by itself ([`Tally`]): with one writer a count needs
//! no locked addition, and connections do not take turns with one line of memory. Who reads adds them up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// 1 µs, 2 µs, … 67 s, and everything above.
const BUCKETS: usize = 28;

pub(crate) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: std::array::from_fn(|_| AtomicU64::new(0)), nanoseconds: AtomicU64::new(0) }
    }
}

/// What a histogram has counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistogramValue {
    /// The upper end of each bucket and how many fell into it or into a lower one; the last has no end.
    pub buckets: Vec<(Option<Duration>, u64)>,
    /// How many.
    pub count: u64,
    /// Together.
    pub sum: Duration,
}

impl Histogram {
    pub(crate) fn record(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanoseconds)].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// What another has counted, too.
    fn add(&self, other: &Histogram) {
        for (mine, more) in self.buckets.iter().zip(&other.buckets) {
            mine.fetch_add(more.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(other.nanoseconds.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> HistogramValue {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(BUCKETS);
        for (index, bucket) in self.buckets.iter().enumerate() {
            count += bucket.load(Ordering::Relaxed);
            let end = (index + 1 < BUCKETS).then(|| Duration::from_micros(1 << index));
            buckets.push((end, count));
        }
        HistogramValue { buckets, count, sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)) }
    }
}

/// The bucket of a duration in nanoseconds.
#[inline]
fn bucket(nanoseconds: u64) -> usize {
    let microseconds = nanoseconds.div_ceil(1000);
    (64 - microseconds.saturating_sub(1).leading_zeros() as usize).min(BUCKETS - 1)
}

/// What several count together.
#[derive(Default)]
pub(crate) struct Folded {
    /// Of those that have ended.
    ended: Histogram,
    tallies: Mutex<Vec<Arc<Histogram>>>,
}

impl Folded {
    fn tallies(&self) -> MutexGuard<'_, Vec<Arc<Histogram>>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn value(&self) -> HistogramValue {
        let all = Histogram::default();
        let tallies = self.tallies();
        all.add(&self.ended);
        tallies.iter().for_each(|tally| all.add(tally));
        all.value()
    }
}

/// What one of them counts. It is folded into the whole when it ends.
pub(crate) struct Tally {
    of: Arc<Folded>,
    own: Arc<Histogram>,
}

impl Tally {
    pub(crate) fn new(of: Arc<Folded>) -> Self {
        let own = Arc::new(Histogram::default());
        of.tallies().push(own.clone());
        Tally { of, own }
    }

    /// Only whoever has the tally for himself counts, so nothing is lost between reading and writing.
    #[inline]
    pub(crate) fn record(&mut self, nanoseconds: u64) {
        let add = |cell: &AtomicU64, more: u64| {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        };
        add(&self.own.buckets[bucket(nanoseconds)], 1);
        add(&self.own.nanoseconds, nanoseconds);
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let mut tallies = self.of.tallies();
        tallies.retain(|tally| !Arc::ptr_eq(tally, &self.own));
        self.of.ended.add(&self.own);
    }
}

impl HistogramValue {
    /// The mean.
    pub fn mean(&self) -> Duration {
        self.sum.checked_div(u32::try_from(self.count).unwrap_or(u32::MAX)).unwrap_or_default()
    }

    /// The end of the bucket that holds this share (0 to 1) of all.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let found = self.buckets.iter().find(|(_, count)| *count >= wanted.max(1))?;
        found.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_are_added_up_while_they_count_and_after() {
        let folded = Arc::new(Folded::default());
        let (mut first, mut second) = (Tally::new(folded.clone()), Tally::new(folded.clone()));
        first.record(1_500);
        second.record(3_000_000);
        let before = folded.value();
        assert_eq!((before.count, before.sum), (2, Duration::from_nanos(3_001_500)));
        drop(first);
        assert_eq!(folded.value(), before);
        second.record(1);
        drop(second);
        assert_eq!((folded.value().count, folded.tallies().len()), (3, 0));
    }

    #[test]
    fn durations_fall_into_the_bucket_that_holds_them() {
        let histogram = Histogram::default();
        for microseconds in [0, 1, 2, 3, 1000, 10_000_000_000] {
            histogram.record(Duration::from_micros(microseconds));
        }
        let value = histogram.value();
        let upto = |end: u64| {
            let bucket = value.buckets.iter().find(|(limit, _)| *limit == Some(Duration::from_micros(end)));
            bucket.map(|(_, count)| *count)
        };
        assert_eq!((upto(1), upto(2), upto(4), upto(1024)), (Some(2), Some(3), Some(4), Some(5)));
        assert_eq!(value.buckets.last(), Some(&(None, 6)));
        assert_eq!(value.quantile(0.5), Some(Duration::from_micros(2)));
        assert_eq!(value.quantile(1.0), None, "above the last end");
    }
}
