//! Enums and their values, domains, composite types and sequences.

use std::collections::BTreeSet;

use relata_schema::Schema;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Sequence};

use super::{Add, Names, Score, alike};

pub(super) fn questions(from: &Schema, to: &Schema, names: Names<'_>, add: &mut Add<'_>) {
    let used_before = users(from, Some(names));
    let used_after = users(to, None);
    let used = |score: &mut Score, old: &ObjectName, new: &ObjectName| {
        let at = |users: &[(ObjectName, String, String)], name: &ObjectName| -> BTreeSet<(ObjectName, String)> {
            let is = |ty: &str| ty.trim_end_matches("[]").replace('"', "") == name.to_string();
            users.iter().filter(|(_, _, ty)| is(ty)).map(|(table, column, _)| (table.clone(), column.clone())).collect()
        };
        let (before, after) = (at(&used_before, old), at(&used_after, new));
        if before.intersection(&after).next().is_some() {
            score.add(20, "the same columns use it");
        }
    };
    let name = |score: &mut Score, old: &ObjectName, new: &ObjectName| {
        score.add(i32::from(alike(&old.name, &new.name)) * 20 / 100, "the names are alike");
    };

    let (gone, new) = names.unmatched(ObjectKind::Enum, &from.enums, &to.enums, |ty| &ty.name);
    for old in gone {
        let key = ObjectKey::of(ObjectKind::Enum, &old.name);
        let candidate = |ty: &&relata_schema::model::EnumType| {
            let mut score = Score::default();
            score.add(share(&old.values, &ty.values, 65), "the same values");
            name(&mut score, &old.name, &ty.name);
            used(&mut score, &old.name, &ty.name);
            score.candidate(key.clone(), ty.name.clone())
        };
        let candidates = new.iter().map(candidate).collect();
        add(key.clone(), candidates);
    }

    let (gone, new) = names.unmatched(ObjectKind::Domain, &from.domains, &to.domains, |ty| &ty.name);
    for old in gone {
        let key = ObjectKey::of(ObjectKind::Domain, &old.name);
        let candidates = new.iter().filter(|ty| ty.base == old.base).map(|ty| {
            let mut score = Score::default();
            score.add(35, "the same type below");
            let checks = |domain: &relata_schema::model::Domain| -> Vec<String> {
                domain.checks.iter().map(|check| check.expression.clone()).collect()
            };
            let same = checks(old) == checks(ty) && old.not_null == ty.not_null && old.default == ty.default;
            score.add(if same { 20 } else { 0 }, "the same rules");
            name(&mut score, &old.name, &ty.name);
            used(&mut score, &old.name, &ty.name);
            score.candidate(key.clone(), ty.name.clone())
        });
        let candidates = candidates.collect();
        add(key.clone(), candidates);
    }

    let (gone, new) = names.unmatched(ObjectKind::Composite, &from.composites, &to.composites, |ty| &ty.name);
    for old in gone {
        let key = ObjectKey::of(ObjectKind::Composite, &old.name);
        let words = |ty: &relata_schema::model::CompositeType| -> Vec<String> {
            ty.attributes.iter().map(|attribute| format!("{} {}", attribute.name, attribute.ty.physical)).collect()
        };
        let candidates = new.iter().map(|ty| {
            let mut score = Score::default();
            score.add(share(&words(old), &words(ty), 65), "the same attributes");
            name(&mut score, &old.name, &ty.name);
            used(&mut score, &old.name, &ty.name);
            score.candidate(key.clone(), ty.name.clone())
        });
        let candidates = candidates.collect();
        add(key.clone(), candidates);
    }
    sequences(from, to, names, add);
}

/// Every column with its type, as it is called afterwards.
fn users(schema: &Schema, names: Option<Names<'_>>) -> Vec<(ObjectName, String, String)> {
    let mut users = Vec::new();
    for table in &schema.tables {
        let columns =
            table.columns.iter().filter(|column| column.ty.physical.contains('.') || !column.ty.physical.contains(' '));
        for column in columns {
            let (table, name) = match names {
                Some(names) => (names.table(&table.name), names.column(&table.name, &column.name)),
                None => (table.name.clone(), column.name.clone()),
            };
            users.push((table, name, column.ty.physical.clone()));
        }
    }
    users
}

/// The share of what both have.
fn share(a: &[String], b: &[String], points: usize) -> i32 {
    let (a, b): (BTreeSet<&String>, BTreeSet<&String>) = (a.iter().collect(), b.iter().collect());
    let share = points * a.intersection(&b).count() / a.union(&b).count().max(1);
    i32::try_from(share).unwrap_or_default()
}

/// Sequences that no column owns; the others follow their column.
fn sequences(from: &Schema, to: &Schema, names: Names<'_>, add: &mut Add<'_>) {
    let (gone, new) = names.unmatched(ObjectKind::Sequence, &from.sequences, &to.sequences, |item| &item.name);
    let alone = |sequence: &&&Sequence| sequence.owned_by.is_none();
    for old in gone.iter().filter(alone) {
        let key = ObjectKey::of(ObjectKind::Sequence, &old.name);
        let candidates = new.iter().filter(alone).map(|item| {
            let mut score = Score::default();
            let same = item.parameters == old.parameters && item.data_type == old.data_type;
            score.add(if same { 35 } else { 10 }, "the same numbers");
            score.add(i32::from(alike(&old.name.name, &item.name.name)) * 40 / 100, "the names are alike");
            score.add(if gone.len() == 1 && new.len() == 1 { 10 } else { 0 }, "");
            score.candidate(key.clone(), item.name.clone())
        });
        let candidates = candidates.collect();
        add(key.clone(), candidates);
    }
}
