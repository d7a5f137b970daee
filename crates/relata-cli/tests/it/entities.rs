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

const ADOPTED_SQLITE: &str = "
    CREATE TABLE media (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE logs (id INTEGER PRIMARY KEY, media_id INTEGER REFERENCES media, place_id INTEGER REFERENCES places);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, name TEXT REFERENCES media (name), about TEXT REFERENCES media (id));
    CREATE TABLE a (code TEXT NOT NULL, CONSTRAINT pk PRIMARY KEY (code), CONSTRAINT uq UNIQUE (code COLLATE NOCASE));
    CREATE TABLE b (code TEXT NOT NULL, CONSTRAINT pk PRIMARY KEY (code), CONSTRAINT uq UNIQUE (code));";

const ADOPTED_POSTGRES: &str = r#"
    CREATE EXTENSION citext;
    CREATE EXTENSION pg_trgm;
    CREATE EXTENSION "uuid-ossp";
    CREATE TYPE place AS (x integer, y integer);
    CREATE DOMAIN small AS integer DEFAULT 7;
    CREATE SEQUENCE tickets;
    CREATE FUNCTION is_name(name text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT name ~ ''^[a-z]''';
    CREATE FUNCTION is_good(name text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN is_name(name); END';
    CREATE TABLE people (
        id serial PRIMARY KEY, key uuid NOT NULL DEFAULT uuid_generate_v4(), name citext NOT NULL CHECK (is_good(name::text)),
        ticket text NOT NULL DEFAULT 'T-' || nextval('tickets'), at place, port small DEFAULT NULL, counted serial NOT NULL,
        size smallint NOT NULL DEFAULT '128', ratio double precision NOT NULL DEFAULT '99.9', total bigint DEFAULT '0',
        rough double precision DEFAULT '0.1'::real, word varchar(20) DEFAULT 'x'::bpchar, old bigserial NOT NULL,
        UNIQUE (at));
    ALTER TABLE people ALTER COLUMN old DROP DEFAULT;
    ALTER TABLE people ADD CONSTRAINT sized CHECK (size > 0) NOT VALID;
    CREATE INDEX people_name ON people USING gin ((name::text) gin_trgm_ops);
    CREATE INDEX people_at ON people (at);
    CREATE DOMAIN home AS place;
    CREATE TABLE places (at place, more place[], home home);
    CREATE TABLE rooms (id integer, name text, "Name" text, CONSTRAINT rooms_key PRIMARY KEY (id) INCLUDE (name) DEFERRABLE);
    COMMENT ON CONSTRAINT rooms_key ON rooms IS 'key';
    CREATE INDEX "Room" ON rooms (name);
    CREATE INDEX room ON rooms ("Name");
    CREATE TABLE homes (id integer PRIMARY KEY, more place[] NOT NULL, home home);
    CREATE TABLE banners (id serial PRIMARY KEY);
    ALTER SEQUENCE banners_id_seq RENAME TO message_banners_id_seq;
    CREATE TABLE days (day date NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, person integer, PRIMARY KEY (day, id))
        PARTITION BY RANGE (day);
    CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    ALTER TABLE days ADD FOREIGN KEY (person) REFERENCES people;
    CREATE TABLE hours (id integer PRIMARY KEY, day date, number bigint, FOREIGN KEY (day, number) REFERENCES days_1 (day, id));
    ALTER TABLE hours ADD CONSTRAINT person FOREIGN KEY (id) REFERENCES people NOT VALID;"#;

const ADOPTED_MYSQL: &str = "
    CREATE TABLE polls (host int NOT NULL, word varchar(255) NOT NULL, PRIMARY KEY (host, word(187)) USING BTREE);
    CREATE TABLE counters (name tinyblob NOT NULL, value int, PRIMARY KEY (name(100)), UNIQUE KEY v (value, name(10)));
    CREATE TABLE items (id int unsigned NOT NULL AUTO_INCREMENT, owner int NOT NULL, PRIMARY KEY (id, owner));
    CREATE TABLE processes (id bigint unsigned NOT NULL AUTO_INCREMENT, pid int NOT NULL PRIMARY KEY, KEY (id));
    CREATE TABLE orders (a int NOT NULL, b int, c int, PRIMARY KEY (a), UNIQUE KEY bc (b DESC, c));
    CREATE TABLE addresses (a int NOT NULL PRIMARY KEY CHECK (a > 0), CONSTRAINT again CHECK (a > 0));";

const ADOPTED_MARIADB: &str = "
    CREATE TABLE logs (id int NOT NULL PRIMARY KEY, sum binary(20) NOT NULL, KEY sum (sum));
    CREATE TABLE configs (id int NOT NULL PRIMARY KEY, last binary(20), CONSTRAINT last FOREIGN KEY (last) REFERENCES logs (sum));
    CREATE SEQUENCE tickets;
    CREATE TABLE rooms (id int NOT NULL PRIMARY KEY, ticket int DEFAULT (NEXT VALUE FOR tickets));";

const ADOPTED_MYSQL_ITSELF: &str = "
    CREATE TABLE names (id int NOT NULL PRIMARY KEY, name varchar(20), KEY low ((lower(name))));";

/// What real databases have and entities cannot say in full: nothing of it goes.
fn check_adopted(dialect: Dialect, script: &str, said: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let project = Project::new();
    runtime.block_on(async {
        let database = TestDatabase::create(dialect).await;
        database.connect().await.batch(script).await.unwrap();
        let url = database.url().expose();
        let source = project.ok(&["schema", "inspect", &url, "--format", "rust"]).stdout;
        for line in said {
            assert!(source.contains(line), "{line}\n{source}");
        }
        project.write("src/entities.rs", &source);
        let run = project.run(&["schema", "diff", "--from", &url, "--to", "src"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}\n{source}", run.stderr);

        // Nor do the migrations that begin with it, or the lock.
        project.ok(&["migrate", "baseline", "--url", &url]);
        let run = project.ok(&["migrate", "new", "nothing", "--url", &url]);
        assert!(run.stderr.contains("nothing to write"), "{}{}", run.stdout, run.stderr);
        project.ok(&["schema", "lock", "--url", &url]);
        project.ok(&["migrate", "status", "--url", &url]);
    });
}

#[test]
fn adopted_sqlite_databases_keep_what_entities_cannot_say() {
    let said = [
        "unique a.uq left out",
        "foreign key logs.place_id left out: there is no table places",
        "foreign key notes.name left out: media may have several rows with the same name",
        "foreign key notes.about left out: about is of another type than id of media",
    ];
    check_adopted(Dialect::Sqlite, ADOPTED_SQLITE, &said);
}

#[test]
fn adopted_postgres_databases_keep_what_entities_cannot_say() {
    let said = [
        "foreign key public.hours.hours_day_number_fkey left out: public.days_1 is no entity",
        "index public.people.people_at left out",
        "primary key public.rooms.rooms_key: comment, included columns, deferral not said",
        "table public.places left out: Rust has no type for its columns",
        "column public.people.at left out",
        "#[db_type(postgres = \"serial\")]\n    #[default(next)]\n    pub counted: i32,",
        "#[default(next, always)]\n    pub id: i64,",
        "#[default(128)]\n    pub size: i16,",
        "#[default(sql = \"'0.1'::real\")]\n    pub rough: Option<f64>,",
    ];
    check_adopted(Dialect::Postgres, ADOPTED_POSTGRES, &said);
}

#[test]
fn mysql_databases_that_are_adopted_keep_what_entities_cannot_say() {
    let said = [
        "#[primary_key(host, word prefix(187))]",
        "#[id(prefix(100))]",
        "#[default(next)]\n    pub id: u32,",
        "#[default(next)]\n    pub id: u64,",
    ];
    check_adopted(Dialect::Mysql, ADOPTED_MYSQL, &said);
}

#[test]
fn mysql_and_mariadb_keep_what_only_they_have() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let product = runtime.block_on(async {
        let database = TestDatabase::create(Dialect::Mysql).await;
        database.connect().await.server().product.clone()
    });
    if product == "MySQL" {
        check_adopted(Dialect::Mysql, ADOPTED_MYSQL_ITSELF, &["index names.low left out"]);
    } else {
        let said = ["foreign key configs.last left out: logs may have several rows with the same sum"];
        check_adopted(Dialect::Mysql, ADOPTED_MARIADB, &said);
    }
}

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
