//! Writing a table anew, and what may go wrong with the rows that are there.

use relata_schema::change::{Alteration, LockSpan, Recipe, Rename, TableChange};
use relata_schema::dialect::sqlite::{print, token};
use relata_schema::model::{Column, ObjectKey, ObjectKind, Table};
use relata_schema::{Diagnostic, Dialect, Schema, Type};

use super::super::filler;
use super::{Altered, Emitter, quoted};
use crate::rename::inline_values;

/// A name that no table, view or index on either side has.
pub(super) fn free_name(wanted: &str, from: &Schema, to: &Schema) -> String {
    let mut name = wanted.to_string();
    let taken = |name: &str| {
        [from, to].iter().any(|schema| {
            schema.tables.iter().any(|table| {
                table.name.name.eq_ignore_ascii_case(name)
                    || table.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name))
            }) || schema.views.iter().any(|view| view.name.name.eq_ignore_ascii_case(name))
        })
    };
    while taken(&name) {
        name.push('_');
    }
    name
}

impl Emitter<'_> {
    /// The table has its new name already; its indexes and triggers come later.
    pub(super) fn rebuild(&mut self, altered: &Altered<'_>) {
        self.warn(altered);
        let (from, to) = (altered.from, altered.to);
        let name = &to.name;
        let new = free_name(&format!("relata_new_{}", name.name), self.from, self.to);
        let (old_name, new_name) = (quoted(&name.name), quoted(&new));
        let key = to.key();
        let brought = if self.back { brought_back(altered) } else { Vec::new() };
        for column in &brought {
            // A strict table wants one of its own types.
            let ty = if from.options.strict { "ANY" } else { &column.ty.physical };
            let bare = Column { name: column.name.clone(), ..Column::default() };
            let sql = format!("ALTER TABLE {old_name} ADD COLUMN {} {}", print::column_definition(&bare), quoted(ty));
            let key = ObjectKey::member(ObjectKind::Column, name, &column.name);
            self.add(format!("add column {name}.{} without its values", column.name), key, sql);
        }
        let summary = format!("create table {name} anew");
        self.add(summary, key.clone(), print::create_table_as(to, &new));
        let mut copied = copy(altered, self.renames);
        for column in brought {
            let value = match filler::filler(Dialect::Sqlite, to, column) {
                Some(value) => format!("coalesce({}, {value})", quoted(&column.name)),
                None => quoted(&column.name),
            };
            copied.push((quoted(&column.name), value));
        }
        if !copied.is_empty() && !outside_content(from) && !outside_content(to) {
            let (targets, sources): (Vec<_>, Vec<_>) = copied.into_iter().unzip();
            let sql = format!(
                "INSERT INTO {new_name} ({}) SELECT {} FROM {old_name}",
                targets.join(", "),
                sources.join(", ")
            );
            let summary = format!("copy the rows of {name}");
            let lost = lost(altered);
            self.add_as(Recipe::Rebuild, LockSpan::Rewrite, summary, key.clone(), sql).loses = lost;
        }
        if counts(from) && counts(to) {
            let (old, new) = (literal(&name.name), literal(&new));
            let summary = format!("keep the counter of {name}");
            self.add(&summary, key.clone(), format!("DELETE FROM sqlite_sequence WHERE name = {new}"));
            let sql = format!(
                "INSERT INTO sqlite_sequence (name, seq) SELECT {new}, seq FROM sqlite_sequence WHERE name = {old}"
            );
            self.add(summary, key.clone(), sql);
        }
        let gone = contentless(from).then(|| format!("the index {name}, which keeps no rows to fill it from"));
        self.add(format!("drop the old table {name}"), key.clone(), format!("DROP TABLE {old_name}")).loses = gone;
        self.legacy(altered, true);
        let sql = format!("ALTER TABLE {new_name} RENAME TO {old_name}");
        self.add(format!("give table {name} its name"), key.clone(), sql);
        self.legacy(altered, false);
        if outside_content(to) && !contentless(to) {
            let sql = format!("INSERT INTO {old_name} ({old_name}) VALUES ('rebuild')");
            self.add_as(Recipe::Rebuild, LockSpan::Rewrite, format!("fill {name} from its content table"), key, sql);
        }
    }

    /// With the switch on, SQLite leaves the texts of views and triggers alone and does not check them.
    fn legacy(&mut self, altered: &Altered<'_>, on: bool) {
        let (word, summary) =
            if on { ("ON", "leave views and triggers as they are") } else { ("OFF", "check views and triggers again") };
        let step = self.add(summary, altered.to.key(), format!("PRAGMA legacy_alter_table = {word}"));
        step.locks.clear();
    }

    fn warn(&mut self, altered: &Altered<'_>) {
        let (from, to) = (altered.from, altered.to);
        for column in to.columns.iter().filter(|column| column.not_null && column.generated.is_none()) {
            let row_number = row_number(to) == Some(column.name.as_str());
            let finding = match (source(altered, column), &column.default) {
                (None, None) if !row_number => Some((
                    "sqlite-new-column-needs-value",
                    format!(
                        "{}.{} is NOT NULL and has no default: the change fails if the table has rows",
                        to.name, column.name
                    ),
                    "give it a default, or add it nullable, fill it, then make it NOT NULL",
                )),
                (Some(old), None) if !old.not_null && !in_primary_key(from, old) => Some((
                    "sqlite-not-null-may-fail",
                    format!("{}.{} becomes NOT NULL: the change fails if a row has NULL there", to.name, column.name),
                    "fill the column first, or give it a default",
                )),
                (Some(old), Some(default)) if !old.not_null && !in_primary_key(from, old) => Some((
                    "sqlite-null-replaced",
                    format!("rows with NULL in {}.{} get the default {default}", to.name, column.name),
                    "fill the column first if they shall have something else",
                )),
                _ => None,
            };
            self.finding(altered, finding);
        }
        for change in altered.changes {
            let finding = match change {
                TableChange::Unique(Alteration::Create(_)) | TableChange::PrimaryKey(_) => Some((
                    "sqlite-unique-may-fail",
                    format!("a key of {} changes: the change fails if two rows have the same key", to.name),
                    "look for duplicates first",
                )),
                TableChange::Check(Alteration::Create(check) | Alteration::Alter { to: check, .. }) => Some((
                    "sqlite-check-may-fail",
                    format!("CHECK ({}) on {} fails the change if a row violates it", check.expression, to.name),
                    "correct such rows first",
                )),
                TableChange::Column(Alteration::Alter { from: old, to: new })
                    if old.ty.physical != new.ty.physical && to.options.strict =>
                {
                    Some((
                        "sqlite-type-may-fail",
                        format!(
                            "{}.{} becomes {}: the change fails if a value does not fit",
                            to.name, new.name, new.ty.physical
                        ),
                        "convert such values first",
                    ))
                }
                TableChange::Column(Alteration::Alter { from: old, to: new }) if may_stay_text(old, new) => Some((
                    "sqlite-text-may-stay",
                    format!(
                        "{}.{} becomes {}: SQLite leaves text that is none as it is, and reading it fails",
                        to.name, new.name, new.ty.physical
                    ),
                    "look for such values first; a STRICT table would refuse them",
                )),
                _ => None,
            };
            self.finding(altered, finding);
        }
    }

    fn finding(&mut self, altered: &Altered<'_>, finding: Option<(&'static str, String, &str)>) {
        if let Some((code, message, help)) = finding {
            self.diagnostics.push(Diagnostic::warning(code, message).about(altered.to.key()).help(help));
        }
    }
}

/// Text becomes something that not every text is.
fn may_stay_text(old: &Column, new: &Column) -> bool {
    let free = |ty: &Type| matches!(ty, Type::Text | Type::VarChar(_) | Type::Char(_) | Type::Any | Type::Native(_));
    free(&old.ty.logical) && !free(&new.ty.logical) && !matches!(new.ty.logical, Type::Bytes(_))
}

fn in_primary_key(table: &Table, column: &Column) -> bool {
    table.primary_key.iter().any(|key| key.columns().any(|name| name == column.name))
}

/// The column that a new column was.
fn source<'a>(altered: &Altered<'a>, column: &Column) -> Option<&'a Column> {
    for change in altered.changes {
        match change {
            TableChange::Column(Alteration::Alter { from, to }) if to.name == column.name => return Some(from),
            TableChange::Column(Alteration::Create(created)) if created.name == column.name => return None,
            _ => {}
        }
    }
    altered.from.column(&column.name)
}

/// Columns that were there before and are NOT NULL: what was kept of them is put back before the rows are copied.
fn brought_back<'a>(altered: &Altered<'a>) -> Vec<&'a Column> {
    let (from, to) = (altered.from, altered.to);
    let there = |column: &&Column| from.columns.iter().any(|old| old.name.eq_ignore_ascii_case(&column.name));
    let plain = from.options.virtual_using.is_none() && to.options.virtual_using.is_none();
    let number = row_number(to);
    let columns = to.columns.iter().filter(|column| plain && filler::is_needed(column) && !there(column));
    columns.filter(|column| source(altered, column).is_none() && number != Some(column.name.as_str())).collect()
}

/// What is copied: target column and source expression.
fn copy(altered: &Altered<'_>, renames: &[Rename]) -> Vec<(String, String)> {
    let (from, to) = (altered.from, altered.to);
    let mut out = Vec::new();
    for column in to.columns.iter().filter(|column| column.generated.is_none()) {
        let Some(old) = source(altered, column) else { continue };
        let name = with_values_renamed(&quoted(&old.name), &inline_values((from, old), (to, column), renames));
        let value = match &column.default {
            Some(default) if column.not_null && !old.not_null && row_number(from) != Some(old.name.as_str()) => {
                format!("coalesce({name}, {default})")
            }
            _ => name,
        };
        out.push((quoted(&column.name), value));
    }
    let rows = !from.options.without_rowid && !to.options.without_rowid && row_number(to).is_none();
    let used = |word: &str| from.columns.iter().chain(&to.columns).any(|c| c.name.eq_ignore_ascii_case(word));
    let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(|word| !used(word));
    if let Some(rowid) = rowid.filter(|_| rows && !out.is_empty()) {
        out.insert(0, (rowid.to_string(), rowid.to_string()));
    }
    out
}

/// The column, with the values of its enum under the names that they go on under.
fn with_values_renamed(name: &str, values: &[(String, String)]) -> String {
    if values.is_empty() {
        return name.to_string();
    }
    let cases: Vec<String> =
        values.iter().map(|(before, after)| format!("WHEN {} THEN {}", literal(before), literal(after))).collect();
    format!("CASE {name} {} ELSE {name} END", cases.join(" "))
}

/// The column that is SQLite's own row number.
fn row_number(table: &Table) -> Option<&str> {
    let key = table.primary_key.as_ref().filter(|key| key.parts.len() == 1 && !key.parts[0].descending)?;
    let column = table.column(&key.parts[0].column)?;
    (column.ty.physical.eq_ignore_ascii_case("integer") && !table.options.without_rowid).then_some(&*column.name)
}

fn lost(altered: &Altered<'_>) -> Option<String> {
    let gone = altered.changes.iter().filter_map(|change| match change {
        TableChange::Column(Alteration::Drop(column)) if column.generated.is_none() => Some(column.name.as_str()),
        _ => None,
    });
    let gone: Vec<_> = gone.map(|column| format!("{}.{column}", altered.to.name)).collect();
    (!gone.is_empty()).then(|| format!("the values of {}", gone.join(", ")))
}

fn counts(table: &Table) -> bool {
    table.columns.iter().any(|column| column.auto_increment)
}

/// A full-text table that can give nothing back, and so cannot be filled anew.
fn contentless(table: &Table) -> bool {
    let using = table.options.virtual_using.as_deref().unwrap_or_default();
    let tokens = token::tokens(using);
    tokens.windows(3).any(|three| three[0].is("content") && three[1].is_mark("=") && three[2].name().is_empty())
}

/// A full-text table that keeps no rows of its own.
fn outside_content(table: &Table) -> bool {
    table.options.virtual_using.as_ref().is_some_and(|using| token::mentions(using, "content"))
}

fn literal(text: &str) -> String {
    Dialect::Sqlite.literal(text)
}
