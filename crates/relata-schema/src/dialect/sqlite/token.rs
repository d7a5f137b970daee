//! The tokens of SQLite's SQL, as SQLite's own tokenizer cuts them: four kinds of quotes, comments, blobs, numbers.
//!
//! It knows no grammar; [`super::parse`] does.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A word without quotes: a keyword or a name.
    Word,
    /// A name in `"…"`, `[…]` or backquotes.
    Quoted,
    /// `'…'`.
    Text,
    /// A number, a blob, a parameter.
    Literal,
    /// Anything else: one operator or punctuation character.
    Mark,
}

/// One token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text, with quotes.
    pub text: &'a str,
    /// Its first byte in the source.
    pub start: usize,
}

impl Token<'_> {
    /// It is this keyword, in any case.
    pub fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// It is this punctuation.
    pub fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    /// The name it stands for, without quotes. SQLite takes `'text'` for a name where only a name can stand.
    pub fn name(&self) -> String {
        let inner = |quote: &str| {
            let body = &self.text[1..self.text.len().max(2) - 1];
            body.replace(&quote.repeat(2), quote)
        };
        match self.text.as_bytes().first() {
            Some(b'"') => inner("\""),
            Some(b'`') => inner("`"),
            Some(b'\'') => inner("'"),
            Some(b'[') => self.text[1..].strip_suffix(']').unwrap_or(&self.text[1..]).to_string(),
            _ => self.text.to_string(),
        }
    }

    /// The byte after its last.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The tokens of `sql`, without white space and comments.
pub fn tokens(sql: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        let (kind, length) = measure(rest);
        if let Some(kind) = kind {
            out.push(Token { kind, text: &rest[..length], start: at });
        }
        at += length;
    }
    out
}

/// Kind (none for white space and comments) and length of what `rest`, which is not empty, begins with.
fn measure(rest: &str) -> (Option<Kind>, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        _ if first.is_whitespace() => (None, first.len_utf8()),
        '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (None, rest[2..].find("*/").map_or(rest.len(), |at| at + 4)),
        '\'' => (Some(Kind::Text), quoted(rest, b'\'')),
        '"' => (Some(Kind::Quoted), quoted(rest, b'"')),
        '`' => (Some(Kind::Quoted), quoted(rest, b'`')),
        '[' => (Some(Kind::Quoted), rest.find(']').map_or(rest.len(), |at| at + 1)),
        'x' | 'X' if rest[1..].starts_with('\'') => (Some(Kind::Literal), 1 + quoted(&rest[1..], b'\'')),
        '0'..='9' => (Some(Kind::Literal), number(rest)),
        '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (Some(Kind::Literal), number(rest)),
        _ if is_word(first) => (Some(Kind::Word), rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
        _ => (Some(Kind::Mark), first.len_utf8()),
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

fn quoted(text: &str, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    text.len()
}

fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let exponent = matches!(bytes[at], b'+' | b'-') && at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
        if bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'.' | b'_') || (exponent && !hexadecimal) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// Whether `sql` mentions a name, quoted or not, in any case.
pub fn mentions(sql: &str, name: &str) -> bool {
    tokens(sql).iter().any(|token| match token.kind {
        Kind::Word => token.text.eq_ignore_ascii_case(name),
        Kind::Quoted | Kind::Text => token.name().eq_ignore_ascii_case(name),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_numbers() {
        let sql = "a[b c]\"d\"\"e\"`f` 'g''h' x'00' -1.5e-3 /* i */ -- j\n.5,0x1F+2 größe";
        let texts: Vec<_> = tokens(sql).iter().map(|token| token.text).collect();
        let expected =
            ["a", "[b c]", "\"d\"\"e\"", "`f`", "'g''h'", "x'00'", "-", "1.5e-3", ".5", ",", "0x1F", "+", "2", "größe"];
        assert_eq!(texts, expected);
        let names: Vec<_> = tokens(sql)[..5].iter().map(Token::name).collect();
        assert_eq!(names, ["a", "b c", "d\"e", "f", "g'h"]);
        for open in ["'", "\"", "[", "`", "/*", "'a''"] {
            assert!(tokens(open).len() <= 1, "{open}");
            tokens(open).iter().for_each(|token| assert!(token.name().len() < 4));
        }
    }

    #[test]
    fn names_are_found_whatever_their_quotes() {
        assert!(mentions("SELECT [Album].* FROM x", "album"));
        assert!(!mentions("SELECT albums -- album", "album"));
    }
}
