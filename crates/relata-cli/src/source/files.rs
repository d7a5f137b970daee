//! Looking into files and directories to tell what they are.

use std::path::{Path, PathBuf};

use relata_schema::Dialect;
use relata_sql::{Error, Kind, Result};

/// The folders below `directory` that hold an `up.sql`, in the order of their names.
pub fn migration_folders(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> =
        entries(directory)?.into_iter().filter(|path| path.is_dir() && path.join("up.sql").is_file()).collect();
    folders.sort();
    Ok(folders)
}

/// Some `*.rs` file is in `directory` or below.
pub fn has_rust_files(directory: &Path) -> Result<bool> {
    for path in entries(directory)? {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !path.is_symlink() {
            if !hidden && path.file_name().is_none_or(|name| name != "target") && has_rust_files(&path)? {
                return Ok(true);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The dialect a lock names, if it is readable.
pub fn lock_dialect(path: &Path) -> Option<Dialect> {
    let schema = relata_schema::lock::read(&std::fs::read_to_string(path).ok()?).ok()?;
    Some(schema.dialect)
}

/// The text of a file.
pub fn read(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, error))?;
    if let Some(at) = text.find('\0') {
        let line = text[..at].matches('\n').count() + 1;
        let message = format!("{} cannot be read: there is a NUL byte on line {line}", path.display());
        return Err(Error::new(Kind::Io, message).hint("it has to be UTF-8 text"));
    }
    Ok(text)
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(directory).map_err(|error| cannot_read(directory, error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| cannot_read(directory, error))).collect()
}

fn cannot_read(path: &Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::InvalidData => "it has to be UTF-8 text",
        std::io::ErrorKind::PermissionDenied => "look at its permissions",
        _ => "look whether it is there",
    };
    Error::new(Kind::Io, format!("{} cannot be read: {error}", path.display())).hint(hint).caused_by(error)
}
