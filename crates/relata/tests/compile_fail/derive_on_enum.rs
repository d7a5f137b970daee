//! An entity is no enum, has no unnamed fields and no type parameters.
//@ `Kind` is no struct with named fields [entity-shape]
//@ `Pair` is no struct with named fields [entity-shape]
//@ `Nothing` is no struct with named fields [entity-shape]

use relata::prelude::*;

#[derive(Entity, Debug)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity, Debug)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub likes: i32,
    pub body: Option<String>,
}

#[derive(Entity)]
pub enum Kind {
    A,
}

#[derive(Entity)]
pub struct Pair(i64, String);

#[derive(Entity)]
pub struct Nothing;

#[derive(Entity)]
pub struct Of<T> {
    #[id]
    pub id: Id<Of<T>>,
    pub value: T,
}

fn main() {}
