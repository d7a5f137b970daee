//! A struct without `derive(Entity)` is queried, and referred to.
//@ expected value, found struct `Plain`
//@ `Plain` is no entity
//@ put `#[derive(Entity)]` on it

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

pub struct Plain {
    pub id: i64,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    Plain::find().all(db).await?;
    Post::find().join(Plain, |(post, plain)| post.id.eq(plain.id)).all(db).await?;
    Ok(())
}

fn main() {}
