//! A thirteenth table.
//@ the method `cross_join` exists
//@ Grow<_>

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
    let query = Post::find().cross_join(User).cross_join(User).cross_join(User).cross_join(User);
    let query = query.cross_join(User).cross_join(User).cross_join(User).cross_join(User);
    let _ = query.cross_join(User).cross_join(User).cross_join(User).cross_join(User);
}

fn main() {}
