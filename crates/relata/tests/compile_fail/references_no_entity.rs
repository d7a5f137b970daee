//! A relation to a struct that is no entity.
//@ `Plain` is no entity
//@ put `#[derive(Entity)]` on the struct

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

pub struct Plain {
    pub id: i64,
}

#[derive(Entity)]
pub struct Note {
    #[id]
    pub id: Id<Note>,
    #[references(Plain)]
    pub plain_id: i64,
}

fn main() {}
