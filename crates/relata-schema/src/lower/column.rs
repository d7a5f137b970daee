//! A field becomes a column: type, default, identity.

use crate::declare::{DefaultValue, Entity, EnumDeclaration, Field, Rule, element};
use crate::diagnostic::{Diagnostic, Severity};
use crate::dialect::{Dialect, Unsupported};
use crate::model::{Column, Generated, Identity, ObjectKey};
use crate::naming;
use crate::types::{ColumnType, Type};

use super::Lowering;

/// The longest `varchar` that MariaDB can index as a whole in utf8mb4.
const INDEXED_LENGTH: u64 = 768;

/// The column of a field. `None`: it has no type in this dialect, and a diagnostic says so.
pub(super) fn lower(lowering: &mut Lowering<'_>, entity: &Entity, field: &Field, object: ObjectKey) -> Option<Column> {
    let ty = match ty(lowering, entity, field) {
        Ok(ty) => ty,
        Err(problem) => {
            lowering.report(*problem, &field.span, object);
            return None;
        }
    };
    let dialect = lowering.dialect;
    let mut column = Column {
        name: field.column_name().to_string(),
        not_null: !field.nullable,
        default: default(lowering, field, &ty, &object),
        collation: field.collation.clone(),
        ty: ty.into(),
        ..Column::default()
    };
    column.generated = field.generated.clone().map(|(expression, stored)| Generated { expression, stored }.into());
    if dialect == Dialect::Mysql {
        column.on_update.clone_from(&field.on_update);
    }
    if dialect != Dialect::Sqlite {
        column.comment.clone_from(&field.comment);
    }
    if field.generated_id {
        match dialect {
            Dialect::Sqlite if !field.id => {
                let message = format!("SQLite does not count `{}`", field.name);
                let help = "it counts the `#[id]` of a table: make it that, or give the number with the row";
                let problem = Diagnostic::error("schema-unsupported-default", message).help(help);
                lowering.report(problem, &field.span, object);
            }
            Dialect::Postgres if serial(dialect, &column.ty.physical).is_some() => {}
            Dialect::Postgres => {
                column.identity = Some(Box::new(Identity { always: field.strict_id, ..Identity::default() }));
            }
            Dialect::Mysql => column.auto_increment = true,
            Dialect::Sqlite => column.auto_increment = field.strict_id,
        }
    }
    Some(column)
}

type Problem = Box<Diagnostic>;

/// The type of a column.
pub(super) fn ty(lowering: &Lowering<'_>, entity: &Entity, field: &Field) -> Result<ColumnType, Problem> {
    let dialect = lowering.dialect;
    let given = |word: &str| field.db_types.iter().find(|(dialect, _)| dialect == word).map(|(_, text)| text);
    if let Some(text) = given(dialect.word()).or_else(|| given("")) {
        return Ok(serial(dialect, text).unwrap_or_else(|| dialect.reported(text)));
    }
    let portable = match &field.ty {
        Some(ty) => adapt(dialect, entity, field, ty),
        None => stored_enum(lowering, field)?,
    };
    if dialect == Dialect::Sqlite && field.id && field.generated_id {
        // Only this spelling makes the column the rowid.
        return Ok(ColumnType::new(Type::Int(8), "INTEGER"));
    }
    dialect.physical(&portable).map_err(|unsupported| unsupported_type(dialect, field, &unsupported))
}

fn unsupported_type(dialect: Dialect, field: &Field, unsupported: &Unsupported) -> Problem {
    let message =
        format!("{} cannot hold `{}: {}`: {}", dialect.title(), field.name, field.rust_type, unsupported.what);
    let help = format!("{}; or name a type of the database: `#[db_type({dialect} = \"…\")]`", unsupported.instead);
    Box::new(Diagnostic::error("schema-unsupported-type", message).help(help))
}

/// PostgreSQL's serial types: whole numbers with a sequence of their own, no identity.
fn serial(dialect: Dialect, text: &str) -> Option<ColumnType> {
    let bytes = match text {
        "smallserial" => 2,
        "serial" => 4,
        "bigserial" => 8,
        _ => return None,
    };
    (dialect == Dialect::Postgres).then(|| ColumnType::new(Type::Int(bytes), text))
}

/// What a dialect needs another portable type for.
fn adapt(dialect: Dialect, entity: &Entity, field: &Field, ty: &Type) -> Type {
    match (dialect, ty) {
        (Dialect::Mysql, Type::Text) => {
            let longest = field.rules.iter().find_map(|rule| match rule {
                Rule::Length { max, .. } => *max,
                _ => None,
            });
            match longest {
                Some(max) if max <= INDEXED_LENGTH => Type::VarChar(max.max(1) as u32),
                _ if is_indexed(entity, field) => Type::VarChar(255),
                _ => Type::Text,
            }
        }
        // A length of time without months: TIME goes to 838 hours; SQLite keeps microseconds.
        (Dialect::Mysql, Type::Interval) if is_duration(field) => Type::Time(Some(6)),
        (Dialect::Sqlite, Type::Interval) if is_duration(field) => Type::Int(8),
        (Dialect::Mysql, Type::Bytes(None)) if is_indexed(entity, field) => Type::Bytes(Some(255)),
        _ => ty.clone(),
    }
}

/// Months and days of an `Interval` are kept by PostgreSQL alone; a `SignedDuration` has neither.
fn is_duration(field: &Field) -> bool {
    crate::declare::simple_name(&field.rust_type) == "SignedDuration"
}

/// Whether the field is in a key or in an index without prefix length.
fn is_indexed(entity: &Entity, field: &Field) -> bool {
    let in_index = |index: &crate::declare::IndexDeclaration| {
        let whole = |part: &crate::declare::IndexPartDeclaration| part.field == field.name && part.length.is_none();
        index.method.as_deref() != Some("fulltext") && index.parts.iter().any(whole)
    };
    if entity.key_lengths.iter().any(|(name, _)| name == &field.name) {
        return false;
    }
    field.id
        || field.unique
        || field.index
        || field.references.is_some()
        || entity.primary_key.contains(&field.name)
        || entity.foreign_keys.iter().any(|key| key.fields.contains(&field.name))
        || entity.indexes.iter().any(in_index)
}

/// The stored enum that the Rust type names, in the form the dialect keeps it, also as an array.
fn stored_enum(lowering: &Lowering<'_>, field: &Field) -> Result<Type, Problem> {
    let array = element(&field.rust_type);
    let name = array.map_or(field.rust_type.as_str(), |(element, _)| element);
    let Some(declared) = lowering.declaration.stored_enum(name) else {
        return Err(unknown_type(lowering, field, name));
    };
    let values = || declared.values.iter().map(|(_, value)| value.clone()).collect();
    let ty = match lowering.dialect {
        Dialect::Postgres => Type::Enum(lowering.enum_name(declared), Vec::new()),
        Dialect::Mysql => Type::Enum(crate::model::ObjectName::default(), values()),
        Dialect::Sqlite => Type::Text,
    };
    Ok(if array.is_some() { Type::Array(Box::new(ty)) } else { ty })
}

fn unknown_type(lowering: &Lowering<'_>, field: &Field, name: &str) -> Problem {
    let known = lowering.declaration.enums.iter().map(|declared| declared.name.as_str());
    let scalars = ["String", "bool", "i64", "f64", "Decimal", "Uuid", "Date", "Time", "DateTime", "Timestamp", "Json"];
    let help = match naming::closest(crate::declare::simple_name(name), known.chain(scalars)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "derive `Enum` on it, or say how it is kept: `#[db_type(\"text\")]`".to_string(),
    };
    let message = format!("`{}: {}` is no type that a column can have", field.name, field.rust_type);
    Box::new(Diagnostic::error("schema-unknown-type", message).help(help))
}

/// The values that a field of an enum type may have, where the database has no such type.
pub(super) fn enum_values<'d>(lowering: &Lowering<'d>, field: &Field) -> Option<&'d EnumDeclaration> {
    let plain = field.ty.is_none() && field.db_types.is_empty() && lowering.dialect == Dialect::Sqlite;
    if plain { lowering.declaration.stored_enum(&field.rust_type) } else { None }
}

fn default(lowering: &mut Lowering<'_>, field: &Field, ty: &ColumnType, object: &ObjectKey) -> Option<String> {
    let dialect = lowering.dialect;
    let default = field.default.as_ref()?;
    let text = matches!(ty.logical, Type::Text | Type::VarChar(_) | Type::Char(_));
    let number = matches!(ty.logical, Type::Int(_) | Type::UInt(_) | Type::Float32 | Type::Float64 | Type::Decimal(_));
    let moment = matches!(ty.logical, Type::Timestamp(_) | Type::DateTime(_) | Type::Date | Type::Time(_));
    let known = field.ty.is_some();
    let wrong = match default {
        DefaultValue::Text(_) => number || ty.logical == Type::Bool,
        DefaultValue::Number(_) => text || moment,
        DefaultValue::Bool(_) => known && field.ty != Some(Type::Bool) && (text || number || moment),
        DefaultValue::Now => {
            known && !matches!(field.ty, Some(Type::Timestamp(_) | Type::DateTime(_) | Type::Date | Type::Time(_)))
        }
        DefaultValue::Uuid => known && !matches!(field.ty, Some(Type::Uuid | Type::Text)),
        DefaultValue::Sql(_) | DefaultValue::Variant(_) => false,
    };
    if wrong && field.db_types.is_empty() {
        let message = format!("the default of `{}` is no `{}`", field.name, field.rust_type);
        let help = "write a value of that type, or `#[default(sql = \"…\")]`";
        lowering.report(Diagnostic::error("schema-default-type", message).help(help), &field.span, object.clone());
        return None;
    }
    Some(match default {
        DefaultValue::Text(text) => dialect.literal(text),
        DefaultValue::Number(number) => number.clone(),
        DefaultValue::Bool(value) => match dialect {
            Dialect::Postgres => value.to_string(),
            Dialect::Sqlite | Dialect::Mysql => u8::from(*value).to_string(),
        },
        DefaultValue::Now => now(dialect, ty),
        DefaultValue::Uuid => uuid(dialect).to_string(),
        DefaultValue::Sql(sql) => sql.clone(),
        DefaultValue::Variant(variant) => dialect.literal(&variant_value(lowering, field, variant, object)?),
    })
}

fn variant_value(lowering: &mut Lowering<'_>, field: &Field, variant: &str, object: &ObjectKey) -> Option<String> {
    let declared = lowering.declaration.stored_enum(&field.rust_type);
    let value = declared.and_then(|declared| declared.values.iter().find(|(name, _)| name == variant));
    if let Some((_, value)) = value {
        return Some(value.clone());
    }
    let known = declared.map(|declared| declared.values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    let help = match known {
        None => format!("`{}` is no stored enum: derive `Enum` on it", field.rust_type),
        Some(known) => match naming::closest(variant, known.iter().copied()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("one of: {}", known.join(", ")),
        },
    };
    let message = format!("the default of `{}` is no variant: `{variant}`", field.name);
    let diagnostic = Diagnostic::new("schema-default-variant", Severity::Error, message).help(help);
    lowering.report(diagnostic, &field.span, object.clone());
    None
}

/// The moment of insertion, in the type of the column.
pub(super) fn now(dialect: Dialect, ty: &ColumnType) -> String {
    let word = match (dialect, &ty.logical) {
        (Dialect::Postgres, Type::DateTime(_)) => "(now() AT TIME ZONE 'utc'::text)",
        (Dialect::Postgres, Type::Date) => "CURRENT_DATE",
        (Dialect::Postgres, Type::Time(_)) => "LOCALTIME",
        (Dialect::Postgres, _) => "now()",
        (Dialect::Sqlite, Type::Date) => "CURRENT_DATE",
        (Dialect::Sqlite, Type::Time(_)) => "CURRENT_TIME",
        (Dialect::Sqlite, _) => "CURRENT_TIMESTAMP",
        (Dialect::Mysql, Type::Date) => "curdate()",
        (Dialect::Mysql, Type::Time(_)) => "curtime()",
        (Dialect::Mysql, _) => {
            let digits =
                ty.physical.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(digits, _)| digits);
            return format!("current_timestamp({})", digits.unwrap_or_default());
        }
    };
    word.to_string()
}

fn uuid(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "gen_random_uuid()",
        Dialect::Mysql => "uuid()",
        Dialect::Sqlite => {
            "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || \
             substr('89ab', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
        }
    }
}
