//! Rules on values as SQL: what the application checks, in words that each database checks alike.
//!
//! Invariants
//! - A rule and its CHECK give the same verdict on every value that the column can hold. Where a database cannot say a rule
//!   exactly, [`check`] is `None` and the application checks alone.
//! - NULL breaks no rule.
//!
//! Differences that are levelled here: collations of MariaDB take `a`, `A` and `a ` for one (compared as bytes instead);
//! regular expressions differ in `.`, `$`, `\w` and letter case ([`pattern`] writes them out); SQLite has none, so
//! that patterns become GLOBs where they can; PostgreSQL takes NaN for the largest number.

pub mod condition;
pub mod pattern;

use crate::declare::{Field, Rule};
use crate::dialect::Dialect;
use crate::types::Type;

/// Blanks and controls of ASCII, which stand in no URL.
const BLANKS: &str = r"\x01-\x20\x7f";

/// Letters of all scripts and whatever else is neither ASCII nor a control or a blank of Latin-1 (RFC 6531).
const BEYOND: &str = r"\x{a1}-\x{10ffff}";

/// What stands before the `@` of an address, as in HTML's `<input type="email">` and RFC 6531.
const LOCAL: &str = r"A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-\x{a1}-\x{10ffff}";

/// The opposite of [`LOCAL`], without the `@`.
const NOT_LOCAL: &str = r#"\x01-\x20"(),:;<>\[\\\]\x7f-\x{a0}"#;

/// What stands in no domain, however international.
const NOT_DOMAIN: &str = r"\x01-,/:-@\[-`{-\x{a0}";

/// What an address of electronic mail looks like: `name@example.com`, the form of HTML with a dot in the domain, in any
/// script (RFC 6531): `用户@例え.jp`.
pub fn email_pattern() -> String {
    let label = format!(r"[A-Za-z0-9{BEYOND}](?:[A-Za-z0-9\-{BEYOND}]*[A-Za-z0-9{BEYOND}])?");
    format!(r"^[{LOCAL}]{{1,64}}@(?:{label}\.)+{label}$")
}

/// What an absolute URL looks like: `https://example.com/a?b`.
pub fn url_pattern() -> String {
    format!(r"^[A-Za-z][A-Za-z0-9+.\-]*://[^{BLANKS}/][^{BLANKS}]*$")
}

/// The rule as SQL over `column` (quoted where it must be); `None`: the dialect cannot say it exactly.
pub fn check(dialect: Dialect, column: &str, field: &Field, rule: &Rule) -> Option<String> {
    Some(match rule {
        Rule::Length { min, max } => {
            let measure = format!("{}({column})", length_function(dialect, field.ty.as_ref()));
            if min.is_some() && min == max {
                return min.map(|exact| format!("{measure} = {exact}"));
            }
            let min = min.filter(|min| *min > 0).map(|min| min.to_string());
            bounds(&measure, min, max.map(|max| max.to_string()))
        }
        Rule::Range { min, max } => {
            let bound = |value: &String| range_bound(dialect, field.ty.as_ref(), value);
            let max = match (max, dialect, &field.ty) {
                // NaN is above all numbers there, and within no range here.
                (None, Dialect::Postgres, Some(Type::Float32 | Type::Float64)) => Some("'Infinity'".to_string()),
                (max, ..) => max.as_ref().map(bound),
            };
            bounds(column, min.as_ref().map(bound), max)
        }
        Rule::OneOf(values) => {
            let values: Vec<String> = values.iter().map(|value| literal(dialect, field.ty.as_ref(), value)).collect();
            let column = if is_text(field) { exact(dialect, column) } else { column.to_string() };
            format!("{column} IN ({})", values.join(", "))
        }
        Rule::Pattern(pattern) => return matches(dialect, column, pattern),
        Rule::Email => match dialect {
            Dialect::Sqlite => sqlite_email(column)?,
            _ => return matches(dialect, column, &email_pattern()),
        },
        Rule::Url => match dialect {
            Dialect::Sqlite => sqlite_url(column)?,
            _ => return matches(dialect, column, &url_pattern()),
        },
        Rule::Custom(_) | Rule::JsonSchema(_) => return None,
        Rule::Sql(sql) => sql.clone(),
    })
}

/// Text compared byte by byte.
pub(crate) fn exact(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::Mysql => format!("cast({column} as binary)"),
        Dialect::Sqlite | Dialect::Postgres => column.to_string(),
    }
}

/// Whether the field holds text, as far as its Rust type tells.
pub(crate) fn is_text(field: &Field) -> bool {
    matches!(field.ty, Some(Type::Text | Type::VarChar(_) | Type::Char(_)))
}

fn matches(dialect: Dialect, column: &str, text: &str) -> Option<String> {
    let parsed = pattern::parse(text).ok()?;
    match dialect {
        Dialect::Postgres => Some(format!("{column} ~ {}", dialect.literal(&parsed.postgres()?))),
        Dialect::Mysql => Some(format!("{column} REGEXP {}", dialect.literal(&parsed.mysql()))),
        Dialect::Sqlite => parsed.sqlite(column),
    }
}

/// The parts of an address are found by the first `@`, as neither part may hold another.
fn sqlite_email(column: &str) -> Option<String> {
    let at = format!("instr({column}, '@')");
    let domain = format!("substr({column}, {at} + 1)");
    let [not_local, not_domain] = [NOT_LOCAL, NOT_DOMAIN].map(|set| pattern::glob_class(&format!("[{set}]")));
    let dotted = format!("'.' || {domain} || '.'");
    Some(format!(
        "{at} >= 2 AND {at} <= 65 AND substr({column}, 1, {at} - 1) NOT GLOB {} AND {domain} NOT GLOB {} AND \
         {domain} GLOB '*.*' AND {dotted} NOT GLOB '*[.-].*' AND {dotted} NOT GLOB '*.-*'",
        pattern::sqlite_text(&format!("*{}*", not_local?)),
        pattern::sqlite_text(&format!("*{}*", not_domain?)),
    ))
}

fn sqlite_url(column: &str) -> Option<String> {
    let at = format!("instr({column}, '://')");
    let rest = format!("substr({column}, {at} + 3)");
    let blanks = pattern::glob_class(&format!("[{BLANKS}]"))?;
    Some(format!(
        "{at} >= 2 AND {column} GLOB '[A-Za-z]*' AND substr({column}, 1, {at} - 1) NOT GLOB '*[^A-Za-z0-9+.-]*' AND \
         {rest} <> '' AND {rest} NOT GLOB '/*' AND {rest} NOT GLOB {}",
        pattern::sqlite_text(&format!("*{blanks}*")),
    ))
}

fn bounds(measure: &str, min: Option<String>, max: Option<String>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{measure} >= {min} AND {measure} <= {max}"),
        (Some(min), None) => format!("{measure} >= {min}"),
        (None, Some(max)) => format!("{measure} <= {max}"),
        (None, None) => format!("{measure} >= 0"),
    }
}

pub(crate) fn length_function(dialect: Dialect, ty: Option<&Type>) -> &'static str {
    match (dialect, ty) {
        (Dialect::Postgres | Dialect::Mysql, Some(Type::Bytes(_))) => "octet_length",
        (Dialect::Postgres, Some(Type::Array(_))) => "cardinality",
        (Dialect::Sqlite, _) => "length",
        (Dialect::Postgres | Dialect::Mysql, _) => "char_length",
    }
}

/// A bound in the spelling that the database keeps such values in.
fn range_bound(dialect: Dialect, ty: Option<&Type>, value: &str) -> String {
    match (dialect, ty) {
        (Dialect::Sqlite | Dialect::Mysql, Some(Type::Timestamp(_) | Type::DateTime(_))) => {
            let plain = value.strip_suffix('Z').unwrap_or(value).replacen('T', " ", 1);
            let plain = if plain.len() == "2024-01-01".len() { format!("{plain} 00:00:00") } else { plain };
            dialect.literal(&plain)
        }
        _ => literal(dialect, ty, value),
    }
}

/// Numbers as they are where the column is a number, everything else in quotation marks.
pub(crate) fn literal(dialect: Dialect, ty: Option<&Type>, value: &str) -> String {
    let number = matches!(
        ty,
        Some(Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64 | Type::Decimal(_) | Type::Year)
    );
    if number && value.parse::<f64>().is_ok() { value.to_string() } else { dialect.literal(value) }
}
