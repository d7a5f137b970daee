//! A primary with a replica by GTID loses its primary under load.

use std::time::{Duration, Instant};

use relata_runtime::cluster::Role;
use relata_testkit::Fault;
use relata_testkit::load::{Writers, books_balance};
use relata_testkit::servers::{MariadbPair, open};

use super::postgres::judge;
use super::{AFTER_PROMOTION, Blow, OUT_OF_ROTATION, Outcome, behind_proxies, until_nodes};

pub(super) async fn run(synchronous: bool, blow: Blow, chance: &mut fastrand::Rng) -> Outcome {
    let mut servers = MariadbPair::start(synchronous).await;
    let (url, proxies) = behind_proxies(servers.url(), blow).await;
    let db = open(&url).await;
    let both = |roles: &[Role]| roles == [Role::Primary, Role::Replica];
    if until_nodes(&db, Duration::from_secs(20), both).await.is_none() {
        return Outcome::default().must(false, "the nodes never became what they are");
    }
    let writers = Writers::like_pgbench(&db, chance.usize(2..9)).await;
    writers.account.more(chance.usize(50..400)).await;
    tokio::time::sleep(Duration::from_millis(chance.u64(0..200))).await;
    match blow {
        Blow::Kill => servers.kill_primary(),
        Blow::Freeze => servers.freeze(0),
        Blow::Cut => proxies[0].set(Fault::HalfOpen),
    }
    let struck = Instant::now();
    let out = until_nodes(&db, Duration::from_secs(20), |roles| roles[0] == Role::Down).await;
    tokio::time::sleep(Duration::from_millis(chance.u64(0..300))).await;
    servers.promote().await;
    let promoted = Instant::now();
    if blow == Blow::Freeze {
        servers.thaw(0);
    }
    writers.account.more(100).await;
    let account = writers.stop().await;
    let since = account.first_after(promoted).unwrap_or_default();
    // With asynchronous replication what was not sent is lost.
    let balanced = books_balance(&mut servers.alone(1, "shop").await).await;
    let outcome = judge(&account, &servers.found(1).await, synchronous);
    let outcome = outcome.must(matches!(balanced, Ok(true)), "the books do not balance");
    let out = out.unwrap_or(struck.elapsed());
    let outcome = outcome.must(out <= OUT_OF_ROTATION, &format!("out of rotation only after {out:.2?}"));
    outcome.bar("first write after the promotion", since, AFTER_PROMOTION)
}
