//! Expressions as the server writes them, in a spelling that it reads as the same expression.
//!
//! PostgreSQL writes `status IN ('a', 'b')` on a `varchar` as `(ARRAY['a'::character varying, …])::text[]`, and reads
//! that as an array whose elements are cast one by one: another expression, with another text. A cast of the array to
//! the type that its elements already have keeps the outer cast where it was, and leaves no trace itself.

use std::borrow::Cow;

/// The text, with arrays that are cast as a whole kept so.
pub fn expression(text: &str) -> Cow<'_, str> {
    const ARRAY: &str = "(ARRAY[";
    let mut out = String::new();
    let mut done = 0;
    for start in code_positions(text, ARRAY) {
        let open = start + ARRAY.len();
        if start < done {
            continue;
        }
        let Some(close) = closing_bracket(text, open) else { continue };
        let Some(element) = element_type(&text[open..close]).filter(|_| text[close..].starts_with("])::")) else {
            continue;
        };
        let array_end = close + 1;
        out.push_str(&text[done..start]);
        out.push_str(&format!("({}::{element}[])", &text[start + 1..array_end]));
        done = array_end + 1;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

/// Where `word` begins outside strings and quoted names.
fn code_positions(text: &str, word: &str) -> Vec<usize> {
    let starts = code(text).filter(|(at, _)| text[*at..].starts_with(word));
    starts.map(|(at, _)| at).collect()
}

/// The characters outside strings and quoted names, with their positions. The server writes strings with `''`, or as
/// `E'…'` with doubled backslashes, so a quote always ends what a quote began.
fn code(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut quote = None;
    text.char_indices().filter(move |(_, c)| match quote {
        Some(open) => {
            if *c == open {
                quote = None;
            }
            false
        }
        None if *c == '\'' || *c == '"' => {
            quote = Some(*c);
            false
        }
        None => true,
    })
}

/// The `]` that closes the array whose elements begin at `open`.
fn closing_bracket(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in code(&text[open..]) {
        match c {
            '(' | '[' => depth += 1,
            ']' if depth == 0 => return Some(open + at),
            ')' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// The type that every element is cast to, without its modifier; `None` if they are not all cast to one.
fn element_type(elements: &str) -> Option<&str> {
    let mut depth = 0usize;
    let mut begins = 0;
    let mut parts = Vec::new();
    for (at, c) in code(elements) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(&elements[begins..at]);
                begins = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&elements[begins..]);
    let mut types = parts.into_iter().map(cast_type);
    let first = types.next()??;
    types.all(|ty| ty == Some(first)).then_some(first)
}

/// The type of `value::type` or `value::type(n)`, where the cast is the outermost.
fn cast_type(element: &str) -> Option<&str> {
    let (at, _) = code(element).filter(|(at, _)| element[*at..].starts_with("::")).last()?;
    let ty = element[at + 2..].trim();
    let ty = ty.split_once('(').map_or(ty, |(name, _)| name).trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '"' | '$');
    (!ty.is_empty() && ty.chars().all(plain)).then_some(ty)
}

#[cfg(test)]
mod tests {
    use super::expression;

    #[test]
    fn arrays_that_are_cast_as_a_whole() {
        let cases = [
            ("(a = ANY (ARRAY[1, 2]))", "(a = ANY (ARRAY[1, 2]))"),
            ("(a = ANY (ARRAY['x'::text, 'y'::text]))", "(a = ANY (ARRAY['x'::text, 'y'::text]))"),
            (
                "((a)::text = ANY ((ARRAY['x'::character varying, 'y''s, ]'::character varying])::text[]))",
                "((a)::text = ANY ((ARRAY['x'::character varying, 'y''s, ]'::character varying]::character varying[])::text[]))",
            ),
            (
                "(ARRAY['x'::character varying(3)])::text[] || (ARRAY['(ARRAY['::bpchar])::text[]",
                "(ARRAY['x'::character varying(3)]::character varying[])::text[] || (ARRAY['(ARRAY['::bpchar]::bpchar[])::text[]",
            ),
            ("(ARRAY['x'::text, b])::character varying[]", "(ARRAY['x'::text, b])::character varying[]"),
            ("('(ARRAY[''x''::character varying])::text[]')", "('(ARRAY[''x''::character varying])::text[]')"),
        ];
        for (written, wanted) in cases {
            assert_eq!(expression(written), wanted);
        }
    }
}
