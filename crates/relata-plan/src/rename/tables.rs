//! Tables that are gone, beside those that are new.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::Schema;
use relata_schema::model::{ObjectKind, ObjectName, Table};

use super::{Add, Names, Score, alike};

/// More new tables than these are not all compared with every old one: only those that share a telling column.
const FEW: usize = 40;

pub(super) fn questions(from: &Schema, to: &Schema, names: Names<'_>, add: &mut Add<'_>) {
    let (gone, new) = names.unmatched(ObjectKind::Table, &from.tables, &to.tables, |table| &table.name);
    if gone.is_empty() || new.is_empty() {
        return;
    }
    let context = Context::new(from, to, names);
    let by_column = by_column(&new);
    for old in gone {
        let candidates = near(old, &new, &by_column).into_iter().filter_map(|table| {
            let score = context.score(old, table)?;
            Some(score.candidate(old.key(), table.name.clone()))
        });
        let candidates = candidates.collect();
        add(old.key(), candidates);
    }
}

/// The new tables by their columns.
fn by_column<'t>(new: &[&'t Table]) -> BTreeMap<&'t str, Vec<usize>> {
    let mut map: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, table) in new.iter().enumerate() {
        for column in &table.columns {
            map.entry(&column.name).or_default().push(index);
        }
    }
    map
}

fn near<'t>(old: &Table, new: &[&'t Table], by_column: &BTreeMap<&str, Vec<usize>>) -> Vec<&'t Table> {
    if new.len() <= FEW {
        return new.to_vec();
    }
    let telling = old.columns.iter().filter_map(|column| by_column.get(column.name.as_str()));
    let found: BTreeSet<usize> = telling.filter(|tables| tables.len() <= FEW).flatten().copied().collect();
    found.into_iter().map(|index| new[index]).collect()
}

/// What is asked of both schemas for every pair.
struct Context<'s> {
    /// How many of the old tables have a column of that name and type.
    frequency: BTreeMap<(&'s str, &'s str), usize>,
    /// Who refers to a table, as they are called afterwards.
    referring_before: BTreeMap<&'s ObjectName, BTreeSet<ObjectName>>,
    referring_after: BTreeMap<&'s ObjectName, BTreeSet<ObjectName>>,
    names: Names<'s>,
}

impl<'s> Context<'s> {
    fn new(from: &'s Schema, to: &'s Schema, names: Names<'s>) -> Self {
        let mut frequency = BTreeMap::new();
        for column in from.tables.iter().flat_map(|table| &table.columns) {
            *frequency.entry((column.name.as_str(), column.ty.physical.as_str())).or_default() += 1;
        }
        let referring_before = referring(from, |name| names.table(name));
        let referring_after = referring(to, ObjectName::clone);
        Context { frequency, referring_before, referring_after, names }
    }

    fn score(&self, old: &Table, new: &Table) -> Option<Score> {
        let partition = |table: &Table| table.partition_of.as_ref().map(|partition| partition.bound.clone());
        if partition(old) != partition(new)
            || old.options.virtual_using.is_some() != new.options.virtual_using.is_some()
        {
            return None;
        }
        let mut score = Score::default();
        score.add(self.shared_columns(old, new), "most columns are the same");
        score.add(i32::from(alike(&old.name.name, &new.name.name)) * 15 / 100, "the names are alike");
        let key =
            |table: &Table| table.primary_key.as_ref().map(|key| key.columns().map(String::from).collect::<Vec<_>>());
        if key(old).is_some() && key(old) == key(new) {
            score.add(5, "");
        }
        let points_to = |table: &Table, names: Option<Names<'_>>| -> BTreeSet<ObjectName> {
            let name = |name: &ObjectName| names.map_or_else(|| name.clone(), |names| names.table(name));
            table.foreign_keys.iter().map(|key| name(&key.references)).collect()
        };
        let (before, after) = (points_to(old, Some(self.names)), points_to(new, None));
        if !before.is_empty() && before == after {
            score.add(8, "it refers to the same tables");
        }
        let nobody = BTreeSet::new();
        let before = self.referring_before.get(&old.name).unwrap_or(&nobody);
        let after = self.referring_after.get(&new.name).unwrap_or(&nobody);
        if before.intersection(after).next().is_some() {
            score.add(15, "the same tables refer to it");
        } else if before.is_empty() != after.is_empty() {
            score.add(-5, "");
        }
        if old.comment.is_some() && old.comment == new.comment {
            score.add(10, "the same comment");
        }
        Some(score)
    }

    /// Up to 65 points for the columns that both have; what every table has (`id`, `created_at`) says little.
    fn shared_columns(&self, old: &Table, new: &Table) -> i32 {
        let weight = |name: &str, ty: &str| 1.0 / self.frequency.get(&(name, ty)).copied().unwrap_or(1) as f64;
        let columns: BTreeMap<&str, &str> =
            new.columns.iter().map(|column| (column.name.as_str(), column.ty.physical.as_str())).collect();
        let mut shared = 0.0;
        let mut before = 0.0;
        for column in &old.columns {
            let weight = weight(&column.name, &column.ty.physical);
            before += weight;
            match columns.get(column.name.as_str()) {
                Some(ty) if *ty == column.ty.physical => shared += weight,
                Some(_) => shared += weight / 2.0,
                None => {}
            }
        }
        let after: f64 = new.columns.iter().map(|column| weight(&column.name, &column.ty.physical)).sum();
        let share = 2.0 * shared / (before + after).max(f64::MIN_POSITIVE);
        let evidence = shared.min(1.0);
        (65.0 * share * evidence).round() as i32
    }
}

fn referring(schema: &Schema, name: impl Fn(&ObjectName) -> ObjectName) -> BTreeMap<&ObjectName, BTreeSet<ObjectName>> {
    let mut map: BTreeMap<&ObjectName, BTreeSet<ObjectName>> = BTreeMap::new();
    for table in &schema.tables {
        for key in &table.foreign_keys {
            map.entry(&key.references).or_default().insert(name(&table.name));
        }
    }
    map
}
