//! Copies of a whole database in a file.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relata_sql::driver::ConnectOptions;
use relata_sql::{DatabaseUrl, Driver, Kind, Value};

use crate::harness::{block_on, connect, rows};

/// A database of some thousand small pages, in which two numbers are changed together.
fn many_pages(path: &std::path::Path, journal: &str) -> DatabaseUrl {
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute_batch(&format!(
        "PRAGMA page_size = 1024; PRAGMA journal_mode = {journal};
         CREATE TABLE one (n INTEGER); CREATE TABLE filler (x BLOB); CREATE TABLE two (n INTEGER);
         INSERT INTO one VALUES (0); INSERT INTO two VALUES (0);
         WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < 4000)
         INSERT INTO filler SELECT zeroblob(900) FROM n"
    ))
    .unwrap();
    let mut url = DatabaseUrl::sqlite_file(path.display().to_string());
    url.params.push(("journal_mode".into(), journal.into()));
    url
}

#[test]
fn a_copy_is_of_one_moment_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    for journal in ["wal", "delete"] {
        let path = folder.path().join(journal);
        let url = many_pages(&path, journal);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let writer = rusqlite::Connection::open(&path).unwrap();
                writer.busy_timeout(Duration::from_secs(20)).unwrap();
                while !over.load(Ordering::Relaxed) {
                    writer
                        .execute_batch("BEGIN IMMEDIATE; UPDATE one SET n = n + 1; UPDATE two SET n = n + 1; COMMIT")
                        .unwrap();
                }
            });
            let mut connection = connect(&url).unwrap();
            for round in 0..5 {
                let copy = folder.path().join(format!("{journal} {round}"));
                block_on(connection.copy_to(&copy)).unwrap();
                let mut copied = connect(&DatabaseUrl::sqlite_file(copy.display().to_string())).unwrap();
                let found =
                    rows(&mut *copied, "SELECT (SELECT n FROM one) = (SELECT n FROM two), count(*) FROM filler");
                assert_eq!(found, [[Value::Int(1), Value::Int(4000)]], "{journal}");
                assert_eq!(rows(&mut *copied, "PRAGMA integrity_check"), [[Value::Text("ok".into())]]);
                assert!(!connection.in_transaction());
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn copies_that_cannot_be_made_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let url = many_pages(&folder.path().join("locked"), "delete");
    let holder = rusqlite::Connection::open(folder.path().join("locked")).unwrap();
    let options = ConnectOptions { busy_timeout: Duration::from_millis(20), ..ConnectOptions::default() };
    let mut connection = block_on(relata_sqlite::DRIVER.connect(&url, &options)).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = block_on(connection.copy_to(&folder.path().join("copy"))).unwrap_err();
    assert_eq!(error.kind(), Kind::LockTimeout, "{error}");
    holder.execute_batch("COMMIT").unwrap();
    assert!(!connection.in_transaction());
    let error = block_on(connection.copy_to(&folder.path().join("no such folder/copy"))).unwrap_err();
    assert_eq!(error.kind(), Kind::Io, "{error}");
    block_on(connection.batch("BEGIN; INSERT INTO one VALUES (1)")).unwrap();
    let error = block_on(connection.copy_to(&folder.path().join("copy"))).unwrap_err();
    assert_eq!(error.kind(), Kind::TransactionFailed, "{error}");
    block_on(connection.batch("COMMIT")).unwrap();
    assert_eq!(rows(&mut *connection, "SELECT count(*) FROM one"), [[Value::Int(2)]]);
}
