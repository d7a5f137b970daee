//! How changes are made on postgres.

use relata_schema::change::{Change, Step};
use relata_schema::{Diagnostic, Schema};

use crate::PlanOptions;

/// The steps for `changes`, in an order that works.
pub(super) fn emit(
    _from: &Schema,
    _to: &Schema,
    _changes: &[Change],
    _options: &PlanOptions,
) -> (Vec<Step>, Vec<Diagnostic>) {
    (Vec::new(), Vec::new())
}
