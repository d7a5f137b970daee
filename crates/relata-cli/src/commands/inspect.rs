//! `relata schema inspect SRC`: a schema, in the form one asks for.

use clap::{Args, ValueEnum};
use relata_schema::{Diagnostic, Dialect, Schema, json, json_schema, lock, mermaid};
use relata_sql::{DatabaseUrl, Result};

use crate::cli::DialectOption;
use crate::session::{Exit, Session};
use crate::source::{Loader, Source};

/// Options of `relata schema inspect`.
#[derive(Args)]
pub struct Inspect {
    /// What to read [default: the database of --url or the environment]
    #[arg(value_name = "SRC")]
    source: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Sql)]
    format: Format,
    /// The dialect to print [default: the source's]
    #[arg(long, value_enum)]
    dialect: Option<DialectOption>,
    /// A server where a temporary database may be created, for sources that have to be loaded into one
    #[arg(long, value_name = "URL")]
    shadow: Option<String>,
}

/// Forms of a schema.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// DDL that the database's own shell runs
    Sql,
    /// The model, machine readable
    Json,
    /// Entities
    Rust,
    /// An entity-relationship diagram
    Mermaid,
    /// schema.lock
    Lock,
    /// A JSON Schema of each entity with its rules (of a table, where the source is no Rust)
    JsonSchema,
}

impl Inspect {
    /// Runs the command.
    ///
    /// # Errors
    /// When the source cannot be read or translated.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        let source = match &self.source {
            Some(text) => Source::parse(text)?,
            None => Source::parse(&session.url()?.expose())?,
        };
        let dialect = self.dialect.map(Dialect::from).or(source.dialect()).unwrap_or_default();
        let shadow = shadow_server(session, self.shadow.as_deref(), dialect, &[&source])?;
        let progress = session.output.progress(&format!("reading {source}"));
        let loaded = Loader { dialect, shadow, normalize: false, ground: None }.load(&source).await?;
        drop(progress);
        session.output.diagnostics(&loaded.diagnostics);
        let format = if session.options.json { Format::Json } else { self.format };
        let (text, diagnostics) = match (format, &loaded.declaration) {
            (Format::JsonSchema, Some(declaration)) => (json_schema::declared(declaration), Vec::new()),
            _ => print(&loaded.schema, format),
        };
        session.output.diagnostics(&diagnostics);
        session.output.result(&text);
        Ok(Exit::Done)
    }
}

fn print(schema: &Schema, format: Format) -> (String, Vec<Diagnostic>) {
    match format {
        Format::Sql => (schema.dialect.script(schema), Vec::new()),
        Format::Json => (json::write(schema), Vec::new()),
        Format::Lock => (lock::write(schema), Vec::new()),
        Format::JsonSchema => (json_schema::tables(schema), Vec::new()),
        Format::Mermaid => (mermaid::write(schema), Vec::new()),
        Format::Rust => {
            let written = relata_entity::write(schema);
            (written.source, written.diagnostics)
        }
    }
}

/// The server for temporary databases of a dialect: `--shadow`, else the environment's, else that of a source, else
/// that of `--url`.
pub fn shadow_server(
    session: &Session,
    option: Option<&str>,
    dialect: Dialect,
    sources: &[&Source],
) -> Result<Option<DatabaseUrl>> {
    if let Some(text) = option {
        return DatabaseUrl::parse(text).map(Some).map_err(|error| error.context("--shadow"));
    }
    if dialect == Dialect::Sqlite {
        return Ok(None);
    }
    let fits = |url: &DatabaseUrl| url.dialect == dialect;
    let of_environment = session.environment().ok().and_then(|environment| environment.shadow().ok().flatten());
    if let Some(url) = of_environment.filter(fits) {
        return Ok(Some(url));
    }
    let of_source = sources.iter().filter_map(|source| source.url()).find(|url| fits(url));
    Ok(of_source.cloned().or_else(|| session.url().ok().filter(fits)))
}
