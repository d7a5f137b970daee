//! Locks that no `ALGORITHM` tells, seen by standing in the way of a statement.
//!
//! Statements that know none (`DROP TABLE`, `RENAME TABLE`, `TRUNCATE`, triggers, views that are replaced or dropped):
//!
//! For each table that the statement is about, another session reads it in a transaction that stays open. If the statement
//! then waits for a metadata lock, it wants that table for itself alone, for a reader is in the way of nothing less. It is
//! interrupted and run again for the next table; for the last one the reader goes, and the statement does its work. One that
//! is interrupted while it waits has changed nothing.
//!
//! The table that a new foreign key points to: another session writes nothing to it, in a transaction that stays open. If the
//! statement then waits, writes of that table wait for the statement, for as long as it takes.
//!
//! Seen is only that, and only of what the statement names (or its trigger is on). Deliberately not: what routines lock, for to be in
//! their way one would have to call them, and calls have effects; and privileges, which lock no table.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relata_schema::Dialect;
use relata_schema::sql::{self, Token, TokenKind};
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::super::Beside;
use crate::migrate::{rows, watch};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(1);

/// Tables and views of the own database.
const TABLES: &str = "SELECT table_name FROM information_schema.tables \
                      WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')";

/// The tables and views that are there.
pub(super) async fn tables(connection: &mut dyn Connection) -> Result<BTreeSet<String>> {
    rows::all(connection, TABLES, &[]).await?.iter().map(|row| rows::cell(row, 0)).collect()
}

/// The tables that a statement of these kinds is about, in the order in which it names them. None for other statements.
pub(super) async fn subjects(connection: &mut dyn Connection, statement: &str) -> Result<Vec<String>> {
    let tokens = sql::tokens(Dialect::Mysql, statement, 0);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let trigger = tokens.iter().take(12).position(|token| token.is("TRIGGER"));
    let view = tokens.iter().take(24).position(|token| token.is("VIEW")).filter(|_| trigger.is_none());
    match trigger {
        Some(at) if is(0, "DROP") => {
            let name = tokens[at + 1..].iter().rfind(|token| is_name(token)).map(Token::content).unwrap_or_default();
            let sql = "SELECT event_object_table FROM information_schema.triggers \
                       WHERE trigger_schema = DATABASE() AND trigger_name = ?";
            rows::all(connection, sql, &[Value::Text(name)]).await?.iter().map(|row| rows::cell(row, 0)).collect()
        }
        Some(at) if is(0, "CREATE") => {
            let mut after = tokens[at..].iter().skip_while(|token| !token.is("ON")).skip(1);
            Ok(after.next().map(Token::content).into_iter().collect())
        }
        _ if view.is_some() && ["CREATE", "ALTER", "DROP"].iter().any(|word| is(0, word)) => {
            let names = tokens
                .iter()
                .skip(view.map_or(0, |at| at + 1))
                .skip_while(|token| token.is("IF") || token.is("EXISTS"));
            match is(0, "DROP") {
                true => Ok(names.filter(|token| is_name(token)).map(Token::content).collect()),
                false => Ok(names.take(1).map(Token::content).collect()),
            }
        }
        _ if is(0, "TRUNCATE") || (is(0, "DROP") || is(0, "RENAME")) && is(1, "TABLE") => {
            let names = tokens[1..].iter().filter(|token| is_name(token)).map(Token::content);
            let mut seen = BTreeSet::new();
            Ok(names.filter(|name| seen.insert(name.clone())).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// The one other table that an `ALTER TABLE` adds foreign keys to. None: none, several, or the altered one.
pub(super) fn parent(statement: &str, altered: &str) -> Option<String> {
    let tokens = sql::tokens(Dialect::Mysql, statement, 0);
    let named = |at: usize| tokens.get(at + 1).filter(|token| is_name(token)).map(Token::content);
    let references = (0..tokens.len()).filter(|at| tokens[*at].is("REFERENCES"));
    let parents: BTreeSet<String> = references.filter_map(named).collect();
    let mut parents = parents.into_iter().filter(|parent| parent != altered);
    parents.next().filter(|_| parents.next().is_none())
}

fn is_name(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Word | TokenKind::Quoted)
}

/// Runs a statement, and tells which of these tables it wanted for itself alone, and whether all of them could be looked at.
pub(super) async fn run(
    connection: &mut dyn Connection,
    statement: &str,
    tables: &[String],
    beside: &Beside,
) -> Result<(Vec<String>, bool)> {
    let session = watch::session(connection).await?;
    let mut watcher = beside.connect().await?;
    let mut wanted = Vec::new();
    let mut looked = true;
    for (at, table) in tables.iter().enumerate() {
        let last = at + 1 == tables.len();
        // It went before in the script, or it is a view of what is not there yet: nobody reads it.
        let Ok(barrier) = Barrier::of_reader(beside, table).await else {
            looked = false;
            if last {
                connection.batch(statement).await?;
            }
            continue;
        };
        let (result, waited) = against(connection, statement, barrier, (watcher.as_mut(), session), last).await?;
        if waited {
            wanted.push(table.clone());
        }
        if !waited || last {
            result?;
            break;
        }
        if connection.is_broken() {
            return result.map(|()| (wanted, looked));
        }
    }
    watcher.close().await?;
    Ok((wanted, looked))
}

/// Runs a statement while another session writes nothing to `parent`; tells how it ended, and whether it waited for that session.
pub(super) async fn beside_writer(
    connection: &mut dyn Connection,
    statement: &str,
    parent: &str,
    beside: &Beside,
) -> Result<(Result<()>, bool)> {
    let session = watch::session(connection).await?;
    let mut watcher = beside.connect().await?;
    let barrier = Barrier::of_writer(beside, parent).await?;
    let ended = against(connection, statement, barrier, (watcher.as_mut(), session), true).await?;
    watcher.close().await?;
    Ok(ended)
}

/// Runs a statement against a barrier: how it ended, and whether it waited.
async fn against(
    connection: &mut dyn Connection,
    statement: &str,
    barrier: Barrier,
    (watcher, session): (&mut dyn Connection, i64),
    last: bool,
) -> Result<(Result<()>, bool)> {
    let over = AtomicBool::new(false);
    let running = async {
        let result = connection.batch(statement).await;
        over.store(true, Ordering::Relaxed);
        result
    };
    let (result, waited) = futures_util::future::join(running, barrier.watch(watcher, session, &over, last)).await;
    Ok((result, waited?))
}

/// A session that reads or writes a table and does not end its transaction.
struct Barrier(Box<dyn Connection>);

impl Barrier {
    async fn of_reader(beside: &Beside, table: &str) -> Result<Self> {
        Self::raise(beside, &format!("SELECT 1 FROM {} LIMIT 0", Dialect::Mysql.ident(table))).await
    }

    /// No row is written or locked, only the table.
    async fn of_writer(beside: &Beside, table: &str) -> Result<Self> {
        Self::raise(beside, &format!("DELETE FROM {} WHERE FALSE", Dialect::Mysql.ident(table))).await
    }

    async fn raise(beside: &Beside, sql: &str) -> Result<Self> {
        let mut session = beside.connect().await?;
        session.batch("START TRANSACTION").await?;
        session.batch(sql).await?;
        Ok(Barrier(session))
    }

    /// Looks until the statement waits, which is the answer, or is over. It is let through if this was the last table, else
    /// interrupted. Whatever happens, the reader goes.
    async fn watch(
        mut self,
        watcher: &mut dyn Connection,
        session: i64,
        over: &AtomicBool,
        last: bool,
    ) -> Result<bool> {
        let waits = format!(
            "SELECT id FROM information_schema.processlist WHERE id = {session} \
             AND state LIKE 'Waiting for table metadata lock%'"
        );
        let looking = async {
            while !over.load(Ordering::Relaxed) {
                if !rows::all(watcher, &waits, &[]).await?.is_empty() {
                    if !last {
                        watcher.batch(&format!("KILL QUERY {session}")).await?;
                        while !over.load(Ordering::Relaxed) {
                            tokio::time::sleep(PAUSE).await;
                        }
                    }
                    return Ok(true);
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok(false)
        };
        let waited = looking.await;
        let ended = self.0.batch("ROLLBACK").await;
        let closed = self.0.close().await;
        waited.and_then(|waited| ended.and(closed).map(|()| waited))
    }
}
