//! `schema.lock`: the deterministic text of a schema, one line per object, sorted, with identity and digest.
//!
//! ```text
//! relata schema lock, format 1, postgres
//! root 5f3c…
//! table public.posts⇥a81b…⇥77f0…⇥{"name":{…}}
//! table public.posts / column title⇥0c4d…⇥e9a1…⇥{"name":"title",…,"position":2}
//! ```
//!
//! Fields are separated by tabs: the key, the identity, the digest of key and content, the content as JSON.
//!
//! Invariants
//! - `read(write(s)) == s` for a canonical schema, and equal schemas give equal texts.
//! - The identity of an object stays when its content or (by [`Lock::rename`]) its name changes: so a rename is a rename.
//! - The root is computed from the lines and from nothing else. It is never trusted when read: two branches that touch
//!   different objects conflict at most in that line, and such a conflict reads as if it were solved.
//! - A line whose digest is wrong was edited by hand, and is an error.
//!
//! It deliberately keeps no history: that is what the version control and the migrations are for.

mod lines;

use std::collections::{BTreeMap, BTreeSet};

use crate::dialect::Dialect;
use crate::digest;
use crate::model::Schema;
use crate::tree::{Tree, TreeError};

const HEADER: &str = "relata schema lock, format ";
const FORMAT: u32 = 1;
const SHORT: usize = 16;

/// A lock that was read: the schema, and who is who.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The schema.
    pub schema: Schema,
    /// The root digest, computed from the lines.
    pub root: String,
    /// The identity of each object by its key.
    pub identities: BTreeMap<String, String>,
}

/// Writes the lock; every object gets the identity that follows from its key.
pub fn write(schema: &Schema) -> String {
    write_with(schema, None)
}

/// Writes the lock; objects that the previous lock knows keep their identity.
pub fn write_with(schema: &Schema, previous: Option<&Lock>) -> String {
    let lines = lines::of(schema);
    let identities = identify(&lines, previous);
    let digests = digests(&lines);
    let mut out = format!("{HEADER}{FORMAT}, {}\nroot {}\n", schema.dialect, root_of(schema.dialect, &digests));
    for ((key, json), digest) in lines.iter().zip(&digests) {
        let identity = identities.get(key).map_or("", String::as_str);
        for part in [key.as_str(), "\t", identity, "\t", &digest[..SHORT], "\t", json.as_str(), "\n"] {
            out.push_str(part);
        }
    }
    out
}

/// The root digest of a schema: 64 hexadecimal digits, equal exactly for equal canonical schemas.
pub fn root(schema: &Schema) -> String {
    root_of(schema.dialect, &digests(&lines::of(schema)))
}

/// Reads the schema of a lock.
///
/// # Errors
/// When the text is no lock; the message names the line and what to do.
pub fn read(text: &str) -> Result<Schema, TreeError> {
    parse(text).map(|lock| lock.schema)
}

/// Reads a lock with the identities of its objects.
///
/// # Errors
/// When the text is no lock; the message names the line and what to do.
pub fn parse(text: &str) -> Result<Lock, TreeError> {
    let dialect = header(text)?;
    let mut objects = BTreeMap::new();
    let mut identities = BTreeMap::new();
    for (number, line) in content(text)? {
        let at = |message: String| TreeError(format!("line {number}: {message}"));
        let fields: Vec<&str> = line.splitn(4, '\t').collect();
        let [key, identity, digest, json] = fields.as_slice() else {
            return Err(at("expected key, identity, digest and content, separated by tabs".into()));
        };
        if line_digest(key, json)[..SHORT] != **digest {
            return Err(at(format!(
                "{key} was edited by hand (its digest is wrong): change the declaration and write the lock again"
            )));
        }
        let tree = Tree::parse(json).map_err(|error| at(error.to_string()))?;
        if objects.insert((*key).to_string(), (number, tree)).is_some() {
            return Err(at(format!("{key} stands here twice: two branches changed it; keep one of the lines")));
        }
        identities.insert((*key).to_string(), (*identity).to_string());
    }
    let schema = lines::schema(dialect, &objects)?;
    let root = root(&schema);
    Ok(Lock { schema, root, identities })
}

impl Lock {
    /// Gives the object `from`, and everything inside it, the new key `to`, so that the identities stay.
    pub fn rename(&mut self, from: &str, to: &str) {
        let inside = format!("{from} / ");
        let moved: Vec<String> =
            self.identities.keys().filter(|key| *key == from || key.starts_with(&inside)).cloned().collect();
        for key in moved {
            if let Some(identity) = self.identities.remove(&key) {
                self.identities.insert(format!("{to}{}", &key[from.len()..]), identity);
            }
        }
    }

    /// The keys of objects that have another key in a later lock: what was renamed.
    pub fn renames(&self, later: &Lock) -> Vec<(String, String)> {
        let keys: BTreeMap<&str, &str> = later.identities.iter().map(|(key, id)| (id.as_str(), key.as_str())).collect();
        let renamed = self.identities.iter().filter_map(|(key, identity)| {
            let now = *keys.get(identity.as_str())?;
            (now != key).then(|| (key.clone(), now.to_string()))
        });
        renamed.collect()
    }
}

pub use lines::{member_key, object_key};

fn line_digest(key: &str, json: &str) -> String {
    digest::hex(&format!("{key}\t{json}"))
}

fn digests(lines: &BTreeMap<String, String>) -> Vec<String> {
    lines.iter().map(|(key, json)| line_digest(key, json)).collect()
}

fn root_of(dialect: Dialect, digests: &[String]) -> String {
    let mut leaves = format!("{dialect}\n");
    for digest in digests {
        leaves.push_str(digest);
        leaves.push('\n');
    }
    digest::hex(&leaves)
}

/// Known keys keep their identity; a new one gets the digest of its key, drawn again while that is taken.
fn identify(lines: &BTreeMap<String, String>, previous: Option<&Lock>) -> BTreeMap<String, String> {
    let known = |key: &str| previous.and_then(|lock| lock.identities.get(key)).cloned();
    let mut identities: BTreeMap<String, String> =
        lines.keys().filter_map(|key| known(key).map(|identity| (key.clone(), identity))).collect();
    let mut taken: BTreeSet<String> = identities.values().cloned().collect();
    for key in lines.keys() {
        if identities.contains_key(key) {
            continue;
        }
        let mut identity = digest::hex(key)[..SHORT].to_string();
        while !taken.insert(identity.clone()) {
            identity = digest::hex(&identity)[..SHORT].to_string();
        }
        identities.insert(key.clone(), identity);
    }
    identities
}

fn header(text: &str) -> Result<Dialect, TreeError> {
    let line = text.lines().find(|line| line.starts_with(HEADER));
    let (format, dialect) = line
        .and_then(|line| line.strip_prefix(HEADER)?.split_once(", "))
        .ok_or_else(|| TreeError(format!("line 1: no schema.lock: it starts with \"{HEADER}{FORMAT}, …\"")))?;
    if format.parse::<u32>().ok().is_none_or(|format| format > FORMAT) {
        return Err(TreeError(format!(
            "line 1: format {format} is newer than this relata reads ({FORMAT}): update relata"
        )));
    }
    Dialect::from_word(dialect.trim()).ok_or_else(|| TreeError(format!("line 1: {dialect:?} is no dialect")))
}

/// The lines of objects with their numbers. Conflict markers around headers and roots are passed over.
fn content(text: &str) -> Result<Vec<(usize, &str)>, TreeError> {
    let mut conflict = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if line.starts_with("<<<<<<< ") {
            conflict = Some(number);
        } else if line.starts_with(">>>>>>> ") {
            conflict = None;
        } else if line == "=======" || line.starts_with("||||||| ") || line.trim().is_empty() {
            continue;
        } else if !line.starts_with(HEADER) && !line.starts_with("root ") {
            if let Some(start) = conflict {
                return Err(TreeError(format!(
                    "line {start}: an unsolved conflict: keep the lines you want (in any order) and delete the markers; \
                     the line \"root\" needs no care"
                )));
            }
            lines.push((number, line));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
