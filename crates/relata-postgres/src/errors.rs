//! SQLSTATEs and transport failures as relata's [`Error`].
//!
//! Invariant: parameters and passwords never reach a message. The server's DETAIL line can quote a row's values, so it
//! is not taken over; table, column and constraint come from their own fields of the server's message.

use std::io;

use relata_sql::{Error, Kind};

use crate::message::Report;

/// Why a parameter could not be written.
#[derive(Debug)]
pub(crate) struct Refused(pub String);

/// What the client library reports of what it was asked.
pub(crate) fn library(error: tokio_postgres::Error) -> Error {
    if let Some(db) = error.as_db_error() {
        return database(&db.into());
    }
    let text = error.to_string();
    if text.starts_with("error parsing") || text.starts_with("unexpected message") {
        return protocol(&text).caused_by(error);
    }
    if text.starts_with("error encoding") {
        return Error::new(Kind::InvalidValue, "the statement cannot be sent: a text contains a NUL byte");
    }
    in_doubt().caused_by(error)
}

/// The line failed under a statement.
pub(crate) fn line(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidData => protocol(&error.to_string()).caused_by(error),
        _ => in_doubt().caused_by(error),
    }
}

/// The server sent what it must not send.
pub(crate) fn protocol(what: &str) -> Error {
    Error::new(Kind::Protocol, format!("the server broke the protocol: {what}"))
}

fn in_doubt() -> Error {
    let message = "the connection broke while the statement was running; it may or may not have happened";
    Error::new(Kind::InDoubt, message)
}

/// Adds the statement to errors that are about it. `sql` is empty for a script.
pub(crate) fn about(error: Error, sql: &str) -> Error {
    if sql.is_empty() || matches!(error.kind(), Kind::InDoubt | Kind::NotSent | Kind::Unreachable | Kind::Protocol) {
        return error;
    }
    error.sql(sql)
}

/// Whether the transport or the server process behind the connection is gone.
pub(crate) fn breaks_connection(error: &Error) -> bool {
    let gone = ["57P01", "57P02", "57P03", "57P05", "08006", "08003", "25P03"];
    matches!(error.kind(), Kind::InDoubt | Kind::NotSent | Kind::Unreachable | Kind::Protocol)
        || error.details().sqlstate.as_deref().is_some_and(|state| gone.contains(&state))
}

/// The plan of a prepared statement does not fit any more, or the server forgot it: it must be prepared anew.
pub(crate) fn is_stale(report: &Report) -> bool {
    match report.code.as_str() {
        "26000" => true,
        "0A000" => report.routine.as_deref() == Some("RevalidateCachedQuery"),
        _ => false,
    }
}

/// What a statement from the cache may run into that one prepared now would not: its parameters have the types that the
/// columns had when it was prepared, and what is no number or date for them may be a text by now.
pub(crate) fn may_be_stale(code: &str) -> bool {
    matches!(code, "42704" | "42804" | "42883" | "42846" | "22P02" | "22007" | "22008" | "22023")
}

/// What the server reported.
pub(crate) fn database(report: &Report) -> Error {
    if report.routine.as_deref() == Some("ExecOnConflictUpdate") && report.code == "21000" {
        let message =
            "two of these rows are one row to the unique key, and PostgreSQL's ON CONFLICT changes no row twice";
        return Error::new(Kind::InvalidValue, message)
            .sqlstate(report.code.as_str())
            .hint("give each row once; texts may be one though they are spelt differently (citext, a collation)");
    }
    let kind = match kind(&report.code) {
        Kind::Cancelled if report.message.contains("timeout") => Kind::Timeout,
        kind => kind,
    };
    let mut error = Error::new(kind, sentence(&without_value(report))).sqlstate(report.code.as_str());
    if let Some(table) = report.table.as_deref().or_else(|| missing_table(report)) {
        error = error.table(table);
    }
    if let Some(column) = report.column.clone().or_else(|| key_columns(report)).or_else(|| named_column(report)) {
        error = error.column(column);
    }
    if let Some(constraint) = &report.constraint {
        error = error.constraint(constraint.as_str());
    }
    if let Some(hint) = &report.hint {
        error = error.hint(sentence(hint));
    }
    if let Some(position) = report.position {
        error = error.position(position.saturating_sub(1) as usize);
    }
    if report.code == "42883" && report.message.starts_with("operator does not exist") {
        error = error.hint(
            "a type without this operator (json, point, a domain over an enum) is compared as a text, `.cast::<String>()`; \
             or give the column another type",
        );
    }
    match hint(kind, &report.code) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// The columns in `Key (a, b)=(1, 2) already exists.`; the values after them are left alone.
fn key_columns(report: &Report) -> Option<String> {
    let (columns, _) = report.detail.as_deref()?.strip_prefix("Key (")?.split_once(")=(")?;
    let plain = |column: &str| column.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    columns.split(", ").all(plain).then(|| columns.to_string())
}

/// The table in `relation "name" does not exist`, without its namespace.
fn missing_table(report: &Report) -> Option<&str> {
    let name = report.message.split('"').nth(1).filter(|_| report.code == "42P01")?;
    Some(name.rsplit_once('.').map_or(name, |(_, name)| name))
}

/// The column in `column "name" does not exist` or `column t0.name does not exist`.
fn named_column(report: &Report) -> Option<String> {
    let rest = report.message.strip_prefix("column ").filter(|_| report.code == "42703")?;
    let name = rest.split(' ').next()?;
    Some(name.rsplit_once('.').map_or(name, |(_, name)| name).trim_matches('"').to_string())
}

/// The error of connecting to `place` (`host:port`), never with a password. `encrypted`: the server had agreed to TLS.
pub(crate) fn connecting(
    error: tokio_postgres::Error,
    place: &str,
    user: &str,
    database_name: &str,
    encrypted: bool,
) -> Error {
    if let Some(db) = error.as_db_error() {
        let mapped = database(&db.into());
        return match mapped.kind() {
            Kind::NoSuchDatabase => {
                mapped.hint(format!("create it on {place} with CREATE DATABASE, or correct the name in the URL"))
            }
            Kind::Authentication if db.message().contains("pg_hba.conf") || db.message().contains("certificate") => mapped
                .hint("pg_hba.conf on the server may ask for encryption (sslmode=require) or a client certificate (sslcert, sslkey)"),
            Kind::Authentication => mapped.hint(format!("check user {user:?} and the password in the URL for {place}")),
            _ => mapped.context(format!("while connecting to database {database_name:?} on {place}")),
        };
    }
    if let Some(reason) = in_handshake(&error) {
        return handshake(place, reason).caused_by(error);
    }
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let text = error.to_string();
    let mapped = if text.starts_with("authentication") || source.contains("password missing") {
        Error::new(Kind::Authentication, format!("the server at {place} did not accept the login: {source}"))
            .hint(format!("check user {user:?} and the password in the URL"))
    } else if text.starts_with("invalid configuration") {
        let message = format!("the server at {place} asks for a password, and the URL has none");
        Error::new(Kind::Authentication, message).hint("write it as postgres://user:password@host/database")
    } else if text.contains("TLS") {
        tls(place, &source)
    } else if encrypted {
        broken_off(place)
    } else {
        no_postgres(place)
    };
    mapped.caused_by(error)
}

/// TLS could not be agreed on.
pub(crate) fn tls(place: &str, why: &str) -> Error {
    Error::new(Kind::Tls, format!("no TLS connection to {place}: {why}"))
        .hint("the server has to be set up for it (`ssl = on`); sslmode=prefer goes on without where it is not")
}

/// A certificate that nobody known vouches for.
fn unknown(place: &str, why: &str) -> Error {
    let unverified = crate::tls::UNVERIFIED;
    Error::new(Kind::Tls, format!("no TLS connection to {place}: {why}"))
        .hint("give the certificate of the server's authority: sslrootcert=FILE (PEM); without, Mozilla's are believed")
        .hint(format!("sslmode={unverified} encrypts to whoever answers, which may be somebody in between"))
}

/// What rustls said, wherever it is in the chain: a server refuses a client's certificate only after the handshake.
fn in_handshake(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref());
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

fn handshake(place: &str, reason: &rustls::Error) -> Error {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext};
    use rustls::Error::{AlertReceived, InvalidCertificate};
    let (why, hint) = match reason {
        InvalidCertificate(Expired | ExpiredContext { .. }) => {
            ("the server's certificate has expired".to_string(), "renew it on the server")
        }
        InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => (
            reason.to_string(),
            "connect by a name that the certificate has; sslmode=verify-ca accepts any name that the authority has signed",
        ),
        InvalidCertificate(_) => return unknown(place, &reason.to_string()),
        AlertReceived(_) => return broken_off(place),
        _ => (reason.to_string(), "check sslcert and sslkey, and which versions of TLS the server speaks"),
    };
    Error::new(Kind::Tls, format!("no TLS connection to {place}: {why}")).hint(hint)
}

/// A certificate that the server refuses comes back as an alert, or as a broken wire if that is faster.
fn broken_off(place: &str) -> Error {
    Error::new(Kind::Tls, format!("the server at {place} broke the TLS connection off"))
        .hint("its log says why; check that it knows the authority of the certificate in sslcert, if there is one")
}

/// Something answered, but not a PostgreSQL server.
pub(crate) fn no_postgres(place: &str) -> Error {
    Error::new(Kind::Protocol, format!("what answers at {place} is no PostgreSQL server"))
        .hint("check host and port in the URL; PostgreSQL usually listens on 5432")
}

/// Nobody answered.
pub(crate) fn unreachable(error: io::Error, place: &str) -> Error {
    let why = match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_string(),
        io::ErrorKind::NotFound => "there is no such socket".to_string(),
        _ => error.to_string(),
    };
    Error::new(Kind::Unreachable, format!("no PostgreSQL server at {place}: {why}"))
        .hint("start the server, or correct host and port in the URL")
        .caused_by(error)
}

/// The message; `value "x" is out of range` and `invalid input syntax: "x"` without the x.
fn without_value(report: &Report) -> std::borrow::Cow<'_, str> {
    let text = report.message.as_str();
    let quotes = text.find('"').zip(text.rfind('"')).filter(|_| report.code.starts_with("22"));
    let Some((first, last)) = quotes else { return text.into() };
    match text[..first].trim_end_matches([' ', ':']) {
        "value" => format!("a value{}", &text[last + 1..]).into(),
        before => format!("{before}{}", &text[last + 1..]).into(),
    }
}

fn sentence(text: &str) -> String {
    text.trim_end_matches('.').to_string()
}

fn hint(kind: Kind, code: &str) -> Option<&'static str> {
    Some(match kind {
        Kind::TransactionFailed => "roll the transaction back; the first error in it is the cause",
        Kind::Serialization | Kind::Deadlock => "run the whole transaction again",
        Kind::PermissionDenied => "grant the privilege to this role, or connect as another",
        Kind::InvalidValue if code == "22021" || code == "22P05" => {
            "PostgreSQL keeps no NUL character in texts and JSON: leave it out, or keep bytes (`Vec<u8>`)"
        }
        Kind::DiskFull => "free space on the server's disk",
        Kind::ResourceExhausted => "give the server more memory, or ask it for less at once",
        Kind::Unavailable if code == "53300" => {
            "its places for connections are taken: lower `max_connections` of the programs, close what is idle, or raise it there"
        }
        Kind::Unavailable if code == "57P03" => "wait until it has started, or name the other nodes in the URL too",
        Kind::Unavailable => "connect again: it comes back, or another node takes over (name all of them in the URL)",
        _ => return None,
    })
}

fn kind(code: &str) -> Kind {
    match code {
        "23505" => Kind::UniqueViolation,
        "23503" | "23001" => Kind::ForeignKeyViolation,
        "23502" => Kind::NotNullViolation,
        "23514" | "44000" => Kind::CheckViolation,
        "23P01" => Kind::ExclusionViolation,
        "40001" => Kind::Serialization,
        "40P01" => Kind::Deadlock,
        "55P03" => Kind::LockTimeout,
        "57014" => Kind::Cancelled,
        "25P02" => Kind::TransactionFailed,
        "25006" => Kind::ReadOnly,
        "28000" | "28P01" => Kind::Authentication,
        "3D000" => Kind::NoSuchDatabase,
        "53300" | "57P01" | "57P02" | "57P03" => Kind::Unavailable,
        "53100" => Kind::DiskFull,
        "42P01" => Kind::UndefinedTable,
        "42703" => Kind::UndefinedColumn,
        "42704" | "42883" | "3F000" => Kind::UndefinedObject,
        "42P04" | "42P06" | "42P07" | "42701" | "42710" | "42723" => Kind::AlreadyExists,
        "42804" | "42846" | "42P18" | "42725" => Kind::TypeMismatch,
        "42501" => Kind::PermissionDenied,
        "2BP01" => Kind::DependentObjects,
        "58P01" | "58030" => Kind::Io,
        "XX001" | "XX002" => Kind::Corrupt,
        code => match &code[..code.len().min(2)] {
            "08" => Kind::Unreachable,
            "0A" => Kind::Unsupported,
            "22" => Kind::InvalidValue,
            "42" => Kind::Syntax,
            "53" | "54" => Kind::ResourceExhausted,
            _ => Kind::Database,
        },
    }
}
