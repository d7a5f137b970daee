//! A foreign key that stands with its column
//!
//! MySQL, and MariaDB before 10.5, read `REFERENCES` behind a column and forget it: there is no foreign key.
//!
//! ```sql,bad
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id));
//! ```
//!
//! ```sql,good
//! CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, FOREIGN KEY (customer_id) REFERENCES customers (id));
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("inline-reference", Level::Style, MYSQL, include_str!("inline_reference.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for column in defined_columns(context).into_iter().filter(|column| column.references.is_some()) {
        report
            .at(column.extent, format!("MySQL forgets the foreign key of {}", column.name))
            .help("FOREIGN KEY (column) REFERENCES … as a constraint of the table");
    }
}
