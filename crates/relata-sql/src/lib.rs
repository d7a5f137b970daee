//! Values, rows, statements, the driver contract and the one error of relata.
//!
//! - [`value`]: what goes in as a parameter; [`cell`]: what comes out of a row, borrowed from the driver's buffer.
//! - [`driver`]: the contract between the engine and a client library, in prose.
//! - [`error`]: the one [`Error`].
//! - [`meta`]: what the engine knows of an entity; [`typed`]: expressions as people write them; [`expr`]: as data;
//!   [`tree`]: whole statements; [`render`]: their SQL in each dialect.
//! - [`exact`]: numbers that SQLite would change.
//! - [`template`]: functions as each database writes them.
//! - [`url`]: where a database is.

#[cfg(any(feature = "chrono", feature = "time"))]
mod calendar;
pub mod cell;
pub mod deep;
pub mod driver;
pub mod error;
pub mod exact;
pub mod expr;
pub mod id;
pub mod keyset;
pub mod meta;
pub mod render;
pub mod row;
#[cfg(all(unix, feature = "socket"))]
pub mod socket;
pub mod template;
#[cfg(feature = "tls")]
pub mod tls;
pub mod tree;
pub mod typed;
pub mod url;
pub mod value;
#[doc(hidden)]
pub mod words;

pub use cell::{Cell, Decode};
pub use driver::{Answer, Connection, Driver, Row, RowSink, Statement};
pub use error::{Error, Kind, Result};
pub use id::Id;
pub use row::FromRow;
pub use url::DatabaseUrl;
pub use value::{Encode, Interval, Value};
