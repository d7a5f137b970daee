//! What a migration changes in rows on purpose: an `UPDATE` that fills or corrects a column is no loss while the migration
//! is applied, as long as undoing it gives back what was there.
//!
//! Known from the statements' text: the columns that are assigned; every column of a table with triggers, which may set
//! others; and for `INSERT`, `DELETE`, `MERGE`, `COPY` and `TRUNCATE` the number of rows too. What a function writes that
//! a statement calls is not known: the proof then says what differs, and fails.

use relata_schema::model::{ObjectName, Schema};
use relata_schema::sql::{self, Statement, StatementKind};

/// The tables that a script writes into.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<Write>);

#[derive(Debug)]
struct Write {
    table: String,
    /// Rows come or go.
    rows: bool,
    /// The assigned columns; none: any.
    columns: Vec<String>,
}

impl Written {
    /// Reads what scripts write; `schemas` know which tables have triggers.
    pub(super) fn read(scripts: &[&str], schemas: [&Schema; 2]) -> Self {
        let mut written = Written::default();
        for script in scripts {
            for statement in sql::read(schemas[0].dialect, script) {
                written.statement(&statement, schemas);
            }
        }
        written
    }

    fn statement(&mut self, statement: &Statement<'_>, schemas: [&Schema; 2]) {
        match &statement.kind {
            StatementKind::Do(inner) => inner.iter().for_each(|statement| self.statement(statement, schemas)),
            StatementKind::Truncate { tables, .. } => {
                let all = |table: &sql::Name| Write { table: lower(table.last()), rows: true, columns: Vec::new() };
                self.0.extend(tables.iter().map(all));
            }
            StatementKind::Write(write) => {
                let table = lower(write.table.last());
                let fires = schemas.iter().flat_map(|schema| &schema.tables);
                let fires =
                    fires.filter(|other| lower(&other.name.name) == table).any(|other| !other.triggers.is_empty());
                let assigned = write.assigned.iter().flatten().map(|name| lower(name.last()));
                let columns = if fires || write.verb != "UPDATE" { Vec::new() } else { assigned.collect() };
                self.0.push(Write { table, rows: write.verb != "UPDATE", columns });
            }
            _ => {}
        }
    }

    /// Rows of the table come or go on purpose.
    pub(super) fn rows(&self, table: &ObjectName) -> bool {
        self.of(table).any(|write| write.rows)
    }

    /// The values of the column change on purpose.
    pub(super) fn values(&self, table: &ObjectName, column: &str) -> bool {
        self.of(table).any(|write| write.columns.is_empty() || write.columns.contains(&lower(column)))
    }

    fn of(&self, table: &ObjectName) -> impl Iterator<Item = &Write> {
        let name = lower(&table.name);
        self.0.iter().filter(move |write| write.table == name)
    }
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use relata_schema::Dialect;

    use super::*;

    #[test]
    fn what_is_assigned_is_written() {
        let schema = Schema::new(Dialect::Postgres);
        let script =
            "UPDATE public.users SET email = lower(email), \"Age\" = 3; DELETE FROM log; ALTER TABLE x ADD y int;
            DO $$ BEGIN INSERT INTO seen VALUES (1); END $$;";
        let written = Written::read(&[script], [&schema, &schema]);
        let table = |name: &str| ObjectName::new("public", name);
        assert!(written.values(&table("users"), "email") && written.values(&table("users"), "Age"));
        assert!(!written.values(&table("users"), "name") && !written.rows(&table("users")));
        assert!(written.rows(&table("log")) && written.values(&table("log"), "anything"));
        assert!(written.rows(&table("seen")) && !written.rows(&table("x")));
    }
}
