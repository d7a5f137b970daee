//! Column types, and the named types of the schema.

use std::collections::HashMap;
use std::sync::Arc;

use relata_schema::dialect::postgres;
use relata_schema::model::{CompositeType, Domain, EnumType, ObjectKind, ObjectName, RangeType};
use relata_schema::{ColumnType, Schema, Type};
use tokio_postgres::Error;

use super::catalogue::{PG_CLASS, PG_TYPE, cell, letter};
use super::{Answers, Reading};

/// Types of columns by type and modifier.
pub(super) type ColumnTypes = HashMap<(u32, i32), Arc<ColumnType>>;

impl Reading {
    /// The type with that oid: `reported` by the server, named if the schema names it or its element.
    pub(super) fn column_type(&self, oid: u32, element: u32, reported: &str) -> ColumnType {
        let mut ty = postgres::types::read(reported);
        let named = if element != 0 { element } else { oid };
        let Some(key) = self.types.get(&named) else { return ty };
        let name = key.name.clone();
        let logical = match key.kind {
            ObjectKind::Enum => Type::Enum(name, self.enum_values.get(&named).cloned().unwrap_or_default()),
            ObjectKind::Domain => Type::Domain(name),
            ObjectKind::Composite => Type::Composite(name),
            _ => return ty,
        };
        ty.logical = if element != 0 { Type::Array(Box::new(logical)) } else { logical };
        ty
    }

    pub(super) fn column_types(&self, answers: &Answers) -> Result<ColumnTypes, Error> {
        let mut types = HashMap::new();
        for row in &answers.column_types {
            let (oid, modifier) = (cell(row, 0)?, cell(row, 1)?);
            types.insert((oid, modifier), self.column_type(oid, cell(row, 3)?, cell(row, 2)?).into());
        }
        Ok(types)
    }

    pub(super) fn named_types(&self, answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
        for row in &answers.types {
            let name = ObjectName::new(cell::<String>(row, 3)?, cell::<String>(row, 4)?);
            let oid: u32 = cell(row, 0)?;
            let comment = self.comment(PG_TYPE, oid, 0);
            match letter(row, 5)? {
                'e' => schema.enums.push(EnumType {
                    name,
                    values: cell(row, 6)?,
                    comment,
                    grants: self.grants(PG_TYPE, oid, 0),
                    owner: cell(row, 12)?,
                }),
                'd' => schema.domains.push(Domain {
                    name,
                    base: self.column_type(cell(row, 7)?, 0, cell(row, 8)?),
                    not_null: cell(row, 9)?,
                    default: cell(row, 10)?,
                    collation: cell(row, 11)?,
                    comment,
                    grants: self.grants(PG_TYPE, oid, 0),
                    owner: cell(row, 12)?,
                    ..Domain::default()
                }),
                _ => {
                    let relation: u32 = cell(row, 2)?;
                    let comment = comment.or_else(|| self.comment(PG_CLASS, relation, 0));
                    let (grants, owner) = (self.grants(PG_TYPE, oid, 0), cell(row, 12)?);
                    schema.composites.push(CompositeType { name, comment, grants, owner, ..CompositeType::default() });
                }
            }
        }
        Ok(())
    }

    pub(super) fn ranges(&self, answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
        for row in &answers.ranges {
            let oid: u32 = cell(row, 0)?;
            schema.ranges.push(RangeType {
                name: ObjectName::new(cell::<String>(row, 2)?, cell::<String>(row, 3)?),
                subtype: self.column_type(cell(row, 4)?, 0, cell(row, 5)?),
                operator_class: cell(row, 6)?,
                collation: cell(row, 7)?,
                canonical: cell(row, 8)?,
                subtype_diff: cell(row, 9)?,
                multirange: cell::<Option<String>>(row, 10)?.unwrap_or_default(),
                depends_on: Vec::new(),
                comment: self.comment(PG_TYPE, oid, 0),
                grants: self.grants(PG_TYPE, oid, 0),
                owner: cell(row, 13)?,
            });
        }
        Ok(())
    }
}
