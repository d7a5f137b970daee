//! The rules' own examples, run; the registry; and what rules have to agree on.

use std::fmt::Write as _;

use relata_schema::Dialect;
use relata_schema::model::{Column, ObjectName, Table};

use super::{Example, File, Finding, Level, Options, Rule, lint, rules};

fn look(dialect: Dialect, text: &str, change: impl FnOnce(&mut File<'_>, &mut Options)) -> Vec<Finding> {
    let mut file = File { text, checked: true, ..File::default() };
    let mut options = Options { dialect, ..Options::default() };
    change(&mut file, &mut options);
    lint(&[file], &options)
}

/// The hazards of a file as the `psql` of this world runs it.
fn hazards(dialect: Dialect, text: &str) -> Vec<&'static str> {
    let found = look(dialect, text, |_, _| {});
    found.into_iter().filter(|finding| finding.level == Level::Hazard).map(|finding| finding.code).collect()
}

fn application() -> relata_schema::Schema {
    let column = |name: &str| Column { name: name.into(), ..Column::default() };
    let name = ObjectName { namespace: String::new(), name: "orders".into() };
    let table = Table { name, columns: vec![column("id"), column("note")], ..Table::default() };
    relata_schema::Schema { tables: vec![table], ..Default::default() }
}

fn run(rule: &Rule, example: &Example) -> Vec<Finding> {
    look(example.dialect, &example.sql, |file, options| {
        let has = |word: &str| example.words.iter().any(|found| found == word);
        file.in_transaction = has("transaction");
        file.has_reverse = has("folder").then_some(false);
        file.repeatable = has("repeatable");
        options.application = has("application").then(application);
        if rule.level == Level::Off {
            options.levels.insert(rule.code.into(), Level::Style);
        }
    })
}

#[test]
fn each_rule_is_documented_and_its_examples_hold() {
    let mut wrong = String::new();
    for rule in rules::ALL {
        let examples = rule.examples();
        for bad in [true, false] {
            if !examples.iter().any(|example| example.bad == bad) {
                writeln!(wrong, "{}: no {} example", rule.code, if bad { "bad" } else { "good" }).unwrap();
            }
        }
        for example in examples.iter().filter(|example| !example.words.iter().any(|word| word == "live")) {
            let found = run(rule, example);
            let own = found.iter().any(|finding| finding.code == rule.code);
            let others: Vec<_> =
                found.iter().filter(|finding| finding.level == Level::Hazard).map(|finding| finding.code).collect();
            if own != example.bad {
                writeln!(wrong, "{}: {}found in\n{}", rule.code, if own { "" } else { "not " }, example.sql).unwrap();
            } else if !example.bad && !others.is_empty() {
                writeln!(wrong, "{}: {others:?} in the good example\n{}", rule.code, example.sql).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Half a file is no reason to fail, in any dialect: editors lint while people type.
#[test]
fn nothing_makes_it_fail() {
    for example in rules::ALL.iter().flat_map(|rule| rule.examples()) {
        for end in (0..example.sql.len()).step_by(9).filter(|end| example.sql.is_char_boundary(*end)) {
            for dialect in Dialect::ALL {
                for finding in look(*dialect, &example.sql[..end], |_, _| {}) {
                    assert!(finding.line > 0 && finding.extent.end <= end, "{finding:?}");
                }
            }
        }
    }
}

#[test]
fn codes_are_unique_and_named_like_their_files() {
    let mut codes: Vec<&str> = rules::ALL.iter().map(|rule| rule.code).collect();
    for rule in rules::ALL {
        assert!(
            rule.source.contains(&format!("include_str!(\"{}.rs\")", rule.code.replace('-', "_"))),
            "{}",
            rule.code
        );
        assert!(!rule.title().is_empty() && rule.documentation().len() > 80, "{}", rule.code);
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), rules::ALL.len());
}

/// The sample cases beside the repository, if they are there: other people's files with a known verdict. Prints the score,
/// and fails when it falls.
#[test]
fn sample_cases_are_judged_as_known() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases/lint-postgres");
    let Ok(index) = std::fs::read_to_string(cases.join("index.json")) else {
        println!("skipped: no sample cases beside the repository");
        return;
    };
    let (mut right, mut said_right, mut total, mut said) = (0, 0, 0, String::new());
    for case in index.split("},") {
        let value = |key: &str| case.split(&format!("\"{key}\": \"")).nth(1).and_then(|rest| rest.split('"').next());
        let (Some(rule), Some(test), Some(expected)) = (value("rule_file"), value("test"), value("expect")) else {
            continue;
        };
        let text = std::fs::read_to_string(cases.join(rule).join(format!("{test}.{expected}.sql"))).unwrap();
        let wrapped = case.contains("\"settings\": true") && test.contains("assum");
        let found = look(Dialect::Postgres, &text, |file, _| file.in_transaction = wrapped);
        let codes = |level: Level| -> Vec<&str> {
            found.iter().filter(|finding| finding.level == level).map(|finding| finding.code).collect()
        };
        let hazard = !codes(Level::Hazard).is_empty();
        let agrees = hazard == (expected == "err");
        let found_or_safe = if expected == "err" { !found.is_empty() } else { !hazard };
        (right, said_right, total) = (right + usize::from(agrees), said_right + usize::from(found_or_safe), total + 1);
        if !agrees {
            let (hazards, styles) = (codes(Level::Hazard), codes(Level::Style));
            writeln!(said, "{rule}/{test} should be {expected}: {hazards:?}, style {styles:?}").unwrap();
        }
    }
    println!(
        "{right} of {total} sample cases by exit code, {said_right} when a finding of style counts as found\n{said}"
    );
    assert!(right * 100 >= total * 68 && said_right * 100 >= total * 88, "{right}, {said_right} of {total}\n{said}");
}

/// What is safe, and must stay without a hazard: the forms that false alarms come from.
#[test]
fn what_is_safe_is_no_hazard() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let safe: &[(Dialect, &str)] = &[
        (Postgres, "ALTER TABLE orders ADD COLUMN note text"),
        (Postgres, "ALTER TABLE orders ADD COLUMN at timestamptz NOT NULL DEFAULT now()"),
        (Postgres, "ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT (now() AT TIME ZONE 'utc')"),
        (Postgres, "ALTER TABLE orders ADD COLUMN tags text[] DEFAULT ARRAY[]::text[] NOT NULL"),
        (Postgres, "ALTER TABLE orders ADD COLUMN who text DEFAULT CURRENT_USER"),
        (Postgres, "ALTER TABLE orders ADD COLUMN id bigint DEFAULT NULL"),
        (Postgres, "CREATE TABLE a (id bigint PRIMARY KEY); CREATE INDEX i ON a (id); CREATE UNIQUE INDEX j ON a (id)"),
        (Postgres, "CREATE TABLE s.a (id bigint); ALTER TABLE s.a ADD PRIMARY KEY (id), ALTER COLUMN id SET NOT NULL"),
        (Postgres, "CREATE TABLE a (id bigint); ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id)"),
        (Postgres, "CREATE TABLE a (b uuid DEFAULT gen_random_uuid() PRIMARY KEY, c bigint REFERENCES d (e))"),
        (
            Postgres,
            "CREATE TABLE a (id bigint); ALTER TABLE a RENAME TO b; ALTER TABLE b ADD UNIQUE (id); DROP TABLE b",
        ),
        (Postgres, "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders USING btree (lower(name)) WHERE name <> ''"),
        (Postgres, "CREATE TEMP TABLE t (id int); CREATE INDEX ON t (id); DROP TABLE t"),
        (Postgres, "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE UNIQUE INDEX i ON v (a)"),
        (Postgres, "DROP TRIGGER IF EXISTS t ON orders; CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION f()"),
        (Postgres, "DROP VIEW v; CREATE VIEW v AS SELECT 1"),
        (Postgres, "INSERT INTO a (b) VALUES ('DROP TABLE c'); -- drop table d\n/* truncate e */"),
        (Postgres, "COMMENT ON TABLE orders IS 'ALTER TABLE x DROP COLUMN y'"),
        (
            Postgres,
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM a; RETURN NEW; END $$",
        ),
        (Postgres, "COPY t (a) FROM stdin;\n1\tDROP TABLE x;\n\\.\nSELECT 1"),
        (Postgres, "BEGIN; UPDATE a SET b = 1 WHERE c = 2; COMMIT; BEGIN; SELECT 1; ROLLBACK"),
        (Postgres, "ALTER TABLE orders ALTER COLUMN note SET DEFAULT 'x', ALTER COLUMN note SET STATISTICS 500"),
        (Postgres, "ALTER TABLE orders VALIDATE CONSTRAINT positive"),
        (
            Postgres,
            "ALTER TABLE a VALIDATE CONSTRAINT b_not_null; ALTER TABLE a ALTER COLUMN b SET NOT NULL; \
                    ALTER TABLE a DROP CONSTRAINT b_not_null",
        ),
        (Postgres, "ALTER TABLE a ADD CONSTRAINT b NOT NULL c NOT VALID"),
        (
            Postgres,
            "ALTER TABLE \"A\" ADD CONSTRAINT x CHECK (\"cD\" IS NOT NULL) NOT VALID; \
                    ALTER TABLE \"A\" VALIDATE CONSTRAINT x; ALTER TABLE \"A\" ALTER COLUMN \"cD\" SET NOT NULL; \
                    ALTER TABLE \"A\" DROP CONSTRAINT x",
        ),
        (Postgres, "REFRESH MATERIALIZED VIEW CONCURRENTLY v"),
        (Postgres, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        (Postgres, "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE TYPE mood AS ENUM ('a'); END IF; END $$"),
        (Postgres, "SELECT set_config('lock_timeout', '2s', false)"),
        (Postgres, "INSERT INTO a (b) VALUES (1) ON CONFLICT (b) DO UPDATE SET c = excluded.c, d = 1 WHERE a.c <> 2"),
        (Postgres, "UPDATE a SET b[1] = 1, b[2] = 2, c.d = 1, c.e = 2 WHERE f"),
        (Postgres, "CREATE TABLE a (id bigint, \"check\" text, key text, value text, PRIMARY KEY (id, key))"),
        (
            Postgres,
            "CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p FOR VALUES FROM (1) TO (2)",
        ),
        (Mysql, "ALTER TABLE orders ADD COLUMN note varchar(20) NOT NULL DEFAULT '' AFTER id"),
        (Mysql, "ALTER TABLE orders ADD INDEX (a), ADD KEY b (c, d)"),
        (Mysql, "ALTER TABLE orders MODIFY note text, ALGORITHM=INPLACE, LOCK=NONE"),
        (Postgres, "ALTER TABLE orders DETACH PARTITION old FINALIZE"),
        (
            Mysql,
            "CREATE TABLE a (id int unsigned NOT NULL AUTO_INCREMENT, b int, PRIMARY KEY (id), KEY k (b)) ENGINE=InnoDB",
        ),
        (Mysql, "CREATE INDEX i ON orders (a) ALGORITHM=INPLACE LOCK=NONE"),
        (Mysql, "/*!40101 SET NAMES utf8 */; START TRANSACTION; INSERT INTO a VALUES (1); COMMIT"),
        (Mysql, "CREATE TABLE a (b varchar(20)); ALTER TABLE a MODIFY b varchar(40), ADD UNIQUE (b)"),
        (Mysql, "ALTER TABLE orders ALTER COLUMN a SET DEFAULT 1, ALTER INDEX i INVISIBLE, COMMENT = 'x'"),
        (Sqlite, "ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT ''"),
        (
            Sqlite,
            "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b UNSIGNED BIG INT) STRICT; CREATE INDEX i ON a (b)",
        ),
        (Sqlite, "CREATE INDEX i ON orders (customer_id)"),
        (
            Sqlite,
            "PRAGMA foreign_keys=off; BEGIN; ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY); \
                  INSERT INTO t SELECT id FROM old; DROP TABLE old; COMMIT; PRAGMA foreign_keys=on",
        ),
        (Sqlite, "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; UPDATE c SET d = 1; END; SELECT 1"),
        (Postgres, "ALTER TABLE a ADD COLUMN b numeric; ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID"),
        (Postgres, "CREATE TABLE p1 (LIKE p INCLUDING ALL); ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)"),
        (
            Postgres,
            "CREATE TABLE a (b text); INSERT INTO a SELECT c FROM d; UPDATE a SET b = 'x'; UPDATE e SET f = 1 WHERE g",
        ),
        (Postgres, "CREATE VIEW v AS SELECT 1; ALTER VIEW v RENAME TO w; DROP VIEW w"),
        (Postgres, "DROP TABLE IF EXISTS pg_temp.t; CREATE TEMP TABLE t AS SELECT 1"),
        (
            Postgres,
            "CREATE TABLE a (id bigint PRIMARY KEY); ALTER TABLE a REPLICA IDENTITY NOTHING; ALTER TABLE b REPLICA IDENTITY FULL",
        ),
        (Postgres, "CREATE ROLE app; ALTER ROLE app NOLOGIN; ALTER ROLE other SET search_path TO x"),
        (Postgres, "CREATE DOMAIN d AS int CHECK (VALUE > 0); ALTER DOMAIN d DROP CONSTRAINT d_check"),
        (
            Postgres,
            "ALTER TABLE a ALTER CONSTRAINT c DEFERRABLE; ALTER TABLE a ENABLE TRIGGER t, ENABLE ALWAYS TRIGGER u",
        ),
        (Postgres, "UPDATE pg_settings SET setting = 'x' WHERE name = 'y'; INSERT INTO pg_things VALUES (1)"),
        (Postgres, "CREATE VIEW v AS SELECT 1; CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING"),
        (Postgres, "CREATE TABLE :schema.a (id bigint PRIMARY KEY); CREATE INDEX i ON :schema.a (id)"),
        (Postgres, "CREATE TABLE ${schema}.a (id bigint PRIMARY KEY); ALTER TABLE ${schema}.a ADD CHECK (id > 0)"),
        (Postgres, "CREATE TABLE {{ .Schema }}.a (id bigint PRIMARY KEY); CREATE INDEX i ON {{ .Schema }}.a (id)"),
        (Postgres, "SELECT ')', '(', $$ (( $$, array[1, 2], (1, 2) -- ((\n; SELECT 'it is '', '"),
        (
            Mysql,
            "ALTER TABLE a FORCE, ALGORITHM=INPLACE, LOCK=NONE; CREATE TABLE b (id int PRIMARY KEY); ALTER TABLE b ROW_FORMAT=DYNAMIC",
        ),
        (
            Mysql,
            "ALTER TABLE a ADD COLUMN b datetime DEFAULT now(), ADD COLUMN c timestamp DEFAULT CURRENT_TIMESTAMP(6)",
        ),
        (Mysql, "SELECT 'a\\'(', \"b\"\"(\"; SELECT 1 # it's\n"),
        (
            Sqlite,
            "CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT); CREATE TEMPORARY TABLE __temp__o AS SELECT id, a FROM o; \
                DROP TABLE o; CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT, b TEXT); \
                INSERT INTO o (id, a) SELECT id, a FROM __temp__o; DROP TABLE __temp__o",
        ),
        (
            Sqlite,
            "PRAGMA foreign_keys = OFF; ALTER TABLE o RENAME TO old; CREATE TABLE o (id INTEGER PRIMARY KEY); \
                INSERT INTO o SELECT id FROM old; DROP TABLE old; PRAGMA foreign_keys = ON",
        ),
        (
            Mysql,
            "ALTER TABLE a ADD COLUMN b int DEFAULT 1 NOT NULL; ALTER TABLE a ALTER COLUMN b DROP DEFAULT; \
                ALTER TABLE a ALTER COLUMN b SET DEFAULT 1",
        ),
        (Postgres, "DO $$ BEGIN EXECUTE format('CREATE TABLE %I PARTITION OF p FOR VALUES IN (1)', 'x'); END $$"),
        (Postgres, "ALTER TABLE a ALTER COLUMN id SET GENERATED BY DEFAULT"),
        (Postgres, "SELECT * INTO TEMP copy FROM a; CREATE INDEX ON copy (b); DROP TABLE copy"),
        (Postgres, "CREATE TABLE a (id bigint PRIMARY KEY); VACUUM (FULL) a"),
        (Postgres, "UPDATE alembic_version SET version_num = 'a'; TRUNCATE schema_migrations"),
        (Postgres, "SET session_replication_role = replica; RESET session_replication_role"),
        (
            Postgres,
            "BEGIN; ALTER TABLE a ADD COLUMN b int; INSERT INTO c VALUES (1); UPDATE d SET e = 1 WHERE f = 'g'; COMMIT",
        ),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; INSERT INTO c SELECT d FROM e WHERE f = 'g'; COMMIT"),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; INSERT INTO c SELECT generate_series(1, 3); COMMIT"),
        (
            Postgres,
            "MERGE INTO a USING b ON a.c = b.c WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (b.c)",
        ),
        (
            Postgres,
            "SET search_path = app; CREATE TABLE a (b int); CREATE INDEX ON app.a (b); ALTER TABLE app.a ADD UNIQUE (b)",
        ),
        (Postgres, "SET search_path TO app, public; CREATE TABLE app.a (b int); CREATE INDEX ON a (b); DROP TABLE a"),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; SELECT setval('s', max(id)) FROM c; COMMIT"),
        (Mysql, "UPDATE app_version SET schema_version = 12"),
        (Mysql, "CREATE TABLE a (b int DEFAULT 5); ALTER TABLE a ALTER b DROP DEFAULT; ALTER TABLE a MODIFY b bigint"),
        (
            Sqlite,
            "CREATE TABLE a (b int CHECK (b > 0), c int); CREATE TABLE d (b int CHECK (b > 0), c int, e int); PRAGMA foreign_keys = OFF; \
                INSERT INTO d (b, c) SELECT b, c FROM a; DROP TABLE a; ALTER TABLE d RENAME TO a; PRAGMA foreign_keys = ON",
        ),
        (
            Sqlite,
            "CREATE TABLE a (b int, c int); CREATE TABLE d (b int, c int, e int DEFAULT 1); INSERT INTO d (b, c) SELECT * FROM a",
        ),
        (Sqlite, "VACUUM; PRAGMA ignore_check_constraints = OFF"),
        (Mysql, "UPDATE a JOIN b ON a.c = b.c SET a.d = 1; DELETE a FROM a JOIN b USING (c)"),
        (Sqlite, "UPDATE a SET b = 1 WHERE c = 2; SELECT [a(], \"b,)\""),
        (
            Sqlite,
            "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT); PRAGMA foreign_keys = OFF; INSERT INTO n SELECT * FROM o; \
                DROP TABLE o; ALTER TABLE n RENAME TO o; PRAGMA foreign_keys = ON",
        ),
        (
            Postgres,
            "WITH batch AS (SELECT id FROM orders WHERE state IS NULL LIMIT 1000) UPDATE orders SET state = 'x' FROM batch WHERE orders.id = batch.id",
        ),
        (
            Postgres,
            "WITH gone AS (DELETE FROM orders WHERE placed < '2010-01-01' RETURNING *) INSERT INTO archive SELECT * FROM gone",
        ),
        (
            Postgres,
            "WITH n AS (INSERT INTO tags (name) VALUES ('a') RETURNING id) INSERT INTO tag_uses (tag_id) SELECT id FROM n",
        ),
        (
            Postgres,
            "MERGE INTO settings s USING (VALUES ('a')) v(k) ON true WHEN NOT MATCHED THEN INSERT (k) VALUES (v.k)",
        ),
        (
            Postgres,
            "MERGE INTO orders o USING src s ON o.id = s.id WHEN MATCHED THEN UPDATE SET state = s.state WHEN NOT MATCHED THEN INSERT (id, state) VALUES (s.id, s.state)",
        ),
        (
            Postgres,
            "MERGE INTO orders o USING src s ON true WHEN MATCHED AND o.id = s.id THEN UPDATE SET state = s.state",
        ),
        (Postgres, "UPDATE orders o SET state = b.state FROM b JOIN c ON b.id = c.id WHERE o.id = b.id"),
        (Mysql, "DELETE o FROM orders o JOIN items i ON i.order_id = o.id AND i.gone = 1"),
        (Mysql, "DELETE o FROM orders o LEFT JOIN items i ON i.order_id = o.id WHERE i.id IS NULL"),
        (Mysql, "DELETE a FROM orders a INNER JOIN orders b WHERE a.id > b.id AND a.code = b.code"),
        (Mysql, "DELETE FROM a USING orders AS a INNER JOIN old USING (id)"),
        (Mysql, "UPDATE orders o JOIN items i ON i.order_id = o.id SET o.state = i.state"),
        (Mysql, "UPDATE orders, items SET orders.state = items.state WHERE items.order_id = orders.id"),
        (Mysql, "UPDATE orders o LEFT JOIN items i ON i.order_id = o.id SET i.state = 1 WHERE o.id < 3"),
        (
            Mysql,
            "UPDATE orders o JOIN (SELECT order_id, sum(n) AS n FROM items GROUP BY order_id) i ON i.order_id = o.id SET o.n = i.n",
        ),
        (Mysql, "UPDATE IGNORE orders SET state = 1 WHERE id IN (1, 2)"),
        (Mysql, "SET SESSION lock_wait_timeout = 5, @@session.sql_mode = 'ANSI', @x = 4"),
        (Mysql, "SET lock_wait_timeout = 5; SET @@sql_mode = 'ANSI'; SET NAMES utf8mb4; SET @global = 1"),
        (Mysql, "ALTER SEQUENCE s NOMAXVALUE INCREMENT BY 1 CACHE 100"),
        (Postgres, "ALTER SEQUENCE s AS bigint MAXVALUE 9223372036854775807"),
        (Postgres, "ALTER SEQUENCE s NO MAXVALUE CACHE 20"),
        (Postgres, "CREATE SEQUENCE s; ALTER SEQUENCE s MAXVALUE 100"),
        (Postgres, "ALTER SEQUENCE s OWNED BY orders.id"),
        (Mysql, "UPDATE orders SET state = 1 WHERE 1 = 1 AND id = 3"),
        (
            Sqlite,
            "PRAGMA legacy_alter_table = ON; PRAGMA foreign_keys = OFF; ALTER TABLE o RENAME TO p; \
                CREATE TABLE o (id INTEGER PRIMARY KEY); INSERT INTO o SELECT id FROM p; DROP TABLE p; PRAGMA foreign_keys = ON",
        ),
        (Sqlite, "PRAGMA journal_mode = WAL"),
        (Sqlite, "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 100000; PRAGMA user_version = 4"),
    ];
    let mut wrong = String::new();
    for (dialect, text) in safe {
        let found = hazards(*dialect, text);
        if !found.is_empty() {
            writeln!(wrong, "{found:?} in {text}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is dangerous, in spellings that hide it.
#[test]
fn hazards_are_found_in_any_spelling() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let dangerous: &[(Dialect, &str, &str)] = &[
        (
            Postgres,
            "alter table if exists only \"Orders\" add column a uuid default public.uuid_generate_v4()",
            "volatile-default",
        ),
        (Postgres, "ALTER TABLE a ADD b BIGSERIAL", "volatile-default"),
        (Postgres, "ALTER TABLE a ALTER COLUMN id SET GENERATED ALWAYS", "identity-change"),
        (Postgres, "ALTER TABLE a ALTER COLUMN id RESTART WITH 1", "identity-change"),
        (Postgres, "ALTER INDEX ALL IN TABLESPACE slow SET TABLESPACE fast", "table-rewrite"),
        (Postgres, "DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON a (b); END $$", "not-in-transaction"),
        (Postgres, "DROP INDEX CONCURRENTLY i, j", "drop-index-not-concurrent"),
        (Postgres, "SET session_replication_role = 'replica'; UPDATE a SET b = 1 WHERE c", "disable-trigger"),
        (Postgres, "MERGE INTO a USING b ON a.c = b.c WHEN NOT MATCHED BY SOURCE THEN DELETE", "truncate"),
        (
            Postgres,
            "BEGIN; ALTER TABLE a ADD COLUMN b int; UPDATE c SET d = lower(d) WHERE d <> ''; COMMIT",
            "long-lock",
        ),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; INSERT INTO c SELECT d FROM a; COMMIT", "long-lock"),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; CREATE TABLE c AS SELECT * FROM d; COMMIT", "long-lock"),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; SELECT count(*) FROM c; COMMIT", "long-lock"),
        (Postgres, "BEGIN; ALTER TABLE a ADD COLUMN b int; SELECT pg_sleep(10); COMMIT", "long-lock"),
        (
            Postgres,
            "SET search_path = app; CREATE TABLE a (b int); CREATE INDEX i ON other.a (b)",
            "index-not-concurrent",
        ),
        (Postgres, "DROP CAST (text AS integer)", "drop-object"),
        (Postgres, "DROP OPERATOR + (int, int)", "drop-object"),
        (Postgres, "UPDATE document_version SET state = 1", "update-everything"),
        (Mysql, "ALTER TABLE a ENGINE = InnoDB", "copies-table"),
        (Mysql, "ALTER TABLE a ADD COLUMN b int, ROW_FORMAT=COMPRESSED", "copies-table"),
        (Mysql, "ALTER TABLE a KEY_BLOCK_SIZE=8; ", "copies-table"),
        (Mysql, "ALTER TABLE a FORCE", "copies-table"),
        (Mysql, "ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b", "drop-partition"),
        (Sqlite, "PRAGMA ignore_check_constraints = 1", "writable-schema"),
        (
            Sqlite,
            "CREATE TABLE a (b int, c int); CREATE TABLE d (c int, b int); INSERT INTO d SELECT * FROM a",
            "columns-left-behind",
        ),
        (
            Sqlite,
            "CREATE TABLE a (b int); CREATE TABLE d (b int CHECK (b > 0)); INSERT INTO d SELECT b FROM a; DROP TABLE a; \
                ALTER TABLE d RENAME TO a",
            "rebuild-stricter",
        ),
        (
            Sqlite,
            "CREATE TABLE a (b int); CREATE TABLE d (b int UNIQUE); INSERT INTO d SELECT b FROM a; DROP TABLE a; \
                ALTER TABLE d RENAME TO a",
            "rebuild-stricter",
        ),
        (Mysql, "CREATE TABLE a (b int AUTO_INCREMENT PRIMARY KEY); ALTER TABLE a MODIFY b bigint", "attributes-lost"),
        (Mysql, "CREATE TABLE a (b int DEFAULT 5 NOT NULL); ALTER TABLE a MODIFY b bigint NOT NULL", "attributes-lost"),
        (Sqlite, "UPDATE sqlite_master SET sql = 'x' WHERE name = 'y'", "writable-schema"),
        (Sqlite, "BEGIN; VACUUM; COMMIT", "pragma-in-transaction"),
        (Postgres, "ALTER TABLE a ADD COLUMN b bigint GENERATED ALWAYS AS IDENTITY", "generated-column"),
        (Postgres, "create unique index if not exists i on only_orders (a)", "index-not-concurrent"),
        (Postgres, "DO $$ BEGIN IF true THEN ALTER TABLE a DROP COLUMN b; END IF; END $$", "drop-column"),
        (Postgres, "DO $$ BEGIN EXECUTE 'DROP TABLE a'; END $$", "drop-table"),
        (Postgres, "ALTER TABLE a ADD CONSTRAINT c EXCLUDE USING gist (d WITH &&)", "constraint-not-valid"),
        (Postgres, "ALTER TABLE a ADD COLUMN b bigint CONSTRAINT c REFERENCES d", "foreign-key-not-valid"),
        (Postgres, "ALTER TABLE a ALTER b SET DATA TYPE text USING b::text", "type-change"),
        (Postgres, "ALTER TABLE a RENAME b TO c", "rename"),
        (Postgres, "ALTER VIEW a RENAME TO b", "rename"),
        (Postgres, "ALTER TYPE a RENAME VALUE 'b' TO 'c'", "rename"),
        (Postgres, "ALTER SEQUENCE a RESTART WITH 1", "identity-change"),
        (Postgres, "VACUUM (FULL, ANALYZE) a", "full-vacuum"),
        (Postgres, "REINDEX (VERBOSE) TABLE a", "reindex-not-concurrent"),
        (Postgres, "START TRANSACTION; DROP INDEX CONCURRENTLY a; COMMIT", "not-in-transaction"),
        (Postgres, "DELETE FROM a", "truncate"),
        (Postgres, "ALTER TABLE a NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY", "row-security"),
        (Postgres, "ALTER FUNCTION f() SECURITY DEFINER", "security-definer"),
        (Postgres, "ALTER TABLE a ADD COLUMN b text NOT NULL", "required-column"),
        (Postgres, "BEGIN; SELECT 1", "open-transaction"),
        (Postgres, "SELECT 1; COMMIT", "nested-transaction"),
        (Postgres, "WITH x AS (SELECT 1) UPDATE a SET b = 1, b = 2", "duplicate-assignment"),
        (Postgres, "ALTER MATERIALIZED VIEW v SET SCHEMA w", "rename"),
        (Postgres, "ALTER DOMAIN d DROP DEFAULT", "drop-default"),
        (Postgres, "DROP OWNED BY someone", "drop-object"),
        (Postgres, "ALTER TABLE a DETACH PARTITION b", "detach-not-concurrent"),
        (Mysql, "ALTER TABLE a CHANGE b c int", "rename"),
        (Mysql, "RENAME TABLE a TO b", "rename"),
        (Mysql, "ALTER TABLE a CONVERT TO CHARSET utf8mb4", "charset-conversion"),
        (Mysql, "ALTER TABLE a ENGINE=Aria", "copies-table"),
        (Mysql, "ALTER TABLE a DROP PARTITION p", "drop-partition"),
        (Postgres, "DROP POLICY p ON a", "drop-object"),
        (Postgres, "ALTER TABLE a ADD COLUMN b text, ADD COLUMN b text", "duplicate-assignment"),
        (Mysql, "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c (d)", "copies-table"),
        (Mysql, "ALTER TABLE a ADD COLUMN (b int NOT NULL, c int)", "required-column"),
        (Mysql, "/*!50003 DROP TABLE a */", "drop-table"),
        (Mysql, "CREATE OR REPLACE TABLE a (id int PRIMARY KEY)", "drop-table"),
        (Mysql, "ALTER TABLE a ADD FULLTEXT KEY k (b), LOCK=SHARED", "blocks-writes"),
        (Mysql, "BEGIN; CREATE TABLE a (id int PRIMARY KEY); COMMIT", "implicit-commit"),
        (Mysql, "ALTER TABLE a DROP PRIMARY KEY", "copies-table"),
        (Mysql, "TRUNCATE a", "truncate"),
        (Sqlite, "ALTER TABLE a DROP COLUMN b", "drop-column"),
        (Sqlite, "ALTER TABLE a ADD COLUMN b TEXT NOT NULL", "required-column"),
        (Sqlite, "ALTER TABLE a ADD COLUMN b UNIQUE", "add-column-refused"),
        (Sqlite, "DROP TABLE a", "drop-table"),
        (Sqlite, "ALTER TABLE a ADD COLUMN b INTEGER, ADD COLUMN c INTEGER", "alter-refused"),
        (Sqlite, "ALTER TABLE a RENAME TO b; CREATE TABLE a (id INTEGER PRIMARY KEY); DROP TABLE b", "drop-table"),
        (Sqlite, "ALTER TABLE a ADD COLUMN b INTEGER DEFAULT 1 REFERENCES c (id)", "add-column-refused"),
        (Sqlite, "CREATE UNIQUE INDEX i ON a (b)", "unique-may-fail"),
        (Postgres, "ALTER TABLE a ADD COLUMN b int DEFAULT 1 CONSTRAINT c CHECK (b > 0)", "constraint-not-valid"),
        (Postgres, "ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)", "attach-partition"),
        (Postgres, "UPDATE a SET b = 1 WHERE true RETURNING *", "update-everything"),
        (Mysql, "UPDATE a SET b = 1 WHERE 1 = 1", "update-everything"),
        (Sqlite, "UPDATE OR IGNORE a SET b = (SELECT c FROM d WHERE e)", "update-everything"),
        (Postgres, "UPDATE a SET b = c.d FROM c", "update-everything"),
        (Postgres, "DELETE FROM a USING b", "truncate"),
        (
            Postgres,
            "ALTER TABLE a ADD COLUMN b int DEFAULT 1 NOT NULL; ALTER TABLE a ALTER b DROP DEFAULT",
            "drop-default",
        ),
        (Postgres, "ALTER MATERIALIZED VIEW v SET TABLESPACE t", "table-rewrite"),
        (Postgres, "ALTER INDEX i SET TABLESPACE t", "table-rewrite"),
        (Postgres, "DO $$ BEGIN EXECUTE format('ALTER TABLE %I DROP COLUMN b', t); END $$", "drop-column"),
        (Mysql, "DROP USER 'app'@'%'", "drop-object"),
        (Postgres, "ALTER TABLE a ADD COLUMN b json", "json-type"),
        (Postgres, "DROP PUBLICATION p", "drop-object"),
        (Postgres, "DROP ROLE IF EXISTS app", "drop-object"),
        (Postgres, "ALTER USER app WITH NOLOGIN", "revoke"),
        (Postgres, "ALTER DOMAIN d DROP CONSTRAINT c", "drop-constraint"),
        (Postgres, "ALTER TABLE a ALTER CONSTRAINT c NOT ENFORCED", "drop-constraint"),
        (Postgres, "ALTER TABLE a ENABLE REPLICA TRIGGER t", "disable-trigger"),
        (Postgres, "ALTER TABLE a REPLICA IDENTITY NOTHING", "behaviour-change"),
        (Postgres, "CREATE RULE r AS ON DELETE TO a DO INSTEAD NOTHING", "behaviour-change"),
        (Postgres, "ALTER TYPE t ALTER ATTRIBUTE a TYPE text CASCADE", "type-change"),
        (Postgres, "DELETE FROM pg_catalog.pg_enum WHERE enumlabel = 'x'", "catalogue-write"),
        (Postgres, "CREATE INDEX i ON :schema.a (b)", "index-not-concurrent"),
        (Mysql, "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0)", "copies-table"),
        (Mysql, "ALTER TABLE a ADD COLUMN b char(36) DEFAULT (uuid())", "copies-table"),
        (Mysql, "ALTER TABLE a REMOVE PARTITIONING", "copies-table"),
        (Mysql, "ALTER TABLE a ADD SYSTEM VERSIONING", "copies-table"),
        (Mysql, "ALTER TABLE a DROP SYSTEM VERSIONING", "drop-partition"),
        (Mysql, "ALTER TABLE a DISCARD TABLESPACE", "drop-partition"),
        (Postgres, "ALTER TABEL a ADD COLUMN b int", "syntax-error"),
        (Postgres, "CREATE UNIQUE INDXE i ON a (b)", "syntax-error"),
        (Postgres, "SELECT 1; SELECT 'open; DROP TABLE a;", "syntax-error"),
        (Postgres, "SELECT $x$ open; $y$", "syntax-error"),
        (Mysql, "SELECT 'it\\'", "syntax-error"),
        (Postgres, "SELECT 1; /* open /* */", "syntax-error"),
        (Sqlite, "CREATE TABLE t (a int; DROP TABLE b", "syntax-error"),
        (Postgres, "INSERT INTO a VALUES (1, 2)),(3, 4)", "syntax-error"),
        (Postgres, "CREATE TABLE t (a int,, b int)", "syntax-error"),
        (
            Mysql,
            "CREATE TABLE n LIKE o; INSERT IGNORE INTO n SELECT * FROM o; RENAME TABLE o TO p; DROP TABLE p; RENAME TABLE n TO o",
            "drop-table",
        ),
        (
            Sqlite,
            "CREATE TABLE n (a TEXT); INSERT OR IGNORE INTO n SELECT a FROM o; DROP TABLE o; ALTER TABLE n RENAME TO o",
            "rows-left-behind",
        ),
        (Postgres, "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone", "truncate"),
        (
            Postgres,
            "WITH u AS MATERIALIZED (UPDATE orders SET state = 'x' RETURNING id) INSERT INTO log SELECT id FROM u",
            "update-everything",
        ),
        (
            Postgres,
            "WITH moved AS (DELETE FROM orders RETURNING *) INSERT INTO archive SELECT * FROM moved",
            "truncate",
        ),
        (
            Postgres,
            "MERGE INTO orders USING src ON true WHEN MATCHED THEN UPDATE SET state = src.state",
            "update-everything",
        ),
        (Postgres, "MERGE INTO orders o USING src s ON (1 = 1) WHEN MATCHED THEN DELETE", "truncate"),
        (Postgres, "UPDATE orders SET state = b.state FROM b JOIN c ON b.id = c.id", "update-everything"),
        (Postgres, "DELETE FROM orders USING b JOIN c ON b.id = c.id", "truncate"),
        (Mysql, "DELETE orders, items FROM orders JOIN items", "truncate"),
        (Mysql, "DELETE a, b FROM orders AS a, items AS b", "truncate"),
        (Mysql, "DELETE FROM orders USING orders, items", "truncate"),
        (Mysql, "DELETE o FROM orders o LEFT JOIN items i ON i.order_id = o.id", "truncate"),
        (Mysql, "DELETE o.* FROM orders o CROSS JOIN items i", "truncate"),
        (Mysql, "UPDATE orders, items SET orders.state = items.state", "update-everything"),
        (Mysql, "UPDATE orders o LEFT JOIN items i ON i.order_id = o.id SET o.state = i.state", "update-everything"),
        (Mysql, "UPDATE orders o JOIN items i ON true SET o.state = i.state", "update-everything"),
        (Mysql, "SET GLOBAL max_connections = 500", "alter-system"),
        (Mysql, "SET @@GLOBAL.sql_mode = 'ANSI'", "alter-system"),
        (Mysql, "SET PERSIST max_connections = 500", "alter-system"),
        (Mysql, "SET SESSION lock_wait_timeout = 5, GLOBAL event_scheduler = ON", "alter-system"),
        (Mysql, "RENAME USER 'app'@'%' TO 'application'@'%'", "rename"),
        (Mysql, "RENAME USER app TO application", "rename"),
        (Mysql, "DROP USER 'app'@'localhost'", "drop-object"),
        (Mysql, "DROP USER IF EXISTS app", "drop-object"),
        (Mysql, "ALTER SEQUENCE s MAXVALUE 1000", "sequence-limit"),
        (Postgres, "ALTER SEQUENCE s MAXVALUE 1000", "sequence-limit"),
        (Postgres, "ALTER SEQUENCE s AS smallint", "sequence-limit"),
        (Mysql, "DELETE FROM orders WHERE 1 = 1 OR id = 3", "truncate"),
        (Sqlite, "PRAGMA synchronous = OFF", "crash-unsafe"),
        (Sqlite, "PRAGMA synchronous(0)", "crash-unsafe"),
        (Sqlite, "PRAGMA journal_mode=off", "crash-unsafe"),
        (Sqlite, "PRAGMA main.journal_mode = MEMORY", "crash-unsafe"),
        (Sqlite, "PRAGMA writable_schema = 1", "writable-schema"),
        (Sqlite, "UPDATE orders SET state = b.state FROM b JOIN c ON b.id = c.id", "update-everything"),
        (Sqlite, "WITH x AS (SELECT 1) DELETE FROM orders", "truncate"),
    ];
    let mut wrong = String::new();
    for (dialect, text, code) in dangerous {
        let found = hazards(*dialect, text);
        if !found.contains(code) {
            writeln!(wrong, "{code} not in {found:?}: {text}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What files before this one have made is known, and makes the difference.
#[test]
fn earlier_files_are_known() {
    use Dialect::{Postgres, Sqlite};
    let rebuild = |copy: &str, after: &str| {
        format!(
            "PRAGMA foreign_keys = OFF; CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO n {copy} FROM o; \
            DROP TABLE o; ALTER TABLE n RENAME TO o; {after}PRAGMA foreign_keys = ON"
        )
    };
    let keyed = "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i";
    let old = "CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE INDEX oa ON o (a); \
        CREATE TRIGGER ot AFTER INSERT ON o BEGIN SELECT 1; END";
    let few = "CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT); CREATE INDEX oa ON o (a)";
    let index = "CREATE INDEX oa ON o (a); ";
    let trigger = "CREATE TRIGGER ot AFTER INSERT ON o BEGIN SELECT 1; END; ";
    let put_aside = |columns: &str, index: &str| {
        format!(
            "PRAGMA foreign_keys = OFF; CREATE TEMPORARY TABLE x AS SELECT {columns} FROM o; DROP TABLE o; \
            CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO o (id, a) SELECT id, a FROM x; \
            {index}{trigger}PRAGMA foreign_keys = ON"
        )
    };
    let again = format!("CREATE INDEX other ON o (a); {trigger}");
    for (dialect, first, second, expected) in [
        (Postgres, "CREATE TABLE t (a bigint)", keyed.to_string(), &["add-primary-key"][..]),
        (Postgres, "CREATE TABLE t (a bigint NOT NULL)", keyed.to_string(), &[]),
        (Postgres, "ALTER TABLE t ALTER COLUMN a TYPE bigint", keyed.to_string(), &[]),
        (Sqlite, old, rebuild("SELECT *", &again), &[]),
        (Sqlite, old, rebuild("(id, a, b) SELECT id, a, b", &again), &[]),
        (Sqlite, old, rebuild("(id, a) SELECT id, a", &again), &["columns-left-behind"]),
        (Sqlite, old, put_aside("*", index), &["columns-left-behind"]),
        (Sqlite, old, put_aside("id, a", index), &["columns-left-behind"]),
        (Sqlite, few, put_aside("*", index), &[]),
        (Sqlite, few, put_aside("id, a", ""), &["rebuild-loses-index"]),
        (Sqlite, few, put_aside("id, a", index).replace("FROM x", "FROM x WHERE a"), &["rows-left-behind"]),
        (Sqlite, old, rebuild("SELECT id, a, b", trigger), &["rebuild-loses-index"]),
        (Sqlite, old, rebuild("SELECT id, a, b", "CREATE INDEX oa ON o (a); "), &["rebuild-loses-index"]),
    ] {
        let files = [File { text: first, ..File::default() }, File { text: &second, checked: true, ..File::default() }];
        let found = lint(&files, &Options { dialect, ..Options::default() });
        let codes = found.iter().filter(|finding| finding.level == Level::Hazard).map(|finding| finding.code);
        assert_eq!(codes.collect::<Vec<_>>(), expected, "{second}");
    }
}

/// A comment is for the statement that it stands behind, else for the next.
#[test]
fn a_comment_behind_a_statement_is_for_that_one() {
    let allow = "-- relata: allow drop-table because it is empty";
    for (text, lines) in [
        (format!("DROP TABLE a; {allow}\nDROP TABLE b;"), &[2][..]),
        (format!("DROP TABLE a;\n{allow}\nDROP TABLE b;"), &[1]),
        (format!("DROP TABLE\n a {allow}\n, b; DROP TABLE c;"), &[3]),
        (format!("DROP TABLE a; DROP TABLE b; {allow}"), &[1]),
    ] {
        let found = look(Dialect::Sqlite, &text, |_, _| {});
        let hazards = found.iter().filter(|finding| finding.level == Level::Hazard);
        assert_eq!(hazards.map(|finding| finding.line).collect::<Vec<_>>(), lines, "{text}");
    }
}

/// What is known of a table, a domain or a partition makes the difference; and what is mistyped is seen.
#[test]
fn what_is_known_of_an_object_decides() {
    use Dialect::{Mysql, Postgres, Sqlite};
    let parted = "CREATE TABLE m (at date NOT NULL, n int) PARTITION BY RANGE (at)";
    let attach = "ALTER TABLE m ATTACH PARTITION p FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')";
    let part = |check: &str, null: &str| format!("{parted}; CREATE TABLE p (at date{null}, n int, CHECK ({check}))");
    let year = "at >= '2027-01-01' AND at < '2028-01-01'";
    let people = "CREATE TABLE t (a varchar(40), b varchar(70), c enum('x','y'), d int NOT NULL, e varchar(9) CHARACTER SET latin1, KEY (b)) ENGINE=InnoDB";
    for (dialect, first, second, expected) in [
        (Postgres, part(year, " NOT NULL"), attach, &[][..]),
        (Postgres, part(year, ""), attach, &["attach-partition"]),
        (Postgres, part(&format!("{year} AND at IS NOT NULL"), ""), attach, &[]),
        (Postgres, part("at >= '2027-01-01'", " NOT NULL"), attach, &["attach-partition"]),
        (Postgres, part("n > 0", " NOT NULL"), attach, &["attach-partition"]),
        (
            Postgres,
            "CREATE TABLE m (\"At\" date NOT NULL) PARTITION BY RANGE (\"At\"); \
             CREATE TABLE p (\"At\" date NOT NULL, CHECK (\"At\" >= '2027-01-01' AND \"At\" < '2028-01-01'))"
                .into(),
            attach,
            &[],
        ),
        (
            Postgres,
            "CREATE DOMAIN d AS int CHECK (VALUE > 0)".into(),
            "ALTER TABLE t ADD COLUMN x d",
            &["volatile-default"],
        ),
        (
            Postgres,
            "CREATE DOMAIN s.d AS int DEFAULT random()".into(),
            "ALTER TABLE t ADD x s.d",
            &["volatile-default"],
        ),
        (Postgres, "CREATE DOMAIN d AS text DEFAULT now()".into(), "ALTER TABLE t ADD COLUMN x d", &[]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY a varchar(63)", &[]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY a varchar(64)", &["copies-table"]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY b varchar(900)", &[]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY c enum('x','y','z')", &[]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY c enum('z','x','y')", &["copies-table"]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY d INT(11) NULL COMMENT 'years'", &[]),
        (Mysql, people.into(), "ALTER TABLE t MODIFY e varchar(255) CHARACTER SET latin1", &[]),
        (Postgres, String::new(), "CRAETE TABLE x (a int PRIMARY KEY)", &["not-a-statement"]),
        (Sqlite, String::new(), "ALTER TABLE x DORP COLUMN y", &["syntax-error", "alter-refused"]),
        (Mysql, String::new(), "INSERT INOT x VALUES (1)", &["syntax-error"]),
        (Postgres, String::new(), "DELETE FORM x WHERE a = 1", &["syntax-error"]),
    ] {
        let file = |text| File { text, ..File::default() };
        let files = [file(&first), File { checked: true, ..file(second) }];
        let found = lint(&files, &Options { dialect, ..Options::default() });
        let codes = found.iter().filter(|finding| finding.level == Level::Hazard).map(|finding| finding.code);
        assert_eq!(codes.collect::<Vec<_>>(), expected, "{first}; {second}");
    }
}

/// The tables of the live database are known, too: what `MODIFY` does there is what the planner predicts for that server.
#[test]
fn the_live_schema_decides_what_modify_does() {
    use relata_schema::{ColumnType, Type};
    let column = |name: &str, physical: &str| Column {
        name: name.into(),
        ty: ColumnType::new(Type::Native(physical.into()), physical).into(),
        ..Column::default()
    };
    let columns = vec![column("id", "int(11)"), column("short", "varchar(20)"), column("long", "varchar(70)")];
    let table = Table { name: ObjectName::bare("t"), columns, ..Table::default() };
    for (mysql, sql, expected) in [
        (false, "ALTER TABLE t MODIFY short varchar(90)", &[][..]),
        (true, "ALTER TABLE t MODIFY short varchar(90)", &["copies-table"]),
        (true, "ALTER TABLE t MODIFY short varchar(63)", &[]),
        (false, "ALTER TABLE t CHANGE `long` `long` varchar(700)", &[]),
        (false, "ALTER TABLE t MODIFY id bigint", &["copies-table"]),
    ] {
        let schema =
            relata_schema::Schema { tables: vec![table.clone()], mysql, ..relata_schema::Schema::new(Dialect::Mysql) };
        let found = look(Dialect::Mysql, sql, |_, options| {
            options.live = Some(super::Live { schema, ..super::Live::default() });
        });
        let codes = found.iter().filter(|finding| finding.level == Level::Hazard).map(|finding| finding.code);
        assert_eq!(codes.collect::<Vec<_>>(), expected, "{sql} on {}", if mysql { "MySQL" } else { "MariaDB" });
    }
}

/// Words that are misspelt are found wherever the grammar leaves no room for a name, and names are no mistakes.
#[test]
fn misspelt_words_are_found_and_names_are_none() {
    use Dialect::{Mysql, Postgres, Sqlite};
    for (dialect, sql, word) in [
        (Postgres, "CREATE TABLE a (id bigint PRIMARY KYE)", "KEY"),
        (Postgres, "CREATE TABLE a (id bigint PRIMRAY KEY)", "PRIMARY"),
        (Sqlite, "CREATE TABLE a (id integer PRIMARY KEY, b text NOT NUL)", "NULL"),
        (Mysql, "CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMNT)", "AUTO_INCREMENT"),
        (Postgres, "CREATE TABLE a (id bigint PRIMARY KEY, b int REFERNCES c (id))", "REFERENCES"),
        (Postgres, "CREATE TABLE a (id bigint PRIMARY KEY, b text DEFUALT 'x')", "DEFAULT"),
        (Mysql, "CREATE TABLE a (id int, PRIMRAY KEY (id))", "PRIMARY"),
        (Mysql, "CREATE TABLE a (id int PRIMARY KEY, FORIEGN KEY (id) REFERENCES b (id))", "FOREIGN"),
        (Postgres, "CREATE TABLE a (id int PRIMARY KEY, CHEKC (id > 0))", "CHECK"),
        (Postgres, "ALTER TABLE a ADD COLUM b text", "COLUMN"),
        (Postgres, "ALTER TABLE a DROP COLUM b", "COLUMN"),
        (Postgres, "ALTER TABLE a ADD COLUMN b bigint REFERENCES c (id) ON DELETE CASCAD", "CASCADE"),
        (Sqlite, "UPDATE a SET b = 1 WEHRE id = 2", "WHERE"),
        (Sqlite, "DELETE FROM a WHER id = 2", "WHERE"),
        (Sqlite, "UPDATE a STE b = 1 WHERE id = 2", "SET"),
        (Mysql, "INSERT INTO a (b) VALEUS (1)", "VALUES"),
        (Postgres, "CREATE INDEX CONCURRENTLY i NO a (b)", "ON"),
    ] {
        let found = look(dialect, sql, |_, _| {});
        let said = found.iter().find(|finding| finding.code == "syntax-error");
        let said = said.map(|finding| format!("{} {}", finding.message, finding.help.clone().unwrap_or_default()));
        assert!(said.as_ref().is_some_and(|said| said.contains(word)), "{sql}: {found:?}");
    }
    for (dialect, sql) in [
        (Postgres, "CREATE TABLE a (id bigint PRIMARY KEY, columns int NOT NULL, checks text, nulls int, key text)"),
        (Postgres, "ALTER TABLE a ADD columns int, ADD COLUMN uniques text DEFAULT comments()"),
        (
            Postgres,
            "CREATE TABLE a (id bigint PRIMARY KEY, b text UNIQUE NULLS NOT DISTINCT, c unique_id, d public.nul)",
        ),
        (
            Postgres,
            "CREATE TABLE a (b text CONSTRAINT nul CHECK (b <> '') COLLATE \"C\", c int REFERENCES deferred (id))",
        ),
        (
            Postgres,
            "CREATE TABLE a (b text DEFAULT 'x'::character varying, c timestamptz DEFAULT now() AT TIME ZONE 'utc')",
        ),
        (Mysql, "CREATE TABLE a (id int KEY, b varchar(9) CHARACTER SET latin1 COMMENT 'nul', c int INVISIBLE)"),
        (Sqlite, "CREATE TABLE a (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, b UNSIGNED BIG INT, c)"),
        (Sqlite, "INSERT INTO a (b) (SELECT 1)"),
        (Postgres, "INSERT INTO a DEFAULT VALUES"),
        (Postgres, "UPDATE a wheres SET b = wheres.b + 1 FROM there WHERE a.id = 1"),
        (Sqlite, "DELETE FROM wher WHERE id = 1"),
        (Sqlite, "WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x"),
        (Mysql, "ALTER TABLE a DROP colum, DROP COLUMN columns"),
    ] {
        let found = look(dialect, sql, |_, _| {});
        assert!(!found.iter().any(|finding| finding.code == "syntax-error"), "{sql}: {found:?}");
    }
}

/// What else stands in a table decides what its changes take on MariaDB and MySQL.
#[test]
fn what_else_stands_in_a_table_decides() {
    let texts = "CREATE TABLE t (id int PRIMARY KEY, a int, b text, FULLTEXT KEY words (b))";
    let computed = "CREATE TABLE t (id int PRIMARY KEY, a int, b int, g int AS (a + 1) STORED)";
    for (first, second, expected) in [
        (texts, "ALTER TABLE t ADD COLUMN n int", &["copies-table"][..]),
        (texts, "ALTER TABLE t ADD COLUMN n int AS (a + 1) VIRTUAL", &[]),
        (texts, "ALTER TABLE t ROW_FORMAT=COMPRESSED", &["copies-table"]),
        (texts, "ALTER TABLE t ADD INDEX (a)", &[]),
        (texts, "ALTER TABLE t MODIFY b text NOT NULL", &["copies-table", "not-null-may-fail"]),
        (texts, "DROP INDEX words ON t; ALTER TABLE t ADD COLUMN n int", &[]),
        (computed, "ALTER TABLE t MODIFY b int NOT NULL", &["copies-table", "not-null-may-fail"]),
        (computed, "ALTER TABLE t MODIFY g int AS (a + 2) STORED", &["copies-table"]),
        (computed, "ALTER TABLE t ADD COLUMN n int AFTER a", &[]),
        ("CREATE TABLE t (a int) ENGINE = MyISAM", "ALTER TABLE t ADD n int", &["copies-table"]),
        ("CREATE TABLE t (a int) ENGINE=InnoDB", "ALTER TABLE t ADD n int", &[]),
        ("", "ALTER TABLE t ADD COLUMN n serial", &["copies-table"]),
        ("", "ALTER TABLE t ADD COLUMN p int REFERENCES p (id)", &["copies-table"]),
        ("", "ALTER TABLE t ADD PARTITION PARTITIONS 2", &["copies-table"]),
        ("", "ALTER TABLE t ADD PARTITION (PARTITION p VALUES LESS THAN (9))", &[]),
    ] {
        let file = |text| File { text, ..File::default() };
        let files = [file(first), File { checked: true, ..file(second) }];
        let found = lint(&files, &Options { dialect: Dialect::Mysql, ..Options::default() });
        let codes = found.iter().filter(|finding| finding.level == Level::Hazard).map(|finding| finding.code);
        assert_eq!(codes.collect::<Vec<_>>(), expected, "{first}; {second}");
    }
}
