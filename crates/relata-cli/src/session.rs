//! What every command has at hand: the global options, the output, and `relata.toml`, read once it is asked for.

use std::cell::OnceCell;

use relata_sql::{DatabaseUrl, Result};

use crate::cli::GlobalOptions;
use crate::config::{Config, Environment};
use crate::output::Output;

/// How a command ended, if it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing to say.
    Done,
    /// It failed.
    Failed,
    /// It was called wrongly.
    Usage,
    /// Done, and there is something to look at.
    Findings,
}

impl Exit {
    /// The code the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Findings => 3,
        }
    }
}

/// One run of the command.
pub struct Session {
    /// The global options as given.
    pub options: GlobalOptions,
    /// Where results and prose go.
    pub output: Output,
    config: OnceCell<Config>,
}

impl Session {
    /// A run with these options.
    pub fn new(options: GlobalOptions) -> Self {
        let output = Output::new(&options);
        Session { options, output, config: OnceCell::new() }
    }

    /// `relata.toml` of the working directory, or the defaults if there is none.
    ///
    /// # Errors
    /// `Kind::Configuration` when the file does not parse.
    pub fn config(&self) -> Result<&Config> {
        if let Some(config) = self.config.get() {
            return Ok(config);
        }
        let config = Config::load()?;
        Ok(self.config.get_or_init(|| config))
    }

    /// The chosen environment: `--env`, else `RELATA_ENV`, else the default one.
    ///
    /// # Errors
    /// `Kind::Configuration` when the file does not parse or the environment is not in it.
    pub fn environment(&self) -> Result<Environment> {
        let variable = std::env::var("RELATA_ENV").ok().filter(|name| !name.is_empty());
        self.config()?.environment(self.options.env.as_deref().or(variable.as_deref()))
    }

    /// The database to work on: `--url`, else that of an environment named by `--env`, else `RELATA_URL`, else
    /// `DATABASE_URL`, else the default environment's, else `sqlite:relata.db`.
    ///
    /// # Errors
    /// When the URL does not parse or the configuration is wrong.
    pub fn url(&self) -> Result<DatabaseUrl> {
        if let Some(url) = &self.options.url {
            return DatabaseUrl::parse(url).map_err(|error| error.context("--url"));
        }
        if self.options.env.is_none() {
            for variable in ["RELATA_URL", "DATABASE_URL"] {
                if let Some(url) = std::env::var(variable).ok().filter(|url| !url.trim().is_empty()) {
                    return DatabaseUrl::parse(&url).map_err(|error| error.context(variable.to_string()));
                }
            }
        }
        self.environment()?.url()
    }
}
