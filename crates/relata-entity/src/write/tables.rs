//! A table becomes an entity: options, fields, keys, checks.

use relata_schema::declare::{CheckDeclaration, DefaultValue, Entity, Field, Rule};
use relata_schema::diagnostic::{Diagnostic, Severity};
use relata_schema::dialect::Dialect;
use relata_schema::dialect::postgres::literal;
use relata_schema::lower::sayable;
use relata_schema::model::{Column, ObjectKey, ObjectKind, ObjectName, Schema, Sequence, Table, View};
use relata_schema::naming;
use relata_schema::types::{ColumnType, Type};

use super::keys;
use super::names::Names;
use super::types::{self, RustType};

/// The entity of a table, without what refers to other entities by a relation.
pub(super) fn entity(schema: &Schema, table: &Table, names: &Names, diagnostics: &mut Vec<Diagnostic>) -> Entity {
    let name = names.entity(&table.name).unwrap_or_default().to_string();
    let usual = table.name.namespace == schema.dialect.default_namespace();
    let mut entity = Entity {
        table: (naming::table(&name) != table.name.name).then(|| table.name.name.clone()),
        namespace: (!usual).then(|| table.name.namespace.clone()),
        name,
        strict: table.options.strict,
        without_rowid: table.options.without_rowid,
        options: options(table),
        comment: table.comment.clone(),
        ..Entity::default()
    };
    for column in &table.columns {
        match field(schema, table, column, names) {
            Some(field) => entity.fields.push(field),
            None => {
                let message = format!(
                    "column {}.{} left out: Rust has no type for {}",
                    table.name, column.name, column.ty.physical
                );
                let object = ObjectKey::member(ObjectKind::Column, &table.name, &column.name);
                diagnostics.push(Diagnostic::new("write-column", Severity::Warning, message).about(object));
            }
        }
    }
    keys::primary_key(schema, table, names, &mut entity);
    keys::counted(schema, table, &mut entity);
    keys::indexes(schema, table, &mut entity);
    checks(schema.dialect, table, &mut entity);
    entity
}

/// The entity of a view: all of its columns may be NULL, as far as anyone knows.
pub(super) fn view(schema: &Schema, view: &View, names: &Names, diagnostics: &mut Vec<Diagnostic>) -> Entity {
    let column =
        |(name, ty): &(String, ColumnType)| Column { name: name.clone(), ty: ty.clone().into(), ..Column::default() };
    let columns = view.columns.iter().map(column).collect();
    let table = Table { name: view.name.clone(), columns, comment: view.comment.clone(), ..Table::default() };
    Entity { no_key: false, view: true, ..entity(schema, &table, names, diagnostics) }
}

fn options(table: &Table) -> Vec<(String, String)> {
    let options = &table.options;
    let named = [
        ("engine", &options.engine),
        ("charset", &options.charset),
        ("collation", &options.collation),
        ("tablespace", &options.tablespace),
        ("access_method", &options.access_method),
        ("replica_identity", &options.replica_identity),
    ];
    let mut all: Vec<(String, String)> =
        named.iter().filter_map(|(key, value)| Some(((*key).to_string(), value.as_ref()?.clone()))).collect();
    if options.unlogged {
        all.push(("unlogged".to_string(), String::new()));
    }
    all.extend(options.parameters.iter().cloned());
    all
}

fn field(schema: &Schema, table: &Table, column: &Column, names: &Names) -> Option<Field> {
    let rust = types::rust(schema, names, table, column)?;
    let name = names.field(&table.name, &column.name);
    let in_key = table.primary_key.as_ref().is_some_and(|key| key.columns().any(|name| name == column.name));
    let text = key_text(schema, names, table, column, 0).unwrap_or_else(|| rust.text.clone());
    let mut field = Field {
        column: (name != column.name).then(|| column.name.clone()),
        name,
        rust_type: text,
        ty: rust.ty.clone(),
        nullable: !column.not_null && !in_key,
        generated: column.generated.as_ref().map(|generated| (generated.expression.clone(), generated.stored)),
        collation: column.collation.clone(),
        comment: column.comment.clone(),
        on_update: column.on_update.clone(),
        ..Field::default()
    };
    match serial(schema, table, column) {
        Some(word) => field.db_types.push((Dialect::Postgres.word().to_string(), word.to_string())),
        // Entities cannot declare the sequence that such a default is drawn from.
        None => {
            let sayable = column.default.as_deref().filter(|text| literal::sequence_of(text).is_none());
            field.default = sayable.map(|text| default(schema.dialect, &rust, &column.ty, text));
        }
    }
    Some(field)
}

/// `Id<…>` for a key and for what refers to one; `None` for all other columns.
fn key_text(schema: &Schema, names: &Names, table: &Table, column: &Column, depth: usize) -> Option<String> {
    let rust = types::rust(schema, names, table, column)?;
    if !types::is_id(rust.ty.as_ref()) || depth > 8 {
        return None;
    }
    let single = |owner: &Table, name: &str| {
        owner.primary_key.as_ref().is_some_and(|key| key.columns().eq(std::iter::once(name)))
    };
    for key in table.foreign_keys.iter().filter(|key| key.columns == [column.name.as_str()]) {
        let Some(target) = target(schema, table, &key.references) else { continue };
        let there = match key.referenced_columns.as_slice() {
            [there] => there.clone(),
            _ => target.primary_key.as_ref()?.columns().next()?.to_string(),
        };
        let there_column = target.column(&there)?;
        let itself = target.name == table.name && there == column.name;
        let there_type = types::rust(schema, names, target, there_column)?;
        if single(target, &there) && !itself && there_type == rust {
            return key_text(schema, names, target, there_column, depth + 1);
        }
    }
    single(table, &column.name).then(|| types::id(names.entity(&table.name).unwrap_or_default(), &rust.text))
}

/// The table a foreign key leads to, if it becomes an entity. SQLite does not mind the case of names.
pub(super) fn target<'s>(schema: &'s Schema, table: &Table, name: &ObjectName) -> Option<&'s Table> {
    let exact = schema.table(name);
    let loose = || {
        let same = |other: &&Table| other.name.name.eq_ignore_ascii_case(&name.name);
        (schema.dialect == Dialect::Sqlite).then(|| schema.tables.iter().find(same)).flatten()
    };
    exact.or_else(loose).filter(|other| sayable::table(schema, other) && sayable::table(schema, table))
}

/// The serial type of a column whose default is drawn from a sequence of its own.
pub(super) fn serial(schema: &Schema, table: &Table, column: &Column) -> Option<&'static str> {
    let default = column.default.as_deref().filter(|_| schema.dialect == Dialect::Postgres && column.not_null)?;
    let sequence = literal::sequence_of(default)?;
    let owns = |other: &&Sequence| other.owned_by == Some((table.name.clone(), column.name.clone()));
    let is_key = table.primary_key.as_ref().is_some_and(|key| key.columns().eq([column.name.as_str()]));
    let conventional = sequence == format!("{}_{}_seq", table.name.name, column.name);
    let owned = schema.sequences.iter().filter(owns).any(|other| other.name.name == sequence);
    if !(is_key || conventional || owned) {
        return None;
    }
    match column.ty.logical {
        Type::Int(2) => Some("smallserial"),
        Type::Int(4) => Some("serial"),
        Type::Int(8) => Some("bigserial"),
        _ => None,
    }
}

/// The prettiest form of a default; whether it means the same is settled by lowering it.
fn default(dialect: Dialect, rust: &RustType, ty: &ColumnType, text: &str) -> DefaultValue {
    let bare = without_cast(dialect, ty, text);
    let now = ["now()", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIME", "curdate()", "curtime()"];
    let moment = matches!(rust.ty, Some(Type::Timestamp(_) | Type::DateTime(_) | Type::Date | Type::Time(_)));
    if moment && (now.iter().any(|word| word.eq_ignore_ascii_case(bare)) || bare.starts_with("current_timestamp(")) {
        return DefaultValue::Now;
    }
    if rust.ty == Some(Type::Bool) && matches!(bare, "true" | "false" | "1" | "0") {
        return DefaultValue::Bool(matches!(bare, "true" | "1"));
    }
    let number =
        matches!(rust.ty, Some(Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64 | Type::Decimal(_)));
    if number && literal::is_number(bare) {
        return DefaultValue::Number(bare.to_string());
    }
    if rust.ty == Some(Type::Uuid) && matches!(bare, "gen_random_uuid()" | "uuid()") {
        return DefaultValue::Uuid;
    }
    let inner = bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    match inner.map(|inner| inner.replace("''", "'")) {
        Some(inner) if dialect.literal(&inner) == bare && rust.ty == Some(Type::Text) => DefaultValue::Text(inner),
        _ => DefaultValue::Sql(text.to_string()),
    }
}

/// A literal without PostgreSQL's `::type`, a number also without its quotation marks (`'-5'::integer`).
pub(super) fn without_cast<'t>(dialect: Dialect, ty: &ColumnType, text: &'t str) -> &'t str {
    if dialect == Dialect::Postgres { literal::bare(ty, text) } else { text }
}

/// A check with the conventional name of a column stands on its field, all others on the struct.
fn checks(dialect: Dialect, table: &Table, entity: &mut Entity) {
    for check in &table.checks {
        let owner = entity.fields.iter_mut().find(|field| {
            let name = naming::constraint(dialect, &table.name.name, &[field.column_name()], "check");
            name == check.name && field.rules.is_empty()
        });
        match owner {
            Some(field) => field.rules.push(Rule::Sql(check.expression.clone())),
            None => {
                let usual = naming::constraint(dialect, &table.name.name, &[], "check");
                let name = (usual != check.name).then(|| check.name.clone());
                entity.checks.push(CheckDeclaration {
                    name,
                    expression: check.expression.clone(),
                    ..CheckDeclaration::default()
                });
            }
        }
    }
}
