//! The catalogue as rows, grouped by what they belong to.

use std::collections::HashMap;

use relata_schema::dialect::sqlite::parse;
use rusqlite::{Connection, Result, Row};

/// A row of `sqlite_schema`.
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) table: String,
    pub(super) sql: String,
}

/// A row of `pragma_table_xinfo`.
pub(super) struct ColumnRow {
    pub(super) name: String,
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    /// Position in the primary key, from 1; 0: not in it.
    pub(super) key: u32,
    /// 0 ordinary, 1 hidden, 2 virtual, 3 stored.
    pub(super) hidden: u8,
}

/// A row of `pragma_index_list`.
pub(super) struct IndexRow {
    pub(super) name: String,
    pub(super) unique: bool,
    /// `c` created, `u` of a unique constraint, `pk` of the primary key.
    pub(super) origin: String,
}

/// A row of `pragma_index_xinfo`.
pub(super) struct PartRow {
    /// None: an expression.
    pub(super) column: Option<String>,
    pub(super) descending: bool,
    pub(super) collation: String,
}

/// A row of `pragma_foreign_key_list`.
pub(super) struct ForeignKeyRow {
    pub(super) id: i64,
    pub(super) table: String,
    pub(super) from: String,
    pub(super) to: Option<String>,
    pub(super) on_update: String,
    pub(super) on_delete: String,
}

/// What `pragma_table_list` says of a table.
pub(super) struct TableRow {
    pub(super) kind: String,
    pub(super) without_rowid: bool,
    pub(super) strict: bool,
}

/// Everything, by table (columns, indexes, keys) or by index (parts).
pub(super) struct Catalogue {
    pub(super) objects: Vec<Object>,
    pub(super) tables: HashMap<String, TableRow>,
    pub(super) columns: HashMap<String, Vec<ColumnRow>>,
    pub(super) indexes: HashMap<String, Vec<IndexRow>>,
    pub(super) parts: HashMap<String, Vec<PartRow>>,
    pub(super) foreign_keys: HashMap<String, Vec<ForeignKeyRow>>,
}

const OBJECTS: &str = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY rowid";
const TABLES: &str = "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'";
const COLUMNS: &str = "SELECT m.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden \
    FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) x WHERE m.type = ?1 AND (?2 IS NULL OR m.name = ?2)";
const INDEXES: &str = "SELECT m.name, x.name, x.\"unique\", x.origin \
    FROM sqlite_schema m JOIN pragma_index_list(m.name) x WHERE m.type = 'table'";
const PARTS: &str = "SELECT m.name, x.cid, x.name, x.\"desc\", x.coll \
    FROM sqlite_schema m JOIN pragma_index_xinfo(m.name) x WHERE m.type = 'index' AND x.key = 1";
const FOREIGN_KEYS: &str = "SELECT m.name, x.id, x.\"table\", x.\"from\", x.\"to\", x.on_update, x.on_delete \
    FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) x WHERE m.type = 'table' ORDER BY m.rowid, x.id, x.seq";

impl Catalogue {
    pub(super) fn read(raw: &Connection) -> Result<Self> {
        let objects = raw.prepare(OBJECTS)?.query_map([], object)?.collect::<Result<Vec<_>>>()?;
        let mut columns_by_table = columns(raw, &objects, "table")?;
        columns_by_table.extend(columns(raw, &objects, "view")?);
        Ok(Catalogue {
            tables: grouped(raw, TABLES, &[], table)?
                .into_iter()
                .filter_map(|(name, mut rows)| rows.pop().map(|row| (name, row)))
                .collect(),
            columns: columns_by_table,
            indexes: grouped(raw, INDEXES, &[], index)?,
            parts: grouped(raw, PARTS, &[], part)?,
            foreign_keys: grouped(raw, FOREIGN_KEYS, &[], foreign_key)?,
            objects,
        })
    }
}

/// All tables (or views) at once; one by one if something is broken: a view that reads what is not there, a virtual table
/// whose module this program lacks. Those are left without columns.
fn columns(raw: &Connection, objects: &[Object], kind: &str) -> Result<HashMap<String, Vec<ColumnRow>>> {
    if let Ok(all) = grouped(raw, COLUMNS, &[Some(kind), None], column) {
        return Ok(all);
    }
    let mut out = HashMap::new();
    for object in objects.iter().filter(|object| object.kind == kind) {
        match grouped(raw, COLUMNS, &[Some(kind), Some(&object.name)], column) {
            Ok(one) => out.extend(one),
            Err(_) if kind == "view" || parse::table(&object.sql).using.is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(out)
}

/// Rows by their first column.
fn grouped<T>(
    raw: &Connection,
    sql: &str,
    params: &[Option<&str>],
    read: fn(&Row<'_>) -> Result<T>,
) -> Result<HashMap<String, Vec<T>>> {
    let mut out: HashMap<String, Vec<T>> = HashMap::new();
    let mut statement = raw.prepare(sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        let group = row.get_ref(0)?.as_str()?;
        let item = read(row)?;
        match out.get_mut(group) {
            Some(items) => items.push(item),
            None => drop(out.insert(group.to_string(), vec![item])),
        }
    }
    Ok(out)
}

fn object(row: &Row<'_>) -> Result<Object> {
    Ok(Object { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
}

fn table(row: &Row<'_>) -> Result<TableRow> {
    Ok(TableRow { kind: row.get(1)?, without_rowid: row.get(2)?, strict: row.get(3)? })
}

fn column(row: &Row<'_>) -> Result<ColumnRow> {
    Ok(ColumnRow {
        name: row.get(1)?,
        declared: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        not_null: row.get(3)?,
        default: row.get(4)?,
        key: row.get(5)?,
        hidden: row.get(6)?,
    })
}

fn index(row: &Row<'_>) -> Result<IndexRow> {
    Ok(IndexRow { name: row.get(1)?, unique: row.get(2)?, origin: row.get(3)? })
}

fn part(row: &Row<'_>) -> Result<PartRow> {
    Ok(PartRow {
        column: row.get(2)?,
        descending: row.get(3)?,
        collation: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
    })
}

fn foreign_key(row: &Row<'_>) -> Result<ForeignKeyRow> {
    Ok(ForeignKeyRow {
        id: row.get(1)?,
        table: row.get(2)?,
        from: row.get(3)?,
        to: row.get(4)?,
        on_update: row.get(5)?,
        on_delete: row.get(6)?,
    })
}
