//! SQLite's result codes and messages into [`Error`].
//!
//! SQLite names tables and columns only inside its messages; they are read from there. A message never repeats a
//! parameter: SQLite's own do not either.

use relata_schema::dialect::sqlite::token;
use relata_sql::{Error, Kind};
use rusqlite::ffi;

/// The SQL that failed is shown up to this many characters.
const SQL_SHOWN: usize = 600;

/// An error of the client library. `sql` is shown where it helps to find the mistake.
pub fn from_rusqlite(error: &rusqlite::Error, sql: Option<&str>) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(code, _)
            if code.extended_code == ffi::SQLITE_MISUSE && sql.is_some_and(|sql| token::tokens(sql).is_empty()) =>
        {
            Error::new(Kind::Syntax, "the SQL holds no statement")
        }
        rusqlite::Error::SqliteFailure(code, message) => {
            from_code(code.extended_code, message.as_deref().unwrap_or(""), sql)
        }
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            located(from_code(error.extended_code, msg, Some(sql)), sql, usize::try_from(*offset).ok())
        }
        rusqlite::Error::MultipleStatement => {
            Error::new(Kind::Syntax, "there are several statements where one is expected")
                .hint("run them one by one, or as a script")
        }
        rusqlite::Error::NulError(_) => Error::new(Kind::Syntax, "the SQL contains a NUL character"),
        other => Error::new(Kind::Database, format!("SQLite failed: {other}")),
    }
}

/// An error of a script: its place is counted from the script's beginning. Where SQLite gives none, it is the beginning
/// of the statement.
pub(crate) fn in_script(error: &rusqlite::Error, script: &str) -> Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            let start = script.len() - sql.len();
            let statement = || token::tokens(sql).first().map_or(0, |first| first.start);
            let offset = usize::try_from(*offset).unwrap_or_else(|_| statement());
            located(from_code(error.extended_code, msg, None), script, Some(start + offset))
        }
        other => from_rusqlite(other, None),
    }
}

fn located(error: Error, sql: &str, offset: Option<usize>) -> Error {
    let Some(before) = offset.and_then(|offset| sql.get(..offset)) else {
        return error;
    };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    error.position(before.chars().count()).hint(format!("look at line {line}, column {column} of the SQL"))
}

/// An error by SQLite's extended result code and message.
pub(crate) fn from_code(code: i32, message: &str, sql: Option<&str>) -> Error {
    let error = match code & 0xff {
        ffi::SQLITE_CONSTRAINT => constraint(code, message),
        ffi::SQLITE_ERROR => with_sql(by_message(message), sql),
        _ => by_code(code, message),
    };
    error.sqlstate(code_name(code))
}

/// Shows the SQL, cut where it is long.
pub(crate) fn with_sql(error: Error, sql: Option<&str>) -> Error {
    match sql {
        Some(sql) if sql.chars().count() > SQL_SHOWN => {
            error.sql(format!("{} …", sql.chars().take(SQL_SHOWN).collect::<String>()))
        }
        Some(sql) => error.sql(sql.trim()),
        None => error,
    }
}

fn constraint(code: i32, message: &str) -> Error {
    let what = message.split_once(" failed: ").map_or("", |(_, what)| what);
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            unique(what)
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            let (table, column) = what.rsplit_once('.').unwrap_or(("", what));
            Error::new(Kind::NotNullViolation, format!("{column} of {table} must not be NULL"))
                .table(table)
                .column(column)
        }
        ffi::SQLITE_CONSTRAINT_CHECK => {
            Error::new(Kind::CheckViolation, format!("the check {what} refused the row")).constraint(what)
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::new(
            Kind::ForeignKeyViolation,
            "a foreign key refused the change: the row referred to does not exist, or is still referred to",
        )
        .hint("SQLite does not say which key; PRAGMA foreign_key_list(TABLE) lists those of a table"),
        ffi::SQLITE_CONSTRAINT_DATATYPE => datatype(message),
        ffi::SQLITE_CONSTRAINT_TRIGGER => Error::new(Kind::CheckViolation, format!("a trigger refused: {message}")),
        _ => Error::new(Kind::CheckViolation, format!("a constraint refused the row: {message}")),
    }
}

fn unique(what: &str) -> Error {
    if let Some(index) = what.strip_prefix("index ") {
        let index = index.trim_matches('\'');
        return Error::new(Kind::UniqueViolation, format!("another row has the same key in the unique index {index}"))
            .constraint(index);
    }
    let pairs: Vec<_> = what.split(", ").filter_map(|part| part.rsplit_once('.')).collect();
    let table = pairs.first().map_or("", |(table, _)| *table);
    let columns = pairs.iter().map(|(_, column)| *column).collect::<Vec<_>>().join(", ");
    Error::new(Kind::UniqueViolation, format!("another row of {table} has the same {columns}"))
        .table(table)
        .column(columns)
}

/// `cannot store TEXT value in INTEGER column t.c` (STRICT tables).
fn datatype(message: &str) -> Error {
    let error = Error::new(Kind::InvalidValue, message);
    match message.rsplit_once(" column ").and_then(|(_, place)| place.rsplit_once('.')) {
        Some((table, column)) => error.table(table).column(column),
        None => error,
    }
}

/// `SQLITE_ERROR`: only the message tells.
fn by_message(message: &str) -> Error {
    let after = |prefix: &str| message.strip_prefix(prefix).map(|rest| rest.trim_start_matches(": ").to_string());
    if let Some(table) = after("no such table") {
        return Error::new(Kind::UndefinedTable, format!("there is no table {table}")).table(table);
    }
    if let Some(column) = after("no such column") {
        let column = column.split(" - should this be").next().unwrap_or(&column).trim_matches('"').to_string();
        let short = column.rsplit('.').next().unwrap_or(&column).to_string();
        return Error::new(Kind::UndefinedColumn, format!("there is no column {column}")).column(short);
    }
    if let Some((table, column)) =
        message.strip_prefix("table ").and_then(|rest| rest.split_once(" has no column named "))
    {
        return Error::new(Kind::UndefinedColumn, format!("table {table} has no column {column}"))
            .table(table)
            .column(column);
    }
    let kind = match message {
        _ if message.starts_with("no such ") => Kind::UndefinedObject,
        _ if message.contains("already exists") || message.starts_with("duplicate column name") => Kind::AlreadyExists,
        _ if is_syntax(message) => Kind::Syntax,
        _ if message.starts_with("foreign key mismatch") => Kind::UndefinedObject,
        _ => Kind::Database,
    };
    Error::new(kind, message)
}

fn is_syntax(message: &str) -> bool {
    ["syntax error", "incomplete input", "unrecognized token", "ambiguous column name", "wrong number of arguments"]
        .iter()
        .any(|part| message.contains(part))
}

fn by_code(code: i32, message: &str) -> Error {
    match code & 0xff {
        ffi::SQLITE_BUSY if code == ffi::SQLITE_BUSY_SNAPSHOT => Error::new(
            Kind::Serialization,
            "another connection wrote after this transaction had read, so it can no longer write",
        )
        .hint("run the transaction again, and begin it as one that writes"),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => locked(),
        ffi::SQLITE_READONLY => read_only(code),
        // The file beside it that connections share could not be made larger.
        _ if matches!(code, ffi::SQLITE_FULL | ffi::SQLITE_IOERR_SHMSIZE) => {
            Error::new(Kind::DiskFull, "the disk is full, or the database has reached its largest size")
                .hint("free space on the disk of the database file (and of the temporary directory), then try again")
        }
        ffi::SQLITE_NOTADB => Error::new(Kind::Corrupt, "the file is not an SQLite database, or it is encrypted")
            .hint("check the path; a database file begins with the words \"SQLite format 3\""),
        ffi::SQLITE_CORRUPT => Error::new(Kind::Corrupt, "the database file is damaged")
            .hint("restore a backup, or save what can be read: sqlite3 FILE .recover | sqlite3 NEW_FILE"),
        ffi::SQLITE_CANTOPEN => Error::new(Kind::Io, "a file of the database cannot be opened")
            .hint("check that the file and its directory exist and may be read and written"),
        ffi::SQLITE_IOERR => Error::new(Kind::Io, "the database file could not be read or written")
            .hint("check the disk and the system's log"),
        ffi::SQLITE_PERM | ffi::SQLITE_AUTH => Error::new(Kind::PermissionDenied, format!("not allowed: {message}")),
        ffi::SQLITE_NOMEM => Error::new(Kind::ResourceExhausted, "SQLite ran out of memory"),
        ffi::SQLITE_TOOBIG => Error::new(Kind::InvalidValue, "a value or statement is larger than SQLite allows"),
        ffi::SQLITE_MISMATCH => Error::new(Kind::InvalidValue, "the value is not of the type that the column demands")
            .hint("an INTEGER PRIMARY KEY holds whole numbers only"),
        ffi::SQLITE_INTERRUPT => Error::new(Kind::Cancelled, "the statement was cancelled"),
        ffi::SQLITE_RANGE => Error::new(Kind::Parameters, "a parameter has no placeholder"),
        _ => Error::new(Kind::Database, message),
    }
}

/// Another connection holds the lock.
pub(crate) fn locked() -> Error {
    Error::new(Kind::LockTimeout, "the database is locked: another connection is writing")
        .hint("wait for the other writer, keep its transactions short, or allow a longer busy timeout")
}

fn read_only(code: i32) -> Error {
    let error = Error::new(Kind::ReadOnly, "the database can only be read");
    match code {
        ffi::SQLITE_READONLY_DIRECTORY => {
            error.hint("its directory must be writable too: SQLite keeps its journal beside the file")
        }
        ffi::SQLITE_READONLY_DBMOVED => error.hint("the file was moved or replaced while it was open; connect again"),
        _ => error.hint(
            "make the file and its directory writable, or connect without mode=ro; a transaction that is `read_only` writes nothing",
        ),
    }
}

/// SQLite's own name of a result code.
fn code_name(code: i32) -> String {
    let name = match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE => "SQLITE_CONSTRAINT_UNIQUE",
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => "SQLITE_CONSTRAINT_PRIMARYKEY",
        ffi::SQLITE_CONSTRAINT_ROWID => "SQLITE_CONSTRAINT_ROWID",
        ffi::SQLITE_CONSTRAINT_NOTNULL => "SQLITE_CONSTRAINT_NOTNULL",
        ffi::SQLITE_CONSTRAINT_CHECK => "SQLITE_CONSTRAINT_CHECK",
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => "SQLITE_CONSTRAINT_FOREIGNKEY",
        ffi::SQLITE_CONSTRAINT_TRIGGER => "SQLITE_CONSTRAINT_TRIGGER",
        ffi::SQLITE_CONSTRAINT_DATATYPE => "SQLITE_CONSTRAINT_DATATYPE",
        ffi::SQLITE_BUSY_SNAPSHOT => "SQLITE_BUSY_SNAPSHOT",
        ffi::SQLITE_READONLY_DIRECTORY => "SQLITE_READONLY_DIRECTORY",
        ffi::SQLITE_IOERR_SHMSIZE => "SQLITE_IOERR_SHMSIZE",
        _ => primary_name(code & 0xff),
    };
    if name.is_empty() { format!("SQLite code {code}") } else { name.to_string() }
}

fn primary_name(code: i32) -> &'static str {
    match code {
        ffi::SQLITE_ERROR => "SQLITE_ERROR",
        ffi::SQLITE_PERM => "SQLITE_PERM",
        ffi::SQLITE_BUSY => "SQLITE_BUSY",
        ffi::SQLITE_LOCKED => "SQLITE_LOCKED",
        ffi::SQLITE_NOMEM => "SQLITE_NOMEM",
        ffi::SQLITE_READONLY => "SQLITE_READONLY",
        ffi::SQLITE_INTERRUPT => "SQLITE_INTERRUPT",
        ffi::SQLITE_IOERR => "SQLITE_IOERR",
        ffi::SQLITE_CORRUPT => "SQLITE_CORRUPT",
        ffi::SQLITE_FULL => "SQLITE_FULL",
        ffi::SQLITE_CANTOPEN => "SQLITE_CANTOPEN",
        ffi::SQLITE_TOOBIG => "SQLITE_TOOBIG",
        ffi::SQLITE_CONSTRAINT => "SQLITE_CONSTRAINT",
        ffi::SQLITE_MISMATCH => "SQLITE_MISMATCH",
        ffi::SQLITE_AUTH => "SQLITE_AUTH",
        ffi::SQLITE_RANGE => "SQLITE_RANGE",
        ffi::SQLITE_NOTADB => "SQLITE_NOTADB",
        _ => "",
    }
}
