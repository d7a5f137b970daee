//! Opening a database, and what is set on every connection.
//!
//! Set: foreign keys on; WAL where the file may be written and still has SQLite's first journal mode; a misspelt
//! `"column"` in a statement is an error instead of a string (scripts keep SQLite's old leniency). The busy timeout is
//! kept by relata, not by SQLite, so that waiting does not block a thread of the runtime.
//!
//! Parameters of the URL: `mode` (`ro`, `rw`, `rwc`), `busy_timeout` (milliseconds), `foreign_keys` (`on`, `off`),
//! `journal_mode`, `synchronous`. Others are refused, so that a misspelt one is noticed.

use std::path::Path;
use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::{ConnectOptions, ServerInfo};
use relata_sql::{Answer, Connection, DatabaseUrl, Driver, Error, Kind, Result};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use crate::errors;
use crate::exec::SqliteConnection;
use crate::patience::{self, Attempt};
use crate::statement::Handle;

/// How long SQLite itself may wait inside a call before relata waits outside of it.
const INNER_WAIT: Duration = Duration::from_millis(2);

/// Opens SQLite databases.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqliteDriver;

impl Driver for SqliteDriver {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn connect<'a>(&'a self, url: &'a DatabaseUrl, options: &'a ConnectOptions) -> Answer<'a, Box<dyn Connection>> {
        let boxed = |connection: SqliteConnection| Box::new(connection) as Box<dyn Connection>;
        match Settings::read(url, options) {
            Err(error) => Answer::ready(Err(error)),
            Ok(settings) => match open(&settings, options) {
                Err(error) if error.kind() == Kind::LockTimeout => Answer::later(async move {
                    let attempt = || Attempt::of_result(open(&settings, options));
                    patience::retry(settings.busy, error, attempt).await.map(boxed)
                }),
                opened => Answer::ready(opened.map(boxed)),
            },
        }
    }

    fn create_database<'a>(&'a self, _url: &'a DatabaseUrl) -> Answer<'a, ()> {
        Answer::ready(Ok(()))
    }

    fn drop_database<'a>(&'a self, url: &'a DatabaseUrl) -> Answer<'a, ()> {
        Answer::ready(remove(&url.database))
    }
}

/// What the URL and the options ask for.
struct Settings {
    path: String,
    read_only: bool,
    create: bool,
    busy: Duration,
    foreign_keys: bool,
    journal_mode: Option<String>,
    synchronous: Option<String>,
}

impl Settings {
    fn read(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self> {
        let mut settings = Settings {
            path: url.database.clone(),
            read_only: options.read_only,
            create: options.create_if_missing && !options.read_only,
            busy: options.busy_timeout,
            foreign_keys: true,
            journal_mode: None,
            synchronous: None,
        };
        for (key, value) in &url.params {
            settings.set(key, value)?;
        }
        Ok(settings)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let refuse = |accepted: &str| {
            Err(Error::new(Kind::InvalidUrl, format!("{key}={value} is no setting of an SQLite URL"))
                .hint(format!("{key} takes {accepted}")))
        };
        match (key, value) {
            ("mode", "ro") => (self.read_only, self.create) = (true, false),
            ("mode", "rw") => self.create = false,
            ("mode", "rwc") => self.create = !self.read_only,
            ("mode", _) => return refuse("ro, rw or rwc"),
            ("busy_timeout", _) => match value.parse() {
                Ok(milliseconds) => self.busy = Duration::from_millis(milliseconds),
                Err(_) => return refuse("a number of milliseconds"),
            },
            ("foreign_keys", "on" | "1" | "true") => self.foreign_keys = true,
            ("foreign_keys", "off" | "0" | "false") => self.foreign_keys = false,
            ("foreign_keys", _) => return refuse("on or off"),
            ("journal_mode", "wal" | "delete" | "truncate" | "persist" | "memory" | "off") => {
                self.journal_mode = Some(value.to_string());
            }
            ("journal_mode", _) => return refuse("wal, delete, truncate, persist, memory or off"),
            ("synchronous", "off" | "normal" | "full" | "extra") => self.synchronous = Some(value.to_string()),
            ("synchronous", _) => return refuse("off, normal, full or extra"),
            _ => {
                return Err(Error::new(Kind::InvalidUrl, format!("{key} is no setting of an SQLite URL"))
                    .hint("settings are mode, busy_timeout, foreign_keys, journal_mode and synchronous"));
            }
        }
        Ok(())
    }

    fn in_memory(&self) -> bool {
        self.path == ":memory:"
    }

    fn flags(&self) -> OpenFlags {
        let access = match (self.read_only, self.create) {
            (true, _) => OpenFlags::SQLITE_OPEN_READ_ONLY,
            (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        access | OpenFlags::SQLITE_OPEN_NO_MUTEX
    }
}

fn open(settings: &Settings, options: &ConnectOptions) -> Result<SqliteConnection> {
    let raw = open_file(settings)?;
    prepare(&raw, settings).map_err(|error| error.context(format!("opening {}", settings.path)))?;
    let server = ServerInfo {
        product: "SQLite".into(),
        version: rusqlite::version().into(),
        number: version_number(rusqlite::version_number()),
        pooled: false,
    };
    let handle = Handle::new(raw, options.statement_cache);
    Ok(SqliteConnection::new(handle, server, settings.busy, settings.foreign_keys))
}

/// SQLite counts `major * 1_000_000 + minor * 1000 + patch`.
fn version_number(number: i32) -> u32 {
    let number = number.unsigned_abs();
    number / 1_000_000 * 10_000 + number / 1000 % 1000 * 100 + number % 1000
}

fn open_file(settings: &Settings) -> Result<rusqlite::Connection> {
    if settings.in_memory() {
        return rusqlite::Connection::open_in_memory().map_err(|error| errors::from_rusqlite(&error, None));
    }
    rusqlite::Connection::open_with_flags(&settings.path, settings.flags()).map_err(|error| why_not(settings, &error))
}

/// SQLite says only that it cannot open the file; the file system says why.
fn why_not(settings: &Settings, error: &rusqlite::Error) -> Error {
    let path = Path::new(&settings.path);
    let shown = path.display();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if path.is_dir() {
        return Error::new(Kind::Io, format!("{shown} is a directory, not a database file"))
            .hint("name a file in it: sqlite:DIRECTORY/FILE");
    }
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        return Error::new(
            Kind::NoSuchDatabase,
            format!("{shown} cannot be created: there is no directory {}", parent.display()),
        )
        .hint(format!("create it: mkdir -p {}", parent.display()));
    }
    match std::fs::File::open(path).map_err(|error| error.kind()) {
        Err(std::io::ErrorKind::NotFound) if !settings.create => {
            Error::new(Kind::NoSuchDatabase, format!("there is no database file {shown}"))
                .hint("check the path, or connect with mode=rwc to create it")
        }
        Err(std::io::ErrorKind::NotFound) => {
            Error::new(Kind::PermissionDenied, format!("{shown} cannot be created in its directory"))
                .hint("give yourself write permission on the directory")
        }
        Err(std::io::ErrorKind::PermissionDenied) => {
            Error::new(Kind::PermissionDenied, format!("{shown} may not be read"))
                .hint("give yourself permission on the file")
        }
        Ok(_) if !settings.read_only => Error::new(Kind::ReadOnly, format!("{shown} may not be written"))
            .hint("give yourself write permission, or connect with mode=ro"),
        _ => errors::from_rusqlite(error, None).context(format!("opening {shown}")),
    }
}

/// Sets what every connection has, and reads the header, so that a file that is no database is noticed now.
fn prepare(raw: &rusqlite::Connection, settings: &Settings) -> Result<()> {
    let failed = |error: rusqlite::Error| errors::from_rusqlite(&error, None);
    raw.busy_timeout(INNER_WAIT).map_err(failed)?;
    raw.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(failed)?;
    raw.execute_batch(if settings.foreign_keys { "PRAGMA foreign_keys = ON" } else { "PRAGMA foreign_keys = OFF" })
        .map_err(failed)?;
    raw.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(failed)?;
    let mode: String = raw.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(failed)?;
    journal(raw, settings, &mode)?;
    if let Some(level) = &settings.synchronous {
        raw.execute_batch(&format!("PRAGMA synchronous = {level}")).map_err(failed)?;
    }
    Ok(())
}

/// WAL, unless the file has another mode on purpose or is busy right now (then it stays as it is).
fn journal(raw: &rusqlite::Connection, settings: &Settings, current: &str) -> Result<()> {
    let wanted = match &settings.journal_mode {
        Some(mode) => mode,
        None if settings.in_memory() || settings.read_only || current != "delete" => return Ok(()),
        None => "wal",
    };
    let set = raw.query_row(&format!("PRAGMA journal_mode = {wanted}"), [], |row| row.get::<_, String>(0));
    match set.map_err(|error| errors::from_rusqlite(&error, None)) {
        Err(error) if settings.journal_mode.is_none() => match error.kind() {
            Kind::LockTimeout | Kind::ReadOnly => Ok(()),
            _ => Err(error),
        },
        other => other.map(|_| ()),
    }
}

fn remove(path: &str) -> Result<()> {
    if path == ":memory:" {
        return Ok(());
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::new(Kind::NoSuchDatabase, format!("there is no database file {path}")),
        std::io::ErrorKind::PermissionDenied => {
            Error::new(Kind::PermissionDenied, format!("{path} may not be deleted"))
        }
        _ => Error::new(Kind::Io, format!("{path} could not be deleted: {error}")),
    };
    std::fs::remove_file(path).map_err(failed)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        match std::fs::remove_file(format!("{path}{suffix}")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(())
}
