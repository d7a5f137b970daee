//! The question to a node: what are you, and how far have you come?

use relata_schema::Dialect;
use relata_sql::driver::{Row, RowSink, Statement};
use relata_sql::{Cell, Connection, Error, Kind, Result};

use crate::token::{Position, Token};

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) takes_writes: bool,
    pub(super) position: Option<Position>,
    pub(super) timeline: Option<u64>,
}

const POSTGRES: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' \
     WHEN current_setting('default_transaction_read_only') = 'on' THEN 'replica' ELSE 'primary' END, \
     CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text, \
     CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END";

/// A server that follows another is a replica even where somebody forgot `read_only`.
const MARIADB: &str = "SELECT CASE WHEN @@global.read_only = 1 OR (SELECT VARIABLE_VALUE FROM \
     information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'SLAVES_RUNNING') > 0 THEN 'replica' ELSE 'primary' END, \
     CONCAT(@@global.gtid_current_pos, ''), ''";

const MYSQL: &str = "SELECT CASE WHEN @@global.read_only = 1 THEN 'replica' ELSE 'primary' END, '', ''";

/// The texts of the first row.
#[derive(Default)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl RowSink for Texts {
    fn row(&mut self, row: &dyn Row) -> Result<()> {
        if !self.0.is_empty() {
            return Ok(());
        }
        for index in 0..row.len() {
            self.0.push(match row.cell(index)? {
                Cell::Text(text) => text.to_string(),
                Cell::Null => String::new(),
                Cell::Int(number) => number.to_string(),
                Cell::Bool(value) => value.to_string(),
                other => format!("{:?}", other.to_value()),
            });
        }
        Ok(())
    }
}

/// Asks a node what it is.
pub(super) async fn ask(connection: &mut dyn Connection) -> Result<Answered> {
    let sql = match (connection.dialect(), connection.server().product.as_str()) {
        (Dialect::Postgres, _) => POSTGRES,
        (_, "MySQL") => MYSQL,
        _ => MARIADB,
    };
    let mut texts = Texts::default();
    connection.query(Statement::once(sql, &[]), &mut texts).await?;
    let [role, position, timeline] = texts.0.as_slice() else {
        return Err(Error::new(Kind::Protocol, "the node does not say what it is"));
    };
    let position = match connection.dialect() {
        Dialect::Postgres => Position::lsn(position),
        _ => Position::gtid(position),
    };
    Ok(Answered { takes_writes: role == "primary", position, timeline: u64::from_str_radix(timeline, 16).ok() })
}

/// How far a primary has written.
///
/// # Errors
/// What the database says; `Kind::Unsupported` where it has no such thing.
pub(crate) async fn token(connection: &mut dyn Connection) -> Result<Token> {
    if connection.dialect() == Dialect::Sqlite {
        return Ok(Token(Position::Local));
    }
    let answered = ask(connection).await?;
    match answered.position {
        Some(Position::Gtid(parts)) if parts.is_empty() => Err(no_position()),
        Some(position) => Ok(Token(position)),
        None => Err(no_position()),
    }
}

fn no_position() -> Error {
    Error::unsupported(
        "this server keeps no position that a replica could be compared with",
        "MariaDB: switch the binary log on (log_bin); or read what you have written from the primary",
    )
}

/// Waits on a replica until it has come so far; `false`: it has not, in that time.
pub(crate) async fn wait_for(
    connection: &mut dyn Connection,
    wanted: &Position,
    limit: std::time::Duration,
) -> Result<bool> {
    match wanted {
        Position::Local => Ok(true),
        Position::Gtid(_) => {
            let sql = format!("SELECT MASTER_GTID_WAIT('{}', {:.3})", wanted.plain(), limit.as_secs_f64());
            let mut texts = Texts::default();
            connection.query(Statement::once(&sql, &[]), &mut texts).await?;
            Ok(texts.0.first().is_some_and(|text| text == "0"))
        }
        Position::Lsn(_) => {
            let until = tokio::time::Instant::now() + limit;
            let mut pause = std::time::Duration::from_micros(300);
            loop {
                let mut texts = Texts::default();
                // Where there is no recovery any more the server is a primary, and has everything that it has.
                let sql = "SELECT COALESCE(pg_last_wal_replay_lsn(), '0/0')::text";
                connection.query(Statement::new(sql, &[]), &mut texts).await?;
                let reached = texts.0.first().and_then(|text| Position::lsn(text));
                if reached.is_some_and(|reached| wanted.is_covered_by(&reached)) {
                    return Ok(true);
                }
                if tokio::time::Instant::now() + pause > until {
                    return Ok(false);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(std::time::Duration::from_millis(5));
            }
        }
    }
}
