//! A query is run twice.
//@ use of moved value: `query`

use relata::prelude::*;

#[derive(Entity, Debug)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity, Debug)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub likes: i32,
    pub body: Option<String>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    let query = Post::find().filter(Post.likes.gt(5));
    let count = query.count(db).await?;
    let posts = query.all(db).await?;
    println!("{count} {}", posts.len());
    Ok(())
}

fn main() {}
