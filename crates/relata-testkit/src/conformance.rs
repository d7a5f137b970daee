//! The driver contract as named cases, written once, run for every driver.
//!
//! Each [`Case`] holds a connection to one promise of [`relata_sql::driver`]. It gets an empty database of its own and
//! panics if the promise is broken. Whoever writes a driver runs the same cases:
//!
//! ```no_run
//! use relata_testkit::conformance::{CASES, Suite};
//! # fn my_driver() -> &'static dyn relata_sql::driver::Driver { relata_testkit::driver(relata_schema::Dialect::Sqlite) }
//! # async fn url_of_an_empty_database() -> relata_sql::DatabaseUrl { relata_sql::DatabaseUrl::sqlite_memory() }
//!
//! # async fn run() {
//! for case in CASES { // an embedded database leaves out those that need a server
//!     println!("{}: {}", case.name, case.promise);
//!     case.run(&Suite::new(my_driver(), url_of_an_empty_database().await)).await;
//! }
//! # }
//! ```
//!
//! What is not covered: encrypted connections and passwords (the test servers trust everyone), and speed (`bench/`).

mod connecting;
mod errors;
mod failure;
mod statements;
mod streams;
mod suite;
mod transactions;
mod values;

use relata_schema::Dialect;
use relata_sql::driver::BoxFuture;

pub use suite::Suite;

use crate::database::{TestDatabase, block_on};

/// One promise and the code that checks it.
pub struct Case {
    /// Its name, that of the test.
    pub name: &'static str,
    /// The promise in words.
    pub promise: &'static str,
    /// It is about processes and wires, which an embedded database does not have.
    pub needs_server: bool,
    check: for<'a> fn(&'a Suite<'a>) -> BoxFuture<'a, ()>,
}

impl Case {
    /// Checks the promise.
    ///
    /// # Panics
    /// When it is broken.
    pub async fn run(&self, suite: &Suite<'_>) {
        (self.check)(suite).await;
    }
}

/// Runs one case with relata's own driver on a database of its own. What [`conformance_tests!`] calls.
///
/// # Panics
/// When the promise is broken, or there is no case of this name.
pub fn check(dialect: Dialect, name: &str) {
    let Some(case) = CASES.iter().find(|case| case.name == name) else { panic!("there is no case {name}") };
    block_on(async {
        let database = TestDatabase::create(dialect).await;
        case.run(&Suite::new(database.driver(), database.url().clone())).await;
    });
}

macro_rules! cases {
    (($d:tt)
     everywhere { $($(#[doc = $promise:literal])+ $module:ident::$name:ident,)* }
     servers { $($(#[doc = $server_promise:literal])+ $server_module:ident::$server_name:ident,)* }
    ) => {
        /// Every case.
        pub const CASES: &[Case] = &[
            $(Case {
                name: stringify!($name),
                promise: concat!($($promise),+),
                needs_server: false,
                check: |suite| Box::pin($module::$name(suite)),
            },)*
            $(Case {
                name: stringify!($server_name),
                promise: concat!($($server_promise),+),
                needs_server: true,
                check: |suite| Box::pin($server_module::$server_name(suite)),
            },)*
        ];

        /// Makes a `#[test]` of each conformance case for a dialect of relata's own drivers; after the word `server`, of
        /// those that only a database with a server can break.
        ///
        /// ```
        /// mod sqlite {
        ///     relata_testkit::conformance_tests!(relata_schema::Dialect::Sqlite);
        /// }
        /// mod postgres {
        ///     relata_testkit::conformance_tests!(relata_schema::Dialect::Postgres);
        ///     relata_testkit::conformance_tests!(server relata_schema::Dialect::Postgres);
        /// }
        /// ```
        #[macro_export]
        macro_rules! conformance_tests {
            (server $d dialect:expr) => {
                $(#[test]
                fn $server_name() {
                    $crate::conformance::check($d dialect, stringify!($server_name));
                })*
            };
            ($d dialect:expr) => {
                $(#[test]
                fn $name() {
                    $crate::conformance::check($d dialect, stringify!($name));
                })*
            };
        }
    };
}

cases! { ($)
    everywhere {
        /// A connection says what server it is on.
        connecting::tells_its_server,
        /// A database is created once, refuses to be created twice, and is gone after it was dropped, with its connections.
        connecting::creates_and_drops_databases,
        /// A database that does not exist is told apart from a server that does not answer.
        connecting::missing_database,
        /// What answers but is no database is a Protocol error.
        connecting::not_a_database_server,
        /// Booleans go there and back.
        values::booleans,
        /// Whole numbers up to the limits of 64 bits.
        values::whole_numbers,
        /// A number outside its column is refused, not cut.
        values::numbers_out_of_range,
        /// Floating-point numbers, exactly.
        values::floats,
        /// Decimals, exactly.
        values::decimals,
        /// Text: empty, quotes, Unicode, one megabyte.
        values::texts,
        /// Bytes: empty, all values, one megabyte.
        values::bytes,
        /// UUIDs.
        values::uuids,
        /// Dates, times and date-times to the microsecond.
        values::dates_and_times,
        /// Instants, independent of any session time zone.
        values::instants,
        /// Intervals, or a refusal that says so.
        values::intervals,
        /// JSON documents.
        values::json,
        /// Arrays, or a refusal that says so.
        values::arrays,
        /// NULL in columns of every type.
        values::nulls,
        /// What no variant can hold travels as text, both ways.
        values::beyond_the_variants,
        /// The typeless parameter: text is accepted for every type.
        values::text_for_every_type,
        /// Rows affected are counted as matched; the key that was made is told.
        statements::counts_what_it_did,
        /// Names and order of columns, also without rows, and only if wanted.
        statements::describes_columns,
        /// Identifiers with quotes, spaces, capitals, reserved and Unicode words.
        statements::quoted_identifiers,
        /// Rows with a hundred columns arrive by position.
        statements::wide_rows,
        /// A wrong number of parameters is refused before anything is done.
        statements::wrong_number_of_parameters,
        /// A cached statement is prepared once, also with a hundred others in between.
        statements::prepares_once,
        /// No more statements are kept than the options say.
        statements::cache_is_bounded,
        /// A cached statement survives a change of its table.
        statements::cache_follows_the_schema,
        /// A batch runs every statement of a script, and stops at the first failure.
        statements::batches,
        /// A script may hold semicolons in strings, comments and bodies.
        statements::batch_with_bodies,
        /// SQLite's database is copied into a file and put back from it; servers say that they have no such thing.
        statements::a_database_is_a_file,
        /// Violated constraints are told by kind, with what the server names, and without the value.
        errors::violated_constraints,
        /// Wrong SQL is told by kind; the connection is as good as before.
        errors::wrong_sql,
        /// Values that do not fit are InvalidValue.
        errors::values_that_do_not_fit,
        /// No error repeats a parameter.
        errors::parameters_stay_secret,
        /// A sink that fails stops the statement; its error comes back and the connection stays usable.
        streams::sink_error,
        /// A cell that is taken is the cell, and what is read in its place afterwards is no other value.
        streams::cells_taken,
        /// Queries that do not depend on each other give their rows to their own sinks; the first failure is told, and the
        /// connection stays usable.
        streams::independent_queries,
        /// A cursor gives its rows in portions, in order, and says when there are no more.
        streams::cursor_portions,
        /// A cursor that is dropped half-way leaves the connection usable.
        streams::cursor_dropped,
        /// No row, one row, ten thousand rows are inserted in bulk.
        streams::bulk_insert,
        /// A bulk insert that fails inserts nothing, at any size.
        streams::bulk_insert_is_atomic,
        /// A bulk insert takes part in an open transaction.
        streams::bulk_insert_in_a_transaction,
        /// Every kind of value can be inserted in bulk, by either way a driver has for it.
        streams::bulk_insert_of_every_kind,
        /// More than buffers on the way hold comes whole, or not at all.
        streams::bulk_insert_beyond_buffers,
        /// Begin, commit and roll back; `in_transaction` says what the server says.
        transactions::begin_commit_rollback,
        /// A transaction that only reads refuses to write.
        transactions::read_only,
        /// Each isolation can be asked for.
        transactions::isolation_levels,
        /// What is not committed is not seen by others.
        transactions::isolated_from_others,
        /// A failed statement inside a transaction leaves it open until it is rolled back.
        transactions::failed_statement,
        /// Savepoints nest.
        transactions::savepoints,
        /// Reset gives the next borrower a clean connection.
        transactions::reset,
        /// Two writers that cannot both be right: one is told to run again.
        transactions::conflicting_writers,
        /// A lock that is not given in time is LockTimeout.
        transactions::lock_timeout,
        /// An SQL error never breaks a connection.
        failure::sql_errors_do_not_break,
        /// A query that was dropped at any await leaves a connection that is clean, or broken.
        failure::dropped_query,
        /// A write that was dropped at any await happened once or not at all, and leaves no transaction open.
        failure::dropped_write,
        /// A begin that was dropped at any await leaves a connection that reset makes clean, or that is broken.
        failure::dropped_begin,
        /// Ping and close.
        failure::ping_and_close,
    }
    servers {
        /// A port that nobody listens on is Unreachable, named, at once.
        connecting::nobody_listens,
        /// A server that accepts and says nothing runs into the deadline of connecting.
        connecting::silent_server,
        /// A wrong password is Authentication and is not repeated in the message.
        connecting::wrong_password,
        /// Two transactions that wait for each other: one is the victim, the other goes on.
        transactions::deadlock,
        /// A connection killed by the server is broken, and says so.
        failure::killed_connection,
        /// A long statement is given up at once when its future is dropped.
        failure::dropped_long_statement,
    }
}
