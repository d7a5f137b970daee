//! What every migration command works with: the folder, the target, the shadow, and who is at work.

use std::path::PathBuf;
use std::time::Duration;

use relata_runtime::migrate::repeatable::{self, Script};
use relata_runtime::migrate::{self, Compare, Event, Lacking, Migration, Runner, TrailEntry, roles};
use relata_schema::{Dialect, Schema};
use relata_sql::driver::ConnectOptions;
use relata_sql::{Connection, DatabaseUrl, Error, Kind, Result};

use super::Common;
use super::compare::Planner;
use crate::commands::inspect::shadow_server;
use crate::drivers::{connect_to_read, driver, plain};
use crate::output::{Output, Tone};
use crate::session::Session;
use crate::shadow::{Key, Shadow};

/// One project: its migrations and the database they are for.
pub struct Project {
    /// The folder of migrations.
    pub directory: PathBuf,
    /// The database.
    pub url: DatabaseUrl,
    /// Its dialect.
    pub dialect: Dialect,
    /// Where shadow databases may be created.
    pub shadow: Option<DatabaseUrl>,
    /// Every migration of the folder.
    pub migrations: Vec<Migration>,
    /// Every repeatable script of the folder.
    pub scripts: Vec<Script>,
    /// Who runs them.
    pub runner: Runner,
}

impl Project {
    /// Reads the folder and the settings; opens no connection.
    pub fn read(session: &Session, common: &Common) -> Result<Self> {
        let url = session.url()?;
        let dialect = url.dialect;
        let directory = match &common.dir {
            Some(directory) => directory.clone(),
            None => session.config()?.migrations(),
        };
        let shadow = shadow_server(session, common.shadow.as_deref(), dialect, &[])?;
        let migrations = migrate::read_folder(&directory, dialect)?;
        let scripts = repeatable::read(&directory, dialect)?;
        let runner = Runner { who: who(), lock_timeout: Duration::from_secs(common.lock_timeout), ..Runner::default() };
        Ok(Project { directory, url, dialect, shadow, migrations, scripts, runner })
    }

    /// Refuses to go on where there is no folder of migrations at all: the command stands in the wrong place, or nothing
    /// was written yet. An empty folder is none of these.
    ///
    /// # Errors
    /// `Kind::Configuration`, with what to do.
    pub fn needs_folder(self) -> Result<Self> {
        if self.directory.is_dir() {
            return Ok(self);
        }
        let message = format!("there is no folder {} with migrations", self.directory.display());
        Err(Error::new(Kind::Configuration, message)
            .hint("name another one with --dir, or with migrations = \"…\" in relata.toml")
            .hint("relata migrate new NAME writes the first migration"))
    }

    /// Opens the database; a SQLite file is created if it is not there yet.
    pub async fn connect(&self) -> Result<Box<dyn Connection>> {
        driver(self.dialect).connect(&plain(&self.url).await?, &ConnectOptions::default()).await
    }

    /// Opens the database for reading; `None` for a SQLite file that is not there yet.
    pub async fn connect_to_read(&self) -> Result<Option<Box<dyn Connection>>> {
        if self.is_missing_file() {
            return Ok(None);
        }
        connect_to_read(&self.url).await.map(Some)
    }

    /// The target is a SQLite file that does not exist.
    pub fn is_missing_file(&self) -> bool {
        self.dialect == Dialect::Sqlite
            && self.url.database != ":memory:"
            && !std::path::Path::new(&self.url.database).exists()
    }

    /// A shadow database on which these migrations have been run.
    pub async fn replay<'m>(&self, migrations: impl IntoIterator<Item = &'m Migration>) -> Result<Shadow> {
        self.replay_with(migrations, None).await
    }

    /// As [`Project::replay`]; what the shadow's server lacks is left out and noted.
    pub async fn replay_as_far<'m>(
        &self,
        migrations: impl IntoIterator<Item = &'m Migration>,
        lacking: &mut Lacking,
    ) -> Result<Shadow> {
        self.replay_with(migrations, Some(lacking)).await
    }

    async fn replay_with<'m>(
        &self,
        migrations: impl IntoIterator<Item = &'m Migration>,
        mut lacking: Option<&mut Lacking>,
    ) -> Result<Shadow> {
        let migrations: Vec<&Migration> = migrations.into_iter().collect();
        let role = self.shadow.as_ref().map_or("", |server| server.user.as_str());
        let key = Key::of(role, migrations.iter().map(|migration| migration.digest.as_str()));
        // Roles are not in a template, and what is in it would hold on to them.
        let concerns = |migration: &Migration| roles::concern(self.dialect, &migration.up);
        let worth_keeping = !migrations.is_empty() && !migrations.iter().any(|migration| concerns(migration));
        if worth_keeping && let Some(mut shadow) = Shadow::kept(self.dialect, self.shadow.as_ref(), &key).await? {
            shadow.expect_roles_of(self.scripts_of_migrations()).await?;
            return Ok(shadow);
        }
        let mut shadow = Shadow::open(self.dialect, self.shadow.as_ref()).await?;
        shadow.expect_roles_of(self.scripts_of_migrations()).await?;
        for migration in migrations {
            let ran = match &mut lacking {
                Some(lacking) => {
                    migrate::run_as_far(shadow.connection()?, &migration.header, &migration.up, lacking).await
                }
                // Roles of others are spared here too.
                None if concerns(migration) => {
                    let (header, up) = (&migration.header, &migration.up);
                    migrate::run_as_far(shadow.connection()?, header, up, &mut Lacking::default()).await
                }
                None => migrate::run_script(shadow.connection()?, &migration.header, &migration.up).await,
            };
            ran.map_err(|error| error.context(format!("replaying {} on a shadow database", migration.id())))?;
        }
        // A template is whole: what is left out of it would not be named the next time.
        if worth_keeping && lacking.is_none_or(|lacking| lacking.is_empty()) {
            shadow.keep(&key).await?;
        }
        Ok(shadow)
    }

    /// What the migrations run, up and down.
    pub fn scripts_of_migrations(&self) -> impl Iterator<Item = &str> {
        self.migrations.iter().flat_map(|migration| {
            let down = migration.down.as_ref().map(|(_, text)| text.as_str());
            std::iter::once(migration.up.as_str()).chain(down)
        })
    }

    /// The schema that these migrations give.
    pub async fn replayed<'m>(&self, migrations: impl IntoIterator<Item = &'m Migration>) -> Result<Schema> {
        let mut shadow = self.replay(migrations).await?;
        let schema = migrate::schema(shadow.connection()?).await?;
        shadow.close().await?;
        Ok(schema)
    }

    /// The schema that these migrations give together with these repeatable scripts, as far as those run there.
    pub async fn replayed_with<'m>(
        &self,
        migrations: impl IntoIterator<Item = &'m Migration>,
        scripts: &[Script],
    ) -> Result<Schema> {
        let mut shadow = self.replay(migrations).await?;
        repeatable::run_on_shadow(shadow.connection()?, scripts).await?;
        let schema = migrate::schema(shadow.connection()?).await?;
        shadow.close().await?;
        Ok(schema)
    }

    /// The repeatable scripts that are applied as they are now, by the trail.
    pub fn settled(&self, trail: &[TrailEntry]) -> Vec<Script> {
        let pending = repeatable::pending(&self.scripts, trail);
        let is_settled = |script: &&Script| !pending.iter().any(|other| other.name == script.name);
        self.scripts.iter().filter(is_settled).cloned().collect()
    }

    /// What a database that these migrations were applied to has otherwise than they and the scripts give. What a script
    /// is about that waits to be applied is no drift: neither that it is not there yet, nor that it is there as it was.
    pub async fn drift(&self, migrations: &[Migration], trail: &[TrailEntry], live: &Schema) -> Result<Vec<String>> {
        let settled = self.settled(trail);
        let now = self.replayed_with(migrations, &settled).await?;
        let mut drift = Planner::default().differences(live, &now);
        if settled.len() < self.scripts.len() && !drift.is_empty() {
            let then = self.replayed_with(migrations, &self.scripts).await?;
            let also = Planner::default().differences(live, &then);
            drift.retain(|difference| also.contains(difference));
        }
        Ok(drift)
    }

    /// The migrations that the history of the target has, as files.
    pub fn applied(&self, history: &[migrate::Applied]) -> Vec<&Migration> {
        let has = |migration: &&Migration| history.iter().any(|row| row.version == migration.version);
        self.migrations.iter().filter(has).collect()
    }
}

/// `ann@laptop`, as far as the environment tells.
fn who() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).or_else(|| variable("USERNAME"));
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_string());
    let host = variable("HOSTNAME").or_else(|| variable("COMPUTERNAME")).or_else(kernel);
    match (user, host) {
        (Some(user), Some(host)) => format!("{user}@{host}"),
        (Some(name), None) | (None, Some(name)) => name,
        (None, None) => "somebody".into(),
    }
}

/// Tells the person what happens while migrations run.
pub fn tell(output: &Output, event: &Event<'_>) {
    match event {
        Event::Waiting { holder, timeout } => output.say(&format!(
            "{} for the migration lock, held by {holder}; up to {} s",
            output.paint(Tone::Warning, "waiting"),
            timeout.as_secs()
        )),
        Event::Begin { id, resumed, statements, .. } if *resumed > 0 => output.say(&format!(
            "{} {id}: {resumed} of {statements} statements were done by a run that was cut off",
            output.paint(Tone::Warning, "resuming")
        )),
        Event::FoundDone { position, .. } => {
            output.say(&format!("statement {position} had been begun by the run that was cut off, and is done"))
        }
        Event::Kept { what } => {
            output.say(&format!("{} {what}, in {}", output.paint(Tone::Good, "kept"), what.kept_in))
        }
        Event::PutBack { what } => output.say(&format!("{} {what}", output.paint(Tone::Good, "put back"))),
        Event::BackedUp { file } => {
            output.say(&format!("{} to {}", output.paint(Tone::Good, "backed up"), file.display()))
        }
        Event::Repeated { name, duration } => {
            let took = output.paint(Tone::Faint, &format!("{} ms", duration.as_millis()));
            output.say(&format!("{} {name} {took}", output.paint(Tone::Good, "applied script")));
        }
        Event::NothingToUndo { position, .. } => {
            output.say(&format!("statement {position} finds nothing to undo: that was not done"))
        }
        Event::Finished { id, direction, duration } => {
            let word = match direction {
                migrate::Direction::Up => "applied",
                migrate::Direction::Down => "rolled back",
            };
            let took = format!("{} ms", duration.as_millis());
            output.say(&format!("{} {id} {}", output.paint(Tone::Good, word), output.paint(Tone::Faint, &took)));
        }
        _ => {}
    }
}

/// `1 migration`, `2 migrations`.
pub fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
