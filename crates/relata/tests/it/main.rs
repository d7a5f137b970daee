//! The facade, used as an application uses it, on every database.

#![allow(clippy::unwrap_used)]

mod answers;
mod cancelled;
mod compile_fail;
mod computed;
mod constructs;
mod counted;
mod design;
mod forum;
mod functions;
mod integrity;
mod joins;
mod keys;
mod loading;
mod matrix;
mod memory;
mod midway;
mod model;
mod nested;
mod observed;
mod pages;
mod plans;
mod polymorphic;
mod pool;
mod programs;
mod queries;
mod real;
mod relations;
mod rows;
mod rustc;
mod searches;
mod serialised;
mod services;
mod setup;
mod signatures;
mod soft_delete;
mod tables;
mod transactions;
mod trees;
mod types;
mod validation;
mod wide;
mod writes;
mod written;
