//! Types in three layers: portable ([`Type`]), exact ([`ColumnType::physical`]), and as a server reports them
//! (each [`crate::dialect`] reads that report into a [`ColumnType`]).
//!
//! Invariant: two columns of one dialect have the same type exactly when their `physical` texts are equal. The
//! logical type is what crosses dialects and what Rust sees; it may be coarser than the physical one.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::ObjectName;
use crate::tree::{Node, Tree, TreeError, record};

/// A portable type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`.
    Bool,
    /// A signed whole number of 1, 2, 3, 4 or 8 bytes (3: MariaDB only).
    Int(u8),
    /// An unsigned whole number of 1, 2, 3, 4 or 8 bytes (MariaDB; elsewhere the next wider signed type).
    UInt(u8),
    /// An exact decimal; `None` is unbounded (PostgreSQL) or the default of the server.
    Decimal(Option<(u16, i16)>),
    /// IEEE single precision.
    Float32,
    /// IEEE double precision.
    Float64,
    /// Text of any length.
    #[default]
    Text,
    /// Text of at most so many characters.
    VarChar(u32),
    /// Text of exactly so many characters, padded.
    Char(u32),
    /// Bytes; `Some` is a maximal length in bytes.
    Bytes(Option<u32>),
    /// A UUID.
    Uuid,
    /// A calendar date.
    Date,
    /// A time of day; the number of fractional digits if given.
    Time(Option<u8>),
    /// A date and time without zone; fractional digits if given.
    DateTime(Option<u8>),
    /// An instant (stored in UTC); fractional digits if given.
    Timestamp(Option<u8>),
    /// A time of day with an offset (PostgreSQL).
    TimeTz(Option<u8>),
    /// A length of time.
    Interval,
    /// A year (MariaDB).
    Year,
    /// JSON, in the form the database prefers (jsonb on PostgreSQL).
    Json,
    /// JSON kept as text (PostgreSQL `json`).
    JsonText,
    /// A named enum type, or (MariaDB) an inline enum with its values.
    Enum(ObjectName, Vec<String>),
    /// MariaDB `set(…)`.
    Set(Vec<String>),
    /// A named domain over another type.
    Domain(ObjectName),
    /// A named composite type.
    Composite(ObjectName),
    /// An array of another type (PostgreSQL).
    Array(Box<Type>),
    /// A range; the word is the native range type (`int4range`, `tstzrange`, …).
    Range(String),
    /// An IP address with optional mask.
    Inet,
    /// A network.
    Cidr,
    /// A MAC address.
    MacAddr,
    /// A bit string: length, and whether it varies.
    Bit(Option<u32>, bool),
    /// Money in the locale of the server.
    Money,
    /// XML.
    Xml,
    /// A text-search document.
    TsVector,
    /// A text-search query.
    TsQuery,
    /// A geometry; the words in parentheses as the database gives them (`Point,4326`).
    Geometry(Option<String>),
    /// A geography (PostGIS).
    Geography(Option<String>),
    /// A vector of so many dimensions (pgvector, MariaDB 11.7).
    Vector(Option<u32>),
    /// SQLite: a column without a type, or one that holds anything.
    Any,
    /// A native type that is kept verbatim.
    Native(String),
}

impl Type {
    /// The element type of an array, else the type itself.
    pub fn element(&self) -> &Type {
        match self {
            Type::Array(element) => element,
            other => other,
        }
    }
}

record! {
    /// The type of a column: portable and exact.
    pub struct ColumnType {
        /// The portable meaning.
        pub logical: Type,
        /// The exact type as the schema's dialect writes it, in the server's own canonical spelling
        /// (`character varying(80)`, `NVARCHAR(160)`, `int(10) unsigned`). Empty: SQLite column without a type.
        pub physical: String,
    }
}

impl ColumnType {
    /// A type from its two forms.
    pub fn new(logical: Type, physical: impl Into<String>) -> Self {
        ColumnType { logical, physical: physical.into() }
    }
}

/// Reads the types that a server reports; equal ones are one in memory, for a large schema has few types.
pub struct SharedTypes {
    read: fn(&str) -> ColumnType,
    seen: HashMap<String, Arc<ColumnType>>,
}

impl SharedTypes {
    /// Reads with this function, each report once.
    pub fn new(read: fn(&str) -> ColumnType) -> Self {
        SharedTypes { read, seen: HashMap::new() }
    }

    /// The type that was reported so.
    pub fn read(&mut self, reported: &str) -> Arc<ColumnType> {
        if let Some(ty) = self.seen.get(reported) {
            return Arc::clone(ty);
        }
        let ty = Arc::new((self.read)(reported));
        self.seen.insert(reported.to_string(), Arc::clone(&ty));
        ty
    }
}

fn sized(word: &str, size: Option<impl std::fmt::Display>) -> Tree {
    Tree::Text(match size {
        Some(size) => format!("{word}({size})"),
        None => word.to_string(),
    })
}

fn named(word: &str, arguments: Vec<Tree>) -> Tree {
    let mut items = vec![Tree::Text(word.to_string())];
    items.extend(arguments);
    Tree::List(items)
}

impl Node for Type {
    fn to_tree(&self) -> Tree {
        let word = |word: &str| Tree::Text(word.to_string());
        match self {
            Type::Bool => word("bool"),
            Type::Int(bytes) => sized("int", Some(bytes)),
            Type::UInt(bytes) => sized("uint", Some(bytes)),
            Type::Decimal(None) => word("decimal"),
            Type::Decimal(Some((precision, scale))) => word(&format!("decimal({precision},{scale})")),
            Type::Float32 => word("float32"),
            Type::Float64 => word("float64"),
            Type::Text => word("text"),
            Type::VarChar(length) => sized("varchar", Some(length)),
            Type::Char(length) => sized("char", Some(length)),
            Type::Bytes(length) => sized("bytes", *length),
            Type::Uuid => word("uuid"),
            Type::Date => word("date"),
            Type::Time(digits) => sized("time", *digits),
            Type::DateTime(digits) => sized("datetime", *digits),
            Type::Timestamp(digits) => sized("timestamp", *digits),
            Type::TimeTz(digits) => sized("timetz", *digits),
            Type::Interval => word("interval"),
            Type::Year => word("year"),
            Type::Json => word("json"),
            Type::JsonText => word("jsontext"),
            Type::Enum(name, values) => named("enum", vec![name.to_tree(), values.to_tree()]),
            Type::Set(values) => named("set", vec![values.to_tree()]),
            Type::Domain(name) => named("domain", vec![name.to_tree()]),
            Type::Composite(name) => named("composite", vec![name.to_tree()]),
            Type::Array(element) => named("array", vec![element.to_tree()]),
            Type::Range(native) => named("range", vec![native.to_tree()]),
            Type::Inet => word("inet"),
            Type::Cidr => word("cidr"),
            Type::MacAddr => word("macaddr"),
            Type::Bit(length, false) => sized("bit", *length),
            Type::Bit(length, true) => sized("varbit", *length),
            Type::Money => word("money"),
            Type::Xml => word("xml"),
            Type::TsVector => word("tsvector"),
            Type::TsQuery => word("tsquery"),
            Type::Geometry(details) => named("geometry", details.iter().map(Node::to_tree).collect()),
            Type::Geography(details) => named("geography", details.iter().map(Node::to_tree).collect()),
            Type::Vector(dimensions) => sized("vector", *dimensions),
            Type::Any => word("any"),
            Type::Native(text) => named("native", vec![text.to_tree()]),
        }
    }

    fn from_tree(tree: &Tree) -> Result<Self, TreeError> {
        match tree {
            Tree::Text(text) => from_word(text).ok_or_else(|| TreeError(format!("{text:?} is no type"))),
            Tree::List(items) => from_list(items),
            _ => Err(TreeError("expected a type".into())),
        }
    }
}

fn from_word(text: &str) -> Option<Type> {
    let (word, arguments) = match text.split_once('(') {
        Some((word, rest)) => (word, Some(rest.strip_suffix(')')?)),
        None => (text, None),
    };
    fn number<T: std::str::FromStr>(arguments: Option<&str>) -> Option<Option<T>> {
        arguments.map(|text| text.parse().ok()).map_or(Some(None), |number| number.map(Some))
    }
    Some(match word {
        "bool" => Type::Bool,
        "int" => Type::Int(arguments?.parse().ok()?),
        "uint" => Type::UInt(arguments?.parse().ok()?),
        "decimal" => match arguments {
            None => Type::Decimal(None),
            Some(arguments) => {
                let (precision, scale) = arguments.split_once(',')?;
                Type::Decimal(Some((precision.parse().ok()?, scale.parse().ok()?)))
            }
        },
        "float32" => Type::Float32,
        "float64" => Type::Float64,
        "text" => Type::Text,
        "varchar" => Type::VarChar(arguments?.parse().ok()?),
        "char" => Type::Char(arguments?.parse().ok()?),
        "bytes" => Type::Bytes(number(arguments)?),
        "uuid" => Type::Uuid,
        "date" => Type::Date,
        "time" => Type::Time(number(arguments)?),
        "datetime" => Type::DateTime(number(arguments)?),
        "timestamp" => Type::Timestamp(number(arguments)?),
        "timetz" => Type::TimeTz(number(arguments)?),
        "interval" => Type::Interval,
        "year" => Type::Year,
        "json" => Type::Json,
        "jsontext" => Type::JsonText,
        "inet" => Type::Inet,
        "cidr" => Type::Cidr,
        "macaddr" => Type::MacAddr,
        "bit" => Type::Bit(number(arguments)?, false),
        "varbit" => Type::Bit(number(arguments)?, true),
        "money" => Type::Money,
        "xml" => Type::Xml,
        "tsvector" => Type::TsVector,
        "tsquery" => Type::TsQuery,
        "vector" => Type::Vector(number(arguments)?),
        "any" => Type::Any,
        _ => return None,
    })
}

fn from_list(items: &[Tree]) -> Result<Type, TreeError> {
    let word = items.first().map_or(Ok(String::new()), String::from_tree)?;
    let first = || items.get(1).ok_or_else(|| TreeError(format!("type {word} lacks its argument")));
    let details = || items.get(1).map(String::from_tree).transpose();
    Ok(match word.as_str() {
        "enum" => {
            let values = items.get(2).ok_or_else(|| TreeError("type enum lacks its values".into()))?;
            Type::Enum(Node::from_tree(first()?)?, Node::from_tree(values)?)
        }
        "set" => Type::Set(Node::from_tree(first()?)?),
        "domain" => Type::Domain(Node::from_tree(first()?)?),
        "composite" => Type::Composite(Node::from_tree(first()?)?),
        "array" => Type::Array(Node::from_tree(first()?)?),
        "range" => Type::Range(Node::from_tree(first()?)?),
        "geometry" => Type::Geometry(details()?),
        "geography" => Type::Geography(details()?),
        "native" => Type::Native(Node::from_tree(first()?)?),
        other => return Err(TreeError(format!("{other:?} is no type"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back() {
        let name = ObjectName::new("public", "mood");
        for ty in [
            Type::Int(8),
            Type::UInt(3),
            Type::Decimal(None),
            Type::Decimal(Some((10, -2))),
            Type::VarChar(80),
            Type::Bytes(None),
            Type::Bytes(Some(16)),
            Type::Timestamp(Some(3)),
            Type::Enum(name.clone(), vec!["a".into(), "b'c".into()]),
            Type::Set(vec![]),
            Type::Array(Box::new(Type::Domain(name))),
            Type::Bit(Some(3), true),
            Type::Geometry(None),
            Type::Geometry(Some("Point,4326".into())),
            Type::Native("ltree".into()),
            Type::Any,
        ] {
            assert_eq!(Type::from_tree(&ty.to_tree()), Ok(ty));
        }
    }
}
