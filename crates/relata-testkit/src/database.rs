//! A database for one test.
//!
//! Invariant: a [`TestDatabase`] is nobody else's (a random name on the server, a file in a folder of its own) and is
//! dropped with the value, also when the test panics.
//!
//! [`TestDatabase::with_schema`] copies a template where the database can: SQLite copies the bytes of a file, PostgreSQL
//! creates from a template database that stays on the server, named after the digest of its schema, for the next test
//! and the next run. MariaDB has no templates: the schema is created each time, and [`crate::rolled_back`] is the fast way.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use relata_schema::dialect::mysql::for_mysql;
use relata_schema::tree::Node;
use relata_schema::{Dialect, Schema, digest};
use relata_sql::driver::{ConnectOptions, Connection, Driver, Statement};
use relata_sql::{DatabaseUrl, Kind, Result};
use tempfile::TempDir;
use uuid::Uuid;

use crate::server::{driver, server_url};

/// A database that lives as long as this value.
///
/// ```
/// use relata_schema::Dialect;
/// use relata_testkit::TestDatabase;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let database = TestDatabase::create(Dialect::Sqlite).await;
/// let mut connection = database.connect().await;
/// connection.batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)").await?;
/// # Ok::<(), relata_sql::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TestDatabase {
    url: DatabaseUrl,
    driver: &'static dyn Driver,
    /// SQLite: the folder of the file and of what SQLite puts beside it.
    folder: Option<TempDir>,
}

impl TestDatabase {
    /// An empty database. SQLite: a file, so that several connections see the same.
    ///
    /// # Panics
    /// When it cannot be created; the message says why.
    pub async fn create(dialect: Dialect) -> Self {
        let database = Self::name_one(dialect);
        if dialect != Dialect::Sqlite {
            database.create_empty().await;
        }
        database
    }

    /// A database with this schema.
    ///
    /// # Panics
    /// When it cannot be created; the message says why.
    pub async fn with_schema(schema: &Schema) -> Self {
        let database = Self::name_one(schema.dialect);
        match schema.dialect {
            Dialect::Sqlite => {
                let bytes = sqlite_template(schema).await;
                expect_io("write a test database", std::fs::write(Path::new(&database.url.database), bytes));
            }
            Dialect::Postgres => expect("copy a template database", copy_template(schema, &database).await),
            Dialect::Mysql => {
                database.create_empty().await;
                expect("create the schema", build(&mut *database.connect().await, schema).await);
            }
        }
        database
    }

    /// Creates it on its server. MariaDB: with a character set of its own, so that no test depends on the server's.
    async fn create_empty(&self) {
        expect("create a test database", self.driver.create_database(&self.url).await);
        if self.url.dialect == Dialect::Mysql {
            let name = Dialect::Mysql.quote(&self.url.database);
            let sql = format!("ALTER DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
            expect("set the character set", self.connect().await.execute(Statement::once(&sql, &[])).await);
        }
    }

    /// Where it is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The driver that speaks to it.
    pub fn driver(&self) -> &'static dyn Driver {
        self.driver
    }

    /// A new connection.
    ///
    /// # Panics
    /// When there is none to be had; the message says why.
    pub async fn connect(&self) -> Box<dyn Connection> {
        expect("connect to a test database", self.driver.connect(&self.url, &patient()).await)
    }

    fn name_one(dialect: Dialect) -> Self {
        let name = format!("relata_test_{}", Uuid::new_v4().simple());
        let (url, folder) = if dialect == Dialect::Sqlite {
            let folder = expect_io("make a folder", tempfile::Builder::new().prefix("relata-test-").tempdir());
            (DatabaseUrl::sqlite_file(folder.path().join("test.db").to_string_lossy()), Some(folder))
        } else {
            (server_url(dialect).with_database(&name), None)
        };
        TestDatabase { url, driver: driver(dialect), folder }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.folder.is_some() {
            return;
        }
        let (driver, url) = (self.driver, self.url.clone());
        // A thread of its own: the test's runtime may be the one that is running this.
        let dropped = std::thread::spawn(move || block_on(driver.drop_database(&url))).join();
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("the test database {} could not be dropped: {dropped:?}", self.url);
        }
    }
}

/// Runs a future to its end on a small runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    expect_io("start a runtime", runtime).block_on(future)
}

fn expect<T>(doing: &str, result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("could not {doing}: {error}"))
}

fn expect_io<T>(doing: &str, result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("could not {doing}: {error}"))
}

async fn build(connection: &mut dyn Connection, schema: &Schema) -> Result<()> {
    let statements = match connection.server().product == "MySQL" && !schema.mysql {
        true => schema.dialect.create_all(&for_mysql(schema)),
        false => schema.dialect.create_all(schema),
    };
    for statement in statements {
        connection.batch(&statement).await?;
    }
    Ok(())
}

fn schema_digest(schema: &Schema) -> String {
    digest::hex(&schema.to_tree().to_json())
}

/// The bytes of a SQLite file with this schema, made once a process.
async fn sqlite_template(schema: &Schema) -> Vec<u8> {
    static TEMPLATES: LazyLock<Mutex<HashMap<String, Vec<u8>>>> = LazyLock::new(Mutex::default);
    let digest = schema_digest(schema);
    let made = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
    if let Some(bytes) = made {
        return bytes;
    }
    let database = TestDatabase::name_one(Dialect::Sqlite);
    let mut connection = database.connect().await;
    expect("create the schema", build(&mut *connection, schema).await);
    // The last connection to close writes the log back into the file.
    expect("close the template", connection.close().await);
    let bytes = expect_io("read the template", std::fs::read(&database.url.database));
    TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, bytes.clone());
    bytes
}

/// On a machine that is busy beyond measure a server is slow, and not down.
fn patient() -> ConnectOptions {
    ConnectOptions { connect_timeout: Duration::from_secs(300), ..ConnectOptions::default() }
}

/// Creates a PostgreSQL database from the template of its schema, which is made first if there is none.
async fn copy_template(schema: &Schema, database: &TestDatabase) -> Result<()> {
    let template = format!("relata_template_{}", &schema_digest(schema)[..24]);
    let server = database.url.with_database("postgres");
    let mut connection = database.driver.connect(&server, &patient()).await?;
    let create = format!(
        "CREATE DATABASE {} TEMPLATE {}",
        Dialect::Postgres.quote(&database.url.database),
        Dialect::Postgres.quote(&template)
    );
    match connection.execute(Statement::once(&create, &[])).await {
        Err(error) if matches!(error.kind(), Kind::NoSuchDatabase | Kind::UndefinedObject) => {}
        other => return other.map(drop),
    }
    // It is built under another name and then renamed: a template is never seen half-made.
    let unfinished = TestDatabase::name_one(Dialect::Postgres);
    unfinished.driver.create_database(&unfinished.url).await?;
    let mut builder = unfinished.connect().await;
    build(&mut *builder, schema).await?;
    builder.close().await?;
    let rename = format!(
        "ALTER DATABASE {} RENAME TO {}",
        Dialect::Postgres.quote(&unfinished.url.database),
        Dialect::Postgres.quote(&template)
    );
    match connection.execute(Statement::once(&rename, &[])).await {
        // Renamed: there is nothing left to drop.
        Ok(_) => std::mem::forget(unfinished),
        // Another was faster; which of the two errors it is depends on the moment.
        Err(error) if matches!(error.kind(), Kind::AlreadyExists | Kind::UniqueViolation) => {}
        Err(error) => return Err(error),
    }
    connection.execute(Statement::once(&create, &[])).await.map(drop)
}
