//! The statements of the shelf: copying, comparing and putting back, in each dialect.

use std::collections::BTreeMap;

use relata_schema::Dialect;
use relata_schema::model::{ObjectName, Schema, Table};
use relata_sql::driver::Connection;
use relata_sql::{Result, Value};

use super::alike::{Alike, PLACE};
use super::{Shelved, Taken};
use crate::migrate::rows;

/// The column of a kept table that holds what a narrower type made of the value.
pub(super) const AFTER: &str = "relata_after";

/// Creates the kept table from the rows that are there.
pub(super) async fn copy(
    connection: &mut dyn Connection,
    table: &Table,
    kept_in: &ObjectName,
    columns: &[String],
    key: &[String],
    taken: &Taken,
) -> Result<()> {
    let dialect = connection.dialect();
    let foreign =
        if dialect == Dialect::Postgres { own_types(connection, &table.name).await? } else { BTreeMap::new() };
    let collated =
        if dialect == Dialect::Postgres { own_collations(connection, &table.name).await? } else { Vec::new() };
    let mut list: Vec<String> = Vec::new();
    for column in columns {
        let name = dialect.quote(column);
        // A kept column must not hold on to a type or a collation that the migration drops: it is kept as text, and plainly.
        let text = if foreign.contains_key(column) { "::text" } else { "" };
        let collation = if collated.contains(column) { " COLLATE pg_catalog.\"default\"" } else { "" };
        let plain = text.is_empty() && collation.is_empty();
        list.push(if plain { name } else { format!("{name}{text}{collation} AS {name}") });
    }
    if let Some(column) = taken.column.as_deref().filter(|_| taken.stays()) {
        list.push(format!("{} AS {AFTER}", text_of(dialect, &dialect.quote(column))));
        list.extend(key.is_empty().then(|| format!("row_number() OVER () AS {PLACE}")));
    }
    // MariaDB joins by index only.
    let plain = |name: &&String| table.column(name).is_some_and(|column| !is_long(&column.ty.physical));
    let index = match dialect {
        Dialect::Mysql if !key.is_empty() && key.iter().all(|name| plain(&name)) => Some(quoted(dialect, key)),
        Dialect::Mysql if key.is_empty() && taken.stays() => Some(PLACE.to_string()),
        _ => None,
    };
    // The text after may be longer than the one before.
    let after = (dialect == Dialect::Mysql && taken.stays()).then(|| format!("{AFTER} longtext"));
    let said: Vec<String> = after.into_iter().chain(index.map(|columns| format!("PRIMARY KEY ({columns})"))).collect();
    let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) };
    let from = dialect.qualified(&table.name);
    let values = worth_keeping(dialect, table, key, taken);
    let create =
        format!("CREATE TABLE {}{said} AS SELECT {} FROM {from}{values}", dialect.qualified(kept_in), list.join(", "));
    connection.batch(&create).await
}

/// Whether a row has NULL in the column.
pub(super) async fn has_null(connection: &mut dyn Connection, taken: &Taken) -> Result<bool> {
    let dialect = connection.dialect();
    let Some(column) = &taken.column else { return Ok(false) };
    let sql =
        format!("SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1", dialect.qualified(&taken.table), dialect.quote(column));
    Ok(rows::one(connection, &sql, &[]).await?.is_some())
}

/// The condition of the rows of which something is kept. NULL is what a column has that comes back, unless it has a default.
pub(super) fn worth_keeping(dialect: Dialect, table: &Table, key: &[String], taken: &Taken) -> String {
    let Some(column) = taken.column.as_deref().filter(|_| !key.is_empty()) else { return String::new() };
    let has_default = !taken.stays() && table.column(column).is_some_and(|column| column.default.is_some());
    let name = dialect.quote(column);
    match (taken.narrowed, taken.filled) {
        (true, true) => String::new(),
        (false, true) => format!(" WHERE {name} IS NULL"),
        _ if has_default => String::new(),
        _ => format!(" WHERE {name} IS NOT NULL"),
    }
}

/// MariaDB's types that have no index without a length.
fn is_long(physical: &str) -> bool {
    let ty = physical.to_ascii_lowercase();
    ["text", "blob", "json", "geometry"].iter().any(|long| ty.contains(long))
}

/// PostgreSQL: the columns whose types are not the system's own.
async fn own_types(connection: &mut dyn Connection, table: &ObjectName) -> Result<BTreeMap<String, String>> {
    let sql = format!(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a \
         JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped \
         AND t.typnamespace <> 'pg_catalog'::regnamespace",
        Dialect::Postgres.literal(&Dialect::Postgres.qualified(table))
    );
    types(connection, &sql).await
}

/// PostgreSQL: the columns whose collations are not the system's own.
async fn own_collations(connection: &mut dyn Connection, table: &ObjectName) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT a.attname::text FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation \
         WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped \
         AND c.collnamespace <> 'pg_catalog'::regnamespace",
        Dialect::Postgres.literal(&Dialect::Postgres.qualified(table))
    );
    rows::all(connection, &sql, &[]).await?.iter().map(|row| rows::cell(row, 0)).collect()
}

/// PostgreSQL: the types of the columns of a table.
async fn all_types(connection: &mut dyn Connection, table: &ObjectName) -> Result<BTreeMap<String, String>> {
    let sql = format!(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute \
         WHERE attrelid = {}::regclass AND attnum > 0 AND NOT attisdropped",
        Dialect::Postgres.literal(&Dialect::Postgres.qualified(table))
    );
    types(connection, &sql).await
}

async fn types(connection: &mut dyn Connection, sql: &str) -> Result<BTreeMap<String, String>> {
    let found = rows::all(connection, sql, &[]).await?;
    found.iter().map(|row| Ok((rows::cell(row, 0)?, rows::cell(row, 1)?))).collect()
}

/// What is the same only for the same value. On MariaDB no geometry is text, and texts that differ in case alone are equal.
pub(super) fn text_of(dialect: Dialect, expression: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("CAST({expression} AS TEXT)"),
        Dialect::Postgres => format!("{expression}::text"),
        Dialect::Mysql => format!("hex(CAST({expression} AS BINARY))"),
    }
}

fn quoted(dialect: Dialect, columns: &[String]) -> String {
    columns.iter().map(|column| dialect.quote(column)).collect::<Vec<_>>().join(", ")
}

/// `t.id = s.id AND …`; on PostgreSQL types that are not the system's own are compared as text, as they were kept.
fn same_row(dialect: Dialect, key: &[String], foreign: &BTreeMap<String, String>) -> String {
    let pair = |column: &String| {
        let name = dialect.quote(column);
        if foreign.contains_key(column) { format!("t.{name}::text = s.{name}") } else { format!("t.{name} = s.{name}") }
    };
    key.iter().map(pair).collect::<Vec<_>>().join(" AND ")
}

fn differs(dialect: Dialect, left: &str, right: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("{left} IS NOT {right}"),
        Dialect::Postgres => format!("{left} IS DISTINCT FROM {right}"),
        Dialect::Mysql => format!("NOT ({left} <=> {right})"),
    }
}

/// Updates rows of `target` (called `t` or `s` there) that belong together by key: each column and what it becomes.
pub(super) fn update_joined(
    dialect: Dialect,
    target: (&str, &str),
    other: (&str, &str),
    set: &[(String, String)],
    on: &str,
) -> String {
    let ((target, alias), (other, other_alias)) = (target, other);
    let list = |prefix: &str| {
        let assignments = set.iter().map(|(column, value)| format!("{prefix}{column} = {value}"));
        assignments.collect::<Vec<_>>().join(", ")
    };
    match dialect {
        Dialect::Sqlite | Dialect::Postgres => {
            format!("UPDATE {target} AS {alias} SET {} FROM {other} AS {other_alias} WHERE {on}", list(""))
        }
        Dialect::Mysql => {
            let set = list(&format!("{alias}."));
            format!("UPDATE {target} AS {alias} JOIN {other} AS {other_alias} ON {on} SET {set}")
        }
    }
}

/// Notes what became of the values.
pub(super) async fn note(connection: &mut dyn Connection, shelved: &Shelved, table: &Table) -> Result<()> {
    let Some(pair) = Pair::of(connection, shelved, table).await? else { return Ok(()) };
    let set = [(AFTER.to_string(), pair.now())];
    connection.batch(&update_joined(pair.dialect, (&pair.kept, "s"), (&pair.table, "t"), &set, &pair.on)).await
}

/// Forgets the values that are after the migration what they were before.
pub(super) async fn forget_what_is_the_same(connection: &mut dyn Connection, shelved: &Shelved) -> Result<()> {
    let dialect = connection.dialect();
    let Some(column) = &shelved.taken.column else { return Ok(()) };
    let same = differs(dialect, &text_of(dialect, &dialect.quote(column)), AFTER);
    connection.batch(&format!("DELETE FROM {} WHERE NOT ({same})", dialect.qualified(&shelved.kept_in))).await
}

/// Forgets all of them.
pub(super) async fn forget(connection: &mut dyn Connection, shelved: &Shelved) -> Result<()> {
    connection.batch(&format!("DELETE FROM {}", connection.dialect().qualified(&shelved.kept_in))).await
}

/// Forgets values that somebody changed since they were narrowed.
pub(super) async fn prune(connection: &mut dyn Connection, shelved: &Shelved, table: &Table) -> Result<()> {
    let Some(pair) = Pair::of(connection, shelved, table).await? else { return Ok(()) };
    let Pair { dialect, table, kept, on, .. } = &pair;
    let verb = if *dialect == Dialect::Mysql { "DELETE s FROM" } else { "DELETE FROM" };
    let changed = differs(*dialect, &pair.now(), &format!("s.{AFTER}"));
    connection
        .batch(&format!("{verb} {kept} AS s WHERE EXISTS (SELECT 1 FROM {table} AS t WHERE {on} AND {changed})"))
        .await
}

/// Keeps what somebody wrote since instead of what was kept; nothing, where that has no place among what was kept.
pub(super) async fn renew(connection: &mut dyn Connection, shelved: &Shelved, table: &Table) -> Result<()> {
    let Some(pair) = Pair::of(connection, shelved, table).await? else { return Ok(()) };
    let Pair { dialect, kept, on, .. } = &pair;
    let before = shelved.taken.column.as_deref().unwrap_or_default();
    let cast = match dialect {
        Dialect::Postgres => all_types(connection, &shelved.kept_in).await?.remove(before),
        Dialect::Sqlite | Dialect::Mysql => None,
    };
    let cast = cast.map_or_else(String::new, |ty| format!("::{ty}"));
    let set =
        [(dialect.quote(before), format!("t.{}{cast}", dialect.quote(pair.column))), (AFTER.to_string(), pair.now())];
    let on = format!("{on} AND {}", differs(*dialect, &pair.now(), &format!("s.{AFTER}")));
    let renewed = connection.batch(&update_joined(*dialect, (kept, "s"), (&pair.table, "t"), &set, &on)).await;
    if renewed.is_err() && !connection.is_broken() {
        return prune(connection, shelved, table).await;
    }
    renewed
}

/// A table (`t`) and what is kept of one of its columns with a key (`s`).
struct Pair<'a> {
    dialect: Dialect,
    table: String,
    kept: String,
    /// The column as it is called in the table now.
    column: &'a str,
    on: String,
}

impl<'a> Pair<'a> {
    async fn of(connection: &mut dyn Connection, shelved: &'a Shelved, table: &Table) -> Result<Option<Self>> {
        let dialect = connection.dialect();
        let Some(column) = shelved.taken.column.as_deref().filter(|_| !shelved.key.is_empty()) else { return Ok(None) };
        let unlike = unlike(connection, shelved, table).await?;
        let equal = |before: &String| {
            let after = shelved.later.column(table, before);
            let cast = if unlike.iter().any(|column| column == after) { "::text" } else { "" };
            format!("t.{}{cast} = s.{}{cast}", dialect.quote(after), dialect.quote(before))
        };
        Ok(Some(Pair {
            dialect,
            table: dialect.qualified(&table.name),
            kept: dialect.qualified(&shelved.kept_in),
            column: shelved.later.column(table, column),
            on: shelved.key.iter().map(equal).collect::<Vec<_>>().join(" AND "),
        }))
    }

    /// The text of the column as it is now.
    fn now(&self) -> String {
        text_of(self.dialect, &format!("t.{}", self.dialect.quote(self.column)))
    }
}

/// PostgreSQL: the columns of the key whose types are not those that are kept; they are compared as text.
async fn unlike(connection: &mut dyn Connection, shelved: &Shelved, table: &Table) -> Result<Vec<String>> {
    if connection.dialect() != Dialect::Postgres {
        return Ok(Vec::new());
    }
    let (now, kept) = (all_types(connection, &table.name).await?, all_types(connection, &shelved.kept_in).await?);
    let names = shelved.key.iter().map(|before| (before, shelved.later.column(table, before)));
    Ok(names
        .filter(|(before, after)| now.get(*after) != kept.get(*before))
        .map(|(_, after)| after.to_string())
        .collect())
}

async fn foreign(connection: &mut dyn Connection, table: &ObjectName) -> Result<BTreeMap<String, String>> {
    match connection.dialect() {
        Dialect::Postgres => own_types(connection, table).await,
        Dialect::Sqlite | Dialect::Mysql => Ok(BTreeMap::new()),
    }
}

/// Puts rows of a table, or values of a column, back; `waiting` are the columns of the table that are kept and not back.
pub(super) async fn put_back(
    connection: &mut dyn Connection,
    table: &Table,
    shelved: &Shelved,
    waiting: &[String],
) -> Result<()> {
    let dialect = connection.dialect();
    let types = match dialect {
        Dialect::Postgres => all_types(connection, &table.name).await?,
        Dialect::Sqlite | Dialect::Mysql => BTreeMap::new(),
    };
    let foreign = foreign(connection, &table.name).await?;
    let value = |column: &String| {
        let name = format!("s.{}", dialect.quote(column));
        match types.get(column) {
            Some(ty) if foreign.contains_key(column) => format!("{name}::{ty}"),
            _ => name,
        }
    };
    if let (Some(alike), Some(column)) = (Alike::of(connection, table, shelved, waiting).await?, &shelved.taken.column)
    {
        return alike.put_back(connection, &value(column)).await;
    }
    let (target, kept) = (dialect.qualified(&table.name), dialect.qualified(&shelved.kept_in));
    let on = same_row(dialect, &shelved.key, &foreign);
    if let Some(column) = &shelved.taken.column {
        let mut set = vec![(dialect.quote(column), value(column))];
        // MariaDB: nobody changed the row, whatever notes the time of a change.
        let times = table.columns.iter().filter(|other| other.on_update.is_some() && &other.name != column);
        set.extend(times.map(|other| (dialect.quote(&other.name), format!("t.{}", dialect.quote(&other.name)))));
        return connection.batch(&update_joined(dialect, (&target, "t"), (&kept, "s"), &set, &on)).await;
    }
    let kept_columns = columns_of(connection, &shelved.kept_in).await?;
    let stored = |name: &&String| table.column(name).is_some_and(|column| column.generated.is_none());
    let columns: Vec<String> = kept_columns.iter().filter(stored).cloned().collect();
    let values: Vec<String> = columns.iter().map(value).collect();
    let overriding = match dialect {
        Dialect::Postgres => " OVERRIDING SYSTEM VALUE",
        Dialect::Sqlite | Dialect::Mysql => "",
    };
    let new = if shelved.key.is_empty() {
        String::new()
    } else {
        format!(" WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {on})")
    };
    connection
        .batch(&format!(
            "INSERT INTO {target} ({}){overriding} SELECT {} FROM {kept} AS s{new}",
            quoted(dialect, &columns),
            values.join(", ")
        ))
        .await?;
    if dialect == Dialect::Postgres { counters(connection, &[&table.name]).await } else { Ok(()) }
}

/// The columns of a kept table: it is no part of the schema, so its catalogue is asked.
pub(super) async fn columns_of(connection: &mut dyn Connection, kept: &ObjectName) -> Result<Vec<String>> {
    let dialect = connection.dialect();
    let (name, namespace) = (dialect.literal(&kept.name), dialect.literal(&kept.namespace));
    let sql = match dialect {
        Dialect::Sqlite => format!("SELECT name FROM pragma_table_info({name}) ORDER BY cid"),
        Dialect::Postgres => format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = {namespace} \
             AND table_name = {name} ORDER BY ordinal_position"
        ),
        Dialect::Mysql => format!(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = database() \
             AND table_name = {name} ORDER BY ordinal_position"
        ),
    };
    rows::all(connection, &sql, &[]).await?.iter().map(|row| rows::cell(row, 0)).collect()
}

/// PostgreSQL: counters of tables that are there go on after the greatest number that is there.
pub(super) async fn counters(connection: &mut dyn Connection, tables: &[&ObjectName]) -> Result<()> {
    let dialect = Dialect::Postgres;
    let names = tables.iter().map(|name| dialect.literal(&dialect.qualified(name))).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT format('SELECT pg_catalog.setval(%L, max(%I)) FROM %s HAVING max(%I) IS NOT NULL', s.name, a.attname, \
         c.oid::regclass, a.attname) \
         FROM (SELECT DISTINCT to_regclass(x)::oid AS oid FROM unnest(ARRAY[{names}]) x) c \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped, \
         pg_get_serial_sequence(c.oid::regclass::text, a.attname) s(name) WHERE s.name IS NOT NULL"
    );
    for row in rows::all(connection, &sql, &[]).await? {
        connection.batch(&rows::cell::<String>(&row, 0)?).await?;
    }
    Ok(())
}

/// PostgreSQL: what is looked at when a transaction ends, unless it is told otherwise, is so again. A name that stands for
/// others as well cannot be told.
async fn deferred_again(connection: &mut dyn Connection) -> Result<()> {
    let sql = "SELECT 'SET CONSTRAINTS ' || string_agg(c.name, ', ') || ' DEFERRED' \
               FROM (SELECT format('%I.%I', n.nspname, o.conname) AS name FROM pg_constraint o \
                     JOIN pg_namespace n ON n.oid = o.connamespace WHERE o.contype IN ('f', 'u', 'p', 'x', 't') \
                     GROUP BY 1 HAVING bool_and(o.condeferred)) c";
    match rows::one(connection, sql, &[]).await? {
        Some(Value::Text(set)) => connection.batch(&set).await,
        _ => Ok(()),
    }
}

/// MariaDB: foreign keys are not looked at, and then again if they were before.
const CHECKS_OFF: &str =
    "SET @relata_foreign_key_checks = @@SESSION.foreign_key_checks, SESSION foreign_key_checks = 0";
const CHECKS_AS_BEFORE: &str = "SET SESSION foreign_key_checks = @relata_foreign_key_checks";

/// While rows are put back nothing else happens: triggers are off (not on MariaDB, which cannot), foreign keys are looked
/// at when all is there.
pub(super) struct Quiet(Vec<String>);

impl Quiet {
    pub(super) async fn begin(connection: &mut dyn Connection, schema: &Schema, kept: &[Shelved]) -> Result<Self> {
        let dialect = connection.dialect();
        let mut after = Vec::new();
        if dialect == Dialect::Sqlite {
            connection.batch("PRAGMA defer_foreign_keys = ON").await?;
        }
        if dialect == Dialect::Mysql {
            connection.batch(CHECKS_OFF).await?;
            after.push(CHECKS_AS_BEFORE.to_string());
        }
        let mut seen: Vec<&ObjectName> = Vec::new();
        for shelved in kept {
            let Some(table) = schema.table(&shelved.taken.table) else { continue };
            if seen.contains(&&table.name) || table.triggers.is_empty() {
                continue;
            }
            seen.push(&table.name);
            let name = dialect.qualified(&table.name);
            match dialect {
                Dialect::Postgres if table.triggers.iter().all(|trigger| trigger.enabled.is_empty()) => {
                    connection.batch(&format!("ALTER TABLE {name} DISABLE TRIGGER USER")).await?;
                    after.push(format!("ALTER TABLE {name} ENABLE TRIGGER USER"));
                }
                Dialect::Sqlite => {
                    for trigger in &table.triggers {
                        connection.batch(&format!("DROP TRIGGER {}", dialect.quote(&trigger.name))).await?;
                        after.push(trigger.definition.clone());
                    }
                }
                Dialect::Postgres | Dialect::Mysql => {}
            }
        }
        Ok(Quiet(after))
    }

    /// After an error: what no rollback of the transaction brings back.
    pub(super) async fn give_up(self, connection: &mut dyn Connection) {
        if connection.dialect() == Dialect::Mysql && !connection.is_broken() {
            // The error that was first is the one to tell.
            let _ = connection.batch(CHECKS_AS_BEFORE).await;
        }
    }

    pub(super) async fn end(self, connection: &mut dyn Connection) -> Result<()> {
        let postgres = connection.dialect() == Dialect::Postgres;
        if postgres {
            // A table with checks still to be made cannot be altered.
            connection.batch("SET CONSTRAINTS ALL IMMEDIATE").await?;
        }
        for sql in self.0 {
            connection.batch(&sql).await?;
        }
        if postgres { deferred_again(connection).await } else { Ok(()) }
    }
}
