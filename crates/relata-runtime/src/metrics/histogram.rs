//! Durations in buckets that double, from a microsecond to a minute.

use std::sync::atomic::{AtomicU64, Ordering};
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
        let microseconds = nanoseconds.div_ceil(1000);
        let bucket = (64 - microseconds.saturating_sub(1).leading_zeros() as usize).min(BUCKETS - 1);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
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
