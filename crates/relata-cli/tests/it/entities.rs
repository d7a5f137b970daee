//! Entities written from a database say that database: the difference is empty, and stays so for what they cannot say.

use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

const SQLITE: &str = "
    CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, boss_id INTEGER REFERENCES people);
    CREATE VIEW names AS SELECT name FROM people;
    CREATE TRIGGER shout AFTER INSERT ON people BEGIN UPDATE people SET name = upper(name) WHERE id = new.id; END;
    CREATE VIRTUAL TABLE words USING fts5 (text);";

const POSTGRES: &str = "
    CREATE DOMAIN year AS integer CHECK (VALUE > 1900);
    CREATE SEQUENCE numbers;
    CREATE TABLE people (id serial PRIMARY KEY, name text NOT NULL, born year, number integer DEFAULT nextval('numbers'));
    CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY (START 100), at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE VIEW names AS SELECT name FROM people;
    CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
    ALTER TABLE people ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everyone ON people USING (true);";

const MYSQL: &str = "
    CREATE TABLE people (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40) NOT NULL, secret int INVISIBLE);
    CREATE VIEW names AS SELECT name FROM people;
    CREATE TRIGGER shout BEFORE INSERT ON people FOR EACH ROW SET NEW.name = upper(NEW.name);";

fn check(dialect: Dialect, script: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let project = Project::new();
    runtime.block_on(async {
        let database = TestDatabase::create(dialect).await;
        database.connect().await.batch(script).await.unwrap();
        let url = database.url().expose();
        let source = project.ok(&["schema", "inspect", &url, "--format", "rust"]).stdout;
        project.write("src/entities.rs", &source);
        let run = project.run(&["schema", "diff", "--from", &url, "--to", "src"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}\n{source}", run.stderr);

        project.write("src/entities.rs", &source.replace("pub name: ", "#[index]\n    pub name: "));
        let run = project.run(&["schema", "diff", "--from", &url, "--to", "src"]);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stdout.contains("people_name_idx") && !run.stdout.contains("DROP"), "{}", run.stdout);
    });
}

#[test]
fn entities_say_a_sqlite_database() {
    check(Dialect::Sqlite, SQLITE);
}

#[test]
fn entities_say_a_postgres_database() {
    check(Dialect::Postgres, POSTGRES);
}

#[test]
fn entities_say_a_mariadb_database() {
    check(Dialect::Mysql, MYSQL);
}
