//! The shelf: what a migration takes away is copied before, and put back by its rollback.
//!
//! - A table is kept whole; a column with the key of its rows; a column that becomes narrower with the values that the
//!   narrower type changes; of a column that takes no NULL any more the rows that have one and are given a value. PostgreSQL: tables in the schema `relata_shelf`; elsewhere tables `relata_shelf_…`.
//! - What is kept stands in `relata_migration_shelf`, with the migration's version. A rollback puts back what fits: rows
//!   by key, never over rows that are there; a value that somebody changed since stays as it is.
//! - What the rollback creates again is filled as soon as it is there, before keys and NOT NULL ask for it; values that a
//!   narrower type changed come back at the end.
//! - Where DDL is transactional all of it happens in the migration's own transaction. On MariaDB it is copied before the
//!   first statement, and put back in transactions between the statements of the rollback and at its end; rows that others
//!   write while it is copied are not kept.
//!
//! - In a table without any key a row is known by its other columns: values come back where nobody changed those.
//!
//! Weaker than a backup: on MariaDB triggers run when rows are put back, and a table without any key gets its values back only if
//! it has transactions, no triggers and no history (else they are kept, for people to look at).

mod alike;
mod later;
mod sql;

use relata_schema::Dialect;
use relata_schema::change::Rename;
use relata_schema::model::{ForeignKey, ObjectName, Schema, Table};
use relata_sql::driver::Connection;
use relata_sql::{Error, Kind, Result, Value};

pub use self::later::Later;

use self::alike::Alike;
use super::{history, rows};

/// The name of the table that says what is kept.
pub const SHELF_TABLE: &str = "relata_migration_shelf";
/// PostgreSQL: the schema of kept tables. Elsewhere: what their names begin with.
pub const SHELF: &str = "relata_shelf";

/// Something that a migration takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The table, or the table of the column.
    pub table: ObjectName,
    /// The column; `None`: the whole table.
    pub column: Option<String>,
    /// The column stays and holds less.
    pub narrowed: bool,
    /// The column stays and takes no NULL any more.
    pub filled: bool,
}

impl Taken {
    /// Only values change: the column stays.
    fn stays(&self) -> bool {
        self.narrowed || self.filled
    }

    /// Nothing goes but NULL.
    pub(super) fn is_only_filled(&self) -> bool {
        self.filled && !self.narrowed
    }

    /// The word the shelf keeps.
    fn kind(&self) -> &'static str {
        match (&self.column, self.narrowed, self.filled) {
            (None, ..) => "table",
            (Some(_), false, false) => "column",
            (Some(_), true, false) => "narrowed",
            (Some(_), false, true) => "filled",
            (Some(_), true, true) => "narrowed, filled",
        }
    }
}

/// Why something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Somebody asked for it: it stays until it is put back or purged.
    Preserve,
    /// A backup: it goes when newer ones have come.
    Backup,
}

impl Reason {
    /// The word the shelf keeps.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Preserve => "preserve",
            Reason::Backup => "backup",
        }
    }
}

/// What of one migration is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelve {
    /// What.
    pub taken: Vec<Taken>,
    /// Why.
    pub reason: Reason,
    /// What the migration renames.
    pub renames: Vec<Rename>,
}

impl Shelve {
    /// What the shelf itself keeps: SQLite's backup is a copy of the file, of which NULL alone is not worth one.
    fn on_shelf(&self, dialect: Dialect) -> impl Iterator<Item = &Taken> {
        let copied = dialect == Dialect::Sqlite && self.reason == Reason::Backup;
        self.taken.iter().filter(move |taken| !copied || taken.is_only_filled())
    }

    /// Whether more than NULL goes.
    pub(super) fn takes_values(&self) -> bool {
        self.taken.iter().any(|taken| !taken.is_only_filled())
    }
}

/// One thing that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// Version of the migration that took it away.
    pub version: String,
    /// Its place among what is kept of that migration.
    pub position: i64,
    /// What was taken away.
    pub taken: Taken,
    /// Where it is kept.
    pub kept_in: ObjectName,
    /// The columns that identify its rows; empty: a row is known by all its columns.
    pub key: Vec<String>,
    /// What its table and the columns of that are called after the migration.
    pub later: Later,
    /// How many rows are kept.
    pub rows: u64,
    /// A word of [`Reason`].
    pub reason: String,
    /// Since when.
    pub at: String,
}

impl std::fmt::Display for Shelved {
    /// `table posts, 12 rows`, `column posts.slug, 3 rows`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.rows == 1 { "" } else { "s" };
        match &self.taken.column {
            None => write!(f, "table {}", self.taken.table)?,
            Some(column) if self.taken.is_only_filled() => {
                write!(f, "NULL in column {}.{column}", self.taken.table)?;
            }
            Some(column) => write!(f, "column {}.{column}", self.taken.table)?,
        }
        write!(f, ", {} row{plural}", self.rows)
    }
}

fn create_table(dialect: Dialect) -> String {
    let (key, text, tail) = history::column_types(dialect);
    format!(
        "CREATE TABLE IF NOT EXISTS {SHELF_TABLE} (version {key} NOT NULL, position bigint NOT NULL, \
         namespace {key} NOT NULL, table_name {key} NOT NULL, column_name {key}, kind {key} NOT NULL, \
         kept_in {key} NOT NULL, key_columns {text} NOT NULL, row_count bigint NOT NULL, reason {key} NOT NULL, \
         at {key} NOT NULL, PRIMARY KEY (version, position)){tail}"
    )
}

/// Everything that is kept, oldest migration first.
///
/// # Errors
/// What the database reports.
pub async fn read(connection: &mut dyn Connection) -> Result<Vec<Shelved>> {
    if !history::exists(connection, SHELF_TABLE).await? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT version, position, namespace, table_name, coalesce(column_name, ''), kind, kept_in, key_columns, \
         row_count, reason, at FROM {SHELF_TABLE} ORDER BY version, position"
    );
    let dialect = connection.dialect();
    rows::all(connection, &sql, &[]).await?.iter().map(|row| decode(dialect, row)).collect()
}

fn decode(dialect: Dialect, row: &[Value]) -> Result<Shelved> {
    let column: String = rows::cell(row, 4)?;
    let kept_in: String = rows::cell(row, 6)?;
    let kind: String = rows::cell(row, 5)?;
    let key: String = rows::cell(row, 7)?;
    let (key, later) = later::read(&key);
    Ok(Shelved {
        version: rows::cell(row, 0)?,
        position: rows::cell(row, 1)?,
        taken: Taken {
            table: ObjectName::new(rows::cell::<String>(row, 2)?, rows::cell::<String>(row, 3)?),
            column: (!column.is_empty()).then_some(column),
            narrowed: kind.contains("narrowed"),
            filled: kind.contains("filled"),
        },
        kept_in: place(dialect, &kept_in),
        key,
        later,
        rows: u64::try_from(rows::cell::<i64>(row, 8)?).unwrap_or(0),
        reason: rows::cell(row, 9)?,
        at: rows::cell(row, 10)?,
    })
}

fn place(dialect: Dialect, name: &str) -> ObjectName {
    if dialect == Dialect::Postgres { ObjectName::new(SHELF, name) } else { ObjectName::bare(name) }
}

/// A schema without what is on the shelf.
pub(super) fn hide(schema: &mut Schema) {
    let kept = |name: &ObjectName| {
        name.namespace == SHELF || name.name.strip_prefix(SHELF).is_some_and(|rest| rest.starts_with('_'))
    };
    schema.tables.retain(|table| !kept(&table.name));
    schema.namespaces.retain(|namespace| namespace.name != SHELF);
}

/// Before the first statement of a migration: copies what it will take away.
pub(super) async fn put(connection: &mut dyn Connection, version: &str, shelve: &Shelve) -> Result<Vec<Shelved>> {
    let dialect = connection.dialect();
    let schema = super::schema(connection).await?;
    let there = shelve.on_shelf(dialect).filter(|taken| worth_keeping(&schema, taken, &shelve.taken));
    let mut wanted: Vec<(i64, &Taken)> = Vec::new();
    for (position, taken) in there.enumerate() {
        if !taken.is_only_filled() || sql::has_null(connection, taken).await? {
            wanted.push((position as i64, taken));
        }
    }
    if wanted.is_empty() {
        return of(connection, version).await;
    }
    connection.batch(&create_table(dialect)).await?;
    if dialect == Dialect::Postgres {
        connection.batch(&format!("CREATE SCHEMA IF NOT EXISTS {SHELF}")).await?;
    }
    let mut kept: Vec<i64> = Vec::new();
    for shelved in read(connection).await?.iter().filter(|shelved| shelved.version == version) {
        kept.push(shelved.position);
    }
    for (position, taken) in wanted {
        let Some(table) = schema.table(&taken.table).filter(|_| !kept.contains(&position)) else { continue };
        let put = put_one(connection, version, position, taken, table, shelve).await;
        put.map_err(|error| {
            error
                .context(format!("keeping {} before it goes", described(taken)))
                .hint("nothing of the migration has run; without keeping anything: --no-backup")
        })?;
    }
    of(connection, version).await
}

fn described(taken: &Taken) -> String {
    match &taken.column {
        None => format!("table {}", taken.table),
        Some(column) => format!("column {}.{column}", taken.table),
    }
}

/// It is there, it holds something of its own, and it is not kept with something else: a partition is kept with its table,
/// a column with the whole table.
fn worth_keeping(schema: &Schema, taken: &Taken, all: &[Taken]) -> bool {
    let whole = |name: &ObjectName| all.iter().any(|other| other.column.is_none() && &other.table == name);
    let Some(table) = schema.table(&taken.table) else { return false };
    match &taken.column {
        None => !table.partition_of.as_ref().is_some_and(|partition| whole(&partition.parent)),
        Some(column) => !whole(&taken.table) && table.column(column).is_some_and(|column| column.generated.is_none()),
    }
}

async fn put_one(
    connection: &mut dyn Connection,
    version: &str,
    position: i64,
    taken: &Taken,
    table: &Table,
    shelve: &Shelve,
) -> Result<()> {
    let dialect = connection.dialect();
    let name = match dialect {
        Dialect::Postgres => format!("{version}_{position}"),
        Dialect::Sqlite | Dialect::Mysql => format!("{SHELF}_{version}_{position}"),
    };
    let key = key_of(table, &shelve.taken);
    if let (Reason::Preserve, Some(why)) = (shelve.reason, stays_away(dialect, table, &key, taken)) {
        let message = format!("{} has no key, and {why}: values could not be put back", table.name);
        return Err(Error::new(Kind::Migration, message).hint("give it a primary key in a migration before this one"));
    }
    let stored = table.columns.iter().filter(|column| column.generated.is_none()).map(|column| column.name.clone());
    let columns: Vec<String> = match &taken.column {
        Some(column) if !key.is_empty() => key.iter().chain([column]).cloned().collect(),
        _ => stored.collect(),
    };
    let kept_in = place(dialect, &name);
    if dialect == Dialect::Postgres {
        let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", dialect.qualified(&table.name));
        if connection.in_transaction() {
            connection.batch(&lock).await?;
        }
    }
    connection.batch(&format!("DROP TABLE IF EXISTS {}", dialect.qualified(&kept_in))).await?;
    sql::copy(connection, table, &kept_in, &columns, &key, taken).await?;
    let count = rows::all(connection, &format!("SELECT count(*) FROM {}", dialect.qualified(&kept_in)), &[]).await?;
    let count: i64 = count.first().map_or(Ok(0), |row| rows::cell(row, 0))?;
    let whole = sql::worth_keeping(dialect, table, &key, taken);
    let there = format!("SELECT count(*) FROM {}{whole}", dialect.qualified(&table.name));
    let there: i64 = rows::all(connection, &there, &[]).await?.first().map_or(Ok(0), |row| rows::cell(row, 0))?;
    if there != count {
        let message = format!("{there} rows are there and {count} were copied: somebody writes at the same time");
        return Err(Error::new(Kind::Migration, message).hint("let nobody write meanwhile, and run again"));
    }
    let insert = format!(
        "INSERT INTO {SHELF_TABLE} (version, position, namespace, table_name, column_name, kind, kept_in, key_columns, \
         row_count, reason, at) VALUES ({})",
        rows::placeholders(dialect, 11)
    );
    let text = |text: &str| Value::Text(text.to_string());
    let values = [
        text(version),
        Value::Int(position),
        text(&taken.table.namespace),
        text(&taken.table.name),
        taken.column.as_deref().map_or(Value::Null, text),
        text(taken.kind()),
        text(&name),
        text(&later::write(&key, &Later::of(&table.name, &shelve.renames))),
        Value::Int(count),
        text(shelve.reason.word()),
        text(&super::now()),
    ];
    rows::run(connection, &insert, &values).await.map(drop)
}

/// Why values of a column are kept to be looked at, and not put back, if so.
fn stays_away(dialect: Dialect, table: &Table, key: &[String], taken: &Taken) -> Option<&'static str> {
    let by_other_columns = key.is_empty() && taken.column.is_some();
    by_other_columns.then(|| alike::must_not_be_written_again(dialect, table)).flatten()
}

/// Columns that identify a row before and after: the primary key, else a unique constraint without NULL, of which
/// nothing is taken away.
fn key_of(table: &Table, taken: &[Taken]) -> Vec<String> {
    let goes =
        |column: &str| taken.iter().any(|taken| taken.table == table.name && taken.column.as_deref() == Some(column));
    let usable = |columns: &Vec<String>| {
        let solid = |name: &String| table.column(name).is_some_and(|column| column.not_null) && !goes(name);
        !columns.is_empty() && columns.iter().all(solid)
    };
    let primary = table.primary_key.iter().map(|key| key.columns().map(str::to_string).collect::<Vec<_>>());
    let primary = primary.filter(|columns| !columns.iter().any(|column| goes(column)));
    let uniques = table.uniques.iter().map(|key| key.columns().map(str::to_string).collect());
    primary.chain(uniques.filter(usable)).next().unwrap_or_default()
}

/// After the last statement of a migration: of columns that became narrower only what they lost is kept.
pub(super) async fn settle(connection: &mut dyn Connection, version: &str) -> Result<()> {
    let kept = of(connection, version).await?;
    for shelved in kept.iter().filter(|shelved| shelved.taken.stays()) {
        match standing(connection, shelved).await? {
            Some(table) => {
                note_one(connection, &kept, shelved, &table).await?;
                if !shelved.key.is_empty() {
                    sql::forget_what_is_the_same(connection, shelved).await?;
                }
            }
            // Nobody could tell later whether a value was given since.
            None if shelved.taken.is_only_filled() => sql::forget(connection, shelved).await?,
            None => {}
        }
    }
    Ok(())
}

/// What is kept of values whose columns stay.
pub(super) async fn values(connection: &mut dyn Connection, version: &str) -> Result<Vec<Shelved>> {
    let mut kept = of(connection, version).await?;
    kept.retain(|shelved| shelved.taken.stays());
    Ok(kept)
}

/// After a statement that no transaction holds together with the next: notes what it made of the values, so that what is
/// written after a cut-off is known to be somebody else's.
pub(super) async fn note(connection: &mut dyn Connection, kept: &[Shelved], statement: &str) -> Result<()> {
    let definition = relata_schema::script::words(connection.dialect(), statement, 1);
    let definition = definition.first().is_some_and(|word| ["ALTER", "CREATE", "DROP"].contains(&word.as_str()));
    let statement = statement.to_lowercase();
    for shelved in kept {
        let names = [Some(&shelved.taken.table), shelved.later.table.as_ref()];
        let named = names.into_iter().flatten().any(|name| statement.contains(&name.name.to_lowercase()));
        if (named || !definition)
            && let Some(table) = standing(connection, shelved).await?
        {
            note_one(connection, kept, shelved, &table).await?;
        }
    }
    Ok(())
}

async fn note_one(connection: &mut dyn Connection, kept: &[Shelved], shelved: &Shelved, table: &Table) -> Result<()> {
    if !shelved.key.is_empty() {
        return sql::note(connection, shelved, table).await;
    }
    match Alike::of(connection, table, shelved, &alike::waiting(kept, &shelved.taken.table)).await? {
        Some(alike) => alike.note(connection).await,
        None => Ok(()),
    }
}

/// The table of a column under the names that they have now, if both are there.
async fn standing(connection: &mut dyn Connection, shelved: &Shelved) -> Result<Option<Table>> {
    let names = [Some(&shelved.taken.table), shelved.later.table.as_ref()];
    let schema = super::schema_of(connection, names.into_iter().flatten().cloned().collect()).await?;
    let renamed = shelved.later.table.as_ref().and_then(|name| schema.table(name));
    let table = renamed.or_else(|| schema.table(&shelved.taken.table));
    Ok(table.filter(|table| fits(shelved, table)).cloned())
}

/// Before a migration that was cut off goes on: what somebody wrote since is what is kept.
pub(super) async fn renew(connection: &mut dyn Connection, kept: &[Shelved]) -> Result<()> {
    for shelved in kept.iter().filter(|shelved| !shelved.key.is_empty()) {
        if let Some(table) = standing(connection, shelved).await? {
            sql::renew(connection, shelved, &table).await?;
        }
    }
    Ok(())
}

/// Before the first statement of a rollback: what somebody changed since is no longer put back.
pub(super) async fn prune(connection: &mut dyn Connection, version: &str) -> Result<()> {
    let kept = of(connection, version).await?;
    for shelved in kept.iter().filter(|shelved| shelved.taken.stays()) {
        let Some(table) = standing(connection, shelved).await? else { continue };
        if !shelved.key.is_empty() {
            sql::prune(connection, shelved, &table).await?;
        } else if let Some(alike) =
            Alike::of(connection, &table, shelved, &alike::waiting(&kept, &shelved.taken.table)).await?
        {
            alike.prune(connection).await?;
        }
    }
    Ok(())
}

/// After the last statement of a rollback: puts back what is still kept of the migration; `early` is what was put back
/// before. Gives all of it.
pub(super) async fn put_back(
    connection: &mut dyn Connection,
    version: &str,
    early: Vec<Shelved>,
) -> Result<Vec<Shelved>> {
    let kept = as_before(of(connection, version).await?);
    let mut back = early;
    if connection.dialect() == Dialect::Postgres && !back.is_empty() {
        // By now a sequence may belong to a column that had none when its rows came back.
        let tables: Vec<&ObjectName> = back.iter().map(|shelved| &shelved.taken.table).collect();
        sql::counters(connection, &tables).await?;
    }
    let schema = around(connection, &kept).await?;
    back.extend(put_back_some(connection, version, kept, &schema).await?);
    Ok(back)
}

/// Whether a statement may bring something back that was taken away: it creates a table, or adds to one.
pub(super) fn may_bring_back(dialect: Dialect, statement: &str) -> bool {
    let words = relata_schema::script::words(dialect, statement, 32);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["CREATE", "TABLE", ..] => true,
        // One statement holds all that changes in a table there.
        ["ALTER", "TABLE", ref rest @ ..] => rest.contains(&"ADD") || dialect == Dialect::Mysql,
        _ => false,
    }
}

/// In the middle of a rollback, after a statement that created a table or a column: what is kept of it is put back before
/// keys and NOT NULL ask for it. Gives what was put back.
pub(super) async fn put_back_early(
    connection: &mut dyn Connection,
    version: &str,
    statement: &str,
) -> Result<Vec<Shelved>> {
    let all = as_before(of(connection, version).await?);
    let mut kept = all.clone();
    kept.retain(|shelved| !shelved.taken.stays() && statement.contains(&shelved.taken.table.name));
    if kept.is_empty() {
        return Ok(kept);
    }
    // Rows of a partitioned table wait for its partitions, and others for the tables that they refer to.
    let schema = around(connection, &kept).await?;
    let plain = |table: &Table| {
        let refers = table.foreign_keys.iter().all(|key| schema.table(&key.references).is_some());
        table.partitioning.is_none() && table.partition_of.is_none() && refers
    };
    kept.retain(|shelved| shelved.taken.column.is_some() || schema.table(&shelved.taken.table).is_some_and(plain));
    if connection.dialect() == Dialect::Sqlite {
        kept.retain(|shelved| references_are_whole(&schema, &shelved.taken.table));
    }
    let mut ready = Vec::new();
    for shelved in kept {
        if is_clear(connection, &schema, &shelved, &all).await? {
            ready.push(shelved);
        }
    }
    put_back_some(connection, version, ready, &schema).await
}

/// The tables of what is kept.
async fn around(connection: &mut dyn Connection, kept: &[Shelved]) -> Result<Schema> {
    let mut names: Vec<ObjectName> = kept.iter().map(|shelved| shelved.taken.table.clone()).collect();
    names.sort();
    names.dedup();
    match names.is_empty() {
        true => Ok(Schema::new(connection.dialect())),
        false => super::schema_of(connection, names).await,
    }
}

/// SQLite writes to no table while a reference from it or to it has no key at its other end.
fn references_are_whole(schema: &Schema, table: &ObjectName) -> bool {
    let of = |other: &Table, key: &ForeignKey| &other.name == table || &key.references == table;
    let keys = schema.tables.iter().flat_map(|other| other.foreign_keys.iter().filter(move |key| of(other, key)));
    keys.into_iter().all(|key| schema.table(&key.references).is_some_and(|parent| identifies(parent, key)))
}

/// Whether the columns that the foreign key refers to are a key of the table.
fn identifies(parent: &Table, key: &ForeignKey) -> bool {
    let same = |columns: Vec<&str>| {
        let named = |name: &String| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        columns.len() == key.referenced_columns.len() && key.referenced_columns.iter().all(named)
    };
    let indexes = parent.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    let mut parts = indexes.map(|index| index.parts.iter().map(|part| part.column.as_str()).collect());
    let mut keys = parent.primary_key.iter().chain(&parent.uniques).map(|key| key.columns().collect());
    key.referenced_columns.is_empty() || keys.any(same) || parts.any(same)
}

/// Without a key: whether the other columns say by now which row is which.
async fn is_clear(
    connection: &mut dyn Connection,
    schema: &Schema,
    shelved: &Shelved,
    kept: &[Shelved],
) -> Result<bool> {
    let Some(table) = schema.table(&shelved.taken.table).filter(|table| fits(shelved, table)) else { return Ok(true) };
    let waiting = alike::waiting(kept, &table.name);
    match Alike::of(connection, table, shelved, &waiting).await? {
        Some(alike) => alike.is_clear(connection).await,
        None => Ok(true),
    }
}

/// Things go back under the names that they had.
fn as_before(mut kept: Vec<Shelved>) -> Vec<Shelved> {
    kept.iter_mut().for_each(|shelved| shelved.later = Later::default());
    kept
}

/// Whether what was kept has its place in the table, under the names of now.
fn fits(shelved: &Shelved, table: &Table) -> bool {
    let Some(column) = &shelved.taken.column else { return true };
    let now = |name: &str| table.column(shelved.later.column(table, name));
    let there = now(column).is_some_and(|column| column.generated.is_none());
    let has = |name: &String| now(name).is_some();
    there && shelved.key.iter().all(has)
}

async fn put_back_some(
    connection: &mut dyn Connection,
    version: &str,
    mut kept: Vec<Shelved>,
    schema: &Schema,
) -> Result<Vec<Shelved>> {
    if kept.is_empty() {
        return Ok(kept);
    }
    let mut waiting = of(connection, version).await?;
    let dialect = connection.dialect();
    let ready = |shelved: &Shelved, table: &Table| {
        fits(shelved, table) && stays_away(dialect, table, &shelved.key, &shelved.taken).is_none()
    };
    kept.retain(|shelved| schema.table(&shelved.taken.table).is_some_and(|table| ready(shelved, table)));
    // Tables before columns, and each table after those that it refers to.
    let order = referred_first(schema);
    let place = |shelved: &Shelved| order.iter().position(|name| *name == shelved.taken.table);
    kept.sort_by_key(|shelved| (shelved.taken.column.is_some(), place(shelved)));
    let quiet = sql::Quiet::begin(connection, schema, &kept).await?;
    for shelved in &kept {
        let Some(table) = schema.table(&shelved.taken.table) else { continue };
        let others = alike::waiting(&waiting, &table.name);
        if let Err(error) = sql::put_back(connection, table, shelved, &others).await {
            quiet.give_up(connection).await;
            return Err(error.context(format!("putting back {shelved}")));
        }
        waiting.retain(|other| other.position != shelved.position);
    }
    quiet.end(connection).await?;
    let dialect = connection.dialect();
    for shelved in &kept {
        let place = |number| rows::placeholder(dialect, number);
        let sql = format!("DELETE FROM {SHELF_TABLE} WHERE version = {} AND position = {}", place(1), place(2));
        rows::run(connection, &sql, &[Value::Text(version.into()), Value::Int(shelved.position)]).await?;
    }
    Ok(kept)
}

/// Drops the tables of what is no longer kept. On MariaDB that commits: it comes after the transaction.
pub(super) async fn drop_tables(connection: &mut dyn Connection, gone: &[Shelved]) -> Result<()> {
    let dialect = connection.dialect();
    for shelved in gone {
        connection.batch(&format!("DROP TABLE IF EXISTS {}", dialect.qualified(&shelved.kept_in))).await?;
    }
    Ok(())
}

/// Deletes what is kept of these versions. Gives what it was.
pub(super) async fn purge(connection: &mut dyn Connection, versions: &[String]) -> Result<Vec<Shelved>> {
    let mut gone = read(connection).await?;
    gone.retain(|shelved| versions.contains(&shelved.version));
    for version in versions {
        let place = rows::placeholder(connection.dialect(), 1);
        let sql = format!("DELETE FROM {SHELF_TABLE} WHERE version = {place}");
        if !gone.is_empty() {
            rows::run(connection, &sql, &[Value::Text(version.clone())]).await?;
        }
    }
    drop_tables(connection, &gone).await?;
    Ok(gone)
}

/// The versions whose backups are older than the newest `keep`.
pub(super) async fn outdated(connection: &mut dyn Connection, keep: usize) -> Result<Vec<String>> {
    let kept = read(connection).await?;
    let mut backups: Vec<(String, String)> = Vec::new();
    for shelved in kept.iter().filter(|shelved| shelved.reason == Reason::Backup.word()) {
        let entry = (shelved.at.clone(), shelved.version.clone());
        if !backups.iter().any(|(_, version)| *version == entry.1) {
            backups.push(entry);
        }
    }
    backups.sort();
    let surplus = backups.len().saturating_sub(keep);
    Ok(backups.into_iter().take(surplus).map(|(_, version)| version).collect())
}

async fn of(connection: &mut dyn Connection, version: &str) -> Result<Vec<Shelved>> {
    let mut kept = read(connection).await?;
    kept.retain(|shelved| shelved.version == version);
    Ok(kept)
}

/// Tables after those that their foreign keys refer to, as far as there is no circle.
fn referred_first(schema: &Schema) -> Vec<ObjectName> {
    let mut order: Vec<ObjectName> = Vec::new();
    let mut waiting: Vec<&Table> = schema.tables.iter().collect();
    while !waiting.is_empty() {
        let names: Vec<&ObjectName> = waiting.iter().map(|table| &table.name).collect();
        let free = |table: &&Table| {
            let others = table.foreign_keys.iter().map(|key| &key.references).filter(|name| **name != table.name);
            others.into_iter().all(|name| !names.contains(&name))
        };
        let (ready, rest): (Vec<&Table>, Vec<&Table>) = waiting.iter().partition(|table| free(table));
        // A circle: whoever comes first.
        let (ready, rest) = if ready.is_empty() { (rest, Vec::new()) } else { (ready, rest) };
        order.extend(ready.into_iter().map(|table| table.name.clone()));
        waiting = rest;
    }
    order
}
