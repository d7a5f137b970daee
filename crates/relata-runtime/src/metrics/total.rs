//! A number that many count together, each in a place of its own: nobody takes it from another's processor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The whole.
#[derive(Default)]
pub(crate) struct Total {
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    counting: Vec<Arc<AtomicU64>>,
    /// What those counted that are over.
    ended: u64,
}

impl Total {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sum.
    pub(crate) fn value(&self) -> u64 {
        let parts = self.parts();
        parts.counting.iter().fold(parts.ended, |sum, part| sum.wrapping_add(part.load(Ordering::Relaxed)))
    }
}

/// What one of them counts.
pub(crate) struct Part {
    of: Arc<Total>,
    own: Arc<AtomicU64>,
}

impl Part {
    pub(crate) fn new(of: Arc<Total>) -> Self {
        let own = Arc::new(AtomicU64::new(0));
        of.parts().counting.push(own.clone());
        Part { of, own }
    }

    /// Only whoever has the part for himself counts, so nothing is lost between reading and writing.
    #[inline]
    pub(crate) fn add(&mut self, count: u64) {
        self.own.store(self.own.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut parts = self.of.parts();
        parts.counting.retain(|part| !Arc::ptr_eq(part, &self.own));
        parts.ended = parts.ended.wrapping_add(self.own.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_added_up_while_they_count_and_after() {
        let total = Arc::new(Total::default());
        let (mut first, mut second) = (Part::new(total.clone()), Part::new(total.clone()));
        first.add(2);
        second.add(3);
        assert_eq!(total.value(), 5);
        drop(first);
        second.add(1);
        assert_eq!(total.value(), 6);
        drop(second);
        assert_eq!(total.value(), 6);
    }
}
