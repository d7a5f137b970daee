//! Transactions: committed, rolled back, nested, cancelled, panicked, retried.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use relata::prelude::*;
use relata::{Error, Executor, Kind, Result};

use crate::model::*;

crate::setup::everywhere!(
    commits_and_rolls_back,
    one_that_reads_writes_nothing,
    nested_ones_are_savepoints,
    a_cancelled_one_is_rolled_back,
    a_panic_rolls_back,
    retries_run_the_block_again,
    an_ignored_failure_is_not_committed,
    errors_of_the_application_pass_through,
    writers_at_once_all_arrive,
    a_key_lets_it_happen_once,
    old_keys_are_removed,
);

async fn tags(db: &mut impl Executor) -> Vec<String> {
    let mut tags = Tag::find().select(Tag.name).all(db).await.unwrap();
    tags.sort();
    tags
}

fn tag(name: &str) -> NewTag {
    NewTag { name: name.into() }
}

async fn one_that_reads_writes_nothing(mut db: Db) -> Result<()> {
    tag("kept").insert(&mut db).await?;
    let written = transaction!(db, read_only = true, |tx| {
        assert_eq!(tags(&mut tx).await, ["kept"]);
        tag("lost").insert(&mut tx).await
    });
    assert_eq!(written.unwrap_err().kind(), Kind::ReadOnly);
    let read = transaction!(db, read_only = true, |tx| { Ok(tags(&mut tx).await) })?;
    assert_eq!(read, ["kept"]);
    for name in ["again", "and again"] {
        tag(name).insert(&mut db).await?;
    }
    transaction!(db, |tx| { tag("last").insert(&mut tx).await })?;
    assert_eq!(tags(&mut db).await, ["again", "and again", "kept", "last"]);
    Ok(())
}

async fn commits_and_rolls_back(mut db: Db) -> Result<()> {
    let name = String::from("moved in");
    let inserted = transaction!(db, |tx| {
        let inserted = NewTag { name }.insert(&mut tx).await?;
        assert_eq!(tags(&mut tx).await, ["moved in"]);
        Ok(inserted)
    })?;
    assert_eq!(inserted.name, "moved in");
    let failed: Result<()> = transaction!(db, |tx| {
        tag("gone").insert(&mut tx).await?;
        Tag::by_key(0).one(&mut tx).await?;
        Ok(())
    });
    assert_eq!(failed.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(tags(&mut db).await, ["moved in"]);
    let count = transaction!(db, read_only = true, |tx| { Tag::find().count(&mut tx).await })?;
    assert_eq!(count, 1);
    let serializable = relata::Isolation::Serializable;
    transaction!(db, isolation = serializable, |tx| { tag("second").insert(&mut tx).await })?;
    assert_eq!(tags(&mut db).await, ["moved in", "second"]);
    Ok(())
}

async fn nested_ones_are_savepoints(mut db: Db) -> Result<()> {
    transaction!(db, |tx| {
        tag("outer").insert(&mut tx).await?;
        transaction!(tx, |inner| {
            tag("inner").insert(&mut inner).await?;
            let lost: Result<()> = transaction!(inner, |innermost| {
                tag("lost").insert(&mut innermost).await?;
                Err(Error::new(Kind::Validation, "on purpose"))
            });
            assert!(lost.is_err());
            Ok(())
        })?;
        // A unique violation fails the whole transaction on PostgreSQL, but not beyond the savepoint.
        let twice: Result<Tag> = transaction!(tx, |inner| { tag("twice").id(1_000).insert(&mut inner).await });
        let id = twice?.id;
        let again: Result<Tag> = transaction!(tx, |inner| { tag("again").id(id).insert(&mut inner).await });
        assert_eq!(again.unwrap_err().kind(), Kind::UniqueViolation);
        tag("after").insert(&mut tx).await
    })?;
    assert_eq!(tags(&mut db).await, ["after", "inner", "outer", "twice"]);
    Ok(())
}

async fn a_cancelled_one_is_rolled_back(mut db: Db) -> Result<()> {
    for _ in 0..15 {
        let forever = async {
            transaction!(db, |tx| {
                tag("cancelled").insert(&mut tx).await?;
                std::future::pending::<()>().await;
                Ok(())
            })
        };
        assert!(tokio::time::timeout(Duration::from_millis(20), forever).await.is_err());
    }
    assert_eq!(tags(&mut db).await, [""; 0]);
    // A nested one that is cancelled leaves the transaction around it usable.
    transaction!(db, |tx| {
        tag("kept").insert(&mut tx).await?;
        let inserted = tokio::sync::Notify::new();
        let forever = async {
            transaction!(tx, |inner| {
                tag("cancelled").insert(&mut inner).await?;
                inserted.notify_one();
                std::future::pending::<Result<()>>().await
            })
        };
        // Between two statements: in the middle of one the connection may be gone with it.
        tokio::select! {
            ended = forever => ended?,
            () = inserted.notified() => {}
        }
        assert_eq!(tags(&mut tx).await, ["kept"]);
        Ok(())
    })?;
    assert_eq!(tags(&mut db).await, ["kept"]);
    Ok(())
}

async fn a_panic_rolls_back(mut db: Db) -> Result<()> {
    for _ in 0..3 {
        let panicking = async {
            transaction!(db, |tx| -> Result<()> {
                tag("panicked").insert(&mut tx).await?;
                panic!("on purpose");
            })
        };
        assert!(std::panic::AssertUnwindSafe(panicking).catch_unwind().await.is_err());
    }
    assert_eq!(tags(&mut db).await, [""; 0]);
    tag("fine").insert(&mut db).await?;
    Ok(())
}

async fn retries_run_the_block_again(mut db: Db) -> Result<()> {
    let attempts = AtomicU32::new(0);
    let result: Result<u32> = transaction!(db, retries = 3, |tx| {
        tag("tried").insert(&mut tx).await?;
        match attempts.fetch_add(1, Ordering::SeqCst) {
            2 => Ok(2),
            _ => Err(Error::new(Kind::Serialization, "again")),
        }
    });
    assert_eq!(result?, 2);
    assert_eq!(tags(&mut db).await, ["tried"]);
    let attempts = AtomicU32::new(0);
    let result: Result<()> = transaction!(db, retries = 2, |tx| {
        tags(&mut tx).await;
        attempts.fetch_add(1, Ordering::SeqCst);
        Err(Error::new(Kind::Deadlock, "always"))
    });
    assert_eq!((result.unwrap_err().kind(), attempts.load(Ordering::SeqCst)), (Kind::Deadlock, 3));
    Ok(())
}

async fn an_ignored_failure_is_not_committed(mut db: Db) -> Result<()> {
    tag("there").id(1).insert(&mut db).await?;
    let result: Result<()> = transaction!(db, |tx| {
        tag("new").insert(&mut tx).await.ok();
        tag("again").id(1).insert(&mut tx).await.ok();
        Ok(())
    });
    match result {
        // PostgreSQL would answer a commit with a rollback: that must not look like success.
        Err(error) => {
            assert_eq!(error.kind(), Kind::TransactionFailed);
            assert_eq!(tags(&mut db).await, ["there"]);
        }
        Ok(()) => assert_eq!(tags(&mut db).await, ["new", "there"]),
    }
    Ok(())
}

#[derive(Debug)]
enum Refused {
    Database(Error),
    TooPoor,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Database(error)
    }
}

async fn errors_of_the_application_pass_through(mut db: Db) -> Result<()> {
    let account = NewAccount { balance: 5 }.insert(&mut db).await?;
    let result = transaction!(db, |tx| -> std::result::Result<i64, Refused> {
        let balance = Account::by_key(account.id).one(&mut tx).await?.balance;
        Account::update(account.id).set(Account.balance.to(0)).exec(&mut tx).await?;
        if balance < 10 { Err(Refused::TooPoor) } else { Ok(balance) }
    });
    match result {
        Err(Refused::TooPoor) => {}
        Err(Refused::Database(error)) => return Err(error),
        Ok(balance) => panic!("{balance} was enough"),
    }
    assert_eq!(Account::by_key(account.id).one(&mut db).await?.balance, 5);
    Ok(())
}

async fn writers_at_once_all_arrive(mut db: Db) -> Result<()> {
    let account = Arc::new(NewAccount { balance: 0 }.insert(&mut db).await?);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (mut db, account) = (db.clone(), account.clone());
            // Inside `tokio::spawn`: the future is `Send`.
            tokio::spawn(async move {
                transaction!(db, retries = 5, |tx| {
                    Account::update(account.id).set(Account.balance.add(1)).require_rows(1).exec(&mut tx).await?;
                    let seen = Account::by_key(account.id).one(&mut tx).await?.balance;
                    NewTransfer { from: account.id, to: account.id, amount: seen }.insert(&mut tx).await
                })
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap()?;
    }
    assert_eq!(Account::by_key(account.id).one(&mut db).await?.balance, 20);
    let mut amounts = Transfer::find().select(Transfer.amount).all(&mut db).await?;
    amounts.sort_unstable();
    assert_eq!(amounts, (1..=20).collect::<Vec<_>>());
    Ok(())
}

async fn a_key_lets_it_happen_once(mut db: Db) -> Result<()> {
    let key = String::from("payment 7");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (mut db, key) = (db.clone(), key.clone());
            tokio::spawn(async move {
                transaction!(db, retries = 5, key = &key, |tx| { tag("once").insert(&mut tx).await })
            })
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        if let Err(error) = task.await.unwrap() {
            assert_eq!(error.kind(), Kind::AlreadyCommitted, "{error}");
            refused += 1;
        }
    }
    assert_eq!((refused, tags(&mut db).await), (7, vec!["once".to_string()]));
    // What was rolled back has not happened.
    let failed: Result<()> = transaction!(db, key = "payment 8", |tx| {
        tag("twice").insert(&mut tx).await?;
        Err(Error::new(Kind::Validation, "on purpose"))
    });
    assert_eq!(failed.unwrap_err().kind(), Kind::Validation);
    transaction!(db, key = "payment 8", |tx| { tag("twice").insert(&mut tx).await })?;
    assert_eq!(tags(&mut db).await, ["once", "twice"]);

    let nested: Result<()> = transaction!(db, |tx| { transaction!(tx, key = "payment 9", |_inner| { Ok(()) }) });
    assert_eq!(nested.unwrap_err().kind(), Kind::Unsupported);
    for wrong in [String::new(), "x".repeat(191)] {
        let refused: Result<()> = transaction!(db, key = &wrong, |_tx| { Ok(()) });
        assert_eq!(refused.unwrap_err().kind(), Kind::InvalidValue);
    }
    Ok(())
}

async fn old_keys_are_removed(mut db: Db) -> Result<()> {
    db.reconfigure(relata::PoolOptions { keep_commit_keys: Duration::ZERO, ..Default::default() })?;
    let begun = std::time::Instant::now();
    let mut times = 0;
    // A key that is gone can be used again: then its transaction happens a second time.
    while times < 2 {
        match transaction!(db, retries = 5, key = "the first", |_tx| { Result::Ok(()) }) {
            Ok(()) => times += 1,
            Err(error) => assert_eq!(error.kind(), Kind::AlreadyCommitted, "{error}"),
        }
        let other = format!("other {:?}", begun.elapsed());
        transaction!(db, retries = 5, key = &other, |_tx| { Result::Ok(()) })?;
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is removed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
