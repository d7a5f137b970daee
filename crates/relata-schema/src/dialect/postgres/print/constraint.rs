//! Keys, checks, exclusions, foreign keys.

use super::index::{WITHOUT_OVERLAPS, key_parameters, part};
use super::{expression, ident, qualified, table};
use crate::model::{Action, Check, Deferral, Exclusion, ForeignKey, Key, Match, ObjectName, Table};

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", ident(name)) }
}

fn deferral(deferral: &Deferral) -> &'static str {
    match (deferral.deferrable, deferral.initially_deferred) {
        (_, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, false) => "",
    }
}

/// `CONSTRAINT … PRIMARY KEY (…)` or `UNIQUE (…)`.
pub fn key_clause(key: &Key, primary: bool) -> String {
    let columns: Vec<&str> = key.columns().collect();
    let word = match (primary, key.nulls_not_distinct) {
        (true, _) => "PRIMARY KEY",
        (false, true) => "UNIQUE NULLS NOT DISTINCT",
        (false, false) => "UNIQUE",
    };
    let temporal = key.parameters.iter().any(|(key, _)| key == WITHOUT_OVERLAPS);
    let columns = last(&columns, "", if temporal { " WITHOUT OVERLAPS" } else { "" });
    let mut out = format!("{}{word} {columns}", named(&key.name));
    if !key.include.is_empty() {
        out.push_str(&format!(" INCLUDE {}", table::columns(&key.include)));
    }
    out.push_str(&key_parameters(&key.parameters));
    out.push_str(deferral(&key.deferral));
    out
}

/// `CONSTRAINT … CHECK (…)`.
pub fn check_clause(check: &Check) -> String {
    let mut out = format!("{}CHECK ({})", named(&check.name), expression(&check.expression));
    if check.no_inherit {
        out.push_str(" NO INHERIT");
    }
    out.push_str(trust(check.not_valid, check.not_enforced));
    out
}

/// `CONSTRAINT … EXCLUDE USING … (…)`.
pub(super) fn exclusion_clause(exclusion: &Exclusion) -> String {
    let elements = exclusion.elements.iter().map(|(element, operator)| format!("{} WITH {operator}", part(element)));
    let elements = elements.collect::<Vec<_>>().join(", ");
    let mut out = format!("{}EXCLUDE USING {} ({elements})", named(&exclusion.name), ident(&exclusion.method));
    if !exclusion.include.is_empty() {
        out.push_str(&format!(" INCLUDE {}", table::columns(&exclusion.include)));
    }
    out.push_str(&key_parameters(&exclusion.parameters));
    if let Some(predicate) = &exclusion.predicate {
        out.push_str(&format!(" WHERE ({})", expression(predicate)));
    }
    out.push_str(deferral(&exclusion.deferral));
    out
}

/// `CONSTRAINT … FOREIGN KEY (…) REFERENCES … (…)`.
pub fn foreign_key_clause(key: &ForeignKey) -> String {
    let period = if key.period { "PERIOD " } else { "" };
    let columns = last(&key.columns, period, "");
    let mut out = format!("{}FOREIGN KEY {columns}", named(&key.name));
    out.push_str(&format!(" REFERENCES {}", qualified(&key.references)));
    if !key.referenced_columns.is_empty() {
        out.push_str(&format!(" {}", last(&key.referenced_columns, period, "")));
    }
    if key.matching == Match::Full {
        out.push_str(" MATCH FULL");
    }
    if key.on_update != Action::NoAction {
        out.push_str(&format!(" ON UPDATE {}", key.on_update));
    }
    if key.on_delete != Action::NoAction {
        out.push_str(&format!(" ON DELETE {}", key.on_delete));
        if !key.set_columns.is_empty() {
            out.push_str(&format!(" {}", table::columns(&key.set_columns)));
        }
    }
    out.push_str(deferral(&key.deferral));
    out.push_str(trust(key.not_valid, key.not_enforced));
    out
}

/// What a constraint does not check.
fn trust(not_valid: bool, not_enforced: bool) -> &'static str {
    match (not_enforced, not_valid) {
        (true, _) => " NOT ENFORCED",
        (false, true) => " NOT VALID",
        (false, false) => "",
    }
}

/// A list of columns in parentheses, the last one of which has a word before or after it.
fn last(columns: &[impl AsRef<str>], before: &str, after: &str) -> String {
    let Some((last, rest)) = columns.split_last() else { return "()".into() };
    let mut names: Vec<String> = rest.iter().map(|name| ident(name.as_ref())).collect();
    names.push(format!("{before}{}{after}", ident(last.as_ref())));
    format!("({})", names.join(", "))
}

/// Adds a primary key or unique constraint; on a partitioned table only there, the partitions have their own.
pub fn add_key(table: &Table, key: &Key, primary: bool) -> String {
    let only = if table.partitioning.is_some() { "ONLY " } else { "" };
    format!("ALTER TABLE {only}{} ADD {}", qualified(&table.name), key_clause(key, primary))
}

/// Adds a check.
pub fn add_check(table: &ObjectName, check: &Check) -> String {
    format!("ALTER TABLE {} ADD {}", qualified(table), check_clause(check))
}

/// Adds an exclusion constraint.
pub fn add_exclusion(table: &ObjectName, exclusion: &Exclusion) -> String {
    format!("ALTER TABLE {} ADD {}", qualified(table), exclusion_clause(exclusion))
}

/// Adds a foreign key.
pub fn add_foreign_key(table: &ObjectName, key: &ForeignKey) -> String {
    format!("ALTER TABLE {} ADD {}", qualified(table), foreign_key_clause(key))
}
