//! What people and machines get wrong: mistakes far down in a file, files of other tools, a server that goes away, a full
//! disk, a pooler.

use relata_runtime::migrate::{self, Event, watch};
use relata_schema::Dialect;
use relata_sql::Kind;

use super::{Case, NOTES, block_on, on_every_database};

const FIRST: &str = "20260101000000_aaaaaa_notes";
const ID: &str = "20260102000000_bbbbbb_more";

on_every_database! {
    a_mistake_on_line_40_is_shown
    files_of_every_editor_run
}

async fn a_mistake_on_line_40_is_shown(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let comments = "-- a comment\n".repeat(37);
    case.write(FIRST, &format!("{comments}CREATE TABLE a (\n  x integer,\n  y integer,, z integer\n);\n"), "");
    let error = case.apply().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), Kind::Syntax, "{text}");
    // Where the database gives up: MariaDB one word later.
    let column = if dialect == Dialect::Mysql { 15 } else { 13 };
    assert!(text.contains(&format!("statement 1 of 1, line 40, column {column}: ")), "{text}");
    let mark = format!("sql:   y integer,, z integer\n       {}^\n", " ".repeat(column - 1));
    assert!(text.contains(&mark), "{text}");
}

/// Byte order mark, CRLF, comments in comments, dollar quotes, delimiters, names that look like keywords.
async fn files_of_every_editor_run(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    let (comment, routine) = match dialect {
        Dialect::Sqlite => (
            "/* a; comment */",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO log VALUES ('a;b'); SELECT CASE 1 WHEN 1 THEN 2 END; END;",
        ),
        Dialect::Postgres => (
            "/* a; /* nested; */ comment; */",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN INSERT INTO log VALUES ('a;b'); \
             EXECUTE $q$ SELECT ';' $q$; RETURN NEW; END $body$;\n\
             CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();",
        ),
        Dialect::Mysql => (
            "/* a; comment */ # another; one",
            "DELIMITER //\nCREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN INSERT INTO log VALUES ('a;b'); \
             SET @x = 1; END//\nDELIMITER ;",
        ),
    };
    let up = format!(
        "\u{feff}-- made elsewhere\n{comment}\nCREATE TABLE a (x integer); CREATE TABLE log (t varchar(9)); -- ; \n{routine}\n\
         INSERT INTO a VALUES (1);\n"
    );
    case.write(FIRST, &up.replace('\n', "\r\n"), "");
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM log WHERE t = 'a;b'").await, 1);
}

#[test]
fn dumps_of_postgres_run_and_other_commands_of_psql_are_refused() {
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        let dump = "\\restrict AbC123\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\nSET row_security = off;\n\n\
                    CREATE TABLE public.notes (\n    id integer NOT NULL GENERATED ALWAYS AS IDENTITY,\n    body text,\n    at timestamptz\n);\n\
                    COPY public.notes (id, body, at) FROM stdin;\n1\tit's; a\\ttab\t2026-01-01 00:00:00+00\n2\t\\N\t\\N\n\\.\n\n\n\
                    SELECT pg_catalog.setval(pg_get_serial_sequence('public.notes', 'id'), 2, true);\n\
                    ALTER TABLE ONLY public.notes ADD CONSTRAINT notes_pkey PRIMARY KEY (id);\n\n\\unrestrict AbC123\n";
        for (position, header) in ["", "-- relata: transaction off\n"].into_iter().enumerate() {
            let text = format!("{header}{dump}").replace("notes", &format!("notes{position}"));
            case.write(&format!("2026010{position}000000_aaaaaa_dump"), &text, "");
            case.apply().await.unwrap();
            let body =
                format!("SELECT count(*) FROM notes{position} WHERE body = E'it''s; a\\ttab' AND at IS NOT NULL");
            assert_eq!(case.count(&body).await, 1);
            assert_eq!(case.count(&format!("SELECT count(*) FROM notes{position}")).await, 2);
        }
        for (command, expected) in [
            ("\\connect other", "a migration runs in one database"),
            ("\\i other.sql", "put the SQL of that file here"),
            ("\\set name value", "write the SQL that it stands for"),
            ("\\copy notes from 'x.csv'", "write COPY … FROM stdin"),
        ] {
            case.write(ID, &format!("SELECT 1;\n{command}\n"), "");
            let error = migrate::read_folder(case.path(), Dialect::Postgres).unwrap_err().to_string();
            assert!(error.contains(&format!("up.sql, line 2: {command} is a command of psql")), "{error}");
            assert!(error.contains(expected), "{error}");
        }
        case.write(ID, "\\set ON_ERROR_STOP on\n\\echo hello\nSELECT 1;", "");
        case.apply().await.unwrap();
    });
}

/// The session is ended from outside while a statement is about to run.
async fn the_server_goes_away(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.write(FIRST, NOTES, "DROP TABLE notes");
    case.write(ID, "CREATE TABLE a (x integer); CREATE TABLE b (x integer); INSERT INTO b VALUES (1);", "");
    let session = watch::session(case.connection.as_mut()).await.unwrap();
    let (url, driver) = (case.database.url().clone(), case.database.driver());
    let mut watch = |event: Event<'_>| {
        if let Event::Statement { sql: "CREATE TABLE b (x integer)", .. } = event {
            let url = url.clone();
            let end = std::thread::spawn(move || {
                block_on(async {
                    let mut other = driver.connect(&url, &Default::default()).await.unwrap();
                    let kill = match other.dialect() {
                        Dialect::Mysql => format!("KILL {session}"),
                        _ => format!("SELECT pg_terminate_backend({session})"),
                    };
                    other.batch(&kill).await.unwrap();
                });
            });
            end.join().unwrap();
        }
    };
    let migrations = case.migrations();
    let error = case.runner.apply(case.connection.as_mut(), &migrations, None, &mut watch).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("relata migrate status says where the database stands"), "{text}");
    case.connection = case.database.connect().await;
    let state = if dialect == Dialect::Mysql { "half applied" } else { "pending" };
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} {state}")]);
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM b").await, 1);
}

#[test]
fn the_server_goes_away_postgres() {
    block_on(the_server_goes_away(Dialect::Postgres));
}

#[test]
fn the_server_goes_away_mysql() {
    block_on(the_server_goes_away(Dialect::Mysql));
}

#[test]
fn a_full_disk_changes_nothing() {
    block_on(async {
        let mut case = Case::new(Dialect::Sqlite).await;
        case.write(FIRST, NOTES, "DROP TABLE notes");
        case.apply().await.unwrap();
        let fill = "CREATE TABLE big (x); INSERT INTO big WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c \
                    WHERE n < 200) SELECT randomblob(4000) FROM c;";
        case.write(ID, fill, "DROP TABLE big");
        let pages = case.count("PRAGMA page_count").await;
        case.connection.batch(&format!("PRAGMA max_page_count = {}", pages + 20)).await.unwrap();
        let error = case.apply().await.unwrap_err().to_string();
        assert!(error.contains("full"), "{error}");
        assert!(error.contains("nothing of this migration was kept"), "{error}");
        assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} pending")]);
        case.connection.batch("PRAGMA max_page_count = 1000000").await.unwrap();
        case.apply().await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM big").await, 200);
    });
}

/// Through a pooler that shares sessions two runners may both believe that they have the lock. Here the other one has
/// applied the migration in the meantime, as its row says.
async fn a_lock_that_was_lost(dialect: Dialect) {
    let mut case = Case::new(dialect).await;
    case.write(FIRST, NOTES, "DROP TABLE notes");
    let migrations = case.migrations();
    let (url, driver, digest) = (case.database.url().clone(), case.database.driver(), migrations[0].digest.clone());
    let mut watch = |event: Event<'_>| {
        if let Event::Begin { .. } = event {
            let (url, digest) = (url.clone(), digest.clone());
            let other = std::thread::spawn(move || {
                block_on(async {
                    let mut other = driver.connect(&url, &Default::default()).await.unwrap();
                    let row =
                        format!("'20260101000000_aaaaaa', 'notes', '{digest}', '', '2026', 1, 'bob', 'x', 'applied'");
                    other.batch(&format!("INSERT INTO relata_migrations VALUES ({row})")).await.unwrap();
                });
            });
            other.join().unwrap();
        }
    };
    let error = case.runner.apply(case.connection.as_mut(), &migrations, None, &mut watch).await.unwrap_err();
    assert_eq!(error.kind(), Kind::MigrationLocked, "{error}");
    assert!(error.to_string().contains("was applied by another runner just now"), "{error}");
    assert!(case.tables().await.is_empty(), "nothing ran twice");
}

#[test]
fn a_lock_that_a_pooler_lost_is_noticed() {
    block_on(a_lock_that_was_lost(Dialect::Postgres));
}

#[test]
fn a_lock_that_a_proxy_lost_is_noticed() {
    block_on(a_lock_that_was_lost(Dialect::Mysql));
}

/// MariaDB: which column has NULL, in how many rows, and what to do.
#[test]
fn null_where_there_shall_be_a_value_is_said() {
    block_on(async {
        let mut case = Case::new(Dialect::Mysql).await;
        let table = "CREATE TABLE `Odd Notes` (id integer NOT NULL PRIMARY KEY, body varchar(80), n integer);\n\
                     INSERT INTO `Odd Notes` VALUES (1, NULL, 4), (2, NULL, 5), (3, 'three', NULL);";
        case.connection.batch(table).await.unwrap();
        let said = [
            ("MODIFY body varchar(80) NOT NULL", "body of Odd Notes is NULL in 2 rows, and shall have a value in each"),
            ("CHANGE `body` text varchar(90) NOT NULL", "body of Odd Notes is NULL in 2 rows"),
            ("MODIFY n bigint NOT NULL DEFAULT 3", "n of Odd Notes is NULL in 1 row, and shall have a value in each"),
            ("DROP PRIMARY KEY, ADD PRIMARY KEY (n)", "n of Odd Notes is NULL in 1 row"),
        ];
        for (number, (change, expected)) in said.iter().enumerate() {
            let id = format!("2026010{}000000_bbbbbb_less", number + 1);
            case.write(&id, &format!("ALTER TABLE `Odd Notes` {change};"), "");
            let error = case.apply().await.unwrap_err();
            assert_eq!(error.kind(), Kind::NotNullViolation, "{error}");
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.to_string().contains("UPDATE `Odd Notes` SET "), "{error}");
            case.connection.batch("DELETE FROM relata_migration_steps").await.unwrap();
            std::fs::remove_dir_all(case.path().join(&id)).unwrap();
            case.connection.batch("DELETE FROM relata_migrations").await.unwrap();
        }
        case.write("20260109000000_bbbbbb_less", "ALTER TABLE `Odd Notes` MODIFY body varchar(2) NOT NULL;", "");
        case.connection.batch("UPDATE `Odd Notes` SET body = 'longer'").await.unwrap();
        let error = case.apply().await.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidValue, "{error}");
    });
}

#[test]
fn postgres_says_what_to_do_about_null_where_there_shall_be_a_value() {
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        let table = "CREATE TABLE \"Odd Notes\" (id integer PRIMARY KEY, body text);\n\
                     INSERT INTO \"Odd Notes\" VALUES (1, NULL);";
        case.connection.batch(table).await.unwrap();
        let id = "20260101000000_bbbbbb_less";
        case.write(id, "ALTER TABLE \"Odd Notes\" ALTER COLUMN body SET NOT NULL;", "");
        let error = case.apply().await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotNullViolation, "{error}");
        let way_out = "UPDATE \"Odd Notes\" SET \"body\" = … WHERE \"body\" IS NULL";
        assert!(error.to_string().contains(way_out), "{error}");
        case.write(id, "INSERT INTO \"Odd Notes\" VALUES (NULL, 'x');", "");
        let error = case.apply().await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotNullViolation, "{error}");
        assert!(!error.to_string().contains("UPDATE"), "{error}");
    });
}
