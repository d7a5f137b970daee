//! `relata migrate new NAME`: writes the migration from what the migrations give to what is declared.
//!
//! Nothing is written that has not run: up, down and up on a shadow database, on a copy of the data where there is one
//! to be had (see [`super::ground`]).

use std::path::Path;

use clap::Args;
use relata_plan::PlanOptions;
use relata_plan::breaking::{Breaking, breaking};
use relata_plan::loss::losses;
use relata_runtime::migrate::{self, Compare, Draft, Header, Migration};
use relata_schema::change::{Plan, Rename, Step};
use relata_schema::{Diagnostic, Dialect, Schema, Severity};
use relata_sql::{Error, Kind, Result};

use super::compare::Planner;
use super::ground::{DataOptions, Ground};
use super::project::Project;
use super::{Common, trial, witness};
use crate::commands::diff::{breaking_grid, breaking_json, grid, plan_options};
use crate::identity::{IdentityOptions, LockFile, Matched, Matching, as_option, tell_how_to_declare};
use crate::output::Tone;
use crate::session::{Exit, Session};
use crate::source::{Loaded, Loader, Source};

/// Options of `relata migrate new`.
#[derive(Args)]
pub struct New {
    /// What it is for, as the folder will be called: add_users
    name: String,
    /// What is declared: any source [default: the sources of relata.toml, else src]
    #[arg(long, value_name = "SRC")]
    from: Option<String>,
    /// The domain it belongs to: a folder inside the folder of migrations
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    domain: String,
    /// Write a migration to fill in by hand
    #[arg(long)]
    empty: bool,
    /// Let others go on reading and writing: long steps run by themselves, outside of a transaction (PostgreSQL)
    #[arg(long)]
    online: bool,
    /// Accept that data is lost for good where the plan says so; it is written into the file
    #[arg(long)]
    accept_loss: bool,
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    data: DataOptions,
    #[command(flatten)]
    common: Common,
}

/// Both ways between where the migrations lead and what is declared.
pub struct BothWays {
    /// What is declared.
    pub target: Schema,
    /// Declared renames that the start has not seen.
    pub renames: Vec<Rename>,
    /// From the start to the target.
    pub up: Plan,
    /// And back.
    pub down: Plan,
    /// What is lost for good on the way up, as a header acknowledges it.
    pub up_loses: Vec<String>,
    /// What is lost for good on the way back.
    pub down_loses: Vec<String>,
    /// What breaks for applications that still run.
    pub breaking: Vec<Breaking>,
    /// What the planner found on the way up.
    pub findings: Vec<Diagnostic>,
    down_findings: Vec<Diagnostic>,
}

impl New {
    /// Runs the command.
    ///
    /// # Errors
    /// When the declaration has mistakes, no plan exists, data would be lost unacknowledged, or the proof fails.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let project = Project::read(session, &self.common)?;
        one_head(&project)?;
        if self.empty {
            return self.write_empty(session, &project);
        }
        let progress = session.output.progress("replaying the migrations on a shadow database");
        let mut ground = Ground::after(&project, &project.migrations).await?;
        progress.doing("reading the declaration");
        let declared = self.declared(session, &project, &ground.schema).await?;
        drop(progress);
        session.output.diagnostics(&declared.diagnostics);
        let server = ground.connection()?.server().clone();
        let lock = LockFile::beside(&project.directory)?.after(all_renames(project.dialect, &project.migrations));
        let matched = Matching::new(&ground.schema, &declared, &self.identity)?
            .identities(&lock.identities(), &first_names(project.dialect, &project.migrations))
            .decide(session)?;
        let answered = matched.answered.clone();
        let options = PlanOptions { online: self.online, ..plan_options(Some(&server)) };
        let ways = both_ways(&ground.schema, matched, &options);
        session.output.diagnostics(&ways.findings);
        ways.refuse_errors()?;
        if ways.up.is_empty() {
            nothing_differs(&ground.schema, &ways.target)?;
            session.output.say("nothing to write: the migrations give what is declared already");
            session.output.say("  to write one by hand: relata migrate new NAME --empty");
            return Ok(Exit::Done);
        }
        self.show(session, &ways)?;
        let start = ground.schema.clone();
        ground.fill(session, &project, &project.migrations, &self.data).await?;
        let (directory, parent) = (&project.directory, migrate::newest(&project.migrations, &self.domain)?);
        let migration = ways.migration(&self.name, directory, parent, &ways.target, None);
        let progress = session.output.progress("proving it: up, down, up");
        let before = &project.migrations;
        let proof = trial::prove(session, &project, &mut ground, before, &migration, Some(&ways.target)).await?;
        drop(progress);
        let proved = format!("{proof}, {}", proof.on);
        witness::tell(session, &proof);
        witness::tell_unproved(session, &migration, &proof.unproved);
        let on = witness::recorded(&proof, &migration, &server, &project.runner.who);
        ground.close().await?;
        let migration = ways.migration(&self.name, directory, parent, &proof.schema, Some(on));
        let migration = migration.in_domain(directory, &self.domain);
        migrate::write_folder(&migration)?;
        tell_hazards(session, &migration, &start)?;
        if !lock.write(&ways.target, &ways.renames)? {
            let note = format!("{} is for another dialect and was left as it is", lock.path().display());
            session.output.say(&note);
        }
        tell_how_to_declare(session, &answered);
        report(session, &migration, Some((&proved, &ways)));
        Ok(Exit::Done)
    }

    async fn declared(&self, session: &Session, project: &Project, ground: &Schema) -> Result<Loaded> {
        let sources = match &self.from {
            Some(text) => vec![Source::parse(text)?],
            None => Source::configured(session)?,
        };
        let loader =
            Loader { dialect: project.dialect, shadow: project.shadow.clone(), normalize: true, ground: Some(ground) };
        loader.load_all(&sources).await
    }

    /// Shows the plan; refuses what loses data unless that was accepted.
    fn show(&self, session: &Session, ways: &BothWays) -> Result<()> {
        session.output.say(&grid(&ways.up).draw(false));
        if !ways.breaking.is_empty() {
            session.output.say("while a version of the application that was made for the schema before still runs:");
            session.output.say(&breaking_grid(&ways.breaking).draw(false));
        }
        let losses = &ways.up_loses;
        if losses.is_empty() || self.accept_loss {
            return Ok(());
        }
        let message = format!("the migration would lose data for good: {}", losses.join("; "));
        Err(Error::new(Kind::DataLoss, message)
            .hint("if that is meant, run it again with --accept-loss; it is written into the file")
            .hint("if it is a rename, declare it: #[renamed_from(\"old_name\")] on the field"))
    }

    fn write_empty(&self, session: &Session, project: &Project) -> Result<Exit> {
        let parent = migrate::newest(&project.migrations, &self.domain)?;
        let parents = parent.map(|last| last.digest.clone()).into_iter().collect();
        let draft = Draft {
            domain: String::new(),
            name: self.name.clone(),
            up_header: Header { dialect: Some(project.dialect), parents, ..Header::default() },
            up: "-- what shall be done\n".into(),
            down_header: Header { dialect: Some(project.dialect), ..Header::default() },
            down: Some("-- how it is undone; without it, delete this file\n".into()),
        };
        let migration = draft.migration(&project.directory, project.dialect, jiff::Timestamp::now());
        let migration = migration.in_domain(&project.directory, &self.domain);
        migrate::write_folder(&migration)?;
        report(session, &migration, None);
        Ok(Exit::Done)
    }
}

/// On top of which of two branches would it be?
fn one_head(project: &Project) -> Result<()> {
    match migrate::Graph::of(&project.migrations)?.heads().into_values().find(|heads| heads.len() > 1) {
        None => Ok(()),
        Some(heads) => {
            let ids: Vec<String> = heads.iter().map(|head| head.id()).collect();
            Err(Error::new(Kind::Migration, format!("the history has {} heads: {}", ids.len(), ids.join(" and ")))
                .hint("two branches both added migrations: relata migrate merge joins them first"))
        }
    }
}

/// What the lint says of what was written: it is planned, and may still block or break.
fn tell_hazards(session: &Session, migration: &Migration, start: &Schema) -> Result<()> {
    let found = super::lint::of_new(session, migration, start)?;
    let warnings: Vec<Diagnostic> =
        found.into_iter().map(|found| Diagnostic { severity: Severity::Warning, ..found }).collect();
    session.output.diagnostics(&warnings);
    Ok(())
}

/// The names that objects had first, by those that all migrations give them.
pub fn first_names(dialect: Dialect, migrations: &[Migration]) -> Vec<Rename> {
    migrate::opposite(&migrate::composed(&all_renames(dialect, migrations)))
}

/// What each migration renames.
pub fn all_renames(dialect: Dialect, migrations: &[Migration]) -> Vec<Vec<Rename>> {
    migrations.iter().map(|migration| super::foresee::all_renames(dialect, migration)).collect()
}

/// Plans both ways; what the planner finds on the way up is in [`BothWays::findings`].
pub fn both_ways(start: &Schema, matched: Matched, options: &PlanOptions) -> BothWays {
    let Matched { mut target, renames, .. } = matched;
    target.forget_owners();
    let forward = PlanOptions { renames: renames.clone(), ..options.clone() };
    let back = PlanOptions { renames: migrate::opposite(&renames), back: true, ..options.clone() };
    let (up, findings) = relata_plan::plan(start, &target, &forward);
    let (down, found) = relata_plan::plan(&target, start, &back);
    let up_loses = lost(start, &target, &forward.renames, &up);
    let down_loses = lost(&target, start, &back.renames, &down);
    let breaking = breaking(start, &target, &renames);
    BothWays { target, renames, up, down, breaking, up_loses, down_loses, findings, down_findings: found }
}

/// What is lost by name, and what else a step says to lose.
fn lost(from: &Schema, to: &Schema, renames: &[Rename], plan: &Plan) -> Vec<String> {
    let named = losses(from, to, renames);
    let known = |step: &&Step| named.iter().any(|loss| loss.object.name == step.object.name);
    let others = plan.steps.iter().filter(|step| !known(step)).filter_map(|step| step.loses.clone());
    named.iter().map(ToString::to_string).chain(others).collect()
}

impl BothWays {
    /// The migration that goes these ways, on top of `parent`; `result` is the schema that it gives.
    pub fn migration(
        &self,
        name: &str,
        directory: &Path,
        parent: Option<&Migration>,
        result: &Schema,
        proved: Option<String>,
    ) -> Migration {
        let dialect = self.target.dialect;
        let header = |plan: &Plan, loses: &[String]| Header {
            dialect: Some(dialect),
            transaction_off: needs_autocommit(dialect, plan),
            loses: loses.to_vec(),
            ..Header::default()
        };
        let up_header = Header {
            parents: parent.map(|parent| parent.digest.clone()).into_iter().collect(),
            schema: Some(migrate::schema_digest(result)),
            renames: self.renames.clone(),
            proved,
            ..header(&self.up, &self.up_loses)
        };
        let draft = Draft {
            domain: String::new(),
            name: name.to_string(),
            up: script(dialect, &self.up, up_header.transaction_off),
            down_header: header(&self.down, &self.down_loses),
            down: Some(script(dialect, &self.down, needs_autocommit(dialect, &self.down))),
            up_header,
        };
        draft.migration(directory, dialect, after(parent))
    }

    /// # Errors
    /// `Kind::Unsupported` when one of the ways does not exist.
    pub fn refuse_errors(&self) -> Result<()> {
        refuse("up", &self.findings)?;
        refuse("down", &self.down_findings)
    }
}

/// This moment, or the second after `parent` (which need not be in the folder yet).
fn after(parent: Option<&Migration>) -> jiff::Timestamp {
    let mut now = jiff::Timestamp::now();
    let time = |now: jiff::Timestamp| now.strftime("%Y%m%d%H%M%S").to_string();
    let same = |now| parent.is_some_and(|parent| parent.version.starts_with(&time(now)));
    while same(now) {
        now += jiff::SignedDuration::from_secs(1);
    }
    now
}

/// A plan is empty because there is nothing to do, and for no other reason.
fn nothing_differs(start: &Schema, target: &Schema) -> Result<()> {
    let differences = Planner::default().differences(start, target);
    if differences.is_empty() {
        return Ok(());
    }
    let error = Error::new(Kind::Unsupported, "no plan exists for what differs")
        .hint("write the migration by hand: relata migrate new NAME --empty");
    Err(differences.into_iter().take(20).fold(error, Error::hint))
}

fn refuse(way: &str, found: &[Diagnostic]) -> Result<()> {
    let errors = found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let errors: Vec<String> = errors.map(|diagnostic| diagnostic.message.clone()).collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(Error::new(Kind::Unsupported, format!("no plan {way} exists: {}", errors.join("; ")))
        .hint("change that part of the declaration, or write the migration by hand with --empty"))
}

/// A plan that holds what no transaction allows. SQLite's switch of foreign keys is the executor's business.
pub fn needs_autocommit(dialect: Dialect, plan: &Plan) -> bool {
    dialect == Dialect::Postgres && plan.steps.iter().any(|step| !step.transactional)
}

/// The statements of a plan, each with what it does and, where they run one by one, how to tell that it was done.
fn script(dialect: Dialect, plan: &Plan, one_by_one: bool) -> String {
    let journalled = one_by_one || !dialect.transactional_ddl();
    plan.steps.iter().map(|step| statement(dialect, step, journalled)).collect::<Vec<_>>().join("\n")
}

fn statement(dialect: Dialect, step: &Step, journalled: bool) -> String {
    let mut out = String::new();
    if !step.summary.is_empty() {
        out.push_str(&format!("-- {}\n", step.summary.replace(['\r', '\n'], " ")));
    }
    let probe = relata_schema::script::flatten(dialect, &step.done_probe);
    if journalled && !probe.is_empty() && !probe.contains(['\r', '\n']) {
        out.push_str(&format!("-- relata: done {probe}\n"));
    }
    out + &dialect.join(std::slice::from_ref(&step.sql))
}

fn report(session: &Session, migration: &Migration, proved: Option<(&str, &BothWays)>) {
    let output = &session.output;
    if output.json {
        let value = serde_json::json!({
            "version": migration.version, "name": migration.name, "digest": migration.digest,
            "path": migration.path.display().to_string(), "proved": proved.map(|(how, _)| how),
            "renames": migration.header.renames.iter().map(as_option).collect::<Vec<_>>(),
            "loses": migration.header.loses,
            "breaking": proved.map(|(_, ways)| breaking_json(&ways.breaking)),
        });
        output.result(&format!("{value:#}"));
        return;
    }
    if let Some((proved, _)) = proved {
        output.say(&format!("{} {proved}", output.paint(Tone::Good, "proved")));
    }
    output.result(&migration.path.display().to_string());
    let command = |text| output.paint(Tone::Code, text);
    output.say(&match proved {
        Some(_) => format!("next: read it, then {}", command("relata migrate apply")),
        None => format!("next: fill it in, then {}", command("relata migrate prove")),
    });
}
