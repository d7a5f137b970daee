//! The sizes of tables, from what InnoDB has sampled.

use relata_schema::statistics::TableStatistics;
use relata_sql::driver::{Connection, StatisticsRows};
use relata_sql::{Result, Statement};

use crate::exec::MysqlConnection;

const TABLES: &str = "\
SELECT '', table_name, CAST(table_rows AS SIGNED), CAST(data_length AS SIGNED), CAST(index_length AS SIGNED)
FROM information_schema.tables WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')";

/// Reads the sizes of every table of the database.
pub(crate) async fn read(connection: &mut MysqlConnection) -> Result<Vec<TableStatistics>> {
    let mut rows = StatisticsRows::default();
    connection.query(Statement::once(TABLES, &[]), &mut rows).await?;
    Ok(rows.tables)
}
