//! `relata.toml`: environments, sources and where migrations are.
//!
//! ```toml
//! default_environment = "dev"
//! sources = ["src"]
//! migrations = "migrations"
//!
//! [environments.dev]
//! url = "sqlite:app.db"
//!
//! [environments.production]
//! url = "postgres://app:${APP_PASSWORD}@db/app"
//! shadow = "postgres://app:${APP_PASSWORD}@db"
//! protected = true
//!
//! [lint]
//! server_version = "15"
//! rules = { "varchar-type" = "off", "timeouts" = "hazard" }
//! ```
//!
//! `${NAME}` is replaced by the environment variable of that name, when the value is used and not before, so that a
//! secret that production needs need not be there for development.

use std::collections::BTreeMap;
use std::path::PathBuf;

use relata_plan::lint::{Level, rules};
use relata_schema::Dialect;
use relata_sql::{DatabaseUrl, Error, Kind, Result};
use serde::Deserialize;

/// The name of the file.
pub const FILE: &str = "relata.toml";

/// The database when nothing else is said.
pub const DEFAULT_URL: &str = "sqlite:relata.db";

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The environment when `--env` is not given; else the only one there is.
    pub default_environment: Option<String>,
    /// Directories of Rust sources that declare entities; default `src`.
    pub sources: Option<Vec<PathBuf>>,
    /// The directory of migrations; default `migrations`.
    pub migrations: Option<PathBuf>,
    /// Settings of `relata migrate lint`.
    #[serde(default)]
    pub lint: Lint,
    /// Environments by name.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
}

/// One environment.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its database; `${NAME}` is replaced.
    pub url: Option<String>,
    /// How its nodes are found: `patroni`, `dns`, `srv`, `galera`.
    pub discover: Option<String>,
    /// The REST addresses of Patroni.
    #[serde(default)]
    pub patroni: Vec<String>,
    /// The authorities that vouch for Patroni by https: a PEM file.
    pub patroni_ca: Option<String>,
    /// Who is asked for SRV records, if not the machine's name servers.
    pub nameserver: Option<String>,
    /// A server where temporary databases may be created; `${NAME}` is replaced.
    pub shadow: Option<String>,
    /// The folder into which backups are made.
    pub backups: Option<PathBuf>,
    /// How old the newest backup may be: `26h`.
    pub backups_max_age: Option<String>,
    /// Settings of an application's pool; the command reads them and uses its own.
    pub pool: Option<serde::de::IgnoredAny>,
    /// Its own sources, if not those of the file.
    pub sources: Option<Vec<PathBuf>>,
    /// Only proved migrations are applied.
    #[serde(default)]
    pub protected: bool,
}

/// Settings of `relata migrate lint`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lint {
    /// Levels of rules: `off`, `style` or `hazard`.
    #[serde(default)]
    pub rules: BTreeMap<String, String>,
    /// Version of the server that the migrations are for: `15`, `10.11`.
    pub server_version: Option<String>,
    /// Files that are no migrations of ours run in a transaction too.
    #[serde(default)]
    pub in_transaction: bool,
}

impl Lint {
    /// The levels by rule.
    ///
    /// # Errors
    /// `Kind::Configuration` for a rule or level that does not exist.
    pub fn levels(&self) -> Result<BTreeMap<String, Level>> {
        let level = |(code, word): (&String, &String)| {
            if !rules::ALL.iter().any(|rule| rule.code == code) {
                return Err(Error::new(Kind::Configuration, format!("{FILE}, [lint.rules]: there is no rule {code}"))
                    .hint("relata migrate lint --rules lists them"));
            }
            let level = Level::from_word(word).ok_or_else(|| {
                Error::new(Kind::Configuration, format!("{FILE}, [lint.rules]: {code} cannot be {word:?}"))
                    .hint("it can be \"off\", \"style\" or \"hazard\"")
            })?;
            Ok((code.clone(), level))
        };
        self.rules.iter().map(level).collect()
    }
}

impl Config {
    /// Reads `relata.toml` of the working directory; without one, the defaults.
    ///
    /// # Errors
    /// `Kind::Configuration` with the place and what is accepted there; `Kind::Io`.
    pub fn load() -> Result<Self> {
        match std::fs::read_to_string(FILE) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
            Err(error) => Err(Error::new(Kind::Io, format!("{FILE} cannot be read: {error}")).caused_by(error)),
        }
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// `Kind::Configuration` with the place and what is accepted there.
    pub fn parse(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = error.message().trim();
            let found = Error::new(Kind::Configuration, format!("{FILE}:{line}: {message}"));
            // The commonest guess; a field of an environment is told otherwise.
            let found = match message.starts_with("unknown field `url`") {
                true => found.hint("a URL belongs to an environment: url = \"…\" below [environments.development]"),
                false => found,
            };
            found.hint("relata init, run in an empty directory, writes a commented example")
        })
    }

    /// The environment of that name; without a name, the default one.
    ///
    /// # Errors
    /// `Kind::Configuration` when there is none of that name, or none can be the default.
    pub fn environment(&self, name: Option<&str>) -> Result<Environment> {
        let Some(name) = name.or(self.default_environment.as_deref()) else {
            return match self.environments.len() {
                0 => Ok(Environment::default()),
                1 => Ok(self.environments.values().next().cloned().unwrap_or_default()),
                _ => Err(Error::new(Kind::Configuration, format!("{FILE} has several environments and no default"))
                    .hint(format!("choose one with --env: {}", self.names()))
                    .hint("or write default_environment = \"NAME\" at the top of the file")),
            };
        };
        self.environments.get(name).cloned().ok_or_else(|| {
            let error = Error::new(Kind::Configuration, format!("{FILE} has no environment {name:?}"));
            if self.environments.is_empty() {
                error.hint(format!("write [environments.{name}] with url = \"…\" into {FILE}"))
            } else {
                error.hint(format!("it has: {}", self.names()))
            }
        })
    }

    fn names(&self) -> String {
        self.environments.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The directories of Rust sources.
    pub fn sources(&self, environment: &Environment) -> Vec<PathBuf> {
        let own = environment.sources.as_ref().or(self.sources.as_ref());
        own.cloned().unwrap_or_else(|| vec![PathBuf::from("src")])
    }

    /// The directory of migrations.
    pub fn migrations(&self) -> PathBuf {
        self.migrations.clone().unwrap_or_else(|| PathBuf::from("migrations"))
    }
}

impl Environment {
    /// Its database.
    ///
    /// # Errors
    /// When a variable is not set or the URL does not parse.
    pub fn url(&self) -> Result<DatabaseUrl> {
        let mut url = parse_url(self.url.as_deref().unwrap_or(DEFAULT_URL), "url")?;
        let patroni = (!self.patroni.is_empty()).then(|| self.patroni.join(","));
        let (authorities, server) = (self.patroni_ca.clone(), self.nameserver.clone());
        let settings = [
            ("discover", self.discover.clone()),
            ("patroni", patroni),
            ("patroni_ca", authorities),
            ("nameserver", server),
        ];
        for (name, value) in settings {
            url.params.extend(value.map(|value| (name.to_string(), value)));
        }
        Ok(url)
    }

    /// The dialect of its database, if that can be told without its secrets.
    pub fn dialect(&self) -> Option<Dialect> {
        let scheme = self.url.as_deref()?.split(':').next()?;
        match scheme {
            "postgres" | "postgresql" => Some(Dialect::Postgres),
            "mysql" | "mariadb" => Some(Dialect::Mysql),
            "sqlite" | "file" => Some(Dialect::Sqlite),
            _ => None,
        }
    }

    /// The server for temporary databases, if one is named.
    ///
    /// # Errors
    /// When a variable is not set or the URL does not parse.
    pub fn shadow(&self) -> Result<Option<DatabaseUrl>> {
        self.shadow.as_deref().map(|text| parse_url(text, "shadow")).transpose()
    }
}

fn parse_url(text: &str, setting: &str) -> Result<DatabaseUrl> {
    let text = interpolate(text, |name| std::env::var(name).ok())
        .map_err(|error| error.context(format!("{setting} in {FILE}")))?;
    DatabaseUrl::parse(&text).map_err(|error| error.context(format!("{setting} in {FILE}")))
}

fn interpolate(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| {
            Error::new(Kind::Configuration, "a ${ has no }").hint("write ${NAME}, or %24{ for the two characters")
        })?;
        let value = variable(name).ok_or_else(|| {
            Error::new(Kind::Configuration, format!("the environment variable {name} is not set"))
                .hint(format!("export {name}=…, then run the command again"))
        })?;
        out.push_str(before);
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
        sources = ['src/entities']
        [environments.dev]
        url = 'sqlite:dev.db'
        [environments.production]
        url = 'postgres://app:${PASSWORD}@db/app'
    ";

    #[test]
    fn environments_are_chosen_by_name_default_or_being_alone() {
        let config = Config::parse(TWO).unwrap();
        assert_eq!(config.environment(Some("dev")).unwrap().url().unwrap().to_string(), "sqlite:dev.db");
        expect_test::expect![[r#"
            relata.toml has several environments and no default [R0602]
              hint: choose one with --env: dev, production
              hint: or write default_environment = "NAME" at the top of the file"#]]
        .assert_eq(&config.environment(None).unwrap_err().to_string());
        expect_test::expect![[r#"
            relata.toml has no environment "test" [R0602]
              hint: it has: dev, production"#]]
        .assert_eq(&config.environment(Some("test")).unwrap_err().to_string());
        let alone = Config::parse("[environments.only]\nurl = 'sqlite:x'").unwrap();
        assert_eq!(alone.environment(None).unwrap().url.as_deref(), Some("sqlite:x"));
        assert_eq!(Config::default().environment(None).unwrap().url().unwrap().to_string(), DEFAULT_URL);
    }

    #[test]
    fn mistakes_name_the_line() {
        expect_test::expect![[r#"
            relata.toml:2: unknown field `urll`, expected one of `url`, `discover`, `patroni`, `patroni_ca`, `nameserver`, `shadow`, `backups`, `backups_max_age`, `pool`, `sources`, `protected` [R0602]
              hint: relata init, run in an empty directory, writes a commented example"#]]
        .assert_eq(&Config::parse("[environments.dev]\nurll = 'x'").unwrap_err().to_string());
        expect_test::expect![[r#"
            relata.toml:1: unknown field `url`, expected one of `default_environment`, `sources`, `migrations`, `lint`, `environments` [R0602]
              hint: a URL belongs to an environment: url = "…" below [environments.development]
              hint: relata init, run in an empty directory, writes a commented example"#]]
        .assert_eq(&Config::parse("url = 'x'").unwrap_err().to_string());
    }

    #[test]
    fn variables_are_replaced_and_missing_ones_named() {
        let value = |name: &str| (name == "A").then(|| "x".to_string());
        assert_eq!(interpolate("1${A}2${A}", value).unwrap(), "1x2x");
        expect_test::expect![[r#"
            the environment variable B is not set [R0602]
              hint: export B=…, then run the command again"#]]
        .assert_eq(&interpolate("${B}", value).unwrap_err().to_string());
        assert!(interpolate("${A", value).is_err());
    }
}
