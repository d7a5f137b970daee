//! `relata schema diff --from SRC --to SRC`: the SQL that turns the first into the second.

use clap::{Args, ValueEnum};
use relata_plan::PlanOptions;
use relata_plan::breaking::{Breaking, breaking};
use relata_schema::change::{Lock, Plan, Step};
use relata_schema::{Diagnostic, Dialect, Schema, Severity};
use relata_sql::driver::ServerInfo;
use relata_sql::{Error, Kind, Result};

use super::inspect::shadow_server;
use super::migrate::compare::describe;
use crate::cli::DialectOption;
use crate::identity::{IdentityOptions, Matched, Matching, warnings};
use crate::output::Grid;
use crate::session::{Exit, Session};
use crate::source::{Loaded, Loader, Source};

/// Options of `relata schema diff`.
#[derive(Args)]
pub struct Diff {
    /// The schema as it is
    #[arg(long, value_name = "SRC")]
    from: String,
    /// The schema as it shall be
    #[arg(long, value_name = "SRC")]
    to: String,
    /// The dialect to compare in [default: that of --from, else of --to, else sqlite]
    #[arg(long, value_enum)]
    dialect: Option<DialectOption>,
    /// A server where a temporary database may be created, for sources that have to be loaded into one
    #[arg(long, value_name = "URL")]
    shadow: Option<String>,
    #[command(flatten)]
    identity: IdentityOptions,
    /// Let others go on reading and writing: long steps run by themselves, outside of a transaction (PostgreSQL)
    #[arg(long)]
    online: bool,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Sql)]
    format: Format,
}

/// Forms of a plan.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A script that the database's own shell runs
    Sql,
    /// Steps with recipe, locks and what is lost, machine readable
    Json,
    /// The same as a table
    Text,
}

impl Diff {
    /// Runs the command.
    ///
    /// # Errors
    /// When a source cannot be read, or no plan exists; the error says why.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let (from, to) = (Source::parse(&self.from)?, Source::parse(&self.to)?);
        let dialect = self.dialect.map(Dialect::from).or(from.dialect()).or(to.dialect()).unwrap_or_default();
        let shadow = shadow_server(session, self.shadow.as_deref(), dialect, &[&from, &to])?;
        let loader = Loader { dialect, shadow, normalize: true, ground: None };
        // Both at once: a server has more than one core.
        let progress = session.output.progress(&format!("reading {from} and {to}"));
        let (old, new) = tokio::join!(loader.load(&from), loader.load(&to));
        let (mut old, mut new) = match (old, new) {
            // Entities may name what only the other side has: types of an extension, functions.
            (Ok(old), Err(error)) if matches!(to, Source::Rust(_)) && stands_on_other(&error) => {
                let new = Loader { ground: Some(&old.schema), ..loader }.load(&to).await?;
                (old, new)
            }
            (Err(error), Ok(new)) if matches!(from, Source::Rust(_)) && stands_on_other(&error) => {
                (Loader { ground: Some(&new.schema), ..loader }.load(&from).await?, new)
            }
            (old, new) => (old?, new?),
        };
        drop(progress);
        // What was created on a shadow belongs to the shadow's role.
        if old.server.is_none() || new.server.is_none() {
            old.schema.forget_owners();
            new.schema.forget_owners();
        }

        let matched = match_sides(&old, &mut new, &self.identity)?;
        let mut options = plan_options(old.server.as_ref().or(new.server.as_ref()));
        options.online = self.online;
        options.renames = matched.renames;
        let (plan, mut found) = relata_plan::plan(&old.schema, &matched.target, &options);
        found.extend(warnings(&matched.open));
        found.extend(not_compared(&old, &new));
        let breaking = breaking(&old.schema, &matched.target, &options.renames);
        let diagnostics: Vec<_> = [old.diagnostics, new.diagnostics, found].concat();
        session.output.diagnostics(&diagnostics);
        let format = if session.options.json { Format::Json } else { self.format };
        let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        if failed && format != Format::Json {
            return Err(no_plan(&diagnostics));
        }
        if plan.is_empty() && diagnostics.is_empty() {
            unplanned(&old.schema, &matched.target, &options)?;
        }
        print(session, &plan, &breaking, &diagnostics, format);
        Ok(match (failed, plan.is_empty()) {
            (true, _) => Exit::Failed,
            (false, true) => Exit::Done,
            (false, false) => Exit::Findings,
        })
    }
}

/// Whether entities could not be created for want of something that they cannot say.
pub fn stands_on_other(error: &Error) -> bool {
    matches!(error.kind(), Kind::UndefinedObject | Kind::UndefinedTable)
}

/// A note of what is written in the language of its dialect, where the target is of another one: its absence there means
/// nothing, so it stays.
fn not_compared(old: &Loaded, new: &Loaded) -> Option<Diagnostic> {
    let schema = &old.schema;
    let triggers = schema.tables.iter().flat_map(|table| &table.triggers).map(|trigger| trigger.name.clone());
    let views = schema.views.iter().map(|view| view.name.to_string());
    let routines = schema.routines.iter().map(|routine| routine.name.to_string());
    let names: Vec<String> = views.chain(routines).chain(triggers).collect();
    let message =
        format!("of another dialect's schema, these are not compared and stay as they are: {}", names.join(", "));
    let note = || {
        Diagnostic::new("translate-kept", Severity::Note, message)
            .help("views, routines and triggers are programs of their dialect: write those of the target anew by hand")
    };
    (new.translated && !names.is_empty()).then(note)
}

/// What the planner has to know of the server.
pub fn plan_options(server: Option<&ServerInfo>) -> PlanOptions {
    PlanOptions {
        server_version: server.map_or(0, |server| server.number),
        mysql: server.is_some_and(|server| server.product == "MySQL"),
        ..PlanOptions::default()
    }
}

/// An empty plan for schemas that differ is a mistake of the planner, never "equal".
fn unplanned(old: &Schema, new: &Schema, options: &PlanOptions) -> Result<()> {
    let changes: Vec<_> = relata_plan::diff::diff(old, new, &options.renames).iter().flat_map(describe).collect();
    if changes.is_empty() {
        return Ok(());
    }
    let error = Error::new(Kind::Internal, "no plan exists: the schemas differ, and the planner knows no step for it");
    Err(changes.into_iter().take(20).fold(error, Error::hint))
}

fn no_plan(diagnostics: &[Diagnostic]) -> Error {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let things = if errors == 1 { "one thing".to_string() } else { format!("{errors} things") };
    Error::new(Kind::Unsupported, format!("no plan exists: {things} cannot be carried out, as said above"))
        .hint("change that part of the target, or write the migration by hand")
}

/// Who is who on both sides; identities count where both are locks.
/// The target is taken out of `new` where it is what was loaded: a large one is not there twice.
fn match_sides(old: &Loaded, new: &mut Loaded, options: &IdentityOptions) -> Result<Matched> {
    new.schema.canonicalize();
    let mut matching = Matching::new(&old.schema, new, options)?;
    if !old.identities.is_empty() {
        matching = matching.both_identities(&old.identities, &new.identities);
    }
    if !matching.is_as_loaded() {
        return Ok(matching.look());
    }
    let (renames, open) = matching.look_as_loaded();
    let target = std::mem::replace(&mut new.schema, Schema::new(old.schema.dialect));
    Ok(Matched { target, renames, answered: Vec::new(), open })
}

fn print(session: &Session, plan: &Plan, breaking: &[Breaking], diagnostics: &[Diagnostic], format: Format) {
    match format {
        Format::Json => session.output.result(&json(plan, breaking, diagnostics)),
        Format::Sql | Format::Text if plan.is_empty() => {}
        Format::Sql => session.output.result(&plan.script()),
        Format::Text => {
            session.output.table(&grid(plan));
            if !breaking.is_empty() {
                session.output.table(&breaking_grid(breaking));
            }
        }
    }
}

/// What breaks for applications that still run, as a table.
pub fn breaking_grid(breaking: &[Breaking]) -> Grid {
    let mut grid = Grid::new(&["breaking change", "what fails", "instead"]);
    for found in breaking {
        grid.push([found.change.as_str(), found.breaks, found.instead]);
    }
    grid
}

/// The same, machine readable.
pub fn breaking_json(breaking: &[Breaking]) -> serde_json::Value {
    let one = |found: &Breaking| {
        serde_json::json!({ "object": found.object.to_string(), "change": found.change, "breaks": found.breaks,
            "instead": found.instead })
    };
    breaking.iter().map(one).collect()
}

/// The steps of a plan as a table.
pub fn grid(plan: &Plan) -> Grid {
    let mut grid = Grid::new(&["#", "step", "recipe", "locks", "loses"]).numbers(&[0]);
    for (index, step) in plan.steps.iter().enumerate() {
        let locks: Vec<_> = step.locks.iter().map(describe_lock).collect();
        grid.push([
            (index + 1).to_string(),
            step.summary.clone(),
            step.recipe.to_string(),
            locks.join("\n"),
            step.loses.clone().unwrap_or_default(),
        ]);
    }
    grid
}

fn describe_lock(lock: &Lock) -> String {
    format!("{} on {} ({})", lock.mode, lock.object, lock.span)
}

fn json(plan: &Plan, breaking: &[Breaking], diagnostics: &[Diagnostic]) -> String {
    let value = serde_json::json!({
        "dialect": plan.dialect.word(),
        "equal": plan.is_empty(),
        "steps": plan.steps.iter().map(step_json).collect::<Vec<_>>(),
        "breaking": breaking_json(breaking),
        "diagnostics": diagnostics.iter().map(diagnostic_json).collect::<Vec<_>>(),
    });
    format!("{value:#}")
}

fn step_json(step: &Step) -> serde_json::Value {
    serde_json::json!({
        "summary": step.summary,
        "object": step.object.to_string(),
        "sql": step.sql,
        "transactional": step.transactional,
        "recipe": step.recipe.word(),
        "locks": step.locks.iter().map(|lock| serde_json::json!({
            "object": lock.object.to_string(), "mode": lock.mode.word(), "span": lock.span.word(),
        })).collect::<Vec<_>>(),
        "loses": step.loses,
    })
}

/// A finding, machine readable.
pub fn diagnostic_json(diagnostic: &Diagnostic) -> serde_json::Value {
    serde_json::json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "object": diagnostic.object.as_ref().map(ToString::to_string),
        "help": diagnostic.help,
        "span": diagnostic.span.as_ref().map(|span| serde_json::json!({
            "file": span.file, "line": span.line, "column": span.column + 1, "length": span.length,
        })),
    })
}
