//! `relata health`: how every part is, within a deadline.

use std::time::Duration;

use clap::Args;
use relata_runtime::Db;
use relata_runtime::health::{BACKUPS_MAX_AGE, Health as Report, HealthStatus, Part};
use relata_runtime::migrate::{self, Migration};
use relata_runtime::pool::duration;
use relata_schema::Dialect;
use relata_sql::{Error, Kind, Result};

use super::cluster::until_asked;
use crate::drivers::prepare;
use crate::output::{Grid, Tone};
use crate::session::{Exit, Session};

/// Options of `relata health`.
#[derive(Args)]
pub struct Health {
    /// Seconds until an answer must be there
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    /// Exit 3 also when something is only degraded
    #[arg(long)]
    strict: bool,
}

/// A number of seconds, at least a tenth of one.
pub(super) fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "write a number of seconds, like 5 or 0.5".to_string())?;
    match number {
        0.1..=3600.0 => Ok(Duration::from_secs_f64(number)),
        _ => Err("between 0.1 and 3600 seconds".to_string()),
    }
}

impl Health {
    /// Runs the command.
    ///
    /// # Errors
    /// When the configuration is wrong. A database that is down is a result, not an error.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let db = prepare(&session.url()?, self.timeout)?;
        if let Some(migrations) = migrations(session, db.dialect())? {
            db.expect_migrations(migrations);
        }
        expect_backups(session, &db)?;
        until_asked(&db, self.timeout / 2).await;
        let health = db.health(self.timeout).await;
        if session.output.json {
            session.output.result(&format!("{:#}", health.json()));
        } else {
            print(session, &health);
        }
        Ok(match health.status() {
            HealthStatus::Unreachable => Exit::Failed,
            HealthStatus::Unhealthy => Exit::Findings,
            HealthStatus::Degraded if self.strict => Exit::Findings,
            _ => Exit::Done,
        })
    }
}

/// The backups that the environment names, unless another database is looked at.
fn expect_backups(session: &Session, db: &Db) -> Result<()> {
    if session.options.url.is_some() {
        return Ok(());
    }
    // With the URL from a variable there need be no environment.
    let environment = session.environment().unwrap_or_default();
    let Some(folder) = environment.backups else { return Ok(()) };
    let age = environment.backups_max_age.as_deref().map_or(Ok(BACKUPS_MAX_AGE), duration);
    let age = age.map_err(|why| Error::new(Kind::Configuration, format!("relata.toml: backups_max_age: {why}")))?;
    db.expect_backups(folder, age);
    Ok(())
}

/// The project's migrations, if it has some.
fn migrations(session: &Session, dialect: Dialect) -> Result<Option<Vec<Migration>>> {
    let folder = session.config()?.migrations();
    if !folder.is_dir() {
        return Ok(None);
    }
    migrate::read_folder(&folder, dialect).map(|migrations| Some(migrations).filter(|found| !found.is_empty()))
}

fn print(session: &Session, health: &Report) {
    let mut grid = Grid::new(&["part", "status", "reason"]);
    let cells =
        |part: &Part| [part.name.as_str(), part.status.word(), part.reason.as_str()].map(|text| Some(text.to_string()));
    grid.rows.extend(health.parts.iter().map(|part| cells(part).to_vec()));
    session.output.rows(&grid);
    for part in health.parts.iter().filter(|part| part.status != HealthStatus::Healthy) {
        if let Some(advice) = &part.advice {
            session.output.say(&format!("{}: {advice}", session.output.paint(Tone::Warning, &part.name)));
        }
    }
}
