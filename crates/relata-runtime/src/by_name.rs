//! Rows of SQL of one's own as entities and structs: columns are found by name, in whatever order the query gives them.

use relata_sql::driver::{ColumnInfo, Row, RowSink};
use relata_sql::row::RowNames;
use relata_sql::{Cell, Error, Kind, Result};

/// Puts the columns of each row into the order in which they are read.
pub(crate) struct ByName<S> {
    pub(crate) sink: S,
    /// `None`: the columns are taken as they come.
    names: Option<RowNames>,
    /// Where each field's column is; empty where they come in order.
    positions: Vec<usize>,
}

impl<S> ByName<S> {
    pub(crate) fn new(names: Option<RowNames>, sink: S) -> Self {
        ByName { sink, names, positions: Vec::new() }
    }
}

impl<S: RowSink> RowSink for ByName<S> {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        let Some(names) = self.names else { return Ok(()) };
        self.positions = positions(names, columns)?;
        if self.positions.iter().enumerate().all(|(field, at)| field == *at) {
            self.positions.clear();
        }
        Ok(())
    }

    fn wants_columns(&self) -> bool {
        self.names.is_some()
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        if self.positions.is_empty() {
            return self.sink.row(row);
        }
        self.sink.row(&mut Reordered { row, positions: &self.positions })
    }
}

fn positions(names: RowNames, columns: &[ColumnInfo]) -> Result<Vec<usize>> {
    let wanted = names.columns().into_iter();
    wanted
        .map(|wanted| {
            let mut found = columns.iter().enumerate().filter(|(_, column)| column.name == wanted);
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Ok(at),
                (None, _) => Err(missing(names, wanted, columns)),
                (Some(_), Some(_)) => {
                    let message = format!("the query gives several columns {wanted}, and {} needs one", names.of());
                    Err(Error::new(Kind::Decode, message).column(wanted).hint("name the columns that it shall give"))
                }
            }
        })
        .collect()
}

fn missing(names: RowNames, wanted: &str, columns: &[ColumnInfo]) -> Error {
    let given: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let message =
        format!("the query gives no column {wanted}, which {} needs: it gives {}", names.of(), given.join(", "));
    Error::new(Kind::Decode, message).column(wanted).hint(match names {
        RowNames::Entity(_) => "select every column of the entity, or read a tuple of some".to_string(),
        RowNames::Struct(..) => {
            format!("call a column so (`AS {wanted}`), or say what it is called: `#[column(\"…\")]`")
        }
    })
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
