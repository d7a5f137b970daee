//! Many rows at once: a plain insert for one row, `unnest` of one array per column for some, `COPY` for many.
//!
//! Each of them is one statement, so all rows come or none. Binary `COPY` is used when every value has a binary form
//! for its column; otherwise the text format, where the server reads every spelling it knows.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use relata_schema::Dialect;
use relata_sql::driver::{BulkInsert, Statement};
use relata_sql::{Error, Kind, Result, Value};
use tokio_postgres::types::{Kind as TypeKind, Type};

use super::PostgresConnection;
use crate::types::Parameter;
use crate::types::encode::{field, is_binary};
use crate::types::text::copy_field;

/// From this many rows on `COPY` is faster than `unnest`.
const COPY_FROM: usize = 1000;

/// Bytes collected before they go to the wire.
const PORTION: usize = 64 * 1024;

impl PostgresConnection {
    pub(super) async fn insert_rows(&mut self, insert: BulkInsert<'_>) -> Result<u64> {
        let width = insert.columns.len();
        if insert.whole_rows()? == 0 {
            return Ok(0);
        }
        let table = Dialect::Postgres.qualified(insert.table);
        let columns =
            insert.columns.iter().map(|column| Dialect::Postgres.ident(column)).collect::<Vec<_>>().join(", ");
        if insert.rows() == 1 {
            let places = (1..=width).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ");
            let sql = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
            return Ok(self.run(Statement::new(&sql, insert.values), None).await?.rows_affected);
        }
        let types = self.column_types(&table, &columns).await?;
        let nested = types.iter().any(|ty| matches!(ty.kind(), TypeKind::Array(_)));
        if insert.rows() >= COPY_FROM || nested {
            return self.copy(&table, &columns, &types, insert.values).await;
        }
        self.unnest(&unnest_sql(&table, &columns, &types), insert.values, width).await
    }

    /// Sends one array for each column, written straight from the rows.
    async fn unnest(&mut self, sql: &str, values: &[Value], width: usize) -> Result<u64> {
        self.settle().await?;
        self.running = true;
        let column = |index| Parameter::Column { values, index, width };
        let result = match self.start_with(&Statement::new(sql, &[]), (0..width).map(column)).await {
            Ok(mut running) => running.finish(None).await,
            Err(failure) => Err(failure),
        };
        Ok(self.ended(result, sql).await?.rows_affected)
    }

    async fn column_types(&mut self, table: &str, columns: &str) -> Result<Vec<Type>> {
        self.settle().await?;
        let sql = format!("SELECT {columns} FROM {table}");
        match self.prepare(&sql, true).await {
            Ok((prepared, _)) => Ok(prepared.statement.columns().iter().map(|column| column.type_().clone()).collect()),
            Err(error) => Err(self.failed(error, &sql).await),
        }
    }

    async fn copy(&mut self, table: &str, columns: &str, types: &[Type], values: &[Value]) -> Result<u64> {
        let binary =
            values.chunks(types.len()).all(|row| row.iter().zip(types).all(|(value, ty)| is_binary(value, ty)));
        let format = if binary { " WITH (FORMAT binary)" } else { "" };
        let sql = format!("COPY {table} ({columns}) FROM STDIN{format}");
        self.settle().await?;
        self.running = true;
        match self.copy_in(&sql, types, values, binary).await {
            Ok(rows) => {
                self.running = false;
                Ok(rows)
            }
            Err(CopyError::Server(error)) => Err(self.failed(error, &sql).await),
            // Dropping the sink made the server forget the rows.
            Err(CopyError::Value(message)) => Err(Error::new(Kind::InvalidValue, message).sql(sql)),
        }
    }

    async fn copy_in(
        &mut self,
        sql: &str,
        types: &[Type],
        values: &[Value],
        binary: bool,
    ) -> std::result::Result<u64, CopyError> {
        let sink = self.client.copy_in::<_, Bytes>(sql).await?;
        let mut sink = Box::pin(sink);
        let mut buffer = BytesMut::with_capacity(PORTION + 1024);
        if binary {
            buffer.put_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        }
        for row in values.chunks(types.len()) {
            if binary {
                binary_row(row, types, &mut buffer)?
            } else {
                text_row(row, types, &mut buffer)
            }
            if buffer.len() >= PORTION {
                sink.send(buffer.split().freeze()).await?;
            }
        }
        if binary {
            buffer.put_i16(-1);
        }
        sink.send(buffer.freeze()).await?;
        Ok(sink.as_mut().finish().await?)
    }
}

enum CopyError {
    Server(tokio_postgres::Error),
    Value(String),
}

impl From<tokio_postgres::Error> for CopyError {
    fn from(error: tokio_postgres::Error) -> Self {
        CopyError::Server(error)
    }
}

fn binary_row(row: &[Value], types: &[Type], out: &mut BytesMut) -> std::result::Result<(), CopyError> {
    out.put_i16(row.len() as i16);
    for (value, ty) in row.iter().zip(types) {
        field(value, ty, out).map_err(|error| CopyError::Value(error.to_string()))?;
    }
    Ok(())
}

fn text_row(row: &[Value], types: &[Type], out: &mut BytesMut) {
    let mut line = Vec::new();
    for (index, (value, ty)) in row.iter().zip(types).enumerate() {
        if index > 0 {
            line.push(b'\t');
        }
        copy_field(value, ty, &mut line);
    }
    line.push(b'\n');
    out.put_slice(&line);
}

/// One array per column: the same text for any number of rows, so that it stays prepared.
fn unnest_sql(table: &str, columns: &str, types: &[Type]) -> String {
    let quote = |name: &str| Dialect::Postgres.quote(name);
    let array = |(index, ty): (usize, &Type)| format!("${}::{}.{}[]", index + 1, quote(ty.schema()), quote(ty.name()));
    let arrays = types.iter().enumerate().map(array).collect::<Vec<_>>().join(", ");
    format!("INSERT INTO {table} ({columns}) SELECT * FROM unnest({arrays})")
}
