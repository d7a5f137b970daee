//! Defaults that no value of the field can be.
//@ the default of `count` is no `i32` [entity-default-type]
//@ write a whole number: `#[default(0)]`
//@ the default of `live` is no `bool`
//@ write `#[default(true)]` or `#[default(false)]`
//@ the default of `name` is no `String`
//@ the default of `at` is no `Date`

use relata::prelude::*;

#[derive(Entity)]
pub struct Note {
    #[id]
    pub id: Id<Note>,
    #[default("many")]
    pub count: i32,
    #[default(0)]
    pub live: bool,
    #[default(5)]
    pub name: String,
    #[default(true)]
    pub at: Date,
}

fn main() {}
