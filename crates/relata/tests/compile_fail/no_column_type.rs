//! A field of a type that no column holds.
//@ `Point` cannot be a column
//@ not a type that a database keeps

use relata::prelude::*;

pub struct Point;

#[derive(Entity)]
pub struct Place {
    #[id]
    pub id: Id<Place>,
    pub at: Point,
}

fn main() {}
