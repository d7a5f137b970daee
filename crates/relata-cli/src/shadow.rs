//! Shadow databases: empty, private, and gone afterwards. Schemas are created there to be read back in the server's
//! own spelling, and migrations are proved there.
//!
//! Invariants
//! - SQLite: in memory. PostgreSQL and MariaDB: a database with a random name on a server where the role may create one.
//! - A temporary database is dropped when its [`Shadow`] goes: also after a failure, a panic, Ctrl-C and SIGTERM. (After
//!   `kill -9` it stays; its name begins with `relata_shadow_`, so that it is found.)
//! - Roles that scripts make are the server's; those that were not there when the shadow was opened are dropped with it.
//! - What was replayed on PostgreSQL is kept and copied the next time (`template`'s head says how).
//!
//! It deliberately never uses an existing database: what runs in a shadow may drop anything.

mod character_set;
mod template;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use relata_runtime::migrate::{Beside, roles};
use relata_schema::dialect::mysql::for_mysql;
use relata_schema::{Dialect, Schema};
use relata_sql::driver::{IntrospectOptions, Statement};
use relata_sql::{Connection, DatabaseUrl, Error, Kind, Result};

use crate::drivers::{connect, driver, plain};

pub use template::Key;

/// What the names of temporary databases begin with.
const PREFIX: &str = "relata_shadow_";

/// Somebody else decides what Ctrl-C means right now: see `commands::migrate::attend`.
pub static ATTENDED: AtomicBool = AtomicBool::new(false);

/// A signal came: the temporary databases are being dropped, and then the process ends with the signal's exit code.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Temporary databases that exist right now, for the signal handler.
static LIVE: Mutex<Vec<DatabaseUrl>> = Mutex::new(Vec::new());

/// Roles of the server that scripts may make in a temporary database, and that were not there before.
static ROLES: Mutex<Vec<(DatabaseUrl, String)>> = Mutex::new(Vec::new());

/// An empty database that goes when this value goes.
pub struct Shadow {
    connection: Option<Box<dyn Connection>>,
    temporary: Option<DatabaseUrl>,
    url: DatabaseUrl,
}

impl Shadow {
    /// Opens an empty database of a dialect. `server` says where temporary databases may be created; SQLite needs none.
    ///
    /// # Errors
    /// `Kind::Configuration` when no server is known, `Kind::PermissionDenied` when the role may not create databases
    /// there; both say how to give one.
    pub async fn open(dialect: Dialect, server: Option<&DatabaseUrl>) -> Result<Self> {
        if dialect == Dialect::Sqlite {
            let url = DatabaseUrl::sqlite_memory();
            let connection = connect(&url).await?;
            return Ok(Shadow { connection: Some(connection), temporary: None, url });
        }
        let server = server.filter(|url| url.dialect == dialect).ok_or_else(|| no_server(dialect))?;
        let url = server.with_database(&format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        drop_on_signals();
        driver(dialect).create_database(&url).await.map_err(|error| may_not_create(error, server))?;
        live().push(url.clone());
        let mut shadow = Shadow { connection: None, temporary: Some(url.clone()), url };
        let mut connection = connect(&shadow.url).await?;
        character_set::adopt(connection.as_mut(), &shadow.url.database, server).await?;
        shadow.connection = Some(connection);
        Ok(shadow)
    }

    /// Opens the database that was kept under a key ([`Shadow::keep`]); `None`: there is none, or the dialect has none.
    ///
    /// # Errors
    /// What the server reports.
    pub async fn kept(dialect: Dialect, server: Option<&DatabaseUrl>, key: &Key) -> Result<Option<Self>> {
        let Some(server) = server.filter(|url| url.dialect == dialect && dialect == Dialect::Postgres) else {
            return Ok(None);
        };
        let url = server.with_database(&format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        drop_on_signals();
        live().push(url.clone());
        let mut shadow = Shadow { connection: None, temporary: Some(url.clone()), url };
        if !template::copy(&shadow.url, key).await? {
            shadow.temporary = None;
            live().retain(|live| *live != shadow.url);
            return Ok(None);
        }
        shadow.connection = Some(connect(&shadow.url).await?);
        Ok(Some(shadow))
    }

    /// Keeps the database as it is now under a key, for [`Shadow::kept`].
    ///
    /// # Errors
    /// What the server reports.
    pub async fn keep(&mut self, key: &Key) -> Result<()> {
        if self.url.dialect == Dialect::Postgres {
            if let Some(connection) = self.connection.take() {
                connection.close().await?;
            }
            template::keep(&self.url, key).await?;
            self.connection = Some(connect(&self.url).await?);
        }
        Ok(())
    }

    /// Tells which scripts will run here: the roles that they make and that the server has not are dropped with the shadow.
    ///
    /// # Errors
    /// What the server reports.
    pub async fn expect_roles_of<'t>(&mut self, scripts: impl IntoIterator<Item = &'t str>) -> Result<()> {
        let Some(url) = self.temporary.clone() else { return Ok(()) };
        let names = roles::made_by(url.dialect, scripts);
        let new = roles::missing(self.connection()?, &names).await?;
        let mut known = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(new.into_iter().map(|name| (url.clone(), name)));
        Ok(())
    }

    /// The dialect of the database.
    pub fn dialect(&self) -> Dialect {
        self.url.dialect
    }

    /// The open connection.
    ///
    /// # Errors
    /// Never while the shadow lives.
    pub fn connection(&mut self) -> Result<&mut dyn Connection> {
        match &mut self.connection {
            Some(connection) => Ok(connection.as_mut()),
            None => Err(Error::new(Kind::Internal, "the shadow database is closed already")),
        }
    }

    /// How sessions beside it are opened, that watch what it does; SQLite needs none.
    ///
    /// # Errors
    /// When the password is not where it should be.
    pub async fn beside(&self) -> Result<Option<Beside>> {
        match self.url.dialect {
            Dialect::Sqlite => Ok(None),
            dialect => Ok(Some(Beside::new(driver(dialect), plain(&self.url).await?))),
        }
    }

    /// Creates every object of a schema and reads it back in the server's spelling.
    ///
    /// # Errors
    /// When the server refuses a statement; the error shows it.
    pub async fn normalize(&mut self, schema: &Schema, options: &IntrospectOptions) -> Result<Schema> {
        let statements = match self.connection()?.server().product == "MySQL" && !schema.mysql {
            true => schema.dialect.create_all(&for_mysql(schema)),
            false => schema.dialect.create_all(schema),
        };
        self.run(&statements).await?;
        self.connection()?.introspect(options).await
    }

    /// Runs statements one by one.
    ///
    /// # Errors
    /// When the server refuses one; the error shows it.
    pub async fn run(&mut self, statements: &[String]) -> Result<()> {
        let connection = self.connection()?;
        for statement in statements {
            connection.execute(Statement::once(statement, &[])).await.map_err(|error| error.sql(shorten(statement)))?;
        }
        Ok(())
    }

    /// Drops the database. Doing it here rather than by dropping the value reports a failure.
    ///
    /// # Errors
    /// When the server does not drop it.
    pub async fn close(mut self) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            connection.close().await?;
        }
        match self.temporary.take() {
            Some(url) => drop_now(&url).await,
            None => Ok(()),
        }
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.connection = None;
        let Some(url) = self.temporary.take() else {
            return;
        };
        // Dropping a database is asynchronous and this is not: a thread with a runtime of its own does it.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(drop_now(&url)).map_err(|error| eprintln!("warning: {error}")))
        });
        if dropping.join().is_err() {
            eprintln!("warning: a temporary database named {PREFIX}… may be left over");
        }
    }
}

async fn drop_now(url: &DatabaseUrl) -> Result<()> {
    let dropped = driver(url.dialect).drop_database(url).await;
    live().retain(|live| live != url);
    let roles = drop_roles(url).await;
    dropped
        .and(roles)
        .map_err(|error| error.context(format!("the temporary database {} was not dropped", url.database)))
}

async fn drop_roles(url: &DatabaseUrl) -> Result<()> {
    let names: Vec<String> = {
        let mut known = ROLES.lock().unwrap_or_else(PoisonError::into_inner);
        let (of_url, others) = std::mem::take(&mut *known).into_iter().partition(|(other, _)| other == url);
        *known = others;
        of_url.into_iter().map(|(_, name): (DatabaseUrl, String)| name).collect()
    };
    if names.is_empty() {
        return Ok(());
    }
    let mut server = match url.dialect {
        Dialect::Mysql => connect(&url.with_database("information_schema")).await?,
        Dialect::Sqlite | Dialect::Postgres => template::maintenance(url).await?,
    };
    for name in names {
        if let Err(error) = server.batch(&roles::drop_statement(url.dialect, &name)).await {
            // Another shadow may use it still; then it goes with that one.
            let other = live().last().cloned().ok_or(error)?;
            ROLES.lock().unwrap_or_else(PoisonError::into_inner).push((other, name));
        }
    }
    server.close().await
}

/// Before the process ends by itself: once a signal has come, it is the signal that ends it. A command that fails because
/// its temporary database is dropped under it has nothing to say.
pub async fn give_way_to_signals() {
    if STOPPING.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
}

fn live() -> std::sync::MutexGuard<'static, Vec<DatabaseUrl>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn drop_on_signals() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        tokio::spawn(async {
            let mut code = stopped().await;
            // Whoever attends a migration decides what a signal means.
            while ATTENDED.load(Ordering::Relaxed) {
                code = stopped().await;
            }
            STOPPING.store(true, Ordering::SeqCst);
            let urls = live().clone();
            for url in urls {
                if let Err(error) = drop_now(&url).await {
                    eprintln!("warning: {error}");
                }
            }
            std::process::exit(code);
        });
    });
}

/// Waits for Ctrl-C or SIGTERM; the exit code that goes with it.
#[cfg(unix)]
pub async fn stopped() -> i32 {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => 130,
        _ = terminate.recv() => 143,
    }
}

/// Waits for Ctrl-C; the exit code that goes with it.
#[cfg(not(unix))]
pub async fn stopped() -> i32 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 130,
        Err(_) => std::future::pending().await,
    }
}

fn no_server(dialect: Dialect) -> Error {
    let scheme = dialect.word();
    Error::new(
        Kind::Configuration,
        format!("a {} schema has to be created on a shadow database, and no server is known", dialect.title()),
    )
    .hint(format!("add --shadow {scheme}://USER@HOST, a server where the role may create databases"))
    .hint("or write shadow = \"…\" into the environment in relata.toml")
}

fn may_not_create(error: Error, server: &DatabaseUrl) -> Error {
    let scheme = server.dialect.word();
    let host = format!("{}:{}", server.host(), server.port());
    let error = error.context(format!("while creating a temporary shadow database on {host}"));
    match error.kind() {
        Kind::PermissionDenied if server.dialect == Dialect::Postgres => error.hint(format!(
            "allow it: ALTER ROLE \"{}\" CREATEDB; or name another server with --shadow {scheme}://USER@HOST",
            server.user
        )),
        Kind::PermissionDenied => error.hint(format!(
            "allow it: GRANT ALL ON `{}%`.* TO '{}'@'%'; or name another server with --shadow {scheme}://USER@HOST",
            PREFIX.replace('_', "\\_"),
            server.user
        )),
        _ => error,
    }
}

/// A statement as it is shown in an error: its beginning.
pub fn shorten(sql: &str) -> String {
    const SHOWN: usize = 400;
    match sql.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &sql[..end]),
        None => sql.to_string(),
    }
}
