//! Values that a column would change without a word: numbers of more than 15 digits, in columns that are not declared as text
//! or bytes.
//!
//! The column itself is asked, and only for such values: what the file says counts, not what the program believes.

use relata_schema::Dialect;
use relata_sql::driver::BulkInsert;
use relata_sql::exact::{Long, long};
use relata_sql::{Error, Kind, Result, Statement, Value};

use crate::errors;
use crate::statement::Handle;

/// Refuses the first value that its column would change.
pub(crate) fn refuse_changed(raw: &Handle, insert: BulkInsert<'_>) -> Result<()> {
    let mut known = vec![None; insert.columns.len()];
    for row in insert.values.chunks(insert.columns.len().max(1)) {
        for (at, value) in row.iter().enumerate() {
            let Some(long) = long(value) else { continue };
            let column = insert.columns[at];
            if known[at].is_none() {
                known[at] = Some(declared(raw, &insert.table.name, column)?);
            }
            let Some((declared, keeps)) = &known[at] else { continue };
            if !(*keeps == Keeps::Text || (*keeps == Keeps::Numbers && long.whole)) {
                return Err(changed(&insert.table.name, column, declared, long, value));
            }
        }
    }
    Ok(())
}

/// What a column makes of a text that looks like a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// Nothing.
    Text,
    /// A whole number of 64 bits if it is one, else a floating-point number.
    Numbers,
    /// A floating-point number.
    Floats,
}

fn declared(raw: &Handle, table: &str, column: &str) -> Result<(String, Keeps)> {
    let failed = |error: rusqlite::Error| errors::from_rusqlite(&error, None);
    let (quoted, quoted_table) = (Dialect::Sqlite.quote(column), Dialect::Sqlite.quote(table));
    let sql = format!("SELECT {quoted} FROM {quoted_table}");
    let declared =
        raw.statement(Statement::once(&sql, &[])).map_err(failed)?.column_infos().pop().unwrap_or_default().type_name;
    let keeps = match keeps(&declared) {
        // In a STRICT table, a column of any type keeps what it is given.
        Keeps::Numbers if declared.eq_ignore_ascii_case("ANY") => {
            let strict = "SELECT strict FROM pragma_table_list WHERE name = ?";
            match raw.query_row(strict, [table], |row| row.get::<_, bool>(0)).map_err(failed)? {
                true => Keeps::Text,
                false => Keeps::Numbers,
            }
        }
        keeps => keeps,
    };
    Ok((declared, keeps))
}

/// SQLite's own rules, in their order.
fn keeps(declared: &str) -> Keeps {
    let upper = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| upper.contains(part));
    if has(&["INT"]) {
        Keeps::Numbers
    } else if has(&["CHAR", "CLOB", "TEXT", "BLOB"]) || upper.is_empty() {
        Keeps::Text
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Keeps::Floats
    } else {
        Keeps::Numbers
    }
}

fn changed(table: &str, column: &str, declared: &str, long: Long, value: &Value) -> Error {
    let what = match value {
        Value::Json(_) => "a JSON number",
        Value::Text(_) => "a text, taken for a number,",
        _ => "a decimal",
    };
    let message = format!(
        "{table}.{column} is declared {declared}, where SQLite keeps 15 digits of a number; it was given {what} of {}",
        long.digits
    );
    Error::new(Kind::InvalidValue, message)
        .hint("round it to 15 digits; or declare the column TEXT, `#[db_type(sqlite = \"TEXT\")]`, which keeps every digit")
        .table(table)
        .column(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_words() {
        use Keeps::{Floats, Numbers, Text};
        for (declared, expected) in [
            ("DECIMAL(20,2)", Numbers),
            ("JSON", Numbers),
            ("bigint", Numbers),
            ("varchar(20)", Text),
            ("TEXT", Text),
            ("", Text),
            ("BLOB", Text),
            ("double precision", Floats),
            ("CHARINT", Numbers),
        ] {
            assert_eq!(keeps(declared), expected, "{declared}");
        }
    }
}
