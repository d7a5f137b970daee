//! `relata schema …`

use clap::Subcommand;
use relata_sql::Result;

use super::diff::Diff;
use super::inspect::Inspect;
use super::lock::Lock;
use crate::session::{Exit, Session};

/// Read schemas and compare them.
#[derive(Subcommand)]
pub enum Schema {
    /// Print the schema of any source as SQL, JSON, Rust entities, a Mermaid diagram or a lock file
    Inspect(Inspect),
    /// Print the SQL that turns one schema into another (exit 0: equal, 3: they differ, 1: no plan exists)
    Diff(Diff),
    /// Write schema.lock anew from what is declared, with the identities in it, also after a merge that left conflicts
    Lock(Lock),
}

impl Schema {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever the command reports.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        match self {
            Schema::Inspect(command) => command.run(session).await,
            Schema::Diff(command) => command.run(session).await,
            Schema::Lock(command) => command.run(session).await,
        }
    }
}
