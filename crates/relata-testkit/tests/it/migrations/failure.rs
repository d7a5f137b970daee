//! Statements that fail in the middle, and runs that were cut off.

use relata_runtime::migrate::{self, Rollback};
use relata_schema::Dialect;
use relata_sql::Kind;

use super::{Case, NOTES, block_on, on_every_database};

const ID: &str = "20260101000000_aaaaaa_notes";

on_every_database! {
    a_failing_statement_is_located
    a_failed_migration_goes_on_or_never_was
    a_failed_migration_is_undone_where_that_is_asked
    statements_one_by_one_resume
    proof_finds_what_does_not_hold
}

async fn a_failing_statement_is_located(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.write(ID, &format!("{NOTES}\n-- the typo\nSELECT x FROM nowhere;"), "DROP TABLE notes");
    let error = case.apply().await.unwrap_err();
    assert_eq!(error.kind(), Kind::UndefinedTable);
    let text = error.to_string();
    assert!(text.starts_with(&format!("applying {ID}: statement 3 of 3, line 4")), "{text}");
    assert!(text.contains("sql: SELECT x FROM nowhere"), "{text}");
    assert!(text.contains("hint: "), "{text}");
}

async fn a_failed_migration_goes_on_or_never_was(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let up = |typo: &str| format!("{NOTES}\n{typo} TABLE tags (id integer); INSERT INTO tags VALUES (1);");
    case.write(ID, &up("CREAT"), "DROP TABLE tags; DROP TABLE notes");
    let error = case.apply().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Syntax, "{error}");
    let (tables, state): (&[&str], _) = match dialect {
        Dialect::Mysql => (&["notes"], "half applied"),
        Dialect::Sqlite | Dialect::Postgres => (&[], "pending"),
    };
    assert_eq!(case.tables().await, tables);
    assert_eq!(case.states().await, [format!("{ID} {state}")]);
    if dialect == Dialect::Mysql {
        case.write(ID, &up("CREATE").replace("'one'", "'eins'"), "DROP TABLE tags; DROP TABLE notes");
        let error = case.apply().await.unwrap_err();
        assert!(error.to_string().contains("statement 2 of"), "what has run cannot be changed: {error}");
    }
    case.write(ID, &up("CREATE"), "DROP TABLE tags; DROP TABLE notes");
    let (result, run, found) = case.apply_watched().await;
    result.unwrap();
    assert_eq!(run, if dialect == Dialect::Mysql { vec![3, 4] } else { vec![1, 2, 3, 4] });
    assert!(found.is_empty());
    assert_eq!(case.count("SELECT count(*) FROM notes").await, 2, "no row came twice");
    assert_eq!(case.states().await, [format!("{ID} applied")]);
    assert_eq!(case.count("SELECT count(*) FROM relata_migration_steps").await, 0);
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert!(case.tables().await.is_empty());
}

/// A runner that shall undo leaves nothing of a failed migration behind, unless rows of others were changed.
async fn a_failed_migration_is_undone_where_that_is_asked(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.runner.on_failure = migrate::OnFailure::Undo;
    let off = "-- relata: transaction off\n";
    case.write(
        "20250101000000_aaaaaa_old",
        "CREATE TABLE old (x integer); INSERT INTO old VALUES (1)",
        "DROP TABLE old",
    );
    case.apply().await.unwrap();
    let drop = if dialect == Dialect::Mysql { "DROP INDEX i ON old" } else { "DROP INDEX i" };
    let down = format!("{off}DROP TABLE never; {drop}; DROP TABLE notes;");
    case.write(ID, &format!("{off}{NOTES} CREATE INDEX i ON old (x); CREATE TABLE never (y nonsense(;"), &down);
    let error = case.apply().await.unwrap_err().to_string();
    assert!(error.contains("the database is as it was before"), "{error}");
    assert_eq!(case.tables().await, ["old"]);
    assert_eq!(case.states().await[1], format!("{ID} pending"));
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    let said: Vec<String> = trail.iter().map(|entry| format!("{} {}", entry.action, entry.ending)).collect();
    let old = if dialect == Dialect::Mysql { vec!["apply begun", "apply done"] } else { vec!["apply done"] };
    let new = ["apply begun", "apply failed", "rollback begun", "rollback done"];
    assert_eq!(said, [&old[..], &new].concat());

    case.write(ID, &format!("{off}UPDATE old SET x = 2; CREATE TABLE never (y nonsense(;"), &down);
    let error = case.apply().await.unwrap_err().to_string();
    assert!(error.contains("the statements before it are done and kept"), "{error}");
    assert_eq!(case.states().await[1], format!("{ID} half applied"), "no way down brings the values back");
}

/// A run that was cut off leaves `begun` behind: whether it was done is asked, not assumed.
async fn statements_one_by_one_resume(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let up = "-- relata: transaction off\nCREATE TABLE a (x integer);\n-- relata: done SELECT count(*) FROM a\n\
              INSERT INTO a VALUES (1);\nCREATE TABLE b (x integer);\nINSERT INTO b VALUES (1);\nINSERT INTO nowhere VALUES (1);";
    case.write(ID, up, "-- relata: transaction off\nDROP TABLE b; DROP TABLE a;");
    case.apply().await.unwrap_err();
    // As if the runner had been killed after each statement and before saying so; and during the one before last.
    case.connection
        .batch("UPDATE relata_migration_steps SET state = 'begun' WHERE state = 'done' AND position < 3")
        .await
        .unwrap();
    case.connection.batch("DELETE FROM b").await.unwrap();
    case.connection.batch("UPDATE relata_migration_steps SET state = 'begun' WHERE position = 3").await.unwrap();
    case.write(ID, &up.replace("INSERT INTO nowhere VALUES (1)", "CREATE TABLE c (x integer)"), "");
    let (result, run, found) = case.apply_watched().await;
    result.unwrap();
    assert_eq!((run, found), (vec![4, 5], vec![1, 2, 3]));
    assert_eq!(case.tables().await, ["a", "b", "c"]);
    assert_eq!(case.count("SELECT (SELECT count(*) FROM a) * 10 + (SELECT count(*) FROM b)").await, 11);
}

#[test]
fn a_rollback_that_was_cut_off_goes_on() {
    block_on(async {
        let mut case = Case::new(Dialect::Mysql).await;
        let up = "CREATE TABLE a (x integer); CREATE TABLE b (x integer)";
        case.write(ID, up, "DROP TABLE b; DROP TABLE nowhere; DROP TABLE a");
        case.apply().await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap_err();
        assert_eq!(case.states().await, [format!("{ID} half undone")]);
        let error = case.apply().await.unwrap_err();
        assert!(error.to_string().contains("finish it with relata migrate rollback"), "{error}");
        case.write(ID, up, "DROP TABLE b; DROP TABLE a");
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert!(case.tables().await.is_empty());
        assert_eq!(case.states().await, [format!("{ID} pending")]);
    });
}

#[test]
fn what_nobody_can_know_is_asked() {
    block_on(async {
        let mut case = Case::new(Dialect::Mysql).await;
        let up = "CREATE TABLE a (x integer);\nCREATE PROCEDURE p() INSERT INTO a VALUES (1);\nCALL p();\nSELECT x FROM nowhere";
        case.write(ID, up, "DROP PROCEDURE p; DROP TABLE a");
        case.apply().await.unwrap_err();
        // As if the run had been killed while the procedure ran.
        case.connection.batch("UPDATE relata_migration_steps SET state = 'begun' WHERE position = 2").await.unwrap();
        let error = case.apply().await.unwrap_err();
        assert_eq!(error.kind(), Kind::InDoubt);
        expect_test::expect![[r#"
            applying 20260101000000_aaaaaa_notes: a run was cut off during statement 3 of 20260101000000_aaaaaa_notes/up.sql (line 3), and nothing tells whether it was done [R0302]
              sql: CALL p()
              hint: look, then write a line before it that is true if it was done: -- relata: done SELECT 1 (or SELECT 0)"#]].assert_eq(&error.to_string());
        let told = up.replace("CALL", "-- relata: done SELECT count(*) FROM a\nCALL").replace("FROM nowhere", "FROM a");
        case.write(ID, &told, "DROP PROCEDURE p; DROP TABLE a");
        let (result, run, found) = case.apply_watched().await;
        result.unwrap();
        assert_eq!((run, found), (vec![4], vec![3]));
        assert_eq!(case.count("SELECT count(*) FROM a").await, 1);
    });
}

#[test]
fn an_index_built_concurrently_is_built_again() {
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        let up = "-- relata: transaction off\nCREATE TABLE a (x integer);\nINSERT INTO a VALUES (1), (1);\n\
                  CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x);";
        case.write(ID, up, "DROP TABLE a");
        let error = case.apply().await.unwrap_err();
        assert_eq!(error.kind(), Kind::UniqueViolation, "{error}");
        let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
        assert_eq!(case.count(invalid).await, 1, "the server leaves it behind");
        case.connection.batch("DELETE FROM a").await.unwrap();
        let (result, run, _) = case.apply_watched().await;
        result.unwrap();
        assert_eq!(run, [3]);
        assert_eq!(case.count(invalid).await, 0);
        assert_eq!(case.count("SELECT count(*) FROM pg_index WHERE indexrelid = 'a_x'::regclass").await, 1);
    });
}

struct Equal;

impl migrate::Compare for Equal {
    fn differences(&self, from: &relata_schema::Schema, to: &relata_schema::Schema) -> Vec<String> {
        let names = |schema: &relata_schema::Schema| -> Vec<String> {
            let of = |table: &relata_schema::model::Table| {
                table.columns.iter().map(|column| format!("{}.{}", table.name, column.name)).collect::<Vec<_>>()
            };
            schema.tables.iter().flat_map(of).collect()
        };
        let (from, to) = (names(from), names(to));
        from.iter()
            .filter(|name| !to.contains(name))
            .chain(to.iter().filter(|name| !from.contains(name)))
            .cloned()
            .collect()
    }

    fn survivors(&self, from: &relata_schema::Schema, to: &relata_schema::Schema) -> Vec<migrate::Survivor> {
        let survivor = |table: &relata_schema::model::Table| {
            let after = to.table(&table.name)?;
            let both = table.columns.iter().filter(|column| after.column(&column.name).is_some());
            let columns = both.map(|column| (column.name.clone(), column.name.clone(), false)).collect();
            let key = vec![("id".to_string(), "id".to_string())];
            Some(migrate::Survivor { table: (table.name.clone(), after.name.clone()), key, columns })
        };
        from.tables.iter().filter_map(survivor).collect()
    }
}

async fn proof_finds_what_does_not_hold(dialect: Dialect) {
    for (up, down, expected) in [
        (
            "ALTER TABLE notes ADD COLUMN x integer",
            "ALTER TABLE notes DROP COLUMN x",
            "up, down, up; 2 rows in 1 table, 2 columns compared",
        ),
        ("ALTER TABLE notes ADD COLUMN x integer", "", "down.sql does not give back the schema from before up.sql"),
        ("UPDATE notes SET body = 'x' WHERE id = 1", "", "values are not what they were after up.sql"),
        ("DELETE FROM notes WHERE id = 1", "", "values are not what they were after up.sql"),
        (
            "UPDATE notes SET body = CASE id WHEN 1 THEN 'two;' ELSE 'one' END",
            "",
            "values are not what they were after up.sql",
        ),
        (
            "ALTER TABLE notes ADD COLUMN x integer",
            "DROP TABLE nothing",
            "proof on a shadow copy: down.sql: statement 1 of 1",
        ),
    ] {
        let mut case = Case::new(dialect).await;
        case.connection.batch(NOTES).await.unwrap();
        case.write(ID, up, down);
        let migrations = case.migrations();
        let proved = migrate::prove(case.connection.as_mut(), &migrations[0], None, &Equal).await;
        let text = match proved {
            Ok(proof) => proof.to_string(),
            Err(error) => {
                assert_eq!(error.kind(), Kind::ProofFailed);
                error.to_string()
            }
        };
        assert!(text.starts_with(expected), "{up}: {text}");
    }
}
