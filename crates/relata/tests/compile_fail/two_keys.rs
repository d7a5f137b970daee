//! Two fields are the key.
//@ `Note` has two `#[id]` [entity-key-twice]

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
pub struct Note {
    #[id]
    pub id: Id<Note>,
    #[id]
    pub other: Id<Note>,
}

fn main() {}
