//! Between relata's values and PostgreSQL's wire formats.
//!
//! - [`encode`]: a [`relata_sql::Value`] as the parameter type that the server inferred. What has no exact binary form
//!   for that type travels as text, so a text value is accepted for every type.
//! - [`decode`]: a cell straight from the row buffer, by a [`Decoder`] that is computed once per statement.
//! - [`render`]: binary forms of types that relata has no variant for, in the server's own text spelling.
//! - [`text`]: values in the text format of parameters and `COPY`.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod numeric;
pub(crate) mod render;
pub(crate) mod text;

pub(crate) use decode::{Decoder, PgRow};
pub(crate) use encode::Parameter;

/// Where PostgreSQL's clock starts. Dates count from here and not by way of an instant: an instant ends a day before
/// the last date that there is.
pub(crate) const EPOCH: jiff::civil::DateTime = jiff::civil::DateTime::constant(2000, 1, 1, 0, 0, 0, 0);

/// Seconds from 1970 to 2000, where PostgreSQL's clock starts.
pub(crate) const EPOCH_SECONDS: i64 = 946_684_800;

/// Days from 1970 to 2000.
pub(crate) const EPOCH_DAYS: i64 = 10_957;
