//! A privilege that is taken away
//!
//! The application that still runs may need it. `ALTER ROLE … NOLOGIN` takes away more than any `REVOKE`.
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
    if let StatementKind::Alter(alter) = &context.statement.kind {
        return role(context, alter, report);
    }
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

/// `ALTER ROLE app NOLOGIN`.
fn role(context: &Context<'_>, alter: &Alter, report: &mut Report) {
    const LESS: &[&str] =
        &["NOLOGIN", "NOSUPERUSER", "NOINHERIT", "NOBYPASSRLS", "NOREPLICATION", "NOCREATEDB", "NOCREATEROLE"];
    if !matches!(alter.object, "ROLE" | "USER") || context.facts.is_made(&alter.name) {
        return;
    }
    let less = context.statement.tokens.iter().find(|token| LESS.iter().any(|word| token.is(word)));
    if let Some(token) = less {
        let message = format!("the running application may need what {} takes from {}", token.text, alter.name);
        report.at(token.extent(), message).help("see who uses the role first");
    }
}
