//! apply(plan(a, b)) on a database of schema a gives b; a second plan is empty; the data is kept.

use std::path::Path;

use relata_plan::PlanOptions;
use relata_schema::change::{Plan, Rename};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_schema::{Diagnostic, Dialect};
use relata_sql::{Connection, Value};

use crate::harness::{block_on, loaded, rows, schema};

/// What a migration gave.
pub struct Outcome {
    /// The migrated database.
    pub connection: Box<dyn Connection>,
    /// How.
    pub plan: Plan,
    /// What the planner said.
    pub diagnostics: Vec<Diagnostic>,
}

/// Migrates a database of `old` (with its rows) to `new`, and expects to find `new` there and nothing more to do.
pub fn migrate_with(old: &str, new: &str, options: &PlanOptions) -> Outcome {
    let mut connection = loaded(old);
    let from = schema(&mut *connection);
    let to = schema(&mut *loaded(new));
    let (plan, diagnostics) = relata_plan::plan(&from, &to, options);
    let script = plan.script();
    block_on(connection.batch(&script)).unwrap_or_else(|error| panic!("{error}\n{script}"));
    let reached = schema(&mut *connection);
    let (again, _) = relata_plan::plan(&reached, &to, &PlanOptions::default());
    assert!(again.is_empty(), "not converged: {}\nafter\n{script}", again.script());
    assert_eq!(rows(&mut *connection, "PRAGMA foreign_keys"), [[Value::Int(1)]]);
    assert_eq!(rows(&mut *connection, "PRAGMA legacy_alter_table"), [[Value::Int(0)]]);
    assert_eq!(rows(&mut *connection, "SELECT count(*) FROM temp.sqlite_schema"), [[Value::Int(0)]]);
    assert!(!connection.in_transaction());
    Outcome { connection, plan, diagnostics }
}

/// [`migrate_with`] no options; gives the plan and there and back again.
fn migrate(old: &str, new: &str) -> Outcome {
    migrate_with(new, old, &PlanOptions::default());
    migrate_with(old, new, &PlanOptions::default())
}

fn values(connection: &mut dyn Connection, sql: &str) -> String {
    let show = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let rows = rows(connection, sql);
    rows.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(",")).collect::<Vec<_>>().join(";")
}

const SHOP: &str = "
CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, mail TEXT, age INT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT NOT NULL REFERENCES customer ON DELETE CASCADE, total INT);
CREATE INDEX orders_customer ON orders (customer);
CREATE INDEX big_orders ON orders(total)  WHERE total  >  100;
CREATE VIEW spent AS SELECT c.name, sum(o.total) AS total FROM customer c JOIN orders o ON o.customer = c.id GROUP BY c.id;
CREATE VIEW rich AS SELECT * FROM spent WHERE total > 1000;
CREATE TRIGGER no_free AFTER INSERT ON orders WHEN new.total = 0 BEGIN DELETE FROM orders WHERE id = new.id; END;
CREATE TRIGGER forget AFTER DELETE ON customer BEGIN DELETE FROM orders WHERE customer = old.id; END;
";

const ROWS: &str = "
INSERT INTO customer VALUES (1, 'Ann', 'a@x', 30), (2, 'Bob', NULL, NULL), (9, 'Eve', 'e@x', 20);
DELETE FROM customer WHERE id = 9;
INSERT INTO orders VALUES (1, 1, 100), (2, 1, 2000), (3, 2, 5);
";

fn shop_with(change: impl Fn(String) -> String) -> Outcome {
    migrate(&format!("{SHOP}{ROWS}"), &change(SHOP.to_string()))
}

#[test]
fn equal_schemas_need_no_plan() {
    assert!(shop_with(|sql| sql).plan.is_empty());
}

#[test]
fn a_rebuild_keeps_rows_counter_indexes_triggers_and_views() {
    let mut done =
        shop_with(|sql| sql.replace("mail TEXT, age INT", "mail VARCHAR(80) NOT NULL DEFAULT 'none', age BIGINT"));
    expect_test::expect![[r#"
        PRAGMA foreign_keys = OFF;
        BEGIN IMMEDIATE;
        CREATE TEMP TABLE relata_foreign_keys (before INTEGER, after INTEGER, CONSTRAINT foreign_keys_are_violated CHECK (after <= before));
        INSERT INTO relata_foreign_keys (before) VALUES ((SELECT count(*) FROM pragma_foreign_key_check('orders')));
        CREATE TABLE relata_new_customer (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          name TEXT NOT NULL,
          mail VARCHAR(80) NOT NULL DEFAULT 'none',
          age BIGINT
        );
        INSERT INTO relata_new_customer (id, name, mail, age) SELECT id, name, coalesce(mail, 'none'), age FROM customer;
        DELETE FROM sqlite_sequence WHERE name = 'relata_new_customer';
        INSERT INTO sqlite_sequence (name, seq) SELECT 'relata_new_customer', seq FROM sqlite_sequence WHERE name = 'customer';
        DROP TABLE customer;
        PRAGMA legacy_alter_table = ON;
        ALTER TABLE relata_new_customer RENAME TO customer;
        PRAGMA legacy_alter_table = OFF;
        CREATE TRIGGER forget AFTER DELETE ON customer BEGIN DELETE FROM orders WHERE customer = old.id; END;
        UPDATE relata_foreign_keys SET after = (SELECT count(*) FROM pragma_foreign_key_check('orders'));
        DROP TABLE temp.relata_foreign_keys;
        COMMIT;
        PRAGMA foreign_keys = ON;
    "#]].assert_eq(&done.plan.script());
    let connection = &mut *done.connection;
    assert_eq!(values(connection, "SELECT * FROM customer"), "1,Ann,a@x,30;2,Bob,none,Null");
    assert_eq!(values(connection, "SELECT * FROM rich"), "Ann,2100");
    assert_eq!(values(connection, "SELECT count(*) FROM orders"), "3");
    assert_eq!(values(connection, "INSERT INTO customer (name) VALUES ('Zoe') RETURNING id"), "10");
    assert_eq!(values(connection, "DELETE FROM customer WHERE id = 1 RETURNING id"), "1");
    assert_eq!(values(connection, "SELECT id FROM orders"), "3");
    assert_eq!(done.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>(), ["sqlite-null-replaced"]);
}

#[test]
fn columns_come_and_go_in_place() {
    let old = "CREATE TABLE t (id INTEGER PRIMARY KEY, mail TEXT, age INT)";
    let new =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, age INT, zip TEXT DEFAULT 'x' NOT NULL, friend INT REFERENCES t (id))";
    let mut done = migrate(&format!("{old}; INSERT INTO t VALUES (1, 'a@x', 30)"), new);
    expect_test::expect![[r#"
        BEGIN IMMEDIATE;
        ALTER TABLE t DROP COLUMN mail;
        ALTER TABLE t ADD COLUMN zip TEXT NOT NULL DEFAULT 'x';
        ALTER TABLE t ADD COLUMN friend INT REFERENCES t (id);
        COMMIT;
    "#]]
    .assert_eq(&done.plan.script());
    assert_eq!(values(&mut *done.connection, "SELECT * FROM t"), "1,30,x,Null");
    let lost: Vec<_> = done.plan.steps.iter().filter_map(|step| step.loses.as_deref()).collect();
    assert_eq!(lost, ["the values of t.mail"]);
}

/// SQLite's `DROP COLUMN` fails if any view or trigger is broken, for whatever reason: then the table is written anew.
#[test]
fn columns_go_whatever_views_there_are() {
    let broken = "CREATE VIEW broken AS SELECT * FROM nowhere; CREATE TRIGGER lost AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (1); END;";
    let old = format!("CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 2); {broken}");
    let mut done = migrate(&old, &format!("CREATE TABLE t (a); {broken}"));
    assert_eq!(values(&mut *done.connection, "SELECT * FROM t"), "1");
    assert_eq!(
        done.plan.steps.iter().filter_map(|step| step.loses.as_deref()).collect::<Vec<_>>(),
        ["the values of t.b"]
    );
}

#[test]
fn comments_at_the_end_of_views_swallow_nothing() {
    let old = "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t";
    let done = migrate(old, "CREATE TABLE t (a); CREATE VIEW v AS SELECT a + 1 FROM t -- more\n;");
    let statements = relata_schema::script::split(Dialect::Sqlite, &done.plan.script());
    assert!(statements[2].ends_with("FROM t"), "{statements:?}");
}

#[test]
fn renames_are_renames() {
    let customer = ObjectName::bare("customer");
    let renames = vec![
        Rename { from: ObjectKey::of(ObjectKind::Table, &customer), to: ObjectName::bare("client") },
        Rename { from: ObjectKey::member(ObjectKind::Column, &customer, "name"), to: ObjectName::bare("called") },
    ];
    let new = SHOP
        .replace("name", "called")
        .replace("customer (", "client (")
        .replace("REFERENCES customer", "REFERENCES client");
    let new = new.replace("FROM customer", "FROM client").replace("ON customer", "ON client");
    let options = PlanOptions { renames, ..PlanOptions::default() };
    let mut done = migrate_with(&format!("{SHOP}{ROWS}"), &new, &options);
    expect_test::expect![[r#"
        BEGIN IMMEDIATE;
        DROP VIEW spent;
        DROP VIEW rich;
        DROP TRIGGER forget;
        ALTER TABLE customer RENAME TO client;
        ALTER TABLE client RENAME COLUMN name TO called;
        CREATE VIEW rich AS SELECT * FROM spent WHERE total > 1000;
        CREATE VIEW spent AS SELECT c.called, sum(o.total) AS total FROM client c JOIN orders o ON o.customer = c.id GROUP BY c.id;
        CREATE TRIGGER forget AFTER DELETE ON client BEGIN DELETE FROM orders WHERE customer = old.id; END;
        COMMIT;
    "#]].assert_eq(&done.plan.script());
    assert_eq!(values(&mut *done.connection, "SELECT called FROM client"), "Ann;Bob");
    assert_eq!(values(&mut *done.connection, "SELECT * FROM rich"), "Ann,2100");
}

#[test]
fn names_that_differ_in_case_only_are_the_same_table() {
    let new = SHOP.replace("customer (id", "Customer (id").replace("mail", "Mail");
    let mut done = migrate_with(&format!("{SHOP}{ROWS}"), &new, &PlanOptions::default());
    assert_eq!(values(&mut *done.connection, "SELECT Mail FROM Customer"), "a@x;Null");
    assert!(done.plan.steps.iter().all(|step| step.loses.is_none()), "{}", done.plan.script());
}

#[test]
fn cycles_of_foreign_keys_come_and_go() {
    let cycle = "CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a);";
    migrate(&format!("{cycle} INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1;"), "");
    let changed = cycle.replace("b INT REFERENCES b", "b INT REFERENCES b ON DELETE SET NULL");
    let rows = "INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1;";
    let mut done = migrate(&format!("{cycle}{rows}"), &changed);
    assert_eq!(values(&mut *done.connection, "SELECT * FROM a, b"), "1,1,1,1");
}

#[test]
fn dropping_a_parent_keeps_the_rows_of_its_children() {
    let old = format!("{SHOP}{ROWS}");
    let new = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INT NOT NULL, total INT);";
    let mut done = migrate(&old, new);
    assert_eq!(values(&mut *done.connection, "SELECT count(*) FROM orders"), "3");
}

#[test]
fn violated_foreign_keys_stop_the_change_and_nothing_is_kept() {
    let old = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INT); INSERT INTO b VALUES (7);";
    let new = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INT REFERENCES a);";
    let mut connection = loaded(old);
    let from = schema(&mut *connection);
    let (plan, _) = relata_plan::plan(&from, &schema(&mut *loaded(new)), &PlanOptions::default());
    let error = block_on(connection.batch(&plan.script())).unwrap_err();
    assert_eq!(error.details().constraint.as_deref(), Some("foreign_keys_are_violated"));
    block_on(connection.reset()).unwrap();
    assert_eq!(schema(&mut *connection), from);
}

#[test]
fn everything_to_nothing_and_back() {
    let everything = include_str!("everything.sql");
    migrate("", everything);
    migrate(SHOP, everything);
}

#[test]
fn kinds_of_tables_change() {
    for (old, new) in [
        ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT"),
        ("CREATE TABLE t (a TEXT PRIMARY KEY, b)", "CREATE TABLE t (a TEXT PRIMARY KEY NOT NULL, b) WITHOUT ROWID"),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)"),
        ("CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, c AS (a || b), d INT GENERATED ALWAYS AS (a + 1) STORED)"),
        ("CREATE TABLE t (a INT CHECK (a > 0), b)", "CREATE TABLE t (a INT CHECK (a >= 0), b, UNIQUE (a, b))"),
        ("CREATE TABLE t (a TEXT)", "CREATE VIEW t AS SELECT 1 AS a"),
        ("CREATE VIRTUAL TABLE t USING fts5(a, b)", "CREATE VIRTUAL TABLE t USING fts5(a, b, tokenize = 'porter')"),
        (
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a); CREATE TABLE u (a); CREATE INDEX i ON u (a)",
        ),
        (
            "CREATE TABLE t (a COLLATE NOCASE, PRIMARY KEY (a))",
            "CREATE TABLE t (a, PRIMARY KEY (a DESC) ON CONFLICT IGNORE)",
        ),
        ("CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX i ON t (a COLLATE binary)"),
    ] {
        migrate(old, new);
    }
    let old = "CREATE VIRTUAL TABLE t USING fts5(a, b); INSERT INTO t (rowid, a, b) VALUES (7, 'walking', 'x')";
    let mut done = migrate(old, "CREATE VIRTUAL TABLE t USING fts5(a, b, tokenize = 'porter')");
    assert_eq!(values(&mut *done.connection, "SELECT rowid, a FROM t WHERE t MATCH 'walk'"), "7,walking");
}

#[test]
fn references_keep_their_letters() {
    let parents = "CREATE TABLE Parent (Id INTEGER PRIMARY KEY, Name TEXT UNIQUE)";
    let child = |a: &str, b: &str, ty: &str| {
        format!("{parents}; CREATE TABLE child (a {ty} REFERENCES {a}, b TEXT REFERENCES {b} ON DELETE SET NULL)")
    };
    let old = child("PARENT", "parent (NAME)", "INT");
    let mut done = migrate(&old, &child("PARENT", "parent (NAME)", "INTEGER"));
    let references = "SELECT \"table\", \"to\" FROM pragma_foreign_key_list('child') ORDER BY id";
    assert_eq!(values(&mut *done.connection, references), "parent,NAME;PARENT,Null");
    migrate(&old, &child("Parent", "Parent (Name)", "INT"));
    migrate(&old, &child("parent (ID)", "PARENT (name)", "INTEGER"));
    migrate(&old, &old.replace("TABLE Parent", "TABLE parent"));
}

#[test]
fn types_that_are_no_words() {
    let old = "CREATE TABLE t (id INTEGER PRIMARY KEY, a \"weird-type\", b enum, c \"long \"\"varchar\"); INSERT INTO t VALUES (1, 2, 3, 4)";
    let mut done = migrate(
        old,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a \"set\", b \"enum('x','y')\" NOT NULL, c \"long \"\"varchar\")",
    );
    assert_eq!(values(&mut *done.connection, "SELECT * FROM t"), "1,2,3,4");
}

#[test]
fn row_numbers_are_kept() {
    let old = "CREATE TABLE t (a TEXT, b INT); INSERT INTO t (rowid, a, b) VALUES (5, 'x', 1), (3, 'y', 2)";
    let mut done = migrate(old, "CREATE TABLE t (a VARCHAR(9), b INT)");
    assert_eq!(values(&mut *done.connection, "SELECT rowid, a FROM t"), "3,y;5,x");
}

#[test]
fn nothing_is_dropped_when_drops_are_not_allowed() {
    let mut connection = loaded(&format!("{SHOP}{ROWS}"));
    let from = schema(&mut *connection);
    let to = schema(&mut *loaded("CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, extra)"));
    let options = PlanOptions { drops: false, ..PlanOptions::default() };
    let (plan, diagnostics) = relata_plan::plan(&from, &to, &options);
    block_on(connection.batch(&plan.script())).unwrap();
    assert!(plan.steps.iter().all(|step| step.loses.is_none()));
    assert_eq!(diagnostics.iter().filter(|found| found.code == "kept").count(), 6);
    assert_eq!(values(&mut *connection, "SELECT count(*), count(mail) FROM customer"), "2,1");
    assert_eq!(values(&mut *connection, "SELECT count(*) FROM orders"), "3");
}

#[test]
fn what_may_fail_is_said_before() {
    let done = migrate_with(
        "CREATE TABLE t (a TEXT, b TEXT, d TEXT)",
        "CREATE TABLE t (a TEXT NOT NULL, b TEXT UNIQUE CHECK (b <> ''), c INT NOT NULL, d DATE)",
        &PlanOptions::default(),
    );
    let said: Vec<_> = done.diagnostics.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        warning[sqlite-not-null-may-fail]: t.a becomes NOT NULL: the change fails if a row has NULL there
          in table t
          help: fill the column first, or give it a default
        warning[sqlite-new-column-needs-value]: t.c is NOT NULL and has no default: the change fails if the table has rows
          in table t
          help: give it a default, or add it nullable, fill it, then make it NOT NULL
        warning[sqlite-text-may-stay]: t.d becomes DATE: SQLite leaves text that is none as it is, and reading it fails
          in table t
          help: look for such values first; a STRICT table would refuse them
        warning[sqlite-unique-may-fail]: a key of t changes: the change fails if two rows have the same key
          in table t
          help: look for duplicates first
        warning[sqlite-check-may-fail]: CHECK (b <> '') on t fails the change if a row violates it
          in table t
          help: correct such rows first"#]].assert_eq(&said.join("\n"));
}

/// The pairs of schemas kept beside the project, where they are.
#[test]
fn real_changes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/pairs-three/sqlite");
    let Ok(cases) = std::fs::read_dir(&folder) else {
        return eprintln!("skipped: there is no {}", folder.display());
    };
    for case in cases {
        let read = |name: &str| std::fs::read_to_string(case.as_ref().unwrap().path().join(name)).unwrap();
        migrate(&read("old.sql"), &read("new.sql"));
    }
}

#[test]
fn a_plan_is_a_script_of_whole_statements() {
    let plan = shop_with(|sql| sql.replace("total INT", "total BIGINT")).plan;
    assert_eq!(relata_schema::script::split(Dialect::Sqlite, &plan.script()), plan.statements());
}
