//! What a migration's SQL cannot say: comment lines `-- relata: key value` at the top of `up.sql` and `down.sql`.
//!
//! | line | meaning |
//! |---|---|
//! | `dialect sqlite` | the dialect of the file |
//! | `parent DIGEST` | the migration this one was made on top of (one line each after a merge) |
//! | `depends-on DOMAIN/VERSION` | a migration of another domain that has to run before this one |
//! | `schema DIGEST` | digest of the schema that the file results in |
//! | `transaction off` | run statement by statement, journalled: for what no transaction allows |
//! | `loses WHAT` | acknowledged: this is lost for good |
//! | `renames column "posts"."title" to "headline"` | what the plan knew to be a rename, so that undoing it is one too |
//! | `baseline` | the database had this schema already: it is recorded, never run, on that database |
//! | `proved HOW; proof DIGEST` | the last proof that was recorded: on what, and what exactly was proved |
//! | `done QUERY` | directly before a statement: gives one true value once that statement has been done |
//! | `allow RULE because REASON` | for `relata migrate lint`: directly before a statement; `allow-file` for the file |

use relata_schema::Dialect;
use relata_schema::change::{Rename, rename};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_sql::{Error, Kind, Result};

/// What every line begins with.
pub const PREFIX: &str = "relata:";

/// The header of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The dialect, if the file says it.
    pub dialect: Option<Dialect>,
    /// Digests of the migrations this one follows; none: it is the first, or written by hand.
    pub parents: Vec<String>,
    /// Versions of migrations of other domains that have to run before this one.
    pub depends_on: Vec<String>,
    /// Digest of the schema that results.
    pub schema: Option<String>,
    /// Run without a transaction.
    pub transaction_off: bool,
    /// It describes what was there before relata came.
    pub baseline: bool,
    /// Tables and columns that were renamed, as they were called before.
    pub renames: Vec<Rename>,
    /// What is lost for good, acknowledged.
    pub loses: Vec<String>,
    /// What was proved when the file was written.
    pub proved: Option<String>,
}

impl Header {
    /// The digest of the proof that was recorded (see [`Proof::digest`](super::Proof::digest)).
    pub fn proof(&self) -> Option<&str> {
        self.proved.as_deref()?.rsplit_once("; proof ").map(|(_, digest)| digest.trim())
    }

    /// Reads the header of a file; `file` is its name for messages.
    ///
    /// # Errors
    /// `Kind::Migration` for a line that is none of the known ones.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let mut header = Header::default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let top = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("--"));
        for (number, line) in top.enumerate() {
            let Some(line) = line.trim_start_matches('-').trim().strip_prefix(PREFIX) else { continue };
            let (key, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            if !header.set(key, value.trim()) {
                return Err(Error::new(Kind::Migration, format!("{key} {value:?} is no header relata knows"))
                    .hint("known are: dialect, parent, depends-on, schema, transaction off, renames, loses, baseline, proved, done, allow")
                    .context(format!("{file}, line {}", number + 1)));
            }
        }
        Ok(header)
    }

    fn set(&mut self, key: &str, value: &str) -> bool {
        match (key, value) {
            ("dialect", word) => match Dialect::from_word(word) {
                Some(dialect) => self.dialect = Some(dialect),
                None => return false,
            },
            ("parent", digest) if !digest.is_empty() => self.parents.push(digest.to_string()),
            ("depends-on", version) if !version.is_empty() => self.depends_on.push(version.to_string()),
            ("schema", digest) => self.schema = Some(digest.to_string()),
            ("transaction", "off") => self.transaction_off = true,
            ("transaction", "on") => self.transaction_off = false,
            ("baseline", "") => self.baseline = true,
            ("renames", what) => match rename::parse(what) {
                Some(rename) => self.renames.push(rename),
                None => return false,
            },
            ("loses", what) => self.loses.push(what.to_string()),
            ("proved", how) => self.proved = Some(how.to_string()),
            ("done", _) => {}
            ("allow" | "allow-file", rules) if !rules.is_empty() => {}
            _ => return false,
        }
        true
    }

    /// The header with the namespaces that the dialect means where its renames name none.
    #[must_use]
    pub fn qualified(mut self, dialect: Dialect) -> Self {
        self.renames = self.renames.into_iter().map(|rename| rename::qualified(dialect, rename)).collect();
        self
    }

    /// The lines of the header, each with its line break.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| out.push_str(&format!("-- {PREFIX} {}\n", text.replace(['\r', '\n'], " ")));
        if let Some(dialect) = self.dialect {
            line(format!("dialect {dialect}"));
        }
        self.parents.iter().for_each(|parent| line(format!("parent {parent}")));
        self.depends_on.iter().for_each(|version| line(format!("depends-on {version}")));
        if let Some(schema) = &self.schema {
            line(format!("schema {schema}"));
        }
        if self.baseline {
            line("baseline".into());
        }
        if self.transaction_off {
            line("transaction off".into());
        }
        self.renames.iter().filter_map(rename::write).for_each(|what| line(format!("renames {what}")));
        self.loses.iter().for_each(|what| line(format!("loses {what}")));
        if let Some(proved) = &self.proved {
            line(format!("proved {proved}"));
        }
        out
    }
}

/// The renames that undo these, all made at once: a column is then found in its table's new name.
pub fn opposite(renames: &[Rename]) -> Vec<Rename> {
    let now = |name: &ObjectName, owner: fn(ObjectKind) -> bool| {
        let renamed = renames.iter().find(|rename| rename.from.member.is_empty() && &rename.from.name == name);
        renamed.filter(|rename| owner(rename.from.kind)).map(|rename| rename.to.clone())
    };
    let column = |key: &ObjectKey| {
        let renamed = renames.iter().find(|rename| &rename.from == key);
        renamed.map_or_else(|| key.member.clone(), |rename| rename.to.name.clone())
    };
    let owner = |key: &ObjectKey| match key.kind {
        ObjectKind::Enum => now(&key.name, is_enum).unwrap_or_else(|| {
            // An enum that is inline in a column is named by its table and column.
            let table = ObjectName::bare(key.name.namespace.as_str());
            let column = column(&ObjectKey::member(ObjectKind::Column, &table, &key.name.name));
            ObjectName::new(now(&table, is_relation).unwrap_or(table).name, column)
        }),
        _ => now(&key.name, is_relation).unwrap_or_else(|| key.name.clone()),
    };
    let undo = |rename: &Rename| match rename.from.member.as_str() {
        "" => Rename { from: ObjectKey::of(rename.from.kind, &rename.to), to: rename.from.name.clone() },
        member => Rename {
            from: ObjectKey::member(rename.from.kind, &owner(&rename.from), &rename.to.name),
            to: ObjectName::bare(member),
        },
    };
    renames.iter().map(undo).collect()
}

fn is_relation(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Table | ObjectKind::View)
}

fn is_enum(kind: ObjectKind) -> bool {
    kind == ObjectKind::Enum
}

/// Renames made one after the other, as renames made at once.
pub fn composed(steps: &[Vec<Rename>]) -> Vec<Rename> {
    let mut all: Vec<Rename> = Vec::new();
    for step in steps {
        let before = all.clone();
        for rename in step {
            let name = first_name(&before, &rename.from);
            let member = &rename.from.member;
            let known = all.iter_mut().find(|known| {
                known.from.kind == rename.from.kind
                    && known.from.name == name
                    && if member.is_empty() { known.from.member.is_empty() } else { &known.to.name == member }
            });
            match known {
                Some(known) => known.to = rename.to.clone(),
                None => {
                    let from = ObjectKey { kind: rename.from.kind, name, member: member.clone() };
                    all.push(Rename { from, to: rename.to.clone() });
                }
            }
        }
    }
    all
}

/// What an object, or the one that something is inside of, was called before all these renames.
fn first_name(renames: &[Rename], key: &ObjectKey) -> ObjectName {
    let first = |name: &ObjectName, is: &dyn Fn(ObjectKind) -> bool| {
        let known = renames.iter().find(|r| r.from.member.is_empty() && is(r.from.kind) && &r.to == name);
        known.map(|rename| rename.from.name.clone())
    };
    let or_now = |found: Option<ObjectName>| found.unwrap_or_else(|| key.name.clone());
    match (key.kind, key.member.is_empty()) {
        (kind, true) => or_now(first(&key.name, &|other| other == kind)),
        (ObjectKind::Enum, false) => first(&key.name, &is_enum).unwrap_or_else(|| {
            let table = ObjectName::bare(key.name.namespace.as_str());
            let table = first(&table, &is_relation).unwrap_or(table);
            let is_column = |r: &&Rename| r.from.kind == ObjectKind::Column && r.from.name == table;
            let known = renames.iter().filter(is_column).find(|rename| rename.to.name == key.name.name);
            let column = known.map_or(key.name.name.as_str(), |rename| rename.from.member.as_str());
            ObjectName::new(table.name.as_str(), column)
        }),
        _ => or_now(first(&key.name, &is_relation)),
    }
}

/// The probe among the comments before a statement.
pub(super) fn done_probe(comments: &[String]) -> Option<&str> {
    let lines = comments.iter().filter_map(|comment| comment.strip_prefix(PREFIX));
    lines.filter_map(|line| line.trim().strip_prefix("done ")).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::ObjectKind;

    fn table(from: &str, to: &str) -> Rename {
        let (from, to) = (ObjectName::new("public", from), ObjectName::new("public", to));
        Rename { from: ObjectKey::of(ObjectKind::Table, &from), to }
    }

    fn column(table: &str, from: &str, to: &str) -> Rename {
        let table = ObjectName::new("public", table);
        Rename { from: ObjectKey::member(ObjectKind::Column, &table, from), to: ObjectName::bare(to) }
    }

    #[test]
    fn renames_are_undone_and_composed() {
        let first = vec![table("a", "b"), column("a", "x", "y")];
        assert_eq!(opposite(&first), [table("b", "a"), column("b", "y", "x")]);
        let second = vec![table("b", "c"), column("b", "y", "z"), column("b", "p", "q")];
        let both = composed(&[first.clone(), second.clone()]);
        assert_eq!(both, [table("a", "c"), column("a", "x", "z"), column("a", "p", "q")]);
        let undone = composed(&[opposite(&second), opposite(&first)]);
        assert_eq!(undone, [table("c", "a"), column("c", "z", "x"), column("c", "q", "p")]);
    }

    #[test]
    fn values_of_inline_enums_follow_their_column_and_table() {
        let value = |table: &str, column: &str, from: &str, to: &str| Rename {
            from: ObjectKey::member(ObjectKind::Enum, &ObjectName::new(table, column), from),
            to: ObjectName::bare(to),
        };
        let bare = |from: &str, to: &str| Rename {
            from: ObjectKey::of(ObjectKind::Table, &ObjectName::bare(from)),
            to: ObjectName::bare(to),
        };
        let state = |table: &str, from: &str, to: &str| Rename {
            from: ObjectKey::member(ObjectKind::Column, &ObjectName::bare(table), from),
            to: ObjectName::bare(to),
        };
        let first = vec![bare("a", "b"), state("a", "x", "y"), value("a", "x", "sad", "blue")];
        assert_eq!(opposite(&first), [bare("b", "a"), state("b", "y", "x"), value("b", "y", "blue", "sad")]);
        let second = vec![value("b", "y", "blue", "low"), value("b", "y", "ok", "fine")];
        let all = composed(&[first, second]);
        assert_eq!(all[2..], [value("a", "x", "sad", "low"), value("a", "x", "ok", "fine")]);
        assert_eq!(opposite(&all)[2], value("b", "y", "low", "sad"));
    }

    #[test]
    fn what_is_written_is_read() {
        let header = Header {
            dialect: Some(Dialect::Mysql),
            parents: vec!["aa".into(), "bb".into()],
            depends_on: vec!["billing/20260101".into()],
            schema: Some("cc".into()),
            transaction_off: true,
            baseline: true,
            renames: vec![table("a\"b.c", "d"), column("a\"b.c", "x y", "z")],
            loses: vec!["column users.email".into()],
            proved: Some("up, down, up".into()),
        };
        let text = header.write() + "\n-- relata: done select 1\ncreate table a (x int);\n-- relata: parent dd\n";
        assert_eq!(Header::parse(&text, "up.sql").unwrap(), header);
    }

    #[test]
    fn an_unknown_line_is_named() {
        let error = Header::parse("-- made by hand\n-- relata: transacton off\n", "a/up.sql").unwrap_err();
        expect_test::expect![[r#"
            a/up.sql, line 2: transacton "off" is no header relata knows [R0701]
              hint: known are: dialect, parent, depends-on, schema, transaction off, renames, loses, baseline, proved, done, allow"#]]
        .assert_eq(&error.to_string());
    }
}
