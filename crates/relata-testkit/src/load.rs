//! Writers that never stop, and their account of what was acknowledged; plain ones, and ones that do what pgbench does.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use relata_runtime::{Db, Kind, Result, Tx, sql, transaction};
use tokio::task::JoinHandle;

/// What the writers saw.
#[derive(Default)]
pub struct Account {
    next: AtomicI64,
    stop: AtomicBool,
    /// Amounts are booked with each number.
    books: bool,
    acknowledged: Mutex<Vec<(i64, Instant)>>,
    errors: Mutex<Vec<(Kind, String)>>,
}

/// Tasks that write.
pub struct Writers {
    /// What they saw so far.
    pub account: Arc<Account>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    /// So many tasks that insert numbers into `work (n)`, each number once, in transactions that are retried.
    pub fn start(db: &Db, tasks: usize) -> Self {
        let account = Arc::new(Account::default());
        let tasks = (0..tasks).map(|_| tokio::spawn(write(db.clone(), account.clone()))).collect();
        Writers { account, tasks }
    }

    /// The same, with the work of pgbench (TPC-B) around each number: an account, a teller and a branch get an amount in the
    /// transaction that writes the number. The tables are made here.
    ///
    /// # Panics
    /// When the tables cannot be made.
    pub async fn like_pgbench(db: &Db, tasks: usize) -> Self {
        for (table, rows) in BOOKS {
            let rows: Vec<_> = (0..rows).map(|row| format!("({row}, 0)")).collect();
            let script = format!(
                "CREATE TABLE {table} (id bigint NOT NULL PRIMARY KEY, balance bigint NOT NULL); \
                 INSERT INTO {table} VALUES {}",
                rows.join(", ")
            );
            db.clone().batch(&script).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        }
        let account = Arc::new(Account { books: true, ..Account::default() });
        let tasks = (0..tasks).map(|_| tokio::spawn(write(db.clone(), account.clone()))).collect();
        Writers { account, tasks }
    }

    /// Ends them.
    ///
    /// # Panics
    /// When one of them did.
    pub async fn stop(self) -> Arc<Account> {
        self.account.stop.store(true, Ordering::Release);
        for task in self.tasks {
            task.await.unwrap_or_else(|error| panic!("a writer: {error}"));
        }
        self.account
    }
}

async fn write(mut db: Db, account: Arc<Account>) {
    while !account.stop.load(Ordering::Acquire) {
        let n = account.next.fetch_add(1, Ordering::AcqRel);
        let written: Result<u64> = transaction!(db, retries = 50, |tx| {
            if account.books {
                book(&mut tx, n).await?;
            }
            sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut tx).await
        });
        match written {
            Ok(_) => account.acknowledged().push((n, Instant::now())),
            Err(error) => account.errors().push((error.kind(), error.to_string())),
        }
        // Writers that never pause would leave two cores nothing for the servers.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The tables of [`Writers::like_pgbench`], each with its rows: pgbench's at a scale of five, with fewer accounts.
const BOOKS: [(&str, i64); 3] = [("accounts", 5000), ("tellers", 50), ("branches", 5)];

async fn book(tx: &mut Tx<'_>, n: i64) -> Result<()> {
    let amount = n * 7919 % 9973 - 4986;
    let updates = [
        "UPDATE accounts SET balance = balance + ? WHERE id = ?",
        "UPDATE tellers SET balance = balance + ? WHERE id = ?",
        "UPDATE branches SET balance = balance + ? WHERE id = ?",
    ];
    for (update, (_, rows)) in updates.into_iter().zip(BOOKS) {
        sql::<()>(update, (amount, n * 31 % rows)).exec(&mut *tx).await?;
    }
    sql::<i64>("SELECT balance FROM accounts WHERE id = ?", (n * 31 % BOOKS[0].1,)).one(tx).await?;
    Ok(())
}

/// Whether the books of a server balance: what was booked for its numbers is what accounts, tellers and branches have.
///
/// # Errors
/// What the server says.
pub async fn books_balance(db: &mut Db) -> Result<bool> {
    let booked = "SELECT CAST(COALESCE(SUM(MOD(n * 7919, 9973) - 4986), 0) AS CHAR(40)) FROM work WHERE n >= 0";
    let booked: String = sql(booked, ()).one(db).await?;
    let mut balanced = true;
    for sum in [
        "SELECT CAST(COALESCE(SUM(balance), 0) AS CHAR(40)) FROM accounts",
        "SELECT CAST(COALESCE(SUM(balance), 0) AS CHAR(40)) FROM tellers",
        "SELECT CAST(COALESCE(SUM(balance), 0) AS CHAR(40)) FROM branches",
    ] {
        let found: String = sql(sum, ()).one(db).await?;
        balanced &= found.trim() == booked.trim();
    }
    Ok(balanced)
}

impl Account {
    fn acknowledged(&self) -> MutexGuard<'_, Vec<(i64, Instant)>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn errors(&self) -> MutexGuard<'_, Vec<(Kind, String)>> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many were acknowledged.
    pub fn count(&self) -> usize {
        self.acknowledged().len()
    }

    /// Waits until so many more are acknowledged.
    ///
    /// # Panics
    /// When they are not within two minutes.
    pub async fn more(&self, count: usize) {
        let (wanted, begun) = (self.count() + count, Instant::now());
        while self.count() < wanted {
            assert!(begun.elapsed() < Duration::from_secs(120), "{} of {wanted}; {:?}", self.count(), self.errors());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The first acknowledgement after a moment.
    pub fn first_after(&self, moment: Instant) -> Option<Duration> {
        let acknowledged = self.acknowledged();
        acknowledged.iter().map(|(_, at)| *at).filter(|at| *at > moment).min().map(|at| at - moment)
    }

    /// Compares with what a server holds: acknowledged and lost, and found more than once.
    pub fn compare(&self, found: &[i64]) -> (Vec<i64>, Vec<i64>) {
        let mut once = BTreeSet::new();
        let twice = found.iter().filter(|n| !once.insert(**n)).copied().collect();
        let acknowledged = self.acknowledged();
        let lost = acknowledged.iter().map(|(n, _)| *n).filter(|n| !once.contains(n)).collect();
        (lost, twice)
    }

    /// The kinds of the errors that reached the application.
    pub fn kinds(&self) -> Vec<Kind> {
        self.errors().iter().map(|(kind, _)| *kind).collect()
    }
}
