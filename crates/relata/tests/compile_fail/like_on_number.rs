//! A pattern on a number, a date of a text.
//@ `i32` is no text

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

fn wrong() -> Pred<Post> {
    Post.likes.like("5%").or(Post.likes.contains("5"))
}

fn main() {}
