//! The spare connection in front of the shelf: lent and taken back without the shelf's lock.
//!
//! Invariants
//! - There is one such connection at most. It rests in its place or is lent, and keeps the right to be lent in either case.
//! - Whoever looks at the shelf first finds the one that rests put there: nobody overlooks it.
//! - Whoever waits has said so and then looked here; who puts it back looks afterwards whether anybody waits. Both change the
//!   same cell, one after the other: one of them sees the other.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_utils::atomic::AtomicCell;

use super::Pool;
use super::shelf::{Lent, Member, Shelf, Slot};
use crate::observe::nanoseconds;

/// There is none.
const NONE: u64 = u64::MAX;
/// It rests.
const RESTS: u64 = NONE - 1;

/// The place, and who has the connection when it is lent.
pub(super) struct Front {
    cell: AtomicCell<Option<Box<Member>>>,
    at: AtomicCell<Option<&'static Location<'static>>>,
    /// Lent since then, in nanoseconds since `made`.
    since: AtomicU64,
    made: Instant,
}

impl Front {
    pub(super) fn new() -> Self {
        Front {
            cell: AtomicCell::new(None),
            at: AtomicCell::new(None),
            since: AtomicU64::new(NONE),
            made: Instant::now(),
        }
    }

    /// The connection, if it rests there.
    #[inline]
    pub(super) fn take(&self) -> Option<Box<Member>> {
        self.cell.take()
    }

    /// Notes who has it.
    #[inline]
    pub(super) fn lend(&self, at: &'static Location<'static>, now: Instant) {
        self.at.store(Some(at));
        self.since.store(nanoseconds(now - self.made), Ordering::Relaxed);
    }

    #[inline]
    fn put(&self, member: Box<Member>) {
        self.since.store(RESTS, Ordering::Relaxed);
        let before = self.cell.swap(Some(member));
        debug_assert!(before.is_none(), "there is one front connection at most");
    }

    /// There is none any more.
    pub(super) fn forget(&self) {
        self.since.store(NONE, Ordering::Relaxed);
    }

    /// There is one, and nobody has it.
    pub(super) fn rests(&self) -> bool {
        self.since.load(Ordering::Relaxed) == RESTS
    }

    /// Who has it, and since when.
    pub(super) fn lent(&self) -> Option<Lent> {
        match self.since.load(Ordering::Relaxed) {
            NONE | RESTS => None,
            since => Some(Lent::new(self.at.load()?, self.made + Duration::from_nanos(since))),
        }
    }
}

impl Pool {
    /// Puts the connection back in front, unless somebody waits for it.
    #[inline]
    pub(super) fn put_in_front(&self, member: Box<Member>, now: Instant) -> Result<(), Box<Member>> {
        if self.is_wanted() {
            return Err(member);
        }
        self.put_and_look(member, now);
        Ok(())
    }

    /// Somebody may begin to wait just now.
    #[inline]
    fn put_and_look(&self, mut member: Box<Member>, now: Instant) {
        member.rested = now;
        self.front.put(member);
        if self.is_wanted() {
            self.release_rights();
        }
    }

    /// Somebody waits for a connection, or there are to be fewer.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) != 0 || self.surplus.load(Ordering::Relaxed) != 0
    }

    /// Puts the connection that was in front on the shelf.
    pub(super) fn withdraw(&self, shelf: &mut Shelf, member: Box<Member>) {
        self.returned(shelf, Slot::Front);
        let since = member.rested;
        self.count_ready(|ready| ready + 1);
        shelf.push(member, since, true);
    }

    /// Puts a connection that has kept its right in front, if none is.
    pub(super) fn advance(&self, shelf: &mut Shelf, mut member: Box<Member>, now: Instant) {
        if shelf.has_front {
            self.count_ready(|ready| ready + 1);
            return shelf.push(member, now, true);
        }
        shelf.has_front = true;
        member.rested = now;
        self.front.put(member);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relata_sql::{DatabaseUrl, Result};

    use super::*;
    use crate::observe::Observer;
    use crate::pool::{PoolOptions, Request};
    use crate::secret::Login;

    /// With one connection, which rests in front.
    async fn pool() -> Result<Arc<Pool>> {
        let mut url: DatabaseUrl = "sqlite::memory:".parse()?;
        let login = Arc::new(Login::take(&mut url, None)?);
        let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
        let pool = Pool::new(Arc::new(relata_sqlite::SqliteDriver), (url, login), options, Arc::<Observer>::default());
        drop(pool.acquire(request()).await?);
        assert!(pool.front.rests());
        Ok(pool)
    }

    #[track_caller]
    fn request() -> Request {
        Request { at: Location::caller(), deadline: None }
    }

    #[test]
    fn its_place_needs_no_lock() {
        assert!(AtomicCell::<Option<Box<Member>>>::is_lock_free());
        assert!(AtomicCell::<Option<&'static Location<'static>>>::is_lock_free());
    }

    #[tokio::test]
    async fn it_is_lent_and_taken_back_and_whoever_looks_sees_it() -> Result<()> {
        let pool = pool().await?;
        for looked_at in [false, true, false] {
            let borrowed = pool.try_acquire(request()).expect("it rests there");
            let status = pool.status();
            assert_eq!((status.in_use, status.idle, pool.in_flight()), (1, 0, 1));
            assert!(status.loans[0].at.contains("front.rs"), "{status:?}");
            assert!(pool.try_acquire(request()).is_none(), "there is no other");
            drop(borrowed);
            assert_eq!((pool.front.rests(), pool.in_flight()), (true, 0));
            if looked_at {
                let status = pool.status();
                assert_eq!((status.in_use, status.idle, status.loans), (0, 1, vec![]));
                assert_eq!((pool.front.rests(), pool.in_flight()), (false, 0), "it is on the shelf");
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn what_is_too_old_is_not_lent() -> Result<()> {
        let pool = pool().await?;
        pool.epoch.fetch_add(1, Ordering::AcqRel);
        assert!(pool.try_acquire(request()).is_none());
        assert_eq!((pool.front.rests(), pool.status().idle), (false, 1));
        drop(pool.acquire(request()).await?);
        assert!(pool.front.rests(), "another took its place");
        Ok(())
    }

    /// Between the two looks of who puts it back: whoever waits has looked before it was there.
    #[tokio::test]
    async fn who_begins_to_wait_while_it_is_put_back_gets_it() -> Result<()> {
        let pool = pool().await?;
        let member = pool.front.take().expect("it rests there");
        pool.front.lend(Location::caller(), Instant::now());
        pool.waiting.fetch_add(1, Ordering::Relaxed);
        pool.release_rights();
        assert_eq!(pool.free.available_permits(), 0);
        pool.put_and_look(member, Instant::now());
        assert_eq!((pool.free.available_permits(), pool.front.rests()), (1, false));
        Ok(())
    }

    #[tokio::test]
    async fn one_that_is_given_up_makes_room_for_another() -> Result<()> {
        let pool = pool().await?;
        let mut borrowed = pool.try_acquire(request()).expect("it rests there");
        borrowed.soil();
        pool.retire();
        drop(borrowed);
        let status = pool.status();
        assert_eq!((status.in_use, status.idle, pool.in_flight()), (0, 0, 0));
        drop(pool.acquire(request()).await?);
        assert_eq!((pool.front.rests(), pool.in_flight()), (true, 0));
        Ok(())
    }
}
