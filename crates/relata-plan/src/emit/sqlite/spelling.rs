//! SQLite's names are the same in any case: `Users` and `users` is one table, which must not be dropped and created.

use relata_schema::Schema;
use relata_schema::change::{Change, Rename};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};

use crate::{PlanOptions, diff};

/// The changes once names that differ only in case are taken for renames; `None` if there are none such.
pub(super) fn changes(from: &Schema, to: &Schema, options: &PlanOptions) -> Option<Vec<Change>> {
    let mut renames = options.renames.clone();
    let declared = renames.len();
    for old in &from.tables {
        let same = |name: &str| name.eq_ignore_ascii_case(&old.name.name);
        let Some(new) = to.table(&old.name).or_else(|| to.tables.iter().find(|table| same(&table.name.name))) else {
            continue;
        };
        if new.name != old.name {
            renames.push(Rename { from: ObjectKey::of(ObjectKind::Table, &old.name), to: new.name.clone() });
        }
        for column in old.columns.iter().filter(|column| new.column(&column.name).is_none()) {
            let respelled = new.columns.iter().find(|other| other.name.eq_ignore_ascii_case(&column.name));
            renames.extend(respelled.map(|other| Rename {
                from: ObjectKey::member(ObjectKind::Column, &old.name, &column.name),
                to: ObjectName::bare(&other.name),
            }));
        }
    }
    (renames.len() > declared).then(|| diff::diff(from, to, &renames))
}
