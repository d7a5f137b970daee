//! A character set that lacks characters
//!
//! `utf8` (`utf8mb3`) has three bytes a character: no emoji and no rare letters. `latin1` lacks nearly all.
//!
//! ```sql,bad
//! CREATE TABLE notes (id bigint PRIMARY KEY, title varchar(80)) DEFAULT CHARSET=utf8mb3;
//! ```
//!
//! ```sql,good
//! CREATE TABLE notes (id bigint PRIMARY KEY, title varchar(80)) DEFAULT CHARSET=utf8mb4;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("three-byte-charset", Level::Style, MYSQL, include_str!("three_byte_charset.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::CreateTable(table) = &context.statement.kind else { return };
    let narrow = |word: &str| matches!(word, "UTF8" | "UTF8MB3" | "LATIN1" | "UCS2");
    let said = table.options.windows(2).find(|pair| {
        let names = matches!(pair[0].as_str(), "CHARSET" | "SET");
        names && narrow(&pair[1])
    });
    if let Some(pair) = said {
        let message = format!("{} lacks characters", pair[1].to_lowercase());
        report.at(table.name.extent, message).help("utf8mb4");
    }
}
