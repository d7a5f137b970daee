//! What uses what, from `pg_depend`.
//!
//! Objects keep what has to be there before them. A table keeps besides what each of its members uses: with it the
//! planner knows which defaults, checks, indexes, triggers and policies a change touches.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use relata_schema::Schema;
use relata_schema::dialect::postgres::print::{BASE_TYPE, is_of_base_type, other_member};
use relata_schema::model::{MemberUse, ObjectKey, ObjectKind, ObjectName, Routine, Table, View};
use tokio_postgres::{Error, Row};

use super::catalogue::{
    PG_CLASS, PG_CONSTRAINT, PG_NAMESPACE, PG_POLICY, PG_PROC, PG_SERVER, PG_TRIGGER, PG_TYPE, Placed, cell, letter,
};
use super::{Answers, Coming, Reading};

/// Whose dependency it is.
enum User {
    Relation(u32),
    /// A member of a relation; whether it comes with the relation, so that what it uses has to be there before.
    Member(u32, ObjectKind, String, bool),
    Routine(u32),
    Type(u32),
    Server(u32),
    Other(u32, u32),
}

impl Reading {
    pub(super) async fn dependencies(
        &self,
        mut dependencies: Coming,
        owners: &Owners,
        places: &Places,
        schema: &mut Schema,
        tables: &mut Placed<Table>,
        views: &mut Placed<View>,
    ) -> Result<(), Error> {
        while let Some(row) = dependencies.try_next().await? {
            let row = &row;
            let (class, oid, sub): (u32, u32, i32) = (cell(row, 0)?, cell(row, 1)?, cell(row, 2)?);
            let Some(used) = self.used(cell(row, 3)?, cell(row, 4)?, cell(row, 5)?, owners) else { continue };
            match self.user(class, oid, sub, owners) {
                User::Relation(relation) => whole_relation(relation, used, tables, views),
                User::Member(relation, kind, member, before) => {
                    let Some(name) = self.relation(relation) else { continue };
                    let key = ObjectKey::member(kind, name, &member);
                    if let Some(table) = tables.get_mut(&relation).filter(|_| key != used) {
                        match table.uses.iter_mut().rev().find(|known| known.member == key) {
                            Some(known) => known.uses.push(used.clone()),
                            None => table.uses.push(MemberUse { member: key, uses: vec![used.clone()] }),
                        }
                    }
                    if before {
                        whole_relation(relation, used, tables, views);
                    }
                }
                User::Routine(oid) => {
                    if let Some(&index) = places.routines.get(&oid) {
                        schema.routines[index].depends_on.push(used);
                    }
                }
                User::Type(oid) => self.of_type(oid, used, places, schema),
                User::Server(oid) => {
                    if let Some(&index) = places.servers.get(&oid) {
                        schema.servers[index].depends_on.push(used);
                    }
                }
                User::Other(class, oid) => {
                    if let Some(&index) = places.others.get(&(class, oid)) {
                        schema.others[index].depends_on.push(used);
                    }
                }
            }
        }
        from_text_to_type(schema);
        for table in &mut tables.items {
            table.uses.sort_by(|a, b| a.member.cmp(&b.member));
        }
        Ok(())
    }

    fn of_type(&self, oid: u32, used: ObjectKey, places: &Places, schema: &mut Schema) {
        if let Some(&index) = places.others.get(&(PG_TYPE, oid)) {
            schema.others[index].depends_on.push(used);
            return;
        }
        let Some(key) = self.types.get(&oid).filter(|key| **key != used) else { return };
        let Some(&index) = places.types.get(key) else { return };
        match key.kind {
            ObjectKind::Domain => schema.domains[index].depends_on.push(used),
            ObjectKind::Composite => schema.composites[index].depends_on.push(used),
            _ => schema.ranges[index].depends_on.push(used),
        }
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
            PG_TYPE => self.types.get(&oid).or_else(|| owners.others.get(&(class, oid))).cloned(),
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

    /// Foreign keys come after every table: what they use does not count.
    fn user(&self, class: u32, oid: u32, sub: i32, owners: &Owners) -> User {
        let member = |relation, kind, name: &str, before| User::Member(relation, kind, name.to_string(), before);
        match class {
            PG_CLASS => match self.classes.get(&oid) {
                Some(class) if class.kind == 'c' => {
                    owners.composites.get(&oid).map_or(User::Relation(oid), |&oid| User::Type(oid))
                }
                Some(_) if sub > 0 => User::Member(oid, ObjectKind::Column, self.column(oid, sub as i16), true),
                Some(_) => User::Relation(oid),
                None => match self.indexes.get(&oid) {
                    Some((name, relation)) => member(*relation, ObjectKind::Index, name, false),
                    None => User::Other(class, oid),
                },
            },
            PG_PROC => User::Routine(oid),
            PG_TYPE => User::Type(oid),
            PG_SERVER => User::Server(oid),
            PG_CONSTRAINT => match owners.checks.get(&oid) {
                Some((0, domain, _)) => User::Type(*domain),
                Some((relation, _, name)) => member(*relation, ObjectKind::Check, name, true),
                None => User::Other(class, oid),
            },
            PG_TRIGGER => match owners.triggers.get(&oid) {
                Some((relation, name)) => member(*relation, ObjectKind::Trigger, name, false),
                None => User::Other(class, oid),
            },
            PG_POLICY => match owners.policies.get(&oid) {
                Some((relation, name)) => member(*relation, ObjectKind::Policy, name, false),
                None => User::Other(class, oid),
            },
            _ => User::Other(class, oid),
        }
    }

    pub(super) fn owners(&self, answers: &Answers) -> Result<Owners, Error> {
        let mut owners = Owners::default();
        for row in &answers.triggers {
            owners.triggers.insert(cell(row, 0)?, (cell(row, 1)?, cell(row, 2)?));
        }
        for row in &answers.policies {
            owners.policies.insert(cell(row, 0)?, (cell(row, 1)?, cell(row, 2)?));
        }
        for row in answers.types.iter().filter(|row| cell::<&str>(row, 5).is_ok_and(|kind| kind == "c")) {
            owners.composites.insert(cell(row, 2)?, cell(row, 0)?);
        }
        for row in &answers.others {
            let name = ObjectName::new(cell::<String>(row, 3)?, cell::<String>(row, 4)?);
            let member = format!("{} {}", cell::<&str>(row, 0)?, cell::<&str>(row, 5)?);
            let key = ObjectKey::member(ObjectKind::Other, &name, &member);
            if let Some(array) = cell::<Option<u32>>(row, 9)?.filter(|&array| array != 0) {
                owners.others.insert((PG_TYPE, array), key.clone());
            }
            owners.others.insert((cell(row, 1)?, cell(row, 2)?), key);
        }
        for row in &answers.servers {
            let name = ObjectName::bare(cell::<String>(row, 1)?);
            owners.others.insert((PG_SERVER, cell(row, 0)?), ObjectKey::of(ObjectKind::Server, &name));
        }
        for row in &answers.namespaces {
            let name = ObjectName::bare(cell::<String>(row, 1)?);
            owners.others.insert((PG_NAMESPACE, cell(row, 0)?), ObjectKey::of(ObjectKind::Namespace, &name));
        }
        Ok(owners)
    }
}

/// A type of somebody's own code and the functions that read and write it use each other. The one that reads text comes
/// first: the server makes a shell of the type for it; the other functions come next, then the type.
fn from_text_to_type(schema: &mut Schema) {
    let Schema { others, routines, .. } = schema;
    for ty in others.iter().filter(|other| other.kind == BASE_TYPE) {
        let key = ObjectKey::member(ObjectKind::Other, &ty.name, &other_member(ty));
        let own = |routine: &Routine| is_of_base_type(routine, ty);
        let reads_text = |routine: &&Routine| own(routine) && routine.arguments.contains("cstring");
        let first = routines.iter().find(reads_text).map(routine_key);
        for routine in routines.iter_mut().filter(|routine| own(routine)) {
            routine.depends_on.retain(|used| *used != key);
            let this = routine_key(routine);
            routine.depends_on.extend(first.clone().filter(|first| *first != this));
        }
    }
}

fn routine_key(routine: &Routine) -> ObjectKey {
    ObjectKey::member(ObjectKind::Routine, &routine.name, &routine.arguments)
}

fn whole_relation(relation: u32, used: ObjectKey, tables: &mut Placed<Table>, views: &mut Placed<View>) {
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

/// Where in the schema something is.
pub(super) struct Places {
    routines: HashMap<u32, usize>,
    servers: HashMap<u32, usize>,
    others: HashMap<(u32, u32), usize>,
    types: HashMap<ObjectKey, usize>,
}

impl Places {
    pub(super) fn new(answers: &Answers, schema: &Schema) -> Result<Self, Error> {
        let by_oid = |rows: &[Row]| -> Result<HashMap<u32, usize>, Error> {
            rows.iter().enumerate().map(|(index, row)| Ok((cell(row, 0)?, index))).collect()
        };
        let others = answers.others.iter().enumerate();
        let of = ObjectKey::of;
        let domains = schema.domains.iter().enumerate().map(|(at, ty)| (of(ObjectKind::Domain, &ty.name), at));
        let composites = schema.composites.iter().enumerate().map(|(at, ty)| (of(ObjectKind::Composite, &ty.name), at));
        let ranges = schema.ranges.iter().enumerate().map(|(at, ty)| (of(ObjectKind::Range, &ty.name), at));
        Ok(Places {
            routines: by_oid(&answers.routines)?,
            servers: by_oid(&answers.servers)?,
            others: others
                .map(|(index, row)| Ok(((cell(row, 1)?, cell(row, 2)?), index)))
                .collect::<Result<_, Error>>()?,
            types: domains.chain(composites).chain(ranges).collect(),
        })
    }
}

/// What is looked up by oid only here.
#[derive(Default)]
pub(super) struct Owners {
    /// The relation of each constraint.
    constraints: HashMap<u32, u32>,
    /// The name of each primary key.
    primary: HashMap<u32, String>,
    /// The relation, the domain and the name of each check.
    checks: HashMap<u32, (u32, u32, String)>,
    /// The relation and the name of each.
    triggers: HashMap<u32, (u32, String)>,
    policies: HashMap<u32, (u32, String)>,
    /// The type of each relation that stands for a composite.
    composites: HashMap<u32, u32>,
    others: HashMap<(u32, u32), ObjectKey>,
}

impl Owners {
    /// Takes a constraint, as its row comes.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), Error> {
        let oid: u32 = cell(row, 0)?;
        self.constraints.insert(oid, cell(row, 3)?);
        match letter(row, 2)? {
            'p' => {
                self.primary.insert(oid, cell(row, 1)?);
            }
            'c' => {
                self.checks.insert(oid, (cell(row, 3)?, cell(row, 4)?, cell(row, 1)?));
            }
            _ => {}
        }
        Ok(())
    }
}
