//! `schema.lock`: the deterministic text of a schema, one line per object, sorted, with identity and digest.
//!
//! ```text
//! relata schema lock, format 1, postgres
//!
//! table public.posts⇥a81b…⇥77f0…⇥{"name":{…}}
//! table public.posts / column title⇥0c4d…⇥e9a1…⇥{"name":"title",…,"position":2}
//! ```
//!
//! Fields are separated by tabs: the key, the identity, the digest of key and content, the content as JSON.
//!
//! Invariants
//! - `read(write(s)) == s` for a canonical schema, and equal schemas give equal texts.
//! - The identity of an object stays when its content or (by [`Lock::rename`]) its name changes: so a rename is a rename.
//! - Nothing in it depends on all of it (the root digest is computed, never written), and an empty line parts whole
//!   objects: two branches that touch different objects merge line by line.
//! - A line whose digest is wrong was edited by hand, and is an error.
//! - The values of an enum have lines of their own for their identity alone; the root does not count them.
//!
//! It deliberately keeps no history: that is what the version control and the migrations are for.

pub mod identity;
mod lines;

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Rename;
use crate::dialect::Dialect;
use crate::digest;
use crate::model::{ObjectKind, Schema};
use crate::tree::{Tree, TreeError};

const HEADER: &str = "relata schema lock, format ";
const FORMAT: u32 = 1;
/// What follows the dialect if the server is MySQL rather than MariaDB.
const OF_MYSQL: &str = ", MySQL";
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
    let mut lines = lines::of(schema);
    lines.append(&mut lines::of_values(schema));
    let identities = identify(&lines, previous);
    let mut out = format!("{HEADER}{FORMAT}, {}\n", server(schema));
    let mut before = "";
    for (key, json) in &lines {
        let object = key.split_once(" / ").map_or(key.as_str(), |(object, _)| object);
        if object != before {
            out.push('\n');
        }
        before = object;
        let digest = &line_digest(key, json)[..SHORT];
        let identity = identities.get(key).map_or("", String::as_str);
        out.push_str(&format!("{key}\t{identity}\t{digest}\t{json}\n"));
    }
    out
}

/// The root digest of a schema: 64 hexadecimal digits, equal exactly for equal canonical schemas.
pub fn root(schema: &Schema) -> String {
    root_of(&server(schema), &lines::of(schema))
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
    let (dialect, mysql) = header(text)?;
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
        if lines::is_value(key) {
            identities.insert((*key).to_string(), (*identity).to_string());
            continue;
        }
        if objects.insert((*key).to_string(), (number, tree)).is_some() {
            return Err(at(format!(
                "{key} stands here twice: two branches changed it; relata schema lock writes the file anew"
            )));
        }
        identities.insert((*key).to_string(), (*identity).to_string());
    }
    let schema = Schema { mysql, ..lines::schema(dialect, &objects)? };
    let root = root(&schema);
    Ok(Lock { schema, root, identities })
}

impl Lock {
    /// Gives the object `from`, and everything inside it, the new key `to`, so that the identities stay.
    pub fn rename(&mut self, from: &str, to: &str) {
        // Inside it: members; overloads of a function; the values of what is inline in the columns of a table.
        let inside = |key: &str| {
            let rest = key.strip_prefix(from);
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || rest.starts_with(" / ")
                    || rest.starts_with(" \"")
                    || rest.starts_with('.') && lines::is_value(key)
            })
        };
        let moved: Vec<String> = self.identities.keys().filter(|key| inside(key)).cloned().collect();
        let taken = moved.into_iter().filter_map(|key| self.identities.remove(&key).map(|identity| (key, identity)));
        let taken: Vec<(String, String)> = taken.collect();
        for (key, identity) in taken {
            self.identities.insert(format!("{to}{}", &key[from.len()..]), identity);
        }
    }

    /// Gives every renamed object its new key: values, other members, then the objects they are in.
    pub fn rename_all(&mut self, renames: &[Rename]) {
        let place = |rename: &&Rename| match (rename.from.kind, rename.from.member.is_empty()) {
            (ObjectKind::Enum, false) => 0,
            (_, inside) => 1 + u8::from(inside),
        };
        let mut ordered: Vec<&Rename> = renames.iter().collect();
        ordered.sort_by_key(place);
        for (from, to) in ordered.into_iter().flat_map(identity::moves) {
            self.rename(&from, &to);
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

pub use lines::{member_key, object_key, value_key};

fn line_digest(key: &str, json: &str) -> String {
    digest::hex(&format!("{key}\t{json}"))
}

/// What stands at the end of the header: the dialect, and the server if it is MySQL.
fn server(schema: &Schema) -> String {
    if schema.mysql { format!("{}{OF_MYSQL}", schema.dialect) } else { schema.dialect.to_string() }
}

fn root_of(server: &str, lines: &BTreeMap<String, String>) -> String {
    let leaves: String = lines.iter().map(|(key, json)| format!("{}\n", line_digest(key, json))).collect();
    digest::hex(&format!("{server}\n{leaves}"))
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

fn header(text: &str) -> Result<(Dialect, bool), TreeError> {
    let line = text.lines().find(|line| line.starts_with(HEADER));
    let (format, dialect) = line
        .and_then(|line| line.strip_prefix(HEADER)?.split_once(", "))
        .ok_or_else(|| TreeError(format!("line 1: no schema.lock: it starts with \"{HEADER}{FORMAT}, …\"")))?;
    if format.parse::<u32>().ok().is_none_or(|format| format > FORMAT) {
        return Err(TreeError(format!(
            "line 1: format {format} is newer than this relata reads ({FORMAT}): update relata"
        )));
    }
    let (word, mysql) = dialect.trim().strip_suffix(OF_MYSQL).map_or((dialect.trim(), false), |word| (word, true));
    let dialect = Dialect::from_word(word);
    Ok((dialect.ok_or_else(|| TreeError(format!("line 1: {word:?} is no dialect")))?, mysql))
}

/// The lines of objects with their numbers. Conflict markers around nothing but headers are passed over.
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
        } else if !line.starts_with(HEADER) {
            if let Some(start) = conflict {
                return Err(TreeError(format!(
                    "line {start}: an unsolved conflict: relata schema lock writes the file anew from what is declared, \
                     with the identities of both sides"
                )));
            }
            lines.push((number, line));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
