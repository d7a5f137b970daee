//! Repeatable scripts: functions, views, triggers, policies, indexes, extensions as files that are applied whenever they
//! change, after the migrations. They live in `repeatable/` inside the folder of migrations and inside each domain, in as
//! many folders as people like: `repeatable/views/active_users.sql`.
//!
//! - A script is applied when its digest is not the one that the trail has of it; what needs it
//!   (`-- relata: needs views/users`) is applied again after it.
//! - Order: what is needed first, then by name. A script that fails because something is not there yet is tried again
//!   after the others, until no round makes progress: so catalogue dependencies order scripts that declare nothing.
//! - Each script is one transaction with its row in the trail. On MariaDB it is run statement by statement: a script must
//!   bear being run again from the start ([`lasting`] names statements that do not).
//!
//! Deliberately not here: dropping what a deleted file had made. That is a migration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use relata_schema::script::{self, ScriptStatement};
use relata_schema::{Diagnostic, Dialect, digest};
use relata_sql::driver::{Connection, TransactionOptions};
use relata_sql::{Error, Kind, Result};

use super::execute::{self, Class, Report, classify, located};
use super::folder::{self, REPEATABLE, io};
use super::header::{Header, PREFIX};
use super::lacking::Lacking;
use super::trail::{self, Action, Ending, Note, TrailEntry};
use super::{Event, Observer, Runner, history, lock};

/// One script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Its name: the path inside the folder of migrations, without `repeatable` and `.sql`: `views/users`,
    /// `billing/functions/total`.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The names of the scripts that it needs.
    pub needs: Vec<String>,
    /// Its digest; layout and comments do not count.
    pub digest: String,
    /// Its file.
    pub path: PathBuf,
}

/// Reads the scripts of a folder of migrations and its domains, in the order of applying.
///
/// # Errors
/// `Kind::Io`; `Kind::Migration` when a script needs one that is not there, or scripts need each other in a circle.
pub fn read(directory: &Path, dialect: Dialect) -> Result<Vec<Script>> {
    let mut scripts = Vec::new();
    if !directory.exists() {
        return Ok(scripts);
    }
    collect(&directory.join(REPEATABLE), "", dialect, &mut scripts)?;
    for (path, domain) in folder::folders(directory)? {
        collect(&path.join(REPEATABLE), &format!("{domain}/"), dialect, &mut scripts)?;
    }
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    ordered(scripts)
}

fn collect(directory: &Path, prefix: &str, dialect: Dialect, scripts: &mut Vec<Script>) -> Result<()> {
    if !directory.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(directory).map_err(|error| io(directory, error))? {
        let path = entry.map_err(|error| io(directory, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), dialect, scripts)?;
        } else if let Some(stem) = name.strip_suffix(".sql") {
            scripts.extend(read_one(&path, format!("{prefix}{stem}"), dialect)?);
        }
    }
    Ok(())
}

/// A script; `None` for one that is written for another dialect.
fn read_one(path: &Path, name: String, dialect: Dialect) -> Result<Option<Script>> {
    let text = folder::read_file(path)?;
    let header = Header::parse(&without_needs(&text), &path.display().to_string())?;
    if header.dialect.is_some_and(|other| other != dialect) {
        return Ok(None);
    }
    if dialect == Dialect::Postgres {
        folder::refuse_commands(&text, path)?;
    }
    let needs = needs(&text);
    let covered = format!("{}\n{}", needs.join("\n"), script::normalise(dialect, &text));
    Ok(Some(Script { name, needs, digest: digest::hex(&covered), text, path: path.to_path_buf() }))
}

fn need(line: &str) -> Option<&str> {
    let comment = line.trim().strip_prefix("--")?.trim().strip_prefix(PREFIX)?.trim();
    comment.strip_prefix("needs ").map(str::trim)
}

fn needs(text: &str) -> Vec<String> {
    text.lines().filter_map(need).map(|name| name.trim_end_matches(".sql").to_string()).collect()
}

fn without_needs(text: &str) -> String {
    text.lines().map(|line| if need(line).is_some() { "--" } else { line }).collect::<Vec<_>>().join("\n")
}

/// What is needed first, else by name.
fn ordered(scripts: Vec<Script>) -> Result<Vec<Script>> {
    let names: BTreeSet<String> = scripts.iter().map(|script| script.name.clone()).collect();
    for script in &scripts {
        if let Some(missing) = script.needs.iter().find(|name| !names.contains(*name)) {
            let message = format!("{} needs {missing}, and there is no such script", script.path.display());
            return Err(Error::new(Kind::Migration, message)
                .hint("the name is the path inside repeatable/ without .sql, with the domain before it"));
        }
    }
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut order = Vec::new();
    let mut waiting = scripts;
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|script| script.needs.iter().all(|name| done.contains(name)));
        let Some(ready) = ready else {
            let circle: Vec<&str> = waiting.iter().map(|script| script.name.as_str()).collect();
            let message = format!("these scripts need each other: {}", circle.join(", "));
            return Err(Error::new(Kind::Migration, message).hint("take one of their `-- relata: needs` lines out"));
        };
        let script = waiting.remove(ready);
        done.insert(script.name.clone());
        order.push(script);
    }
    Ok(order)
}

/// The scripts that are not applied as they are now, with what needs them; in the order of applying.
pub fn pending<'s>(scripts: &'s [Script], trail: &[TrailEntry]) -> Vec<&'s Script> {
    let mut applied: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in trail.iter().filter(|entry| entry.action == Action::Repeat.word() && entry.ending == "done") {
        applied.insert(&entry.version, &entry.digest);
    }
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut found = Vec::new();
    for script in scripts {
        let changed = applied.get(script.name.as_str()) != Some(&script.digest.as_str());
        if changed || script.needs.iter().any(|name| wanted.contains(name.as_str())) {
            wanted.insert(&script.name);
            found.push(script);
        }
    }
    found
}

/// Statements of a script that do not bear being run again: each is a finding.
pub fn lasting(dialect: Dialect, script: &Script) -> Vec<Diagnostic> {
    let statements = script::statements(dialect, &script.text);
    let dropped = |at: usize, object: &str| {
        statements[..at].iter().any(|before| {
            let words = script::words(dialect, &before.sql, 5);
            words.first().is_some_and(|word| word == "DROP")
                && words.iter().any(|word| word == "EXISTS")
                && words.iter().any(|word| word == object)
        })
    };
    let mut findings = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        let words = script::words(dialect, &statement.sql, 8);
        let has = |word: &str| words.iter().any(|found| found == word);
        let object =
            words.iter().skip(1).find(|word| !["UNIQUE", "TEMP", "TEMPORARY", "CONCURRENTLY"].contains(&word.as_str()));
        let safe = match words.first().map(String::as_str) {
            Some("CREATE") => has("REPLACE") || has("EXISTS") || object.is_some_and(|object| dropped(at, object)),
            Some("DROP") => has("EXISTS"),
            Some("INSERT" | "UPDATE" | "DELETE") => {
                has("IGNORE") || statement.sql.to_ascii_uppercase().contains("ON CONFLICT")
            }
            Some("ALTER") => has("OWNER") || has("ENABLE") || has("DISABLE") || has("FORCE") || has("SET"),
            _ => true,
        };
        if !safe {
            let message = format!(
                "{}, line {}: {} does not bear being run again",
                script.path.display(),
                statement.line,
                words[..words.len().min(3)].join(" ")
            );
            findings.push(Diagnostic::warning("repeatable-lasting", message).help(
                "a repeatable script runs whenever it changes: CREATE OR REPLACE, IF NOT EXISTS, or DROP … IF EXISTS before it",
            ));
        }
    }
    findings
}

/// What running scripts on a shadow left undone: name and error.
pub type Undone = Vec<(String, Error)>;

/// Runs every script with no trail: on a shadow. Gives those that found no way to run.
///
/// # Errors
/// When the connection breaks.
pub async fn run_on_shadow(connection: &mut dyn Connection, scripts: &[Script]) -> Result<Undone> {
    run_all(connection, scripts, None).await
}

/// The same where the shadow may lack what some statements need: those are left out and named.
///
/// # Errors
/// When the connection breaks.
pub async fn run_as_far(connection: &mut dyn Connection, scripts: &[Script], lacking: &mut Lacking) -> Result<Undone> {
    run_all(connection, scripts, Some(lacking)).await
}

async fn run_all(
    connection: &mut dyn Connection,
    scripts: &[Script],
    mut lacking: Option<&mut Lacking>,
) -> Result<Undone> {
    let mut waiting: Vec<&Script> = scripts.iter().collect();
    loop {
        let mut failed = Vec::new();
        for script in &waiting {
            let header = Header::default();
            let ran = match &mut lacking {
                Some(lacking) => execute::run_as_far(connection, &header, &script.text, lacking).await,
                None => execute::run_script(connection, &header, &script.text).await,
            };
            if let Err(error) = ran {
                if connection.is_broken() {
                    return Err(error);
                }
                failed.push((*script, error));
            }
        }
        if failed.is_empty() || failed.len() == waiting.len() {
            return Ok(failed.into_iter().map(|(script, error)| (script.name.clone(), error)).collect());
        }
        waiting = failed.into_iter().map(|(script, _)| script).collect();
    }
}

impl Runner {
    /// Applies the scripts that changed, and gives their names.
    ///
    /// # Errors
    /// As [`Runner::apply`]; the scripts before the one that fails are applied.
    pub async fn repeat(
        &self,
        connection: &mut dyn Connection,
        scripts: &[Script],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<String>> {
        if scripts.is_empty() {
            return Ok(Vec::new());
        }
        let lock = lock::acquire(connection, self, observer).await?;
        let result = self.repeat_locked(connection, scripts, observer).await;
        super::run::released(lock, connection, result).await
    }

    async fn repeat_locked(
        &self,
        connection: &mut dyn Connection,
        scripts: &[Script],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<String>> {
        history::create(connection, self).await?;
        let known = trail::read(connection).await?;
        let mut waiting = pending(scripts, &known);
        let mut done = Vec::new();
        while !waiting.is_empty() {
            let mut failed = Vec::new();
            for script in &waiting {
                match self.repeat_one(connection, script, observer).await {
                    Ok(()) => done.push(script.name.clone()),
                    Err(error) if misses_something(&error) && !connection.is_broken() => failed.push((*script, error)),
                    Err(error) => return Err(error),
                }
            }
            if failed.len() == waiting.len() {
                // Nothing helped any of them: the first says what is missing.
                return Err(failed.swap_remove(0).1);
            }
            waiting = failed.into_iter().map(|(script, _)| script).collect();
        }
        Ok(done)
    }

    async fn repeat_one(
        &self,
        connection: &mut dyn Connection,
        script: &Script,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let started = Instant::now();
        let mut report = Report::new(self, observer);
        let result = self.repeat_statements(connection, script, started, &mut report).await;
        if result.is_err() && connection.in_transaction() && !connection.is_broken() {
            // The first error is the one to tell.
            let _ = connection.batch("ROLLBACK").await;
        }
        result.map_err(|error| error.context(format!("applying {}", script.path.display())))?;
        observer(Event::Repeated { name: &script.name, duration: started.elapsed() });
        Ok(())
    }

    async fn repeat_statements(
        &self,
        connection: &mut dyn Connection,
        script: &Script,
        started: Instant,
        report: &mut Report<'_, '_>,
    ) -> Result<()> {
        let dialect = connection.dialect();
        let statements = script::statements(dialect, &script.text);
        let settings = super::settings::Settings::before(connection, &statements).await?;
        if dialect.transactional_ddl() {
            connection.begin(TransactionOptions::default()).await?;
        }
        let path = execute::SearchPath::read(connection).await?;
        for index in 0..statements.len() {
            let ran = repeat_statement(connection, &statements, index, report).await;
            ran.map_err(|error| located(error, index, statements.len(), &statements[index]))?;
        }
        path.restore(connection).await?;
        let note = Note {
            action: Action::Repeat,
            ending: Ending::Done,
            version: &script.name,
            name: "",
            digest: &script.digest,
            duration_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
            statements: &report.statements,
            note: String::new(),
        };
        trail::append(connection, self, note).await?;
        if connection.in_transaction() {
            connection.batch("COMMIT").await?;
        }
        settings.restore(connection).await
    }
}

async fn repeat_statement(
    connection: &mut dyn Connection,
    statements: &[ScriptStatement],
    index: usize,
    report: &mut Report<'_, '_>,
) -> Result<()> {
    match classify(connection.dialect(), &statements[index].sql) {
        Class::Transaction | Class::Rollback | Class::ForeignKeys { .. } => Ok(()),
        Class::Session | Class::Data | Class::Schema => report.run(connection, statements, index).await,
    }
}

/// Another script may make what is missing.
fn misses_something(error: &Error) -> bool {
    matches!(error.kind(), Kind::UndefinedTable | Kind::UndefinedColumn | Kind::UndefinedObject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str, text: &str) {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn scripts_are_read_in_the_order_of_their_needs() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), "repeatable/views/a.sql", "-- relata: needs views/b\nCREATE VIEW a AS SELECT 1;");
        write(directory.path(), "repeatable/views/b.sql", "CREATE VIEW b AS SELECT 1;");
        write(directory.path(), "billing/repeatable/f.sql", "-- relata: dialect postgres\nSELECT 1;");
        let names = |dialect| -> Vec<String> {
            read(directory.path(), dialect).unwrap().into_iter().map(|script| script.name).collect()
        };
        assert_eq!(names(Dialect::Sqlite), ["views/b", "views/a"]);
        assert_eq!(names(Dialect::Postgres), ["billing/f", "views/b", "views/a"]);
        write(directory.path(), "repeatable/views/b.sql", "-- relata: needs views/a\nSELECT 1;");
        let error = read(directory.path(), Dialect::Sqlite).unwrap_err();
        assert!(error.to_string().starts_with("these scripts need each other: views/a, views/b"), "{error}");
    }

    #[test]
    fn statements_that_do_not_bear_repeating_are_named() {
        let check = |text: &str, expected: usize| {
            let (name, path) = ("x".to_string(), PathBuf::from("x.sql"));
            let script = Script { name, text: text.into(), needs: Vec::new(), digest: String::new(), path };
            assert_eq!(lasting(Dialect::Postgres, &script).len(), expected, "{text}");
        };
        check("CREATE OR REPLACE VIEW v AS SELECT 1", 0);
        check("CREATE VIEW v AS SELECT 1", 1);
        check("DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1", 0);
        check("DROP VIEW v", 1);
        check("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (x)", 0);
        check("DROP TRIGGER IF EXISTS t ON a; CREATE TRIGGER t BEFORE INSERT ON a EXECUTE FUNCTION f()", 0);
        check("CREATE EXTENSION IF NOT EXISTS citext", 0);
        check("INSERT INTO a VALUES (1)", 1);
        check("INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING", 0);
    }
}
