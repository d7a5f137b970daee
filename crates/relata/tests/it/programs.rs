//! Whole programs as an application would have them, on every database: their answers are held against SQL written by hand.

mod booking;
mod chat;
mod inventory;
mod queue;
mod reports;
mod shop;
mod spellings;
mod tenants;
