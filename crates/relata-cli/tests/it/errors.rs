//! What went wrong, where, why and what to do: each message is part of the product.

use expect_test::{Expect, expect};

use crate::command::Project;

fn check(arguments: &[&str], code: i32, expected: Expect) {
    let project = Project::new();
    project.write("empty/readme.txt", "");
    project.write("notes.txt", "hello");
    project.write("broken.sql", "CREATE TABLE ok (id INTEGER);\n\nCREATE TABEL oops (id INTEGER);\n");
    project.sqlite("app.db", "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT)");
    let run = project.run(arguments);
    assert_eq!(run.stdout, "", "{}", run.stderr);
    expected.assert_eq(&run.stderr);
    assert_eq!(run.code, code);
}

#[test]
fn a_missing_file() {
    check(
        &["schema", "inspect", "nowhere.sql"],
        1,
        expect![[r#"
        error: there is no file or directory nowhere.sql [R0505]
          help: a source is a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock, a directory of Rust sources, or a migrations/ directory
    "#]],
    );
}

#[test]
fn a_missing_database_is_not_an_empty_one() {
    check(
        &["schema", "inspect", "sqlite:nowhere.db"],
        1,
        expect![[r#"
        error: there is no file or directory nowhere.db [R0505]
          help: an empty database is created by: sqlite3 PATH vacuum
    "#]],
    );
    check(
        &["query", "select 1", "--url", "sqlite:nowhere.db"],
        1,
        expect![[r#"
        error: there is no database file nowhere.db [R0304]
          help: check the path, or connect with mode=rwc to create it
    "#]],
    );
}

#[test]
fn a_url_that_is_none() {
    check(
        &["schema", "inspect", "oracle://scott:tiger@db/x"],
        2,
        expect![[r#"
        error: this is no database URL: "oracle" is no scheme relata knows [R0601]
          help: write sqlite:PATH, postgres://user:password@host:5432/database or mysql://user:password@host:3306/database
    "#]],
    );
    check(
        &["query", "select 1", "--url", "app.db"],
        2,
        expect![[r#"
        error: --url: this is no database URL: it has no scheme [R0601]
          help: write sqlite:PATH, postgres://user:password@host:5432/database or mysql://user:password@host:3306/database
    "#]],
    );
}

#[test]
fn a_database_given_as_a_path() {
    check(
        &["schema", "inspect", "app.db"],
        1,
        expect![[r#"
        error: app.db is a SQLite database, given as a path rather than a URL [R0602]
          help: write sqlite:app.db
    "#]],
    );
}

#[test]
fn a_file_of_no_known_kind() {
    check(
        &["schema", "inspect", "notes.txt"],
        1,
        expect![[r#"
        error: notes.txt is no source that relata can read [R0602]
          help: a source is a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock, a directory of Rust sources, or a migrations/ directory
    "#]],
    );
}

#[test]
fn a_directory_without_anything() {
    check(
        &["schema", "inspect", "empty"],
        1,
        expect![[r#"
        error: the directory empty holds neither Rust sources nor migrations (folders with up.sql) [R0602]
          help: a source is a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock, a directory of Rust sources, or a migrations/ directory
    "#]],
    );
}

#[test]
fn an_unknown_format() {
    check(
        &["schema", "inspect", "sqlite:app.db", "--format", "yaml"],
        2,
        expect![[r#"
        error: invalid value 'yaml' for '--format <FORMAT>'
          [possible values: sql, json, rust, mermaid, lock, json-schema]

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn no_server_for_the_shadow_database() {
    check(
        &["schema", "diff", "--from", "broken.sql", "--to", "broken.sql", "--dialect", "postgres"],
        1,
        expect![[r#"
        error: while reading broken.sql: a PostgreSQL schema has to be created on a shadow database, and no server is known [R0602]
          help: add --shadow postgres://USER@HOST, a server where the role may create databases
          help: or write shadow = "…" into the environment in relata.toml
    "#]],
    );
}

#[test]
fn a_script_that_does_not_parse_names_its_line() {
    check(
        &["schema", "inspect", "broken.sql"],
        1,
        expect![[r#"
        error: while reading broken.sql: broken.sql:3: the shadow database refused a statement: near "TABEL": syntax error [R0401, SQLITE_ERROR]
          sql: CREATE TABEL oops (id INTEGER)
          help: look at line 1, column 8 of the SQL
    "#]],
    );
}

#[test]
fn a_table_that_is_not_there_is_guessed() {
    check(
        &["data", "show", "post", "--url", "sqlite:app.db"],
        1,
        expect![[r#"
            error: there is no table or view post [R0402]
              help: did you mean posts?
        "#]],
    );
}

#[test]
fn errors_are_json_when_asked_for() {
    check(
        &["schema", "inspect", "nowhere.sql", "--json"],
        1,
        expect![[r#"
        {"error":{"code":"R0505","hints":["a source is a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock, a directory of Rust sources, or a migrations/ directory"],"message":"there is no file or directory nowhere.sql","text":"there is no file or directory nowhere.sql [R0505]\n  hint: a source is a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock, a directory of Rust sources, or a migrations/ directory"}}
    "#]],
    );
}
