//! Values of each type, as SQL.

use relata_schema::{Dialect, Type};

/// Which value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// At the edges of the type, another in each row.
    Edge,
    /// An ordinary one that many types and checks take; larger in later columns, as an end comes after its beginning.
    Plain,
    /// Another one in each row.
    Distinct,
}

/// The value of a type in the row; `None` where none is known.
pub(super) fn value(dialect: Dialect, ty: &Type, row: usize, position: usize, style: Style) -> Option<String> {
    let text = |text: &str| Some(dialect.literal(text));
    let number = number(ty, row, position, style);
    match ty {
        Type::Bool if style == Style::Distinct && row > 1 => None,
        Type::Bool => Some(if row.is_multiple_of(2) { "TRUE" } else { "FALSE" }.to_string()),
        Type::Int(_) | Type::UInt(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 => Some(number),
        Type::Money => text(&number),
        Type::Text | Type::Any => text(&words(row, None, style)),
        Type::VarChar(length) | Type::Char(length) => text(&words(row, Some(*length), style)),
        Type::Bytes(_) => Some(bytes(dialect, row, style)),
        Type::Uuid => text(&format!("00000000-0000-4000-8000-{:012x}", row + 1)),
        Type::Date => text(&date(row, position, style)),
        Type::DateTime(_) => text(&format!("{} 12:30:45", date(row, position, style))),
        Type::Timestamp(_) if dialect == Dialect::Mysql => {
            text(&format!("2024-02-{:02} 12:30:45", row + position % 20 + 1))
        }
        Type::Timestamp(_) => text(&format!("{} 12:30:45", date(row, position, style))),
        Type::Time(_) => text(&format!("{:02}:30:45", (row + position) % 24)),
        Type::TimeTz(_) => text(&format!("{:02}:30:45+00", (row + position) % 24)),
        Type::Interval => text(&format!("{} days", row + 1)),
        Type::Year => Some((2000 + row).to_string()),
        Type::Json | Type::JsonText => text(JSON[row % JSON.len()]),
        Type::Enum(_, values) | Type::Set(values) => {
            let fits = style != Style::Distinct || row < values.len();
            values.get(row % values.len().max(1)).filter(|_| fits).and_then(|value| text(value))
        }
        Type::Array(_) if style == Style::Edge => text("{}"),
        Type::Array(element) => text(&format!("{{{}}}", element_text(element, row)?)),
        Type::Range(word) if style == Style::Edge => text(if word.ends_with("multirange") { "{}" } else { "empty" }),
        Type::Range(word) => range(word, row).and_then(|range| text(&range)),
        Type::Inet => text(&format!("192.0.2.{}", row + 1)),
        Type::Cidr => text(&format!("192.0.{}.0/24", row + 1)),
        Type::MacAddr => text(&format!("02:00:00:00:00:{:02x}", row + 1)),
        Type::Bit(length, _) => {
            let (width, bits) = (length.unwrap_or(1) as usize, format!("{row:b}"));
            Some(format!("B'{:0>width$}'", &bits[bits.len().saturating_sub(width)..]))
        }
        Type::Xml => text(&format!("<a>{row}</a>")),
        Type::TsVector | Type::TsQuery => text(&format!("word{row}")),
        Type::Geometry(_) if dialect == Dialect::Mysql => Some(geometry(ty, row)),
        Type::Native(name) => native(name, row).and_then(|value| text(&value)),
        _ => None,
    }
}

/// An element of an array, as it stands inside of it.
fn element_text(element: &Type, row: usize) -> Option<String> {
    let value = value(Dialect::Postgres, element, row, 0, Style::Distinct)?;
    match value.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(text) if text.contains([',', '{', '}', '"', '\\', '\'']) => None,
        Some(text) => Some(text.to_string()),
        None => Some(value),
    }
}

/// A range with something in it, apart from that of any other row.
fn range(word: &str, row: usize) -> Option<String> {
    let (low, high) = (2 * row + 1, 2 * row + 2);
    let inside = match word.trim_end_matches("multirange").trim_end_matches("range") {
        "int4" | "int8" | "num" => format!("[{low},{high})"),
        "date" | "ts" | "tstz" => format!("[2024-02-{low:02},2024-02-{high:02})"),
        _ => return None,
    };
    Some(if word.ends_with("multirange") { format!("{{{inside}}}") } else { inside })
}

/// A shape of MariaDB's kinds, at another place in each row.
fn geometry(ty: &Type, row: usize) -> String {
    let Type::Geometry(words) = ty else { return "NULL".into() };
    let kind = words.as_deref().unwrap_or_default().split(',').next().unwrap_or_default().to_ascii_uppercase();
    let at = row + 1;
    let (line, ring) = (format!("({at} 1, 2 {at})"), format!("(({at} 0, {at} 9, 19 9, {at} 0))"));
    let text = match kind.as_str() {
        "LINESTRING" => format!("LINESTRING{line}"),
        "POLYGON" => format!("POLYGON{ring}"),
        "MULTIPOINT" => format!("MULTIPOINT({at} 1)"),
        "MULTILINESTRING" => format!("MULTILINESTRING({line})"),
        "MULTIPOLYGON" => format!("MULTIPOLYGON({ring})"),
        "GEOMETRYCOLLECTION" | "GEOMCOLLECTION" => format!("GEOMETRYCOLLECTION(POINT({at} 1))"),
        _ => format!("POINT({at} 1)"),
    };
    format!("ST_GeomFromText('{text}')")
}

/// A value of a type that only its own database has.
fn native(name: &str, row: usize) -> Option<String> {
    let at = row + 1;
    Some(match name.split('(').next().unwrap_or_default().rsplit('.').next().unwrap_or_default() {
        "point" => format!("({at},1)"),
        "box" | "lseg" | "path" => format!("(({at},1),(9,9))"),
        "polygon" => format!("(({at},1),(9,9),(1,9))"),
        "line" => format!("{{{at},1,1}}"),
        "circle" => format!("<({at},1),2>"),
        "oid" | "xid" | "xid8" | "cid" => at.to_string(),
        "pg_lsn" => format!("0/{at}"),
        "pg_snapshot" | "txid_snapshot" => format!("{at}:{at}:"),
        "macaddr8" => format!("02:00:00:00:00:00:00:{at:02x}"),
        "hstore" => format!("a=>{at}"),
        "jsonpath" => format!("$.a{at}"),
        "cube" | "seg" => at.to_string(),
        "\"char\"" | "char" => char::from(b'a' + u8::try_from(row % 26).unwrap_or(0)).to_string(),
        "regclass" | "regproc" | "regprocedure" | "regtype" | "regrole" | "regnamespace" => return None,
        "inet4" => format!("192.0.2.{at}"),
        "inet6" => format!("2001:db8::{at}"),
        _ => format!("v{at}"),
    })
}

const JSON: [&str; 4] = ["{}", "[1, null, \"ü\"]", "{\"a\": {\"b\": true}}", "\"text\""];

/// Empty, beyond ASCII, with quotes; as long as the type allows.
fn words(row: usize, length: Option<u32>, style: Style) -> String {
    let text = match (style, row) {
        (Style::Distinct, row) => format!("v{}", row + 1),
        (Style::Plain, row) => (row + 1).to_string(),
        (Style::Edge, 0) => "relata".to_string(),
        (Style::Edge, 2) => String::new(),
        (Style::Edge, _) => "Grüße 漢字 🦀 it's \"quoted\"".repeat(4),
    };
    let most = length.map_or(usize::MAX, |length| length as usize);
    match style {
        // What tells rows apart stands at the end.
        Style::Distinct => text.chars().skip(text.chars().count().saturating_sub(most)).collect(),
        _ => text.chars().take(most).collect(),
    }
}

fn number(ty: &Type, row: usize, position: usize, style: Style) -> String {
    if style == Style::Distinct {
        return (row + 1).to_string();
    }
    if style == Style::Plain || row < 2 {
        return (row + position + 1).to_string();
    }
    let low = row == 2;
    match ty {
        Type::Int(size) => {
            let top = 1_i128 << (8 * u32::from(*size) - 1);
            if low { (-top).to_string() } else { (top - 1).to_string() }
        }
        Type::UInt(size) => {
            let top = 1_i128 << (8 * u32::from(*size));
            if low { "0".to_string() } else { (top - 1).to_string() }
        }
        Type::Decimal(Some((precision, scale))) => {
            let scale = usize::try_from(*scale).unwrap_or(0);
            let whole = usize::from(*precision).saturating_sub(scale);
            let whole = if whole == 0 { "0".to_string() } else { "9".repeat(whole.min(15)) };
            let point = if scale == 0 { String::new() } else { format!(".{}", "9".repeat(scale)) };
            format!("{}{whole}{point}", if low { "-" } else { "" })
        }
        _ => if low { "-1.5" } else { "1048576.25" }.to_string(),
    }
}

fn date(row: usize, position: usize, style: Style) -> String {
    match (style, row) {
        (Style::Edge, 2) => "1000-01-01".to_string(),
        (Style::Edge, 3) => "9999-12-30".to_string(),
        _ => format!("2024-02-{:02}", 1 + (row + position) % 28),
    }
}

fn bytes(dialect: Dialect, row: usize, style: Style) -> String {
    let digits = match (style, row) {
        (Style::Edge, 2) => String::new(),
        (Style::Edge, 3) => "00ff7f80".to_string(),
        _ => format!("{:02x}", row + 1),
    };
    match dialect {
        Dialect::Postgres => format!("'\\x{digits}'"),
        _ => format!("X'{digits}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_types() {
        for (ty, expected) in [
            (Type::Int(2), ["1", "2", "-32768", "32767"]),
            (Type::UInt(1), ["1", "2", "0", "255"]),
            (Type::Decimal(Some((5, 2))), ["1", "2", "-999.99", "999.99"]),
            (Type::VarChar(3), ["'rel'", "'Grü'", "''", "'Grü'"]),
            (Type::Date, ["'2024-02-01'", "'2024-02-02'", "'1000-01-01'", "'9999-12-30'"]),
        ] {
            let found: Vec<_> = (0..4).map(|row| value(Dialect::Postgres, &ty, row, 0, Style::Edge).unwrap()).collect();
            assert_eq!(found, expected, "{ty:?}");
        }
    }
}
