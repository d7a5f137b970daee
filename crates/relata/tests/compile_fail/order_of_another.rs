//! An order by a column of another entity.
//@ expected `Order<Post>`, found `Order<User>`

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
    Post::find().order(User.name.asc())
}

fn main() {}
