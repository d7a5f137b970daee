//! `relata migrate rollback`: undoes migrations; says before what would be lost, and keeps it.
//!
//! What would be lost is found on a shadow: the applied migrations run up there, then the scripts down, as they are in
//! the files. Tables and columns that are gone then are counted in the target, and copied to
//! `migrations/.lost/TIME/*.ndjson` before anything runs.

use std::path::PathBuf;

use clap::Args;
use relata_plan::PlanOptions;
use relata_runtime::migrate::{self, EntryState, Loss, Migration, Rollback as Target, Status as Standing};
use relata_schema::change::Rename;
use relata_schema::{Dialect, Schema};
use relata_sql::{Connection, Error, Kind, Result};

use super::Common;
use super::attend::{Patience, Telling, attended};
use super::compare::vanishing;
use super::foresee::{plausible, written_renames};
use super::project::{Project, count};
use crate::commands::diff::plan_options;
use crate::output::Tone;
use crate::session::{Exit, Session};

/// Options of `relata migrate rollback`.
#[derive(Args)]
pub struct Rollback {
    /// Undo everything after this version, which stays (a beginning is enough)
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["steps", "all"])]
    to: Option<String>,
    /// Undo so many migrations [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    steps: Option<usize>,
    /// Undo every migration
    #[arg(long)]
    all: bool,
    /// Go on although this is lost: a table, or a column as TABLE.COLUMN; without a name, whatever is lost
    #[arg(long, visible_alias = "yes", value_name = "NAME", num_args = 0..=1, default_missing_value = ALL)]
    accept_loss: Vec<String>,
    /// Do not copy what is lost into files
    #[arg(long)]
    no_keep: bool,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    telling: Telling,
    #[command(flatten)]
    common: Common,
}

/// Whatever is lost.
const ALL: &str = "*";

/// What a rollback takes away.
#[derive(Default)]
struct Losses {
    /// The schema that the target has now.
    schema: Schema,
    /// Tables and columns that hold something.
    counted: Vec<Loss>,
    /// What else the plan between the two schemas loses, in words.
    other: Vec<String>,
}

impl Rollback {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::DataLoss` when data would be lost and that was not accepted; else as the executor reports.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let mut project = Project::read(session, &self.common)?;
        self.patience.set(&mut project.runner);
        let output = &session.output;
        let mut connection = project.connect().await?;
        let status = migrate::status(connection.as_mut(), &project.migrations).await?;
        if let Some(error) = status.error() {
            return Err(error);
        }
        let undone = migrate::undone_by(&status, &project.migrations, &self.target())?;
        if undone.is_empty() {
            output.say("nothing to roll back");
            return Ok(Exit::Done);
        }
        let undone: Vec<&Migration> = undone.into_iter().map(|(migration, _)| migration).collect();
        let losses = self.losses(session, &project, connection.as_mut(), &status, &undone).await?;
        self.acknowledged(session, &losses)?;
        let kept = self.keep(&project, connection.as_mut(), &losses).await?;
        for file in &kept {
            output.say(&format!("{} {}", output.paint(Tone::Good, "kept"), file.display()));
        }
        let done =
            attended(output, &project, &self.telling, connection.as_mut(), async |runner, connection, observer| {
                runner.rollback(connection, &project.migrations, &self.target(), observer).await
            });
        let done = done.await?;
        let mut left = Vec::new();
        for migration in undone.iter().filter(|migration| !migration.header.loses.is_empty()) {
            let backup = migrate::backup_of(connection.as_mut(), &migration.version).await?;
            left.extend(backup.map(|file| (migration.id(), file)));
        }
        connection.close().await?;
        if output.json {
            let files: Vec<_> = kept.iter().map(|file| file.display().to_string()).collect();
            let ids: Vec<_> = done.iter().map(migrate::Applied::id).collect();
            output.result(&format!("{:#}", serde_json::json!({ "rolled_back": ids, "kept": files })));
        } else {
            output.say(&format!("{} rolled back on {}", count(done.len(), "migration"), project.url));
            for (id, file) in &left {
                output
                    .say(&format!("note: the values that {id} took away are not back: they are in {}", file.display()));
                output.say("  apply --preserve keeps such values where a rollback puts them back");
            }
        }
        Ok(Exit::Done)
    }

    fn target(&self) -> Target {
        match (&self.to, self.all) {
            (Some(version), _) => Target::To(version.clone()),
            (None, true) => Target::All,
            (None, false) => Target::Steps(self.steps.unwrap_or(1)),
        }
    }

    async fn losses(
        &self,
        session: &Session,
        project: &Project,
        connection: &mut dyn Connection,
        status: &Standing,
        undone: &[&Migration],
    ) -> Result<Losses> {
        let progress = session.output.progress("finding out on a shadow database what would be lost");
        let found = look(project, connection, status, undone).await;
        drop(progress);
        match found {
            Ok(losses) => Ok(losses),
            Err(error) if self.accepts_all() => {
                session.output.say(&format!("{}: {error}", session.output.paint(Tone::Warning, "warning")));
                session.output.say("what is lost is therefore not known and not kept; going on, as --accept-loss says");
                Ok(Losses::default())
            }
            Err(error) => Err(error
                .context("finding out what would be lost")
                .hint("nothing was rolled back; with --accept-loss it is done without knowing, and nothing is kept")),
        }
    }

    fn accepts_all(&self) -> bool {
        self.accept_loss.iter().any(|name| name == ALL)
    }

    /// Whether this loss was accepted by its name: `posts`, `public.posts`, `posts.title`, `column posts.title`.
    fn accepts(&self, loss: &Loss) -> bool {
        let gone = &loss.vanishing;
        let named = |table: &str| match &gone.column {
            None => table.to_string(),
            Some(column) => format!("{table}.{column}"),
        };
        let (full, bare) = (named(&gone.table.to_string()), named(&gone.table.name));
        let word = if gone.column.is_none() { "table " } else { "column " };
        self.accept_loss.iter().any(|name| {
            let name = name.strip_prefix(word).unwrap_or(name);
            name == full || name == bare
        })
    }

    fn acknowledged(&self, session: &Session, losses: &Losses) -> Result<()> {
        let output = &session.output;
        let all: Vec<String> =
            losses.counted.iter().map(ToString::to_string).chain(losses.other.iter().cloned()).collect();
        if all.is_empty() {
            return Ok(());
        }
        let open = losses.counted.iter().filter(|loss| !self.accepts(loss)).map(ToString::to_string);
        let mut open: Vec<String> = open.chain(losses.other.iter().cloned()).collect();
        if self.accepts_all() {
            open.clear();
        }
        let question = || format!("This would be lost: {}.", open.join("; "));
        if open.is_empty() || output.confirm(&question()) {
            all.iter().for_each(|line| output.say(&format!("{} {line}", output.paint(Tone::Warning, "loses"))));
            return Ok(());
        }
        let error = Error::new(Kind::DataLoss, format!("the rollback would lose {}", open.join("; ")))
            .hint("nothing was rolled back");
        Err(if self.no_keep {
            error.hint("run it again with --accept-loss; because of --no-keep it is lost for good")
        } else {
            error.hint("run it again with --accept-loss: tables and columns are copied into files first")
        })
    }

    async fn keep(&self, project: &Project, connection: &mut dyn Connection, losses: &Losses) -> Result<Vec<PathBuf>> {
        if self.no_keep || losses.counted.is_empty() {
            return Ok(Vec::new());
        }
        let time = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
        let directory = project.directory.join(".lost").join(time);
        migrate::keep(connection, &losses.schema, &losses.counted, &directory).await
    }
}

/// Runs up and down on a shadow, and counts in the target what is gone afterwards. What was cut off on the way up does
/// not run there: the target itself says how far that came.
async fn look(
    project: &Project,
    connection: &mut dyn Connection,
    status: &Standing,
    undone: &[&Migration],
) -> Result<Losses> {
    let history = migrate::read_history(connection).await?;
    let half = |version: &str| {
        let unfinished = [EntryState::HalfApplied, EntryState::HalfUndone];
        status.entries.iter().any(|entry| entry.version == version && unfinished.contains(&entry.state))
    };
    let whole = project.applied(&history).into_iter().filter(|migration| !half(&migration.version));
    let mut shadow = project.replay(whole).await?;
    let mut before = migrate::schema(shadow.connection()?).await?;
    for migration in undone.iter().filter(|migration| !half(&migration.version)) {
        if let Some((header, text)) = &migration.down {
            let ran = migrate::run_script(shadow.connection()?, header, text).await;
            ran.map_err(|error| error.context(format!("rolling back {} on a shadow database", migration.id())))?;
        }
    }
    let after = migrate::schema(shadow.connection()?).await?;
    shadow.close().await?;
    if undone.iter().any(|migration| half(&migration.version)) {
        before = migrate::schema(connection).await?;
    }
    let schema = migrate::schema(connection).await?;
    let there = |vanishing: &migrate::Vanishing| {
        let table = schema.table(&vanishing.table);
        table.is_some_and(|table| vanishing.column.as_ref().is_none_or(|column| table.column(column).is_some()))
    };
    let renames = plausible(renamed(project.dialect, undone), &before, &after);
    let vanishing: Vec<_> = vanishing(&before, &after, &renames).into_iter().filter(there).collect();
    let mut counted = migrate::measure(connection, &vanishing).await?;
    counted.retain(|loss| loss.values > 0);
    let options = plan_options(Some(connection.server()));
    let (plan, _) = relata_plan::plan(&before, &after, &PlanOptions { renames, ..options });
    let other = plan.steps.into_iter().filter_map(|step| step.loses);
    let other = other.flat_map(|text| text.split("; ").map(String::from).collect::<Vec<_>>());
    let other = other.filter(|text| !vanishing.iter().any(|gone| is_about(text, gone))).collect();
    Ok(Losses { schema, counted, other })
}

/// What the ways down rename: what the files say of their ways up, undone, and what stands in their SQL.
fn renamed(dialect: Dialect, undone: &[&Migration]) -> Vec<Rename> {
    let steps = undone.iter().map(|migration| {
        let mut renames = migrate::opposite(&migration.header.renames);
        let text = migration.down.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default();
        let written = written_renames(dialect, text);
        renames.extend(
            written.into_iter().filter(|rename| !migrate::opposite(&migration.header.renames).contains(rename)),
        );
        renames
    });
    migrate::composed(&steps.collect::<Vec<_>>())
}

/// Whether the planner's words for a loss are about what vanishes: that is counted, and would be said twice, or be said
/// of what holds nothing.
fn is_about(text: &str, gone: &migrate::Vanishing) -> bool {
    match &gone.column {
        Some(column) => text.contains(&format!("{}.{column}", gone.table)),
        None => text.contains(&format!("table {}", gone.table)) || text.ends_with(&format!("of {}", gone.table)),
    }
}
