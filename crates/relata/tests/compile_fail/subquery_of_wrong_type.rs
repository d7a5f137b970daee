//! Ids looked for among names.
//@ is no query of rows of type `relata::Id<User>`
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
    let _ = Post::find().filter(Post.author_id.in_query(User::find().select(User.name)));
}

fn main() {}
