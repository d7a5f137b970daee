//! What a migration takes away is kept, and its rollback brings it back.

use relata_runtime::migrate::{self, Event, OnFailure, Reason, Rollback, Shelve, Taken};
use relata_schema::Dialect;
use relata_schema::change::Rename;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_sql::Kind;

use super::{Case, block_on, on_every_database};

const FIRST: &str = "20260101000000_aaaaaa_posts";
const ID: &str = "20260102000000_bbbbbb_less";
const VERSION: &str = "20260102000000_bbbbbb";

on_every_database! {
    what_is_dropped_comes_back
    what_is_narrowed_comes_back_where_nobody_changed_it
    a_failed_migration_loses_nothing
    without_a_key_rows_are_known_by_their_other_columns
    columns_without_a_key_come_back_together
    what_is_narrowed_comes_back_without_a_key
    nothing_in_a_column_with_a_default_stays_nothing
    nothing_that_was_filled_is_nothing_again
    nothing_that_was_filled_is_nothing_again_without_a_key
    what_was_cut_off_gives_back_what_it_changed
    nothing_does_not_come_over_what_was_said_under_another_name
    what_is_narrowed_comes_back_from_under_other_names
    what_is_narrowed_comes_back_from_under_other_names_without_a_key
    what_others_write_after_a_cut_off_is_theirs
    what_others_write_before_it_goes_on_is_kept
    what_was_cut_off_before_it_began_is_taken_back
    rows_wait_for_the_keys_of_references
    backups_are_few_and_purged
}

async fn case(dialect: Dialect) -> Case {
    let mut case = Case::new(dialect).await;
    let up = "CREATE TABLE tags (id integer NOT NULL PRIMARY KEY, name varchar(20));\n\
              CREATE TABLE labels (id integer NOT NULL PRIMARY KEY, tag integer REFERENCES tags (id));\n\
              CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, title varchar(20), slug varchar(20));\n\
              CREATE TABLE loose (x integer, y integer);\n\
              INSERT INTO tags VALUES (1, 'a'), (2, 'ü''\\\\');\nINSERT INTO labels VALUES (10, 2);\n\
              INSERT INTO posts VALUES (1, 'one', 'uno'), (2, 'twoandmore', NULL), (3, 'three', 'tres');\n\
              INSERT INTO loose VALUES (1, 2);";
    case.write(FIRST, up, "DROP TABLE loose; DROP TABLE posts; DROP TABLE labels; DROP TABLE tags");
    case.apply().await.unwrap();
    case
}

fn taken(dialect: Dialect, table: &str, column: Option<&str>, narrowed: bool) -> Taken {
    Taken { table: dialect.name(table), column: column.map(String::from), narrowed, filled: false }
}

fn shelve(case: &mut Case, reason: Reason, taken: Vec<Taken>) {
    case.runner.shelve.insert(VERSION.into(), Shelve { taken, reason, renames: Vec::new() });
}

const UP: &str = "ALTER TABLE posts DROP COLUMN slug;\nDROP TABLE labels;\nDROP TABLE tags;";
const DOWN: &str = "CREATE TABLE tags (id integer NOT NULL PRIMARY KEY, name varchar(20));\n\
                    CREATE TABLE labels (id integer NOT NULL PRIMARY KEY, tag integer REFERENCES tags (id));\n\
                    ALTER TABLE posts ADD COLUMN slug varchar(20);";

async fn is_back(case: &mut Case) {
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 1 AND slug = 'uno'").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM tags").await, 2);
    assert_eq!(case.count("SELECT count(*) FROM tags JOIN labels ON tag = tags.id WHERE name LIKE 'ü%'").await, 1);
    let kept = migrate::read_shelf(case.connection.as_mut()).await.unwrap();
    assert_eq!(kept, [], "the shelf is empty again");
}

async fn what_is_dropped_comes_back(dialect: Dialect) {
    let mut case = case(dialect).await;
    let before = migrate::schema(case.connection.as_mut()).await.unwrap();
    case.write(ID, UP, DOWN);
    let all = [("posts", Some("slug")), ("labels", None), ("tags", None), ("tags", Some("name"))];
    let all = all.into_iter().map(|(table, column)| taken(dialect, table, column, false)).collect();
    shelve(&mut case, Reason::Preserve, all);
    case.apply().await.unwrap();
    let kept = migrate::read_shelf(case.connection.as_mut()).await.unwrap();
    let said: Vec<String> = kept.iter().map(|kept| kept.to_string().replace("public.", "")).collect();
    assert_eq!(said, ["column posts.slug, 2 rows", "table labels, 1 row", "table tags, 2 rows"]);
    assert_eq!(case.tables().await, ["loose", "posts"], "the shelf is no part of the schema");
    // Life goes on: rows go and come.
    case.connection.batch("DELETE FROM posts WHERE id = 3").await.unwrap();
    case.connection.batch("INSERT INTO posts VALUES (4, 'four')").await.unwrap();
    case.runner.shelve.clear();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    is_back(&mut case).await;
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE slug IS NULL").await, 2);
    assert_eq!(case.count("SELECT count(*) FROM posts").await, 3);
    let after = migrate::schema(case.connection.as_mut()).await.unwrap();
    assert_eq!(migrate::schema_digest(&after), migrate::schema_digest(&before));
    // And once more.
    case.apply().await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
}

async fn what_is_narrowed_comes_back_where_nobody_changed_it(dialect: Dialect) {
    let mut case = case(dialect).await;
    let (up, down) = match dialect {
        Dialect::Sqlite => ("UPDATE posts SET title = substr(title, 1, 4);", "SELECT 1;"),
        Dialect::Postgres => (
            "ALTER TABLE posts ALTER COLUMN title TYPE varchar(4) USING left(title, 4);",
            "ALTER TABLE posts ALTER COLUMN title TYPE varchar(20);",
        ),
        Dialect::Mysql => (
            "UPDATE posts SET title = left(title, 4); ALTER TABLE posts MODIFY title varchar(4);",
            "ALTER TABLE posts MODIFY title varchar(20);",
        ),
    };
    case.write(ID, up, down);
    shelve(&mut case, Reason::Preserve, vec![taken(dialect, "posts", Some("title"), true)]);
    case.apply().await.unwrap();
    let kept = case.count("SELECT row_count FROM relata_migration_shelf").await;
    assert_eq!(kept, 3);
    case.connection.batch("UPDATE posts SET title = 'new' WHERE id = 3").await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE title = 'twoandmore'").await, 1, "it is whole again");
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE title = 'new'").await, 1, "what is newer stays");
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE title = 'one'").await, 1);
}

async fn a_failed_migration_loses_nothing(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.runner.on_failure = OnFailure::Undo;
    for (position, off) in ["", "-- relata: transaction off\n"].into_iter().enumerate() {
        if dialect == Dialect::Sqlite && position == 1 {
            // The whole file is the backup; see below.
            continue;
        }
        case.write(ID, &format!("{off}{UP}\nCREATE TABEL typo (x integer);"), &format!("{off}{DOWN}"));
        let all = vec![taken(dialect, "posts", Some("slug"), false), taken(dialect, "labels", None, false)];
        let all = all.into_iter().chain([taken(dialect, "tags", None, false)]).collect();
        shelve(&mut case, Reason::Backup, all);
        let mut files = Vec::new();
        let migrations = case.migrations();
        let mut observer = |event: Event<'_>| {
            if let Event::BackedUp { file } = event {
                files.push(file.to_path_buf());
            }
        };
        let error = case.runner.apply(case.connection.as_mut(), &migrations, None, &mut observer).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Syntax, "{error}");
        assert!(!error.to_string().contains("are done and kept"), "nothing is left of it: {error}");
        assert_eq!(case.states().await[1], format!("{ID} pending"), "{error}");
        is_back(&mut case).await;
        if dialect == Dialect::Sqlite {
            let url = relata_sql::DatabaseUrl::sqlite_file(files[0].to_str().unwrap());
            let mut copy = relata_testkit::driver(dialect).connect(&url, &Default::default()).await.unwrap();
            assert_eq!(migrate::schema(copy.as_mut()).await.unwrap().tables.len(), 4, "the copy is whole");
        }
    }
}

/// A run that was cut off while it kept what goes: the next one keeps the rest, and nothing twice.
#[test]
fn keeping_that_was_cut_off_goes_on() {
    block_on(async {
        let mut case = case(Dialect::Mysql).await;
        case.write(ID, UP, DOWN);
        let all: Vec<Taken> = [("posts", Some("slug")), ("labels", None), ("tags", None)]
            .into_iter()
            .map(|(table, column)| taken(Dialect::Mysql, table, column, false))
            .collect();
        shelve(&mut case, Reason::Backup, all.clone());
        // Killed before the second table was kept, as the tables say.
        case.connection.batch("CREATE TABLE relata_shelf_20260102000000_bbbbbb_1 (x integer)").await.unwrap();
        case.apply().await.unwrap();
        assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap().len(), 3);
        case.rollback(Rollback::Steps(1)).await.unwrap();
        is_back(&mut case).await;
    });
}

async fn without_a_key_rows_are_known_by_their_other_columns(dialect: Dialect) {
    let mut case = case(dialect).await;
    let rows = "INSERT INTO loose VALUES (1, 3), (1, NULL), (NULL, 4), (NULL, NULL), (7, 7)";
    case.connection.batch(rows).await.unwrap();
    let drop = "ALTER TABLE loose ADD COLUMN z integer; ALTER TABLE loose DROP COLUMN y;";
    case.write(ID, drop, "ALTER TABLE loose ADD COLUMN y integer DEFAULT 9; ALTER TABLE loose DROP COLUMN z;");
    shelve(&mut case, Reason::Preserve, vec![taken(dialect, "loose", Some("y"), false)]);
    case.apply().await.unwrap();
    case.connection.batch("DELETE FROM loose WHERE x = 7; INSERT INTO loose (x, z) VALUES (8, 1)").await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap(), []);
    for (condition, count) in [
        ("x = 1 AND y = 2", 1),
        ("x = 1 AND y = 3", 1),
        ("x = 1 AND y IS NULL", 1),
        ("x IS NULL AND y = 4", 1),
        ("x IS NULL AND y IS NULL", 1),
        ("x = 8 AND y = 9", 1),
        ("1 = 1", 6),
    ] {
        assert_eq!(case.count(&format!("SELECT count(*) FROM loose WHERE {condition}")).await, count, "{condition}");
    }
}

/// All rows of a table without a key are written again on MariaDB: not where that would do more than give values back.
#[test]
fn mysql_rows_are_not_written_again_where_that_does_more() {
    block_on(async {
        let kinds = [
            ("ENGINE = MyISAM", "SELECT 1", "its engine has no transactions"),
            (
                "",
                "CREATE TRIGGER gone AFTER DELETE ON logged FOR EACH ROW DELETE FROM posts",
                "its triggers would run for every row",
            ),
            ("WITH SYSTEM VERSIONING", "SELECT 1", "every row would get a history"),
        ];
        for (options, more, why) in kinds {
            let mut case = case(Dialect::Mysql).await;
            let table = format!("CREATE TABLE logged (x integer, y integer) {options}; {more};");
            let made = case.connection.batch(&table).await;
            if options.starts_with("WITH") && made.is_err() && case.connection.server().product == "MySQL" {
                eprintln!("SKIPPED on MySQL, which keeps no history of rows");
                continue;
            }
            made.unwrap();
            case.connection.batch("INSERT INTO logged VALUES (1, 2), (3, 4)").await.unwrap();
            let allow =
                if options.starts_with("WITH") { "SET @@system_versioning_alter_history = KEEP;\n" } else { "" };
            let up = format!("{allow}ALTER TABLE logged DROP COLUMN y;");
            case.write(ID, &up, &format!("{allow}ALTER TABLE logged ADD COLUMN y integer;"));
            let column = vec![taken(Dialect::Mysql, "logged", Some("y"), false)];
            shelve(&mut case, Reason::Preserve, column.clone());
            let error = case.apply().await.unwrap_err().to_string();
            assert!(error.contains(&format!("logged has no key, and {why}: values could not be put back")), "{error}");
            assert_eq!(case.count("SELECT count(y) FROM logged").await, 2, "nothing has run");
            // A backup is kept all the same, and stays.
            shelve(&mut case, Reason::Backup, column);
            case.apply().await.unwrap();
            case.rollback(Rollback::Steps(1)).await.unwrap();
            assert_eq!(case.count("SELECT count(*) FROM logged").await, 2);
            assert_eq!(case.count("SELECT count(*) FROM posts").await, 3, "no trigger has run");
            assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap().len(), 1);
        }
    });
}

async fn columns_without_a_key_come_back_together(dialect: Dialect) {
    let mut case = case(dialect).await;
    let rows = "CREATE TABLE wide (a integer, b varchar(9), c decimal(5, 2), k integer NOT NULL PRIMARY KEY);\n\
                INSERT INTO wide VALUES (1, 'x', 1.5, 10), (1, 'y', 2.5, 20), (1, 'y', NULL, 30), (2, 'x', 1.5, 40)";
    case.connection.batch(rows).await.unwrap();
    // The key goes too: SQLite drops none in place.
    let (up, down) = match dialect {
        Dialect::Sqlite => (
            "CREATE TABLE new (a integer, c decimal(5, 2)); INSERT INTO new SELECT a, c FROM wide; DROP TABLE wide;\n\
             ALTER TABLE new RENAME TO wide;",
            "ALTER TABLE wide ADD COLUMN b varchar(9);\n\
             CREATE TABLE new (a integer, b varchar(9), c decimal(5, 2), k integer PRIMARY KEY);\n\
             INSERT INTO new (a, b, c) SELECT a, b, c FROM wide; DROP TABLE wide; ALTER TABLE new RENAME TO wide;",
        ),
        _ => (
            "ALTER TABLE wide DROP COLUMN b, DROP COLUMN k;",
            "ALTER TABLE wide ADD COLUMN b varchar(9); ALTER TABLE wide ADD COLUMN k integer;\n\
             ALTER TABLE wide ADD PRIMARY KEY (k);",
        ),
    };
    case.write(ID, up, down);
    let both = ["b", "k"].map(|column| taken(dialect, "wide", Some(column), false)).to_vec();
    shelve(&mut case, Reason::Preserve, both);
    case.apply().await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    for row in ["1 AND b = 'x' AND c = 1.5 AND k = 10", "1 AND b = 'y' AND c = 2.5 AND k = 20"] {
        assert_eq!(case.count(&format!("SELECT count(*) FROM wide WHERE a = {row}")).await, 1, "{row}");
    }
    for row in ["1 AND b = 'y' AND c IS NULL AND k = 30", "2 AND b = 'x' AND c = 1.5 AND k = 40"] {
        assert_eq!(case.count(&format!("SELECT count(*) FROM wide WHERE a = {row}")).await, 1, "{row}");
    }
}

async fn nothing_in_a_column_with_a_default_stays_nothing(dialect: Dialect) {
    let mut case = case(dialect).await;
    let more = "ALTER TABLE posts ADD COLUMN rank integer DEFAULT -1; UPDATE posts SET rank = NULL WHERE id = 2;";
    case.connection.batch(more).await.unwrap();
    case.write(ID, "ALTER TABLE posts DROP COLUMN rank;", "ALTER TABLE posts ADD COLUMN rank integer DEFAULT -1;");
    shelve(&mut case, Reason::Preserve, vec![taken(dialect, "posts", Some("rank"), false)]);
    case.apply().await.unwrap();
    case.connection.batch("INSERT INTO posts (id) VALUES (4)").await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 2 AND rank IS NULL").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE rank = -1").await, 3);
}

/// `UPDATE … SET column = value WHERE column IS NULL`, and the column takes no NULL any more; and the way down.
fn not_null(dialect: Dialect, table: &str, column: &str, ty: &str, value: &str) -> (String, String) {
    let fill = format!("UPDATE {table} SET {column} = {value} WHERE {column} IS NULL;");
    match dialect {
        // Built anew by generated migrations; what the column takes makes no difference here.
        Dialect::Sqlite => (fill, "SELECT 1;".into()),
        Dialect::Postgres => (
            format!("{fill} ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;"),
            format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;"),
        ),
        Dialect::Mysql => (
            format!("{fill} ALTER TABLE {table} MODIFY {column} {ty} NOT NULL;"),
            format!("ALTER TABLE {table} MODIFY {column} {ty};"),
        ),
    }
}

async fn nothing_that_was_filled_is_nothing_again(dialect: Dialect) {
    for reason in [Reason::Preserve, Reason::Backup] {
        let mut case = case(dialect).await;
        case.connection.batch("INSERT INTO posts VALUES (4, 'four', NULL), (5, 'five', NULL)").await.unwrap();
        let (up, down) = not_null(dialect, "posts", "slug", "varchar(20)", "'none'");
        case.write(ID, &up, &down);
        let filled = |column| Taken { filled: true, ..taken(dialect, "posts", Some(column), false) };
        shelve(&mut case, reason, vec![filled("slug"), filled("title")]);
        case.apply().await.unwrap();
        let kept = migrate::read_shelf(case.connection.as_mut()).await.unwrap();
        let said: Vec<String> = kept.iter().map(|kept| kept.to_string().replace("public.", "")).collect();
        assert_eq!(said, ["NULL in column posts.slug, 3 rows"], "no title was NULL");
        // Somebody says something, and somebody goes.
        let more = "UPDATE posts SET slug = 'said' WHERE id = 4; DELETE FROM posts WHERE id = 5";
        case.connection.batch(more).await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 2 AND slug IS NULL").await, 1);
        assert_eq!(case.count("SELECT count(*) FROM posts WHERE slug IN ('uno', 'tres', 'said')").await, 3);
        assert_eq!(case.count("SELECT count(*) FROM posts").await, 4);
        assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap(), []);
    }
}

async fn nothing_that_was_filled_is_nothing_again_without_a_key(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.connection.batch("INSERT INTO loose VALUES (1, NULL), (3, NULL), (3, 3), (4, 31)").await.unwrap();
    let (mut up, down) = not_null(dialect, "loose", "y", "integer", "0");
    // Narrower, too.
    up.push_str(" UPDATE loose SET y = 9 WHERE y > 9;");
    case.write(ID, &up, &down);
    let both = Taken { filled: true, ..taken(dialect, "loose", Some("y"), true) };
    shelve(&mut case, Reason::Preserve, vec![both]);
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE y IS NULL").await, 0);
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE y IS NULL AND x IN (1, 3)").await, 2);
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE x = 1 AND y = 2").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE x = 3 AND y = 3").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE x = 4 AND y = 31").await, 1);
}

/// It never came to its end, where it is noted what became of the values.
async fn what_was_cut_off_gives_back_what_it_changed(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.runner.on_failure = OnFailure::Keep;
    let rows = "INSERT INTO posts VALUES (4, 'four', NULL); INSERT INTO loose VALUES (1, 25), (2, NULL)";
    case.connection.batch(rows).await.unwrap();
    let (fill, back) = not_null(dialect, "posts", "slug", "varchar(20)", "'none'");
    let up = format!(
        "-- relata: transaction off\n{fill}\nUPDATE posts SET title = 'cut' WHERE id = 2;\n\
         UPDATE loose SET y = 0 WHERE y IS NULL OR y > 9;\nCREATE TABEL typo (x integer);"
    );
    case.write(ID, &up, &format!("-- relata: transaction off\n{back}"));
    let (slug, title) = (taken(dialect, "posts", Some("slug"), false), taken(dialect, "posts", Some("title"), true));
    let loose = Taken { filled: true, ..taken(dialect, "loose", Some("y"), true) };
    shelve(&mut case, Reason::Preserve, vec![Taken { filled: true, ..slug }, title, loose]);
    case.apply().await.unwrap_err();
    assert_eq!(case.states().await[1], format!("{ID} half applied"));
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE slug = 'none' OR title = 'cut'").await, 2);
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE slug IS NULL AND id IN (2, 4)").await, 2);
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE title = 'twoandmore' AND id = 2").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE x = 1 AND y IN (2, 25)").await, 2);
    assert_eq!(case.count("SELECT count(*) FROM loose WHERE x = 2 AND y IS NULL").await, 1);
}

async fn nothing_does_not_come_over_what_was_said_under_another_name(dialect: Dialect) {
    let mut case = case(dialect).await;
    let up = "UPDATE posts SET slug = 'none' WHERE slug IS NULL; ALTER TABLE posts RENAME COLUMN slug TO path;";
    case.write(ID, up, "ALTER TABLE posts RENAME COLUMN path TO slug;");
    let filled = Taken { filled: true, ..taken(dialect, "posts", Some("slug"), false) };
    shelve(&mut case, Reason::Preserve, vec![filled]);
    case.apply().await.unwrap();
    case.connection.batch("UPDATE posts SET path = 'said' WHERE id = 2").await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 2 AND slug = 'said'").await, 1);
}

fn renamed(dialect: Dialect, table: &str, column: Option<&str>, to: &str) -> Rename {
    let table = dialect.name(table);
    match column {
        Some(column) => {
            Rename { from: ObjectKey::member(ObjectKind::Column, &table, column), to: ObjectName::bare(to) }
        }
        None => Rename { from: ObjectKey::of(ObjectKind::Table, &table), to: dialect.name(to) },
    }
}

async fn what_is_narrowed_comes_back_from_under_other_names(dialect: Dialect) {
    let back = "ALTER TABLE news RENAME COLUMN head TO title; ALTER TABLE news RENAME COLUMN number TO id;\n\
                ALTER TABLE news RENAME TO posts;";
    for cut_off in [false, true] {
        let mut case = case(dialect).await;
        case.runner.on_failure = OnFailure::Keep;
        case.connection
            .batch("INSERT INTO posts VALUES (4, 'fourandmore', NULL), (5, 'fiveandmore', NULL)")
            .await
            .unwrap();
        let (narrow, widen) = match dialect {
            Dialect::Sqlite => ("UPDATE news SET head = substr(head, 1, 4);", ""),
            Dialect::Postgres => (
                "ALTER TABLE news ALTER COLUMN head TYPE varchar(4) USING left(head, 4);",
                "ALTER TABLE news ALTER COLUMN head TYPE varchar(20);",
            ),
            Dialect::Mysql => (
                "UPDATE news SET head = left(head, 4); ALTER TABLE news MODIFY head varchar(4);",
                "ALTER TABLE news MODIFY head varchar(20);",
            ),
        };
        let off = if cut_off { "-- relata: transaction off\n" } else { "" };
        let end = if cut_off { "CREATE TABEL typo (x integer);" } else { "" };
        let up = format!(
            "{off}ALTER TABLE posts RENAME TO news; ALTER TABLE news RENAME COLUMN id TO number;\n\
             ALTER TABLE news RENAME COLUMN title TO head; {narrow} {end}"
        );
        case.write(ID, &up, &format!("{off}{widen} {back}"));
        let taken = vec![taken(dialect, "posts", Some("title"), true)];
        let renames = vec![
            renamed(dialect, "posts", None, "news"),
            renamed(dialect, "posts", Some("id"), "number"),
            renamed(dialect, "posts", Some("title"), "head"),
        ];
        case.runner.shelve.insert(VERSION.into(), Shelve { taken, reason: Reason::Preserve, renames });
        assert_eq!(case.apply().await.is_err(), cut_off);
        assert_eq!(case.count("SELECT count(*) FROM news WHERE head IN ('twoa', 'four', 'five')").await, 3);
        let life = "UPDATE news SET head = 'new' WHERE number = 4; DELETE FROM news WHERE number = 5";
        case.connection.batch(life).await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 2 AND title = 'twoandmore'").await, 1);
        assert_eq!(
            case.count("SELECT count(*) FROM posts WHERE id = 4 AND title = 'new'").await,
            1,
            "what is newer stays"
        );
        assert_eq!(case.count("SELECT count(*) FROM posts").await, 4);
        assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap(), []);
    }
}

async fn what_is_narrowed_comes_back_from_under_other_names_without_a_key(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.connection.batch("INSERT INTO loose VALUES (2, 25), (3, 31), (4, 47), (5, NULL)").await.unwrap();
    let fill = "ALTER TABLE loose RENAME TO free; ALTER TABLE free RENAME COLUMN x TO a;\n\
                ALTER TABLE free RENAME COLUMN y TO b; UPDATE free SET b = coalesce(b, 1) + 1;";
    let back = "ALTER TABLE free RENAME COLUMN a TO x; ALTER TABLE free RENAME COLUMN b TO y;\n\
                ALTER TABLE free RENAME TO loose;";
    case.write(ID, fill, back);
    let taken = vec![Taken { filled: true, ..taken(dialect, "loose", Some("y"), true) }];
    let renames = vec![
        renamed(dialect, "loose", None, "free"),
        renamed(dialect, "loose", Some("x"), "a"),
        renamed(dialect, "loose", Some("y"), "b"),
    ];
    case.runner.shelve.insert(VERSION.into(), Shelve { taken, reason: Reason::Preserve, renames });
    case.apply().await.unwrap();
    case.connection.batch("UPDATE free SET b = 99 WHERE a = 4").await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    let held = "(x = 1 AND y = 2) OR (x = 2 AND y = 25) OR (x = 3 AND y = 31) OR (x = 4 AND y = 99) \
                OR (x = 5 AND y IS NULL)";
    assert_eq!(case.count(&format!("SELECT count(*) FROM loose WHERE {held}")).await, 5);
}

/// A migration that narrows titles, and fails after that; what is typed wrong can be repaired.
async fn half_narrowed(dialect: Dialect) -> Case {
    let mut case = case(dialect).await;
    case.runner.on_failure = OnFailure::Keep;
    case.connection.batch("INSERT INTO posts VALUES (4, 'fourandmore', NULL), (5, 'fiveandmore', NULL)").await.unwrap();
    let (narrow, widen) = match dialect {
        Dialect::Sqlite => ("UPDATE posts SET title = substr(title, 1, 4);", "SELECT 1;"),
        Dialect::Postgres => (
            "ALTER TABLE posts ALTER COLUMN title TYPE varchar(8) USING left(title, 4);",
            "ALTER TABLE posts ALTER COLUMN title TYPE varchar(20);",
        ),
        Dialect::Mysql => (
            "UPDATE posts SET title = left(title, 4); ALTER TABLE posts MODIFY title varchar(8);",
            "ALTER TABLE posts MODIFY title varchar(20);",
        ),
    };
    let up = format!("-- relata: transaction off\n{narrow}\nCREATE TABEL typo (x integer);");
    case.write(ID, &up, &format!("-- relata: transaction off\nDROP TABLE IF EXISTS typo; {widen}"));
    shelve(&mut case, Reason::Preserve, vec![taken(dialect, "posts", Some("title"), true)]);
    case.apply().await.unwrap_err();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE title IN ('twoa', 'four', 'five')").await, 3);
    let life = "UPDATE posts SET title = 'newer' WHERE id = 4; UPDATE posts SET title = NULL WHERE id = 5";
    case.connection.batch(life).await.unwrap();
    case
}

async fn what_others_write_after_a_cut_off_is_theirs(dialect: Dialect) {
    let mut case = half_narrowed(dialect).await;
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 2 AND title = 'twoandmore'").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 4 AND title = 'newer'").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 5 AND title IS NULL").await, 1);
}

/// Killed between the announcement and the first statement: nothing is to be undone, and nothing is run for it.
async fn what_was_cut_off_before_it_began_is_taken_back(dialect: Dialect) {
    for down in ["-- relata: transaction off\nDROP TABLE news; UPDATE posts SET title = 'undone';", ""] {
        let mut case = case(dialect).await;
        case.runner.on_failure = OnFailure::Keep;
        let up = "-- relata: transaction off\nCREATE TABEL news (x integer); ALTER TABLE posts DROP COLUMN slug;";
        case.write(ID, up, down);
        shelve(&mut case, Reason::Preserve, vec![taken(dialect, "posts", Some("slug"), false)]);
        case.apply().await.unwrap_err();
        case.connection.batch("DELETE FROM relata_migration_steps").await.unwrap();
        assert_eq!(case.states().await[1], format!("{ID} half applied"));
        case.connection.batch("DELETE FROM posts WHERE id = 1").await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.states().await[1], format!("{ID} pending"));
        assert_eq!(case.count("SELECT count(*) FROM posts WHERE title <> 'undone'").await, 2);
        assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap(), []);
        let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
        let history = migrate::read_history(case.connection.as_mut()).await.unwrap();
        assert_eq!(migrate::verify_trail(&trail, &history), []);
    }
}

async fn what_others_write_before_it_goes_on_is_kept(dialect: Dialect) {
    let mut case = half_narrowed(dialect).await;
    let file = case.migrations()[1].path.join("up.sql");
    let text = std::fs::read_to_string(&file).unwrap();
    let more = "UPDATE posts SET title = left(title, 2);";
    let more = if dialect == Dialect::Sqlite { more.replace("left(title,", "substr(title, 1,") } else { more.into() };
    std::fs::write(&file, text.replace("CREATE TABEL typo (x integer);", &more)).unwrap();
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE title IN ('tw', 'ne')").await, 2);
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 2 AND title = 'twoandmore'").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 4 AND title = 'newer'").await, 1);
    assert_eq!(case.count("SELECT count(*) FROM posts WHERE id = 5 AND title IS NULL").await, 1);
}

/// MariaDB: no geometry is text.
#[test]
fn a_geometry_that_is_narrowed_comes_back() {
    block_on(async {
        for key in ["integer NOT NULL PRIMARY KEY", "integer"] {
            let mut case = case(Dialect::Mysql).await;
            let rows = format!(
                "CREATE TABLE places (id {key}, at point); INSERT INTO places VALUES \
                 (1, ST_GeomFromText('POINT(1 2)', 4326)), (2, NULL), (3, ST_GeomFromText('POINT(3 4)', 4326))"
            );
            case.connection.batch(&rows).await.unwrap();
            case.write(ID, "UPDATE places SET at = NULL WHERE id = 1;", "SELECT 1;");
            shelve(&mut case, Reason::Preserve, vec![taken(Dialect::Mysql, "places", Some("at"), true)]);
            case.apply().await.unwrap();
            case.rollback(Rollback::Steps(1)).await.unwrap();
            let back = "ST_AsText(at) = 'POINT(1 2)' AND ST_SRID(at) = 4326";
            assert_eq!(case.count(&format!("SELECT count(*) FROM places WHERE id = 1 AND {back}")).await, 1);
            assert_eq!(case.count("SELECT count(at) FROM places").await, 2);
        }
    });
}

/// A reference to columns that get their key by an index of its own: rows wait for it.
async fn rows_wait_for_the_keys_of_references(dialect: Dialect) {
    let mut case = case(dialect).await;
    let index = "CREATE UNIQUE INDEX by_place ON chunks (id, room);";
    let gaps = "CREATE TABLE gaps (chunk integer NOT NULL, room integer NOT NULL, \
                FOREIGN KEY (chunk, room) REFERENCES chunks (id, room) ON DELETE CASCADE);";
    let chunks = "CREATE TABLE chunks (id integer, room integer NOT NULL);";
    let down = match dialect {
        Dialect::Sqlite => [gaps, chunks, index].join("\n"),
        _ => [chunks, index, gaps].join("\n"),
    };
    case.connection.batch(&down).await.unwrap();
    case.connection.batch("INSERT INTO chunks VALUES (1, 2); INSERT INTO gaps VALUES (1, 2)").await.unwrap();
    case.write(ID, "DROP TABLE gaps; DROP TABLE chunks;", &down);
    let both = ["gaps", "chunks"].map(|table| taken(dialect, table, None, false)).to_vec();
    shelve(&mut case, Reason::Preserve, both);
    case.apply().await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.count("SELECT count(*) FROM chunks JOIN gaps ON id = chunk").await, 1);
}

/// SQLite: a table without row numbers loses a column of its key.
#[test]
fn a_part_of_the_key_comes_back_without_rowid() {
    block_on(async {
        let mut case = case(Dialect::Sqlite).await;
        let create = "CREATE TABLE places (a integer, b text NOT NULL, c text, PRIMARY KEY (a, b)) WITHOUT ROWID;\n\
                      INSERT INTO places VALUES (1, 'x', 'p'), (2, 'x', 'q');";
        case.connection.batch(create).await.unwrap();
        let up = "CREATE TABLE new (a integer PRIMARY KEY, c text) WITHOUT ROWID; INSERT INTO new SELECT a, c FROM places;\n\
                  DROP TABLE places; ALTER TABLE new RENAME TO places;";
        let down = "ALTER TABLE places ADD COLUMN b text;\n\
                    CREATE TABLE new (a integer, b text NOT NULL, c text, PRIMARY KEY (a, b)) WITHOUT ROWID;\n\
                    INSERT INTO new SELECT a, b, c FROM places; DROP TABLE places; ALTER TABLE new RENAME TO places;";
        case.write(ID, up, down);
        shelve(&mut case, Reason::Preserve, vec![taken(Dialect::Sqlite, "places", Some("b"), false)]);
        case.apply().await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM places WHERE b = 'x'").await, 2);
    });
}

async fn what_is_narrowed_comes_back_without_a_key(dialect: Dialect) {
    let mut case = case(dialect).await;
    let rows =
        "INSERT INTO loose VALUES (2, 25), (3, 31), (3, 47), (4, NULL), (5, 50), (6, 61), (6, 62), (7, 75), (7, 76)";
    case.connection.batch(rows).await.unwrap();
    case.connection.batch("CREATE TABLE lonely (y integer); INSERT INTO lonely VALUES (31), (47)").await.unwrap();
    let (up, down) = match dialect {
        Dialect::Sqlite => ("UPDATE loose SET y = y / 10;", "SELECT 1;"),
        Dialect::Postgres => (
            "ALTER TABLE loose ALTER COLUMN y TYPE smallint USING y / 10;",
            "ALTER TABLE loose ALTER COLUMN y TYPE integer;",
        ),
        Dialect::Mysql => (
            "UPDATE loose SET y = y DIV 10; ALTER TABLE loose MODIFY y smallint;",
            "ALTER TABLE loose MODIFY y integer;",
        ),
    };
    let both = |sql: &str| format!("{sql}\n{}", sql.replace("loose", "lonely"));
    case.write(ID, &both(up), &both(down));
    let both = ["loose", "lonely"].map(|table| taken(dialect, table, Some("y"), true)).to_vec();
    shelve(&mut case, Reason::Preserve, both);
    case.apply().await.unwrap();
    assert_eq!(case.count("SELECT max(y) FROM loose").await, 7);
    let life =
        "DELETE FROM loose WHERE x = 2; UPDATE loose SET y = 99 WHERE x IN (5, 6); INSERT INTO loose VALUES (7, 8)";
    case.connection.batch(life).await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    for (condition, count) in [
        ("x = 1 AND y = 2", 1),
        ("x = 3 AND y = 31", 1),
        ("x = 3 AND y = 47", 1),
        ("x = 4 AND y IS NULL", 1),
        ("x IN (5, 6) AND y = 99", 3),
        ("x = 7 AND y = 7", 2),
        ("x = 7 AND y = 8", 1),
        ("1 = 1", 10),
    ] {
        assert_eq!(case.count(&format!("SELECT count(*) FROM loose WHERE {condition}")).await, count, "{condition}");
    }
    assert_eq!(case.count("SELECT count(*) FROM lonely WHERE y IN (31, 47)").await, 2);
    assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap(), []);
}

/// MariaDB: whoever puts back leaves the session as it was, also where it fails.
#[test]
fn foreign_keys_are_looked_at_as_before() {
    block_on(async {
        let refused = DOWN.replace("slug varchar(20)", "slug varchar(20) CHECK (slug <> 'uno')");
        for (checks, down, fits) in [(1, refused.as_str(), false), (0, refused.as_str(), false), (0, DOWN, true)] {
            let mut case = case(Dialect::Mysql).await;
            case.write(ID, UP, down);
            shelve(&mut case, Reason::Preserve, vec![taken(Dialect::Mysql, "posts", Some("slug"), false)]);
            case.apply().await.unwrap();
            case.connection.batch(&format!("SET SESSION foreign_key_checks = {checks}")).await.unwrap();
            assert_eq!(case.rollback(Rollback::Steps(1)).await.is_ok(), fits);
            assert_eq!(case.count("SELECT @@SESSION.foreign_key_checks").await, checks);
        }
    });
}

async fn backups_are_few_and_purged(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.runner.keep_backups = 2;
    for number in 2..6 {
        let table = format!("t{number}");
        case.connection.batch(&format!("CREATE TABLE {table} (x integer)")).await.unwrap();
        let version = format!("2026010{number}000000_bbbbbb");
        case.write(&format!("{version}_x"), &format!("DROP TABLE {table}"), "");
        let taken = vec![taken(dialect, &table, None, false)];
        case.runner.shelve.insert(version, Shelve { taken, reason: Reason::Backup, renames: Vec::new() });
        case.apply().await.unwrap();
    }
    if dialect == Dialect::Sqlite {
        let file = std::path::PathBuf::from(&case.database.url().database);
        let names = std::fs::read_dir(file.parent().unwrap()).unwrap();
        let names =
            names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("-relata-backup-"));
        assert_eq!(names.count(), 2);
        return;
    }
    let kept = migrate::read_shelf(case.connection.as_mut()).await.unwrap();
    let versions: Vec<&str> = kept.iter().map(|kept| kept.version.as_str()).collect();
    assert_eq!(versions, ["20260104000000_bbbbbb", "20260105000000_bbbbbb"]);
    let versions = vec!["20260104000000_bbbbbb".to_string()];
    let gone = case.runner.purge(case.connection.as_mut(), &versions, &mut |_| {}).await.unwrap();
    assert_eq!(gone.len(), 1);
    assert_eq!(migrate::read_shelf(case.connection.as_mut()).await.unwrap().len(), 1);
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    assert_eq!(trail.last().unwrap().action, "purge");
}

/// PostgreSQL: a kept column does not hold on to the type that goes with it; triggers and counters.
#[test]
fn types_triggers_and_counters_of_postgres() {
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        let create = "CREATE TYPE mood AS ENUM ('sad', 'glad');\n\
                      CREATE TABLE people (id serial PRIMARY KEY, mood mood, moods mood[]);";
        let log = "CREATE TABLE log (x integer);\n\
                   CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); RETURN NEW; END $$;";
        let trigger = "CREATE TRIGGER t AFTER INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION f();";
        let rows = "INSERT INTO people (mood, moods) VALUES ('sad', '{sad,glad}'), (NULL, NULL);";
        case.write(FIRST, &format!("{create}\n{log}\n{rows}\n{trigger}"), "");
        case.apply().await.unwrap();
        case.write(ID, "DROP TABLE people; DROP TYPE mood;", &format!("{create}\n{trigger}"));
        shelve(&mut case, Reason::Preserve, vec![taken(Dialect::Postgres, "people", None, false)]);
        case.apply().await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM people WHERE mood = 'sad' AND moods[2] = 'glad'").await, 1);
        assert_eq!(case.count("SELECT count(*) FROM log").await, 0, "no trigger ran");
        case.connection.batch("INSERT INTO people (mood) VALUES ('glad')").await.unwrap();
        assert_eq!(case.count("SELECT max(id) FROM people").await, 3);
        assert_eq!(case.count("SELECT count(*) FROM log").await, 1, "triggers are on again");
        // The column only, and its type.
        case.write(
            ID,
            "ALTER TABLE people DROP mood, DROP moods; DROP TYPE mood;",
            "CREATE TYPE mood AS ENUM ('sad', 'glad'); ALTER TABLE people ADD mood mood, ADD moods mood[];",
        );
        let both = ["mood", "moods"].map(|column| taken(Dialect::Postgres, "people", Some(column), false)).to_vec();
        shelve(&mut case, Reason::Preserve, both);
        case.apply().await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM people WHERE mood = 'sad' AND moods[2] = 'glad'").await, 1);
    });
}

/// PostgreSQL: several columns come back into a table whose foreign key is looked at when the transaction ends, and what
/// the rollback itself writes may still wait for that.
#[test]
fn columns_come_back_beside_deferred_keys() {
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        let first = "CREATE TABLE kinds (id integer PRIMARY KEY);\nINSERT INTO kinds VALUES (1);\n\
                     CREATE TABLE entries (id integer PRIMARY KEY, kind integer NOT NULL REFERENCES kinds (id) \
                     DEFERRABLE INITIALLY DEFERRED, a text NOT NULL, b text NOT NULL, c text NOT NULL);\n\
                     INSERT INTO entries VALUES (1, 1, 'a', 'b', 'c'), (2, 1, 'd', 'e', 'f');";
        case.write(FIRST, first, "");
        case.apply().await.unwrap();
        let up = "ALTER TABLE entries DROP COLUMN a, DROP COLUMN b, DROP COLUMN c;";
        let column = |name: &str| {
            format!(
                "ALTER TABLE entries ADD COLUMN {name} text;\nALTER TABLE entries ALTER COLUMN {name} SET NOT NULL;\n"
            )
        };
        let late = "INSERT INTO entries VALUES (3, 9, 'g', 'h', 'i');\nINSERT INTO kinds VALUES (9);";
        case.write(ID, up, &format!("{}{}{}{late}", column("a"), column("b"), column("c")));
        let all = ["a", "b", "c"].map(|name| taken(Dialect::Postgres, "entries", Some(name), false)).to_vec();
        shelve(&mut case, Reason::Preserve, all);
        case.apply().await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(case.count("SELECT count(*) FROM entries WHERE a || b || c IN ('abc', 'def', 'ghi')").await, 3);
    });
}

/// PostgreSQL: what is kept does not hold on to a collation that goes, and rows are found by a key that has one.
#[test]
fn collations_of_postgres() {
    block_on(async {
        let mut case = Case::new(Dialect::Postgres).await;
        let collation = "CREATE COLLATION plain (provider = libc, locale = 'C');";
        let create = "CREATE TABLE words (word text COLLATE plain PRIMARY KEY, note varchar(20) COLLATE plain);\n\
                      CREATE DOMAIN noun AS text COLLATE plain;\nCREATE TABLE nouns (id integer PRIMARY KEY, n noun);";
        let rows = "INSERT INTO words VALUES ('a', 'one'), ('b', 'two');\nINSERT INTO nouns VALUES (1, 'tree');";
        case.write(FIRST, &format!("{collation}\n{create}\n{rows}"), "");
        case.apply().await.unwrap();
        let up = "ALTER TABLE words DROP COLUMN note;\nDROP TABLE nouns;\nDROP DOMAIN noun;\n\
                  ALTER TABLE words ALTER COLUMN word TYPE text COLLATE \"C\";\nDROP COLLATION plain;";
        let down = format!(
            "{collation}\nALTER TABLE words ALTER COLUMN word TYPE text COLLATE plain;\n\
             ALTER TABLE words ADD COLUMN note varchar(20) COLLATE plain;\nCREATE DOMAIN noun AS text COLLATE plain;\n\
             CREATE TABLE nouns (id integer PRIMARY KEY, n noun);"
        );
        case.write(ID, up, &down);
        let all = [("words", Some("note")), ("nouns", None)];
        let all = all.into_iter().map(|(table, column)| taken(Dialect::Postgres, table, column, false)).collect();
        shelve(&mut case, Reason::Preserve, all);
        case.apply().await.unwrap();
        case.rollback(Rollback::Steps(1)).await.unwrap();
        assert_eq!(
            case.count("SELECT count(*) FROM words WHERE (word, note) IN (('a', 'one'), ('b', 'two'))").await,
            2
        );
        assert_eq!(case.count("SELECT count(*) FROM nouns WHERE n = 'tree'").await, 1);
    });
}

/// SQLite, without a transaction: what had been done is undone by the backup, unless somebody else wrote meanwhile.
#[test]
fn a_backup_is_put_back_when_a_migration_fails_in_the_middle() {
    block_on(async {
        let mut case = case(Dialect::Sqlite).await;
        case.runner.on_failure = OnFailure::Undo;
        shelve(&mut case, Reason::Backup, Vec::new());
        let up = "-- relata: transaction off\nCREATE TABLE more (x integer);\nUPDATE posts SET title = 'gone';\n\
                  DROP TABLE loose;\nCREATE TABEL other (x integer);";
        case.write(ID, up, "");
        let error = case.apply().await.unwrap_err().to_string();
        assert!(error.contains("the backup from before it was put back: the database is as it was"), "{error}");
        assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} pending")]);
        assert_eq!(case.count("SELECT count(*) FROM posts WHERE title = 'gone'").await, 0);
        assert_eq!(case.tables().await, ["labels", "loose", "posts", "tags"]);
        let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
        let last = trail.last().unwrap();
        assert_eq!((last.ending.as_str(), last.note.as_str()), ("failed", "R0401; the backup was put back"));
        let history = migrate::read_history(case.connection.as_mut()).await.unwrap();
        assert_eq!(migrate::verify_trail(&trail, &history), []);
        // Rows that others wrote would be lost.
        let url = case.database.url().clone();
        let driver = case.database.driver();
        let migrations = case.migrations();
        let mut watch = |event: Event<'_>| {
            if let Event::Statement { position: 4, .. } = event {
                let url = url.clone();
                let other = std::thread::spawn(move || {
                    block_on(async {
                        let mut other = driver.connect(&url, &Default::default()).await.unwrap();
                        other.batch("INSERT INTO tags VALUES (3, 'new')").await.unwrap();
                    });
                });
                other.join().unwrap();
            }
        };
        let error = case.runner.apply(case.connection.as_mut(), &migrations, None, &mut watch).await.unwrap_err();
        assert!(
            error.to_string().contains("somebody else wrote meanwhile, so that the backup was not put back"),
            "{error}"
        );
        assert_eq!(case.count("SELECT count(*) FROM tags WHERE id = 3").await, 1);
        // Mended, it goes on where it stopped.
        case.write(ID, &up.replace("TABEL", "TABLE"), "");
        case.apply().await.unwrap();
        assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{ID} applied")]);
    });
}
