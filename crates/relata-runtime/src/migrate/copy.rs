//! `COPY … FROM stdin` with the rows behind it, as dumps have it: the rows are inserted, a few hundred at a time.
//!
//! The text format is understood, which is what `pg_dump` writes; options (CSV, delimiters) are refused.

use relata_schema::{Dialect, script};
use relata_sql::driver::{Connection, Statement};
use relata_sql::{Error, Kind, Result};

/// Rows in one statement.
const ROWS: usize = 500;
/// Bytes in one statement, about.
const BYTES: usize = 1 << 20;

/// Inserts the rows; gives how many.
pub(super) async fn insert(connection: &mut dyn Connection, sql: &str, data: &str) -> Result<u64> {
    let target = target(sql)?;
    let beginning = format!("INSERT INTO {target} OVERRIDING SYSTEM VALUE VALUES ");
    let mut inserted = 0;
    let mut values = String::new();
    let mut rows = 0;
    for line in data.lines() {
        if !values.is_empty() {
            values.push_str(", ");
        }
        values.push_str(&row(line));
        rows += 1;
        if rows == ROWS || values.len() > BYTES {
            inserted += run(connection, &beginning, &values).await?;
            (rows, values) = (0, String::new());
        }
    }
    if !values.is_empty() {
        inserted += run(connection, &beginning, &values).await?;
    }
    Ok(inserted)
}

async fn run(connection: &mut dyn Connection, beginning: &str, values: &str) -> Result<u64> {
    let sql = format!("{beginning}{values}");
    connection.execute(Statement::once(&sql, &[])).await.map(|done| done.rows_affected)
}

/// `public.notes (id, body)` of `COPY public.notes (id, body) FROM stdin`.
fn target(sql: &str) -> Result<String> {
    let flat = script::flatten(Dialect::Postgres, sql);
    let upper = flat.to_ascii_uppercase();
    let end = upper.rfind(" FROM STDIN");
    let (Some(end), true) = (end, upper.starts_with("COPY ")) else {
        return Err(Error::new(Kind::Unsupported, "this COPY is not understood").hint("write INSERT instead"));
    };
    let options = flat[end + " FROM STDIN".len()..].trim();
    if !options.is_empty() {
        let message = format!("COPY … FROM stdin {options} is not understood in a migration");
        return Err(Error::new(Kind::Unsupported, message)
            .hint("write the rows in the plain text format, as pg_dump does, or as INSERT"));
    }
    Ok(flat["COPY ".len()..end].to_string())
}

/// A line of the text format as a row of literals.
fn row(line: &str) -> String {
    let value = |field: &str| match field {
        "\\N" => "NULL".to_string(),
        text => Dialect::Postgres.literal(&unescaped(text)),
    };
    let line = line.strip_suffix('\r').unwrap_or(line);
    format!("({})", line.split('\t').map(value).collect::<Vec<_>>().join(", "))
}

fn unescaped(field: &str) -> String {
    if !field.contains('\\') {
        return field.to_string();
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let Some((code, tail)) = rest.split_first() else { break };
        rest = tail;
        match code {
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'v' => bytes.push(11),
            b'0'..=b'7' => {
                let digits = rest.iter().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let octal =
                    rest[..digits].iter().fold(u32::from(code - b'0'), |sum, byte| sum * 8 + u32::from(byte - b'0'));
                bytes.push((octal & 0xff) as u8);
                rest = &rest[digits..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_dump_become_literals() {
        assert_eq!(row("1\tit's\t\\N\t"), "('1', 'it''s', NULL, '')");
        assert_eq!(unescaped("a\\tb\\nc\\\\d\\101\\é"), "a\tb\nc\\dAé");
        assert_eq!(target("COPY public.\"A b\" (id, x) FROM stdin").unwrap(), "public.\"A b\" (id, x)");
        let error = target("COPY t FROM STDIN WITH (FORMAT csv)").unwrap_err();
        assert!(error.to_string().contains("WITH (FORMAT csv) is not understood"), "{error}");
    }
}
