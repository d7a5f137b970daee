//! Tending a pool in the background: the minimum, keepalive, age, leaks, servers that keep silent.
//!
//! The task holds the pool weakly and ends with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::Kind;

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
    let mut shortest = vec![options.idle_timeout, options.keepalive, options.max_lifetime, options.leak_after];
    if pool.may_freeze() {
        shortest.push(options.frozen_after);
    }
    let pause = shortest.into_iter().min().unwrap_or(LONGEST) / 4;
    let pause = pause.clamp(SHORTEST, LONGEST);
    let weak = Arc::downgrade(pool);
    runtime.spawn(async move {
        if let Some(pool) = weak.upgrade() {
            pool.warm_up().await;
        }
        let mut asked = Instant::now();
        loop {
            clock::pause(pause).await;
            let Some(pool) = weak.upgrade() else { return };
            pool.look_for_silence(&mut asked).await;
            // What follows would wait for it, too.
            if !pool.vitals.is_down() {
                pool.tend().await;
            }
        }
    });
}

impl Pool {
    /// It leads to a server, and nobody watches that all the time.
    fn may_freeze(&self) -> bool {
        self.url.dialect != Dialect::Sqlite && !self.vitals.is_guarded()
    }

    /// When somebody has waited for long, or the server was found silent before: whether it lives.
    async fn look_for_silence(&self, asked: &mut Instant) {
        let limit = self.options().frozen_after;
        let due = self.vitals.is_down() || asked.elapsed() >= limit && self.shelf().has_held_for(limit);
        if limit == Duration::MAX || !self.may_freeze() || !due {
            return;
        }
        let lives = self.answers().await || self.answers().await;
        *asked = Instant::now();
        match (lives, self.vitals.is_down()) {
            (false, false) => {
                let node = &self.vitals.node;
                tracing::warn!(target: "relata::pool", node, "the server keeps silent: statements under way there end");
                self.vitals.raise_alarm();
                self.retire();
            }
            (true, true) => {
                self.vitals.end_alarm();
                self.vitals.breaker.succeeded();
            }
            _ => {}
        }
    }

    /// One that refuses answers, too.
    async fn answers(&self) -> bool {
        let limit = self.options().ping_timeout;
        let asking = async {
            let mut connection = self.connect_beside(limit).await?;
            connection.ping().await?;
            connection.close().await
        };
        match tokio::time::timeout(limit, asking).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => !matches!(error.kind(), Kind::Timeout | Kind::Unreachable),
            Err(_) => false,
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
