//! Partitions: how a table gets others, with as few rows moved as the server can do.
//!
//! Where the key stays, only the partitions between the first and the last that differ are touched: added, reorganised
//! or, when their rows have nowhere to go, dropped. Everything else writes the whole table anew.

use relata_schema::change::{LockMode, LockSpan, Recipe, Step};
use relata_schema::dialect::mysql::print;
use relata_schema::model::{Partitioning, Table};

use super::{ident, lock, probe, step};

/// What changes the partitions.
pub(super) enum Repartition {
    /// A clause of the `ALTER TABLE` that changes everything else, at its end.
    Whole(String),
    /// A statement of its own after it: its clause, and what it loses.
    Apart(String, Option<String>),
}

/// How `from` becomes `to`.
pub(super) fn way(table: &Table, from: Option<&Partitioning>, to: Option<&Partitioning>) -> Repartition {
    match (from, to) {
        (_, None) => Repartition::Whole("REMOVE PARTITIONING".into()),
        (Some(old), Some(new)) if old.key == new.key => {
            piecewise(table, old, new).unwrap_or_else(|| Repartition::Whole(print::partition_clause(new)))
        }
        (_, Some(new)) => Repartition::Whole(print::partition_clause(new)),
    }
}

/// The change of those partitions that differ; `None` if only the whole table can be written anew.
fn piecewise(table: &Table, old: &Partitioning, new: &Partitioning) -> Option<Repartition> {
    let ranges = new.key.starts_with("RANGE");
    if !(ranges || new.key.starts_with("LIST")) || named(old) != named(new) {
        return None;
    }
    let (old, new) = (old.partitions.as_slice(), new.partitions.as_slice());
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail =
        |old: &[String], new: &[String]| old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let mut last = tail(&old[head..], &new[head..]);
    let going = |last: usize| &old[head..old.len() - last];
    let coming = |last: usize| &new[head..new.len() - last];
    if ranges && last > 0 && (going(last).is_empty() || coming(last).is_empty()) {
        // What lies between takes its rows from the next partition, or gives them to it.
        last -= 1;
    }
    match (going(last), coming(last)) {
        ([], added) => Some(Repartition::Apart(format!("ADD PARTITION ({})", added.join(", ")), None)),
        (gone, []) => {
            let names: Vec<String> = gone.iter().map(|partition| ident(&name(partition))).collect();
            let loses = format!("the rows of {} in partition {}", table.name, names.join(", "));
            Some(Repartition::Apart(format!("DROP PARTITION {}", names.join(", ")), Some(loses)))
        }
        (gone, added) if ranges && last > 0 && bound(gone.last()?) != bound(added.last()?) => None,
        (gone, added) => {
            let names: Vec<String> = gone.iter().map(|partition| ident(&name(partition))).collect();
            Some(Repartition::Apart(
                format!("REORGANIZE PARTITION {} INTO ({})", names.join(", "), added.join(", ")),
                None,
            ))
        }
    }
}

fn named(partitioning: &Partitioning) -> bool {
    partitioning.partitions.iter().any(|partition| !subpartitions(partition).is_empty())
}

/// The names of subpartitions that have one.
pub(super) fn subpartitions(partition: &str) -> Vec<String> {
    partition.split("SUBPARTITION `").skip(1).map(quoted).collect()
}

/// The comments, as literals.
pub(super) fn comments(partition: &str) -> Vec<&str> {
    let literal = |rest: &'_ str| {
        let mut characters = rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => drop(characters.next()),
                '\'' if rest[at + 1..].starts_with('\'') => drop(characters.next()),
                '\'' => return at,
                _ => {}
            }
        }
        rest.len()
    };
    let mut found = Vec::new();
    let mut rest = partition;
    while let Some(at) = rest.find(" COMMENT = '") {
        let start = at + " COMMENT = ".len();
        let end = start + 1 + literal(&rest[start + 1..]) + 1;
        found.push(rest.get(start..end).unwrap_or_default());
        rest = rest.get(end..).unwrap_or_default();
    }
    found
}

/// The step for a change that stands by itself.
pub(super) fn apart(table: &Table, clause: &str, loses: Option<String>, to: &Partitioning) -> Step {
    let sql = format!("ALTER TABLE {} {clause}", ident(&table.name.name));
    let done = probe::partitions(&table.name, to);
    let mut made = step(format!("alter table {}: partitions", table.name), table.key(), sql, done);
    made.loses = loses;
    if !clause.starts_with("ADD") && !clause.starts_with("DROP") {
        made.recipe = Recipe::Blocking;
        made.locks = vec![lock(&table.name, LockMode::Share, LockSpan::Rewrite)];
    }
    made
}

/// The name in `PARTITION name …`.
pub(super) fn name(partition: &str) -> String {
    let rest = partition.strip_prefix("PARTITION ").unwrap_or(partition);
    match rest.strip_prefix('`') {
        Some(rest) => quoted(rest),
        None => rest.split(' ').next().unwrap_or(rest).to_string(),
    }
}

/// The name before the closing backquote.
fn quoted(text: &str) -> String {
    let end = text.replace("``", "\u{1}\u{1}").find('`').unwrap_or(text.len());
    text[..end].replace("``", "`")
}

/// The bound in `PARTITION p VALUES LESS THAN (…)` as the catalogue gives it.
pub(super) fn bound(partition: &str) -> String {
    let definition = partition.split(" (SUBPARTITION ").next().unwrap_or(partition);
    match definition.split_once(" VALUES ") {
        Some((_, values)) if values.starts_with("LESS THAN MAXVALUE") => "MAXVALUE".into(),
        Some((_, values)) => {
            let inside = values.split_once('(').map_or("", |(_, inside)| inside);
            closed(inside).to_string()
        }
        None if definition.split_whitespace().any(|word| word == "DEFAULT") => "MAXVALUE".into(),
        None => String::new(),
    }
}

/// What stands before the parenthesis that closes the one before it.
fn closed(text: &str) -> &str {
    let (mut depth, mut quoted) = (0_i32, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => return &text[..at],
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::ObjectName;

    #[test]
    fn only_what_differs_is_touched() {
        let range = |parts: &[(&str, &str)]| Partitioning {
            key: "RANGE (`y`)".into(),
            columns: Vec::new(),
            partitions: parts
                .iter()
                .map(|(name, bound)| match *bound {
                    "" => format!("PARTITION {name} VALUES LESS THAN MAXVALUE"),
                    bound => format!("PARTITION {name} VALUES LESS THAN ({bound})"),
                })
                .collect(),
        };
        let table = Table { name: ObjectName::bare("t"), ..Table::default() };
        let (a, b, c, rest) = (("a", "1"), ("b", "2"), ("c", "3"), ("`re st`", ""));
        for (old, new, expected) in [
            (vec![a, b], vec![a, b, c], "ADD PARTITION (PARTITION c VALUES LESS THAN (3))"),
            (
                vec![a, rest],
                vec![a, b, rest],
                "REORGANIZE PARTITION `re st` INTO (PARTITION b VALUES LESS THAN (2), PARTITION `re st` VALUES LESS THAN MAXVALUE)",
            ),
            (vec![a, b, c], vec![b, c], "REORGANIZE PARTITION a, b INTO (PARTITION b VALUES LESS THAN (2))"),
            (vec![a, b, c], vec![a], "DROP PARTITION b, c (loses)"),
            (vec![a, b, c], vec![a, ("x", "2"), c], "REORGANIZE PARTITION b INTO (PARTITION x VALUES LESS THAN (2))"),
        ] {
            let shown = match way(&table, Some(&range(&old)), Some(&range(&new))) {
                Repartition::Whole(clause) => clause,
                Repartition::Apart(clause, loses) => clause + if loses.is_some() { " (loses)" } else { "" },
            };
            assert_eq!(shown, expected);
        }
    }

    #[test]
    fn bounds_as_the_catalogue_gives_them() {
        for (partition, expected) in [
            ("PARTITION p VALUES LESS THAN (to_days('(x') + (1))", "to_days('(x') + (1)"),
            ("PARTITION p VALUES LESS THAN MAXVALUE (SUBPARTITION `a`)", "MAXVALUE"),
            ("PARTITION p VALUES IN ('a','b)') COMMENT = 'x (y)'", "'a','b)'"),
            ("PARTITION p DEFAULT", "MAXVALUE"),
            ("PARTITION p HISTORY", ""),
        ] {
            assert_eq!(bound(partition), expected);
        }
        assert_eq!(name("PARTITION `a``b` HISTORY"), "a`b");
        let sub = "PARTITION p COMMENT = 'it''s' (SUBPARTITION `a` COMMENT = 'b\\'', SUBPARTITION `c`)";
        assert_eq!((comments(sub), subpartitions(sub)), (vec!["'it''s'", "'b\\''"], vec!["a".into(), "c".into()]));
    }
}
