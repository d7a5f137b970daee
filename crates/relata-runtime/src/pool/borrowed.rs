//! A borrowed connection, and how it goes back.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::Instant;

use relata_sql::driver::RowSink;
use relata_sql::render::{Known, Rendered, ShapeCache, Target};
use relata_sql::tree::{Select, Tree};
use relata_sql::{Connection, Statement};

use super::Pool;
use super::shelf::{Member, Slot};
use super::tenants::TenantPermit;
use crate::executor::{Attempted, with_sql};
use crate::metrics::Closed;
use crate::observe::Tags;

/// A borrowed connection. Dropping it gives it back.
pub(crate) struct Pooled<P: Borrow<Arc<Pool>> = Arc<Pool>> {
    /// `None` only while dropping, and for a place that is about to connect.
    member: Option<Box<Member>>,
    /// `None` only while dropping.
    place: Option<Place<P>>,
    since: Instant,
    dirty: bool,
    tenant: Option<TenantPermit>,
}

impl<P: Borrow<Arc<Pool>>> Pooled<P> {
    #[inline]
    pub(super) fn new(pool: P, slot: Slot, since: Instant, member: Option<Box<Member>>) -> Self {
        Pooled { member, place: Some(Place { pool, slot: Some(slot), kept: false }), since, dirty: false, tenant: None }
    }

    pub(super) fn fill(&mut self, mut member: Box<Member>, deadline: Option<Instant>) {
        member.observed.watch.fresh = false;
        member.observed.watch.deadline = deadline;
        self.member = Some(member);
    }

    /// What the handle says of its statements.
    pub(crate) fn tag(&mut self, tags: Option<&Arc<Tags>>) {
        self.member_mut().observed.watch.tags = tags.cloned();
    }

    /// It counts against the limit of a tenant.
    pub(crate) fn belong_to(&mut self, permit: TenantPermit) {
        self.tenant = Some(permit);
    }

    fn member(&self) -> &Member {
        self.member.as_ref().expect("a pooled connection is there until it is dropped")
    }

    fn member_mut(&mut self) -> &mut Member {
        self.member.as_mut().expect("a pooled connection is there until it is dropped")
    }

    pub(crate) fn connection(&mut self) -> &mut dyn Connection {
        &mut self.member_mut().observed
    }

    pub(crate) fn peek(&self) -> &dyn Connection {
        &self.member().observed
    }

    pub(crate) fn shapes(&mut self) -> &mut ShapeCache {
        &mut self.member_mut().shapes
    }

    pub(crate) fn target(&self) -> Target {
        self.member().shapes.target()
    }

    /// The pool it belongs to.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        self.place.as_ref().expect("a pooled connection has its place until it is dropped").pool.borrow()
    }

    /// So many statements are sent.
    pub(crate) fn count_statements(&mut self, count: u64) {
        self.member_mut().observed.watch.sent.add(count);
    }

    /// Runs a query if it is answered at once: see [`crate::executor::Executor::query_now`].
    pub(crate) fn query_now(&mut self, select: &mut Select, sink: &mut dyn RowSink) -> Attempted {
        let place = self.place.as_ref().expect("a pooled connection has its place until it is dropped");
        let observer = place.pool.borrow().observer();
        let Member { observed, shapes, .. } =
            &mut **self.member.as_mut().expect("a pooled connection is there until it is dropped");
        observer.lookups.see(select);
        let mut tree = Tree::Select(select);
        let mut params = Vec::new();
        let Known { sql, number, .. } = match shapes.seen(&mut tree, &mut params) {
            Ok(Some(known)) => known,
            Ok(None) => match shapes.learn(&mut tree) {
                Ok(sql) => return Err(Some(Rendered { sql, params })),
                Err(error) => return Ok(Err(error)),
            },
            Err(error) => return Ok(Err(error)),
        };
        let answer = match observed.is_prompt(sql) {
            true => observed.query(Statement { number: *number, ..Statement::new(sql, &params) }, sink).settled().ok(),
            false => None,
        };
        // Not at once: it takes long, or others hold the lock. Nothing has run.
        let Some(result) = answer else { return Err(Some(Rendered { sql: sql.clone(), params })) };
        let result = result.map_err(|error| with_sql(error, sql));
        observed.watch.sent.add(1);
        shapes.sent(params);
        Ok(result)
    }

    /// A statement since the last `begin` may have changed the schema.
    pub(crate) fn ran_ddl(&self) -> bool {
        self.member().observed.watch.ran_ddl
    }

    /// It must be reset before anyone else gets it.
    pub(crate) fn soil(&mut self) {
        self.dirty = true;
    }

    /// What soiled it is over.
    pub(crate) fn cleaned(&mut self) {
        self.dirty = false;
    }
}

impl<P: Borrow<Arc<Pool>>> Drop for Pooled<P> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let Some(mut member) = self.member.take() else { return };
        let observed = &mut member.observed;
        // After a statement that succeeded nobody needs to look at the transport.
        if !observed.watch.well && observed.is_broken() {
            return match observed.is_away() {
                true => clean(place.owned(), member),
                false => place.pool.borrow().dispose(*member, Closed::Broken),
            };
        }
        if self.dirty || observed.is_busy() || observed.in_transaction() || observed.is_touched() {
            return clean(place.owned(), member);
        }
        // A statement's end was read from the clock just now.
        let watch = &mut observed.watch;
        let now = watch.clock.max(self.since);
        let held = watch.held_for(self.since, now);
        watch.held.record(held);
        place.put_back(member, now);
    }
}

/// A place among those that the pool lends. Dropping it lets the next one in.
struct Place<P: Borrow<Arc<Pool>> = Arc<Pool>> {
    pool: P,
    /// `None` once it is given back.
    slot: Option<Slot>,
    /// The connection went back together with the right to be lent.
    kept: bool,
}

impl<P: Borrow<Arc<Pool>>> Place<P> {
    /// Gives the connection back, unless its time is over.
    fn put_back(mut self, member: Box<Member>, now: Instant) {
        let pool = self.pool.borrow();
        if let Some(why) = pool.unfit(&member, now) {
            return pool.dispose(*member, why);
        }
        if let Some(slot) = self.slot.take() {
            self.kept = pool.put_on_shelf(member, slot, now);
        }
    }

    /// The same place, for longer than the pool is borrowed.
    fn owned(mut self) -> Place {
        let pool = self.pool.borrow().clone();
        Place { pool, slot: self.slot.take(), kept: std::mem::replace(&mut self.kept, true) }
    }
}

impl<P: Borrow<Arc<Pool>>> Drop for Place<P> {
    fn drop(&mut self) {
        let pool = self.pool.borrow();
        if let Some(slot) = self.slot.take() {
            pool.returned(&mut pool.shelf(), slot);
        }
        if !self.kept {
            pool.add_place();
        }
    }
}

/// Resets a connection and gives it back; closes it if that fails, takes too long or cannot be waited for.
fn clean(place: Place, member: Box<Member>) {
    let mut cleaning = Box::pin(reset(place, member));
    let waker = std::task::Waker::noop();
    if cleaning.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready() {
        return;
    }
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(cleaning);
    }
}

async fn reset(place: Place, mut member: Box<Member>) {
    let limit = place.pool.options().ping_timeout;
    let reset = member.observed.unwatched().reset();
    let whole = match reset.settled() {
        Ok(result) => result.is_ok(),
        Err(future) => match tokio::time::timeout(limit, future).await {
            Ok(result) => result.is_ok(),
            Err(_) => {
                place.pool.vitals.breaker.failed(Instant::now(), "a connection did not answer");
                false
            }
        },
    };
    let observed = &member.observed;
    if whole && !observed.is_broken() && !observed.is_busy() && !observed.in_transaction() {
        place.put_back(member, Instant::now());
    } else {
        place.pool.dispose(*member, Closed::Broken);
    }
}
