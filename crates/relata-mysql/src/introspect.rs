//! The schema of a database: one catalogue query for each kind of object, whatever the number of objects, and two
//! further round trips that ask for the exact text of tables, and of views, routines, triggers and events.
//!
//! A routine, trigger or event whose text means something else under the usual `sql_mode` is carried with the mode it
//! needs (MySQL has no statement that sets it for one other: there the mode is left out). On MySQL defaults, generated
//! columns, checks and the expressions of indexes are taken from `SHOW CREATE TABLE`: its catalogue shows them escaped,
//! cut at a zero byte, and not in UTF-8. What is not in the schema: privileges on routines, the strictness that a routine was created under, attributes
//! of columns that belong to an engine, the engine of a sequence.

mod objects;
mod tables;
mod texts;
mod written;

use relata_schema::{Dialect, Schema};
use relata_sql::driver::{IntrospectOptions, Row, RowSink, Statement};
use relata_sql::{Cell, Error, Kind, Result};

use crate::exec::MysqlConnection;

/// A row of the catalogue.
pub(crate) type Line = Vec<Option<String>>;

/// Collects catalogue rows as text.
#[derive(Default)]
struct Lines(Vec<Line>);

impl RowSink for Lines {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let text = |index| {
            Ok(match row.cell(index)? {
                Cell::Null => None,
                Cell::Text(text) | Cell::Json(text) => Some(text.to_string()),
                Cell::Int(number) => Some(number.to_string()),
                Cell::UInt(number) => Some(number.to_string()),
                Cell::Decimal(number) => Some(number.to_string()),
                Cell::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
                Cell::DateTime(value) => Some(value.strftime("%Y-%m-%d %H:%M:%S").to_string()),
                other => return Err(Error::new(Kind::Internal, format!("the catalogue holds {other:?}"))),
            })
        };
        self.0.push((0..row.len()).map(text).collect::<Result<_>>()?);
        Ok(())
    }
}

/// What the catalogue of one database is asked with.
pub(crate) struct Catalogue<'c> {
    connection: &'c mut MysqlConnection,
    /// The database's name as a literal: the server opens only what a literal names.
    pub(crate) database: String,
    /// The database's name.
    pub(crate) name: String,
    /// MySQL rather than MariaDB.
    pub(crate) mysql: bool,
}

impl Catalogue<'_> {
    pub(crate) async fn lines(&mut self, sql: &str) -> Result<Vec<Line>> {
        let mut lines = Lines::default();
        self.connection.run_query(Statement::once(sql, &[]), &mut lines).await?;
        Ok(lines.0)
    }

    /// The first row of each of several statements, in one round trip; empty where the role may not ask.
    pub(crate) async fn first_lines(&mut self, statements: &[String]) -> Result<Vec<Line>> {
        let mut answers = Vec::with_capacity(statements.len());
        for portion in statements.chunks(500) {
            match self.connection.run_many(&portion.join("; ")).await {
                Ok(lines) => answers.extend(lines),
                Err(error) if error.kind() == Kind::PermissionDenied => answers.extend(self.permitted(portion).await?),
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }

    async fn permitted(&mut self, statements: &[String]) -> Result<Vec<Line>> {
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            match self.connection.run_many(statement).await {
                Ok(lines) => answers.push(lines.into_iter().next().unwrap_or_default()),
                Err(error) if error.kind() == Kind::PermissionDenied => answers.push(Line::new()),
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }
}

/// The cell at a position; empty if it is NULL.
pub(crate) fn text(line: &Line, index: usize) -> &str {
    line.get(index).and_then(Option::as_deref).unwrap_or_default()
}

/// The cell at a position, unless it is NULL or empty.
pub(crate) fn filled(line: &Line, index: usize) -> Option<String> {
    Some(text(line, index).to_string()).filter(|text| !text.is_empty())
}

/// Reads the schema of the current database.
pub(crate) async fn introspect(connection: &mut MysqlConnection, options: &IntrospectOptions) -> Result<Schema> {
    let mysql = connection.is_mysql();
    let mut catalogue = Catalogue { connection, database: String::new(), name: String::new(), mysql };
    let name = catalogue.lines("SELECT DATABASE()").await?;
    catalogue.name = name.first().and_then(|line| filled(line, 0)).ok_or_else(|| {
        Error::new(Kind::NoSuchDatabase, "the connection uses no database")
            .hint("name one in the URL: mysql://user:password@host:3306/database")
    })?;
    catalogue.database = Dialect::Mysql.literal(&catalogue.name);
    let mut schema = Schema { mysql, ..Schema::new(Dialect::Mysql) };
    tables::read(&mut catalogue, &mut schema, &options.ignore_tables).await?;
    objects::read(&mut catalogue, &mut schema, &options.ignore_tables).await?;
    schema.canonicalize();
    Ok(schema)
}
