//! Renames that nobody declared: seen, asked, answered; identities in `schema.lock`.

use expect_test::expect;
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

const OLD: &str = "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, title varchar(80), body varchar(900));\n\
                   CREATE TABLE tags (id integer NOT NULL PRIMARY KEY, word varchar(20), weight integer);\n";
const NEW: &str = "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, headline varchar(80), body varchar(900));\n\
                   CREATE TABLE labels (id integer NOT NULL PRIMARY KEY, word varchar(20), weight integer);\n";

#[test]
fn a_difference_says_loudly_what_may_be_a_rename() {
    let project = Project::new();
    project.write("old.sql", OLD);
    project.write("new.sql", NEW);
    let diff = ["schema", "diff", "--from", "old.sql", "--to", "new.sql"];
    let run = project.run(&diff);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("DROP"), "the plan stays drop and add: {}", run.stdout);
    expect![[r#"
        warning[rename-likely]: column posts.title is gone; it may be headline (73 of 100: the same type, the same place) now: planned as drop and add, everything in it is lost
          in column posts.title
          help: if so: --rename "column posts.title=headline"; if not: --no-rename "column posts.title"
        warning[rename-likely]: table tags is gone; it may be labels (70 of 100: most columns are the same) now: planned as drop and add, everything in it is lost
          in table tags
          help: if so: --rename "table tags=labels"; if not: --no-rename "table tags"
    "#]]
    .assert_eq(&run.stderr);
    let answered = [&diff[..], &["--rename", "posts.title=headline", "--rename", "table tags=labels"]].concat();
    let run = project.run(&answered);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    assert!(run.stdout.contains("RENAME") && !run.stdout.contains("DROP"), "{}", run.stdout);
    let refused = [&diff[..], &["--no-rename", "all"]].concat();
    assert_eq!(project.run(&refused).stderr, "");
    let wrong = project.run(&[&diff[..], &["--rename", "posts.titel=headline"]].concat());
    expect![[r#"
        error: "posts.titel=headline" names nothing that is there now [R0602]
          help: did you mean posts.title?
    "#]]
    .assert_eq(&wrong.stderr);
    assert_eq!(wrong.code, 1);
}

#[test]
fn scripts_and_locks_declare_renames() {
    let project = Project::new();
    project.write("old.sql", OLD);
    let declared =
        format!("-- relata: renames column posts.title to headline\n-- relata: renames table tags to labels\n{NEW}");
    project.write("new.sql", &declared);
    let run = project.run(&["schema", "diff", "--from", "old.sql", "--to", "new.sql"]);
    assert!(run.stdout.contains("RENAME COLUMN") && !run.stdout.contains("DROP"), "{}", run.stdout);
    let wrong = project.write_and_diff("-- relata: renames posts to\n");
    assert!(wrong.contains("is no rename") && wrong.contains("new.sql:1"), "{wrong}");
}

impl Project {
    fn write_and_diff(&self, text: &str) -> String {
        self.write("new.sql", text);
        self.run(&["schema", "diff", "--from", "old.sql", "--to", "new.sql"]).stderr
    }
}

fn renamed_with_its_rows(dialect: Dialect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let url = database.url().expose();
    let project = Project::new();
    let run = |words: &[&str]| project.run(&[words, &["--url", &url]].concat());
    let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());
    project.write("schema.sql", OLD);
    ok(&["migrate", "new", "init", "--from", "schema.sql"]);
    assert!(project.read("schema.lock").contains("table "), "the lock is written");
    ok(&["migrate", "apply"]);
    ok(&["query", "INSERT INTO posts VALUES (1, 'one', 'text')"]);
    ok(&["query", "INSERT INTO tags VALUES (7, 'red', 3)"]);
    project.write("schema.sql", NEW);
    let unanswered = run(&["migrate", "new", "names", "--from", "schema.sql", "--accept-loss"]);
    assert_eq!(unanswered.code, 1);
    expect![[r#"
        error: 2 likely renames are unanswered; made as drop and add, everything in it would be lost [R0603]
          help: column posts.title is gone; it may be headline (73 of 100: the same type, the same place) now
          help:   if so:  --rename "column posts.title=headline"
          help:   if not: --no-rename "column posts.title"
          help: table tags is gone; it may be labels (70 of 100: most columns are the same) now
          help:   if so:  --rename "table tags=labels"
          help:   if not: --no-rename "table tags"
          help: or run it on a terminal, where it asks; or declare it: #[renamed_from("old_name")], in SQL -- relata: renames …
    "#]]
    .assert_eq(&unanswered.stderr);
    let answers = ["--rename", "column posts.title=headline", "--rename", "table tags=labels"];
    let words = [&["migrate", "new", "names", "--from", "schema.sql", "--with-data", "--json"], &answers[..]].concat();
    let written: serde_json::Value = serde_json::from_str(&ok(&words).stdout).unwrap();
    assert_eq!(written["loses"].as_array().unwrap().len(), 0, "{written:#}");
    assert_eq!(written["breaking"].as_array().unwrap().len(), 2, "{written:#}");
    ok(&["migrate", "apply"]);
    assert_eq!(ok(&["query", "SELECT headline FROM posts"]).stdout, "headline\none\n");
    assert_eq!(ok(&["query", "SELECT word FROM labels"]).stdout, "word\nred\n");
    ok(&["migrate", "status"]);
    ok(&["migrate", "rollback"]);
    assert_eq!(ok(&["query", "SELECT title FROM posts"]).stdout, "title\none\n");
    ok(&["migrate", "apply"]);
}

#[test]
fn sqlite_renames_with_the_rows() {
    renamed_with_its_rows(Dialect::Sqlite);
}

#[test]
fn postgres_renames_with_the_rows() {
    renamed_with_its_rows(Dialect::Postgres);
}

#[test]
fn mysql_renames_with_the_rows() {
    renamed_with_its_rows(Dialect::Mysql);
}

#[test]
fn postgres_renames_types_values_sequences_and_views() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(Dialect::Postgres));
    let url = database.url().expose();
    let project = Project::new();
    let old = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');\nCREATE DOMAIN score AS integer CHECK (VALUE >= 0);\n\
               CREATE SEQUENCE numbers_of_invoices;\n\
               CREATE TABLE people (id serial PRIMARY KEY, mood mood NOT NULL DEFAULT 'sad', moods mood[], score score);\n\
               CREATE VIEW happy AS SELECT id FROM people WHERE mood = 'glad';\n";
    let new = "CREATE TYPE feeling AS ENUM ('blue', 'ok', 'glad');\nCREATE DOMAIN points AS integer CHECK (VALUE >= 0);\n\
               CREATE SEQUENCE numbers_of_bills;\n\
               CREATE TABLE persons (id serial PRIMARY KEY, mood feeling NOT NULL DEFAULT 'blue', moods feeling[], score points);\n\
               CREATE VIEW glad_ones AS SELECT id FROM persons WHERE mood = 'glad';\n";
    let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());
    project.write("schema.sql", old);
    ok(&["migrate", "new", "init", "--from", "schema.sql"]);
    ok(&["migrate", "apply"]);
    ok(&["query", "INSERT INTO people (mood, moods, score) VALUES ('sad', '{sad,ok}', 3)"]);
    ok(&["query", "SELECT nextval('numbers_of_invoices')"]);
    project.write("schema.sql", new);
    let mut words = vec!["migrate", "new", "names", "--from", "schema.sql", "--with-data"];
    for answer in [
        "people=persons",
        "enum mood=feeling",
        "value mood.sad=blue",
        "score=points",
        "numbers_of_invoices=numbers_of_bills",
    ] {
        words.extend(["--rename", answer]);
    }
    let written = ok(&words);
    let up = project.read(&format!("{}/up.sql", written.stdout.trim()));
    assert!(up.contains("RENAME VALUE 'sad' TO 'blue'"), "{up}");
    assert!(!up.contains("DROP T") && !up.contains("USING"), "no type or table is made anew: {up}");
    ok(&["migrate", "apply"]);
    assert_eq!(
        ok(&["query", "SELECT mood, moods, score FROM persons"]).stdout,
        "mood\tmoods\tscore\nblue\t{blue,ok}\t3\n"
    );
    assert_eq!(ok(&["query", "SELECT nextval('numbers_of_bills') n"]).stdout, "n\n2\n");
    ok(&["migrate", "status"]);
    ok(&["migrate", "rollback"]);
    assert_eq!(ok(&["query", "SELECT mood FROM people"]).stdout, "mood\nsad\n");
}

/// An enum without a type of its own: the rows go along up and down, whatever a trigger or a column of times would do.
fn values_keep_their_rows(dialect: Dialect, ty: impl Fn(&str) -> String, more: &str, trigger: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let url = database.url().expose();
    let project = Project::new();
    let run = |words: &[&str]| project.run(&[words, &["--url", &url]].concat());
    let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());
    let schema = |first: &str, second: &str| {
        let values = format!("'{first}', '{}', 'gone public'", second.replace('\'', "''"));
        format!(
            "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, status {} DEFAULT '{first}', writes integer NOT NULL{more});\n\
             CREATE INDEX by_status ON posts (status);\n{trigger}",
            ty(&values)
        )
    };
    project.write("schema.sql", &schema("draft", "it's wip"));
    ok(&["migrate", "new", "init", "--from", "schema.sql"]);
    ok(&["migrate", "apply"]);
    let rows = "INSERT INTO posts (id, status, writes) VALUES (1, 'draft', 0), (2, 'it''s wip', 0), (3, 'gone public', 0), (4, NULL, 0)";
    ok(&["query", rows]);
    let seen = || ok(&["query", "SELECT id, status, writes FROM posts ORDER BY id"]).stdout;
    let before = seen();

    project.write("schema.sql", &schema("sketch", "it's wip"));
    let asked = run(&["migrate", "new", "words", "--from", "schema.sql"]);
    assert_eq!(asked.code, 1, "{}", asked.stderr);
    assert!(asked.stderr.contains("value posts.status.draft is gone; it may be sketch"), "{}", asked.stderr);

    let declared = format!(
        "-- relata: renames value posts.status.draft to sketch\n\
         -- relata: renames value posts.status.\"it's wip\" to \"in work\"\n{}",
        schema("sketch", "in work")
    );
    project.write("schema.sql", &declared);
    let written = ok(&["migrate", "new", "words", "--from", "schema.sql", "--with-data"]);
    let up = project.read(&format!("{}/up.sql", written.stdout.trim()));
    assert!(!up.contains("-- relata: loses"), "{up}");
    ok(&["migrate", "apply"]);
    assert_eq!(seen(), before.replace("draft", "sketch").replace("it's wip", "in work"), "{up}");
    ok(&["migrate", "rollback"]);
    assert_eq!(seen(), before);
    ok(&["migrate", "apply"]);
    ok(&["migrate", "status"]);
}

#[test]
fn mysql_values_of_inline_enums_keep_their_rows() {
    let more =
        ", changed timestamp NOT NULL DEFAULT '2020-01-01 00:00:00' ON UPDATE current_timestamp(), CHECK (writes < 9)";
    let trigger = "CREATE TRIGGER counts BEFORE UPDATE ON posts FOR EACH ROW SET NEW.writes = NEW.writes + 1;\n";
    values_keep_their_rows(Dialect::Mysql, |values| format!("enum({values})"), more, trigger);
}

#[test]
fn sqlite_values_of_a_list_keep_their_rows() {
    let trigger = "CREATE TRIGGER counts AFTER UPDATE ON posts BEGIN UPDATE posts SET writes = writes + 1 WHERE id = NEW.id; END;\n";
    values_keep_their_rows(Dialect::Sqlite, |values| format!("text CHECK (status IN ({values}))"), "", trigger);
}

#[test]
fn variants_say_what_they_were() {
    let project = Project::new();
    let source = |first: &str, declared: &str| {
        format!(
            "#[derive(relata::Enum)]\npub enum Status {{\n    {declared}{first},\n    Public,\n}}\n\
             #[derive(relata::Entity)]\npub struct Post {{\n    #[id]\n    pub id: i64,\n    pub status: Status,\n}}\n"
        )
    };
    project.write("old.rs", &source("Draft", ""));
    project.write("new.rs", &source("Sketch", "#[renamed_from(\"draft\")]\n    "));
    for (dialect, expected) in [
        (Dialect::Sqlite, "CASE status WHEN 'draft' THEN 'sketch' ELSE status END"),
        (Dialect::Postgres, "RENAME VALUE 'draft' TO 'sketch'"),
        (
            Dialect::Mysql,
            "UPDATE posts SET status = CASE status WHEN 'draft' THEN 'sketch' END WHERE status IN ('draft')",
        ),
    ] {
        let mut words = vec!["schema", "diff", "--from", "old.rs", "--to", "new.rs", "--dialect", dialect.word()];
        let shadow = relata_testkit::server_url(dialect).expose().to_string();
        if dialect != Dialect::Sqlite {
            words.extend(["--shadow", &shadow]);
        }
        let run = project.run(&words);
        assert!(run.code == 3 && run.stdout.contains(expected), "{dialect:?}: {}{}", run.stdout, run.stderr);
        assert!(!run.stderr.contains("rename-likely"), "{}", run.stderr);
    }
}

#[test]
fn a_stored_enum_says_what_its_type_was_called() {
    let project = Project::new();
    let source = |name: &str, attributes: &str, first: &str| {
        format!(
            "#[derive(relata::Enum)]\n{attributes}pub enum {name} {{\n    {first},\n    Glad,\n}}\n\
             #[derive(relata::Entity)]\npub struct Post {{\n    #[id]\n    pub id: i64,\n    pub mood: {name},\n}}\n"
        )
    };
    project.write("old.rs", &source("Mood", "", "Sad"));
    project.write("new.rs", &source("Humour", "#[renamed_from(\"mood\")]\n", "#[renamed_from(\"sad\")]\n    Blue"));
    let shadow = relata_testkit::server_url(Dialect::Postgres).expose();
    let options = ["--dialect", "postgres", "--shadow", &shadow];
    let run = project.run(&[&["schema", "diff", "--from", "old.rs", "--to", "new.rs"], &options[..]].concat());
    expect![[r#"
        ALTER TYPE public.mood RENAME TO humour;
        ALTER TYPE public.humour RENAME VALUE 'sad' TO 'blue';
    "#]]
    .assert_eq(&run.stdout);
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
}

/// What a migration renames that somebody wrote by hand: the lock keeps who is who, and nothing counts as lost.
fn written_by_hand(dialect: Dialect, up: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let url = database.url().expose();
    let project = Project::new();
    let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());
    project.write("schema.sql", OLD);
    ok(&["migrate", "new", "init", "--from", "schema.sql"]);
    ok(&["migrate", "apply"]);
    ok(&["query", "INSERT INTO posts VALUES (1, 'one', 'text')"]);
    let identity = |column: &str| {
        let line = format!("posts / column {column}\t");
        let lock = project.read("schema.lock");
        let line = lock.lines().find(|text| text.contains(&line)).unwrap_or_else(|| panic!("{column} in {lock}"));
        line.split('\t').nth(1).unwrap().to_string()
    };
    let before = identity("title");
    project.write("migrations/20300101000000_aaaaaa_by_hand/up.sql", up);
    ok(&["schema", "lock"]);
    assert_eq!(identity("headline"), before);
    ok(&["migrate", "apply"]);
    let rows = ok(&["query", "SELECT headline FROM posts", "--json"]).stdout;
    assert!(rows.contains("one"), "{rows}");
    // Somebody's branch calls it another name again: the identity tells.
    let lock = project.read("schema.lock").replace("posts / column headline\t", "posts / column caption\t");
    project.write("schema.lock", &lock);
    project.write("schema.sql", &OLD.replace("title", "caption"));
    let new = ok(&["migrate", "new", "again", "--from", "schema.sql"]);
    assert!(
        new.stdout.contains("rename column") || new.stderr.contains("rename column"),
        "{}{}",
        new.stdout,
        new.stderr
    );
    assert_eq!(identity("caption"), before);
}

#[test]
fn renames_written_by_hand_keep_identities_on_sqlite() {
    written_by_hand(Dialect::Sqlite, "ALTER TABLE posts RENAME COLUMN title TO headline;");
    written_by_hand(
        Dialect::Sqlite,
        "PRAGMA foreign_keys = OFF;\n\
         CREATE TABLE new_posts (id integer NOT NULL PRIMARY KEY, headline varchar(80), body varchar(900));\n\
         INSERT INTO new_posts (id, headline, body) SELECT id, title, body FROM posts;\nDROP TABLE posts;\n\
         ALTER TABLE new_posts RENAME TO posts;\nPRAGMA foreign_keys = ON;\n",
    );
}

#[test]
fn renames_written_by_hand_keep_identities_on_postgres() {
    written_by_hand(Dialect::Postgres, "ALTER TABLE posts RENAME COLUMN title TO headline;");
}

#[test]
fn renames_written_by_hand_keep_identities_on_mysql() {
    written_by_hand(Dialect::Mysql, "ALTER TABLE posts CHANGE title headline varchar(80);");
}
