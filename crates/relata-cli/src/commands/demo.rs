//! `relata demo`: shows the whole way on a real database, and leaves a small project behind.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use relata_schema::{Dialect, Schema, lock};
use relata_sql::{Connection, DatabaseUrl, Result};

use crate::demo::evolution::{Change, Evolution};
use crate::demo::folder::Folder;
use crate::demo::stage::Stage;
use crate::demo::{asking, database};
use crate::drivers::connect;
use crate::output::{Grid, Tone};
use crate::session::{Exit, Session};

/// Options of `relata demo`.
#[derive(Args)]
pub struct Demo {
    /// The folder to work in
    #[arg(long, value_name = "DIR", default_value = "relata-demo")]
    dir: PathBuf,
    /// Replace the folder if an earlier demo made it
    #[arg(long)]
    force: bool,
}

impl Demo {
    /// Runs the command.
    ///
    /// # Errors
    /// When the folder or the database is in use, or a step fails.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let folder = Folder::create(&self.dir, self.force)?;
        let mut stage = Stage::new(&session.output, 10);
        stage.say(&stage.paint(Tone::Heading, "relata: declare what your data is, once; the rest follows."));
        let url = self.database(session, &mut stage, &folder).await?;
        let mut connection = connect(&url).await?;
        let schema = read_schema(&mut stage, connection.as_mut()).await?;
        let dialect = schema.dialect;
        folder.write_project(&url)?;
        folder.write("schema.lock", lock::write(&schema))?;
        let mut evolution = Evolution::new(session, &folder, url.clone(), schema);
        evolution.write_entities(&mut stage)?;
        asking::ask(&mut stage, &url).await?;
        evolution.declare(&mut stage)?;
        let mut change = evolution.plan(&mut stage, connection.as_mut()).await?;
        evolution.prove(&mut stage, &mut change).await?;
        evolution.apply(&mut stage, connection.as_mut(), &mut change).await?;
        evolution.roll_back(&mut stage, connection.as_mut(), &change).await?;
        connection.close().await?;
        if dialect != Dialect::Sqlite {
            folder.remove_database()?;
        }
        self.farewell(&mut stage, &evolution, &change);
        stage.finish();
        Ok(Exit::Done)
    }

    async fn database(&self, session: &Session, stage: &mut Stage<'_>, folder: &Folder) -> Result<DatabaseUrl> {
        let started = Instant::now();
        let file = folder.database();
        stage.step("A real database");
        stage.say("Chinook, a digital music shop: artists, albums, tracks, customers, invoices.");
        folder.write("chinook.db", database::CHINOOK)?;
        let Some(text) = &session.options.url else {
            let size = indicatif::HumanBytes(database::CHINOOK.len() as u64);
            stage.done(
                &format!("copied to {} ({size}); SQLite is built in, nothing else is needed", file.database),
                started,
            );
            stage.fact("database", file.to_string());
            return Ok(file);
        };
        let url = DatabaseUrl::parse(text).map_err(|error| error.context("--url"))?;
        let mut target = database::open_empty(&url).await?;
        let progress = session.output.progress_of("loading", database::ROWS);
        let diagnostics = database::load(&file, target.as_mut(), |table, rows| {
            progress.doing(&format!("loading {table:<14}"));
            progress.advance(rows);
        })
        .await?;
        drop(progress);
        let server = format!("{} {}", target.server().product, target.server().version);
        target.close().await?;
        session.output.diagnostics(&diagnostics);
        stage.done(
            &format!("loaded into {url} ({server}): types translated, rows copied, then keys and indexes"),
            started,
        );
        stage.fact("database", url.to_string());
        Ok(url)
    }

    fn farewell(&self, stage: &mut Stage<'_>, evolution: &Evolution<'_>, change: &Change) {
        let dir = self.dir.display().to_string();
        stage.step("Yours");
        stage.say(&format!("{} is a working project:", stage.paint(Tone::Code, &dir)));
        let mut grid = Grid::new(&["file", "what it is"]);
        for (file, what) in evolution.files(change) {
            grid.push([file, what.to_string()]);
        }
        stage.table(&grid);
        stage.say("Three commands to try next:");
        stage.command(&format!("cd {dir} && cargo run"), "the queries you saw, in an application of yours");
        let relata = command_in(&self.dir);
        stage.command(&format!("{relata} migrate status"), "there: what is applied, and whether the database drifted");
        stage.command(&format!("{relata} data show Artist --limit 5"), "there: look at any table");
        stage.fact("folder", dir);
    }
}

/// How the command is typed inside the folder: by its name if it is installed, else by its path.
fn command_in(folder: &Path) -> String {
    let name = format!("relata{}", std::env::consts::EXE_SUFFIX);
    let installed = std::env::var_os("PATH")
        .is_some_and(|paths| std::env::split_paths(&paths).any(|directory| directory.join(&name).is_file()));
    let (Ok(own), Ok(here)) = (std::env::current_exe(), std::env::current_dir()) else {
        return "relata".into();
    };
    match own.strip_prefix(&here) {
        _ if installed => "relata".into(),
        // From a folder beside the workspace's target directory, the way is up as far as the folder is deep.
        Ok(below) if folder.is_relative() => {
            let up = "../".repeat(folder.components().count());
            format!("{up}{}", below.display())
        }
        _ => own.display().to_string(),
    }
}

async fn read_schema(stage: &mut Stage<'_>, connection: &mut dyn Connection) -> Result<Schema> {
    stage.step("Its schema, read from the database");
    let started = Instant::now();
    let schema = relata_runtime::migrate::schema(connection).await?;
    let mut grid = Grid::new(&["table", "columns", "primary key", "refers to", "indexes", "rows"]).numbers(&[1, 4, 5]);
    let mut rows = 0;
    for table in &schema.tables {
        let sql = format!("SELECT count(*) FROM {}", schema.dialect.qualified(&table.name));
        let count = super::query::run(connection, &sql, &[]).await?;
        let count = count.rows.first().and_then(|row| row.first()).and_then(super::query::text).unwrap_or_default();
        rows += count.parse::<u64>().unwrap_or_default();
        let key: Vec<_> = table.primary_key.iter().flat_map(|key| key.columns()).collect();
        let references: Vec<_> = table.foreign_keys.iter().map(|key| key.references.name.as_str()).collect();
        grid.push([
            table.name.name.clone(),
            table.columns.len().to_string(),
            key.join(", "),
            references.join(", "),
            table.indexes.len().to_string(),
            count,
        ]);
    }
    stage.done(&format!("{} tables, {rows} rows; also written to schema.lock", schema.tables.len()), started);
    stage.table(&grid);
    stage.fact("tables", schema.tables.len());
    stage.fact("rows", rows);
    Ok(schema)
}
