//! Many rows at once: one statement with many rows if that takes them all, else several in a transaction, in turns with
//! whatever else the caller's thread has to do.

use relata_schema::Dialect;
use relata_sql::driver::BulkInsert;
use relata_sql::{Answer, Result, Statement, Value};

use super::pace::{Turn, yield_turn};
use super::{SqliteConnection, bind_all, failure, run};
use crate::exact;
use crate::patience::Attempt;
use crate::statement::Handle;

/// How many values one statement binds at most: enough to hide the cost of a step, few enough to prepare quickly.
const VALUES_PER_STATEMENT: usize = 500;

impl SqliteConnection {
    pub(super) fn insert_bulk<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, u64> {
        let rows = match insert.whole_rows() {
            Ok(0) => return Answer::ready(Ok(0)),
            Ok(rows) => rows,
            Err(error) => return Answer::ready(Err(error)),
        };
        if let Err(error) = self.raw().and_then(|raw| exact::refuse_changed(raw, insert)) {
            return Answer::ready(Err(error));
        }
        let at_once = (VALUES_PER_STATEMENT / insert.columns.len()).max(1);
        if rows > at_once {
            return Answer::later(self.insert_in_turns(insert, at_once));
        }
        // One statement is atomic by itself.
        self.answer(move |raw| insert_rows(raw, &insert_sql(insert, rows), insert.values))
    }

    async fn insert_in_turns(&mut self, insert: BulkInsert<'_>, at_once: usize) -> Result<u64> {
        let own = !self.raw()?.is_autocommit();
        let (begin, commit) =
            if own { ("SAVEPOINT relata_bulk", "RELEASE relata_bulk") } else { ("BEGIN IMMEDIATE", "COMMIT") };
        self.simple(begin).await?;
        let mut open = Open { connection: self, savepoint: own, over: false };
        let inserted = open.insert(insert, at_once).await?;
        run(open.connection.raw()?, Statement::new(commit, &[]), None).into_result()?;
        open.over = true;
        Ok(inserted)
    }
}

/// A transaction or savepoint; taken back when it is dropped before it is over.
struct Open<'c> {
    connection: &'c mut SqliteConnection,
    savepoint: bool,
    over: bool,
}

impl Open<'_> {
    async fn insert(&mut self, insert: BulkInsert<'_>, at_once: usize) -> Result<u64> {
        let width = insert.columns.len();
        let (many, rest) = insert.values.split_at(insert.values.len() - insert.values.len() % (at_once * width));
        let mut inserted = 0;
        let mut turn = Turn::begin();
        for (values, rows) in [(many, at_once), (rest, 1)] {
            let sql = insert_sql(insert, rows);
            for chunk in values.chunks_exact(rows * width) {
                inserted += insert_rows(self.connection.raw()?, &sql, chunk).into_result()?;
                turn.step();
                if turn.is_over() {
                    yield_turn().await;
                    turn = Turn::begin();
                }
            }
        }
        Ok(inserted)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let undo: &[&str] = match (self.over, self.savepoint) {
            (true, _) => return,
            (false, true) => &["ROLLBACK TO relata_bulk", "RELEASE relata_bulk"],
            (false, false) => &["ROLLBACK"],
        };
        if let Some(raw) = self.connection.raw.as_ref().filter(|raw| !raw.is_autocommit()) {
            undo.iter().for_each(|sql| drop(run(raw, Statement::new(sql, &[]), None)));
        }
    }
}

/// Inserts `values` by one statement.
fn insert_rows(raw: &Handle, sql: &str, values: &[Value]) -> Attempt<u64> {
    let mut prepared = match raw.statement(Statement::new(sql, values)) {
        Ok(prepared) => prepared,
        Err(error) => return failure(&error, Some(sql), false),
    };
    if let Err(error) = bind_all(&mut prepared, values) {
        return Attempt::Over(Err(error));
    }
    match prepared.step() {
        Ok(_) => Attempt::Over(Ok(raw.changes())),
        Err(error) => failure(&error, Some(sql), false),
    }
}

fn insert_sql(insert: BulkInsert<'_>, rows: usize) -> String {
    let mut sql = format!("INSERT INTO {} (", Dialect::Sqlite.quote(&insert.table.name));
    for (index, column) in insert.columns.iter().enumerate() {
        sql.push_str(if index == 0 { "" } else { ", " });
        sql.push_str(&Dialect::Sqlite.quote(column));
    }
    sql.push_str(") VALUES ");
    let mut row = String::from("(?");
    row.extend(insert.columns.iter().skip(1).map(|_| ", ?"));
    row.push(')');
    sql.reserve(rows * (row.len() + 2));
    for index in 0..rows {
        sql.push_str(if index == 0 { "" } else { ", " });
        sql.push_str(&row);
    }
    sql
}
