//! A privilege that is taken away
//!
//! The application that still runs may need it.
//!
//! ```sql,bad,postgres
//! REVOKE SELECT ON orders FROM app;
//! ```
//!
//! ```sql,good,postgres
//! GRANT SELECT ON orders TO app;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("revoke", Level::Hazard, EVERYWHERE, include_str!("revoke.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    if context.statement.kind != StatementKind::Revoke {
        return;
    }
    let tokens = &context.statement.tokens;
    let made = tokens.iter().any(|token| {
        let name = Name { parts: vec![token.content().to_lowercase()], extent: token.extent() };
        context.facts.is_made(&name)
    });
    // What everybody has without being given it.
    let public = tokens.last().is_some_and(|token| token.is("PUBLIC"));
    if !made && !public {
        report
            .at(context.statement.extent, "the running application may need the privilege")
            .help("see who uses it, and deploy an application that does not first");
    }
}
