//! Rights to be lent that spare connections keep.
//!
//! A right is a permit of the pool's semaphore, which lets in whoever waits longest. While nobody waits, a connection that comes
//! back keeps the right of its borrower, and the next one takes both at once, without asking the semaphore.
//!
//! Invariants
//! - Whoever waits has first said so, and then released what was kept: no right is kept from somebody who waits.
//! - What is taken off the shelf by anyone but a borrower leaves its right to all.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Pool;
use super::shelf::{Member, Shelf, Slot, Spare};

impl Pool {
    /// Spare connections have kept as many rights as that. Only whoever holds the shelf's lock says so.
    pub(super) fn count_ready(&self, change: impl FnOnce(u32) -> u32) {
        self.ready.store(change(self.ready.load(Ordering::Relaxed)), Ordering::Relaxed);
    }

    /// Puts a connection back. While nobody waits it keeps its right to be lent, so that the next borrower does not ask for one:
    /// `true`. Whoever waits has said so before it looks at the shelf (see [`Pool::queue`]), so no right is kept from it.
    pub(super) fn put_on_shelf(&self, mut member: Box<Member>, slot: Slot, now: Instant) -> bool {
        if let Slot::Front = slot {
            match self.put_in_front(member, now) {
                Ok(()) => return true,
                Err(wanted) => member = wanted,
            }
        }
        let mut shelf = self.shelf();
        self.returned(&mut shelf, slot);
        let ready = !self.is_wanted();
        match ready {
            true => self.advance(&mut shelf, member, now),
            false => shelf.push(member, now, false),
        }
        ready
    }

    /// A connection came back, or is gone.
    pub(super) fn returned(&self, shelf: &mut Shelf, slot: Slot) {
        if let Slot::Front = slot {
            self.front.forget();
        }
        shelf.returned(slot);
    }

    /// The rights that spare connections have kept are anybody's.
    pub(super) fn release_rights(&self) {
        let released = {
            let mut shelf = self.shelf();
            let released = shelf.take_rights();
            self.count_ready(|ready| ready - released);
            released
        };
        (0..released).for_each(|_| self.add_place());
    }

    /// Takes spare connections off the shelf; a right that one has kept is anybody's.
    pub(super) fn take_spare<T: IntoIterator<Item = Spare>>(&self, take: impl FnOnce(&mut Shelf) -> T) -> Vec<Spare> {
        let mut taken: Vec<Spare> = {
            let mut shelf = self.shelf();
            let taken: Vec<_> = take(&mut shelf).into_iter().collect();
            let rights: u32 = taken.iter().map(|spare| u32::from(spare.ready)).sum();
            self.count_ready(|ready| ready - rights);
            taken
        };
        for spare in &mut taken {
            if std::mem::take(&mut spare.ready) {
                self.add_place();
            }
        }
        taken
    }
}
