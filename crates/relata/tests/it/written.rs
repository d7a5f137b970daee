//! Entities written from real databases: the source is the snapshot beside this file, so it compiles with this test; it
//! reads back to the same schema; and rows go through it.

use std::path::Path;

use expect_test::expect_file;
use relata::{Db, prelude::*};
use relata_schema::lower::lower;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{Connection, IntrospectOptions, Statement};
use relata_testkit::TestDatabase;

use crate::setup::is_mysql;

#[allow(dead_code)]
#[rustfmt::skip]
mod chinook;
#[allow(dead_code)]
#[rustfmt::skip]
mod mysql;
#[allow(dead_code)]
#[rustfmt::skip]
mod postgres;
#[allow(dead_code)]
#[rustfmt::skip]
mod sqlite;

async fn introspect(connection: &mut dyn Connection) -> Schema {
    connection.introspect(&IntrospectOptions::default()).await.unwrap()
}

/// The schema of a new database in which the entities were created.
async fn recreated(source: &str, dialect: Dialect) -> Schema {
    let reading = relata_entity::read_source("written.rs", source);
    assert!(!reading.has_errors(), "{:#?}", reading.diagnostics);
    let (schema, _) = lower(&reading.declaration, dialect);
    let database = TestDatabase::create(dialect).await;
    let mut connection = database.connect().await;
    for statement in dialect.create_all(&schema) {
        connection
            .execute(Statement::once(&statement, &[]))
            .await
            .unwrap_or_else(|error| panic!("{statement}\n{error}"));
    }
    introspect(&mut *connection).await
}

/// A schema without what entities do not say: the queries of views, comments of namespaces, and the spelling in which SQLite keeps an
/// index on expressions.
fn sayable(mut schema: Schema) -> Schema {
    schema.namespaces.clear();
    schema.views.clear();
    for index in schema.tables.iter_mut().flat_map(|table| &mut table.indexes) {
        index.parameters.retain(|(key, _)| key != "statement");
    }
    for table in &mut schema.tables {
        // Words that SQLite lets one leave out.
        table.columns.iter_mut().for_each(|column| column.parameters.retain(|(key, _)| key != "not null unsaid"));
        table.foreign_keys.iter_mut().for_each(|key| {
            key.columns_unsaid = false;
            key.written.clear();
        });
    }
    schema
}

async fn with_tables(dialect: Dialect, script: &str) -> TestDatabase {
    let database = TestDatabase::create(dialect).await;
    database.connect().await.batch(script).await.unwrap();
    database
}

/// Writes entities, compares them with the snapshot, and creates the schema again from them.
async fn check(database: &TestDatabase, file: &str) {
    let schema = introspect(&mut *database.connect().await).await;
    let written = relata_entity::write(&schema);
    expect_file![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/written").join(file)].assert_eq(&written.source);
    let again = recreated(&written.source, schema.dialect).await;
    let (there, here) = (relata_schema::json::write(&sayable(schema)), relata_schema::json::write(&sayable(again)));
    assert!(there == here, "{}", difference(&there, &here));
}

/// The lines around the first difference.
fn difference(there: &str, here: &str) -> String {
    let same = there.lines().zip(here.lines()).take_while(|(a, b)| a == b).count();
    let some = |text: &str| text.lines().skip(same.saturating_sub(5)).take(12).collect::<Vec<_>>().join("\n");
    format!("it was\n{}\nand is\n{}", some(there), some(here))
}

#[tokio::test]
async fn chinook_is_read_through_written_entities() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../relata-cli/assets/chinook.sqlite");
    let database = TestDatabase::create(Dialect::Sqlite).await;
    std::fs::copy(file, &database.url().database).unwrap();
    check(&database, "chinook.rs").await;
    let mut db = Db::open(&database.url().expose()).await.unwrap();
    use chinook::{Album, Customer, Employee, Invoice, InvoiceLine, Playlist, PlaylistTrack, Track};
    assert_eq!(Track::find().all(&mut db).await.unwrap().len(), 3503);
    assert_eq!(InvoiceLine::find().all(&mut db).await.unwrap().len(), 2240);
    assert_eq!(PlaylistTrack::find().all(&mut db).await.unwrap().len(), 8715);
    assert_eq!(Invoice::find().all(&mut db).await.unwrap().len(), 412);
    let albums = Album::find().with(Album.artist).with(Album.tracks).order(Album.album_id.asc()).limit(2);
    let albums = albums.all(&mut db).await.unwrap();
    assert_eq!((albums[0].artist().name.as_deref(), albums[0].tracks().len()), (Some("AC/DC"), 10));
    let reports =
        Employee::find().with(Employee.employees).order(Employee.employee_id.asc()).first(&mut db).await.unwrap();
    assert_eq!(reports.unwrap().employees().len(), 2);
    let classical =
        Playlist::find().filter(Playlist.name.eq("Grunge")).with(Playlist.tracks).all(&mut db).await.unwrap();
    assert_eq!(classical[0].tracks().len(), 15);
    let led = Customer::find().filter(Customer.support_rep().last_name.eq("Peacock")).all(&mut db).await.unwrap();
    assert_eq!(led.len(), 21);
}

const SQLITE: &str = r#"
    CREATE TABLE "order" (
        id INTEGER PRIMARY KEY, "type" TEXT NOT NULL DEFAULT 'it''s', "2nd" REAL, "Größe" BLOB, whatever,
        price DECIMAL(10,2) NOT NULL DEFAULT 0 CHECK (price >= 0), at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        total GENERATED ALWAYS AS (price * 2) STORED, flag BOOLEAN NOT NULL DEFAULT 1, u UUID, d DATE, t TIME, j JSON,
        buyer TEXT COLLATE NOCASE REFERENCES person (name) ON UPDATE CASCADE ON DELETE SET NULL,
        seller TEXT NOT NULL REFERENCES person (name),
        CONSTRAINT dear CHECK (price < 1000000)
    );
    CREATE INDEX order_buyer ON "order" (buyer DESC, lower("type")) WHERE price > 0;
    CREATE TABLE person (name TEXT PRIMARY KEY NOT NULL, boss TEXT REFERENCES person, UNIQUE (boss, name)) STRICT, WITHOUT ROWID;
    CREATE TABLE log (line TEXT NOT NULL);
    CREATE TABLE link (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b),
        FOREIGN KEY (a) REFERENCES "order" (id), FOREIGN KEY (b) REFERENCES "order" (id));
    CREATE TABLE part (a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (a, b, n),
        FOREIGN KEY (a, b) REFERENCES link (a, b) ON DELETE CASCADE);
    CREATE VIEW names AS SELECT name FROM person;
"#;

#[tokio::test]
async fn sqlite_says_it_all() {
    let database = with_tables(Dialect::Sqlite, SQLITE).await;
    check(&database, "sqlite.rs").await;
    let mut db = Db::open(&database.url().expose()).await.unwrap();
    use sqlite::{NewOrder, NewPerson, Order, Person};
    NewPerson { name: "Ann".into() }.insert(&mut db).await.unwrap();
    NewPerson { name: "Bob".into() }.boss("Ann").insert(&mut db).await.unwrap();
    let _ = (Order::find(), Person::find());
    let order = NewOrder { seller: "Bob".into() }.insert(&mut db).await.unwrap();
    assert_eq!(order.r#type, "it's");
    use sqlite::Name;
    let names = Name::find().order(Name.name.asc()).all(&mut db).await.unwrap();
    assert_eq!(names.iter().map(|row| row.name.as_deref()).collect::<Vec<_>>(), [Some("Ann"), Some("Bob")]);
}

const POSTGRES: &str = r#"
    CREATE SCHEMA blog;
    CREATE TYPE mood AS ENUM ('G', 'PG-13', '1');
    CREATE TABLE users (
        id serial PRIMARY KEY, email varchar(80) NOT NULL UNIQUE, mood mood NOT NULL DEFAULT 'PG-13', tags text[] NOT NULL,
        moods mood[], born date, wake time, at timestamptz NOT NULL DEFAULT now(), local timestamp(3), price numeric(10,2),
        any_number numeric, data jsonb NOT NULL DEFAULT '{}'::jsonb, raw json, u uuid DEFAULT gen_random_uuid(), bytes bytea,
        small smallint, big bigint NOT NULL DEFAULT -5, f real, d double precision, ok boolean NOT NULL DEFAULT true,
        span interval, address inet, during tstzrange, words tsvector, fixed char(3) DEFAULT 'abc',
        lower_email text GENERATED ALWAYS AS (lower(email)) STORED,
        CONSTRAINT users_price_check CHECK (price > 0), CONSTRAINT odd CHECK (small <> big)
    );
    COMMENT ON TABLE users IS 'people';
    COMMENT ON COLUMN users.email IS 'where "they" are';
    CREATE INDEX users_tags ON users USING gin (tags);
    CREATE UNIQUE INDEX one_email ON users (lower(email), at DESC NULLS LAST) INCLUDE (price) WHERE ok;
    CREATE TABLE blog.posts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
        editor_id integer REFERENCES users ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
        parent_id bigint REFERENCES blog.posts, slug text NOT NULL, UNIQUE (author_id, slug)
    );
    CREATE TABLE blog.notes (post_id bigint NOT NULL, n integer NOT NULL, CONSTRAINT notes_key PRIMARY KEY (post_id, n),
        CONSTRAINT to_post FOREIGN KEY (post_id) REFERENCES blog.posts (id) ON UPDATE RESTRICT);
    CREATE TABLE log (line text);
"#;

#[tokio::test]
async fn postgres_says_it_all() {
    let database = with_tables(Dialect::Postgres, POSTGRES).await;
    check(&database, "postgres.rs").await;
    let mut db = Db::open(&database.url().expose()).await.unwrap();
    use postgres::{Mood, NewPost, NewUser, Post, User};
    let user = NewUser { email: "a@b.c".into(), tags: vec!["x".into()] };
    let user = user.moods(vec![Mood::G, Mood::Value1]).insert(&mut db).await.unwrap();
    assert_eq!((user.mood, user.tags.as_slice(), user.big), (Mood::Pg13, ["x".to_string()].as_slice(), -5));
    assert_eq!(user.moods, Some(vec![Mood::G, Mood::Value1]));
    NewPost { author_id: user.id, slug: "s".into() }.insert(&mut db).await.unwrap();
    let posts = Post::find().filter(Post.author().mood.eq(Mood::Pg13)).with(Post.author).all(&mut db).await.unwrap();
    assert_eq!(posts[0].author().email, "a@b.c");
    assert_eq!(User::find().with(User.posts_by_author).all(&mut db).await.unwrap()[0].posts_by_author().len(), 1);
}

const MYSQL: &str = r#"
    CREATE TABLE user (
        id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(80) NOT NULL, mood enum('G','PG-13') NOT NULL DEFAULT 'G',
        tiny tinyint, utiny tinyint unsigned, medium mediumint, big bigint unsigned, price decimal(10,2) NOT NULL DEFAULT 1.50,
        ok tinyint(1) NOT NULL DEFAULT 1, at timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
        local datetime(3), d date, t time, y year, j json, body text, bytes blob, fixed char(3), flags set('a','b'),
        u uuid DEFAULT uuid(), up varchar(80) GENERATED ALWAYS AS (upper(email)) VIRTUAL,
        UNIQUE KEY one_email (email), KEY part (body(10)), FULLTEXT KEY words (body), CONSTRAINT dear CHECK (price > 0)
    ) ENGINE=InnoDB COMMENT='people';
    CREATE TABLE post (
        id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, author_id int unsigned NOT NULL, editor_id int unsigned,
        CONSTRAINT written_by FOREIGN KEY (author_id) REFERENCES user (id) ON DELETE CASCADE,
        FOREIGN KEY (editor_id) REFERENCES user (id) ON DELETE SET NULL
    );
    CREATE TABLE log (line text);
"#;

#[tokio::test]
async fn mysql_says_it_all() {
    if is_mysql(&mut Db::open(&TestDatabase::create(Dialect::Mysql).await.url().expose()).await.unwrap()).await {
        // It has no type for them.
        let script = MYSQL.replace("u uuid DEFAULT uuid()", "u binary(16) DEFAULT (UUID_TO_BIN(UUID()))");
        return check(&with_tables(Dialect::Mysql, &script).await, "mysql_itself.rs").await;
    }
    let database = with_tables(Dialect::Mysql, MYSQL).await;
    check(&database, "mysql.rs").await;
    let mut db = Db::open(&database.url().expose()).await.unwrap();
    use mysql::{NewPost, NewUser, Post, UserMood};
    let user = NewUser { email: "a@b.c".into() }.insert(&mut db).await.unwrap();
    assert_eq!((user.mood, user.up.as_deref()), (UserMood::G, Some("A@B.C")));
    NewPost { author_id: user.id }.insert(&mut db).await.unwrap();
    let posts = Post::find().filter(Post.author().mood.eq(UserMood::G)).with(Post.author).all(&mut db).await.unwrap();
    assert_eq!(posts[0].author().email, "a@b.c");
}
