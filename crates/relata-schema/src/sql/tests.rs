//! What statements are read as, and that nothing makes the reader fail.

use super::*;
use crate::dialect::Dialect;

const EVERYTHING: &str = "\u{feff}-- c\nBEGIN;\nCREATE TABLE IF NOT EXISTS s.\"A b\" (id serial8 PRIMARY KEY, \
    n numeric(10, 2)[] DEFAULT ARRAY[1] NOT NULL, v character varying(9) COLLATE \"C\" CHECK (length(v) > 1), \
    t timestamp(3) with time zone, c pg_catalog.char(2), FOREIGN KEY (id) REFERENCES b (c) ON DELETE CASCADE, \
    LIKE d INCLUDING ALL) PARTITION BY RANGE (id);\n\
    ALTER TABLE IF EXISTS ONLY a ADD COLUMN IF NOT EXISTS b int4 GENERATED ALWAYS AS (1) STORED, DROP c CASCADE, \
    ALTER d TYPE text USING d::text, RENAME e TO f, ADD CONSTRAINT g CHECK (h IS NOT NULL) NOT VALID;\n\
    CREATE UNIQUE INDEX CONCURRENTLY i ON ONLY a USING gin (lower(b), c DESC) WHERE d;\n\
    DO $x$ BEGIN IF a THEN DROP VIEW v, w CASCADE; ELSE EXECUTE 'TRUNCATE a'; END IF; END $x$;\n\
    UPDATE a SET (b, c) = (1, 2), d[1] = 3 FROM e; DELETE FROM ONLY a; INSERT INTO a (b) SELECT 1 ON CONFLICT DO NOTHING;\n\
    SET LOCAL lock_timeout TO '2s'; ALTER TYPE e ADD VALUE IF NOT EXISTS 'x' BEFORE 'y'; VACUUM (FULL) a; \
    REINDEX (CONCURRENTLY) INDEX i; LOCK a, b IN SHARE MODE; CREATE OR REPLACE FUNCTION f() RETURNS int AS $$;$$; \
    COMMIT AND CHAIN; ROLLBACK TO x; ???";

fn only(dialect: Dialect, text: &str) -> StatementKind<'_> {
    let mut statements = read(dialect, text);
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0).kind
}

#[test]
fn a_script_of_everything() {
    let text = EVERYTHING.strip_prefix('\u{feff}').unwrap();
    let mut shown = String::new();
    for statement in read(Dialect::Postgres, EVERYTHING) {
        let words: Vec<_> = statement.extent.of(text).split_whitespace().take(3).collect();
        let kind = format!("{:?}", statement.kind);
        let name: String = kind.chars().take_while(|c| c.is_alphanumeric()).collect();
        shown.push_str(&format!("{} {name}: {}\n", statement.line, words.join(" ")));
        if let StatementKind::Do(body) = &statement.kind {
            body.iter().for_each(|inner| shown.push_str(&format!("  {}\n", inner.extent.of(text))));
        }
    }
    expect_test::expect![[r#"
        2 Begin: BEGIN
        3 CreateTable: CREATE TABLE IF
        4 Alter: ALTER TABLE IF
        5 CreateIndex: CREATE UNIQUE INDEX
        6 Do: DO $x$ BEGIN
          DROP VIEW v, w CASCADE
          TRUNCATE a
        7 Write: UPDATE a SET
        7 Write: DELETE FROM ONLY
        7 Write: INSERT INTO a
        8 Set: SET LOCAL lock_timeout
        8 Alter: ALTER TYPE e
        8 Vacuum: VACUUM (FULL) a
        8 Reindex: REINDEX (CONCURRENTLY) INDEX
        8 Lock: LOCK a, b
        8 Create: CREATE OR REPLACE
        8 Commit: COMMIT AND CHAIN
        8 Savepoint: ROLLBACK TO x
        8 Other: ???
    "#]]
    .assert_eq(&shown);
}

#[test]
fn columns_and_constraints() {
    let StatementKind::CreateTable(table) = read(Dialect::Postgres, EVERYTHING).remove(1).kind else { panic!() };
    assert_eq!(table.name.parts, ["s", "A b"]);
    let shown: Vec<String> = table
        .columns
        .iter()
        .map(|column| {
            let ty = column.ty.as_ref().unwrap();
            let array = if ty.array { "[]" } else { "" };
            format!("{} {}({}){array} {}", column.name, ty.name, ty.arguments.join(","), column.not_null)
        })
        .collect();
    let expected = [
        "id bigserial() false",
        "n numeric(10,2)[] true",
        "v varchar(9) false",
        "t timestamptz(3) false",
        "c char(2) false",
    ];
    assert_eq!(shown, expected);
    assert_eq!(table.columns[2].check.as_ref().unwrap().calls, ["length"]);
    assert!(table.constraints[0].references.as_ref().unwrap().cascades && table.takes_columns);
    assert!(table.options.starts_with(&["PARTITION".to_string()]));
}

#[test]
fn actions_of_alter() {
    let StatementKind::Alter(alter) = read(Dialect::Postgres, EVERYTHING).remove(2).kind else { panic!() };
    let kinds: Vec<String> = alter
        .actions
        .iter()
        .map(|action| format!("{:?}", action.action).chars().take_while(|c| c.is_alphanumeric()).collect())
        .collect();
    assert_eq!(kinds, ["AddColumn", "DropColumn", "AlterColumn", "RenameColumn", "AddConstraint"]);
    let Action::AddConstraint(check) = &alter.actions[4].action else { panic!() };
    assert!(check.not_valid && check.expression.as_ref().unwrap().is_not_null_of("h"));
    let StatementKind::Alter(alter) = only(
        Dialect::Mysql,
        "ALTER TABLE a ADD (b int, c int), CHANGE d e bigint UNSIGNED NOT NULL \
        AFTER f, DROP INDEX g, ADD UNIQUE KEY h (i(10)), ADD CONSTRAINT FOREIGN KEY (j) REFERENCES k (l), ALGORITHM=COPY, LOCK=NONE",
    ) else {
        panic!()
    };
    assert_eq!(alter.actions.len(), 8);
    let Action::Redefine { from, column } = &alter.actions[2].action else { panic!("{:?}", alter.actions[2]) };
    assert_eq!((from.last(), column.name.last(), column.ty.as_ref().unwrap().unsigned), ("d", "e", true));
    let Action::AddConstraint(unique) = &alter.actions[4].action else { panic!() };
    assert_eq!((unique.kind, unique.columns[0].last()), (ConstraintKind::Unique, "i"));
    assert_eq!(alter.actions[6].action, Action::Algorithm("COPY".into()));
}

#[test]
fn writes_and_what_they_assign() {
    let assigned = |text: &str| match only(Dialect::Postgres, text) {
        StatementKind::Write(write) => {
            let names =
                |list: &Vec<Name>| list.iter().map(|name| name.last().to_string()).collect::<Vec<_>>().join(",");
            (write.verb, write.limited, write.assigned.iter().map(names).collect::<Vec<_>>().join(";"))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(assigned("UPDATE a SET (b, c) = (1, 2), d[1] = 3 FROM e"), ("UPDATE", false, "b,c".into()));
    assert_eq!(assigned("UPDATE a AS x SET b = (SELECT c FROM d WHERE e)"), ("UPDATE", false, "b".into()));
    assert_eq!(
        assigned("INSERT INTO a (b, c) VALUES (1, 2) ON CONFLICT (b) DO UPDATE SET c = 3, d = 4 WHERE e"),
        ("INSERT", false, "b,c;c,d".into())
    );
    for (condition, limited) in [("true", false), ("1 = 1", false), ("'a' = 'b'", true), ("a", true), ("1 = a", true)] {
        assert_eq!(assigned(&format!("UPDATE a SET b = 1 WHERE {condition} RETURNING c")).1, limited, "{condition}");
    }
    assert_eq!(assigned("WITH x AS (DELETE FROM y) DELETE FROM a USING x"), ("DELETE", false, String::new()));
    let merge = "MERGE INTO a USING b ON c WHEN MATCHED THEN UPDATE SET d = 1, d = 2 \
        WHEN NOT MATCHED THEN INSERT (e, f) VALUES (1, 2)";
    assert_eq!(assigned(merge), ("MERGE", true, "d,d;e,f".into()));
    assert_eq!(only(Dialect::Postgres, "WITH x AS (SELECT 1) SELECT 2"), StatementKind::Query);
    assert_eq!(only(Dialect::Postgres, "COPY a TO STDOUT"), StatementKind::Query);
}

#[test]
fn other_spellings() {
    let StatementKind::CreateTable(table) = only(
        Dialect::Sqlite,
        "create table [a b] (id integer primary key, u UNSIGNED BIG INT, plain, w varchar(3) not null) strict",
    ) else {
        panic!()
    };
    let types: Vec<_> = table.columns.iter().map(|column| column.ty.as_ref().map(|ty| ty.name.as_str())).collect();
    assert_eq!(types, [Some("integer"), Some("unsigned big int"), None, Some("varchar")]);
    assert_eq!(table.options, ["STRICT"]);
    let StatementKind::Set(settings) = only(Dialect::Sqlite, "PRAGMA main.foreign_keys(OFF)") else { panic!() };
    assert_eq!((settings[0].name.as_str(), settings[0].value.as_str()), ("foreign_keys", "off"));
    let StatementKind::Set(settings) = only(Dialect::Mysql, "SET @@session.foreign_key_checks = 0, names = 'x'") else {
        panic!()
    };
    assert_eq!((settings[0].name.as_str(), settings[0].value.as_str()), ("foreign_key_checks", "0"));
    let StatementKind::Drop(drop) = only(Dialect::Postgres, "DROP FUNCTION IF EXISTS f(int, text), s.g() CASCADE")
    else {
        panic!()
    };
    assert_eq!((drop.names.len(), drop.names[1].last(), drop.cascade), (2, "g", true));
    let StatementKind::Create(created) =
        only(Dialect::Mysql, "CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW v AS SELECT 1")
    else {
        panic!()
    };
    assert_eq!((created.object, created.name.last()), ("VIEW", "v"));
}

/// What tools fill in before they run a file stands for a name.
#[test]
fn placeholders_are_names() {
    for (text, name) in [
        ("DROP TABLE :schema.a", ":schema.a"),
        ("DROP TABLE :\"My schema\".a", ":\"My schema\".a"),
        ("DROP TABLE ${flyway:defaultSchema}.a", "${flyway:defaultSchema}.a"),
        ("DROP TABLE a.{{ .Table }}", "a.{{.Table}}"),
        ("DROP TABLE %I.%s", "%I.%s"),
        ("DROP TABLE :, a", ""),
    ] {
        let StatementKind::Drop(drop) = only(Dialect::Postgres, text) else { panic!("{text}") };
        assert_eq!(drop.names.first().map(ToString::to_string).unwrap_or_default(), name);
    }
}

#[test]
fn what_never_ends_is_known() {
    for (dialect, quoted, open) in [
        (Dialect::Postgres, "'a", true),
        (Dialect::Postgres, "'a''", true),
        (Dialect::Postgres, "'a''b'", false),
        (Dialect::Postgres, "'a\\'", false),
        (Dialect::Mysql, "'a\\'", true),
        (Dialect::Postgres, "$x$ $y$", true),
        (Dialect::Postgres, "$x$ $x$", false),
        (Dialect::Postgres, "/* /* */", true),
        (Dialect::Sqlite, "/* /* */", false),
        (Dialect::Sqlite, "[a", true),
    ] {
        assert_eq!(is_unfinished(dialect, quoted), open, "{quoted}");
    }
    assert_eq!(open_comment(Dialect::Postgres, "; -- a\n/* b"), Some(Extent { start: 7, end: 11 }));
    assert_eq!(open_comment(Dialect::Postgres, "; /* a */ -- b"), None);
}

#[test]
fn nothing_makes_it_fail() {
    let texts = [
        EVERYTHING,
        "ALTER TABLE ADD",
        "CREATE",
        "DROP TABLE ,,,",
        "((((",
        "))))",
        "ALTER TABLE é ADD ü ö DEFAULT (",
        "DO $$",
        "EXECUTE",
    ];
    for dialect in [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite] {
        for text in texts {
            for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
                let part = &text[..end];
                let plain = part.strip_prefix('\u{feff}').unwrap_or(part);
                for statement in read(dialect, part) {
                    assert!(plain.get(statement.extent.start..statement.extent.end).is_some(), "{part}");
                }
            }
        }
    }
}
