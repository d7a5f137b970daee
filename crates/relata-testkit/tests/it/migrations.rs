//! The migration executor on the three databases: history, edits, failures, two runners, resuming, losses.

mod broken;
#[cfg(unix)]
mod disk;
mod failure;
mod history;
mod killed;
mod killed_anywhere;
mod reads;
mod runners;
mod shelf;
mod trail;
mod waiting;

use std::path::Path;

use relata_runtime::migrate::{self, Applied, Event, Migration, Rollback, Runner};
use relata_schema::Dialect;
use relata_sql::driver::{Connection, Row, RowSink, Statement};
use relata_sql::{Decode, Result};
use relata_testkit::TestDatabase;
use tempfile::TempDir;

/// A folder of migrations and a database of its own.
pub struct Case {
    pub database: TestDatabase,
    pub connection: Box<dyn Connection>,
    pub folder: TempDir,
    pub runner: Runner,
}

pub const NOTES: &str = "CREATE TABLE notes (id integer NOT NULL PRIMARY KEY, body varchar(80) NOT NULL);\n\
                         INSERT INTO notes VALUES (1, 'one'), (2, 'two;');";

impl Case {
    pub async fn new(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let connection = database.connect().await;
        let runner = Runner { who: "ann@test".into(), tool: "relata test".into(), ..Runner::default() };
        Case { database, connection, folder: tempfile::tempdir().unwrap(), runner }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, id: &str, up: &str, down: &str) {
        let folder = self.path().join(id);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("up.sql"), up).unwrap();
        std::fs::write(folder.join("down.sql"), down).unwrap();
    }

    pub fn migrations(&self) -> Vec<Migration> {
        migrate::read_folder(self.path(), self.database.url().dialect).unwrap()
    }

    pub async fn apply(&mut self) -> Result<Vec<Applied>> {
        let migrations = self.migrations();
        self.runner.apply(self.connection.as_mut(), &migrations, None, &mut |_| {}).await
    }

    /// Applies, and gives the positions of the statements that were run and of those that were found done.
    pub async fn apply_watched(&mut self) -> (Result<Vec<Applied>>, Vec<usize>, Vec<usize>) {
        let migrations = self.migrations();
        let (mut run, mut found) = (Vec::new(), Vec::new());
        let mut watch = |event: Event<'_>| match event {
            Event::Statement { position, .. } => run.push(position),
            Event::FoundDone { position, .. } => found.push(position),
            _ => {}
        };
        let result = self.runner.apply(self.connection.as_mut(), &migrations, None, &mut watch).await;
        (result, run, found)
    }

    pub async fn rollback(&mut self, target: Rollback) -> Result<Vec<Applied>> {
        let migrations = self.migrations();
        self.runner.rollback(self.connection.as_mut(), &migrations, &target, &mut |_| {}).await
    }

    pub async fn count(&mut self, sql: &str) -> i64 {
        let mut number = Number(None);
        self.connection.query(Statement::once(sql, &[]), &mut number).await.unwrap();
        number.0.unwrap()
    }

    pub async fn tables(&mut self) -> Vec<String> {
        let schema = migrate::schema(self.connection.as_mut()).await.unwrap();
        schema.tables.iter().map(|table| table.name.name.clone()).collect()
    }

    /// `id state` of every migration.
    pub async fn states(&mut self) -> Vec<String> {
        let migrations = self.migrations();
        let status = migrate::status(self.connection.as_mut(), &migrations).await.unwrap();
        status.entries.iter().map(|entry| format!("{} {}", entry.id, entry.state.word())).collect()
    }
}

struct Number(Option<i64>);

impl RowSink for Number {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.0 = Some(i64::decode(row.cell(0)?).unwrap());
        Ok(())
    }
}

pub fn ids(applied: &[Applied]) -> Vec<String> {
    applied.iter().map(Applied::id).collect()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// One test a database for each case.
macro_rules! on_every_database {
    ($($case:ident)*) => {
        mod sqlite {
            $(#[test] fn $case() { super::block_on(super::$case(relata_schema::Dialect::Sqlite)); })*
        }
        mod postgres {
            $(#[test] fn $case() { super::block_on(super::$case(relata_schema::Dialect::Postgres)); })*
        }
        mod mysql {
            $(#[test] fn $case() { super::block_on(super::$case(relata_schema::Dialect::Mysql)); })*
        }
    };
}
pub(crate) use on_every_database;
