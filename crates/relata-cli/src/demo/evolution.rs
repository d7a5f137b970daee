//! The middle of the demonstration: entities, a changed declaration, its plan, proof, application and rollback.
//!
//! It uses what `relata migrate` uses: the same planner, the same proof, the same runner, the same files.

use std::time::Instant;

use relata_runtime::migrate::{self, Compare, Content, Migration, Rollback, Runner, Survivor};
use relata_schema::{Dialect, Schema, lock};
use relata_sql::Statement;
use relata_sql::{Connection, DatabaseUrl, Error, Kind, Result};

use super::declaration::{Editor, difference};
use super::folder::Folder;
use super::stage::Stage;
use super::{REVIEW, database};
use crate::commands::diff::{grid, plan_options};
use crate::commands::migrate::baseline;
use crate::commands::migrate::compare::Planner;
use crate::commands::migrate::new::{BothWays, both_ways};
use crate::drivers::connect;
use crate::identity::{IdentityOptions, Matching};
use crate::output::Grid;
use crate::session::Session;
use crate::shadow::Shadow;
use crate::source::{Loader, Source};

/// The steps, with what one hands to the next.
pub struct Evolution<'s> {
    session: &'s Session,
    folder: &'s Folder,
    url: DatabaseUrl,
    schema: Schema,
    entities: String,
}

/// A declared change, planned in both directions and written on top of the baseline.
pub struct Change {
    ways: BothWays,
    migrations: Vec<Migration>,
    /// What was in the database before anything was applied.
    beginning: Vec<Content>,
}

impl<'s> Evolution<'s> {
    /// Begins with the schema that was read.
    pub fn new(session: &'s Session, folder: &'s Folder, url: DatabaseUrl, schema: Schema) -> Self {
        Evolution { session, folder, url, schema, entities: String::new() }
    }

    /// Writes the Rust entities of the schema and shows some of them.
    ///
    /// # Errors
    /// `Kind::Io`.
    pub fn write_entities(&mut self, stage: &mut Stage<'_>) -> Result<()> {
        stage.step("Rust entities, written from the schema");
        let started = Instant::now();
        let written = relata_entity::write(&self.schema);
        let entities = written.source;
        self.folder.write("src/entities.rs", &entities)?;
        let lines = entities.lines().count();
        stage.done(&format!("src/entities.rs: {} entities, {lines} lines", self.schema.tables.len()), started);
        self.session.output.diagnostics(&written.diagnostics);
        stage.code(&excerpt(&entities, "Album"));
        stage.code(&excerpt(&entities, "Track"));
        self.entities = entities;
        Ok(())
    }

    /// Changes the declaration as a person would, and reads it again without compiling it.
    ///
    /// # Errors
    /// When the changed source does not read.
    pub fn declare(&self, stage: &mut Stage<'_>) -> Result<()> {
        stage.step("A changed declaration");
        stage.say("The shop wants reviews, one account for each address, release dates, and every genre named.");
        let mut editor = Editor::new(&self.entities);
        editor.add_field("Album", &["#[column(\"Released\")]", "pub released: Option<Date>,"])?;
        editor.before_field("Customer", "email", &["#[unique]"])?;
        editor.in_field("Genre", "name", "Option<String>", "String")?;
        editor.set_attribute("Customer", "fax", "column", "#[column(\"Mobile\")]")?;
        editor.set_attribute("Customer", "fax", "renamed_from", "#[renamed_from(\"Fax\")]")?;
        editor.in_field("Customer", "fax", "pub fax:", "pub mobile:")?;
        editor.append(REVIEW);
        let changed = editor.text();
        self.folder.write("src/entities.rs", &changed)?;
        stage.code(&difference(&self.entities, &changed));
        Ok(())
    }

    /// Plans the change in both directions.
    ///
    /// # Errors
    /// When no plan exists.
    pub async fn plan(&self, stage: &mut Stage<'_>, connection: &mut dyn Connection) -> Result<Change> {
        stage.step("The plan, with findings");
        let started = Instant::now();
        let shadow = (self.url.dialect != Dialect::Sqlite).then(|| self.url.clone());
        let loader = Loader { dialect: self.url.dialect, shadow, normalize: true, ground: None };
        let declared = loader.load(&Source::Rust(self.folder.join("src"))).await?;
        let matched = Matching::new(&self.schema, &declared, &IdentityOptions::default())?.look();
        let ways = both_ways(&self.schema, matched, &plan_options(Some(connection.server())));
        ways.refuse_errors()?;
        stage.done(&format!("{} steps up, {} steps down", ways.up.steps.len(), ways.down.steps.len()), started);
        stage.table(&grid(&ways.up));
        for finding in &ways.findings {
            stage.say(&format!("{finding}"));
        }
        stage.fact("steps", ways.up.steps.len());
        let directory = self.folder.join("migrations");
        let start = baseline::describing("baseline", &directory, &self.schema);
        let change = ways.migration("reviews", &directory, Some(&start), &ways.target, None);
        Ok(Change { ways, migrations: vec![start, change], beginning: Vec::new() })
    }

    /// Proves the migration on a copy of the database, with its rows.
    ///
    /// # Errors
    /// `Kind::ProofFailed` with what differs.
    pub async fn prove(&self, stage: &mut Stage<'_>, change: &mut Change) -> Result<()> {
        stage.step("The proof, on a shadow copy of the database with all its rows");
        let started = Instant::now();
        let progress = self.session.output.progress("copying, then up, down and up again");
        let planner = Planner { renames: change.ways.renames.clone() };
        let Some(migration) = change.migrations.last() else {
            return Err(Error::new(Kind::Internal, "there is no migration to prove"));
        };
        let target = &change.ways.target;
        let proof = if self.url.dialect == Dialect::Sqlite {
            let directory = tempfile::tempdir()
                .map_err(|error| Error::new(Kind::Io, format!("no temporary directory: {error}")).caused_by(error))?;
            let copy = directory.path().join("copy.db").display().to_string();
            let mut original = connect(&self.url).await?;
            let vacuum = format!("VACUUM INTO {}", Dialect::Sqlite.literal(&copy));
            original.execute(Statement::once(&vacuum, &[])).await?;
            let mut connection = connect(&DatabaseUrl::sqlite_file(copy)).await?;
            migrate::prove(connection.as_mut(), migration, Some(target), &planner).await?
        } else {
            let mut shadow = Shadow::open(self.url.dialect, Some(&self.url)).await?;
            database::load(&self.folder.database(), shadow.connection()?, |_, _| {}).await?;
            let proof = migrate::prove(shadow.connection()?, migration, Some(target), &planner).await?;
            shadow.close().await?;
            proof
        };
        drop(progress);
        let mut grid = Grid::new(&["what was done on the copy", "what was compared", ""]);
        let values = format!("{} rows of {} tables, {} columns", proof.rows, proof.tables, proof.columns);
        let good = "✓".to_string();
        grid.push(["up.sql".into(), format!("the schema is the declared one; {values}"), good.clone()]);
        grid.push(["down.sql".into(), format!("the schema is the one before; {values}"), good.clone()]);
        grid.push(["up.sql again".into(), format!("the same schema as the first time; {values}"), good]);
        stage.table(&grid);
        stage.done("proved: nothing has touched your database yet", started);
        let proved = Some(format!("{proof}, on a copy of the data"));
        let directory = self.folder.join("migrations");
        let baseline = change.migrations.first();
        let written = change.ways.migration("reviews", &directory, baseline, &proof.schema, proved);
        change.migrations.truncate(1);
        change.migrations.push(written);
        for migration in &change.migrations {
            migrate::write_folder(migration)?;
        }
        stage.fact("proof", proof.to_string());
        Ok(())
    }

    /// Applies the migration and compares the rows before and after.
    ///
    /// # Errors
    /// As the database reports them; when a value is not what it was.
    pub async fn apply(
        &self,
        stage: &mut Stage<'_>,
        connection: &mut dyn Connection,
        change: &mut Change,
    ) -> Result<()> {
        stage.step("The migration, applied, and the data compared");
        let runner = runner();
        let started = Instant::now();
        let survivors = Planner { renames: change.ways.renames.clone() }.survivors(&self.schema, &change.ways.target);
        let before = contents(connection, &survivors, false).await?;
        let everything = Planner::default().survivors(&self.schema, &self.schema);
        change.beginning = contents(connection, &everything, false).await?;
        if let Some(baseline) = change.migrations.first() {
            runner.adopt(connection, baseline, &mut |_| {}).await?;
        }
        let applied = runner.apply(connection, &change.migrations, None, &mut |_| {}).await?;
        for row in &applied {
            stage.done(&format!("applied {}", row.id()), started);
        }
        let after = contents(connection, &survivors, true).await?;
        stage.table(&compared(&survivors, &before, &after));
        same(&before, &after)?;
        self.expect_schema(stage, connection, &change.ways.target, "the declared schema").await?;
        let lock = lock::write(&change.ways.target);
        self.folder.write("schema.lock", lock)
    }

    /// Rolls back, compares, and applies again.
    ///
    /// # Errors
    /// As the database reports them; when a value is not what it was.
    pub async fn roll_back(
        &self,
        stage: &mut Stage<'_>,
        connection: &mut dyn Connection,
        change: &Change,
    ) -> Result<()> {
        stage.step("The rollback");
        let runner = runner();
        let started = Instant::now();
        let survivors = Planner::default().survivors(&self.schema, &self.schema);
        let undone = runner.rollback(connection, &change.migrations, &Rollback::Steps(1), &mut |_| {}).await?;
        for row in &undone {
            stage.done(&format!("rolled back {}", row.id()), started);
        }
        let after = contents(connection, &survivors, false).await?;
        same(&change.beginning, &after)?;
        let rows: u64 = after.iter().map(|content| content.rows).sum();
        self.expect_schema(stage, connection, &self.schema, "the schema of the beginning").await?;
        stage.done(
            &format!("{rows} rows in {} tables have the checksums they had at the beginning", after.len()),
            started,
        );
        let started = Instant::now();
        runner.apply(connection, &change.migrations, None, &mut |_| {}).await?;
        stage.done("and applied again, so that the folder is as it was declared", started);
        Ok(())
    }

    async fn expect_schema(
        &self,
        stage: &mut Stage<'_>,
        connection: &mut dyn Connection,
        expected: &Schema,
        what: &str,
    ) -> Result<()> {
        let started = Instant::now();
        let found = migrate::schema(connection).await?;
        let differences = Planner::default().differences(&found, expected);
        if !differences.is_empty() {
            let error = Error::new(Kind::ProofFailed, format!("the database does not have {what}"));
            return Err(differences.into_iter().fold(error, Error::hint));
        }
        stage.done(&format!("read back: {what}; a second diff is empty"), started);
        Ok(())
    }

    /// The files of the folder and what each is.
    pub fn files(&self, change: &Change) -> Vec<(String, &'static str)> {
        let mut files = vec![
            ("src/entities.rs".to_string(), "what the data is: change it, then relata migrate new NAME"),
            ("src/queries.rs, src/main.rs".to_string(), "the queries you saw"),
            ("relata.toml, Cargo.toml".to_string(), "where the database is; the project"),
            ("schema.lock".to_string(), "the declared schema, one line per object, with digests"),
        ];
        for migration in &change.migrations {
            let what =
                if migration.header.baseline { "the schema of the beginning" } else { "up.sql and down.sql, proved" };
            files.push((format!("migrations/{}", migration.id()), what));
        }
        if self.url.dialect == Dialect::Sqlite {
            files.push(("chinook.db".to_string(), "the database"));
        }
        files
    }
}

fn runner() -> Runner {
    Runner { who: "relata demo".into(), ..Runner::default() }
}

/// The definition of one struct, with its comment and attributes.
fn excerpt(source: &str, entity: &str) -> String {
    let head = format!("pub struct {entity} {{");
    let blocks = source.split("\n\n");
    blocks.filter(|block| block.contains(&head)).collect::<Vec<_>>().join("\n\n")
}

async fn contents(connection: &mut dyn Connection, survivors: &[Survivor], after: bool) -> Result<Vec<Content>> {
    let mut contents = Vec::new();
    for survivor in survivors {
        let pick = |from: &str, to: &str| if after { to.to_string() } else { from.to_string() };
        let key: Vec<_> = survivor.key.iter().map(|(from, to)| pick(from, to)).collect();
        let columns: Vec<_> = survivor.columns.iter().map(|(from, to, _)| pick(from, to)).collect();
        let table = if after { &survivor.table.1 } else { &survivor.table.0 };
        contents.push(migrate::read_content(connection, table, &key, &columns).await?);
    }
    Ok(contents)
}

fn compared(survivors: &[Survivor], before: &[Content], after: &[Content]) -> Grid {
    let mut grid =
        Grid::new(&["table", "rows before", "rows after", "checksum before", "checksum after", ""]).numbers(&[1, 2]);
    for ((survivor, before), after) in survivors.iter().zip(before).zip(after) {
        grid.push([
            survivor.table.1.name.clone(),
            before.rows.to_string(),
            after.rows.to_string(),
            checksum(before),
            checksum(after),
            if before == after { "✓".into() } else { "differs".to_string() },
        ]);
    }
    grid
}

/// One number for all columns of a table.
fn checksum(content: &Content) -> String {
    let all = content.columns.iter().fold(content.rows, |sum, column| sum.rotate_left(7) ^ column.checksum);
    format!("{all:016x}")
}

fn same(before: &[Content], after: &[Content]) -> Result<()> {
    if before == after {
        return Ok(());
    }
    Err(Error::new(Kind::ProofFailed, "the data is not what it was before the migration"))
}
