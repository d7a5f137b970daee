//! A security definer function without a search_path of its own
//!
//! It runs with its owner's privileges and looks names up where the caller's `search_path` says: whoever can create an object
//! in a schema of that path can make it run his own.
//!
//! ```sql,bad
//! CREATE FUNCTION pay() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE accounts SET balance = 0 WHERE id = 1 $$;
//! ```
//!
//! ```sql,good
//! CREATE FUNCTION pay() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = ''
//! AS $$ UPDATE public.accounts SET balance = 0 WHERE id = 1 $$;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("security-definer", Level::Hazard, POSTGRES, include_str!("security_definer.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let routine = match &context.statement.kind {
        StatementKind::Create(created) => matches!(created.object, "FUNCTION" | "PROCEDURE"),
        StatementKind::Alter(alter) => matches!(alter.object, "FUNCTION" | "PROCEDURE" | "ROUTINE"),
        _ => false,
    };
    let tokens = &context.statement.tokens;
    let definer = tokens.windows(2).find(|pair| pair[0].is("SECURITY") && pair[1].is("DEFINER"));
    let path = tokens.windows(2).any(|pair| pair[0].is("SET") && pair[1].is("search_path"));
    if let (true, Some(pair), false) = (routine, definer, path) {
        report
            .at(pair[0].extent().through(pair[1].extent()), "names in it are looked up where the caller says")
            .help("add SET search_path = '' and qualify every name");
    }
}
