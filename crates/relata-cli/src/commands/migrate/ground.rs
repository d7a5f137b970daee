//! Where a migration is proved: a shadow database on which the migrations before it were run, with the target's data
//! where that is to be had, and else with rows made up for the purpose.
//!
//! - SQLite: a copy of the file as it is now, unless `--no-data`.
//! - PostgreSQL, MariaDB: with `--with-data`, every row is copied into the shadow database. Foreign keys are not checked
//!   meanwhile (they were, in the target); a role that is no superuser drops them there and adds them again. MariaDB cannot switch triggers off: what they write while rows are copied is
//!   replaced by the target's rows, and a table that does not come out with as many rows is an error.
//!
//! Data is used only if the target stands exactly where the migration begins: nothing before it pending, no drift.

mod release;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use relata_runtime::migrate::{self, Beside, Compare, Lacking, Migration, ProvedOn, sample};
use relata_schema::model::{ObjectName, Table};
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{BulkInsert, Row, RowSink, Statement};
use relata_sql::{Connection, DatabaseUrl, Error, Kind, Result, Value};

use super::compare::Planner;
use super::project::Project;
use crate::drivers::connect;
use crate::session::Session;
use crate::shadow::Shadow;

/// Rows copied at a time.
const PORTION: usize = 1000;

/// Whether the proof runs on data.
#[derive(Args, Default)]
pub struct DataOptions {
    /// Prove on a copy of the target's data [default on SQLite]
    #[arg(long, conflicts_with = "no_data")]
    with_data: bool,
    /// Prove on an empty shadow database [default without data: on rows made up for it]
    #[arg(long)]
    no_data: bool,
}

/// A database to prove on.
pub struct Ground {
    shadow: Shadow,
    copy: Option<FileCopy>,
    /// It holds a copy of the target's data.
    pub has_data: bool,
    /// Rows are made up where there is no data.
    makes_up: bool,
    /// Rows of the tables that rows were made up for.
    filled: BTreeMap<ObjectName, u64>,
    /// Tables for which none could be made up, and why.
    pub bare: Vec<(ObjectName, String)>,
    /// The schema it begins with.
    pub schema: Schema,
    /// What its server lacks, as far as that is known.
    pub lacking: Lacking,
}

struct FileCopy {
    connection: Box<dyn Connection>,
    _directory: tempfile::TempDir,
}

impl Ground {
    /// A shadow database after these migrations, without data yet.
    pub async fn after(project: &Project, before: &[Migration]) -> Result<Self> {
        let mut lacking = Lacking::default();
        let mut shadow = project.replay_as_far(before, &mut lacking).await?;
        lacking.take();
        let schema = migrate::schema(shadow.connection()?).await?;
        let (filled, bare) = (BTreeMap::new(), Vec::new());
        Ok(Ground { shadow, copy: None, has_data: false, makes_up: true, filled, bare, schema, lacking })
    }

    /// Brings the target's data in, as the options say and as far as it is to be had.
    pub async fn fill(
        &mut self,
        session: &Session,
        project: &Project,
        before: &[Migration],
        options: &DataOptions,
    ) -> Result<()> {
        self.makes_up = !options.no_data;
        let wanted = options.with_data || (project.dialect == Dialect::Sqlite && !options.no_data);
        if !wanted || before.is_empty() || project.url.database == ":memory:" {
            return Ok(());
        }
        let Some(mut target) = project.connect_to_read().await? else { return Ok(()) };
        if let Some(why) = self.unfit(target.as_mut(), project, before).await? {
            session.output.say(&format!("the proof runs without the target's data: {why}"));
            return Ok(());
        }
        if project.dialect == Dialect::Sqlite {
            self.copy = Some(copy_file(target.as_mut()).await?);
        } else {
            let progress = session.output.progress("copying the data into the shadow database");
            copy_rows(target.as_mut(), self.shadow.connection()?, &self.schema).await?;
            drop(progress);
        }
        self.has_data = true;
        target.close().await
    }

    /// Why the target does not stand where these migrations lead.
    async fn unfit(
        &self,
        target: &mut dyn Connection,
        project: &Project,
        before: &[Migration],
    ) -> Result<Option<String>> {
        // What is pending beyond has no say here: it may be a branch that is not merged yet.
        let history = migrate::read_history(target).await?;
        let concerns = |migration: &&Migration| {
            before.iter().any(|other| other.version == migration.version)
                || history.iter().any(|row| row.version == migration.version)
        };
        let concerned: Vec<Migration> = project.migrations.iter().filter(concerns).cloned().collect();
        let status = migrate::compare(&history, &concerned);
        if let Some(error) = status.error() {
            return Ok(Some(error.message().to_string()));
        }
        let applied: BTreeSet<&str> =
            status.entries.iter().filter(|entry| entry.applied.is_some()).map(|entry| entry.version.as_str()).collect();
        if applied != before.iter().map(|migration| migration.version.as_str()).collect() {
            return Ok(Some(format!("{} is not where the migration begins (see relata migrate status)", project.url)));
        }
        let live = migrate::schema(target).await?;
        let drift = match project.scripts.is_empty() {
            true => Planner::default().differences(&live, &self.schema),
            false => project.drift(before, &migrate::read_trail(target).await?, &live).await?,
        };
        Ok((!drift.is_empty()).then(|| format!("{} has drifted: {}", project.url, drift.join("; "))))
    }

    /// How sessions are opened that watch from beside what is done there.
    pub async fn beside(&self) -> Result<Option<Beside>> {
        self.shadow.beside().await
    }

    /// Where to prove, and what is known to lack there.
    pub fn proving(&mut self) -> Result<(&mut dyn Connection, &mut Lacking)> {
        let connection: &mut dyn Connection = match &mut self.copy {
            Some(copy) => copy.connection.as_mut(),
            None => self.shadow.connection()?,
        };
        Ok((connection, &mut self.lacking))
    }

    /// The connection to prove on.
    pub fn connection(&mut self) -> Result<&mut dyn Connection> {
        match &mut self.copy {
            Some(copy) => Ok(copy.connection.as_mut()),
            None => self.shadow.connection(),
        }
    }

    /// Makes up rows for the tables that have none, unless there is data. They fit `target` too, where that is known;
    /// without `extremes` they are ordinary ones.
    pub async fn populate(&mut self, session: &Session, target: Option<&Schema>, extremes: bool) -> Result<()> {
        if self.has_data || !self.makes_up {
            return Ok(());
        }
        let progress = session.output.progress("making up rows for the proof");
        let mut filled = std::mem::take(&mut self.filled);
        let schema = self.schema.clone();
        let sample = sample::fill(self.connection()?, &schema, target, &mut filled, extremes).await?;
        self.filled = filled;
        drop(progress);
        self.bare.extend(sample.bare);
        Ok(())
    }

    /// Its rows were made up.
    pub fn is_made_up(&self) -> bool {
        self.filled.values().any(|rows| *rows > 0)
    }

    /// Which rows it has.
    pub fn rows(&self) -> ProvedOn {
        match (self.has_data, self.is_made_up()) {
            (true, _) => ProvedOn::Copy,
            (false, true) => ProvedOn::MadeUp,
            (false, false) => ProvedOn::Nothing,
        }
    }

    /// Drops it.
    pub async fn close(self) -> Result<()> {
        if let Some(copy) = self.copy {
            copy.connection.close().await?;
        }
        self.shadow.close().await
    }
}

async fn copy_file(target: &mut dyn Connection) -> Result<FileCopy> {
    let directory = tempfile::tempdir()
        .map_err(|error| Error::new(Kind::Io, format!("no temporary directory: {error}")).caused_by(error))?;
    let path = directory.path().join("copy.sqlite");
    let copied = target.copy_to(&path).await;
    copied.map_err(|error| error.context("copying the database for the proof").hint("or prove without: --no-data"))?;
    let connection = connect(&DatabaseUrl::sqlite_file(path.display().to_string())).await?;
    Ok(FileCopy { connection, _directory: directory })
}

/// Copies every row of every table of `schema`. Tables with triggers come first, so that what their triggers write is
/// replaced afterwards.
async fn copy_rows(target: &mut dyn Connection, shadow: &mut dyn Connection, schema: &Schema) -> Result<()> {
    let (off, on) = match schema.dialect {
        Dialect::Postgres => ("SET session_replication_role = replica", "SET session_replication_role = origin"),
        Dialect::Mysql => ("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"),
        Dialect::Sqlite => ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    };
    let mut back = vec![on.to_string()];
    if let Err(error) = shadow.batch(off).await {
        if error.kind() != Kind::PermissionDenied || schema.dialect != Dialect::Postgres {
            return Err(error.context("copying the data for the proof").hint("or prove without: --no-data"));
        }
        for statement in release::off(schema) {
            shadow.batch(&statement).await?;
        }
        back = release::on(schema);
    }
    let holds_rows = |table: &&Table| table.partitioning.is_none() || schema.dialect == Dialect::Mysql;
    let mut tables: Vec<&Table> = schema.tables.iter().filter(holds_rows).collect();
    tables.sort_by_key(|table| table.triggers.is_empty());
    for table in tables {
        let copied = copy_table(target, shadow, table).await;
        copied.map_err(|error| error.context(format!("copying {} for the proof", table.name)))?;
    }
    for statement in back {
        shadow.batch(&statement).await?;
    }
    Ok(())
}

async fn copy_table(target: &mut dyn Connection, shadow: &mut dyn Connection, table: &Table) -> Result<()> {
    let dialect = shadow.dialect();
    let stored = table.columns.iter().filter(|column| column.generated.is_none());
    let columns: Vec<&str> = stored.map(|column| column.name.as_str()).collect();
    let name = dialect.qualified(&table.name);
    shadow.batch(&format!("DELETE FROM {name}")).await?;
    // Values of types of extensions go as their text: the driver knows no other form of them.
    let foreign = migrate::foreign_columns(target, &table.name).await?;
    let spelt = |column: &&str| match foreign.iter().any(|name| name == column) {
        true => format!("{}::text", dialect.quote(column)),
        false => dialect.quote(column),
    };
    let list: Vec<String> = columns.iter().map(spelt).collect();
    // A parent in PostgreSQL's sense shows its children's rows too; they are copied with the children.
    let only = if dialect == Dialect::Postgres { "ONLY " } else { "" };
    let sql = format!("SELECT {} FROM {only}{name}", list.join(", "));
    let mut cursor = target.open_cursor(Statement::once(&sql, &[])).await?;
    let mut portion = Portion::default();
    let mut rows = 0;
    loop {
        let more = cursor.fetch(PORTION, &mut portion).await?;
        rows += insert(shadow, &table.name, &columns, &mut portion).await?;
        if !more {
            break;
        }
    }
    let mut count = Portion::default();
    shadow.query(Statement::once(&format!("SELECT count(*) FROM {only}{name}"), &[]), &mut count).await?;
    match count.0.first() {
        Some(Value::Int(found)) if u64::try_from(*found).is_ok_and(|found| found == rows) => Ok(()),
        _ => Err(Error::new(Kind::ProofFailed, format!("the copy of {} has other rows than {rows}", table.name))
            .hint("a trigger wrote into it while rows were copied; prove without data: --no-data")),
    }
}

async fn insert(
    shadow: &mut dyn Connection,
    table: &ObjectName,
    columns: &[&str],
    portion: &mut Portion,
) -> Result<u64> {
    if columns.is_empty() || portion.0.is_empty() {
        return Ok(0);
    }
    let values = std::mem::take(&mut portion.0);
    shadow.bulk_insert(BulkInsert { table, columns, values: &values }).await
}

#[derive(Default)]
struct Portion(Vec<Value>);

impl RowSink for Portion {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        for index in 0..row.len() {
            self.0.push(row.cell(index)?.to_value());
        }
        Ok(())
    }
}
