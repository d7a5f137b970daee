//! Types in the target: the same portable meaning, or the nearest that holds every value.

use super::Translation;
use crate::dialect::Dialect;
use crate::model::{Check, Column, EnumType, ObjectKind, ObjectName};
use crate::types::{ColumnType, Type};

impl Translation<'_> {
    /// The type of a column, and a check that keeps its values within what the source allows, if one is needed.
    pub(super) fn column_type(&mut self, table: &ObjectName, column: &Column) -> (ColumnType, Option<Check>) {
        let (logical, check) = self.resolved(table, column, &column.ty.logical);
        match self.to.physical(&logical) {
            Ok(ty) => (ty, check),
            Err(unsupported) => {
                let ty = self.nearest(&logical);
                let message = format!("{unsupported}: it becomes {}", ty.physical);
                self.note(ObjectKind::Column, table, &column.name, &message);
                (ty, check)
            }
        }
    }

    /// Domains become what is below them, enums what the target has for them.
    fn resolved(&mut self, table: &ObjectName, column: &Column, ty: &Type) -> (Type, Option<Check>) {
        match ty {
            Type::Domain(name) => {
                let Some(domain) = self.from.domains.iter().find(|domain| &domain.name == name) else {
                    return (Type::Text, None);
                };
                if !domain.checks.is_empty() {
                    let message = format!("the checks of the domain {name} are not carried over");
                    self.lost(ObjectKind::Column, table, &column.name, &message);
                }
                self.resolved(table, column, &domain.base.logical)
            }
            Type::Enum(name, values) => self.resolved_enum(table, column, name, values),
            Type::Native(_) | Type::Any => {
                let message = format!("the type {:?} has no portable meaning: it becomes text", column.ty.physical);
                self.note(ObjectKind::Column, table, &column.name, &message);
                (Type::Text, None)
            }
            other => (other.clone(), None),
        }
    }

    fn resolved_enum(
        &mut self,
        table: &ObjectName,
        column: &Column,
        name: &ObjectName,
        values: &[String],
    ) -> (Type, Option<Check>) {
        let known = self.from.enums.iter().find(|known| &known.name == name);
        let values = if values.is_empty() { known.map(|known| known.values.clone()) } else { Some(values.to_vec()) };
        let values = values.unwrap_or_default();
        match self.to {
            Dialect::Sqlite => {
                let list: Vec<_> = values.iter().map(|value| self.to.literal(value)).collect();
                let expression = format!("{} IN ({})", self.to.ident(&column.name), list.join(", "));
                (Type::Text, Some(Check { expression, ..Check::default() }))
            }
            Dialect::Mysql => (Type::Enum(ObjectName::default(), values), None),
            Dialect::Postgres => {
                let own = format!("{}_{}", table.name, column.name);
                let name = if name.name.is_empty() { self.to.name(&own) } else { self.name(name) };
                if !self.enums.iter().any(|known| known.name == name) {
                    self.enums.push(EnumType { name: name.clone(), values: values.clone(), ..EnumType::default() });
                }
                (Type::Enum(name, values), None)
            }
        }
    }

    /// The nearest type that the target has; text holds anything in the end.
    fn nearest(&self, logical: &Type) -> ColumnType {
        let candidates = match logical {
            Type::UInt(bytes) => vec![Type::Int(bytes * 2), Type::Decimal(Some((20, 0)))],
            Type::Int(3) => vec![Type::Int(4)],
            Type::Year => vec![Type::Int(2)],
            Type::Money => vec![Type::Decimal(Some((19, 2)))],
            Type::TimeTz(digits) => vec![Type::Time(*digits)],
            Type::Bit(Some(1), false) => vec![Type::Bool],
            Type::Array(_) => vec![Type::Json],
            Type::JsonText => vec![Type::Json],
            Type::Uuid => vec![Type::Char(36)],
            _ => Vec::new(),
        };
        let mut candidates = candidates.into_iter().chain([Type::Text]);
        let found = candidates.find_map(|candidate| self.to.physical(&candidate).ok());
        found.unwrap_or_else(|| ColumnType::new(Type::Text, "TEXT"))
    }
}
