//! A database of each kind with the tables of [`crate::model`].

use std::sync::OnceLock;
use std::time::Duration;

use relata::{Db, Error, Executor, Inspect, Kind, PoolOptions, Result};
use relata_schema::declare::Declaration;
use relata_schema::diagnostic::Severity;
use relata_schema::{Dialect, lower};
use relata_testkit::TestDatabase;

/// On a machine that is busy beyond measure a server is slow, and not down.
pub fn patient() -> PoolOptions {
    let at_last = Duration::from_secs(300);
    let mut options = PoolOptions { acquire_timeout: at_last, ping_timeout: at_last, ..PoolOptions::default() };
    options.connect.connect_timeout = at_last;
    options
}

fn declaration() -> &'static Declaration {
    static DECLARATION: OnceLock<Declaration> = OnceLock::new();
    DECLARATION.get_or_init(|| declared_in(include_str!("model.rs")))
}

fn declared_in(source: &str) -> Declaration {
    let reading = relata_entity::read_source("model.rs", source);
    assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
    reading.declaration
}

/// Runs a test on a database of its own with the tables of the model.
pub async fn on<F: Future<Output = Result<()>>>(dialect: Dialect, test: impl FnOnce(Db) -> F) {
    on_tables(dialect, declaration(), test).await;
}

/// Runs a test on a database of its own with the tables that a source declares.
pub async fn on_source<F: Future<Output = Result<()>>>(dialect: Dialect, source: &str, test: impl FnOnce(Db) -> F) {
    on_tables(dialect, &declared_in(source), test).await;
}

/// A database of its own with the tables of the model, as long as the first is kept.
pub async fn open(dialect: Dialect) -> (TestDatabase, Db) {
    open_with(dialect, patient()).await
}

/// The same with options of the pool.
pub async fn open_with(dialect: Dialect, options: PoolOptions) -> (TestDatabase, Db) {
    made(dialect, declaration(), options).await
}

/// A database of its own with the tables that a source declares, as long as the first is kept.
pub async fn open_source(dialect: Dialect, source: &str) -> (TestDatabase, Db) {
    made(dialect, &declared_in(source), patient()).await
}

async fn made(dialect: Dialect, declaration: &Declaration, options: PoolOptions) -> (TestDatabase, Db) {
    let (schema, diagnostics) = lower::lower(declaration, dialect);
    assert!(diagnostics.iter().all(|found| found.severity != Severity::Error), "{diagnostics:?}");
    let database = TestDatabase::with_schema(&schema).await;
    let db = Db::open_with(&database.url().expose(), options).await.unwrap();
    (database, db)
}

async fn on_tables<F: Future<Output = Result<()>>>(
    dialect: Dialect,
    declaration: &Declaration,
    test: impl FnOnce(Db) -> F,
) {
    let (_database, db) = made(dialect, declaration, patient()).await;
    test(db).await.unwrap();
}

/// The SQL of a statement on each database, or why there is none.
pub fn side_by_side<Q: Inspect>(statement: impl Fn() -> Q) -> String {
    looked_at(|dialect| statement().to_sql(dialect))
}

/// What a look at a statement shows for each database.
pub fn looked_at(look: impl Fn(Dialect) -> Result<relata::Rendered>) -> String {
    let sides = [("sqlite  ", Dialect::Sqlite), ("postgres", Dialect::Postgres), ("mysql   ", Dialect::Mysql)];
    let side = |(name, dialect)| match look(dialect) {
        Ok(rendered) => format!("{name} {}\n", rendered.sql),
        Err(error) => format!("{name} -- {}\n", error.to_string().replace('\n', ";")),
    };
    sides.map(side).concat()
}

/// It is MySQL itself, which has less than MariaDB here and more there.
pub async fn is_mysql(db: &mut Db) -> bool {
    if db.dialect() != Dialect::Mysql {
        return false;
    }
    let version: String = relata::sql("SELECT VERSION()", ()).one(db).await.unwrap();
    !version.contains("MariaDB")
}

/// MySQL must refuse it, with a hint that contains this; elsewhere it must be done.
pub async fn refused_by_mysql<T>(db: &mut Db, result: Result<T>, hint: &str) -> Option<T> {
    match result {
        Err(error) if is_mysql(db).await => {
            assert_eq!(error.kind(), Kind::Unsupported, "{error}");
            assert!(error.hints().iter().any(|given| given.contains(hint)), "{error}");
            None
        }
        Err(error) => panic!("{error}"),
        Ok(_) if is_mysql(db).await => panic!("MySQL has learnt it"),
        Ok(done) => Some(done),
    }
}

/// On these databases it must be refused, with a hint that contains this; elsewhere it must not.
pub fn only_unsupported(db: &Db, dialects: &[Dialect], error: Option<&Error>, hint: &str) -> bool {
    let expected = dialects.contains(&db.dialect());
    match error {
        Some(error) if expected => {
            assert_eq!(error.kind(), Kind::Unsupported, "{error}");
            assert!(error.hints().iter().any(|given| given.contains(hint)), "{error}");
        }
        Some(error) => panic!("{error}"),
        None => assert!(!expected, "it is done by a database that cannot do it"),
    }
    expected
}

/// Makes a test of each function, for each database; with `in "file.rs":` on the tables that this file declares.
macro_rules! everywhere {
    (in $source:literal: $($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                crate::setup::on_source(relata_schema::Dialect::Sqlite, include_str!($source), super::$name).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                crate::setup::on_source(relata_schema::Dialect::Postgres, include_str!($source), super::$name).await;
            })*
        }

        mod mysql {
            $(#[tokio::test]
            async fn $name() {
                crate::setup::on_source(relata_schema::Dialect::Mysql, include_str!($source), super::$name).await;
            })*
        }
    };
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                crate::setup::on(relata_schema::Dialect::Sqlite, super::$name).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                crate::setup::on(relata_schema::Dialect::Postgres, super::$name).await;
            })*
        }

        mod mysql {
            $(#[tokio::test]
            async fn $name() {
                crate::setup::on(relata_schema::Dialect::Mysql, super::$name).await;
            })*
        }
    };
}
pub(crate) use everywhere;
