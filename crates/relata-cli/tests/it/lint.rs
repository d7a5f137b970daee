//! `relata migrate lint`: files in, findings out, and what the database adds.

use expect_test::{Expect, expect};
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::{Project, Run};

fn lint(project: &Project, words: &[&str]) -> Run {
    project.run(&[&["migrate", "lint"], words].concat())
}

/// What is printed, and the exit code.
fn check(project: &Project, words: &[&str], code: i32, expected: Expect) {
    let run = lint(project, words);
    expected.assert_eq(&format!("{}{}", run.stdout, run.stderr));
    assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
}

/// The codes of hazards, from JSON.
fn hazards(run: &Run) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = value["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "hazard");
    findings.map(|finding| finding["code"].as_str().unwrap().to_string()).collect()
}

const ORDERS: &str = "SET lock_timeout = '2s'; SET statement_timeout = '5s';\nBEGIN;\n\tCREATE INDEX größe\n  ON orders (größe);\nCOMMIT;\n";

#[test]
fn findings_show_the_sql_they_mean() {
    let project = Project::new();
    project.write("orders.sql", ORDERS);
    check(
        &project,
        &["orders.sql", "--dialect", "postgres"],
        3,
        expect![[r#"
        hazard[index-not-concurrent]: writes to orders wait until the index is built
         --> orders.sql:3:2
          |
        3 | 	CREATE INDEX größe
          | 	^^^^^^^^^^^^^^^^^^
          = help: CREATE INDEX CONCURRENTLY, outside a transaction

        1 hazard (index-not-concurrent) in 1 file
    "#]],
    );
    project.write("clean.sql", "CREATE TABLE a (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);\n");
    check(
        &project,
        &["clean.sql", "--dialect", "postgres"],
        0,
        expect![[r#"
        nothing found in 1 file
    "#]],
    );
    check(
        &project,
        &["clean.sql", "orders.sql", "--dialect", "postgres", "--format", "github"],
        3,
        expect![[r#"
        ::error file=orders.sql,line=3,endLine=4,col=2,title=index-not-concurrent::writes to orders wait until the index is built%0Ahelp: CREATE INDEX CONCURRENTLY, outside a transaction
    "#]],
    );
}

#[test]
fn style_fails_only_when_asked() {
    let project = Project::new();
    project.write("a.sql", "CREATE TABLE a (id bigint PRIMARY KEY, at timestamp);\n");
    let arguments = ["a.sql", "--dialect", "postgres", "--json"];
    assert_eq!(lint(&project, &arguments).code, 0);
    assert_eq!(lint(&project, &[&arguments[..], &["--strict"]].concat()).code, 3);
    project.write("relata.toml", "[lint]\nrules = { \"timestamp-type\" = \"hazard\" }\n");
    assert_eq!(hazards(&lint(&project, &arguments)), ["timestamp-type"]);
    project.write("relata.toml", "[lint]\nrules = { \"timestamp-type\" = \"off\" }\n");
    assert_eq!(lint(&project, &[&arguments[..], &["--strict"]].concat()).code, 0);
    project.write("relata.toml", "[lint]\nrules = { \"timestamps\" = \"off\" }\n");
    check(
        &project,
        &["a.sql"],
        1,
        expect![[r#"
        read as PostgreSQL; --dialect says otherwise
        error: relata.toml, [lint.rules]: there is no rule timestamps [R0602]
          help: relata migrate lint --rules lists them
    "#]],
    );
    project.write("relata.toml", "[lint]\nrules = { \"timestamp-type\" = \"maybe\" }\n");
    check(
        &project,
        &["a.sql"],
        1,
        expect![[r#"
        read as PostgreSQL; --dialect says otherwise
        error: relata.toml, [lint.rules]: timestamp-type cannot be "maybe" [R0602]
          help: it can be "off", "style" or "hazard"
    "#]],
    );
}

#[test]
fn a_reason_allows_and_anything_else_does_not() {
    let project = Project::new();
    project.write(
        "a.sql",
        "-- relata: allow-file timeouts because the runner sets them\n\
         -- relata: allow drop-column because release 4.2 does not read it\nALTER TABLE a DROP COLUMN b;\n\
         -- relata: allow drop-column\nALTER TABLE a DROP COLUMN c;\n\
         ALTER TABLE a DROP COLUMN d; /* relata: allow drop-table because it is gone */\n\
         -- relata: allow drop-colum because of a slip\nSELECT 1;\n",
    );
    project.write("relata.toml", "[lint]\nrules = { \"robust-statement\" = \"off\" }\n");
    check(
        &project,
        &["a.sql", "--dialect", "postgres"],
        3,
        expect![[r#"
        style[allow-reason]: drop-column is allowed without a reason, so it is not
         --> a.sql:4:1
          |
        4 | -- relata: allow drop-column
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: write why: … because REASON

        hazard[drop-column]: the values of c in a are lost, and the running application fails without it
         --> a.sql:5:15
          |
        5 | ALTER TABLE a DROP COLUMN c;
          |               ^^^^^^^^^^^^^
          = help: stop using it first; then acknowledge the loss: -- relata: loses column …

        hazard[drop-column]: the values of d in a are lost, and the running application fails without it
         --> a.sql:6:15
          |
        6 | ALTER TABLE a DROP COLUMN d; /* relata: allow drop-table because it is gone */
          |               ^^^^^^^^^^^^^
          = help: stop using it first; then acknowledge the loss: -- relata: loses column …

        style[allow-unused]: nothing here needs drop-table to be allowed
         --> a.sql:6:30
          |
        6 | ALTER TABLE a DROP COLUMN d; /* relata: allow drop-table because it is gone */
          |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: take the comment out

        style[allow-unknown]: there is no rule drop-colum
         --> a.sql:7:1
          |
        7 | -- relata: allow drop-colum because of a slip
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = help: is it drop-column?

        2 hazards (drop-column ×2), 3 style findings (allow-reason, allow-unknown, allow-unused) in 1 file
    "#]],
    );
}

/// A folder of ours: the header is heeded, what earlier migrations made is known, and the runner's transaction counts.
#[test]
fn folders_of_migrations_are_read_as_they_run() {
    let project = Project::new();
    let first = "migrations/20260101000000_aaaaaa_first";
    project.write(
        &format!("{first}/up.sql"),
        "-- relata: dialect postgres\nCREATE TABLE a (id bigint PRIMARY KEY, b varchar(20));\n",
    );
    project.write(&format!("{first}/down.sql"), "DROP TABLE a;\n");
    let second = "migrations/20260102000000_bbbbbb_second";
    let text = "-- relata: loses column a.c\n\
                CREATE INDEX CONCURRENTLY i ON a (b);\nALTER TABLE a DROP COLUMN c;\nALTER TABLE a ALTER COLUMN b TYPE varchar(40);\n";
    project.write(&format!("{second}/up.sql"), text);
    assert_eq!(hazards(&lint(&project, &["--json"])), ["not-in-transaction"]);
    project.write(&format!("{second}/up.sql"), &format!("-- relata: transaction off\n{text}"));
    assert!(hazards(&lint(&project, &["--json"])).is_empty());
    // Named alone, the migrations before it are known all the same.
    assert!(hazards(&lint(&project, &[&format!("{second}/up.sql"), "--json"])).is_empty());
    let run = lint(&project, &["--latest", "1", "--json"]);
    assert!(run.stdout.contains("\"files\": 1"), "{}", run.stdout);
    // A header that allows something is one that the runner knows.
    assert_eq!(project.run(&["migrate", "status", "--no-drift", "--url", "sqlite:x.db"]).code, 1, "another dialect");
}

#[test]
fn files_of_other_tools_are_understood() {
    let project = Project::new();
    project
        .write("db/1_a.sql", "-- +goose Up\nCREATE TABLE a (id bigint PRIMARY KEY);\n-- +goose Down\nDROP TABLE a;\n");
    project.write("db/2_b.up.sql", "ALTER TABLE a ADD COLUMN b text;\n");
    project.write("db/2_b.down.sql", "ALTER TABLE a DROP COLUMN b;\n");
    let run = lint(&project, &["db", "--json", "--dialect", "postgres"]);
    assert_eq!((run.code, hazards(&run).len()), (0, 0), "{}", run.stdout);
    // Play marks the ways by lines that are no SQL; Diesel says in another file that there is no transaction.
    project.write("play/1.sql", "# --- !Ups\nALTER TABLE a ADD COLUMN b text;\n# --- !Downs\nDROP TABLE a;\n");
    project.write("diesel/1_a/up.sql", "CREATE INDEX CONCURRENTLY i ON a (b);\n");
    project.write("diesel/1_a/metadata.toml", "run_in_transaction = false\n");
    project.write("sqlx.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (b);\n");
    for path in ["play", "diesel", "sqlx.sql"] {
        let run = lint(&project, &[path, "--in-transaction", "--json", "--dialect", "postgres"]);
        assert_eq!((run.code, hazards(&run).len()), (0, 0), "{path}: {}", run.stdout);
    }
    // In the order of numbers: the type is known when it changes.
    project.write("flyway/V2__b.sql", "CREATE TABLE a (id bigint PRIMARY KEY, b varchar(10));\n");
    project.write("flyway/V10__c.sql", "ALTER TABLE a ALTER COLUMN b TYPE varchar(20);\n");
    assert_eq!(lint(&project, &["flyway", "--dialect", "postgres"]).code, 0);
    project.write("my/1.sql", "CREATE TABLE `a` (id int AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;\n");
    let run = lint(&project, &["my", "--json"]);
    assert!(run.stdout.contains("\"dialect\": \"mysql\"") && run.stderr.contains("read as MariaDB"), "{}", run.stderr);
}

/// Bytes that are no UTF-8, and what only psql knows, are said and stop nothing.
#[test]
fn what_is_read_otherwise_or_not_at_all_is_said() {
    let project = Project::new();
    project.write_bytes("latin1.sql", b"-- \xe9t\xe9\r\nDROP TABLE \"\xe9t\xe9\";\r\n");
    let wide: Vec<u8> = "\u{feff}DROP TABLE a;".encode_utf16().flat_map(u16::to_le_bytes).collect();
    project.write_bytes("wide.sql", &wide);
    project.write("dump.sql", "\\restrict abc\n\\i other.sql\nCOPY a FROM stdin;\nit's (\n\\.\n");
    check(
        &project,
        &["latin1.sql", "wide.sql", "dump.sql", "--dialect", "postgres", "--format", "github"],
        3,
        expect![[r#"
            ::warning file=latin1.sql,line=2,endLine=2,col=1,title=timeouts::without lock_timeout and statement_timeout it may wait for a lock, and others behind it%0Ahelp: SET lock_timeout = '2s'; SET statement_timeout = '5s'; at the top of the file
            ::error file=latin1.sql,line=2,endLine=2,col=12,title=drop-table::the rows of été are lost, and the running application fails without it%0Ahelp: stop using it first; then acknowledge the loss: -- relata: loses table …
            ::warning file=wide.sql,line=1,endLine=1,col=1,title=timeouts::without lock_timeout and statement_timeout it may wait for a lock, and others behind it%0Ahelp: SET lock_timeout = '2s'; SET statement_timeout = '5s'; at the top of the file
            ::error file=wide.sql,line=1,endLine=1,col=12,title=drop-table::the rows of a are lost, and the running application fails without it%0Ahelp: stop using it first; then acknowledge the loss: -- relata: loses table …
            latin1.sql: no UTF-8 on line 1 (byte 0xe9): read as Latin-1
            wide.sql: UTF-16, which psql and others do not read
            dump.sql:2: \i other.sql is not looked at: put the SQL of that file here, or into a migration of its own
        "#]],
    );
}

#[test]
fn mistakes_in_the_call_are_named() {
    let project = Project::new();
    check(
        &project,
        &["nowhere.sql"],
        1,
        expect![[r#"
        error: nowhere.sql cannot be read: No such file or directory (os error 2) [R0505]
          help: name a file *.sql, or a folder of migrations
    "#]],
    );
    project.write("empty/readme.md", "");
    check(
        &project,
        &["empty"],
        1,
        expect![[r#"
        error: empty holds no *.sql file [R0505]
          help: name a file, or a folder of migrations
    "#]],
    );
    project.write("a.sql", "SELECT 1;");
    check(
        &project,
        &["a.sql", "--server-version", "new"],
        2,
        expect![[r#"
        read as PostgreSQL; --dialect says otherwise
        error: "new" is no version [R0601]
          help: write it like 15 or 10.11
    "#]],
    );
}

#[test]
fn the_rules_are_listed_and_the_form_for_code_scanning_is_whole() {
    let project = Project::new();
    let listed = lint(&project, &["--rules", "--json"]);
    let rules: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    assert!(rules.as_array().unwrap().len() > 80);
    project.write("a b/ü.sql", ORDERS);
    let run = lint(&project, &["a b", "--dialect", "postgres", "--format", "sarif"]);
    let sarif: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let schema: serde_json::Value = serde_json::from_str(include_str!("sarif/sarif-schema-2.1.0.json")).unwrap();
    let official = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = official.iter_errors(&sarif).map(|error| error.to_string()).collect();
    assert_eq!(wrong, Vec::<String>::new());
    let result = &sarif["runs"][0]["results"][0];
    let driver = &sarif["runs"][0]["tool"]["driver"];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("index-not-concurrent"), Some("error")));
    assert_eq!(
        driver["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"],
        result["ruleId"]
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC.sql");
    let region = &place["region"];
    let numbers: Vec<_> =
        ["startLine", "startColumn", "endLine", "endColumn"].iter().map(|key| region[*key].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 4, 20]);
    assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().len(), 64);
}

/// With a database: sizes lower what is quick, and rows that break a rule to come are shown.
fn with_rows(dialect: Dialect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let rows = "CREATE TABLE customers (id int PRIMARY KEY, email varchar(20));\
                INSERT INTO customers VALUES (1, 'a'), (2, 'a'), (3, NULL);";
    runtime.block_on(async { database.connect().await.batch(rows).await.unwrap() });
    let project = Project::new();
    let not_null = match dialect {
        Dialect::Postgres => "ALTER TABLE customers ALTER COLUMN email SET NOT NULL;\n",
        Dialect::Mysql => "ALTER TABLE customers MODIFY COLUMN email varchar(20) NOT NULL;\n",
        Dialect::Sqlite => "ALTER TABLE customers ADD COLUMN age int NOT NULL;\n",
    };
    project.write("a.sql", &format!("CREATE UNIQUE INDEX i ON customers (email);\n{not_null}"));
    let url = database.url().expose();
    let run = lint(&project, &["a.sql", "--url", &url, "--json"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let findings = value["findings"].as_array().unwrap();
    let broken: Vec<_> = findings.iter().filter(|finding| finding["code"] == "violated-by-data").collect();
    assert_eq!(broken.len(), 2, "{}", run.stdout);
    assert_eq!(broken[0]["rows"][0], "email = a, rows_with_it = 2");
    assert!(broken[1]["rows"].to_string().contains("id = "), "{}", run.stdout);
    // PostgreSQL has not looked at the table yet; how many rows there are is a guess from its bytes.
    let size = if dialect == Dialect::Postgres { "(fewer than a thousand rows)" } else { "(3 rows)" };
    let sized = findings.iter().filter(|finding| finding["message"].as_str().unwrap().contains(size));
    assert!(sized.clone().all(|finding| finding["level"] == "style"), "{}", run.stdout);
    assert!(dialect != Dialect::Postgres || sized.count() > 0, "{}", run.stdout);
    // What an earlier statement of the file corrects is not held against it.
    let corrected = "DELETE FROM customers WHERE id > 1;\nCREATE UNIQUE INDEX i ON customers (email);\n";
    project.write("b.sql", corrected);
    let run = lint(&project, &["b.sql", "--url", &url, "--json"]);
    assert!(!run.stdout.contains("violated-by-data"), "{}", run.stdout);
}

#[test]
fn rows_decide_on_sqlite() {
    with_rows(Dialect::Sqlite);
}

#[test]
fn rows_decide_on_postgres() {
    with_rows(Dialect::Postgres);
}

#[test]
fn rows_decide_on_mysql() {
    with_rows(Dialect::Mysql);
}

#[test]
fn the_declared_application_is_not_broken_unseen() {
    let project = Project::new();
    project.sqlite("app.db", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT)");
    let lock = project.ok(&["schema", "inspect", "sqlite:app.db", "--format", "lock"]).stdout;
    project.write("schema.lock", &lock);
    project.write("a.sql", "ALTER TABLE notes DROP COLUMN body;\n");
    let run = lint(&project, &["a.sql", "--app", "schema.lock", "--dialect", "sqlite", "--json"]);
    assert_eq!(hazards(&run), ["breaks-application", "drop-column"]);
}

/// What was planned may still block: `migrate new` says so, with the types of the schema that it starts from.
#[test]
fn a_new_migration_is_looked_at() {
    let project = Project::new();
    project.write("a.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);");
    let arguments = |name: &'static str| ["migrate", "new", name, "--from", "a.sql", "--url", "sqlite:app.db"];
    let first = project.ok(&arguments("first"));
    assert!(!first.stderr.contains("warning["), "{}", first.stderr);
    project.write("a.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body NUMERIC);");
    let second = project.run(&[&arguments("second")[..], &["--accept-loss"]].concat());
    assert!(second.stderr.contains("warning[affinity-change]"), "{}{}", second.stdout, second.stderr);
}
