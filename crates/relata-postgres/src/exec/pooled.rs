//! Behind a pooler that shares sessions by transaction (PgBouncer's transaction mode).
//!
//! Outside of a transaction each statement may run in another session. So nothing that a session keeps can be used:
//! - Statements are not prepared under a name: each is sent with its text, in one round trip; only its types are
//!   remembered, and the server says each time whether the result is still the same.
//! - What outlives a transaction in the session (settings, advisory locks, LISTEN, temporary tables, PREPARE, cursors
//!   WITH HOLD) is refused, with what to do instead.
//! - Types of one's own are looked up by a query of ours: the client library prepares its own.
//!
//! A pooler is found out by the number that the server's process said it has: a pooler makes one up. One that gives each
//! connection a session of its own cannot be told from one that does not; `pooler=session` in the URL says so.

use std::ops::ControlFlow;
use std::sync::Arc;

use relata_schema::{Dialect, script};
use relata_sql::{Error, Kind, Result};
use tokio_postgres::types::{Kind as TypeKind, Type};

use super::PostgresConnection;
use super::run::{Attempt, Failure};
use super::session::touches_session;
use crate::cache::{Again, Column, Prepared};
use crate::connect::Pooler;
use crate::{errors, message};

/// Types are made of types; nobody nests them deeper.
const DEEPEST: usize = 8;

impl PostgresConnection {
    /// Finds out whether a pooler stands between, unless the URL says.
    pub(crate) async fn meet_pooler(&mut self, pooler: Pooler) -> Result<()> {
        self.server.pooled = match pooler {
            Pooler::Transaction => true,
            Pooler::Session => false,
            Pooler::Auto => {
                let said = self.line.process();
                let rows = self.texts("SELECT pg_catalog.pg_backend_pid()").await?;
                let is = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
                said != 0 && is.is_some_and(|is: i32| is != said)
            }
        };
        Ok(())
    }

    /// The rows of a query without parameters, as texts.
    pub(crate) async fn texts(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        self.line.send(1, |out| message::query(sql, out))?;
        let (mut rows, mut report) = (Vec::new(), None);
        let received = self.line.receive(|tag, body| {
            match tag {
                b'D' => rows.extend(message::texts(body)),
                b'E' => report = Some(Box::new(message::Report::read(body))),
                _ => {}
            }
            if tag == b'Z' { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let received = received.await;
        let result = match (received, report) {
            (Err(error), report) => Err(Failure::Line(error, report)),
            (Ok(()), Some(report)) => Err(Failure::Server(report)),
            (Ok(()), None) => Ok(rows),
        };
        self.ended(result, sql)
    }

    /// Looks up what is not known yet, and what that is made of.
    pub(super) async fn learn_pooled(&mut self, mut wanted: Vec<u32>) -> Result<()> {
        let mut found: Vec<(u32, Vec<Option<String>>)> = Vec::new();
        for _ in 0..DEEPEST {
            wanted
                .retain(|oid| *oid != 0 && self.known(*oid).is_none() && !found.iter().any(|(known, _)| known == oid));
            if wanted.is_empty() {
                break;
            }
            let list: Vec<_> = wanted.iter().map(u32::to_string).collect();
            let sql = format!(
                "SELECT t.oid, t.typname, n.nspname, t.typtype, t.typelem, t.typbasetype, COALESCE(r.rngsubtype, 0) \
                 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
                 LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid WHERE t.oid IN ({})",
                list.join(", ")
            );
            for row in self.texts(&sql).await? {
                wanted.extend((4..7).map(|place| number(&row, place)));
                found.push((number(&row, 0), row));
            }
        }
        // What others are made of was found after them.
        for (oid, row) in found.iter().rev() {
            let ty = self.made(*oid, row)?;
            self.types.insert(*oid, ty);
        }
        Ok(())
    }

    fn made(&self, oid: u32, row: &[Option<String>]) -> Result<Type> {
        let text = |place: usize| row.get(place).cloned().flatten().unwrap_or_default();
        let part = |place: usize| self.type_of(number(row, place));
        let kind = match text(3).as_str() {
            "e" => TypeKind::Enum(Vec::new()),
            "d" => TypeKind::Domain(part(5)?),
            "r" => TypeKind::Range(part(6)?),
            "b" if number(row, 4) != 0 => TypeKind::Array(part(4)?),
            _ => TypeKind::Simple,
        };
        Ok(Type::new(text(1), oid, kind, text(2)))
    }

    /// A result that is something else than when the statement was seen before: its rows are read as what they are.
    pub(super) fn described_anew(
        &mut self,
        sql: &str,
        before: &Prepared,
        described: Vec<u8>,
    ) -> Attempt<Arc<Prepared>> {
        self.cache.remove(sql);
        let columns = if described.is_empty() { Some(Vec::new()) } else { message::columns(&described) };
        let Some(columns) = columns else {
            return Err(errors::protocol("what it says of a statement makes no sense").into());
        };
        let unknown = columns.iter().any(|(_, oid)| self.known(*oid).is_none());
        if unknown {
            // Nobody can be asked now: its rows are on their way.
            let message = "the statement was run, and its result has a type that was made meanwhile";
            return Err(Error::new(Kind::Decode, message).sql(sql).hint("look before you send it again").into());
        }
        let column = |(name, oid)| Ok(Column { name, ty: self.type_of(oid)? });
        let columns = columns.into_iter().map(column).collect::<Result<_>>()?;
        let again = Some(Again { sql: sql.into(), described });
        let prepared = Prepared::new(String::new(), sql, before.parameters.clone(), columns);
        Ok(Arc::new(Prepared { again, ..prepared }))
    }

    /// Refuses what would be left in a session that the next statement may not have.
    pub(super) fn refuse_session_state(&self, sql: &str) -> Result<()> {
        if !self.server.pooled || !touches_session(sql) {
            return Ok(());
        }
        let lasting = script::split(Dialect::Postgres, sql).iter().find_map(|statement| lasting(statement));
        match lasting {
            None => Ok(()),
            Some((what, instead)) => {
                let message =
                    format!("{what} would be kept in a session, and a pooler gives each transaction another one");
                Err(Error::unsupported(message, instead).sql(sql)
                    .hint("or connect to the server itself; a pooler that keeps sessions apart is told by pooler=session in the URL"))
            }
        }
    }
}

fn number(row: &[Option<String>], place: usize) -> u32 {
    row.get(place).and_then(|text| text.as_deref()?.parse().ok()).unwrap_or(0)
}

/// What of a statement outlives its transaction, and what to do instead.
fn lasting(statement: &str) -> Option<(&'static str, &'static str)> {
    let text = script::flatten(Dialect::Postgres, statement).to_ascii_lowercase();
    let words: Vec<_> = script::words(Dialect::Postgres, statement, 4);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let function = |name: &str| text.contains(name);
    match words.as_slice() {
        ["SET", "LOCAL" | "TRANSACTION" | "CONSTRAINTS", ..] => None,
        ["SET" | "RESET" | "DISCARD", ..] => Some(("a setting", "write SET LOCAL inside a transaction")),
        ["LISTEN" | "UNLISTEN", ..] => Some(("LISTEN", "listen on a connection to the server itself")),
        ["PREPARE", "TRANSACTION", ..] => None,
        ["PREPARE" | "DEALLOCATE", ..] => {
            Some(("a prepared statement", "send the statement itself: relata keeps its types"))
        }
        ["LOAD", ..] => Some(("a library", "have the server load it: session_preload_libraries")),
        ["DECLARE", ..] if function("with hold") => {
            Some(("a cursor WITH HOLD", "use `stream`, or a cursor inside a transaction"))
        }
        ["CREATE", "TEMP" | "TEMPORARY", ..] | ["CREATE", "LOCAL" | "GLOBAL", "TEMP" | "TEMPORARY", ..]
            if !function("on commit drop") =>
        {
            Some(("a temporary table", "write ON COMMIT DROP, inside a transaction"))
        }
        _ if function("set_config") && !function("true)") => {
            Some(("a setting", "call set_config(…, …, true) inside a transaction"))
        }
        _ if text.replace("advisory_xact_lock", "").contains("advisory") => {
            Some(("an advisory lock", "take pg_advisory_xact_lock inside a transaction"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlives_a_transaction_is_known() {
        for (sql, what) in [
            ("SET statement_timeout = 5", Some("a setting")),
            ("set local statement_timeout = 5", None),
            ("SET TRANSACTION READ ONLY", None),
            ("RESET ALL", Some("a setting")),
            ("SELECT set_config('a.b', '1', false)", Some("a setting")),
            ("SELECT set_config('a.b', '1', true)", None),
            ("LISTEN jobs", Some("LISTEN")),
            ("SELECT pg_advisory_lock(1)", Some("an advisory lock")),
            ("SELECT pg_try_advisory_xact_lock(1)", None),
            ("CREATE TEMP TABLE t (a int)", Some("a temporary table")),
            ("CREATE TEMPORARY TABLE t (a int) ON COMMIT DROP", None),
            ("PREPARE p AS SELECT 1", Some("a prepared statement")),
            ("PREPARE TRANSACTION 'x'", None),
            ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", Some("a cursor WITH HOLD")),
            ("DECLARE c CURSOR FOR SELECT 1", None),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$", None),
        ] {
            assert_eq!(lasting(sql).map(|(what, _)| what), what, "{sql}");
        }
    }
}
