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
    check(&["schema", "inspect", "nowhere.sql"], 1, expect![[""]]);
}

#[test]
fn a_missing_database_is_not_an_empty_one() {
    check(&["schema", "inspect", "sqlite:nowhere.db"], 1, expect![[""]]);
    check(&["query", "select 1", "--url", "sqlite:nowhere.db"], 1, expect![[""]]);
}

#[test]
fn a_url_that_is_none() {
    check(&["schema", "inspect", "oracle://scott:tiger@db/x"], 2, expect![[""]]);
    check(&["query", "select 1", "--url", "app.db"], 2, expect![[""]]);
}

#[test]
fn a_database_given_as_a_path() {
    check(&["schema", "inspect", "app.db"], 1, expect![[""]]);
}

#[test]
fn a_file_of_no_known_kind() {
    check(&["schema", "inspect", "notes.txt"], 1, expect![[""]]);
}

#[test]
fn a_directory_without_anything() {
    check(&["schema", "inspect", "empty"], 1, expect![[""]]);
}

#[test]
fn an_unknown_format() {
    check(&["schema", "inspect", "sqlite:app.db", "--format", "yaml"], 2, expect![[""]]);
}

#[test]
fn no_server_for_the_shadow_database() {
    check(&["schema", "diff", "--from", "broken.sql", "--to", "broken.sql", "--dialect", "postgres"], 1, expect![[""]]);
}

#[test]
fn a_script_that_does_not_parse_names_its_line() {
    check(&["schema", "inspect", "broken.sql"], 1, expect![[""]]);
}

#[test]
fn a_table_that_is_not_there_is_guessed() {
    check(&["data", "show", "post", "--url", "sqlite:app.db"], 1, expect![[""]]);
}

#[test]
fn errors_are_json_when_asked_for() {
    check(&["schema", "inspect", "nowhere.sql", "--json"], 1, expect![[""]]);
}
