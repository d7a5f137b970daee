//! When nothing may be dropped: the target gets back what it lacks, and a note says so for each thing.

use relata_schema::change::{Alteration, Change, TableChange};
use relata_schema::model::{ObjectKey, ObjectKind, Table};
use relata_schema::{Diagnostic, Schema};

/// The target with what `changes` would drop, the changes without those drops, and a note for each thing kept.
pub(super) fn keep(to: &Schema, changes: &[Change]) -> (Schema, Vec<Change>, Vec<Diagnostic>) {
    let mut to = to.clone();
    let mut notes = Vec::new();
    let mut out = Vec::new();
    for change in changes {
        match change {
            Change::DropTable(table) => {
                to.tables.push((**table).clone());
                notes.push(kept(table.key()));
            }
            Change::View(Alteration::Drop(view)) => {
                to.views.push((**view).clone());
                notes.push(kept(ObjectKey::of(ObjectKind::View, &view.name)));
            }
            Change::AlterTable { from, to: new, changes } => {
                let mut table = (**new).clone();
                let changes = keep_members(&mut table, changes, &mut notes);
                to.tables.iter_mut().filter(|other| other.name == table.name).for_each(|other| *other = table.clone());
                if !changes.is_empty() {
                    out.push(Change::AlterTable { from: from.clone(), to: Box::new(table), changes });
                }
            }
            other => out.push(other.clone()),
        }
    }
    to.canonicalize();
    (to, out, notes)
}

fn keep_members(table: &mut Table, changes: &[TableChange], notes: &mut Vec<Diagnostic>) -> Vec<TableChange> {
    let mut out = Vec::new();
    let name = table.name.clone();
    for change in changes {
        let key = |kind, member: &str| ObjectKey::member(kind, &name, member);
        let kept_key = match change {
            TableChange::Column(Alteration::Drop(column)) => {
                table.columns.push((**column).clone());
                key(ObjectKind::Column, &column.name)
            }
            TableChange::Index(Alteration::Drop(index)) => {
                table.indexes.push((**index).clone());
                key(ObjectKind::Index, &index.name)
            }
            TableChange::Trigger(Alteration::Drop(trigger)) => {
                table.triggers.push((**trigger).clone());
                key(ObjectKind::Trigger, &trigger.name)
            }
            other => {
                out.push(other.clone());
                continue;
            }
        };
        notes.push(kept(kept_key));
    }
    out
}

fn kept(key: ObjectKey) -> Diagnostic {
    Diagnostic::new("kept", relata_schema::Severity::Note, format!("{key} is not in the target and was kept"))
        .about(key)
        .help("allow drops to remove it")
}
