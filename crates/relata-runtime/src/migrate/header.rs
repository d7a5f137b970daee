//! What a migration's SQL cannot say: comment lines `-- relata: key value` at the top of `up.sql` and `down.sql`.
//!
//! | line | meaning |
//! |---|---|
//! | `dialect sqlite` | the dialect of the file |
//! | `parent DIGEST` | the migration this one was made on top of (one line each after a merge) |
//! | `schema DIGEST` | digest of the schema that the file results in |
//! | `transaction off` | run statement by statement, journalled: for what no transaction allows |
//! | `loses WHAT` | acknowledged: this is lost for good |
//! | `baseline` | the database had this schema already: it is recorded, never run, on that database |
//! | `proved HOW` | the proof that was made when it was written |
//! | `done QUERY` | directly before a statement: gives one true value once that statement has been done |

use relata_schema::Dialect;
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
    /// Digest of the schema that results.
    pub schema: Option<String>,
    /// Run without a transaction.
    pub transaction_off: bool,
    /// It describes what was there before relata came.
    pub baseline: bool,
    /// What is lost for good, acknowledged.
    pub loses: Vec<String>,
    /// What was proved when the file was written.
    pub proved: Option<String>,
}

impl Header {
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
                    .hint("known are: dialect, parent, schema, transaction off, loses, baseline, proved, done")
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
            ("schema", digest) => self.schema = Some(digest.to_string()),
            ("transaction", "off") => self.transaction_off = true,
            ("transaction", "on") => self.transaction_off = false,
            ("baseline", "") => self.baseline = true,
            ("loses", what) => self.loses.push(what.to_string()),
            ("proved", how) => self.proved = Some(how.to_string()),
            ("done", _) => {}
            _ => return false,
        }
        true
    }

    /// The lines of the header, each with its line break.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| out.push_str(&format!("-- {PREFIX} {}\n", text.replace(['\r', '\n'], " ")));
        if let Some(dialect) = self.dialect {
            line(format!("dialect {dialect}"));
        }
        self.parents.iter().for_each(|parent| line(format!("parent {parent}")));
        if let Some(schema) = &self.schema {
            line(format!("schema {schema}"));
        }
        if self.baseline {
            line("baseline".into());
        }
        if self.transaction_off {
            line("transaction off".into());
        }
        self.loses.iter().for_each(|what| line(format!("loses {what}")));
        if let Some(proved) = &self.proved {
            line(format!("proved {proved}"));
        }
        out
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

    #[test]
    fn what_is_written_is_read() {
        let header = Header {
            dialect: Some(Dialect::Mysql),
            parents: vec!["aa".into(), "bb".into()],
            schema: Some("cc".into()),
            transaction_off: true,
            baseline: true,
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
              hint: known are: dialect, parent, schema, transaction off, loses, baseline, proved, done"#]]
        .assert_eq(&error.to_string());
    }
}
