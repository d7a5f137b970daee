//! Constraints of tables, and those parts that columns share with them.

use super::cursor::Cursor;
use crate::dialect::Dialect;
use crate::sql::{Constraint, ConstraintKind, Generated, Name, Reference};

/// A constraint of a table, if one is next; the cursor holds nothing else.
pub fn constraint(mut cursor: Cursor<'_, '_>) -> Option<Constraint> {
    let mut constraint = Constraint { extent: cursor.extent(), ..Constraint::default() };
    if cursor.take("CONSTRAINT") {
        // MariaDB lets the name away.
        let unnamed = ["PRIMARY", "UNIQUE", "FOREIGN", "CHECK"].iter().any(|word| cursor.is(word));
        constraint.name = if unnamed { None } else { cursor.name() };
    }
    constraint.kind = kind(&mut cursor)?;
    body(&mut cursor, &mut constraint);
    while !cursor.is_done() {
        attribute(&mut cursor, &mut constraint);
    }
    Some(constraint)
}

fn kind(cursor: &mut Cursor<'_, '_>) -> Option<ConstraintKind> {
    let mysql = cursor.dialect == Dialect::Mysql;
    let kind = if cursor.take_all(&["PRIMARY", "KEY"]) {
        ConstraintKind::PrimaryKey
    } else if cursor.take("UNIQUE") {
        let _ = cursor.take("KEY") || cursor.take("INDEX");
        ConstraintKind::Unique
    } else if cursor.take_all(&["FOREIGN", "KEY"]) {
        ConstraintKind::ForeignKey
    } else if cursor.take("CHECK") {
        ConstraintKind::Check
    } else if cursor.take("EXCLUDE") {
        ConstraintKind::Exclude
    } else if cursor.take_all(&["NOT", "NULL"]) {
        ConstraintKind::NotNull
    } else if mysql && (cursor.take("FULLTEXT") || cursor.take("SPATIAL") || cursor.take("VECTOR")) {
        let _ = cursor.take("KEY") || cursor.take("INDEX");
        ConstraintKind::Index
    } else if mysql && (cursor.take("KEY") || cursor.take("INDEX")) {
        ConstraintKind::Index
    } else {
        return None;
    };
    Some(kind)
}

fn body(cursor: &mut Cursor<'_, '_>, constraint: &mut Constraint) {
    match constraint.kind {
        ConstraintKind::Check => {
            constraint.expression = cursor.group().map(|mut inside| inside.expression(&[]));
        }
        ConstraintKind::Exclude => {}
        ConstraintKind::NotNull => constraint.columns.extend(cursor.name()),
        _ => {
            cursor.if_not_exists();
            cursor.take_all(&["NULLS", "NOT", "DISTINCT"]);
            cursor.take_all(&["NULLS", "DISTINCT"]);
            let named = cursor.dialect == Dialect::Mysql && !cursor.is("USING");
            if named && cursor.peek().is_some_and(|token| !token.is_mark("(")) {
                constraint.name = cursor.name().or(constraint.name.take());
            }
            if cursor.dialect == Dialect::Mysql && cursor.take("USING") {
                cursor.next();
            }
            constraint.columns = columns(cursor);
        }
    }
}

fn attribute(cursor: &mut Cursor<'_, '_>, constraint: &mut Constraint) {
    if cursor.take_all(&["NOT", "VALID"]) {
        constraint.not_valid = true;
    } else if cursor.take_all(&["USING", "INDEX"]) {
        constraint.using_index = if cursor.take("TABLESPACE") { None } else { cursor.name() };
    } else if cursor.take("REFERENCES") {
        constraint.references = Some(reference(cursor));
    } else {
        cursor.next();
    }
}

/// Columns in parentheses; expressions are left out.
pub fn columns(cursor: &mut Cursor<'_, '_>) -> Vec<Name> {
    let Some(inside) = cursor.group() else { return Vec::new() };
    inside.split().into_iter().filter_map(|mut part| part.name()).collect()
}

/// What follows `REFERENCES`.
pub fn reference(cursor: &mut Cursor<'_, '_>) -> Reference {
    let table = cursor.name().unwrap_or_default();
    let mut reference = Reference { table, columns: columns(cursor), cascades: false };
    loop {
        if cursor.take_all(&["ON", "DELETE"]) {
            reference.cascades = cursor.take("CASCADE");
            if !reference.cascades {
                action(cursor);
            }
        } else if cursor.take_all(&["ON", "UPDATE"]) {
            action(cursor);
        } else if cursor.take("MATCH") {
            cursor.next();
        } else {
            return reference;
        }
    }
}

fn action(cursor: &mut Cursor<'_, '_>) {
    if cursor.take("NO") {
        cursor.take("ACTION");
    } else if cursor.take("SET") {
        cursor.next();
        cursor.group();
    } else {
        cursor.next();
    }
}

/// `GENERATED … AS IDENTITY`, `[GENERATED ALWAYS] AS (expression) STORED`.
pub fn identity_or_expression(cursor: &mut Cursor<'_, '_>) -> Option<Generated> {
    cursor.take("GENERATED");
    let _ = cursor.take("ALWAYS") || cursor.take_all(&["BY", "DEFAULT"]);
    cursor.take_all(&["ON", "NULL"]);
    if !cursor.take("AS") {
        return None;
    }
    if cursor.take("IDENTITY") {
        cursor.group();
        return Some(Generated::Identity);
    }
    cursor.group();
    let stored = cursor.take("STORED") || cursor.take("PERSISTENT");
    let _ = cursor.take("VIRTUAL");
    Some(if stored { Generated::Stored } else { Generated::Virtual })
}
