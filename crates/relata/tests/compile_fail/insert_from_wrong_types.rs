//! Rows of a query put into columns of other types.
//@ is no query of rows of type
//@ end the query with `.select(…)`

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
    let _ = Post::insert_from((Post.author_id, Post.title), Post::find().select((Post.title, Post.author_id)));
}

fn main() {}
