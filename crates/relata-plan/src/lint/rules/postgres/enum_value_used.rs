//! An enum value that is used in the transaction that adds it
//!
//! A new value of an enum cannot be used before the transaction that added it has ended: the statement fails.
//!
//! ```sql,bad
//! BEGIN;
//! ALTER TYPE mood ADD VALUE 'proud' AFTER 'happy';
//! UPDATE people SET mood = 'proud' WHERE id = 1;
//! COMMIT;
//! ```
//!
//! ```sql,good
//! BEGIN;
//! ALTER TYPE mood ADD VALUE 'proud' AFTER 'happy';
//! COMMIT;
//! BEGIN;
//! UPDATE people SET mood = 'proud' WHERE id = 1;
//! COMMIT;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("enum-value-used", Level::Hazard, POSTGRES, include_str!("enum_value_used.rs"), check);

use relata_schema::sql::TokenKind;

fn check(context: &Context<'_>, report: &mut Report) {
    let adds = matches!(&context.statement.kind, StatementKind::Alter(alter) if alter.object == "TYPE");
    if !context.in_transaction() || adds {
        return;
    }
    let texts = context.statement.tokens.iter().filter(|token| token.kind == TokenKind::Text);
    for token in texts.filter(|token| context.facts.added_value(&token.content())) {
        report
            .at(token.extent(), format!("{} was added to an enum in this transaction and cannot be used in it", token.text))
            .help("add the value in a migration of its own");
    }
}
