//! What the server says of itself.

use std::panic::Location;
use std::time::Instant;

use relata_schema::Dialect;
use relata_sql::driver::{Statement, TransactionOptions};
use relata_sql::{Connection, Error, Kind, Result};

use super::{Finding, HealthStatus, storage};
use crate::cluster::Texts;
use crate::db::Db;
use crate::executor::Intent;
use crate::migrate::{self, EntryState, Migration};

/// Of a server's connections so many percent are worth a word.
const CROWDED: i64 = 90;

/// A transaction that is open for so many seconds is worth a word: it keeps old rows and locks.
const LONG: i64 = 900;

/// PostgreSQL stops taking writes at two thousand million transactions without a freeze.
const WRAPAROUND: i64 = 1_500_000_000;

const POSTGRES: &str = "SELECT current_setting('transaction_read_only'), pg_is_in_recovery()::text, \
     (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::text, \
     current_setting('max_connections'), \
     COALESCE((SELECT max(extract(epoch FROM now() - xact_start)) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()), 0)::bigint::text, \
     (SELECT max(age(datfrozenxid)) FROM pg_database)::text";

const MARIADB: &str = "SELECT CASE WHEN @@global.read_only THEN 'on' ELSE 'off' END, 'false', \
     (SELECT COUNT(*) FROM information_schema.PROCESSLIST), @@global.max_connections, \
     COALESCE((SELECT MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW())) FROM information_schema.INNODB_TRX), 0), 0";

/// Connection, writes, and what else the server tells.
pub(super) async fn server(db: &Db) -> Vec<Finding> {
    let begun = Instant::now();
    match ask(db).await {
        Ok(findings) => {
            let took = begun.elapsed();
            let reason = format!("answered in {:.1} ms", took.as_secs_f64() * 1000.0);
            let mut all = vec![Finding::new("connection", HealthStatus::Healthy, reason)];
            all.extend(findings);
            all
        }
        Err(error) => vec![unreachable(&error)],
    }
}

fn unreachable(error: &Error) -> Finding {
    let status = match error.kind() {
        // It answers, but not us.
        Kind::PoolTimeout | Kind::PermissionDenied => HealthStatus::Unhealthy,
        _ => HealthStatus::Unreachable,
    };
    let advice = match error.kind() {
        Kind::Authentication => "check user and password",
        Kind::NoSuchDatabase => "create the database, or correct its name",
        Kind::PoolTimeout => "all connections of this program are in use: see the pools",
        Kind::Timeout => "is the server frozen, or the network cut?",
        Kind::Tls => "check the certificates and the URL's TLS parameters",
        _ => "is the server running, and can it be reached from here?",
    };
    Finding::new("connection", status, error.message()).advise(advice)
}

async fn ask(db: &Db) -> Result<Vec<Finding>> {
    let mut pooled = db.pooled(Intent::Write, Location::caller()).await?;
    let connection = pooled.connection();
    let mut findings = match connection.dialect() {
        Dialect::Sqlite => sqlite(connection).await?,
        Dialect::Postgres => numbers(connection, POSTGRES).await?,
        Dialect::Mysql => numbers(connection, MARIADB).await?,
    };
    findings.push(storage::disk(connection, db.file()).await);
    if let Some(migrations) = db.memory().migrations() {
        findings.push(standing(connection, &migrations).await);
    }
    Ok(findings)
}

/// Whether the program's migrations are applied.
async fn standing(connection: &mut dyn Connection, migrations: &[Migration]) -> Finding {
    let status = match migrate::status(connection, migrations).await {
        Ok(status) => status,
        Err(error) => return Finding::new("migrations", HealthStatus::Unhealthy, error.message()),
    };
    let half = |state: EntryState| matches!(state, EntryState::HalfApplied | EntryState::HalfUndone);
    let unfinished = status.entries.iter().find(|entry| half(entry.state));
    match (status.error(), unfinished, status.pending()) {
        (_, Some(entry), _) => {
            let reason = format!("{} was begun and not finished", entry.id);
            Finding::new("migrations", HealthStatus::Unhealthy, reason)
                .advise("`relata migrate apply` finishes it, `relata migrate rollback` undoes it")
        }
        (Some(error), None, _) => Finding::new("migrations", HealthStatus::Unhealthy, error.message())
            .advise("`relata migrate status` says what contradicts"),
        (None, None, 0) => {
            Finding::new("migrations", HealthStatus::Healthy, format!("all {} are applied", migrations.len()))
        }
        (None, None, pending) => {
            Finding::new("migrations", HealthStatus::Degraded, format!("{pending} of {} are pending", migrations.len()))
                .advise("`relata migrate apply` applies them")
        }
    }
}

async fn sqlite(connection: &mut dyn Connection) -> Result<Vec<Finding>> {
    connection.query(Statement::new("SELECT 1", &[]), &mut Texts::default()).await?;
    let writes = match connection.begin(TransactionOptions::default()).await {
        Ok(()) => {
            connection.batch("ROLLBACK").await?;
            Finding::new("writes", HealthStatus::Healthy, "the write lock was given")
        }
        Err(error) if error.kind() == Kind::LockTimeout => {
            Finding::new("writes", HealthStatus::Degraded, error.message())
                .advise("another process holds the write lock for long")
        }
        Err(error) => Finding::new("writes", HealthStatus::Unhealthy, error.message())
            .advise("check the rights of the file and of its folder, and the disk"),
    };
    Ok(vec![writes])
}

async fn numbers(connection: &mut dyn Connection, sql: &str) -> Result<Vec<Finding>> {
    let mut texts = Texts::default();
    connection.query(Statement::once(sql, &[]), &mut texts).await?;
    let [read_only, recovery, used, most, longest, age] = texts.0.as_slice() else {
        return Err(Error::new(Kind::Protocol, "the server does not say how it is"));
    };
    let number = |text: &str| text.parse::<i64>().unwrap_or(0);
    Ok(vec![
        writes(read_only == "on", recovery == "true"),
        crowd(number(used), number(most)),
        longest_transaction(number(longest)),
        wraparound(number(age)),
    ]
    .into_iter()
    .flatten()
    .collect())
}

fn writes(read_only: bool, recovery: bool) -> Option<Finding> {
    Some(match (recovery, read_only) {
        (true, _) => Finding::new("writes", HealthStatus::Unhealthy, "the server is a standby in recovery")
            .advise("connect to the primary, or name all nodes in the URL"),
        (_, true) => Finding::new("writes", HealthStatus::Unhealthy, "the server can only be read")
            .advise("connect to the primary, or switch read_only off"),
        _ => Finding::new("writes", HealthStatus::Healthy, "the server takes writes"),
    })
}

fn crowd(used: i64, most: i64) -> Option<Finding> {
    let reason = format!("{used} of {most} connections of the server are in use");
    Some(if most > 0 && used * 100 >= most * CROWDED {
        Finding::new("server connections", HealthStatus::Degraded, reason)
            .advise("close what is idle, share connections through a pooler, or raise max_connections on the server")
    } else {
        Finding::new("server connections", HealthStatus::Healthy, reason)
    })
}

fn longest_transaction(seconds: i64) -> Option<Finding> {
    (seconds > LONG).then(|| {
        Finding::new("transactions", HealthStatus::Degraded, format!("one has been open for {seconds} s"))
            .advise("it keeps dead rows and locks: find who forgot it, and end it")
    })
}

fn wraparound(age: i64) -> Option<Finding> {
    (age > WRAPAROUND).then(|| {
        let reason = format!("{age} transactions since the last freeze; at 2 000 000 000 writes stop");
        Finding::new("wraparound", HealthStatus::Unhealthy, reason)
            .advise("run VACUUM FREEZE, and see why autovacuum did not")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_findings() {
        assert_eq!(crowd(89, 100).unwrap().status, HealthStatus::Healthy);
        assert_eq!(crowd(90, 100).unwrap().status, HealthStatus::Degraded);
        assert!(longest_transaction(LONG).is_none() && longest_transaction(LONG + 1).is_some());
        assert!(wraparound(200_000_000).is_none());
        assert_eq!(wraparound(1_600_000_000).unwrap().status, HealthStatus::Unhealthy);
        assert_eq!(writes(true, false).unwrap().status, HealthStatus::Unhealthy);
        assert_eq!(writes(false, true).unwrap().status, HealthStatus::Unhealthy);
    }
}
