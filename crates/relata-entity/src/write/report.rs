//! What entities cannot say, and what they say otherwise than the schema.

use relata_schema::declare::Declaration;
use relata_schema::diagnostic::{Diagnostic, Severity};
use relata_schema::dialect::sqlite::parse::meant;
use relata_schema::lower;
use relata_schema::lower::sayable;
use relata_schema::model::{Column, Index, Key, ObjectKey, ObjectKind, ObjectName, Schema, Table};

use super::tables::{serial, without_cast};

/// All notes about one schema and the entities written for it.
pub(super) fn report(schema: &Schema, declaration: &Declaration) -> Vec<Diagnostic> {
    let (lowered, problems) = lower::lower(declaration, schema.dialect);
    let mut notes: Vec<Diagnostic> =
        problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    objects(schema, &mut notes);
    for table in &schema.tables {
        if !sayable::table(schema, table) {
            let parent = table.partition_of.as_ref().map(|partition| &partition.parent).or(table.inherits.first());
            let why = match parent {
                Some(parent) => format!("its rows are reached through {parent}"),
                None if !sayable::has_fields(schema, table) => "Rust has no type for its columns".to_string(),
                None => "it is no ordinary table".to_string(),
            };
            notes.push(note(format!("table {} left out: {why}", table.name), table.key()));
            continue;
        }
        table_extras(schema, table, &mut notes);
        match lowered.table(&table.name) {
            Some(now) => compare(schema, table, now, &mut notes),
            None => notes.push(note(format!("table {} left out", table.name), table.key())),
        }
    }
    notes
}

fn note(message: String, object: ObjectKey) -> Diagnostic {
    Diagnostic::new("write-left-out", Severity::Note, message).about(object)
}

/// Whole objects that entities have no words for.
fn objects(schema: &Schema, notes: &mut Vec<Diagnostic>) {
    let mut left_out = |kind: ObjectKind, what: &str, name: &ObjectName| {
        notes.push(note(format!("{what} {name} left out"), ObjectKey::of(kind, name)));
    };
    for extension in &schema.extensions {
        left_out(ObjectKind::Extension, "extension", &ObjectName::bare(&extension.name));
    }
    schema.domains.iter().for_each(|item| left_out(ObjectKind::Domain, "domain", &item.name));
    schema.composites.iter().for_each(|item| left_out(ObjectKind::Composite, "composite type", &item.name));
    for sequence in &schema.sequences {
        let serial = schema.tables.iter().any(|table| {
            table.columns.iter().any(|column| {
                serial(schema, table, column).is_some()
                    && sequence.name.name == format!("{}_{}_seq", table.name.name, column.name)
            })
        });
        if !serial {
            left_out(ObjectKind::Sequence, "sequence", &sequence.name);
        }
    }
    for view in &schema.views {
        let what = if view.columns.is_empty() { "view" } else { "the query of view" };
        left_out(ObjectKind::View, what, &view.name);
    }
    schema.routines.iter().for_each(|item| left_out(ObjectKind::Routine, "routine", &item.name));
    schema.ranges.iter().for_each(|item| left_out(ObjectKind::Range, "range type", &item.name));
    let name = |name: &str| ObjectName::bare(name);
    schema.servers.iter().for_each(|item| left_out(ObjectKind::Server, "foreign server", &name(&item.name)));
    if !schema.default_privileges.is_empty() {
        left_out(ObjectKind::DefaultPrivileges, "default privileges", &ObjectName::default());
    }
    schema.others.iter().for_each(|item| left_out(ObjectKind::Other, &item.kind.to_lowercase(), &item.name));
}

/// What belongs to a table and has no words.
fn table_extras(schema: &Schema, table: &Table, notes: &mut Vec<Diagnostic>) {
    let mut left_out = |kind: ObjectKind, member: &str| {
        let object = ObjectKey::member(kind, &table.name, member);
        notes.push(note(format!("{object} left out"), object.clone()));
    };
    table.exclusions.iter().for_each(|item| left_out(ObjectKind::Exclusion, &item.name));
    table.triggers.iter().for_each(|item| left_out(ObjectKind::Trigger, &item.name));
    table.policies.iter().for_each(|item| left_out(ObjectKind::Policy, &item.name));
    for key in table.uniques.iter().filter(|key| !sayable::unique(schema, table, key)) {
        left_out(ObjectKind::Unique, &key.name);
    }
    for index in table.indexes.iter().filter(|index| !sayable::index(schema, table, index)) {
        left_out(ObjectKind::Index, &index.name);
    }
    for key in &table.foreign_keys {
        let Some(why) = sayable::why_not_foreign_key(schema, table, key) else { continue };
        let name = if key.name.is_empty() { key.columns.join("_") } else { key.name.clone() };
        let object = ObjectKey::member(ObjectKind::ForeignKey, &table.name, &name);
        notes.push(note(format!("{object} left out: {why}"), object));
    }
    let facts = [
        (table.partitioning.is_some(), "its partitioning"),
        (table.row_security || table.force_row_security, "its row security"),
        (!table.grants.is_empty(), "its privileges"),
    ];
    for (_, what) in facts.iter().filter(|(holds, _)| *holds) {
        notes.push(note(format!("table {}: {what} left out", table.name), table.key()));
    }
}

/// What the written entity says otherwise.
fn compare(schema: &Schema, table: &Table, now: &Table, notes: &mut Vec<Diagnostic>) {
    let mut differs = |kind: ObjectKind, member: &str, what: &[&str]| {
        if !what.is_empty() {
            let object = ObjectKey::member(kind, &table.name, member);
            notes.push(note(format!("{object}: {} not said", what.join(", ")), object.clone()));
        }
    };
    for column in &table.columns {
        if let Some(now) = now.column(&column.name) {
            differs(ObjectKind::Column, &column.name, &column_differences(schema, table, column, now));
        }
    }
    for key in table.primary_key.iter().chain(&table.uniques).filter(|key| sayable::unique(schema, table, key)) {
        let kind = if table.primary_key.as_ref() == Some(key) { ObjectKind::PrimaryKey } else { ObjectKind::Unique };
        let mut what = key_differences(key);
        if kind == ObjectKind::PrimaryKey {
            what.extend((!key.include.is_empty()).then_some("included columns"));
            what.extend(key.deferral.deferrable.then_some("deferral"));
        }
        differs(kind, &key.name, &what);
    }
    for index in &table.indexes {
        differs(ObjectKind::Index, &index.name, &index_differences(index));
    }
    let mut facts = Vec::new();
    if table.options != now.options {
        facts.push("some options");
    }
    if !facts.is_empty() {
        notes.push(note(format!("table {}: {} not said", table.name, facts.join(", ")), table.key()));
    }
}

fn column_differences(schema: &Schema, table: &Table, column: &Column, now: &Column) -> Vec<&'static str> {
    let default = |column: &Column| {
        column.default.as_deref().map(|text| without_cast(schema.dialect, &column.ty, text).to_string())
    };
    let serial = serial(schema, table, column).is_some();
    let facts = [
        (column.ty.physical != now.ty.physical && !serial, "exact type"),
        (column.not_null != now.not_null, "nullability"),
        (default(column) != default(now) && !serial, "default"),
        (column.generated != now.generated, "generation"),
        (column.identity != now.identity, "identity"),
        (column.auto_increment != now.auto_increment, "automatic numbers"),
        (column.on_update != now.on_update, "value on update"),
        (column.charset != now.charset, "character set"),
        (column.collation != now.collation, "collation"),
        (column.invisible != now.invisible, "invisibility"),
        (!meant(column).eq(meant(now)), "parameters"),
        (column.comment != now.comment, "comment"),
        (column.grants != now.grants, "privileges"),
    ];
    facts.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect()
}

fn key_differences(key: &Key) -> Vec<&'static str> {
    let ordered = key.parts.iter().any(|part| part.descending || part.collation.is_some());
    let facts = [
        (ordered, "order of its columns"),
        (!key.parameters.is_empty(), "parameters"),
        (key.comment.is_some(), "comment"),
    ];
    facts.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect()
}

fn index_differences(index: &Index) -> Vec<&'static str> {
    // SQLite keeps the statement of an index on expressions; the parts say the same.
    let parameters = index.parameters.iter().any(|(key, _)| key != "statement");
    let facts = [
        (index.invalid, "invalidity"),
        (index.invisible, "invisibility"),
        (parameters, "parameters"),
        (index.comment.is_some(), "comment"),
    ];
    facts.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect()
}
