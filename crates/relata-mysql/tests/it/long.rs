//! What is longer than a packet of the protocol, and what is longer than the server takes.

use relata_sql::driver::{Connection, Statement};
use relata_sql::{Kind, Value};

use crate::server::{block_on, query, value, with};

/// Shorter than the length of a packet can say, just as long, and longer.
const LONG: [usize; 5] = [0xFF_FFFF - 60, 0xFF_FFFF - 23, 0xFF_FFFF, 0xFF_FFFF + 1, 40_000_000];

fn most(connection: &mut dyn Connection) -> usize {
    match value(connection, "SELECT @@max_allowed_packet") {
        Value::Int(most) => most as usize,
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_go_on_in_several_packets() {
    let (_database, mut connection) = with("CREATE TABLE f (id int PRIMARY KEY, b longblob, n int)");
    let most = most(&mut *connection);
    let sent: Vec<usize> = LONG.into_iter().filter(|length| length + 1000 < most).collect();
    for length in &sent {
        let bytes: Vec<u8> = (0..*length).map(|at| (at % 251) as u8).collect();
        let params = [Value::Int(*length as i64), Value::Bytes(bytes.clone())];
        block_on(connection.execute(Statement::new("INSERT INTO f VALUES (?, ?, 7)", &params))).unwrap();
        let rows = query(&mut *connection, "SELECT b, n FROM f WHERE id = ?", &params[..1]).rows;
        assert!(rows == [[Value::Bytes(bytes), Value::Int(7)]], "{length}");
    }
    if sent.len() < LONG.len() {
        eprintln!("SKIPPED: values beyond the server's max_allowed_packet of {most} bytes");
    }
    // All of them in one result, between short ones.
    let rows = query(&mut *connection, "SELECT length(b) = id, n FROM f UNION ALL SELECT b, n FROM f", &[]).rows;
    assert_eq!(rows.len(), sent.len() * 2);
}

#[test]
fn what_the_server_does_not_take_is_not_sent() {
    let (_database, mut connection) = with("SELECT 1");
    let most = most(&mut *connection);
    let long = [Value::Text("x".repeat(most))];
    let error = block_on(connection.execute(Statement::new("SELECT ?", &long))).unwrap_err();
    expect_test::expect![[r#"
        the statement with its values is longer than the server's max_allowed_packet [R0107, 08S01]
          hint: send it in smaller parts, or raise max_allowed_packet on the server"#]]
    .assert_eq(&error.to_string());
    let error = block_on(connection.batch(&format!("SELECT '{}'", "x".repeat(most)))).unwrap_err();
    assert_ne!(error.kind(), Kind::InDoubt);
    assert!(!connection.is_broken(), "nothing was sent");
    assert_eq!(value(&mut *connection, "SELECT 1"), Value::Int(1));
}
