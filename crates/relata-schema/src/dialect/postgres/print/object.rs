//! Namespaces, extensions, types, sequences.

use super::{ident, literal, qualified};
use crate::model::{CompositeType, Domain, EnumType, Extension, Namespace, Sequence, SequenceParameters};

/// `CREATE SCHEMA`.
pub fn create_namespace(namespace: &Namespace) -> String {
    format!("CREATE SCHEMA {}", ident(&namespace.name))
}

/// `CREATE EXTENSION`. The version is the server's newest: another one may not be installed there.
pub fn create_extension(extension: &Extension) -> String {
    format!("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA {}", ident(&extension.name), ident(&extension.namespace))
}

/// `CREATE TYPE … AS ENUM`.
pub fn create_enum(ty: &EnumType) -> String {
    let values = ty.values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ");
    format!("CREATE TYPE {} AS ENUM ({values})", qualified(&ty.name))
}

/// `CREATE DOMAIN`.
pub fn create_domain(domain: &Domain) -> String {
    let mut out = format!("CREATE DOMAIN {} AS {}", qualified(&domain.name), domain.base.physical);
    if let Some(collation) = &domain.collation {
        out.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &domain.default {
        out.push_str(&format!(" DEFAULT {default}"));
    }
    if domain.not_null {
        out.push_str(" NOT NULL");
    }
    for check in domain.checks.iter().filter(|check| !check.not_valid) {
        out.push_str(&format!(" CONSTRAINT {} CHECK ({})", ident(&check.name), super::expression(&check.expression)));
    }
    out
}

/// `CREATE TYPE … AS (…)`.
pub fn create_composite(ty: &CompositeType) -> String {
    let attributes = ty.attributes.iter().map(|(name, ty)| format!("{} {}", ident(name), ty.physical));
    format!("CREATE TYPE {} AS ({})", qualified(&ty.name), attributes.collect::<Vec<_>>().join(", "))
}

/// `CREATE SEQUENCE`, without the column that owns it.
pub fn create_sequence(sequence: &Sequence) -> String {
    let unlogged = if sequence.unlogged { "UNLOGGED " } else { "" };
    let mut out = format!("CREATE {unlogged}SEQUENCE {}", qualified(&sequence.name));
    if !sequence.data_type.is_empty() && sequence.data_type != "bigint" {
        out.push_str(&format!(" AS {}", sequence.data_type));
    }
    out + &sequence_options(&sequence.parameters)
}

/// The parameters that are not the default, each with a space before it.
pub fn sequence_options(parameters: &SequenceParameters) -> String {
    let mut out = String::new();
    let words = [
        ("START WITH", parameters.start),
        ("INCREMENT BY", parameters.increment),
        ("MINVALUE", parameters.min),
        ("MAXVALUE", parameters.max),
        ("CACHE", parameters.cache),
    ];
    for (word, value) in words {
        if let Some(value) = value {
            out.push_str(&format!(" {word} {value}"));
        }
    }
    if parameters.cycle {
        out.push_str(" CYCLE");
    }
    out
}

/// The statement that ties a sequence to its column, if one owns it.
pub fn owned_by(sequence: &Sequence) -> Option<String> {
    let (table, column) = sequence.owned_by.as_ref()?;
    Some(format!("ALTER SEQUENCE {} OWNED BY {}.{}", qualified(&sequence.name), qualified(table), ident(column)))
}
