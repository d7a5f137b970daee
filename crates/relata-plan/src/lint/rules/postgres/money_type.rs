//! A column of type money
//!
//! Its fraction and its currency are those of the server's locale (`lc_monetary`): the same rows mean something else on another
//! server.
//!
//! ```sql,bad
//! CREATE TABLE prices (id bigint PRIMARY KEY, price money);
//! ```
//!
//! ```sql,good
//! CREATE TABLE prices (id bigint PRIMARY KEY, price numeric(12, 2));
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("money-type", Level::Style, POSTGRES, include_str!("money_type.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    for ty in given_types(context).into_iter().filter(|ty| ty.name == "money") {
        report.at(ty.extent, "money means what the server's locale says").help("numeric, with the currency beside it");
    }
}
