//! Reads that must see a write made just before, through replicas.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use relata_runtime::cluster::Role;
use relata_runtime::{Db, Reads, Result, Token, sql};
use relata_testkit::servers::{MariadbPair, PostgresCluster, open};

use super::{Outcome, until_nodes};

const TASKS: usize = 8;

#[derive(Default)]
struct Count {
    next: AtomicI64,
    reads: AtomicUsize,
    on_replicas: AtomicUsize,
    stale: AtomicUsize,
}

/// Writes a number, hands the token on as text, and reads the number back with it, again and again.
async fn visit(mut db: Db, count: Arc<Count>, reads: usize, place: &'static str) -> Result<()> {
    while count.reads.fetch_add(1, Ordering::Relaxed) < reads {
        let n = count.next.fetch_add(1, Ordering::Relaxed);
        sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut db).await?;
        let token: Token = db.token().await?.to_string().parse()?;
        let mut reader = db.reading(Reads::AtLeast(token));
        let (found, replica): (i64, i64) = sql(place, (n,)).one(&mut reader).await?;
        count.stale.fetch_add(usize::from(found != 1), Ordering::Relaxed);
        count.on_replicas.fetch_add(usize::from(replica == 1), Ordering::Relaxed);
    }
    Ok(())
}

async fn read(db: Db, reads: usize, place: &'static str) -> Outcome {
    let known = |roles: &[Role]| !roles.contains(&Role::Unknown) && !roles.contains(&Role::Down);
    until_nodes(&db, Duration::from_secs(20), known).await;
    let count = Arc::new(Count::default());
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(visit(db.clone(), count.clone(), reads, place))).collect();
    let mut failed = None;
    for task in tasks {
        match task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failed = Some(error.to_string()),
            Err(error) => failed = Some(error.to_string()),
        }
    }
    let (stale, replicas) = (count.stale.load(Ordering::Relaxed), count.on_replicas.load(Ordering::Relaxed));
    let errors = failed.clone().unwrap_or_else(|| format!("{stale} of {reads} reads stale, {replicas} on replicas"));
    let outcome = Outcome { errors, ..Outcome::default() };
    let outcome = outcome.must(failed.is_none(), "a statement failed").must(stale == 0, "a stale read");
    outcome.must(replicas * 2 > reads, "most reads went to the primary")
}

pub(super) async fn postgres(reads: usize) -> Outcome {
    let servers = PostgresCluster::start(2, false).await;
    let db = open(&servers.url()).await;
    index(&db).await;
    read(db, reads, "SELECT COUNT(*), pg_is_in_recovery()::int::bigint FROM work WHERE n = ?").await
}

pub(super) async fn mariadb(reads: usize) -> Outcome {
    let servers = MariadbPair::start(false).await;
    let db = open(&servers.url()).await;
    index(&db).await;
    read(db, reads, "SELECT COUNT(*), @@server_id = 2 FROM work WHERE n = ?").await
}

/// So that a read costs the same at the end as at the beginning.
async fn index(db: &Db) {
    let made = db.clone().batch("CREATE INDEX work_n ON work (n)").await;
    made.unwrap_or_else(|error| panic!("{error}"));
}
