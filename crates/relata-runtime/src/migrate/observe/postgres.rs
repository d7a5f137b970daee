//! Locks, rewrites and scans as PostgreSQL tells them of the own transaction, and of a statement that runs outside of any
//! ([`outside`]).

mod outside;

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Lock, LockMode, LockSpan};
use relata_schema::model::ObjectName;
use relata_schema::script::ScriptStatement;
use relata_schema::{Dialect, script};
use relata_sql::driver::{Connection, TransactionOptions};
use relata_sql::{Error, Result};

use super::{Beside, Observed};
use crate::migrate::{execute, rows};

/// Every table and view, the file it is in, and how often it and its indexes were scanned.
const RELATIONS: &str = "\
SELECT c.oid::int8, n.nspname::text, c.relname::text, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::int8,
    (coalesce(pg_catalog.pg_stat_get_xact_numscans(c.oid), 0)
        + coalesce((SELECT sum(pg_catalog.pg_stat_get_xact_numscans(i.indexrelid))
                    FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid), 0))::int8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// What this backend has locked: the modes, and name, file and scans (of the table and its indexes) of what is still there.
const HELD: &str = "\
SELECT l.relation::int8, l.modes, n.nspname::text, c.relname::text,
    coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::int8,
    (coalesce(pg_catalog.pg_stat_get_xact_numscans(c.oid), 0)
        + coalesce((SELECT sum(pg_catalog.pg_stat_get_xact_numscans(i.indexrelid))
                    FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid), 0))::int8
FROM (SELECT relation, pg_catalog.string_agg(mode, ' ') AS modes FROM pg_catalog.pg_locks
      WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid() AND granted AND relation >= 16384
          AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
      GROUP BY relation) l
    LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/// The files of all indexes: the table, the index, its file.
const INDEXES: &str = "\
SELECT indrelid::int8, indexrelid::int8, coalesce(pg_catalog.pg_relation_filenode(indexrelid), 0)::int8
FROM pg_catalog.pg_index WHERE indrelid >= 16384";

/// What is known of a table that was there before the script.
struct Known {
    name: ObjectName,
    file: i64,
    scans: i64,
    modes: BTreeSet<LockMode>,
}

/// The tables that were there before the script.
pub(super) struct Eye(BTreeMap<i64, Known>);

impl Eye {
    pub(super) async fn open(connection: &mut dyn Connection) -> Result<Self> {
        let mut known = BTreeMap::new();
        for row in rows::all(connection, RELATIONS, &[]).await? {
            let name = ObjectName::new(rows::cell::<String>(&row, 1)?, rows::cell::<String>(&row, 2)?);
            let (file, scans) = (rows::cell(&row, 3)?, rows::cell(&row, 4)?);
            known.insert(rows::cell(&row, 0)?, Known { name, file, scans, modes: BTreeSet::new() });
        }
        Ok(Eye(known))
    }

    /// Remembers how things stand as a transaction begins: what was counted before is not its doing.
    pub(super) async fn begin(&mut self, connection: &mut dyn Connection) -> Result<()> {
        let Eye(now) = Eye::open(connection).await?;
        for (oid, now) in now {
            if let Some(known) = self.0.get_mut(&oid) {
                *known = now;
            }
        }
        Ok(())
    }

    /// Runs a statement in a transaction of its own if it can be, else watched from beside.
    pub(super) async fn run_alone(
        &mut self,
        connection: &mut dyn Connection,
        statement: &ScriptStatement,
        beside: Option<&Beside>,
        observed: &mut Observed,
    ) -> Result<()> {
        if connection.in_transaction() {
            return execute::patiently(connection, statement).await.map(drop);
        }
        if allows_transaction(&statement.sql) {
            match self.run_within(connection, statement, observed).await {
                // It says so itself: a procedure that commits, a table with partitions that is clustered.
                Err(error) if wants_no_transaction(&error) => {}
                result => return result,
            }
        }
        match beside {
            Some(beside) => self.run_beside(connection, statement, beside, observed).await,
            None => execute::patiently(connection, statement).await.map(drop),
        }
    }

    async fn run_within(
        &mut self,
        connection: &mut dyn Connection,
        statement: &ScriptStatement,
        observed: &mut Observed,
    ) -> Result<()> {
        connection.begin(TransactionOptions::default()).await?;
        let looked = async {
            self.begin(connection).await?;
            execute::patiently(connection, statement).await?;
            self.look(connection, observed).await
        };
        match looked.await {
            Ok(()) => connection.batch("COMMIT").await,
            Err(error) => {
                if !connection.is_broken() {
                    connection.batch("ROLLBACK").await?;
                }
                Err(error)
            }
        }
    }

    /// Runs a statement outside of any transaction. A table was read for it if an index of it is new or was built again.
    async fn run_beside(
        &mut self,
        connection: &mut dyn Connection,
        statement: &ScriptStatement,
        beside: &Beside,
        observed: &mut Observed,
    ) -> Result<()> {
        self.begin(connection).await?;
        let indexes = indexes(connection).await?;
        let seen = outside::run(connection, statement, beside).await?;
        let Eye(now) = Eye::open(connection).await?;
        let read = built(&indexes, &self::indexes(connection).await?);
        let vacuum = script::words(Dialect::Postgres, &statement.sql, 1) == ["VACUUM"];
        observed.seen = true;
        for (relation, modes) in seen {
            let (Some(known), Some(mode)) = (self.0.get(&relation), modes.iter().copied().max()) else { continue };
            let rewritten = now.get(&relation).is_some_and(|now| now.file != known.file && known.file != 0);
            let span = match rewritten {
                true => LockSpan::Rewrite,
                false if read.contains(&relation) || vacuum => LockSpan::Scan,
                false => LockSpan::Instant,
            };
            observed.locks.push(Lock { object: known.name.clone(), mode, span });
            observed.held.extend(modes.iter().map(|mode| (known.name.clone(), *mode)));
        }
        observed.locks.sort_by(|a, b| a.object.cmp(&b.object));
        self.begin(connection).await
    }

    /// Looks at what the statement before has changed.
    pub(super) async fn look(&mut self, connection: &mut dyn Connection, observed: &mut Observed) -> Result<()> {
        observed.seen = true;
        let query = matches!(
            script::words(Dialect::Postgres, &observed.sql, 1).first().map(String::as_str),
            Some("SELECT" | "VALUES" | "TABLE" | "INSERT" | "WITH")
        );
        for row in rows::all(connection, HELD, &[]).await? {
            let Some(known) = self.0.get_mut(&rows::cell::<i64>(&row, 0)?) else { continue };
            let modes = modes(&rows::cell::<String>(&row, 1)?);
            let name: Option<ObjectName> =
                match (rows::cell::<Option<String>>(&row, 2)?, rows::cell::<Option<String>>(&row, 3)?) {
                    (Some(namespace), Some(name)) => Some(ObjectName::new(namespace, name)),
                    _ => None,
                };
            let (file, scans): (i64, i64) = (rows::cell(&row, 4)?, rows::cell(&row, 5)?);
            let rewritten = name.is_some() && file != known.file && known.file != 0;
            let scanned = scans > known.scans;
            let added = modes.difference(&known.modes).copied().max();
            let mode = added.or_else(|| modes.iter().copied().max().filter(|_| rewritten || scanned && !query));
            if let Some(mode) = mode {
                let span = match (rewritten, scanned) {
                    (true, _) => LockSpan::Rewrite,
                    (false, true) => LockSpan::Scan,
                    (false, false) => LockSpan::Instant,
                };
                observed.locks.push(Lock { object: known.name.clone(), mode, span });
            }
            observed.held.extend(modes.iter().map(|mode| (known.name.clone(), *mode)));
            if let Some(name) = name {
                if name != known.name {
                    observed.renamed.push((known.name.clone(), name.clone()));
                }
                *known = Known { name, file, scans, modes };
            } else {
                known.modes = modes;
            }
        }
        observed.locks.sort_by(|a, b| a.object.cmp(&b.object));
        Ok(())
    }
}

/// The table of each index, and its file.
type Indexes = BTreeMap<i64, (i64, i64)>;

async fn indexes(connection: &mut dyn Connection) -> Result<Indexes> {
    let found = rows::all(connection, INDEXES, &[]).await?;
    found.iter().map(|row| Ok((rows::cell(row, 1)?, (rows::cell(row, 0)?, rows::cell(row, 2)?)))).collect()
}

/// The tables that have an index which was not there, or is in another file.
fn built(before: &Indexes, after: &Indexes) -> BTreeSet<i64> {
    let new = after.iter().filter(|(index, place)| before.get(index) != Some(place));
    new.map(|(_, (table, _))| *table).collect()
}

/// The modes that others notice.
fn modes(words: &str) -> BTreeSet<LockMode> {
    let mode = |word: &str| match word {
        "RowExclusiveLock" => Some(LockMode::RowExclusive),
        "ShareUpdateExclusiveLock" => Some(LockMode::ShareUpdateExclusive),
        "ShareLock" => Some(LockMode::Share),
        "ShareRowExclusiveLock" => Some(LockMode::ShareRowExclusive),
        "ExclusiveLock" => Some(LockMode::Exclusive),
        "AccessExclusiveLock" => Some(LockMode::AccessExclusive),
        _ => None,
    };
    words.split(' ').filter_map(mode).collect()
}

/// The server refused a statement because of the transaction around it.
fn wants_no_transaction(error: &Error) -> bool {
    matches!(error.details().sqlstate.as_deref(), Some("25001" | "2D000"))
}

/// Whether a statement may run in a transaction; what says so by its words may not.
fn allows_transaction(sql: &str) -> bool {
    let words = script::words(Dialect::Postgres, sql, 16);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let alone = matches!(
        words[..],
        ["VACUUM", ..] | ["ALTER", "SYSTEM", ..] | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
    );
    let refreshed = words.starts_with(&["REFRESH"]);
    !alone && (refreshed || !words.contains(&"CONCURRENTLY"))
}
