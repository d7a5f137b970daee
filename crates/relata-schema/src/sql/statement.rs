//! What statements are: the data that [`read`](super::read()) gives.

use super::{Expression, Extent, Token};
use crate::dialect::Dialect;

/// A name, with its qualifiers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// Its parts, folded as the dialect folds them.
    pub parts: Vec<String>,
    /// Where it stands.
    pub extent: Extent,
}

impl Name {
    /// The last part: the object's own name.
    pub fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// The part before the last: the schema, or the database on MariaDB.
    pub fn namespace(&self) -> Option<&str> {
        self.parts.len().checked_sub(2).map(|at| self.parts[at].as_str())
    }

    /// Both may stand for the same object: the last parts are equal, and the qualifiers where both have one.
    pub fn same(&self, other: &Name) -> bool {
        let namespaces = match (self.namespace(), other.namespace()) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        self.last() == other.last() && namespaces
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.parts.join("."))
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The dialect it was read in.
    pub dialect: Dialect,
    /// Where it stands, without its terminator.
    pub extent: Extent,
    /// The line it begins on, from 1.
    pub line: usize,
    /// What it is.
    pub kind: StatementKind<'a>,
    /// All of it.
    pub tokens: Vec<Token<'a>>,
    /// It stands in a `DO` block, where a condition may guard it.
    pub nested: bool,
}

/// What a statement is. Objects are named in upper case as in SQL: `TABLE`, `MATERIALIZED VIEW`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind<'a> {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`; `chain` begins another transaction at once.
    Commit {
        /// `AND CHAIN`.
        chain: bool,
    },
    /// `ROLLBACK` of the whole transaction.
    Rollback {
        /// `AND CHAIN`.
        chain: bool,
    },
    /// `SAVEPOINT`, `ROLLBACK TO`, `RELEASE`.
    Savepoint,
    /// `SET`, `PRAGMA`, `RESET`: each setting with its value.
    Set(Vec<Setting>),
    /// `CREATE TABLE`.
    CreateTable(Box<CreateTable>),
    /// `ALTER TABLE` and its like: `ALTER FOREIGN TABLE`, `ALTER VIEW`, `ALTER TYPE`, `ALTER DOMAIN`, ….
    Alter(Box<Alter>),
    /// `CREATE INDEX`.
    CreateIndex(Box<CreateIndex>),
    /// `CREATE` of anything else.
    Create(Box<CreateObject>),
    /// `DROP`.
    Drop(Box<Drop>),
    /// `RENAME TABLE` of MariaDB: pairs of old and new names.
    Rename(Vec<(Name, Name)>),
    /// `TRUNCATE`.
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// `CASCADE`.
        cascade: bool,
    },
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `REPLACE`, `COPY … FROM`.
    Write(Write),
    /// `REINDEX`.
    Reindex {
        /// `INDEX`, `TABLE`, `SCHEMA`, `DATABASE`, `SYSTEM`; empty on SQLite.
        object: String,
        /// What is rebuilt.
        name: Option<Name>,
        /// `CONCURRENTLY`.
        concurrently: bool,
    },
    /// `VACUUM`.
    Vacuum {
        /// `FULL`.
        full: bool,
    },
    /// `CLUSTER`.
    Cluster {
        /// The table; all that were clustered before if there is none.
        table: Option<Name>,
    },
    /// `REFRESH MATERIALIZED VIEW`.
    Refresh {
        /// The view.
        name: Option<Name>,
        /// `CONCURRENTLY`.
        concurrently: bool,
    },
    /// `LOCK TABLE`, `LOCK TABLES`.
    Lock {
        /// The tables.
        tables: Vec<Name>,
        /// The words of the mode, in upper case; empty: `ACCESS EXCLUSIVE`.
        mode: String,
    },
    /// `OPTIMIZE TABLE` of MariaDB.
    Optimize {
        /// The tables.
        tables: Vec<Name>,
    },
    /// `GRANT`.
    Grant,
    /// `REVOKE`.
    Revoke,
    /// `DO`: the statements found in its body.
    Do(Vec<Statement<'a>>),
    /// `SELECT`, `WITH`, `VALUES`, `TABLE`: a query that writes nothing.
    Query,
    /// Anything else.
    Other,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name, in lower case.
    pub name: String,
    /// Its value, without quotes, in lower case; empty: reset to the default.
    pub value: String,
    /// `LOCAL`: until the transaction ends.
    pub local: bool,
    /// MariaDB: `GLOBAL` or `PERSIST`, for the whole server.
    pub global: bool,
}

/// A statement that writes rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Write {
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `REPLACE` or `COPY`.
    pub verb: &'static str,
    /// The table.
    pub table: Name,
    /// It has a `WHERE` that is not always true, a `LIMIT`, or joins its table on MariaDB by a condition.
    pub limited: bool,
    /// The columns it assigns, each list by itself: of `SET`, of `ON CONFLICT DO UPDATE SET`, of `INSERT (…)`.
    pub assigned: Vec<Vec<Name>>,
    /// `ON CONFLICT`, `OR IGNORE`, `IGNORE`, `ON DUPLICATE KEY`, or a `WHERE NOT EXISTS`: it may run twice.
    pub repeatable: bool,
    /// What the same statement writes besides: in the tables of its `WITH`, in the other tables of a `DELETE` of several, and
    /// the `UPDATE` and `DELETE` of every row in a `MERGE`.
    pub also: Vec<Write>,
}

impl Write {
    /// It and all that the same statement writes besides.
    pub fn all(&self) -> impl Iterator<Item = &Write> {
        std::iter::once(self).chain(&self.also)
    }
}

/// `CREATE TABLE`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// `FOREIGN TABLE`.
    pub foreign: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// `UNLOGGED`.
    pub unlogged: bool,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// Its columns.
    pub columns: Vec<ColumnDefinition>,
    /// Its constraints, and its indexes on MariaDB; those of a column stand with the column.
    pub constraints: Vec<Constraint>,
    /// `AS SELECT …`.
    pub as_query: bool,
    /// `PARTITION OF`.
    pub partition_of: Option<Name>,
    /// `LIKE` or `INHERITS`: it takes columns from elsewhere.
    pub takes_columns: bool,
    /// The words after the columns, in upper case: `ENGINE = INNODB`, `STRICT`, `WITHOUT ROWID`.
    pub options: Vec<String>,
}

/// A column as it is defined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// Where the definition stands.
    pub extent: Extent,
    /// Its name.
    pub name: Name,
    /// Its type, if it has one.
    pub ty: Option<TypeName>,
    /// Its default.
    pub default: Option<Expression>,
    /// `NOT NULL`.
    pub not_null: bool,
    /// `NULL` is said.
    pub null: bool,
    /// `PRIMARY KEY`.
    pub primary_key: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// `REFERENCES`.
    pub references: Option<Reference>,
    /// `CHECK`.
    pub check: Option<Expression>,
    /// A constraint of it is `NOT VALID`.
    pub not_valid: bool,
    /// `GENERATED …`, `AS (…)`.
    pub generated: Option<Generated>,
    /// `AUTO_INCREMENT`, `AUTOINCREMENT`.
    pub auto_increment: bool,
    /// `COLLATE`.
    pub collation: Option<String>,
    /// `CHARACTER SET`.
    pub charset: Option<String>,
    /// `AFTER` or `FIRST` of MariaDB.
    pub placed: bool,
}

/// How a column is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// `GENERATED … AS IDENTITY`.
    Identity,
    /// Computed and stored.
    Stored,
    /// Computed when it is read.
    Virtual,
}

/// A type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeName {
    /// Where it stands.
    pub extent: Extent,
    /// Its name in lower case, by one spelling for all: `integer`, `bigint`, `varchar`, `char`, `timestamp`,
    /// `timestamptz`, `numeric`, `double precision`, …; a qualified one with its dots.
    pub name: String,
    /// What stands in parentheses.
    pub arguments: Vec<String>,
    /// An array.
    pub array: bool,
    /// `UNSIGNED`.
    pub unsigned: bool,
}

/// The other end of a foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reference {
    /// The table.
    pub table: Name,
    /// Its columns; none: the primary key.
    pub columns: Vec<Name>,
    /// `ON DELETE CASCADE`.
    pub cascades: bool,
}

/// What a constraint is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConstraintKind {
    /// `PRIMARY KEY`.
    PrimaryKey,
    /// `UNIQUE`.
    Unique,
    /// `FOREIGN KEY`.
    ForeignKey,
    /// `CHECK`.
    #[default]
    Check,
    /// `EXCLUDE`.
    Exclude,
    /// `NOT NULL column`.
    NotNull,
    /// `INDEX`, `KEY`, `FULLTEXT`, `SPATIAL` of MariaDB.
    Index,
}

/// A constraint of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraint {
    /// Where it stands.
    pub extent: Extent,
    /// Its name.
    pub name: Option<Name>,
    /// What it is.
    pub kind: ConstraintKind,
    /// Its columns.
    pub columns: Vec<Name>,
    /// `NOT VALID`.
    pub not_valid: bool,
    /// `USING INDEX`.
    pub using_index: Option<Name>,
    /// The other end of a foreign key.
    pub references: Option<Reference>,
    /// The condition of a check.
    pub expression: Option<Expression>,
}

/// `ALTER` of a table, or of what is like one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alter {
    /// `TABLE`, `FOREIGN TABLE`, `VIEW`, `MATERIALIZED VIEW`, `INDEX`, `TYPE`, `DOMAIN`, `SEQUENCE`, `FUNCTION`, ….
    pub object: &'static str,
    /// What is altered.
    pub name: Name,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// The table of a policy or trigger.
    pub on: Option<Name>,
    /// What is done.
    pub actions: Vec<TableAction>,
}

/// One action of an `ALTER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAction {
    /// Where it stands.
    pub extent: Extent,
    /// What it is.
    pub action: Action,
}

/// What an action does. `ATTRIBUTE` of a composite type counts as column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// `ADD COLUMN`.
    AddColumn {
        /// The column.
        column: Box<ColumnDefinition>,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// `DROP COLUMN`.
    DropColumn {
        /// The column.
        column: Name,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `ALTER COLUMN`.
    AlterColumn {
        /// The column.
        column: Name,
        /// What changes.
        change: ColumnChange,
    },
    /// `MODIFY`, `CHANGE` of MariaDB: the column anew.
    Redefine {
        /// The column as it is called.
        from: Name,
        /// As it shall be.
        column: Box<ColumnDefinition>,
    },
    /// `RENAME COLUMN`.
    RenameColumn {
        /// As it is called.
        from: Name,
        /// As it shall be called.
        to: Name,
    },
    /// `RENAME TO`.
    Rename(Name),
    /// `RENAME CONSTRAINT`, `RENAME INDEX`, `RENAME KEY`.
    RenameMember,
    /// `ADD CONSTRAINT`, `ADD PRIMARY KEY`, `ADD INDEX`, ….
    AddConstraint(Box<Constraint>),
    /// `DROP CONSTRAINT`, `DROP PRIMARY KEY`, `DROP FOREIGN KEY`, `DROP INDEX`, `DROP CHECK`.
    DropConstraint {
        /// What the words say; `Check` for `DROP CONSTRAINT`, which may be any.
        kind: ConstraintKind,
        /// The name.
        name: Option<Name>,
        /// `IF EXISTS`.
        if_exists: bool,
    },
    /// `VALIDATE CONSTRAINT`.
    ValidateConstraint(Name),
    /// `ALTER CONSTRAINT`.
    AlterConstraint {
        /// The constraint.
        name: Name,
        /// `NOT ENFORCED`.
        not_enforced: bool,
    },
    /// `ATTACH PARTITION`.
    AttachPartition(Name),
    /// `DETACH PARTITION`.
    DetachPartition {
        /// The partition.
        partition: Name,
        /// `CONCURRENTLY`.
        concurrently: bool,
    },
    /// `ENABLE`, `DISABLE`, `FORCE`, `NO FORCE ROW LEVEL SECURITY`: the verb.
    RowSecurity(&'static str),
    /// `ENABLE`, `DISABLE TRIGGER` or `RULE`.
    Fires {
        /// `TRIGGER` or `RULE`.
        what: &'static str,
        /// Enabled, and not for replicas alone (`ENABLE REPLICA TRIGGER`).
        enabled: bool,
    },
    /// `SET SCHEMA`.
    SetSchema(Name),
    /// `SET TABLESPACE`.
    SetTablespace,
    /// `SET LOGGED`, `SET UNLOGGED`.
    SetLogged(bool),
    /// `SET ACCESS METHOD`.
    SetAccessMethod,
    /// `REPLICA IDENTITY`.
    ReplicaIdentity {
        /// `NOTHING`.
        nothing: bool,
    },
    /// `INHERIT`, `NO INHERIT`.
    Inherit {
        /// It does from now on.
        inherits: bool,
        /// The parent.
        parent: Name,
    },
    /// `OWNER TO`.
    Owner,
    /// `ADD VALUE` of an enum.
    AddValue {
        /// The value.
        value: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `BEFORE` or `AFTER` is said.
        placed: bool,
    },
    /// `RENAME VALUE` of an enum.
    RenameValue,
    /// `SET DEFAULT` of a domain.
    SetDefault,
    /// `DROP DEFAULT` of a domain.
    DropDefault,
    /// `SET NOT NULL` of a domain.
    SetNotNull,
    /// `DROP NOT NULL` of a domain.
    DropNotNull,
    /// `CONVERT TO CHARACTER SET` of MariaDB.
    ConvertCharset(String),
    /// `ADD` or `DROP SYSTEM VERSIONING` of MariaDB.
    SystemVersioning {
        /// Added.
        added: bool,
    },
    /// `ENGINE`, `ROW_FORMAT`, `FORCE`, `ORDER BY`, `REMOVE PARTITIONING` and other options of MariaDB: the first word, in
    /// upper case.
    Option(String),
    /// `ALGORITHM = …`.
    Algorithm(String),
    /// `LOCK = …`.
    Lock(String),
    /// Anything else.
    Other,
}

/// How a column changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChange {
    /// `TYPE`.
    Type {
        /// The new type.
        ty: TypeName,
        /// `USING`.
        using: Option<Expression>,
    },
    /// `SET DEFAULT`.
    SetDefault(Expression),
    /// `DROP DEFAULT`.
    DropDefault,
    /// `SET NOT NULL`.
    SetNotNull,
    /// `DROP NOT NULL`.
    DropNotNull,
    /// `ADD GENERATED … AS IDENTITY`.
    AddIdentity,
    /// `SET GENERATED`, `RESTART` and the like of an identity.
    AlterIdentity,
    /// `DROP IDENTITY`.
    DropIdentity,
    /// `SET EXPRESSION`.
    SetExpression,
    /// `DROP EXPRESSION`.
    DropExpression,
    /// Anything else.
    Other,
}

/// `CREATE INDEX`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateIndex {
    /// Its name.
    pub name: Option<Name>,
    /// The table.
    pub table: Name,
    /// `UNIQUE`.
    pub unique: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `ON ONLY`: of a partitioned table, without its partitions.
    pub only: bool,
    /// The columns; `None` for an expression.
    pub columns: Vec<Option<Name>>,
    /// It has a `WHERE`.
    pub partial: bool,
    /// `ALGORITHM = …` of MariaDB.
    pub algorithm: Option<String>,
    /// `LOCK = …` of MariaDB.
    pub lock: Option<String>,
}

/// `CREATE` of an object without a form of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateObject {
    /// What it is: `VIEW`, `FUNCTION`, `TRIGGER`, `TYPE`, ….
    pub object: &'static str,
    /// Its name.
    pub name: Name,
    /// The table of a trigger, policy or rule.
    pub on: Option<Name>,
    /// `OR REPLACE`.
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
    /// The constraints of a domain.
    pub constraints: Vec<Constraint>,
}

/// `DROP`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drop {
    /// What goes.
    pub object: &'static str,
    /// The names.
    pub names: Vec<Name>,
    /// The table of a trigger, policy, rule, or of an index on MariaDB.
    pub on: Option<Name>,
    /// `IF EXISTS`.
    pub if_exists: bool,
    /// `CONCURRENTLY`.
    pub concurrently: bool,
    /// `CASCADE`.
    pub cascade: bool,
    /// `TEMPORARY`.
    pub temporary: bool,
}
