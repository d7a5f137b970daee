//! Shadow databases that need not be built again: on PostgreSQL, a database on which migrations were replayed stays as a
//! template, named by the digest of what was replayed and of the server's version, and is copied the next time.
//!
//! At most [`KEPT`] templates stay on a server; the ones that were used longest ago go. A template is never seen
//! half-made: it is copied under another name and then renamed. Not here: SQLite, whose shadow in memory is built in milliseconds, and
//! MariaDB, which copies no databases.

use relata_schema::{Dialect, digest};
use relata_sql::driver::{Row, RowSink, Statement};
use relata_sql::{Cell, Connection, DatabaseUrl, Kind, Result};

use crate::drivers::connect;

/// What the names of templates begin with.
const PREFIX: &str = "relata_template_proof_";

/// Templates that stay on a server.
const KEPT: usize = 8;

/// What was replayed: the name of the template that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of migrations, by their digests in order, for a role: what another made may not be changed.
    pub fn of<'d>(role: &str, digests: impl IntoIterator<Item = &'d str>) -> Self {
        let mut text = format!(concat!("relata ", env!("CARGO_PKG_VERSION"), " of {}\n"), role);
        for digest in digests {
            text.push_str(digest);
            text.push('\n');
        }
        Key(format!("{PREFIX}{}", &digest::hex(&text)[..24]))
    }
}

/// Creates the database of `url` from the template; `false` if there is none.
pub(super) async fn copy(url: &DatabaseUrl, key: &Key) -> Result<bool> {
    let mut server = maintenance(url).await?;
    let (name, template) = (Dialect::Postgres.quote(&url.database), Dialect::Postgres.quote(&key.0));
    let created = server.batch(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    let copied = match created {
        Ok(()) => {
            let touched = touch(server.as_mut(), &key.0).await;
            unless_broken(server.as_ref(), touched)?;
            true
        }
        // None is there, somebody is making it, or this role may not copy it: then it is built.
        Err(error) if server.is_broken() => return Err(error),
        Err(_) => false,
    };
    server.close().await?;
    Ok(copied)
}

/// Copies the database of `url`, which nobody is connected to, as the template; the oldest templates go. Others may drop a
/// template at any time, so the database itself never becomes one, and a template that could not be kept is no error.
pub(super) async fn keep(url: &DatabaseUrl, key: &Key) -> Result<()> {
    let mut server = maintenance(url).await?;
    let tail: String = url.database.chars().rev().take(16).collect();
    let making = format!("{PREFIX}making_{tail}");
    let quote = |name: &str| Dialect::Postgres.quote(name);
    let create = format!("CREATE DATABASE {} TEMPLATE {}", quote(&making), quote(&url.database));
    let mut kept = server.batch(&create).await;
    if kept.is_ok() {
        kept = touch(server.as_mut(), &making).await;
    }
    if kept.is_ok() {
        kept = server.batch(&format!("ALTER DATABASE {} RENAME TO {}", quote(&making), quote(&key.0))).await;
    }
    if kept.is_err() && !server.is_broken() {
        // Somebody else has made it meanwhile, or this role may not.
        kept = server.batch(&format!("DROP DATABASE IF EXISTS {}", quote(&making))).await;
    }
    unless_broken(server.as_ref(), kept)?;
    let swept = sweep(server.as_mut()).await;
    unless_broken(server.as_ref(), swept)?;
    server.close().await
}

/// Nothing here is worth failing for, except that the server has gone.
fn unless_broken(server: &dyn Connection, result: Result<()>) -> Result<()> {
    if server.is_broken() { result } else { Ok(()) }
}

pub(super) async fn maintenance(url: &DatabaseUrl) -> Result<Box<dyn Connection>> {
    match connect(&url.with_database("postgres")).await {
        Err(error) if error.kind() == Kind::NoSuchDatabase => connect(&url.with_database("template1")).await,
        result => result,
    }
}

/// Remembers that the template was used just now.
async fn touch(server: &mut dyn Connection, template: &str) -> Result<()> {
    let now = jiff::Timestamp::now();
    let comment = Dialect::Postgres.literal(&format!("used {now:.3}: a copy for relata's proofs, may be dropped"));
    server.batch(&format!("COMMENT ON DATABASE {} IS {comment}", Dialect::Postgres.quote(template))).await
}

async fn sweep(server: &mut dyn Connection) -> Result<()> {
    let mut names = Names::default();
    let question = format!(
        "SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.datname LIKE '{}%' \
         ORDER BY pg_catalog.shobj_description(d.oid, 'pg_database') DESC NULLS LAST OFFSET {KEPT}",
        PREFIX.replace('_', "\\_")
    );
    server.query(Statement::once(&question, &[]), &mut names).await?;
    for name in names.0 {
        // One that is being copied stays until the next time.
        let dropped = server.batch(&format!("DROP DATABASE IF EXISTS {}", Dialect::Postgres.quote(&name))).await;
        unless_broken(server, dropped)?;
    }
    Ok(())
}

#[derive(Default)]
struct Names(Vec<String>);

impl RowSink for Names {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        if let Cell::Text(name) = row.cell(0)? {
            self.0.push(name.to_string());
        }
        Ok(())
    }
}
