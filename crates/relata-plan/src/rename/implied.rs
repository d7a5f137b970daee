//! Renames that follow from others, or from content that cannot be mistaken: nobody has to be asked.

use relata_schema::change::Rename;
use relata_schema::model::{ObjectKey, ObjectKind, Sequence, View};
use relata_schema::{Dialect, Schema};

use super::Names;

/// The renames that follow from `renames`:
/// - the sequence that a column owned is the sequence that it owns;
/// - a view (PostgreSQL) with the same query and columns, the only one on both sides, is the same view.
pub fn implied(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Rename> {
    let names = Names { renames };
    let mut found = sequences(from, to, names);
    if from.dialect == Dialect::Postgres {
        found.extend(views(from, to, names));
    }
    found
}

fn sequences(from: &Schema, to: &Schema, names: Names<'_>) -> Vec<Rename> {
    let (gone, new) = names.unmatched(ObjectKind::Sequence, &from.sequences, &to.sequences, |item| &item.name);
    let same = |old: &Sequence| {
        let (table, column) = old.owned_by.as_ref()?;
        let owner = Some((names.table(table), names.column(table, column)));
        let mut found = new.iter().filter(|item| item.owned_by == owner);
        let first = found.next()?;
        found
            .next()
            .is_none()
            .then(|| Rename { from: ObjectKey::of(ObjectKind::Sequence, &old.name), to: first.name.clone() })
    };
    gone.into_iter().filter_map(same).collect()
}

fn views(from: &Schema, to: &Schema, names: Names<'_>) -> Vec<Rename> {
    let (gone, new) = names.unmatched(ObjectKind::View, &from.views, &to.views, |view| &view.name);
    let equal = |a: &View, b: &View| {
        a.materialized == b.materialized && a.query == b.query && a.columns == b.columns && a.parameters == b.parameters
    };
    let mut found = Vec::new();
    for old in &gone {
        let twins = gone.iter().filter(|other| equal(old, other)).count();
        let now: Vec<&&View> = new.iter().filter(|view| equal(old, view)).collect();
        if let ([view], 1) = (now.as_slice(), twins) {
            found.push(Rename { from: ObjectKey::of(ObjectKind::View, &old.name), to: view.name.clone() });
        }
    }
    found
}
