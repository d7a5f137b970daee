//! What was declared for MariaDB and MySQL alike, as MySQL takes it.
//!
//! A declaration is lowered to types that MariaDB has. MySQL knows neither `uuid` nor network addresses, and takes a default
//! that is computed, or that belongs to a long text, only in parentheses.

use crate::model::{Column, Schema};
use crate::types::{ColumnType, Type};

/// The schema with types and defaults that MySQL knows. A UUID is `char(36)`, an address `varchar(39)`; both are ASCII.
pub fn for_mysql(schema: &Schema) -> Schema {
    let mut schema = Schema { mysql: true, ..schema.clone() };
    schema.tables.iter_mut().flat_map(|table| &mut table.columns).for_each(adapt);
    schema
}

fn adapt(column: &mut Column) {
    let physical = match column.ty.physical.as_str() {
        "uuid" => Some("char(36)"),
        "inet4" | "inet6" => Some("varchar(39)"),
        _ => None,
    };
    if let Some(physical) = physical {
        column.ty = ColumnType::new(column.ty.logical.clone(), physical).into();
        (column.charset, column.collation) = (Some("ascii".into()), Some("ascii_general_ci".into()));
    }
    let long = matches!(column.ty.logical, Type::Text | Type::Xml | Type::Bytes(None) | Type::Json | Type::JsonText)
        || matches!(column.ty.logical, Type::Geometry(_));
    if let Some(default) = &mut column.default
        && (long || computed(default))
        && !default.starts_with('(')
        && default.as_str() != "NULL"
    {
        *default = format!("({default})");
    }
}

/// Whether a default is neither a literal nor the time.
fn computed(default: &str) -> bool {
    let lower = default.to_ascii_lowercase();
    let time = ["current_timestamp", "now(", "localtime"].iter().any(|word| lower.starts_with(word));
    default.starts_with(|c: char| c.is_ascii_alphabetic()) && !time && !literal(&lower)
}

/// `b'101'`, `x'ff'`, `true`.
fn literal(lower: &str) -> bool {
    lower.starts_with("b'") || lower.starts_with("x'") || matches!(lower, "true" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::model::Table;

    #[test]
    fn types_and_defaults_that_mysql_knows() {
        let column = |ty: Type, default: &str| Column {
            ty: ColumnType::new(ty.clone(), super::super::types::write(&ty).unwrap()).into(),
            default: Some(default.to_string()).filter(|default| !default.is_empty()),
            ..Column::default()
        };
        let columns = vec![
            column(Type::Uuid, "uuid()"),
            column(Type::Inet, ""),
            column(Type::Text, "'x'"),
            column(Type::Json, "('{}')"),
            column(Type::Int(4), "5"),
            column(Type::Timestamp(Some(6)), "current_timestamp(6)"),
            column(Type::Bool, "true"),
            column(Type::Bit(Some(3), false), "b'101'"),
        ];
        let table = Table { columns, ..Table::default() };
        let schema = for_mysql(&Schema { tables: vec![table], ..Schema::new(Dialect::Mysql) });
        let found: Vec<_> =
            schema.tables[0].columns.iter().map(|c| (c.ty.physical.as_str(), c.default.as_deref())).collect();
        let expected = [
            ("char(36)", Some("(uuid())")),
            ("varchar(39)", None),
            ("longtext", Some("('x')")),
            ("json", Some("('{}')")),
            ("int(11)", Some("5")),
            ("timestamp(6)", Some("current_timestamp(6)")),
            ("tinyint(1)", Some("true")),
            ("bit(3)", Some("b'101'")),
        ];
        assert_eq!(found, expected);
        assert!(schema.mysql);
    }
}
