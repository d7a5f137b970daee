//! Which files are looked at, and how each of them runs.
//!
//! | file | how it runs |
//! |---|---|
//! | `VERSION_NAME/up.sql` | in a transaction unless its header, or Diesel's `metadata.toml`, says otherwise; MariaDB: statement by statement |
//! | goose, dbmate, sql-migrate and others of [`sections`] | the part up to the way down, in a transaction unless it says otherwise |
//! | `*.down.sql`, `down.sql` | not looked at unless named: a way back drops what the way there made |
//! | any other `*.sql` | as the database's own shell runs it: statement by statement |

mod decode;
mod sections;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use relata_plan::lint::File;
use relata_runtime::migrate::{Header, Migration};
use relata_schema::Dialect;
use relata_sql::{Error, Kind, Result};

/// A file with its text.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// As it was named.
    pub path: String,
    /// What is looked at.
    pub text: String,
    /// The dialect its header names.
    pub dialect: Option<Dialect>,
    /// The version, of a folder of migrations.
    pub version: Option<String>,
    /// Look at it, rather than only learn from it.
    pub checked: bool,
    /// The runner wraps it.
    pub wrapped: bool,
    /// It says itself that no runner wraps it.
    pub alone: bool,
    /// What is to be known of how it was read.
    pub note: Option<String>,
    has_reverse: Option<bool>,
    repeatable: bool,
    acknowledged: Vec<String>,
}

impl Script {
    /// The way there of a migration that may not be in its folder yet.
    pub fn of_migration(migration: &Migration) -> Self {
        Script {
            path: shown(&migration.path.join("up.sql")),
            text: migration.up.clone(),
            dialect: migration.header.dialect,
            version: Some(migration.id()),
            checked: true,
            wrapped: !migration.header.transaction_off,
            alone: false,
            note: None,
            has_reverse: Some(migration.down.is_some()),
            repeatable: false,
            acknowledged: migration.header.loses.clone(),
        }
    }

    /// As the lint takes it. MariaDB ends a transaction at each change of the schema, so its runner has none.
    pub fn file(&self, dialect: Dialect) -> File<'_> {
        File {
            name: self.path.clone(),
            text: &self.text,
            in_transaction: self.wrapped && dialect != Dialect::Mysql,
            has_reverse: self.has_reverse,
            managed: self.version.is_some(),
            repeatable: self.repeatable,
            acknowledged: self.acknowledged.clone(),
            checked: self.checked,
        }
    }
}

/// The files that paths stand for, in the order in which they run.
///
/// # Errors
/// `Kind::Io` when nothing is there or a file is no text.
pub fn gather(paths: &[PathBuf]) -> Result<Vec<Script>> {
    let mut scripts = Vec::new();
    let mut folders: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for path in paths {
        if let Some((folder, own)) = migration(path) {
            folders.entry(folder).or_default().insert(own);
        }
    }
    for path in paths {
        if path.is_dir() {
            scripts.extend(below(path)?);
        } else if let Some((folder, _)) = migration(path) {
            // The first of a folder stands for all of it that are named.
            if let Some(named) = folders.remove(folder) {
                scripts.extend(with_earlier(folder, &named)?);
            }
        } else {
            scripts.push(read(path, true)?);
        }
    }
    Ok(scripts)
}

/// Every file of a folder, and of those in it.
fn below(directory: &Path) -> Result<Vec<Script>> {
    let mut found = Vec::new();
    walk(directory, &mut found)?;
    if found.is_empty() {
        return Err(Error::new(Kind::Io, format!("{} holds no *.sql file", directory.display()))
            .hint("name a file, or a folder of migrations"));
    }
    found.iter().map(|file| read(file, true)).collect()
}

/// The folder of migrations and the migration's own, for the path of an `up.sql`.
fn migration(path: &Path) -> Option<(&Path, &Path)> {
    let own = path.parent().filter(|_| path.file_name().is_some_and(|name| name == "up.sql"))?;
    let folder = own.parent()?;
    Some((if folder.as_os_str().is_empty() { Path::new(".") } else { folder }, own))
}

/// Migrations that are named, and those before the last of them: what they made is known when the others are looked at.
fn with_earlier(folder: &Path, named: &BTreeSet<&Path>) -> Result<Vec<Script>> {
    let last = named.iter().filter_map(|own| own.file_name()).max();
    let is_named = |own: &Path| named.iter().any(|named| named.file_name() == own.file_name());
    let mut all: Vec<PathBuf> = entries(folder)?;
    all.retain(|own| own.file_name() <= last && (is_named(own) || own.join("up.sql").is_file()));
    all.sort();
    all.iter().map(|own| read(&own.join("up.sql"), is_named(own))).collect()
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = entries(directory)?;
    entries.sort_by_cached_key(|entry| order(&entry.file_name().unwrap_or_default().to_string_lossy()));
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if name.starts_with('.') || (entry.is_dir() && entry.is_symlink()) {
            continue;
        }
        if entry.is_dir() {
            walk(&entry, found)?;
        } else if name.ends_with(".sql") && !is_way_back(&name) {
            found.push(entry);
        }
    }
    Ok(())
}

/// Versions in the order of their numbers: `V1__a.sql`, `V1.5__b.sql`, `V2__c.sql`, `V10__d.sql`. Flyway's repeatable scripts
/// run last.
fn order(name: &str) -> (bool, Vec<(String, u128)>, String) {
    let version = name.split_once("__").map_or(name, |(version, _)| version);
    let mut parts = Vec::new();
    let mut rest = version;
    while !rest.is_empty() {
        let (before, after) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        parts.push((before.replace('_', "."), after[..digits].parse().unwrap_or(u128::MAX)));
        rest = &after[digits..];
    }
    (name.starts_with("R__"), parts, name.to_string())
}

fn is_way_back(name: &str) -> bool {
    let undo = name.starts_with('u') && name[1..].starts_with(|c: char| c.is_ascii_digit()) && name.contains("__");
    name == "down.sql" || name.ends_with(".down.sql") || name.ends_with("_down.sql") || undo
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    read.map_err(|error| cannot_read(directory, error))
}

fn cannot_read(path: &Path, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "name a file *.sql, or a folder of migrations",
        _ => "look at its permissions",
    };
    Error::new(Kind::Io, format!("{} cannot be read: {error}", path.display())).hint(hint).caused_by(error)
}

fn read(path: &Path, checked: bool) -> Result<Script> {
    let bytes = std::fs::read(path).map_err(|error| cannot_read(path, error))?;
    let (text, note) = decode::text(bytes);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut script = Script { path: shown(path), checked, ..Script::default() };
    script.note = note.map(|note| format!("{}: {note}", script.path));
    let repeatable = folder.file_name().is_some_and(|folder| folder == "repeatable");
    script.repeatable = repeatable || name.starts_with("R__");
    let header = Header::parse(&text, &script.path)?;
    script.dialect = header.dialect;
    script.acknowledged = header.loses;
    if name == "up.sql" {
        script.version = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        script.has_reverse = Some(folder.join("down.sql").is_file());
        script.wrapped = !header.transaction_off && !is_diesel_without_transaction(folder);
    }
    script.alone = sections::without_transaction(&text);
    match sections::way_there(&text) {
        Some(part) => (script.text, script.wrapped) = (part.text, part.wrapped),
        None => script.text = text,
    }
    Ok(script)
}

/// With slashes, without `./` at the beginning.
fn shown(path: &Path) -> String {
    let text = path.display().to_string().replace('\\', "/");
    text.strip_prefix("./").map_or(text.clone(), str::to_string)
}

/// Diesel's way to say that a migration runs without a transaction.
fn is_diesel_without_transaction(folder: &Path) -> bool {
    let text = std::fs::read_to_string(folder.join("metadata.toml")).unwrap_or_default();
    let squeezed = |line: &str| line.split_whitespace().collect::<String>();
    text.lines().any(|line| squeezed(line).starts_with("run_in_transaction=false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_back_are_known_by_their_names_and_versions_by_their_numbers() {
        for (name, back) in [("1.down.sql", true), ("U2__x.sql", true), ("users.sql", false), ("down.sql", true)] {
            assert_eq!(is_way_back(&name.to_lowercase()), back, "{name}");
        }
        let mut names = ["R__view.sql", "V10__c.sql", "V2__b.sql", "V2_1__d.sql", "V1__a.sql", "V1.5__e.sql"];
        names.sort_by_cached_key(|name| order(name));
        assert_eq!(names, ["V1__a.sql", "V1.5__e.sql", "V2__b.sql", "V2_1__d.sql", "V10__c.sql", "R__view.sql"]);
    }
}
