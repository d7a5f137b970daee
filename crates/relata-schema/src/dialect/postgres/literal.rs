//! Literals as the server spells them: `'x'::character varying`, `'-5'::integer`.

use crate::types::{ColumnType, Type};

/// A literal default of a column without the type that the server puts behind it, a number also without its quotation
/// marks. What is no literal comes back as it is, and so does one whose type changes its value on the way to the column's.
///
/// ```
/// use relata_schema::Dialect;
/// use relata_schema::dialect::postgres::literal::bare;
/// let small = Dialect::Postgres.reported("smallint");
/// assert_eq!(bare(&small, "'128'::smallint"), "128");
/// assert_eq!(bare(&small, "('-5'::integer)"), "-5");
/// assert_eq!(bare(&small, "now()"), "now()");
/// ```
pub fn bare<'t>(column: &ColumnType, text: &'t str) -> &'t str {
    let whole = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let Some((literal, ty)) = whole.rsplit_once("::").or_else(|| text.rsplit_once("::")) else { return text };
    if !is_type(ty) || !is_literal(literal) || !keeps(column, ty) {
        return text;
    }
    let bare = literal.trim_matches(['(', ')']);
    let inner = bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.filter(|inner| is_number(inner) && !is_textual(&column.logical)).unwrap_or(bare)
}

/// The unqualified name of the sequence in `nextval('name'::regclass)`.
///
/// ```
/// use relata_schema::dialect::postgres::literal::sequence_of;
/// assert_eq!(sequence_of("nextval('public.posts_id_seq'::regclass)"), Some("posts_id_seq"));
/// assert_eq!(sequence_of("1 + 1"), None);
/// ```
pub fn sequence_of(default: &str) -> Option<&str> {
    let name = default.strip_prefix("nextval('")?.split_once("'::regclass)")?.0;
    Some(name.rsplit('.').next().unwrap_or(name).trim_matches('"'))
}

/// A number that Rust would read back the same.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    all(whole) && all(fraction) && (whole == "0" || !whole.starts_with('0'))
}

/// Whether a value of that type is the same in the column.
fn keeps(column: &ColumnType, ty: &str) -> bool {
    let plain = |text: &str| match text.split_once('(') {
        Some((name, rest)) => format!("{name}{}", rest.split_once(')').map_or("", |(_, behind)| behind)),
        None => text.to_string(),
    };
    let exact = matches!(ty, "smallint" | "integer" | "bigint" | "numeric");
    let text = is_textual(&column.logical) && (ty == "text" || ty == "bpchar" || ty.starts_with("character"));
    exact || text || plain(ty) == plain(&column.physical) || matches!(column.logical, Type::Domain(_))
}

fn is_textual(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_))
}

fn is_type(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '(' | ')' | ',' | '"' | '.'))
}

fn is_literal(text: &str) -> bool {
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.is_some_and(|inner| !inner.replace("''", "").contains('\'')) || is_number(text.trim_matches(['(', ')']))
}

#[cfg(test)]
mod tests {
    use super::bare;
    use crate::dialect::Dialect;

    #[test]
    fn literals_are_the_same_in_every_spelling() {
        let check = |column: &str, text: &str, expected: &str| {
            assert_eq!(bare(&Dialect::Postgres.reported(column), text), expected, "{column} {text}");
        };
        check("bigint", "'0'::bigint", "0");
        check("bigint", "'-5'::integer", "-5");
        check("numeric(10,2)", "'99.9'::numeric", "99.9");
        check("double precision", "'99.9'::double precision", "99.9");
        check("double precision", "'0.1'::real", "'0.1'::real");
        check("character varying(10)", "'7'::character varying", "'7'");
        check("character varying(10)", "'x'::bpchar", "'x'");
        check("text", "'it''s'::text", "'it''s'");
        check("jsonb", "'{}'::jsonb", "'{}'");
        check("timestamp(3) without time zone", "'2000-01-01'::timestamp without time zone", "'2000-01-01'");
        check("text", "('a'::text || 'b'::text)", "('a'::text || 'b'::text)");
        check("integer", "nextval('a'::regclass)", "nextval('a'::regclass)");
        check("integer", "7", "7");
    }
}
