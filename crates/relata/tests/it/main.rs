//! The facade, used as an application uses it, on every database.

#![allow(clippy::unwrap_used)]

mod compile_fail;
mod design;
mod forum;
mod functions;
mod integrity;
mod joins;
mod loading;
mod model;
mod nested;
mod observed;
mod pages;
mod plans;
mod polymorphic;
mod pool;
mod queries;
mod relations;
mod searches;
mod services;
mod setup;
mod soft_delete;
mod tables;
mod transactions;
mod trees;
mod validation;
mod wide;
mod writes;
mod written;
