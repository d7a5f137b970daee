//! inspect → SQL → load into an empty database → inspect is the identity.

use std::path::Path;

use relata_schema::{Dialect, Schema};
use relata_sql::DatabaseUrl;

use crate::harness::{connect, loaded, schema};

/// Loads the printed schema and expects to read back the same; gives the schema.
fn round_trip(from: Schema) -> Schema {
    let script = Dialect::Sqlite.script(&from);
    let again = schema(&mut *loaded(&script));
    assert_eq!(from, again, "{script}");
    assert_eq!(Dialect::Sqlite.script(&again), script);
    from
}

fn round_trip_of(script: &str) -> Schema {
    round_trip(schema(&mut *loaded(script)))
}

const EVERYTHING: &str = include_str!("everything.sql");

#[test]
fn everything_sqlite_has() {
    let schema = round_trip_of(EVERYTHING);
    let names: Vec<_> = schema.tables.iter().map(|table| table.name.name.as_str()).collect();
    assert_eq!(names, ["author", "down", "loose", "post", "search", "tag", "up"]);
    let post = schema.table_named("post").unwrap();
    assert_eq!(post.foreign_keys[1].name, "post_author");
    assert_eq!(
        (post.foreign_keys[1].columns[0].as_str(), post.foreign_keys[1].references.name.as_str()),
        ("author", "author")
    );
    assert!(post.foreign_keys[1].deferral.initially_deferred);
    assert_eq!(post.columns.len(), 9);
    assert_eq!(schema.views[0].columns.len(), 2);
    assert_eq!(schema.views[1].depends_on.len(), 1);
    assert_eq!(schema.views[1].triggers.len(), 1);
    assert!(schema.table_named("down").unwrap().primary_key.as_ref().unwrap().parts[0].descending);
    assert!(!schema.table_named("up").unwrap().primary_key.as_ref().unwrap().parts[0].descending);
}

#[test]
fn expressions_of_indexes_are_written_as_they_were() {
    let parts = [
        "lower(a)",
        "(lower(b)) DESC",
        "(a || b)",
        "a || b",
        "lower(a) COLLATE NOCASE, b",
        "+a COLLATE NOCASE",
        "a || b COLLATE NOCASE",
    ];
    let indexes = parts.iter().enumerate().map(|(at, part)| format!("CREATE INDEX i{at} ON t ({part})"));
    let indexes: Vec<String> = indexes.collect();
    let schema = round_trip_of(&format!("CREATE TABLE t (a text, b text); {}", indexes.join("; ")));
    let printed: Vec<String> = schema.tables[0]
        .indexes
        .iter()
        .map(|index| relata_schema::dialect::sqlite::print::create_index("t", index))
        .collect();
    assert_eq!(printed, indexes);
}

#[test]
fn keys_are_as_they_were_written() {
    let tables = [
        "CREATE TABLE first_unique (\n  a TEXT,\n  b TEXT UNIQUE,\n  PRIMARY KEY (a)\n)",
        "CREATE TABLE replaced (\n  a INT UNIQUE ON CONFLICT REPLACE,\n  b INT UNIQUE,\n  c INT UNIQUE ON CONFLICT FAIL\n)",
        "CREATE TABLE twice (\n  a TEXT,\n  b INT,\n  PRIMARY KEY (a COLLATE nocase, a, b DESC)\n)",
        "CREATE TABLE twice_stored (\n  a TEXT NOT NULL,\n  PRIMARY KEY (a COLLATE nocase, a)\n) WITHOUT ROWID",
    ];
    let schema = round_trip_of(&tables.join(";"));
    let printed: Vec<String> = schema.tables.iter().map(relata_schema::dialect::sqlite::print::create_table).collect();
    assert_eq!(printed, tables);
}

#[test]
fn broken_views_are_kept() {
    let schema = round_trip_of("CREATE VIEW broken AS SELECT * FROM nowhere; CREATE VIEW fine AS SELECT 1 AS one");
    assert_eq!(schema.views[0].columns.len(), 0);
    assert_eq!(schema.views[1].columns[0].0, "one");
}

/// A file may have tables of extensions that this program lacks: the rest of it is read all the same.
#[test]
fn virtual_tables_of_unknown_modules_are_kept() {
    let schema = schema(&mut *loaded(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT NOT NULL); PRAGMA writable_schema = ON;
        INSERT INTO sqlite_schema VALUES ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING far(a, b)');
        PRAGMA writable_schema = RESET",
    ));
    assert_eq!(schema.table_named("t").unwrap().columns.len(), 2);
    let places = schema.table_named("places").unwrap();
    assert_eq!(places.options.virtual_using.as_deref(), Some("far(a, b)"));
    assert!(places.columns.is_empty());
}

#[test]
fn an_empty_database() {
    assert!(round_trip_of("").is_empty());
}

fn shared(path: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    let found = path.exists();
    if !found {
        eprintln!("skipped: there is no {}", path.display());
    }
    found.then(|| path.display().to_string())
}

#[test]
fn chinook() {
    let Some(path) = shared("chinook/chinook.sqlite") else { return };
    let mut connection = connect(&DatabaseUrl::parse(&format!("sqlite:{path}?mode=ro")).unwrap()).unwrap();
    let schema = round_trip(schema(&mut *connection));
    assert_eq!(schema.tables.len(), 11);
    assert_eq!(schema.table_named("Album").unwrap().foreign_keys[0].references.name, "Artist");
}

#[test]
fn sakila() {
    let Some(path) = shared("sakila/sqlite-schema.sql") else { return };
    let schema = round_trip_of(&std::fs::read_to_string(path).unwrap());
    assert_eq!((schema.tables.len(), schema.views.len()), (16, 5));
}

#[test]
fn a_thousand_tables_are_read_fast() {
    let columns: String = (0..14).map(|n| format!(", c{n} VARCHAR({n}) NOT NULL DEFAULT ''")).collect();
    let table = |n: usize| {
        let parent = n.saturating_sub(1);
        format!(
            "CREATE TABLE t{n} (id INTEGER PRIMARY KEY, p INT REFERENCES t{parent} (id){columns});\
             CREATE INDEX i{n} ON t{n} (p); CREATE INDEX j{n} ON t{n} (c1, c2); CREATE INDEX k{n} ON t{n} (c3);"
        )
    };
    let mut connection = loaded(&(0..1000).map(table).collect::<String>());
    let schema = schema(&mut *connection);
    assert_eq!(schema.tables.iter().map(|table| table.columns.len()).sum::<usize>(), 16_000);
    assert_eq!(schema.tables.iter().map(|table| table.indexes.len()).sum::<usize>(), 3_000);
}
