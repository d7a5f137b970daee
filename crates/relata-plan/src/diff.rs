//! What differs between two schemas.

use relata_schema::Schema;
use relata_schema::change::Change;

/// Every difference, in no particular order.
pub fn diff(_from: &Schema, _to: &Schema) -> Vec<Change> {
    Vec::new()
}
