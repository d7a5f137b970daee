//! Two schemas in, a plan and diagnostics out. Pure: no IO, no clock, no async; planning cannot fail.
//!
//! - [`diff`]: what differs, as [`relata_schema::change::Change`]s. Generic over the dialect.
//! - [`emit`]: the statements that make the changes, in order. One file a dialect, the same questions answered in each.
//! - [`loss`]: what is lost for good on the way, by name; [`breaking`]: what breaks for applications that still
//!   run; [`conversion`] judges types.
//! - [`rename`]: which new object an old one has probably become, when nobody said so.
//! - [`impact`]: what a lock means for others on a table of a size.
//! - [`lint`]: what is dangerous in a migration, also of other tools.

pub mod breaking;
pub mod conversion;
pub mod diff;
pub mod emit;
pub mod impact;
pub mod lint;
pub mod loss;
pub mod rename;

use relata_schema::change::{Plan, Rename};
use relata_schema::{Diagnostic, Schema};

/// What the planner may do, and what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOptions {
    /// Version of the server as `major * 10000 + minor * 100 + patch`; 0: the oldest supported.
    pub server_version: u32,
    /// MySQL rather than MariaDB.
    pub mysql: bool,
    /// Drop what the target lacks. `false` leaves it and says so.
    pub drops: bool,
    /// Others go on reading and writing: long steps run outside of the transaction (PostgreSQL).
    pub online: bool,
    /// The way back of a migration: what comes was there before, and what was kept of it is put back.
    pub back: bool,
    /// Renames that were declared or confirmed.
    pub renames: Vec<Rename>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions { server_version: 0, mysql: false, drops: true, online: false, back: false, renames: Vec::new() }
    }
}

/// The plan that turns `from` into `to`. Both are schemas of one dialect, in the spelling of the server.
pub fn plan(from: &Schema, to: &Schema, options: &PlanOptions) -> (Plan, Vec<Diagnostic>) {
    let changes = diff::diff(from, to, &options.renames);
    emit::emit(from, to, &changes, options)
}
