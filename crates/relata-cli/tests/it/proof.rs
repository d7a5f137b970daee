//! Proofs: on rows made up, told when they depend on data, recorded, and asked for by protected environments.

use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

const USERS: &str = "CREATE TABLE users (id integer NOT NULL PRIMARY KEY, email varchar(80), age integer);";

struct Fixture {
    project: Project,
    url: String,
    _database: TestDatabase,
}

fn fixture(dialect: Dialect) -> Fixture {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(dialect));
    let fixture = Fixture { project: Project::new(), url: database.url().expose(), _database: database };
    fixture.migration("20260101000000_aaaaaa_users", USERS, "DROP TABLE users;");
    fixture.run(&["migrate", "apply"], 0);
    fixture
}

impl Fixture {
    fn migration(&self, name: &str, up: &str, down: &str) {
        self.project.write(&format!("migrations/{name}/up.sql"), up);
        self.project.write(&format!("migrations/{name}/down.sql"), down);
    }

    /// Everything that the command says; it has to end with `code`.
    fn run(&self, words: &[&str], code: i32) -> String {
        let ran = self.project.run(&[words, &["--url", &self.url]].concat());
        assert_eq!(ran.code, code, "{words:?}: {}{}", ran.stdout, ran.stderr);
        format!("{}{}", ran.stdout, ran.stderr)
    }
}

fn on_rows_made_up(dialect: Dialect) {
    let fixture = fixture(dialect);
    let (set, drop) = match dialect {
        Dialect::Mysql => ("MODIFY email varchar(80) NOT NULL", "MODIFY email varchar(80)"),
        _ => ("ALTER email SET NOT NULL", "ALTER email DROP NOT NULL"),
    };
    fixture.migration(
        "20260102000000_bbbbbb_required",
        &format!("ALTER TABLE users {set};"),
        &format!("ALTER TABLE users {drop};"),
    );
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains("4 rows in 1 table, 3 columns compared, on rows made up"), "{said}");
    assert!(said.contains("whether 20260102000000_bbbbbb_required runs depends on the data"), "{said}");
    assert!(said.contains("locks ") && said.contains("users"), "{said}");
    let without = fixture.run(&["migrate", "prove", "--no-data"], 0);
    assert!(without.contains("without data"), "{without}");
}

#[test]
fn postgres_proves_on_rows_made_up() {
    on_rows_made_up(Dialect::Postgres);
}

#[test]
fn mysql_proves_on_rows_made_up() {
    on_rows_made_up(Dialect::Mysql);
}

/// What runs outside of transactions is watched from other sessions: by the proof and by the estimate.
#[test]
fn postgres_watches_what_runs_outside_of_transactions() {
    let fixture = fixture(Dialect::Postgres);
    let up = "-- relata: transaction off\nCREATE INDEX CONCURRENTLY users_age ON users (age);\n\
              ALTER TABLE users ALTER age SET DEFAULT 3;";
    let down =
        "-- relata: transaction off\nALTER TABLE users ALTER age DROP DEFAULT;\nDROP INDEX CONCURRENTLY users_age;";
    fixture.migration("20260102000000_bbbbbb_age", up, down);
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains("locks public.users: access exclusive, while rows are read"), "the strongest, {said}");
    assert!(!said.contains("unseen") && !said.contains("warning"), "{said}");
    let said = fixture.run(&["migrate", "plan"], 0);
    assert!(said.contains("share update exclusive on public.users (scan)"), "{said}");
    assert!(said.contains(" access exclusive on public.users (instant)"), "{said}");
}

fn what_is_written_on_purpose(dialect: Dialect) {
    let fixture = fixture(dialect);
    let (name, up) = ("20260102000000_bbbbbb_older", "UPDATE users SET age = age + 1;");
    fixture.migration(name, up, "UPDATE users SET age = age - 1;");
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains("written by its statements: ") && said.contains("users.age"), "{said}");
    fixture.migration(name, up, "");
    let said = fixture.run(&["migrate", "prove"], 1);
    assert!(said.contains("values are not what they were after up.sql and down.sql"), "{said}");
    assert!(said.contains("-- relata: loses TABLE.COLUMN"), "{said}");
    fixture.migration(name, &format!("-- relata: loses users.age\n{up}"), "");
    fixture.run(&["migrate", "prove"], 0);
}

#[test]
fn postgres_tells_what_is_written_on_purpose() {
    what_is_written_on_purpose(Dialect::Postgres);
}

#[test]
fn values_that_go_although_no_statement_writes_them_fail_the_proof() {
    let fixture = fixture(Dialect::Postgres);
    let up = "ALTER TABLE users ADD mail text; ALTER TABLE users DROP email; ALTER TABLE users RENAME mail TO email; \
              ALTER TABLE users ALTER email TYPE varchar(80);";
    fixture.migration("20260102000000_bbbbbb_emptied", up, up);
    let said = fixture.run(&["migrate", "prove"], 1);
    assert!(said.contains("values are not what they were after up.sql") && said.contains("users.email"), "{said}");
}

#[test]
fn mysql_tells_what_is_written_on_purpose() {
    what_is_written_on_purpose(Dialect::Mysql);
}

fn protected(dialect: Dialect) {
    let fixture = fixture(dialect);
    let toml = format!("[environments.production]\nurl = \"{}\"\nprotected = true\n", fixture.url);
    fixture.project.write("relata.toml", &toml);
    let name = "20260102000000_bbbbbb_tags";
    let up = "CREATE TABLE tags (id integer NOT NULL PRIMARY KEY);";
    fixture.migration(name, up, "DROP TABLE tags;");
    let apply = ["migrate", "apply", "--env", "production"];
    let refused = fixture.project.run(&apply);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("20260102000000_bbbbbb_tags is not proved"), "{}", refused.stderr);
    assert!(refused.stderr.contains("relata migrate prove --record"), "{}", refused.stderr);
    fixture.run(&["migrate", "prove", "--record"], 0);
    let text = fixture.project.read(&format!("migrations/{name}/up.sql"));
    assert!(text.starts_with("-- relata: proved on ") && text.contains("; proof "), "{text}");
    // Layout is no change; another column is.
    fixture
        .project
        .write(&format!("migrations/{name}/up.sql"), &text.replace(" PRIMARY KEY", " PRIMARY KEY, n integer"));
    let refused = fixture.project.run(&apply);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("is not what was proved"), "{}", refused.stderr);
    fixture.project.write(&format!("migrations/{name}/up.sql"), &text.replace("CREATE TABLE", "CREATE   TABLE"));
    let applied = fixture.project.run(&apply);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    assert!(applied.stderr.contains("1 migration proved before being applied"), "{}", applied.stderr);
    // Who proved it, on what, and with which rows, stands in the history.
    let history = fixture.run(&["migrate", "history", "--verify", "--json"], 0);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    let proof = history["entries"].as_array().unwrap().iter().find(|entry| entry["action"] == "prove").unwrap();
    let note = proof["note"].as_str().unwrap();
    assert_eq!(proof["version"], "20260102000000_bbbbbb", "{proof}");
    assert!(
        note.starts_with("on ") && note.contains("up, down, up") && note.contains("; recorded before: on "),
        "{note}"
    );
    let rows = if dialect == Dialect::Sqlite { "on a copy of the data; proof " } else { "on rows made up; proof " };
    assert!(note.contains(rows) || note.contains("without data; proof "), "{note}");
    let status = fixture.run(&["migrate", "status", "--no-drift", "--json"], 0);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["migrations"][1]["proof"]["proof"], proof["note"], "{status}");
    let status = fixture.run(&["migrate", "status", "--no-drift"], 0);
    assert!(status.lines().any(|line| line.contains("bbbbbb_tags") && line.contains("\tby ")), "{status}");
}

/// Drift is undone there only by what was proved; the trail says who did it, what ran, and the proof.
fn protected_drift(dialect: Dialect) {
    let fixture = fixture(dialect);
    let toml = format!("[environments.production]\nurl = \"{}\"\nprotected = true\n", fixture.url);
    fixture.run(&["query", "CREATE INDEX by_hand ON users (age)"], 0);
    let undo = ["migrate", "undo-drift", "--yes"];
    let unproved = fixture.run(&["migrate", "undo-drift"], 1);
    assert!(unproved.contains("nobody said yes") && !unproved.contains("proved up"), "{unproved}");
    fixture.project.write("relata.toml", &toml);
    let undone = fixture.run(&undo, 0);
    assert!(undone.contains("proved up, down, up") && undone.contains("undone in "), "{undone}");
    let history = fixture.run(&["migrate", "history", "--verify", "--json"], 0);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    let entry = history["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&entry["action"], &entry["ending"]), (&"undo drift".into(), &"done".into()), "{entry}");
    assert!(entry["note"].as_str().unwrap().starts_with("proved on "), "{entry}");
    assert_eq!(entry["statements"].as_array().unwrap().last().unwrap()["outcome"], "done", "{entry}");
    assert!(fixture.run(&["migrate", "status"], 0).contains("no drift"));
    // A column that rows were written into, made by hand: back to what the history says, by a proof of that too.
    fixture.run(&["query", "ALTER TABLE users ADD COLUMN nickname varchar(20)"], 0);
    let undone = fixture.run(&[&undo[..], &["--accept-loss"]].concat(), 0);
    assert!(undone.contains("proved up, down, up"), "{undone}");
    assert!(fixture.run(&["migrate", "status"], 0).contains("no drift"));
}

#[test]
fn sqlite_protected_drift_is_undone_by_what_is_proved() {
    protected_drift(Dialect::Sqlite);
}

#[test]
fn postgres_protected_drift_is_undone_by_what_is_proved() {
    protected_drift(Dialect::Postgres);
}

#[test]
fn mysql_protected_drift_is_undone_by_what_is_proved() {
    protected_drift(Dialect::Mysql);
}

/// The same database by another URL is as protected.
fn protected_by_any_url(dialect: Dialect) {
    let fixture = fixture(dialect);
    let (from, to) = match dialect {
        Dialect::Sqlite => ("sqlite:", "sqlite:/../"),
        _ => ("127.0.0.1", "localhost"),
    };
    let other = fixture.url.replacen(from, to, 1);
    fixture.project.write("relata.toml", &format!("[environments.production]\nurl = \"{other}\"\nprotected = true\n"));
    fixture.migration("20260102000000_bbbbbb_tags", "CREATE TABLE tags (id integer);", "DROP TABLE tags;");
    let said = fixture.run(&["migrate", "apply"], 1);
    assert!(said.contains("is not proved") && said.contains("the environment production is protected"), "{said}");
}

#[test]
fn sqlite_is_protected_by_any_url() {
    protected_by_any_url(Dialect::Sqlite);
}

#[test]
fn postgres_is_protected_by_any_url() {
    protected_by_any_url(Dialect::Postgres);
}

#[test]
fn mysql_is_protected_by_any_url() {
    protected_by_any_url(Dialect::Mysql);
}

/// What the shadow's server lacks is named, the rest is proved, and a protected environment wants it accepted by name.
fn what_the_shadow_lacks(dialect: Dialect) {
    let fixture = fixture(dialect);
    let (lacks, first, needs, grant, account) = match dialect {
        Dialect::Postgres => (
            "extension relata_no_such",
            "CREATE EXTENSION relata_no_such;",
            "CREATE TABLE spots (id integer PRIMARY KEY, place relata_place); CREATE INDEX ON spots (place);",
            "GRANT SELECT ON users TO relata_nobody;",
            "role relata_nobody",
        ),
        _ => (
            "library relata_no_such.so",
            "CREATE FUNCTION relata_far RETURNS STRING SONAME 'relata_no_such.so';",
            "",
            "GRANT relata_nobody TO CURRENT_USER;",
            "role relata_nobody",
        ),
    };
    let up = format!("{first}\n{needs}\n{grant}\nCREATE TABLE tags (id integer NOT NULL PRIMARY KEY);");
    let gone = if needs.is_empty() { "" } else { "DROP TABLE spots; DROP EXTENSION relata_no_such;" };
    fixture.migration("20260102000000_bbbbbb_tags", &up, &format!("DROP TABLE tags; {gone}"));
    let said = fixture.run(&["migrate", "prove", "--record"], 0);
    assert!(said.contains("proved 20260102000000_bbbbbb_tags: up, down, up"), "{said}");
    assert!(said.contains(&format!("not proved is what needs {lacks}, {account}")), "{said}");
    assert!(said.contains(&format!("left out: {}", first.trim_end_matches(';'))), "{said}");
    let toml = format!("[environments.production]\nurl = \"{}\"\nprotected = true\n", fixture.url);
    fixture.project.write("relata.toml", &toml);
    let said = fixture.run(&["migrate", "apply"], 1);
    assert!(said.contains(&format!("the shadow's server lacks {lacks}, {account}")), "{said}");
    assert!(said.contains(&format!("--accept-unproved \"{lacks}\"")), "{said}");
    let half = fixture.run(&["migrate", "apply", "--accept-unproved", lacks], 1);
    assert!(half.contains(&format!("the shadow's server lacks {account}")), "{half}");
    // Accepted, it is applied; here the target lacks it too.
    let accepted = fixture.run(&["migrate", "apply", "--accept-unproved", lacks, "--accept-unproved", account], 1);
    assert!(accepted.contains("1 migration proved before being applied"), "{accepted}");
    assert!(accepted.contains("applying 20260102000000_bbbbbb_tags: statement 1 of "), "{accepted}");
    // What is refused for another reason is a failure, also where something lacks.
    fixture.migration("20260102000000_bbbbbb_tags", &format!("{up} CREATE TABLE users (id integer);"), "");
    let said = fixture.run(&["migrate", "prove"], 1);
    assert!(said.contains("exists"), "{said}");
}

/// Roles are the server's: those that a proof makes go with it, and those that are there are left alone.
fn roles_are_spared(dialect: Dialect) {
    let fixture = fixture(dialect);
    let role = format!("relata_r_{}", &uuid::Uuid::new_v4().simple().to_string()[..16]);
    let counted = || {
        let sql = match dialect {
            Dialect::Postgres => format!("SELECT count(*) AS n FROM pg_roles WHERE rolname = '{role}'"),
            _ => format!("SELECT count(*) AS n FROM mysql.user WHERE user = '{role}'"),
        };
        fixture.run(&["query", &sql], 0).lines().nth(1).map(str::to_string)
    };
    let up = format!(
        "CREATE ROLE {role};\nGRANT SELECT ON users TO {role};\nCREATE TABLE tags (id integer NOT NULL PRIMARY KEY);\n"
    );
    let down = format!("DROP TABLE tags;\nREVOKE SELECT ON users FROM {role};\nDROP ROLE {role};\n");
    fixture.migration("20260102000000_bbbbbb_tags", &up, &down);
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains("up, down, up") && !said.contains("not proved"), "{said}");
    assert_eq!(counted().as_deref(), Some("0"), "the role went with the shadow");
    fixture.run(&["migrate", "test"], 0);
    assert_eq!(counted().as_deref(), Some("0"));

    fixture.run(&["query", &format!("CREATE ROLE {role}")], 0);
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains(&format!("not proved is what needs a server without the role {role}")), "{said}");
    assert!(said.contains("proof-incomplete"), "{said}");
    fixture.migration("20260102000000_bbbbbb_tags", &format!("DROP ROLE {role};"), &format!("CREATE ROLE {role};"));
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains(&format!("a role {role} of its own")), "{said}");
    assert_eq!(counted().as_deref(), Some("1"), "a role that was there stays");
    fixture.run(&["query", &format!("DROP ROLE {role}")], 0);
}

#[test]
fn postgres_roles_are_spared() {
    roles_are_spared(Dialect::Postgres);
}

#[test]
fn mysql_roles_are_spared() {
    roles_are_spared(Dialect::Mysql);
}

#[test]
fn postgres_names_what_the_shadow_lacks() {
    what_the_shadow_lacks(Dialect::Postgres);
}

#[test]
fn mysql_names_what_the_shadow_lacks() {
    what_the_shadow_lacks(Dialect::Mysql);
}

#[test]
fn sqlite_protected_applies_only_what_is_proved() {
    protected(Dialect::Sqlite);
}

#[test]
fn postgres_protected_applies_only_what_is_proved() {
    protected(Dialect::Postgres);
}

#[test]
fn mysql_protected_applies_only_what_is_proved() {
    protected(Dialect::Mysql);
}

fn impact(dialect: Dialect) {
    let fixture = fixture(dialect);
    let rows: Vec<String> = (0..20_000).map(|row| format!("({row}, 'person{row}@example.org', 30)")).collect();
    fixture.project.write("rows.sql", &format!("INSERT INTO users VALUES {};", rows.join(", ")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = fixture._database.connect().await;
        connection.batch(&fixture.project.read("rows.sql")).await.unwrap();
        let analyze = if dialect == Dialect::Mysql { "ANALYZE TABLE users" } else { "ANALYZE" };
        connection.batch(analyze).await.unwrap();
    });
    let up = match dialect {
        // MariaDB 11.2 and newer would copy the table while others write to it.
        Dialect::Mysql => "ALTER TABLE users MODIFY age bigint, LOCK=SHARED;",
        _ => "ALTER TABLE users ALTER age TYPE bigint;",
    };
    fixture.migration("20260102000000_bbbbbb_wider", up, "");
    let said = fixture.run(&["migrate", "plan"], 0);
    assert!(said.contains("warning[impact]") && said.contains("wait while") && said.contains("written anew"), "{said}");
    assert!(said.contains("(rewrite)") && said.contains("1 migration pending; nothing was changed"), "{said}");
    let json = fixture.project.run(&["migrate", "plan", "--json", "--url", &fixture.url]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let lock = &json["statements"][0]["locks"][0];
    assert_eq!((&lock["span"], &lock["severity"]), (&"rewrite".into(), &"warning".into()), "{json}");
    assert!(lock["rows"].as_u64().unwrap() > 10_000 && lock["bytes"].as_u64().unwrap() > 100_000, "{json}");
    assert_eq!(fixture.run(&["migrate", "status"], 3).matches("pending").count().min(1), 1);
}

#[test]
fn sqlite_says_what_applying_means() {
    let fixture = fixture(Dialect::Sqlite);
    let rows: Vec<String> = (0..20_000).map(|row| format!("({row}, 'person{row}@example.org', 30)")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = fixture._database.connect().await;
        connection.batch(&format!("INSERT INTO users VALUES {}", rows.join(", "))).await.unwrap();
    });
    fixture.migration(
        "20260102000000_bbbbbb_index",
        "CREATE INDEX users_email ON users (email);",
        "DROP INDEX users_email;",
    );
    let json = fixture.project.run(&["migrate", "plan", "--json", "--url", &fixture.url]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let lock = &json["statements"][0]["locks"][0];
    assert_eq!((&lock["object"], &lock["span"]), (&"users".into(), &"scan".into()), "{json}");
    assert!(
        lock["rows"].as_u64().is_none_or(|rows| rows == 20_000) && lock["bytes"].as_u64().unwrap() > 100_000,
        "{json}"
    );
    assert!(fixture.run(&["migrate", "prove"], 0).contains("users is read for an index"));
}

#[test]
fn postgres_says_what_applying_means() {
    impact(Dialect::Postgres);
}

#[test]
fn mysql_says_what_applying_means() {
    impact(Dialect::Mysql);
}

/// `apply --prove` proves what carries no proof, and applies nothing that fails.
fn proved_on_demand(dialect: Dialect) {
    let fixture = fixture(dialect);
    let name = "20260102000000_bbbbbb_tags";
    fixture.migration(name, "CREATE TABLE tags (id integer);", "SELECT 1;");
    let said = fixture.run(&["migrate", "apply", "--prove"], 1);
    assert!(said.contains("down.sql does not give back the schema from before up.sql"), "{said}");
    assert!(fixture.run(&["migrate", "status", "--no-drift"], 3).contains("bbbbbb_tags\tpending"));
    fixture.migration(name, "CREATE TABLE tags (id integer);", "DROP TABLE tags;");
    let said = fixture.run(&["migrate", "apply", "--prove"], 0);
    assert!(said.contains("1 migration proved before being applied"), "{said}");
    let history = fixture.run(&["migrate", "history"], 0);
    assert!(history.contains("\tprove\t20260102000000_bbbbbb_tags\tdone\t"), "{history}");
}

#[test]
fn sqlite_is_proved_on_demand() {
    proved_on_demand(Dialect::Sqlite);
}

#[test]
fn postgres_is_proved_on_demand() {
    proved_on_demand(Dialect::Postgres);
}

#[test]
fn mysql_is_proved_on_demand() {
    proved_on_demand(Dialect::Mysql);
}

/// Data is copied for a proof by a role that may create databases and is no superuser: what would check or change rows
/// meanwhile goes and comes back.
#[test]
fn postgres_copies_data_without_a_superuser() {
    let mut fixture = fixture(Dialect::Postgres);
    let role = format!("relata_test_{}", uuid::Uuid::new_v4().simple());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut connection = runtime.block_on(fixture._database.connect());
    runtime.block_on(connection.batch(&format!("CREATE ROLE {role} LOGIN CREATEDB"))).unwrap();
    let mut url = relata_sql::DatabaseUrl::parse(&fixture.url).unwrap().with_database(&role);
    url.user.clone_from(&role);
    runtime.block_on(fixture._database.driver().create_database(&url)).unwrap();
    fixture.url = url.expose();
    let up = "CREATE TABLE notes (id integer PRIMARY KEY, parent integer REFERENCES notes (id), owner integer NOT NULL REFERENCES users (id));
              CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id > 1 THEN RAISE 'no'; END IF; RETURN NEW; END $$;
              INSERT INTO users VALUES (7, 'x', 1); INSERT INTO notes VALUES (2, 3, 7), (3, 2, 7);
              CREATE TRIGGER refuse BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION refuse();";
    fixture.migration(
        "20260102000000_bbbbbb_notes",
        up,
        "DROP TABLE notes; DROP FUNCTION refuse(); DELETE FROM users WHERE id = 7;",
    );
    fixture.run(&["migrate", "apply"], 0);
    fixture.migration("20260103000000_cccccc_more", "ALTER TABLE notes ADD more text;", "ALTER TABLE notes DROP more;");
    let said = fixture.run(&["migrate", "prove", "--with-data"], 0);
    assert!(said.contains("3 rows in 2 tables") && said.contains("on a copy of the data"), "{said}");
    runtime.block_on(fixture._database.driver().drop_database(&url)).unwrap();
    // The template that it made is its own.
    let templates = "SELECT datname::text FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE rolname = ";
    let mut records = relata_runtime::table::Records::default();
    let sql = format!("{templates}'{role}'");
    runtime.block_on(connection.query(relata_sql::Statement::once(&sql, &[]), &mut records)).unwrap();
    for record in records.into_records() {
        let relata_sql::Value::Text(name) = &record.values()[0] else { continue };
        runtime.block_on(fixture._database.driver().drop_database(&url.with_database(name))).unwrap();
    }
    runtime.block_on(connection.batch(&format!("DROP ROLE {role}"))).unwrap();
}

/// Values of a type that an extension brings, of which no binary form is known, are compared as what they read.
#[test]
fn postgres_compares_values_of_extensions_types() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::create(Dialect::Postgres));
    let fixture = Fixture { project: Project::new(), url: database.url().expose(), _database: database };
    let table = "CREATE EXTENSION cube; CREATE TABLE places (id integer PRIMARY KEY, place cube, places cube[]); \
                 INSERT INTO places VALUES (1, '(1,2),(3,4)', '{\"(1,2)\",\"(3)\"}'), (2, NULL, '{}');";
    fixture.migration("20260101000000_aaaaaa_places", table, "DROP TABLE places; DROP EXTENSION cube;");
    fixture.migration(
        "20260102000000_bbbbbb_name",
        "ALTER TABLE places ADD COLUMN name text;",
        "ALTER TABLE places DROP COLUMN name;",
    );
    let said = fixture.run(&["migrate", "prove"], 0);
    assert!(said.contains("6 rows in 1 table, 3 columns compared"), "{said}");
    // And so are they copied.
    fixture.run(&["migrate", "apply", "--to", "20260101000000"], 0);
    let more = "INSERT INTO places SELECT n, cube(n), NULL FROM generate_series(10, 1500) AS n";
    fixture.run(&["query", more], 0);
    let said = fixture.run(&["migrate", "prove", "--with-data"], 0);
    assert!(said.contains("1493 rows in 1 table, 3 columns compared, on a copy of the data"), "{said}");
}
