//! What went wrong, by kind and by name, and nothing that should stay secret.

use std::error::Error as _;

use relata_schema::Dialect;
use relata_sql::error::Details;
use relata_sql::{Encode, Error, Kind, Value};

use super::Suite;
use super::suite::Session;

const SECRET: &str = "hush-hush";

async fn shop(suite: &Suite<'_>) -> Session {
    let mut session = suite.connect().await;
    session.run("CREATE TABLE owners (id int PRIMARY KEY)").await;
    session
        .run(
            "CREATE TABLE items (id int NOT NULL PRIMARY KEY, code varchar(100) NOT NULL, price int, owner_id int, \
             CONSTRAINT items_code_key UNIQUE (code), CONSTRAINT items_price_check CHECK (price >= 0), \
             CONSTRAINT items_owner_fkey FOREIGN KEY (owner_id) REFERENCES owners (id))",
        )
        .await;
    session.run_with("INSERT INTO items VALUES (1, ?, 5, NULL)", &[SECRET.encode()]).await;
    session
}

pub(super) async fn violated_constraints(suite: &Suite<'_>) {
    let mut session = shop(suite).await;
    let insert = "INSERT INTO items VALUES (?, ?, ?, ?)";
    let row = |id: i64, code: &str, price: i64, owner: Option<i64>| {
        [id.encode(), code.encode(), price.encode(), owner.encode()]
    };
    let named = |table: bool, column: Option<&str>, constraint: Option<&str>| Details {
        table: table.then(|| "items".to_string()),
        column: column.map(str::to_string),
        constraint: constraint.map(str::to_string),
        ..Details::default()
    };
    let [sqlite, postgres] = [suite.is(Dialect::Sqlite), suite.is(Dialect::Postgres)];

    // Each database names less than one would wish, and each something else: this is what each of them tells.
    let error = session.error(insert, &row(2, SECRET, 1, None)).await;
    let expected = named(sqlite || postgres, sqlite.then_some("code"), (!sqlite).then_some("items_code_key"));
    tells(&error, Kind::UniqueViolation, &expected);

    let error = session.error(insert, &row(2, "b", -1, None)).await;
    // MariaDB names the table too, MySQL does not.
    tells(&error, Kind::CheckViolation, &named(postgres, None, Some("items_price_check")));

    let error = session.error(insert, &row(2, "b", 1, Some(77))).await;
    let column = (!sqlite && !postgres).then_some("owner_id");
    tells(&error, Kind::ForeignKeyViolation, &named(!sqlite, column, (!sqlite).then_some("items_owner_fkey")));

    let error = session.error(insert, &[2.encode(), Value::Null, 1.encode(), Value::Null]).await;
    tells(&error, Kind::NotNullViolation, &named(sqlite || postgres, Some("code"), None));

    session.run("INSERT INTO owners VALUES (1)").await;
    session.run_with(insert, &row(3, "c", 1, Some(1))).await;
    let error = session.error("DELETE FROM owners", &[]).await;
    assert_eq!(error.kind(), Kind::ForeignKeyViolation, "{error}");
    session.is_usable().await;
}

/// The error has the kind and names at least what is expected, and it is a constraint's.
fn tells(error: &Error, kind: Kind, expected: &Details) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.is_constraint() && !error.is_retryable(), "{error}");
    let found = error.details();
    assert!(found.sqlstate.is_some(), "the server's code is kept: {error}");
    for (what, expected, found) in [
        ("table", &expected.table, &found.table),
        ("column", &expected.column, &found.column),
        ("constraint", &expected.constraint, &found.constraint),
    ] {
        assert!(expected.is_none() || expected == found, "the {what} should be {expected:?}: {error}");
    }
}

pub(super) async fn wrong_sql(suite: &Suite<'_>) {
    let mut session = shop(suite).await;
    for (sql, kind) in [
        ("SELEC 1", Kind::Syntax),
        ("SELECT * FROM missing", Kind::UndefinedTable),
        ("SELECT missing FROM items", Kind::UndefinedColumn),
        ("SELECT missing_function(1)", Kind::UndefinedObject),
        ("CREATE TABLE items (id int)", Kind::AlreadyExists),
    ] {
        let error = session.error(sql, &[]).await;
        assert_eq!(error.kind(), kind, "{sql}: {error}");
        assert!(!error.is_retryable(), "{error}");
        session.is_usable().await;
    }
    let error = session.error("SELECT missing FROM items", &[]).await;
    assert!(error.to_string().contains("missing"), "the name is told: {error}");
}

pub(super) async fn values_that_do_not_fit(suite: &Suite<'_>) {
    if suite.is(Dialect::Sqlite) {
        let mut session = suite.connect().await;
        session.run("CREATE TABLE t (a INTEGER) STRICT").await;
        let error = session.error("INSERT INTO t VALUES (?)", &[SECRET.encode()]).await;
        return assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
    }
    let mut session = suite.connect().await;
    session.run("CREATE TABLE t (a varchar(3), b int, c date)").await;
    for (column, value) in [("a", "abcd".encode()), ("b", SECRET.encode()), ("c", "2024-02-31".encode())] {
        let error = session.error(&format!("INSERT INTO t ({column}) VALUES (?)"), &[value]).await;
        assert_eq!(error.kind(), Kind::InvalidValue, "{column}: {error}");
    }
    assert_eq!(session.number("SELECT count(*) FROM t").await, 0);
}

pub(super) async fn parameters_stay_secret(suite: &Suite<'_>) {
    let mut session = shop(suite).await;
    let insert = "INSERT INTO items VALUES (?, ?, ?, ?)";
    let mut errors = vec![
        session.error(insert, &[2.encode(), SECRET.encode(), 1.encode(), Value::Null]).await,
        session.error(insert, &[2.encode(), SECRET.encode(), (-1).encode(), Value::Null]).await,
        session.error(insert, &[2.encode(), SECRET.encode(), 1.encode(), 77.encode()]).await,
        session.error("INSERT INTO missing VALUES (?)", &[SECRET.encode()]).await,
    ];
    if !suite.is(Dialect::Sqlite) {
        let long = SECRET.repeat(20);
        errors.push(session.error(insert, &[2.encode(), long.encode(), 1.encode(), Value::Null]).await);
        errors.push(session.error(insert, &[SECRET.encode(), "x".encode(), 1.encode(), Value::Null]).await);
    }
    for error in errors {
        let mut texts = vec![error.to_string(), format!("{error:?}")];
        let mut source = error.source();
        while let Some(cause) = source {
            texts.push(format!("{cause}"));
            source = cause.source();
        }
        assert!(!texts.iter().any(|text| text.contains(SECRET)), "a parameter is shown: {texts:?}");
    }
}
