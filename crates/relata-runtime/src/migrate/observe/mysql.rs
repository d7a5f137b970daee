//! What MariaDB and MySQL need for a change, found by asking for the cheapest way first; of statements that know no ways,
//! whether they want a table or view for themselves alone; of new foreign keys, whether writes of the table they point to wait
//! ([`barrier`]).

mod barrier;

use std::collections::BTreeSet;

use relata_schema::change::{Lock, LockMode, LockSpan};
use relata_schema::model::ObjectName;
use relata_schema::{Dialect, script};
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::{Beside, Observed};
use crate::migrate::rows;

/// Ways, from best to worst, and what each means for others. `NOCOPY` is MariaDB's: in place, and not written anew.
const WAYS: [(&str, Option<&str>, LockMode, LockSpan); 7] = [
    ("INSTANT", None, LockMode::AccessExclusive, LockSpan::Instant),
    ("NOCOPY", Some("NONE"), LockMode::ShareUpdateExclusive, LockSpan::Scan),
    ("NOCOPY", Some("SHARED"), LockMode::Share, LockSpan::Scan),
    ("INPLACE", Some("NONE"), LockMode::ShareUpdateExclusive, LockSpan::Rewrite),
    ("INPLACE", Some("SHARED"), LockMode::Share, LockSpan::Rewrite),
    ("COPY", Some("NONE"), LockMode::ShareUpdateExclusive, LockSpan::Rewrite),
    ("COPY", Some("SHARED"), LockMode::Share, LockSpan::Rewrite),
];

/// The tables and views that were there before the script.
pub(super) struct Eye(BTreeSet<String>);

impl Eye {
    pub(super) async fn open(connection: &mut dyn Connection) -> Result<Self> {
        barrier::tables(connection).await.map(Eye)
    }

    /// Runs a statement in the best way that the server accepts; one that knows no ways, watched from beside.
    pub(super) async fn run(
        &self,
        connection: &mut dyn Connection,
        sql: &str,
        beside: Option<&Beside>,
        observed: &mut Observed,
    ) -> Result<()> {
        if let Some((table, comma)) = altered(sql) {
            let parent = barrier::parent(sql, &table).filter(|parent| self.0.contains(parent));
            let parent = parent.zip(beside.filter(|_| !connection.in_transaction()));
            return in_the_best_way(connection, sql, (table, comma), parent, observed).await;
        }
        let Some(beside) = beside.filter(|_| !connection.in_transaction()) else {
            return connection.batch(sql).await;
        };
        let mut subjects = barrier::subjects(connection, sql).await?;
        subjects.retain(|table| self.0.contains(table));
        if subjects.is_empty() {
            return connection.batch(sql).await;
        }
        let (wanted, looked) = barrier::run(connection, sql, &subjects, beside).await?;
        observed.seen = looked;
        let lock =
            |table| Lock { object: ObjectName::bare(table), mode: LockMode::AccessExclusive, span: LockSpan::Instant };
        observed.locks.extend(wanted.into_iter().map(lock));
        Ok(())
    }
}

async fn in_the_best_way(
    connection: &mut dyn Connection,
    sql: &str,
    (table, comma): (String, &'static str),
    parent: Option<(String, &Beside)>,
    observed: &mut Observed,
) -> Result<()> {
    let words = script::words(Dialect::Mysql, sql, usize::MAX);
    let mysql = connection.server().product == "MySQL";
    // MySQL modifies in place only what the catalogue says; MariaDB may build indexes anew.
    let builds = |pair: &[String]| {
        let part =
            matches!(pair[1].as_str(), "INDEX" | "KEY" | "UNIQUE" | "FULLTEXT" | "SPATIAL" | "CONSTRAINT" | "PRIMARY");
        matches!(pair[0].as_str(), "ADD" | "CREATE") && part || pair[0] == "MODIFY" && !mysql
    };
    let releases = !words.windows(2).any(builds);
    let before = number(connection, &table).await?;
    for (algorithm, lock, mode, span) in WAYS {
        let lock = lock.map(|lock| format!("{comma} LOCK={lock}")).unwrap_or_default();
        let asked = format!("{sql}{comma} ALGORITHM={algorithm}{lock}");
        // A way that is refused has changed nothing. The last word has the statement as it stands.
        let (result, waited) = match &parent {
            Some((parent, beside)) => barrier::beside_writer(connection, &asked, parent, beside).await?,
            None => (connection.batch(&asked).await, false),
        };
        if result.is_ok() {
            observed.seen = true;
            if let Some((parent, _)) = parent.filter(|_| waited) {
                observed.locks.push(Lock {
                    object: ObjectName::bare(parent),
                    mode: LockMode::Share,
                    span: LockSpan::Scan,
                });
            }
            let stays = algorithm == "INPLACE" && before.is_some() && number(connection, &table).await? == before;
            let span = if stays { LockSpan::Scan } else { span };
            // What only goes reads nothing.
            let span = if releases && span == LockSpan::Scan { LockSpan::Instant } else { span };
            observed.locks.push(Lock { object: ObjectName::bare(table), mode, span });
            return Ok(());
        }
        if connection.is_broken() {
            break;
        }
    }
    connection.batch(sql).await
}

/// The number that MySQL gives the rows of a table: another one when they were written anew. It has no word for changes in
/// place that leave the rows as they are. None on MariaDB, and where the account may not ask.
async fn number(connection: &mut dyn Connection, table: &str) -> Result<Option<Value>> {
    if connection.server().product != "MySQL" {
        return Ok(None);
    }
    let sql = "SELECT table_id FROM information_schema.innodb_tables WHERE name = CONCAT(DATABASE(), '/', ?)";
    match rows::one(connection, sql, &[Value::Text(table.to_string())]).await {
        Ok(found) => Ok(found),
        Err(error) if connection.is_broken() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The table that a statement alters, and what parts `ALGORITHM` from what stands before it.
fn altered(sql: &str) -> Option<(String, &'static str)> {
    let flat = script::flatten(Dialect::Mysql, sql);
    let words = script::words(Dialect::Mysql, sql, 24);
    let first = words.iter().position(|word| word == "FOR").filter(|_| words[0] == "SET").map_or(0, |at| at + 1);
    let index = words.iter().skip(first).take(4).any(|word| word == "INDEX");
    let (keyword, comma) = match words.get(first).map(String::as_str) {
        Some("ALTER") if words.get(first + 1).is_some_and(|word| word == "TABLE") => (" TABLE ", ","),
        Some("CREATE" | "DROP") if index => (" ON ", ""),
        _ => return None,
    };
    let upper = flat.to_ascii_uppercase();
    let rest = &flat[upper.find(keyword)? + keyword.len()..];
    let rest = rest.strip_prefix("IF EXISTS ").unwrap_or(rest).trim_start();
    let name = match rest.strip_prefix('`') {
        Some(quoted) => quoted.split('`').next()?.to_string(),
        None => rest.split([' ', '(', ',']).next()?.to_string(),
    };
    (!name.is_empty()).then_some((name, comma))
}

#[cfg(test)]
mod tests {
    use super::altered;

    #[test]
    fn the_altered_table_is_known() {
        for (sql, expected) in [
            ("ALTER TABLE `a b` ADD COLUMN c int", Some(("a b", ","))),
            ("alter table posts drop column c", Some(("posts", ","))),
            ("SET STATEMENT system_versioning_alter_history = 1 FOR ALTER TABLE `t` ADD x int", Some(("t", ","))),
            ("CREATE UNIQUE INDEX i ON t(a)", Some(("t", ""))),
            ("DROP INDEX i ON `t`", Some(("t", ""))),
            ("CREATE TABLE t (a int, INDEX (a))", None),
            ("INSERT INTO t VALUES ('ALTER TABLE x')", None),
        ] {
            let expected = expected.map(|(table, comma): (&str, &'static str)| (table.to_string(), comma));
            assert_eq!(altered(sql), expected, "{sql}");
        }
    }
}
