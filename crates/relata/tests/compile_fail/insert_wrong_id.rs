//! The key of another entity.
//@ mismatched types

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

async fn wrong(db: &mut Db, post: &Post) -> relata::Result<()> {
    NewPost { author_id: post.id, title: "a".into(), likes: 0 }.insert(db).await?;
    Ok(())
}

fn main() {}
