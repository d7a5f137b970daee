//! Values, rows, statements, the driver contract and the one error of relata.
//!
//! - [`value`]: what goes in as a parameter; [`cell`]: what comes out of a row, borrowed from the driver's buffer.
//! - [`driver`]: the contract between the engine and a client library, in prose.
//! - [`error`]: the one [`Error`].
//! - [`url`]: where a database is.

pub mod cell;
pub mod driver;
pub mod error;
pub mod url;
pub mod value;

pub use cell::{Cell, Decode};
pub use driver::{Answer, Connection, Driver, Row, RowSink, Statement};
pub use error::{Error, Kind, Result};
pub use url::DatabaseUrl;
pub use value::{Encode, Interval, Value};
