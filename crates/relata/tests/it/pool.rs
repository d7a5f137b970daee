//! Connections: how many, how long, and what is said when there is none.

use std::time::Duration;

use relata::prelude::*;
use relata::{Kind, PoolOptions, Result};

async fn in_a_file(options: PoolOptions) -> (Db, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let mut db = Db::open_with(&url, options).await.unwrap();
    db.batch("CREATE TABLE numbers (n INTEGER NOT NULL)").await.unwrap();
    (db, folder)
}

#[tokio::test]
async fn a_write_beside_the_own_transaction_is_told_what_to_do() -> Result<()> {
    let options = PoolOptions { acquire_timeout: Duration::from_millis(50), ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    let mut beside = db.clone();
    transaction!(db, |tx| {
        sql::<()>("INSERT INTO numbers VALUES (?)", (1,)).exec(&mut tx).await?;
        let error = sql::<()>("INSERT INTO numbers VALUES (?)", (2,)).exec(&mut beside).await.unwrap_err();
        assert_eq!(error.kind(), Kind::PoolTimeout);
        assert!(error.to_string().contains("run every statement on its `tx`"), "{error}");
        // Readers see what was committed before, and wait for nobody.
        assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut beside).await?, 0);
        Ok(())
    })?;
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut beside).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_database_in_memory_outlives_idleness() -> Result<()> {
    let zero = Duration::ZERO;
    let options = PoolOptions { idle_timeout: zero, ping_after: zero, ..PoolOptions::default() };
    let mut db = Db::open_with("sqlite::memory:", options).await?;
    db.batch("CREATE TABLE numbers (n INTEGER NOT NULL)").await?;
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, 0);
    Ok(())
}

/// What is given up in the middle is undone, and the connection, which may be the database, is there again.
#[tokio::test]
async fn what_is_given_up_costs_no_connection() -> Result<()> {
    const COUNT: &str =
        "INSERT INTO numbers WITH RECURSIVE counting (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counting
        WHERE n < ?) SELECT n FROM counting";
    let long = COUNT.replace('?', "100000000");
    let moment = Duration::from_millis(5);
    let mut in_memory = Db::open("sqlite::memory:").await?;
    in_memory.batch("CREATE TABLE numbers (n INTEGER NOT NULL)").await?;
    let (in_a_file, _folder) = in_a_file(PoolOptions::default()).await;
    for mut db in [in_memory, in_a_file.clone()] {
        sql::<()>("INSERT INTO numbers VALUES (7)", ()).exec(&mut db).await?;
        for script in [long.clone(), format!("BEGIN; DELETE FROM numbers; {long}; COMMIT")] {
            assert!(tokio::time::timeout(moment, db.batch(&script)).await.is_err(), "it takes longer");
            assert_eq!(sql::<i64>("SELECT n FROM numbers", ()).all(&mut db).await?, [7]);
        }
        assert_eq!(closed_for(&db, "broken"), 0);
    }
    let mut db = in_a_file.clone();
    let error = transaction!(db, |tx| {
        // The first shows that it takes long, so that the second runs elsewhere.
        sql::<()>(COUNT, (200_000,)).exec(&mut tx).await?;
        assert!(tokio::time::timeout(moment, sql::<()>(COUNT, (100_000_000,)).exec(&mut tx)).await.is_err());
        sql::<i64>("SELECT n FROM numbers", ()).all(&mut tx).await
    });
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::TransactionFailed, "{error}");
    assert_eq!(sql::<i64>("SELECT n FROM numbers", ()).all(&mut db).await?, [7]);
    assert_eq!(closed_for(&db, "broken"), 0);
    Ok(())
}

#[tokio::test]
async fn old_connections_are_replaced() -> Result<()> {
    let zero = Duration::ZERO;
    let options = PoolOptions { idle_timeout: zero, ping_after: zero, max_connections: 2, ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    for n in 0..5 {
        sql::<()>("INSERT INTO numbers VALUES (?)", (n,)).exec(&mut db).await?;
    }
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, 5);
    Ok(())
}

#[tokio::test]
async fn a_wrong_address_is_told_at_once() {
    let error = Db::open("postgres://nobody@127.0.0.1:1/none").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert_eq!(Db::open("shop.db").await.unwrap_err().kind(), Kind::InvalidUrl);
}

/// Waits until something is true; says what if it never is.
async fn until(what: &str, mut test: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !test() {
        assert!(begun.elapsed() < Duration::from_secs(20), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn closed_for(db: &Db, reason: &str) -> u64 {
    let wanted = format!("reason=\"{reason}\"}} ");
    let lines = db.metrics();
    let counts = lines.lines().filter(|line| line.starts_with("relata_pool_closed_total"));
    counts.filter_map(|line| line.split_once(&wanted)).map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_on_ten_connections_are_served_in_order() -> Result<()> {
    let (db, _folder) =
        in_a_file(PoolOptions { acquire_timeout: Duration::from_secs(60), ..PoolOptions::default() }).await;
    let begun = std::time::Instant::now();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let mut db = db.clone();
            tokio::spawn(async move {
                let waited = transaction!(db, read_only = true, |tx| {
                    let waited = begun.elapsed();
                    sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut tx).await?;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    Ok(waited)
                });
                waited.unwrap()
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.push(task.await.unwrap());
    }
    let mean = waits.iter().sum::<Duration>() / 1000;
    let longest = waits.iter().max().unwrap();
    // First come, first served is about twice the mean; a busy machine adds to the longest.
    assert!(*longest < mean * 6, "mean {mean:?}, longest {longest:?}");
    assert_eq!(db.pool_status()[1].waiting, 0);
    assert!(db.pool_status()[1].idle <= 10);
    Ok(())
}

/// A connection goes back without a lock while nobody waits. Who begins to wait in that moment must not be missed: it would wait
/// until its time is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_waits_for_the_only_connection_is_never_missed() -> Result<()> {
    let options = PoolOptions { max_connections: 1, acquire_timeout: Duration::from_secs(5), ..PoolOptions::default() };
    let (db, _folder) = in_a_file(options).await;
    let meet = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let tasks = (0..2).map(|_| {
        let (mut db, meet) = (db.clone(), meet.clone());
        tokio::spawn(async move {
            for _ in 0..20_000 {
                // Nobody comes later who would find one that was missed.
                meet.wait().await;
                let count = sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await;
                assert_eq!(count.unwrap(), 0);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let status = &db.pool_status()[1];
    assert_eq!((status.in_use, status.idle, status.waiting), (0, 1, 0));
    Ok(())
}

#[tokio::test]
async fn a_connection_that_must_be_looked_at_is_not_kept_from_who_asks() -> Result<()> {
    // None is lent without a look, and only one may be lent.
    let options = PoolOptions {
        max_connections: 1,
        ping_after: Duration::ZERO,
        acquire_timeout: Duration::from_secs(5),
        ..PoolOptions::default()
    };
    let (mut db, _folder) = in_a_file(options).await;
    for n in 0..3 {
        sql::<()>("INSERT INTO numbers VALUES (?)", (n,)).exec(&mut db).await?;
        assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, n + 1);
    }
    Ok(())
}

/// Borrowers, some of which give up while they wait or while they hold one, beside all that tends a pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_place_is_lost_or_made_in_a_crowd() -> Result<()> {
    let (short, patient) = (Duration::from_millis(25), Duration::from_secs(60));
    let options = PoolOptions {
        max_connections: 3,
        min_connections: 1,
        acquire_timeout: patient,
        ping_after: Duration::from_millis(1),
        idle_timeout: short * 2,
        keepalive: short,
        max_lifetime: short * 4,
        ..PoolOptions::default()
    };
    let (db, _folder) = in_a_file(options.clone()).await;
    let crowd = (0..24_u64).map(|number| {
        let options = options.clone();
        let (mut db, mut holder) = (db.clone(), db.clone());
        let pool = db.clone();
        tokio::spawn(async move {
            for step in 0..150_u64 {
                let fate = number.wrapping_mul(7919).wrapping_add(step * 104_729) % 11;
                let held = async {
                    transaction!(holder, read_only = true, |tx| {
                        sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut tx).await?;
                        tokio::time::sleep(Duration::from_micros(fate * 100)).await;
                        Ok(())
                    })
                };
                match fate {
                    // Given up in the queue, or in the middle.
                    0..3 => drop(tokio::time::timeout(Duration::from_micros(fate * 300), held).await),
                    3..6 => held.await.unwrap(),
                    _ => assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await.unwrap(), 0),
                }
                assert!(pool.pool_status()[1].in_use <= 3);
                // Places are taken away and added meanwhile.
                if number == 0 && step % 25 == 0 {
                    let max_connections = 1 + (step as u32 / 25) % 3;
                    pool.reconfigure(PoolOptions { max_connections, ..options.clone() }).unwrap();
                }
            }
        })
    });
    for task in crowd.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    db.reconfigure(options)?;
    until("all came back", || db.pool_status()[1].in_use == 0).await;
    for _ in 0..50 {
        sql::<i64>("SELECT 1", ()).one(&mut db.clone()).await?;
    }
    // Three can be held at once, and no fourth.
    let (mut first, mut second, mut third) = (db.clone(), db.clone(), db.clone());
    transaction!(first, read_only = true, |one| {
        transaction!(second, read_only = true, |two| {
            transaction!(third, read_only = true, |three| {
                for tx in [&mut one, &mut two, &mut three] {
                    sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(tx).await?;
                }
                let mut fourth = db.within(Duration::from_millis(50));
                let error = sql::<i64>("SELECT 1", ()).one(&mut fourth).await.unwrap_err();
                assert_eq!(error.kind(), Kind::PoolTimeout, "{error}");
                Ok(())
            })
        })
    })
}

#[tokio::test]
async fn who_waits_in_vain_is_told_who_holds_the_connections() -> Result<()> {
    let options = PoolOptions { acquire_timeout: Duration::from_millis(30), ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    let mut other = db.clone();
    let line = line!() + 1;
    transaction!(db, |tx| {
        sql::<()>("INSERT INTO numbers VALUES (1)", ()).exec(&mut tx).await?;
        let mut third = other.clone();
        let delete = |db| async move { sql::<()>("DELETE FROM numbers", ()).exec(db).await };
        let (first, second) = tokio::join!(delete(&mut other), delete(&mut third));
        for error in [first.unwrap_err().to_string(), second.unwrap_err().to_string()] {
            assert!(error.contains("1 in use"), "{error}");
            assert!(error.contains(&format!("by crates/relata/tests/it/pool.rs:{line}:")), "{error}");
        }
        Ok(())
    })
}

#[tokio::test]
async fn a_leak_is_reported_with_the_place_that_borrowed() -> Result<()> {
    let options = PoolOptions { leak_after: Duration::from_millis(30), ..PoolOptions::default() };
    let (db, _folder) = in_a_file(options).await;
    let mut borrower = db.clone();
    // The first that is lent, and, when it has come back, again: noted in two ways.
    for _ in 0..2 {
        assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut borrower).await?, 1);
    }
    let line = line!() + 1;
    transaction!(borrower, read_only = true, |tx| {
        sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut tx).await?;
        until("the leak is counted", || db.metrics().contains("pool=\"read\"} 1\n# HELP relata_connect_errors_total"))
            .await;
        let loans = &db.pool_status()[1].loans;
        assert!(loans[0].at.contains(&format!("pool.rs:{line}:")), "{loans:?}");
        assert!(loans[0].held >= Duration::from_millis(30));
        Ok(())
    })?;
    assert!(db.pool_status()[1].loans.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_long_queue_is_refused_and_a_cancelled_wait_leaves_nothing() -> Result<()> {
    let options = PoolOptions { max_waiting: 2, ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    let other = db.clone();
    transaction!(db, |tx| {
        sql::<()>("INSERT INTO numbers VALUES (1)", ()).exec(&mut tx).await?;
        let wait = || {
            let mut db = other.clone();
            tokio::spawn(async move { sql::<()>("DELETE FROM numbers", ()).exec(&mut db).await })
        };
        let waiting = [wait(), wait()];
        until("two wait", || other.pool_status()[0].waiting == 2).await;
        let error = wait().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), Kind::Overloaded, "{error}");
        waiting.iter().for_each(|task| task.abort());
        until("nobody waits", || other.pool_status()[0].waiting == 0).await;
        Ok(())
    })?;
    assert_eq!(sql::<()>("DELETE FROM numbers", ()).exec(&mut db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn suspended_and_resumed() -> Result<()> {
    let options = PoolOptions { acquire_timeout: Duration::from_millis(50), ..PoolOptions::default() };
    let (mut db, _folder) = in_a_file(options).await;
    db.suspend();
    let error = sql::<i64>("SELECT 1", ()).one(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::PoolTimeout);
    assert!(error.to_string().contains("has been suspended"), "{error}");
    let mut waiting = db.within(Duration::from_secs(10));
    let task = tokio::spawn(async move { sql::<i64>("SELECT 1", ()).one(&mut waiting).await });
    db.resume();
    // Whether it asked before or after, it gets its answer or waits no longer than the others.
    assert_eq!(task.await.unwrap()?, 1);
    Ok(())
}

#[tokio::test]
async fn a_minimum_is_kept_and_old_connections_go() -> Result<()> {
    let options = PoolOptions {
        min_connections: 3,
        max_lifetime: Duration::from_millis(100),
        idle_timeout: Duration::from_secs(60),
        ..PoolOptions::default()
    };
    let (mut db, _folder) = in_a_file(options).await;
    until("three are there", || db.pool_status()[1].idle == 3).await;
    until("they reach their age", || closed_for(&db, "age") >= 3).await;
    until("others take their place", || db.pool_status()[1].idle == 3).await;
    db.retire_connections();
    assert_eq!(db.pool_status()[1].idle, 0);
    assert!(closed_for(&db, "retired") >= 3);
    assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_borrowed_connection_of_an_older_epoch_is_closed_when_it_comes_back() -> Result<()> {
    let (mut db, _folder) = in_a_file(PoolOptions::default()).await;
    let handle = db.clone();
    let before = closed_for(&db, "retired");
    transaction!(db, |tx| {
        sql::<()>("INSERT INTO numbers VALUES (1)", ()).exec(&mut tx).await?;
        handle.retire_connections();
        sql::<()>("INSERT INTO numbers VALUES (2)", ()).exec(&mut tx).await
    })?;
    assert!(closed_for(&db, "retired") > before);
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_tenant_has_its_share_and_no_more() -> Result<()> {
    let options =
        PoolOptions { tenant_connections: 1, acquire_timeout: Duration::from_millis(50), ..PoolOptions::default() };
    let (db, _folder) = in_a_file(options).await;
    let (mut greedy, mut again, mut modest) = (db.tenant("a"), db.tenant("a"), db.tenant("b"));
    transaction!(greedy, read_only = true, |tx| {
        sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut tx).await?;
        let error = sql::<i64>("SELECT 1", ()).one(&mut again).await.unwrap_err();
        assert_eq!(error.kind(), Kind::PoolTimeout);
        assert!(error.to_string().contains("the tenant \"a\" holds all 1 connections"), "{error}");
        assert_eq!(sql::<i64>("SELECT 2", ()).one(&mut modest).await?, 2);
        Ok(())
    })?;
    assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut again).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_pool_of_zero_is_refused() {
    let error = Db::open_with("sqlite::memory:", PoolOptions { max_connections: 0, ..PoolOptions::default() });
    assert_eq!(error.await.unwrap_err().kind(), Kind::Configuration);
}

/// Sixteen writers of two processes: this test runs itself a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_of_two_processes_never_find_the_file_locked() -> Result<()> {
    const CHILD: &str = "RELATA_TEST_WRITERS";
    if let Ok(url) = std::env::var(CHILD) {
        return write_from_eight_tasks(&url).await;
    }
    let (mut db, folder) = in_a_file(PoolOptions::default()).await;
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let this = std::env::current_exe().unwrap();
    let name = "pool::sixteen_writers_of_two_processes_never_find_the_file_locked";
    let child = std::process::Command::new(this).args([name, "--exact"]).env(CHILD, &url).output();
    let child = tokio::task::spawn_blocking(move || child);
    write_from_eight_tasks(&url).await?;
    let output = child.await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?, 2 * 8 * 40);
    Ok(())
}

async fn write_from_eight_tasks(url: &str) -> Result<()> {
    let db =
        Db::open_with(url, PoolOptions { acquire_timeout: Duration::from_secs(60), ..PoolOptions::default() }).await?;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let mut db = db.clone();
            tokio::spawn(async move {
                for n in 0..20 {
                    sql::<()>("INSERT INTO numbers VALUES (?)", (n,)).exec(&mut db).await?;
                    transaction!(db, |tx| {
                        let most: i64 = sql("SELECT COALESCE(MAX(n), 0) FROM numbers", ()).one(&mut tx).await?;
                        sql::<()>("INSERT INTO numbers VALUES (?)", (most + 1,)).exec(&mut tx).await
                    })?;
                }
                Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap()?;
    }
    Ok(())
}

#[tokio::test]
async fn a_deadline_stops_a_statement_of_sqlite_while_it_runs() -> Result<()> {
    let (db, _folder) = in_a_file(PoolOptions { max_connections: 1, ..PoolOptions::default() }).await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n WHERE i < ?";
    for _ in 0..2 {
        let begun = std::time::Instant::now();
        let mut hurried = db.within(Duration::from_millis(200));
        let error = sql::<i64>(endless, (0,)).one(&mut hurried).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        // Nobody else is in a hurry.
        assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db.clone()).await?, 1);
    }
    Ok(())
}

/// A future that is polled so many times and then given up.
struct Polled<F> {
    future: std::pin::Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        if self.left == 0 {
            return std::task::Poll::Ready(None);
        }
        self.left -= 1;
        let polled = self.future.as_mut().poll(context).map(Some);
        if polled.is_pending() && self.left == 0 { std::task::Poll::Ready(None) } else { polled }
    }
}

/// What an application does with a connection: reads, writes, transactions in one another, streams, many rows.
async fn a_days_work(mut db: Db, n: i64) -> Result<()> {
    sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await?;
    transaction!(db, |tx| {
        sql::<()>("INSERT INTO numbers VALUES (?)", (n,)).exec(&mut tx).await?;
        transaction!(tx, |inner| { sql::<()>("INSERT INTO numbers VALUES (?)", (n,)).exec(&mut inner).await })
    })?;
    let mut rows = sql::<i64>("SELECT n FROM numbers ORDER BY n", ()).stream(&mut db);
    for _ in 0..3 {
        rows.next().await?;
    }
    drop(rows);
    db.batch("UPDATE numbers SET n = n WHERE n < 0").await
}

/// Given up after each number of steps: no connection is lost, none is left in the middle of something, and a
/// transaction has happened as a whole or not at all.
async fn dropped_at_every_step(url: &str) {
    let options =
        PoolOptions { max_connections: 2, acquire_timeout: Duration::from_secs(60), ..PoolOptions::default() };
    let mut db = Db::open_with(url, options).await.unwrap();
    let _ = db.batch("CREATE TABLE numbers (n bigint NOT NULL)").await;
    let mut finished = 0;
    for left in 1..=200 {
        let work = Polled { future: Box::pin(a_days_work(db.clone(), left as i64)), left };
        finished += i64::from(work.await.is_some_and(|outcome| {
            outcome.unwrap();
            true
        }));
        // One that found another's half done would fail.
        sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await.unwrap();
    }
    until("every connection is back", || db.pool_status().iter().all(|pool| pool.in_use == 0)).await;
    let twice: i64 = sql("SELECT COUNT(*) FROM (SELECT n FROM numbers GROUP BY n HAVING COUNT(*) <> 2) AS odd", ())
        .one(&mut db)
        .await
        .unwrap();
    assert_eq!(twice, 0, "half a transaction");
    let rows: i64 = sql("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await.unwrap();
    assert!(rows >= 2 * finished, "{rows} rows of {finished} that were finished");
    // Both places are good for a transaction at the same time.
    let (mut first, mut second) = (db.clone(), db.clone());
    let both = tokio::join!(
        async { transaction!(first, read_only = true, |tx| { sql::<i64>("SELECT 1", ()).one(&mut tx).await }) },
        async { transaction!(second, read_only = true, |tx| { sql::<i64>("SELECT 1", ()).one(&mut tx).await }) },
    );
    assert_eq!((both.0.unwrap(), both.1.unwrap()), (1, 1));
}

#[tokio::test]
async fn dropped_at_every_step_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    dropped_at_every_step(&format!("sqlite:{}", folder.path().join("test.db").display())).await;
}

mod servers {
    use relata_schema::Dialect;
    use relata_testkit::TestDatabase;

    use super::*;

    fn sleeping(dialect: Dialect) -> &'static str {
        if dialect == Dialect::Postgres { "SELECT COUNT(*) FROM pg_sleep(60)" } else { "SELECT SLEEP(60)" }
    }

    /// How many others run that statement just now.
    async fn running(db: &mut Db) -> i64 {
        let sql_text = if db.dialect() == Dialect::Postgres {
            "SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT COUNT(*) FROM pg_sleep%' \
             AND datname = current_database()"
        } else {
            "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(60)%' AND db = DATABASE()"
        };
        sql(sql_text, ()).one(db).await.unwrap()
    }

    async fn stopped_on_the_server(dialect: Dialect) {
        let database = TestDatabase::create(dialect).await;
        let url = database.url().expose();
        let mut db = Db::open_with(&url, PoolOptions { max_connections: 1, ..PoolOptions::default() }).await.unwrap();
        let mut watching = Db::open(&url).await.unwrap();
        let begun = std::time::Instant::now();
        let mut hurried = db.within(Duration::from_millis(200));
        let error = sql::<i64>(sleeping(dialect), ()).one(&mut hurried).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Timeout, "{error}");
        assert!(error.to_string().contains("the server asked to stop it"), "{error}");
        let error = sql::<i64>("SELECT 1", ()).one(&mut hurried).await.unwrap_err();
        assert!(matches!(error.kind(), Kind::Timeout | Kind::PoolTimeout), "{error}");
        // The only place of the pool is free again, and the server has stopped working for nobody.
        assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db).await.unwrap(), 1);
        while running(&mut watching).await > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the server is still at it");
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_deadline_stops_the_statement_on_postgres() {
        stopped_on_the_server(Dialect::Postgres).await;
    }

    #[tokio::test]
    async fn a_deadline_stops_the_statement_on_mariadb() {
        stopped_on_the_server(Dialect::Mysql).await;
    }

    async fn settings_do_not_leak(dialect: Dialect) {
        let database = TestDatabase::create(dialect).await;
        let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
        let mut db = Db::open_with(&database.url().expose(), options).await.unwrap();
        let (set, show) = match dialect {
            Dialect::Postgres => ("SET search_path TO nowhere", "SELECT current_setting('search_path')"),
            _ => ("SET SESSION sql_mode = 'ANSI'", "SELECT @@sql_mode"),
        };
        let before: String = sql(show, ()).one(&mut db).await.unwrap();
        let mut abandoned = db.clone();
        let dropped = tokio::time::timeout(Duration::from_millis(50), async {
            transaction!(abandoned, |tx| {
                sql::<()>(set, ()).exec(&mut tx).await?;
                std::future::pending::<Result<()>>().await
            })
        });
        assert!(dropped.await.is_err());
        assert_eq!(sql::<String>(show, ()).one(&mut db).await.unwrap(), before);
    }

    #[tokio::test]
    async fn dropped_at_every_step_on_postgres() {
        let database = TestDatabase::create(Dialect::Postgres).await;
        dropped_at_every_step(&database.url().expose()).await;
    }

    #[tokio::test]
    async fn dropped_at_every_step_on_mariadb() {
        let database = TestDatabase::create(Dialect::Mysql).await;
        dropped_at_every_step(&database.url().expose()).await;
    }

    /// A `COPY` of one's own waits for rows that nobody sends.
    #[tokio::test]
    async fn a_copy_without_rows_does_not_keep_its_connection() {
        let database = TestDatabase::create(Dialect::Postgres).await;
        let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
        let mut db = Db::open_with(&database.url().expose(), options).await.unwrap();
        db.batch("CREATE TABLE numbers (n bigint NOT NULL)").await.unwrap();
        let copy = "COPY numbers FROM STDIN";
        for left in 1..=20 {
            let mut handle = db.clone();
            let work = Polled { future: Box::pin(async move { handle.batch(copy).await }), left };
            assert!(work.await.is_none_or(|outcome| outcome.is_err()), "who has sent the rows?");
            assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await.unwrap(), 0);
            let mut handle = db.clone();
            let work = Polled { future: Box::pin(async move { sql::<()>(copy, ()).exec(&mut handle).await }), left };
            assert!(work.await.is_none_or(|outcome| outcome.is_err()), "who has sent the rows?");
            assert_eq!(sql::<i64>("SELECT COUNT(*) FROM numbers", ()).one(&mut db).await.unwrap(), 0);
        }
    }

    /// Everything that a session keeps is gone when the connection comes back, and nobody was cancelled.
    #[tokio::test]
    async fn what_a_session_keeps_is_gone_on_postgres() {
        let database = TestDatabase::create(Dialect::Postgres).await;
        let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
        let mut db = Db::open_with(&database.url().expose(), options).await.unwrap();
        let mut watching = Db::open(&database.url().expose()).await.unwrap();
        let changes = [
            ("CREATE TEMP TABLE scraps (n int)", "SELECT COUNT(*) FROM pg_class WHERE relname = 'scraps'"),
            ("PREPARE plan AS SELECT 1", "SELECT COUNT(*) FROM pg_prepared_statements WHERE name = 'plan'"),
            ("LISTEN news", "SELECT COUNT(*) FROM pg_listening_channels()"),
            (
                "SET application_name = 'me'",
                "SELECT COUNT(*) FROM pg_settings WHERE name = 'application_name' AND setting = 'me'",
            ),
            ("DECLARE rows CURSOR WITH HOLD FOR SELECT 1", "SELECT COUNT(*) FROM pg_cursors WHERE name = 'rows'"),
        ];
        for (change, count) in changes {
            db.batch(change).await.unwrap();
            assert_eq!(sql::<i64>(count, ()).one(&mut db).await.unwrap(), 0, "{change}");
        }
        db.batch("SELECT pg_advisory_lock(4711)").await.unwrap();
        let locks = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db).await.unwrap(), 1);
        assert_eq!(sql::<i64>(locks, ()).one(&mut watching).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_a_session_keeps_is_gone_on_mariadb() {
        let database = TestDatabase::create(Dialect::Mysql).await;
        let options = PoolOptions { max_connections: 1, ..PoolOptions::default() };
        let mut db = Db::open_with(&database.url().expose(), options).await.unwrap();
        let mut watching = Db::open(&database.url().expose()).await.unwrap();
        db.batch("CREATE TEMPORARY TABLE scraps (n int)").await.unwrap();
        let missing = sql::<i64>("SELECT COUNT(*) FROM scraps", ()).one(&mut db).await.unwrap_err();
        assert_eq!(missing.kind(), Kind::UndefinedTable);
        db.batch("SET @kept = 1").await.unwrap();
        assert_eq!(sql::<Option<i64>>("SELECT @kept", ()).one(&mut db).await.unwrap(), None);
        db.batch("SELECT GET_LOCK(DATABASE(), 1)").await.unwrap();
        assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db).await.unwrap(), 1);
        assert_eq!(sql::<i64>("SELECT IS_FREE_LOCK(DATABASE())", ()).one(&mut watching).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn session_settings_do_not_leak_on_postgres() {
        settings_do_not_leak(Dialect::Postgres).await;
    }

    #[tokio::test]
    async fn session_settings_do_not_leak_on_mariadb() {
        settings_do_not_leak(Dialect::Mysql).await;
    }
}

#[tokio::test]
async fn changed_settings_hold_without_a_restart_and_wrong_ones_are_refused() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relata.toml");
    let write = |pool: &str| {
        let database = folder.path().join("test.db");
        // Other files beside it do not matter, and nobody sees it half-written.
        let text =
            format!("[environments.only]\nurl = \"sqlite:{}\"\n[environments.only.pool]\n{pool}\n", database.display());
        std::fs::write(folder.path().join("new"), text).unwrap();
        std::fs::rename(folder.path().join("new"), &file).unwrap();
    };
    write("max_connections = 3");
    let mut db = Db::open_file(&file).await?;
    assert_eq!(db.options().max_connections, 3);
    write("max_connections = 5\nacquire_timeout = \"1s\"");
    until("the change holds", || db.options().max_connections == 5).await;
    assert_eq!(db.pool_status()[1].max, 5);
    write("max_connections = \"all of them\"");
    let begun = std::time::Instant::now();
    let told = loop {
        let health = db.health(Duration::from_secs(2)).await;
        if let Some(part) = health.parts.into_iter().find(|part| part.name == "configuration") {
            break part.reason;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody tells");
        // SQLite answers at once: without a pause nobody else would get a turn.
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert!(told.contains("relata.toml:4: max_connections: \"all of them\" is no count"), "{told}");
    assert_eq!(db.options().max_connections, 5, "the old one stays");
    write("max_connections = 1");
    until("it is mended", || db.options().max_connections == 1).await;
    assert_eq!(db.pool_status()[1].max, 1);
    assert_eq!(sql::<i64>("SELECT 1", ()).one(&mut db).await?, 1);
    Ok(())
}

/// As other executors poll; tokio itself would panic.
#[test]
fn outside_of_a_runtime_it_is_told_what_is_missing() {
    let opened = futures_util::FutureExt::now_or_never(Db::open("sqlite::memory:"));
    let error = opened.expect("there is nothing to wait for").expect_err("there is no runtime");
    expect_test::expect![[r#"
        relata runs on tokio, and this future is polled outside of a tokio runtime [R0602]
          hint: write `#[tokio::main]` above `async fn main()`, or run it by `tokio::runtime::Runtime::new()?.block_on(…)`; beside another executor, `runtime.enter()` lends it a runtime"#]].assert_eq(&error.to_string());
}
