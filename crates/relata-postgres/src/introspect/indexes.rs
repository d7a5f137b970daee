//! Indexes, and the keys they carry.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use relata_schema::dialect::postgres::print::{CLUSTER_ON, STATISTICS};
use relata_schema::model::{Index, IndexPart, Key, NullsOrder, ObjectName, Table, View};
use tokio_postgres::{Error, Row};

use super::catalogue::{PG_CLASS, Placed, bare, cell, letter, options};
use super::constraints::KeyConstraint;
use super::{Coming, Reading};

impl Reading {
    pub(super) async fn indexes(
        &mut self,
        mut indexes: Coming,
        keys: &mut HashMap<u32, KeyConstraint>,
        tables: &mut Placed<Table>,
        views: &mut Placed<View>,
    ) -> Result<(), Error> {
        while let Some(row) = indexes.try_next().await? {
            let row = &row;
            let (oid, relation): (u32, u32) = (cell(row, 0)?, cell(row, 1)?);
            self.indexes.insert(oid, (cell(row, 2)?, relation));
            let index = self.index(row, oid, relation)?;
            if let Some(table) = tables.get_mut(&relation) {
                if cell(row, 6)? {
                    table.options.replica_identity = Some(format!("USING INDEX {}", index.name));
                }
                if cell(row, 20)? {
                    table.options.cluster_on = Some(index.name.clone());
                }
                match keys.remove(&oid) {
                    Some(constraint) => add_key(table, &constraint, index),
                    None => table.indexes.push(index),
                }
            } else if let Some(view) = views.get_mut(&relation) {
                if cell(row, 20)? {
                    view.parameters.push((CLUSTER_ON.to_string(), index.name.clone()));
                }
                view.indexes.push(index);
            }
        }
        Ok(())
    }

    fn index(&self, row: &Row, oid: u32, relation: u32) -> Result<Index, Error> {
        let parts = cell::<i16>(row, 9)? as usize;
        let columns: Vec<i16> = cell(row, 10)?;
        let method: String = cell(row, 8)?;
        let partitioned = letter(row, 3)? == 'I';
        let valid: bool = cell(row, 5)?;
        let mut parameters = options(cell(row, 16)?, "");
        if let Some(tablespace) = cell::<Option<String>>(row, 17)? {
            parameters.push(("tablespace".into(), tablespace));
        }
        for target in cell::<Vec<String>>(row, 21)? {
            let (part, target) = target.split_once('=').unwrap_or((&target, ""));
            parameters.push((format!("{STATISTICS}{part}"), target.to_string()));
        }
        let parent: Option<Vec<&str>> = cell(row, 18)?;
        Ok(Index {
            name: cell(row, 2)?,
            unique: cell(row, 4)?,
            method: (method != "btree").then_some(method),
            parts: self.parts(row, relation, &columns[..parts])?,
            include: self.names(relation, &columns[parts..]),
            predicate: cell::<Option<&str>>(row, 15)?.map(bare),
            nulls_not_distinct: cell(row, 7)?,
            invalid: !valid && !partitioned,
            only: !valid && partitioned,
            partition_of: parent.and_then(|parent| Some(ObjectName::new(*parent.first()?, *parent.last()?))),
            parameters,
            comment: self.comment(PG_CLASS, oid, 0),
            ..Index::default()
        })
    }

    fn parts(&self, row: &Row, relation: u32, columns: &[i16]) -> Result<Vec<IndexPart>, Error> {
        let flags: Vec<i16> = cell(row, 11)?;
        let classes: Vec<&str> = cell(row, 12)?;
        let collations: Option<Vec<&str>> = cell(row, 13)?;
        let class_options: Option<Vec<&str>> = cell(row, 19)?;
        let mut expressions = cell::<Option<Vec<&str>>>(row, 14)?.unwrap_or_default().into_iter();
        let text = |list: &Option<Vec<&str>>, index: usize| {
            let found = list.as_ref().and_then(|list| list.get(index)).filter(|text| !text.is_empty());
            found.map(|text| text.to_string())
        };
        let mut parts = Vec::with_capacity(columns.len());
        for (index, &column) in columns.iter().enumerate() {
            let flag = flags.get(index).copied().unwrap_or(0);
            let (descending, nulls_first) = (flag & 1 != 0, flag & 2 != 0);
            let class = text(&Some(classes.clone()), index);
            let options = text(&class_options, index);
            parts.push(IndexPart {
                column: if column > 0 { self.column(relation, column) } else { String::new() },
                expression: if column > 0 { None } else { expressions.next().map(bare) },
                descending,
                nulls: match (descending, nulls_first) {
                    (true, false) => NullsOrder::Last,
                    (false, true) => NullsOrder::First,
                    _ => NullsOrder::Default,
                },
                operator_class: match (class, options) {
                    (Some(class), Some(options)) => Some(format!("{class} ({options})")),
                    (class, _) => class,
                },
                collation: text(&collations, index),
                length: None,
            });
        }
        Ok(parts)
    }
}

fn add_key(table: &mut Table, constraint: &KeyConstraint, index: Index) {
    let method = index.method.clone().unwrap_or_else(|| "btree".into());
    let mut parameters = index.parameters;
    parameters.extend(constraint.key.parameters.iter().cloned());
    let key = Key {
        parts: index.parts,
        include: index.include,
        nulls_not_distinct: index.nulls_not_distinct,
        partition_of: index.partition_of,
        only: index.only,
        parameters,
        index_comment: index.comment,
        ..constraint.key.clone()
    };
    match constraint.kind {
        'p' => table.primary_key = Some(key),
        'u' => table.uniques.push(key),
        _ => table.exclusions.push(constraint.exclusion(&method, key, index.predicate)),
    }
}
