//! A condition over a field that there is not, over texts in order, and without the feature of a rule.
//@ `end` is no field of `Trip`
//@ did you mean `ends`?
//@ the order of texts is not the same everywhere
//@ the pattern cannot be used
use relata::prelude::*;

#[derive(Entity)]
#[check(starts < end)]
#[check(from < to)]
pub struct Trip {
    #[id]
    pub id: Id<Trip>,
    pub starts: i32,
    pub ends: i32,
    pub from: String,
    #[check(pattern("(?=x)"))]
    pub to: String,
}

fn main() {}
