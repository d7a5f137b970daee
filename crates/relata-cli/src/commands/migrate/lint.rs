//! `relata migrate lint`: what is dangerous in migrations, before they run.
//!
//! The rules live in `relata-plan`; here are the files, the settings, the database if one is named, and how it is said.
//! [`examine`] is the same for other commands.

mod files;
mod live;
mod print;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use relata_plan::lint::{self, Finding, Level, Live, Options, rules};
use relata_runtime::migrate::{self as history, Migration};
use relata_schema::script::missed_commands;
use relata_schema::{Diagnostic, Dialect, Schema, Severity, Span};
use relata_sql::{Connection, DatabaseUrl, Error, Kind, Result};

use crate::cli::DialectOption;
use crate::commands::inspect::shadow_server;
use crate::drivers::connect_to_read;
use crate::output::Grid;
use crate::session::{Exit, Session};
use crate::source::{Loader, Source};

pub use files::{Script, gather};

/// Options of `relata migrate lint`.
#[derive(Args)]
pub struct Lint {
    /// Files *.sql and folders of them [default: the folder of migrations]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The dialect of the files [default: what they or the database say, else what they look like]
    #[arg(long, value_enum)]
    dialect: Option<DialectOption>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Findings of style set the exit code too
    #[arg(long)]
    strict: bool,
    /// The runner of these files wraps each in a transaction
    #[arg(long, alias = "assume-in-transaction")]
    in_transaction: bool,
    /// Version of the server, like 15 or 10.11 [default: that of --url, else of relata.toml, else the newest]
    #[arg(long, value_name = "VERSION", alias = "pg-version")]
    server_version: Option<String>,
    /// Look at the last so many files only; the others say what is there when they run
    #[arg(long, value_name = "NUMBER")]
    latest: Option<usize>,
    /// What the running application declares: Rust sources or a schema.lock; changes that break it are found
    #[arg(long, value_name = "SRC")]
    app: Option<String>,
    /// List the rules, with their levels
    #[arg(long)]
    rules: bool,
}

/// Forms of a report.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the SQL and a mark under what is meant
    Human,
    /// Machine readable
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

/// What a look at files gave.
#[derive(Default)]
pub struct Outcome {
    /// The files.
    pub scripts: Vec<Script>,
    /// Their dialect.
    pub dialect: Dialect,
    /// What was found, in the order of files and places.
    pub findings: Vec<Finding>,
    /// What was not looked at, and why.
    pub notes: Vec<String>,
}

impl Outcome {
    /// How many files were looked at.
    pub fn checked(&self) -> usize {
        self.scripts.iter().filter(|script| script.checked).count()
    }

    /// There are hazards.
    pub fn has_hazards(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Hazard)
    }
}

impl Lint {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file cannot be read, the settings are wrong, or the database cannot be reached.
    pub async fn run(self, session: &Session) -> Result<Exit> {
        if self.rules {
            list(session);
            return Ok(Exit::Done);
        }
        let paths = if self.paths.is_empty() { vec![session.config()?.migrations()] } else { self.paths.clone() };
        let mut scripts = gather(&paths)?;
        if let Some(latest) = self.latest {
            let older = scripts.len().saturating_sub(latest);
            scripts[..older].iter_mut().for_each(|script| script.checked = false);
        }
        let in_transaction = self.in_transaction || session.config()?.lint.in_transaction;
        scripts
            .iter_mut()
            .for_each(|script| script.wrapped |= in_transaction && script.version.is_none() && !script.alone);
        let url = self.url(session)?;
        let dialect = self.dialect(session, &scripts, url.as_ref())?;
        let options = self.options(session, dialect).await?;
        let progress = session.output.progress("looking at migrations");
        let outcome = examine(scripts, options, url.as_ref()).await?;
        drop(progress);
        outcome.notes.iter().for_each(|note| session.output.say(note));
        session.output.result(&match self.format {
            Format::Json => print::json(&outcome),
            _ if session.options.json => print::json(&outcome),
            Format::Human => print::human(&session.output, &outcome),
            Format::Sarif => print::sarif(&outcome),
            Format::Github => print::github(&outcome),
        });
        let fails = outcome.has_hazards() || (self.strict && !outcome.findings.is_empty());
        Ok(if fails { Exit::Findings } else { Exit::Done })
    }

    /// The database, if one is asked for by `--url` or `--env`.
    fn url(&self, session: &Session) -> Result<Option<DatabaseUrl>> {
        let asked = session.options.url.is_some() || session.options.env.is_some();
        if asked { session.url().map(Some) } else { Ok(None) }
    }

    fn dialect(&self, session: &Session, scripts: &[Script], url: Option<&DatabaseUrl>) -> Result<Dialect> {
        let said = self.dialect.map(Dialect::from);
        if let (Some(said), Some(url)) = (said, url)
            && said != url.dialect
        {
            let message = format!("--dialect is {}, the database is {}", said.title(), url.dialect.title());
            return Err(Error::new(Kind::InvalidUrl, message).hint("leave one of them away"));
        }
        let known = said.or(url.map(|url| url.dialect)).or(scripts.iter().find_map(|script| script.dialect));
        if let Some(dialect) = known {
            return Ok(dialect);
        }
        let configured = !session.config()?.environments.is_empty();
        let environment = if configured { session.environment()?.dialect() } else { None };
        Ok(environment.unwrap_or_else(|| {
            let dialect = guess(scripts);
            session.output.say(&format!("read as {}; --dialect says otherwise", dialect.title()));
            dialect
        }))
    }

    async fn options(&self, session: &Session, dialect: Dialect) -> Result<Options> {
        let config = &session.config()?.lint;
        let version = self.server_version.as_deref().or(config.server_version.as_deref());
        let server_version = version.map(number).transpose()?.unwrap_or(0);
        let application = match &self.app {
            Some(source) => Some(self.application(session, source, dialect).await?),
            None => None,
        };
        Ok(Options { dialect, server_version, levels: config.levels()?, application, ..Options::default() })
    }

    async fn application(&self, session: &Session, source: &str, dialect: Dialect) -> Result<Schema> {
        let source = Source::parse(source)?;
        let shadow = shadow_server(session, None, dialect, &[&source])?;
        let loaded = Loader { dialect, shadow, normalize: false, ground: None }.load(&source).await?;
        Ok(loaded.schema)
    }
}

/// Looks at files; with a database also at its schema, its sizes and its rows. Migrations that it has already are only
/// learned from.
///
/// # Errors
/// When the database cannot be reached or read.
pub async fn examine(mut scripts: Vec<Script>, mut options: Options, url: Option<&DatabaseUrl>) -> Result<Outcome> {
    let mut notes = remarks(&scripts, options.dialect);
    let mut connection = None;
    if let Some(url) = url {
        let mut open = connect_to_read(url).await?;
        live::prepare(open.as_mut()).await?;
        leave_applied(open.as_mut(), &mut scripts, &mut notes).await?;
        options.live = Some(live::read(open.as_mut()).await?);
        if options.server_version == 0 {
            options.server_version = open.server().number;
        }
        connection = Some(open);
    }
    let files: Vec<_> = scripts.iter().map(|script| script.file(options.dialect)).collect();
    let mut findings = lint::lint(&files, &options);
    if let Some(mut open) = connection {
        let mut asked = Vec::new();
        for probe in lint::probes(&files, &options) {
            match live::ask(open.as_mut(), &probe).await {
                live::Answer::Kept => {}
                live::Answer::Broken(rows) => asked.push(lint::broken(&probe, rows, &options)),
                live::Answer::Unknown(why) => notes.push(format!("not asked whether {}: {why}", probe.breaks)),
            }
        }
        lint::join(&files, &options, &mut findings, asked);
        open.close().await?;
    }
    drop(files);
    Ok(Outcome { scripts, dialect: options.dialect, findings, notes })
}

/// How files were read, and what of them was not: commands that only psql knows.
fn remarks(scripts: &[Script], dialect: Dialect) -> Vec<String> {
    let mut notes = Vec::new();
    for script in scripts.iter().filter(|script| script.checked) {
        notes.extend(script.note.clone());
        let missed = if dialect == Dialect::Postgres { missed_commands(&script.text) } else { Vec::new() };
        notes.extend(missed.iter().map(|command| {
            format!("{}:{}: {} is not looked at: {}", script.path, command.line, command.text, command.instead)
        }));
    }
    notes
}

/// What is dangerous in one migration that has just been written, on top of a schema.
///
/// # Errors
/// When the settings are wrong.
pub fn of_new(session: &Session, migration: &Migration, start: &Schema) -> Result<Vec<Diagnostic>> {
    let dialect = start.dialect;
    let config = &session.config()?.lint;
    let live = Live { schema: start.clone(), ..Live::default() };
    let levels = config.levels()?;
    let options = Options { dialect, levels, live: Some(live), ..Options::default() };
    let script = Script::of_migration(migration);
    let found = lint::lint(&[script.file(dialect)], &options);
    let hazards = found.iter().filter(|finding| finding.level == Level::Hazard);
    Ok(hazards.map(|finding| diagnostic(&script, finding)).collect())
}

/// What is dangerous in the migrations of a folder that `pending` says to look at; hazards are errors.
///
/// # Errors
/// When a file cannot be read or the settings are wrong.
pub fn of_folder(
    session: &Session,
    directory: &Path,
    dialect: Dialect,
    pending: impl Fn(&str) -> bool,
) -> Result<Vec<Diagnostic>> {
    let mut scripts = if directory.is_dir() { gather(&[directory.to_path_buf()])? } else { Vec::new() };
    for script in &mut scripts {
        script.checked = script.version.as_deref().is_none_or(&pending);
    }
    let config = &session.config()?.lint;
    let server_version = config.server_version.as_deref().map(number).transpose()?.unwrap_or(0);
    let options = Options { dialect, server_version, levels: config.levels()?, ..Options::default() };
    let files: Vec<_> = scripts.iter().map(|script| script.file(dialect)).collect();
    let found = lint::lint(&files, &options);
    Ok(found.iter().map(|finding| diagnostic(&scripts[finding.file], finding)).collect())
}

/// A finding as other commands print what they find.
fn diagnostic(script: &Script, finding: &Finding) -> Diagnostic {
    let severity = if finding.level == Level::Hazard { Severity::Error } else { Severity::Warning };
    let span = Span {
        file: script.path.clone(),
        line: finding.line,
        column: finding.column - 1,
        length: finding.extent.of(&script.text).lines().next().unwrap_or_default().chars().count(),
    };
    let found = Diagnostic::new(finding.code, severity, finding.message.clone()).at(span);
    match &finding.help {
        Some(help) => found.help(help.clone()),
        None => found,
    }
}

/// Takes out migrations that the history of the database has: what they did is in its schema.
async fn leave_applied(
    connection: &mut dyn Connection,
    scripts: &mut Vec<Script>,
    notes: &mut Vec<String>,
) -> Result<()> {
    if scripts.iter().all(|script| script.version.is_none()) {
        return Ok(());
    }
    let applied = history::read_history(connection).await?;
    let before = scripts.len();
    let known = |version: &String| applied.iter().any(|row| version.starts_with(row.version.as_str()));
    scripts.retain(|script| !script.version.as_ref().is_some_and(known));
    let left = before - scripts.len();
    if left > 0 {
        notes.push(format!("{} that the database has already: not looked at", count(left, "migration")));
    }
    Ok(())
}

/// What files look like.
fn guess(scripts: &[Script]) -> Dialect {
    const MYSQL: &[&str] = &["`", "engine=", "engine =", "auto_increment", "delimiter ", "/*!", "enum("];
    const SQLITE: &[&str] = &["autoincrement", "pragma ", "without rowid", ") strict", "strftime(", "datetime('now'"];
    const POSTGRES: &[&str] = &["$$", "concurrently", "serial", "jsonb", "timestamptz", "::", "not valid", "plpgsql"];
    let texts: Vec<String> = scripts.iter().map(|script| script.text.to_lowercase()).collect();
    let signs = |words: &[&str]| words.iter().filter(|word| texts.iter().any(|text| text.contains(**word))).count();
    // Bodies of triggers between BEGIN and END, without anything that cuts them out.
    let bodies = |text: &String| {
        let body = text.contains("create trigger") && text.contains("end;") && text.contains("begin");
        body && !["$$", "execute ", "delimiter"].iter().any(|word| text.contains(word))
    };
    let sqlite = signs(SQLITE) + if texts.iter().any(bodies) { 3 } else { 0 };
    match (signs(POSTGRES), signs(MYSQL)) {
        (postgres, mysql) if mysql > postgres && mysql >= sqlite => Dialect::Mysql,
        (postgres, _) if sqlite > postgres => Dialect::Sqlite,
        _ => Dialect::Postgres,
    }
}

/// `15`, `10.11`, `15.4` as the drivers count: `150000`, `101100`, `150004`.
fn number(text: &str) -> Result<u32> {
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some([major]) => Ok(major * 10_000),
        Some([major, minor]) if *major >= 10 && *major < 30 && text.len() < 5 => Ok(major * 10_000 + minor * 100),
        Some([major, minor, rest @ ..]) => Ok(major * 10_000 + minor * 100 + rest.first().copied().unwrap_or(0)),
        _ => Err(Error::new(Kind::InvalidUrl, format!("{text:?} is no version")).hint("write it like 15 or 10.11")),
    }
}

fn list(session: &Session) {
    if session.output.json {
        let rule = |rule: &&lint::Rule| {
            let dialects: Vec<_> = rule.dialects.iter().map(|dialect| dialect.word()).collect();
            serde_json::json!({
                "code": rule.code, "level": rule.level.word(), "dialects": dialects, "title": rule.title(),
                "documentation": rule.documentation(),
            })
        };
        let rules: Vec<_> = rules::ALL.iter().map(rule).collect();
        session.output.result(&format!("{:#}", serde_json::Value::from(rules)));
        return;
    }
    let mut grid = Grid::new(&["rule", "level", "databases", "about"]);
    for rule in rules::ALL {
        let dialects: Vec<_> = rule.dialects.iter().map(|dialect| dialect.title()).collect();
        let everywhere = dialects.len() == Dialect::ALL.len();
        let dialects = if everywhere { "all".to_string() } else { dialects.join(", ") };
        grid.push([rule.code.to_string(), rule.level.word().to_string(), dialects, rule.title().to_string()]);
    }
    session.output.rows(&grid);
}

/// `1 file`, `2 files`.
fn count(number: usize, what: &str) -> String {
    super::project::count(number, what)
}
