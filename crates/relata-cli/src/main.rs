//! The command `relata`: wires readers, drivers, planner and executor together.
//!
//! Invariants
//! - Only the result goes to standard output; progress, findings and prose go to standard error.
//! - Exit codes: 0 done, 1 failed, 2 wrong usage, 3 findings (the schemas differ, migrations are pending).
//! - One registry, [`cli::Cli`]: parser, help, completions and the manual page all come from it.
//!
//! It deliberately decides nothing about schemas or plans: those rules live in `relata-schema` and `relata-plan`.

mod cli;
mod commands;
mod config;
mod demo;
mod drivers;
mod identity;
mod output;
mod session;
mod shadow;
mod source;
mod transfer;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::session::{Exit, Session};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let session = Session::new(cli.options);
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime does not start: {error}");
            return ExitCode::from(Exit::Failed.code());
        }
    };
    let run = async {
        let result = cli.command.run(&session).await;
        shadow::give_way_to_signals().await;
        result
    };
    let exit = match runtime.block_on(run) {
        Ok(exit) => exit,
        Err(error) => session.output.failure(&error),
    };
    runtime.shutdown_background();
    ExitCode::from(exit.code())
}
