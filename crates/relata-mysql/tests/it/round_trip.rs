//! The law: a schema that is read, printed, loaded into an empty database and read again is the same schema.

use std::collections::BTreeSet;

use relata_schema::model::Table;
use relata_schema::{Dialect, Schema};
use relata_sql::Value;
use relata_sql::driver::Connection;

use crate::server::{Database, introspect, is_mysql, load, query, shared, value, with};

/// Everything the model holds and this database has.
const EVERYTHING_IN_ORDER: &str = r"
CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2 MAXVALUE 1000 CACHE 10 CYCLE;
CREATE SEQUENCE down INCREMENT BY -1;
CREATE TABLE parent (
    id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, child_id int, code char(3) NOT NULL, UNIQUE KEY parent_code (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci COMMENT='it''s; a \\ parent' ROW_FORMAT=COMPRESSED STATS_PERSISTENT=1;
CREATE TABLE child (
    id int NOT NULL, parent_id int unsigned, code char(3) COLLATE utf8mb4_unicode_ci, tiny tinyint(1) NOT NULL DEFAULT 1,
    amount decimal(10,2) unsigned zerofill DEFAULT 1.50, name varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'it''s',
    body text, doc json, doc2 json NOT NULL DEFAULT '{}', small varchar(3) CHECK (small <> 'x;'), mood enum('ok','b''ad','c\\d') DEFAULT 'ok',
    flags set('a','b'), made timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),
    seen timestamp NULL, at datetime(3) DEFAULT current_timestamp(3), twice int GENERATED ALWAYS AS (id * 2) VIRTUAL,
    thrice int AS (id * 3) STORED COMMENT 'three', hidden int INVISIBLE DEFAULT 3, bits bit(3) DEFAULT b'101',
    place point NOT NULL, uid uuid DEFAULT uuid(), num bigint DEFAULT nextval(numbers), squeezed text COMPRESSED, long_text text,
    `order` int COMMENT 'reserved', `Mixed Case` int, `tick``ed` int, `größe` int,
    PRIMARY KEY (id), KEY by_name (name(5), id DESC), UNIQUE KEY one (parent_id, code), FULLTEXT KEY words (body),
    SPATIAL KEY places (place), KEY unused (tiny) COMMENT 'not used' IGNORED, UNIQUE KEY long_one (long_text),
    CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT child_code FOREIGN KEY (code) REFERENCES parent (code) ON DELETE NO ACTION,
    CONSTRAINT positive CHECK (id > 0 AND name <> '\\')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
ALTER TABLE parent ADD CONSTRAINT parent_child FOREIGN KEY (child_id) REFERENCES child (id);
CREATE TABLE tree (id int PRIMARY KEY, up int, CONSTRAINT tree_up FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE);
CREATE TABLE log (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
    (PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'old', PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE spread (id int PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE halved (id int, at date) PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (id) (PARTITION p0 VALUES LESS THAN (2000));
CREATE TABLE listed (id int, kind varchar(3)) PARTITION BY LIST COLUMNS (kind) (PARTITION a VALUES IN ('x','y'), PARTITION rest DEFAULT);
CREATE TABLE versioned (id int, note int WITHOUT SYSTEM VERSIONING, since timestamp(6) GENERATED ALWAYS AS ROW START,
    until timestamp(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (since, until)) WITH SYSTEM VERSIONING;
CREATE TABLE plain_versioned (id int) WITH SYSTEM VERSIONING;
CREATE TABLE historic (id int) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME INTERVAL 1 MONTH STARTS '2026-01-01 00:00:00'
    (PARTITION p0 HISTORY, PARTITION p1 CURRENT);
CREATE TABLE keyed (id int PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 3;
CREATE TABLE named (id int, x int) PARTITION BY HASH (x) (PARTITION a, PARTITION b);
CREATE TABLE two (a int, b int) PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN (1,2), PARTITION p1 VALUES LESS THAN (MAXVALUE,MAXVALUE));
CREATE TABLE fast (id int, name varchar(5), KEY by_tree (id) USING BTREE, KEY by_hash (name)) ENGINE=MEMORY;
CREATE TABLE squeezed (id int PRIMARY KEY) ENGINE=InnoDB PAGE_COMPRESSED=1;
CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC RETURN a * 2;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW z_view AS SELECT c.id, p.code FROM child c JOIN parent p ON p.id = c.parent_id
    WHERE c.id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW a_view AS SELECT id, twice(id) AS doubled, 'parent.x' AS label FROM z_view;
DELIMITER //
CREATE PROCEDURE work(IN a int, INOUT b varchar(10), OUT c decimal(5,2)) READS SQL DATA SQL SECURITY INVOKER COMMENT 'does; it'
BEGIN
  DECLARE x int DEFAULT 0;
  -- a comment; with $$ in it
  SELECT count(*) INTO x FROM child;
  SET c = x;
END//
CREATE TRIGGER first_one BEFORE INSERT ON child FOR EACH ROW BEGIN SET NEW.tiny = 1; SET NEW.hidden = 2; END//
CREATE TRIGGER another BEFORE INSERT ON child
FOR EACH ROW
  SET NEW.tiny = 0//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'night'
  DO BEGIN DELETE FROM tree; END//
DELIMITER ;
";

/// The same for MySQL, and what it alone has.
const EVERYTHING_ON_MYSQL: &str = r#"
CREATE TABLE parent (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, child_id int, code char(3) NOT NULL, UNIQUE KEY parent_code (code))
    COLLATE=utf8mb4_unicode_ci COMMENT='it''s; a \\ parent' ROW_FORMAT=COMPRESSED STATS_PERSISTENT=1;
CREATE TABLE child (
    id int NOT NULL, parent_id int unsigned, code char(3) COLLATE utf8mb4_unicode_ci, tiny tinyint(1) NOT NULL DEFAULT 1,
    amount decimal(10,2) unsigned DEFAULT 1.50, less int DEFAULT -3, name varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'it''s',
    body text DEFAULT ('some''text \\ é'), doc json, doc2 json NOT NULL DEFAULT (json_object('a', 'b''c')), mood enum('ok','b''ad','c\\d') DEFAULT 'ok',
    flags set('a','b'), made timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, seen timestamp NULL,
    at datetime(3) DEFAULT CURRENT_TIMESTAMP(3), later datetime DEFAULT (now() + interval 1 day), word varchar(20) DEFAULT 'CURRENT_TIMESTAMP',
    nothing varchar(20) DEFAULT 'NULL', twice int GENERATED ALWAYS AS (id * 2) VIRTUAL, label varchar(99) AS (concat(code, 'é''x', _latin1'y')) STORED COMMENT 'DEFAULT 5',
    hidden int INVISIBLE DEFAULT 3, bits bit(3) DEFAULT b'101', bytes binary(4) DEFAULT 0x00ff0102, zero varbinary(8) DEFAULT x'2700',
    blobs blob DEFAULT (x'00ff'), place point NOT NULL SRID 4326, anywhere geometry, uid binary(16) DEFAULT (uuid_to_bin(uuid())),
    near vector(3), `order` int COMMENT 'reserved', `external` int, `Mixed Case` int, `tick``ed` int, `größe` int,
    PRIMARY KEY (id), KEY by_name (name(5), id DESC), UNIQUE KEY one (parent_id, code), FULLTEXT KEY words (body) WITH PARSER ngram COMMENT 'w',
    SPATIAL KEY places (place), KEY unused (tiny) COMMENT 'not used' INVISIBLE, KEY lowered ((lower(code)), (id + 1) DESC),
    KEY members ((cast(doc->'$.zips' as unsigned array))), KEY quoted ((concat(code, 'x''y\\z'))),
    CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT child_code FOREIGN KEY (code) REFERENCES parent (code) ON DELETE RESTRICT ON UPDATE NO ACTION,
    CONSTRAINT positive CHECK (id > 0 AND name <> '\\'), CONSTRAINT either CHECK ((id > 1) OR (tiny = 2)), CHECK (code <> 'é'),
    CONSTRAINT loose CHECK (code <> 'x') NOT ENFORCED
);
ALTER TABLE parent ADD CONSTRAINT parent_child FOREIGN KEY (child_id) REFERENCES child (id);
CREATE TABLE log (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
    (PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'old', PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE spread (id int PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4;
CREATE TABLE halved (id int, at date) PARTITION BY RANGE (year(at)) SUBPARTITION BY HASH (id) (PARTITION p0 VALUES LESS THAN (2000));
CREATE TABLE listed (id int, kind varchar(3)) PARTITION BY LIST COLUMNS (kind) (PARTITION a VALUES IN ('x','y'), PARTITION b VALUES IN ('z'));
CREATE TABLE keyed (id int PRIMARY KEY) PARTITION BY LINEAR KEY (id) PARTITIONS 3;
CREATE TABLE two (a int, b int) PARTITION BY RANGE COLUMNS (a, b) (PARTITION p0 VALUES LESS THAN (1,2), PARTITION p1 VALUES LESS THAN (MAXVALUE,MAXVALUE));
CREATE TABLE fast (id int, name varchar(5), KEY by_tree (id) USING BTREE, KEY by_hash (name)) ENGINE=MEMORY;
CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC RETURN a * 2;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW z_view AS SELECT c.id, p.code FROM child c JOIN parent p ON p.id = c.parent_id
    WHERE c.id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW a_view (`its id`, doubled, label) AS SELECT id, twice(id), 'parent.é' FROM z_view;
CREATE VIEW counted AS WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n, row_number() OVER (ORDER BY n) AS place FROM t;
DELIMITER //
CREATE PROCEDURE work(IN a int, INOUT b varchar(10), OUT c decimal(5,2)) READS SQL DATA SQL SECURITY INVOKER COMMENT 'does; it'
BEGIN
  DECLARE x int DEFAULT 0;
  -- a comment; with $$ in it
  SELECT count(*) INTO x FROM child;
  SET c = x;
END//
CREATE TRIGGER first_one BEFORE INSERT ON child FOR EACH ROW BEGIN SET NEW.tiny = 1; SET NEW.hidden = 2; END//
CREATE TRIGGER another BEFORE INSERT ON child
FOR EACH ROW PRECEDES first_one
  SET NEW.tiny = 0//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE COMMENT 'night'
  DO BEGIN DELETE FROM log; END//
DELIMITER ;
"#;

/// Everything that this server has.
pub fn everything_in_order() -> &'static str {
    if is_mysql() { EVERYTHING_ON_MYSQL } else { EVERYTHING_IN_ORDER }
}

/// The lines of a table's `SHOW CREATE`, in order: that of keys is not part of a schema.
fn shown(connection: &mut dyn Connection, table: &Table) -> BTreeSet<String> {
    let texts = query(connection, &format!("SHOW CREATE TABLE {}", Dialect::Mysql.quote(&table.name.name)), &[]).rows;
    let (Value::Text(sql), Value::Text(database)) = (&texts[0][1], value(connection, "SELECT database()")) else {
        panic!("no text: {texts:?}")
    };
    let sql = sql.replace(&format!("`{database}`."), "");
    sql.lines().map(|line| line.trim_end_matches(',').to_string()).collect()
}

pub fn comes_back(script: &str) -> Schema {
    let (_first, mut connection) = with("SELECT 1");
    load(&mut *connection, script);
    let read = introspect(&mut *connection);
    let printed = Dialect::Mysql.script(&read);
    let second = Database::create();
    let mut other = second.connect();
    load(&mut *other, &printed);
    let again = introspect(&mut *other);
    assert_eq!(relata_schema::lock::write(&read), relata_schema::lock::write(&again), "{printed}");
    assert_eq!(read, again);
    // MySQL notes as well what was said of character sets without need.
    for table in read.tables.iter().filter(|_| !is_mysql()) {
        assert_eq!(shown(&mut *connection, table), shown(&mut *other, table), "as the server shows it");
    }
    read
}

#[test]
fn everything() {
    let schema = comes_back(everything_in_order());
    if is_mysql() {
        assert_eq!((schema.tables.len(), schema.views.len(), schema.routines.len()), (9, 3, 2));
        return;
    }
    assert_eq!((schema.tables.len(), schema.views.len(), schema.routines.len()), (15, 2, 2));
    assert_eq!((schema.sequences.len(), schema.others.len()), (2, 1));
}

#[test]
fn an_empty_database() {
    assert!(comes_back("").is_empty());
}

#[test]
fn sakila() {
    if let Some(script) = shared("data/sakila/mysql-schema.sql") {
        let schema = comes_back(&script.replace("sakila.", ""));
        assert_eq!((schema.tables.len(), schema.views.len()), (16, 7));
    }
}

#[test]
fn chinook() {
    if let Some(script) = shared("data/chinook/mysql.sql") {
        let schema = comes_back(script.split("INSERT INTO").next().unwrap_or_default());
        assert_eq!(schema.tables.len(), 11);
    }
}
