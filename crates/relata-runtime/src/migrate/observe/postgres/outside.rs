//! Locks of statements that run outside of any transaction (`CONCURRENTLY`, `VACUUM`), seen from other sessions while they
//! run.
//!
//! Such a statement commits in the middle, and when it is over, nothing tells what it had locked. So two sessions stand
//! in its way, barrier after barrier, and whenever it waits for one of them, what it holds and asks for is read from
//! `pg_locks`:
//! 1. the first session lets others only read the first table that the statement names: seen is the lock that it asks for
//!    first, of those that anybody notices;
//! 2. it goes on as one that writes: seen is what is held while the statement waits for those who write or read;
//! 3. the second session reads the other tables: seen are the exclusive locks that it asks for on them in the end.
//!
//! What a statement locks while it waits for nobody is read as often as it can be, which may miss what it holds for less
//! than a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relata_schema::Dialect;
use relata_schema::change::LockMode;
use relata_schema::script::ScriptStatement;
use relata_schema::sql::{self, Token, TokenKind};
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::super::Beside;
use super::modes;
use crate::migrate::{execute, rows, watch};

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(2);

/// The tables among things named so, or those that the indexes among them are on, in order.
const TABLES: &str = "\
SELECT pg_catalog.format('%I.%I', s.nspname, c.relname)
FROM (SELECT n.at, pg_catalog.to_regclass(n.name)::oid AS relation
      FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY n (name, at)) n
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = n.relation
    JOIN pg_catalog.pg_class c ON c.oid = coalesce(i.indrelid, n.relation) AND c.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
GROUP BY c.oid, s.nspname, c.relname ORDER BY pg_catalog.min(n.at)";

/// What a statement was seen to lock, by the table's number.
pub(super) type Seen = BTreeMap<i64, BTreeSet<LockMode>>;

/// Runs a statement outside of any transaction and tells what it was seen to lock.
pub(super) async fn run(connection: &mut dyn Connection, statement: &ScriptStatement, beside: &Beside) -> Result<Seen> {
    let session = watch::session(connection).await?;
    let tables = tables(connection, &statement.sql).await?;
    let mut barriers = Barriers::raise(beside, session, &tables).await?;
    let over = AtomicBool::new(false);
    let running = async {
        let result = execute::patiently(connection, statement).await;
        over.store(true, Ordering::Relaxed);
        result
    };
    let watching = async {
        let seen = barriers.watch(&over).await;
        // Whatever happened, nothing stands in its way any longer.
        let closed = barriers.close().await;
        seen.and_then(|seen| closed.map(|()| seen))
    };
    let (result, seen) = futures_util::future::join(running, watching).await;
    result.and(seen)
}

/// The tables that a statement may name, as they are written in SQL: the first one first.
async fn tables(connection: &mut dyn Connection, statement: &str) -> Result<Vec<String>> {
    let names: Vec<Value> = names(statement).into_iter().map(Value::Text).collect();
    let found = rows::all(connection, TABLES, &[Value::Array(names)]).await?;
    found.iter().map(|row| rows::cell(row, 0)).collect()
}

/// Everything in a statement that may be a name, as written.
fn names(statement: &str) -> Vec<String> {
    let is_part = |token: &Token<'_>| match token.kind {
        TokenKind::Word => token.text.starts_with(|first: char| first.is_alphabetic() || first == '_'),
        TokenKind::Quoted => token.text.len() > 2,
        TokenKind::Text | TokenKind::Mark => false,
    };
    let tokens = sql::tokens(Dialect::Postgres, statement, 0);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_name = is_part(&tokens[at]);
        let member = tokens.get(at + 2).filter(|next| is_part(next) && tokens[at + 1].is_mark("."));
        match (is_name, member) {
            (false, _) => at += 1,
            (true, None) => {
                found.push(tokens[at].text.to_string());
                at += 1;
            }
            (true, Some(member)) => {
                found.push(format!("{}.{}", tokens[at].text, member.text));
                at += 3;
            }
        }
    }
    found
}

/// Sessions that stand in a statement's way, and how many of the barriers are gone.
struct Barriers {
    first: Box<dyn Connection>,
    second: Box<dyn Connection>,
    session: i64,
    own: [i64; 2],
    gone: usize,
}

impl Barriers {
    async fn raise(beside: &Beside, session: i64, tables: &[String]) -> Result<Self> {
        let (mut first, mut second) = (beside.connect().await?, beside.connect().await?);
        let own = [watch::session(first.as_mut()).await?, watch::session(second.as_mut()).await?];
        if let Some((table, others)) = tables.split_first() {
            second.batch("BEGIN").await?;
            for other in others {
                second.batch(&format!("LOCK TABLE ONLY {other} IN ACCESS SHARE MODE")).await?;
            }
            let lock = format!(
                "BEGIN; LOCK TABLE ONLY {table} IN ROW EXCLUSIVE MODE; SAVEPOINT barrier; \
                 LOCK TABLE ONLY {table} IN EXCLUSIVE MODE"
            );
            first.batch(&lock).await?;
        }
        Ok(Barriers { first, second, session, own, gone: 0 })
    }

    async fn watch(&mut self, over: &AtomicBool) -> Result<Seen> {
        let mut seen = Seen::new();
        while !over.load(Ordering::Relaxed) {
            // In this order: while it waits for us, what it has locked stays.
            let waits = self.is_waited_for().await?;
            for (relation, modes) in self.look().await? {
                seen.entry(relation).or_default().extend(modes);
            }
            if waits {
                self.lower().await?;
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(seen)
    }

    async fn is_waited_for(&mut self) -> Result<bool> {
        let [first, second] = self.own;
        let sql = format!("SELECT pg_catalog.pg_blocking_pids({}) && ARRAY[{first}, {second}]", self.session);
        Ok(rows::is_true(rows::one(self.first.as_mut(), &sql, &[]).await?.as_ref()))
    }

    /// What the statement has locked by now, or asks for.
    async fn look(&mut self) -> Result<Seen> {
        let sql = format!(
            "SELECT relation::int8, pg_catalog.string_agg(mode, ' ') FROM pg_catalog.pg_locks \
             WHERE locktype = 'relation' AND pid = {} AND relation >= 16384 AND database = \
             (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) GROUP BY relation",
            self.session
        );
        let found = rows::all(self.first.as_mut(), &sql, &[]).await?;
        found.iter().map(|row| Ok((rows::cell(row, 0)?, modes(&rows::cell::<String>(row, 1)?)))).collect()
    }

    /// Takes the next barrier away.
    async fn lower(&mut self) -> Result<()> {
        self.gone += 1;
        match self.gone {
            1 => self.first.batch("ROLLBACK TO SAVEPOINT barrier").await,
            2 => self.first.batch("COMMIT").await,
            _ => self.second.batch("COMMIT").await,
        }
    }

    async fn close(self) -> Result<()> {
        let first = self.first.close().await;
        self.second.close().await.and(first)
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_of_statements() {
        let found = names("DROP INDEX CONCURRENTLY IF EXISTS \"a b\".i, c");
        assert_eq!(found, ["DROP", "INDEX", "CONCURRENTLY", "IF", "EXISTS", "\"a b\".i", "c"]);
        let found = names("CREATE INDEX CONCURRENTLY i ON s.t (lower(x)) WITH (fillfactor = 70) WHERE y <> 'a.b'");
        assert!(found.contains(&"s.t".to_string()) && !found.iter().any(|name| name.contains('\'')), "{found:?}");
        assert!(!found.contains(&"70".to_string()));
    }
}
