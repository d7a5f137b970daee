//! Values of enums that are gone, beside those that are new in the same enum; and what is known to go on under another
//! name in an enum that is inline in a column.

use relata_schema::change::Rename;
use relata_schema::model::{Column, ObjectKey, ObjectKind, ObjectName, Table};
use relata_schema::{Dialect, Schema};

use super::{Add, Names, Score, alike};

/// The values of the enum inline in a column that go on under another name, before and after: those that were not there
/// before and are afterwards. PostgreSQL renames the values of its types itself.
pub fn inline_values(from: (&Table, &Column), to: (&Table, &Column), renames: &[Rename]) -> Vec<(String, String)> {
    let name = from.0.inline_enum(&from.1.name);
    let of_column = |rename: &&Rename| rename.from.kind == ObjectKind::Enum && rename.from.name == name;
    let mut declared = renames.iter().filter(of_column).peekable();
    if declared.peek().is_none() {
        return Vec::new();
    }
    let (old, new) = (from.0.inline_values(from.1), to.0.inline_values(to.1));
    let pair = |rename: &Rename| (rename.from.member.clone(), rename.to.name.clone());
    let is_open = |(before, after): &(String, String)| {
        old.contains(before) && !new.contains(before) && new.contains(after) && !old.contains(after)
    };
    declared.map(pair).filter(is_open).collect()
}

pub(super) fn questions(from: &Schema, to: &Schema, names: Names<'_>, add: &mut Add<'_>) {
    for old in &from.enums {
        let now = names.object(ObjectKind::Enum, &old.name);
        if let Some(new) = to.enums.iter().find(|ty| ty.name == now) {
            of_enum(&old.name, (&old.values, &new.values), names, add);
        }
    }
    if from.dialect == Dialect::Postgres {
        return;
    }
    for table in &from.tables {
        let Some(after) = to.table(&names.table(&table.name)) else { continue };
        for column in &table.columns {
            let Some(new) = after.column(&names.column(&table.name, &column.name)) else { continue };
            if column.ty == new.ty && table.checks == after.checks {
                continue;
            }
            let (values, now) = (table.inline_values(column), after.inline_values(new));
            if !values.is_empty() && !now.is_empty() {
                of_enum(&table.inline_enum(&column.name), (&values, &now), names, add);
            }
        }
    }
}

fn of_enum(name: &ObjectName, (old, new): (&[String], &[String]), names: Names<'_>, add: &mut Add<'_>) {
    let before: Vec<String> = old.iter().map(|value| names.member(ObjectKind::Enum, name, value)).collect();
    let around = |values: &[String], at: usize, others: &[String]| {
        let stays = |value: &&String| others.contains(value);
        (values[..at].iter().rev().find(stays).cloned(), values[at + 1..].iter().find(stays).cloned())
    };
    let gone = before.iter().filter(|value| !new.contains(value)).count();
    let fresh = new.iter().filter(|value| !before.contains(value)).count();
    for (at, value) in before.iter().enumerate().filter(|(_, value)| !new.contains(value)) {
        let key = ObjectKey::member(ObjectKind::Enum, name, &old[at]);
        let place = around(&before, at, new);
        let added = new.iter().enumerate().filter(|(_, value)| !before.contains(value));
        let candidates = added.map(|(to_at, candidate)| {
            let mut score = Score::default();
            score.add(i32::from(alike(value, candidate)) * 45 / 100, "the values are alike");
            let same_place = place == around(new, to_at, &before);
            score.add(if same_place { 30 } else { 0 }, "the same place");
            score.add(if gone == 1 && fresh == 1 { 30 } else { 10 }, "");
            score.candidate(key.clone(), ObjectName::bare(candidate))
        });
        let candidates = candidates.collect();
        add(key.clone(), candidates);
    }
}
