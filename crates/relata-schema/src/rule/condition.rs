//! Conditions over the fields of one row: `starts_at < ends_at`, `email.is_some() || phone.is_some()`.
//!
//! Invariant: what a condition says of a row is the same in the application and in the database: unknown (a NULL is compared)
//! breaks nothing. Text is compared for equality only, byte by byte: the order of texts differs between collations.

use super::{exact, is_text, length_function, literal};
use crate::declare::{Entity, Field};
use crate::dialect::Dialect;
use crate::types::Type;

/// A condition over one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Two operands compared.
    Compare(Operand, Comparison, Operand),
    /// A field is NULL (`true`) or is not.
    IsNull(String, bool),
    /// All of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A field by its Rust name.
    Field(String),
    /// The length of a field's text in characters.
    Length(String),
    /// A number as written.
    Number(String),
    /// A text.
    Text(String),
    /// A boolean.
    Bool(bool),
}

/// How two operands are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// As SQL writes it.
    pub const fn sql(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        }
    }

    /// As Rust writes it.
    pub const fn rust(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            other => other.sql(),
        }
    }
}

impl Condition {
    /// The fields it is about, each once, in order.
    pub fn fields(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.each_field(&mut |name| {
            if !found.contains(&name) {
                found.push(name);
            }
        });
        found
    }

    fn each_field<'c>(&'c self, take: &mut impl FnMut(&'c str)) {
        match self {
            Condition::Compare(left, _, right) => {
                [left, right].into_iter().filter_map(Operand::field).for_each(take);
            }
            Condition::IsNull(name, _) => take(name),
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| part.each_field(take)),
            Condition::Not(part) => part.each_field(take),
        }
    }

    /// As SQL.
    pub fn sql(&self, dialect: Dialect, entity: &Entity) -> String {
        match self {
            Condition::Compare(left, comparison, right) => {
                let field = [left, right].into_iter().find_map(|side| side.field().and_then(|name| entity.field(name)));
                let side = |operand: &Operand| operand.sql(dialect, entity, field);
                format!("{} {} {}", side(left), comparison.sql(), side(right))
            }
            Condition::IsNull(name, null) => {
                format!("{} IS {}NULL", column(dialect, entity, name), if *null { "" } else { "NOT " })
            }
            Condition::All(parts) => joined(parts, " AND ", dialect, entity),
            Condition::Any(parts) => joined(parts, " OR ", dialect, entity),
            Condition::Not(part) => format!("NOT ({})", part.sql(dialect, entity)),
        }
    }

    /// As Rust writes it.
    pub fn rust(&self) -> String {
        let inside = |part: &Condition| match part {
            Condition::All(_) | Condition::Any(_) => format!("({})", part.rust()),
            _ => part.rust(),
        };
        let list = |parts: &[Condition], word: &str| parts.iter().map(inside).collect::<Vec<_>>().join(word);
        match self {
            Condition::Compare(left, comparison, right) => {
                format!("{} {} {}", left.rust(), comparison.rust(), right.rust())
            }
            Condition::IsNull(name, null) => format!("{name}.{}()", if *null { "is_none" } else { "is_some" }),
            Condition::All(parts) => list(parts, " && "),
            Condition::Any(parts) => list(parts, " || "),
            Condition::Not(part) => format!("!({})", part.rust()),
        }
    }
}

fn joined(parts: &[Condition], word: &str, dialect: Dialect, entity: &Entity) -> String {
    let parts: Vec<String> = parts.iter().map(|part| format!("({})", part.sql(dialect, entity))).collect();
    parts.join(word)
}

fn column(dialect: Dialect, entity: &Entity, name: &str) -> String {
    dialect.ident(entity.field(name).map_or(name, Field::column_name))
}

impl Operand {
    fn field(&self) -> Option<&str> {
        match self {
            Operand::Field(name) | Operand::Length(name) => Some(name),
            _ => None,
        }
    }

    /// As SQL, beside a field.
    fn sql(&self, dialect: Dialect, entity: &Entity, beside: Option<&Field>) -> String {
        match self {
            Operand::Field(name) => {
                let text = entity.field(name).is_some_and(is_text);
                let column = column(dialect, entity, name);
                if text { exact(dialect, &column) } else { column }
            }
            Operand::Length(name) => {
                let ty = entity.field(name).and_then(|field| field.ty.as_ref());
                format!("{}({})", length_function(dialect, ty), column(dialect, entity, name))
            }
            Operand::Number(number) => number.clone(),
            Operand::Text(text) => literal(dialect, beside.and_then(|field| field.ty.as_ref()), text),
            Operand::Bool(value) => match dialect {
                Dialect::Postgres => value.to_string(),
                Dialect::Sqlite | Dialect::Mysql => u8::from(*value).to_string(),
            },
        }
    }

    fn rust(&self) -> String {
        match self {
            Operand::Field(name) => name.clone(),
            Operand::Length(name) => format!("{name}.len()"),
            Operand::Number(number) => number.clone(),
            Operand::Text(text) => format!("{text:?}"),
            Operand::Bool(value) => value.to_string(),
        }
    }
}

/// Whether two fields, or a field and a value, can be compared so that application and databases agree; else why not.
pub fn comparable(left: Option<&Type>, comparison: Comparison, right: Option<&Type>) -> Result<(), String> {
    let text = |ty: Option<&Type>| matches!(ty, Some(Type::Text | Type::VarChar(_) | Type::Char(_)));
    let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if ordered && (text(left) || text(right)) {
        return Err("the order of texts is not the same everywhere".to_string());
    }
    match (left.map(kind), right.map(kind)) {
        (Some(Some(left)), Some(Some(right))) if left != right => Err(format!("{left} is compared with {right}")),
        (Some(None), _) | (_, Some(None)) => Err("values of this type are not compared".to_string()),
        _ => Ok(()),
    }
}

fn kind(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "a boolean",
        Type::Int(_) | Type::UInt(_) | Type::Decimal(_) | Type::Float32 | Type::Float64 | Type::Year => "a number",
        Type::Text | Type::VarChar(_) | Type::Char(_) => "text",
        Type::Uuid => "a UUID",
        Type::Date => "a date",
        Type::Time(_) => "a time",
        Type::DateTime(_) => "a date and time",
        Type::Timestamp(_) => "an instant",
        _ => return None,
    })
}
