//! `relata man`: the manual page, from the registry. With `--dir` one page a command, as packagers want them.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use relata_sql::{Error, Kind, Result};

use crate::cli::Cli;
use crate::session::{Exit, Session};

/// Options of `relata man`.
#[derive(Args)]
pub struct Man {
    /// Write one page per command into this directory instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::Io` when the directory cannot be written to.
    pub fn run(self, session: &Session) -> Result<Exit> {
        let failed = |error: std::io::Error| Error::new(Kind::Io, format!("the page cannot be written: {error}"));
        if let Some(dir) = &self.dir {
            clap_mangen::generate_to(Cli::command(), dir).map_err(failed)?;
            return Ok(Exit::Done);
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(failed)?;
        session.output.result(&String::from_utf8_lossy(&page));
        Ok(Exit::Done)
    }
}
