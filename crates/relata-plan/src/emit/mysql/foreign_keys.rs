//! Foreign keys: those that change, and those that must step aside while something they hold on to changes.
//!
//! The server refuses to change the type of a column that a foreign key joins, and to drop the last index that serves
//! one. Such a foreign key is dropped first and added last, although it is the same before and after.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Alteration, LockMode, LockSpan, Recipe, Step, TableChange};
use relata_schema::dialect::mysql::{Server, print};
use relata_schema::model::{ForeignKey, Index, IndexPart, ObjectKey, ObjectKind, ObjectName, Table};

use super::way::noted;
use super::{Altered, Phases, Planned, ident, lock, probe, step, table};

impl Planned<'_> {
    pub(super) fn foreign_keys(&self, phases: &mut Phases) {
        self.changed(phases);
        self.in_the_way(phases);
        self.between_dropped(phases);
    }

    fn changed(&self, phases: &mut Phases) {
        for altered in self.altered() {
            for change in altered.changes {
                let TableChange::ForeignKey(alteration) = change else { continue };
                let (old, new) = match alteration {
                    Alteration::Create(new) => (None, Some(new)),
                    Alteration::Drop(old) => (Some(old), None),
                    Alteration::Alter { from, to } => (Some(from), Some(to)),
                };
                phases.drop_foreign_keys.extend(old.map(|key| drop(&altered.from.name, &key.name, self.server)));
                phases.add_foreign_keys.extend(new.map(|key| add(altered.to, key, Some(altered.from), self.server)));
            }
        }
    }

    fn in_the_way(&self, phases: &mut Phases) {
        let dropped = self.dropped();
        let altered: BTreeMap<&ObjectName, Altered<'_>> =
            self.altered().map(|altered| (&altered.from.name, altered)).collect();
        let alteration = |name: &ObjectName| altered.get(name).copied();
        for table in self.from.tables.iter().filter(|table| !dropped.contains(&table.name)) {
            let here = alteration(&table.name);
            let after = here.map_or(Some(table), |altered| Some(altered.to));
            for key in &table.foreign_keys {
                let there = alteration(&key.references);
                let disturbed = here.is_some_and(|altered| disturbs(altered, &key.columns))
                    || there.is_some_and(|altered| disturbs(altered, &key.referenced_columns));
                let kept = after.and_then(|after| after.foreign_keys.iter().find(|other| other.name == key.name));
                let (Some(after), Some(kept), true) = (after, kept, disturbed) else { continue };
                if here.is_none_or(|altered| !changes_key(altered, &key.name)) {
                    phases.drop_foreign_keys.push(drop(&table.name, &key.name, self.server));
                    phases.add_foreign_keys.push(add(after, kept, Some(table), self.server));
                }
            }
        }
    }

    /// Tables that go are dropped after those that refer to them; a circle must be cut first.
    fn between_dropped(&self, phases: &mut Phases) {
        let dropped = self.dropped();
        let mut gone: BTreeSet<&ObjectName> = BTreeSet::new();
        for table in print::tables_in_order(self.from).into_iter().rev().filter(|table| dropped.contains(&table.name)) {
            let holds = table.foreign_keys.iter().filter(|key| gone.contains(&key.references));
            phases.drop_foreign_keys.extend(holds.map(|key| drop(&table.name, &key.name, self.server)));
            gone.insert(&table.name);
        }
    }
}

fn changes_key(altered: Altered<'_>, name: &str) -> bool {
    altered.changes.iter().any(|change| match change {
        TableChange::ForeignKey(Alteration::Drop(key) | Alteration::Alter { from: key, .. }) => key.name == name,
        _ => false,
    })
}

/// Whether a change of the table touches what a foreign key over these columns (as they were named) holds on to.
fn disturbs(altered: Altered<'_>, columns: &[String]) -> bool {
    let retyped = table::retyped(altered);
    columns.iter().any(|column| retyped.contains(column.as_str())) || loses_index(altered, columns)
}

/// Whether an index over these columns goes and none of those that stay serves as well.
fn loses_index(altered: Altered<'_>, columns: &[String]) -> bool {
    let (mut going, mut staying) = (false, false);
    let gone = |index: &Index| {
        altered.changes.iter().any(|change| match change {
            TableChange::Index(Alteration::Drop(old)) => old.name == index.name,
            TableChange::Index(Alteration::Alter { from, to }) => from.name == index.name && from.parts != to.parts,
            _ => false,
        })
    };
    let key_changes = altered.changes.iter().any(|change| matches!(change, TableChange::PrimaryKey(_)));
    let mut weigh = |parts: &[IndexPart], gone: bool| {
        if serves(parts, columns) {
            (going, staying) = (going || gone, staying || !gone);
        }
    };
    altered.from.indexes.iter().for_each(|index| weigh(&index.parts, gone(index)));
    altered.from.primary_key.iter().for_each(|key| weigh(&key.parts, key_changes));
    going && !staying
}

fn serves(parts: &[IndexPart], columns: &[String]) -> bool {
    parts.len() >= columns.len() && parts.iter().zip(columns).all(|(part, column)| &part.column == column)
}

/// The step that adds a foreign key to a table that was `from` before.
pub(super) fn add(to: &Table, key: &ForeignKey, from: Option<&Table>, server: Server) -> Step {
    let table = &to.name;
    let summary = format!("add foreign key {} to {table}", key.name);
    let object = ObjectKey::member(ObjectKind::ForeignKey, table, &key.name);
    let done = probe::foreign_key(table, &key.name, true);
    let sql = match from.and_then(|from| maybe_implicit(from, to, &key.columns)) {
        None => print::add_foreign_key(table, key, server),
        Some(index) => format!(
            "ALTER TABLE {} DROP KEY {}, ADD {}, ADD {}",
            ident(&table.name),
            ident(&index.name),
            print::index_definition(index, server),
            print::foreign_key_definition(key, server)
        ),
    };
    let mut made = step(summary, object, sql, done);
    made.recipe = Recipe::Rebuild;
    made.locks =
        vec![lock(table, LockMode::Share, LockSpan::Rewrite), lock(&key.references, LockMode::Share, LockSpan::Scan)];
    made
}

/// An index that stays and that the server may have made by itself for a foreign key over these columns. The server
/// drops such an index in silence once another one, or another foreign key over them, comes; made again by name, it stays.
pub(super) fn maybe_implicit<'t>(from: &Table, to: &'t Table, columns: &[String]) -> Option<&'t Index> {
    let exactly = |index: &Index| {
        let plain = |part: &IndexPart| part.length.is_none() && !part.descending;
        index.parts.len() == columns.len() && serves(&index.parts, columns) && index.parts.iter().all(plain)
    };
    let before = |index: &Index| from.indexes.iter().any(|old| old == index);
    let held = from.foreign_keys.iter().any(|key| key.columns == columns);
    let possible = |index: &&Index| !index.unique && index.method.is_none() && exactly(index) && before(index);
    to.indexes.iter().find(possible).filter(|_| held)
}

fn drop(table: &ObjectName, name: &str, server: Server) -> Step {
    let summary = format!("drop foreign key {name} of {table}");
    let object = ObjectKey::member(ObjectKind::ForeignKey, table, name);
    let sql = format!("ALTER TABLE {} DROP FOREIGN KEY {}", ident(&table.name), ident(name));
    let mut made = step(summary, object, sql, probe::foreign_key(table, name, false));
    let (mode, span) = noted(server).lock();
    made.locks = vec![lock(table, mode, span)];
    made
}
