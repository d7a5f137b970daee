//! The rules. Each stands in a file of its own, named after its code; this is their one registry.

pub mod any;
pub mod mysql;
pub mod postgres;
pub mod sqlite;

use relata_schema::Dialect;

use super::Rule;

/// Every dialect.
pub const EVERYWHERE: &[Dialect] = &[Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite];

/// A family of rules: their modules, and the list of them.
macro_rules! family {
    ($($name:ident)*) => {
        $(pub mod $name;)*
        /// The rules of this family, in alphabetical order.
        pub const RULES: &[&crate::lint::Rule] = &[$(&$name::RULE),*];
    };
}
pub(crate) use family;

const COUNT: usize = any::RULES.len() + mysql::RULES.len() + postgres::RULES.len() + sqlite::RULES.len();

const fn all() -> [&'static Rule; COUNT] {
    let families = [any::RULES, postgres::RULES, mysql::RULES, sqlite::RULES];
    let mut out = [any::RULES[0]; COUNT];
    let (mut family, mut at, mut next) = (0, 0, 0);
    while family < families.len() {
        if at == families[family].len() {
            (family, at) = (family + 1, 0);
            continue;
        }
        out[next] = families[family][at];
        (at, next) = (at + 1, next + 1);
    }
    out
}

/// Every rule: those of all databases first, then those of each.
pub static ALL: [&Rule; COUNT] = all();

/// What every rule's file uses.
mod vocabulary {
    pub use relata_schema::Dialect;
    pub use relata_schema::sql::{
        Action, Alter, ColumnChange, ColumnDefinition, Constraint, ConstraintKind, ExpressionForm, Extent, Generated,
        Name, Statement, StatementKind, TableAction, TypeName,
    };

    pub use super::EVERYWHERE;
    pub use crate::lint::{Context, Level, Report, Rule};

    pub const POSTGRES: &[Dialect] = &[Dialect::Postgres];
    pub const POSTGRES_AND_MYSQL: &[Dialect] = &[Dialect::Postgres, Dialect::Mysql];
    pub const MYSQL_AND_SQLITE: &[Dialect] = &[Dialect::Mysql, Dialect::Sqlite];
    pub const MYSQL: &[Dialect] = &[Dialect::Mysql];
    pub const SQLITE: &[Dialect] = &[Dialect::Sqlite];

    /// A rule; `source` is the file it stands in.
    pub const fn rule(
        code: &'static str,
        level: Level,
        dialects: &'static [Dialect],
        source: &'static str,
        check: fn(&Context<'_>, &mut Report),
    ) -> Rule {
        Rule { code, level, dialects, source, check }
    }

    /// A table in which a tool for migrations says in a row or a few where it stands.
    pub fn is_bookkeeping(table: &Name) -> bool {
        const TABLES: &[&str] = &[
            "alembic_version",
            "databasechangeloglock",
            "knex_migrations_lock",
            "migrations_lock",
            "schema_info",
            "schema_migrations",
            "schema_migrations_lock",
            "schema_version",
        ];
        TABLES.contains(&table.last().to_lowercase().as_str())
    }

    /// The columns that the statement adds to a table that was there before.
    pub fn added_columns<'c>(context: &Context<'c>) -> Vec<(&'c Alter, &'c TableAction, &'c ColumnDefinition)> {
        let Some((alter, actions)) = context.alters_existing() else { return Vec::new() };
        let column = |action: &'c TableAction| match &action.action {
            Action::AddColumn { column, .. } => Some((alter, action, column.as_ref())),
            _ => None,
        };
        actions.iter().filter_map(column).collect()
    }

    /// The constraints that the statement adds to a table that was there before.
    pub fn added_constraints<'c>(context: &Context<'c>) -> Vec<(&'c Alter, &'c Constraint)> {
        let Some((alter, actions)) = context.alters_existing() else { return Vec::new() };
        let constraint = |action: &'c TableAction| match &action.action {
            Action::AddConstraint(constraint) => Some((alter, constraint.as_ref())),
            _ => None,
        };
        actions.iter().filter_map(constraint).collect()
    }

    /// The columns that the statement defines, in new tables and old ones.
    pub fn defined_columns<'c>(context: &Context<'c>) -> Vec<&'c ColumnDefinition> {
        match &context.statement.kind {
            StatementKind::CreateTable(table) if !table.temporary => table.columns.iter().collect(),
            StatementKind::Alter(alter) => alter.actions.iter().filter_map(|action| defined(&action.action)).collect(),
            _ => Vec::new(),
        }
    }

    fn defined(action: &Action) -> Option<&ColumnDefinition> {
        match action {
            Action::AddColumn { column, .. } | Action::Redefine { column, .. } => Some(column),
            _ => None,
        }
    }

    /// The types that the statement gives to columns.
    pub fn given_types<'c>(context: &Context<'c>) -> Vec<&'c TypeName> {
        let mut types: Vec<_> = defined_columns(context).into_iter().filter_map(|column| column.ty.as_ref()).collect();
        if let StatementKind::Alter(alter) = &context.statement.kind {
            types.extend(alter.actions.iter().filter_map(|action| match &action.action {
                Action::AlterColumn { change: ColumnChange::Type { ty, .. }, .. } => Some(ty),
                _ => None,
            }));
        }
        types
    }

    /// How columns change in a table that was there before.
    pub fn changed_columns<'c>(context: &Context<'c>) -> Vec<(&'c Alter, &'c TableAction, &'c Name, &'c ColumnChange)> {
        let Some((alter, actions)) = context.alters_existing() else { return Vec::new() };
        let change = |action: &'c TableAction| match &action.action {
            Action::AlterColumn { column, change } => Some((alter, action, column, change)),
            _ => None,
        };
        actions.iter().filter_map(change).collect()
    }
}
