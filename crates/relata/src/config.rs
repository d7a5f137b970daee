//! Where the database is when the program does not say: environment variables, `relata.toml`, embedded SQLite.
//!
//! ```toml
//! [environments.production]
//! url = "postgres://app@db1,db2/shop?password_file=/run/secrets/shop"
//! discover = "patroni"                   # or "dns", "srv", "galera": as `?discover=` in the URL
//! patroni = ["db1:8008", "db2:8008"]
//!
//! backups = "/var/backups/shop"          # `Db::health` says when the newest is older
//! backups_max_age = "26h"
//!
//! [environments.production.pool]
//! max_connections = 20
//! acquire_timeout = "2s"
//! ```
//!
//! Invariants
//! - Whoever opened a database by the file follows it: changed settings of the pool hold within a second or two.
//! - A change that is wrong changes nothing: it is told with its line, in the log and by [`Db::health`](crate::Db), until
//!   it is mended. Another `url` wants a restart, and that is told too.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use relata_runtime::{PoolOptions, WeakDb};
use relata_sql::{Error, Kind, Result};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const FILE: &str = "relata.toml";
const EMBEDDED: &str = "sqlite:relata.db";

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What is opened, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) options: PoolOptions,
    /// Where backups are made, and how old the newest may be.
    pub(crate) backups: Option<(PathBuf, Duration)>,
    /// The file that says so, and what it looked like before it was read.
    pub(crate) file: Option<(PathBuf, Stamp)>,
}

/// What tells that a file has changed.
type Stamp = Option<(SystemTime, u64)>;

/// `RELATA_URL`, `DATABASE_URL`, the environment of `relata.toml` that `RELATA_ENV` names (else its default one), or a
/// SQLite file `relata.db`.
pub(crate) fn default_settings() -> Result<Settings> {
    let plain = |url: String| Settings { url, options: PoolOptions::default(), backups: None, file: None };
    let variables = ["RELATA_URL", "DATABASE_URL"].into_iter();
    if let Some(url) = variables.filter_map(variable).next() {
        return Ok(plain(url));
    }
    match Path::new(FILE).exists() {
        true => settings_of(Path::new(FILE)),
        false => Ok(plain(EMBEDDED.to_string())),
    }
}

/// What a file says, for the environment `RELATA_ENV` or the default one.
pub(crate) fn settings_of(path: &Path) -> Result<Settings> {
    let (name, seen) = (path.display(), stamp(path));
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::new(Kind::Io, format!("{name} cannot be read: {error}")).caused_by(error))?;
    let Read { url, options, backups } = read(&text, variable("RELATA_ENV").as_deref(), variable)
        .map_err(|wrong| wrong.into_error(&text, &name.to_string()))?;
    Ok(Settings { url, options, backups, file: Some((path.to_path_buf(), seen)) })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What is wrong, and where in the text.
struct Wrong {
    message: String,
    at: Option<usize>,
    hint: Option<&'static str>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Wrong { message: message.into(), at: None, hint: None }
    }

    fn at(mut self, at: usize) -> Self {
        self.at = Some(at);
        self
    }

    fn into_error(self, text: &str, file: &str) -> Error {
        let place = match self.at {
            Some(at) => format!("{file}:{}", text[..at.min(text.len())].matches('\n').count() + 1),
            None => file.to_string(),
        };
        let error = Error::new(Kind::Configuration, format!("{place}: {}", self.message));
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

type Reading<T> = std::result::Result<T, Wrong>;

/// What stands in the file.
struct Read {
    url: String,
    options: PoolOptions,
    backups: Option<(PathBuf, Duration)>,
}

fn read(text: &str, wanted: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Reading<Read> {
    let file = DeTable::parse(text).map_err(|error| {
        let wrong = Wrong::new(error.message().trim().to_string());
        Wrong { at: error.span().map(|span| span.start), ..wrong }
    })?;
    let Some(environment) = environment(file.get_ref(), wanted)? else {
        return Ok(Read { url: EMBEDDED.to_string(), options: PoolOptions::default(), backups: None });
    };
    let url = match environment.get("url") {
        None => EMBEDDED.to_string(),
        Some(url) => match url.get_ref() {
            DeValue::String(text) => filled(text, variable).map_err(|wrong| wrong.at(url.span().start))?,
            _ => return Err(Wrong::new("url must be a text").at(url.span().start)),
        },
    };
    let url = discovering(url, environment)?;
    let options = match environment.get("pool") {
        None => PoolOptions::default(),
        Some(pool) => match pool.get_ref() {
            DeValue::Table(table) => pool_options(table, pool.span().start)?,
            _ => return Err(Wrong::new("pool must be a table").at(pool.span().start)),
        },
    };
    Ok(Read { url, options, backups: backups(environment)? })
}

fn backups(environment: &DeTable<'_>) -> Reading<Option<(PathBuf, Duration)>> {
    let text = |name: &str| match environment.get(name).map(|value| (value.get_ref().as_str(), value.span().start)) {
        None => Ok(None),
        Some((Some(text), at)) => Ok(Some((text, at))),
        Some((None, at)) => Err(Wrong::new(format!("{name} must be a text")).at(at)),
    };
    let Some((folder, _)) = text("backups")? else { return Ok(None) };
    let age = match text("backups_max_age")? {
        None => relata_runtime::health::BACKUPS_MAX_AGE,
        Some((age, at)) => {
            relata_runtime::pool::duration(age).map_err(|why| Wrong::new(format!("backups_max_age: {why}")).at(at))?
        }
    };
    Ok(Some((folder.into(), age)))
}

/// The URL with the settings of discovery that stand beside it.
fn discovering(mut url: String, environment: &DeTable<'_>) -> Reading<String> {
    for name in ["discover", "patroni", "patroni_ca", "nameserver"] {
        let Some(value) = environment.get(name) else { continue };
        let at = value.span().start;
        let texts = match value.get_ref() {
            DeValue::String(text) => Some(vec![text.as_ref()]),
            DeValue::Array(list) => list.iter().map(|one| one.get_ref().as_str()).collect(),
            _ => None,
        };
        let texts = texts.ok_or_else(|| Wrong::new(format!("{name} must be a text or a list of texts")).at(at))?;
        url.push_str(if url.contains('?') { "&" } else { "?" });
        url.push_str(&format!("{name}={}", texts.join(",")));
        relata_sql::DatabaseUrl::parse(&url)
            .and_then(|url| relata_runtime::discovery::check(&url))
            .map_err(|error| Wrong::new(error.message()).at(at))?;
    }
    Ok(url)
}

/// The chosen environment, or none where there are none.
fn environment<'t, 'i>(file: &'t DeTable<'i>, wanted: Option<&str>) -> Reading<Option<&'t DeTable<'i>>> {
    let none = DeTable::new();
    let environments = match file.get("environments").map(Spanned::get_ref) {
        Some(DeValue::Table(environments)) => environments,
        _ => &none,
    };
    let only = || {
        (environments.len() == 1).then(|| environments.keys().next().map(|name| name.get_ref().to_string())).flatten()
    };
    let default = || match file.get("default_environment").map(Spanned::get_ref) {
        Some(DeValue::String(name)) => Some(name.to_string()),
        _ => None,
    };
    let Some(name) = wanted.map(str::to_string).or_else(default).or_else(only) else {
        return match environments.is_empty() {
            true => Ok(None),
            false => Err(Wrong {
                hint: Some("set RELATA_ENV, or write default_environment = \"NAME\" at the top of the file"),
                ..Wrong::new("it has several environments and no default")
            }),
        };
    };
    let found = match file.get("environments").map(Spanned::get_ref) {
        Some(DeValue::Table(environments)) => environments.get(name.as_str()).map(Spanned::get_ref),
        _ => None,
    };
    match found {
        Some(DeValue::Table(environment)) => Ok(Some(environment)),
        _ => Err(Wrong::new(format!("it has no environment {name:?}"))),
    }
}

fn pool_options(table: &DeTable<'_>, at: usize) -> Reading<PoolOptions> {
    let mut options = PoolOptions::default();
    for (name, value) in table {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_string(),
            DeValue::Boolean(value) => value.to_string(),
            _ => {
                return Err(Wrong::new(format!("{} must be a number, a text, true or false", name.get_ref()))
                    .at(value.span().start));
            }
        };
        let set = options.set(name.get_ref(), &text);
        set.map_err(|why| Wrong::new(format!("{}: {why}", name.get_ref())).at(name.span().start))?;
    }
    options.check().map_err(|error| Wrong::new(error.message()).at(at))?;
    Ok(options)
}

/// Follows a file until the database is closed.
pub(crate) fn follow((path, mut seen): (PathBuf, Stamp), url: String, db: WeakDb) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(db) = db.upgrade() else { return };
            let now = stamp(&path);
            if now == seen {
                continue;
            }
            seen = now;
            let outcome = settings_of(&path).and_then(|settings| match settings.url == url {
                true => db.reconfigure(settings.options),
                false => {
                    Err(Error::new(Kind::Configuration, format!("{}: another url wants a restart", path.display())))
                }
            });
            match &outcome {
                Ok(()) => {
                    tracing::info!(target: "relata::config", file = %path.display(), "the configuration was read again")
                }
                Err(error) => {
                    tracing::error!(target: "relata::config", %error, "the configuration is wrong; the old one stays")
                }
            }
            db.note_configuration(outcome.err());
        }
    });
}

fn stamp(path: &Path) -> Stamp {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

/// Replaces `${NAME}` by the environment variable of that name.
fn filled(url: &str, variable: impl Fn(&str) -> Option<String>) -> Reading<String> {
    let mut out = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or_else(|| Wrong::new("the url has a ${ without }"))?;
        out.push_str(before);
        let value = variable(name);
        out.push_str(&value.ok_or_else(|| Wrong::new(format!("the environment variable {name} is not set")))?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "default_environment = \"dev\"\n[environments.dev]\nurl = \"sqlite:dev.db\"\n\
                        [environments.live]\nurl = \"postgres://app:${SECRET}@db/app\"\n\
                        [environments.live.pool]\nmax_connections = 20\nacquire_timeout = \"2s\"\n";

    fn url_of(text: &str, wanted: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
        read(text, wanted, variable).map(|read| read.url).map_err(|wrong| wrong.into_error(text, FILE))
    }

    #[test]
    fn the_url_of_an_environment() {
        let secret = |name: &str| (name == "SECRET").then(|| "hush".to_string());
        assert_eq!(url_of(TEXT, None, secret).unwrap(), "sqlite:dev.db");
        assert_eq!(url_of(TEXT, Some("live"), secret).unwrap(), "postgres://app:hush@db/app");
        assert_eq!(url_of("", None, secret).unwrap(), "sqlite:relata.db");
    }

    #[test]
    fn the_settings_of_its_pool() {
        let secret = |_: &str| Some("hush".to_string());
        let Read { options, .. } = read(TEXT, Some("live"), secret).unwrap_or_else(|wrong| panic!("{}", wrong.message));
        assert_eq!((options.max_connections, options.acquire_timeout), (20, Duration::from_secs(2)));
    }

    #[test]
    fn the_source_of_its_nodes() {
        let text = "[environments.live]\nurl = \"postgres://app@/shop?sslmode=disable\"\ndiscover = \"patroni\"\n\
                    patroni = [\"a:8008\", \"b\"]\n";
        let url = url_of(text, None, |_| None).unwrap();
        assert_eq!(url, "postgres://app@/shop?sslmode=disable&discover=patroni&patroni=a:8008,b");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let none = |_: &str| None;
        let pool = |text: &str| format!("[environments.a]\nurl = \"sqlite:a\"\n[environments.a.pool]\n{text}\n");
        for (text, wanted, part) in [
            (TEXT.to_string(), Some("live"), "relata.toml:5: the environment variable SECRET is not set"),
            (TEXT.to_string(), Some("test"), "it has no environment \"test\""),
            ("[environments.a]\n[environments.b]\n".to_string(), None, "several environments and no default"),
            ("a = 1\nurl = ".to_string(), None, "relata.toml:2: "),
            (
                pool("max_conections = 3"),
                None,
                "relata.toml:4: max_conections: \"max_conections\" is no setting of a pool",
            ),
            (pool("\nkeepalive = \"7\""), None, "relata.toml:5: keepalive: \"7\" is no duration"),
            (pool("max_connections = 0"), None, "relata.toml:3: max_connections is 0"),
            (
                "[environments.a]\nurl = \"postgres://db/shop\"\ndiscover = \"galera\"\n".to_string(),
                None,
                "relata.toml:3: discover=galera does not exist for PostgreSQL",
            ),
            (
                "[environments.a]\nbackups = \"x\"\nbackups_max_age = \"a day\"\n".to_string(),
                None,
                "relata.toml:3: backups_max_age: \"a day\" is no duration",
            ),
            (pool("max_connections = -1"), None, "relata.toml:4: max_connections: \"-1\" is no count"),
        ] {
            let error = url_of(&text, wanted, none).unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
