//! The forms of a plan under which others go on reading and writing: what would lock a table while it is read is done
//! outside of the transaction, in two steps where the server has two.
//!
//! - Indexes of tables that are there come and go with `CONCURRENTLY`; an index that is replaced goes once its
//!   successor is there.
//! - Primary keys and unique constraints are made of an index that was built so.
//! - Checks and foreign keys come `NOT VALID` and are validated afterwards.
//! - `NOT NULL` follows a check that was validated so.
//!
//! Partitioned tables have none of this: their indexes cannot be built concurrently, their foreign keys are always valid.

use relata_schema::change::Step;
use relata_schema::dialect::postgres::print::{create_index, ident, index_name, qualified};
use relata_schema::model::{Index, Key, ObjectKey, ObjectKind, ObjectName, Table};

use super::members::keys;
use super::scope::Scope;
use super::types::{retired, with_ending};

/// The steps in their online forms.
pub(super) fn online(scope: &Scope<'_>, steps: Vec<Step>) -> Vec<Step> {
    let mut out = Vec::with_capacity(steps.len());
    let mut last = Vec::new();
    let replaced: Vec<ObjectKey> =
        steps.iter().filter(|step| step.sql.starts_with("DROP INDEX ")).map(|step| step.object.clone()).collect();
    for step in steps {
        let table = scope.both(&step.object.name).map(|(from, _)| from);
        match table.filter(|table| table.partitioning.is_none() && table.foreign.is_none()) {
            Some(table) => one(scope, table, step, &replaced, &mut out, &mut last),
            None => out.push(step),
        }
    }
    // A session's settings end before what runs by itself.
    let at = out.iter().rposition(|step| !step.sql.starts_with("RESET ")).map_or(0, |at| at + 1);
    out.splice(at..at, last);
    out
}

fn one(
    scope: &Scope<'_>,
    table: &Table,
    mut step: Step,
    replaced: &[ObjectKey],
    out: &mut Vec<Step>,
    last: &mut Vec<Step>,
) {
    let name = index_name(&table.name, &step.object.member);
    match step.object.kind {
        ObjectKind::Index if step.sql.starts_with("CREATE ") => {
            step.sql = step.sql.replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
            out.push(alone(step));
        }
        ObjectKind::Index if step.sql.starts_with("DROP INDEX ") && !step.sql.ends_with(" CASCADE") => {
            let stays =
                scope.to.table(&table.name).is_some_and(|to| to.indexes.iter().any(|new| new.name == name.name));
            let unique = table.indexes.iter().any(|index| index.name == name.name && index.unique);
            let clung = unique && is_referred_to(scope, table);
            let free = !scope.loses_index(table, &name.name) && !clung;
            if stays && free && replaced.contains(&step.object) {
                let former = retired(&name);
                step.sql = format!("ALTER INDEX {} RENAME TO {}", qualified(&name), ident(&former.name));
                step.summary = format!("retire index {}", name.name);
                let mut drop = step.clone();
                drop.sql = format!("DROP INDEX CONCURRENTLY {}", qualified(&former));
                drop.summary = format!("drop the former index {}", name.name);
                last.push(alone(drop));
                out.push(step);
            } else {
                step.sql = step.sql.replacen("DROP INDEX ", "DROP INDEX CONCURRENTLY ", 1);
                out.push(alone(step));
            }
        }
        ObjectKind::PrimaryKey | ObjectKind::Unique if is_added(&step) => key(scope, table, step, out),
        ObjectKind::Check | ObjectKind::ForeignKey if is_added(&step) && !step.sql.ends_with(" NOT VALID") => {
            loose(scope, table, step, out);
        }
        ObjectKind::Column if step.sql.ends_with(" SET NOT NULL") => not_null(table, step, out),
        ObjectKind::Check | ObjectKind::ForeignKey if step.sql.contains(" VALIDATE CONSTRAINT ") => {
            out.push(alone(step));
        }
        _ => out.push(step),
    }
}

/// A foreign key would cling to whichever of two unique indexes it finds.
fn is_referred_to(scope: &Scope<'_>, table: &Table) -> bool {
    scope.to.tables.iter().flat_map(|table| &table.foreign_keys).any(|key| key.references == table.name)
}

fn is_added(step: &Step) -> bool {
    step.sql.starts_with("ALTER TABLE ") && step.sql.contains(" ADD CONSTRAINT ")
}

/// The step outside of any transaction.
fn alone(step: Step) -> Step {
    Step { transactional: false, ..step }
}

/// A key over an index that was built before.
fn key(scope: &Scope<'_>, table: &Table, mut step: Step, out: &mut Vec<Step>) {
    let wanted = scope.to.table(&table.name);
    let found =
        wanted.and_then(|to| keys(to).find(|(kind, key)| *kind == step.object.kind && key.name == step.object.member));
    let Some((kind, key)) = found else {
        out.push(step);
        return;
    };
    let mut build = step.clone();
    build.summary = format!("build index {}", key.name);
    build.sql = create_index(&table.name, &index_of(key)).replacen("INDEX ", "INDEX CONCURRENTLY ", 1);
    out.push(alone(build));
    let word = if kind == ObjectKind::PrimaryKey { "PRIMARY KEY" } else { "UNIQUE" };
    let deferral = match (key.deferral.deferrable, key.deferral.initially_deferred) {
        (_, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, false) => "",
    };
    let name = ident(&key.name);
    step.sql =
        format!("ALTER TABLE {} ADD CONSTRAINT {name} {word} USING INDEX {name}{deferral}", qualified(&table.name));
    out.push(step);
}

fn index_of(key: &Key) -> Index {
    Index {
        name: key.name.clone(),
        unique: true,
        parts: key.parts.clone(),
        include: key.include.clone(),
        nulls_not_distinct: key.nulls_not_distinct,
        parameters: key.parameters.clone(),
        ..Index::default()
    }
}

/// A check or foreign key that holds for new rows at once, and for those that are there once they were read.
fn loose(scope: &Scope<'_>, table: &Table, mut step: Step, out: &mut Vec<Step>) {
    let there = step.sql.split_once(" REFERENCES ").is_some_and(|(_, rest)| {
        let partitioned = scope.to.tables.iter().filter(|table| table.partitioning.is_some());
        partitioned.into_iter().any(|table| rest.starts_with(&format!("{} ", qualified(&table.name))))
    });
    if there {
        out.push(step);
        return;
    }
    let mut validate = step.clone();
    validate.summary = step.summary.replacen("add ", "validate ", 1);
    validate.sql = validate_sql(table, &step.object.member);
    step.sql.push_str(" NOT VALID");
    out.push(step);
    out.push(alone(validate));
}

fn validate_sql(table: &Table, constraint: &str) -> String {
    format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", qualified(&table.name), ident(constraint))
}

/// `NOT NULL` that need not read the table: a check says already that there is no NULL.
fn not_null(table: &Table, step: Step, out: &mut Vec<Step>) {
    let column = ident(&step.object.member);
    let said = format!("{column} IS NOT NULL");
    let known =
        |check: &relata_schema::model::Check| !check.not_valid && check.expression.trim_matches(['(', ')']) == said;
    if table.checks.iter().any(known) {
        out.push(step);
        return;
    }
    let constraint = with_ending(&ObjectName::bare(&step.object.member), "_not_null").name;
    let alter = format!("ALTER TABLE {}", qualified(&table.name));
    let name = ident(&constraint);
    let with = |summary: &str, sql: String| Step {
        summary: format!("{summary} of {}.{column}", table.name),
        sql,
        ..step.clone()
    };
    out.push(with("promise not null", format!("{alter} ADD CONSTRAINT {name} CHECK ({said}) NOT VALID")));
    out.push(alone(with("validate not null", validate_sql(table, &constraint))));
    let drop = with("drop the promise", format!("{alter} DROP CONSTRAINT {name}"));
    out.push(step);
    out.push(drop);
}
