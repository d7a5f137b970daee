//! The sizes of tables: counted, as SQLite keeps no estimates unless `ANALYZE` was run.

use relata_schema::Dialect;
use relata_schema::statistics::TableStatistics;
use relata_sql::driver::{Connection, StatisticsRows};
use relata_sql::{Result, Statement};

use crate::exec::SqliteConnection;

/// Every table with the bytes of its pages and those of its indexes.
const TABLES: &str = "\
WITH pages AS (SELECT name, sum(pgsize) AS bytes FROM dbstat WHERE aggregate = TRUE GROUP BY name)
SELECT '', t.name, NULL, coalesce((SELECT bytes FROM pages p WHERE p.name = t.name), 0),
    coalesce((SELECT sum(p.bytes) FROM sqlite_master i JOIN pages p ON p.name = i.name
              WHERE i.type = 'index' AND i.tbl_name = t.name), 0)
FROM sqlite_master t WHERE t.type = 'table' AND t.rootpage > 0 AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Reads the sizes of every table; each is counted, which reads its smallest index.
pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<Vec<TableStatistics>> {
    let mut rows = StatisticsRows::default();
    connection.query(Statement::once(TABLES, &[]), &mut rows).await?;
    for table in &mut rows.tables {
        let mut counted = StatisticsRows { exact: true, ..StatisticsRows::default() };
        let name = Dialect::Sqlite.quote(&table.name.name);
        let sql = format!("SELECT '', '', count(*), 0, 0 FROM {name}");
        connection.query(Statement::once(&sql, &[]), &mut counted).await?;
        table.rows = counted.tables.first().and_then(|counted| counted.rows);
        table.exact = table.rows.is_some();
    }
    Ok(rows.tables)
}
