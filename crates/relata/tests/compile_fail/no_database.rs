//! Running a query on something else.
//@ cannot run statements
//@ expected a `Db` or a `Tx`

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

async fn wrong() -> relata::Result<Vec<Post>> {
    Post::find().all(&mut "sqlite:app.db").await
}

fn main() {}
