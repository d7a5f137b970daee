//! Where a password comes from, each time a connection is opened.
//!
//! A URL may say `password_env=NAME`, `password_file=PATH` or `password_command=COMMAND` instead of holding the password; a
//! program may hand in a [`TokenProvider`] (tokens of a cloud's identity service). So a rotated password needs no restart:
//! the next connection asks again.
//!
//! Invariants: a password is in no message, log or metric; what a command or a provider gave is kept for its time only.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_sql::driver::BoxFuture;
use relata_sql::{DatabaseUrl, Error, Kind, Result};

pub use relata_sql::url::Secret;

/// How long a command may take, and for how long its answer is kept.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
const COMMAND_KEPT: Duration = Duration::from_secs(60);

/// Gives tokens that serve as passwords, like those of a cloud's identity service.
pub trait TokenProvider: Send + Sync + 'static {
    /// A token for this database, and for how long it may be kept.
    ///
    /// # Errors
    /// Whatever prevents it; the pool passes it on to whoever wants a connection.
    fn token<'a>(&'a self, url: &'a DatabaseUrl) -> BoxFuture<'a, Result<(Secret, Duration)>>;
}

enum Source {
    Given,
    Variable(String),
    File(String),
    Command(String),
    Provider(Arc<dyn TokenProvider>),
}

/// Where the password comes from.
pub(crate) struct Login {
    source: Source,
    kept: Mutex<Option<(Secret, Instant)>>,
}

impl Login {
    /// Takes the settings of the password out of a URL: drivers do not know them.
    ///
    /// # Errors
    /// `Kind::InvalidUrl` when there are two of them.
    pub(crate) fn take(url: &mut DatabaseUrl, provider: Option<Arc<dyn TokenProvider>>) -> Result<Self> {
        let mut sources: Vec<Source> = provider.map(Source::Provider).into_iter().collect();
        url.params.retain(|(name, value)| {
            sources.push(match name.as_str() {
                "password_env" => Source::Variable(value.clone()),
                "password_file" => Source::File(value.clone()),
                "password_command" => Source::Command(value.clone()),
                _ => return true,
            });
            false
        });
        if sources.len() > 1 {
            return Err(Error::new(Kind::InvalidUrl, "the password is said to come from several places")
                .hint("choose one of password_env, password_file, password_command and a token provider"));
        }
        Ok(Login { source: sources.pop().unwrap_or(Source::Given), kept: Mutex::new(None) })
    }

    /// The URL with the password of now.
    ///
    /// # Errors
    /// `Kind::Configuration` when the password is not where it should be.
    pub(crate) async fn url<'u>(&self, url: &'u DatabaseUrl) -> Result<Cow<'u, DatabaseUrl>> {
        let password = match &self.source {
            Source::Given => return Ok(Cow::Borrowed(url)),
            Source::Variable(name) => from_variable(name)?,
            Source::File(path) => from_file(path)?,
            Source::Command(command) => match self.kept() {
                Some(kept) => kept,
                None => self.keep(from_command(command).await?, COMMAND_KEPT),
            },
            Source::Provider(provider) => match self.kept() {
                Some(kept) => kept,
                None => {
                    let (secret, time) = provider.token(url).await?;
                    self.keep(secret, time)
                }
            },
        };
        Ok(Cow::Owned(DatabaseUrl { password: Some(password), ..url.clone() }))
    }

    /// What was kept is wrong: the server refused it. `false`: nothing was kept, so asking again gives the same.
    pub(crate) fn forget(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// The password is asked for each time, so the next may be another.
    pub(crate) fn may_change(&self) -> bool {
        !matches!(self.source, Source::Given)
    }

    fn kept(&self) -> Option<Secret> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(_, until)| Instant::now() < *until).map(|(secret, _)| secret.clone())
    }

    fn keep(&self, secret: Secret, time: Duration) -> Secret {
        let until = Instant::now().checked_add(time);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = until.map(|until| (secret.clone(), until));
        secret
    }
}

fn missing(why: String, hint: &str) -> Error {
    Error::new(Kind::Configuration, why).hint(hint)
}

fn from_variable(name: &str) -> Result<Secret> {
    std::env::var(name).map(Secret::new).map_err(|_| {
        missing(
            format!("the password should be in the environment variable {name}, which is not set"),
            "set it, or take password_env out of the URL",
        )
    })
}

/// One line; its end does not belong to the password.
fn one_line(text: String) -> Secret {
    Secret::new(text.trim_end_matches(['\n', '\r']))
}

fn from_file(path: &str) -> Result<Secret> {
    std::fs::read_to_string(path).map(one_line).map_err(|error| {
        let why = format!("the password should be in the file {path}, which cannot be read: {error}");
        missing(why, "check the path in password_file, and who may read the file")
    })
}

async fn from_command(command: &str) -> Result<Secret> {
    let text = command.to_string();
    let running = tokio::task::spawn_blocking(move || {
        std::process::Command::new("sh").args(["-c", &text]).stdin(std::process::Stdio::null()).output()
    });
    let failed = |why: String| missing(why, "run it by hand: it must print the password on one line and end with 0");
    let output = match tokio::time::timeout(COMMAND_LIMIT, running).await {
        Ok(Ok(Ok(output))) => output,
        Ok(Ok(Err(error))) => return Err(failed(format!("password_command cannot be run: {error}"))),
        Ok(Err(error)) => return Err(failed(format!("password_command was lost: {error}"))),
        Err(_) => return Err(failed(format!("password_command did not end within {COMMAND_LIMIT:?}"))),
    };
    if !output.status.success() {
        return Err(failed(format!("password_command failed ({})", output.status)));
    }
    let text = String::from_utf8(output.stdout);
    text.map(one_line).map_err(|_| failed("password_command printed something that is no text".to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "postgres://ann@db/shop";

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    fn password(parameters: &str) -> Result<String> {
        let mut url = DatabaseUrl::parse(&format!("{BASE}?{parameters}")).unwrap();
        let login = Login::take(&mut url, None)?;
        assert!(url.params.is_empty(), "a driver would refuse them");
        block_on(login.url(&url)).map(|url| url.password.as_ref().unwrap().expose().to_string())
    }

    #[test]
    fn passwords_come_from_files_and_commands() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "se cret\n").unwrap();
        assert_eq!(password(&format!("password_file={}", file.path().display())).unwrap(), "se cret");
        assert_eq!(password("password_command=echo%20hush").unwrap(), "hush");
        assert!(password("password_env=PATH").unwrap().contains('/'));
    }

    #[test]
    fn a_missing_password_is_told_without_secrets() {
        let error = |parameters: &str| password(parameters).unwrap_err().to_string();
        expect_test::expect![[r#"
            the password should be in the environment variable RELATA_NOT_SET, which is not set [R0602]
              hint: set it, or take password_env out of the URL"#]]
        .assert_eq(&error("password_env=RELATA_NOT_SET"));
        expect_test::expect![[r#"
            the password should be in the file /no/such/file, which cannot be read: No such file or directory (os error 2) [R0602]
              hint: check the path in password_file, and who may read the file"#]]
        .assert_eq(&error("password_file=/no/such/file"));
        expect_test::expect![[r#"
            password_command failed (exit status: 3) [R0602]
              hint: run it by hand: it must print the password on one line and end with 0"#]]
        .assert_eq(&error("password_command=echo%20hush;%20exit%203"));
        expect_test::expect![[r#"
            the password is said to come from several places [R0601]
              hint: choose one of password_env, password_file, password_command and a token provider"#]]
        .assert_eq(&error("password_env=A&password_file=b"));
    }

    struct Numbered(std::sync::atomic::AtomicU32);

    impl TokenProvider for Numbered {
        fn token<'a>(&'a self, _: &'a DatabaseUrl) -> BoxFuture<'a, Result<(Secret, Duration)>> {
            let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Box::pin(async move { Ok((Secret::new(format!("token {number}")), Duration::from_secs(900))) })
        }
    }

    #[test]
    fn a_token_is_kept_until_it_is_refused() {
        let mut url = DatabaseUrl::parse(BASE).unwrap();
        let login = Login::take(&mut url, Some(Arc::new(Numbered(0.into())))).unwrap();
        let token = || block_on(login.url(&url)).unwrap().password.as_ref().unwrap().expose().to_string();
        assert_eq!((token(), token()), ("token 0".to_string(), "token 0".to_string()));
        assert!(login.forget() && !login.forget());
        assert_eq!(token(), "token 1");
    }
}
