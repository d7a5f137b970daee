//! Many rows at once: a plain insert for one row, one array per column that `unnest` takes apart for some, `COPY` for
//! many.
//!
//! Each of them is one statement, so all rows come or none. Binary `COPY` is used when every value has a binary form
//! for its column; otherwise the text format, where the server reads every spelling it knows.
//!
//! What a table's columns are is asked once for each connection and kept ([`Shapes`]), with the texts of the statements. It is asked
//! anew before a `COPY`, before values that the known types would change, and after whatever the server refuses.

use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::driver::{Answer, BulkInsert, Statement};
use relata_sql::{Error, Kind, Result, Value};
use tokio_postgres::types::{Kind as TypeKind, Type};

use super::{PostgresConnection, answer};
use crate::errors::{self, Refused};
use crate::message;
use crate::types::Parameter;
use crate::types::encode::{field, is_binary, loses, refuse_nonsense};
use crate::types::text::copy_field;

/// From this many rows on `COPY` is faster than `unnest`.
const COPY_FROM: usize = 1000;

/// Bytes collected before they go to the wire.
const PORTION: usize = 64 * 1024;

/// So many tables are remembered with the columns that rows are inserted into.
const MOST_SHAPES: usize = 32;

/// A table and the columns that rows are inserted into.
struct Shape {
    table: ObjectName,
    columns: Vec<String>,
    /// `table (columns)`, as the statements have it.
    into: String,
    /// The insert of one row.
    one: Arc<str>,
    /// What several rows need to be known.
    many: Option<Arc<Many>>,
}

/// How several rows are inserted.
struct Many {
    types: Vec<Type>,
    /// The insert from one array per column; the same text for any number of rows, so that it stays prepared. `None`:
    /// columns are arrays themselves, which `unnest` would take apart to their elements, or of a type whose arrays are written otherwise.
    unnest: Option<String>,
    /// The types as they stand in a cast, where there is such an insert.
    casts: Option<Arc<[String]>>,
}

/// The shapes met lately, those used last at the end.
#[derive(Default)]
pub(super) struct Shapes(Vec<Shape>);

impl Shapes {
    fn of(&mut self, insert: &BulkInsert<'_>) -> &mut Shape {
        let shapes = &mut self.0;
        let known = shapes.iter().rposition(|shape| shape.columns == insert.columns && shape.table == *insert.table);
        match known {
            Some(place) if place + 1 == shapes.len() => {}
            Some(place) => shapes[place..].rotate_left(1),
            None => {
                if shapes.len() >= MOST_SHAPES {
                    shapes.remove(0);
                }
                shapes.push(Shape::new(insert));
            }
        }
        shapes.last_mut().expect("it was put there just now")
    }

    /// The columns may be others than they were.
    pub(super) fn forget(&mut self) {
        self.0.iter_mut().for_each(|shape| shape.many = None);
    }
}

impl Shape {
    /// Numbers that are given are taken, as by `COPY`, where the server else always makes them.
    fn new(insert: &BulkInsert<'_>) -> Self {
        let columns: Vec<_> = insert.columns.iter().map(|column| Dialect::Postgres.ident(column)).collect();
        let into = format!("{} ({})", Dialect::Postgres.qualified(insert.table), columns.join(", "));
        let places = (1..=columns.len()).map(|index| format!("${index}")).collect::<Vec<_>>().join(", ");
        let one = format!("INSERT INTO {into} OVERRIDING SYSTEM VALUE VALUES ({places})").into();
        let columns = insert.columns.iter().map(|column| (*column).to_string()).collect();
        Shape { table: insert.table.clone(), columns, into, one, many: None }
    }

    /// What is known, unless these values would be changed by it: then the columns have to be asked whether they still are so.
    fn known(&self, insert: &BulkInsert<'_>) -> Option<&Arc<Many>> {
        let many = self.many.as_ref()?;
        let rows = insert.values.chunks(many.types.len().max(1));
        let loses = rows.flat_map(|row| row.iter().zip(&many.types)).any(|(value, ty)| loses(value, ty));
        (!loses).then_some(many)
    }
}

/// The elements of its arrays are not parted by commas, and the protocol does not tell by what.
fn is_parted_otherwise(ty: &Type) -> bool {
    match ty.kind() {
        TypeKind::Domain(inner) => is_parted_otherwise(inner),
        _ => matches!(ty.name(), "box" | "geometry" | "geography" | "raster"),
    }
}

impl Many {
    fn new(into: &str, types: Vec<Type>) -> Self {
        let quote = |name: &str| Dialect::Postgres.quote(name);
        let cast = |ty: &Type| format!("{}.{}", quote(ty.schema()), quote(ty.name()));
        let nested = types.iter().any(|ty| matches!(ty.kind(), TypeKind::Array(_)) || is_parted_otherwise(ty));
        let casts: Option<Arc<[String]>> = (!nested).then(|| types.iter().map(cast).collect());
        let array = |(index, cast): (usize, &String)| format!("unnest(${}::{cast}[])", index + 1);
        let unnest = casts.as_ref().map(|casts| {
            // In the list and not in a FROM: the server makes row by row of them instead of a table of all, and leaves
            // rows that are values whole. The arrays are of one length.
            let arrays = casts.iter().enumerate().map(array).collect::<Vec<_>>().join(", ");
            format!("INSERT INTO {into} OVERRIDING SYSTEM VALUE SELECT {arrays}")
        });
        Many { types, unnest, casts }
    }
}

impl PostgresConnection {
    pub(super) async fn insert_rows(&mut self, insert: BulkInsert<'_>) -> Result<u64> {
        let rows = insert.whole_rows()?;
        if rows == 0 {
            return Ok(0);
        }
        if rows == 1 {
            let sql = self.shapes.of(&insert).one.clone();
            return Ok(self.run(Statement::new(&sql, insert.values), None).await?.rows_affected);
        }
        let known = self.shapes.of(&insert).many.is_some();
        let result = self.insert_many(insert).await;
        let Err(error) = &result else { return result };
        // The columns may be others than they were.
        self.shapes.of(&insert).many = None;
        let says_so = match &error.details().sqlstate {
            Some(code) => code.starts_with("42") || errors::may_be_stale(code),
            None => error.kind() == Kind::InvalidValue,
        };
        if known && says_so && !self.line.in_transaction() { self.insert_many(insert).await } else { result }
    }

    pub(super) fn types_for_arrays<'a>(&'a mut self, insert: BulkInsert<'a>) -> Answer<'a, Option<Arc<[String]>>> {
        if let Some(many) = self.shapes.of(&insert).known(&insert) {
            return Answer::ready(Ok(many.casts.clone()));
        }
        answer!(self.line, async move { Ok(self.many(&insert).await?.casts.clone()) })
    }

    async fn insert_many(&mut self, insert: BulkInsert<'_>) -> Result<u64> {
        if insert.rows() >= COPY_FROM {
            // The bytes of one type may be those of another, of which the server would say nothing.
            self.shapes.of(&insert).many = None;
        }
        let many = self.many(&insert).await?;
        match &many.unnest {
            Some(sql) if insert.rows() < COPY_FROM => self.unnest(sql, insert).await,
            _ => self.copy(&many.types, insert).await,
        }
    }

    /// Sends one array for each column, written straight from the rows.
    async fn unnest(&mut self, sql: &str, insert: BulkInsert<'_>) -> Result<u64> {
        self.settle().await?;
        let (values, width) = (insert.values, insert.columns.len());
        let column = |index| Parameter::Column { values, index, width };
        let result = match self.start_with(&Statement::new(sql, &[]), (0..width).map(column)).await {
            Ok(_) => self.read_out(None).await,
            Err(failure) => Err(failure),
        };
        self.ended(result, sql)
    }

    async fn many(&mut self, insert: &BulkInsert<'_>) -> Result<Arc<Many>> {
        if let Some(many) = self.shapes.of(insert).known(insert) {
            return Ok(many.clone());
        }
        let types = Box::pin(self.column_types(insert)).await?;
        let shape = self.shapes.of(insert);
        let many = Arc::new(Many::new(&shape.into, types));
        shape.many = Some(many.clone());
        Ok(many)
    }

    async fn column_types(&mut self, insert: &BulkInsert<'_>) -> Result<Vec<Type>> {
        self.settle().await?;
        let columns = insert.columns.iter().map(|column| Dialect::Postgres.ident(column)).collect::<Vec<_>>();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), Dialect::Postgres.qualified(insert.table));
        let result = self.prepare(&sql, false).await;
        let (prepared, _) = self.ended(result, &sql)?;
        Ok(prepared.columns.iter().map(|column| column.ty.clone()).collect())
    }

    async fn copy(&mut self, types: &[Type], insert: BulkInsert<'_>) -> Result<u64> {
        let values = insert.values;
        let binary =
            values.chunks(types.len()).all(|row| row.iter().zip(types).all(|(value, ty)| is_binary(value, ty)));
        let format = if binary { " WITH (FORMAT binary)" } else { "" };
        let sql = format!("COPY {} FROM STDIN{format}", self.shapes.of(&insert).into);
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
                            Some(row) => text_row(row, types, out)?,
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

fn text_row(row: &[Value], types: &[Type], out: &mut BytesMut) -> std::result::Result<(), Refused> {
    row.iter().zip(types).try_for_each(|(value, ty)| refuse_nonsense(value, ty))?;
    let mut line = Vec::new();
    for (index, (value, ty)) in row.iter().zip(types).enumerate() {
        if index > 0 {
            line.push(b'\t');
        }
        copy_field(value, ty, &mut line);
    }
    line.push(b'\n');
    out.put_slice(&line);
    Ok(())
}
