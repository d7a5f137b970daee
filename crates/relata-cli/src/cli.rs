//! The registry of commands and options. Help, completions and the manual page are generated from it.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use relata_schema::Dialect;
use relata_sql::Result;

use crate::commands::{cluster, completions, data, demo, explain, health, init, man, migrate, query, schema};
use crate::session::{Exit, Session};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const AFTER_HELP: &str = "\
Sources (SRC): a database URL (sqlite:PATH, postgres://…, mysql://…), a file *.sql or schema.lock,
a directory of Rust sources, or a migrations/ directory.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 findings (schemas differ, migrations pending).

First steps:
  relata demo                                            everything, on a real database, in a minute
  relata schema inspect sqlite:app.db --format rust      entities from a database you have
  relata init                                            a new project";

/// The database layer for Rust: declare what your data is, once; the rest follows.
#[derive(Parser)]
#[command(name = "relata", version, styles = STYLES, max_term_width = 110, after_help = AFTER_HELP)]
#[command(arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub options: GlobalOptions,
}

/// Options of every command.
#[derive(Args, Clone, Default)]
pub struct GlobalOptions {
    /// Database to work on [default: that of --env; else RELATA_URL, DATABASE_URL, relata.toml, sqlite:relata.db]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub url: Option<String>,
    /// Environment of relata.toml
    #[arg(long, global = true, value_name = "NAME", help_heading = "Global options")]
    pub env: Option<String>,
    /// Print the result as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Say nothing but the result and errors
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// No colours (also: NO_COLOR=1)
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_color: bool,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Read schemas and compare them
    #[command(subcommand)]
    Schema(schema::Schema),
    /// Make, apply and undo migrations
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Run SQL and show the rows
    Query(query::Query),
    /// Show how the database runs a statement, and what to do about it [exit 3 with findings]
    Explain(explain::Explain),
    /// Look at the rows of tables
    #[command(subcommand)]
    Data(data::Data),
    /// Say how every part of a database is [exit 3 when unhealthy, 1 when unreachable]
    Health(health::Health),
    /// Look at the nodes of a database that has several
    #[command(subcommand)]
    Cluster(cluster::Cluster),
    /// See it all on a real database, in under a minute; leaves a small project behind
    Demo(demo::Demo),
    /// Start a project here: relata.toml and an example entity
    Init(init::Init),
    /// Print the completion script for a shell
    Completions(completions::Completions),
    /// Print the manual page (roff)
    #[command(hide = true)]
    Man(man::Man),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever the command reports.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        match self {
            Command::Schema(command) => command.run(session).await,
            Command::Migrate(command) => command.run(session).await,
            Command::Query(command) => command.run(session).await,
            Command::Explain(command) => command.run(session).await,
            Command::Data(command) => command.run(session).await,
            Command::Health(command) => command.run(session).await,
            Command::Cluster(command) => command.run(session).await,
            Command::Demo(command) => command.run(session).await,
            Command::Init(command) => command.run(session),
            Command::Completions(command) => Ok(command.run(session)),
            Command::Man(command) => command.run(session),
        }
    }
}

/// A dialect as an option's value.
#[derive(Clone, Copy, ValueEnum)]
pub enum DialectOption {
    /// SQLite 3
    Sqlite,
    /// PostgreSQL 13 and newer
    #[value(alias = "postgresql")]
    Postgres,
    /// MariaDB 10.6 and newer, MySQL 8
    #[value(alias = "mariadb")]
    Mysql,
}

impl From<DialectOption> for Dialect {
    fn from(option: DialectOption) -> Self {
        match option {
            DialectOption::Sqlite => Dialect::Sqlite,
            DialectOption::Postgres => Dialect::Postgres,
            DialectOption::Mysql => Dialect::Mysql,
        }
    }
}
