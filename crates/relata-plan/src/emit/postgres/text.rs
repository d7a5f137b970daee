//! Reading the printer's own statements, whose spelling is regular, word by word.

use relata_schema::model::ObjectName;

/// A statement that is read from its beginning, in the printer's spelling.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(pub(super) &'t str);

impl Text<'_> {
    /// Goes past a word, if it is the next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let Some(rest) = self.0.strip_prefix(word) else { return false };
        self.0 = rest;
        true
    }

    /// One part of a name.
    pub(super) fn part(&mut self) -> String {
        let mut out = String::new();
        if let Some(mut rest) = self.0.strip_prefix('"') {
            while let Some((text, after)) = rest.split_once('"') {
                out.push_str(text);
                rest = after;
                match rest.strip_prefix('"') {
                    Some(after) => {
                        out.push('"');
                        rest = after;
                    }
                    None => break,
                }
            }
            self.0 = rest;
        } else {
            let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
            let end = self.0.find(|c| !plain(c)).unwrap_or(self.0.len());
            out.push_str(&self.0[..end]);
            self.0 = &self.0[end..];
        }
        out
    }

    /// A qualified name.
    pub(super) fn name(&mut self) -> ObjectName {
        let first = self.part();
        if self.eat(".") { ObjectName::new(first, self.part()) } else { ObjectName::bare(first) }
    }
}
