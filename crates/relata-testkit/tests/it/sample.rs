//! Rows that are made up for proofs: every table gets some, whatever its keys and checks.

use std::collections::BTreeMap;

use relata_runtime::migrate::{self, sample};
use relata_schema::Dialect;
use relata_testkit::TestDatabase;

const TABLES: &str = "\
CREATE TABLE people (id KEY, email varchar(40) NOT NULL UNIQUE, boss_id bigint REFERENCES people (id), born date,
    age integer CHECK (age >= 18 AND age < 150), height numeric(5,2), note text, active boolean NOT NULL DEFAULT true);
CREATE TABLE posts (id KEY, author_id bigint NOT NULL, title varchar(10) NOT NULL,
    status varchar(10) NOT NULL CHECK (status IN ('draft', 'public')), begins integer NOT NULL, ends integer NOT NULL,
    CHECK (begins < ends), FOREIGN KEY (author_id) REFERENCES people (id));
CREATE TABLE details (post_id bigint NOT NULL PRIMARY KEY, extra text, FOREIGN KEY (post_id) REFERENCES posts (id));
CREATE TABLE tags (name varchar(20) NOT NULL PRIMARY KEY);
CREATE TABLE post_tags (post_id bigint NOT NULL, tag varchar(20) NOT NULL, PRIMARY KEY (post_id, tag),
    FOREIGN KEY (post_id) REFERENCES posts (id), FOREIGN KEY (tag) REFERENCES tags (name));
CREATE TABLE bare (id KEY);
CREATE TABLE seeded (code varchar(5) NOT NULL PRIMARY KEY, CHECK (code = 'one'));
INSERT INTO seeded VALUES ('one');
CREATE TABLE uses_seeded (id integer NOT NULL PRIMARY KEY, code varchar(5) NOT NULL REFERENCES seeded (code));
CREATE TABLE arcs (id integer NOT NULL PRIMARY KEY, person bigint, post bigint, tag varchar(20),
    FOREIGN KEY (person) REFERENCES people (id), FOREIGN KEY (post) REFERENCES posts (id), FOREIGN KEY (tag) REFERENCES tags (name),
    CHECK ((CASE WHEN person IS NULL THEN 0 ELSE 1 END) + (CASE WHEN post IS NULL THEN 0 ELSE 1 END)
        + (CASE WHEN tag IS NULL THEN 0 ELSE 1 END) = 1));
CREATE TABLE codes (id integer NOT NULL PRIMARY KEY, isbn char(13) NOT NULL UNIQUE, low integer NOT NULL, high integer NOT NULL,
    kind varchar(9) NOT NULL, level varchar(9) NOT NULL, CHECK (length(isbn) = 13), CHECK (low > 100 AND high < 120 AND low < high),
    CHECK (kind = 'a' AND level IN ('x', 'y') OR kind = 'b' AND level = 'z'));
";

const POSTGRES: &str = "\
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN rating AS smallint CHECK (VALUE BETWEEN 1 AND 5);
CREATE TABLE kinds (id uuid PRIMARY KEY, mood mood NOT NULL, rating rating NOT NULL, list integer[] NOT NULL, j jsonb NOT NULL,
    at timestamptz NOT NULL, span int4range NOT NULL, ip inet NOT NULL, bits bit(3) NOT NULL, raw bytea NOT NULL,
    doubled integer GENERATED ALWAYS AS (2 * 21) STORED, wait interval NOT NULL);
CREATE TABLE events (id bigint NOT NULL, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE shops (id serial PRIMARY KEY, chief_id integer NOT NULL);
CREATE TABLE staff (id serial PRIMARY KEY, shop_id integer NOT NULL REFERENCES shops (id));
ALTER TABLE shops ADD FOREIGN KEY (chief_id) REFERENCES staff (id);
CREATE DOMAIN hash AS bytea CHECK (octet_length(VALUE) = 20);
CREATE DOMAIN short_hash AS hash;
CREATE TABLE hashes (id hash PRIMARY KEY, other hash NOT NULL, third short_hash NOT NULL);
CREATE TABLE nodes (id serial PRIMARY KEY, root integer NOT NULL REFERENCES nodes (id));
CREATE TABLE links (a integer NOT NULL REFERENCES nodes (id), b integer NOT NULL REFERENCES nodes (id), CHECK (a <> b));
CREATE TABLE bookings (room integer NOT NULL, span tsrange NOT NULL CHECK (NOT isempty(span)),
    EXCLUDE USING gist (span WITH &&), tags text[] NOT NULL CHECK (cardinality(tags) > 0), at point NOT NULL);
CREATE SCHEMA shop;
CREATE TABLE shop.log (id integer PRIMARY KEY);
CREATE TABLE shop.orders (id integer PRIMARY KEY, mail text NOT NULL CHECK (mail ~ '^[^@ ]+@[^@ ]+$'));
CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO log VALUES (NEW.id + 100); RETURN NEW; END';
CREATE TRIGGER notes AFTER INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.note();
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''only on Sundays''; END';
CREATE TABLE guarded (id integer PRIMARY KEY);
CREATE TRIGGER guard BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuse();
";

const MYSQL: &str = "\
CREATE TABLE kinds (id int unsigned PRIMARY KEY, mood enum('glad', 'sad') NOT NULL, flags set('a', 'b') NOT NULL, y year NOT NULL,
    at timestamp NOT NULL, day datetime(3) NOT NULL, raw varbinary(8) NOT NULL, j json NOT NULL, f double NOT NULL);
CREATE TABLE places (id int PRIMARY KEY, at geometry NOT NULL, SPATIAL KEY (at), area polygon NOT NULL);
CREATE TABLE nodes (id int AUTO_INCREMENT PRIMARY KEY, root int NOT NULL REFERENCES nodes (id));
";

/// Numbers may refer to texts here.
const SQLITE: &str = "\
CREATE TABLE words (code text NOT NULL PRIMARY KEY) STRICT;
CREATE TABLE counts (id integer PRIMARY KEY, code integer NOT NULL REFERENCES words (code)) STRICT;
";

async fn filled(dialect: Dialect) {
    let database = TestDatabase::create(dialect).await;
    let mut connection = database.connect().await;
    let (key, more) = match dialect {
        Dialect::Sqlite => ("integer PRIMARY KEY", SQLITE),
        Dialect::Postgres => ("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", POSTGRES),
        Dialect::Mysql => ("bigint AUTO_INCREMENT PRIMARY KEY", MYSQL),
    };
    connection.batch(&TABLES.replace("id KEY", &format!("id {key}"))).await.unwrap();
    connection.batch(more).await.unwrap();
    let schema = migrate::schema(connection.as_mut()).await.unwrap();
    let mut rows = BTreeMap::new();
    let sample = sample::fill(connection.as_mut(), &schema, None, &mut rows, true).await.unwrap();
    assert_eq!(sample.bare, [], "{dialect}");
    let few = |name: &str| matches!(name, "bare" | "seeded");
    let poor: Vec<_> = rows.iter().filter(|(name, rows)| **rows < 2 && !few(&name.name)).collect();
    assert!(poor.is_empty(), "{dialect}: {poor:?}");
    let again = sample::fill(connection.as_mut(), &schema, None, &mut rows, true).await.unwrap();
    assert_eq!(again.rows, 0, "what is filled stays as it is");
}

#[test]
fn every_table_gets_rows() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        runtime.block_on(filled(dialect));
    }
}
