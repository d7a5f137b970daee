//! What a person declared: entities, fields, relations and rules, before names, types and defaults are decided.
//!
//! Readers (Rust source through `relata-entity`, Prisma files) produce a [`Declaration`]; [`crate::lower`] is the one
//! place that turns it into a [`crate::Schema`]. Everything keeps its [`Span`], so that the same diagnostics appear in
//! rustc, the command and editors.

use crate::diagnostic::Span;
use crate::model::{Action, Deferral, Match, NullsOrder};
pub use crate::rule::condition::{Comparison, Condition, Operand};
use crate::types::Type;

/// All entities and enums of one application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declaration {
    /// Entities in source order.
    pub entities: Vec<Entity>,
    /// Enums that derive a database type.
    pub enums: Vec<EnumDeclaration>,
}

/// A struct that is a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entity {
    /// The Rust name.
    pub name: String,
    /// The table name, if given; else the plural snake case of `name`.
    pub table: Option<String>,
    /// The namespace, if given.
    pub namespace: Option<String>,
    /// Fields in source order.
    pub fields: Vec<Field>,
    /// Relations declared on the entity (`has_many`, `has_one`, `many_to_many`) and those of `references` fields.
    pub relations: Vec<Relation>,
    /// `#[unique(a, b)]`, `#[index(a, b)]` on the entity.
    pub indexes: Vec<IndexDeclaration>,
    /// `#[primary_key(a, b)]`, if the key is composite (a single key is the field with [`Field::id`]).
    pub primary_key: Vec<String>,
    /// Fields of the key of which only the beginning is in it, and its length in characters: `#[primary_key(a, b prefix(20))]`,
    /// `#[id(prefix(20))]` (MariaDB).
    pub key_lengths: Vec<(String, u32)>,
    /// Name of the primary-key constraint, if given.
    pub primary_key_name: Option<String>,
    /// `#[entity(no_key)]`: the table has no primary key, and that is meant.
    pub no_key: bool,
    /// `#[entity(view)]`: a view, which is read and never created from here.
    pub view: bool,
    /// `#[foreign_key(a, b => Other(c, d))]`: composite foreign keys.
    pub foreign_keys: Vec<ReferenceDeclaration>,
    /// `#[check("sql", name = "…")]`: raw checks.
    pub checks: Vec<CheckDeclaration>,
    /// `#[check(starts_at < ends_at)]`: rules over several fields.
    pub rules: Vec<EntityRule>,
    /// References to one of several entities.
    pub arcs: Vec<Arc>,
    /// `soft_delete`: adds `deleted_at`.
    pub soft_delete: bool,
    /// `timestamps`: adds `created_at` and `updated_at`.
    pub timestamps: bool,
    /// SQLite `STRICT`.
    pub strict: bool,
    /// SQLite `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// Further table options as key and value (`engine`, `charset`, …).
    pub options: Vec<(String, String)>,
    /// Former table name, so that a rename is a rename.
    pub renamed_from: Option<String>,
    /// Comment kept in the database.
    pub comment: Option<String>,
    /// Documentation comment.
    pub doc: Option<String>,
    /// Where.
    pub span: Span,
}

/// A field that is a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// The Rust name.
    pub name: String,
    /// The column name, if given; else `name` without `r#`.
    pub column: Option<String>,
    /// The Rust type as written, without `Option` and without spaces except after commas: `Id<Post, Uuid>`.
    pub rust_type: String,
    /// The portable type, if the Rust type tells; else the reader could not know it (an enum or custom scalar by name).
    pub ty: Option<Type>,
    /// `#[db_type(postgres = "citext")]`, `#[db_type("…")]` (dialect word empty): the physical type verbatim.
    pub db_types: Vec<(String, String)>,
    /// `Option<…>`.
    pub nullable: bool,
    /// `#[id]`.
    pub id: bool,
    /// The database gives the next number (integer `#[id]` unless `#[id(manual)]`, `#[default(next)]`).
    pub generated_id: bool,
    /// `#[id(always)]`, `#[default(next, always)]`: PostgreSQL `GENERATED ALWAYS AS IDENTITY`, SQLite `AUTOINCREMENT`.
    pub strict_id: bool,
    /// `#[default(…)]`.
    pub default: Option<DefaultValue>,
    /// `#[generated("sql")]` stored or virtual.
    pub generated: Option<(String, bool)>,
    /// `#[unique]`.
    pub unique: bool,
    /// `#[index]`.
    pub index: bool,
    /// `#[references(User, on_delete = cascade)]`.
    pub references: Option<ReferenceDeclaration>,
    /// `#[check(len(1..=120), pattern("…"))]`.
    pub rules: Vec<Rule>,
    /// `#[collation("…")]`.
    pub collation: Option<String>,
    /// `#[sortable]`: outside input may order by it.
    pub sortable: bool,
    /// Former column name.
    pub renamed_from: Option<String>,
    /// Comment kept in the database.
    pub comment: Option<String>,
    /// MariaDB `ON UPDATE` expression.
    pub on_update: Option<String>,
    /// Documentation comment.
    pub doc: Option<String>,
    /// Where.
    pub span: Span,
}

/// A declared default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefaultValue {
    /// A Rust literal, printed for each dialect: text, number as written, boolean.
    Text(String),
    /// A number as written.
    Number(String),
    /// A boolean.
    Bool(bool),
    /// The instant of insertion (`#[default(now)]`).
    Now,
    /// A random UUID (`#[default(uuid)]`).
    Uuid,
    /// SQL verbatim (`#[default(sql = "…")]`).
    Sql(String),
    /// A variant of a stored enum by its Rust name (`#[default(Mood::Happy)]`).
    Variant(String),
}

/// A validation rule on one field; it becomes the application's check and, where it can, the database's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Length in characters.
    Length {
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
    },
    /// Value, both ends inclusive, as written.
    Range {
        /// At least.
        min: Option<String>,
        /// At most.
        max: Option<String>,
    },
    /// Regular expression.
    Pattern(String),
    /// One of these.
    OneOf(Vec<String>),
    /// Looks like an address of electronic mail.
    Email,
    /// Looks like a URL.
    Url,
    /// SQL over the column.
    Sql(String),
    /// A function of the application, by its path; no database knows it.
    Custom(String),
    /// A JSON Schema, as text, that the column's JSON must keep.
    JsonSchema(String),
}

/// A rule over several fields of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRule {
    /// What must hold.
    pub kind: EntityRuleKind,
    /// The field that a problem is shown at, if one is named.
    pub field: Option<String>,
    /// What to say when it does not hold, if said.
    pub message: Option<String>,
    /// Name of the CHECK constraint, if given.
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

/// The kinds of rules over several fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityRuleKind {
    /// A condition that the application and the database check.
    Condition(Condition),
    /// A function of the application, by its path.
    Custom(String),
}

/// A reference to one of several entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arc {
    /// Its name, as used for the enum and its accessor.
    pub name: String,
    /// How it is kept.
    pub kind: ArcKind,
    /// Where.
    pub span: Span,
}

/// How a reference to one of several entities is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArcKind {
    /// `#[exclusive(subject: post_id, photo_id)]`: a foreign key for each, of which exactly one is set.
    Exclusive(Vec<String>),
    /// `#[polymorphic(subject: subject_type, subject_id, Post, Photo = "photo")]`: a column that says which entity, and one
    /// with its key; for databases that are so.
    Typed {
        /// The field that says which entity.
        type_field: String,
        /// The field with its key.
        id_field: String,
        /// The entities as written, and what the first field says for each.
        entities: Vec<(String, String)>,
    },
}

impl Arc {
    /// That exactly one of the references is set, where each has its own.
    pub fn rule(&self) -> Option<EntityRule> {
        let ArcKind::Exclusive(fields) = &self.kind else { return None };
        let only = |set: &String| {
            Condition::All(fields.iter().map(|field| Condition::IsNull(field.clone(), field != set)).collect())
        };
        Some(EntityRule {
            kind: EntityRuleKind::Condition(Condition::Any(fields.iter().map(only).collect())),
            field: None,
            message: Some(format!("exactly one of {} must be set", fields.join(", "))),
            name: None,
            span: self.span.clone(),
        })
    }
}

/// A reference to another entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceDeclaration {
    /// Fields here (empty on a field attribute: that field).
    pub fields: Vec<String>,
    /// The entity referred to, as written: a name, or a path whose last segment is the name ([`simple_name`]).
    pub entity: String,
    /// Fields there; empty: its key.
    pub referenced_fields: Vec<String>,
    /// On delete.
    pub on_delete: Action,
    /// On update.
    pub on_update: Action,
    /// Deferral.
    pub deferral: Deferral,
    /// `match = full`.
    pub matching: Match,
    /// Constraint name, if given.
    pub name: Option<String>,
    /// Where.
    pub span: Span,
}

/// A declared index or unique constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexDeclaration {
    /// Name, if given.
    pub name: Option<String>,
    /// Unique.
    pub unique: bool,
    /// A constraint (`#[unique(a, b)]`), else an index (`#[index(a, b, unique)]`).
    pub constraint: bool,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// When a unique constraint is checked.
    pub deferral: Deferral,
    /// Fields or, quoted, SQL expressions; with direction.
    pub parts: Vec<IndexPartDeclaration>,
    /// Method.
    pub method: Option<String>,
    /// Included fields.
    pub include: Vec<String>,
    /// Predicate.
    pub predicate: Option<String>,
    /// Where.
    pub span: Span,
}

/// One part of a declared index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexPartDeclaration {
    /// The field, or empty.
    pub field: String,
    /// SQL instead of a field.
    pub expression: Option<String>,
    /// Descending.
    pub descending: bool,
    /// Where NULLs sort, if given.
    pub nulls: NullsOrder,
    /// Operator class, if given.
    pub operator_class: Option<String>,
    /// Collation, if given.
    pub collation: Option<String>,
    /// Prefix length in characters (MariaDB).
    pub length: Option<u32>,
}

/// A declared raw check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckDeclaration {
    /// Name, if given.
    pub name: Option<String>,
    /// SQL.
    pub expression: String,
    /// Where.
    pub span: Span,
}

/// A relation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relation {
    /// Its name, as used in queries.
    pub name: String,
    /// The other entity, as written ([`simple_name`]).
    pub entity: String,
    /// Which kind.
    pub kind: RelationKind,
    /// Only where a field (there, or of `BelongsTo` here) has this value.
    pub only: Option<(String, String)>,
    /// Where.
    pub span: Span,
}

/// The kinds of relations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelationKind {
    /// A field here refers to the other: `field`, and whether it may be NULL.
    BelongsTo {
        /// The field here; of a foreign key of several, all of them with commas between (see [`field_names`]).
        field: String,
        /// The field may be NULL.
        nullable: bool,
    },
    /// A field there refers here; at most one.
    HasOne {
        /// The field there, or several with commas between.
        field: String,
    },
    /// A field there refers here.
    HasMany {
        /// The field there, or several with commas between.
        field: String,
    },
    /// Through a junction entity.
    ManyToMany {
        /// The junction entity.
        via: String,
        /// The junction's field that refers here, if it cannot be found by its type.
        near: Option<String>,
        /// The junction's field that refers there.
        far: Option<String>,
    },
}

/// The fields that a relation names: one, or several with commas between.
pub fn field_names(fields: &str) -> Vec<&str> {
    fields.split(',').map(str::trim).collect()
}

impl Default for RelationKind {
    fn default() -> Self {
        RelationKind::HasMany { field: String::new() }
    }
}

/// A Rust enum that is stored: a named enum type on PostgreSQL, inline on MariaDB, text with a check on SQLite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnumDeclaration {
    /// The Rust name.
    pub name: String,
    /// The database name, if given; else snake case.
    pub database_name: Option<String>,
    /// The namespace, if given.
    pub namespace: Option<String>,
    /// Variants: Rust name and stored value.
    pub values: Vec<(String, String)>,
    /// The name that the type had before (`#[renamed_from("…")]` on the enum): only PostgreSQL has types.
    pub renamed_from: Option<String>,
    /// Values that were stored otherwise before: the old value and the new (`#[renamed_from("…")]` on a variant).
    pub renamed: Vec<(String, String)>,
    /// Documentation comment.
    pub doc: Option<String>,
    /// Where.
    pub span: Span,
}

/// The name that a path ends with: `User` for `crate::users::User`.
pub fn simple_name(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// The type of the elements of `Vec<T>`, and whether they may be NULL.
///
/// ```
/// use relata_schema::declare::element;
/// assert_eq!(element("Vec<Option<Mood>>"), Some(("Mood", true)));
/// assert_eq!(element("Vec<Mood>"), Some(("Mood", false)));
/// assert_eq!(element("Mood"), None);
/// ```
pub fn element(rust_type: &str) -> Option<(&str, bool)> {
    let element = rust_type.strip_prefix("Vec<")?.strip_suffix('>')?;
    let inner = element.strip_prefix("Option<").and_then(|rest| rest.strip_suffix('>'));
    Some(inner.map_or((element, false), |inner| (inner, true)))
}

impl Declaration {
    /// The entity of that Rust name or path.
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        let name = simple_name(name);
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// The stored enum of that Rust name or path.
    pub fn stored_enum(&self, name: &str) -> Option<&EnumDeclaration> {
        let name = simple_name(name);
        self.enums.iter().find(|declared| declared.name == name)
    }
}

impl Entity {
    /// The field of that Rust name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The fields of the primary key in key order; empty: the table has none.
    pub fn key_fields(&self) -> Vec<&Field> {
        if self.primary_key.is_empty() {
            self.fields.iter().filter(|field| field.id).collect()
        } else {
            self.primary_key.iter().filter_map(|name| self.field(name)).collect()
        }
    }

    /// The rules over several fields, with those that references to one of several entities bring.
    pub fn all_rules(&self) -> impl Iterator<Item = EntityRule> {
        self.rules.iter().cloned().chain(self.arcs.iter().filter_map(Arc::rule))
    }

    /// The table name: as given, else by convention.
    pub fn table_name(&self) -> String {
        self.table.clone().unwrap_or_else(|| crate::naming::table(&self.name))
    }
}

impl Field {
    /// The column name: as given, else the name of the field.
    pub fn column_name(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.name)
    }
}

impl EnumDeclaration {
    /// The name of the type in the database: as given, else by convention.
    pub fn type_name(&self) -> String {
        self.database_name.clone().unwrap_or_else(|| crate::naming::snake(&self.name))
    }
}
