//! `ALTER` of anything: its target, and its actions between commas.

use super::column::{definition, type_name};
use super::constraint::constraint;
use super::cursor::Cursor;
use super::object::object;
use super::single;
use super::table::is_index;
use crate::dialect::Dialect;
use crate::sql::{Action, Alter, ColumnChange, ConstraintKind, StatementKind, TableAction};

/// What follows `ALTER`.
pub fn alter<'a>(cursor: &mut Cursor<'_, 'a>) -> StatementKind<'a> {
    let _ = cursor.take("ONLINE") || cursor.take("OFFLINE");
    let _ = cursor.take("IGNORE");
    let Some(object) = object(cursor) else { return StatementKind::Other };
    let mut alter = Alter { object, if_exists: cursor.if_exists(), ..Alter::default() };
    cursor.take("ONLY");
    if cursor.take_all(&["ALL", "IN", "TABLESPACE"]) {
        return StatementKind::Other;
    }
    alter.name = cursor.name().unwrap_or_default();
    cursor.mark("*");
    cursor.group();
    if matches!(object, "POLICY" | "TRIGGER" | "RULE") && cursor.take("ON") {
        alter.on = cursor.name();
    }
    let parts = match object {
        "TABLE" | "FOREIGN TABLE" | "TYPE" | "MATERIALIZED VIEW" => cursor.split(),
        _ => vec![Cursor::new(cursor.dialect, cursor.rest())],
    };
    alter.actions = parts.into_iter().flat_map(|part| actions(object, part)).collect();
    StatementKind::Alter(Box::new(alter))
}

/// One action; `ADD COLUMN (a int, b int)` of MariaDB is several.
fn actions(object: &str, cursor: Cursor<'_, '_>) -> Vec<TableAction> {
    let extent = cursor.extent();
    let mut several = cursor;
    if several.take("ADD") {
        let _ = several.take("COLUMN");
        let group = several.dialect == Dialect::Mysql && several.peek().is_some_and(|token| token.is_mark("("));
        if let Some(inside) = several.group().filter(|_| group) {
            let columns = inside.split().into_iter().filter_map(definition);
            let action = |column| Action::AddColumn { column: Box::new(column), if_not_exists: false };
            return columns.map(|column| TableAction { extent: column.extent, action: action(column) }).collect();
        }
    }
    vec![TableAction { extent, action: action(object, cursor) }]
}

fn action(object: &str, mut cursor: Cursor<'_, '_>) -> Action {
    let Some(verb) = cursor.next_word() else { return Action::Other };
    match verb.as_str() {
        "ADD" => add(object, cursor),
        "DROP" => drop(object, cursor),
        "ALTER" => alter_member(cursor),
        "RENAME" => rename(cursor),
        "SET" => set(cursor),
        "MODIFY" => redefine(cursor, false),
        "CHANGE" => redefine(cursor, true),
        "VALIDATE" if cursor.take("CONSTRAINT") => named(cursor, Action::ValidateConstraint),
        "ATTACH" if cursor.take("PARTITION") => named(cursor, Action::AttachPartition),
        "DETACH" if cursor.take("PARTITION") => {
            let partition = cursor.name().unwrap_or_default();
            if cursor.is("FINALIZE") {
                return Action::Other;
            }
            Action::DetachPartition { partition, concurrently: cursor.take("CONCURRENTLY") }
        }
        "ENABLE" => switch(cursor, true),
        "DISABLE" => switch(cursor, false),
        "FORCE" if cursor.take("ROW") => Action::RowSecurity("FORCE"),
        "NO" if cursor.take("FORCE") => Action::RowSecurity("NO FORCE"),
        "NO" if cursor.take("INHERIT") => inherit(cursor, false),
        "INHERIT" => inherit(cursor, true),
        "REPLICA" => Action::ReplicaIdentity { nothing: cursor.has("NOTHING") },
        "OWNER" => Action::Owner,
        "CONVERT" if cursor.take("TO") => {
            let _ = cursor.take_all(&["CHARACTER", "SET"]) || cursor.take("CHARSET");
            Action::ConvertCharset(cursor.next().map(|token| token.content().to_lowercase()).unwrap_or_default())
        }
        "ALGORITHM" => Action::Algorithm(value(cursor)),
        "LOCK" => Action::Lock(value(cursor)),
        "ENGINE" | "ROW_FORMAT" | "FORCE" | "ORDER" | "CHARACTER" | "CHARSET" | "COLLATE" | "AUTO_INCREMENT"
        | "COMMENT" | "KEY_BLOCK_SIZE" | "PARTITION" | "DISCARD" | "IMPORT" | "DEFAULT" | "REMOVE" | "COALESCE"
        | "REORGANIZE" | "REBUILD" | "EXCHANGE" => Action::Option(verb),
        _ => Action::Other,
    }
}

fn named(mut cursor: Cursor<'_, '_>, action: fn(crate::sql::Name) -> Action) -> Action {
    cursor.name().map_or(Action::Other, action)
}

fn value(mut cursor: Cursor<'_, '_>) -> String {
    cursor.mark("=");
    cursor.next_word().unwrap_or_default()
}

fn inherit(mut cursor: Cursor<'_, '_>, inherits: bool) -> Action {
    Action::Inherit { inherits, parent: cursor.name().unwrap_or_default() }
}

fn add(object: &str, mut cursor: Cursor<'_, '_>) -> Action {
    if object == "TYPE" && cursor.take("VALUE") {
        let if_not_exists = cursor.if_not_exists();
        let value = cursor.next().map(crate::sql::Token::content).unwrap_or_default();
        return Action::AddValue { value, if_not_exists, placed: cursor.is("BEFORE") || cursor.is("AFTER") };
    }
    if let Some(found) = constraint(cursor) {
        return Action::AddConstraint(Box::new(found));
    }
    if cursor.take_all(&["SYSTEM", "VERSIONING"]) {
        return Action::SystemVersioning { added: true };
    }
    if cursor.is("PARTITION") || cursor.is("PERIOD") {
        return Action::Other;
    }
    let said = cursor.take("COLUMN") || cursor.take("ATTRIBUTE");
    if matches!(object, "PUBLICATION" | "SUBSCRIPTION" | "EXTENSION") || (!said && object == "TYPE") {
        return Action::Other;
    }
    let if_not_exists = cursor.if_not_exists();
    let rest = Cursor::new(cursor.dialect, cursor.rest());
    match definition(rest) {
        Some(column) => Action::AddColumn { column: Box::new(column), if_not_exists },
        None => Action::Other,
    }
}

fn drop(object: &str, mut cursor: Cursor<'_, '_>) -> Action {
    if object == "DOMAIN" {
        if cursor.take("DEFAULT") {
            return Action::DropDefault;
        }
        if cursor.take_all(&["NOT", "NULL"]) {
            return Action::DropNotNull;
        }
    }
    let mysql = cursor.dialect == Dialect::Mysql;
    if mysql && cursor.take_all(&["SYSTEM", "VERSIONING"]) {
        return Action::SystemVersioning { added: false };
    }
    let kind = if cursor.take_all(&["PRIMARY", "KEY"]) {
        return Action::DropConstraint { kind: ConstraintKind::PrimaryKey, name: None, if_exists: false };
    } else if cursor.take_all(&["FOREIGN", "KEY"]) {
        Some(ConstraintKind::ForeignKey)
    } else if cursor.take("CONSTRAINT") || (mysql && cursor.take("CHECK")) {
        Some(ConstraintKind::Check)
    } else if mysql && is_index(&cursor) {
        cursor.next();
        Some(ConstraintKind::Index)
    } else {
        None
    };
    if let Some(kind) = kind {
        let if_exists = cursor.if_exists();
        return Action::DropConstraint { kind, name: cursor.name(), if_exists };
    }
    let said = cursor.take("COLUMN") || cursor.take("ATTRIBUTE");
    let tables = matches!(object, "TABLE" | "FOREIGN TABLE");
    if !said && (!tables || (mysql && cursor.is("PARTITION"))) {
        return Action::Other;
    }
    let if_exists = cursor.if_exists();
    match cursor.name() {
        Some(column) => Action::DropColumn { column, if_exists },
        None => Action::Other,
    }
}

fn alter_member(mut cursor: Cursor<'_, '_>) -> Action {
    if cursor.take("CONSTRAINT") {
        let Some(name) = cursor.name() else { return Action::Other };
        return Action::AlterConstraint { name, not_enforced: cursor.find(&["NOT", "ENFORCED"]).is_some() };
    }
    if is_index(&cursor) {
        return Action::Other;
    }
    let _ = cursor.take("COLUMN") || cursor.take("ATTRIBUTE");
    cursor.if_exists();
    let Some(column) = cursor.name() else { return Action::Other };
    Action::AlterColumn { column, change: change(&mut cursor) }
}

fn change(cursor: &mut Cursor<'_, '_>) -> ColumnChange {
    if cursor.take("TYPE") || cursor.take_all(&["SET", "DATA", "TYPE"]) {
        let ty = type_name(cursor).unwrap_or_default();
        if cursor.take("COLLATE") {
            cursor.name();
        }
        let using = cursor.take("USING").then(|| cursor.expression(&["CASCADE", "RESTRICT"]));
        return ColumnChange::Type { ty, using };
    }
    if cursor.take_all(&["SET", "DEFAULT"]) {
        return ColumnChange::SetDefault(cursor.expression(&[]));
    }
    const PLAIN: &[(&[&str], ColumnChange)] = &[
        (&["DROP", "DEFAULT"], ColumnChange::DropDefault),
        (&["SET", "NOT", "NULL"], ColumnChange::SetNotNull),
        (&["DROP", "NOT", "NULL"], ColumnChange::DropNotNull),
        (&["ADD", "GENERATED"], ColumnChange::AddIdentity),
        (&["SET", "GENERATED"], ColumnChange::AlterIdentity),
        (&["SET", "INCREMENT"], ColumnChange::AlterIdentity),
        (&["SET", "START"], ColumnChange::AlterIdentity),
        (&["SET", "MINVALUE"], ColumnChange::AlterIdentity),
        (&["SET", "MAXVALUE"], ColumnChange::AlterIdentity),
        (&["SET", "CACHE"], ColumnChange::AlterIdentity),
        (&["SET", "CYCLE"], ColumnChange::AlterIdentity),
        (&["SET", "NO"], ColumnChange::AlterIdentity),
        (&["RESTART"], ColumnChange::AlterIdentity),
        (&["DROP", "IDENTITY"], ColumnChange::DropIdentity),
        (&["SET", "EXPRESSION"], ColumnChange::SetExpression),
        (&["DROP", "EXPRESSION"], ColumnChange::DropExpression),
    ];
    let found = PLAIN.iter().find(|(words, _)| cursor.take_all(words));
    found.map_or(ColumnChange::Other, |(_, change)| change.clone())
}

fn rename(mut cursor: Cursor<'_, '_>) -> Action {
    if cursor.take("TO") || (cursor.dialect == Dialect::Mysql && cursor.take("AS")) {
        return named(cursor, Action::Rename);
    }
    if cursor.take("VALUE") {
        return Action::RenameValue;
    }
    if cursor.is("CONSTRAINT") || is_index(&cursor) {
        return Action::RenameMember;
    }
    let said = cursor.take("COLUMN") || cursor.take("ATTRIBUTE");
    let Some(from) = cursor.name() else { return Action::Other };
    match (cursor.take("TO"), cursor.next()) {
        (true, Some(to)) => Action::RenameColumn { from, to: single(cursor.dialect, to) },
        // RENAME new_name of MariaDB.
        (false, None) if !said => Action::Rename(from),
        _ => Action::Other,
    }
}

fn set(mut cursor: Cursor<'_, '_>) -> Action {
    if cursor.take("SCHEMA") {
        return named(cursor, Action::SetSchema);
    }
    const PLAIN: &[(&[&str], Action)] = &[
        (&["TABLESPACE"], Action::SetTablespace),
        (&["LOGGED"], Action::SetLogged(true)),
        (&["UNLOGGED"], Action::SetLogged(false)),
        (&["ACCESS", "METHOD"], Action::SetAccessMethod),
        (&["DEFAULT"], Action::SetDefault),
        (&["NOT", "NULL"], Action::SetNotNull),
    ];
    PLAIN.iter().find(|(words, _)| cursor.take_all(words)).map_or(Action::Other, |(_, action)| action.clone())
}

/// `MODIFY [COLUMN] a …`, `CHANGE [COLUMN] a b …`.
fn redefine(mut cursor: Cursor<'_, '_>, renames: bool) -> Action {
    cursor.take("COLUMN");
    cursor.if_exists();
    let rest = Cursor::new(cursor.dialect, cursor.rest());
    let Some(from) = cursor.name() else { return Action::Other };
    let rest = if renames { Cursor::new(cursor.dialect, cursor.rest()) } else { rest };
    match definition(rest) {
        Some(column) => Action::Redefine { from, column: Box::new(column) },
        None => Action::Other,
    }
}

fn switch(mut cursor: Cursor<'_, '_>, enabled: bool) -> Action {
    if cursor.take_all(&["ROW", "LEVEL", "SECURITY"]) {
        return Action::RowSecurity(if enabled { "ENABLE" } else { "DISABLE" });
    }
    cursor.take("ALWAYS");
    let replicas_alone = cursor.take("REPLICA");
    match cursor.take_any(&["TRIGGER", "RULE"]) {
        Some(what) => Action::Fires { what, enabled: enabled && !replicas_alone },
        None => Action::Other,
    }
}
