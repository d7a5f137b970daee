//! What differs between two tables that are the same table.

use std::borrow::Cow;

use relata_schema::Dialect;
use relata_schema::change::{Alteration, TableChange};
use relata_schema::dialect::sqlite;
use relata_schema::model::{Check, Column, Exclusion, ForeignKey, Index, Key, ObjectKind, Partitioning, Table};

use super::{Renames, alterations, by_key, pair, same};

/// Every difference between the two, in no particular order.
pub(super) fn diff(from: &Table, to: &Table, renames: &Renames<'_>) -> Vec<TableChange> {
    let mut changes = Vec::new();
    if renames.is_empty() && from == to {
        return changes;
    }
    // At which place a key stands in the text of a table means nothing.
    let (without_from, without_to) = (sqlite::keys::without_places(from), sqlite::keys::without_places(to));
    let (from, to) = (without_from.as_ref().unwrap_or(from), without_to.as_ref().unwrap_or(to));
    if from.name != to.name {
        changes.push(TableChange::Rename { from: from.name.clone(), to: to.name.clone() });
    }
    let rename = |column: &&Column| renames.member(ObjectKind::Column, &from.name, &column.name).to_string();
    let columns: Vec<Cow<'_, Column>> = from.columns.iter().map(|column| renames.typed(column)).collect();
    let old: Vec<&Column> = columns.iter().map(AsRef::as_ref).collect();
    let new: Vec<&Column> = to.columns.iter().collect();
    let pairs = pair(&old, &new, rename, |column| column.name.clone());
    let pairs = pairs.into_iter().map(|(from, to)| (from.copied(), to.copied())).collect();
    changes.extend(alterations(pairs, same_column).map(TableChange::Column));
    let renamed = from_with_new_names(from, to, renames);
    changes.extend(primary_key(from, &renamed, to).map(TableChange::PrimaryKey));
    changes.extend(members(&from.uniques, &renamed.uniques, &to.uniques).map(TableChange::Unique));
    changes.extend(members(&from.foreign_keys, &renamed.foreign_keys, &to.foreign_keys).map(TableChange::ForeignKey));
    changes.extend(members(&from.checks, &renamed.checks, &to.checks).map(TableChange::Check));
    changes.extend(members(&from.exclusions, &renamed.exclusions, &to.exclusions).map(TableChange::Exclusion));
    changes.extend(members(&from.indexes, &renamed.indexes, &to.indexes).map(TableChange::Index));
    changes.extend(by_key(&from.triggers, &to.triggers, |t| t.name.clone(), same).map(TableChange::Trigger));
    changes.extend(by_key(&from.policies, &to.policies, |p| p.name.clone(), same).map(TableChange::Policy));
    changes.extend(properties(from, to, renames));
    changes
}

/// Whether two columns are the same. The exact type decides: what it means follows from it. SQLite's row number is never
/// NULL, also where nobody says so.
fn same_column(from: &Column, to: &Column) -> bool {
    let bare = |column: &Column| {
        let parameters = sqlite::parse::meant(column).cloned().collect();
        Column { parameters, ty: Default::default(), ..column.clone() }
    };
    from == to || (from.ty.physical == to.ty.physical && bare(from) == bare(to))
}

fn primary_key(from: &Table, renamed: &Table, to: &Table) -> Option<Alteration<Key>> {
    match (&from.primary_key, &to.primary_key) {
        (Some(_), Some(new)) if renamed.primary_key.as_ref() == Some(new) => None,
        (Some(old), Some(new)) => Some(Alteration::Alter { from: Box::new(old.clone()), to: Box::new(new.clone()) }),
        (Some(old), None) => Some(Alteration::Drop(Box::new(old.clone()))),
        (None, Some(new)) => Some(Alteration::Create(Box::new(new.clone()))),
        (None, None) => None,
    }
}

fn properties(from: &Table, to: &Table, renames: &Renames<'_>) -> Vec<TableChange> {
    let mut changes = Vec::new();
    if (from.row_security, from.force_row_security) != (to.row_security, to.force_row_security) {
        changes.push(TableChange::RowSecurity);
    }
    if partitioning(from, renames) != to.partitioning {
        let (from, to) = (from.partitioning.clone(), to.partitioning.clone());
        changes.push(TableChange::Partitioning { from, to });
    }
    let mut attached = from.partition_of.clone();
    if let Some(partition) = &mut attached {
        partition.parent = renames.object(ObjectKind::Table, &partition.parent).clone();
    }
    if attached != to.partition_of {
        changes.push(TableChange::PartitionOf { from: from.partition_of.clone(), to: to.partition_of.clone() });
    }
    if !from.inherits.iter().map(|parent| renames.object(ObjectKind::Table, parent)).eq(&to.inherits) {
        changes.push(TableChange::Inherits);
    }
    if from.of_type != to.of_type {
        changes.push(TableChange::OfType);
    }
    if from.foreign != to.foreign {
        changes.push(TableChange::Foreign);
    }
    if from.owner != to.owner {
        changes.push(TableChange::Owner);
    }
    if from.options != to.options {
        let (from, to) = (Box::new(from.options.clone()), Box::new(to.options.clone()));
        changes.push(TableChange::Options { from, to });
    }
    if from.comment != to.comment {
        changes.push(TableChange::Comment);
    }
    if from.grants != to.grants {
        changes.push(TableChange::Grants { from: from.grants.clone(), to: to.grants.clone() });
    }
    changes
}

/// How the table will be partitioned once its columns have been renamed.
fn partitioning(from: &Table, renames: &Renames<'_>) -> Option<Partitioning> {
    let mut partitioning = from.partitioning.clone()?;
    for column in &mut partitioning.columns {
        let new = renames.member(ObjectKind::Column, &from.name, column).to_string();
        if new != *column {
            let (old, new) = (Dialect::Postgres.ident(column), Dialect::Postgres.ident(&new));
            partitioning.key = replace_word(&partitioning.key, &old, &new);
        }
        *column = new;
    }
    partitioning.columns.sort();
    Some(partitioning)
}

/// Puts one identifier in the place of another, as whole words.
fn replace_word(text: &str, old: &str, new: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || c == '"';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, after) = (&rest[..at], &rest[at + old.len()..]);
        let inside = before.ends_with(part) || after.starts_with(part);
        out.push_str(before);
        out.push_str(if inside { old } else { new });
        rest = after;
    }
    out + rest
}

/// The table as the database will report it once columns and tables have been renamed: keys follow their columns.
fn from_with_new_names(from: &Table, to: &Table, renames: &Renames<'_>) -> Table {
    let mut table = from.clone();
    let rename = |column: &mut String| *column = renames.member(ObjectKind::Column, &from.name, column).to_string();
    table.name = to.name.clone();
    let keys = table.primary_key.iter_mut().chain(&mut table.uniques);
    for key in keys {
        key.parts.iter_mut().for_each(|part| rename(&mut part.column));
        key.include.iter_mut().for_each(rename);
    }
    for index in &mut table.indexes {
        index.parts.iter_mut().for_each(|part| rename(&mut part.column));
        index.include.iter_mut().for_each(rename);
    }
    for exclusion in &mut table.exclusions {
        exclusion.elements.iter_mut().for_each(|(part, _)| rename(&mut part.column));
        exclusion.include.iter_mut().for_each(rename);
    }
    for key in &mut table.foreign_keys {
        key.columns.iter_mut().chain(&mut key.set_columns).for_each(rename);
        let there = key.references.clone();
        let renamed = |column: &mut String| *column = renames.member(ObjectKind::Column, &there, column).to_string();
        key.referenced_columns.iter_mut().for_each(renamed);
        key.references = renames.object(ObjectKind::Table, &there).clone();
        if key.references != there {
            // SQLite writes the new name into every reference.
            key.written.clear();
        }
    }
    table
}

/// Something inside a table that has a name of its own, or none.
trait Member: Clone + PartialEq {
    fn name(&self) -> &str;
    /// The same without its name.
    fn nameless(&self) -> Self;
    /// Two of this kind without names, or with other names, that stand for each other although they differ.
    fn stands_for(&self, other: &Self) -> bool;
}

macro_rules! member {
    ($ty:ty, |$a:ident, $b:ident| $stands_for:expr) => {
        impl Member for $ty {
            fn name(&self) -> &str {
                &self.name
            }
            fn nameless(&self) -> Self {
                Self { name: String::new(), ..self.clone() }
            }
            fn stands_for(&self, other: &Self) -> bool {
                let ($a, $b) = (self, other);
                $stands_for
            }
        }
    };
}
member!(Key, |a, b| a.columns().eq(b.columns()));
member!(ForeignKey, |a, b| a.columns == b.columns);
member!(Check, |a, b| !a.column.is_empty() && a.column == b.column);
member!(Exclusion, |_a, _b| false);
member!(Index, |_a, _b| false);

/// Matches members: by name, then those of equal content (only the name changed), then the nameless that stand for
/// each other. `renamed` is `from` with new column names, and is what `to` is compared with.
fn members<'a, T: Member + 'a>(from: &'a [T], renamed: &[T], to: &'a [T]) -> impl Iterator<Item = Alteration<T>> + 'a {
    let mut partner: Vec<Option<usize>> = vec![None; from.len()];
    let mut taken = vec![false; to.len()];
    let rules: [fn(&T, &T) -> bool; 4] = [
        |a, b| a == b,
        |a, b| !a.name().is_empty() && a.name() == b.name(),
        |a, b| a.nameless() == b.nameless(),
        |a, b| a.name().is_empty() && b.name().is_empty() && a.stands_for(b),
    ];
    for rule in rules {
        for (index, old) in renamed.iter().enumerate() {
            if partner[index].is_none()
                && let Some(found) = (0..to.len()).find(|&candidate| !taken[candidate] && rule(old, &to[candidate]))
            {
                partner[index] = Some(found);
                taken[found] = true;
            }
        }
    }
    let equal: Vec<bool> =
        (0..from.len()).map(|index| partner[index].is_some_and(|found| renamed[index] == to[found])).collect();
    let created: Vec<&T> = to.iter().zip(taken).filter(|(_, taken)| !taken).map(|(item, _)| item).collect();
    let kept = from.iter().enumerate().filter(move |(index, _)| !equal[*index]).map(move |(index, old)| match partner
        [index]
    {
        Some(found) => Alteration::Alter { from: Box::new(old.clone()), to: Box::new(to[found].clone()) },
        None => Alteration::Drop(Box::new(old.clone())),
    });
    kept.chain(created.into_iter().map(move |item| Alteration::Create(Box::new(item.clone()))))
}
