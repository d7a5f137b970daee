//! The schema of a database.

use relata_schema::Schema;
use relata_sql::Result;
use relata_sql::driver::IntrospectOptions;

use crate::exec::MysqlConnection;

/// Reads the schema of the current database.
pub(crate) async fn introspect(_connection: &mut MysqlConnection, _options: &IntrospectOptions) -> Result<Schema> {
    Ok(Schema::new(relata_schema::Dialect::Mysql))
}
