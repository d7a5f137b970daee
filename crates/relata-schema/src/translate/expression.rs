//! Expressions in the target: a tokenizer, and a list of words that mean the same everywhere.
//!
//! Invariant: an expression is carried over only if every token is understood; the error names the first that is not.

use crate::dialect::Dialect;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A string literal, unescaped.
    Text(String),
    /// A quoted identifier, unescaped.
    Quoted(String),
    /// A word or number.
    Word(String),
    /// An operator or punctuation.
    Symbol(String),
}

impl Token {
    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self, Token::Symbol(own) if own == symbol)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(own) if own.eq_ignore_ascii_case(word))
    }
}

/// The expression in another dialect; `columns` are the columns it may name.
///
/// # Errors
/// Why it cannot be carried over.
pub(super) fn translate(text: &str, from: Dialect, to: Dialect, columns: &[&str]) -> Result<String, String> {
    let tokens = tokens(text, from)?;
    let tokens = if from == Dialect::Postgres { without_any(&without_casts(&tokens)) } else { tokens };
    let mut out = Writer { to, text: String::new(), glue: true };
    let mut rest = tokens.as_slice();
    while let Some((token, tail)) = rest.split_first() {
        rest = tail;
        match token {
            Token::Text(text) => out.push(&to.literal(text)),
            Token::Quoted(name) => out.push(&column(name, to, columns)?),
            Token::Symbol(symbol) => out.symbol(symbol, from)?,
            Token::Word(word) if word.starts_with(|c: char| c.is_ascii_digit()) => out.push(word),
            Token::Word(word) if rest.first().is_some_and(|next| next.is_symbol("(")) && !is_keyword(word) => {
                rest = function(word, rest, to, &mut out)?;
            }
            Token::Word(word) if is_keyword(word) || is_clock(word) => out.push(&word.to_ascii_uppercase()),
            Token::Word(word) => out.push(&column(word, to, columns)?),
        }
    }
    Ok(out.text)
}

struct Writer {
    to: Dialect,
    text: String,
    /// The next token follows without a space.
    glue: bool,
}

impl Writer {
    fn push(&mut self, piece: &str) {
        if !self.glue {
            self.text.push(' ');
        }
        self.text.push_str(piece);
        self.glue = false;
    }

    fn symbol(&mut self, symbol: &str, from: Dialect) -> Result<(), String> {
        let concatenates = symbol == "||";
        if concatenates && (self.to == Dialect::Mysql || from == Dialect::Mysql) {
            return Err("|| means something else there".into());
        }
        match symbol {
            "(" => {
                self.push(symbol);
                self.glue = true;
            }
            ")" | "," => {
                self.glue = true;
                self.push(symbol);
            }
            "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%" | "||" => self.push(symbol),
            other => return Err(format!("the operator {other} is not known everywhere")),
        }
        Ok(())
    }
}

/// Writes a function call's head; gives the tokens after it.
fn function<'t>(word: &str, rest: &'t [Token], to: Dialect, out: &mut Writer) -> Result<&'t [Token], String> {
    let lower = word.to_ascii_lowercase();
    let empty = rest.get(1).is_some_and(|next| next.is_symbol(")"));
    let now = ["now", "current_timestamp", "localtimestamp", "transaction_timestamp"].contains(&lower.as_str());
    if now && empty {
        out.push("CURRENT_TIMESTAMP");
        return Ok(&rest[2..]);
    }
    if now && rest.get(2).is_some_and(|next| next.is_symbol(")")) {
        out.push("CURRENT_TIMESTAMP");
        return Ok(&rest[3..]);
    }
    if empty && ["curdate", "current_date"].contains(&lower.as_str()) {
        out.push("CURRENT_DATE");
        return Ok(&rest[2..]);
    }
    if empty && ["gen_random_uuid", "uuid", "uuid_generate_v4"].contains(&lower.as_str()) {
        out.push(match to {
            Dialect::Postgres => "gen_random_uuid()",
            Dialect::Mysql => "uuid()",
            Dialect::Sqlite => return Err("SQLite makes no UUIDs".into()),
        });
        return Ok(&rest[2..]);
    }
    let name = match (lower.as_str(), to) {
        ("length" | "char_length" | "character_length", Dialect::Sqlite | Dialect::Postgres) => "length",
        ("length" | "char_length" | "character_length", Dialect::Mysql) => "char_length",
        ("abs" | "coalesce" | "nullif" | "lower" | "upper" | "trim" | "round", _) => lower.as_str(),
        _ => return Err(format!("the function {word} is not known everywhere")),
    };
    out.push(name);
    out.glue = true;
    Ok(rest)
}

fn is_keyword(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "and", "between", "case", "else", "end", "false", "in", "is", "like", "not", "null", "or", "then", "true",
        "when",
    ];
    WORDS.contains(&word.to_ascii_lowercase().as_str())
}

/// Words that give the time without parentheses.
fn is_clock(word: &str) -> bool {
    ["current_date", "current_time", "current_timestamp"].iter().any(|clock| word.eq_ignore_ascii_case(clock))
}

fn column(name: &str, to: Dialect, columns: &[&str]) -> Result<String, String> {
    let known = columns.iter().find(|column| **column == name);
    let known = known.or_else(|| columns.iter().find(|column| column.eq_ignore_ascii_case(name)));
    known.map(|column| to.ident(column)).ok_or_else(|| format!("{name} is not known everywhere"))
}

fn tokens(text: &str, from: Dialect) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '\'' => quoted(rest, '\'', from == Dialect::Mysql).map(|(text, length)| (Token::Text(text), length))?,
            '"' | '`' => quoted(rest, first, false).map(|(text, length)| (Token::Quoted(text), length))?,
            '[' if from == Dialect::Sqlite => {
                let end = rest.find(']').ok_or("a [ has no ]")?;
                (Token::Quoted(rest[1..end].to_string()), end + 1)
            }
            c if c.is_alphanumeric() || c == '_' => {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
                (Token::Word(rest[..length].to_string()), length)
            }
            _ => {
                let two = ["::", "<>", "!=", "<=", ">=", "||", "->", "~~", "!~"];
                let length = two.iter().find(|two| rest.starts_with(**two)).map_or(first.len_utf8(), |two| two.len());
                (Token::Symbol(rest[..length].to_string()), length)
            }
        };
        // MySQL writes the character set before a literal: _utf8mb4'x'.
        if matches!(&token, Token::Text(_))
            && tokens.last().is_some_and(|last| matches!(last, Token::Word(word) if word.starts_with("_utf8")))
        {
            tokens.pop();
        }
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char, backslash: bool) -> Result<(String, usize), String> {
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                out.push(quote);
                continue;
            }
            return Ok((out, at + quote.len_utf8()));
        }
        if c == '\\' && backslash {
            let (_, escaped) = chars.next().ok_or("a literal has no end")?;
            out.push(match escaped {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                other => other,
            });
            continue;
        }
        out.push(c);
    }
    Err("a literal has no end".into())
}

/// PostgreSQL: without `::type`.
fn without_casts(tokens: &[Token]) -> Vec<Token> {
    const CONTINUED: &[&str] = &["varying", "precision", "without", "with", "time", "zone"];
    let mut out = Vec::new();
    let mut rest = tokens;
    while let Some((token, tail)) = rest.split_first() {
        rest = tail;
        if !token.is_symbol("::") {
            out.push(token.clone());
            continue;
        }
        rest = rest.get(1..).unwrap_or_default();
        loop {
            let more = match rest {
                [Token::Word(word), ..] if CONTINUED.contains(&word.as_str()) => 1,
                [Token::Symbol(dot), Token::Quoted(_) | Token::Word(_), ..] if dot == "." => 2,
                [open, Token::Word(_), close, ..] if open.is_symbol("(") && close.is_symbol(")") => 3,
                [open, Token::Word(_), comma, Token::Word(_), close, ..]
                    if open.is_symbol("(") && comma.is_symbol(",") && close.is_symbol(")") =>
                {
                    5
                }
                [open, close, ..] if open.is_symbol("[") && close.is_symbol("]") => 2,
                _ => break,
            };
            rest = &rest[more..];
        }
    }
    out
}

/// PostgreSQL: `= ANY (ARRAY[…])` is `IN (…)`.
fn without_any(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is_symbol("=") && tokens.get(at + 1).is_some_and(|next| next.is_word("any")) {
            let opened = tokens[at + 2..].iter().take_while(|token| token.is_symbol("(")).count();
            let array = at + 2 + opened;
            let items = tokens.get(array + 2..).unwrap_or_default();
            let is_array = tokens.get(array).is_some_and(|token| token.is_word("array"));
            if let (true, Some(length)) = (is_array, items.iter().position(|token| token.is_symbol("]"))) {
                out.extend([Token::Word("IN".into()), Token::Symbol("(".into())]);
                out.extend_from_slice(&items[..length]);
                out.push(Token::Symbol(")".into()));
                at = array + 2 + length + 1 + opened;
                continue;
            }
        }
        out.push(tokens[at].clone());
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_carried_over_or_refused_with_a_reason() {
        use Dialect::{Mysql, Postgres, Sqlite};
        for (from, to, text, expected) in [
            (
                Sqlite,
                Postgres,
                "length([Name]) >= 1 AND Name <> 'it''s'",
                Ok(r#"length("Name") >= 1 AND "Name" <> 'it''s'"#),
            ),
            (
                Postgres,
                Sqlite,
                "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
                Ok("((status) IN ('a', 'b'))"),
            ),
            (Postgres, Mysql, "(char_length((status)::character varying(10)) > 0)", Ok("(char_length((status)) > 0)")),
            (Mysql, Postgres, r"`status` in (_utf8mb4'a\'b','c')", Ok("status IN ('a''b', 'c')")),
            (Mysql, Sqlite, "current_timestamp(6)", Ok("CURRENT_TIMESTAMP")),
            (Postgres, Mysql, "'x'::text", Ok("'x'")),
            (Postgres, Sqlite, "now()", Ok("CURRENT_TIMESTAMP")),
            (Postgres, Mysql, "gen_random_uuid()", Ok("uuid()")),
            (Postgres, Sqlite, "status ~ '^a'", Err("the operator ~ is not known everywhere")),
            (Postgres, Sqlite, "my_function(status)", Err("the function my_function is not known everywhere")),
            (Sqlite, Mysql, "status || 'x'", Err("|| means something else there")),
            (Sqlite, Postgres, "other > 1", Err("other is not known everywhere")),
        ] {
            let result = translate(text, from, to, &["Name", "status"]);
            assert_eq!(result.as_deref().map_err(String::as_str), expected, "{text}");
        }
    }
}
