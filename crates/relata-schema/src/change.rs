//! Changes, steps and plans as data. `relata-plan` makes them, the runtime's executor carries them out.

pub mod rename;

use crate::dialect::Dialect;
use crate::model::{
    Check, Column, CompositeType, DefaultPrivileges, Domain, EnumType, Exclusion, Extension, ForeignKey, ForeignServer,
    Grant, Index, Key, Namespace, ObjectKey, ObjectName, Opaque, PartitionOf, Partitioning, Policy, RangeType, Routine,
    Sequence, Table, TableOptions, Trigger, View,
};
use crate::tree::choice;

/// One difference between two schemas. `from` and `to` are whole objects, so that a recipe can see everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Namespaces.
    Namespace(Alteration<Namespace>),
    /// Extensions.
    Extension(Alteration<Extension>),
    /// Enum types.
    Enum(Alteration<EnumType>),
    /// Domains.
    Domain(Alteration<Domain>),
    /// Composite types.
    Composite(Alteration<CompositeType>),
    /// Range types.
    Range(Alteration<RangeType>),
    /// Sequences.
    Sequence(Alteration<Sequence>),
    /// A table as a whole: created with everything in it, dropped, or renamed.
    CreateTable(Box<Table>),
    /// A table goes, with everything in it.
    DropTable(Box<Table>),
    /// A table that exists on both sides differs: what differs, in [`TableChange`].
    AlterTable {
        /// The table as it is.
        from: Box<Table>,
        /// The table as it shall be.
        to: Box<Table>,
        /// What differs; never empty.
        changes: Vec<TableChange>,
    },
    /// Views.
    View(Alteration<View>),
    /// Routines.
    Routine(Alteration<Routine>),
    /// Foreign servers.
    Server(Alteration<ForeignServer>),
    /// Default privileges.
    DefaultPrivileges(Alteration<DefaultPrivileges>),
    /// Opaque objects.
    Other(Alteration<Opaque>),
}

/// How one object differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alteration<T> {
    /// It comes.
    Create(Box<T>),
    /// It goes.
    Drop(Box<T>),
    /// It changes (also its name, if `from` and `to` are named differently).
    Alter {
        /// As it is.
        from: Box<T>,
        /// As it shall be.
        to: Box<T>,
    },
}

/// A rename that somebody declared or confirmed, so that it is never a drop and an add. An enum with a member is one of
/// its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// The object as it is called in the schema that is: a table, view, column, index, enum, ….
    pub from: ObjectKey,
    /// What it shall be called: the name of the object, or of the member if `from` names one.
    pub to: ObjectName,
}

impl Rename {
    /// The key it shall have; that of a member still has the name that its object has now.
    pub fn to_key(&self) -> ObjectKey {
        if self.from.member.is_empty() {
            ObjectKey::of(self.from.kind, &self.to)
        } else {
            ObjectKey::member(self.from.kind, &self.from.name, &self.to.name)
        }
    }
}

/// How one table differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// Another name or namespace.
    Rename {
        /// The name it has.
        from: ObjectName,
        /// The name it shall have.
        to: ObjectName,
    },
    /// Columns.
    Column(Alteration<Column>),
    /// Primary key.
    PrimaryKey(Alteration<Key>),
    /// Unique constraints.
    Unique(Alteration<Key>),
    /// Foreign keys.
    ForeignKey(Alteration<ForeignKey>),
    /// Checks.
    Check(Alteration<Check>),
    /// Exclusion constraints.
    Exclusion(Alteration<Exclusion>),
    /// Indexes.
    Index(Alteration<Index>),
    /// Triggers.
    Trigger(Alteration<Trigger>),
    /// Policies.
    Policy(Alteration<Policy>),
    /// Row security and whether it is forced: the new flags are in `to`.
    RowSecurity,
    /// Partitioning differs.
    Partitioning {
        /// As it is.
        from: Option<Partitioning>,
        /// As it shall be.
        to: Option<Partitioning>,
    },
    /// Attached to or detached from a partitioned table.
    PartitionOf {
        /// As it is.
        from: Option<PartitionOf>,
        /// As it shall be.
        to: Option<PartitionOf>,
    },
    /// Inherits from other tables.
    Inherits,
    /// A table of another type, or of none: the new one is in `to`.
    OfType,
    /// Its rows are elsewhere: the new place is in `to`.
    Foreign,
    /// Another owner.
    Owner,
    /// Options.
    Options {
        /// As they are.
        from: Box<TableOptions>,
        /// As they shall be.
        to: Box<TableOptions>,
    },
    /// Comment.
    Comment,
    /// Privileges.
    Grants {
        /// As they are.
        from: Vec<Grant>,
        /// As they shall be.
        to: Vec<Grant>,
    },
}

choice! {
    /// How a step touches the database, from best to worst.
    pub enum Recipe {
        /// Only the catalogue changes.
        Instant = "instant",
        /// Long, and nobody waits.
        Online = "online",
        /// Several deployments.
        Phased = "phased",
        /// Long, and others wait.
        Blocking = "blocking",
        /// The table is written anew.
        Rebuild = "rebuild",
    }

    /// How strongly a step locks.
    pub enum LockMode {
        /// No lock that anyone notices.
        None = "none",
        /// Reads and writes go on, but for the rows that are changed.
        RowExclusive = "row exclusive",
        /// Writes go on, other schema changes wait.
        ShareUpdateExclusive = "share update exclusive",
        /// Reads go on, writes wait.
        Share = "share",
        /// Reads go on, writes wait, foreign keys too.
        ShareRowExclusive = "share row exclusive",
        /// Only plain reads go on.
        Exclusive = "exclusive",
        /// Everyone waits.
        AccessExclusive = "access exclusive",
        /// The whole database is locked for writing (SQLite).
        Database = "database",
    }

    /// How long a lock is held.
    pub enum LockSpan {
        /// For an instant.
        Instant = "instant",
        /// While the table is read.
        Scan = "scan",
        /// While the table is written anew.
        Rewrite = "rewrite",
    }
}

/// A lock that a step takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// On what.
    pub object: ObjectName,
    /// How strong.
    pub mode: LockMode,
    /// How long.
    pub span: LockSpan,
}

/// One statement of a plan with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does, for people: `add column posts.slug`.
    pub summary: String,
    /// What it is about.
    pub object: ObjectKey,
    /// One SQL statement without final semicolon.
    pub sql: String,
    /// It may run inside a transaction.
    pub transactional: bool,
    /// How it touches the database.
    pub recipe: Recipe,
    /// Locks it takes.
    pub locks: Vec<Lock>,
    /// What is lost for good when it runs; `None`: nothing.
    pub loses: Option<String>,
    /// A query that returns one true value once the step has been done; empty: not probed.
    pub done_probe: String,
}

/// What to do, in order, and how to undo it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The dialect of every statement.
    pub dialect: Dialect,
    /// Steps in order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The statements in order.
    pub fn statements(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.sql.clone()).collect()
    }

    /// The plan as a script for the database's own shell.
    pub fn script(&self) -> String {
        self.dialect.join(&self.statements())
    }
}
