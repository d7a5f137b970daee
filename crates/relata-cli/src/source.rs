//! Where a schema comes from: `SRC` on the command line.
//!
//! Whatever the source, the result is a [`Schema`] in the spelling of a server: files and declarations are created on a
//! shadow database and read back. A source of another dialect is translated first, and what cannot be carried over is
//! reported.

mod files;
mod load;
mod renames;
mod script;

use std::path::{Path, PathBuf};

use relata_schema::Dialect;
use relata_sql::{DatabaseUrl, Error, Kind, Result};

use crate::session::Session;

pub use load::{Loaded, Loader};
pub use renames::{declared as declared_renames, renames};

/// A parsed `SRC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A live database.
    Database(DatabaseUrl),
    /// A script of SQL statements.
    SqlFile(PathBuf),
    /// A `schema.lock`.
    Lock(PathBuf),
    /// Rust sources: a directory or one file.
    Rust(PathBuf),
    /// A directory of migrations.
    Migrations(PathBuf),
}

const ACCEPTED: &str = "a source is a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or \
     schema.lock, a directory of Rust sources, or a migrations/ directory";

impl Source {
    /// Reads `SRC`. A file or directory has to be there.
    ///
    /// # Errors
    /// `Kind::InvalidUrl`, `Kind::Io` when nothing is there, `Kind::Configuration` when it is of no known kind.
    pub fn parse(text: &str) -> Result<Source> {
        if is_url(text) {
            let url = DatabaseUrl::parse(text)?;
            if url.dialect == Dialect::Sqlite && url.database != ":memory:" && !Path::new(&url.database).exists() {
                return Err(missing(&url.database).hint("an empty database is created by: sqlite3 PATH vacuum"));
            }
            return Ok(Source::Database(url));
        }
        let path = PathBuf::from(text);
        let Ok(metadata) = std::fs::metadata(&path) else {
            return Err(missing(text).hint(ACCEPTED));
        };
        if metadata.is_dir() {
            return directory(path);
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sql") => Ok(Source::SqlFile(path)),
            Some("lock") => Ok(Source::Lock(path)),
            Some("rs") => Ok(Source::Rust(path)),
            _ if is_sqlite_file(&path) => Err(Error::new(
                Kind::Configuration,
                format!("{text} is a SQLite database, given as a path rather than a URL"),
            )
            .hint(format!("write sqlite:{text}"))),
            _ => Err(unknown(text)),
        }
    }

    /// The sources of `relata.toml`, else `src`.
    ///
    /// # Errors
    /// As [`Source::parse`], with how to name another.
    pub fn configured(session: &Session) -> Result<Vec<Source>> {
        let paths = session.config()?.sources(&session.environment()?);
        let source = |path: &PathBuf| {
            Source::parse(&path.display().to_string())
                .map_err(|error| error.hint("say what is declared with --from SRC"))
        };
        paths.iter().map(source).collect()
    }

    /// The dialect that the source itself tells.
    pub fn dialect(&self) -> Option<Dialect> {
        match self {
            Source::Database(url) => Some(url.dialect),
            Source::Lock(path) => files::lock_dialect(path),
            Source::SqlFile(_) | Source::Rust(_) | Source::Migrations(_) => None,
        }
    }

    fn rust(&self) -> Option<PathBuf> {
        match self {
            Source::Rust(path) => Some(path.clone()),
            _ => None,
        }
    }

    fn sql(&self) -> Option<PathBuf> {
        match self {
            Source::SqlFile(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// The URL, if it is a live database.
    pub fn url(&self) -> Option<&DatabaseUrl> {
        match self {
            Source::Database(url) => Some(url),
            _ => None,
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Database(url) => write!(f, "{url}"),
            Source::SqlFile(path) | Source::Lock(path) | Source::Rust(path) | Source::Migrations(path) => {
                write!(f, "{}", path.display())
            }
        }
    }
}

fn is_url(text: &str) -> bool {
    text.contains("://") || text.starts_with("sqlite:") || text.starts_with("file:")
}

fn directory(path: PathBuf) -> Result<Source> {
    if !files::migration_folders(&path)?.is_empty() || path.file_name().is_some_and(|name| name == "migrations") {
        return Ok(Source::Migrations(path));
    }
    if files::has_rust_files(&path)? {
        return Ok(Source::Rust(path));
    }
    let text = path.display().to_string();
    Err(Error::new(
        Kind::Configuration,
        format!("the directory {text} holds neither Rust sources nor migrations (folders with up.sql)"),
    )
    .hint(ACCEPTED))
}

fn is_sqlite_file(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && &head == b"SQLite format 3\0"
}

fn missing(text: &str) -> Error {
    Error::new(Kind::Io, format!("there is no file or directory {text}"))
}

fn unknown(text: &str) -> Error {
    Error::new(Kind::Configuration, format!("{text} is no source that relata can read")).hint(ACCEPTED)
}
