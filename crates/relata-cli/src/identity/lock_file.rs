//! The file `schema.lock` beside the folder of migrations: what the migrations give, and who is who.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use relata_schema::change::Rename;
use relata_schema::lock::{self, Lock};
use relata_schema::{Dialect, Schema};
use relata_sql::{Error, Kind, Result};

const NAME: &str = "schema.lock";
/// Lines of both branches are kept; what both changed is found when the file is read.
const ATTRIBUTES: &str = "schema.lock merge=union\n";

/// The file, read or not there yet.
pub struct LockFile {
    path: PathBuf,
    text: Option<String>,
    written: Vec<Vec<Rename>>,
}

impl LockFile {
    /// The file that belongs to a folder of migrations.
    ///
    /// # Errors
    /// `Kind::Io` when it is there and cannot be read.
    pub fn beside(migrations: &Path) -> Result<Self> {
        let directory = migrations.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = match directory.as_os_str() == "." {
            true => PathBuf::from(NAME),
            false => directory.join(NAME),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(LockFile { path, text: Some(text), written: Vec::new() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(LockFile { path, text: None, written: Vec::new() })
            }
            Err(error) => Err(cannot(&path, error)),
        }
    }

    /// With what each migration renames: those that were written by hand have not been taken over yet.
    pub fn after(self, written: Vec<Vec<Rename>>) -> Self {
        LockFile { written, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It exists.
    pub fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// The identities in it, whatever state it is in.
    pub fn identities(&self) -> BTreeMap<String, String> {
        self.text.as_deref().map(lock::identity::salvage).unwrap_or_default()
    }

    /// The dialect that its head names.
    pub fn dialect(&self) -> Option<Dialect> {
        let head = self.text.as_deref()?.lines().find(|line| line.starts_with("relata schema lock"))?;
        Dialect::from_word(head.rsplit_once(", ")?.1.trim())
    }

    /// The text for a schema, with the identities that the file has; renamed objects keep theirs.
    pub fn text_for(&self, schema: &Schema, renames: &[Rename]) -> String {
        let mut known = Lock { identities: self.identities(), ..Lock::default() };
        self.take_over(&mut known, schema);
        known.rename_all(renames);
        lock::write_with(schema, Some(&known))
    }

    /// Renames of migrations from a name that the file has to one that it lacks and the schema has.
    fn take_over(&self, known: &mut Lock, schema: &Schema) {
        if self.written.iter().all(Vec::is_empty) || known.identities.is_empty() {
            return;
        }
        let there: BTreeSet<String> = lock::identity::keys(schema).into_iter().map(|(key, _)| key).collect();
        // The file may be of any moment: what was renamed since.
        for from in (0..self.written.len()).filter(|from| !self.written[*from].is_empty()) {
            for rename in relata_runtime::migrate::composed(&self.written[from..]) {
                let mut renamed = Lock { identities: known.identities.clone(), ..Lock::default() };
                renamed.rename_all(&[rename]);
                let gone =
                    known.identities.keys().all(|key| renamed.identities.contains_key(key) || !there.contains(key));
                let mut new = renamed.identities.keys().filter(|key| !known.identities.contains_key(*key));
                if gone && new.any(|key| there.contains(key)) {
                    *known = renamed;
                }
            }
        }
    }

    /// The file says exactly this.
    pub fn says(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text)
    }

    /// Writes it, unless it is for another dialect; says whether it did. When it is new in a git repository, git is told
    /// how it is merged.
    ///
    /// # Errors
    /// `Kind::Io`.
    pub fn write(&self, schema: &Schema, renames: &[Rename]) -> Result<bool> {
        if self.dialect().is_some_and(|dialect| dialect != schema.dialect) {
            return Ok(false);
        }
        let text = self.text_for(schema, renames);
        if !self.says(&text) {
            std::fs::write(&self.path, text).map_err(|error| cannot(&self.path, error))?;
        }
        if !self.exists() {
            self.tell_git()?;
        }
        Ok(true)
    }

    fn tell_git(&self) -> Result<()> {
        let directory = self.path.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = directory.join(".gitattributes");
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        if !directory.join(".git").exists() || known.lines().any(|line| line.starts_with(NAME)) {
            return Ok(());
        }
        let line_break = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
        std::fs::write(&path, format!("{known}{line_break}{ATTRIBUTES}")).map_err(|error| cannot(&path, error))
    }
}

fn cannot(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Io, format!("{}: {error}", path.display())).caused_by(error)
}
