//! Loading a source: by introspection, or by way of a shadow database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use relata_runtime::migrate::{hide_own, introspect_options};
use relata_schema::change::Rename;
use relata_schema::declare::Declaration;
use relata_schema::lower::{ground, lower};
use relata_schema::translate::translate;
use relata_schema::{Diagnostic, Dialect, Schema, Severity, lock};
use relata_sql::driver::ServerInfo;
use relata_sql::{DatabaseUrl, Error, Kind, Result};

use super::{Source, files, renames, script};
use crate::drivers;
use crate::shadow::Shadow;

/// A schema that was loaded, and what was noticed on the way.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The schema, in the dialect that was asked for and in a server's spelling.
    pub schema: Schema,
    /// The server it was read from, if that is the database itself rather than a shadow.
    pub server: Option<ServerInfo>,
    /// What was declared, if it was read from Rust sources: it knows what was renamed.
    pub declaration: Option<Declaration>,
    /// Renames that SQL sources declare.
    pub renames: Vec<Rename>,
    /// Who is who, if it was read from a lock.
    pub identities: BTreeMap<String, String>,
    /// It was written for another dialect: views, routines and triggers could not come along.
    pub translated: bool,
    /// Findings of reading and translating.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// A schema that is in a server's spelling already.
    pub fn plain(schema: Schema) -> Self {
        Loaded {
            schema,
            server: None,
            declaration: None,
            renames: Vec::new(),
            identities: BTreeMap::new(),
            translated: false,
            diagnostics: Vec::new(),
        }
    }
}

/// Loads sources in one dialect.
#[derive(Debug, Clone)]
pub struct Loader<'g> {
    /// The dialect to load in.
    pub dialect: Dialect,
    /// Where temporary databases of that dialect may be created.
    pub shadow: Option<DatabaseUrl>,
    /// The schema has to be in a server's own spelling, to be compared with another. Otherwise a declaration may stay
    /// as it was written if there is no server to read it back from.
    pub normalize: bool,
    /// The schema that what is declared will be compared with. Of it come extensions, types and functions that entities
    /// name and cannot say.
    pub ground: Option<&'g Schema>,
}

impl Loader<'_> {
    /// Loads a source.
    ///
    /// # Errors
    /// When it cannot be read; each error names the source.
    pub async fn load(&self, source: &Source) -> Result<Loaded> {
        let loaded = match source {
            Source::Database(url) => self.database(url).await,
            Source::SqlFile(path) => self.scripts(std::slice::from_ref(path)).await,
            Source::Lock(path) => self.lock(path).await,
            Source::Rust(path) => self.rust(std::slice::from_ref(path)).await,
            Source::Migrations(path) => {
                let folders = files::migration_folders(path)?;
                let scripts: Vec<_> = folders.iter().map(|folder| folder.join("up.sql")).collect();
                // What their heads say of renames is history.
                self.scripts(&scripts).await.map(|loaded| Loaded { renames: Vec::new(), ..loaded })
            }
        };
        loaded.map_err(|error| error.context(format!("while reading {source}")))
    }

    /// Loads what several sources declare together: directories and files of Rust, or scripts in their order.
    ///
    /// # Errors
    /// `Kind::Configuration` when they are of several kinds, or of one that is a whole schema by itself; else as
    /// [`Loader::load`].
    pub async fn load_all(&self, sources: &[Source]) -> Result<Loaded> {
        if let [source] = sources {
            return self.load(source).await;
        }
        let rust: Vec<PathBuf> = sources.iter().filter_map(Source::rust).collect();
        let sql: Vec<PathBuf> = sources.iter().filter_map(Source::sql).collect();
        let names = sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let loaded = if sources.is_empty() {
            return Err(Error::new(Kind::Configuration, "no source is named")
                .hint("write sources = [\"src\"] into relata.toml, or say it with --from SRC"));
        } else if rust.len() == sources.len() {
            self.rust(&rust).await
        } else if sql.len() == sources.len() {
            self.scripts(&sql).await
        } else {
            return Err(Error::new(Kind::Configuration, format!("these sources do not go together: {names}"))
                .hint("several sources are either all Rust or all *.sql; or name one with --from"));
        };
        loaded.map_err(|error| error.context(format!("while reading {names}")))
    }

    async fn database(&self, url: &DatabaseUrl) -> Result<Loaded> {
        let mut connection = drivers::connect_to_read(url).await?;
        let server = connection.server().clone();
        let mut schema = connection.introspect(&introspect_options()).await?;
        hide_own(&mut schema);
        connection.close().await?;
        if schema.dialect == self.dialect {
            return Ok(Loaded { server: Some(server), ..Loaded::plain(schema) });
        }
        self.translated(&schema).await
    }

    async fn scripts(&self, paths: &[PathBuf]) -> Result<Loaded> {
        let mut shadow = Shadow::open(self.dialect, self.shadow.as_ref()).await?;
        let (mut declared, mut diagnostics) = (Vec::new(), Vec::new());
        for path in paths {
            let text = files::read(path)?;
            let (renames, found) = renames::in_script(self.dialect, path, &text);
            refuse_errors(&found)?;
            declared.extend(renames);
            diagnostics.extend(script::load(&mut shadow, path, &text).await?);
        }
        let schema = shadow.connection()?.introspect(&introspect_options()).await?;
        shadow.close().await?;
        Ok(Loaded { diagnostics, renames: declared, ..Loaded::plain(schema) })
    }

    async fn lock(&self, path: &Path) -> Result<Loaded> {
        let lock = lock::parse(&files::read(path)?)
            .map_err(|error| Error::new(Kind::Declaration, format!("{}: {error}", path.display())))?;
        if lock.schema.dialect == self.dialect {
            return Ok(Loaded { identities: lock.identities, ..Loaded::plain(lock.schema) });
        }
        self.translated(&lock.schema).await
    }

    async fn rust(&self, paths: &[PathBuf]) -> Result<Loaded> {
        let mut reading = relata_entity::Reading::default();
        for path in paths {
            let found = relata_entity::read_dir(path)
                .map_err(|error| Error::new(Kind::Io, format!("{} cannot be read: {error}", path.display())))?;
            reading.declaration.entities.extend(found.declaration.entities);
            reading.declaration.enums.extend(found.declaration.enums);
            reading.diagnostics.extend(found.diagnostics);
        }
        if reading.declaration.entities.is_empty() && reading.diagnostics.is_empty() {
            let places = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
            return Err(Error::new(Kind::Declaration, format!("no struct in {places} derives Entity"))
                .hint("relata init, run in an empty directory, writes an example to start from"));
        }
        let (schema, found) = lower(&reading.declaration, self.dialect);
        let loaded = self.normalized(&schema, [reading.diagnostics, found].concat()).await?;
        Ok(Loaded { declaration: Some(reading.declaration), ..loaded })
    }

    async fn translated(&self, schema: &Schema) -> Result<Loaded> {
        let (schema, diagnostics) = translate(schema, self.dialect);
        let loaded = self.normalized(&schema, diagnostics).await?;
        Ok(Loaded { translated: true, ..loaded })
    }

    /// Creates a schema on a shadow database and reads it back.
    async fn normalized(&self, schema: &Schema, diagnostics: Vec<Diagnostic>) -> Result<Loaded> {
        refuse_errors(&diagnostics)?;
        if !self.normalize && self.dialect != Dialect::Sqlite && self.shadow.is_none() {
            return Ok(Loaded { diagnostics, ..Loaded::plain(schema.clone()) });
        }
        let mut shadow = Shadow::open(self.dialect, self.shadow.as_ref()).await?;
        let whole = self.ground.and_then(|ground| ground::grounded(schema, ground));
        let mut normal = shadow.normalize(whole.as_ref().unwrap_or(schema), &introspect_options()).await?;
        if whole.is_some() {
            ground::lift(&mut normal, schema);
        }
        shadow.close().await?;
        Ok(Loaded { diagnostics, ..Loaded::plain(normal) })
    }
}

fn refuse_errors(diagnostics: &[Diagnostic]) -> Result<()> {
    let errors: Vec<_> =
        diagnostics.iter().filter(|found| found.severity == Severity::Error).map(ToString::to_string).collect();
    match errors.len() {
        0 => Ok(()),
        1 => Err(Error::new(Kind::Declaration, format!("the declaration has a mistake\n\n{}\n", errors[0]))),
        count => {
            let message = format!("the declaration has {count} mistakes\n\n{}\n", errors.join("\n\n"));
            Err(Error::new(Kind::Declaration, message))
        }
    }
}
