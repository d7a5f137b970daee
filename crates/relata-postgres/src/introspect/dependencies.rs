//! What uses what, as far as creating an object needs it.
//!
//! Of a table only what its columns, defaults and checks use is kept: its triggers, policies and indexes come after
//! everything else anyway.

use std::collections::HashMap;

use relata_schema::Schema;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Table, View};
use tokio_postgres::Error;

use super::catalogue::{PG_CLASS, PG_CONSTRAINT, PG_PROC, PG_TYPE, cell, letter};
use super::{Answers, Reading};

/// Whose dependency it is.
enum User {
    Relation(u32),
    Routine(u32),
    Type(u32),
    Other(u32, u32),
}

impl Reading {
    pub(super) fn dependencies(
        &self,
        answers: &Answers,
        schema: &mut Schema,
        tables: &mut HashMap<u32, Table>,
        views: &mut HashMap<u32, View>,
    ) -> Result<(), Error> {
        let others: HashMap<(u32, u32), usize> = answers
            .others
            .iter()
            .enumerate()
            .map(|(index, row)| Ok(((cell(row, 1)?, cell(row, 2)?), index)))
            .collect::<Result<_, Error>>()?;
        let routines: HashMap<u32, usize> = answers
            .routines
            .iter()
            .enumerate()
            .map(|(index, row)| Ok((cell(row, 0)?, index)))
            .collect::<Result<_, Error>>()?;
        let domains: HashMap<ObjectName, usize> =
            schema.domains.iter().enumerate().map(|(index, domain)| (domain.name.clone(), index)).collect();
        let owners = owners(answers)?;
        for row in &answers.dependencies {
            let (class, oid): (u32, u32) = (cell(row, 0)?, cell(row, 1)?);
            let Some(used) = self.used(cell(row, 3)?, cell(row, 4)?, cell(row, 5)?, &owners) else { continue };
            match user(class, oid, &owners) {
                User::Relation(relation) => {
                    if let Some(table) = tables.get_mut(&relation) {
                        if used.name != table.name || used.kind == ObjectKind::Routine {
                            table.depends_on.push(used);
                        }
                    } else if let Some(view) = views.get_mut(&relation)
                        && used.name != view.name
                    {
                        view.depends_on.push(used);
                    }
                }
                User::Routine(oid) => {
                    if let Some(&index) = routines.get(&oid) {
                        schema.routines[index].depends_on.push(used);
                    }
                }
                User::Type(oid) => {
                    let domain = self.types.get(&oid).and_then(|key| domains.get(&key.name));
                    if let Some(&index) = domain {
                        schema.domains[index].depends_on.push(used);
                    }
                }
                User::Other(class, oid) => {
                    if let Some(&index) = others.get(&(class, oid)) {
                        schema.others[index].depends_on.push(used);
                    }
                }
            }
        }
        schema.others.iter_mut().for_each(|other| other.depends_on.sort());
        schema.others.iter_mut().for_each(|other| other.depends_on.dedup());
        Ok(())
    }

    /// The key of what is used; `None` if it is nothing that has one.
    fn used(&self, class: u32, oid: u32, sub: i32, owners: &Owners) -> Option<ObjectKey> {
        match class {
            PG_CLASS => {
                let class = self.classes.get(&oid)?;
                if sub > 0 && class.kind != 'c' {
                    let column = self.column(oid, sub as i16);
                    return Some(ObjectKey::member(ObjectKind::Column, &class.name, &column));
                }
                Some(class.key())
            }
            PG_PROC => self.routines.get(&oid).cloned(),
            PG_TYPE => self.types.get(&oid).cloned().or_else(|| owners.others.get(&(class, oid)).cloned()),
            PG_CONSTRAINT => {
                let class = self.classes.get(owners.constraints.get(&oid)?)?;
                Some(match owners.primary.get(&oid) {
                    Some(name) => ObjectKey::member(ObjectKind::PrimaryKey, &class.name, name),
                    None => class.key(),
                })
            }
            _ => owners.others.get(&(class, oid)).cloned(),
        }
    }
}

/// What is looked up by oid only here.
struct Owners {
    /// The relation of each constraint.
    constraints: HashMap<u32, u32>,
    /// The name of each primary key.
    primary: HashMap<u32, String>,
    /// The relation and the domain of each check.
    checks: HashMap<u32, (u32, u32)>,
    others: HashMap<(u32, u32), ObjectKey>,
}

fn owners(answers: &Answers) -> Result<Owners, Error> {
    let mut owners =
        Owners { constraints: HashMap::new(), primary: HashMap::new(), checks: HashMap::new(), others: HashMap::new() };
    for row in &answers.constraints {
        owners.constraints.insert(cell(row, 0)?, cell(row, 3)?);
        if letter(row, 2)? == 'p' {
            owners.primary.insert(cell(row, 0)?, cell(row, 1)?);
        }
        if letter(row, 2)? == 'c' {
            owners.checks.insert(cell(row, 0)?, (cell(row, 3)?, cell(row, 4)?));
        }
    }
    for row in &answers.others {
        let name = ObjectName::new(cell::<String>(row, 3)?, cell::<String>(row, 4)?);
        let member = format!("{} {}", cell::<&str>(row, 0)?, cell::<&str>(row, 5)?);
        let key = ObjectKey::member(ObjectKind::Other, &name, &member);
        owners.others.insert((cell(row, 1)?, cell(row, 2)?), key);
    }
    Ok(owners)
}

/// Foreign keys and other constraints come after every table: what they use does not count.
fn user(class: u32, oid: u32, owners: &Owners) -> User {
    match class {
        PG_CLASS => User::Relation(oid),
        PG_PROC => User::Routine(oid),
        PG_TYPE => User::Type(oid),
        PG_CONSTRAINT => match owners.checks.get(&oid) {
            Some((0, domain)) => User::Type(*domain),
            Some((relation, _)) => User::Relation(*relation),
            None => User::Other(class, oid),
        },
        _ => User::Other(class, oid),
    }
}
