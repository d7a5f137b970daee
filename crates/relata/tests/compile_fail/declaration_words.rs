//! Declarations that are nearly right.
//@ no column can have the type `Vec<Vec<String>>`
//@ an array has one level here: use Json
//@ an action for `on_delete` is no text
//@ write `on_delete = cascade`
//@ the default of `at` is no `Timestamp`
//@ write `#[default(now)]`
//@ no column can have the type `i128`
//@ no database here keeps 128 bits: use Decimal, or Uuid for an identifier

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
pub struct Grid {
    #[id]
    pub id: Id<Grid>,
    pub cells: Vec<Vec<String>>,
    #[references(Grid, on_delete = "cascade")]
    pub parent_id: Option<Id<Grid>>,
    #[default("now")]
    pub at: Timestamp,
    pub wide: i128,
    pub wider: Option<u128>,
}

fn main() {}
