//! A database of each kind with the tables of [`crate::model`].

use std::sync::OnceLock;

use relata::{Db, Result};
use relata_schema::declare::Declaration;
use relata_schema::diagnostic::Severity;
use relata_schema::{Dialect, lower};
use relata_testkit::TestDatabase;

fn declaration() -> &'static Declaration {
    static DECLARATION: OnceLock<Declaration> = OnceLock::new();
    DECLARATION.get_or_init(|| {
        let reading = relata_entity::read_source("model.rs", include_str!("model.rs"));
        assert!(!reading.has_errors(), "{:?}", reading.diagnostics);
        reading.declaration
    })
}

/// Runs a test on a database of its own.
pub async fn on<F: Future<Output = Result<()>>>(dialect: Dialect, test: impl FnOnce(Db) -> F) {
    let (schema, diagnostics) = lower::lower(declaration(), dialect);
    assert!(diagnostics.iter().all(|found| found.severity != Severity::Error), "{diagnostics:?}");
    let database = TestDatabase::with_schema(&schema).await;
    let db = Db::open(&database.url().expose()).await.unwrap();
    test(db).await.unwrap();
}

/// Makes a test of each function, for each database.
macro_rules! everywhere {
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
