//! `relata migrate test`: all migrations up, down and up again on a shadow database, from nothing, first empty, then with
//! rows of one's own, then with rows made up.
//!
//! After each migration up the schema is noted; on the way down it must come out again, and on the second way up too.
//! With rows (`--seed FILE`, or every file of `seeds/` inside the folder of migrations) the rows are put in when all
//! migrations are up: what then goes down must come up again with them. Rows that a way down takes away are not missed;
//! a statement that they make fail is found. Rows that are made up are nobody's: what they make fail is told as a warning,
//! as it may be right for the data there is. Repeatable scripts run at the end, twice.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use relata_runtime::migrate::sample::{self, Sample};
use relata_runtime::migrate::{self, Compare, Header, Migration, repeatable};
use relata_schema::{Diagnostic, Schema, script};
use relata_sql::{Error, Kind, Result};

use super::Common;
use super::compare::Planner;
use super::project::{Project, count};
use super::witness;
use crate::output::Tone;
use crate::session::{Exit, Session};
use crate::shadow::Shadow;

/// Options of `relata migrate test`.
#[derive(Args)]
pub struct Test {
    /// SQL that puts rows in, run when all migrations are up [default: the files of seeds/ in the folder of migrations]
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,
    /// Make up no rows
    #[arg(long)]
    no_made_up: bool,
    /// Only up, not down and up again: for a history with migrations that have no down.sql
    #[arg(long)]
    up_only: bool,
    #[command(flatten)]
    common: Common,
}

impl Test {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::ProofFailed` with the migration and what it did otherwise than the first time.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?.needs_folder()?;
        let seeds = self.seeds(&project)?;
        let mut rounds = vec![Rows::None];
        if !seeds.is_empty() {
            rounds.push(Rows::Seeds(seeds));
        }
        if !self.no_made_up && !self.up_only {
            rounds.push(Rows::MadeUp);
        }
        let mut done = Vec::new();
        for rows in rounds {
            let name = rows.name();
            let progress = session.output.progress(&format!("all migrations, {name}"));
            let mut sample = Sample::default();
            let depth = self.round(&project, &rows, &mut sample).await;
            drop(progress);
            for (table, why) in &sample.bare {
                session.output.say(&format!("  no row could be made up for {table}: {why}"));
            }
            let depth = match depth {
                Err(error) if matches!(rows, Rows::MadeUp) && error.details().sql.is_some() => {
                    session.output.diagnostics(&[depends_on_data(&error)]);
                    done.push(serde_json::json!({ "round": name, "depends_on_data": error.to_string() }));
                    continue;
                }
                depth => depth.map_err(|error| error.context(name.to_string()))?,
            };
            let word = session.output.paint(Tone::Good, "passed");
            let ways = if self.up_only { "up" } else { "up, down, up" };
            let all = count(depth, "migration");
            let made_up = match &rows {
                Rows::MadeUp => format!(", {} in {}", count_rows(sample.rows), count(sample.tables, "table")),
                _ => String::new(),
            };
            session.output.say(&format!("{word} {name}: {all} {ways}{made_up}"));
            let mut result = serde_json::json!({ "round": name, "migrations": depth, "ways": ways });
            if matches!(rows, Rows::MadeUp) {
                let bare = witness::bare_as_json(&sample.bare);
                result["made_up"] =
                    serde_json::json!({ "rows": sample.rows, "tables": sample.tables, "without_rows": bare });
            }
            done.push(result);
        }
        if session.output.json {
            session.output.result(&format!("{:#}", serde_json::json!({ "passed": done })));
        }
        Ok(Exit::Done)
    }

    fn seeds(&self, project: &Project) -> Result<Vec<PathBuf>> {
        if !self.seed.is_empty() {
            return Ok(self.seed.clone());
        }
        let directory = project.directory.join("seeds");
        let Ok(entries) = std::fs::read_dir(&directory) else { return Ok(Vec::new()) };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        Ok(files)
    }

    /// All the way up, down and up; gives how many migrations went.
    async fn round(&self, project: &Project, rows: &Rows, made_up: &mut Sample) -> Result<usize> {
        let mut shadow = Shadow::open(project.dialect, project.shadow.as_ref()).await?;
        shadow.expect_roles_of(project.scripts_of_migrations()).await?;
        let mut stations = vec![migrate::schema(shadow.connection()?).await?];
        for migration in &project.migrations {
            stations.push(up(&mut shadow, migration).await?);
        }
        match rows {
            Rows::None => {}
            Rows::Seeds(files) => {
                for file in files {
                    seed(&mut shadow, file).await?;
                }
            }
            Rows::MadeUp => {
                if let Some(schema) = stations.last() {
                    *made_up = sample::fill(shadow.connection()?, schema, None, &mut BTreeMap::new(), false).await?;
                }
            }
        }
        if !self.up_only {
            self.down_and_up(project, &mut shadow, &stations).await?;
        }
        // Twice: they are applied whenever they change.
        for time in ["the first time", "again"] {
            let undone = repeatable::run_on_shadow(shadow.connection()?, &project.scripts).await?;
            if let Some((name, error)) = undone.into_iter().next() {
                return Err(error.context(format!("repeatable script {name}, {time}")));
            }
        }
        shadow.close().await?;
        Ok(project.migrations.len())
    }

    async fn down_and_up(&self, project: &Project, shadow: &mut Shadow, stations: &[Schema]) -> Result<()> {
        for (position, migration) in project.migrations.iter().enumerate().rev() {
            let Some((header, text)) = &migration.down else {
                if migration.header.baseline {
                    break;
                }
                return Err(Error::new(Kind::ProofFailed, format!("{} has no down.sql", migration.id()))
                    .hint("write it, or test the way up alone: --up-only"));
            };
            let ran = migrate::run_script(shadow.connection()?, header, text).await;
            ran.map_err(|error| error.context(format!("{} down", migration.id())))?;
            let found = migrate::schema(shadow.connection()?).await?;
            same(&stations[position], &found, migration, "down.sql does not give back the schema from before up.sql")?;
        }
        let lowest = project.migrations.iter().rposition(|one| one.header.baseline && one.down.is_none());
        let first = lowest.map_or(0, |position| position + 1);
        for (position, migration) in project.migrations.iter().enumerate().skip(first) {
            let found = up(shadow, migration).await?;
            let why = "up.sql does not give the same schema after down.sql as at first";
            same(&stations[position + 1], &found, migration, why)?;
        }
        Ok(())
    }
}

/// Which rows all migrations go down and up with.
enum Rows {
    None,
    Seeds(Vec<PathBuf>),
    MadeUp,
}

impl Rows {
    fn name(&self) -> &'static str {
        match self {
            Rows::None => "empty",
            Rows::Seeds(_) => "with rows",
            Rows::MadeUp => "with rows made up",
        }
    }
}

fn count_rows(rows: u64) -> String {
    if rows == 1 { "1 row".to_string() } else { format!("{rows} rows") }
}

fn depends_on_data(error: &Error) -> Diagnostic {
    Diagnostic::warning("test-data", format!("whether all migrations go down and up depends on the data: {error}"))
        .help("rows that were made up are in the way; write rows like those you have into seeds/, or leave it out: --no-made-up")
}

async fn up(shadow: &mut Shadow, migration: &Migration) -> Result<Schema> {
    let ran = migrate::run_script(shadow.connection()?, &migration.header, &migration.up).await;
    ran.map_err(|error| error.context(format!("{} up", migration.id())))?;
    migrate::schema(shadow.connection()?).await
}

async fn seed(shadow: &mut Shadow, file: &std::path::Path) -> Result<()> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::new(Kind::Io, format!("{}: {error}", file.display())).caused_by(error))?;
    if script::split(shadow.dialect(), &text).is_empty() {
        return Ok(());
    }
    let ran = migrate::run_script(shadow.connection()?, &Header::default(), &text).await;
    ran.map_err(|error| error.context(format!("putting in the rows of {}", file.display())))
}

fn same(expected: &Schema, found: &Schema, migration: &Migration, why: &str) -> Result<()> {
    let differences = Planner::default().differences(found, expected);
    if differences.is_empty() {
        return Ok(());
    }
    let error = Error::new(Kind::ProofFailed, format!("{}: {why}", migration.id()));
    Err(differences.into_iter().take(10).fold(error, Error::hint))
}
