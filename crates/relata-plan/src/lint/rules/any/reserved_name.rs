//! A name that is a word of SQL
//!
//! It has to be quoted wherever it is used, by everybody, for ever.
//!
//! ```sql,bad
//! CREATE TABLE "order" (id bigint PRIMARY KEY);
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY);
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("reserved-name", Level::Style, EVERYWHERE, include_str!("reserved_name.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let mut names: Vec<&Name> = defined_columns(context).into_iter().map(|column| &column.name).collect();
    if let StatementKind::CreateTable(table) = &context.statement.kind {
        names.push(&table.name);
    }
    for name in names.into_iter().filter(|name| is_word_of_sql(name.last())) {
        report
            .at(name.extent, format!("{name} is a word of SQL and has to be quoted everywhere"))
            .help("another name");
    }
}

/// Reserved in standard SQL and in every database: names that only one of them minds are nobody's mistake.
fn is_word_of_sql(name: &str) -> bool {
    Dialect::ALL.iter().filter(|dialect| dialect.is_reserved(name)).count() >= 2
}
