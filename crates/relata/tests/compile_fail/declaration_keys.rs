//! Keys, shapes and relations that cannot be.
//@ `Keyless` has no primary key [entity-no-key]
//@ help: put `#[id]` on the key
//@ [entity-key-twice]
//@ [entity-nullable-key]
//@ [entity-id-type]
//@ [entity-shape]
//@ [entity-key-form]
//@ [entity-generic]
//@ [entity-relation-name]
//@ [entity-relation-form]
//@ [entity-foreign-key-form]
//@ [entity-foreign-key-length]
//@ [enum-shape]
//@ [enum-value-twice]

use relata::prelude::*;

#[derive(Entity)]
pub struct Keyless {
    pub name: String,
}

#[derive(Entity)]
pub struct Two {
    #[id]
    pub a: Option<i64>,
    #[id(always)]
    pub b: Uuid,
}

#[derive(Entity)]
#[primary_key("a")]
pub struct Quoted {
    pub a: i64,
}

#[derive(Entity)]
pub struct Tuple(i64);

#[derive(Entity)]
#[has_many(name: Two.a)]
#[has_many(others: Two)]
#[foreign_key(name)]
#[foreign_key(name, id => Two(a))]
pub struct Generic<T> {
    #[id]
    pub id: i64,
    pub name: T,
}

#[derive(Enum)]
pub enum Mood {
    Happy(i32),
    #[stored("happy")]
    Sad,
}

fn main() {}
