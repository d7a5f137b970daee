//! A struct that rows are read into, declared wrongly.
//@ `Pair` is no struct with named fields
//@ write `struct Name { field: Type, … }`; a tuple needs no derive: `sql::<(i64, String)>(…)`
//@ `Borrowed` has parameters
//@ a row is read into values that own what they hold: write their types
//@ `column` takes its value in parentheses
//@ write `#[column("title")]`

use relata::prelude::*;

#[derive(FromRow)]
struct Pair(i64, String);

#[derive(FromRow)]
struct Borrowed<'a> {
    title: &'a str,
}

#[derive(FromRow)]
struct Named {
    #[column = "title"]
    name: String,
}

fn main() {}
