//! The folder `migrations/`: one folder a migration, `20261121143000_ab12cd_add_users/{up.sql,down.sql}`.
//!
//! Names carry a time and a random suffix, parents are digests: two branches never fight for a number, and there is
//! no index file to merge. The digest of a migration covers its parents, both scripts and whether it runs in a
//! transaction, but not comments and layout: reformatting an applied migration is no edit.
//!
//! A folder inside that holds migrations is a **domain**: `migrations/billing/20261121143000_ab12cd_add_invoices/`. Each
//! domain is a chain of its own; what one needs of another stands in its header (`depends-on`). The folder
//! `repeatable/` holds scripts that are no migrations, and `seeds/` rows for tests.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use relata_schema::{Dialect, digest, script};
use relata_sql::{Error, Kind, Result};

use super::graph::Graph;
use super::header::{Header, PREFIX};
use super::history::Applied;

/// The folder of scripts that are applied whenever they change.
pub(super) const REPEATABLE: &str = "repeatable";

/// The folder of SQL that puts rows in, for tests.
const SEEDS: &str = "seeds";

/// One migration as its files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The domain: the folder inside the folder of migrations; empty for those directly in it.
    pub domain: String,
    /// Time and random suffix: `20261121143000_ab12cd`. Unique over all domains; migrations run in this order where the
    /// graph leaves a choice.
    pub version: String,
    /// What people called it: `add_users`.
    pub name: String,
    /// The header of `up.sql`.
    pub header: Header,
    /// The text of `up.sql`.
    pub up: String,
    /// The header and text of `down.sql`, if there is one.
    pub down: Option<(Header, String)>,
    /// Its digest.
    pub digest: String,
    /// Its folder.
    pub path: PathBuf,
}

impl Migration {
    /// Version and name, as the folder is called.
    pub fn id(&self) -> String {
        if self.name.is_empty() { self.version.clone() } else { format!("{}_{}", self.version, self.name) }
    }

    /// The same in a domain of the folder `directory`; its digest does not change.
    #[must_use]
    pub fn in_domain(mut self, directory: &Path, domain: &str) -> Self {
        self.domain = domain.to_string();
        self.path = directory.join(domain).join(self.id());
        self
    }

    /// The digests of its parents as the history keeps them.
    pub fn parent(&self) -> String {
        self.header.parents.join(" ")
    }
}

/// Reads every migration of a folder and its domains, in the order of running (see [`super::graph`]). A folder that does
/// not exist has none.
///
/// # Errors
/// `Kind::Io` when a file cannot be read; `Kind::Migration` when a name is none, a version comes twice, `up.sql` is
/// missing, a file is written for another dialect, or migrations wait for each other.
pub fn read(directory: &Path, dialect: Dialect) -> Result<Vec<Migration>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut migrations: Vec<Migration> = Vec::new();
    for (path, name) in folders(directory)? {
        if split_name(&name).is_none() && is_domain(&path)? {
            for (path, folder) in folders(&path)? {
                migrations.push(read_one(&path, &name, &folder, dialect)?);
            }
        } else {
            migrations.push(read_one(&path, "", &name, dialect)?);
        }
    }
    migrations.sort_by(|a, b| a.version.cmp(&b.version));
    if let Some(pair) = migrations.windows(2).find(|pair| pair[0].version == pair[1].version) {
        let message = format!("{} and {} have the same version", pair[0].id(), pair[1].id());
        return Err(Error::new(Kind::Migration, message).hint("rename the folder of one: change a digit of its time"));
    }
    let order = Graph::of(&migrations)?.order()?;
    let mut unordered: Vec<Option<Migration>> = migrations.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|position| unordered[position].take()).collect())
}

/// The folders of a folder that may hold migrations, with their names.
pub(super) fn folders(directory: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| io(directory, error))? {
        let path = entry.map_err(|error| io(directory, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != REPEATABLE && name != SEEDS {
            found.push((path, name));
        }
    }
    Ok(found)
}

/// Whether a folder holds migrations.
fn is_domain(directory: &Path) -> Result<bool> {
    let scripts = directory.join(REPEATABLE).is_dir();
    Ok(scripts || folders(directory)?.iter().any(|(_, name)| split_name(name).is_some()))
}

fn read_one(path: &Path, domain: &str, folder: &str, dialect: Dialect) -> Result<Migration> {
    let (version, name) = split_name(folder).ok_or_else(|| {
        Error::new(Kind::Migration, format!("{} is no migration", path.display())).hint(
            "a migration's folder begins with its time, like 20261121143000_ab12cd_add_users; move others elsewhere",
        )
    })?;
    let up = read_file(&path.join("up.sql"))?;
    let down = match path.join("down.sql") {
        file if file.exists() => Some(read_file(&file)?),
        _ => None,
    };
    let header = header(&up, &path.join("up.sql"), dialect)?;
    let down = match down {
        Some(text) => Some((header_of_down(&text, path, dialect)?, text)),
        None => None,
    };
    let digest = digest_of(dialect, &header, &up, down.as_ref().map(|(header, text)| (header, text.as_str())));
    let (domain, path) = (domain.to_string(), path.to_path_buf());
    Ok(Migration { domain, version, name, header, up, down, digest, path })
}

fn header_of_down(text: &str, path: &Path, dialect: Dialect) -> Result<Header> {
    header(text, &path.join("down.sql"), dialect)
}

fn header(text: &str, file: &Path, dialect: Dialect) -> Result<Header> {
    let header = Header::parse(text, &file.display().to_string())?;
    if dialect == Dialect::Postgres {
        refuse_commands(text, file)?;
    }
    match header.dialect {
        Some(other) if other != dialect => Err(Error::new(
            Kind::Migration,
            format!("{} is written for {}, the database is {}", file.display(), other.title(), dialect.title()),
        )
        .hint("give another folder with --dir: a project keeps one folder of migrations a dialect")),
        _ => Ok(header.qualified(dialect)),
    }
}

/// Of psql's commands those are passed over that dumps begin with and that change nothing here; others would be missed.
pub(super) fn refuse_commands(text: &str, file: &Path) -> Result<()> {
    let Some(missed) = script::missed_commands(text).into_iter().next() else { return Ok(()) };
    let message = format!("{}, line {}: {} is a command of psql, not SQL", file.display(), missed.line, missed.text);
    Err(Error::new(Kind::Migration, message).hint(missed.instead))
}

/// `20261121143000_ab12cd_add_users` is version `20261121143000_ab12cd` and name `add_users`. Folders of other tools
/// and hand-made ones need no suffix: `20260101_init`.
fn split_name(folder: &str) -> Option<(String, String)> {
    let (time, rest) = folder.split_once('_').unwrap_or((folder, ""));
    if time.len() < 8 || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (suffix, name) = rest.split_once('_').unwrap_or((rest, ""));
    let random = suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if random { Some((format!("{time}_{suffix}"), name.into())) } else { Some((time.into(), rest.into())) }
}

/// The digest of a migration.
fn digest_of(dialect: Dialect, header: &Header, up: &str, down: Option<(&Header, &str)>) -> String {
    let mut text = String::new();
    for parent in &header.parents {
        text.push_str(&format!("parent {parent}\n"));
    }
    for version in &header.depends_on {
        text.push_str(&format!("depends-on {version}\n"));
    }
    let mut part = |word: &str, header: &Header, script: &str| {
        let transaction = if header.transaction_off { "off" } else { "on" };
        text.push_str(&format!("{word} transaction {transaction}\n{}", script::normalise(dialect, script)));
    };
    part("up", header, up);
    if let Some((header, script)) = down {
        part("down", header, script);
    }
    digest::hex(&text)
}

/// Writes into `up.sql` how the migration was proved, in place of what was recorded before. Its digest stays: headers
/// are comments.
///
/// # Errors
/// `Kind::Io`.
pub fn record_proof(migration: &Migration, proved: &str) -> Result<()> {
    let line = format!("-- {PREFIX} proved {}", proved.replace(['\r', '\n'], " "));
    let own = |line: &str| {
        let comment = line.trim().strip_prefix("--").map(|rest| rest.trim_start_matches('-').trim());
        comment.and_then(|rest| rest.strip_prefix(PREFIX)).map(|rest| rest.trim().to_string())
    };
    let mut lines: Vec<String> = migration.up.lines().map(str::to_string).collect();
    let head = lines.iter().take_while(|line| line.trim().is_empty() || line.trim().starts_with("--")).count();
    let said = lines[..head].iter().position(|line| own(line).is_some_and(|text| text.starts_with("proved ")));
    match said {
        Some(at) => lines[at] = line,
        None => {
            let last = lines[..head].iter().rposition(|line| own(line).is_some_and(|text| !text.starts_with("done ")));
            lines.insert(last.map_or(0, |at| at + 1), line);
        }
    }
    let path = migration.path.join("up.sql");
    fs::write(&path, lines.join("\n") + "\n").map_err(|error| io(&path, error))
}

/// What shall be written as a new migration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its domain: a folder inside the folder of migrations; empty for none.
    pub domain: String,
    /// What people call it; becomes `[a-z0-9_]+`.
    pub name: String,
    /// The header of `up.sql`.
    pub up_header: Header,
    /// The statements up.
    pub up: String,
    /// The header of `down.sql`.
    pub down_header: Header,
    /// The statements down; `None`: no `down.sql`.
    pub down: Option<String>,
}

impl Draft {
    /// The migration that writing it would give, in `directory`, at `now`, or a second after the newest that is there:
    /// a migration always comes after those it was made on top of.
    pub fn migration(&self, directory: &Path, dialect: Dialect, now: Timestamp) -> Migration {
        let version = format!("{}_{}", next_time(directory, now), random_suffix());
        let name = slug(&self.name);
        let up = self.up_header.write() + "\n" + &self.up;
        let down = self.down.as_ref().map(|text| (self.down_header.clone(), self.down_header.write() + "\n" + text));
        let digest =
            digest_of(dialect, &self.up_header, &up, down.as_ref().map(|(header, text)| (header, text.as_str())));
        let (domain, header) = (self.domain.clone(), self.up_header.clone());
        let mut migration = Migration { domain, version, name, header, up, down, digest, path: PathBuf::new() };
        migration.path = directory.join(&migration.domain).join(migration.id());
        migration
    }
}

/// `now` as a version begins, made later than every version in `directory`.
fn next_time(directory: &Path, now: Timestamp) -> String {
    let stamp = |time: Timestamp| time.strftime("%Y%m%d%H%M%S").to_string();
    let inside = |path: &Path| folders(path).unwrap_or_default();
    let names = inside(directory).into_iter().flat_map(|(path, name)| match split_name(&name) {
        Some(_) => vec![name],
        None => inside(&path).into_iter().map(|(_, name)| name).collect(),
    });
    let times = names.filter_map(|name| split_name(&name)?.0.get(..14).map(String::from));
    let Some(newest) = times.max().filter(|newest| *newest >= stamp(now)) else { return stamp(now) };
    let after = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &newest).ok();
    let after = after.and_then(|time| time.checked_add(jiff::SignedDuration::from_secs(1)).ok());
    after.map_or_else(|| stamp(now), |time| time.strftime("%Y%m%d%H%M%S").to_string())
}

/// Writes the files of a migration; the folder appears whole or not at all.
///
/// # Errors
/// `Kind::Io`.
pub fn write(migration: &Migration) -> Result<()> {
    let parent = migration.path.parent().unwrap_or(Path::new("."));
    let partial = parent.join(format!(".{}", migration.id()));
    fs::create_dir_all(&partial).map_err(|error| io(&partial, error))?;
    write_file(&partial.join("up.sql"), &migration.up)?;
    if let Some((_, text)) = &migration.down {
        write_file(&partial.join("down.sql"), text)?;
    }
    fs::rename(&partial, &migration.path).map_err(|error| io(&migration.path, error))
}

/// Writes the parents of pending migrations anew where they name one that is not there: each follows the one before it
/// in its domain. Returns the ids of those that were rewritten.
///
/// # Errors
/// `Kind::Io`.
pub fn reparent(dialect: Dialect, migrations: &[Migration], history: &[Applied]) -> Result<Vec<String>> {
    let mut rewritten = Vec::new();
    let mut digests: Vec<String> = history.iter().map(|row| row.digest.clone()).collect();
    let mut previous_of: BTreeMap<String, String> = BTreeMap::new();
    for migration in migrations {
        let mut migration = migration.clone();
        let previous = previous_of.get(&migration.domain).cloned();
        let pending = history.iter().all(|row| row.version != migration.version);
        let lost = migration.header.parents.iter().any(|parent| !digests.contains(parent));
        if pending && lost {
            let parents: Vec<String> = previous.iter().cloned().collect();
            migration = follow(dialect, &migration, &parents)?;
            rewritten.push(migration.id());
        }
        digests.push(migration.digest.clone());
        previous_of.insert(migration.domain, migration.digest);
    }
    Ok(rewritten)
}

/// Writes other parents into a migration's `up.sql`, and returns it with the digest it has now.
///
/// # Errors
/// `Kind::Io`.
pub fn follow(dialect: Dialect, migration: &Migration, parents: &[String]) -> Result<Migration> {
    let mut migration = migration.clone();
    let body = migration.up.lines().filter(|line| !is_parent_line(line));
    let body: String = body.flat_map(|line| [line, "\n"]).collect();
    let lines: String = parents.iter().map(|digest| format!("-- {PREFIX} parent {digest}\n")).collect();
    migration.up = lines + &body;
    migration.header.parents = parents.to_vec();
    write_file(&migration.path.join("up.sql"), &migration.up)?;
    let down = migration.down.as_ref().map(|(header, text)| (header, text.as_str()));
    migration.digest = digest_of(dialect, &migration.header, &migration.up, down);
    Ok(migration)
}

fn is_parent_line(line: &str) -> bool {
    let comment = line.trim().trim_start_matches('-').trim();
    comment.strip_prefix(PREFIX).is_some_and(|rest| rest.trim().starts_with("parent "))
}

/// A name as a folder can carry it.
pub fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            _ if !out.ends_with('_') && !out.is_empty() => out.push('_'),
            _ => {}
        }
    }
    out.trim_end_matches('_').chars().take(80).collect()
}

/// Six hexadecimal digits that two people do not get in the same second.
fn random_suffix() -> String {
    let random = RandomState::new().hash_one(std::process::id());
    format!("{:06x}", random & 0xff_ffff)
}

pub(super) fn read_file(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let error = io(path, error);
        if missing { error.hint("every migration has an up.sql; get it back from version control") } else { error }
    })
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|error| io(path, error))
}

pub(super) fn io(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Io, format!("{}: {error}", path.display())).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written() {
        for (folder, expected) in [
            ("20261121143000_ab12cd_add_users", Some(("20261121143000_ab12cd", "add_users"))),
            ("20261121143000_ab12cd", Some(("20261121143000_ab12cd", ""))),
            ("20260101_init", Some(("20260101", "init"))),
            ("20260101", Some(("20260101", ""))),
            ("notes", None),
            ("0001_init", None),
        ] {
            let found = split_name(folder);
            let found = found.as_ref().map(|(version, name)| (version.as_str(), name.as_str()));
            assert_eq!(found, expected, "{folder}");
        }
        assert_eq!(slug("Add users' e-mail!"), "add_users_e_mail");
    }

    #[test]
    fn layout_is_no_edit_and_content_is() {
        let header = Header { parents: vec!["aa".into()], ..Header::default() };
        let digest = |up: &str, down: &str| digest_of(Dialect::Sqlite, &header, up, Some((&Header::default(), down)));
        let first = digest("create table a (x int);", "drop table a;");
        assert_eq!(first, digest("-- why\r\ncreate table a\r\n(x int)", "drop  table a"));
        assert_ne!(first, digest("create table a (x text);", "drop table a;"));
        assert_ne!(first, digest("create table a (x int);", "drop table b;"));
        let other = Header::default();
        assert_ne!(
            first,
            digest_of(Dialect::Sqlite, &other, "create table a (x int);", Some((&other, "drop table a;")))
        );
    }

    #[test]
    fn a_written_migration_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let draft = Draft {
            domain: String::new(),
            name: "Add users".into(),
            up_header: Header { dialect: Some(Dialect::Sqlite), ..Header::default() },
            up: "create table users (id integer primary key);\n".into(),
            down_header: Header { loses: vec!["table users".into()], ..Header::default() },
            down: Some("drop table users;\n".into()),
        };
        let now = "2026-11-21T14:30:00Z".parse().unwrap();
        let migration = draft.migration(directory.path(), Dialect::Sqlite, now);
        write(&migration).unwrap();
        assert_eq!(read(directory.path(), Dialect::Sqlite).unwrap(), std::slice::from_ref(&migration));
        assert!(migration.version.starts_with("20261121143000_"), "{}", migration.version);
        let next = draft.migration(directory.path(), Dialect::Sqlite, now);
        assert!(next.version.starts_with("20261121143001_"), "it comes after the first: {}", next.version);
        let error = read(directory.path(), Dialect::Postgres).unwrap_err();
        let text = error.to_string().replace(&migration.path.display().to_string(), "FOLDER");
        expect_test::expect![[r#"
            FOLDER/up.sql is written for SQLite, the database is PostgreSQL [R0701]
              hint: give another folder with --dir: a project keeps one folder of migrations a dialect"#]]
        .assert_eq(&text);
    }

    #[test]
    fn a_folder_that_is_no_migration_is_named() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("notes")).unwrap();
        let error = read(directory.path(), Dialect::Sqlite).unwrap_err();
        let text = error.to_string().replace(&directory.path().display().to_string(), "DIR");
        expect_test::expect![[r#"
            DIR/notes is no migration [R0701]
              hint: a migration's folder begins with its time, like 20261121143000_ab12cd_add_users; move others elsewhere"#]]
        .assert_eq(&text);
    }
}
