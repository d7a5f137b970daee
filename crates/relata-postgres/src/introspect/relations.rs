//! Tables, views, their columns, and sequences.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use relata_schema::Schema;
use relata_schema::dialect::postgres::identity_sequence;
use relata_schema::model::{
    Attribute, Column, ForeignTable, Generated, Identity, ObjectName, PartitionOf, Partitioning, Sequence,
    SequenceParameters, Table, TableOptions, View, ViewColumn,
};
use tokio_postgres::{Error, Row};

use super::catalogue::{PG_CLASS, Placed, TABLES, VIEWS, bare, cell, letter, options};
use super::types::ColumnTypes;
use super::{Answers, Coming, Reading, column_comment};

impl Reading {
    pub(super) fn relations(
        &self,
        answers: &Answers,
        tables: &mut Placed<Table>,
        views: &mut Placed<View>,
    ) -> Result<(), Error> {
        for row in &answers.classes {
            let oid: u32 = cell(row, 0)?;
            let Some(class) = self.classes.get(&oid) else { continue };
            match class.kind {
                kind if TABLES.contains(&kind) => {
                    tables.insert(oid, self.table(oid, &class.name, row)?);
                }
                kind if VIEWS.contains(&kind) => {
                    views.insert(oid, self.view(oid, &class.name, row)?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn table(&self, oid: u32, name: &ObjectName, row: &Row) -> Result<Table, Error> {
        let mut parents: Vec<ObjectName> =
            cell::<Vec<u32>>(row, 17)?.iter().filter_map(|&parent| self.relation(parent).cloned()).collect();
        let bound: Option<String> = cell(row, 15)?;
        let partition_of = bound.and_then(|bound| Some(PartitionOf { parent: parents.pop()?, bound }));
        let key: Option<String> = cell(row, 14)?;
        let mut parameters = options(cell(row, 10)?, "");
        parameters.extend(options(cell(row, 11)?, "toast."));
        Ok(Table {
            name: name.clone(),
            row_security: cell(row, 6)?,
            force_row_security: cell(row, 7)?,
            partitioning: match key {
                Some(key) => Some(Partitioning { key, columns: cell(row, 23)?, partitions: Vec::new() }),
                None => None,
            },
            partition_of,
            inherits: parents,
            options: TableOptions {
                unlogged: letter(row, 5)? == 'u',
                tablespace: cell(row, 12)?,
                access_method: cell::<Option<String>>(row, 13)?.filter(|method| method != "heap"),
                replica_identity: match letter(row, 8)? {
                    _ if letter(row, 4)? == 'f' => None,
                    'f' => Some("FULL".into()),
                    'n' => Some("NOTHING".into()),
                    _ => None,
                },
                parameters,
                ..TableOptions::default()
            },
            of_type: self.relation_of_type(cell(row, 20)?),
            foreign: match cell::<Option<String>>(row, 22)? {
                Some(server) => Some(ForeignTable { server, options: options(cell(row, 21)?, "") }),
                None => None,
            },
            comment: self.comment(PG_CLASS, oid, 0),
            grants: self.grants(PG_CLASS, oid, 0),
            owner: cell(row, 19)?,
            ..Table::default()
        })
    }

    /// The composite type that a table is `OF`.
    fn relation_of_type(&self, ty: u32) -> Option<ObjectName> {
        self.types.get(&ty).map(|key| key.name.clone())
    }

    fn view(&self, oid: u32, name: &ObjectName, row: &Row) -> Result<View, Error> {
        let query: Option<String> = cell(row, 16)?;
        let mut parameters = options(cell(row, 10)?, "");
        parameters.extend(options(cell(row, 11)?, "toast."));
        let check = parameters.iter().position(|(key, _)| key == "check_option");
        let check_option = check.map(|index| parameters.remove(index).1.to_ascii_uppercase());
        let materialized = letter(row, 4)? == 'm';
        if let Some(tablespace) = cell::<Option<String>>(row, 12)? {
            parameters.push(("tablespace".into(), tablespace));
        }
        if let Some(method) = cell::<Option<String>>(row, 13)?.filter(|method| method != "heap") {
            parameters.push(("access_method".into(), method));
        }
        Ok(View {
            name: name.clone(),
            materialized,
            query: steady(query.unwrap_or_default().trim().trim_end_matches(';')),
            parameters,
            check_option,
            no_data: materialized && !cell::<bool>(row, 9)?,
            comment: self.comment(PG_CLASS, oid, 0),
            grants: self.grants(PG_CLASS, oid, 0),
            owner: cell(row, 19)?,
            ..View::default()
        })
    }

    pub(super) async fn columns(
        &mut self,
        mut columns: Coming,
        types: ColumnTypes,
        schema: &mut Schema,
        tables: &mut Placed<Table>,
        views: &mut Placed<View>,
    ) -> Result<(), Error> {
        let composites: HashMap<ObjectName, usize> =
            schema.composites.iter().enumerate().map(|(index, ty)| (ty.name.clone(), index)).collect();
        while let Some(row) = columns.try_next().await? {
            let row = &row;
            let relation: u32 = cell(row, 0)?;
            let number: i16 = cell(row, 1)?;
            let ty = types.get(&(cell(row, 3)?, cell(row, 4)?)).cloned().unwrap_or_default();
            let name: String = cell(row, 2)?;
            self.name_column(relation, number, &name);
            if let Some(table) = tables.get_mut(&relation) {
                let mut column = Column { name, ty, ..column(row)? };
                column.comment = column_comment(self, relation, number);
                column.grants = self.grants(PG_CLASS, relation, number.into());
                table.columns.push(column);
            } else if let Some(view) = views.get_mut(&relation) {
                if let Some(comment) = column_comment(self, relation, number) {
                    view.column_comments.push((name.clone(), comment));
                }
                let Column { default, parameters, .. } = column(row)?;
                let grants = self.grants(PG_CLASS, relation, number.into());
                if default.is_some() || !parameters.is_empty() || !grants.is_empty() {
                    view.column_details.push(ViewColumn { name: name.clone(), default, parameters, grants });
                }
                view.columns.push((name, (*ty).clone()));
            } else if let Some(class) = self.classes.get(&relation).filter(|class| class.kind == 'c')
                && let Some(&index) = composites.get(&class.name)
            {
                let comment = column_comment(self, relation, number);
                schema.composites[index].attributes.push(Attribute {
                    name,
                    ty: (*ty).clone(),
                    collation: cell(row, 9)?,
                    comment,
                });
            }
        }
        Ok(())
    }

    pub(super) fn sequences(
        &self,
        answers: &Answers,
        schema: &mut Schema,
        tables: &mut Placed<Table>,
    ) -> Result<(), Error> {
        let settings: HashMap<u32, (bool, Option<String>)> = answers
            .classes
            .iter()
            .map(|row| Ok((cell(row, 0)?, (letter(row, 5)? == 'u', cell(row, 19)?))))
            .collect::<Result<_, Error>>()?;
        for row in &answers.sequences {
            let oid: u32 = cell(row, 0)?;
            let Some(class) = self.classes.get(&oid) else { continue };
            let data_type: String = cell(row, 1)?;
            let parameters = parameters(row, &data_type)?;
            let owner: Option<(u32, i32)> = match (cell(row, 8)?, cell(row, 9)?) {
                (Some(table), Some(column)) => Some((table, column)),
                _ => None,
            };
            let owner = owner.map(|(table, column)| (table, self.column(table, column as i16)));
            if cell::<Option<&str>>(row, 10)? == Some("i") {
                if let Some((table, column)) = owner.and_then(|(oid, column)| Some((tables.get_mut(&oid)?, column))) {
                    let comment = self.comment(PG_CLASS, oid, 0);
                    let told =
                        Identity { parameters, comment, grants: self.grants(PG_CLASS, oid, 0), ..Identity::default() };
                    identity(table, &column, &class.name, told);
                }
                continue;
            }
            let (unlogged, by) = settings.get(&oid).cloned().unwrap_or_default();
            schema.sequences.push(Sequence {
                name: class.name.clone(),
                data_type,
                parameters,
                owner: if owner.is_some() { None } else { by },
                owned_by: owner.and_then(|(table, column)| Some((self.relation(table)?.clone(), column))),
                unlogged,
                comment: self.comment(PG_CLASS, oid, 0),
                grants: self.grants(PG_CLASS, oid, 0),
            });
        }
        Ok(())
    }
}

/// The server puts a space before `VALUES` in a subquery the second time a view is created, not the first.
fn steady(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    let mut quote = None;
    let mut rest = query;
    while let Some(c) = rest.chars().next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if rest.starts_with("( VALUES ") => {
                out.push('(');
                rest = &rest[2..];
                continue;
            }
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn column(row: &Row) -> Result<Column, Error> {
    let expression: Option<String> = cell(row, 6)?;
    let generated = letter(row, 7)?;
    let identity = letter(row, 8)?;
    let (default, generated) = match generated {
        's' | 'v' => {
            let expression = bare(&expression.unwrap_or_default());
            (None, Some(Box::new(Generated { expression, stored: generated == 's' })))
        }
        _ => (expression, None),
    };
    let mut parameters = Vec::new();
    if let Some(storage) = cell::<Option<&str>>(row, 10)? {
        let word = match storage {
            "p" => "PLAIN",
            "e" => "EXTERNAL",
            "m" => "MAIN",
            _ => "EXTENDED",
        };
        parameters.push(("storage".to_string(), word.to_string()));
    }
    match cell::<&str>(row, 11)? {
        "p" => parameters.push(("compression".to_string(), "pglz".to_string())),
        "l" => parameters.push(("compression".to_string(), "lz4".to_string())),
        _ => {}
    }
    if let Some(target) = cell::<Option<i32>>(row, 12)?.filter(|&target| target >= 0) {
        parameters.push(("statistics".to_string(), target.to_string()));
    }
    parameters.extend(options(cell(row, 13)?, ""));
    parameters.extend(options(cell(row, 15)?, "option "));
    Ok(Column {
        not_null: cell(row, 5)?,
        default,
        generated,
        identity: match identity {
            'a' | 'd' => Some(Box::new(Identity { always: identity == 'a', ..Identity::default() })),
            _ => None,
        },
        collation: cell(row, 9)?,
        inherited: !cell::<bool>(row, 14)?,
        parameters,
        ..Column::default()
    })
}

fn identity(table: &mut Table, column: &str, sequence: &ObjectName, told: Identity) {
    let usual = identity_sequence(&table.name, column);
    let Some(column) = table.columns.iter_mut().find(|candidate| candidate.name == column) else { return };
    if let Some(identity) = &mut column.identity {
        let sequence = (*sequence != usual).then(|| sequence.clone());
        **identity = Identity { always: identity.always, sequence, ..told };
    }
}

/// The parameters that differ from the default for the sequence's type and direction.
fn parameters(row: &Row, data_type: &str) -> Result<SequenceParameters, Error> {
    let (start, increment): (i64, i64) = (cell(row, 2)?, cell(row, 3)?);
    let (min, max, cache): (i64, i64, i64) = (cell(row, 4)?, cell(row, 5)?, cell(row, 6)?);
    let (lowest, highest) = match data_type {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let (usual_min, usual_max) = if increment > 0 { (1, highest) } else { (lowest, -1) };
    let usual_start = if increment > 0 { min } else { max };
    let unusual = |value: i64, usual: i64| (value != usual).then_some(value);
    Ok(SequenceParameters {
        start: unusual(start, usual_start),
        increment: unusual(increment, 1),
        min: unusual(min, usual_min),
        max: unusual(max, usual_max),
        cache: unusual(cache, 1),
        cycle: cell(row, 7)?,
    })
}
