//! `relata demo`: the whole way on a real database, step by step, with what really happens at each.
//!
//! Invariants
//! - Nothing shown is prepared: schemas are read, code is generated, queries run, plans are planned, proofs are made.
//!   The source of a query that is shown is the source that was compiled, and the one that is left behind.
//! - Only the working folder is written to, and never over something that is there unless `--force` is given.
//! - It ends with a project that works: `cargo run` in the folder, `relata migrate status` says it is up to date.

pub mod asking;
pub mod database;
pub mod declaration;
pub mod entities;
pub mod evolution;
pub mod folder;
pub mod queries;
pub mod stage;

/// The source of the queries that are shown.
pub const QUERIES: &str = include_str!("demo/queries.rs");

/// What a person might want next of this shop.
const REVIEW: &str = include_str!("demo/review.rs.txt");
