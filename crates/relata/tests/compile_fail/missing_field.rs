//! A new row without a field that it must have.
//@ missing field `title` in initializer of `NewPost`

use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub body: Option<String>,
}

fn wrong(author_id: Id<User>) -> NewPost {
    NewPost { author_id }
}

fn main() {}
