//! Two branches of one project, with a real git: what merges by itself, what `migrate merge` proves, what it explains.

use std::process::Command;

use expect_test::expect;
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

const BASE: &str = "CREATE TABLE posts (id integer NOT NULL PRIMARY KEY, title varchar(80), body varchar(900));\n\n\
                    CREATE TABLE users (id integer NOT NULL PRIMARY KEY, email varchar(80));\n\n\
                    CREATE TABLE votes (id integer NOT NULL PRIMARY KEY, weight integer);\n";

struct Team {
    project: Project,
    url: String,
    branches: std::cell::Cell<u8>,
}

impl Team {
    /// A repository with one applied migration.
    fn new(url: &str) -> Self {
        let team = Team { project: Project::new(), url: url.into(), branches: std::cell::Cell::new(0) };
        team.git(&["init", "-q", "-b", "main"]);
        team.project.write("relata.toml", "sources = [\"schema.sql\"]\n");
        team.project.write(".gitignore", "*.db*\n");
        team.project.write("schema.sql", BASE);
        team.ok(&["migrate", "new", "init"]);
        team.ok(&["migrate", "apply"]);
        team.commit("init");
        team
    }

    fn git(&self, words: &[&str]) -> bool {
        let settings = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"];
        let mut command = Command::new("git");
        command.args(settings).args(words).current_dir(self.project.path("."));
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(variable);
        }
        command.output().unwrap().status.success()
    }

    fn commit(&self, message: &str) {
        assert!(self.git(&["add", "-A"]) && self.git(&["commit", "-q", "-m", message]));
    }

    /// Makes a change to the schema on a branch of its own, and writes the migration.
    fn branch(&self, name: &str, old: &str, new: &str) -> String {
        assert!(self.git(&["checkout", "-q", "-b", name, "main"]));
        let schema = self.project.read("schema.sql");
        assert!(schema.contains(old), "{schema}");
        self.project.write("schema.sql", &schema.replace(old, new));
        let written = self.ok(&["migrate", "new", name, "--accept-loss", "--no-rename", "all"]).stdout;
        self.committed(name, written.trim())
    }

    /// A branch with a migration written by hand.
    fn by_hand(&self, name: &str, up: &str, down: &str) -> String {
        assert!(self.git(&["checkout", "-q", "-b", name, "main"]));
        let written = self.ok(&["migrate", "new", name, "--empty"]).stdout.trim().to_string();
        let head = self.project.read(&format!("{written}/up.sql"));
        self.project.write(&format!("{written}/up.sql"), &format!("{head}{up};\n"));
        self.project.write(&format!("{written}/down.sql"), &format!("{down};\n"));
        self.committed(name, &written)
    }

    /// Commits a migration under a version that says when it was made: two in one second have no order.
    fn committed(&self, name: &str, written: &str) -> String {
        let number = self.branches.get() + 1;
        self.branches.set(number);
        let folder = format!("migrations/2027010{number}000000_{number:06}_{name}");
        std::fs::rename(self.project.path(written), self.project.path(&folder)).unwrap();
        self.commit(name);
        folder
    }

    fn run(&self, words: &[&str]) -> crate::command::Run {
        self.project.run(&[words, &["--url", &self.url]].concat())
    }

    fn ok(&self, words: &[&str]) -> crate::command::Run {
        self.project.ok(&[words, &["--url", &self.url]].concat())
    }
}

/// Names without what differs from run to run.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let is_version = rest[at..].len() > 21
            && rest[at..at + 14].bytes().all(|byte| byte.is_ascii_digit())
            && rest[at + 14..].starts_with('_');
        let end = if is_version { at + 22 } else { at + 2 };
        out.push_str(&rest[..at]);
        out.push_str(if is_version { "" } else { "20" });
        rest = &rest[end..];
    }
    out + rest
}

fn joined(dialect: Dialect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let team = Team::new(&database.url().expose());
    team.branch("slugs", "title varchar(80),", "title varchar(80), slug varchar(80),");
    team.branch("names", "email varchar(80)", "email varchar(80), name varchar(80)");
    team.ok(&["migrate", "apply"]);
    assert!(team.git(&["merge", "-q", "slugs", "-m", "merge"]), "different objects: git merges by itself");
    let lock = team.project.read("schema.lock");
    assert!(lock.contains("column slug") && lock.contains("column name") && !lock.contains("<<<<"), "{lock}");
    team.ok(&["schema", "lock", "--check"]);

    let refused = team.run(&["migrate", "apply"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("relata migrate merge"), "{}", refused.stderr);
    let refused = team.run(&["migrate", "new", "more"]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    let merged = team.ok(&["migrate", "merge", "--no-data"]);
    assert_eq!(steady(&merged.stderr), "joined slugs and names: the same comes out of both orders without data\n");
    let up = team.project.read(&format!("{}/up.sql", merged.stdout.trim()));
    assert_eq!(up.matches("-- relata: parent ").count(), 2, "{up}");
    team.ok(&["migrate", "apply"]);
    team.ok(&["migrate", "status"]);
    assert_eq!(team.ok(&["migrate", "merge"]).stderr, "nothing to merge: the history has one head\n");
    team.ok(&["query", "SELECT slug FROM posts"]);
    team.ok(&["migrate", "rollback", "--steps", "3", "--accept-loss"]);
    team.ok(&["migrate", "apply"]);
    team.ok(&["migrate", "status"]);

    // What was joined is edited: that is said, and no second head; the repair settles it.
    let folders = std::fs::read_dir(team.project.path("migrations")).unwrap();
    let names = folders.map(|folder| folder.unwrap().file_name().to_string_lossy().into_owned());
    let slugs = format!("migrations/{}/up.sql", names.into_iter().find(|name| name.ends_with("_slugs")).unwrap());
    let edited = format!("{}INSERT INTO votes VALUES (7, 7);\n", team.project.read(&slugs));
    team.project.write(&slugs, &edited);
    let status = team.run(&["migrate", "status"]);
    assert_eq!(status.code, 3);
    assert!(status.stderr.contains("migration-edited") && !status.stderr.contains("heads"), "{}", status.stderr);
    let check = team.run(&["migrate", "check", "--no-proof", "--no-lint"]);
    assert!(check.stdout.contains("drift: not looked for: history and files do not agree"), "{}", check.stdout);
    team.ok(&["migrate", "repair"]);
    let status = team.ok(&["migrate", "status"]);
    assert!(status.stderr.contains("no drift"), "{}", status.stderr);
}

#[test]
fn sqlite_branches_are_joined() {
    joined(Dialect::Sqlite);
}

#[test]
fn postgres_branches_are_joined() {
    joined(Dialect::Postgres);
}

#[test]
fn mysql_branches_are_joined() {
    joined(Dialect::Mysql);
}

#[test]
fn what_does_not_fit_is_explained_and_planned_anew() {
    let team = Team::new("sqlite:app.db");
    team.branch("long", "title varchar(80)", "title varchar(200)");
    team.ok(&["migrate", "apply"]);
    team.branch("short", "title varchar(80)", "title varchar(40)");
    assert!(!team.git(&["merge", "-q", "long", "-m", "merge"]), "both changed the same line");
    let conflict = team.run(&["migrate", "merge"]);
    assert_eq!(conflict.code, 1);
    expect![[r#"
        the proof runs without the target's data: sqlite:app.db is not where the migration begins (see relata migrate status)
        error: long and short do not fit together [R0701]
          help: column posts.title differs
          help: both change column posts.title: long (changed), short (changed)
          help: relata migrate merge --rebase writes what is pending anew, from what is declared
    "#]]
    .assert_eq(&steady(&conflict.stderr));
    let schema = BASE.replace("title varchar(80)", "title varchar(40)");
    team.project.write("schema.sql", &schema);
    assert!(team.project.read("schema.lock").matches("column title").count() > 1, "both sides stand in the lock");
    team.ok(&["schema", "lock"]);
    assert_eq!(team.project.read("schema.lock").matches("column title").count(), 1);
    let rebased = team.ok(&["migrate", "merge", "--rebase"]);
    assert!(rebased.stderr.contains("planned anew, up, down, up"), "{}", rebased.stderr);
    team.ok(&["migrate", "apply"]);
    team.ok(&["migrate", "status"]);
    assert_eq!(std::fs::read_dir(team.project.path("migrations")).unwrap().count(), 3);
}

#[test]
fn what_runs_in_one_order_only_is_put_in_that_order() {
    let team = Team::new("sqlite:app.db");
    // The one drops a table, the other writes into it: writing can only come first.
    let gone = team.branch("gone", "CREATE TABLE votes (id integer NOT NULL PRIMARY KEY, weight integer);\n", "");
    team.by_hand("fill", "INSERT INTO votes VALUES (1, 2)", "DELETE FROM votes");
    assert!(team.git(&["merge", "-q", "gone", "-m", "merge"]));
    let conflict = team.run(&["migrate", "merge"]);
    assert_eq!(conflict.code, 1);
    expect![[r#"
        error: gone and fill do not fit together [R0701]
          help: after gone, fill fails: there is no table votes
          help: fill can run first: relata migrate merge --rebase puts the other after it
    "#]]
    .assert_eq(&steady(&conflict.stderr));
    let rebased = team.ok(&["migrate", "merge", "--rebase"]);
    expect![[r#"
        rebased gone after fill
        next: relata migrate prove
    "#]]
    .assert_eq(&steady(&rebased.stderr));
    assert_eq!(rebased.stdout.trim(), gone);
    team.ok(&["migrate", "apply"]);
    team.ok(&["migrate", "status"]);
}

#[test]
fn rows_that_depend_on_the_order_are_seen() {
    let team = Team::new("sqlite:app.db");
    // The rows are in the database only: the copy of its data decides.
    team.ok(&["query", "INSERT INTO votes VALUES (7, 1)"]);
    for (name, sql) in
        [("one", "UPDATE votes SET weight = weight + 1"), ("double", "UPDATE votes SET weight = weight * 2")]
    {
        team.by_hand(name, sql, "SELECT 1");
    }
    assert!(team.git(&["merge", "-q", "one", "-m", "merge"]));
    let conflict = team.run(&["migrate", "merge"]);
    assert_eq!(conflict.code, 1);
    assert!(conflict.stderr.contains("votes has other rows in the other order"), "{}", conflict.stderr);
}

fn drift(dialect: Dialect) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let project = Project::new();
    let url = database.url().expose();
    let run = |words: &[&str]| project.run(&[words, &["--url", &url]].concat());
    let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());
    project.write("schema.sql", BASE);
    ok(&["migrate", "new", "init", "--from", "schema.sql"]);
    ok(&["migrate", "apply"]);
    assert!(ok(&["migrate", "adopt"]).stderr.contains("nothing to adopt"));
    assert!(ok(&["migrate", "undo-drift"]).stderr.contains("nothing to undo"));

    ok(&["query", "CREATE INDEX by_hand ON posts (title)"]);
    ok(&["query", "ALTER TABLE users ADD COLUMN nickname varchar(20)"]);
    let found = run(&["migrate", "status"]);
    assert_eq!(found.code, 3);
    assert!(found.stderr.contains("relata migrate adopt"), "{}", found.stderr);
    let adopted = ok(&["migrate", "adopt", "by_hand"]);
    let up = project.read(&format!("{}/up.sql", adopted.stdout.trim()));
    assert!(up.contains("by_hand") && up.contains("nickname"), "{up}");
    ok(&["migrate", "status", "--no-drift"]);
    assert!(ok(&["migrate", "adopt"]).stderr.contains("nothing to adopt"));
    ok(&["migrate", "rollback", "--accept-loss"]);
    ok(&["migrate", "apply"]);

    ok(&["query", "ALTER TABLE votes ADD COLUMN extra integer"]);
    ok(&["query", "INSERT INTO votes (id, extra) VALUES (1, 5)"]);
    let refused = run(&["migrate", "undo-drift", "--yes"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("would lose column") && refused.stdout.contains("extra"), "{}", refused.stderr);
    let refused = run(&["migrate", "undo-drift", "--accept-loss"]);
    assert!(refused.stderr.contains("nobody said yes"), "{}", refused.stderr);
    assert_eq!(run(&["query", "SELECT extra FROM votes"]).code, 0);
    ok(&["migrate", "undo-drift", "--accept-loss", "--yes"]);
    assert_eq!(run(&["query", "SELECT extra FROM votes"]).code, 1);
    let status = ok(&["migrate", "status"]);
    assert!(status.stderr.contains("no drift"), "{}", status.stderr);
}

#[test]
fn sqlite_drift_is_adopted_or_undone() {
    drift(Dialect::Sqlite);
}

#[test]
fn postgres_drift_is_adopted_or_undone() {
    drift(Dialect::Postgres);
}

#[test]
fn mysql_drift_is_adopted_or_undone() {
    drift(Dialect::Mysql);
}

/// What is said of a database without a history, of drift, and of both ways out of it.
#[test]
fn what_is_said_of_drift() {
    let project = Project::new();
    let run = |words: &[&str]| project.run(&[words, &["--url", "sqlite:app.db"]].concat());
    let said = |words: &[&str], code: i32| {
        let ran = run(words);
        assert_eq!(ran.code, code, "{words:?}: {}{}", ran.stdout, ran.stderr);
        let text = format!("{}{}", ran.stdout, ran.stderr).replace(&project.path("").display().to_string(), "");
        steady(&text)
            .lines()
            .filter(|line| !line.contains('│') && !line.contains('─') && !line.contains('═'))
            .fold(String::new(), |text, line| text + line + "\n")
    };
    project.write("app.db", "");
    run(&["query", "CREATE TABLE notes (id integer PRIMARY KEY, body text)"]);
    expect![[r#"
        no migrations yet: relata migrate new NAME, or relata migrate baseline for a database with tables
        the database has what no migration made: table notes is too many
    "#]]
    .assert_eq(&said(&["migrate", "status"], 3));
    expect![[r#"
        error: no migration is applied here: there is no history to go back to [R0701]
          help: nothing was changed
          help: to take over what is there: relata migrate baseline
    "#]]
    .assert_eq(&said(&["migrate", "undo-drift"], 1));
    said(&["migrate", "baseline"], 0);
    run(&["query", "CREATE TABLE by_hand (id integer PRIMARY KEY)"]);
    let status = said(&["migrate", "status"], 3);
    let status = status.split_once("warning").map(|(_, rest)| rest).unwrap_or_default();
    expect![[r#"
        [migration-drift]: the database is not what its history says: table by_hand is too many
          help: somebody changed it without a migration; take it over: relata migrate adopt; or bring it back: relata migrate undo-drift, which shows the SQL first
    "#]].assert_eq(status);
    expect![[r#"
        PRAGMA foreign_keys = OFF;
        BEGIN IMMEDIATE;
        DROP TABLE by_hand;
        COMMIT;
        PRAGMA foreign_keys = ON;
        error: undoing the drift would lose table by_hand with every row in it [R0703]
          help: nothing was changed
          help: keep it: relata migrate adopt; or run it again with --accept-loss
    "#]]
    .assert_eq(&said(&["migrate", "undo-drift"], 1));
    expect![[r#"
        PRAGMA foreign_keys = OFF;
        BEGIN IMMEDIATE;
        DROP TABLE by_hand;
        COMMIT;
        PRAGMA foreign_keys = ON;
        proved up, down, up; 4 rows in 1 table, 2 columns compared
        undone in 5 statements: sqlite:app.db is what its history says
    "#]]
    .assert_eq(&said(&["migrate", "undo-drift", "--accept-loss", "--yes", "--prove"], 0));
    expect![[r#"
        nothing to undo: the database is what its history says
    "#]]
    .assert_eq(&said(&["migrate", "undo-drift"], 0));
    run(&["query", "CREATE INDEX by_body ON notes (body)"]);
    expect![[r#"
        migrations/by_body
        adopted the drift of sqlite:app.db, recorded there as applied; up, down, up; 4 rows in 1 table, 2 columns compared
        next: declare it in the sources, too; else the next relata migrate new takes it away
    "#]].assert_eq(&said(&["migrate", "adopt", "by_body"], 0));
    expect![[r#"
        nothing to adopt: the database is what its history says
    "#]]
    .assert_eq(&said(&["migrate", "adopt"], 0));
}
