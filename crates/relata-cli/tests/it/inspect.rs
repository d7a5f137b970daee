//! `relata schema inspect`: each kind of source, each form.

use expect_test::expect;

use crate::command::Project;

const POSTS: &str =
    "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT NOT NULL);\nCREATE INDEX by_title ON posts (title);\n";

#[test]
fn every_kind_of_source_gives_the_same_schema() {
    let project = Project::new();
    project.write("schema.sql", POSTS);
    project.write("migrations/20260101000000_aaaaaa_first/up.sql", POSTS.lines().next().unwrap());
    project.write("migrations/20260102000000_bbbbbb_second/up.sql", POSTS.lines().nth(1).unwrap());
    project.sqlite("app.db", POSTS);
    let expected = project.ok(&["schema", "inspect", "schema.sql"]).stdout;
    expect![[""]].assert_eq(&expected);
    project.write("schema.lock", &project.ok(&["schema", "inspect", "schema.sql", "--format", "lock"]).stdout);
    for source in ["sqlite:app.db", "migrations", "schema.lock"] {
        assert_eq!(project.ok(&["schema", "inspect", source]).stdout, expected, "{source}");
    }
}

#[test]
fn a_schema_is_shown_in_the_types_of_another_database() {
    let project = Project::new();
    project.write(
        "app.sql",
        "CREATE TABLE authors (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, joined DATETIME DEFAULT CURRENT_TIMESTAMP);
         CREATE TABLE books (isbn TEXT PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES authors ON DELETE CASCADE,
                             price NUMERIC(10,2) CHECK (price >= 0), sold BOOLEAN NOT NULL DEFAULT 0);
         CREATE VIEW sold AS SELECT * FROM books WHERE sold;",
    );
    for (dialect, expected) in [("postgres", expect![[""]]), ("mysql", expect![[""]])] {
        let run = project.ok(&["schema", "inspect", "app.sql", "--dialect", "sqlite", "--format", "lock"]);
        project.write("schema.lock", &run.stdout);
        let run = project.ok(&["schema", "inspect", "schema.lock", "--dialect", dialect]);
        expected.assert_eq(&format!("{}\n-- standard error:\n{}", run.stdout, run.stderr));
    }
}

#[test]
fn statements_that_leave_the_database_are_left_out() {
    let project = Project::new();
    project.write("app.sql", "ATTACH 'other.db' AS other;\nCREATE TABLE t (x INTEGER);\n");
    let run = project.ok(&["schema", "inspect", "app.sql"]);
    assert!(run.stderr.contains("app.sql:1: ATTACH is left out"), "{}", run.stderr);
    assert!(!project.path("other.db").exists());
}

#[test]
fn rust_sources_are_read_without_compiling_them() {
    let project = Project::new();
    project.ok(&["init"]);
    let run = project.ok(&["schema", "inspect", "src"]);
    expect![[""]].assert_eq(&run.stdout);
}

#[test]
fn json_and_mermaid() {
    let project = Project::new();
    project.write("schema.sql", POSTS);
    let json: serde_json::Value =
        serde_json::from_str(&project.ok(&["schema", "inspect", "schema.sql", "--json"]).stdout).unwrap();
    assert!(json.to_string().contains("by_title"));
    let diagram = project.ok(&["schema", "inspect", "schema.sql", "--format", "mermaid"]).stdout;
    assert!(diagram.starts_with("erDiagram"), "{diagram}");
}
