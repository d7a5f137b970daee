//! The catalogue into a [`Schema`].

use relata_schema::{Dialect, Schema};
use relata_sql::driver::IntrospectOptions;
use tokio_postgres::{Client, Error};

/// Reads the schema.
pub(crate) async fn read(_: &Client, _: u32, _: bool, _: &IntrospectOptions) -> Result<Schema, Error> {
    Ok(Schema::new(Dialect::Postgres))
}
