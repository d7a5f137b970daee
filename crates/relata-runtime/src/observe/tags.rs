//! What a handle says of its statements, as a comment in the way of sqlcommenter: `/*route='%2Forders',traceparent='00-…'*/`.
//!
//! Invariants
//! - Keys and values are percent-encoded, so that no text can end the comment or begin SQL.
//! - A statement with tags that stay the same is prepared once, as any other; one with a trace is not kept, for its text
//!   never comes again.

use std::panic::Location;

/// Tags, sorted by key, and their comment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    pairs: Vec<(String, String)>,
    source: Option<(&'static str, u32)>,
    comment: String,
}

const TRACE: &str = "traceparent";

impl Tags {
    /// With one tag more, or another value of it.
    pub(crate) fn with(&self, key: &str, value: &str) -> Self {
        let mut tags = self.clone();
        tags.pairs.retain(|(held, _)| held != key);
        tags.pairs.push((key.to_string(), value.to_string()));
        tags.pairs.sort();
        let one = |(key, value): &(String, String)| format!("{}='{}'", encoded(key), encoded(value));
        tags.comment = format!("/*{}*/", tags.pairs.iter().map(one).collect::<Vec<_>>().join(","));
        tags
    }

    /// From this line of the program.
    pub(crate) fn at(&self, place: &'static Location<'static>) -> Self {
        let tags = self.with("source", &format!("{}:{}", place.file(), place.line()));
        Tags { source: Some((place.file(), place.line())), ..tags }
    }

    /// A trace's number as the W3C writes it: `00-`, 32 hexadecimal digits, `-`, 16 of them, `-`, two.
    pub(crate) fn is_traceparent(text: &str) -> bool {
        let lengths = [2, 32, 16, 2];
        let parts: Vec<_> = text.split('-').collect();
        let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        parts.len() == 4
            && parts.iter().zip(lengths).all(|(part, length)| part.len() == length)
            && parts.iter().all(digits)
    }

    /// The comment.
    pub(crate) fn comment(&self) -> &str {
        &self.comment
    }

    /// A statement with the comment behind it.
    pub(crate) fn append(&self, sql: &str) -> String {
        format!("{} {}", sql.trim_end().trim_end_matches(';'), self.comment)
    }

    /// They are others with each request.
    pub(crate) fn vary(&self) -> bool {
        self.traceparent().is_some()
    }

    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == TRACE).map(|(_, value)| value.as_str())
    }

    pub(crate) fn source(&self) -> Option<(&'static str, u32)> {
        self.source
    }
}

/// Percent-encoded, all but letters, digits and `-_.~`.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_sorted_and_cannot_end_the_comment() {
        let tags =
            Tags::default().with("route", "/orders/:id").with("action", "*/ DROP TABLE x; --'").with("route", "/a b");
        assert_eq!(tags.comment(), "/*action='%2A%2F%20DROP%20TABLE%20x%3B%20--%27',route='%2Fa%20b'*/");
        assert_eq!(tags.append("SELECT 1; "), format!("SELECT 1 {}", tags.comment()));
        assert!(!tags.vary());
    }

    #[test]
    fn a_trace_is_known_by_its_form() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(Tags::is_traceparent(trace));
        assert!(Tags::default().with(TRACE, trace).vary());
        for wrong in ["", "00-0-0-00", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "x'; DROP"] {
            assert!(!Tags::is_traceparent(wrong), "{wrong}");
        }
    }
}
