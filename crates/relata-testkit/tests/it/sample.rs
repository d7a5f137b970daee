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
";

const MYSQL: &str = "\
CREATE TABLE kinds (id int unsigned PRIMARY KEY, mood enum('glad', 'sad') NOT NULL, flags set('a', 'b') NOT NULL, y year NOT NULL,
    at timestamp NOT NULL, day datetime(3) NOT NULL, raw varbinary(8) NOT NULL, j json NOT NULL, f double NOT NULL);
";

async fn filled(dialect: Dialect) {
    let database = TestDatabase::create(dialect).await;
    let mut connection = database.connect().await;
    let (key, more) = match dialect {
        Dialect::Sqlite => ("integer PRIMARY KEY", ""),
        Dialect::Postgres => ("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", POSTGRES),
        Dialect::Mysql => ("bigint AUTO_INCREMENT PRIMARY KEY", MYSQL),
    };
    connection.batch(&TABLES.replace("id KEY", &format!("id {key}"))).await.unwrap();
    if !more.is_empty() {
        connection.batch(more).await.unwrap();
    }
    let schema = migrate::schema(connection.as_mut()).await.unwrap();
    let mut rows = BTreeMap::new();
    let sample = sample::fill(connection.as_mut(), &schema, None, &mut rows, true).await.unwrap();
    assert_eq!(sample.bare, [], "{dialect}");
    let poor: Vec<_> = rows.iter().filter(|(name, rows)| **rows < 2 && name.name != "bare").collect();
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
