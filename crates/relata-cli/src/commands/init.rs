//! `relata init`: a project where there was none, for the database of `--url` if one is given. It writes what is missing and
//! changes nothing that is there.

use std::path::{Path, PathBuf};

use clap::Args;
use relata_sql::{Error, Kind, Result};

use crate::config;
use crate::output::{Output, Tone};
use crate::session::{Exit, Session};

const CONFIG: &str = include_str!("init/relata.toml");
const ENTITIES: &str = include_str!("init/entities.rs");
/// The variable that holds the password of a database given with `--url`.
const PASSWORD: &str = "DATABASE_PASSWORD";
const IGNORED: &[&str] = &["/target", "/relata.db", "/relata.db-shm", "/relata.db-wal", ".env"];

/// Options of `relata init`.
#[derive(Args)]
pub struct Init {
    /// Where
    #[arg(default_value = ".")]
    dir: PathBuf,
}

impl Init {
    /// Runs the command.
    ///
    /// # Errors
    /// `Kind::Io` when a file cannot be written.
    pub fn run(self, session: &Session) -> Result<Exit> {
        let output = &session.output;
        write_new(output, &self.dir.join(config::FILE), &configuration(session)?)?;
        write_new(output, &self.dir.join("src/entities.rs"), ENTITIES)?;
        ignore(output, &self.dir.join(".gitignore"))?;
        output.say("");
        output.say("Next:");
        for (command, what) in [
            ("cargo add relata", "the library itself"),
            ("relata schema inspect src", "the SQL of the declared entities"),
            ("relata migrate new first", "the first migration, proved on a shadow database"),
        ] {
            output.say(&format!("  {}  {}", output.paint(Tone::Code, &format!("{command:<28}")), what));
        }
        Ok(Exit::Done)
    }
}

/// The settings, with the database of `--url` if one is given. Its password stays out of the file.
fn configuration(session: &Session) -> Result<String> {
    if session.options.url.is_none() {
        return Ok(CONFIG.to_string());
    }
    let url = session.url()?.to_string().replacen(":***@", &format!(":${{{PASSWORD}}}@"), 1);
    if url.contains(PASSWORD) {
        session.output.say(&format!("the password is read from the environment: set {PASSWORD}"));
    }
    Ok(CONFIG.replacen("sqlite:relata.db", &url, 1))
}

fn write_new(output: &Output, path: &Path, text: &str) -> Result<()> {
    if path.exists() {
        output.say(&format!("{} is there already: left as it is", path.display()));
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| cannot_write(parent, error))?;
    }
    std::fs::write(path, text).map_err(|error| cannot_write(path, error))?;
    output.say(&format!("{} {}", output.paint(Tone::Good, "wrote"), path.display()));
    Ok(())
}

fn ignore(output: &Output, path: &Path) -> Result<()> {
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let missing: Vec<_> = IGNORED.iter().filter(|line| !before.lines().any(|other| other.trim() == **line)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut text = before;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in missing {
        text.push_str(line);
        text.push('\n');
    }
    std::fs::write(path, text).map_err(|error| cannot_write(path, error))?;
    output.say(&format!("{} {}", output.paint(Tone::Good, "wrote"), path.display()));
    Ok(())
}

fn cannot_write(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Io, format!("{} cannot be written: {error}", path.display()))
        .hint("look at the permissions of the directory, or choose another one: relata init DIR")
        .caused_by(error)
}
