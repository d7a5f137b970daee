//! Binary forms that relata has no variant for, written in the server's own text spelling.
//!
//! `tokio-postgres` asks for every column in the binary format, so the text that the server would have sent is made
//! here. A type whose binary form is not known gives `None`; the error names the cast that helps.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use relata_sql::Value;
use tokio_postgres::types::{Kind, Type};

use super::decode::{Decoder, time};
use super::text;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn long(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    fn double(&mut self) -> Option<f64> {
        Some(f64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    /// A length and so many bytes; `Some(None)` is NULL.
    fn field(&mut self) -> Option<Option<&'a [u8]>> {
        let length = self.int()?;
        if length < 0 { Some(None) } else { self.take(length as usize).map(Some) }
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self.0.iter().position(|&byte| byte == 0)?;
        let word = std::str::from_utf8(self.take(end)?).ok()?;
        self.byte()?;
        Some(word)
    }
}

/// The text of a value of type `ty`.
pub(crate) fn text(ty: &Type, bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let utf8 = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_string);
    Some(match *ty {
        Type::CHAR => utf8(bytes.strip_suffix(&[0]).unwrap_or(bytes))?,
        Type::VOID => String::new(),
        Type::MONEY => money(reader.long()?),
        Type::TIMETZ => time_with_zone(&mut reader)?,
        Type::INET => address(&mut reader, false)?,
        Type::CIDR => address(&mut reader, true)?,
        Type::MACADDR | Type::MACADDR8 => hex(bytes, ":"),
        Type::BIT | Type::VARBIT => bits(&mut reader)?,
        Type::PG_LSN => {
            let value = reader.long()? as u64;
            format!("{:X}/{:X}", value >> 32, value & 0xFFFF_FFFF)
        }
        Type::TID => format!("({},{})", reader.int()? as u32, reader.short()?),
        Type::XID8 => (reader.long()? as u64).to_string(),
        Type::JSONPATH => utf8(bytes.strip_prefix(&[1])?)?,
        Type::POINT => points(&mut reader, 1, ("", ""))?,
        Type::LSEG => points(&mut reader, 2, ("[", "]"))?,
        Type::BOX => points(&mut reader, 2, ("", ""))?,
        Type::PATH => {
            let closed = reader.byte()? == 1;
            let count = reader.int()? as usize;
            points(&mut reader, count, if closed { ("(", ")") } else { ("[", "]") })?
        }
        Type::POLYGON => {
            let count = reader.int()? as usize;
            points(&mut reader, count, ("(", ")"))?
        }
        Type::LINE => format!("{{{},{},{}}}", reader.double()?, reader.double()?, reader.double()?),
        Type::CIRCLE => format!("<({},{}),{}>", reader.double()?, reader.double()?, reader.double()?),
        Type::TS_VECTOR => document(&mut reader)?,
        Type::TSQUERY => search(&mut reader)?,
        Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGPROCEDURE | Type::REGNAMESPACE | Type::REGROLE => {
            (reader.int()? as u32).to_string()
        }
        Type::RECORD => record(&mut reader, None)?,
        _ => match ty.kind() {
            Kind::Range(element) => range(&mut reader, element)?,
            Kind::Multirange(element) => multirange(&mut reader, element)?,
            Kind::Composite(fields) => {
                let types: Vec<Type> = fields.iter().map(|field| field.type_().clone()).collect();
                record(&mut reader, Some(&types))?
            }
            _ => return extension(ty, bytes),
        },
    })
}

/// Types of well-known extensions.
fn extension(ty: &Type, bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    match ty.name() {
        "ltree" | "lquery" | "ltxtquery" => std::str::from_utf8(bytes.strip_prefix(&[1])?).ok().map(str::to_string),
        "geometry" | "geography" => Some(hex(bytes, "").to_uppercase()),
        "hstore" => {
            let quote = |bytes: &[u8]| {
                let text = std::str::from_utf8(bytes).ok()?;
                Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
            };
            let mut pairs = Vec::new();
            for _ in 0..reader.int()? {
                let key = quote(reader.field()??)?;
                let value = reader.field()?.map_or(Some("NULL".to_string()), quote)?;
                pairs.push(format!("{key}=>{value}"));
            }
            Some(pairs.join(", "))
        }
        "vector" => {
            let dimensions = reader.short()?;
            reader.short()?;
            let mut items = Vec::new();
            for _ in 0..dimensions {
                items.push(f32::from_be_bytes(reader.take(4)?.try_into().ok()?).to_string());
            }
            Some(format!("[{}]", items.join(",")))
        }
        _ => None,
    }
}

fn money(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    let whole = (value / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}${grouped}.{:02}", value % 100)
}

fn time_with_zone(reader: &mut Reader<'_>) -> Option<String> {
    let microseconds = reader.long()?;
    let west = reader.int()?;
    let time = time(microseconds).map_or_else(|| "24:00:00".to_string(), |time| time.to_string());
    let (sign, offset) = if west > 0 { ('-', west) } else { ('+', -west) };
    let mut out = format!("{time}{sign}{:02}", offset / 3600);
    if offset % 3600 != 0 {
        let _ = write!(out, ":{:02}", offset / 60 % 60);
    }
    Some(out)
}

fn address(reader: &mut Reader<'_>, network: bool) -> Option<String> {
    let (family, bits, _is_cidr, length) = (reader.byte()?, reader.byte()?, reader.byte()?, reader.byte()?);
    let bytes = reader.take(length.into())?;
    let (text, whole) = if family == 2 {
        (Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string(), 32)
    } else {
        (Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string(), 128)
    };
    Some(if bits == whole && !network { text } else { format!("{text}/{bits}") })
}

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn bits(reader: &mut Reader<'_>) -> Option<String> {
    let count = reader.int()? as usize;
    let bytes = reader.take(count.div_ceil(8))?;
    Some((0..count).map(|bit| if bytes[bit / 8] >> (7 - bit % 8) & 1 == 1 { '1' } else { '0' }).collect())
}

fn points(reader: &mut Reader<'_>, count: usize, (open, close): (&str, &str)) -> Option<String> {
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(format!("({},{})", reader.double()?, reader.double()?));
    }
    Some(format!("{open}{}{close}", items.join(",")))
}

fn document(reader: &mut Reader<'_>) -> Option<String> {
    let mut words = Vec::new();
    for _ in 0..reader.int()? {
        let mut out = format!("'{}'", reader.word()?.replace('\\', "\\\\").replace('\'', "''"));
        for index in 0..reader.short()? {
            let position = reader.short()?;
            out.push(if index == 0 { ':' } else { ',' });
            let _ = write!(out, "{}", position & 0x3FFF);
            out.push_str(["", "C", "B", "A"][usize::from(position >> 14)]);
        }
        words.push(out);
    }
    Some(words.join(" "))
}

/// A node of a text-search query, in the order in which the server sends them: an operator before its operands, the right
/// one first.
enum Node {
    /// As it is written.
    Word(String),
    /// Its code, and how far apart the operands of a phrase are.
    Operator(u8, u16),
}

/// How tight an operator binds, by its code: not, and, or, phrase.
const BINDING: [u8; 5] = [0, 4, 2, 1, 3];

/// Deeper queries are refused rather than let the stack overflow.
const DEEPEST_SEARCH: usize = 500;

fn search(reader: &mut Reader<'_>) -> Option<String> {
    let mut nodes = Vec::new();
    for _ in 0..reader.int()? {
        nodes.push(match reader.byte()? {
            1 => {
                let (weights, prefix) = (reader.byte()?, reader.byte()? != 0);
                let word = reader.word()?.replace('\\', "\\\\").replace('\'', "''");
                let mut text = format!("'{word}'");
                if prefix || weights != 0 {
                    text.push(':');
                }
                text.push_str(if prefix { "*" } else { "" });
                text.extend(
                    [(8, 'A'), (4, 'B'), (2, 'C'), (1, 'D')]
                        .iter()
                        .filter(|(bit, _)| weights & bit != 0)
                        .map(|(_, c)| c),
                );
                Node::Word(text)
            }
            _ => match reader.byte()? {
                4 => Node::Operator(4, reader.short()?),
                code @ 1..=3 => Node::Operator(code, 0),
                _ => return None,
            },
        });
    }
    let mut nodes = nodes.into_iter();
    if nodes.len() == 0 { Some(String::new()) } else { operand(&mut nodes, 0, false, 0) }
}

/// `right_of_phrase`: a phrase there needs parentheses, as phrases are read from the left.
fn operand(nodes: &mut std::vec::IntoIter<Node>, around: u8, right_of_phrase: bool, depth: usize) -> Option<String> {
    if depth > DEEPEST_SEARCH {
        return None;
    }
    let (code, distance) = match nodes.next()? {
        Node::Word(text) => return Some(text),
        Node::Operator(code, distance) => (code, distance),
    };
    let binding = BINDING[usize::from(code)];
    let text = if code == 1 {
        format!("!{}", operand(nodes, binding, false, depth + 1)?)
    } else {
        let right = operand(nodes, binding, code == 4, depth + 1)?;
        let left = operand(nodes, binding, false, depth + 1)?;
        match (code, distance) {
            (2, _) => format!("{left} & {right}"),
            (3, _) => format!("{left} | {right}"),
            (_, 1) => format!("{left} <-> {right}"),
            (_, distance) => format!("{left} <{distance}> {right}"),
        }
    };
    Some(if binding < around || (code == 4 && right_of_phrase) { format!("( {text} )") } else { text })
}

/// The text of an element inside a range or record; `None` if its type is not known.
fn element_text(ty: &Type, bytes: &[u8]) -> Option<String> {
    match Decoder::of(ty).value(bytes)?.ok()? {
        Value::DateTime(value) => Some(value.to_string().replace('T', " ")),
        Value::Timestamp(value) => Some(value.to_string().replace('T', " ").replace('Z', "+00")),
        Value::Bool(value) => Some(if value { "t" } else { "f" }.to_string()),
        value => text::form(&value, ty),
    }
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || "\"\\(),[]".contains(c));
    if plain { text.to_string() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")) }
}

fn range(reader: &mut Reader<'_>, element: &Type) -> Option<String> {
    let flags = reader.byte()?;
    if flags & 0x01 != 0 {
        return Some("empty".into());
    }
    let mut bound = |infinite: u8| -> Option<String> {
        if flags & infinite != 0 {
            return Some(String::new());
        }
        element_text(element, reader.field()??).map(|text| quoted(&text))
    };
    let (lower, upper) = (bound(0x08)?, bound(0x10)?);
    let open = if flags & 0x02 != 0 { '[' } else { '(' };
    let close = if flags & 0x04 != 0 { ']' } else { ')' };
    Some(format!("{open}{lower},{upper}{close}"))
}

fn multirange(reader: &mut Reader<'_>, ty: &Type) -> Option<String> {
    let element = match ty.kind() {
        Kind::Range(element) => element,
        _ => ty,
    };
    let mut items = Vec::new();
    for _ in 0..reader.int()? {
        items.push(range(&mut Reader(reader.field()??), element)?);
    }
    Some(format!("{{{}}}", items.join(",")))
}

fn record(reader: &mut Reader<'_>, types: Option<&[Type]>) -> Option<String> {
    let count = reader.int()?;
    let mut items = Vec::new();
    for index in 0..count {
        let oid = reader.int()? as u32;
        let bytes = reader.field()?;
        let known = types.and_then(|types| types.get(index as usize).cloned()).or_else(|| Type::from_oid(oid))?;
        items.push(match bytes {
            None => String::new(),
            Some(bytes) => quoted(&element_text(&known, bytes)?),
        });
    }
    Some(format!("({})", items.join(",")))
}

/// A date outside jiff's range (years -9999 to 9999), days since 2000.
pub(crate) fn far_date(days: i64) -> String {
    // Howard Hinnant's civil_from_days, with the era shifted to 0000-03-01.
    let shifted = days + super::EPOCH_DAYS + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if year > 0 { format!("{year:04}-{month:02}-{day:02}") } else { format!("{:04}-{month:02}-{day:02} BC", 1 - year) }
}

/// A timestamp outside jiff's range, microseconds since 2000.
pub(crate) fn far_timestamp(microseconds: i64) -> String {
    let day = 86_400_000_000;
    let date = far_date(microseconds.div_euclid(day));
    let time = time(microseconds.rem_euclid(day)).map(|time| time.to_string()).unwrap_or_default();
    match date.strip_suffix(" BC") {
        Some(date) => format!("{date} {time} BC"),
        None => format!("{date} {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_dates() {
        assert_eq!(far_date(0), "2000-01-01");
        assert_eq!(far_date(59), "2000-02-29");
        assert_eq!(far_date(-730_119), "0001-01-01");
        assert_eq!(far_date(-730_120), "0001-12-31 BC");
        assert_eq!(far_date(3_287_183), "11000-01-01");
    }

    #[test]
    fn money_groups() {
        assert_eq!(money(-123_456_789), "-$1,234,567.89");
    }
}
