//! What became of a commit whose answer was lost.
//!
//! Before the commit it is noted which transaction this is, how far the log has come, and which life of which server it
//! runs in. If the answer to the commit is lost, the primary of then (the same, or a promoted one) is asked:
//!
//! - In the same life of the same server, its own word on the transaction counts.
//! - In another life, the log up to the place where that life began is what was kept. If the noted place lies behind it, the
//!   commit, which comes later still, was not kept. If it lies before, the transaction's number is known to this server and
//!   was given to no other, so its word counts.
//! - After two promotions, or where the server does not know where its life began, nobody can tell, and nobody pretends.
//!
//! That is PostgreSQL 13 and newer. MariaDB keeps no account of transactions: there, and wherever the application has given
//! one, an idempotency key ([`super::keys`]) tells. Who asks has a connection beside the pool, for the pool's may all be held
//! by those who are in doubt.

use std::time::{Duration, Instant};

use relata_schema::Dialect;
use relata_sql::driver::Statement;
use relata_sql::{Connection, Error, Kind, Result};

use super::keys;
use crate::cluster::Texts;
use crate::db::Db;
use crate::token::Position;

/// How long it is tried to find out.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long one attempt may take to connect, and to be answered.
const ATTEMPT: Duration = Duration::from_secs(2);

/// By what a transaction that is about to commit is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    Number(Noted),
    Key(String),
}

/// A transaction by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Noted {
    /// Its number; `None`: it has written nothing.
    number: Option<String>,
    written: Option<Position>,
    life: Life,
}

/// Which life of which server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Life {
    started: String,
    /// Where recovery ended that this life began with.
    recovered: Option<Position>,
    timeline: Option<u64>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Committed,
    NotCommitted,
    Unknown,
}

impl Fate {
    pub(crate) const ALL: [Fate; 3] = [Fate::Committed, Fate::NotCommitted, Fate::Unknown];

    /// The word of the metric.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Fate::Committed => "committed",
            Fate::NotCommitted => "not committed",
            Fate::Unknown => "unknown",
        }
    }
}

const LIFE: &str = "pg_postmaster_start_time()::text, COALESCE(pg_last_wal_replay_lsn()::text, ''), \
                    substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)";

/// Notes a transaction, where that can be of use.
pub(super) async fn note(connection: &mut dyn Connection) -> Result<Option<Noted>> {
    if connection.dialect() != Dialect::Postgres {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {LIFE}, pg_current_wal_insert_lsn()::text, COALESCE(pg_current_xact_id_if_assigned()::text, '')"
    );
    let mut texts = Texts::default();
    connection.query(Statement::new(&sql, &[]), &mut texts).await?;
    let [started, recovered, timeline, written, number] = texts.0.as_slice() else { return Ok(None) };
    Ok(Some(Noted {
        number: Some(number.clone()).filter(|number| !number.is_empty()),
        written: Position::lsn(written),
        life: Life::new(started, recovered, timeline),
    }))
}

impl Life {
    fn new(started: &str, recovered: &str, timeline: &str) -> Self {
        let timeline = u64::from_str_radix(timeline, 16).ok();
        Life { started: started.to_string(), recovered: Position::lsn(recovered), timeline }
    }
}

/// Whether a commit that ended so may have happened.
pub(super) fn is_open(kind: Kind, dialect: Dialect) -> bool {
    match kind {
        Kind::InDoubt | Kind::Timeout | Kind::Protocol => true,
        // PostgreSQL says that it stops only where nothing was committed.
        Kind::Unavailable | Kind::Cancelled => dialect == Dialect::Mysql,
        _ => false,
    }
}

/// What a commit that ended with `error` became.
pub(super) async fn settle(db: &Db, mark: &Mark, error: Error) -> Result<()> {
    let fate = resolve(db, mark).await;
    db.observer().doubts[fate as usize].add(1);
    match fate {
        Fate::Committed => Ok(()),
        Fate::NotCommitted => Err(error
            .with_kind(Kind::NotSent)
            .hint("it was found out that nothing of the transaction has happened: run it again")),
        // A deadline that is over stays what it is.
        Fate::Unknown if error.kind() == Kind::Timeout => Err(error),
        Fate::Unknown => Err(error.with_kind(Kind::InDoubt)),
    }
}

/// Finds out, asking again while the server is still at it or nobody takes writes.
async fn resolve(db: &Db, mark: &Mark) -> Fate {
    if let Mark::Number(Noted { number: None, .. }) = mark {
        return Fate::Committed;
    }
    let until = db.until_at_most(Instant::now() + PATIENCE);
    while Instant::now() < until {
        let asked = tokio::time::timeout_at(until.into(), ask(db, mark)).await;
        if let Ok(Ok(Some(fate))) = asked {
            return fate;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Fate::Unknown
}

async fn ask(db: &Db, mark: &Mark) -> Result<Option<Fate>> {
    let mut connection = db.connect_beside_the_pool(ATTEMPT).await?;
    let asked = async {
        match mark {
            Mark::Number(noted) => ask_by_number(&mut *connection, noted).await,
            Mark::Key(key) => keys::ask(&mut *connection, key).await,
        }
    };
    let fate = tokio::time::timeout(ATTEMPT, asked).await;
    let fate = fate.unwrap_or_else(|_| Err(Error::new(Kind::Timeout, "it keeps silent about a commit")));
    if fate.is_ok() {
        // Whatever comes of taking leave, the answer is there.
        let _ = tokio::time::timeout(ATTEMPT, connection.close()).await;
    }
    fate
}

/// `None`: not decided yet.
async fn ask_by_number(connection: &mut dyn Connection, noted: &Noted) -> Result<Option<Fate>> {
    let Some(number) = &noted.number else { return Ok(Some(Fate::Committed)) };
    let mut texts = Texts::default();
    let sql = format!("SELECT {LIFE}");
    connection.query(Statement::new(&sql, &[]), &mut texts).await?;
    let [started, recovered, timeline] = texts.0.as_slice() else { return Ok(Some(Fate::Unknown)) };
    let now = Life::new(started, recovered, timeline);
    if let Some(fate) = judge(noted, &now) {
        return Ok(Some(fate));
    }
    // The number is digits that the server printed.
    let sql = format!("SELECT COALESCE(pg_xact_status('{number}'::xid8), '')");
    let mut texts = Texts::default();
    match connection.query(Statement::once(&sql, &[]), &mut texts).await {
        Ok(()) => Ok(match texts.0.first().map(String::as_str) {
            Some("committed") => Some(Fate::Committed),
            Some("aborted") => Some(Fate::NotCommitted),
            Some("in progress") => None,
            _ => Some(Fate::Unknown),
        }),
        // Of a number not given yet the server says that it lies in the future.
        Err(error) if error.kind() == Kind::InvalidValue => Ok(Some(Fate::NotCommitted)),
        Err(error) => Err(error),
    }
}

/// What the lives alone tell; `None`: the server's word on the transaction counts.
fn judge(noted: &Noted, now: &Life) -> Option<Fate> {
    if *now == noted.life {
        return None;
    }
    let (Some(written), Some(kept)) = (&noted.written, &now.recovered) else { return Some(Fate::Unknown) };
    match (noted.life.timeline, now.timeline) {
        (Some(before), Some(after)) if after <= before + 1 => {}
        _ => return Some(Fate::Unknown),
    }
    if written.is_covered_by(kept) { None } else { Some(Fate::NotCommitted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(started: &str, recovered: &str, timeline: &str) -> Life {
        Life::new(started, recovered, timeline)
    }

    #[test]
    fn lives_tell_what_was_kept() {
        let noted =
            Noted { number: Some("7".into()), written: Position::lsn("0/500"), life: life("10:00", "", "00000001") };
        let fate = |now: Life| judge(&noted, &now);
        assert_eq!(fate(life("10:00", "", "00000001")), None, "the same life");
        assert_eq!(fate(life("09:00", "0/600", "00000002")), None, "promoted, and it has our work");
        assert_eq!(fate(life("09:00", "0/4FF", "00000002")), Some(Fate::NotCommitted), "promoted without it");
        assert_eq!(fate(life("09:00", "0/600", "00000003")), Some(Fate::Unknown), "promoted twice");
        assert_eq!(fate(life("11:00", "", "00000001")), Some(Fate::Unknown), "restarted, nobody knows how");
        assert_eq!(fate(life("10:00", "0/500", "00000001")), None, "recovered after a crash");
        assert_eq!(fate(life("10:00", "0/400", "00000001")), Some(Fate::NotCommitted));
    }
}
