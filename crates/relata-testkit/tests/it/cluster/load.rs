//! Writers that never stop, and their account of what was acknowledged.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relata_runtime::{Db, Kind, Result, sql, transaction};
use tokio::task::JoinHandle;

/// What the writers saw.
#[derive(Default)]
pub(super) struct Account {
    next: AtomicI64,
    stop: AtomicBool,
    acknowledged: Mutex<Vec<(i64, Instant)>>,
    errors: Mutex<Vec<(Kind, String)>>,
}

pub(super) struct Writers {
    pub(super) account: Arc<Account>,
    tasks: Vec<JoinHandle<()>>,
}

impl Writers {
    /// So many tasks that insert numbers into `work (n)`, each number once, in transactions that are retried.
    pub(super) fn start(db: &Db, tasks: usize) -> Self {
        let account = Arc::new(Account::default());
        let tasks = (0..tasks).map(|_| tokio::spawn(write(db.clone(), account.clone()))).collect();
        Writers { account, tasks }
    }

    pub(super) async fn stop(self) -> Arc<Account> {
        self.account.stop.store(true, Ordering::Release);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.account
    }
}

async fn write(mut db: Db, account: Arc<Account>) {
    while !account.stop.load(Ordering::Acquire) {
        let n = account.next.fetch_add(1, Ordering::AcqRel);
        let written: Result<u64> =
            transaction!(db, retries = 50, |tx| { sql::<()>("INSERT INTO work VALUES (?)", (n,)).exec(&mut tx).await });
        match written {
            Ok(_) => account.acknowledged.lock().unwrap().push((n, Instant::now())),
            Err(error) => account.errors.lock().unwrap().push((error.kind(), error.to_string())),
        }
        // Writers that never pause would leave two cores nothing for the servers.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Account {
    pub(super) fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits until so many more are acknowledged.
    pub(super) async fn more(&self, count: usize) {
        let (wanted, begun) = (self.count() + count, Instant::now());
        while self.count() < wanted {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{} of {wanted}; {:?}",
                self.count(),
                self.errors.lock().unwrap()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The first acknowledgement after a moment.
    pub(super) fn first_after(&self, moment: Instant) -> Option<Duration> {
        let acknowledged = self.acknowledged.lock().unwrap();
        acknowledged.iter().map(|(_, at)| *at).filter(|at| *at > moment).min().map(|at| at - moment)
    }

    /// Compares with what a server holds: acknowledged and lost, and found more than once.
    pub(super) fn compare(&self, found: &[i64]) -> (Vec<i64>, Vec<i64>) {
        let mut once = BTreeSet::new();
        let twice = found.iter().filter(|n| !once.insert(**n)).copied().collect();
        let acknowledged = self.acknowledged.lock().unwrap();
        let lost = acknowledged.iter().map(|(n, _)| *n).filter(|n| !once.contains(n)).collect();
        (lost, twice)
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.errors.lock().unwrap().iter().map(|(kind, _)| *kind).collect()
    }
}
