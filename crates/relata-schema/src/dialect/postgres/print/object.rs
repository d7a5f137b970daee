//! Namespaces, extensions, types, sequences.

use super::{ident, literal, qualified};
use crate::model::{
    Attribute, CompositeType, Domain, EnumType, Extension, ForeignServer, Namespace, RangeType, Sequence,
    SequenceParameters,
};

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
    let attributes: Vec<String> = ty.attributes.iter().map(attribute_definition).collect();
    format!("CREATE TYPE {} AS ({})", qualified(&ty.name), attributes.join(", "))
}

/// An attribute as in `CREATE TYPE` or `ADD ATTRIBUTE`.
pub fn attribute_definition(attribute: &Attribute) -> String {
    let collation = attribute.collation.as_ref().map_or_else(String::new, |collation| format!(" COLLATE {collation}"));
    format!("{} {}{collation}", ident(&attribute.name), attribute.ty.physical)
}

/// `CREATE TYPE … AS RANGE (…)`.
pub fn create_range(ty: &RangeType) -> String {
    let mut parts = vec![format!("SUBTYPE = {}", ty.subtype.physical)];
    let optional = [
        ("SUBTYPE_OPCLASS", &ty.operator_class),
        ("COLLATION", &ty.collation),
        ("CANONICAL", &ty.canonical),
        ("SUBTYPE_DIFF", &ty.subtype_diff),
    ];
    parts.extend(optional.into_iter().filter_map(|(word, value)| Some(format!("{word} = {}", value.as_ref()?))));
    if !ty.multirange.is_empty() {
        let name = crate::model::ObjectName::new(&ty.name.namespace, &ty.multirange);
        parts.push(format!("MULTIRANGE_TYPE_NAME = {}", qualified(&name)));
    }
    format!("CREATE TYPE {} AS RANGE ({})", qualified(&ty.name), parts.join(", "))
}

/// `CREATE SERVER`.
pub fn create_server(server: &ForeignServer) -> String {
    let mut out = format!("CREATE SERVER {}", ident(&server.name));
    if let Some(ty) = &server.ty {
        out.push_str(&format!(" TYPE {}", literal(ty)));
    }
    if let Some(version) = &server.version {
        out.push_str(&format!(" VERSION {}", literal(version)));
    }
    out + &format!(" FOREIGN DATA WRAPPER {}{}", ident(&server.wrapper), foreign_options(&server.options))
}

/// ` OPTIONS (…)`, nothing if there are none.
pub fn foreign_options(options: &[(String, String)]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let pairs = options.iter().map(|(key, value)| format!("{} {}", ident(key), literal(value)));
    format!(" OPTIONS ({})", pairs.collect::<Vec<_>>().join(", "))
}

/// `OPTIONS (ADD …, SET …, DROP …)` that brings options from `old` to `new`; `None` if they are the same.
pub fn foreign_option_changes(old: &[(String, String)], new: &[(String, String)]) -> Option<String> {
    let value =
        |list: &[(String, String)], key: &str| list.iter().find(|pair| pair.0 == key).map(|pair| pair.1.clone());
    let gone = old.iter().filter(|(key, _)| value(new, key).is_none()).map(|(key, _)| format!("DROP {}", ident(key)));
    let come = new.iter().filter_map(|(key, text)| match value(old, key) {
        Some(before) if &before == text => None,
        Some(_) => Some(format!("SET {} {}", ident(key), literal(text))),
        None => Some(format!("ADD {} {}", ident(key), literal(text))),
    });
    let parts: Vec<String> = gone.chain(come).collect();
    (!parts.is_empty()).then(|| format!("OPTIONS ({})", parts.join(", ")))
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
