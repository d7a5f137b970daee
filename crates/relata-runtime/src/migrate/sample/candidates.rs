//! Values that a column may take when the first ones are refused: what its checks, its domain and the bound of its
//! partition speak of, and what people write checks for.

use relata_schema::{Dialect, Type};

use super::values::{Style, value};

/// Texts that patterns are written for.
const SHAPES: [&str; 12] = [
    "a@example.org",
    "abc",
    "ABC",
    "Ab1-cd",
    "12345",
    "AA",
    "de",
    "https://example.org/a",
    "+4930123456",
    "2024-02-01",
    "{}",
    "0f",
];

/// Longer ones are made for no check.
const LONGEST: usize = 4000;

/// What is known about a column.
pub(super) struct About<'a> {
    pub(super) dialect: Dialect,
    /// The type below its domain.
    pub(super) ty: &'a Type,
    /// Expressions that speak of it.
    pub(super) texts: &'a [&'a str],
    /// Each row needs another value.
    pub(super) distinct: bool,
    /// It may be NULL.
    pub(super) nullable: bool,
    /// Its default can be asked for.
    pub(super) default: bool,
}

/// The candidates for a row, the ordinary value first.
pub(super) fn candidates(about: &About<'_>, row: usize, position: usize) -> Vec<String> {
    let style = if about.distinct { Style::Distinct } else { Style::Plain };
    let mut found: Vec<String> = value(about.dialect, about.ty, row, position, style).into_iter().collect();
    let literals: Vec<String> = about.texts.iter().flat_map(|text| literals(text)).collect();
    match about.ty {
        Type::Int(_) | Type::UInt(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 | Type::Money | Type::Year => {
            let numbers = literals.iter().filter_map(|literal| literal.parse::<i64>().ok());
            let near = numbers.chain([0]).flat_map(|number| [number, number + 1, number - 1]);
            found.extend(near.map(|number| {
                if about.distinct { number + i64::try_from(row).unwrap_or(0) } else { number }.to_string()
            }));
        }
        Type::Bytes(_) => {
            let lengths = literals.iter().filter_map(|literal| literal.parse::<usize>().ok());
            let near = lengths.flat_map(|length| [length, length + 1, length.saturating_sub(1)]);
            found.extend(near.filter(|length| *length <= LONGEST).map(|length| bytes(about.dialect, row, length)));
        }
        Type::Bool => found.extend(["TRUE", "FALSE"].map(String::from)),
        Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Any | Type::Native(_) => {
            let texts = literals.iter().filter(|literal| literal.starts_with('\''));
            found.extend(texts.filter(|_| !about.distinct || row == 0).cloned());
            let lengths = literals.iter().filter_map(|literal| literal.parse::<usize>().ok());
            let near = lengths.flat_map(|length| [length, length + 1, length.saturating_sub(1)]);
            found.extend(
                near.filter(|length| *length <= LONGEST).map(|length| about.dialect.literal(&long(row, length))),
            );
            let shape = |shape: &&str| if about.distinct { numbered(shape, row) } else { (*shape).to_string() };
            let most = most(about.ty);
            found.extend(
                most.filter(|most| *most <= 64).map(|most| about.dialect.literal(&format!("{:0most$}", row + 1))),
            );
            found.extend(SHAPES.iter().map(shape).map(|text| about.dialect.literal(&text)));
            found.push("''".into());
            // Quotes are no part of a value.
            found.retain(|text| most.is_none_or(|most| text.chars().count() <= most + 2));
        }
        _ => found.extend(literals.into_iter().filter(|literal| literal.starts_with('\''))),
    }
    found.extend(about.default.then(|| "DEFAULT".to_string()));
    found.extend(about.nullable.then(|| "NULL".to_string()));
    let mut once: Vec<String> = Vec::new();
    for candidate in found {
        if !once.contains(&candidate) {
            once.push(candidate);
        }
    }
    once
}

/// How many characters a text may have.
fn most(ty: &Type) -> Option<usize> {
    match ty {
        Type::VarChar(length) | Type::Char(length) => Some(*length as usize),
        _ => None,
    }
}

/// The text with its last letter or digit another one in each row.
fn numbered(shape: &str, row: usize) -> String {
    let Some(last) = shape.chars().last().filter(char::is_ascii_alphanumeric) else { return shape.to_string() };
    let step = u8::try_from(row % 8).unwrap_or(0);
    let changed = match last {
        '0'..='9' => char::from(b'0' + (last as u8 - b'0' + step) % 10),
        'a'..='z' => char::from(b'a' + (last as u8 - b'a' + step) % 6),
        other => char::from(b'A' + (other as u8 - b'A' + step) % 26),
    };
    format!("{}{changed}", &shape[..shape.len() - 1])
}

/// A text of so many characters, another one in each row.
fn long(row: usize, length: usize) -> String {
    let end = (row + 1).to_string();
    let text = format!("{}{end}", "a".repeat(length.saturating_sub(end.len())));
    text.chars().take(length).collect()
}

fn bytes(dialect: Dialect, row: usize, length: usize) -> String {
    let digits: String = (0..length).map(|at| format!("{:02x}", if at == 0 { (row + 1) % 256 } else { 0 })).collect();
    match dialect {
        Dialect::Postgres => format!("'\\x{digits}'"),
        Dialect::Sqlite | Dialect::Mysql => format!("X'{digits}'"),
    }
}

/// The texts and numbers that stand in an expression.
fn literals(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find(|c: char| c == '\'' || c.is_ascii_digit()) {
        let word = rest[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let tail = &rest[at..];
        if let Some(text) = tail.strip_prefix('\'') {
            let end = text.find('\'').unwrap_or(text.len());
            found.push(format!("'{}'", &text[..end]));
            rest = text.get(end + 1..).unwrap_or_default();
            continue;
        }
        let end = tail.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tail.len());
        if !word {
            found.extend(tail[..end].split('.').next().map(String::from));
        }
        rest = &tail[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_tell_what_they_take() {
        assert_eq!(literals("(status = ANY (ARRAY['new'::text, 'done'::text]))"), ["'new'", "'done'"]);
        assert_eq!(literals("((age >= 18) AND (x1 < 5.5))"), ["18", "5"]);
    }

    #[test]
    fn candidates_fit_the_type() {
        let check = |ty: &Type, text: &str, distinct: bool| {
            let texts = [text];
            let about =
                About { dialect: Dialect::Postgres, ty, texts: &texts, distinct, nullable: false, default: false };
            candidates(&about, 1, 0).into_iter().take(5).collect::<Vec<_>>()
        };
        assert_eq!(check(&Type::Int(4), "x BETWEEN 10 AND 20", false), ["2", "10", "11", "9", "20"]);
        assert_eq!(check(&Type::Text, "length(x) = 3", true)[..2], ["'v2'", "'aa2'"]);
        assert_eq!(check(&Type::Bytes(None), "octet_length(x) = 2", true)[1], "'\\x0200'");
        assert_eq!(numbered("a@example.org", 2), "a@example.orc");
    }
}
