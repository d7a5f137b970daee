//! Declared rules (`#[check(len(1..=80))]`), checked before a value is sent.
//!
//! The database checks what it can express once more; this gives the better message, and on every database the same.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use regex_lite::Regex;
use relata_sql::meta::{ColumnMeta, RuleMeta, TableMeta};
use relata_sql::{Error, Kind, Result, Value};

/// Checks a new value of a column.
pub(crate) fn check(table: &'static TableMeta, column: &'static ColumnMeta, value: &Value) -> Result<()> {
    for rule in column.rules {
        if let Some(wanted) = broken(rule, value) {
            let message = format!("{}.{} {wanted}", table.entity, column.field);
            return Err(Error::new(Kind::Validation, message).table(table.table).column(column.column).with_details(
                |details| {
                    details.entity = Some(table.entity.to_string());
                    details.field = Some(column.field.to_string());
                },
            ));
        }
    }
    Ok(())
}

/// What the value should be, if it breaks the rule. NULL breaks none.
fn broken(rule: &RuleMeta, value: &Value) -> Option<String> {
    if *value == Value::Null {
        return None;
    }
    match (rule, value) {
        (RuleMeta::Length(min, max), Value::Text(text)) => {
            length(text.chars().count() as u64, *min, *max, "characters")
        }
        (RuleMeta::Length(min, max), Value::Bytes(bytes)) => length(bytes.len() as u64, *min, *max, "bytes"),
        (RuleMeta::Range(min, max), value) => range(value, *min, *max),
        (RuleMeta::Pattern(pattern), Value::Text(text)) => {
            let wanted = || format!("must match the pattern {pattern}");
            match compiled(pattern) {
                Ok(regex) => (!regex.is_match(text)).then(wanted),
                Err(error) => Some(format!("has a pattern that is no regular expression: {error}")),
            }
        }
        (RuleMeta::OneOf(texts), Value::Text(text)) => {
            (!texts.contains(&text.as_str())).then(|| format!("must be one of {}", texts.join(", ")))
        }
        (RuleMeta::Email, Value::Text(text)) => {
            (!is_email(text)).then(|| "must be an address like name@example.com".to_string())
        }
        (RuleMeta::Url, Value::Text(text)) => {
            (!is_url(text)).then(|| "must be a URL like https://example.com".to_string())
        }
        _ => None,
    }
}

fn length(length: u64, min: Option<u64>, max: Option<u64>, unit: &str) -> Option<String> {
    let fits = min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max);
    let wanted = match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => return None,
    };
    (!fits).then(|| format!("must have {wanted} {unit}, not {length}"))
}

fn range(value: &Value, min: Option<&str>, max: Option<&str>) -> Option<String> {
    let below = min.is_some_and(|min| less(value, min));
    let above = max.is_some_and(|max| greater(value, max));
    if !below && !above {
        return None;
    }
    Some(match (min, max) {
        (Some(min), Some(max)) => format!("must be from {min} to {max}"),
        (Some(min), None) => format!("must be at least {min}"),
        _ => format!("must be at most {}", max.unwrap_or_default()),
    })
}

fn compared(value: &Value, bound: &str) -> Option<std::cmp::Ordering> {
    let bound = bound.replace('_', "");
    match value {
        Value::Int(number) => match bound.parse::<i128>() {
            Ok(bound) => i128::from(*number).partial_cmp(&bound),
            Err(_) => (*number as f64).partial_cmp(&bound.parse().ok()?),
        },
        Value::UInt(number) => i128::from(*number).partial_cmp(&bound.parse().ok()?),
        Value::Float(number) => number.partial_cmp(&bound.parse().ok()?),
        Value::Decimal(number) => number.partial_cmp(&bound.parse().ok()?),
        Value::Date(date) => date.partial_cmp(&bound.parse().ok()?),
        Value::Timestamp(instant) => instant.partial_cmp(&bound.parse().ok()?),
        _ => None,
    }
}

fn less(value: &Value, bound: &str) -> bool {
    compared(value, bound) == Some(std::cmp::Ordering::Less)
}

fn greater(value: &Value, bound: &str) -> bool {
    compared(value, bound) == Some(std::cmp::Ordering::Greater)
}

fn compiled(pattern: &'static str) -> std::result::Result<Regex, regex_lite::Error> {
    static COMPILED: OnceLock<Mutex<HashMap<&'static str, Regex>>> = OnceLock::new();
    let mut known = COMPILED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(pattern) {
        return Ok(regex.clone());
    }
    let regex = Regex::new(pattern)?;
    known.insert(pattern, regex.clone());
    Ok(regex)
}

fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    plain(name)
        && !name.contains('@')
        && plain(domain)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && !rest.is_empty()
        && !rest.starts_with('/')
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_say_what_they_want() {
        let text = |text: &str| Value::Text(text.into());
        for (rule, value, expected) in [
            (RuleMeta::Length(Some(1), Some(3)), text("äöü"), None),
            (RuleMeta::Length(Some(1), Some(3)), text(""), Some("must have 1 to 3 characters, not 0")),
            (RuleMeta::Length(None, Some(1)), Value::Bytes(vec![1, 2]), Some("must have at most 1 bytes, not 2")),
            (RuleMeta::Range(Some("0"), None), Value::Int(-1), Some("must be at least 0")),
            (RuleMeta::Range(Some("0"), Some("1_000")), Value::Int(1000), None),
            (RuleMeta::Range(None, Some("0.5")), Value::Float(0.6), Some("must be at most 0.5")),
            (RuleMeta::Pattern("^[a-z]+$"), text("abc"), None),
            (RuleMeta::Pattern("^[a-z]+$"), text("a1"), Some("must match the pattern ^[a-z]+$")),
            (RuleMeta::OneOf(&["a", "b"]), text("c"), Some("must be one of a, b")),
            (RuleMeta::Email, text("ann@example.com"), None),
            (RuleMeta::Email, text("ann@example"), Some("must be an address like name@example.com")),
            (RuleMeta::Url, text("https://example.com/a?b"), None),
            (RuleMeta::Url, text("javascript:alert(1)"), Some("must be a URL like https://example.com")),
            (RuleMeta::Email, Value::Null, None),
        ] {
            assert_eq!(broken(&rule, &value).as_deref(), expected, "{rule:?} {value:?}");
        }
    }
}
