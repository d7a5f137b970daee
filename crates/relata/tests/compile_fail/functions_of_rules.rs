//! Functions of rules, conversions of scalars and junctions that do not fit: rustc points at what is written there.
//@ functions_of_rules.rs:22:20
//@ expected `i32`, found `&i32`
//@ functions_of_rules.rs:24:20
//@ cannot find function `missing` in this scope
//@ functions_of_rules.rs:26:20
//@ expected `Result<(), _>`, found `bool`
//@ functions_of_rules.rs:28:15
//@ `Money` cannot be a column
//@ `Email` cannot be read from a `std::string::String` and written as one
//@ write `impl TryFrom<std::string::String> for Email`, whose error can be printed, and `impl From<Email> for std::string::String`

use relata::prelude::*;

#[derive(Debug, Clone)]
pub struct Money(i64);

#[derive(Entity, Debug, Clone)]
pub struct Booking {
    #[id]
    pub id: Id<Booking>,
    #[check(custom(even))]
    pub seats: i32,
    #[check(custom(missing))]
    pub rows: i32,
    #[check(custom(positive))]
    pub places: i32,
    pub fare: Money,
}

fn even(_: i32) -> Result<(), String> {
    Ok(())
}

fn positive(value: &i32) -> bool {
    *value > 0
}

#[derive(Scalar, Debug, Clone)]
#[scalar(try_from)]
pub struct Email(String);

fn main() {}
