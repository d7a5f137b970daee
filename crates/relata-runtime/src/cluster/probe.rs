//! The question to a node: what are you, and how far have you come?

use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::{ColumnInfo, Row, RowSink, Statement};
use relata_sql::{Cell, Connection, Error, Kind, Result};

use super::origin::Origin;
use crate::token::{Position, Token};

/// What a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) takes_writes: bool,
    /// Nobody can write there, whatever they are allowed to do.
    pub(super) cannot_write: bool,
    pub(super) position: Option<Position>,
    pub(super) timeline: Option<u64>,
    /// A replica: how old the last transaction is that it has applied, by its own clock.
    pub(super) behind: Option<Duration>,
    /// A replica: whether it receives what its primary writes just now.
    pub(super) receives: Option<bool>,
    /// Galera: it takes writes as well as any other; its place in the cluster's order.
    pub(super) deputy: Option<u64>,
    /// Galera: where all nodes are.
    pub(super) members: Vec<(String, u16)>,
    /// Whose it is, as far as its position tells.
    pub(super) origin: Origin,
}

const POSTGRES: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 'replica' \
     WHEN current_setting('default_transaction_read_only') = 'on' THEN 'replica' ELSE 'primary' END, \
     CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text, \
     CASE WHEN pg_is_in_recovery() THEN '' ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END, \
     CASE WHEN pg_is_in_recovery() THEN (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) \
     * 1000)::bigint::text ELSE '' END, '', \
     CASE WHEN NOT pg_is_in_recovery() THEN '' WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 'ON' \
     WHEN current_setting('restore_command', true) <> '' THEN '' ELSE 'OFF' END";

/// A server that follows another is a replica even where somebody forgot `read_only`.
const MARIADB: &str = "SELECT CASE WHEN @@global.read_only = 1 OR (SELECT VARIABLE_VALUE FROM \
     information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'SLAVES_RUNNING') > 0 THEN 'replica' ELSE 'primary' END, \
     CONCAT(@@global.gtid_current_pos, ''), '', '', \
     (SELECT GROUP_CONCAT(LOWER(VARIABLE_NAME), '=', VARIABLE_VALUE SEPARATOR '\\n') FROM \
     information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('WSREP_PROVIDER_NAME', 'WSREP_CLUSTER_STATUS', \
     'WSREP_READY', 'WSREP_LOCAL_STATE_COMMENT', 'WSREP_LOCAL_INDEX', 'WSREP_LAST_COMMITTED', \
     'WSREP_CLUSTER_STATE_UUID', 'WSREP_INCOMING_ADDRESSES')), \
     (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'SLAVE_RUNNING')";

/// The same on MySQL. The members of a group apply what the others send, whoever they are.
const MYSQL: &str = "SELECT CASE WHEN @@global.read_only = 1 OR (SELECT COUNT(*) FROM \
     performance_schema.replication_applier_status WHERE SERVICE_STATE = 'ON' AND CHANNEL_NAME NOT LIKE \
     'group@_replication@_%' ESCAPE '@') > 0 THEN 'replica' ELSE 'primary' END, \
     REPLACE(@@global.gtid_executed, '\\n', ''), '', \
     (SELECT TIMESTAMPDIFF(MICROSECOND, MAX(LAST_APPLIED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP), NOW(6)) DIV 1000 \
     FROM performance_schema.replication_applier_status_by_worker), '', \
     (SELECT CASE WHEN COUNT(*) = 0 THEN '' WHEN SUM(SERVICE_STATE <> 'ON') > 0 THEN 'OFF' ELSE 'ON' END FROM \
     performance_schema.replication_connection_status WHERE CHANNEL_NAME NOT LIKE 'group@_replication@_%' ESCAPE '@')";

/// For a role that may not look at the replication.
const MYSQL_UNSEEN: &str = "SELECT CASE WHEN @@global.read_only = 1 THEN 'replica' ELSE 'primary' END, \
     REPLACE(@@global.gtid_executed, '\\n', ''), '', '', '', ''";

/// The texts of the first row.
#[derive(Default)]
pub(crate) struct Texts(pub(crate) Vec<String>);

impl RowSink for Texts {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
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
    match connection.query(Statement::once(sql, &[]), &mut texts).await {
        Err(error) if error.kind() == Kind::PermissionDenied && sql == MYSQL => {
            connection.query(Statement::once(MYSQL_UNSEEN, &[]), &mut texts).await?;
        }
        other => other?,
    }
    let [role, position, timeline, behind, wsrep, receives] = texts.0.as_slice() else {
        return Err(Error::new(Kind::Protocol, "the node does not say what it is"));
    };
    let takes_writes = role == "primary";
    if let Some(galera) = Galera::of(wsrep) {
        return galera.answer(takes_writes);
    }
    let position = match connection.dialect() {
        Dialect::Postgres => Position::lsn(position),
        _ if sql == MYSQL => Position::executed(position),
        _ => Position::gtid(position),
    };
    let timeline = u64::from_str_radix(timeline, 16).ok();
    // In recovery there is no timeline of its own yet.
    let cannot_write = connection.dialect() == Dialect::Postgres && timeline.is_none();
    let origin = position.as_ref().map(Origin::of).unwrap_or_default();
    let behind = behind.parse().ok().map(Duration::from_millis);
    let receives = match receives.to_ascii_uppercase().as_str() {
        _ if takes_writes => None,
        "ON" => Some(true),
        // Of the connection without a name alone.
        "OFF" if sql == MARIADB => every_source_runs(connection).await,
        "OFF" => Some(false),
        _ => None,
    };
    let (deputy, members) = (None, Vec::new());
    Ok(Answered { takes_writes, cannot_write, position, timeline, behind, receives, deputy, members, origin })
}

/// MariaDB: whether each of the primaries that it follows is received from and applied; `None`: it follows none, or the
/// role may not see.
async fn every_source_runs(connection: &mut dyn Connection) -> Option<bool> {
    let mut sources = Sources::default();
    connection.query(Statement::once("SHOW ALL SLAVES STATUS", &[]), &mut sources).await.ok()?;
    sources.runs
}

/// Reads two columns of `SHOW ALL SLAVES STATUS` by their names.
#[derive(Default)]
struct Sources {
    positions: Vec<usize>,
    runs: Option<bool>,
}

impl RowSink for Sources {
    fn wants_columns(&self) -> bool {
        true
    }

    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        let wanted = |column: &ColumnInfo| matches!(column.name.as_str(), "Slave_IO_Running" | "Slave_SQL_Running");
        self.positions = (0..columns.len()).filter(|index| wanted(&columns[*index])).collect();
        Ok(())
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        for index in &self.positions {
            let runs = matches!(row.cell(*index)?, Cell::Text("Yes"));
            self.runs = Some(self.runs.unwrap_or(true) && runs);
        }
        Ok(())
    }
}

/// Whose node it is, where its position does not tell. Not every service that speaks like PostgreSQL knows.
pub(super) async fn origin(connection: &mut dyn Connection) -> Origin {
    let sql = "SELECT system_identifier::text FROM pg_control_system()";
    let mut texts = Texts::default();
    if connection.dialect() == Dialect::Postgres {
        drop(connection.query(Statement::once(sql, &[]), &mut texts).await);
    }
    texts.0.first().map(|identifier| Origin::system(identifier)).unwrap_or_default()
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
        Some(position) if position.is_empty() => Err(no_position()),
        Some(position) => Ok(Token(position)),
        None => Err(no_position()),
    }
}

fn no_position() -> Error {
    Error::unsupported(
        "this server keeps no position that a replica could be compared with",
        "MariaDB: switch the binary log on (log_bin); MySQL: gtid_mode; or read what you have written from the primary",
    )
}

/// Waits on a replica until it has come so far; `false`: it has not, in that time.
pub(crate) async fn wait_for(connection: &mut dyn Connection, wanted: &Position, limit: Duration) -> Result<bool> {
    match wanted {
        Position::Local => Ok(true),
        Position::Gtid(_) | Position::Executed(_) => {
            let function =
                if matches!(wanted, Position::Gtid(_)) { "MASTER_GTID_WAIT" } else { "WAIT_FOR_EXECUTED_GTID_SET" };
            let sql = format!("SELECT {function}('{}', {:.3})", wanted.plain(), limit.as_secs_f64());
            let mut texts = Texts::default();
            connection.query(Statement::once(&sql, &[]), &mut texts).await?;
            Ok(texts.0.first().is_some_and(|text| text == "0"))
        }
        Position::Lsn(_) | Position::Galera(..) => {
            let until = tokio::time::Instant::now() + limit;
            let mut pause = Duration::from_micros(300);
            while !has_reached(connection, wanted).await? {
                if tokio::time::Instant::now() + pause > until {
                    return Ok(false);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(5));
            }
            Ok(true)
        }
    }
}

async fn has_reached(connection: &mut dyn Connection, wanted: &Position) -> Result<bool> {
    let reached = match wanted {
        Position::Lsn(_) => {
            let mut texts = Texts::default();
            // Where there is no recovery any more the server is a primary, and has everything that it has.
            let sql = "SELECT COALESCE(pg_last_wal_replay_lsn(), '0/0')::text";
            connection.query(Statement::new(sql, &[]), &mut texts).await?;
            texts.0.first().and_then(|text| Position::lsn(text))
        }
        _ => ask(connection).await?.position,
    };
    Ok(reached.is_some_and(|reached| wanted.is_covered_by(&reached)))
}

/// What a node of Galera says of its cluster: `name=value`, a line each.
struct Galera<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Galera<'t> {
    /// `None`: this server belongs to no cluster of Galera's.
    fn of(text: &'t str) -> Option<Self> {
        let galera = Galera(text.lines().filter_map(|line| line.split_once('=')).collect());
        (galera.value("wsrep_provider_name") == "Galera").then_some(galera)
    }

    fn value(&self, name: &str) -> &'t str {
        self.0.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| *value)
    }

    /// Only a node that has all the others have, and is with the majority, may be used.
    fn answer(&self, takes_writes: bool) -> Result<Answered> {
        let (status, state) = (self.value("wsrep_cluster_status"), self.value("wsrep_local_state_comment"));
        if status != "Primary" || self.value("wsrep_ready") != "ON" || state != "Synced" {
            let message = format!("as a node of Galera it is {state:?}, its part of the cluster {status:?}");
            return Err(Error::new(Kind::Unavailable, message));
        }
        let sequence = self.value("wsrep_last_committed").parse().ok();
        let position =
            sequence.map(|sequence| Position::Galera(self.value("wsrep_cluster_state_uuid").into(), sequence));
        let deputy = self.value("wsrep_local_index").parse().ok().filter(|_| takes_writes);
        let members = self.value("wsrep_incoming_addresses").split(',').filter_map(member).collect();
        let origin = position.as_ref().map(Origin::of).unwrap_or_default();
        Ok(Answered {
            takes_writes,
            cannot_write: false,
            position,
            timeline: None,
            behind: None,
            receives: None,
            deputy,
            members,
            origin,
        })
    }
}

/// `host:port` as a node of Galera gives its address to clients. One that gives none (`AUTO`), or takes no clients, is left
/// out.
fn member(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then(|| (host.to_string(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_of_galera() {
        let text = |state: &str, status: &str| {
            format!(
                "wsrep_provider_name=Galera\nwsrep_local_state_comment={state}\nwsrep_cluster_status={status}\n\
                 wsrep_ready=ON\nwsrep_last_committed=42\nwsrep_cluster_state_uuid=6f0c-11\nwsrep_local_index=1\n\
                 wsrep_incoming_addresses=10.0.0.1:3306,[fe80::1]:3307,AUTO,,10.0.0.9:0"
            )
        };
        let synced = text("Synced", "Primary");
        let answered = Galera::of(&synced).unwrap().answer(true).unwrap();
        assert_eq!((answered.takes_writes, answered.deputy), (true, Some(1)));
        assert_eq!(answered.position, Some(Position::Galera("6f0c-11".into(), 42)));
        assert_eq!(answered.members, [("10.0.0.1".to_string(), 3306), ("fe80::1".to_string(), 3307)]);
        assert_eq!(Galera::of(&synced).unwrap().answer(false).unwrap().deputy, None);
        for (state, status) in [("Donor/Desynced", "Primary"), ("Synced", "non-Primary")] {
            let text = text(state, status);
            assert_eq!(Galera::of(&text).unwrap().answer(true).unwrap_err().kind(), Kind::Unavailable);
        }
        assert!(Galera::of("wsrep_provider_name=\nwsrep_ready=OFF").is_none() && Galera::of("").is_none());
    }
}
