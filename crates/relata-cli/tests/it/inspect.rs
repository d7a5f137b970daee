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
    expect![[r#"
        CREATE TABLE posts (
          id INTEGER PRIMARY KEY,
          title TEXT NOT NULL
        );
        CREATE INDEX by_title ON posts (title);
    "#]]
    .assert_eq(&expected);
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
    for (dialect, expected) in [
        (
            "postgres",
            expect![[r#"


        -- standard error:
        note[translate-changed]: no types; none: it becomes TEXT
          in column authors.id
        note[translate-changed]: no types; none: it becomes TEXT
          in column authors.email
        note[translate-changed]: no types; none: it becomes TEXT
          in column authors.joined
        note[translate-changed]: no types; none: it becomes TEXT
          in column books.isbn
        note[translate-changed]: no types; none: it becomes TEXT
          in column books.author_id
        note[translate-changed]: no types; none: it becomes TEXT
          in column books.price
        note[translate-changed]: no types; none: it becomes TEXT
          in column books.sold
        warning[translate-lost]: it is written in the language of SQLite: write it anew
          in view sold
    "#]],
        ),
        (
            "mysql",
            expect![[r#"
        CREATE TABLE authors (
          id bigint(20) NOT NULL AUTO_INCREMENT,
          email varchar(255) NOT NULL,
          joined datetime(6) DEFAULT CURRENT_TIMESTAMP(6),
          PRIMARY KEY (id),
          UNIQUE KEY authors_email_key (email)
        );
        CREATE TABLE books (
          isbn varchar(255),
          author_id bigint(20) NOT NULL,
          price decimal(10,2),
          sold tinyint(1) NOT NULL DEFAULT 0,
          PRIMARY KEY (isbn),
          CONSTRAINT books_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE CASCADE ON UPDATE NO ACTION,
          CONSTRAINT books_check CHECK (price >= 0)
        );

        -- standard error:
        note[translate-changed]: MariaDB cannot index text of any length: it becomes varchar(255)
          in column authors.email
        note[translate-changed]: MariaDB cannot index text of any length: it becomes varchar(255)
          in column books.isbn
        warning[translate-lost]: it is written in the language of SQLite: write it anew
          in view sold
    "#]],
        ),
    ] {
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
    expect![[r#"
        CREATE TABLE posts (
          id INTEGER PRIMARY KEY NOT NULL,
          author_id INTEGER NOT NULL,
          slug TEXT NOT NULL,
          title TEXT NOT NULL,
          body TEXT,
          published_at TIMESTAMP,
          UNIQUE (author_id, slug),
          FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE,
          CONSTRAINT posts_slug_check CHECK (length(slug) >= 1 AND length(slug) <= 120)
        );
        CREATE TABLE users (
          id INTEGER PRIMARY KEY NOT NULL,
          email TEXT NOT NULL,
          name TEXT NOT NULL,
          UNIQUE (email)
        );
    "#]]
    .assert_eq(&run.stdout);
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
