//! A column of another entity that is set.
//@ `Assignment<User>` sets no column of `Post`

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

fn wrong() {
    let _ = Post::update(1).set(User.name.to("Ann"));
}

fn main() {}
