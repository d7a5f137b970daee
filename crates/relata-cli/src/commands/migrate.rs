//! `relata migrate …`: from a declaration to migrations, and migrations into databases.
//!
//! The folder of migrations is the truth; a database is where its history says. What the commands know of schemas they
//! learn from a shadow database on which the migrations have been replayed, so they work without the target's server
//! wherever that is possible.

mod apply;
mod attend;
pub mod baseline;
mod check;
pub mod compare;
mod drift;
mod foresee;
mod ground;
mod guard;
mod history;
pub mod lint;
mod merge;
pub mod new;
mod plan;
pub mod project;
mod protected;
mod prove;
mod repair;
mod rollback;
mod shelf;
mod status;
mod test;
mod trial;
mod witness;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use relata_sql::Result;

use crate::session::{Exit, Session};

/// Make, apply and undo migrations.
#[derive(Subcommand)]
pub enum Migrate {
    /// Write the migration from what the migrations give to what is declared, proved on a shadow database
    New(new::New),
    /// Apply what is pending
    Apply(apply::Apply),
    /// Undo migrations, newest first; says what would be lost and keeps it
    Rollback(rollback::Rollback),
    /// Show what is applied, pending, edited or missing, and drift [exit 3 when there is something to do]
    Status(status::Status),
    /// Prove pending migrations on a shadow database: up, down, up, with the data compared
    Prove(prove::Prove),
    /// Show what applying the pending migrations means now: locks, who waits, rows, bytes, about how long
    Plan(plan::Plan),
    /// Join two branches that both added migrations, once it is proved that they fit together
    Merge(merge::Merge),
    /// Adopt a database that has tables already: write its schema as the first migration, recorded as applied
    Baseline(baseline::Baseline),
    /// Everything that has to hold before migrations are merged, for CI: history, scripts, proof, drift [exit 3: findings]
    Check(check::Check),
    /// Run all migrations up, down and up again on a shadow database, empty and with rows
    Test(test::Test),
    /// Show everything that was ever done here, by whom and how long it took; verify that nobody wrote into it
    History(history::History),
    /// Say what is dangerous in migrations, of any tool, before they run [exit 3 when there are hazards]
    Lint(lint::Lint),
    /// Write what somebody changed by hand as a migration, recorded as applied: the drift is taken over
    Adopt(drift::Adopt),
    /// Bring a database back to what its history says: the drift is undone, after its SQL was shown
    UndoDrift(drift::UndoDrift),
    /// Show what migrations took away and is kept for their rollback; delete it for good
    Shelf(shelf::Shelf),
    /// Make the history agree with the files after a deliberate edit
    Repair(repair::Repair),
}

/// Options of every one of them.
#[derive(Args)]
pub struct Common {
    /// The folder of migrations [default: that of relata.toml, else migrations]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A server where a temporary database may be created [default: the environment's, else the target's]
    #[arg(long, value_name = "URL")]
    shadow: Option<String>,
    /// How long to wait for another runner
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    lock_timeout: u64,
}

impl Migrate {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever the command reports.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        match self {
            Migrate::New(command) => command.run(session).await,
            Migrate::Apply(command) => command.run(session).await,
            Migrate::Rollback(command) => command.run(session).await,
            Migrate::Status(command) => command.run(session).await,
            Migrate::Prove(command) => command.run(session).await,
            Migrate::Plan(command) => command.run(session).await,
            Migrate::Merge(command) => command.run(session).await,
            Migrate::Baseline(command) => command.run(session).await,
            Migrate::Check(command) => command.run(session).await,
            Migrate::Test(command) => command.run(session).await,
            Migrate::History(command) => command.run(session).await,
            Migrate::Lint(command) => command.run(session).await,
            Migrate::Adopt(command) => command.run(session).await,
            Migrate::UndoDrift(command) => command.run(session).await,
            Migrate::Shelf(command) => command.run(session).await,
            Migrate::Repair(command) => command.run(session).await,
        }
    }
}
