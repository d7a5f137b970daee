//! A schema of one dialect as a schema of another: types by their portable meaning, keys and indexes by what both
//! databases know, expressions where every word of them is understood.
//!
//! Invariants
//! - Nothing is dropped in silence: what cannot be carried over is a [`Diagnostic`] that names the object.
//! - What is carried over means the same. An expression with one unknown word is not carried over.
//! - Names fit the target: a namespace becomes a prefix, what is too long is shortened with a digest, constraints
//!   that need a name get the one PostgreSQL would give.
//!
//! It deliberately does not translate views, routines, triggers and policies: they are programs.

mod columns;
mod expression;
mod names;
mod tables;
mod types;

use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::Dialect;
use crate::model::{ObjectKey, ObjectKind, ObjectName, Schema};

/// The schema in another dialect, and what could not be carried over. The same dialect gives the same schema.
pub fn translate(schema: &Schema, to: Dialect) -> (Schema, Vec<Diagnostic>) {
    if schema.dialect == to {
        return (schema.clone(), Vec::new());
    }
    let mut translation = Translation {
        from: schema,
        to,
        target: Schema::new(to),
        diagnostics: Vec::new(),
        taken: Vec::new(),
        enums: Vec::new(),
    };
    if to != Dialect::Mysql {
        // Tables and indexes have their names in common there.
        translation.taken = schema.tables.iter().map(|table| translation.name(&table.name).name).collect();
    }
    for table in &schema.tables {
        let table = translation.table(table);
        translation.target.tables.push(table);
    }
    translation.target.enums = std::mem::take(&mut translation.enums);
    translation.programs();
    translation.target.canonicalize();
    (translation.target, translation.diagnostics)
}

/// The work in progress.
struct Translation<'a> {
    from: &'a Schema,
    to: Dialect,
    target: Schema,
    diagnostics: Vec<Diagnostic>,
    /// Names given in the target that have to be unique there.
    taken: Vec<String>,
    enums: Vec<crate::model::EnumType>,
}

impl Translation<'_> {
    /// Says that something is not carried over.
    fn lost(&mut self, kind: ObjectKind, name: &ObjectName, member: &str, why: &str) {
        self.say(Severity::Warning, kind, name, member, why);
    }

    /// Says that something is carried over with a small difference.
    fn note(&mut self, kind: ObjectKind, name: &ObjectName, member: &str, what: &str) {
        self.say(Severity::Note, kind, name, member, what);
    }

    fn say(&mut self, severity: Severity, kind: ObjectKind, name: &ObjectName, member: &str, message: &str) {
        let code = if severity == Severity::Note { "translate-changed" } else { "translate-lost" };
        let key = ObjectKey::member(kind, name, member);
        self.diagnostics.push(Diagnostic::new(code, severity, message).about(key));
    }

    /// Views, routines and everything else that is not carried over.
    fn programs(&mut self) {
        let from = self.from;
        let why = format!("it is written in the language of {}: write it anew", from.dialect.title());
        for view in &from.views {
            self.lost(ObjectKind::View, &view.name, "", &why);
        }
        for routine in &from.routines {
            self.lost(ObjectKind::Routine, &routine.name, &routine.arguments, &why);
        }
        for other in &from.others {
            self.lost(ObjectKind::Other, &other.name, "", &why);
        }
        for composite in &from.composites {
            self.lost(
                ObjectKind::Composite,
                &composite.name,
                "",
                &format!("{} has no composite types", self.to.title()),
            );
        }
        for sequence in from.sequences.iter().filter(|sequence| sequence.owned_by.is_none()) {
            let why = "a sequence of its own is not carried over: only those that belong to a column are";
            self.lost(ObjectKind::Sequence, &sequence.name, "", why);
        }
        for table in &from.tables {
            for trigger in &table.triggers {
                self.lost(ObjectKind::Trigger, &table.name, &trigger.name, &why);
            }
            for policy in &table.policies {
                let why = format!("{} has no row security: the application has to filter", self.to.title());
                self.lost(ObjectKind::Policy, &table.name, &policy.name, &why);
            }
        }
    }
}

#[cfg(test)]
mod tests;
