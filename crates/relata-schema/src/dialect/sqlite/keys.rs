//! In which order the keys of a table stand in its text.
//!
//! SQLite numbers the indexes behind them in that order. It means nothing: two tables that differ in it are the same; but a
//! table that is written anew is written as it was found. Where the usual order (primary key, then the others by their first
//! column, those of one column on the column) is not the one found, each key notes its [`PLACE`].

use crate::model::{Column, Key, Table};

/// The key of the parameter of a key that says at which place it stands.
pub const PLACE: &str = "place";

/// The keys of a table, as they are written.
#[derive(Debug, Default)]
pub struct Order<'t> {
    /// On their columns.
    pub on_columns: Vec<&'t Key>,
    /// After the columns.
    pub after: Vec<&'t Key>,
}

/// The keys of the table in their order.
pub fn order(table: &Table) -> Order<'_> {
    let mut keys: Vec<&Key> = table.primary_key.iter().chain(&table.uniques).collect();
    if keys.iter().any(|key| place(key).is_some()) {
        keys.sort_by_key(|key| place(key));
        return placed(table, keys);
    }
    let on_column = |key: &&Key| is_inline(table, key);
    let (mut on_columns, mut after): (Vec<&Key>, Vec<&Key>) = keys.into_iter().partition(on_column);
    on_columns.sort_by_key(|key| column(table, key));
    after.sort_by_key(|key| (!is_primary(table, key), column(table, key)));
    Order { on_columns, after }
}

/// As many keys stand on their columns as the order allows.
fn placed<'t>(table: &'t Table, keys: Vec<&'t Key>) -> Order<'t> {
    let mut order = Order::default();
    let mut last = None;
    for key in keys {
        let here = column(table, key);
        let must = is_primary(table, key) && here.is_some_and(|at| numbers_rows(&table.columns[at], key));
        let fits = order.after.is_empty() && here >= last || must;
        if is_inline(table, key) && fits {
            last = here.max(last);
            order.on_columns.push(key);
        } else {
            order.after.push(key);
        }
    }
    order
}

/// Whether the key is the table's primary key, and not one that says the same.
pub fn is_primary(table: &Table, key: &Key) -> bool {
    table.primary_key.as_ref().is_some_and(|primary| std::ptr::eq(primary, key))
}

fn place(key: &Key) -> Option<u32> {
    key.parameters.iter().find(|(name, _)| name == PLACE)?.1.parse().ok()
}

fn column(table: &Table, key: &Key) -> Option<usize> {
    table.columns.iter().position(|column| key.columns().next() == Some(&column.name))
}

/// Whether the primary key may mean another thing after the columns: `AUTOINCREMENT` stands on the column only, and whether
/// `INTEGER PRIMARY KEY DESC` is the number of the row depends on where it stands.
fn numbers_rows(column: &Column, key: &Key) -> bool {
    column.auto_increment || key.parts[0].descending || column.ty.physical.eq_ignore_ascii_case("integer")
}

/// A key of one column can stand on it.
fn is_inline(table: &Table, key: &Key) -> bool {
    let primary = is_primary(table, key);
    matches!(&key.parts[..], [part] if part.collation.is_none() && (primary || !part.descending))
}

/// Notes the places of the keys if the order that was found, of those that have an index, is not the usual one.
pub fn note_places(table: &mut Table, found: &[Key]) {
    let usual = order(table);
    let usual = usual.on_columns.into_iter().chain(usual.after).filter(|key| found.contains(key));
    if usual.eq(found) {
        return;
    }
    for key in table.primary_key.iter_mut().chain(&mut table.uniques) {
        if let Some(place) = found.iter().position(|other| other == key) {
            key.parameters.push((PLACE.to_string(), place.to_string()));
        }
    }
}

/// The table without the places of its keys.
pub fn without_places(table: &Table) -> Option<Table> {
    let mut keys = table.primary_key.iter().chain(&table.uniques);
    keys.any(|key| place(key).is_some()).then(|| {
        let mut table = table.clone();
        for key in table.primary_key.iter_mut().chain(&mut table.uniques) {
            key.parameters.retain(|(name, _)| name != PLACE);
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IndexPart;

    fn key(columns: &str) -> Key {
        let part = |name: &str| IndexPart { column: name.into(), ..IndexPart::default() };
        Key { parts: columns.split(' ').map(part).collect(), ..Key::default() }
    }

    fn written(table: &Table) -> String {
        let names = |keys: &[&Key]| {
            keys.iter().map(|key| key.columns().collect::<Vec<_>>().join("+")).collect::<Vec<_>>().join(" ")
        };
        let order = order(table);
        format!("{} | {}", names(&order.on_columns), names(&order.after))
    }

    #[test]
    fn keys_stand_where_they_were_found() {
        let column = |name: &str| Column { name: name.into(), ..Column::default() };
        let mut table = Table {
            columns: ["a", "b", "c", "d"].map(column).to_vec(),
            primary_key: Some(key("c d")),
            uniques: vec![key("a"), key("b"), key("b c")],
            ..Table::default()
        };
        assert_eq!(written(&table), "a b | c+d b+c");
        note_places(&mut table, &[key("a"), key("b"), key("c d"), key("b c")]);
        assert_eq!(without_places(&table), None, "that is the usual order");
        note_places(&mut table, &[key("a"), key("b c"), key("c d"), key("b")]);
        assert_eq!(written(&table), "a | b+c c+d b");
        assert_eq!(written(&without_places(&table).unwrap()), "a b | c+d b+c");
        table.primary_key = Some(key("a"));
        table.uniques = vec![key("c")];
        note_places(&mut table, &[key("c"), key("a")]);
        assert_eq!(written(&table), "c | a");
        table.columns[0].auto_increment = true;
        assert_eq!(written(&table), "c a | ", "only there it can stand");
    }
}
