//! Many rows at once: a plain insert for one row, `unnest` of one array per column for some, `COPY` for many.
//!
//! Each of them is one statement, so all rows come or none. Binary `COPY` is used when every value has a binary form
//! for its column; otherwise the text format, where the server reads every spelling it knows.

use bytes::{BufMut, BytesMut};
use relata_schema::Dialect;
use relata_sql::driver::{BulkInsert, Statement};
use relata_sql::{Error, Kind, Result, Value};
use tokio_postgres::types::{Kind as TypeKind, Type};

use super::PostgresConnection;
use crate::errors::Refused;
use crate::message;
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
        let column = |index| Parameter::Column { values, index, width };
        let result = match self.start_with(&Statement::new(sql, &[]), (0..width).map(column)).await {
            Ok(_) => self.read_out(None).await,
            Err(failure) => Err(failure),
        };
        self.ended(result, sql)
    }

    async fn column_types(&mut self, table: &str, columns: &str) -> Result<Vec<Type>> {
        self.settle().await?;
        let sql = format!("SELECT {columns} FROM {table}");
        let result = self.prepare(&sql, true).await;
        let (prepared, _) = self.ended(result, &sql)?;
        Ok(prepared.columns.iter().map(|column| column.ty.clone()).collect())
    }

    async fn copy(&mut self, table: &str, columns: &str, types: &[Type], values: &[Value]) -> Result<u64> {
        let binary =
            values.chunks(types.len()).all(|row| row.iter().zip(types).all(|(value, ty)| is_binary(value, ty)));
        let format = if binary { " WITH (FORMAT binary)" } else { "" };
        let sql = format!("COPY {table} ({columns}) FROM STDIN{format}");
        self.settle().await?;
        // A server that refuses the statement takes no notice of the rows, so nobody waits for its consent.
        self.line.send(1, |out| message::query(&sql, out))?;
        self.line.copying();
        let written = self.copy_rows(types, values, binary).await;
        let refused = match written {
            Ok(()) => {
                self.line.end_copy(true);
                None
            }
            Err(Refused(message)) => {
                self.line.end_copy(false);
                Some(Error::new(Kind::InvalidValue, message).sql(sql.as_str()))
            }
        };
        let result = self.read_script(true).await;
        match refused {
            Some(error) => Err(error),
            None => self.ended(result, &sql),
        }
    }

    /// Sends the rows, unless the server has something to say against them.
    async fn copy_rows(&mut self, types: &[Type], values: &[Value], binary: bool) -> std::result::Result<(), Refused> {
        let mut rows = values.chunks(types.len());
        let mut head = binary;
        loop {
            let mut more = true;
            self.line.send(0, |out| {
                let full = out.len() + PORTION;
                message::copy_data(out, |out| {
                    if std::mem::take(&mut head) {
                        out.put_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
                    }
                    while out.len() < full {
                        match rows.next() {
                            Some(row) if binary => binary_row(row, types, out)?,
                            Some(row) => text_row(row, types, out),
                            None => {
                                more = false;
                                break;
                            }
                        }
                    }
                    if !more && binary {
                        out.put_i16(-1);
                    }
                    Ok(())
                })
            })?;
            // What went wrong is read with the answer.
            if !more || !matches!(self.line.flush().await, Ok(false)) {
                return Ok(());
            }
        }
    }
}

fn binary_row(row: &[Value], types: &[Type], out: &mut BytesMut) -> std::result::Result<(), Refused> {
    out.put_i16(row.len() as i16);
    row.iter().zip(types).try_for_each(|(value, ty)| field(value, ty, out))
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
