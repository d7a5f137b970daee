//! A column that there is not.
//@ no field `titel` on type `PostColumns<Post>`
//@ a field with a similar name exists

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
    Post.titel.eq("x")
}

fn main() {}
