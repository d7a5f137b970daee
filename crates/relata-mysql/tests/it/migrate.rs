//! The law: a database of one schema to which the plan is applied has the other schema, a second plan is empty, and the
//! data that can stay has stayed.

use relata_plan::{PlanOptions, plan};
use relata_schema::Schema;
use relata_sql::driver::Connection;

use crate::round_trip::everything_in_order;
use crate::server::{Database, block_on, introspect, is_mysql, lacks, load, query, shared, spelled, value};
use relata_sql::Value;

/// Applies the plan from one script's schema to the other's; gives back the statements and the connection.
pub fn migrate(old: &str, new: &str) -> (Vec<String>, Database, Box<dyn Connection>) {
    migrate_as(old, new, &PlanOptions::default())
}

fn migrate_as(old: &str, new: &str, options: &PlanOptions) -> (Vec<String>, Database, Box<dyn Connection>) {
    let (first, second) = (Database::create(), Database::create());
    let (mut here, mut there) = (first.connect(), second.connect());
    load(&mut *here, old);
    load(&mut *there, new);
    let (from, to) = (introspect(&mut *here), introspect(&mut *there));
    let statements = apply(&mut *here, &from, &to, options);
    let reached = introspect(&mut *here);
    let (again, _) = plan(&reached, &to, &PlanOptions::default());
    assert!(again.is_empty(), "not reached by\n{}\nbut needs\n{}", statements.join(";\n"), again.script());
    assert_eq!(unordered(&reached), unordered(&to), "{}", statements.join(";\n"));
    (statements, first, here)
}

/// Runs the plan, and asks before and after each step whether it was done.
fn apply(connection: &mut dyn Connection, from: &Schema, to: &Schema, options: &PlanOptions) -> Vec<String> {
    let (plan, diagnostics) = plan(from, to, options);
    let refused = |found: &relata_schema::Diagnostic| found.severity == relata_schema::Severity::Error;
    assert!(!diagnostics.iter().any(refused), "{diagnostics:?}");
    for step in &plan.steps {
        assert!(!step.transactional && !step.done_probe.is_empty(), "{step:?}");
        let sql = &step.sql;
        // Rows may need no filling; everything else is asked for because it is not so yet.
        if !sql.starts_with("UPDATE") {
            let before = value(connection, &step.done_probe);
            assert_eq!(before, Value::Int(0), "not done, and the probe says it is\n{}\n{}", step.sql, step.done_probe);
        }
        block_on(connection.batch(sql)).unwrap_or_else(|error| panic!("{error}\n{sql}\n\nof\n{}", plan.script()));
        let done = value(connection, &step.done_probe);
        // What no view of the catalogue shows is done twice rather than not at all.
        let seen = i64::from(step.done_probe != "SELECT 0");
        assert_eq!(done, Value::Int(seen), "{}\n{}", step.sql, step.done_probe);
    }
    plan.statements()
}

/// The schema with the columns of tables in the order of their names.
fn unordered(schema: &Schema) -> String {
    let mut schema = schema.clone();
    for table in &mut schema.tables {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
    }
    relata_schema::lock::write(&schema)
}

fn both_ways(old: &str, new: &str) {
    migrate(old, new);
    migrate(new, old);
}

#[test]
fn everything_comes_and_goes() {
    let everything = everything_in_order();
    both_ways("", everything);
    assert_eq!(migrate(everything, everything).0, Vec::<String>::new());
}

#[test]
fn columns() {
    let old = "CREATE TABLE t (id int NOT NULL, a int, b varchar(10) NOT NULL DEFAULT 'x', c int AS (a + 1) VIRTUAL, d text,
        e int CHECK (e > 0), f timestamp NOT NULL DEFAULT current_timestamp(), g int AS (a * 2) STORED, h json, i int, KEY by_c (c), KEY by_i (i))";
    let new = "CREATE TABLE t (z int FIRST_, id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, a int COMMENT 'it''s', b varchar(300),
        c int AS (a + 2) STORED, dd text, e int CHECK (e > 1), f datetime(6) NULL ON UPDATE current_timestamp(6), g int, h longtext,
        i int AS (a + 3) VIRTUAL INVISIBLE, KEY by_c (c), KEY by_i (i))".replace(" FIRST_", "");
    both_ways(old, &new);
}

#[test]
fn what_only_aria_reads_does_not_stay() {
    if is_mysql() {
        return;
    }
    let old = "CREATE TABLE a (x int) ENGINE=Aria PAGE_CHECKSUM=0; CREATE TABLE b (x int) ENGINE=Aria TRANSACTIONAL=0 PAGE_CHECKSUM=1;
        CREATE TABLE c (x int) ENGINE=InnoDB; CREATE TABLE d (x int) ENGINE=MyISAM CHECKSUM=1";
    let new = "CREATE TABLE a (x int) ENGINE=InnoDB; CREATE TABLE b (x int) ENGINE=MyISAM;
        CREATE TABLE c (x int) ENGINE=Aria PAGE_CHECKSUM=0; CREATE TABLE d (x int) ENGINE=Aria TRANSACTIONAL=1";
    both_ways(old, new);
}

#[test]
fn keys_and_indexes() {
    let old = "CREATE TABLE t (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, a int NOT NULL, b varchar(20), c text, p point NOT NULL,
        KEY one (a), UNIQUE KEY two (b), KEY three (a, b), FULLTEXT KEY words (c), KEY swap_a (a DESC), KEY swap_b (b(3)), KEY seen (id, a))";
    let new = "CREATE TABLE t (id int NOT NULL, a int NOT NULL PRIMARY KEY, b varchar(20), c text, p point NOT NULL,
        KEY uno (a), KEY two (b), KEY three (b, a), FULLTEXT KEY texts (c), KEY swap_b (a DESC), KEY swap_a (b(3)), SPATIAL KEY places (p),
        KEY seen (id, a) COMMENT 'x' IGNORED, UNIQUE KEY long_one (c))";
    // Only MariaDB keeps long texts apart.
    both_ways(old, &if is_mysql() { spelled(new).replace("long_one (c)", "long_one (c(99))") } else { new.into() });
}

#[test]
fn an_index_that_is_only_renamed_or_ignored_is_kept() {
    let old = "CREATE TABLE t (a int, b int, KEY one (a), KEY two (b))";
    let new = "CREATE TABLE t (a int, b int, KEY uno (a), KEY two (b) IGNORED)";
    let expected = ["ALTER TABLE t\n  RENAME KEY `one` TO uno,\n  ALTER INDEX two IGNORED"];
    assert_eq!(migrate(old, &spelled(new)).0, expected.map(|sql| spelled(&sql.replace('`', ""))));
}

#[test]
fn foreign_keys_step_aside() {
    let old = "CREATE TABLE p (id int PRIMARY KEY, code varchar(5) UNIQUE KEY);
        CREATE TABLE c (id int PRIMARY KEY, p int, code varchar(5), KEY by_p (p), CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id),
            CONSTRAINT c_code FOREIGN KEY (code) REFERENCES p (code))";
    let new = "CREATE TABLE p (id bigint unsigned PRIMARY KEY, code varchar(9) CHARACTER SET utf8mb4, UNIQUE KEY other_code (code)) ;
        CREATE TABLE c (id int PRIMARY KEY, p bigint unsigned, code varchar(9) CHARACTER SET utf8mb4, KEY by_p_and_id (p, id),
            CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id), CONSTRAINT c_code FOREIGN KEY (code) REFERENCES p (code) ON DELETE CASCADE)";
    both_ways(old, new);
}

#[test]
fn indexes_that_the_server_made_for_foreign_keys_stay() {
    let parent = "CREATE TABLE p (id int PRIMARY KEY);";
    let child = |id: &str, rest: &str| format!("{parent} CREATE TABLE c (id {id} PRIMARY KEY, p int, x int, {rest})");
    both_ways(
        &child("int", "CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id)"),
        &child("int", "KEY f (p), KEY wide (p, x), CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id)"),
    );
    both_ways(
        &child("int", "FOREIGN KEY (p) REFERENCES p (id)"),
        &child("int", "FOREIGN KEY (x) REFERENCES p (id), FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE"),
    );
    both_ways(
        "CREATE TABLE t (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES t (id))",
        "CREATE TABLE t (id bigint PRIMARY KEY, up bigint, FOREIGN KEY (up) REFERENCES t (id))",
    );
}

#[test]
fn a_column_whose_name_changes_case_keeps_its_values() {
    let old =
        "CREATE TABLE t (Id int PRIMARY KEY, Name varchar(10), KEY by_name (Name)); INSERT INTO t VALUES (1, 'ann')";
    let (statements, _database, mut connection) =
        migrate(old, "CREATE TABLE t (id int PRIMARY KEY, name varchar(20), KEY by_name (name))");
    assert_eq!(statements.len(), 1);
    assert_eq!(value(&mut *connection, "SELECT name FROM t"), Value::Text("ann".into()));
}

#[test]
fn tables_in_a_circle_come_and_go() {
    let circle = "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id));
        ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id)";
    both_ways(circle, "");
    both_ways(circle, "CREATE TABLE a (id int PRIMARY KEY, b int)");
}

#[test]
fn character_sets_and_options() {
    let old = "CREATE TABLE t (a varchar(10), b text, c varchar(10) CHARACTER SET utf8mb4, d char(3) COLLATE latin1_bin, e enum('x'), f json, KEY (a))
        CHARACTER SET latin1 ROW_FORMAT=COMPRESSED COMMENT='old'";
    let new = "CREATE TABLE t (a varchar(10), b text, c varchar(10), d char(3), e enum('x','y'), f json, KEY (a))
        CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci STATS_PERSISTENT=1 COMMENT='it''s new'";
    both_ways(old, new);
}

#[test]
fn checks_partitions_and_history() {
    both_ways(
        "CREATE TABLE t (id int, at date, CONSTRAINT small CHECK (id < 10), CONSTRAINT old_one CHECK (id > 1), PRIMARY KEY (id))",
        "CREATE TABLE t (id int, at date, CONSTRAINT small CHECK (id < 9), CONSTRAINT new_one CHECK (id > 2), PRIMARY KEY (id, at))
            PARTITION BY RANGE (year(at)) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2010))",
    );
    both_ways(
        "CREATE TABLE t (id int, at date) PARTITION BY RANGE (year(at)) (PARTITION p0 VALUES LESS THAN (2000))",
        "CREATE TABLE t (id int, at date) PARTITION BY RANGE (year(at)) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2010))",
    );
    if lacks("history of rows") {
        return;
    }
    both_ways("CREATE TABLE t (id int)", "CREATE TABLE t (id int, b int) WITH SYSTEM VERSIONING");
    both_ways(
        "CREATE TABLE t (id int) WITH SYSTEM VERSIONING",
        "CREATE TABLE t (id bigint, b int) WITH SYSTEM VERSIONING",
    );
}

#[test]
fn views_routines_triggers_events_sequences() {
    let without_sequences = |script: &str| {
        let of_sequences =
            ["CREATE SEQUENCE s START WITH 5 MAXVALUE 100 CYCLE;", "CREATE SEQUENCE s;", "CREATE SEQUENCE gone;"];
        let script = of_sequences.iter().fold(script.to_string(), |script, statement| script.replace(statement, ""));
        script.replace(" DEFAULT nextval(s)", "")
    };
    let scripts = [
        "CREATE SEQUENCE s; CREATE SEQUENCE gone; CREATE TABLE t (id int); CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
         CREATE VIEW v AS SELECT id, f() AS one FROM t; CREATE VIEW w AS SELECT id FROM v; CREATE VIEW x AS SELECT 1 AS one;
         CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1; CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 2;
         CREATE TRIGGER c BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 3; CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DO 1",
        "CREATE SEQUENCE s START WITH 5 MAXVALUE 100 CYCLE; CREATE TABLE t (id int, n int DEFAULT nextval(s)); CREATE TABLE x (id int);
         CREATE FUNCTION f() RETURNS bigint DETERMINISTIC RETURN 2; CREATE VIEW w AS SELECT id, n FROM t; CREATE SQL SECURITY INVOKER VIEW v AS SELECT id, f() AS one FROM w;
         CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 9; CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 2;
         CREATE TRIGGER d AFTER INSERT ON t FOR EACH ROW DO 1; CREATE EVENT e ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01' DO DO 1",
    ];
    let [old, new] = scripts.map(|script| if is_mysql() { without_sequences(script) } else { script.into() });
    both_ways(&old, &new);
}

/// Pairs whose difference stands in no view of the catalogue, or takes more than one statement.
const PAIRS: &[(&str, &str)] = &[
    (
        "CREATE TABLE t (id int, a int, b int, PRIMARY KEY (id), KEY ka (a) USING BTREE, KEY kb (b))",
        "CREATE TABLE t (id int, a int, b int, PRIMARY KEY (id) USING BTREE COMMENT 'p', KEY ka (a), KEY kb (b) USING BTREE)",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, KEY ka (a)) ENGINE=MyISAM",
        "CREATE TABLE t (id int PRIMARY KEY, a int, KEY ka (a) KEY_BLOCK_SIZE=1024) ENGINE=MyISAM KEY_BLOCK_SIZE=2048",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, KEY ka (a)) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8",
        "CREATE TABLE t (id int PRIMARY KEY, a int, KEY ka (a)) ROW_FORMAT=DYNAMIC",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=0 PAGE_CHECKSUM=0",
        "CREATE TABLE t (id int PRIMARY KEY) ENGINE=Aria ROW_FORMAT=DYNAMIC",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a binary(2) DEFAULT x'ff00', p point REF_SYSTEM_ID=4326)",
        "CREATE TABLE t (id int PRIMARY KEY, a binary(2) DEFAULT 0x41fe, p point)",
    ),
    (
        "CREATE TABLE t (id int, s date NOT NULL, e date NOT NULL)",
        "CREATE TABLE t (id int, s date, e date, PERIOD FOR `p q` (s, e), UNIQUE KEY u (id, `p q` WITHOUT OVERLAPS))",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int)",
        "CREATE TABLE t (id int PRIMARY KEY, a int, s timestamp(6) GENERATED ALWAYS AS ROW START,
            e timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int)",
        "CREATE TABLE t (id int PRIMARY KEY, a int WITH SYSTEM VERSIONING)",
    ),
    (
        "CREATE TABLE t (id int, y int) PARTITION BY RANGE (y) (PARTITION a VALUES LESS THAN (1), PARTITION z VALUES LESS THAN MAXVALUE);
         INSERT INTO t VALUES (1, 0), (2, 5), (3, 50)",
        "CREATE TABLE t (id int, y int) PARTITION BY RANGE (y) (PARTITION b VALUES LESS THAN (10) COMMENT = 'x', PARTITION z VALUES LESS THAN MAXVALUE)",
    ),
    (
        "CREATE TABLE t (y int) PARTITION BY RANGE (y) SUBPARTITION BY HASH (y) (PARTITION a VALUES LESS THAN (1) (SUBPARTITION b, SUBPARTITION c))",
        "CREATE TABLE t (y int) PARTITION BY RANGE (y) SUBPARTITION BY HASH (y) SUBPARTITIONS 3 (PARTITION a VALUES LESS THAN (1))",
    ),
    (
        "CREATE PROCEDURE p() SELECT 1; CREATE TABLE t (id int, a varchar(9)); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;
         CREATE VIEW v AS SELECT 'x' AS x",
        "SET STATEMENT sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT' FOR EXECUTE IMMEDIATE 'CREATE PROCEDURE \"p\"() SELECT ''a'' || ''b''';
         CREATE TABLE t (id int, a varchar(9)); SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR EXECUTE IMMEDIATE
         'CREATE TRIGGER \"g\" BEFORE INSERT ON \"t\" FOR EACH ROW SET NEW.\"a\" = 1'; CREATE VIEW v AS SELECT _latin1'x' AS x;
         SET STATEMENT sql_mode = 'ORACLE' FOR EXECUTE IMMEDIATE 'CREATE PACKAGE k AS FUNCTION f RETURN int; END';
         SET STATEMENT sql_mode = 'ORACLE' FOR EXECUTE IMMEDIATE
         'CREATE PACKAGE BODY k AS FUNCTION f RETURN int AS BEGIN RETURN 1; END; END'",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, b timestamp NULL); INSERT INTO t VALUES (1, NULL, NULL)",
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 7, b timestamp NOT NULL DEFAULT '2001-01-01 00:00:00')",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, s timestamp(6) GENERATED ALWAYS AS ROW START, e timestamp(6) GENERATED ALWAYS AS ROW END,
            PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME (PARTITION h HISTORY, PARTITION c CURRENT)",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b text)",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int) WITH SYSTEM VERSIONING; CREATE TABLE u (id int PRIMARY KEY) WITH SYSTEM VERSIONING",
        "CREATE TABLE t (id int PRIMARY KEY, a int) ENGINE=MyISAM; CREATE TABLE u (id int PRIMARY KEY) ENGINE=Aria WITH SYSTEM VERSIONING",
    ),
    (
        "CREATE TABLE t (id int, c char(3)) PARTITION BY KEY ALGORITHM = 1 (c) PARTITIONS 2; CREATE TABLE u (id int) PARTITION BY LINEAR KEY (id)",
        "CREATE TABLE t (id int, c char(3)) PARTITION BY KEY (c) PARTITIONS 2; CREATE TABLE u (id int) PARTITION BY LINEAR KEY (id) PARTITIONS 1",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, b timestamp NULL, c text, d int); INSERT INTO t VALUES (1, NULL, NULL, NULL, NULL)",
        "CREATE TABLE t (id bigint PRIMARY KEY, a bigint NOT NULL DEFAULT 5000000000, b datetime NOT NULL DEFAULT '2001-01-01 00:00:00',
            c varchar(9) NOT NULL DEFAULT 'x', d bigint DEFAULT 3)",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int AS (a + 1), c timestamp NOT NULL DEFAULT current_timestamp(), d enum('x') COMMENT 'd')",
        "CREATE TABLE t (id int PRIMARY KEY, a int INVISIBLE, b int AS (a + 2) COMMENT 'b', c timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
            d enum('x') CHARACTER SET utf8mb4)",
    ),
];

#[test]
fn pairs_there_and_back() {
    const OF_MARIADB: [&str; 6] =
        ["Aria", "REF_SYSTEM_ID", "PERIOD FOR", "SYSTEM VERSIONING", "SET STATEMENT", "KEY_BLOCK_SIZE=1024"];
    let has = |script: &str| !is_mysql() || !OF_MARIADB.iter().any(|word| script.contains(word));
    for (old, new) in PAIRS.iter().filter(|(old, new)| has(old) && has(new)) {
        both_ways(old, new);
    }
}

/// Pairs about what MySQL alone has.
const PAIRS_ON_MYSQL: &[(&str, &str)] = &[
    (
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), CONSTRAINT c CHECK (a <> 'x'), KEY k ((lower(a))), KEY i (a))",
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(20), CONSTRAINT c CHECK (a <> 'x') NOT ENFORCED, KEY k ((upper(a)) DESC), KEY i (a) INVISIBLE)",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a text, b json, c blob, d varchar(9) AS (concat(id, 'é')) VIRTUAL, p point NOT NULL SRID 4326)",
        "CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT ('é'), b json DEFAULT (json_array(1, 'a''b')), c blob DEFAULT (x'00ff'),
            d varchar(9) AS (concat(id, 'ö')) VIRTUAL, p point NOT NULL SRID 0)",
    ),
    (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id))",
        "CREATE TABLE p (id int PRIMARY KEY);
         CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id) ON DELETE RESTRICT ON UPDATE CASCADE)",
    ),
    ("CREATE VIEW v AS SELECT 1 AS a, 2 AS b", "CREATE VIEW v (x, `y z`) AS SELECT 1, 2"),
    ("CREATE ALGORITHM=MERGE VIEW v AS SELECT 1 AS a", "CREATE ALGORITHM=TEMPTABLE VIEW v AS SELECT 1 AS a"),
    (
        "CREATE TABLE t (a varchar(10), b varchar(10) CHARACTER SET latin1) CHARACTER SET latin1",
        "CREATE TABLE t (a varchar(10), b varchar(10)) CHARACTER SET utf8mb4",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int INVISIBLE, b int AS (a + 1), d enum('x') COMMENT 'd')",
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int AS (a + 2) COMMENT 'b', d enum('x') CHARACTER SET latin1)",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a char(36)); INSERT INTO t VALUES (1, NULL)",
        "CREATE TABLE t (id int PRIMARY KEY, a char(36) NOT NULL DEFAULT (uuid()), b char(36) DEFAULT (uuid()), c binary(16) NOT NULL DEFAULT (uuid_to_bin(uuid())))",
    ),
    (
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int, CONSTRAINT c CHECK (a > b), KEY k ((a + 1)))",
        "CREATE TABLE t (id int PRIMARY KEY, b bigint, CONSTRAINT c CHECK (b > 1), KEY k ((b + 1)))",
    ),
];

/// MariaDB knows no NOT ENFORCED: what MySQL's schema has of it is refused before a statement is written, and the server's own
/// refusal says why.
#[test]
fn what_is_not_enforced_is_refused_on_mariadb() {
    if is_mysql() {
        return eprintln!("SKIPPED on MySQL, which has NOT ENFORCED");
    }
    let database = Database::create();
    let mut connection = database.connect();
    block_on(connection.batch("CREATE TABLE t (id int PRIMARY KEY, a int, CONSTRAINT c CHECK (a > 0))")).unwrap();
    let mut schema = introspect(&mut *connection);
    schema.tables[0].checks[0].not_enforced = true;
    let empty = relata_schema::Schema::new(relata_schema::Dialect::Mysql);
    let (_, found) = relata_plan::plan(&empty, &schema, &relata_plan::PlanOptions::default());
    let said: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(said, ["MariaDB enforces every constraint: c of t cannot be NOT ENFORCED"]);
    assert_eq!(found[0].severity, relata_schema::Severity::Error);
    let refused = block_on(connection.batch("CREATE TABLE u (a int, CONSTRAINT c CHECK (a > 0) NOT ENFORCED)"));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("hint: MariaDB enforces every constraint: leave NOT ENFORCED out"), "{refused}");
}

#[test]
fn a_default_that_nobody_can_repeat_reaches_every_row() {
    if !is_mysql() {
        return eprintln!("SKIPPED on MariaDB: it adds such a column at once");
    }
    let new = "CREATE TABLE t (id int PRIMARY KEY, a char(36) DEFAULT (uuid()), b char(36) NOT NULL DEFAULT (uuid()))";
    let (_, _database, mut connection) =
        migrate("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)", new);
    assert_eq!(value(&mut *connection, "SELECT count(DISTINCT a) + count(DISTINCT b) FROM t"), Value::Int(4));
}

#[test]
fn pairs_of_mysql_there_and_back() {
    if !is_mysql() {
        return eprintln!("SKIPPED on MariaDB: pairs of MySQL");
    }
    for (old, new) in PAIRS_ON_MYSQL {
        both_ways(old, new);
    }
}

#[test]
fn a_sequence_that_gave_no_number_starts_at_its_new_start() {
    if lacks("sequences") {
        return;
    }
    for (used, expected) in [("", 50), ("DO nextval(s);", 101)] {
        let (_, _database, mut connection) =
            migrate(&format!("CREATE SEQUENCE s CACHE 100;{used}"), "CREATE SEQUENCE s START WITH 50 CACHE 100");
        assert_eq!(value(&mut *connection, "SELECT nextval(s)"), Value::Int(expected));
    }
}

#[test]
fn data_stays() {
    let old = "CREATE TABLE p (id int PRIMARY KEY AUTO_INCREMENT, name varchar(10)); INSERT INTO p VALUES (7, 'ann');
        CREATE TABLE c (id int, p int, CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id)); INSERT INTO c VALUES (1, 7);";
    let new = "CREATE TABLE p (id bigint PRIMARY KEY AUTO_INCREMENT, name varchar(90) NOT NULL, age int);
        CREATE TABLE c (id int PRIMARY KEY, p bigint, CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)";
    let (_, _database, mut connection) = migrate(old, new);
    let rows = query(&mut *connection, "SELECT p.id, name, age, c.id FROM p JOIN c ON c.p = p.id", &[]).rows;
    assert_eq!(rows, [[Value::Int(7), Value::Text("ann".into()), Value::Null, Value::Int(1)]]);
    block_on(connection.batch("INSERT INTO p (name) VALUES ('bob')")).unwrap();
    assert_eq!(value(&mut *connection, "SELECT max(id) FROM p"), Value::Int(8));
}

#[test]
fn a_default_of_the_new_type_fills_what_was_null() {
    let old = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int DEFAULT 4);
        INSERT INTO t VALUES (1, NULL, NULL, NULL), (2, 2, 2, 2)";
    let new = "CREATE TABLE t (id int PRIMARY KEY, a bigint NOT NULL DEFAULT 5000000000, b varchar(9) NOT NULL DEFAULT 'none',
        c bigint DEFAULT 4)";
    let (_, _database, mut connection) = migrate(old, new);
    let rows = query(&mut *connection, "SELECT concat_ws(' ', a, b, c) FROM t ORDER BY id", &[]).rows;
    assert_eq!(rows, [[Value::Text("5000000000 none".into())], [Value::Text("2 2 2".into())]]);
}

#[test]
fn what_notes_the_time_of_a_change_does_not_note_a_default() {
    let table =
        |n: &str| format!("CREATE TABLE t (id int PRIMARY KEY, n int {n}, at datetime DEFAULT now() ON UPDATE now());");
    let rows = "INSERT INTO t VALUES (1, NULL, '2020-01-01'), (2, 2, '2020-01-01')";
    let (_, _database, mut connection) = migrate(&(table("") + rows), &table("NOT NULL DEFAULT 4"));
    assert_eq!(value(&mut *connection, "SELECT count(*) FROM t WHERE at = '2020-01-01' AND n > 0"), Value::Int(2));
}

/// What is put back of a column comes between the two statements.
#[test]
fn on_the_way_back_columns_come_before_what_asks_for_them() {
    let without = "CREATE TABLE t (id int PRIMARY KEY, b int NOT NULL, UNIQUE KEY (b))";
    let with = "CREATE TABLE t (id int NOT NULL, a int NOT NULL CHECK (a > 0), b int NOT NULL, c int NOT NULL,
        PRIMARY KEY (id, c), UNIQUE KEY (a), UNIQUE KEY (b), CONSTRAINT in_order CHECK (a < c), KEY c (c))";
    let back = PlanOptions { back: true, ..PlanOptions::default() };
    let (statements, _, _) = migrate_as(without, with, &back);
    let [come, asked] = &statements[..] else { panic!("{statements:?}") };
    assert!(
        come.contains("ADD COLUMN a int") && come.contains("ADD COLUMN c int") && come.contains("ADD KEY c"),
        "{come}"
    );
    let later = ["CHECK (", "ADD UNIQUE KEY a (a)", "ADD PRIMARY KEY (id, c)", "ADD CONSTRAINT in_order"];
    assert!(later.iter().all(|part| asked.contains(part) && !come.contains(part)), "{come};\n{asked}");
    assert_eq!(migrate(without, with).0.len(), 1, "nothing is put back on the way up");
}

/// Partitions by a column that comes back wait for its values, together with the key that holds it.
#[test]
fn on_the_way_back_partitions_wait_for_their_columns() {
    let without =
        "CREATE TABLE t (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (year(at))
        (PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE)";
    let with = "CREATE TABLE t (id int NOT NULL, at date NOT NULL, k int NOT NULL, PRIMARY KEY (id, k))
        PARTITION BY LIST (k) (PARTITION a VALUES IN (1, 2), PARTITION b VALUES IN (0))";
    let back = PlanOptions { back: true, ..PlanOptions::default() };
    let (statements, _, _) = migrate_as(without, with, &back);
    let [come, asked] = &statements[..] else { panic!("{statements:?}") };
    assert!(come.contains("ADD COLUMN k int") && !come.contains("PARTITION"), "{come}");
    assert!(asked.contains("PRIMARY KEY (id, k)") && asked.contains("PARTITION BY LIST"), "{asked}");
}

#[test]
fn cases_beside_the_repository() {
    let Some(_) = shared("cases/README.md") else { return };
    let root =
        std::env::var("RELATA_SHARED").unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/").into());
    for case in std::fs::read_dir(root + "cases/pairs-three/mysql").unwrap() {
        let path = case.unwrap().path();
        let text = |name: &str| std::fs::read_to_string(path.join(name)).unwrap();
        both_ways(&text("old.sql"), &text("new.sql"));
    }
}
