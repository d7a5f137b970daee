//! A bounded pool of connections to one node.
//!
//! Invariants
//! - At most [`PoolOptions::max_connections`] exist; who waits longest is served first.
//! - The connection used last is handed out first, so that statement caches stay warm and spare ones age.
//! - A connection goes back only if it is whole: not broken, nothing running, no transaction open, not too old, of the
//!   current epoch. One whose borrower was cancelled or panicked is reset first, under a deadline, or closed.
//! - Whatever a borrower does, its place is free again in the end: no await of the pool's own is without a deadline.
//! - A failure to connect is reported as what it is, never hidden behind a timeout.
//!
//! Tending ([`keeper`]) is a task that ends with the pool or its runtime; without it nothing is lost but the minimum,
//! keepalive and reports of leaks.

mod borrowed;
mod clock;
mod front;
mod keeper;
mod options;
mod rights;
mod shelf;
mod tenants;

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use relata_sql::driver::ConnectOptions;
use relata_sql::render::{ShapeCache, Target};
use relata_sql::{Connection, DatabaseUrl, Driver, Error, Kind, Result};
use tokio::sync::{Notify, Semaphore};

pub(crate) use borrowed::Pooled;
use front::Front;
pub use options::{PoolOptions, duration};
pub use shelf::Loan;
use shelf::{Member, Shelf, Slot};
pub(crate) use tenants::{Tenant, Tenants};

use crate::breaker::{Breaker, Verdict};
use crate::metrics::Closed;
use crate::observe::{Observed, Observer, Vitals, Watch, tells_of_the_node};
use crate::secret::Login;

/// The pool.
pub(crate) struct Pool {
    driver: Arc<dyn Driver>,
    login: Arc<Login>,
    url: DatabaseUrl,
    options: RwLock<Arc<PoolOptions>>,
    /// How many places there should be, and how many of those there are too many come back to be taken away.
    size: AtomicU32,
    surplus: AtomicU32,
    /// [`PoolOptions::ping_after`] in nanoseconds, for the checkout.
    ping_after: AtomicU64,
    observer: Arc<Observer>,
    vitals: Arc<Vitals>,
    free: Semaphore,
    shelf: Mutex<Shelf>,
    front: Front,
    /// How many spare connections have kept their right to be lent (see [`rights`]).
    ready: AtomicU32,
    waiting: AtomicU32,
    epoch: AtomicU64,
    suspended: AtomicBool,
    resumed: Notify,
    connected: AtomicBool,
    kept: AtomicBool,
}

/// What is asked of the pool beside a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    /// Who asks.
    pub(crate) at: &'static Location<'static>,
    /// When it is too late.
    pub(crate) deadline: Option<Instant>,
}

impl Request {
    /// Until when to wait.
    pub(crate) fn until(&self, options: &PoolOptions) -> Instant {
        let until = far(Instant::now(), options.acquire_timeout);
        self.deadline.map_or(until, |deadline| until.min(deadline))
    }
}

/// How a pool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolStatus {
    /// At most so many.
    pub max: u32,
    /// Borrowed, those that are being connected included.
    pub in_use: u32,
    /// Spare.
    pub idle: u32,
    /// Tasks that wait for one.
    pub waiting: u32,
    /// Nothing is handed out until it is resumed.
    pub suspended: bool,
    /// Who holds connections, longest first.
    pub loans: Vec<Loan>,
}

/// How long a refused login is tried again when its password comes from where it may be about to change.
const ROTATION: Duration = Duration::from_secs(30);

/// How long somebody is kept who asks a node that is down.
const MOMENT: Duration = Duration::from_millis(20);

/// Up to a tenth less, so that what was opened together is not closed together.
fn spread(age: Duration) -> Duration {
    if age == Duration::MAX { age } else { age.mul_f64(1.0 - fastrand::f64() / 10.0) }
}

/// A moment so far away that nobody waits for it.
fn far(from: Instant, after: Duration) -> Instant {
    from.checked_add(after).unwrap_or(from + Duration::from_secs(86_400 * 365))
}

impl Pool {
    pub(crate) fn new(
        driver: Arc<dyn Driver>,
        (url, login): (DatabaseUrl, Arc<Login>),
        options: PoolOptions,
        observer: Arc<Observer>,
    ) -> Arc<Self> {
        let breaker = Breaker::new(options.breaker_failures, options.breaker_pause, options.breaker_slow);
        let vitals = Vitals::new(place(&url), (url.dialect, url.database.clone()), breaker);
        Arc::new(Pool {
            driver,
            login,
            url,
            observer,
            vitals,
            free: Semaphore::new(options.max_connections as usize),
            shelf: Mutex::new(Shelf::new()),
            front: Front::new(),
            size: AtomicU32::new(options.max_connections),
            surplus: AtomicU32::new(0),
            ready: AtomicU32::new(0),
            ping_after: AtomicU64::new(nanoseconds(options.ping_after)),
            options: RwLock::new(Arc::new(options)),
            waiting: AtomicU32::new(0),
            epoch: AtomicU64::new(0),
            suspended: AtomicBool::new(false),
            resumed: Notify::new(),
            connected: AtomicBool::new(false),
            kept: AtomicBool::new(false),
        })
    }

    /// Tends it from now on, in the background.
    pub(crate) fn keep(self: &Arc<Self>) {
        keeper::start(self);
    }

    /// A connection held for longer is taken for forgotten.
    pub(crate) fn leak_limit(&self) -> Duration {
        self.options().leak_after
    }

    pub(crate) fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    pub(crate) fn observer(&self) -> &Arc<Observer> {
        &self.observer
    }

    fn options(&self) -> Arc<PoolOptions> {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other options from now on: places are added or taken away, and every connection is replaced when it comes back.
    /// The breaker keeps its own.
    pub(crate) fn reconfigure(&self, options: PoolOptions) {
        self.resize(options.max_connections);
        self.ping_after.store(nanoseconds(options.ping_after), Ordering::Relaxed);
        *self.options.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
        self.retire();
    }

    fn resize(&self, size: u32) {
        let before = self.size.swap(size, Ordering::AcqRel);
        for _ in before..size {
            self.add_place();
        }
        let leaving = before.saturating_sub(size);
        let gone = self.free.forget_permits(leaving as usize);
        self.surplus.fetch_add(leaving - u32::try_from(gone).unwrap_or(leaving), Ordering::AcqRel);
    }

    /// A place is free again, or new; unless there are too many.
    fn add_place(&self) {
        let fewer = |surplus: u32| surplus.checked_sub(1);
        if self.surplus.fetch_update(Ordering::AcqRel, Ordering::Acquire, fewer).is_err() {
            self.free.add_permits(1);
        }
    }

    /// The shelf, with what rested in front of it.
    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(member) = self.front.take() {
            self.withdraw(&mut shelf, member);
        }
        shelf
    }

    /// A fresh connection that is there at once, or `None`.
    pub(crate) fn try_acquire(self: &Arc<Self>, request: Request) -> Option<Pooled> {
        let (member, slot, now) = self.take_fresh(request)?;
        Some(Pooled::new(self.clone(), slot, now, Some(member)))
    }

    /// The same, for as long as the pool is borrowed itself.
    #[inline]
    pub(crate) fn borrow(self: &Arc<Self>, request: Request) -> Option<Pooled<&Arc<Self>>> {
        let (member, slot, now) = self.take_fresh(request)?;
        Some(Pooled::new(self, slot, now, Some(member)))
    }

    #[inline]
    fn take_fresh(&self, request: Request) -> Option<(Box<Member>, Slot, Instant)> {
        if self.suspended.load(Ordering::Relaxed) || !self.vitals.breaker.is_calm() {
            return None;
        }
        let now = Instant::now();
        let (mut member, slot) = match self.front.take() {
            Some(member) if self.is_fresh(&member, member.rested, now) => {
                self.front.lend(request.at, now);
                (member, Slot::Front)
            }
            Some(member) => {
                self.withdraw(&mut self.shelf(), member);
                return None;
            }
            None => self.take_from_shelf(request, now)?,
        };
        member.observed.watch.clock = now;
        member.observed.watch.fresh = true;
        member.observed.watch.deadline = request.deadline;
        Some((member, slot, now))
    }

    /// The topmost, if it is fresh and may be lent.
    fn take_from_shelf(&self, request: Request, now: Instant) -> Option<(Box<Member>, Slot)> {
        let mut shelf = self.shelf();
        let last = shelf.last().filter(|spare| self.is_fresh(&spare.member, spare.since, now))?;
        if last.ready {
            self.count_ready(|ready| ready - 1);
        } else {
            self.free.try_acquire().ok()?.forget();
        }
        let spare = shelf.pop()?;
        Some((spare.member, shelf.lend(request.at, now)))
    }

    /// A spare connection that has come back then can be lent as it is.
    #[inline]
    fn is_fresh(&self, member: &Member, since: Instant, now: Instant) -> bool {
        let ping_after = Duration::from_nanos(self.ping_after.load(Ordering::Relaxed));
        member.epoch == self.epoch.load(Ordering::Acquire) && now < member.expires && now - since < ping_after
    }

    /// A connection, as soon as one can be had; given up when the node is found to be down meanwhile.
    pub(crate) async fn acquire(self: &Arc<Self>, request: Request) -> Result<Pooled> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(outside_of_tokio());
        }
        if self.vitals.is_down() {
            // Who asks again at once, and again, would leave nobody the time to see it come back.
            tokio::time::sleep(MOMENT).await;
        }
        tokio::select! {
            biased;
            () = self.vitals.until_down() => Err(self.down()),
            result = self.acquire_in_time(request) => result,
        }
    }

    async fn acquire_in_time(self: &Arc<Self>, request: Request) -> Result<Pooled> {
        let begun = Instant::now();
        let until = request.until(&self.options());
        self.refuse_if_hopeless(begun)?;
        let waiting = self.queue()?;
        let permit = tokio::time::timeout_at(until.into(), self.free.acquire()).await;
        let permit = permit.map_err(|_| self.exhausted(begun))?;
        permit.map_err(|_| Error::new(Kind::Unavailable, "the pool is closed"))?.forget();
        // From here on dropping `pooled` gives the permit back.
        let now = Instant::now();
        let slot = self.shelf().lend(request.at, now);
        let mut pooled = Pooled::new(self.clone(), slot, now, None);
        self.wait_while_suspended(until, begun).await?;
        drop(waiting);
        self.vitals.metrics.wait.record(begun.elapsed());
        let member = match self.usable_spare(until).await {
            Some(member) => member,
            None => self.open(until).await?,
        };
        pooled.fill(member, request.deadline);
        Ok(pooled)
    }

    /// A spare connection that is young, of today's topology, and alive if it rested for long.
    async fn usable_spare(&self, until: Instant) -> Option<Box<Member>> {
        loop {
            let spare = self.take_spare(Shelf::pop).pop()?;
            let now = Instant::now();
            let rested = now - spare.since;
            let mut member = spare.member;
            if let Some(why) = self.unfit(&member, now) {
                self.dispose(*member, why);
            } else if rested >= self.options().idle_timeout {
                self.dispose(*member, Closed::Idle);
            } else {
                let rested_little = rested < self.options().ping_after && self.vitals.breaker.is_calm();
                if rested_little || self.alive(&mut member, until).await {
                    return Some(member);
                }
                self.dispose(*member, Closed::Broken);
                // They rested together: what befell one befell the others, and connecting tells the truth.
                let others = self.take_spare(Shelf::take_all);
                others.into_iter().for_each(|spare| self.dispose(*spare.member, Closed::Broken));
            }
        }
    }

    /// Whether it answers in time.
    async fn alive(&self, member: &mut Member, until: Instant) -> bool {
        let until = until.min(far(Instant::now(), self.options().ping_timeout));
        match tokio::time::timeout_at(until.into(), member.observed.unwatched().ping()).await {
            Ok(Ok(())) => {
                self.vitals.breaker.succeeded();
                true
            }
            Ok(Err(error)) => {
                self.vitals.failed(&error);
                false
            }
            Err(_) => {
                self.vitals.breaker.failed(Instant::now(), "a connection did not answer");
                false
            }
        }
    }

    /// Why a connection may not be handed out, if so.
    fn unfit(&self, member: &Member, now: Instant) -> Option<Closed> {
        if member.epoch != self.epoch.load(Ordering::Acquire) {
            Some(Closed::Retired)
        } else if now >= member.expires {
            Some(Closed::Age)
        } else {
            None
        }
    }

    /// Opens a connection. After the first that ever succeeded, failures that may pass are met with patience.
    async fn open(&self, until: Instant) -> Result<Box<Member>> {
        let begun = Instant::now();
        let patience =
            if self.connected.load(Ordering::Relaxed) { self.options().reconnect_patience } else { Duration::ZERO };
        let mut until_patient = far(begun, patience).min(until);
        let mut pause = crate::retry::Backoff::new(Duration::from_millis(10), Duration::from_millis(500));
        let mut last = None;
        loop {
            let wait = match self.vitals.breaker.ask(Instant::now()) {
                Verdict::Wait { until, .. } => until.saturating_duration_since(Instant::now()),
                Verdict::Go => match self.connect(until).await {
                    Ok(member) => return Ok(member),
                    Err(error) if tells_of_the_node(error.kind()) => {
                        last = Some(error);
                        pause.next()
                    }
                    Err(error) if self.is_rotating(&error) => {
                        until_patient = until_patient.max(far(begun, ROTATION).min(until));
                        last = Some(error);
                        pause.next()
                    }
                    Err(error) => return Err(error),
                },
            };
            if Instant::now() + wait >= until_patient {
                let error = last.unwrap_or_else(|| self.refused());
                return Err(match patience {
                    Duration::ZERO => error,
                    _ => error.hint(format!("it was tried again for {:.1} s", begun.elapsed().as_secs_f64())),
                });
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// A login that worked before and is refused now: its password may be on the way.
    fn is_rotating(&self, error: &Error) -> bool {
        error.kind() == Kind::Authentication && self.connected.load(Ordering::Relaxed) && self.login.may_change()
    }

    async fn connect(&self, until: Instant) -> Result<Box<Member>> {
        let begun = Instant::now();
        // However long somebody waited for a place, connecting is worth an attempt.
        let left = until.saturating_duration_since(begun).max(Duration::from_secs(1));
        let mut options = self.options().connect.clone();
        options.connect_timeout = options.connect_timeout.min(left);
        let epoch = self.epoch.load(Ordering::Acquire);
        match self.log_in(&options).await {
            Ok(connection) => {
                self.connected.store(true, Ordering::Relaxed);
                self.vitals.hear();
                self.vitals.breaker.succeeded();
                self.vitals.metrics.connect.record(begun.elapsed());
                let watch = Watch::new(self.observer.clone(), self.vitals.clone(), &self.options());
                let age = spread(self.options().max_lifetime);
                let target = Target::of(connection.dialect(), connection.server());
                let shapes = Box::new(ShapeCache::new(target, options.statement_cache));
                let observed = Observed::new(connection, watch);
                Ok(Box::new(Member { observed, shapes, born: begun, expires: far(begun, age), epoch, rested: begun }))
            }
            Err(error) => {
                self.vitals.metrics.connect_errors.add(1);
                self.observer.errors.count(&error);
                if error.kind() == Kind::Timeout {
                    self.vitals.breaker.failed(Instant::now(), error.message());
                } else {
                    self.vitals.failed(&error);
                }
                if !is_silence(&error) {
                    self.vitals.hear();
                }
                Err(error)
            }
        }
    }

    /// A connection that the pool does not count.
    pub(crate) async fn connect_beside(&self, limit: Duration) -> Result<Box<dyn Connection>> {
        let mut options = self.options().connect.clone();
        options.connect_timeout = options.connect_timeout.min(limit);
        self.log_in(&options).await
    }

    /// Its URL with the password of now.
    pub(crate) async fn login_url(&self) -> Result<DatabaseUrl> {
        self.login.url(&self.url).await.map(std::borrow::Cow::into_owned)
    }

    /// With the password of now; if that is one that was kept and is refused, with a new one.
    async fn log_in(&self, options: &ConnectOptions) -> Result<Box<dyn Connection>> {
        let url = self.login_within(options.connect_timeout).await?;
        match self.driver.connect(&url, options).await {
            Err(error) if error.kind() == Kind::Authentication && self.login.forget() => {
                let url = self.login_within(options.connect_timeout).await?;
                self.driver.connect(&url, options).await
            }
            result => result,
        }
    }

    /// Its URL with the password of now, if whoever knows it answers in time.
    async fn login_within(&self, limit: Duration) -> Result<std::borrow::Cow<'_, DatabaseUrl>> {
        tokio::time::timeout(limit, self.login.url(&self.url)).await.unwrap_or_else(|_| {
            let message =
                format!("the source of the password for {} did not answer within {limit:?}", self.vitals.node);
            Err(Error::new(Kind::Timeout, message).hint("look at the command or the provider of tokens"))
        })
    }

    /// Closes a connection, in the background if that takes time.
    fn dispose(&self, member: Member, why: Closed) {
        self.vitals.metrics.closed[why as usize].add(1);
        self.vitals.metrics.lifetime.record(member.born.elapsed());
        let connection = member.observed.into_inner();
        let parting = if connection.is_busy() { connection.abandon() } else { connection.close() };
        if let Err(future) = parting.settled()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let limit = self.options().ping_timeout;
            runtime.spawn(async move { drop(tokio::time::timeout(limit, future).await) });
        }
    }

    /// Everybody waits, until [`Pool::resume`].
    pub(crate) fn suspend(&self) {
        self.suspended.store(true, Ordering::Release);
    }

    pub(crate) fn resume(&self) {
        self.suspended.store(false, Ordering::Release);
        self.resumed.notify_waiters();
    }

    async fn wait_while_suspended(&self, until: Instant, begun: Instant) -> Result<()> {
        loop {
            let resumed = self.resumed.notified();
            if !self.suspended.load(Ordering::Acquire) {
                return Ok(());
            }
            tokio::time::timeout_at(until.into(), resumed).await.map_err(|_| {
                self.vitals.metrics.timeouts.add(1);
                let message = format!("the pool of {} has been suspended for {:?}", self.vitals.node, begun.elapsed());
                Error::new(Kind::PoolTimeout, message).hint("`Db::resume` goes on")
            })?;
        }
    }

    /// Connections of before are closed when they come back: the topology or the login has changed.
    pub(crate) fn retire(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        let spare = self.take_spare(Shelf::take_all);
        spare.into_iter().for_each(|spare| self.dispose(*spare.member, Closed::Retired));
    }

    /// So many connect at the same time as the options want at least.
    pub(crate) async fn warm_up(self: &Arc<Self>) {
        let until = far(Instant::now(), self.options().acquire_timeout);
        let missing = self.options().min_connections.saturating_sub(self.shelf().total());
        let opening = (0..missing).map(|_| self.add_spare(until));
        futures_util::future::join_all(opening).await;
    }

    /// Opens one connection more, if there is room, and leaves it spare.
    async fn add_spare(self: &Arc<Self>, until: Instant) {
        let Ok(permit) = self.free.try_acquire() else { return };
        permit.forget();
        let slot = self.shelf().lend(Location::caller(), Instant::now());
        let mut pooled = Pooled::new(self.clone(), slot, Instant::now(), None);
        if let Ok(member) = self.connect(until).await {
            pooled.fill(member, None);
        }
    }

    pub(crate) fn status(&self) -> PoolStatus {
        let shelf = self.shelf();
        PoolStatus {
            max: self.size.load(Ordering::Relaxed),
            in_use: shelf.lent(),
            idle: shelf.spare(),
            waiting: self.waiting.load(Ordering::Relaxed),
            suspended: self.suspended.load(Ordering::Relaxed),
            loans: shelf.loans(self.front.lent()),
        }
    }
}

impl Pool {
    /// How many are borrowed or waited for.
    pub(crate) fn in_flight(&self) -> u32 {
        let free = u32::try_from(self.free.available_permits()).unwrap_or(u32::MAX);
        let free =
            free.saturating_add(self.ready.load(Ordering::Relaxed)).saturating_add(u32::from(self.front.rests()));
        self.size.load(Ordering::Relaxed).saturating_sub(free) + self.waiting.load(Ordering::Relaxed)
    }
}

/// Refusals.
impl Pool {
    /// Takes a place in the queue. From here on nobody keeps a right from those who wait.
    fn queue(&self) -> Result<Waiting<'_>> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        self.release_rights();
        if before < self.options().max_waiting || self.free.available_permits() > 0 {
            return Ok(waiting);
        }
        self.vitals.metrics.shed.add(1);
        let message = format!("{before} tasks wait for a connection to {} already", self.vitals.node);
        Err(Error::new(Kind::Overloaded, message)
            .hint("tell the client to come back later (503), raise `max_connections`, or allow a longer queue"))
    }

    /// An outage that has lasted longer than anybody is patient: no need to wait for the same answer again.
    fn refuse_if_hopeless(&self, now: Instant) -> Result<()> {
        if self.vitals.breaker.is_calm() {
            return Ok(());
        }
        match self.vitals.breaker.peek(now) {
            Some(since) if now - since > self.options().reconnect_patience => {
                self.vitals.metrics.shed.add(1);
                Err(self.refused())
            }
            _ => Ok(()),
        }
    }

    fn refused(&self) -> Error {
        let (_, since, reason) = self.vitals.breaker.state(Instant::now());
        let since = since.map_or(0.0, |since| since.elapsed().as_secs_f64());
        let message =
            format!("{} has been failing for {since:.1} s; it is left alone for a moment: {reason}", self.vitals.node);
        Error::new(Kind::Overloaded, message).hint("`relata health` says how every node is")
    }

    fn down(&self) -> Error {
        if self.vitals.is_replaced() {
            let message = format!("another node took over from {}", self.vitals.node);
            return Error::new(Kind::NotSent, message).hint("nothing was sent; the new primary is used from now on");
        }
        let message =
            format!("{} keeps silent, as a server does that stands still or cannot be reached", self.vitals.node);
        Error::new(Kind::NotSent, message).hint("nothing was sent; it is asked again and again until it answers")
    }

    fn exhausted(&self, begun: Instant) -> Error {
        self.vitals.metrics.timeouts.add(1);
        let status = self.status();
        let others = self.waiting.load(Ordering::Relaxed).saturating_sub(1);
        let message = format!(
            "no connection to {} became free within {:?}: {} in use, {others} more waiting",
            self.url,
            rounded(begun.elapsed()),
            status.in_use,
        );
        let mut error = Error::new(Kind::PoolTimeout, message);
        for loan in status.loans.iter().take(3) {
            error = error.hint(format!("held for {:?} by {}", rounded(loan.held), loan.at));
        }
        error
            .hint("inside `transaction!` run every statement on its `tx`, not on the `Db`")
            .hint("finish streams and transactions sooner, or raise `max_connections`")
    }
}

/// Said here, where tokio would panic on whoever asked.
fn outside_of_tokio() -> Error {
    Error::new(Kind::Configuration, "relata runs on tokio, and this future is polled outside of a tokio runtime").hint(
        "write `#[tokio::main]` above `async fn main()`, or run it by `tokio::runtime::Runtime::new()?.block_on(…)`; beside \
         another executor, `runtime.enter()` lends it a runtime",
    )
}

/// Nobody answered: neither well nor badly.
fn is_silence(error: &Error) -> bool {
    matches!(error.kind(), Kind::Timeout | Kind::Unreachable)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// To the millisecond.
fn rounded(duration: Duration) -> Duration {
    Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// A task that waits.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a node is called.
fn place(url: &DatabaseUrl) -> String {
    match url.host() {
        "" => url.database.clone(),
        host => format!("{host}:{}", url.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_spread_over_a_tenth() {
        let limit = Duration::from_secs(1000);
        let mut ages: Vec<_> = (0..1000).map(|_| spread(limit)).collect();
        ages.sort();
        assert!(ages[0] >= limit * 9 / 10 && ages[999] <= limit);
        assert!(ages[900] - ages[100] > Duration::from_secs(50), "all go at once: {:?} to {:?}", ages[100], ages[900]);
        assert_eq!(spread(Duration::MAX), Duration::MAX);
    }

    /// A look every quarter of `frozen_after`, then as long as a server may take to answer.
    #[test]
    fn by_default_a_silent_server_is_noticed_within_three_seconds() {
        let options = PoolOptions::default();
        assert!(options.frozen_after * 5 / 4 + options.ping_timeout <= Duration::from_secs(3));
        assert!(options.ping_after <= Duration::from_millis(500));
    }
}
