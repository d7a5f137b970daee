//! Collects steps with what is known of each.

use relata_schema::change::{Lock, LockMode, LockSpan, Recipe, Step};
use relata_schema::model::{ObjectKey, ObjectName};

/// The steps so far.
#[derive(Default)]
pub(super) struct Steps(Vec<Step>);

impl Steps {
    /// A step that only touches the catalogue and locks nothing that anyone notices.
    pub(super) fn add(&mut self, summary: impl Into<String>, object: ObjectKey, sql: impl Into<String>) -> &mut Step {
        self.0.push(Step {
            summary: summary.into(),
            object,
            sql: sql.into(),
            transactional: true,
            recipe: Recipe::Instant,
            locks: Vec::new(),
            loses: None,
            done_probe: String::new(),
        });
        let last = self.0.len() - 1;
        &mut self.0[last]
    }

    /// A step that locks a table for an instant.
    pub(super) fn instant(
        &mut self,
        summary: impl Into<String>,
        object: ObjectKey,
        sql: impl Into<String>,
    ) -> &mut Step {
        let table = object.name.clone();
        let step = self.add(summary, object, sql);
        step.locks.push(lock(&table, LockMode::AccessExclusive, LockSpan::Instant));
        step
    }

    /// A step that locks a table while it is read, or written anew.
    pub(super) fn blocking(
        &mut self,
        summary: impl Into<String>,
        object: ObjectKey,
        sql: impl Into<String>,
        mode: LockMode,
        span: LockSpan,
    ) -> &mut Step {
        let table = object.name.clone();
        let step = self.add(summary, object, sql);
        step.recipe = if span == LockSpan::Rewrite { Recipe::Rebuild } else { Recipe::Blocking };
        step.locks.push(lock(&table, mode, span));
        step
    }

    /// The steps. A value added to an enum can be used only after its own transaction.
    pub(super) fn finish(mut self) -> Vec<Step> {
        for index in 0..self.0.len() {
            let Some((_, value)) = self.0[index].sql.split_once(" ADD VALUE ") else { continue };
            let literal = value.split(" BEFORE ").next().and_then(|value| value.split(" AFTER ").next());
            let literal = format!("{}::", literal.unwrap_or(value));
            let used = self.0[index + 1..].iter().any(|step| step.sql.contains(&literal));
            self.0[index].transactional = !used;
        }
        self.0
    }
}

/// A lock on a table.
pub(super) fn lock(object: &ObjectName, mode: LockMode, span: LockSpan) -> Lock {
    Lock { object: object.clone(), mode, span }
}

/// Adds what is lost for good.
pub(super) fn loses(step: &mut Step, what: impl Into<String>) {
    step.loses = Some(what.into());
}
