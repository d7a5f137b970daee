//! A value of another type than the column.
//@ `{integer}` cannot be compared with, or assigned to, a column of type `std::string::String` of `Post`
//@ `&str` cannot be compared with

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

fn wrong() -> Pred<Post> {
    Post.title.eq(5).and(Post.id.eq("5"))
}

fn main() {}
