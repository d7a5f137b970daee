//! The sizes of tables, from what the server has gathered.

use relata_schema::statistics::TableStatistics;
use relata_sql::driver::{Connection, StatisticsRows};
use relata_sql::{Result, Statement};

use crate::exec::PostgresConnection;

/// An estimate is there once the table has been vacuumed or analysed; before that, what has been inserted and deleted
/// since the server began to count; an empty file has no rows.
const TABLES: &str = "\
SELECT n.nspname::text, c.relname::text,
    CASE WHEN c.reltuples > 0 OR c.reltuples = 0 AND c.relpages > 0 THEN c.reltuples::int8
        WHEN pg_catalog.pg_relation_size(c.oid) = 0 THEN 0
        ELSE nullif(pg_catalog.pg_stat_get_live_tuples(c.oid), 0) END,
    pg_catalog.pg_table_size(c.oid)::int8, pg_catalog.pg_indexes_size(c.oid)::int8
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// Reads the sizes of every table and materialized view.
pub(crate) async fn read(connection: &mut PostgresConnection) -> Result<Vec<TableStatistics>> {
    let mut rows = StatisticsRows::default();
    connection.query(Statement::once(TABLES, &[]), &mut rows).await?;
    Ok(rows.tables)
}
