//! Rows of a driver's question about sizes, as statistics.

use relata_schema::model::ObjectName;
use relata_schema::statistics::TableStatistics;

use super::{Row, RowSink};
use crate::{Cell, Result};

/// Takes rows of: namespace, name, rows (NULL: not known), bytes, bytes of indexes.
#[derive(Debug, Default)]
pub struct StatisticsRows {
    /// The tables.
    pub tables: Vec<TableStatistics>,
    /// The rows were counted rather than estimated.
    pub exact: bool,
}

impl RowSink for StatisticsRows {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        let text = |index| Ok(if let Cell::Text(text) = row.cell(index)? { text.to_string() } else { String::new() });
        let (namespace, name): (Result<String>, Result<String>) = (text(0), text(1));
        let rows = number(row.cell(2)?);
        self.tables.push(TableStatistics {
            name: ObjectName::new(namespace?, name?),
            rows,
            exact: self.exact && rows.is_some(),
            bytes: number(row.cell(3)?).unwrap_or(0),
            index_bytes: number(row.cell(4)?).unwrap_or(0),
        });
        Ok(())
    }
}

fn number(cell: Cell<'_>) -> Option<u64> {
    match cell {
        Cell::Int(number) => u64::try_from(number).ok(),
        Cell::UInt(number) => Some(number),
        _ => None,
    }
}
