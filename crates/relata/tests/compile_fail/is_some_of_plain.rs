//! A column that is never NULL asked whether it is.
//@ no method named `is_some` found
//@ `Column<R, Option<T>>`

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
    let _ = Post::find().filter(Post.title.is_some());
}

fn main() {}
