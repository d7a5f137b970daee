//! What people read when something fails.

use expect_test::{Expect, expect};
use relata_mysql::MysqlDriver;
use relata_sql::driver::{ConnectOptions, Connection, Driver, Statement};
use relata_sql::{DatabaseUrl, Value};

use crate::server::{block_on, connect, is_mysql, query, server, value, with};

const TABLES: &str = "CREATE TABLE p (id int PRIMARY KEY, email varchar(20), UNIQUE KEY p_email (email));
    CREATE TABLE c (id int PRIMARY KEY, p_id int NOT NULL, n tinyint unsigned, d date, s varchar(3),
        CONSTRAINT c_p FOREIGN KEY (p_id) REFERENCES p (id), CONSTRAINT n_small CHECK (n < 10));
    INSERT INTO p VALUES (1, 'secret@x'); INSERT INTO c VALUES (1, 1, 1, NULL, NULL)";

/// What is said on MySQL, and what MariaDB's text for the same is.
const OF_MYSQL: &[(&str, &str)] = &[
    (
        "a row with the same \"p_email\" exists already [R0101, 23000]\n  table: p\n  constraint: p_email",
        "a row with the same \"p_email\" exists already [R0101, 23000]\n  constraint: p_email",
    ),
    (
        "a row with the same primary key exists already [R0101, 23000]\n  table: p\n  constraint: PRIMARY",
        "a row with the same primary key exists already [R0101, 23000]\n  constraint: PRIMARY",
    ),
    (
        "the check \"n_small\" refuses the row [R0104, HY000]\n  constraint: n_small",
        "the check \"n_small\" refuses the row [R0104, 23000]\n  table: c\n  constraint: n_small",
    ),
    (
        "incorrect integer value for column n [R0107, HY000]\n  column: n",
        "incorrect integer value for column n [R0107, 22007]\n  table: c\n  column: n",
    ),
    (
        "incorrect date value for column d [R0107, 22007]\n  column: d",
        "incorrect date value for column d [R0107, 22007]\n  table: c\n  column: d",
    ),
    (
        "there is no column \"titel\" (in 'field list') [R0403, 42S22]\n  column: titel\n  sql: SELECT titel FROM p",
        "there is no column \"titel\" (in 'SELECT') [R0403, 42S22]\n  column: titel\n  sql: SELECT titel FROM p",
    ),
    (
        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the \
         right syntax to use near 'SELEC 1' at line 1 [R0401, 42000]\n  sql: SELEC 1",
        "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the \
         right syntax to use near 'SELEC 1' at line 1 [R0401, 42000]\n  sql: SELEC 1",
    ),
    (
        "Invalid data type for JSON data in argument 1 to function json_value; a JSON string or JSON type is required. \
         [R0999, 22032]",
        "the statement has 2 placeholders and got 0 values [R0409]",
    ),
    (
        "foreign keys of other tables refer to this table [R0410, HY000]\n  hint: drop those foreign keys first",
        "foreign keys of other tables refer to this table [R0410, 23000]\n  hint: drop those foreign keys first",
    ),
];

/// The text of an expectation without the indentation that it has in the source.
fn plain(expected: &str) -> String {
    let lines: Vec<&str> = expected.trim_start_matches('\n').lines().collect();
    let indent = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    lines.iter().map(|line| &line[indent..]).collect::<Vec<_>>().join("\n")
}

fn fails(connection: &mut dyn Connection, sql: &str, params: &[Value], expected: Expect) {
    let error = block_on(connection.execute(Statement::new(sql, params))).unwrap_err();
    let database = value(connection, "SELECT database()");
    let Value::Text(database) = database else { panic!("no database") };
    let said = error.to_string().replace(&database, "DATABASE");
    match OF_MYSQL.iter().find(|(ours, _)| is_mysql() && *ours == said) {
        Some((_, theirs)) => assert_eq!(plain(expected.data()), *theirs),
        None => expected.assert_eq(&said),
    }
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(!connection.is_broken());
}

#[test]
fn statements() {
    let (_database, mut connection) = with(TABLES);
    let connection = &mut *connection;
    let text = |text: &str| Value::Text(text.into());
    fails(
        connection,
        "INSERT INTO p VALUES (?, ?)",
        &[Value::Int(2), text("secret@x")],
        expect![[r#"
        a row with the same "p_email" exists already [R0101, 23000]
          constraint: p_email"#]],
    );
    fails(
        connection,
        "INSERT INTO p VALUES (1, NULL)",
        &[],
        expect![[r#"
        a row with the same primary key exists already [R0101, 23000]
          constraint: PRIMARY"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, 9, 1, NULL, NULL)",
        &[],
        expect![[r#"
        p_id refers to a row of p that does not exist [R0102, 23000]
          table: c
          column: p_id
          constraint: c_p"#]],
    );
    fails(
        connection,
        "DELETE FROM p",
        &[],
        expect![[r#"
        rows of c still refer to this row by p_id [R0102, 23000]
          table: c
          column: p_id
          constraint: c_p"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, NULL, 1, NULL, NULL)",
        &[],
        expect![[r#"
        p_id must have a value [R0103, 23000]
          column: p_id"#]],
    );
    fails(
        connection,
        "INSERT INTO c (id) VALUES (2)",
        &[],
        expect![[r#"
        p_id must have a value [R0103, HY000]
          column: p_id
          hint: give the column a value, or a default"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, 1, 10, NULL, NULL)",
        &[],
        expect![[r#"
        the check "n_small" refuses the row [R0104, 23000]
          table: c
          constraint: n_small"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, 1, 300, NULL, NULL)",
        &[],
        expect![[r#"
        Out of range value for column 'n' at row 1 [R0107, 22003]
          column: n"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, 1, ?, NULL, NULL)",
        &[text("secret")],
        expect![[r#"
        incorrect integer value for column n [R0107, 22007]
          table: c
          column: n"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, 1, 1, ?, NULL)",
        &[text("secret")],
        expect![[r#"
        incorrect date value for column d [R0107, 22007]
          table: c
          column: d"#]],
    );
    fails(
        connection,
        "INSERT INTO c VALUES (2, 1, 1, NULL, ?)",
        &[text("secret")],
        expect![[r#"
        Data too long for column 's' at row 1 [R0107, 22001]
          column: s"#]],
    );
    fails(
        connection,
        "SELECT titel FROM p",
        &[],
        expect![[r#"
        there is no column "titel" (in 'SELECT') [R0403, 42S22]
          column: titel
          sql: SELECT titel FROM p"#]],
    );
    fails(
        connection,
        "SELECT * FROM nowhere",
        &[],
        expect![[r#"
        there is no table or view "nowhere" [R0402, 42S02]
          table: nowhere
          sql: SELECT * FROM nowhere"#]],
    );
    fails(
        connection,
        "SELECT nothing(1)",
        &[],
        expect![[r#"
            FUNCTION DATABASE.nothing does not exist [R0404, 42000]
              sql: SELECT nothing(1)"#]],
    );
    fails(
        connection,
        "SELEC 1",
        &[],
        expect![[r#"
        You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'SELEC 1' at line 1 [R0401, 42000]
          sql: SELEC 1"#]],
    );
    fails(connection, "SELECT ?", &[], expect!["the statement has 1 placeholders and got 0 values [R0409]"]);
    fails(connection, "CREATE TABLE p (id int)", &[], expect!["Table 'p' already exists [R0405, 42S01]"]);
    fails(
        connection,
        "DROP TABLE p",
        &[],
        expect![[r#"
        foreign keys of other tables refer to this table [R0410, 23000]
          hint: drop those foreign keys first"#]],
    );
    fails(
        connection,
        "SELECT ?",
        &[Value::Array(vec![])],
        expect![[r#"
        MariaDB has no type for an array [R0407]
          hint: use a JSON column, or a table of its own"#]],
    );
    fails(
        connection,
        "SELECT JSON_VALUE(?, '$') + CAST(? AS DATE)",
        &[],
        expect!["the statement has 2 placeholders and got 0 values [R0409]"],
    );
}

fn refuses(url: &str, port: u16, expected: Expect) {
    let url = DatabaseUrl::parse(&url.replace("PORT", &port.to_string())).unwrap();
    let options = ConnectOptions { connect_timeout: std::time::Duration::from_millis(500), ..Default::default() };
    let error = block_on(MysqlDriver.connect(&url, &options)).err().expect("no connection");
    // What the system says of a name differs where there is no network at all.
    let said = error.to_string().replace("Temporary failure in name resolution", "Name or service not known");
    expected.assert_eq(&said.replace(&format!(":{port}"), ":PORT"));
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[test]
fn connecting() {
    let port = server().port();
    refuses(
        "mysql://nobody:hush@127.0.0.1:PORT/x",
        port,
        expect![[r#"
        the server at 127.0.0.1:PORT refused the login of "nobody" [R0303, 28000]
          hint: check user and password in the URL, and from which hosts the user may log in"#]],
    );
    refuses(
        "mysql://root@127.0.0.1:PORT/no_such_database",
        port,
        expect![[r#"
        the server at 127.0.0.1:PORT has no database "no_such_database" [R0304, 42000]
          hint: create it: CREATE DATABASE `no_such_database`"#]],
    );
    refuses(
        "mysql://root@127.0.0.1:1/x",
        1,
        expect![[r#"
            the server at 127.0.0.1:PORT refused the connection [R0301]
              hint: is the server running, and is the port right?"#]],
    );
    refuses(
        "mysql://root@host.invalid:PORT/x",
        port,
        expect![[r#"
        the server at host.invalid:PORT cannot be reached: failed to lookup address information: Name or service not known [R0301]
          hint: check the host name, the port and the network"#]],
    );
    refuses(
        "mysql://root@127.0.0.1:PORT/x?ssl-mode=loud",
        port,
        expect![[r#"
            "loud" is no ssl-mode [R0601]
              hint: write disabled, preferred, required, verify_ca, verify_identity or required_without_verification"#]],
    );
    refuses(
        "mysql://root@127.0.0.1:PORT/x?sll-mode=required",
        port,
        expect![[r#"
        "sll-mode" is no parameter of a mysql:// URL [R0601]
          hint: known are: ssl-mode, ssl-ca, ssl-cert, ssl-key, socket, transport"#]],
    );
    if is_mysql() {
        // It makes certificates of its own when it is installed.
        let unverified = "ssl-mode=required_without_verification";
        let mut connection =
            connect(&DatabaseUrl::parse(&format!("{}?{unverified}", server().with_database(""))).unwrap());
        assert_ne!(
            query(&mut *connection, "SHOW STATUS LIKE 'Ssl_cipher'", &[]).rows[0][1],
            Value::Text(String::new())
        );
        return;
    }
    refuses(
        "mysql://root@127.0.0.1:PORT/?ssl-mode=required",
        port,
        expect![[r#"
            no encrypted connection to the server at 127.0.0.1:PORT: it has TLS switched off [R0306]
              hint: the server has to be set up for it (`ssl_cert`, `ssl_key`); ssl-mode=preferred goes on without where it is not"#]],
    );
}

/// A listener that says `greeting` to whoever comes, and then keeps silent.
fn listener(greeting: &'static [u8]) -> u16 {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(greeting).unwrap();
            kept.push(stream);
        }
    });
    port
}

#[test]
fn not_a_mariadb_server() {
    refuses(
        "mysql://root@127.0.0.1:PORT/x",
        listener(b"SSH-2.0-OpenSSH_9.2\r\n"),
        expect![[r#"
            the server at 127.0.0.1:PORT does not speak like MariaDB or MySQL: its first packet is too long for a greeting [R0308]
              hint: check the port: MariaDB listens on 3306 unless told otherwise"#]],
    );
    refuses(
        "mysql://root@127.0.0.1:PORT/x",
        listener(b""),
        expect![[r#"
        the server at 127.0.0.1:PORT did not answer within 500ms [R0204]
          hint: check host and port: a firewall, or a server that is no MariaDB, keeps silent like this"#]],
    );
}
