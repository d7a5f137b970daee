//! Expressions, as far as their effect can be told from their text.

use super::{Extent, Token, TokenKind};
use crate::dialect::Dialect;

/// An expression.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expression {
    /// Where it stands.
    pub extent: Extent,
    /// What it is.
    pub form: ExpressionForm,
    /// The functions it calls, in lower case, without their schema, in order.
    pub calls: Vec<String>,
    /// The words it uses that are neither calls nor texts, folded like names: columns, keywords, numbers.
    pub words: Vec<String>,
}

/// What an expression is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpressionForm {
    /// `NULL`, also with a cast.
    Null,
    /// One literal, also with a sign or cast.
    Literal,
    /// Anything else.
    #[default]
    Other,
}

impl Expression {
    pub(super) fn read(dialect: Dialect, tokens: &[Token<'_>]) -> Self {
        let tokens = unwrap(tokens);
        let extent = match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => first.extent().through(last.extent()),
            _ => Extent::default(),
        };
        let mut expression = Expression { extent, form: form(tokens), ..Expression::default() };
        for (at, token) in tokens.iter().enumerate() {
            let name = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
            let called = tokens.get(at + 1).is_some_and(|next| next.is_mark("("));
            let typed = at > 0 && tokens[at - 1].is_mark(":");
            let exact = dialect == Dialect::Postgres && token.kind == TokenKind::Quoted;
            let folded = if exact { token.content() } else { token.content().to_lowercase() };
            match folded {
                word if name && called && !typed && !is_operator(&word) => expression.calls.push(word),
                word if name => expression.words.push(word),
                _ => {}
            }
        }
        expression
    }

    /// It says `column IS NOT NULL`, and nothing else.
    pub fn is_not_null_of(&self, column: &str) -> bool {
        self.calls.is_empty() && self.words == [column, "is", "not", "null"]
    }
}

fn is_operator(word: &str) -> bool {
    matches!(
        word,
        "and" | "or" | "not" | "in" | "any" | "all" | "some" | "exists" | "values" | "over" | "then" | "when"
    )
}

/// Without the parentheses around all of it.
fn unwrap<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(token.is_mark("(")) - i32::from(token.is_mark(")"));
        if depth == 0 {
            let all = at > 0 && at + 1 == tokens.len();
            return if all { unwrap(&tokens[1..at]) } else { tokens };
        }
    }
    tokens
}

fn form(tokens: &[Token<'_>]) -> ExpressionForm {
    let tokens = match tokens {
        [sign, rest @ ..] if sign.is_mark("-") || sign.is_mark("+") => rest,
        _ => tokens,
    };
    let [first, rest @ ..] = tokens else { return ExpressionForm::Other };
    let cast = |rest: &[Token<'_>]| match rest {
        [] => true,
        [a, b, ..] if a.is_mark(":") && b.is_mark(":") => !rest.iter().any(|token| "+-*/|".contains(token.text)),
        [point, fraction] => point.is_mark(".") && is_number(fraction),
        _ => false,
    };
    let literal =
        first.kind == TokenKind::Text || is_number(first) || ["true", "false"].iter().any(|word| first.is(word));
    match (first.is("null"), literal) {
        (true, _) if cast(rest) => ExpressionForm::Null,
        (_, true) if cast(rest) => ExpressionForm::Literal,
        _ => ExpressionForm::Other,
    }
}

fn is_number(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Word && token.text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::tokens;

    #[test]
    fn forms_and_calls() {
        let read = |text| Expression::read(Dialect::Postgres, &tokens(Dialect::Postgres, text, 0));
        for (text, form) in [
            ("NULL", ExpressionForm::Null),
            ("null::text", ExpressionForm::Null),
            ("'{}'::jsonb", ExpressionForm::Literal),
            ("(-1.5)", ExpressionForm::Literal),
            ("true", ExpressionForm::Literal),
            ("1 + 1", ExpressionForm::Other),
            ("now()", ExpressionForm::Other),
        ] {
            assert_eq!(read(text).form, form, "{text}");
        }
        let found = read("pg_catalog.lower(random()::varchar(3)) in (select 'f()')");
        assert_eq!(found.calls, ["lower", "random"]);
        assert!(read("(((a IS NOT NULL)))").is_not_null_of("a"));
        assert!(read("\"createdAt\" IS NOT NULL").is_not_null_of("createdAt"));
    }
}
