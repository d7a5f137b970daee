//! Rows of SQL of one's own as entities: columns are found by name, in whatever order the query gives them.

use relata_sql::driver::{ColumnInfo, Row, RowSink};
use relata_sql::meta::TableMeta;
use relata_sql::{Cell, Error, Kind, Result};

/// Puts the columns of each row into the order in which the entity is decoded.
pub(crate) struct ByName<S> {
    pub(crate) sink: S,
    /// `None`: the columns are taken as they come.
    table: Option<&'static TableMeta>,
    /// Where each field's column is; empty where they come in order.
    positions: Vec<usize>,
}

impl<S> ByName<S> {
    pub(crate) fn new(table: Option<&'static TableMeta>, sink: S) -> Self {
        ByName { sink, table, positions: Vec::new() }
    }
}

impl<S: RowSink> RowSink for ByName<S> {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        let Some(table) = self.table else { return Ok(()) };
        self.positions = positions(table, columns)?;
        if self.positions.iter().enumerate().all(|(field, at)| field == *at) {
            self.positions.clear();
        }
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        self.table.is_some()
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        if self.positions.is_empty() {
            return self.sink.row(row);
        }
        self.sink.row(&mut Reordered { row, positions: &self.positions })
    }
}

fn positions(table: &'static TableMeta, columns: &[ColumnInfo]) -> Result<Vec<usize>> {
    let fields = table.columns[..table.selected].iter();
    fields
        .map(|meta| {
            let mut found = columns.iter().enumerate().filter(|(_, column)| column.name == meta.column);
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Ok(at),
                (None, _) => Err(missing(table, meta.column, columns)),
                (Some(_), Some(_)) => {
                    let message =
                        format!("the query gives several columns {}, and {} needs one", meta.column, table.entity);
                    Err(Error::new(Kind::Decode, message)
                        .column(meta.column)
                        .hint("name the columns that it shall give"))
                }
            }
        })
        .collect()
}

fn missing(table: &TableMeta, wanted: &str, columns: &[ColumnInfo]) -> Error {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let message =
        format!("the query gives no column {wanted}, which {} needs: it gives {}", table.entity, names.join(", "));
    Error::new(Kind::Decode, message).column(wanted).hint("select every column of the entity, or read a tuple of some")
}

struct Reordered<'r> {
    row: &'r mut dyn Row,
    positions: &'r [usize],
}

impl Row for Reordered<'_> {
    fn len(&self) -> usize {
        self.positions.len()
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>> {
        self.row.cell(self.positions.get(index).copied().unwrap_or(usize::MAX))
    }

    fn take(&mut self, index: usize) -> Result<Cell<'_>> {
        self.row.take(self.positions.get(index).copied().unwrap_or(usize::MAX))
    }
}
