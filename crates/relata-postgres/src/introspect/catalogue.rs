//! Oids of the catalogues, classes of relations, and how cells are read.

use std::collections::HashMap;

use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use tokio_postgres::types::FromSql;
use tokio_postgres::{Error, Row};

use super::{Answers, Reading};

pub(super) const PG_CLASS: u32 = 1259;
pub(super) const PG_PROC: u32 = 1255;
pub(super) const PG_TYPE: u32 = 1247;
pub(super) const PG_CONSTRAINT: u32 = 2606;
pub(super) const PG_NAMESPACE: u32 = 2615;
pub(super) const PG_EXTENSION: u32 = 3079;
pub(super) const PG_TRIGGER: u32 = 2620;
pub(super) const PG_POLICY: u32 = 3256;
pub(super) const PG_SERVER: u32 = 1417;

/// A relation.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub name: ObjectName,
    /// `r` table, `p` partitioned table, `v` view, `m` materialized view, `S` sequence, `c` composite, `f` foreign table.
    pub kind: char,
}

impl Class {
    /// The key of the relation as a whole.
    pub(super) fn key(&self) -> ObjectKey {
        let kind = match self.kind {
            'v' | 'm' => ObjectKind::View,
            'S' => ObjectKind::Sequence,
            'c' => ObjectKind::Composite,
            _ => ObjectKind::Table,
        };
        ObjectKey::of(kind, &self.name)
    }
}

/// Kinds of relations that are tables.
pub(super) const TABLES: [char; 3] = ['r', 'p', 'f'];
/// Kinds of relations that are views.
pub(super) const VIEWS: [char; 2] = ['v', 'm'];

/// Things in a list, found by their oid.
pub(super) struct Placed<T> {
    /// All of them.
    pub items: Vec<T>,
    at: HashMap<u32, usize>,
}

impl<T> Placed<T> {
    pub(super) fn with_capacity(count: usize) -> Self {
        Placed { items: Vec::with_capacity(count), at: HashMap::with_capacity(count) }
    }

    pub(super) fn insert(&mut self, oid: u32, item: T) {
        self.at.insert(oid, self.items.len());
        self.items.push(item);
    }

    pub(super) fn get_mut(&mut self, oid: &u32) -> Option<&mut T> {
        self.at.get(oid).and_then(|&at| self.items.get_mut(at))
    }
}

/// One cell.
pub(super) fn cell<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, Error> {
    row.try_get(index)
}

/// A text that is one character.
pub(super) fn letter(row: &Row, index: usize) -> Result<char, Error> {
    Ok(cell::<&str>(row, index)?.chars().next().unwrap_or(' '))
}

/// `key=value` options, without those that the server keeps for itself (`pg_attver` of newer minor versions).
pub(super) fn options(list: Option<Vec<String>>, prefix: &str) -> Vec<(String, String)> {
    let pair = |text: String| {
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        (format!("{prefix}{key}"), value.to_string())
    };
    list.unwrap_or_default().into_iter().filter(|text| !text.starts_with("pg_")).map(pair).collect()
}

/// An expression without the parentheses that enclose all of it.
pub(super) fn bare(expression: &str) -> String {
    let Some(inner) = expression.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
        return expression.to_string();
    };
    let mut depth = 0_i32;
    let mut quote = None;
    for c in inner.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return expression.to_string();
        }
    }
    inner.to_string()
}

impl Reading {
    /// Gives every oid its name; columns and indexes get theirs as they come.
    pub(super) fn name_everything(&mut self, answers: &Answers) -> Result<(), Error> {
        for row in &answers.classes {
            let name = ObjectName::new(cell::<String>(row, 2)?, cell::<String>(row, 3)?);
            let class = Class { name, kind: letter(row, 4)? };
            self.types.insert(cell(row, 1)?, class.key());
            if let Some(array) = cell::<Option<u32>>(row, 18)? {
                self.types.insert(array, class.key());
            }
            self.classes.insert(cell(row, 0)?, class);
        }
        for row in &answers.types {
            let name = ObjectName::new(cell::<String>(row, 3)?, cell::<String>(row, 4)?);
            let kind = match letter(row, 5)? {
                'e' => ObjectKind::Enum,
                'd' => ObjectKind::Domain,
                _ => ObjectKind::Composite,
            };
            let (oid, array) = (cell(row, 0)?, cell(row, 1)?);
            if kind == ObjectKind::Enum {
                self.enum_values.insert(oid, cell(row, 6)?);
            }
            self.types.insert(oid, ObjectKey::of(kind, &name));
            self.types.insert(array, ObjectKey::of(kind, &name));
        }
        for row in &answers.ranges {
            let key =
                ObjectKey::of(ObjectKind::Range, &ObjectName::new(cell::<String>(row, 2)?, cell::<String>(row, 3)?));
            for oid in [Some(cell(row, 0)?), Some(cell(row, 1)?), cell(row, 11)?, cell(row, 12)?].into_iter().flatten()
            {
                self.types.insert(oid, key.clone());
            }
        }
        for row in &answers.routines {
            let name = ObjectName::new(cell::<String>(row, 1)?, cell::<String>(row, 2)?);
            self.routines.insert(cell(row, 0)?, ObjectKey::member(ObjectKind::Routine, &name, cell(row, 4)?));
        }
        self.types.remove(&0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn only_enclosing_parentheses_go() {
        for (text, expected) in [
            ("(a > 0)", "a > 0"),
            ("((a) OR (b))", "(a) OR (b)"),
            ("(a) OR (b)", "(a) OR (b)"),
            ("(a = ')')", "a = ')'"),
            ("(a = '(')", "a = '('"),
            ("lower(a)", "lower(a)"),
        ] {
            assert_eq!(bare(text), expected);
        }
    }
}
