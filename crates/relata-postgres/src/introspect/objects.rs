//! Namespaces, extensions, routines, what has no shape of its own, triggers, policies.

use relata_schema::Schema;
use relata_schema::model::{
    Extension, ForeignServer, Namespace, ObjectName, Opaque, Policy, Routine, RoutineKind, Table, Trigger, View,
};
use tokio_postgres::Error;

use super::catalogue::{
    PG_EXTENSION, PG_NAMESPACE, PG_POLICY, PG_PROC, PG_SERVER, PG_TRIGGER, Placed, bare, cell, letter, options,
};
use super::{Answers, Reading};

impl Reading {
    pub(super) fn namespaces(&self, answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
        for row in &answers.namespaces {
            let oid: u32 = cell(row, 0)?;
            schema.namespaces.push(Namespace {
                name: cell(row, 1)?,
                comment: self.comment(PG_NAMESPACE, oid, 0),
                grants: self.grants(PG_NAMESPACE, oid, 0),
                owner: cell(row, 2)?,
            });
        }
        for row in &answers.extensions {
            let usual: Option<String> = cell(row, 4)?;
            schema.extensions.push(Extension {
                name: cell(row, 1)?,
                namespace: cell(row, 2)?,
                version: cell(row, 3)?,
                comment: self.comment(PG_EXTENSION, cell(row, 0)?, 0).filter(|text| Some(text) != usual.as_ref()),
            });
        }
        Ok(())
    }

    pub(super) fn routines(&self, answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
        for row in &answers.routines {
            let oid: u32 = cell(row, 0)?;
            let definition: String = cell(row, 7)?;
            schema.routines.push(Routine {
                name: ObjectName::new(cell::<String>(row, 1)?, cell::<String>(row, 2)?),
                arguments: cell(row, 4)?,
                kind: match letter(row, 3)? {
                    'p' => RoutineKind::Procedure,
                    'a' => RoutineKind::Aggregate,
                    _ => RoutineKind::Function,
                },
                result: cell(row, 5)?,
                language: cell(row, 6)?,
                definition: definition.trim_end().to_string(),
                depends_on: Vec::new(),
                comment: self.comment(PG_PROC, oid, 0),
                grants: self.grants(PG_PROC, oid, 0),
                owner: cell(row, 8)?,
            });
        }
        Ok(())
    }

    pub(super) fn others(&self, answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
        for row in &answers.others {
            let (class, oid) = (cell(row, 1)?, cell(row, 2)?);
            schema.others.push(Opaque {
                kind: cell(row, 0)?,
                name: ObjectName::new(cell::<String>(row, 3)?, cell::<String>(row, 4)?),
                signature: cell(row, 5)?,
                definition: cell(row, 6)?,
                settings: cell::<Option<Vec<String>>>(row, 7)?.unwrap_or_default(),
                depends_on: Vec::new(),
                comment: self.comment(class, oid, 0),
                grants: self.grants(class, oid, 0),
                owner: cell(row, 8)?,
            });
        }
        Ok(())
    }

    pub(super) fn servers(&self, answers: &Answers, schema: &mut Schema) -> Result<(), Error> {
        for row in &answers.servers {
            let oid: u32 = cell(row, 0)?;
            schema.servers.push(ForeignServer {
                name: cell(row, 1)?,
                wrapper: cell(row, 2)?,
                ty: cell(row, 3)?,
                version: cell(row, 4)?,
                options: options(cell(row, 5)?, ""),
                depends_on: Vec::new(),
                comment: self.comment(PG_SERVER, oid, 0),
                grants: self.grants(PG_SERVER, oid, 0),
                owner: cell(row, 6)?,
            });
        }
        Ok(())
    }

    pub(super) fn triggers(
        &self,
        answers: &Answers,
        tables: &mut Placed<Table>,
        views: &mut Placed<View>,
    ) -> Result<(), Error> {
        for row in &answers.triggers {
            let relation: u32 = cell(row, 1)?;
            let enabled = letter(row, 4)?;
            let function: u32 = cell(row, 7)?;
            let trigger = Trigger {
                name: cell(row, 2)?,
                definition: cell(row, 3)?,
                enabled: if enabled == 'O' { String::new() } else { enabled.to_string() },
                constraint: cell(row, 5)?,
                inherited: cell(row, 6)?,
                function: self.routines.get(&function).map(|key| key.name.clone()),
                comment: self.comment(PG_TRIGGER, cell(row, 0)?, 0),
            };
            if let Some(table) = tables.get_mut(&relation) {
                table.triggers.push(trigger);
            } else if let Some(view) = views.get_mut(&relation) {
                view.triggers.push(trigger);
            }
        }
        Ok(())
    }

    pub(super) fn policies(&self, answers: &Answers, tables: &mut Placed<Table>) -> Result<(), Error> {
        for row in &answers.policies {
            let Some(table) = tables.get_mut(&cell(row, 1)?) else { continue };
            table.policies.push(Policy {
                name: cell(row, 2)?,
                restrictive: !cell::<bool>(row, 4)?,
                command: match letter(row, 3)? {
                    'r' => "SELECT",
                    'a' => "INSERT",
                    'w' => "UPDATE",
                    'd' => "DELETE",
                    _ => "",
                }
                .to_string(),
                roles: cell(row, 5)?,
                using: cell::<Option<&str>>(row, 6)?.map(bare),
                check: cell::<Option<&str>>(row, 7)?.map(bare),
                comment: self.comment(PG_POLICY, cell(row, 0)?, 0),
            });
        }
        Ok(())
    }
}
