//! Enums without a type of their own: inline in a column of MariaDB, a check over a column of SQLite.
//!
//! The name of such an enum is that of its column, with the table in the place of the namespace: so one of its values is
//! named as `posts.status.draft`, and a rename of it as that of any enum. Only what is no more than a list of values
//! counts: what else a check says is not looked at.

use crate::dialect::Dialect;
use crate::dialect::sqlite::token;
use crate::model::{Column, ObjectName, Schema, Table};
use crate::types::Type;

impl Schema {
    /// The values of an enum: of the type of that name, or of the column `name` of the table `namespace`; none: there is
    /// no such enum.
    pub fn enum_values(&self, name: &ObjectName) -> Vec<String> {
        if let Some(ty) = self.enums.iter().find(|ty| &ty.name == name) {
            return ty.values.clone();
        }
        if self.dialect == Dialect::Postgres {
            return Vec::new();
        }
        let table = self.table(&ObjectName::bare(name.namespace.as_str()));
        let column = table.and_then(|table| Some((table, table.column(&name.name)?)));
        column.map(|(table, column)| table.inline_values(column)).unwrap_or_default()
    }
}

impl Table {
    /// The name of the enum that is inline in a column, whether there is one or not.
    pub fn inline_enum(&self, column: &str) -> ObjectName {
        ObjectName::new(self.name.name.as_str(), column)
    }

    /// The values of the enum that is inline in the column; none: it has none.
    pub fn inline_values(&self, column: &Column) -> Vec<String> {
        if let Type::Enum(_, values) = &column.ty.logical {
            return values.clone();
        }
        self.checks.iter().find_map(|check| listed(&check.expression, &column.name)).unwrap_or_default()
    }
}

/// The texts of `column IN ('a', 'b')`, if the check is just that.
fn listed(expression: &str, column: &str) -> Option<Vec<String>> {
    let tokens = token::tokens(expression);
    let [name, word, open, list @ .., close] = tokens.as_slice() else { return None };
    if !name.name().eq_ignore_ascii_case(column) || !word.is("IN") || !open.is_mark("(") || !close.is_mark(")") {
        return None;
    }
    let value = |(index, token): (usize, &token::Token<'_>)| match index % 2 {
        0 => (token.kind == token::Kind::Text).then(|| Some(token.name())),
        _ => token.is_mark(",").then_some(None),
    };
    let values: Option<Vec<Option<String>>> = list.iter().enumerate().map(value).collect();
    Some(values?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Check;
    use crate::types::ColumnType;

    #[test]
    fn values_are_known_by_column() {
        let values = || vec!["draft".to_string(), "it's".to_string()];
        let ty = Type::Enum(ObjectName::default(), values());
        for (dialect, ty, check) in [
            (Dialect::Mysql, ColumnType::new(ty, "enum('draft','it''s')"), None),
            (Dialect::Sqlite, ColumnType::new(Type::Text, "text"), Some("\"status\" IN ('draft', 'it''s')")),
        ] {
            let column = Column { name: "status".into(), ty: ty.into(), ..Column::default() };
            let mut table = Table { name: ObjectName::bare("posts"), columns: vec![column], ..Table::default() };
            table.checks.extend(check.map(|text: &str| Check { expression: text.into(), ..Check::default() }));
            let schema = Schema { tables: vec![table], ..Schema::new(dialect) };
            assert_eq!(schema.enum_values(&ObjectName::new("posts", "status")), values());
            assert_eq!(schema.enum_values(&ObjectName::new("posts", "title")), Vec::<String>::new());
        }
        assert_eq!(listed("length(status) IN (1, 2)", "status"), None);
        assert_eq!(listed("status IN ('a', b)", "status"), None);
    }
}
