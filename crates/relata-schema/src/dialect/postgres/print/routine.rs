//! Routines, triggers, policies.

use super::{ident, literal, qualified};
use crate::model::{ObjectName, Policy, Routine, RoutineKind, Trigger};

/// `FUNCTION`, `PROCEDURE` or `AGGREGATE`.
pub fn routine_word(routine: &Routine) -> &'static str {
    routine.kind.word()
}

/// The word `GRANT` uses: an aggregate is a function there.
pub fn grant_word(routine: &Routine) -> &'static str {
    if routine.kind == RoutineKind::Procedure { "PROCEDURE" } else { "FUNCTION" }
}

/// `name(arguments)`, as `DROP` and `COMMENT` want it.
pub fn signature(routine: &Routine) -> String {
    let arguments = match (routine.kind, routine.arguments.as_str()) {
        (RoutineKind::Aggregate, "") => "*",
        (_, arguments) => arguments,
    };
    format!("{}({arguments})", qualified(&routine.name))
}

/// Whether the body is text that the server would check when the routine is created, before what it names may exist.
pub fn needs_unchecked_bodies(routine: &Routine) -> bool {
    routine.kind != RoutineKind::Aggregate
        && matches!(routine.language.as_str(), "sql" | "plpgsql")
        && (routine.definition.contains("AS $") || routine.definition.contains("AS '"))
}

/// `CREATE TRIGGER`, and whether it fires if that is not the default.
pub fn create_trigger(table: &ObjectName, trigger: &Trigger) -> Vec<String> {
    let mut out = vec![super::expression(&trigger.definition).into_owned()];
    if !trigger.enabled.is_empty() {
        out.push(trigger_state(table, trigger));
    }
    out
}

/// `ALTER TABLE … ENABLE TRIGGER` and its variants.
pub fn trigger_state(table: &ObjectName, trigger: &Trigger) -> String {
    let word = match trigger.enabled.as_str() {
        "D" => "DISABLE",
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        _ => "ENABLE",
    };
    format!("ALTER TABLE {} {word} TRIGGER {}", qualified(table), ident(&trigger.name))
}

/// `CREATE POLICY`.
pub fn create_policy(table: &ObjectName, policy: &Policy) -> String {
    let mut out = format!("CREATE POLICY {} ON {}", ident(&policy.name), qualified(table));
    if policy.restrictive {
        out.push_str(" AS RESTRICTIVE");
    }
    if !policy.command.is_empty() && policy.command != "ALL" {
        out.push_str(&format!(" FOR {}", policy.command));
    }
    out + &policy_clauses(policy)
}

/// Roles and expressions of a policy, as `CREATE` and `ALTER POLICY` have them, each with a space before it.
pub fn policy_clauses(policy: &Policy) -> String {
    let roles: Vec<String> = policy.roles.iter().map(|role| super::privilege::role(role)).collect();
    let roles = if roles.is_empty() { "PUBLIC".to_string() } else { roles.join(", ") };
    let mut out = format!(" TO {roles}");
    if let Some(using) = &policy.using {
        out.push_str(&format!(" USING ({})", super::expression(using)));
    }
    if let Some(check) = &policy.check {
        out.push_str(&format!(" WITH CHECK ({})", super::expression(check)));
    }
    out
}

/// A comment's text or `NULL`.
pub(super) fn text_or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_string(), literal)
}
