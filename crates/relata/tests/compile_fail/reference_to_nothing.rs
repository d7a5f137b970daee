//! A reference to a type that is not there: rustc points at it.
//@ cannot find type `Missing` in this scope
//@ 13 |     #[references(Missing)]

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(notes: Nowhere.comment_id)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,

    #[references(Missing)]
    pub missing_id: i64,
}

fn main() {}
