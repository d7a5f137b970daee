//! Loading a source: by introspection, or by way of a shadow database.

use std::path::Path;

use relata_schema::{Diagnostic, Dialect, Schema, Severity};
use relata_sql::driver::{IntrospectOptions, ServerInfo};
use relata_sql::{DatabaseUrl, Error, Kind, Result};

use super::{Source, files};
use crate::drivers;
use crate::shadow::Shadow;

/// A schema that was loaded, and what was noticed on the way.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The schema, in the dialect that was asked for and in a server's spelling.
    pub schema: Schema,
    /// The server it was read from, if that is the database itself rather than a shadow.
    pub server: Option<ServerInfo>,
    /// Findings of reading and translating.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads sources in one dialect.
#[derive(Debug, Clone)]
pub struct Loader {
    /// The dialect to load in.
    pub dialect: Dialect,
    /// Where temporary databases of that dialect may be created.
    pub shadow: Option<DatabaseUrl>,
}

impl Loader {
    /// Loads a source.
    ///
    /// # Errors
    /// When it cannot be read; each error names the source.
    pub async fn load(&self, source: &Source) -> Result<Loaded> {
        let loaded = match source {
            Source::Database(url) => self.database(url).await,
            Source::SqlFile(path) => self.scripts(&[path.as_path()]).await,
            Source::Lock(path) => self.lock(path).await,
            Source::Rust(path) => self.rust(path).await,
            Source::Migrations(path) => {
                let folders = files::migration_folders(path)?;
                let scripts: Vec<_> = folders.iter().map(|folder| folder.join("up.sql")).collect();
                self.scripts(&scripts.iter().map(|path| path.as_path()).collect::<Vec<_>>()).await
            }
        };
        loaded.map_err(|error| error.context(format!("while reading {source}")))
    }

    async fn database(&self, url: &DatabaseUrl) -> Result<Loaded> {
        let mut connection = drivers::connect_to_read(url).await?;
        let server = connection.server().clone();
        let schema = connection.introspect(&introspect_options()).await?;
        connection.close().await?;
        if schema.dialect == self.dialect {
            return Ok(Loaded { schema, server: Some(server), diagnostics: Vec::new() });
        }
        self.translated(&schema).await
    }

    async fn scripts(&self, paths: &[&Path]) -> Result<Loaded> {
        let mut shadow = Shadow::open(self.dialect, self.shadow.as_ref()).await?;
        for path in paths {
            let script = files::read(path)?;
            let ran = shadow.connection()?.batch(&script).await;
            ran.map_err(|error| error.context(format!("while loading {} into a shadow database", path.display())))?;
        }
        let schema = shadow.connection()?.introspect(&introspect_options()).await?;
        shadow.close().await?;
        Ok(Loaded { schema, server: None, diagnostics: Vec::new() })
    }

    async fn lock(&self, path: &Path) -> Result<Loaded> {
        let schema = relata_schema::lock::read(&files::read(path)?)
            .map_err(|error| Error::new(Kind::Declaration, format!("{}: {error}", path.display())))?;
        if schema.dialect == self.dialect {
            return Ok(Loaded { schema, server: None, diagnostics: Vec::new() });
        }
        self.translated(&schema).await
    }

    async fn rust(&self, path: &Path) -> Result<Loaded> {
        let _ = path;
        Err(Error::unsupported("reading Rust sources", "not yet"))
    }

    async fn translated(&self, schema: &Schema) -> Result<Loaded> {
        let _ = schema;
        Err(Error::unsupported("translating", "not yet"))
    }

    /// Creates a schema on a shadow database and reads it back.
    #[expect(dead_code, reason = "used by the Rust reader")]
    async fn normalized(&self, schema: &Schema, diagnostics: Vec<Diagnostic>) -> Result<Loaded> {
        if let Some(first) = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(Error::new(Kind::Declaration, first.to_string()));
        }
        let mut shadow = Shadow::open(self.dialect, self.shadow.as_ref()).await?;
        let schema = shadow.normalize(schema, &introspect_options()).await?;
        shadow.close().await?;
        Ok(Loaded { schema, server: None, diagnostics })
    }
}

/// What of a database is not part of its schema: relata's own tables.
pub fn introspect_options() -> IntrospectOptions {
    let ignore = ["relata_migrations", "relata_migration_steps"];
    IntrospectOptions { ignore_tables: ignore.map(String::from).to_vec(), ..IntrospectOptions::default() }
}
