//! A change of every row that does not say so.
//@ this would change every row
//@ add `.filter(…)`, or `.all_rows()` if every row is meant

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

async fn wrong(db: &mut Db) -> relata::Result<u64> {
    Post::update_many().set(Post.title.to("x")).exec(db).await?;
    Post::delete_many().exec(db).await
}

fn main() {}
