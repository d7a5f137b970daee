//! The one place where a declaration becomes a schema: names, types, defaults, keys and relations are decided and
//! checked here, with the same diagnostics in rustc, the command and editors.
//!
//! Conventions
//! - A table is the plural snake case of its entity, a column is its field.
//! - Constraints and indexes have the names PostgreSQL would give: `posts_pkey`, `posts_author_id_slug_key`,
//!   `posts_author_id_fkey`, `posts_slug_check`, `posts_slug_idx`, shortened to the dialect's limit with a digest.
//!   SQLite keeps no names for primary keys, unique constraints and foreign keys unless they are given.
//! - `soft_delete` adds `deleted_at`, `timestamps` adds `created_at` and `updated_at`, unless such a field exists.
//! - A rule becomes a CHECK where the database can say it; where it cannot, a note says that the application checks.
//! - MariaDB cannot index unlimited text: text in a key or index becomes `varchar` (of the length that `len` allows, or
//!   255).
//!
//! - On MariaDB a table that says nothing else has the character set utf8mb4 and the collation utf8mb4_unicode_ci, whatever
//!   the server's default is.
//! - A view is said by its fields only: it is not created, and stays as it is.
//!
//! Invariants: deterministic; every diagnostic is reported, never just the first; what has an error is left out of the
//! schema, everything else is in it. It deliberately parses no SQL: raw expressions are passed on as they are.

mod check;
mod column;
pub mod ground;
mod index;
mod names;
mod reference;
mod relation;
mod unsaid;

use std::collections::{BTreeMap, HashMap};

use crate::declare::{Declaration, Entity, Field, simple_name};
use crate::diagnostic::{Diagnostic, Span};
use crate::dialect::Dialect;
use crate::model::{Column, EnumType, Key, Namespace, ObjectKey, ObjectKind, ObjectName, Schema, Table, TableOptions};
use crate::naming;
use crate::types::{ColumnType, Type};

use names::Names;
pub use unsaid::{carry_over, sayable};

/// Lowers a declaration for one dialect. The schema holds what could be lowered; diagnostics say what could not.
pub fn lower(declaration: &Declaration, dialect: Dialect) -> (Schema, Vec<Diagnostic>) {
    // Of several with one name the first counts.
    let by_name = declaration.entities.iter().rev().map(|entity| (entity.name.as_str(), entity)).collect();
    let mut lowering = Lowering { declaration, by_name, dialect, diagnostics: Vec::new(), names: Names::new(dialect) };
    let mut schema = Schema::new(dialect);
    let entities = lowering.distinct_entities();
    lowering.enums(&mut schema);
    for entity in entities.iter().filter(|entity| !entity.view) {
        let table = lowering.table(entity);
        lowering.namespace(&mut schema, &table.name.namespace);
        schema.tables.push(table);
    }
    for entity in &entities {
        relation::check(&mut lowering, entity);
    }
    if dialect == Dialect::Postgres {
        lowering.namespace(&mut schema, dialect.default_namespace());
    }
    schema.canonicalize();
    (schema, lowering.diagnostics)
}

/// The name of an entity's table.
pub fn table_name(entity: &Entity, dialect: Dialect) -> ObjectName {
    match (&entity.namespace, dialect) {
        (Some(namespace), Dialect::Postgres) => ObjectName::new(namespace, entity.table_name()),
        _ => dialect.name(&entity.table_name()),
    }
}

/// What is known while one declaration is lowered.
struct Lowering<'d> {
    declaration: &'d Declaration,
    by_name: HashMap<&'d str, &'d Entity>,
    dialect: Dialect,
    diagnostics: Vec<Diagnostic>,
    names: Names,
}

impl<'d> Lowering<'d> {
    fn report(&mut self, diagnostic: Diagnostic, span: &Span, object: ObjectKey) {
        self.diagnostics.push(diagnostic.at(span.clone()).about(object));
    }

    /// The entity of that name; else it is reported.
    fn entity(&mut self, name: &str, span: &Span, object: ObjectKey) -> Option<&'d Entity> {
        let found = self.by_name.get(simple_name(name)).copied();
        if found.is_none() {
            let known = self.declaration.entities.iter().map(|entity| entity.name.as_str());
            let help = match naming::closest(simple_name(name), known) {
                Some(close) => format!("did you mean `{close}`?"),
                None => "derive `Entity` on it, and let it be among the sources".to_string(),
            };
            let message = format!("there is no entity `{name}`");
            self.report(Diagnostic::error("schema-unknown-entity", message).help(help), span, object);
        }
        found
    }

    /// The entities but those whose name or table an earlier one has: these are reported.
    fn distinct_entities(&mut self) -> Vec<&'d Entity> {
        let mut distinct = Vec::new();
        let (mut by_name, mut by_table) = (HashMap::new(), BTreeMap::new());
        for entity in &self.declaration.entities {
            let table = table_name(entity, self.dialect);
            let object = ObjectKey::of(ObjectKind::Table, &table);
            let (same_name, same_table) = (by_name.get(&entity.name).copied(), by_table.get(&table).copied());
            by_name.entry(&entity.name).or_insert(entity);
            by_table.entry(table.clone()).or_insert(entity);
            if let Some(other) = same_name {
                let message = format!("there are two entities `{}`", entity.name);
                let help = format!("rename one of them; the other is in {}:{}", other.span.file, other.span.line);
                self.report(Diagnostic::error("schema-duplicate-entity", message).help(help), &entity.span, object);
            } else if let Some(other) = same_table {
                let message = format!("`{}` and `{}` are both the table {table}", other.name, entity.name);
                let help = "give one of them another name: `#[entity(table = \"…\")]`";
                self.report(Diagnostic::error("schema-duplicate-table", message).help(help), &entity.span, object);
            } else {
                distinct.push(entity);
            }
        }
        distinct
    }

    fn enums(&mut self, schema: &mut Schema) {
        if self.dialect != Dialect::Postgres {
            return;
        }
        let declaration = self.declaration;
        for declared in &declaration.enums {
            let name = self.enum_name(declared);
            let object = ObjectKey::of(ObjectKind::Enum, &name);
            if let Some(problem) = self.names.check_length(&name.name) {
                self.report(problem, &declared.span, object.clone());
            }
            let table = declaration.entities.iter().any(|entity| table_name(entity, self.dialect) == name);
            if table || schema.enums.iter().any(|known| known.name == name) {
                let message = format!("the name {name} is taken, and `{}` needs it for its type", declared.name);
                let help = "give the enum another name: `#[stored(name = \"…\")]`";
                self.report(Diagnostic::error("schema-duplicate-type", message).help(help), &declared.span, object);
                continue;
            }
            self.namespace(schema, &name.namespace);
            let values = declared.values.iter().map(|(_, value)| value.clone()).collect();
            schema.enums.push(EnumType { name, values, ..EnumType::default() });
        }
    }

    fn enum_name(&self, declared: &crate::declare::EnumDeclaration) -> ObjectName {
        let namespace = declared.namespace.clone().unwrap_or_else(|| self.dialect.default_namespace().to_string());
        ObjectName::new(namespace, declared.type_name())
    }

    fn namespace(&mut self, schema: &mut Schema, name: &str) {
        if !name.is_empty() && !schema.namespaces.iter().any(|known| known.name == name) {
            schema.namespaces.push(Namespace { name: name.to_string(), ..Namespace::default() });
        }
    }

    fn table(&mut self, entity: &'d Entity) -> Table {
        let name = table_name(entity, self.dialect);
        let object = ObjectKey::of(ObjectKind::Table, &name);
        if let Some(problem) = self.names.check_length(&name.name) {
            self.report(problem, &entity.span, object.clone());
        }
        if entity.namespace.is_some() && self.dialect != Dialect::Postgres {
            let message = format!("{} has no schemas inside a database", self.dialect.title());
            let help = "the table gets its plain name; `schema = …` counts on PostgreSQL only";
            self.report(
                Diagnostic::new("schema-no-namespaces", crate::Severity::Note, message).help(help),
                &entity.span,
                object,
            );
        }
        let mut table = Table { name, options: self.options(entity), ..Table::default() };
        if self.dialect != Dialect::Sqlite {
            table.comment.clone_from(&entity.comment);
        }
        self.columns(entity, &mut table);
        self.primary_key(entity, &mut table);
        index::lower(self, entity, &mut table);
        reference::lower(self, entity, &mut table);
        check::lower(self, entity, &mut table);
        table
    }

    fn options(&self, entity: &Entity) -> TableOptions {
        let mut options = TableOptions::default();
        match self.dialect {
            Dialect::Sqlite => {
                options.strict = entity.strict;
                options.without_rowid = entity.without_rowid;
            }
            Dialect::Mysql | Dialect::Postgres => {
                for (key, value) in &entity.options {
                    self.option(&mut options, key, value);
                }
            }
        }
        if self.dialect == Dialect::Mysql && options.charset.is_none() && options.collation.is_none() {
            options.charset = Some("utf8mb4".into());
            options.collation = Some("utf8mb4_unicode_ci".into());
        }
        options
    }

    /// One option; those that belong to the other server are left out.
    fn option(&self, options: &mut TableOptions, key: &str, value: &str) {
        let value = value.to_string();
        match (key, self.dialect) {
            ("engine", Dialect::Mysql) => options.engine = Some(value),
            ("charset", Dialect::Mysql) => options.charset = Some(value),
            ("collation", Dialect::Mysql) => options.collation = Some(value),
            ("unlogged", Dialect::Postgres) => options.unlogged = true,
            ("tablespace", Dialect::Postgres) => options.tablespace = Some(value),
            ("access_method", Dialect::Postgres) => options.access_method = Some(value),
            ("replica_identity", Dialect::Postgres) => options.replica_identity = Some(value),
            (
                "engine" | "charset" | "collation" | "unlogged" | "tablespace" | "access_method" | "replica_identity",
                _,
            ) => {}
            _ => options.parameters.push((key.to_string(), value)),
        }
    }

    fn columns(&mut self, entity: &'d Entity, table: &mut Table) {
        for field in &entity.fields {
            let object = ObjectKey::member(ObjectKind::Column, &table.name, field.column_name());
            if let Some(problem) = self.names.check_length(field.column_name()) {
                self.report(problem, &field.span, object.clone());
            }
            if table.columns.iter().any(|column| same_name(self.dialect, &column.name, field.column_name())) {
                let message = format!("`{}` has two columns {}", entity.name, field.column_name());
                let help = "give one of them another name: `#[column(\"…\")]`";
                self.report(Diagnostic::error("schema-duplicate-column", message).help(help), &field.span, object);
                continue;
            }
            if let Some(column) = column::lower(self, entity, field, object) {
                table.columns.push(column);
            }
        }
        if entity.timestamps {
            self.instant(table, "created_at", true);
            self.instant(table, "updated_at", true);
        }
        if entity.soft_delete {
            self.instant(table, "deleted_at", false);
        }
    }

    /// A column that an option of the entity adds, unless it is declared.
    fn instant(&mut self, table: &mut Table, name: &str, now: bool) {
        if table.columns.iter().any(|column| same_name(self.dialect, &column.name, name)) {
            return;
        }
        let ty = Type::Timestamp(None);
        let ty = self.dialect.physical(&ty).unwrap_or_else(|_| ColumnType::new(ty, "TIMESTAMP"));
        let default = now.then(|| column::now(self.dialect, &ty));
        table.columns.push(Column { name: name.into(), ty: ty.into(), not_null: now, default, ..Column::default() });
    }

    fn primary_key(&mut self, entity: &Entity, table: &mut Table) {
        let columns: Vec<&str> = entity.key_fields().iter().map(|field| field.column_name()).collect();
        if columns.is_empty() {
            return;
        }
        let name = match (&entity.primary_key_name, self.dialect) {
            (_, Dialect::Mysql) => String::new(),
            (Some(name), _) => name.clone(),
            (None, Dialect::Sqlite) => String::new(),
            (None, Dialect::Postgres) => naming::fit(self.dialect, &format!("{}_pkey", table.name.name)),
        };
        if self.dialect != Dialect::Sqlite {
            self.claim(&name, table, &entity.span);
        }
        let mut key = Key::over(name, &columns);
        if self.dialect == Dialect::Mysql {
            for (field, length) in &entity.key_lengths {
                let column = entity.field(field).map(Field::column_name);
                let part = key.parts.iter_mut().find(|part| Some(part.column.as_str()) == column);
                if let Some(part) = part {
                    part.length = Some(*length);
                }
            }
        }
        table.primary_key = Some(key);
    }

    /// Takes a name that must be unique among relations; a second owner is reported.
    fn claim(&mut self, name: &str, table: &Table, span: &Span) {
        if let Some(problem) = self.names.claim(&table.name, name) {
            let object = ObjectKey::member(ObjectKind::Index, &table.name, name);
            self.report(problem, span, object);
        }
    }
}

/// Whether a database takes two column names for one.
fn same_name(dialect: Dialect, a: &str, b: &str) -> bool {
    a == b || dialect != Dialect::Postgres && a.to_lowercase() == b.to_lowercase()
}

/// The columns of fields; fields that do not exist were reported by the reader.
fn columns_of(entity: &Entity, fields: &[String]) -> Vec<String> {
    fields.iter().filter_map(|name| entity.field(name)).map(|field: &Field| field.column_name().to_string()).collect()
}
