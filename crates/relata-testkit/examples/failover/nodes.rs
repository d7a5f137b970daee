//! Replicas that freeze, or go up and down.

use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_runtime::{Db, Reads, sql};
use relata_testkit::servers::{PostgresCluster, open};

use super::{OUT_OF_ROTATION, Outcome, until_nodes};

const TWO: [Role; 2] = [Role::Primary, Role::Replica];

/// Reads until told to stop; the slowest of them.
async fn read(db: Db, stop: std::sync::Arc<std::sync::atomic::AtomicBool>) -> (usize, Duration, usize) {
    let mut reader = db.reading(Reads::Replica { max_lag: Duration::from_secs(60) });
    let (mut count, mut slowest, mut failed) = (0, Duration::ZERO, 0);
    while !stop.load(std::sync::atomic::Ordering::Acquire) {
        let begun = Instant::now();
        failed += usize::from(sql::<i64>("SELECT COUNT(*) FROM work", ()).one(&mut reader).await.is_err());
        slowest = slowest.max(begun.elapsed());
        count += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    (count, slowest, failed)
}

pub(super) async fn frozen(chance: &mut fastrand::Rng) -> Outcome {
    let servers = PostgresCluster::start(2, false).await;
    let db = open(&servers.url()).await;
    let all = |roles: &[Role]| roles == [Role::Primary, Role::Replica, Role::Replica];
    if until_nodes(&db, Duration::from_secs(20), all).await.is_none() {
        return Outcome::default().must(false, "the nodes never became what they are");
    }
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let readers: Vec<_> = (0..4).map(|_| tokio::spawn(read(db.clone(), stop.clone()))).collect();
    tokio::time::sleep(Duration::from_millis(chance.u64(100..900))).await;
    servers.freeze(1);
    let out = until_nodes(&db, Duration::from_secs(20), |roles| roles[1] == Role::Down).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    servers.thaw(1);
    let back = until_nodes(&db, Duration::from_secs(20), |roles| roles[1] == Role::Replica).await;
    stop.store(true, std::sync::atomic::Ordering::Release);
    let (mut count, mut slowest, mut failed) = (0, Duration::ZERO, 0);
    for reader in readers {
        let (reads, longest, failures) = reader.await.unwrap_or_default();
        (count, slowest, failed) = (count + reads, slowest.max(longest), failed + failures);
    }
    let errors = format!("{failed} of {count} reads failed, the slowest took {:.0} ms", slowest.as_secs_f64() * 1e3);
    let outcome = Outcome { errors, ..Outcome::default() }.must(failed == 0, "a read failed");
    let outcome = outcome.must(back.is_some(), "it never came back");
    outcome.bar("out of rotation", out.unwrap_or(Duration::MAX), OUT_OF_ROTATION)
}

/// Each time that it comes back it must answer well for longer before it is read.
pub(super) async fn flapping() -> Outcome {
    let servers = PostgresCluster::start(1, false).await;
    let db = open(&servers.url()).await;
    if until_nodes(&db, Duration::from_secs(20), |roles| roles == TWO).await.is_none() {
        return Outcome::default().must(false, "the nodes never became what they are");
    }
    let mut waits = Vec::new();
    for _ in 0..4 {
        servers.freeze(1);
        until_nodes(&db, Duration::from_secs(20), |roles| roles[1] == Role::Down).await;
        servers.thaw(1);
        let thawed = Instant::now();
        while !db.nodes()[1].in_rotation && thawed.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        waits.push(thawed.elapsed());
    }
    let grows = waits.last() > waits.first();
    let errors = format!("out after its return for {waits:.1?}");
    Outcome { errors, ..Outcome::default() }.must(grows, "a node that goes up and down is not damped")
}
