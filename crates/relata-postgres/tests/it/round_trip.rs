//! Introspection and the printer: `inspect -> SQL -> load -> inspect` is the identity.

use relata_schema::Schema;
use relata_sql::driver::{Connection, IntrospectOptions};

use crate::server::Database;

/// Reads a schema.
pub async fn inspect(connection: &mut dyn Connection) -> Schema {
    connection.introspect(&IntrospectOptions::default()).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Fails with the lines that differ.
pub fn assert_same(expected: &Schema, found: &Schema, about: &str) {
    if expected == found {
        return;
    }
    let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
    let lines: Vec<_> = expected
        .lines()
        .zip(found.lines())
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .take(12)
        .map(|(at, (a, b))| {
            (at, a.to_string(), b.to_string(), expected.lines().skip(at.saturating_sub(3)).take(4).collect::<Vec<_>>())
        })
        .collect();
    panic!("{about}: {} and {} lines; first differences: {lines:#?}", expected.lines().count(), found.lines().count());
}

/// Loads what the printer writes of a database into an empty one and reads it back.
async fn round_trip(script: &str) {
    let mut source = Database::new().await;
    source.run(script).await;
    let schema = inspect(source.connection.as_mut()).await;
    let printed = schema.dialect.create_all(&schema);
    let mut copy = Database::new().await;
    copy.run_each(&printed).await;
    let back = inspect(copy.connection.as_mut()).await;
    source.drop().await;
    copy.drop().await;
    assert_same(&schema, &back, "the copy differs");
}

fn shared(path: &str) -> Option<String> {
    let path = format!("{}/../../../shared/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path);
    if text.is_err() {
        eprintln!("skipped: {path} is not there");
    }
    text.ok()
}

#[tokio::test]
async fn sakila() {
    let Some(text) = shared("data/sakila/postgres-schema.sql") else { return };
    let ours =
        |line: &&str| !line.contains("OWNER TO") && !line.contains("PROCEDURAL LANGUAGE") && !line.starts_with('\\');
    let text: Vec<&str> = text.lines().filter(ours).collect();
    round_trip(&text.join("\n").replace("COMMENT ON SCHEMA public IS 'Standard public schema';", "")).await;
}

#[tokio::test]
async fn chinook() {
    let Some(text) = shared("data/chinook/postgres.sql") else { return };
    let commands = ["DROP DATABASE", "CREATE DATABASE", "\\c", "INSERT"];
    let text: Vec<&str> = text.lines().filter(|line| !commands.iter().any(|word| line.starts_with(word))).collect();
    round_trip(
        text.join("\n")
            .split("/*******************************************************************************\n   Populate")
            .next()
            .unwrap(),
    )
    .await;
}

#[tokio::test]
async fn everything() {
    round_trip(include_str!("everything.sql")).await;
}
