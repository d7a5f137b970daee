//! A row that is longer than MariaDB allows
//!
//! The columns of a row, without `TEXT` and `BLOB`, hold 65 535 bytes together, and a `varchar` counts with its greatest length:
//! in `utf8mb4` four bytes a character. The statement fails.
//!
//! ```sql,bad
//! CREATE TABLE notes (id bigint PRIMARY KEY, one varchar(9000), two varchar(9000)) DEFAULT CHARSET=utf8mb4;
//! ```
//!
//! ```sql,good
//! CREATE TABLE notes (id bigint PRIMARY KEY, one varchar(900), two text) DEFAULT CHARSET=utf8mb4;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("row-size", Level::Hazard, MYSQL, include_str!("row_size.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::CreateTable(table) = &context.statement.kind else { return };
    let narrow = table.options.iter().any(|word| matches!(word.as_str(), "LATIN1" | "ASCII" | "BINARY"));
    let size: u64 = table.columns.iter().map(|column| bytes(column, narrow)).sum();
    if size > 65_535 {
        report
            .at(table.name.extent, format!("a row of {} may have {size} bytes, and 65535 are allowed", table.name))
            .help("shorter texts, or TEXT");
    }
}

fn bytes(column: &ColumnDefinition, narrow: bool) -> u64 {
    let Some(ty) = &column.ty else { return 0 };
    let length: u64 = ty.arguments.first().and_then(|length| length.parse().ok()).unwrap_or(1);
    let narrow = narrow || column.charset.as_deref().is_some_and(|charset| matches!(charset, "latin1" | "ascii" | "binary"));
    let wide = if narrow { 1 } else { 4 };
    match ty.name.as_str() {
        "varchar" => length * wide + 2,
        "char" => length * wide,
        "varbinary" | "binary" => length + 2,
        _ => 8,
    }
}
