//! A condition on groups where rows are filtered.
//@ expected `Pred<Post>`, found `Having<Post>`

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

fn wrong() -> relata::find::Find<Post> {
    Post::find().filter(Post.id.count().gt(1))
}

fn main() {}
