//! How changes are made on PostgreSQL.
//!
//! The plan has four parts, and each part its own order:
//! 1. **Renames**, so that everything after speaks of the new names ([`rename`]).
//! 2. **Clearing**: what stands in the way goes, users before what they use: triggers, policies, views, foreign keys,
//!    constraints, indexes, tables ([`clear`]). What goes only because something else changes comes back in part 3;
//!    [`scope`] finds all of it, from the dependencies the catalogue reported.
//! 3. **Building**, in the order in which the target could be created from nothing: each object is created or altered
//!    at its place; then keys, indexes, foreign keys, triggers, policies, comments, privileges ([`build`]).
//! 4. **Sweeping**: types, routines, sequences, extensions, namespaces that nothing uses any more ([`sweep`]).
//!
//! Everything can run in one transaction (a new enum value that the same plan uses cannot: that step says so), unless it
//! is asked for that nobody waits: then long steps take their online forms and run by themselves ([`online`]).

mod build;
mod clear;
mod closure;
mod columns;
mod locks;
mod marks;
mod members;
mod objects;
mod online;
mod owners;
mod privileges;
mod probe;
mod remake;
mod rename;
mod rename_members;
mod scope;
mod steps;
mod sweep;
mod tables;
mod text;
mod types;

use std::borrow::Cow;

use relata_schema::change::{Alteration, Change, Step, TableChange};
use relata_schema::{Diagnostic, Schema};

use crate::PlanOptions;
use scope::Scope;
use steps::Steps;

/// The steps for `changes`, in an order that works.
pub(super) fn emit(
    from: &Schema,
    to: &Schema,
    changes: &[Change],
    options: &PlanOptions,
) -> (Vec<Step>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut changes = without_drops(changes, options, &mut diagnostics);
    let mut steps = Steps::default();
    let mut renamed = rename::rename(from, &mut changes, &options.renames, &mut steps);
    rename::identities(&mut renamed, to, &mut steps);
    rename_members::rename(&mut renamed, to, &mut changes, options, &mut steps);
    let scope = Scope::new(renamed, to, changes, options.back);
    clear::clear(&scope, &mut steps);
    build::build(&scope, &mut steps, &mut diagnostics);
    sweep::sweep(&scope, &mut steps);
    let mut steps = steps.finish();
    if options.online {
        steps = online::online(&scope, steps);
    }
    diagnostics.extend(columns::assumptions(&scope));
    let views = from.views.iter().map(|view| view.name.clone());
    let before = from.tables.iter().map(|table| table.name.clone()).chain(views).collect();
    locks::predict(&scope, &before, &mut steps);
    probe::ask(&mut steps);
    (steps, diagnostics)
}

/// The changes without those that only drop, if drops are not wanted; a note for each that is left out.
fn without_drops<'c>(changes: &'c [Change], options: &PlanOptions, notes: &mut Vec<Diagnostic>) -> Cow<'c, [Change]> {
    if options.drops {
        return Cow::Borrowed(changes);
    }
    let mut kept = Vec::new();
    for change in changes {
        match change {
            Change::DropTable(table) => notes.push(left(format!("table {}", table.name))),
            Change::View(Alteration::Drop(view)) => notes.push(left(format!("view {}", view.name))),
            Change::Routine(Alteration::Drop(routine)) => notes.push(left(format!("routine {}", routine.name))),
            Change::Sequence(Alteration::Drop(sequence)) => notes.push(left(format!("sequence {}", sequence.name))),
            Change::Enum(Alteration::Drop(ty)) => notes.push(left(format!("enum {}", ty.name))),
            Change::Domain(Alteration::Drop(ty)) => notes.push(left(format!("domain {}", ty.name))),
            Change::Composite(Alteration::Drop(ty)) => notes.push(left(format!("type {}", ty.name))),
            Change::Extension(Alteration::Drop(extension)) => {
                notes.push(left(format!("extension {}", extension.name)));
            }
            Change::Namespace(Alteration::Drop(namespace)) => notes.push(left(format!("schema {}", namespace.name))),
            Change::Other(Alteration::Drop(other)) => notes.push(left(format!("{} {}", other.kind, other.name))),
            Change::AlterTable { from, to, changes } => {
                let mut some = Vec::new();
                for change in changes {
                    match change {
                        TableChange::Column(Alteration::Drop(column)) => {
                            notes.push(left(format!("column {}.{}", to.name, column.name)));
                        }
                        other => some.push(other.clone()),
                    }
                }
                if !some.is_empty() {
                    kept.push(Change::AlterTable { from: from.clone(), to: to.clone(), changes: some });
                }
            }
            other => kept.push(other.clone()),
        }
    }
    Cow::Owned(kept)
}

fn left(what: String) -> Diagnostic {
    Diagnostic::new(
        "plan-drop-left-out",
        relata_schema::Severity::Note,
        format!("{what} is not in the target and stays"),
    )
}
