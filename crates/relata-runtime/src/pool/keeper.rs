//! Tending a pool in the background: the minimum, keepalive, age, leaks, servers that keep silent.
//!
//! The task holds the pool weakly and ends with it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::future::Either;
use relata_schema::Dialect;

use super::shelf::Shelf;
use super::{Pool, clock, far, is_silence};
use crate::metrics::Closed;
use crate::observe::Alarm;

/// A round is never made more often, nor less.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(30);

/// Starts tending, once; without a runtime there is nothing to start on.
pub(crate) fn start(pool: &Arc<Pool>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    if pool.kept.swap(true, Ordering::AcqRel) {
        return;
    }
    let weak = Arc::downgrade(pool);
    let leads_to_a_server = pool.url.dialect != Dialect::Sqlite;
    runtime.spawn(async move {
        if let Some(pool) = weak.upgrade() {
            pool.warm_up().await;
        }
        let mut silence = Silence { heard: Instant::now(), asked: Instant::now() };
        let mut tended = Instant::now();
        let mut pause = pool_pause(&weak);
        while let Some((often, tending)) = pause {
            match leads_to_a_server {
                true => clock::pause(often.min(tending)).await,
                // Nobody waits for answers from elsewhere; and in a process of one thread, SQLite's locks cost nothing.
                false => tokio::time::sleep(often.min(tending)).await,
            }
            let Some(pool) = weak.upgrade() else { return };
            pool.look_for_silence(&mut silence).await;
            // What follows would wait for it, too.
            if !pool.vitals.is_down() && tended.elapsed() >= tending {
                pool.tend().await;
                tended = Instant::now();
            }
            drop(pool);
            pause = pool_pause(&weak);
        }
    });
}

/// How often silence is looked for, and how often the pool is tended.
fn pool_pause(pool: &Weak<Pool>) -> Option<(Duration, Duration)> {
    let pool = pool.upgrade()?;
    let options = pool.options();
    let limits = [options.idle_timeout, options.keepalive, options.max_lifetime, options.leak_after];
    let of = |limit: Duration| (limit / 4).clamp(SHORTEST, LONGEST);
    let often = if pool.may_freeze() { of(options.frozen_after) } else { LONGEST };
    Some((often, of(limits.into_iter().min().unwrap_or(LONGEST))))
}

/// When the server was last heard of, and when it was last asked.
struct Silence {
    heard: Instant,
    asked: Instant,
}

/// Into how many steps patience is divided.
const STEPS: u32 = 40;

/// Waits for so long, and longer where this process does not get to run: it must not take its own slowness for another's
/// silence.
async fn patience(limit: Duration) {
    for _ in 0..STEPS {
        tokio::time::sleep(limit / STEPS).await;
    }
}

async fn patiently<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match futures_util::future::select(std::pin::pin!(future), std::pin::pin!(patience(limit))).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

impl Pool {
    /// It leads to a server, and nobody watches that all the time.
    fn may_freeze(&self) -> bool {
        self.url.dialect != Dialect::Sqlite && !self.vitals.is_guarded()
    }

    /// When somebody has waited for long and nobody was answered, or the server was found silent before: whether it lives.
    async fn look_for_silence(&self, silence: &mut Silence) {
        let limit = self.options().frozen_after;
        if limit == Duration::MAX || !self.may_freeze() {
            return;
        }
        let now = Instant::now();
        if self.vitals.was_heard() {
            silence.heard = now;
        }
        let was_down = self.vitals.is_down();
        let known = (silence.heard, silence.asked);
        if !was_down && !self.shelf().is_suspicious(self.front.lent(), (now, limit), known) {
            return;
        }
        let lives = self.lives().await;
        silence.asked = Instant::now();
        if lives {
            silence.heard = silence.asked;
        }
        match (lives, was_down) {
            (false, false) => {
                let node = &self.vitals.node;
                tracing::warn!(target: "relata::pool", node, "the server keeps silent: statements under way there end");
                self.vitals.raise_alarm(Alarm::Down);
                self.retire();
            }
            (true, true) => {
                self.vitals.end_alarm();
                self.vitals.breaker.succeeded();
            }
            _ => {}
        }
    }

    /// Whether it answers within [`PoolOptions::ping_timeout`]: a spare connection, or else one of its own; and, as a packet
    /// may be lost, another one after half of that time.
    ///
    /// [`PoolOptions::ping_timeout`]: crate::PoolOptions::ping_timeout
    async fn lives(&self) -> bool {
        let limit = self.options().ping_timeout;
        let first = async { self.spare_answers(limit).await || self.answers(limit).await };
        let second = async {
            patience(limit / 2).await;
            self.answers(limit - limit / 2).await
        };
        match futures_util::future::select(std::pin::pin!(first), std::pin::pin!(second)).await {
            Either::Left((lives, second)) => lives || second.await,
            Either::Right((lives, first)) => lives || first.await,
        }
    }

    /// A spare connection answers; `false`: there is none, or it does not, which may be its own fault.
    async fn spare_answers(&self, limit: Duration) -> bool {
        self.release_rights();
        let Ok(_permit) = self.free.try_acquire() else { return false };
        let Some(mut spare) = self.take_spare(Shelf::pop).pop() else { return false };
        let ping = patiently(limit / 2, spare.member.observed.unwatched().ping()).await;
        if let Some(Ok(())) = ping {
            spare.since = Instant::now();
            self.shelf().put_under(spare);
            return true;
        }
        self.dispose(*spare.member, Closed::Broken);
        false
    }

    /// One that refuses answers, too.
    async fn answers(&self, limit: Duration) -> bool {
        let asking = async {
            // Whose patience ends is decided here.
            let mut connection = self.connect_beside(limit * 10).await?;
            connection.ping().await?;
            connection.close().await
        };
        match patiently(limit, asking).await {
            Some(Ok(())) => true,
            Some(Err(error)) => !is_silence(&error),
            None => false,
        }
    }

    /// One round.
    async fn tend(self: &Arc<Self>) {
        self.report_leaks();
        self.drop_old();
        self.keep_alive().await;
        self.warm_up().await;
    }

    fn report_leaks(&self) {
        let leaks = self.shelf().leaks(self.front.lent(), self.options().leak_after);
        self.vitals.metrics.leaks.add(leaks.len() as u64);
        for leak in leaks {
            tracing::warn!(
                target: "relata::pool",
                node = self.vitals.node,
                borrowed_at = leak.at,
                held = ?leak.held,
                "a connection has been borrowed for long: is a transaction or stream never finished?"
            );
        }
    }

    fn drop_old(&self) {
        let now = Instant::now();
        let idle_limit = self.options().idle_timeout;
        let mut keep = self.options().min_connections;
        let unfit = self.take_spare(|shelf| shelf.take_if(|spare| self.unfit(&spare.member, now).is_some()));
        for spare in unfit {
            let why = self.unfit(&spare.member, now).unwrap_or(Closed::Age);
            self.dispose(*spare.member, why);
        }
        // The oldest lie at the bottom; those used last are kept as the minimum.
        let total = self.shelf().total();
        keep = total.saturating_sub(keep);
        let idle = self.take_spare(|shelf| {
            shelf.take_if(|spare| {
                let old = now - spare.since >= idle_limit && keep > 0;
                keep -= u32::from(old);
                old
            })
        });
        idle.into_iter().for_each(|spare| self.dispose(*spare.member, Closed::Idle));
    }

    /// Pings what has rested for long, one after the other, each with the right of a borrower.
    async fn keep_alive(self: &Arc<Self>) {
        if self.options().keepalive == Duration::MAX {
            return;
        }
        let limit = self.options().keepalive;
        loop {
            self.release_rights();
            let Ok(permit) = self.free.try_acquire() else { return };
            let now = Instant::now();
            let mut first = true;
            let resting = |spare: &super::shelf::Spare| {
                let due = now - spare.since >= limit && now >= spare.member.observed.watch.clock + limit;
                due && std::mem::take(&mut first)
            };
            let Some(mut spare) = self.take_spare(|shelf| shelf.take_if(resting)).pop() else { return };
            let alive = self.alive(&mut spare.member, far(now, self.options().ping_timeout)).await;
            if alive {
                spare.member.observed.watch.clock = Instant::now();
                self.shelf().put_under(spare);
            } else {
                self.dispose(*spare.member, Closed::Broken);
            }
            drop(permit);
        }
    }
}
