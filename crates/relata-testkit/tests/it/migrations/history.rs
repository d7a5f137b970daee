//! Applying, rolling back, and history against files.

use relata_runtime::migrate::{self, Rollback, Vanishing};
use relata_schema::Dialect;
use relata_sql::Kind;

use super::{Case, NOTES, block_on, ids, on_every_database};

on_every_database! {
    apply_rollback_apply
    rollback_goes_so_far
    edited_and_missing_files_are_named
    what_goes_is_counted_and_kept
    scripts_of_the_shell_run
}

async fn apply_rollback_apply(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
    case.write("20260102000000_bbbbbb_tags", "CREATE TABLE tags (id integer);", "DROP TABLE tags;");
    let both = ["20260101000000_aaaaaa_notes", "20260102000000_bbbbbb_tags"];
    assert_eq!(ids(&case.apply().await.unwrap()), both);
    assert_eq!(case.count("SELECT count(*) FROM notes").await, 2);
    assert_eq!(case.apply().await.unwrap(), [], "applying again does nothing");
    let history = migrate::read_history(case.connection.as_mut()).await.unwrap();
    assert_eq!(ids(&history), both);
    assert_eq!((history[0].applied_by.as_str(), history[0].tool.as_str()), ("ann@test", "relata test"));
    assert_eq!(history[0].digest, case.migrations()[0].digest);
    assert_eq!(case.tables().await, ["notes", "tags"], "relata's own tables are no part of the schema");

    let undone = case.rollback(Rollback::All).await.unwrap();
    assert_eq!(ids(&undone), ["20260102000000_bbbbbb_tags", "20260101000000_aaaaaa_notes"], "newest first");
    assert!(case.tables().await.is_empty());
    assert_eq!(ids(&case.apply().await.unwrap()), both);
    assert_eq!(case.tables().await, ["notes", "tags"]);
}

async fn rollback_goes_so_far(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    for (day, name) in [(1, "a"), (2, "b"), (3, "c")] {
        let (up, down) = (format!("CREATE TABLE {name} (x integer)"), format!("DROP TABLE {name}"));
        case.write(&format!("2026010{day}000000_aaaaaa_{name}"), &up, &down);
    }
    case.apply().await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.tables().await, ["a", "b"]);
    case.rollback(Rollback::To("20260101".into())).await.unwrap();
    assert_eq!(case.tables().await, ["a"]);
    let error = case.rollback(Rollback::To("2027".into())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Migration);
    let to = case.migrations()[1].version.clone();
    let migrations = case.migrations();
    case.runner.apply(case.connection.as_mut(), &migrations, Some(&to), &mut |_| {}).await.unwrap();
    assert_eq!(case.tables().await, ["a", "b"], "--to stops there");
    std::fs::remove_file(case.path().join("20260101000000_aaaaaa_a/down.sql")).unwrap();
    let error = migrate::undone_by(
        &migrate::compare(&migrate::read_history(case.connection.as_mut()).await.unwrap(), &migrations),
        &[],
        &Rollback::All,
    );
    assert!(error.is_err());
}

async fn edited_and_missing_files_are_named(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
    case.write("20260102000000_bbbbbb_tags", "CREATE TABLE tags (id integer)", "DROP TABLE tags");
    case.apply().await.unwrap();
    let id = "20260101000000_aaaaaa_notes";
    case.write(id, &format!("-- why\n{}\n\n", NOTES.replace(' ', "\r\n  ")), "DROP\n TABLE notes;");
    assert_eq!(case.states().await[0], format!("{id} applied"), "comments and layout are no edit");
    case.write(id, &NOTES.replace("'one'", "'one '"), "DROP TABLE notes");
    assert_eq!(case.states().await[0], format!("{id} edited"), "a space inside quotes is");

    case.write("20260101000000_aaaaaa_notes", "CREATE TABLE notes (id integer)", "DROP TABLE notes");
    std::fs::remove_dir_all(case.path().join("20260102000000_bbbbbb_tags")).unwrap();
    case.write("20260103000000_cccccc_more", "CREATE TABLE more (id integer)", "DROP TABLE more");
    let error = case.apply().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Migration);
    let text = error.to_string();
    assert!(text.contains("20260101000000_aaaaaa_notes was changed after it had been applied"), "{text}");
    assert!(text.contains("20260102000000_bbbbbb_tags was applied"), "{text}");
    assert_eq!(case.tables().await, ["notes", "tags"], "nothing ran");

    let migrations = case.migrations();
    let done = case.runner.repair(case.connection.as_mut(), &migrations, &mut |_| {}).await.unwrap();
    assert_eq!(done.len(), 2, "{done:?}");
    assert_eq!(ids(&case.apply().await.unwrap()), ["20260103000000_cccccc_more"]);
}

async fn what_goes_is_counted_and_kept(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.write("20260101000000_aaaaaa_notes", NOTES, "DROP TABLE notes");
    case.apply().await.unwrap();
    let table = dialect.name("notes");
    let gone = [
        Vanishing { table: table.clone(), column: None },
        Vanishing { table: table.clone(), column: Some("body".into()) },
    ];
    let losses = migrate::measure(case.connection.as_mut(), &gone).await.unwrap();
    let texts: Vec<String> = losses.iter().map(ToString::to_string).collect();
    assert_eq!(texts, [format!("table {table} with 2 rows"), format!("column {table}.body with 2 values")]);
    let schema = migrate::schema(case.connection.as_mut()).await.unwrap();
    let directory = case.path().join(".lost");
    let files = migrate::keep(case.connection.as_mut(), &schema, &losses, &directory).await.unwrap();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(text, "{\"id\":1,\"body\":\"one\"}\n{\"id\":2,\"body\":\"two;\"}\n", "{}", file.display());
    }
    assert_eq!(files.len(), 2);
    assert_eq!(case.migrations().len(), 1, "what is kept is no migration");
}

/// What people write for the database's own shell: transactions of their own, settings, delimiters.
async fn scripts_of_the_shell_run(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let up = match dialect {
        Dialect::Sqlite => {
            "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE a (id integer PRIMARY KEY);\nCREATE TABLE log (x integer);\n\
             CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO log VALUES (new.id); SELECT 1; END;\nCOMMIT;\n\
             PRAGMA foreign_keys = ON;\nINSERT INTO a VALUES (7);"
        }
        Dialect::Postgres => {
            "SELECT pg_catalog.set_config('search_path', '', false);\nBEGIN;\n\
             CREATE TABLE public.a (id integer PRIMARY KEY);\nCREATE TABLE public.log (x integer);\n\
             CREATE FUNCTION public.f(i integer) RETURNS integer LANGUAGE sql AS $f$ SELECT i + 0; $f$;\n\
             CREATE RULE r AS ON INSERT TO public.a DO ALSO (INSERT INTO public.log VALUES (public.f(new.id)); \
             UPDATE public.log SET x = x);\n\
             COMMIT;\nINSERT INTO public.a VALUES (7);"
        }
        Dialect::Mysql => {
            "SET FOREIGN_KEY_CHECKS = 0;\nCREATE TABLE a (id integer PRIMARY KEY);\nCREATE TABLE log (x integer);\n\
             DELIMITER $$\nCREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN INSERT INTO log VALUES (new.id); \
             SET @x = 1; END$$\nDELIMITER ;\nSET FOREIGN_KEY_CHECKS = 1;\nINSERT INTO a VALUES (7);"
        }
    };
    case.write("20260101000000_aaaaaa_a", up, "DROP TABLE a; DROP TABLE log");
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT max(x) FROM log").await, 7);
    assert_eq!(case.states().await, ["20260101000000_aaaaaa_a applied"]);
}
