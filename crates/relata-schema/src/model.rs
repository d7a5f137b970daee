//! The model of a schema: what one database server says about one database, as plain data.
//!
//! Invariants
//! - Names, no pointers: everything refers to everything else by [`ObjectName`] or column name.
//! - [`Schema::canonicalize`] sorts every unordered collection; two equal databases give `==` schemas.
//! - Expressions and bodies (defaults, checks, predicates, views, routines) are SQL text of the schema's dialect, in
//!   the spelling the server reports. Nothing here parses SQL.
//! - What the model has no shape for is kept in [`Schema::others`], verbatim, never dropped.
//!
//! It deliberately knows nothing of Rust entities (see [`crate::declare`]) nor of changes (see [`crate::change`]).

mod canonical;

use std::sync::Arc;

use crate::dialect::Dialect;
use crate::tree::{choice, record};
use crate::types::ColumnType;

record! {
    /// A name inside a namespace. SQLite and MariaDB have no namespaces inside a database: there it is empty.
    #[derive(PartialOrd, Ord)]
    pub struct ObjectName {
        /// The namespace (PostgreSQL schema), always explicit on PostgreSQL.
        pub namespace: String,
        /// The name, unquoted.
        pub name: String,
    }

    /// Everything in one database.
    pub struct Schema {
        /// The dialect that all texts in this schema are written in.
        pub dialect: Dialect,
        /// The texts are MySQL's rather than MariaDB's, which share a dialect.
        pub mysql: bool,
        /// Namespaces (PostgreSQL schemas), without the system's.
        pub namespaces: Vec<Namespace>,
        /// Installed extensions.
        pub extensions: Vec<Extension>,
        /// Named enum types.
        pub enums: Vec<EnumType>,
        /// Domains.
        pub domains: Vec<Domain>,
        /// Composite types.
        pub composites: Vec<CompositeType>,
        /// Range types, each with its multirange.
        pub ranges: Vec<RangeType>,
        /// Sequences, also those owned by a column (but not those of identity columns).
        pub sequences: Vec<Sequence>,
        /// Tables with all that belongs to them.
        pub tables: Vec<Table>,
        /// Views and materialized views.
        pub views: Vec<View>,
        /// Functions and procedures.
        pub routines: Vec<Routine>,
        /// Foreign servers (PostgreSQL).
        pub servers: Vec<ForeignServer>,
        /// Privileges that objects get when they are created (PostgreSQL).
        pub default_privileges: Vec<DefaultPrivileges>,
        /// Objects the model has no shape for, kept verbatim.
        pub others: Vec<Opaque>,
    }

    /// A namespace.
    pub struct Namespace {
        /// Its name.
        pub name: String,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges granted on it.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// An installed extension.
    pub struct Extension {
        /// Its name.
        pub name: String,
        /// The namespace it is installed into.
        pub namespace: String,
        /// Version, as the server reports it.
        pub version: String,
        /// Comment, if it is not the extension's own.
        pub comment: Option<String>,
    }

    /// A named enum type.
    pub struct EnumType {
        /// Its name.
        pub name: ObjectName,
        /// Its values in their order.
        pub values: Vec<String>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// A domain: a type with constraints.
    pub struct Domain {
        /// Its name.
        pub name: ObjectName,
        /// The type below.
        pub base: ColumnType,
        /// `NOT NULL`.
        pub not_null: bool,
        /// Default expression.
        pub default: Option<String>,
        /// Collation if not the default of the type.
        pub collation: Option<String>,
        /// Its checks.
        pub checks: Vec<Check>,
        /// Comment.
        pub comment: Option<String>,
        /// What its default and checks use, from the catalogue.
        pub depends_on: Vec<ObjectKey>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// A composite type.
    pub struct CompositeType {
        /// Its name.
        pub name: ObjectName,
        /// Attributes in order.
        pub attributes: Vec<Attribute>,
        /// What its attributes are of, from the catalogue.
        pub depends_on: Vec<ObjectKey>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// An attribute of a composite type.
    pub struct Attribute {
        /// Its name.
        pub name: String,
        /// Its type.
        pub ty: ColumnType,
        /// Collation, if not the default of the type.
        pub collation: Option<String>,
        /// Comment.
        pub comment: Option<String>,
    }

    /// A range type.
    pub struct RangeType {
        /// Its name.
        pub name: ObjectName,
        /// The type of its bounds.
        pub subtype: ColumnType,
        /// Operator class that orders the bounds, if not the default of the type.
        pub operator_class: Option<String>,
        /// Collation, if not the default of the type.
        pub collation: Option<String>,
        /// The function that brings a range to its canonical form.
        pub canonical: Option<String>,
        /// The function that measures the distance of two bounds.
        pub subtype_diff: Option<String>,
        /// The name of its multirange type; empty where the server has none (PostgreSQL 13).
        pub multirange: String,
        /// What its functions, operator class and collation are, from the catalogue.
        pub depends_on: Vec<ObjectKey>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// A sequence.
    pub struct Sequence {
        /// Its name.
        pub name: ObjectName,
        /// Its type as written (`bigint`); empty where the database has none.
        pub data_type: String,
        /// The parameters.
        pub parameters: SequenceParameters,
        /// The column that owns it: dropped together.
        pub owned_by: Option<(ObjectName, String)>,
        /// `UNLOGGED`.
        pub unlogged: bool,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it. That of a column's sequence is the table's.
        pub owner: Option<String>,
    }

    /// The numbers of a sequence; `None` is the default for its type and direction.
    pub struct SequenceParameters {
        /// First value.
        pub start: Option<i64>,
        /// Step.
        pub increment: Option<i64>,
        /// Smallest value.
        pub min: Option<i64>,
        /// Largest value.
        pub max: Option<i64>,
        /// Values kept per session.
        pub cache: Option<i64>,
        /// Starts over at the end.
        pub cycle: bool,
    }

    /// A table.
    pub struct Table {
        /// Its name.
        pub name: ObjectName,
        /// Columns in their order.
        pub columns: Vec<Column>,
        /// Primary key.
        pub primary_key: Option<Key>,
        /// Unique constraints (an index without constraint is in `indexes`).
        pub uniques: Vec<Key>,
        /// Foreign keys.
        pub foreign_keys: Vec<ForeignKey>,
        /// Checks.
        pub checks: Vec<Check>,
        /// Exclusion constraints.
        pub exclusions: Vec<Exclusion>,
        /// Indexes that no constraint owns.
        pub indexes: Vec<Index>,
        /// Triggers.
        pub triggers: Vec<Trigger>,
        /// Row-security policies.
        pub policies: Vec<Policy>,
        /// `ENABLE ROW LEVEL SECURITY`.
        pub row_security: bool,
        /// `FORCE ROW LEVEL SECURITY`.
        pub force_row_security: bool,
        /// How it is partitioned, if it is.
        pub partitioning: Option<Partitioning>,
        /// Whose partition it is.
        pub partition_of: Option<PartitionOf>,
        /// Tables it inherits from (PostgreSQL, not partitions).
        pub inherits: Vec<ObjectName>,
        /// The composite type it is a table `OF` (PostgreSQL).
        pub of_type: Option<ObjectName>,
        /// Where its rows are, if it is a foreign table (PostgreSQL).
        pub foreign: Option<ForeignTable>,
        /// Options.
        pub options: TableOptions,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges beyond the owner's.
        pub grants: Vec<Grant>,
        /// What its columns, defaults and checks use, from the catalogue: it has to be there before the table.
        pub depends_on: Vec<ObjectKey>,
        /// What each of its members (columns, checks, indexes, triggers, policies, …) uses, from the catalogue.
        pub uses: Vec<MemberUse>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// What one member of a table uses.
    #[derive(PartialOrd, Ord)]
    pub struct MemberUse {
        /// The member.
        pub member: ObjectKey,
        /// What it uses: columns of this or another table, routines, types, ….
        pub uses: Vec<ObjectKey>,
    }

    /// Where the rows of a foreign table are.
    pub struct ForeignTable {
        /// The server.
        pub server: String,
        /// Options for its wrapper. Those of columns are parameters of the column: `option NAME`.
        pub options: Vec<(String, String)>,
    }

    /// A foreign server.
    pub struct ForeignServer {
        /// Its name.
        pub name: String,
        /// The foreign-data wrapper.
        pub wrapper: String,
        /// `TYPE`.
        pub ty: Option<String>,
        /// `VERSION`.
        pub version: Option<String>,
        /// Options for the wrapper.
        pub options: Vec<(String, String)>,
        /// What it uses: a wrapper that is no extension's.
        pub depends_on: Vec<ObjectKey>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// Privileges that objects of one kind get when a role creates them.
    pub struct DefaultPrivileges {
        /// The role that creates; empty: whoever owns the database or reads it.
        pub role: String,
        /// Only in this namespace; empty: in all.
        pub namespace: String,
        /// `TABLES`, `SEQUENCES`, `FUNCTIONS`, `TYPES`, `SCHEMAS`.
        pub objects: String,
        /// The privileges beyond the default, and those of the default that are revoked.
        pub grants: Vec<Grant>,
    }

    /// Options of a table; each belongs to the databases named.
    pub struct TableOptions {
        /// SQLite `STRICT`.
        pub strict: bool,
        /// SQLite `WITHOUT ROWID`.
        pub without_rowid: bool,
        /// SQLite virtual table: everything after `USING`.
        pub virtual_using: Option<String>,
        /// MariaDB engine.
        pub engine: Option<String>,
        /// MariaDB character set.
        pub charset: Option<String>,
        /// MariaDB collation.
        pub collation: Option<String>,
        /// PostgreSQL `UNLOGGED`.
        pub unlogged: bool,
        /// PostgreSQL tablespace.
        pub tablespace: Option<String>,
        /// PostgreSQL access method if not `heap`.
        pub access_method: Option<String>,
        /// PostgreSQL replica identity if not the default: `FULL`, `NOTHING`, `USING INDEX name`.
        pub replica_identity: Option<String>,
        /// The index that the table was last clustered on (PostgreSQL).
        pub cluster_on: Option<String>,
        /// Everything else as key and value: storage parameters, `row_format`, `system versioning`, ….
        pub parameters: Vec<(String, String)>,
    }

    /// A column.
    pub struct Column {
        /// Its name.
        pub name: String,
        /// Its type; columns of one type may share it, for a large schema has few types.
        pub ty: Arc<ColumnType>,
        /// `NOT NULL`.
        pub not_null: bool,
        /// Default expression.
        pub default: Option<String>,
        /// `GENERATED ALWAYS AS (…)`.
        pub generated: Option<Box<Generated>>,
        /// `GENERATED … AS IDENTITY` (PostgreSQL).
        pub identity: Option<Box<Identity>>,
        /// `AUTO_INCREMENT` (MariaDB), `AUTOINCREMENT` (SQLite).
        pub auto_increment: bool,
        /// `ON UPDATE` expression (MariaDB).
        pub on_update: Option<String>,
        /// Character set, if not the table's (MariaDB).
        pub charset: Option<String>,
        /// Collation, if not the default.
        pub collation: Option<String>,
        /// Invisible (MariaDB), hidden.
        pub invisible: bool,
        /// Comes from a parent table or the partitioned table and is not declared here (PostgreSQL).
        pub inherited: bool,
        /// Everything else as key and value: `storage`, `compression`, `statistics`, `on conflict`, `srid`, ….
        pub parameters: Vec<(String, String)>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges on the column.
        pub grants: Vec<Grant>,
    }

    /// A generated column.
    pub struct Generated {
        /// The expression.
        pub expression: String,
        /// Stored, else computed when read.
        pub stored: bool,
    }

    /// An identity column.
    pub struct Identity {
        /// `ALWAYS`, else `BY DEFAULT`.
        pub always: bool,
        /// The name of its sequence, if it is not the one the server makes of table and column.
        pub sequence: Option<ObjectName>,
        /// The parameters of its sequence.
        pub parameters: SequenceParameters,
        /// Comment of its sequence.
        pub comment: Option<String>,
        /// Privileges on its sequence.
        pub grants: Vec<Grant>,
    }

    /// A primary key or unique constraint.
    pub struct Key {
        /// Constraint name; empty where the database gives none (SQLite without `CONSTRAINT`, MariaDB's `PRIMARY`).
        pub name: String,
        /// Its columns.
        pub parts: Vec<IndexPart>,
        /// `INCLUDE` columns.
        pub include: Vec<String>,
        /// `NULLS NOT DISTINCT`.
        pub nulls_not_distinct: bool,
        /// When it is checked.
        pub deferral: Deferral,
        /// Index method if the database lets one choose (`BTREE`, `HASH`).
        pub method: Option<String>,
        /// The partitioned index or key it is attached to (PostgreSQL).
        pub partition_of: Option<ObjectName>,
        /// Only on the partitioned table itself: some partition lacks it (PostgreSQL).
        pub only: bool,
        /// Storage parameters, tablespace, SQLite `on conflict`.
        pub parameters: Vec<(String, String)>,
        /// Comment.
        pub comment: Option<String>,
        /// Comment of the index behind it (PostgreSQL).
        pub index_comment: Option<String>,
    }

    /// An index.
    pub struct Index {
        /// Its name, in the namespace of its table.
        pub name: String,
        /// `UNIQUE`.
        pub unique: bool,
        /// Method, lower case (`btree`, `gin`, `fulltext`, `spatial`); `None` is the default.
        pub method: Option<String>,
        /// Its parts.
        pub parts: Vec<IndexPart>,
        /// `INCLUDE` columns.
        pub include: Vec<String>,
        /// `WHERE` predicate.
        pub predicate: Option<String>,
        /// `NULLS NOT DISTINCT`.
        pub nulls_not_distinct: bool,
        /// Not valid: a concurrent build failed.
        pub invalid: bool,
        /// Invisible to the planner (MariaDB `IGNORED`, MySQL `INVISIBLE`).
        pub invisible: bool,
        /// The partitioned index it is attached to.
        pub partition_of: Option<ObjectName>,
        /// Only on the partitioned table itself (`ON ONLY`): some partition lacks it.
        pub only: bool,
        /// Storage parameters, tablespace, parser.
        pub parameters: Vec<(String, String)>,
        /// Comment.
        pub comment: Option<String>,
    }

    /// One part of an index or key: a column or an expression.
    pub struct IndexPart {
        /// The column; empty if it is an expression.
        pub column: String,
        /// The expression, without outer parentheses.
        pub expression: Option<String>,
        /// `DESC`.
        pub descending: bool,
        /// `NULLS FIRST` or `LAST`, if not the default for the direction.
        pub nulls: NullsOrder,
        /// Operator class with its parameters, if not the default.
        pub operator_class: Option<String>,
        /// Collation, if not the column's.
        pub collation: Option<String>,
        /// Prefix length in characters (MariaDB).
        pub length: Option<u32>,
    }

    /// A foreign key.
    pub struct ForeignKey {
        /// Constraint name; empty where the database keeps none.
        pub name: String,
        /// Columns here.
        pub columns: Vec<String>,
        /// The table referred to.
        pub references: ObjectName,
        /// Columns there; empty: its primary key (SQLite).
        pub referenced_columns: Vec<String>,
        /// SQLite: the columns there are not written, for they are its primary key.
        pub columns_unsaid: bool,
        /// SQLite: the table and the columns there in the letters of the reference, where it writes them in others.
        pub written: Vec<String>,
        /// What happens when the other row goes.
        pub on_delete: Action,
        /// What happens when the other key changes.
        pub on_update: Action,
        /// The columns that `SET NULL`/`SET DEFAULT` on delete touches, if not all.
        pub set_columns: Vec<String>,
        /// `MATCH`.
        pub matching: Match,
        /// When it is checked.
        pub deferral: Deferral,
        /// `NOT VALID`: existing rows were not checked.
        pub not_valid: bool,
        /// `NOT ENFORCED`: no row is checked (PostgreSQL 18, MySQL).
        pub not_enforced: bool,
        /// `PERIOD`: the last column is a range that ranges there have to cover (PostgreSQL 18).
        pub period: bool,
        /// Inherited from the partitioned table: it cannot be dropped here.
        pub inherited: bool,
        /// Comment.
        pub comment: Option<String>,
    }

    /// A check.
    pub struct Check {
        /// Constraint name; empty where the database keeps none.
        pub name: String,
        /// The expression, without outer parentheses.
        pub expression: String,
        /// `NO INHERIT`.
        pub no_inherit: bool,
        /// `NOT VALID`: existing rows were not checked.
        pub not_valid: bool,
        /// `NOT ENFORCED`: no row is checked (PostgreSQL 18, MySQL).
        pub not_enforced: bool,
        /// Inherited from a parent table: it cannot be dropped here.
        pub inherited: bool,
        /// The column it is written on (MariaDB column check); empty: a table check.
        pub column: String,
        /// Comment.
        pub comment: Option<String>,
    }

    /// An exclusion constraint.
    pub struct Exclusion {
        /// Constraint name.
        pub name: String,
        /// Index method.
        pub method: String,
        /// Parts and the operator of each.
        pub elements: Vec<(IndexPart, String)>,
        /// Columns stored in the index without being part of the constraint.
        pub include: Vec<String>,
        /// `WHERE` predicate.
        pub predicate: Option<String>,
        /// When it is checked.
        pub deferral: Deferral,
        /// Storage parameters, tablespace.
        pub parameters: Vec<(String, String)>,
        /// Comment.
        pub comment: Option<String>,
        /// Comment of the index behind it.
        pub index_comment: Option<String>,
    }

    /// A trigger.
    pub struct Trigger {
        /// Its name.
        pub name: String,
        /// The whole statement that creates it, in the server's spelling.
        pub definition: String,
        /// PostgreSQL: `O` enabled (written as empty), `D` disabled, `R` replica, `A` always.
        pub enabled: String,
        /// A constraint trigger (PostgreSQL).
        pub constraint: bool,
        /// Inherited from the partitioned table: it cannot be dropped here.
        pub inherited: bool,
        /// The function it calls (PostgreSQL).
        pub function: Option<ObjectName>,
        /// Comment.
        pub comment: Option<String>,
    }

    /// A row-security policy.
    pub struct Policy {
        /// Its name.
        pub name: String,
        /// `RESTRICTIVE`, else `PERMISSIVE`.
        pub restrictive: bool,
        /// The command: `ALL` (written as empty), `SELECT`, `INSERT`, `UPDATE`, `DELETE`.
        pub command: String,
        /// Roles; empty: `PUBLIC`.
        pub roles: Vec<String>,
        /// `USING` expression.
        pub using: Option<String>,
        /// `WITH CHECK` expression.
        pub check: Option<String>,
        /// Comment.
        pub comment: Option<String>,
    }

    /// How a table is partitioned.
    pub struct Partitioning {
        /// `RANGE`, `LIST`, `HASH`, `KEY`, with the key as the server writes it: `RANGE (created_at)`.
        pub key: String,
        /// The columns in the key, also those in expressions (PostgreSQL).
        pub columns: Vec<String>,
        /// MariaDB: the definitions of the partitions, verbatim, in order (PostgreSQL: tables with `partition_of`).
        pub partitions: Vec<String>,
    }

    /// A partition of another table.
    pub struct PartitionOf {
        /// The partitioned table.
        pub parent: ObjectName,
        /// The bound as the server writes it: `FOR VALUES FROM (…) TO (…)`, `DEFAULT`.
        pub bound: String,
    }

    /// A view or materialized view.
    pub struct View {
        /// Its name.
        pub name: ObjectName,
        /// Materialized.
        pub materialized: bool,
        /// The query, without `CREATE VIEW … AS` and without final semicolon. SQLite: the whole statement.
        pub query: String,
        /// Its columns, as the server reports them.
        pub columns: Vec<(String, ColumnType)>,
        /// `WITH (…)` options (PostgreSQL), `algorithm`, `security`, `definer` (MariaDB).
        pub parameters: Vec<(String, String)>,
        /// `LOCAL` or `CASCADED` check option.
        pub check_option: Option<String>,
        /// Materialized view created `WITH NO DATA`.
        pub no_data: bool,
        /// Indexes of a materialized view.
        pub indexes: Vec<Index>,
        /// Triggers (`INSTEAD OF`).
        pub triggers: Vec<Trigger>,
        /// What it reads, from the catalogue.
        pub depends_on: Vec<ObjectKey>,
        /// Comment.
        pub comment: Option<String>,
        /// Comments of its columns.
        pub column_comments: Vec<(String, String)>,
        /// What else is set on columns of it.
        pub column_details: Vec<ViewColumn>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// What can be set on a column of a view.
    pub struct ViewColumn {
        /// The column.
        pub name: String,
        /// Default expression for rows that are inserted through the view.
        pub default: Option<String>,
        /// As [`Column::parameters`] (materialized views).
        pub parameters: Vec<(String, String)>,
        /// Privileges on the column.
        pub grants: Vec<Grant>,
    }

    /// A function or procedure.
    pub struct Routine {
        /// Its name.
        pub name: ObjectName,
        /// Identity arguments as written in `DROP FUNCTION name(…)`; empty where names are unique.
        pub arguments: String,
        /// What it is.
        pub kind: RoutineKind,
        /// The result type, as written.
        pub result: Option<String>,
        /// The language.
        pub language: String,
        /// The whole statement that creates it (`CREATE OR REPLACE …` on PostgreSQL).
        pub definition: String,
        /// What it uses, as far as the catalogue knows.
        pub depends_on: Vec<ObjectKey>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges beyond the default.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// An object the model has no shape for: carried verbatim.
    pub struct Opaque {
        /// What it is, as in `DROP <kind> name`: `AGGREGATE`, `OPERATOR`, `EVENT`, ….
        pub kind: String,
        /// Its name.
        pub name: ObjectName,
        /// What tells it from others of the same name (argument types of an operator, …).
        pub signature: String,
        /// The statement that creates it; empty: it cannot be recreated, only reported.
        pub definition: String,
        /// The statements after it that make it what it is: `ALTER EVENT TRIGGER … DISABLE`, ….
        pub settings: Vec<String>,
        /// What it uses.
        pub depends_on: Vec<ObjectKey>,
        /// Comment.
        pub comment: Option<String>,
        /// Privileges.
        pub grants: Vec<Grant>,
        /// Its owner, if that is not whoever owns the database or reads it.
        pub owner: Option<String>,
    }

    /// Privileges that one role was granted on one object.
    #[derive(PartialOrd, Ord)]
    pub struct Grant {
        /// Who has it; `PUBLIC` for everyone.
        pub grantee: String,
        /// The privilege: `SELECT`, `USAGE`, …. `NO EXECUTE`: a privilege of the default (here everyone's `EXECUTE` of a
        /// function) was revoked.
        pub privilege: String,
        /// `WITH GRANT OPTION`.
        pub grantable: bool,
    }

    /// When a constraint is checked.
    pub struct Deferral {
        /// `DEFERRABLE`.
        pub deferrable: bool,
        /// `INITIALLY DEFERRED`.
        pub initially_deferred: bool,
    }

    /// What identifies an object in messages, in the lock and in dependencies.
    #[derive(PartialOrd, Ord)]
    pub struct ObjectKey {
        /// What it is.
        pub kind: ObjectKind,
        /// The object, or the table or view it belongs to.
        pub name: ObjectName,
        /// Column, constraint, index, trigger or policy name; arguments of a routine; else empty.
        pub member: String,
    }
}

choice! {
    /// What happens to a row whose referenced row goes or changes.
    pub enum Action {
        /// Refused at the end of the statement.
        NoAction = "NO ACTION",
        /// Refused at once.
        Restrict = "RESTRICT",
        /// Goes or changes too.
        Cascade = "CASCADE",
        /// The columns become NULL.
        SetNull = "SET NULL",
        /// The columns become their default.
        SetDefault = "SET DEFAULT",
    }

    /// How a composite foreign key treats NULLs.
    pub enum Match {
        /// One NULL is enough to skip the check.
        Simple = "SIMPLE",
        /// All or none are NULL.
        Full = "FULL",
        /// Partial (SQLite and MariaDB parse it only).
        Partial = "PARTIAL",
    }

    /// Where NULLs sort.
    pub enum NullsOrder {
        /// As the database does for this direction.
        Default = "default",
        /// First.
        First = "first",
        /// Last.
        Last = "last",
    }

    /// Function or procedure.
    pub enum RoutineKind {
        /// A function.
        Function = "FUNCTION",
        /// A procedure.
        Procedure = "PROCEDURE",
        /// An aggregate.
        Aggregate = "AGGREGATE",
    }

    /// The kinds of objects, in the order in which they can be created.
    pub enum ObjectKind {
        /// A namespace.
        Namespace = "namespace",
        /// An extension.
        Extension = "extension",
        /// An enum type.
        Enum = "enum",
        /// A domain.
        Domain = "domain",
        /// A composite type.
        Composite = "composite",
        /// A range type.
        Range = "range",
        /// A sequence.
        Sequence = "sequence",
        /// A function or procedure.
        Routine = "routine",
        /// A table.
        Table = "table",
        /// A column of a table or view.
        Column = "column",
        /// A primary key.
        PrimaryKey = "primary_key",
        /// A unique constraint.
        Unique = "unique",
        /// A check.
        Check = "check",
        /// An exclusion constraint.
        Exclusion = "exclusion",
        /// An index.
        Index = "index",
        /// A foreign key.
        ForeignKey = "foreign_key",
        /// A view or materialized view.
        View = "view",
        /// A trigger.
        Trigger = "trigger",
        /// A policy.
        Policy = "policy",
        /// A foreign server.
        Server = "server",
        /// Default privileges.
        DefaultPrivileges = "default_privileges",
        /// Anything else.
        Other = "other",
    }
}

impl ObjectName {
    /// A name in a namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        ObjectName { namespace: namespace.into(), name: name.into() }
    }

    /// A name without namespace (SQLite, MariaDB).
    pub fn bare(name: impl Into<String>) -> Self {
        ObjectName { namespace: String::new(), name: name.into() }
    }
}

impl std::fmt::Display for ObjectName {
    /// `namespace.name`, unquoted, for messages (for SQL see [`Dialect::qualified`]).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.namespace.is_empty() {
            write!(f, "{}.", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

impl ObjectKey {
    /// The key of a whole object.
    pub fn of(kind: ObjectKind, name: &ObjectName) -> Self {
        ObjectKey { kind, name: name.clone(), member: String::new() }
    }

    /// The key of something inside an object.
    pub fn member(kind: ObjectKind, name: &ObjectName, member: &str) -> Self {
        ObjectKey { kind, name: name.clone(), member: member.to_string() }
    }
}

impl std::fmt::Display for ObjectKey {
    /// `column public.posts.title`, `table posts`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.word().replace('_', " "), self.name)?;
        if !self.member.is_empty() {
            write!(f, ".{}", self.member)?;
        }
        Ok(())
    }
}

impl IndexPart {
    /// A plain column.
    pub fn column(name: impl Into<String>) -> Self {
        IndexPart { column: name.into(), ..IndexPart::default() }
    }
}

impl Attribute {
    /// An attribute of a name and type, nothing else.
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Attribute { name: name.into(), ty, ..Attribute::default() }
    }
}

impl Key {
    /// A key over plain columns.
    pub fn over(name: impl Into<String>, columns: &[impl AsRef<str>]) -> Self {
        Key {
            name: name.into(),
            parts: columns.iter().map(|column| IndexPart::column(column.as_ref())).collect(),
            ..Key::default()
        }
    }

    /// The names of its columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.column.as_str())
    }
}

impl Table {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What a member uses, as far as the catalogue knows.
    pub fn used_by(&self, kind: ObjectKind, member: &str) -> &[ObjectKey] {
        let found = self.uses.iter().find(|use_| use_.member.kind == kind && use_.member.member == member);
        found.map_or(&[], |use_| use_.uses.as_slice())
    }

    /// The key of this table.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::of(ObjectKind::Table, &self.name)
    }
}

impl Schema {
    /// An empty schema.
    pub fn new(dialect: Dialect) -> Self {
        Schema { dialect, ..Schema::default() }
    }

    /// The table of that name. Found at once where the tables are sorted, as [`Schema::canonicalize`] leaves them.
    pub fn table(&self, name: &ObjectName) -> Option<&Table> {
        found(&self.tables, name, |table| &table.name)
    }

    /// The first table with that unqualified name.
    pub fn table_named(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.name == name)
    }

    /// The view of that name.
    pub fn view(&self, name: &ObjectName) -> Option<&View> {
        found(&self.views, name, |view| &view.name)
    }

    /// No object at all (a namespace that always exists does not count).
    pub fn is_empty(&self) -> bool {
        let namespaces = self.namespaces.iter().all(|namespace| namespace.name == "public");
        let mut rest = Schema { namespaces: Vec::new(), ..self.clone() };
        (rest.dialect, rest.mysql) = (Dialect::default(), false);
        namespaces && rest == Schema::default()
    }
}

/// By binary search, which cannot find a wrong one; one by one if that finds none.
fn found<'i, T>(items: &'i [T], name: &ObjectName, named: impl Fn(&T) -> &ObjectName) -> Option<&'i T> {
    let at = items.partition_point(|item| named(item) < name);
    let there = items.get(at).filter(|item| named(item) == name);
    there.or_else(|| items.iter().find(|item| named(item) == name))
}
