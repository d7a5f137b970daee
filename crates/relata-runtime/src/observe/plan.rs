//! The plan of a slow statement, asked for on its own connection right after it.
//!
//! Invariants
//! - The statement is not run again: EXPLAIN only plans.
//! - Inside a transaction of PostgreSQL nobody asks: a failure would fail the transaction.
//! - One plan a statement and minute, so that a database that is slow is not asked more than it was.

use relata_schema::Dialect;
use relata_sql::driver::{Row, RowSink, Statement};
use relata_sql::{Cell, Result};

use super::{Observed, normalized};

/// Cells of a row with two spaces between, rows on lines of their own.
#[derive(Default)]
struct Lines {
    text: String,
    /// SQLite: only the last cell is worth reading.
    last_only: bool,
}

impl RowSink for Lines {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let first = if self.last_only { row.len().saturating_sub(1) } else { 0 };
        let mut cells = Vec::new();
        for index in first..row.len() {
            cells.push(match row.cell(index)? {
                Cell::Text(text) => text.to_string(),
                Cell::Null => "-".to_string(),
                Cell::Int(number) => number.to_string(),
                Cell::Float(number) => number.to_string(),
                other => format!("{:?}", other.to_value()),
            });
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&cells.join("  "));
        Ok(())
    }
}

impl Observed {
    /// Asks for the plan and keeps it with the slow statement. What goes wrong is nobody's loss.
    pub(super) async fn keep_plan(&mut self, statement: Statement<'_>) {
        let Some(word) = explain(self.connection.dialect(), statement.sql) else { return };
        let busy = self.connection.is_busy() || self.connection.is_broken();
        if busy || self.connection.in_transaction() && self.connection.dialect() == Dialect::Postgres {
            return;
        }
        let number = super::fingerprint(&normalized(statement.sql));
        if !self.watch.observer.slow.begin_plan(number) {
            return;
        }
        let sql = format!("{word} {}", statement.sql);
        let mut lines = Lines { last_only: self.connection.dialect() == Dialect::Sqlite, ..Lines::default() };
        let asked = self.connection.query(Statement::once(&sql, statement.params), &mut lines);
        if asked.await.is_ok() {
            self.watch.observer.slow.keep_plan(number, lines.text);
        }
    }
}

/// What stands before a statement that has a plan.
fn explain(dialect: Dialect, sql: &str) -> Option<&'static str> {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let planned = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|word| first.eq_ignore_ascii_case(word));
    planned.then_some(match dialect {
        Dialect::Sqlite => "EXPLAIN QUERY PLAN",
        Dialect::Postgres | Dialect::Mysql => "EXPLAIN",
    })
}
