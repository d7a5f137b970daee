//! `relata migrate …` as people meet it.

use expect_test::{Expect, expect};
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

const URL: &[&str] = &["--url", "sqlite:app.db"];

fn arguments<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["migrate"], words, URL].concat()
}

/// A project with two migrations.
fn project() -> Project {
    let project = Project::new();
    let notes = "migrations/20260101000000_aaaaaa_notes";
    project.write(&format!("{notes}/up.sql"), "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);\nINSERT INTO notes VALUES (1, 'one'), (2, 'two');\n");
    project.write(&format!("{notes}/down.sql"), "DROP TABLE notes;\n");
    let tags = "migrations/20260102000000_bbbbbb_tags";
    project.write(&format!("{tags}/up.sql"), "CREATE TABLE tags (id INTEGER PRIMARY KEY);\n");
    project.write(&format!("{tags}/down.sql"), "DROP TABLE tags;\n");
    project
}

/// What the command says, without what differs from run to run.
fn check(project: &Project, words: &[&str], code: i32, expected: Expect) {
    let run = project.run(&arguments(words));
    let text = format!("{}{}", run.stdout, run.stderr);
    expected.assert_eq(&steady(&text));
    assert_eq!(run.code, code, "{text}");
}

/// Replaces durations, times and users.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let line = match line.rsplit_once(' ') {
            Some((rest, "ms\n")) => format!("{} N ms\n", rest.rsplit_once(' ').unwrap().0),
            _ => line.to_string(),
        };
        let line = match line.split_once(" on 20") {
            Some((rest, when)) => {
                let after = when.split_once(" by ").unwrap().1;
                let end = after.find([',', '\n']).unwrap();
                format!("{rest} on TIME by USER{}", &after[end..])
            }
            None => line,
        };
        out.push_str(&line);
    }
    out
}

#[test]
fn apply_status_and_rollback() {
    let project = project();
    check(
        &project,
        &["status", "--no-drift"],
        3,
        expect![[r#"
            migration	state	applied	by	ms	proof
            20260101000000_aaaaaa_notes	pending				
            20260102000000_bbbbbb_tags	pending				
            2 migrations pending: relata migrate apply
            note: sqlite:app.db is not there yet: relata migrate apply creates it
        "#]],
    );
    check(
        &project,
        &["apply", "--dry-run", "--to", "20260101"],
        0,
        expect![[r#"
        -- 20260101000000_aaaaaa_notes
        CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
        INSERT INTO notes VALUES (1, 'one'), (2, 'two');
    "#]],
    );
    check(
        &project,
        &["apply"],
        0,
        expect![[r#"
        applied 20260101000000_aaaaaa_notes N ms
        applied 20260102000000_bbbbbb_tags N ms
        2 migrations applied to sqlite:app.db
    "#]],
    );
    check(
        &project,
        &["apply"],
        0,
        expect![[r#"
        nothing to apply
    "#]],
    );
    let status = project.ok(&arguments(&["status"]));
    assert!(status.stderr.contains("no drift"), "{}", status.stderr);
    check(
        &project,
        &["rollback", "--to", "20260101"],
        0,
        expect![[r#"
        rolled back 20260102000000_bbbbbb_tags N ms
        1 migration rolled back on sqlite:app.db
    "#]],
    );
    check(
        &project,
        &["rollback"],
        1,
        expect![[r#"
        error: the rollback would lose table notes with 2 rows [R0703]
          help: nothing was rolled back
          help: run it again with --accept-loss: tables and columns are copied into files first
    "#]],
    );
    let run = project.ok(&arguments(&["rollback", "--accept-loss"]));
    let kept = run.stderr.lines().find_map(|line| line.strip_prefix("kept ")).unwrap();
    assert_eq!(project.read(kept), "{\"id\":1,\"body\":\"one\"}\n{\"id\":2,\"body\":\"two\"}\n");
    check(
        &project,
        &["rollback"],
        0,
        expect![[r#"
        nothing to roll back
    "#]],
    );
    check(
        &project,
        &["prove"],
        0,
        expect![[r#"
            proved 20260101000000_aaaaaa_notes: up, down, up; 0 rows in 0 tables, 0 columns compared, without data
            proved 20260102000000_bbbbbb_tags: up, down, up; 6 rows in 1 table, 2 columns compared, on rows made up
            2 migrations proved
        "#]],
    );
}

#[test]
fn contradictions_are_named() {
    let project = project();
    project.ok(&arguments(&["apply"]));
    project.write("migrations/20260101000000_aaaaaa_notes/up.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY);\n");
    std::fs::remove_dir_all(project.path("migrations/20260102000000_bbbbbb_tags")).unwrap();
    check(
        &project,
        &["apply"],
        1,
        expect![[r#"
        error: 20260101000000_aaaaaa_notes was changed after it had been applied on TIME by USER
          help: restore its files from version control and put the change into a new migration (relata migrate new NAME); if the files are right and the database has what they say: relata migrate repair
          help: also: 20260102000000_bbbbbb_tags was applied on TIME by USER, and its files are not there
          help: get the folder back from version control, or pull the branch it was made on; if it is gone for good: relata migrate repair
    "#]],
    );
    let status = project.run(&arguments(&["status", "--no-drift", "--json"]));
    assert_eq!(status.code, 3);
    assert!(status.stdout.contains("\"state\": \"edited\"") && status.stdout.contains("\"state\": \"missing\""));
    check(
        &project,
        &["repair"],
        0,
        expect![[r#"
        20260101000000_aaaaaa_notes: the history has the digest of its files now
        20260102000000_bbbbbb_tags: taken out of the history; the schema was not touched
    "#]],
    );
    check(
        &project,
        &["rollback"],
        1,
        expect![[r#"
        error: the rollback would lose table notes with 2 rows [R0703]
          help: nothing was rolled back
          help: run it again with --accept-loss: tables and columns are copied into files first
    "#]],
    );
}

#[test]
fn mistakes_in_files_are_named() {
    let project = project();
    std::fs::remove_file(project.path("migrations/20260102000000_bbbbbb_tags/down.sql")).unwrap();
    project.ok(&arguments(&["apply"]));
    check(
        &project,
        &["rollback"],
        1,
        expect![[r#"
        error: 20260102000000_bbbbbb_tags has no down.sql: it cannot be rolled back [R0701]
          help: write migrations/20260102000000_bbbbbb_tags/down.sql, then relata migrate repair
          help: nothing was rolled back
    "#]],
    );
    project.write(
        "migrations/20260103000000_cccccc_bad/up.sql",
        "CREATE TABLE ok (id INTEGER);\nCREATE TABEL bad (id INTEGER);\n",
    );
    check(
        &project,
        &["apply"],
        1,
        expect![[r#"
        error: applying 20260103000000_cccccc_bad: statement 2 of 2, line 2, column 8: near "TABEL": syntax error [R0401, SQLITE_ERROR]
          sql: CREATE TABEL bad (id INTEGER)
                      ^
          help: look at line 1, column 8 of the SQL
          help: nothing of this migration was kept: it ran in one transaction
    "#]],
    );
    check(
        &project,
        &["prove"],
        1,
        expect![[r#"
        error: 20260103000000_cccccc_bad: proof on a shadow copy: up.sql: statement 2 of 2, line 2, column 8: near "TABEL": syntax error [R0704, SQLITE_ERROR]
          sql: CREATE TABEL bad (id INTEGER)
                      ^
          help: look at line 1, column 8 of the SQL
    "#]],
    );
    project.write("migrations/20260103000000_cccccc_bad/up.sql", "-- relata: transacton off\n");
    check(
        &project,
        &["apply"],
        1,
        expect![[r#"
            error: migrations/20260103000000_cccccc_bad/up.sql, line 1: transacton "off" is no header relata knows [R0701]
              help: known are: dialect, parent, depends-on, schema, transaction off, renames, loses, baseline, proved, done, allow
        "#]],
    );
    project.write("migrations/20260103000000_cccccc_bad/up.sql", "-- relata: dialect postgres\n");
    check(
        &project,
        &["apply"],
        1,
        expect![[r#"
        error: migrations/20260103000000_cccccc_bad/up.sql is written for PostgreSQL, the database is SQLite [R0701]
          help: give another folder with --dir: a project keeps one folder of migrations a dialect
    "#]],
    );
}

#[test]
fn a_folder_that_is_not_there_is_no_success() {
    let project = project();
    for command in ["apply", "plan", "prove", "test", "check"] {
        let run = project.run(&arguments(&[command, "--dir", "elsewhere"]));
        assert_eq!(run.code, 1, "{command}: {}", run.stderr);
        expect![[r#"
            error: there is no folder elsewhere with migrations [R0602]
              help: name another one with --dir, or with migrations = "…" in relata.toml
              help: relata migrate new NAME writes the first migration
        "#]]
        .assert_eq(&run.stderr);
    }
    assert!(!project.path("app.db").exists(), "nothing was created");
    std::fs::create_dir(project.path("elsewhere")).unwrap();
    let run = project.ok(&arguments(&["apply", "--dir", "elsewhere"]));
    assert_eq!(run.stderr, "no migrations in elsewhere\nnothing to apply\n");
}

#[test]
fn a_locked_database_names_the_holder() {
    let project = project();
    project.sqlite("app.db", "CREATE TABLE x (y)");
    let lock = std::fs::File::create(project.path("app.db-relata-lock")).unwrap();
    std::io::Write::write_all(&mut &lock, b"process 42 of bob@desk, since 2026-11-21T14:30:00Z").unwrap();
    lock.lock().unwrap();
    check(
        &project,
        &["apply", "--lock-timeout", "0"],
        1,
        expect![[r#"
        error: another runner holds the migration lock of this SQLite database: process 42 of bob@desk, since 2026-11-21T14:30:00Z (waited 0 s) [R0702]
          help: wait until it is done and run again, or wait longer with --lock-timeout SECONDS
    "#]],
    );
}

/// What an empty shadow cannot know: rows that refuse the change. MariaDB's trigger would write while rows are copied.
fn the_data_has_a_say(url: &str, dialect: &str, trigger: &str) {
    let project = Project::new();
    let first = "migrations/20260101000000_aaaaaa_notes";
    let up = format!(
        "CREATE TABLE log (id integer PRIMARY KEY);\nCREATE TABLE notes (id integer PRIMARY KEY, body varchar(20));\n{trigger}"
    );
    project.write(&format!("{first}/up.sql"), &up);
    project.write(&format!("{first}/down.sql"), "DROP TABLE notes; DROP TABLE log;");
    let apply = ["migrate", "apply", "--url", url];
    project.ok(&apply);
    for sql in ["INSERT INTO notes VALUES (1, 'same'), (2, 'same'), (3, NULL)", "DELETE FROM log WHERE id = 2"] {
        project.ok(&["query", "--url", url, sql]);
    }
    let second = "migrations/20260102000000_bbbbbb_unique";
    project.write(&format!("{second}/up.sql"), "CREATE UNIQUE INDEX body ON notes (body);");
    let on = if dialect == "mysql" { " ON notes" } else { "" };
    project.write(&format!("{second}/down.sql"), &format!("DROP INDEX body{on};"));
    let prove = |how: &str| project.run(&["migrate", "prove", how, "--url", url]);
    let empty = prove("--no-data");
    assert_eq!(empty.code, 0, "{}", empty.stderr);
    assert!(empty.stderr.contains("0 rows in 2 tables, 3 columns compared, without data"), "{}", empty.stderr);
    let full = prove("--with-data");
    assert_eq!(full.code, 1, "{}", full.stderr);
    assert!(full.stderr.contains("proof on a shadow copy: up.sql: statement 1 of 1"), "{}", full.stderr);
    project.write(&format!("{second}/up.sql"), "CREATE INDEX body ON notes (body);");
    let full = prove("--with-data");
    assert_eq!(full.code, 0, "{}", full.stderr);
    let expected = "up, down, up; 5 rows in 2 tables, 3 columns compared, on a copy of the data";
    assert!(full.stderr.contains(expected), "{}", full.stderr);
    project.ok(&apply);
}

#[test]
fn sqlite_data_has_a_say() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (new.id); END;";
    let directory = tempfile::tempdir().unwrap();
    the_data_has_a_say(&format!("sqlite:{}/app.db", directory.path().display()), "sqlite", trigger);
}

#[test]
fn postgres_data_has_a_say() {
    let rule = "CREATE RULE r AS ON INSERT TO notes DO ALSO (INSERT INTO log VALUES (new.id); SELECT 1);";
    on_server(Dialect::Postgres, |url| the_data_has_a_say(url, "postgres", rule));
}

#[test]
fn mysql_data_has_a_say() {
    let trigger = "CREATE TRIGGER t AFTER INSERT ON notes FOR EACH ROW INSERT INTO log VALUES (new.id);";
    on_server(Dialect::Mysql, |url| the_data_has_a_say(url, "mysql", trigger));
}

fn on_server(dialect: Dialect, test: impl FnOnce(&str)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    test(&database.url().expose());
}

/// What one pending migration renames and the next takes away or narrows, also under the new name in the same file.
fn what_goes_under_a_new_name_is_seen(url: &str, narrow: &str) {
    let project = Project::new();
    let write = |name: &str, up: &str, down: &str| {
        project.write(&format!("migrations/{name}/up.sql"), up);
        project.write(&format!("migrations/{name}/down.sql"), down);
    };
    let notes = "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(20), kind varchar(20));\n\
                 CREATE TABLE tags (id integer PRIMARY KEY);\n";
    write("20260101000000_aaaaaa_notes", notes, "DROP TABLE tags; DROP TABLE notes;\n");
    project.ok(&["migrate", "apply", "--url", url]);
    for rows in [
        "INSERT INTO notes VALUES (1, 'long enough', 'a'), (2, 'longer than that', 'b')",
        "INSERT INTO tags VALUES (1)",
    ] {
        project.ok(&["query", "--url", url, rows]);
    }
    write(
        "20260102000000_bbbbbb_renames",
        "ALTER TABLE notes RENAME TO texts; ALTER TABLE tags RENAME TO labels;\n",
        "ALTER TABLE labels RENAME TO tags; ALTER TABLE texts RENAME TO notes;\n",
    );
    write(
        "20260103000000_cccccc_less",
        &format!("ALTER TABLE texts RENAME COLUMN body TO words; {narrow} DROP TABLE labels;\n"),
        "CREATE TABLE labels (id integer PRIMARY KEY); ALTER TABLE texts RENAME COLUMN words TO body;\n",
    );
    let refused = project.run(&["migrate", "apply", "--url", url]).stderr.replace("public.", "");
    assert!(refused.contains("table labels with every row in it"), "{refused}");
    assert!(refused.contains("the values of texts.body in every row"), "{refused}");
    project.ok(&["migrate", "apply", "--preserve", "--url", url]);
    project.ok(&["query", "--url", url, "UPDATE texts SET words = 'new' WHERE id = 2"]);
    project.ok(&["migrate", "rollback", "--steps", "2", "--url", url]);
    let rows = project.ok(&["query", "--url", url, "SELECT body FROM notes ORDER BY id"]).stdout;
    assert_eq!(rows, "body\nlong enough\nnew\n");
    assert_eq!(project.ok(&["query", "--url", url, "SELECT id FROM tags"]).stdout, "id\n1\n");
}

#[test]
fn sqlite_losses_under_new_names() {
    let directory = tempfile::tempdir().unwrap();
    let narrow = "UPDATE texts SET words = substr(words, 1, 4);";
    what_goes_under_a_new_name_is_seen(&format!("sqlite:{}/app.db", directory.path().display()), narrow);
}

#[test]
fn postgres_losses_under_new_names() {
    let narrow = "UPDATE texts SET words = left(words, 4);";
    on_server(Dialect::Postgres, |url| what_goes_under_a_new_name_is_seen(url, narrow));
}

#[test]
fn mysql_losses_under_new_names() {
    let narrow = "UPDATE texts SET words = left(words, 4);";
    on_server(Dialect::Mysql, |url| what_goes_under_a_new_name_is_seen(url, narrow));
}

/// A database with tables is adopted, and its history begins there.
fn a_baseline_is_adopted(url: &str, create: &str) {
    let project = Project::new();
    project.ok(&["query", "--url", url, create]);
    let run = project.ok(&["migrate", "baseline", "--url", url]);
    let up = project.read(&format!("{}/up.sql", run.stdout.trim()));
    assert!(up.contains("-- relata: baseline\n"), "{up}");
    let status = project.ok(&["migrate", "status", "--url", url, "--json"]);
    assert!(status.stdout.contains("\"state\": \"baseline\""), "{}", status.stdout);
    let again = project.run(&["migrate", "baseline", "--url", url]);
    assert!(again.stderr.contains("has migrations already"), "{}", again.stderr);
    let back = project.run(&["migrate", "rollback", "--url", url]);
    assert!(back.stderr.contains("it was there before relata and is not rolled back"), "{}", back.stderr);
    project.ok(&["query", "--url", url, "CREATE TABLE by_hand (x integer)"]);
    let drift = project.run(&["migrate", "status", "--url", url]);
    assert_eq!(drift.code, 3, "{}", drift.stderr);
    assert!(drift.stderr.contains("by_hand is too many"), "{}", drift.stderr);
}

#[test]
fn sqlite_baseline() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.db");
    let url = format!("sqlite:{}", path.display());
    Project::new().sqlite(path.to_str().unwrap(), "CREATE TABLE other (id integer PRIMARY KEY AUTOINCREMENT)");
    a_baseline_is_adopted(&url, "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(20) DEFAULT 'x')");
}

#[test]
fn postgres_baseline() {
    let create = "CREATE TABLE notes (id serial PRIMARY KEY, body varchar(20) DEFAULT 'x')";
    on_server(Dialect::Postgres, |url| a_baseline_is_adopted(url, create));
}

#[test]
fn mysql_baseline() {
    let create = "CREATE TABLE notes (id integer AUTO_INCREMENT PRIMARY KEY, body varchar(20) DEFAULT 'x')";
    on_server(Dialect::Mysql, |url| a_baseline_is_adopted(url, create));
}

/// SQLite keeps a reference to columns that are no key, and cannot check it; what it can check it does.
#[test]
fn references_to_what_is_no_key_stop_no_migration() {
    let project = Project::new();
    let first = "migrations/20260101000000_aaaaaa_first";
    let tables = "CREATE TABLE parents (id integer NOT NULL PRIMARY KEY, code text);\n\
        CREATE TABLE odd (code text REFERENCES parents (code));\n\
        CREATE TABLE children (id integer NOT NULL PRIMARY KEY, parent integer REFERENCES parents (id), n integer);\n\
        INSERT INTO parents VALUES (1, 'one');\nINSERT INTO children VALUES (1, 1, 5);\n";
    project.write(&format!("{first}/up.sql"), tables);
    project.write(&format!("{first}/down.sql"), "DROP TABLE odd;\nDROP TABLE children;\nDROP TABLE parents;\n");
    project.ok(&arguments(&["apply"]));
    let rebuild = |column: &str, parent: &str| {
        format!(
            "PRAGMA foreign_keys = OFF;\n\
             CREATE TABLE other (id integer NOT NULL PRIMARY KEY, parent integer REFERENCES parents (id), n {column});\n\
             INSERT INTO other SELECT id, {parent}, n FROM children;\nDROP TABLE children;\n\
             ALTER TABLE other RENAME TO children;\nPRAGMA foreign_keys = ON;\n"
        )
    };
    let second = "migrations/20260102000000_bbbbbb_second";
    project.write(&format!("{second}/up.sql"), &rebuild("bigint", "parent"));
    project.write(&format!("{second}/down.sql"), &rebuild("integer", "parent"));
    project.ok(&arguments(&["apply"]));
    project.ok(&arguments(&["rollback"]));
    project.write(&format!("{second}/up.sql"), &rebuild("bigint", "7"));
    let refused = project.run(&arguments(&["apply"]));
    let said = "1 rows of children refer to rows that parents does not have";
    assert!(refused.code == 1 && refused.stderr.contains(said), "{}", refused.stderr);
}

/// SQLite's backup is a file: a rollback says where the values are that it does not put back.
#[test]
fn a_rollback_says_where_the_backup_is() {
    let project = Project::new();
    project.write(
        "migrations/20260101000000_aaaaaa_notes/up.sql",
        "CREATE TABLE notes (id integer PRIMARY KEY, body text);\n",
    );
    project.write("migrations/20260101000000_aaaaaa_notes/down.sql", "DROP TABLE notes;\n");
    project.ok(&arguments(&["apply"]));
    project.ok(&["query", "INSERT INTO notes VALUES (1, 'one')", "--url", "sqlite:app.db"]);
    let up = "-- relata: loses column notes.body with its values\nALTER TABLE notes DROP COLUMN body;\n";
    project.write("migrations/20260102000000_bbbbbb_less/up.sql", up);
    project.write("migrations/20260102000000_bbbbbb_less/down.sql", "ALTER TABLE notes ADD COLUMN body text;\n");
    project.ok(&arguments(&["apply"]));
    let back = project.ok(&arguments(&["rollback"])).stderr;
    let said = "note: the values that 20260102000000_bbbbbb_less took away are not back: they are in ";
    let file = back.lines().find_map(|line| line.strip_prefix(said)).expect(&back);
    assert!(std::path::Path::new(file).exists() && file.ends_with("-relata-backup-20260102000000_bbbbbb"), "{file}");
    // Kept on the shelf, they come back, and nothing is to be said.
    std::fs::remove_file(file).unwrap();
    project.ok(&["query", "UPDATE notes SET body = 'one'", "--url", "sqlite:app.db"]);
    project.ok(&arguments(&["apply", "--preserve"]));
    assert!(!project.ok(&arguments(&["rollback"])).stderr.contains("are not back"));
    let rows = project.ok(&["query", "SELECT body FROM notes", "--url", "sqlite:app.db"]).stdout;
    assert_eq!(rows, "body\none\n");
}
