//! A transaction that ends with another error, or with no result.
//@ mismatched types
//@ the `?` operator can only be used in an async block that returns `Result` or `Option` (or another type that implements `FromResidual`)
//@   expected enum `Result<_, relata::Error>`

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

#[derive(Debug)]
struct Mine;

async fn wrong(db: &mut Db) -> Result<(), Mine> {
    transaction!(db, |tx| {
        Post::find().all(&mut tx).await?;
        Ok(())
    })
}

async fn also_wrong(db: &mut Db) -> relata::Result<()> {
    transaction!(db, |tx| {
        Post::find().all(&mut tx).await?;
    })
}

fn main() {}
