//! Constraints. Keys and exclusions are completed from their indexes.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use relata_schema::Schema;
use relata_schema::dialect::postgres::print::WITHOUT_OVERLAPS;
use relata_schema::model::{Action, Check, Deferral, Exclusion, ForeignKey, Key, Match, Table};
use tokio_postgres::{Error, Row};

use super::catalogue::{PG_CONSTRAINT, Placed, bare, cell, letter};
use super::dependencies::Owners;
use super::{Coming, Reading};

/// A key or exclusion that waits for its index.
pub(super) struct KeyConstraint {
    /// `p`, `u` or `x`.
    pub kind: char,
    pub key: Key,
    /// The operator of each element of an exclusion.
    pub operators: Vec<String>,
}

impl Reading {
    /// Reads constraints; returns keys and exclusions by the oid of their index.
    pub(super) async fn constraints(
        &self,
        mut constraints: Coming,
        owners: &mut Owners,
        schema: &mut Schema,
        tables: &mut Placed<Table>,
    ) -> Result<HashMap<u32, KeyConstraint>, Error> {
        let mut keys = HashMap::new();
        while let Some(row) = constraints.try_next().await? {
            let row = &row;
            owners.add(row)?;
            let relation: u32 = cell(row, 3)?;
            match letter(row, 2)? {
                'c' if relation == 0 => {
                    let key = self.types.get(&cell(row, 4)?);
                    let domain = key.and_then(|key| schema.domains.iter_mut().find(|domain| domain.name == key.name));
                    if let Some(domain) = domain {
                        domain.checks.push(self.check(row)?);
                    }
                }
                'c' => {
                    if let Some(table) = tables.get_mut(&relation) {
                        table.checks.push(self.check(row)?);
                    }
                }
                'f' => {
                    // Copies of a key for each partition of the table referred to are the server's own business.
                    let own_copy = cell::<Option<u32>>(row, 6)? == Some(relation);
                    if let Some(table) = tables.get_mut(&relation).filter(|_| !own_copy) {
                        table.foreign_keys.extend(self.foreign_key(row)?);
                    }
                }
                kind => {
                    keys.insert(cell(row, 5)?, self.key(row, kind)?);
                }
            }
        }
        Ok(keys)
    }

    fn check(&self, row: &Row) -> Result<Check, Error> {
        Ok(Check {
            name: cell(row, 1)?,
            expression: bare(cell::<Option<&str>>(row, 19)?.unwrap_or_default()),
            no_inherit: cell(row, 18)?,
            not_valid: cell(row, 21)? && !cell::<bool>(row, 16)?,
            not_enforced: !cell::<bool>(row, 21)?,
            inherited: !cell::<bool>(row, 17)?,
            column: String::new(),
            comment: self.comment(PG_CONSTRAINT, cell(row, 0)?, 0),
        })
    }

    fn foreign_key(&self, row: &Row) -> Result<Option<ForeignKey>, Error> {
        let (relation, other): (u32, u32) = (cell(row, 3)?, cell(row, 7)?);
        let Some(references) = self.relation(other) else { return Ok(None) };
        let columns = |index: usize, relation: u32| -> Result<Vec<String>, Error> {
            Ok(self.names(relation, &cell::<Option<Vec<i16>>>(row, index)?.unwrap_or_default()))
        };
        Ok(Some(ForeignKey {
            name: cell(row, 1)?,
            columns: columns(8, relation)?,
            references: references.clone(),
            referenced_columns: columns(9, other)?,
            on_delete: action(letter(row, 11)?),
            on_update: action(letter(row, 10)?),
            set_columns: columns(13, relation)?,
            matching: match letter(row, 12)? {
                'f' => Match::Full,
                'p' => Match::Partial,
                _ => Match::Simple,
            },
            deferral: deferral(row)?,
            not_valid: cell(row, 21)? && !cell::<bool>(row, 16)?,
            not_enforced: !cell::<bool>(row, 21)?,
            period: cell(row, 22)?,
            inherited: cell::<Option<u32>>(row, 6)?.is_some(),
            comment: self.comment(PG_CONSTRAINT, cell(row, 0)?, 0),
            ..ForeignKey::default()
        }))
    }

    fn key(&self, row: &Row, kind: char) -> Result<KeyConstraint, Error> {
        let temporal = kind != 'x' && cell(row, 22)?;
        let key = Key {
            parameters: temporal.then(|| (WITHOUT_OVERLAPS.to_string(), String::new())).into_iter().collect(),
            name: cell(row, 1)?,
            deferral: deferral(row)?,
            comment: self.comment(PG_CONSTRAINT, cell(row, 0)?, 0),
            ..Key::default()
        };
        Ok(KeyConstraint { kind, key, operators: cell::<Option<Vec<String>>>(row, 20)?.unwrap_or_default() })
    }
}

impl KeyConstraint {
    /// The exclusion constraint this is, over the parts of its index.
    pub(super) fn exclusion(&self, method: &str, key: Key, predicate: Option<String>) -> Exclusion {
        Exclusion {
            name: key.name,
            method: method.to_string(),
            elements: key.parts.into_iter().zip(self.operators.iter().cloned()).collect(),
            include: key.include,
            predicate,
            deferral: key.deferral,
            parameters: key.parameters,
            comment: key.comment,
            index_comment: key.index_comment,
        }
    }
}

fn deferral(row: &Row) -> Result<Deferral, Error> {
    Ok(Deferral { deferrable: cell(row, 14)?, initially_deferred: cell(row, 15)? })
}

fn action(letter: char) -> Action {
    match letter {
        'r' => Action::Restrict,
        'c' => Action::Cascade,
        'n' => Action::SetNull,
        'd' => Action::SetDefault,
        _ => Action::NoAction,
    }
}
