//! What teams and production need of `relata migrate`: nothing is lost unsaid, what is taken away comes back, the trail,
//! branches and domains, repeatable scripts, and the commands for CI. On the three databases.

use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::{Project, Run};

/// A project and a database.
struct Team {
    project: Project,
    url: String,
    dialect: Dialect,
}

impl Team {
    fn run(&self, words: &[&str]) -> Run {
        self.project.run(&[&["migrate"], words, &["--url", &self.url]].concat())
    }

    fn ok(&self, words: &[&str]) -> Run {
        let run = self.run(words);
        assert_eq!(run.code, 0, "{words:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    /// Fails with this code; gives what was said.
    fn fails(&self, words: &[&str], code: i32) -> String {
        let run = self.run(words);
        assert_eq!(run.code, code, "{words:?}\n{}\n{}", run.stdout, run.stderr);
        format!("{}{}", run.stdout, run.stderr)
    }

    fn sql(&self, sql: &str) -> String {
        let run = self.project.ok(&["query", "--url", &self.url, sql]);
        run.stdout.lines().skip(1).collect::<Vec<_>>().join(",")
    }

    fn write(&self, id: &str, up: &str, down: &str) {
        self.project.write(&format!("migrations/{id}/up.sql"), up);
        self.project.write(&format!("migrations/{id}/down.sql"), down);
    }
}

fn on(dialect: Dialect, test: impl Fn(&Team)) {
    let project = Project::new();
    if dialect == Dialect::Sqlite {
        let url = format!("sqlite:{}", project.path("app.db").display());
        return test(&Team { project, url, dialect });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    test(&Team { project, url: database.url().expose(), dialect });
}

macro_rules! on_every_database {
    ($($case:ident)*) => {
        mod sqlite { $(#[test] fn $case() { super::on(relata_schema::Dialect::Sqlite, super::$case); })* }
        mod postgres { $(#[test] fn $case() { super::on(relata_schema::Dialect::Postgres, super::$case); })* }
        mod mysql { $(#[test] fn $case() { super::on(relata_schema::Dialect::Mysql, super::$case); })* }
    };
}

on_every_database! {
    nothing_is_lost_unsaid
    what_is_preserved_comes_back
    what_must_not_be_null_comes_back
    what_was_null_is_null_again
    a_table_without_a_key_gets_its_values_back
    the_trail_is_shown_and_verified
    two_branches_and_domains
    scripts_are_applied_when_they_change
    ci_has_one_command
    rows_are_not_lost_unsaid
    three_branches_are_joined
    all_migrations_are_tested
    half_a_migration_is_finished_or_undone
    metrics_are_left_in_a_file
    what_was_there_before_half_a_migration_stays
}

const POSTS: &str = "20260101000000_aaaaaa_posts";
const LESS: &str = "20260102000000_bbbbbb_less";
const CREATE: &str = "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, title varchar(20), slug varchar(20));\n\
                      INSERT INTO posts VALUES (1, 'one', 'uno'), (2, 'two', 'dos');\n";

fn with_less(team: &Team) {
    team.write(POSTS, CREATE, "DROP TABLE posts;");
    team.ok(&["apply"]);
    team.write(LESS, "ALTER TABLE posts DROP COLUMN slug;\n", "ALTER TABLE posts ADD COLUMN slug varchar(20);\n");
}

fn nothing_is_lost_unsaid(team: &Team) {
    with_less(team);
    let name = if team.dialect == Dialect::Postgres { "public.posts.slug" } else { "posts.slug" };
    let said = team.fails(&["apply"], 1);
    assert!(said.contains(&format!("{LESS} would lose column {name} with its values")), "{said}");
    assert!(said.contains(&format!("-- relata: loses column {name}")), "{said}");
    assert!(said.contains("--preserve"), "{said}");
    assert_eq!(team.sql("SELECT count(slug) FROM posts"), "2", "nothing was applied");
    // A rename is no loss, and what only this run made is none either.
    let rename = "ALTER TABLE posts RENAME COLUMN slug TO path;\n";
    team.write(LESS, rename, "ALTER TABLE posts RENAME COLUMN path TO slug;\n");
    let scratch = "20260103000000_cccccc_scratch";
    team.write(scratch, "CREATE TABLE scratch (x integer); DROP TABLE scratch;", "");
    team.ok(&["apply"]);
    team.ok(&["rollback", "--steps", "2"]);
    // Said in the file, it is done; what goes is backed up.
    let up = "-- relata: loses column posts.slug because nobody reads it\nALTER TABLE posts DROP COLUMN slug;\n";
    team.write(LESS, up, "ALTER TABLE posts ADD COLUMN slug varchar(20);\n");
    let run = team.ok(&["apply"]);
    let expected = if team.dialect == Dialect::Sqlite { "backed up to " } else { "kept column " };
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    // On the way back what was written since is counted, and accepted by name.
    team.ok(&["rollback", "--steps", "2"]);
    let refused = team.fails(&["rollback"], 1);
    assert!(refused.contains("posts with 2 rows"), "{refused}");
    let wrong = team.fails(&["rollback", "--accept-loss", "other"], 1);
    assert!(wrong.contains("posts with 2 rows"), "{wrong}");
    team.ok(&["rollback", "--accept-loss", "posts"]);
}

fn what_is_preserved_comes_back(team: &Team) {
    with_less(team);
    team.ok(&["apply", "--preserve"]);
    let shelf = team.ok(&["shelf"]).stdout;
    assert!(shelf.contains("posts.slug, 2 rows"), "{shelf}");
    let status = team.ok(&["status"]);
    assert!(status.stderr.contains("no drift"), "the shelf is no drift: {}", status.stderr);
    team.sql("INSERT INTO posts VALUES (3, 'three')");
    let back = team.ok(&["rollback"]);
    assert!(back.stderr.contains("put back column "), "{}", back.stderr);
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE slug = 'dos' AND id = 2"), "1");
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE slug IS NULL"), "1");
    // Purged, it is gone for good.
    team.ok(&["apply", "--preserve"]);
    let asked = team.fails(&["shelf", "--purge", "20260102"], 1);
    assert!(asked.contains("this would be deleted for good: column "), "{asked}");
    team.ok(&["shelf", "--purge-all", "--yes"]);
    assert!(team.ok(&["shelf"]).stderr.contains("the shelf is empty"));
    team.ok(&["history", "--verify"]);
    team.ok(&["rollback"]);
    assert_eq!(team.sql("SELECT count(slug) FROM posts"), "0");
}

fn what_must_not_be_null_comes_back(team: &Team) {
    let whole = "CREATE TABLE authors (id integer NOT NULL PRIMARY KEY, name varchar(20) NOT NULL);\n\
        CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, title varchar(20) NOT NULL, slug varchar(20) NOT NULL UNIQUE, \
        author integer NOT NULL, CONSTRAINT posts_author FOREIGN KEY (author) REFERENCES authors (id), \
        CONSTRAINT posts_slug CHECK (slug <> ''));\n";
    // Where a column notes the time of a change, what comes back is none.
    let seen = "seen datetime DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP, title ";
    let noted = if team.dialect == Dialect::Mysql { whole.replace("title ", seen) } else { whole.to_string() };
    let whole = noted.as_str();
    team.project.write("schema.sql", whole);
    team.ok(&["new", "posts", "--from", "schema.sql", "--no-data"]);
    team.ok(&["apply"]);
    team.sql("INSERT INTO authors VALUES (7, 'ann')");
    team.sql("INSERT INTO posts (id, title, slug, author) VALUES (1, 'one', 'uno', 7), (2, 'two', 'dos', 7)");
    // Rows that came since, of which nothing was kept, get what says least.
    team.project.write("schema.sql", &whole.replace("title varchar(20) NOT NULL, ", ""));
    team.ok(&["new", "less", "--from", "schema.sql", "--no-data", "--accept-loss", "--no-rename", "all"]);
    team.ok(&["apply", "--preserve"]);
    team.sql("INSERT INTO posts (id, slug, author) VALUES (3, 'tres', 7)");
    team.ok(&["rollback", "--accept-loss"]);
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE (id = 2 AND title = 'two') OR (id = 3 AND title = '')"), "2");
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE title IS NULL"), "0");
    if team.dialect == Dialect::Mysql {
        assert_eq!(team.sql("SELECT count(*) FROM posts WHERE seen <> '2020-01-01'"), "0");
    }
    // What refers to other rows, identifies its own, or is referred to, is there before keys ask for it.
    team.ok(&["rollback", "--all", "--accept-loss"]);
    std::fs::remove_dir_all(team.project.path("migrations")).unwrap();
    team.project.write("schema.sql", whole);
    team.ok(&["new", "posts", "--from", "schema.sql", "--no-data"]);
    team.ok(&["apply"]);
    team.sql("INSERT INTO authors VALUES (7, 'ann')");
    team.sql("INSERT INTO posts (id, title, slug, author) VALUES (1, 'one', 'uno', 7), (2, 'two', 'dos', 7)");
    team.project.write("schema.sql", "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY);\n");
    team.ok(&["new", "less", "--from", "schema.sql", "--no-data", "--accept-loss", "--no-rename", "all"]);
    team.ok(&["apply", "--preserve"]);
    // Rows of which nothing was kept have no author; once they are gone it goes on where it stopped.
    team.sql("INSERT INTO posts (id) VALUES (3), (4)");
    team.fails(&["rollback", "--accept-loss"], 1);
    team.sql("DELETE FROM posts WHERE id > 2");
    team.ok(&["rollback", "--accept-loss"]);
    let rows = "SELECT count(*) FROM posts p JOIN authors a ON a.id = p.author WHERE a.name = 'ann' AND p.title =";
    assert_eq!(team.sql(&format!("{rows} 'one' AND p.slug = 'uno' AND p.id = 1")), "1");
    assert_eq!(team.sql(&format!("{rows} 'two' AND p.slug = 'dos' AND p.id = 2")), "1");
    assert!(team.ok(&["shelf"]).stderr.contains("the shelf is empty"));
}

/// Rows without a value get one when the column takes no NULL any more; nobody has to ask that they lose it on the way back.
fn what_was_null_is_null_again(team: &Team) {
    let before = "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, slug varchar(20));\n";
    team.project.write("schema.sql", before);
    team.ok(&["new", "posts", "--from", "schema.sql", "--no-data"]);
    team.ok(&["apply"]);
    team.sql("INSERT INTO posts VALUES (1, 'uno'), (2, NULL), (3, NULL)");
    if team.dialect == Dialect::Postgres {
        // A generated migration fails there as long as a row has NULL.
        let up = "UPDATE posts SET slug = 'none' WHERE slug IS NULL;\nALTER TABLE posts ALTER slug SET NOT NULL;\n";
        let down = "ALTER TABLE posts ALTER slug DROP NOT NULL;\n";
        let status = team.ok(&["status", "--no-drift", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let parent = format!("-- relata: parent {}\n", status["migrations"][0]["digest"].as_str().unwrap());
        team.write("20990102000000_bbbbbb_stricter", &format!("{parent}{up}"), down);
    } else {
        let after = before.replace("slug varchar(20)", "slug varchar(20) NOT NULL DEFAULT 'none'");
        team.project.write("schema.sql", &after);
        team.ok(&["new", "stricter", "--from", "schema.sql", "--no-data"]);
    }
    let run = team.ok(&["apply"]);
    assert!(run.stderr.contains("kept NULL in column ") && run.stderr.contains("2 rows"), "{}", run.stderr);
    assert!(!run.stderr.contains("backed up"), "{}", run.stderr);
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE slug = 'none'"), "2");
    team.sql("UPDATE posts SET slug = 'said' WHERE id = 3");
    let run = team.ok(&["rollback"]);
    assert!(run.stderr.contains("put back NULL in column "), "{}", run.stderr);
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE id = 2 AND slug IS NULL"), "1");
    assert_eq!(team.sql("SELECT count(*) FROM posts WHERE slug IN ('uno', 'said')"), "2");
}

fn a_table_without_a_key_gets_its_values_back(team: &Team) {
    team.write(POSTS, "CREATE TABLE notes (body varchar(20), seen integer);", "DROP TABLE notes;");
    team.ok(&["apply"]);
    team.sql("INSERT INTO notes VALUES ('one', 1)");
    team.write(LESS, "UPDATE notes SET seen = 0;\n", "SELECT 1;\n");
    team.ok(&["apply", "--preserve"]);
    assert_eq!(team.sql("SELECT count(*) FROM notes WHERE seen = 0"), "1");
    team.ok(&["rollback", "--accept-loss"]);
    assert_eq!(team.sql("SELECT count(*) FROM notes WHERE seen = 1"), "1");
}

fn the_trail_is_shown_and_verified(team: &Team) {
    with_less(team);
    let run = team.ok(&["history", "--verify", "--statements"]);
    assert!(run.stdout.contains("CREATE TABLE POSTS") && run.stdout.contains("2 rows"), "{}", run.stdout);
    let hash = run.stderr.rsplit(' ').next().unwrap().trim().to_string();
    team.ok(&["history", "--verify", "--expect", &hash]);
    let json: serde_json::Value = serde_json::from_str(&team.ok(&["history", "--verify", "--json"]).stdout).unwrap();
    assert_eq!((&json["verified"], &json["hash"]), (&true.into(), &hash.clone().into()));
    team.sql("UPDATE relata_migrations SET digest = 'edited' WHERE version LIKE '20260101%'");
    let said = team.fails(&["history", "--verify"], 3);
    assert!(said.contains(&format!("the history has {POSTS} with another digest")), "{said}");
    team.sql("UPDATE relata_migration_log SET who = 'eve'");
    let said = team.fails(&["history", "--verify"], 3);
    assert!(said.contains("was changed after it had been written"), "{said}");
    // What is repaired is noted.
    team.ok(&["repair"]);
    let said = team.ok(&["history"]).stdout;
    assert!(said.contains("repair digest"), "{said}");
}

fn two_branches_and_domains(team: &Team) {
    team.write(POSTS, CREATE, "DROP TABLE posts;");
    team.ok(&["apply"]);
    let status = team.ok(&["status", "--no-drift", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let parent = format!("-- relata: parent {}\n", status["migrations"][0]["digest"].as_str().unwrap());
    let (one, other) = ("20260201000000_111111_one", "20260202000000_222222_other");
    team.write(one, &format!("{parent}CREATE TABLE one (x integer);"), "DROP TABLE one;");
    team.write(other, &format!("{parent}CREATE TABLE other (x integer);"), "DROP TABLE other;");
    let said = team.fails(&["apply"], 1);
    assert!(said.contains(&format!("the history has 2 heads: {one} and {other} (they part after {POSTS})")), "{said}");
    assert!(said.contains("relata migrate merge"), "{said}");
    assert!(team.fails(&["check", "--no-proof", "--no-drift"], 3).contains("migration-heads"));
    std::fs::remove_dir_all(team.project.path(&format!("migrations/{other}"))).unwrap();
    // A domain is a chain of its own; what it needs of another comes first, whatever the names say.
    let invoices = "billing/20260101000001_333333_invoices";
    let needs = format!("-- relata: depends-on {}\n", &one[..21]);
    team.write(
        invoices,
        &format!("{needs}ALTER TABLE one ADD COLUMN invoice integer;"),
        "ALTER TABLE one DROP COLUMN invoice;",
    );
    let run = team.ok(&["apply"]);
    let applied: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("applied ")).collect();
    assert!(applied[0].contains("_one ") && applied[1].contains("_invoices "), "{}", run.stderr);
    team.ok(&["status"]);
    let path = team.ok(&["new", "totals", "--empty", "--domain", "billing"]).stdout;
    assert!(path.starts_with("migrations/billing/2"), "{path}");
    let up = team.project.read(&format!("{}/up.sql", path.trim()));
    let status: serde_json::Value =
        serde_json::from_str(&team.run(&["status", "--no-drift", "--json"]).stdout).unwrap();
    let invoices =
        status["migrations"].as_array().unwrap().iter().find(|one| one["id"].as_str().unwrap().ends_with("_invoices"));
    assert!(up.contains(&format!("-- relata: parent {}", invoices.unwrap()["digest"].as_str().unwrap())), "{up}");
    std::fs::remove_dir_all(team.project.path(path.trim())).unwrap();
    let run = team.ok(&["rollback", "--steps", "2"]);
    let back: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("rolled back ")).collect();
    assert!(back[0].contains("_invoices ") && back[1].contains("_one "), "{}", run.stderr);
}

fn scripts_are_applied_when_they_change(team: &Team) {
    team.write(POSTS, CREATE, "DROP TABLE posts;");
    let view = |name: &str, select: &str| match team.dialect {
        Dialect::Sqlite => format!("DROP VIEW IF EXISTS {name};\nCREATE VIEW {name} AS {select};\n"),
        Dialect::Postgres | Dialect::Mysql => format!("CREATE OR REPLACE VIEW {name} AS {select};\n"),
    };
    // The names stand in the wrong order: what is missing is made by a later script.
    team.project.write("migrations/repeatable/views/a.sql", &view("a", "SELECT id FROM b"));
    team.project.write("migrations/repeatable/views/b.sql", &view("b", "SELECT id FROM posts"));
    let run = team.ok(&["apply"]);
    assert!(
        run.stderr.contains("applied script views/b") && run.stderr.contains("applied script views/a"),
        "{}",
        run.stderr
    );
    assert_eq!(team.sql("SELECT count(*) FROM a"), "2");
    assert!(team.ok(&["apply"]).stderr.contains("nothing to apply"));
    let status = team.ok(&["status"]);
    assert!(status.stderr.contains("no drift"), "{}", status.stderr);
    team.project.write("migrations/repeatable/views/a.sql", &view("a", "SELECT id FROM b WHERE id > 1"));
    let status = team.fails(&["status", "--no-drift"], 3);
    assert!(status.contains("repeatable scripts changed: views/a"), "{status}");
    let run = team.ok(&["apply"]);
    assert!(run.stderr.contains("views/a") && !run.stderr.contains("views/b"), "{}", run.stderr);
    assert_eq!(team.sql("SELECT count(*) FROM a"), "1");
    assert!(team.ok(&["history", "--verify"]).stdout.contains("repeat"));
    team.project.write("migrations/repeatable/c.sql", "CREATE VIEW c AS SELECT 1 AS x;");
    let check = team.run(&["check", "--no-proof", "--no-drift"]);
    assert!(check.stderr.contains("c.sql, line 1: CREATE VIEW C does not bear being run again"), "{}", check.stderr);
    team.project.write("migrations/repeatable/c.sql", "SELECT x FROM nowhere;");
    let failed = team.fails(&["apply"], 1);
    assert!(failed.contains("c.sql") && failed.contains("nowhere"), "{failed}");
}

fn ci_has_one_command(team: &Team) {
    with_less(team);
    let hazard = team.fails(&["check", "--no-proof", "--no-drift"], 3);
    assert!(hazard.contains("failed lint: 1 hazard") && hazard.contains("drop-column"), "{hazard}");
    let run = team.ok(&["check", "--no-lint"]);
    assert!(run.stdout.contains("ok proof: 1 pending migration proved"), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("ok history: 1 applied, 1 pending"), "{}", run.stdout);
    // Repeatable scripts run on the shadow, too.
    let view =
        |column: &str| format!("DROP VIEW IF EXISTS titles;\nCREATE VIEW titles AS SELECT {column} FROM posts;\n");
    team.project.write("migrations/repeatable/titles.sql", &view("id +"));
    let broken = team.fails(&["check", "--no-lint"], 3);
    assert!(broken.contains("failed proof") && broken.contains("repeatable script titles"), "{broken}");
    team.project.write("migrations/repeatable/titles.sql", &view("title"));
    // That it waits is no drift, nor that it is there as it was; what it made is not undone as if somebody had.
    let run = team.ok(&["check", "--no-lint"]);
    assert!(run.stdout.contains("1 pending migration proved, 1 repeatable script run"), "{}", run.stdout);
    std::fs::rename(team.project.path(&format!("migrations/{LESS}")), team.project.path("later")).unwrap();
    team.ok(&["apply"]);
    assert!(team.ok(&["undo-drift"]).stderr.contains("nothing to undo"));
    assert!(team.ok(&["adopt"]).stderr.contains("nothing to adopt"));
    team.sql("CREATE INDEX by_hand ON posts (title)");
    team.ok(&["undo-drift", "--yes", "--prove"]);
    team.sql("CREATE INDEX by_hand ON posts (title)");
    let adopted = team.ok(&["adopt", "by_hand"]).stdout;
    let up = team.project.read(&format!("{}/up.sql", adopted.trim()));
    assert!(up.contains("by_hand") && !up.contains("titles"), "{up}");
    team.ok(&["status"]);
    team.ok(&["rollback"]);
    std::fs::remove_dir_all(team.project.path(adopted.trim())).unwrap();
    team.project.write("migrations/repeatable/titles.sql", &view("id"));
    assert!(team.ok(&["check"]).stdout.contains("the database is what its history says"));
    let refused = team.fails(&["undo-drift"], 1);
    assert!(refused.contains("the repeatable script titles was changed since it was applied"), "{refused}");
    std::fs::remove_file(team.project.path("migrations/repeatable/titles.sql")).unwrap();
    team.sql("DROP VIEW titles");
    std::fs::rename(team.project.path("later"), team.project.path(&format!("migrations/{LESS}"))).unwrap();
    team.sql("CREATE TABLE by_hand (x integer)");
    let said = team.fails(&["check", "--no-proof"], 3);
    assert!(said.contains("failed drift") && said.contains("by_hand"), "{said}");
    team.sql("DROP TABLE by_hand");
    team.write(LESS, "ALTER TABLE posts DROP COLUMN slug;", "SELECT 1;");
    let json = team.run(&["check", "--json"]);
    assert_eq!(json.code, 3);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let states: Vec<String> = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| format!("{} {}", check["check"], check["state"]))
        .collect();
    assert!(states.contains(&"\"proof\" \"failed\"".to_string()), "{states:?}");
    assert_eq!(json["clean"], false);
}

fn all_migrations_are_tested(team: &Team) {
    team.write(POSTS, CREATE, "DROP TABLE posts;");
    team.write(LESS, "ALTER TABLE posts DROP COLUMN slug;", "ALTER TABLE posts ADD COLUMN slug varchar(20);");
    let run = team.ok(&["test"]);
    assert!(run.stderr.contains("passed empty: 2 migrations up, down, up"), "{}", run.stderr);
    assert!(run.stderr.contains("passed with rows made up: 2 migrations up, down, up"), "{}", run.stderr);
    // What rows that are nobody's make fail is told, and fails nothing.
    let tags = "20260103000000_cccccc_tags";
    let needed = "CREATE TABLE tags (id integer NOT NULL PRIMARY KEY, post integer NOT NULL);";
    let refused = match team.dialect {
        Dialect::Sqlite => "CREATE TABLE refused (x integer CHECK (x < 0)); INSERT INTO refused SELECT id FROM tags;",
        _ => "ALTER TABLE tags ADD CHECK (post < -5);",
    };
    let drop = if team.dialect == Dialect::Sqlite { "DROP TABLE refused;" } else { "DROP TABLE tags; " };
    let drop = if team.dialect == Dialect::Sqlite { drop.to_string() } else { format!("{drop}{needed}") };
    team.write(tags, needed, "DROP TABLE tags;");
    team.write("20260104000000_dddddd_strict", refused, &drop);
    let run = team.run(&["test"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for id in [tags, "20260104000000_dddddd_strict"] {
        std::fs::remove_dir_all(team.project.path(&format!("migrations/{id}"))).unwrap();
    }
    team.project.write("migrations/seeds/rows.sql", "INSERT INTO posts (id, title) VALUES (7, NULL);");
    let run = team.ok(&["test"]);
    assert!(run.stderr.contains("passed with rows: 2 migrations up, down, up"), "{}", run.stderr);
    // A way down that only rows make fail.
    let not_null = match team.dialect {
        Dialect::Sqlite => "ALTER TABLE posts ADD COLUMN slug varchar(20) CHECK (title IS NOT NULL);",
        Dialect::Postgres => "ALTER TABLE posts ADD COLUMN slug varchar(20), ADD CHECK (title IS NOT NULL);",
        Dialect::Mysql => "ALTER TABLE posts ADD COLUMN slug varchar(20), ADD CHECK (title IS NOT NULL);",
    };
    team.write(LESS, "ALTER TABLE posts DROP COLUMN slug;", not_null);
    let said = team.fails(&["test"], 1);
    assert!(said.contains(LESS), "{said}");
    team.write(LESS, "ALTER TABLE posts DROP COLUMN slug;", "SELECT 1;");
    let said = team.fails(&["test"], 1);
    assert!(said.contains(&format!("{LESS}: down.sql does not give back the schema from before up.sql")), "{said}");
}

fn half_a_migration_is_finished_or_undone(team: &Team) {
    with_less(team);
    let off = "-- relata: transaction off\n";
    let up = "CREATE TABLE a (x integer);\nCREATE TABLE b (x integer);\nCREATE TABEL c (x integer);\n";
    team.write(LESS, &format!("{off}{up}"), &format!("{off}DROP TABLE c;\nDROP TABLE b;\nDROP TABLE a;\n"));
    let said = team.fails(&["apply"], 1);
    assert!(said.contains("the database is as it was before"), "{said}");
    let status = team.fails(&["status"], 3);
    assert!(status.contains("pending") && status.contains("no drift"), "{status}");
    let said = team.fails(&["apply", "--keep-half"], 1);
    assert!(said.contains("or undo them with relata migrate rollback"), "{said}");
    assert!(team.fails(&["status"], 3).contains("half applied"));
    team.ok(&["rollback"]);
    assert!(team.fails(&["status"], 3).contains("no drift"));
    team.fails(&["apply", "--keep-half"], 1);
    team.write(
        LESS,
        &format!("{off}{}", up.replace("TABEL", "TABLE")),
        &format!("{off}DROP TABLE c;\nDROP TABLE b;\nDROP TABLE a;\n"),
    );
    let run = team.ok(&["apply"]);
    assert!(run.stderr.contains("2 of 3 statements were done"), "{}", run.stderr);
    team.ok(&["status"]);
}

/// A statement that takes or writes every row is a loss like any other: named, refused, kept and brought back.
fn rows_are_not_lost_unsaid(team: &Team) {
    let up = "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, title varchar(80));\n\
              CREATE TABLE tags (id integer NOT NULL PRIMARY KEY);\nCREATE TABLE none (id integer);\n\
              INSERT INTO posts VALUES (1, 'one'), (2, 'two');\nINSERT INTO tags VALUES (1);";
    team.write(POSTS, up, "DROP TABLE none; DROP TABLE tags; DROP TABLE posts;");
    team.ok(&["apply"]);
    let less = "20260102000000_bbbbbb_less";
    let up = "DELETE FROM tags;\nDELETE FROM none;\nUPDATE posts SET title = 'x';\nUPDATE posts SET title = 'y' WHERE id = 2;";
    team.write(less, up, "SELECT 1;");
    let said = team.fails(&["apply"], 1);
    assert!(said.contains("every one of the rows of ") && said.contains("in every row"), "{said}");
    let name = |table: &str| if team.dialect == Dialect::Postgres { format!("public.{table}") } else { table.into() };
    for line in [format!("rows of {}", name("tags")), format!("values of {}.title", name("posts"))] {
        assert!(said.contains(&format!("-- relata: loses {line} (into ")), "{said}");
    }
    assert!(!said.contains("none"), "there is nothing to lose in it: {said}");
    assert_eq!(team.sql("SELECT count(*) FROM tags"), "1");
    team.write(
        less,
        &format!("-- relata: loses rows of tags\n-- relata: loses values of posts.title: corrected\n{up}"),
        "SELECT 1;",
    );
    team.ok(&["apply"]);
    assert_eq!(team.sql("SELECT count(*) FROM tags"), "0");
    team.ok(&["rollback", "--steps", "1"]);
    if team.dialect == Dialect::Sqlite {
        // Its backup is a copy of the whole file.
        return;
    }
    assert_eq!(team.sql("SELECT count(*) FROM tags"), "1");
    assert_eq!(team.sql("SELECT title FROM posts ORDER BY id"), "one,two");
}

fn three_branches_are_joined(team: &Team) {
    team.write(POSTS, CREATE, "DROP TABLE posts;");
    team.ok(&["apply"]);
    let status = team.ok(&["status", "--no-drift", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let parent = format!("-- relata: parent {}\n", status["migrations"][0]["digest"].as_str().unwrap());
    for (id, table) in [("20260201000000_111111_one", "one"), ("20260202000000_222222_two", "two")] {
        team.write(id, &format!("{parent}CREATE TABLE {table} (x integer);"), &format!("DROP TABLE {table};"));
    }
    // The third can only come after the first.
    let third = "20260203000000_333333_three";
    team.write(third, &format!("{parent}ALTER TABLE one ADD COLUMN y integer;"), "ALTER TABLE one DROP COLUMN y;");
    assert!(team.fails(&["apply"], 1).contains("the history has 3 heads"));
    let said = team.fails(&["merge", "--no-data"], 1);
    assert!(said.contains("do not fit together") && said.contains("merge --rebase puts the other after it"), "{said}");
    let said = team.ok(&["merge", "--no-data", "--rebase"]).stderr;
    assert!(said.contains("rebased 20260203000000_333333_three after 20260201000000_111111_one"), "{said}");
    assert!(said.contains("joined ") && said.contains("both orders"), "{said}");
    team.ok(&["apply"]);
    team.ok(&["rollback", "--steps", "4"]);
    // Three that fit are joined at once.
    let parent = "20260103000000_cccccc_base";
    let merged = std::fs::read_dir(team.project.path("migrations")).unwrap().flatten();
    for folder in merged.filter(|folder| folder.file_name() != POSTS) {
        std::fs::remove_dir_all(folder.path()).unwrap();
    }
    team.write(parent, "CREATE TABLE base (x integer);", "DROP TABLE base;");
    team.ok(&["apply"]);
    let status = team.ok(&["status", "--no-drift", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let entries = status["migrations"].as_array().unwrap();
    let base = entries.iter().find(|entry| entry["id"] == parent).unwrap();
    let parent = format!("-- relata: parent {}\n", base["digest"].as_str().unwrap());
    for (at, table) in ["one", "two", "three"].into_iter().enumerate() {
        let id = format!("2026030{at}000000_44444{at}_{table}");
        team.write(&id, &format!("{parent}CREATE TABLE {table} (x integer);"), &format!("DROP TABLE {table};"));
    }
    let said = team.ok(&["merge", "--no-data"]).stderr;
    assert!(said.contains("the same comes out of 3 orders, both orders without data"), "{said}");
    team.ok(&["apply"]);
    assert!(team.ok(&["merge"]).stderr.contains("nothing to merge"));
}

/// The lines of a file of metrics that can be foretold.
fn metrics(team: &Team) -> String {
    let text = team.project.read("relata.prom");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let known = lines.filter(|line| !line.contains("_bucket") && !line.contains("_sum") && !line.contains("timestamp"));
    known.filter(|line| !line.ends_with(" 0")).map(|line| format!("{line}\n")).collect()
}

fn metrics_are_left_in_a_file(team: &Team) {
    team.write("20260101000000_a", "CREATE TABLE a (x int);\nCREATE INDEX i ON a (x);", "DROP TABLE a;");
    team.write(
        "20260102000000_b",
        "INSERT INTO a VALUES (1), (2), (3);\nCREATE TABLE b (x int);",
        "DELETE FROM a;\nDROP TABLE b;",
    );
    let file = team.project.path("relata.prom").display().to_string();
    team.ok(&["apply", "--metrics", &file]);
    expect_test::expect![[r#"
        relata_migrations_total{direction="up"} 2
        relata_migration_rows_total 3
        relata_migration_seconds_count 2
        relata_migration_statement_seconds_count 4
    "#]]
    .assert_eq(&metrics(team));
    team.ok(&["rollback", "--metrics", &file, "--accept-loss", "all"]);
    assert!(metrics(team).contains("relata_migrations_total{direction=\"down\"} 1\n"), "{}", metrics(team));
    team.write("20260103000000_c", "CREATE TABLE a (x int);", "DROP TABLE a;");
    team.fails(&["apply", "--metrics", &file], 1);
    let said = metrics(team);
    assert!(said.contains("relata_migration_failures_total 1\n") && said.contains("{direction=\"up\"} 1\n"), "{said}");
    // What cannot be written is said before anything is done.
    let nowhere = team.project.path("nowhere/relata.prom").display().to_string();
    let said = team.fails(&["rollback", "--metrics", &nowhere, "--accept-loss", "all"], 1);
    assert!(said.contains("the metrics cannot be written to"), "{said}");
    assert_eq!(team.sql("SELECT count(*) FROM b"), "0", "nothing was rolled back");
}

/// The way down names what is there since before: because the migration failed over it, or had not come so far.
fn what_was_there_before_half_a_migration_stays(team: &Team) {
    team.write("20260101000000_a", "CREATE TABLE a (x int, y int);\nINSERT INTO a VALUES (1, 2);", "DROP TABLE a;");
    team.ok(&["apply"]);
    let off = |sql: &str| format!("-- relata: transaction off\n{sql}");
    let again = "20260102000000_again";
    for (up, down) in [
        ("CREATE TABLE a (x int);", "DROP TABLE a;"),
        ("CREATE TABLE b (x int);\nCREATE TABLE a (x int);", "DROP TABLE a;\nDROP TABLE b;"),
        (
            "CREATE TABLE IF NOT EXISTS a (x int);\nCREATE TABLE b (x int);\nSELECT nothing FROM nowhere;",
            "DROP TABLE b;\nDROP TABLE a;",
        ),
        ("CREATE TABLE b (x int);\nALTER TABLE a ADD COLUMN y int;", "ALTER TABLE a DROP COLUMN y;\nDROP TABLE b;"),
    ] {
        team.write(again, &off(up), &off(down));
        team.fails(&["apply"], 1);
        // Undone already, or now by hand.
        team.run(&["rollback", "--to", "20260101000000", "--accept-loss", "all"]);
        assert_eq!(team.sql("SELECT x, y FROM a"), "1\t2", "{up}");
        let run = team.run(&["status"]);
        assert!(!run.stdout.contains("half"), "{up}\n{}{}", run.stdout, run.stderr);
        assert_eq!(team.project.run(&["query", "--url", &team.url, "SELECT x FROM b"]).code, 1, "{up}");
    }
}
