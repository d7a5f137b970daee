//! The working folder: a small cargo project with its database, entities and migrations.

use std::path::{Path, PathBuf};

use relata_sql::{DatabaseUrl, Error, Kind, Result};

/// The name of the database file in the folder.
const DATABASE: &str = "chinook.db";

/// The folder of one demonstration.
pub struct Folder {
    /// Where it is.
    pub path: PathBuf,
}

impl Folder {
    /// Creates the folder, empty.
    ///
    /// # Errors
    /// When something is there already and `force` is not given; `Kind::Io`.
    pub fn create(path: &Path, force: bool) -> Result<Self> {
        let is_ours = path.join(DATABASE).exists() || path.join("relata.toml").exists();
        let is_empty = std::fs::read_dir(path).map(|mut entries| entries.next().is_none());
        match is_empty {
            Ok(true) => {}
            Ok(false) if force && is_ours => {
                std::fs::remove_dir_all(path).map_err(|error| cannot_write(path, &error))?;
            }
            Ok(false) => {
                let shown = path.display();
                let error = Error::new(Kind::Io, format!("{shown} is there already"));
                return Err(if is_ours {
                    error.hint("run it again with --force to replace the folder, or with --dir DIR to use another one")
                } else {
                    error.hint("it was not made by relata demo: choose another folder with --dir DIR")
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(cannot_write(path, &error)),
        }
        std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))?;
        Ok(Folder { path: path.to_path_buf() })
    }

    /// The URL of the database file in it.
    pub fn database(&self) -> DatabaseUrl {
        DatabaseUrl::sqlite_file(self.path.join(DATABASE).to_string_lossy())
    }

    /// Removes the database file: the rows are on a server, and it is not needed any more.
    ///
    /// # Errors
    /// `Kind::Io`.
    pub fn remove_database(&self) -> Result<()> {
        for name in [DATABASE.to_string(), format!("{DATABASE}-wal"), format!("{DATABASE}-shm")] {
            let path = self.join(&name);
            if path.exists() {
                std::fs::remove_file(&path).map_err(|error| cannot_write(&path, &error))?;
            }
        }
        Ok(())
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file in it.
    ///
    /// # Errors
    /// `Kind::Io`.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error))?;
        }
        std::fs::write(&path, content).map_err(|error| cannot_write(&path, &error))
    }

    /// Writes everything that makes it a project, but its entities.
    ///
    /// # Errors
    /// `Kind::Io`.
    pub fn write_project(&self, url: &DatabaseUrl) -> Result<()> {
        self.write("Cargo.toml", manifest(url))?;
        self.write("src/main.rs", MAIN)?;
        self.write("src/queries.rs", super::QUERIES)?;
        self.write(".gitignore", "/target\n*.db-shm\n*.db-wal\n")?;
        self.write("relata.toml", configuration(url))?;
        if url.dialect == relata_schema::Dialect::Sqlite {
            self.write("CHINOOK-LICENSE.md", super::database::LICENSE)?;
        }
        Ok(())
    }
}

const MAIN: &str = include_str!("folder/main.rs.txt");

fn manifest(url: &DatabaseUrl) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("../relata");
    // Built from a checkout, the project uses that checkout; installed, it uses the published crate.
    let relata = match local.canonicalize() {
        Ok(path) => format!("path = {:?}", path.display().to_string()),
        Err(_) => format!("version = \"{version}\""),
    };
    let features = match url.dialect {
        relata_schema::Dialect::Sqlite => String::new(),
        other => format!(", features = [\"{other}\"]"),
    };
    format!(
        "[package]\nname = \"relata-demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\nrelata = {{ {relata}{features} }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\"] }}\n\n\
         # It stands on its own, also inside another workspace.\n[workspace]\n"
    )
}

fn configuration(url: &DatabaseUrl) -> String {
    let (url, note) = match url.dialect {
        relata_schema::Dialect::Sqlite => (format!("sqlite:{DATABASE}"), ""),
        _ if url.password.is_some() => (
            url.to_string().replace("***", "${RELATA_DEMO_PASSWORD}"),
            "# export RELATA_DEMO_PASSWORD=… before you use it: no secret stands in this file.\n",
        ),
        _ => (url.to_string(), ""),
    };
    format!("default_environment = \"dev\"\nsources = [\"src\"]\n\n{note}[environments.dev]\nurl = \"{url}\"\n")
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Io, format!("{} cannot be written: {error}", path.display()))
        .hint("choose another folder with --dir DIR")
}
