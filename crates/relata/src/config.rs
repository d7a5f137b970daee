//! Where the database is when the program does not say: environment variables, `relata.toml`, embedded SQLite.

use relata_sql::{Error, Kind, Result};

const FILE: &str = "relata.toml";
const EMBEDDED: &str = "sqlite:relata.db";

/// The URL: `RELATA_URL`, `DATABASE_URL`, the environment of `relata.toml` that `RELATA_ENV` names (else its default
/// one), or a SQLite file `relata.db`.
pub(crate) fn default_url() -> Result<String> {
    let variables = ["RELATA_URL", "DATABASE_URL"].into_iter();
    if let Some(url) = variables.filter_map(variable).next() {
        return Ok(url);
    }
    match std::fs::read_to_string(FILE) {
        Ok(text) => url_of(&text, variable("RELATA_ENV").as_deref(), variable),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(EMBEDDED.to_string()),
        Err(error) => Err(Error::new(Kind::Io, format!("{FILE} cannot be read: {error}")).caused_by(error)),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn url_of(text: &str, wanted: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let wrong = |message: String| Error::new(Kind::Configuration, message);
    let file: toml::Table = text.parse().map_err(|error| wrong(format!("{FILE} cannot be read: {error}")))?;
    let none = toml::Table::new();
    let environments = file.get("environments").and_then(toml::Value::as_table).unwrap_or(&none);
    let only = || (environments.len() == 1).then(|| environments.keys().next().cloned()).flatten();
    let default = || file.get("default_environment").and_then(toml::Value::as_str).map(str::to_string);
    let Some(name) = wanted.map(str::to_string).or_else(default).or_else(only) else {
        return match environments.is_empty() {
            true => Ok(EMBEDDED.to_string()),
            false => Err(wrong(format!("{FILE} has several environments and no default"))
                .hint("set RELATA_ENV, or write default_environment = \"NAME\" at the top of the file")),
        };
    };
    let Some(environment) = environments.get(&name) else {
        return Err(wrong(format!("{FILE} has no environment {name:?}")));
    };
    match environment.get("url").and_then(toml::Value::as_str) {
        Some(url) => filled(url, variable),
        None => Ok(EMBEDDED.to_string()),
    }
}

/// Replaces `${NAME}` by the environment variable of that name.
fn filled(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut out = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after
            .split_once('}')
            .ok_or_else(|| Error::new(Kind::Configuration, format!("a url in {FILE} has a ${{ without }}")))?;
        out.push_str(before);
        out.push_str(&variable(name).ok_or_else(|| {
            Error::new(Kind::Configuration, format!("{FILE} wants the environment variable {name}, which is not set"))
        })?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "default_environment = \"dev\"\n[environments.dev]\nurl = \"sqlite:dev.db\"\n\
                        [environments.live]\nurl = \"postgres://app:${SECRET}@db/app\"\n";

    #[test]
    fn the_url_of_an_environment() {
        let secret = |name: &str| (name == "SECRET").then(|| "hush".to_string());
        assert_eq!(url_of(TEXT, None, secret).unwrap(), "sqlite:dev.db");
        assert_eq!(url_of(TEXT, Some("live"), secret).unwrap(), "postgres://app:hush@db/app");
        assert_eq!(url_of("", None, secret).unwrap(), "sqlite:relata.db");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let none = |_: &str| None;
        for (text, wanted, part) in [
            (TEXT, Some("live"), "wants the environment variable SECRET"),
            (TEXT, Some("test"), "has no environment \"test\""),
            ("[environments.a]\n[environments.b]\n", None, "several environments and no default"),
            ("url = ", None, "cannot be read"),
        ] {
            let error = url_of(text, wanted, none).unwrap_err();
            assert_eq!(error.kind(), Kind::Configuration);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
