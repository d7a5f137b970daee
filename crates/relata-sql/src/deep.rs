//! JSON that nests deeper than it can be read: `serde_json` ends at 127 levels, and a `Value` of many thousand overflows the stack
//! when it is dropped.
//!
//! Nothing is written that cannot be read: such a value is refused before it is sent, on each database with the same words. What
//! another program has written is an error of reading that says how to get at it.

use crate::error::{Error, Kind};
use crate::expr::Expr;
use crate::value::Value;

/// So many levels of JSON are read.
pub const LEVELS: usize = 127;

/// What a Rust type of JSON expects, in the words of [`crate::cell::Mismatch`].
pub const EXPECTED: &str = "JSON of at most 127 levels";

/// How deep this value nests, when that is deeper than it could be read.
#[inline]
pub fn too_deep(value: &Value) -> Option<usize> {
    match value {
        Value::Json(text) => deeper(text, 0),
        Value::Array(values) => values.iter().find_map(too_deep),
        _ => None,
    }
}

/// How deep the values nest that a column is given by this expression, when that is deeper than they could be read.
pub fn too_deep_within(expr: &Expr) -> Option<usize> {
    let mut pending = vec![expr];
    while let Some(expr) = pending.pop() {
        let found = match expr {
            Expr::Value(value) | Expr::Literal(value, _) => too_deep(value),
            Expr::JsonChanged(_, steps, Some(Value::Json(text))) => deeper(text, steps.len()),
            Expr::Raw(_, values) => values.iter().find_map(too_deep),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        expr.parts(&mut |part| pending.push(part));
    }
    None
}

#[inline]
fn deeper(text: &str, outside: usize) -> Option<usize> {
    // Each level opens and closes.
    if text.len() / 2 + outside <= LEVELS {
        return None;
    }
    Some(levels(text) + outside).filter(|levels| *levels > LEVELS)
}

/// How many arrays and objects stand within each other in a text of JSON.
pub fn levels(text: &str) -> usize {
    let (mut depth, mut deepest, mut within_text, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within_text => escaped = true,
            b'"' => within_text = !within_text,
            _ if within_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The refusal to write it: `place` is a column with its table, or which parameter.
pub fn refused(place: &str, levels: usize) -> Error {
    let message = format!("{place} was given JSON of {levels} levels, of which at most {LEVELS} can be read back");
    Error::new(Kind::InvalidValue, message).hint("nest it less deep; or keep it as text, in a field of type String")
}

/// What is wrong with a text that is no JSON for `serde_json`.
pub fn unread(error: &serde_json::Error) -> Option<&'static str> {
    // It says so in words alone.
    let said = error.to_string();
    if said.starts_with("number out of range") {
        return Some("JSON without numbers beyond 1.8e308 (its text is read by `.cast::<String>()`)");
    }
    said.starts_with("recursion limit").then_some(EXPECTED)
}

/// The levels of a value that was not read because of them: `expected` is what its [`Mismatch`] says.
///
/// [`Mismatch`]: crate::cell::Mismatch
pub fn not_read(value: &Value, expected: &str) -> Option<usize> {
    match value {
        Value::Json(text) | Value::Text(text) if expected.contains(EXPECTED) => Some(levels(text)),
        Value::Array(values) => values.iter().find_map(|value| not_read(value, expected)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Cast, JsonStep};

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn levels_are_counted_outside_of_texts() {
        for (text, expected) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[1,{"b":[]}],"c":{}}"#, 4),
            (r#"["[[[[", "\"[[", "\\", {}]"#, 2),
            (r#"{"[\\\"{[":"{"}"#, 1),
        ] {
            assert_eq!(levels(text), expected, "{text}");
        }
    }

    #[test]
    fn the_border_is_that_of_the_reader() {
        for depth in [1, 126, 127, 128, 129, 5000] {
            let text = nested(depth);
            let read = text.parse::<serde_json::Value>();
            assert_eq!(too_deep(&Value::Json(text)), (depth > LEVELS).then_some(depth));
            match read {
                Ok(_) => assert!(depth <= LEVELS),
                Err(error) => assert!(depth > LEVELS && unread(&error) == Some(EXPECTED), "{error}"),
            }
        }
        assert_eq!(unread(&"[".parse::<serde_json::Value>().unwrap_err()), None);
        assert!(EXPECTED.contains(&LEVELS.to_string()));
    }

    #[test]
    fn values_within_expressions() {
        let json = |depth| Value::Json(nested(depth));
        let within = |expr: Expr| too_deep_within(&Expr::Not(Box::new(expr)));
        assert_eq!(within(Expr::Value(json(127))), None);
        assert_eq!(within(Expr::Literal(json(128), Cast::Json)), Some(128));
        assert_eq!(within(Expr::Value(Value::Array(vec![Value::Null, json(200)]))), Some(200));
        assert_eq!(within(Expr::Raw("", vec![json(130)])), Some(130));
        let put = |depth| {
            let steps = vec![JsonStep::Index(0), JsonStep::Index(1)];
            Expr::JsonChanged(Box::new(Expr::Value(Value::Null)), steps, Some(json(depth)))
        };
        assert_eq!((within(put(125)), within(put(126))), (None, Some(128)));
    }
}
