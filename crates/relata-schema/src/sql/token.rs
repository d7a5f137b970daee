//! The words, names, texts and marks of a statement, with their places. Comments and white space are gone; what stands in
//! MariaDB's executable comments (`/*! … */`) is there as if it stood outside.

use crate::dialect::Dialect;
use crate::script::{PieceKind, pieces};

use super::Extent;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word or number outside quotes.
    Word,
    /// A quoted identifier.
    Quoted,
    /// A string literal, with its quotes or dollars.
    Text,
    /// One character of anything else.
    Mark,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// As written.
    pub text: &'a str,
    /// The byte it begins at.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Its place.
    pub fn extent(&self) -> Extent {
        Extent { start: self.start, end: self.start + self.text.len() }
    }

    /// It is this keyword, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// It is this mark.
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == TokenKind::Mark && self.text == mark
    }

    /// The content of a quoted name or of a plain string literal; the token itself when it has no quotes.
    pub fn content(&self) -> String {
        let inner = |open: usize, quote: &str| {
            let inside = self.text.get(open..self.text.len().saturating_sub(1)).unwrap_or_default();
            inside.replace(&quote.repeat(2), quote)
        };
        match (self.kind, self.text.as_bytes().first()) {
            (TokenKind::Quoted, Some(b'[')) => inner(1, "]"),
            (TokenKind::Quoted | TokenKind::Text, Some(b'"')) => inner(1, "\""),
            (TokenKind::Quoted, Some(b'`')) => inner(1, "`"),
            (TokenKind::Text, Some(b'\'')) => inner(1, "'"),
            (TokenKind::Text, Some(b'e' | b'E')) => inner(2, "'"),
            (TokenKind::Text, Some(b'$')) => self.dollar_content().0.to_string(),
            _ => self.text.to_string(),
        }
    }

    /// What stands between the dollars of a dollar-quoted text, and where it begins in the token.
    pub(super) fn dollar_content(&self) -> (&'a str, usize) {
        let tag = self.text.get(1..).and_then(|rest| rest.find('$')).map_or(0, |at| at + 2);
        let inside = self.text.get(tag..self.text.len().saturating_sub(tag)).unwrap_or_default();
        (inside, tag)
    }
}

/// The tokens of a text that begins at byte `offset` of its script.
pub fn tokens(dialect: Dialect, text: &str, offset: usize) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    collect(dialect, text, offset, &mut out);
    out
}

/// The comments of a script with their places, without what marks them, trimmed.
pub fn comments(dialect: Dialect, text: &str) -> Vec<(Extent, &str)> {
    let comments = pieces(dialect, text).filter(|piece| piece.kind == PieceKind::Comment);
    comments
        .map(|piece| {
            let extent = Extent { start: piece.start, end: piece.start + piece.text.len() };
            let inner = piece.text.trim_start_matches("/*").trim_end_matches("*/").trim_start_matches(['-', '#']);
            (extent, inner.trim())
        })
        .collect()
}

/// The quote or comment has no end: it would go on if there were more text.
pub fn is_unfinished(dialect: Dialect, quoted: &str) -> bool {
    let longer = format!("{quoted} ");
    pieces(dialect, &longer).next().is_some_and(|piece| piece.text.len() > quoted.len())
}

/// The comment of several lines at the end of a text that never ends.
pub fn open_comment(dialect: Dialect, text: &str) -> Option<Extent> {
    let last = pieces(dialect, text).last().filter(|piece| piece.kind == PieceKind::Comment)?;
    let open = last.text.starts_with("/*") && is_unfinished(dialect, last.text);
    open.then(|| Extent { start: last.start, end: last.start + last.text.len() })
}

fn collect<'a>(dialect: Dialect, text: &'a str, offset: usize, out: &mut Vec<Token<'a>>) {
    for piece in pieces(dialect, text) {
        let start = offset + piece.start;
        let kind = match (piece.kind, piece.text.as_bytes().first()) {
            (PieceKind::Space | PieceKind::Comment, _) => continue,
            (PieceKind::Word, _) => TokenKind::Word,
            (PieceKind::Quoted, Some(b'/')) => {
                let version = piece.text.find(|c: char| !matches!(c, '/' | '*' | '!' | 'M' | '0'..='9'));
                let inside = version.unwrap_or(piece.text.len());
                let end = piece.text.strip_suffix("*/").map_or(piece.text.len(), str::len);
                if let Some(body) = piece.text.get(inside..end) {
                    collect(dialect, body, start + inside, out);
                }
                continue;
            }
            (PieceKind::Quoted, Some(b'"')) if dialect != Dialect::Mysql => TokenKind::Quoted,
            (PieceKind::Quoted, Some(b'`' | b'[')) => TokenKind::Quoted,
            (PieceKind::Quoted, _) => TokenKind::Text,
            (PieceKind::Other, _) => TokenKind::Mark,
        };
        out.push(Token { kind, text: piece.text, start });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_places_and_executable_comments() {
        let text = "a -- c\n\"b\"\"c\" 'd''e' /*!50001 f */ `g`";
        let found = tokens(Dialect::Mysql, text, 10);
        let shown: Vec<_> = found.iter().map(|token| (token.text, token.start)).collect();
        assert_eq!(shown, [("a", 10), ("\"b\"\"c\"", 17), ("'d''e'", 24), ("f", 40), ("`g`", 45)]);
        let contents: Vec<_> = found.iter().map(Token::content).collect();
        assert_eq!(contents, ["a", "b\"c", "d'e", "f", "g"]);
        let dollars = tokens(Dialect::Postgres, "$x$ a $x$", 0);
        assert_eq!((dollars[0].content().as_str(), dollars[0].dollar_content().1), (" a ", 3));
    }
}
