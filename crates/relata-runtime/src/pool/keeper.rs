//! Tending a pool in the background: the minimum, keepalive, age, leaks.
//!
//! The task holds the pool weakly and ends with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Pool, clock, far};
use crate::metrics::Closed;

/// A round is never made more often, nor less.
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(30);

/// Starts tending, once; without a runtime there is nothing to start on.
pub(crate) fn start(pool: &Arc<Pool>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    if pool.kept.swap(true, Ordering::AcqRel) {
        return;
    }
    let options = pool.options();
    let shortest = [options.idle_timeout, options.keepalive, options.max_lifetime, options.leak_after];
    let pause = shortest.into_iter().min().unwrap_or(LONGEST) / 4;
    let pause = pause.clamp(SHORTEST, LONGEST);
    let weak = Arc::downgrade(pool);
    runtime.spawn(async move {
        if let Some(pool) = weak.upgrade() {
            pool.warm_up().await;
        }
        loop {
            clock::pause(pause).await;
            let Some(pool) = weak.upgrade() else { return };
            pool.tend().await;
        }
    });
}

impl Pool {
    /// One round.
    async fn tend(self: &Arc<Self>) {
        self.report_leaks();
        self.drop_old();
        self.keep_alive().await;
        self.warm_up().await;
    }

    fn report_leaks(&self) {
        let leaks = self.shelf().leaks(self.options().leak_after);
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
        let unfit = self.shelf().take_if(|spare| self.unfit(&spare.member, now).is_some());
        for spare in unfit {
            let why = self.unfit(&spare.member, now).unwrap_or(Closed::Age);
            self.dispose(*spare.member, why);
        }
        // The oldest lie at the bottom; those used last are kept as the minimum.
        let total = self.shelf().total();
        keep = total.saturating_sub(keep);
        let idle = self.shelf().take_if(|spare| {
            let old = now - spare.since >= idle_limit && keep > 0;
            keep -= u32::from(old);
            old
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
            let Ok(permit) = self.free.try_acquire() else { return };
            let now = Instant::now();
            let mut first = true;
            let resting = |spare: &super::shelf::Spare| {
                let due = now - spare.since >= limit && now >= spare.member.observed.watch.clock + limit;
                due && std::mem::take(&mut first)
            };
            let Some(mut spare) = self.shelf().take_if(resting).pop() else { return };
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
