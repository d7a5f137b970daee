//! Whether SQL text mentions a name. The server's own spelling is regular: names are qualified and quoted one way.

use relata_schema::dialect::postgres::print::{ident, qualified};
use relata_schema::model::ObjectName;

/// Whether `sql` mentions the object, as a whole word.
pub(super) fn mentions(sql: &str, name: &ObjectName) -> bool {
    contains_word(sql, &qualified(name))
}

/// Whether `sql` mentions the column, as a whole word.
pub(super) fn mentions_column(sql: &str, column: &str) -> bool {
    contains_word(sql, &ident(column))
}

fn contains_word(sql: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let plain = !word.ends_with('"');
    let mut rest = sql;
    let mut before = ' ';
    while let Some(at) = rest.find(word) {
        let previous = rest[..at].chars().next_back().unwrap_or(before);
        let after = &rest[at + word.len()..];
        let next = after.chars().next().unwrap_or(' ');
        let bounded = !part(previous) && previous != '"' && (!plain || !part(next) && next != '"');
        if bounded {
            return true;
        }
        before = word.chars().next_back().unwrap_or(' ');
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_count() {
        let name = ObjectName::new("public", "add");
        assert!(mentions("(public.add(a, b) > 0)", &name));
        assert!(!mentions("(public.add2(a))", &name));
        assert!(!mentions("(xpublic.add(a))", &name));
        assert!(mentions_column("(\"From\" > 1)", "From"));
        assert!(!mentions_column("from_x + xfrom", "from_"));
    }
}
