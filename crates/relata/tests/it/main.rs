//! The facade, used as an application uses it, on every database.

#![allow(clippy::unwrap_used)]

mod compile_fail;
mod design;
mod functions;
mod joins;
mod model;
mod observed;
mod pages;
mod pool;
mod queries;
mod relations;
mod searches;
mod setup;
mod tables;
mod transactions;
mod validation;
mod wide;
mod writes;
mod written;
