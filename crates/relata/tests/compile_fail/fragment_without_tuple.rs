//! The argument of a fragment that is no tuple.
//@ is no tuple of arguments for a query over `Post`
//@ of one argument `(Post.title,)`

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
    let _ = relata::fragment::<Post, i64>("LENGTH({})", Post.title);
}

fn main() {}
