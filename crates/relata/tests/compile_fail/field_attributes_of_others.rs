//! Attributes of fields as other libraries have them.
//@ the key of one field is said by `id`
//@ what may be NULL is an `Option`
//@ only what is an `Option` may be NULL
//@ a length is a rule
//@ a relation is said by what refers
//@ the table is named by `entity`

use relata::prelude::*;

#[derive(Entity)]
#[table(name = "people")]
pub struct User {
    #[primary_key]
    pub id: Id<User>,
    #[nullable]
    pub name: String,
    #[not_null]
    #[max_length(20)]
    pub town: String,
    #[relation(User)]
    pub boss_id: i64,
}

fn main() {}
