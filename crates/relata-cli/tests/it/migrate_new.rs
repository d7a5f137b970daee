//! `relata migrate new`, and the whole way: declare, write, apply, change, apply, roll back.

use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

const FIRST: &str = "CREATE TABLE users (id integer NOT NULL PRIMARY KEY, email varchar(80) NOT NULL);\n\
                     CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, author_id integer NOT NULL REFERENCES users (id), \
                     title varchar(80), old_note varchar(20));\n";
const SECOND: &str = "CREATE TABLE users (id integer NOT NULL PRIMARY KEY, email varchar(120) NOT NULL);\n\
                      CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, author_id integer NOT NULL REFERENCES users (id), \
                      title varchar(80), place integer NOT NULL DEFAULT 0);\n\
                      CREATE INDEX posts_title ON posts (title);\nCREATE TABLE tags (id integer NOT NULL PRIMARY KEY);\n";

fn the_whole_way(dialect: Dialect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let url = database.url().expose();
    let project = Project::new();
    project.write("first.sql", FIRST);
    project.write("second.sql", SECOND);
    let run = |words: &[&str]| project.run(&[words, &["--url", &url]].concat());
    let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());

    let written = ok(&["migrate", "new", "init", "--from", "first.sql"]);
    assert!(written.stderr.contains("proved up, down, up"), "{}", written.stderr);
    let first = written.stdout.trim().to_string();
    assert!(first.starts_with("migrations/20") && first.ends_with("_init"), "{first}");
    ok(&["migrate", "apply"]);
    ok(&["query", "INSERT INTO users VALUES (1, 'ann'), (2, 'bob')"]);
    ok(&["query", "INSERT INTO posts VALUES (1, 1, 'one', 'x'), (2, 2, NULL, NULL)"]);
    let nothing = ok(&["migrate", "new", "again", "--from", "first.sql"]);
    assert!(nothing.stderr.contains("nothing to write") && nothing.stdout.is_empty(), "{}", nothing.stderr);

    let refused = run(&["migrate", "new", "more", "--from", "second.sql"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("the migration would lose data for good"), "{}", refused.stderr);
    assert!(refused.stderr.contains("--accept-loss"), "{}", refused.stderr);
    let written = ok(&["migrate", "new", "more", "--from", "second.sql", "--accept-loss", "--with-data"])
        .stdout
        .trim()
        .to_string();
    let up = project.read(&format!("{written}/up.sql"));
    assert!(up.contains("-- relata: loses ") && up.contains("on a copy of the data"), "{up}");
    assert!(up.contains("-- relata: parent "), "{up}");
    let pending = run(&["migrate", "status"]);
    assert_eq!(pending.code, 3, "{}", pending.stderr);
    ok(&["migrate", "apply"]);
    ok(&["migrate", "status"]);
    let same = project.run(&["schema", "diff", "--from", "migrations", "--to", &url, "--shadow", &url]);
    assert_eq!((same.code, same.stdout.as_str()), (0, ""), "{}", same.stderr);
    ok(&["query", "INSERT INTO tags VALUES (7)"]);

    let refused = run(&["migrate", "rollback"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("tags with 1 row"), "{}", refused.stderr);
    let back = ok(&["migrate", "rollback", "--accept-loss", "--json"]);
    let back: serde_json::Value = serde_json::from_str(&back.stdout).unwrap();
    let kept: Vec<_> =
        back["kept"].as_array().unwrap().iter().map(|file| project.read(file.as_str().unwrap())).collect();
    assert!(kept.contains(&"{\"id\":7}\n".to_string()), "{kept:?}");
    let rows = ok(&["query", "SELECT id, author_id, title FROM posts ORDER BY id"]);
    assert_eq!(rows.stdout, "id\tauthor_id\ttitle\n1\t1\tone\n2\t2\t\n", "what was on both sides is there");
    ok(&["migrate", "rollback", "--all", "--accept-loss"]);
    ok(&["migrate", "apply"]);
    ok(&["migrate", "status"]);
}

#[test]
fn sqlite_the_whole_way() {
    the_whole_way(Dialect::Sqlite);
}

#[test]
fn postgres_the_whole_way() {
    the_whole_way(Dialect::Postgres);
}

#[test]
fn mysql_the_whole_way() {
    the_whole_way(Dialect::Mysql);
}

const ENTITY: &str = "use relata::prelude::*;\n\n#[derive(Entity)]\n#[entity(table = \"posts\")]\npub struct Post {\n    \
                      #[id]\n    pub id: Id<Post>,\n    pub title: String,\n}\n";

#[test]
fn a_rename_is_a_rename_both_ways() {
    let project = Project::new();
    project.write("src/post.rs", ENTITY);
    let run = |words: &[&str]| project.ok(&[words, &["--url", "sqlite:app.db"]].concat());
    run(&["migrate", "new", "init"]);
    run(&["migrate", "apply"]);
    run(&["query", "INSERT INTO posts VALUES (1, 'one')"]);
    project.write("src/post.rs", &ENTITY.replace("pub title", "#[renamed_from(\"title\")]\n    pub headline"));
    let written = run(&["migrate", "new", "headline"]).stdout;
    let up = project.read(&format!("{}/up.sql", written.trim()));
    assert!(up.contains("-- relata: renames column \"posts\".\"title\" to \"headline\"\n"), "{up}");
    assert!(up.contains("1 row in 1 table, 2 columns compared, on a copy of the data"), "{up}");
    run(&["migrate", "apply"]);
    run(&["migrate", "status"]);
    run(&["migrate", "rollback"]);
    assert_eq!(run(&["query", "SELECT title FROM posts"]).stdout, "title\none\n", "nothing was lost on the way back");
}

#[test]
fn what_the_data_refuses_is_not_written() {
    let project = Project::new();
    project.write("src/post.rs", ENTITY);
    let run = |words: &[&str]| project.run(&[words, &["--url", "sqlite:app.db"]].concat());
    assert_eq!(run(&["migrate", "new", "init"]).code, 0);
    assert_eq!(run(&["migrate", "apply"]).code, 0);
    assert_eq!(run(&["query", "INSERT INTO posts VALUES (1, 'same'), (2, 'same')"]).code, 0);
    project.write("src/post.rs", &ENTITY.replace("pub title", "#[unique]\n    pub title"));
    let refused = run(&["migrate", "new", "unique_title"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("[R0704"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(project.path("migrations")).unwrap().count(), 1, "nothing was written");
}
