//! The key of another entity.
//@ expected a `relata::Id<Post>`, or a column or expression of `Post` that gives one

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

fn wrong(author: Id<User>) -> Pred<Post> {
    Post.id.eq(author)
}

fn main() {}
