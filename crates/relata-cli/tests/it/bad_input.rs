//! What comes from outside and is hard: files that are no text or no SQL, values that no number or date holds, names
//! that are words of SQL, long or of other letters.

use expect_test::{Expect, expect};
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

/// What `schema inspect` says of a file, on standard error or, when it reads it, on standard output.
fn said(text: &[u8]) -> String {
    let project = Project::new();
    std::fs::write(project.path("a.sql"), text).unwrap();
    let run = project.run(&["schema", "inspect", "a.sql", "--dialect", "sqlite"]);
    if run.code == 0 { run.stdout } else { run.stderr }
}

#[test]
fn files_that_cannot_be_read_say_where() {
    let mut late: Vec<u8> = Vec::new();
    (1..40).for_each(|n| late.extend(format!("CREATE TABLE t{n} (id INTEGER);\n").into_bytes()));
    late.extend(b"CREATE TABEL broken (id INTEGER);\nCREATE TABLE z (id INTEGER);\n");
    for (text, expected) in [
        (late.as_slice(), "a.sql:40: the shadow database refused a statement: near \"TABEL\": syntax error"),
        (b"CREATE TABLE t (id INTEGER);\n\0", "a.sql cannot be read: there is a NUL byte on line 2"),
        (b"CREATE TABLE t (\"\xe9\" INTEGER);", "a.sql cannot be read: stream did not contain valid UTF-8"),
        (b"\xff\xfeC\0R\0", "it has to be UTF-8 text"),
        (b"CREATE TABLE t (a TEXT DEFAULT 'x);\n", "a.sql:1: the shadow database refused a statement"),
    ] {
        let said = said(text);
        assert!(said.starts_with("error: while reading a.sql: ") && said.contains(expected), "{expected}\n{said}");
    }
}

#[test]
fn line_ends_of_windows_and_byte_order_marks_change_nothing() {
    let plain = "CREATE TABLE t (\n  id INTEGER PRIMARY KEY, -- a; b\n  n TEXT /* ; */\n);\nCREATE INDEX i ON t (n);\n";
    let windows = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
    assert_eq!(said(windows.as_bytes()), said(plain.as_bytes()));
}

fn check(dialect: Dialect, hard: &str, expected: Expect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let project = Project::new();
    let quote = if dialect == Dialect::Mysql { '`' } else { '"' };
    let long = "Ä".repeat(31) + "z";
    let others = format!(
        "CREATE TABLE nopk (a int, \"{long}\" int DEFAULT 3);
         CREATE VIEW v AS SELECT a, \"{long}\" FROM nopk;
         CREATE VIEW vv AS SELECT a FROM v;
         CREATE TABLE big (id int PRIMARY KEY, s text);"
    );
    let others = others.replace('"', &quote.to_string()).replace("s text", text_of(dialect));
    let script = format!("{hard};{others} INSERT INTO big VALUES (1, '{}')", "x".repeat(1_000_000));
    runtime.block_on(async {
        let database = TestDatabase::create(dialect).await;
        database.connect().await.batch(&script).await.unwrap();
        let url = database.url().expose();
        expected.assert_eq(&project.ok(&["data", "show", "Order", "--json", "--url", &url]).stdout);
        let shown = project.ok(&["data", "show", "vv", "--url", &url]);
        assert_eq!((shown.stdout.as_str(), shown.stderr.as_str()), ("a\n", "0 rows\n"));
        let shown = project.ok(&["data", "show", "big", "--url", &url]).stdout;
        assert_eq!(shown.matches('x').count(), 1_000_000);
        let rows = project.ok(&["query", "--url", &url, "SELECT count(*) AS n FROM nopk"]).stdout;
        assert_eq!(rows, "n\n0\n");

        let inspected = project.ok(&["schema", "inspect", &url]).stdout;
        assert!(inspected.contains(&long), "{inspected}");
        project.write("again.sql", &inspected);
        let arguments = ["schema", "diff", "--from", &url, "--to", "again.sql"];
        let run = match dialect {
            Dialect::Sqlite => project.run(&arguments),
            _ => project.run(&[&arguments[..], &["--shadow", &url]].concat()),
        };
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    });
}

fn text_of(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Mysql { "s longtext" } else { "s text" }
}

#[test]
fn hard_names_and_values_on_sqlite() {
    check(
        Dialect::Sqlite,
        r#"CREATE TABLE "Order" ("select" INTEGER PRIMARY KEY, n INT, "ünï Ö" TEXT, b BLOB, f REAL, g AS (n));
           INSERT INTO "Order" VALUES (1, 'text', 'é', x'00ff', 9e999), (2, 3, NULL, x'', -9e999)"#,
        expect![[r#"
            [
              {"select": 1, "n": "text", "ünï Ö": "é", "b": "\\x00ff", "f": "Infinity", "g": "text"},
              {"select": 2, "n": 3, "ünï Ö": null, "b": "\\x", "f": "-Infinity", "g": 3}
            ]
        "#]],
    );
}

#[test]
fn hard_names_and_values_on_postgres() {
    check(
        Dialect::Postgres,
        r#"CREATE TABLE "Order" ("select" int PRIMARY KEY, ts timestamptz, d date, f float8, n numeric, "ünï Ö" text, b bytea);
           INSERT INTO "Order" VALUES (1, 'infinity', '-infinity', 'NaN', 'NaN', 'é', '\x00ff'),
               (2, '-infinity', '2020-02-29', '-Infinity', 1.50, NULL, '')"#,
        expect![[r#"
            [
              {"select": 1, "ts": "infinity", "d": "-infinity", "f": "NaN", "n": "NaN", "ünï Ö": "é", "b": "\\x00ff"},
              {"select": 2, "ts": "-infinity", "d": "2020-02-29", "f": "-Infinity", "n": "1.50", "ünï Ö": null, "b": "\\x"}
            ]
        "#]],
    );
}

#[test]
fn hard_names_and_values_on_mariadb() {
    check(
        Dialect::Mysql,
        "CREATE TABLE `Order` (`select` int PRIMARY KEY, d date, dt datetime, y year, t time, `ünï Ö` varchar(9), b blob);
         SET SESSION sql_mode = '';
         INSERT INTO `Order` VALUES (1, '0000-00-00', '2020-00-00 00:00:00', '0000', '-838:59:59', 'é', x'00ff')",
        expect![[r#"
            [
              {"select": 1, "d": "0000-00-00", "dt": "2020-00-00 00:00:00", "y": 0, "t": "-838:59:59", "ünï Ö": "é", "b": "\\x00ff"}
            ]
        "#]],
    );
}
