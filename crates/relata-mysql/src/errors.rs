//! What the server's error numbers mean.
//!
//! Invariant: no value of a row is repeated. Where the server's own sentence quotes one (`Duplicate entry 'ann@…'`),
//! another sentence is written from the names in it.

use relata_sql::{Error, Kind};

use crate::client::Trouble;
use crate::connect::Place;
use crate::packets::ServerError;
use crate::tls;

/// An error while connecting.
pub(crate) fn connecting(trouble: Trouble, place: &Place<'_>) -> Error {
    let url = place.url;
    if let Some(failed) = tls::failed(&trouble, place) {
        return failed;
    }
    match trouble {
        Trouble::Server(error) => match error.code {
            1045 | 1698 => Error::new(Kind::Authentication, format!("{place} refused the login of {:?}", url.user))
                .sqlstate(error.state)
                .hint("check user and password in the URL, and from which hosts the user may log in"),
            1049 => Error::new(Kind::NoSuchDatabase, format!("{place} has no database {:?}", url.database))
                .sqlstate(error.state)
                .hint(format!("create it: CREATE DATABASE `{}`", url.database.replace('`', "``"))),
            1044 => Error::new(
                Kind::PermissionDenied,
                format!("user {:?} may not use database {:?} of {place}", url.user, url.database),
            )
            .sqlstate(error.state)
            .hint(format!("GRANT ALL ON `{}`.* TO the user", url.database)),
            _ => server(error).context(format!("connecting to {place}")),
        },
        Trouble::Io(error) => unreachable_server(&error, place),
        Trouble::NoTls => tls::unusable("it has TLS switched off", place),
        Trouble::Closed => Error::new(Kind::Unreachable, format!("{place} closed the connection")),
        Trouble::Login(name) => {
            let message = format!("{place} wants the login method {name:?}, which relata does not know");
            Error::new(Kind::Authentication, message).hint(
                "let the user log in with mysql_native_password, ed25519, sha256_password or caching_sha2_password",
            )
        }
        Trouble::Nonsense(what) => not_mariadb(&format!("it sent {what}"), place),
        Trouble::TooLong => running(Trouble::TooLong),
    }
}

fn unreachable_server(error: &std::io::Error, place: &Place<'_>) -> Error {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => Error::new(Kind::Unreachable, format!("{place} refused the connection"))
            .hint("is the server running, and is the port right?"),
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Other => not_mariadb(&error.to_string(), place),
        ErrorKind::UnexpectedEof => {
            let message = format!("{place} closed the connection before it said what it is");
            Error::new(Kind::Protocol, message).hint("check the port: MariaDB listens on 3306 unless told otherwise")
        }
        _ => Error::new(Kind::Unreachable, format!("{place} cannot be reached: {error}"))
            .hint("check the host name, the port and the network"),
    }
}

fn not_mariadb(why: &str, place: &Place<'_>) -> Error {
    Error::new(Kind::Protocol, format!("{place} does not speak like MariaDB or MySQL: {why}"))
        .hint("check the port: MariaDB listens on 3306 unless told otherwise")
}

/// An error of a statement on an open connection.
pub(crate) fn running(trouble: Trouble) -> Error {
    match trouble {
        Trouble::Server(error) => server(error),
        Trouble::Io(error) => in_doubt(&error.to_string()),
        Trouble::Closed => Error::new(Kind::NotSent, "the connection to the server is closed"),
        Trouble::TooLong => server(ServerError { code: 1153, state: "08S01".into(), message: String::new() }),
        Trouble::NoTls => Error::new(Kind::Tls, "the server has TLS switched off"),
        Trouble::Login(name) => Error::new(Kind::Authentication, format!("the server wants the login method {name:?}")),
        Trouble::Nonsense(what) => Error::new(Kind::Protocol, format!("the server sent {what}")),
    }
}

fn in_doubt(why: &str) -> Error {
    Error::new(Kind::InDoubt, format!("the connection to the server broke: {why}"))
        .hint("what was sent may have happened: look before you send it again")
}

/// Numbers after which the server has closed the connection.
pub(crate) fn closes_connection(code: u16) -> bool {
    matches!(code, 1053 | 1080 | 1152..=1161 | 1184 | 1927 | 4031)
}

/// An error that the server reports.
pub(crate) fn server(error: ServerError) -> Error {
    let text = error.message.as_str();
    let kind = if says_full(error.code, text) { Kind::DiskFull } else { kind(error.code) };
    let mapped = match error.code {
        1062 | 1586 | 1859 => duplicate(text),
        1451 | 1452 => foreign_key(error.code, text),
        3730 => table_in_use(),
        1048 => null(first_quoted(text)),
        1364 => null(first_quoted(text)).hint("give the column a value, or a default"),
        4025 | 3819 => check(text),
        1366 | 3854 | 3988 | 1292 | 1265 | 1411 | 1367 | 1525 => invalid(text),
        1406 | 1264 | 1690 => Error::new(kind, text.to_string()).details_of(text),
        1146 => undefined_table(text),
        1054 => undefined_column(text),
        1064 if text.contains("near 'NOT ENFORCED") => Error::new(kind, text.to_string()).hint(
            "MariaDB enforces every constraint: leave NOT ENFORCED out, or the constraint until every row keeps it",
        ),
        1067 => Error::new(kind, text.to_string())
            .hint("a zero date is refused where sql_mode holds NO_ZERO_DATE or TRADITIONAL: set another before it, or another default"),
        1305 if [".md5 does", ".sha1 does", ".sha does"].iter().any(|name| text.to_ascii_lowercase().contains(name)) => {
            Error::new(Kind::Unsupported, text.to_string())
                .hint("MySQL has MD5 and SHA1 in a component since 9.6: INSTALL COMPONENT 'file://component_classic_hashing'; or use SHA2")
        }
        1153 => Error::new(kind, "the statement with its values is longer than the server's max_allowed_packet")
            .hint("send it in smaller parts, or raise max_allowed_packet on the server"),
        _ => Error::new(kind, text.to_string()),
    };
    let mapped = match kind {
        Kind::LockTimeout => mapped.hint("another transaction holds the lock: run the transaction again"),
        Kind::DiskFull => mapped.hint("free space on the server's disk"),
        Kind::Corrupt => mapped.hint(
            "a full disk looks like this as well: see how much space is left where the server keeps its data and its temporary \
             files, and try again before you repair anything",
        ),
        Kind::ResourceExhausted => mapped.hint("give the server more memory, or ask it for less at once"),
        Kind::Unavailable if error.code == 1053 => {
            mapped.hint("connect again: it comes back, or another node takes over (name all of them in the URL)")
        }
        Kind::Unavailable => mapped
            .hint("its places for connections are taken: lower `max_connections` of the programs, close what is idle, or raise it there"),
        _ if error.code == 1129 => mapped.hint("`mariadb-admin flush-hosts` unblocks it; see what breaks connections off"),
        _ => mapped,
    };
    mapped.sqlstate(error.state).number(u32::from(error.code))
}

/// InnoDB could not write a temporary file (59), or the system says that there is no space (28).
fn says_full(code: u16, text: &str) -> bool {
    let full = ["error 59 ", "error 28 ", "Errcode: 28 "];
    matches!(code, 1026 | 1030) && full.iter().any(|number| text.contains(number))
}

fn kind(code: u16) -> Kind {
    match code {
        1062 | 1586 | 1859 => Kind::UniqueViolation,
        1216 | 1217 | 1451 | 1452 | 1834 => Kind::ForeignKeyViolation,
        1048 | 1364 | 1138 => Kind::NotNullViolation,
        4025 | 3819 => Kind::CheckViolation,
        1406 | 1264 | 1366 | 3140 | 3157 | 3854 | 3988 | 1292 | 1265 | 1411 | 1367 | 1525 | 1690 | 1416 | 1441
        | 1153 | 1118 | 1074 => Kind::InvalidValue,
        1020 => Kind::Serialization,
        1213 | 1614 => Kind::Deadlock,
        1205 | 3572 => Kind::LockTimeout,
        1969 | 3024 => Kind::Timeout,
        1317 => Kind::Cancelled,
        1045 | 1698 | 1251 | 1862 => Kind::Authentication,
        1049 | 1008 => Kind::NoSuchDatabase,
        1040 | 1053 | 1203 | 1226 => Kind::Unavailable,
        1927 | 4031 | 1080 | 1152..=1152 | 1154..=1161 | 1184 => Kind::InDoubt,
        1064 | 1065 | 1149 | 1231 => Kind::Syntax,
        1146 | 1051 | 1109 => Kind::UndefinedTable,
        1054 => Kind::UndefinedColumn,
        1091 | 1128 | 1176 | 1305 | 1360 | 1539 | 1630 | 4092 => Kind::UndefinedObject,
        1007 | 1050 | 1060 | 1061 | 1304 | 1359 | 1537 | 1826 | 4091 => Kind::AlreadyExists,
        1235 | 1295 | 1286 | 4078 => Kind::Unsupported,
        1044 | 1095 | 1129 | 1130 | 1142 | 1143 | 1211 | 1227 | 1370 | 1410 | 1419 => Kind::PermissionDenied,
        1036 | 1290 | 1792 | 1836 => Kind::ReadOnly,
        3 | 28 | 1021 | 1114 => Kind::DiskFull,
        1037 | 1038 | 1041 | 1206 => Kind::ResourceExhausted,
        1553 | 1829 | 3730 | 1833 => Kind::DependentObjects,
        1034 | 1035 | 126 | 127 | 1712 => Kind::Corrupt,
        _ => Kind::Database,
    }
}

/// `Duplicate entry 'value' for key 'name'`; MySQL 8 writes `'table.name'`.
fn duplicate(text: &str) -> Error {
    let named = text.rsplit_once("for key '").and_then(|(_, rest)| rest.strip_suffix('\''));
    let Some(key) = named else {
        return Error::new(Kind::UniqueViolation, "a row with the same key exists already");
    };
    let (table, key) = key.split_once('.').map_or((None, key), |(table, key)| (Some(table), key));
    let message = if key == "PRIMARY" {
        "a row with the same primary key exists already".to_string()
    } else {
        format!("a row with the same {key:?} exists already")
    };
    let error = Error::new(Kind::UniqueViolation, message).constraint(key);
    if let Some(table) = table { error.table(table) } else { error }
}

/// `… a foreign key constraint fails (`db`.`table`, CONSTRAINT `name` FOREIGN KEY (`column`) REFERENCES `other` …)`.
fn foreign_key(code: u16, text: &str) -> Error {
    let names = backquoted(text);
    let (Some(table), Some(constraint), Some(column)) = (names.get(1), names.get(2), names.get(3)) else {
        // Without names: the table itself is to be dropped.
        return table_in_use();
    };
    let other = text.split_once("REFERENCES ").map(|(_, rest)| backquoted(rest)).unwrap_or_default();
    let other = other.first().map_or("the other table", String::as_str);
    let message = if code == 1451 {
        format!("rows of {table} still refer to this row by {column}")
    } else {
        format!("{column} refers to a row of {other} that does not exist")
    };
    Error::new(Kind::ForeignKeyViolation, message).table(table).column(column).constraint(constraint)
}

fn table_in_use() -> Error {
    Error::new(Kind::DependentObjects, "foreign keys of other tables refer to this table")
        .hint("drop those foreign keys first")
}

fn null(column: Option<&str>) -> Error {
    match column {
        Some(column) => Error::new(Kind::NotNullViolation, format!("{column} must have a value")).column(column),
        None => Error::new(Kind::NotNullViolation, "a column that must have a value has none"),
    }
}

/// ``CONSTRAINT `name` failed for `db`.`table` ``; MySQL: `Check constraint 'name' is violated.`
fn check(text: &str) -> Error {
    let names = backquoted(text);
    let name = names.first().cloned().or_else(|| first_quoted(text).map(String::from)).unwrap_or_default();
    // The check of a column is named `table.column` there.
    let name = name.rsplit_once('.').map_or(name.as_str(), |(_, name)| name);
    let error = Error::new(Kind::CheckViolation, format!("the check {name:?} refuses the row")).constraint(name);
    match names.get(2) {
        Some(table) => error.table(table),
        None => error,
    }
}

/// `Incorrect integer value: 'abc' for column `db`.`table`.`column` at row 1`.
fn invalid(text: &str) -> Error {
    let what = text.split(": '").next().unwrap_or(text).to_lowercase();
    let names = text.rsplit_once("for column ").map(|(_, rest)| backquoted(rest)).unwrap_or_default();
    match names.as_slice() {
        [_, table, column] => {
            Error::new(Kind::InvalidValue, format!("{what} for column {column}")).table(table).column(column)
        }
        // MySQL puts the name of the column alone into quotes.
        _ if text.contains(": '") => match text.rsplit_once("for column '").and_then(|(_, rest)| rest.split_once('\''))
        {
            Some((column, _)) => Error::new(Kind::InvalidValue, format!("{what} for column {column}")).column(column),
            None => Error::new(Kind::InvalidValue, what),
        },
        _ => Error::new(Kind::InvalidValue, text.to_string()).details_of(text),
    }
}

fn undefined_table(text: &str) -> Error {
    let name = first_quoted(text).unwrap_or_default();
    let name = name.split_once('.').map_or(name, |(_, name)| name);
    Error::new(Kind::UndefinedTable, format!("there is no table or view {name:?}")).table(name)
}

fn undefined_column(text: &str) -> Error {
    let name = first_quoted(text).unwrap_or_default();
    let (table, column) = name.rsplit_once('.').map_or((None, name), |(table, column)| (Some(table), column));
    let place = text.rsplit_once(" in ").map_or(String::new(), |(_, place)| format!(" (in {place})"));
    let error = Error::new(Kind::UndefinedColumn, format!("there is no column {column:?}{place}")).column(column);
    if let Some(table) = table { error.table(table) } else { error }
}

trait DetailsOf {
    /// The column that a sentence like `Data too long for column 'x' at row 1` names.
    fn details_of(self, text: &str) -> Self;
}

impl DetailsOf for Error {
    fn details_of(self, text: &str) -> Self {
        match text.split_once("column ").and_then(|(_, rest)| first_quoted(rest)) {
            Some(column) => self.column(column),
            None => self,
        }
    }
}

/// The first word in single quotes.
fn first_quoted(text: &str) -> Option<&str> {
    text.split('\'').nth(1)
}

/// The words in backquotes, in order.
fn backquoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_is_called_corrupt_may_be_a_full_disk() {
        for (code, text) in [
            (1034, "Index for table 'db/t' is corrupt; try to repair it"),
            (1034, "Incorrect key file for table '/tmp/#sql-1.MAI'; try to repair it"),
            (126, "Got error 126 \"Index file is crashed\" from storage engine Aria"),
        ] {
            let error = server(ServerError { code, state: "HY000".into(), message: text.into() });
            assert_eq!(error.kind(), Kind::Corrupt);
            assert!(error.to_string().contains("a full disk looks like this"), "{error}");
        }
        let full = "Got error 28 \"No space left on device\" from storage engine InnoDB";
        let error = server(ServerError { code: 1030, state: "HY000".into(), message: full.into() });
        assert_eq!(error.kind(), Kind::DiskFull);
    }
}
