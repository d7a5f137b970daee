//! The rows of one table: what stands in each column, and what is tried when the database refuses it.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::model::{Check, Column, Domain, ForeignKey, ObjectName, Schema, Table};
use relata_schema::{Dialect, Type};
use relata_sql::Result;
use relata_sql::driver::Connection;

use super::candidates::{About, candidates};
use super::choices::{Choices, Involved};
use super::values::{Style, value};
use super::{ATTEMPTS, PLAINEST, ROWS, run};

/// A table that is being filled.
pub(super) struct Filling<'f> {
    pub(super) schema: &'f Schema,
    pub(super) table: &'f Table,
    /// The table as it shall be.
    pub(super) after: Option<&'f Table>,
    /// Rows of the tables before.
    pub(super) filled: &'f BTreeMap<ObjectName, u64>,
    /// Values at the edges of their types are wanted.
    pub(super) extremes: bool,
}

impl Filling<'_> {
    /// Rows that were inserted, and the last refusal.
    pub(super) async fn insert(&self, connection: &mut dyn Connection) -> Result<(u64, Option<String>)> {
        let dialect = self.schema.dialect;
        let columns: Vec<(usize, &Column)> =
            self.table.columns.iter().enumerate().filter(|(_, c)| is_given(c)).collect();
        let names: Vec<String> = columns.iter().map(|(_, column)| dialect.quote(&column.name)).collect();
        let into = format!("INSERT INTO {}", dialect.qualified(&self.table.name));
        if names.is_empty() {
            let values = if dialect == Dialect::Mysql { "() VALUES ()" } else { "DEFAULT VALUES" };
            return Ok(match run(connection, &format!("{into} {values}")).await? {
                None => (1, None),
                Some(error) => (0, Some(error.message().to_string())),
            });
        }
        let into = format!("{into} ({}) VALUES ", names.join(", "));
        let mut why = None;
        let mut all = Vec::new();
        for row in 0..ROWS {
            match self.row(&columns, row, &Choices::default()) {
                Ok(row) => all.push(row),
                Err(reason) => why = Some(reason),
            }
        }
        if all.len() > 1 && run(connection, &format!("{into}{}", all.join(", "))).await?.is_none() {
            return Ok((all.len() as u64, None));
        }
        let mut rows = 0;
        let mut learned = BTreeMap::new();
        for row in 0..ROWS {
            match self.insert_row(connection, &into, (&columns, row), &mut learned).await? {
                Ok(()) => rows += 1,
                Err(refused) => why = refused.or(why),
            }
        }
        Ok((rows, why))
    }

    /// One row, tried until the database takes it; else the last refusal.
    async fn insert_row(
        &self,
        connection: &mut dyn Connection,
        into: &str,
        (columns, row): (&[(usize, &Column)], usize),
        learned: &mut BTreeMap<usize, usize>,
    ) -> Result<std::result::Result<(), Option<String>>> {
        let (mut choices, mut tried, mut refused) = (Choices::default(), BTreeSet::new(), None);
        let attempts = if learned.is_empty() { ATTEMPTS.0 } else { ATTEMPTS.1 };
        while tried.len() < attempts && choices.plain <= PLAINEST {
            let Ok(values) = self.row(columns, row, &choices) else { break };
            if tried.insert(values.clone()) {
                let Some(error) = run(connection, &format!("{into}{values}")).await? else {
                    learned.clone_from(&choices.candidates);
                    return Ok(Ok(()));
                };
                refused = Some(error);
            }
            // What was tried before would be refused for the same.
            let Some(error) = &refused else { break };
            choices.react(error, learned, ROWS, |check| self.involved(columns, check, row));
        }
        let why = refused.map(|error| error.message().to_string());
        Ok(Err(why))
    }

    /// The columns that a check is about. One of a name that is not known may be any, or the bound of a partition.
    fn involved(&self, columns: &[(usize, &Column)], check: &str, row: usize) -> Involved {
        let named = |other: &&Check| {
            !check.is_empty() && (other.name == check || other.expression == check || other.column == check)
        };
        let count = |(position, column): &(usize, &Column)| (*position, self.candidates(*position, column, row).len());
        let counted = |is_about: &dyn Fn(&Column) -> bool| -> Vec<(usize, usize)> {
            columns.iter().filter(|(_, column)| is_about(column)).map(count).collect()
        };
        let of_domain =
            counted(&|column| self.domains(column).any(|domain| domain.checks.iter().any(|other| named(&other))));
        if !of_domain.is_empty() {
            return Involved::Each(of_domain);
        }
        let own: Vec<&Check> = self.table.checks.iter().filter(named).collect();
        let text =
            |check: &&Check| if check.column.is_empty() { check.expression.clone() } else { check.column.clone() };
        let own: Vec<String> = own.iter().map(text).collect();
        let found = counted(&|column| own.iter().any(|text| mentions(text, &column.name)));
        Involved::Together(if found.is_empty() { counted(&|column| !self.texts(column).is_empty()) } else { found })
    }

    /// The values of a row in parentheses, or why there is none.
    fn row(&self, columns: &[(usize, &Column)], row: usize, choices: &Choices) -> std::result::Result<String, String> {
        let values: std::result::Result<Vec<String>, String> =
            columns.iter().map(|(position, column)| self.cell(*position, column, row, choices)).collect();
        values.map(|values| format!("({})", values.join(", ")))
    }

    fn cell(
        &self,
        position: usize,
        column: &Column,
        row: usize,
        choices: &Choices,
    ) -> std::result::Result<String, String> {
        let dialect = self.schema.dialect;
        let after = self.after.and_then(|table| table.column(&column.name));
        let key = self.is_key(&column.name);
        let chosen = choices.candidates.get(&position).copied().filter(|chosen| *chosen > 0);
        if let Some(chosen) = chosen {
            let candidates = self.candidates(position, column, row + choices.shift);
            return candidates.into_iter().nth(chosen).ok_or_else(|| missing(column));
        }
        let nullable = self.takes_null(column);
        if nullable && row == 1 && choices.plain == 0 {
            return Ok("NULL".into());
        }
        if self.foreign_key(&column.name).is_some() {
            return self.reference(position, column, row + choices.shift).ok_or_else(|| self.no_reference(column));
        }
        let converted = after.is_some_and(|after| after.ty != column.ty);
        let style = match choices.plain {
            _ if key => Style::Distinct,
            0 if !converted && self.extremes => Style::Edge,
            _ => Style::Plain,
        };
        let ty = self.base(&column.ty.logical);
        let row = if key { row + choices.shift } else { row };
        if self.holds_numbers(column, ty) {
            return Ok(dialect.literal(&(row + 1).to_string()));
        }
        let found = value(dialect, ty, row, position, style).filter(|found| self.stays(column, found));
        match found.or_else(|| self.staying(column)) {
            Some(value) => Ok(value),
            None if nullable => Ok("NULL".into()),
            None if column.default.is_some() && dialect != Dialect::Sqlite => Ok("DEFAULT".into()),
            None => Err(missing(column)),
        }
    }

    fn takes_null(&self, column: &Column) -> bool {
        let after = self.after.and_then(|table| table.column(&column.name));
        !column.not_null && !after.is_some_and(|after| after.not_null) && !self.is_primary(&column.name)
    }

    /// The values of its enum afterwards, where ordinary values are wanted that fit both.
    fn values_after(&self, column: &Column) -> Option<&[String]> {
        let after = self.after.and_then(|table| table.column(&column.name)).filter(|_| !self.extremes)?;
        match (&column.ty.logical, &after.ty.logical) {
            (Type::Enum(..), Type::Enum(_, values)) => Some(values),
            _ => None,
        }
    }

    fn stays(&self, column: &Column, literal: &str) -> bool {
        let values = self.values_after(column);
        values.is_none_or(|values| values.iter().any(|value| self.schema.dialect.literal(value) == literal))
    }

    fn staying(&self, column: &Column) -> Option<String> {
        let Type::Enum(_, now) = &column.ty.logical else { return None };
        let mut both = self.values_after(column)?.iter().filter(|value| now.contains(value));
        both.next().map(|value| self.schema.dialect.literal(value))
    }

    /// What the column may hold in a row, the ordinary value first.
    fn candidates(&self, position: usize, column: &Column, row: usize) -> Vec<String> {
        let nullable = self.takes_null(column);
        if self.foreign_key(&column.name).is_some() {
            let null = nullable.then(|| "NULL".to_string());
            let mut found: Vec<String> = [row, row + 1]
                .into_iter()
                .filter_map(|row| self.reference(position, column, row))
                .chain(null)
                .collect();
            found.dedup();
            return found;
        }
        let about = About {
            dialect: self.schema.dialect,
            ty: self.base(&column.ty.logical),
            texts: &self.texts(column),
            distinct: self.is_key(&column.name),
            nullable,
            default: column.default.is_some() && self.schema.dialect != Dialect::Sqlite,
        };
        candidates(&about, row, position)
    }

    /// A row for the foreign key of a column to refer to.
    fn reference(&self, position: usize, column: &Column, row: usize) -> Option<String> {
        let (foreign, at) = self.foreign_key(&column.name)?;
        match self.referred(foreign, at, row, self.is_key(&column.name)) {
            Some(value) => Some(value),
            None if self.takes_null(column) => Some("NULL".into()),
            None if self.is_ahead(foreign) => Some((row + 1).to_string()),
            None if foreign.references == self.table.name => self.own(foreign, at, row, position),
            None => None,
        }
    }

    fn no_reference(&self, column: &Column) -> String {
        match self.foreign_key(&column.name) {
            Some((foreign, _)) if foreign.references != self.table.name => {
                format!("{} has no row for {} to refer to", foreign.references, column.name)
            }
            _ => missing(column),
        }
    }

    /// The table that the key refers to comes later, or is numbered by the server while it is filled: its rows will be
    /// numbered from one.
    fn is_ahead(&self, key: &ForeignKey) -> bool {
        let other = self.schema.table(&key.references);
        let itself = key.references == self.table.name;
        let numbered = |other: &Table| {
            let columns = self.referenced_columns(key);
            let whole = |column: &Column| {
                matches!(column.ty.logical, Type::Int(_) | Type::UInt(_)) && !(itself && is_given(column))
            };
            let mut found = columns.iter().filter_map(|name| other.column(name));
            columns.len() == 1 && found.all(whole)
        };
        other.is_some_and(|other| !self.filled.contains_key(&other.name) && numbered(other))
    }

    /// It has to refer to a table that comes later.
    pub(super) fn begins_circle(&self) -> bool {
        let needed = |key: &&ForeignKey| {
            key.columns.iter().filter_map(|name| self.table.column(name)).all(|column| column.not_null)
        };
        self.table.foreign_keys.iter().filter(needed).any(|key| self.is_ahead(key))
    }

    /// What makes references right that were made before the rows that they refer to had their numbers.
    pub(super) fn closing(&self) -> Vec<String> {
        let dialect = self.schema.dialect;
        let own =
            self.table.foreign_keys.iter().filter(|key| key.references == self.table.name && key.columns.len() == 1);
        let numbered = own.filter(|key| self.is_ahead(key));
        let statement = |key: &ForeignKey| {
            let number = dialect.quote(self.referenced_columns(key).first()?);
            let (table, column) = (dialect.qualified(&self.table.name), dialect.quote(&key.columns[0]));
            Some(format!("UPDATE {table} SET {column} = {number} WHERE {column} IS NOT NULL"))
        };
        numbered.filter_map(statement).collect()
    }

    /// The type below a domain.
    fn base<'t>(&'t self, ty: &'t Type) -> &'t Type {
        let mut ty = ty;
        // A domain may be over a domain; never over itself.
        while let Some(domain) = self.domain_of(ty) {
            ty = &domain.base.logical;
        }
        ty
    }

    /// The domain of a column, and those below it.
    fn domains<'t>(&'t self, column: &'t Column) -> impl Iterator<Item = &'t Domain> {
        let first = self.domain_of(&column.ty.logical);
        std::iter::successors(first, |domain| self.domain_of(&domain.base.logical))
    }

    fn domain_of(&self, ty: &Type) -> Option<&Domain> {
        let Type::Domain(name) = ty else { return None };
        self.schema.domains.iter().find(|domain| domain.name == *name)
    }

    fn is_primary(&self, column: &str) -> bool {
        self.table.primary_key.iter().any(|key| key.columns().any(|name| name == column))
    }

    /// Part of a key, before or after.
    fn is_key(&self, column: &str) -> bool {
        let keys = |table: &Table| {
            let constraints =
                table.primary_key.iter().chain(&table.uniques).any(|key| key.columns().any(|c| c == column));
            let unique = table.indexes.iter().filter(|index| index.unique);
            constraints || unique.flat_map(|index| &index.parts).any(|part| part.column == column)
        };
        keys(self.table) || self.after.is_some_and(keys) || self.is_referred_to(column)
    }

    /// Another table refers to it, which may only come to be checked by the migration.
    fn is_referred_to(&self, column: &str) -> bool {
        let keys = self.schema.tables.iter().flat_map(|table| &table.foreign_keys);
        keys.filter(|key| key.references == self.table.name)
            .any(|key| key.referenced_columns.iter().any(|c| c == column))
    }

    /// It is text, and numbers refer to it, which SQLite allows: its values have to be both.
    fn holds_numbers(&self, column: &Column, ty: &Type) -> bool {
        let text = matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_));
        let number = |table: &Table, key: &ForeignKey| {
            let at = self.referenced_columns(key).iter().position(|name| *name == column.name);
            let referring = at.and_then(|at| table.column(key.columns.get(at)?));
            referring.is_some_and(|referring| matches!(referring.ty.logical, Type::Int(_) | Type::UInt(_)))
        };
        let refers = |table: &Table| {
            table.foreign_keys.iter().any(|key| key.references == self.table.name && number(table, key))
        };
        text && self.schema.dialect == Dialect::Sqlite && self.schema.tables.iter().any(refers)
    }

    fn foreign_key(&self, column: &str) -> Option<(&ForeignKey, usize)> {
        let after = self.after.into_iter().flat_map(|table| &table.foreign_keys);
        let after = after.filter(|key| self.schema.table(&key.references).is_some());
        let mut keys = self.table.foreign_keys.iter().chain(after);
        keys.find_map(|key| Some((key, key.columns.iter().position(|name| name == column)?)))
    }

    fn referenced_columns<'k>(&'k self, key: &'k ForeignKey) -> Vec<&'k str> {
        if !key.referenced_columns.is_empty() {
            return key.referenced_columns.iter().map(String::as_str).collect();
        }
        let primary = self.schema.table(&key.references).and_then(|table| table.primary_key.as_ref());
        primary.map(|key| key.columns().collect()).unwrap_or_default()
    }

    /// The value of a row that is there on the other side.
    fn referred(&self, key: &ForeignKey, at: usize, row: usize, distinct: bool) -> Option<String> {
        let count = usize::try_from(*self.filled.get(&key.references)?).ok().filter(|count| *count > 0)?;
        if distinct && row >= count && key.columns.len() == 1 {
            return None;
        }
        let dialect = self.schema.dialect;
        let columns: Vec<String> = self.referenced_columns(key).into_iter().map(|name| dialect.quote(name)).collect();
        let column = columns.get(at)?;
        let (table, order, offset) = (dialect.qualified(&key.references), columns.join(", "), row % count);
        let known = columns.iter().map(|column| format!("{column} IS NOT NULL")).collect::<Vec<_>>().join(" AND ");
        Some(format!("(SELECT {column} FROM {table} WHERE {known} ORDER BY {order} LIMIT 1 OFFSET {offset})"))
    }

    /// A row that refers to itself.
    fn own(&self, key: &ForeignKey, at: usize, row: usize, referring: usize) -> Option<String> {
        let name = *self.referenced_columns(key).get(at)?;
        let position = self.table.columns.iter().position(|column| column.name == name)?;
        let column = &self.table.columns[position];
        let plain = position != referring && is_given(column) && self.foreign_key(name).is_none();
        plain.then(|| self.cell(position, column, row, &Choices::default()).ok()).flatten()
    }

    /// What speaks of the column: checks, its domain, and the bound of its partition.
    fn texts<'t>(&'t self, column: &'t Column) -> Vec<&'t str> {
        let mut texts: Vec<&'t str> = Vec::new();
        let checks = self.table.checks.iter().chain(self.after.into_iter().flat_map(|table| &table.checks));
        let about = checks.filter(|check| check.column == column.name || mentions(&check.expression, &column.name));
        texts.extend(about.map(|check| check.expression.as_str()));
        texts.extend(self.domains(column).flat_map(|domain| &domain.checks).map(|check| check.expression.as_str()));
        if let Some(partition) = &self.table.partition_of {
            let parent = self.schema.table(&partition.parent).and_then(|parent| parent.partitioning.as_ref());
            if parent.is_some_and(|partitioning| mentions(&partitioning.key, &column.name)) {
                texts.push(&partition.bound);
            }
        }
        texts
    }
}

fn missing(column: &Column) -> String {
    format!("no value is known for {} of type {}", column.name, column.ty.physical)
}

/// It takes a value: neither computed nor numbered by the server.
fn is_given(column: &Column) -> bool {
    let numbered = column.default.as_deref().is_some_and(|default| default.starts_with("nextval("));
    column.generated.is_none() && column.identity.is_none() && !column.auto_increment && !numbered
}

fn mentions(text: &str, column: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let found = |(at, _): (usize, &str)| {
        let before = text[..at].chars().next_back().is_some_and(part);
        let after = text[at + column.len()..].chars().next().is_some_and(part);
        !before && !after
    };
    !column.is_empty() && text.match_indices(column).any(found)
}
