//! Fields whose type, default or rule cannot be.
//@ no column can have the type `usize` [entity-type]
//@ help: its width depends on the machine
//@ [entity-decimal]
//@ [entity-default-form]
//@ [entity-generated-form]
//@ [entity-generated-clash]
//@ [entity-check-form]
//@ `lenn` is no rule [entity-unknown-rule]
//@ help: did you mean `len`?
//@ [entity-rule-form]
//@ `len` does not go with `i32` [entity-rule-type]

use relata::prelude::*;

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    pub size: usize,
    #[decimal(2, 10)]
    pub price: Decimal,
    #[default(yesterday)]
    pub at: Timestamp,
    #[generated(lower(slug))]
    pub lower: String,
    #[generated("1")]
    #[default(2)]
    pub one: i32,
    #[check]
    pub a: String,
    #[check(lenn(1..=5))]
    pub b: String,
    #[check(len(5..=1))]
    pub c: String,
    #[check(len(1..=5))]
    pub d: i32,
}

fn main() {}
