//! A primary with two standbys loses its primary under load.

use std::time::{Duration, Instant};

use relata_runtime::Kind;
use relata_runtime::cluster::Role;
use relata_testkit::Fault;
use relata_testkit::load::{Account, Writers, books_balance};
use relata_testkit::servers::{Patroni, PostgresCluster, open};

use super::{AFTER_PROMOTION, Blow, OUT_OF_ROTATION, Outcome, behind_proxies, until_nodes};

pub(super) async fn run(synchronous: bool, blow: Blow, chance: &mut fastrand::Rng) -> Outcome {
    let mut servers = PostgresCluster::start(2, synchronous).await;
    let (url, proxies) = behind_proxies(servers.url(), blow).await;
    let db = open(&url).await;
    let all = |roles: &[Role]| roles == [Role::Primary, Role::Replica, Role::Replica];
    if until_nodes(&db, Duration::from_secs(20), all).await.is_none() {
        return Outcome::default().must(false, "the nodes never became what they are");
    }
    let writers = Writers::like_pgbench(&db, chance.usize(2..9)).await;
    writers.account.more(chance.usize(50..400)).await;
    tokio::time::sleep(Duration::from_millis(chance.u64(0..200))).await;
    match blow {
        Blow::Kill => servers.kill(0),
        Blow::Freeze => servers.freeze(0),
        Blow::Cut => proxies[0].set(Fault::HalfOpen),
    }
    let struck = Instant::now();
    let out = until_nodes(&db, Duration::from_secs(20), |roles| roles[0] == Role::Down).await;
    tokio::time::sleep(Duration::from_millis(chance.u64(0..300))).await;
    let best = servers.promote().await;
    let promoted = Instant::now();
    if blow == Blow::Freeze {
        servers.thaw(0);
    }
    writers.account.more(100).await;
    let account = writers.stop().await;
    let since = account.first_after(promoted).unwrap_or_default();
    let outcome = judge(&account, &servers.found(best).await, synchronous);
    let balanced = books_balance(&mut servers.alone(best).await).await;
    let outcome = outcome.must(matches!(balanced, Ok(true)), "the books do not balance");
    let out = out.unwrap_or(struck.elapsed());
    let outcome = outcome.must(out <= OUT_OF_ROTATION, &format!("out of rotation only after {out:.2?}"));
    outcome.bar("first write after the promotion", since, AFTER_PROMOTION)
}

/// Patroni with etcd decides who takes over.
pub(super) async fn patroni(chance: &mut fastrand::Rng) -> Outcome {
    if Patroni::is_missing() {
        return Outcome::default().must(false, "patroni and etcd are not installed");
    }
    let mut servers = Patroni::start(3).await;
    let db = open(&servers.url()).await;
    let complete = |roles: &[Role]| roles.len() == 3 && roles.contains(&Role::Primary) && !roles.contains(&Role::Down);
    if until_nodes(&db, Duration::from_secs(30), complete).await.is_none() {
        return Outcome::default().must(false, "the nodes never became what they are");
    }
    let Some(leader) = servers.leader().await else { return Outcome::default().must(false, "nobody leads") };
    let writers = Writers::like_pgbench(&db, chance.usize(2..9)).await;
    writers.account.more(chance.usize(50..400)).await;
    tokio::time::sleep(Duration::from_millis(chance.u64(0..200))).await;
    servers.kill(leader);
    let struck = Instant::now();
    let mut led = None;
    while led.is_none() && struck.elapsed() < Duration::from_secs(60) {
        led = servers.leader().await.filter(|other| *other != leader);
    }
    // As early as it can be seen from outside, by asking all the time: later than it was.
    let promoted = Instant::now();
    let Some(other) = led else { return Outcome::default().must(false, "nobody took over within a minute") };
    writers.account.more(100).await;
    let account = writers.stop().await;
    let since = account.first_after(promoted).unwrap_or_default();
    let mut alone = servers.alone(other).await;
    let found = relata_runtime::sql::<i64>("SELECT n FROM work", ()).all(&mut alone).await.unwrap_or_default();
    let outcome = judge(&account, &found, true);
    let outcome = outcome.must(matches!(books_balance(&mut alone).await, Ok(true)), "the books do not balance");
    outcome.bar("first write after the promotion", since, AFTER_PROMOTION)
}

/// What was acknowledged and what is there. `certain`: nothing acknowledged may be missing.
pub(super) fn judge(account: &Account, found: &[i64], certain: bool) -> Outcome {
    let (lost, duplicated) = account.compare(found);
    let kinds = account.kinds();
    let count = |kind: Kind| kinds.iter().filter(|seen| **seen == kind).count();
    let mut errors: Vec<_> = Kind::ALL.iter().filter(|kind| count(**kind) > 0).collect();
    errors.sort_by_key(|kind| kind.code());
    let errors: Vec<_> = errors.iter().map(|kind| format!("{kind:?} {}", count(**kind))).collect();
    let outcome = Outcome {
        acknowledged: account.count(),
        found: found.len(),
        lost: lost.len(),
        duplicated: duplicated.len(),
        errors: errors.join(", "),
        ..Outcome::default()
    };
    let outcome = outcome.must(duplicated.is_empty(), "written twice").must(kinds.is_empty(), "an error was seen");
    outcome.must(!certain || lost.is_empty(), "acknowledged and lost")
}
