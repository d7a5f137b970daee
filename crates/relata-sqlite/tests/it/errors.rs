//! What people read when something is wrong: every message says what to do.

use expect_test::{Expect, expect};
use relata_sql::driver::ConnectOptions;
use relata_sql::{Connection, DatabaseUrl, Driver, Error, Kind, Statement, Value};

use crate::harness::{Rows, block_on, connect, loaded, memory};

fn check(error: &Error, kind: Kind, expected: &Expect) {
    assert_eq!(error.kind(), kind, "{error}");
    expected.assert_eq(&error.to_string());
}

fn failing(connection: &mut dyn Connection, sql: &str) -> Error {
    block_on(connection.query(Statement::new(sql, &[]), &mut Rows::default())).unwrap_err()
}

const SHOP: &str = "
CREATE TABLE customer (id INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE, age INT CONSTRAINT adult CHECK (age >= 18));
CREATE TABLE item (customer INT REFERENCES customer, n INT, PRIMARY KEY (customer, n)) STRICT;
CREATE UNIQUE INDEX lower_mail ON customer (lower(mail));
CREATE TRIGGER frozen BEFORE DELETE ON customer BEGIN SELECT RAISE(ABORT, 'customers are never deleted'); END;
INSERT INTO customer VALUES (1, 'a@x', 20);
INSERT INTO item VALUES (1, 1);
";

#[test]
fn constraints_name_what_they_protect() {
    let mut connection = loaded(SHOP);
    let mut check = |sql: &str, kind, expected: Expect| check(&failing(&mut *connection, sql), kind, &expected);
    check(
        "INSERT INTO customer (mail) VALUES ('a@x')",
        Kind::UniqueViolation,
        expect![[r#"
        another row has the same key in the unique index lower_mail [R0101, SQLITE_CONSTRAINT_UNIQUE]
          constraint: lower_mail"#]],
    );
    check(
        "INSERT INTO item VALUES (1, 1)",
        Kind::UniqueViolation,
        expect![[r#"
        another row of item has the same customer, n [R0101, SQLITE_CONSTRAINT_PRIMARYKEY]
          table: item
          column: customer, n"#]],
    );
    check(
        "INSERT INTO customer (mail) VALUES ('A@x')",
        Kind::UniqueViolation,
        expect![[r#"
        another row has the same key in the unique index lower_mail [R0101, SQLITE_CONSTRAINT_UNIQUE]
          constraint: lower_mail"#]],
    );
    check(
        "INSERT INTO customer (mail) VALUES (NULL)",
        Kind::NotNullViolation,
        expect![[r#"
        mail of customer must not be NULL [R0103, SQLITE_CONSTRAINT_NOTNULL]
          table: customer
          column: mail"#]],
    );
    check(
        "INSERT INTO customer VALUES (3, 'c', 3)",
        Kind::CheckViolation,
        expect![[r#"
        the check adult refused the row [R0104, SQLITE_CONSTRAINT_CHECK]
          constraint: adult"#]],
    );
    check(
        "INSERT INTO item VALUES (7, 1)",
        Kind::ForeignKeyViolation,
        expect![[r#"
        a foreign key refused the change: the row referred to does not exist, or is still referred to [R0102, SQLITE_CONSTRAINT_FOREIGNKEY]
          hint: SQLite does not say which key; PRAGMA foreign_key_list(TABLE) lists those of a table"#]],
    );
    check(
        "INSERT INTO item VALUES ('x', 1)",
        Kind::InvalidValue,
        expect![[r#"
        cannot store TEXT value in INT column item.customer [R0107, SQLITE_CONSTRAINT_DATATYPE]
          table: item
          column: customer"#]],
    );
    check(
        "INSERT INTO customer VALUES ('x', 'y', 20)",
        Kind::InvalidValue,
        expect![[r#"
        the value is not of the type that the column demands [R0107, SQLITE_MISMATCH]
          hint: an INTEGER PRIMARY KEY holds whole numbers only"#]],
    );
    check(
        "DELETE FROM customer",
        Kind::CheckViolation,
        expect!["a trigger refused: customers are never deleted [R0104, SQLITE_CONSTRAINT_TRIGGER]"],
    );
}

#[test]
fn mistakes_in_sql_are_located() {
    let mut connection = loaded(SHOP);
    let mut check = |sql: &str, kind, expected: Expect| check(&failing(&mut *connection, sql), kind, &expected);
    check(
        "SELECT titel FROM customer",
        Kind::UndefinedColumn,
        expect![[r#"
        there is no column titel [R0403, SQLITE_ERROR]
          column: titel
          sql: SELECT titel FROM customer
          hint: look at line 1, column 8 of the SQL"#]],
    );
    check(
        "SELECT \"titel\" FROM customer",
        Kind::UndefinedColumn,
        expect![[r#"
            there is no column titel [R0403, SQLITE_ERROR]
              column: titel
              sql: SELECT "titel" FROM customer
              hint: look at line 1, column 8 of the SQL"#]],
    );
    check(
        "INSERT INTO customer (titel) VALUES (1)",
        Kind::UndefinedColumn,
        expect![[r#"
        table customer has no column titel [R0403, SQLITE_ERROR]
          table: customer
          column: titel
          sql: INSERT INTO customer (titel) VALUES (1)"#]],
    );
    check(
        "SELECT * FROM customers",
        Kind::UndefinedTable,
        expect![[r#"
            there is no table customers [R0402, SQLITE_ERROR]
              table: customers
              sql: SELECT * FROM customers
              hint: did you mean customer?"#]],
    );
    check(
        "SELECT\n  1 +",
        Kind::Syntax,
        expect![[r#"
        incomplete input [R0401, SQLITE_ERROR]
          sql: SELECT
          1 +"#]],
    );
    check(
        "SELEC 1",
        Kind::Syntax,
        expect![[r#"
        near "SELEC": syntax error [R0401, SQLITE_ERROR]
          sql: SELEC 1
          hint: look at line 1, column 1 of the SQL"#]],
    );
    check(
        "SELECT 1; SELECT 2",
        Kind::Syntax,
        expect![[r#"
        there are several statements where one is expected [R0401]
          hint: run them one by one, or as a script"#]],
    );
    for nothing in ["", " \n", "-- only a comment"] {
        check(nothing, Kind::Syntax, expect!["the SQL holds no statement [R0401]"]);
    }
    check(
        "SELECT nosuch(1)",
        Kind::UndefinedObject,
        expect![[r#"
        no such function: nosuch [R0404, SQLITE_ERROR]
          sql: SELECT nosuch(1)
          hint: look at line 1, column 8 of the SQL"#]],
    );
    check(
        "CREATE TABLE item (a)",
        Kind::AlreadyExists,
        expect![[r#"
        table item already exists [R0405, SQLITE_ERROR]
          sql: CREATE TABLE item (a)
          hint: look at line 1, column 14 of the SQL"#]],
    );
    check(
        "SELECT ?1",
        Kind::Parameters,
        expect![[r#"
        the statement has 1 placeholders, 0 parameters were given [R0409]
          hint: give one value for each ?N"#]],
    );
}

#[test]
fn scripts_say_where_they_stopped() {
    let error = block_on(memory().batch("CREATE TABLE a (x);\n\nINSERT INTO a VALUES (1);\nINSERT INTO b VALUES (2);"))
        .unwrap_err();
    check(
        &error,
        Kind::UndefinedTable,
        &expect![[r#"
        there is no table b [R0402, SQLITE_ERROR]
          table: b"#]],
    );
}

#[test]
fn text_that_is_not_utf8_names_its_column() {
    let mut connection = loaded("CREATE TABLE t (name TEXT); INSERT INTO t VALUES (CAST(x'ff' AS TEXT))");
    check(
        &failing(&mut *connection, "SELECT name FROM t"),
        Kind::Decode,
        &expect![[r#"
        the text in column "name" is not UTF-8 [R0408]
          column: name
          hint: read it as bytes with CAST(name AS BLOB), and repair the row"#]],
    );
}

#[test]
fn values_never_stand_in_messages() {
    let mut connection = loaded(SHOP);
    let params = [Value::Text("a@x secret".into()), Value::Int(3)];
    let statement = Statement::new("INSERT INTO customer (mail, age) VALUES (?1, ?2)", &params);
    let error = block_on(connection.execute(statement)).unwrap_err();
    assert!(!format!("{error}{error:?}").contains("secret"));
}

/// A directory and the URL of a file in it.
fn place(file: &str) -> (tempfile::TempDir, DatabaseUrl) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(file);
    let url = DatabaseUrl::sqlite_file(path.display().to_string());
    (directory, url)
}

/// The message with the temporary directory called `DIR`.
fn check_file(directory: &tempfile::TempDir, error: &Error, kind: Kind, expected: &Expect) {
    assert_eq!(error.kind(), kind, "{error}");
    expected.assert_eq(&error.to_string().replace(&directory.path().display().to_string(), "DIR"));
}

#[test]
fn files_that_are_not_there() {
    let (directory, url) = place("none/a.db");
    check_file(
        &directory,
        &connect(&url).err().unwrap(),
        Kind::NoSuchDatabase,
        &expect![[r#"
        DIR/none/a.db cannot be created: there is no directory DIR/none [R0304]
          hint: create it: mkdir -p DIR/none"#]],
    );
    let (directory, url) = place("a.db");
    let options = ConnectOptions { create_if_missing: false, ..ConnectOptions::default() };
    let error = block_on(relata_sqlite::DRIVER.connect(&url, &options)).err().unwrap();
    check_file(
        &directory,
        &error,
        Kind::NoSuchDatabase,
        &expect![[r#"
        there is no database file DIR/a.db [R0304]
          hint: check the path, or connect with mode=rwc to create it"#]],
    );
    let error = connect(&url.with_database(&directory.path().display().to_string())).err().unwrap();
    check_file(
        &directory,
        &error,
        Kind::Io,
        &expect![[r#"
        DIR is a directory, not a database file [R0505]
          hint: name a file in it: sqlite:DIRECTORY/FILE"#]],
    );
    let error = block_on(relata_sqlite::DRIVER.drop_database(&url)).unwrap_err();
    check_file(&directory, &error, Kind::NoSuchDatabase, &expect!["there is no database file DIR/a.db [R0304]"]);
}

#[test]
fn files_that_are_no_database() {
    let (directory, url) = place("a.db");
    std::fs::write(&url.database, "This is a letter, not a database. ".repeat(100)).unwrap();
    check_file(
        &directory,
        &connect(&url).err().unwrap(),
        Kind::Corrupt,
        &expect![[r#"
        opening DIR/a.db: the file is not an SQLite database, or it is encrypted [R0504, SQLITE_NOTADB]
          hint: check the path; a database file begins with the words "SQLite format 3""#]],
    );
}

#[test]
fn damaged_files() {
    let (directory, url) = place("a.db");
    let mut connection = connect(&url).unwrap();
    block_on(connection.batch(
        "PRAGMA journal_mode = delete; CREATE TABLE t (a); WITH RECURSIVE n(a) AS \
        (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < 5000) INSERT INTO t SELECT hex(zeroblob(50)) || a FROM n",
    ))
    .unwrap();
    block_on(connection.close()).unwrap();
    let mut bytes = std::fs::read(&url.database).unwrap();
    bytes[8192..40_000].fill(0x5a);
    std::fs::write(&url.database, bytes).unwrap();
    let mut connection = connect(&url).unwrap();
    let error = failing(&mut *connection, "SELECT * FROM t");
    check_file(
        &directory,
        &error,
        Kind::Corrupt,
        &expect![[r#"
        the database file is damaged [R0504, SQLITE_CORRUPT]
          hint: restore a backup, or save what can be read: sqlite3 FILE .recover | sqlite3 NEW_FILE"#]],
    );
    assert!(connection.is_broken());
}

#[test]
fn databases_that_can_only_be_read() {
    let (directory, url) = place("a.db");
    block_on(connect(&url).unwrap().batch("CREATE TABLE t (a)")).unwrap();
    let read_only = DatabaseUrl::parse(&format!("{url}?mode=ro")).unwrap();
    let mut connection = connect(&read_only).unwrap();
    let error = failing(&mut *connection, "INSERT INTO t VALUES (1)");
    check_file(
        &directory,
        &error,
        Kind::ReadOnly,
        &expect![[r#"
            the database can only be read [R0502, SQLITE_READONLY]
              hint: make the file and its directory writable, or connect without mode=ro; a transaction that is `read_only` writes nothing"#]],
    );
    assert!(!connection.is_broken());
}

#[test]
fn a_full_disk() {
    let mut connection = loaded("CREATE TABLE t (a); PRAGMA max_page_count = 3");
    let error = failing(&mut *connection, "INSERT INTO t VALUES (zeroblob(100000))");
    check(
        &error,
        Kind::DiskFull,
        &expect![[r#"
        the disk is full, or the database has reached its largest size [R0503, SQLITE_FULL]
          hint: free space on the disk of the database file (and of the temporary directory), then try again"#]],
    );
}

#[test]
fn a_transaction_that_came_too_late() {
    let (_directory, url) = place("a.db");
    let (mut one, mut two) = (connect(&url).unwrap(), connect(&url).unwrap());
    block_on(one.batch("CREATE TABLE t (a)")).unwrap();
    block_on(two.batch("BEGIN")).unwrap(); // said by SQL: deferred
    block_on(two.query(Statement::new("SELECT * FROM t", &[]), &mut Rows::default())).unwrap();
    block_on(one.batch("INSERT INTO t VALUES (1)")).unwrap();
    let error = failing(&mut *two, "INSERT INTO t VALUES (2)");
    check(
        &error,
        Kind::Serialization,
        &expect![[r#"
        another connection wrote after this transaction had read, so it can no longer write [R0201, SQLITE_BUSY_SNAPSHOT]
          hint: run the transaction again, and begin it as one that writes"#]],
    );
    assert!(error.is_retryable());
}

#[test]
fn settings_that_do_not_exist() {
    let error = connect(&DatabaseUrl::parse("sqlite::memory:?buzy_timeout=5").unwrap()).err().unwrap();
    check(
        &error,
        Kind::InvalidUrl,
        &expect![[r#"
        buzy_timeout is no setting of an SQLite URL [R0601]
          hint: settings are mode, busy_timeout, foreign_keys, journal_mode and synchronous"#]],
    );
    let error = connect(&DatabaseUrl::parse("sqlite::memory:?mode=write").unwrap()).err().unwrap();
    check(
        &error,
        Kind::InvalidUrl,
        &expect![[r#"
        mode=write is no setting of an SQLite URL [R0601]
          hint: mode takes ro, rw or rwc"#]],
    );
}

#[test]
fn a_locked_file() {
    let (directory, url) = place("a.db");
    let mut owner = connect(&DatabaseUrl::parse(&format!("{url}?journal_mode=delete")).unwrap()).unwrap();
    block_on(owner.batch("CREATE TABLE t (a); BEGIN EXCLUSIVE")).unwrap();
    let impatient = DatabaseUrl::parse(&format!("{url}?busy_timeout=20")).unwrap();
    let error = connect(&impatient).err().unwrap();
    check_file(
        &directory,
        &error,
        Kind::LockTimeout,
        &expect![[r#"
        after waiting 20 ms: opening DIR/a.db: the database is locked: another connection is writing [R0203, SQLITE_BUSY]
          hint: wait for the other writer, keep its transactions short, or allow a longer busy timeout"#]],
    );
    assert!(error.is_retryable());
}
