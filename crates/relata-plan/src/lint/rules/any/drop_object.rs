//! A view, routine, type, trigger, policy or role that is dropped
//!
//! What uses it fails, or what it kept right is no longer kept. Made anew in the same file it is no finding.
//!
//! ```sql,bad
//! DROP VIEW totals;
//! ```
//!
//! ```sql,good
//! DROP VIEW totals;
//! CREATE VIEW totals AS SELECT 1 AS total;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("drop-object", Level::Hazard, EVERYWHERE, include_str!("drop_object.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let StatementKind::Drop(drop) = &context.statement.kind else { return };
    let why = match drop.object {
        "VIEW" | "MATERIALIZED VIEW" => "whoever reads it fails",
        "FUNCTION" | "PROCEDURE" | "ROUTINE" | "AGGREGATE" | "OPERATOR" => "whoever calls it fails",
        "CAST" | "OPERATOR CLASS" | "OPERATOR FAMILY" => "what converts or compares by it fails",
        "TEXT SEARCH CONFIGURATION" | "TEXT SEARCH DICTIONARY" => "searches by it fail",
        "TYPE" | "DOMAIN" | "COLLATION" => "what is of that type fails",
        "SEQUENCE" => "its number is lost, and inserts that ask for the next fail",
        "EXTENSION" => "its types and functions go with it",
        "TRIGGER" | "EVENT TRIGGER" | "RULE" | "EVENT" => "what it does is no longer done",
        "POLICY" => "other rows are seen than before",
        "PUBLICATION" | "SUBSCRIPTION" => "who follows it gets no more changes",
        "ROLE" | "USER" | "GROUP" => "who logs in by it, or owns by it, fails",
        "SERVER" | "FOREIGN DATA WRAPPER" | "USER MAPPING" => "foreign tables of it fail",
        "OWNED" => "everything that the role owns is lost",
        _ => return,
    };
    let again = |statement: &Statement<'_>| matches!(&statement.kind, StatementKind::Create(created) if created.object == drop.object);
    if drop.names.is_empty() && !context.after().any(again) {
        let message = format!("a {} is dropped: {why}", drop.object.to_lowercase());
        report.at(context.statement.extent, message).help("stop using it first");
    }
    for name in drop.names.iter().filter(|name| !context.facts.is_made(name) && !comes_again(context, name)) {
        report
            .at(name.extent, format!("{} {name} is dropped: {why}", drop.object.to_lowercase()))
            .help("stop using it first");
    }
}

fn comes_again(context: &Context<'_>, name: &Name) -> bool {
    context.after().any(|statement| match &statement.kind {
        StatementKind::Create(created) => created.name.same(name),
        StatementKind::CreateTable(created) => created.name.same(name),
        StatementKind::Alter(alter) => {
            alter.actions.iter().any(|action| matches!(&action.action, Action::Rename(to) if to.last() == name.last()))
        }
        _ => false,
    })
}
