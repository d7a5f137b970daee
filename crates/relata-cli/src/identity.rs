//! Who is who between two schemas: declared renames, identities in `schema.lock`, options, and questions to the person.
//!
//! The order: what is declared, what the identities say, what the options say, the same name. What is likely a rename
//! beyond that (see [`relata_plan::rename`]) is asked on a terminal; without one it is an error for whoever writes a
//! migration, and a warning for whoever only looks. What holds no rows and stayed the same but for its name goes on as itself
//! (see [`relata_plan::rename::unasked`]), so that its identity stays.

mod ask;
mod lock_file;

use std::collections::BTreeMap;
use std::io::IsTerminal;

use clap::Args;
use relata_plan::rename::{self, Question};
use relata_schema::change::Rename;
use relata_schema::change::rename::{Written, kinds as rename_kinds, read, write};
use relata_schema::lower::carry_over;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_schema::{Diagnostic, Dialect, Schema, lock};
use relata_sql::{Error, Kind, Result};

use crate::output::Tone;
use crate::session::Session;
use crate::source::{Loaded, declared_renames};

pub use lock_file::LockFile;

/// Answers to what was renamed.
#[derive(Args, Clone, Default)]
pub struct IdentityOptions {
    /// This is a rename: "table posts=articles", "column posts.title=headline" (may be repeated)
    #[arg(long, value_name = "OLD=NEW")]
    rename: Vec<String>,
    /// This is no rename: "column posts.title" goes, and what is new is new; all: nothing is (may be repeated)
    #[arg(long, value_name = "OLD")]
    no_rename: Vec<String>,
}

/// Two schemas, and who is who.
pub struct Matched {
    /// The schema that shall be, with what a declaration cannot say taken over.
    pub target: Schema,
    /// What goes on under another name.
    pub renames: Vec<Rename>,
    /// What was answered by the person, to be told how to declare it.
    pub answered: Vec<Rename>,
    /// Likely renames that nobody answered.
    pub open: Vec<Question>,
}

/// The two schemas and what is known.
pub struct Matching<'s> {
    from: &'s Schema,
    declared: &'s Loaded,
    renames: Vec<Rename>,
    refused: Vec<ObjectKey>,
    refuses_all: bool,
}

impl<'s> Matching<'s> {
    /// Takes the declared renames, and those of the options.
    ///
    /// # Errors
    /// `Kind::Configuration` when an option names nothing that is there.
    pub fn new(from: &'s Schema, declared: &'s Loaded, options: &IdentityOptions) -> Result<Self> {
        let mut matching = Matching {
            from,
            declared,
            renames: Vec::new(),
            refused: Vec::new(),
            refuses_all: options.no_rename.iter().any(|text| text.trim() == "all"),
        };
        for text in &options.rename {
            let rename = matching.named_rename(text)?;
            matching.add(rename);
        }
        for text in options.no_rename.iter().filter(|text| text.trim() != "all") {
            let written = read(text).filter(|written| written.to.is_empty());
            let written = written.ok_or_else(|| no_name(text, "--no-rename \"column posts.title\""))?;
            matching.refused.push(named(from, &written, text)?);
        }
        declared_renames(declared, from).into_iter().for_each(|rename| matching.add(rename));
        Ok(matching)
    }

    /// Takes renames that were decided before, as far as both sides still have them.
    pub fn known(mut self, renames: &[Rename]) -> Self {
        let before: Vec<ObjectKey> = lock::identity::keys(self.from).into_iter().map(|(_, key)| key).collect();
        let after: Vec<ObjectKey> =
            lock::identity::keys(&self.declared.schema).into_iter().map(|(_, key)| key).collect();
        for rename in renames {
            if before.contains(&rename.from) && !after.contains(&rename.from) && after.contains(&rename.to_key()) {
                self.add(rename.clone());
            }
        }
        self
    }

    /// Takes what identities tell. `first` leads from the names of the start to those that the objects had first.
    pub fn identities(mut self, identities: &BTreeMap<String, String>, first: &[Rename]) -> Self {
        for rename in lock::identity::renames(identities, self.from, &self.declared.schema, first) {
            self.add(rename);
        }
        self
    }

    /// Takes what the identities of two locks tell: the same identity under another key.
    pub fn both_identities(mut self, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Self {
        let there: BTreeMap<&str, &str> = new.iter().map(|(key, identity)| (identity.as_str(), key.as_str())).collect();
        let target: BTreeMap<String, ObjectKey> = lock::identity::keys(&self.declared.schema).into_iter().collect();
        for (key, object) in lock::identity::keys(self.from) {
            let now = old.get(&key).and_then(|identity| there.get(identity.as_str())).filter(|now| **now != key);
            let now = now.and_then(|now| target.get(*now));
            now.and_then(|now| lock::identity::between(&object, now)).into_iter().for_each(|rename| self.add(rename));
        }
        self
    }

    /// An answer that was there before counts more.
    fn add(&mut self, rename: Rename) {
        let taken = |known: &Rename| known.from == rename.from || known.to_key() == rename.to_key();
        if !self.renames.iter().any(taken) && !self.refused.contains(&rename.from) {
            self.renames.push(rename);
        }
    }

    fn target(&self) -> Schema {
        let mut target = self.declared.schema.clone();
        target.canonicalize();
        if !self.is_as_loaded() {
            carry_over(&mut target, self.from, &self.renames);
        }
        target
    }

    /// The target is the schema that was loaded: nothing has to be taken over into it.
    pub fn is_as_loaded(&self) -> bool {
        self.declared.declaration.is_none() && !self.declared.translated
    }

    /// Matches without asking; what is likely and unanswered stays open.
    pub fn look(self) -> Matched {
        let target = self.target();
        let open = self.open(&target);
        Matched { renames: self.settled(&target), target, answered: Vec::new(), open }
    }

    /// The renames, with those that nobody has to be asked about.
    fn settled(&self, target: &Schema) -> Vec<Rename> {
        let mut renames = self.renames.clone();
        renames.extend(rename::unasked(self.from, target, &self.renames));
        renames
    }

    /// As [`Matching::look`], without a copy of the target, which [is as loaded](Matching::is_as_loaded) and in canonical
    /// order: the renames, and what stays open.
    pub fn look_as_loaded(self) -> (Vec<Rename>, Vec<Question>) {
        let open = self.open(&self.declared.schema);
        (self.renames, open)
    }

    fn open(&self, target: &Schema) -> Vec<Question> {
        match self.refuses_all {
            true => Vec::new(),
            false => rename::all_questions(self.from, target, &self.renames, &self.refused),
        }
    }

    /// Matches, and asks on a terminal about what is likely.
    ///
    /// # Errors
    /// `Kind::Declaration` when there is no terminal and something is unanswered; it says both answers.
    pub fn decide(mut self, session: &Session) -> Result<Matched> {
        let mut answered = Vec::new();
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        loop {
            let target = self.target();
            let questions = rename::questions(self.from, &target, &self.renames, &self.refused);
            let Some(question) = questions.first().filter(|_| !self.refuses_all) else {
                return Ok(Matched { renames: self.settled(&target), target, answered, open: Vec::new() });
            };
            if !terminal || session.output.json {
                return Err(unanswered(&rename::all_questions(self.from, &target, &self.renames, &self.refused)));
            }
            match ask::ask(question, &mut std::io::stdin().lock(), &mut std::io::stderr())? {
                Some(candidate) => {
                    answered.push(candidate.rename.clone());
                    self.add(candidate.rename.clone());
                }
                None => self.refused.push(question.object.clone()),
            }
        }
    }

    fn named_rename(&self, text: &str) -> Result<Rename> {
        let written = read(text).filter(|written| !written.to.is_empty());
        let written = written.ok_or_else(|| no_name(text, "--rename \"column posts.title=headline\""))?;
        let from = named(self.from, &written, text)?;
        let to = match (from.member.is_empty(), written.to.as_slice()) {
            (true, [namespace, name]) => ObjectName::new(namespace.as_str(), name.as_str()),
            (true, [name]) => ObjectName::new(&from.name.namespace, name.as_str()),
            (false, [.., name]) => ObjectName::bare(name.as_str()),
            _ => return Err(no_name(text, "--rename \"column posts.title=headline\"")),
        };
        Ok(Rename { from, to })
    }
}

/// The object of `schema` that was written.
fn named(schema: &Schema, written: &Written, text: &str) -> Result<ObjectKey> {
    let name = |parts: &[String]| match parts {
        [name] => Some(schema.dialect.name(name)),
        [namespace, name] => Some(ObjectName::new(namespace.as_str(), name.as_str())),
        _ => None,
    };
    let whole = name(&written.from);
    let owner = written.from.split_last().and_then(|(member, owner)| Some((name(owner)?, member)));
    let mut found: Vec<ObjectKey> = lock::identity::keys(schema)
        .into_iter()
        .map(|(_, key)| key)
        .filter(|key| match key.member.as_str() {
            "" => Some(&key.name) == whole.as_ref(),
            member => owner.as_ref().is_some_and(|(table, name)| &key.name == table && member == name.as_str()),
        })
        .collect();
    // The overloads of a function are called alike.
    found.dedup();
    let kinds = rename_kinds(written.kind.as_deref().unwrap_or_default());
    let is_kind = |key: &ObjectKey| kinds.contains(&(key.kind, !key.member.is_empty()));
    let has_rows = |key: &ObjectKey| matches!(key.kind, ObjectKind::Table | ObjectKind::Column);
    // "table posts.title" can only mean the column; without a word, whatever holds rows is meant.
    if found.iter().any(is_kind) {
        found.retain(is_kind);
    } else if found.iter().any(has_rows) {
        found.retain(has_rows);
    }
    match found.as_slice() {
        [key] => Ok(key.clone()),
        [] => {
            let error = Error::new(Kind::Configuration, format!("{text:?} names nothing that is there now"));
            let wanted = written.from.join(".");
            let all: Vec<String> =
                lock::identity::keys(schema).iter().map(|(_, key)| short(schema.dialect, key)).collect();
            let names = all.iter().filter_map(|name| name.split_once(' ').map(|(_, name)| name));
            Err(match relata_schema::naming::closest(&wanted, names) {
                Some(best) => error.hint(format!("did you mean {best}?")),
                None => error.hint("relata schema inspect lists what there is"),
            })
        }
        several => {
            let names: Vec<String> = several.iter().map(|key| short(schema.dialect, key)).collect();
            Err(Error::new(Kind::Configuration, format!("{text:?} is ambiguous"))
                .hint(format!("say which: {}", names.join(", "))))
        }
    }
}

fn no_name(text: &str, example: &str) -> Error {
    Error::new(Kind::Configuration, format!("{text:?} is no name that relata can read"))
        .hint(format!("write {example}"))
}

/// As an option names it: `column posts.title`, `value mood.sad`; the default namespace is left out.
fn short(dialect: Dialect, key: &ObjectKey) -> String {
    let word = match (key.kind, key.member.is_empty()) {
        (ObjectKind::Enum, false) => "value",
        (kind, _) => kind.word(),
    };
    let full =
        ObjectKey { kind: key.kind, name: short_name(dialect, &key.name), member: key.member.clone() }.to_string();
    format!("{word} {}", full.split_once(' ').map_or("", |(_, name)| name))
}

fn short_name(dialect: Dialect, name: &ObjectName) -> ObjectName {
    if name.namespace == dialect.default_namespace() { ObjectName::bare(&name.name) } else { name.clone() }
}

/// The dialect whose default namespace a key has: PostgreSQL's is the only one that is not empty.
fn dialect_of(name: &ObjectName) -> Dialect {
    if name.namespace.is_empty() { Dialect::Sqlite } else { Dialect::Postgres }
}

/// `column posts.title=headline`, as `--rename` takes it.
pub fn as_option(rename: &Rename) -> String {
    let dialect = dialect_of(&rename.from.name);
    format!("{}={}", short(dialect, &rename.from), short_name(dialect, &rename.to))
}

/// `column posts.title`, as `--no-rename` takes it.
pub fn as_name(key: &ObjectKey) -> String {
    short(dialect_of(&key.name), key)
}

fn describe(question: &Question) -> String {
    let object = as_name(&question.object);
    let candidates = question.candidates.iter().map(|candidate| {
        let to = short_name(dialect_of(&question.object.name), &candidate.rename.to);
        format!("{to} ({} of 100: {})", candidate.score, candidate.reasons.join(", "))
    });
    format!("{object} is gone; it may be {} now", candidates.collect::<Vec<_>>().join(", or "))
}

fn unanswered(questions: &[Question]) -> Error {
    let count = questions.len();
    let what = if count == 1 { "a likely rename is".to_string() } else { format!("{count} likely renames are") };
    let message = format!("{what} unanswered; made as drop and add, everything in it would be lost");
    let error = questions.iter().fold(Error::new(Kind::Declaration, message), |error, question| {
        error
            .hint(describe(question))
            .hint(format!("  if so:  --rename \"{}\"", as_option(&question.candidates[0].rename)))
            .hint(format!("  if not: --no-rename \"{}\"", as_name(&question.object)))
    });
    error.hint("or run it on a terminal, where it asks; or declare it: #[renamed_from(\"old_name\")], in SQL -- relata: renames …")
}

/// Warnings about what is planned as drop and add and may be a rename.
pub fn warnings(open: &[Question]) -> Vec<Diagnostic> {
    let warning = |question: &Question| {
        let message = format!("{}: planned as drop and add, everything in it is lost", describe(question));
        let mut found = Diagnostic::warning("rename-likely", message).help(format!(
            "if so: --rename \"{}\"; if not: --no-rename \"{}\"",
            as_option(&question.candidates[0].rename),
            as_name(&question.object)
        ));
        found.object = Some(question.object.clone());
        found
    };
    open.iter().map(warning).collect()
}

/// Tells how an answer is declared, so that nobody is asked again.
pub fn tell_how_to_declare(session: &Session, answered: &[Rename]) {
    for rename in answered {
        let comment = || write(rename).map(|what| format!("-- relata: renames {what}"));
        let place = match (rename.from.kind, rename.from.member.as_str()) {
            (ObjectKind::Table, _) => Some(format!("#[entity(renamed_from = \"{}\")]", rename.from.name.name)),
            (ObjectKind::Enum, "") => Some(format!("#[renamed_from(\"{}\")] on the enum", rename.from.name.name)),
            (ObjectKind::Enum, value) => Some(format!("#[renamed_from(\"{value}\")] on the variant")),
            (ObjectKind::Column, column) => Some(format!("#[renamed_from(\"{column}\")]")),
            _ => comment(),
        };
        let Some(place) = place else { continue };
        let option = as_option(rename);
        let text = format!("{option} is written into the migration; to declare it: {place}");
        session.output.say(&format!("{} {text}", session.output.paint(Tone::Code, "rename")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::{Column, Table};

    fn schema(dialect: Dialect) -> Schema {
        let column = |name: &str| Column { name: name.into(), ..Column::default() };
        let table = |name: &str| Table {
            name: dialect.name(name),
            columns: vec![column("title"), column("posts")],
            ..Table::default()
        };
        Schema { tables: vec![table("posts"), table("tags")], ..Schema::new(dialect) }
    }

    #[test]
    fn options_name_objects_in_any_way_that_is_clear() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let schema = schema(dialect);
            let key = |text: &str| named(&schema, &read(text).unwrap(), text).map(|key| as_name(&key));
            assert_eq!(key("posts.title").unwrap(), "column posts.title");
            assert_eq!(key("column posts.title").unwrap(), "column posts.title");
            assert_eq!(key("table posts.title").unwrap(), "column posts.title");
            assert_eq!(key("posts").unwrap(), "table posts");
            let error = key("posts.titel").unwrap_err().to_string();
            assert!(error.contains("did you mean posts.title?"), "{error}");
        }
    }
}
