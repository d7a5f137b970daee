//! SQL statements as data: what a script does, as far as one can tell from its text alone.
//!
//! [`read`] cuts a script into [`Statement`]s and says of each what it is: the table it creates, the columns it adds, the
//! locks it asks for. It is tolerant: what it does not know stays [`StatementKind::Other`] (or [`Action::Other`]) with its
//! tokens, and is never an error, so that it reads the files of any tool and any version.
//!
//! Invariants
//! - Every [`Extent`] is a range of bytes of the script on the borders of characters: findings point at it.
//! - Names are folded as the dialect folds them, so that equal names are equal.
//!
//! Deliberately not here: a full grammar. Queries and bodies of routines are not read, except that the statements in a
//! `DO` block are found; expressions are known by their calls and literals. The texts that a server stores are read by
//! `dialect`.

mod expression;
mod read;
mod statement;
mod token;

pub use expression::{Expression, ExpressionForm};
pub use read::read;
pub use statement::{
    Action, Alter, ColumnChange, ColumnDefinition, Constraint, ConstraintKind, CreateIndex, CreateObject, CreateTable,
    Drop, Generated, Name, Reference, Setting, Statement, StatementKind, TableAction, TypeName, Write,
};
pub use token::{Token, TokenKind, comments, is_unfinished, open_comment, tokens};

/// A range of bytes in a script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extent {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Extent {
    /// From the beginning of this to the end of the other.
    #[must_use]
    pub fn through(self, other: Extent) -> Extent {
        Extent { start: self.start, end: other.end.max(self.start) }
    }

    /// The text it stands for.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
