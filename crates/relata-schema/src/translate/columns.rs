//! Columns in the target: type, default, generation, automatic numbers.

use super::{Translation, expression};
use crate::dialect::Dialect;
use crate::model::{Check, Column, Generated, ObjectKind, ObjectName, Table};
use crate::types::{ColumnType, Type};

/// How long a text column becomes that MariaDB has to index as a whole.
const INDEXED_TEXT: u32 = 255;

impl Translation<'_> {
    /// A column in the target, with a check that its type needs there.
    pub(super) fn column(&mut self, table: &Table, column: &Column) -> (Column, Option<Check>) {
        let (mut ty, check) = self.column_type(&table.name, column);
        let automatic = makes_numbers(self.from.dialect, table, column);
        if automatic && self.to == Dialect::Sqlite {
            ty = ColumnType::new(Type::Int(8), "INTEGER");
        }
        let big = column.ty.logical == Type::UInt(8) && self.to == Dialect::Postgres;
        if big && (automatic || is_keyed(table, &column.name)) {
            let message = "a key of 64 bits without sign becomes bigint: numbers above 9223372036854775807 do not fit";
            self.note(ObjectKind::Column, &table.name, &column.name, message);
            ty = self.to.physical(&Type::Int(8)).unwrap_or(ty);
        }
        if self.to == Dialect::Mysql && is_unbounded_text(&ty.logical) && is_keyed(table, &column.name) {
            let message = format!("MariaDB cannot index text of any length: it becomes varchar({INDEXED_TEXT})");
            self.note(ObjectKind::Column, &table.name, &column.name, &message);
            ty = self.to.physical(&Type::VarChar(INDEXED_TEXT)).unwrap_or(ty);
        }
        let mut target = Column {
            name: column.name.clone(),
            not_null: column.not_null || automatic,
            auto_increment: automatic && self.to != Dialect::Postgres,
            identity: (automatic && self.to == Dialect::Postgres).then(Box::default),
            comment: column.comment.clone().filter(|_| self.to != Dialect::Sqlite),
            ty: ty.into(),
            ..Column::default()
        };
        if !automatic {
            target.default = self.default(&table.name, column, &target.ty);
        }
        target.generated = self.generated(table, column).map(Box::new);
        if column.on_update.is_some() {
            let why = format!("{} has no ON UPDATE for columns: set it in the application", self.to.title());
            self.lost(ObjectKind::Column, &table.name, &column.name, &why);
        }
        if column.collation.is_some() {
            let why = "collations differ between databases: the column gets the default of the database";
            self.note(ObjectKind::Column, &table.name, &column.name, why);
        }
        (target, check)
    }

    fn default(&mut self, table: &ObjectName, column: &Column, ty: &ColumnType) -> Option<String> {
        let default = column.default.as_deref()?;
        if default.trim().eq_ignore_ascii_case("null") {
            return None;
        }
        let carried = expression::translate(default, self.from.dialect, self.to, &[]);
        match carried {
            Ok(text) => Some(fit_default(&text, self.to, ty)),
            Err(why) => {
                self.lost(
                    ObjectKind::Column,
                    table,
                    &column.name,
                    &format!("its default {default} is not carried over: {why}"),
                );
                None
            }
        }
    }

    fn generated(&mut self, table: &Table, column: &Column) -> Option<Generated> {
        let generated = column.generated.as_ref()?;
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        match expression::translate(&generated.expression, self.from.dialect, self.to, &columns) {
            Ok(expression) => {
                // PostgreSQL before 18 has no virtual columns.
                let stored = generated.stored || self.to == Dialect::Postgres;
                Some(Generated { expression, stored })
            }
            Err(why) => {
                let message = format!("it is generated there and an ordinary column here: {why}");
                self.lost(ObjectKind::Column, &table.name, &column.name, &message);
                None
            }
        }
    }
}

/// The database itself numbers new rows by this column.
fn makes_numbers(dialect: Dialect, table: &Table, column: &Column) -> bool {
    let alone = table.primary_key.as_ref().is_some_and(|key| key.columns().eq([column.name.as_str()]));
    let serial = column.default.as_deref().is_some_and(|default| default.starts_with("nextval("));
    let rowid = dialect == Dialect::Sqlite
        && alone
        && column.ty.physical.eq_ignore_ascii_case("integer")
        && !table.options.without_rowid;
    column.auto_increment || column.identity.is_some() || serial || rowid
}

fn is_unbounded_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Bytes(None) | Type::Json | Type::JsonText | Type::Xml)
}

fn is_keyed(table: &Table, column: &str) -> bool {
    let keys = table.primary_key.iter().chain(&table.uniques);
    let indexed = table.indexes.iter().flat_map(|index| &index.parts);
    keys.flat_map(|key| &key.parts).chain(indexed).any(|part| part.column == column && part.length.is_none())
        || table.foreign_keys.iter().any(|key| key.columns.iter().any(|own| own == column))
}

/// A default as the target writes it for that type.
fn fit_default(text: &str, to: Dialect, ty: &ColumnType) -> String {
    let bare = text.trim_matches('\'');
    let is_now = text == "CURRENT_TIMESTAMP";
    match (&ty.logical, to) {
        (Type::Bool, Dialect::Postgres) if bare == "0" || bare.eq_ignore_ascii_case("false") => "false".into(),
        (Type::Bool, Dialect::Postgres) if bare == "1" || bare.eq_ignore_ascii_case("true") => "true".into(),
        (Type::Bool, _) if text.eq_ignore_ascii_case("false") => "0".into(),
        (Type::Bool, _) if text.eq_ignore_ascii_case("true") => "1".into(),
        (_, Dialect::Mysql) if is_now => match ty.physical.split_once('(') {
            Some((_, digits)) => format!("CURRENT_TIMESTAMP({digits}"),
            None => text.into(),
        },
        (_, Dialect::Sqlite | Dialect::Mysql) if text.contains('(') && !text.starts_with(['(', '\'']) => {
            format!("({text})")
        }
        _ => text.into(),
    }
}
