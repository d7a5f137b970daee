//! The command as people and programs meet it: the real binary, its two streams and its exit code.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod branches;
mod command;
mod config;
mod demo;
mod diff;
mod entities;
mod errors;
mod health;
mod help;
mod identity;
mod inspect;
mod killed;
mod lint;
mod migrate;
mod migrate_new;
mod migrate_team;
mod proof;
mod query;
mod renames;
mod shadow;
