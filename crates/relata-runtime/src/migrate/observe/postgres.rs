//! Locks, rewrites and scans as PostgreSQL tells them of the own transaction.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Lock, LockMode, LockSpan};
use relata_schema::model::ObjectName;
use relata_schema::{Dialect, script};
use relata_sql::Result;
use relata_sql::driver::{Connection, TransactionOptions};

use super::Observed;
use crate::migrate::rows;

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

    /// Runs a statement in a transaction of its own, if it can be.
    pub(super) async fn run_alone(
        &mut self,
        connection: &mut dyn Connection,
        sql: &str,
        observed: &mut Observed,
    ) -> Result<()> {
        if !allows_transaction(sql) || connection.in_transaction() {
            return connection.batch(sql).await;
        }
        connection.begin(TransactionOptions::default()).await?;
        let looked = async {
            self.begin(connection).await?;
            connection.batch(sql).await?;
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

/// Whether a statement may run in a transaction; what says so by its words may not.
fn allows_transaction(sql: &str) -> bool {
    let words = script::words(Dialect::Postgres, sql, 16);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let alone = matches!(
        words[..],
        ["VACUUM", ..] | ["ALTER", "SYSTEM", ..] | ["CREATE" | "DROP", "DATABASE" | "TABLESPACE" | "SUBSCRIPTION", ..]
    );
    !alone && !words.contains(&"CONCURRENTLY")
}
