//! `relata completions SHELL`: the completion script, from the registry.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::session::{Exit, Session};

/// Options of `relata completions`.
#[derive(Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Runs the command.
    pub fn run(self, session: &Session) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "relata", &mut script);
        session.output.result(&String::from_utf8_lossy(&script));
        Exit::Done
    }
}
