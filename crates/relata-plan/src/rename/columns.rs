//! Columns that are gone from a table that stays, beside those that are new in it.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::model::{Column, ObjectKey, ObjectKind, ObjectName, Table};
use relata_schema::{Dialect, Schema, Type};

use super::{Add, Candidate, Names, Score, alike};
use crate::conversion::{Conversion, convert};

pub(super) fn questions(from: &Schema, to: &Schema, names: Names<'_>, add: &mut Add<'_>) {
    let targets: BTreeMap<&ObjectName, &Table> = to.tables.iter().map(|table| (&table.name, table)).collect();
    for table in &from.tables {
        let Some(after) = targets.get(&names.table(&table.name)) else { continue };
        in_table(from.dialect, table, after, names, add);
    }
}

fn in_table(dialect: Dialect, from: &Table, to: &Table, names: Names<'_>, add: &mut Add<'_>) {
    let there: BTreeSet<&str> = to.columns.iter().map(|column| column.name.as_str()).collect();
    let now: Vec<String> = from.columns.iter().map(|column| names.column(&from.name, &column.name)).collect();
    if now.iter().all(|name| there.contains(name.as_str())) {
        return;
    }
    let known: BTreeSet<&str> = now.iter().map(String::as_str).collect();
    let stays: Vec<Option<&str>> =
        now.iter().map(|name| there.contains(name.as_str()).then_some(name.as_str())).collect();
    let was: Vec<Option<&str>> =
        to.columns.iter().map(|column| known.contains(column.name.as_str()).then_some(column.name.as_str())).collect();
    let (old_places, new_places) = (places(&stays), places(&was));
    for (old_index, old) in from.columns.iter().enumerate().filter(|(index, _)| stays[*index].is_none()) {
        if old.inherited {
            continue;
        }
        let key = ObjectKey::member(ObjectKind::Column, &from.name, &old.name);
        let mut candidates: Vec<Candidate> = Vec::new();
        for (new_index, new) in to.columns.iter().enumerate().filter(|(index, _)| was[*index].is_none()) {
            if new.inherited {
                continue;
            }
            let place = old_places[old_index].likeness(&new_places[new_index]);
            if let Some(mut score) = alone(dialect, old, new) {
                score.add(place, "the same place");
                around(&mut score, from, old, to, new, names);
                candidates.push(score.candidate(key.clone(), ObjectName::bare(&new.name)));
            }
        }
        add(key, candidates);
    }
}

/// Between which columns that stay a column stands, and which it is of those there.
struct Place<'n> {
    before: Option<&'n str>,
    after: Option<&'n str>,
    nth: usize,
}

impl Place<'_> {
    fn likeness(&self, other: &Place<'_>) -> i32 {
        let both = self.before == other.before && self.after == other.after;
        match (both, self.before == other.before || self.after == other.after) {
            (true, _) if self.nth == other.nth => 26,
            (true, _) => 18,
            (false, true) => 6,
            (false, false) => 0,
        }
    }
}

/// `None` stands where a column is gone or new.
fn places<'n>(columns: &[Option<&'n str>]) -> Vec<Place<'n>> {
    let mut places: Vec<Place<'n>> = Vec::new();
    let (mut before, mut nth) = (None, 0);
    for column in columns {
        places.push(Place { before, after: None, nth });
        nth += 1;
        if column.is_some() {
            (before, nth) = (*column, 0);
        }
    }
    let mut after = None;
    for (place, column) in places.iter_mut().zip(columns).rev() {
        place.after = after;
        after = column.or(after);
    }
    places
}

/// What two columns say by themselves; `None`: they cannot be the same.
fn alone(dialect: Dialect, old: &Column, new: &Column) -> Option<Score> {
    if old.generated.is_some() != new.generated.is_some()
        || old.identity.is_some() != new.identity.is_some()
        || old.auto_increment != new.auto_increment
    {
        return None;
    }
    let mut score = Score::default();
    let name = alike(&old.name, &new.name);
    score.add(i32::from(name) / 4, "the names are alike");
    let family = family(&old.ty.logical) == family(&new.ty.logical);
    match convert(dialect, &old.ty, &new.ty) {
        Conversion::Same => score.add(35, "the same type"),
        Conversion::Wider if family => score.add(24, "a like type"),
        Conversion::Narrower(_) if family => score.add(14, "a like type"),
        Conversion::Wider if name >= 70 => score.add(8, ""),
        _ => return None,
    }
    let equal = |equal: bool, points: i32| if equal { points } else { -4 };
    score.add(equal(old.not_null == new.not_null, 8), "");
    match (&old.default, &new.default) {
        (None, None) => score.add(4, ""),
        (Some(old), Some(new)) if old == new => score.add(10, "the same default"),
        _ => score.add(-5, ""),
    }
    if old.comment.is_some() && old.comment == new.comment {
        score.add(15, "the same comment");
    }
    if let (Some(old), Some(new)) = (&old.generated, &new.generated) {
        score.add(if old == new { 15 } else { -15 }, "the same expression");
    }
    Some(score)
}

fn family(ty: &Type) -> u8 {
    match ty {
        Type::Text | Type::VarChar(_) | Type::Char(_) => 1,
        Type::Int(_) | Type::UInt(_) => 2,
        Type::Decimal(_) | Type::Money | Type::Float32 | Type::Float64 => 3,
        Type::DateTime(_) | Type::Timestamp(_) | Type::Date => 4,
        Type::Time(_) | Type::TimeTz(_) => 5,
        Type::Json | Type::JsonText => 6,
        Type::Bytes(_) => 7,
        Type::Enum(..) | Type::Set(_) => 8,
        Type::Bool => 9,
        Type::Uuid => 10,
        Type::Array(_) => 11,
        _ => 12,
    }
}

/// What the keys, references and indexes of the tables say.
fn around(score: &mut Score, from: &Table, old: &Column, to: &Table, new: &Column, names: Names<'_>) {
    let (before, after) = (references(from, &old.name), references(to, &new.name));
    let before: Vec<ObjectName> = before.into_iter().map(|table| names.table(table)).collect();
    match (before.is_empty(), after.is_empty()) {
        (true, true) => {}
        (false, false) if before.iter().eq(after) => score.add(15, "the same reference"),
        _ => score.add(-12, ""),
    }
    let key =
        |table: &Table, column: &str| table.primary_key.iter().any(|key| key.columns().any(|part| part == column));
    match (key(from, &old.name), key(to, &new.name)) {
        (true, true) => score.add(12, "part of the primary key"),
        (false, false) => {}
        _ => score.add(-20, ""),
    }
    let (old_shapes, new_shapes) = (shapes(from, &old.name), shapes(to, &new.name));
    if !old_shapes.is_empty() || !new_shapes.is_empty() {
        let same = old_shapes == new_shapes;
        score.add(if same { 10 } else { -4 }, "the same indexes");
    }
}

/// The tables a column refers to.
fn references<'t>(table: &'t Table, column: &str) -> Vec<&'t ObjectName> {
    let keys = table.foreign_keys.iter().filter(|key| key.columns.iter().any(|part| part == column));
    keys.map(|key| &key.references).collect()
}

/// In what it stands: unique constraints and indexes, as their size and the place in them.
fn shapes(table: &Table, column: &str) -> Vec<(bool, usize, usize)> {
    let uniques = table.uniques.iter().map(|key| (true, &key.parts));
    let indexes = table.indexes.iter().map(|index| (index.unique, &index.parts));
    let place = |(unique, parts): (bool, &Vec<relata_schema::model::IndexPart>)| {
        let at = parts.iter().position(|part| part.column == column)?;
        Some((unique, parts.len(), at))
    };
    let mut found: Vec<_> = uniques.chain(indexes).filter_map(place).collect();
    found.sort_unstable();
    found
}
