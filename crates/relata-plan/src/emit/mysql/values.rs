//! Values of inline enums that go on under another name, with the rows that hold them.
//!
//! The server keeps a value by its text when an enum changes. So before the change the enum is widened by the new
//! values, and the rows are written from the old to the new; the change then takes the old values away. Triggers step
//! aside meanwhile, and columns that note the time of a change are set to what they are: nobody changed a row. A value
//! that only changes case or accents is the same to the server, and needs none of it.

use relata_schema::change::{Rename, Step};
use relata_schema::dialect::mysql::{print, types};
use relata_schema::model::{Column, ObjectKey, ObjectKind};
use relata_schema::{ColumnType, Diagnostic, Dialect, Type};

use super::table::{kept_times, pairs, spelled, versioned};
use super::way::{Way, modification};
use super::{Altered, ident, lock, probe, step};
use crate::rename::inline_values;

/// The columns with renamed values, as they are, and the values before and after.
fn renamed<'a>(altered: Altered<'a>, renames: &[Rename]) -> Vec<(&'a Column, Vec<(String, String)>)> {
    let of_column = |(old, new): (&'a Column, &'a Column)| {
        let mut values = inline_values((altered.from, old), (altered.to, new), renames);
        values.retain(|(before, after)| before.to_lowercase() != after.to_lowercase());
        (old, values)
    };
    pairs(altered).into_iter().map(of_column).filter(|(_, values)| !values.is_empty()).collect()
}

/// Whether rows are written for renamed values.
pub(super) fn writes(altered: Altered<'_>, renames: &[Rename]) -> bool {
    !renamed(altered, renames).is_empty()
}

/// The steps before the change of the table.
pub(super) fn steps(altered: Altered<'_>, renames: &[Rename]) -> Vec<Step> {
    let columns = renamed(altered, renames);
    columns
        .iter()
        .flat_map(|(column, values)| [widen(altered, column, values), write(altered, column, values)])
        .collect()
}

/// A table with a history cannot be changed so: the rows that were would keep the old values.
pub(super) fn refused(altered: Altered<'_>, renames: &[Rename]) -> Vec<Diagnostic> {
    if !versioned(&altered.from.options) {
        return Vec::new();
    }
    let refuse = |(column, _): (&Column, Vec<(String, String)>)| {
        let key = ObjectKey::member(ObjectKind::Column, &altered.from.name, &column.name);
        let message = format!("values of {} cannot be renamed in a table that keeps its history", column.name);
        Diagnostic::error("plan-impossible", message)
            .about(key)
            .help("drop system versioning (its history goes), and add it again, in two migrations of your own")
    };
    renamed(altered, renames).into_iter().map(refuse).collect()
}

/// `MODIFY COLUMN` to the same enum with the new values behind the old ones.
fn widen(altered: Altered<'_>, column: &Column, values: &[(String, String)]) -> Step {
    let to = &altered.to.name;
    let mut wide = Column { grants: Vec::new(), ..column.clone() };
    let mut logical = column.ty.logical.clone();
    if let Type::Enum(_, known) = &mut logical {
        known.extend(values.iter().map(|(_, after)| after.clone()));
    }
    let physical = types::write(&logical).unwrap_or_else(|_| column.ty.physical.clone());
    wide.ty = ColumnType::new(logical, physical).into();
    let sql =
        format!("ALTER TABLE {} MODIFY COLUMN {}", ident(&to.name), print::column_definition(altered.from, &wide));
    let mut table = altered.from.clone();
    table.name = to.clone();
    let (was, wide) = (spelled(altered.from, column), spelled(altered.from, &wide));
    let summary = format!("alter table {to}: let {} hold the new values too", column.name);
    let mut made = step(summary, altered.to.key(), sql, probe::column_is(&table, &wide, altered.server));
    let way = modification(altered.server, altered.from, &was, &wide);
    made.recipe = way.recipe();
    let (mode, span) = way.lock();
    made.locks = vec![lock(to, mode, span)];
    made
}

/// `UPDATE` of the rows with old values.
fn write(altered: Altered<'_>, column: &Column, values: &[(String, String)]) -> Step {
    let to = &altered.to.name;
    let (table, name) = (ident(&to.name), ident(&column.name));
    let literal = |text: &str| Dialect::Mysql.literal(text);
    let olds: Vec<String> = values.iter().map(|(before, _)| literal(before)).collect();
    let olds = olds.join(", ");
    let cases: Vec<String> =
        values.iter().map(|(before, after)| format!("WHEN {} THEN {}", literal(before), literal(after))).collect();
    let times = kept_times(altered.from, column);
    let sql =
        format!("UPDATE {table} SET {name} = CASE {name} {} END{times} WHERE {name} IN ({olds})", cases.join(" "));
    let done = format!("SELECT COUNT(*) = 0 FROM {table} WHERE {name} IN ({olds})");
    let words: Vec<String> = values.iter().map(|(before, after)| format!("{before} to {after}")).collect();
    let summary = format!("rename values of {to}.{}: {}", column.name, words.join(", "));
    let mut made = step(summary, altered.to.key(), sql, done);
    made.recipe = Way::BuildShared.recipe();
    let (mode, span) = Way::BuildShared.lock();
    made.locks = vec![lock(to, mode, span)];
    made
}
