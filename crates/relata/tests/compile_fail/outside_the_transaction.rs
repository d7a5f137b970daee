//! The database inside of a transaction on it.
//@ `relata::transaction::OutsideTheTransaction` cannot run statements
//@ pass `&mut db`, or `&mut tx` inside `transaction!`
//@ found `OutsideTheTransaction`

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
    pub settings: Json,
}

#[derive(Entity, Debug, Clone)]
#[entity(soft_delete)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub views: i32,
}

async fn wrong_1(mut db: Db) -> relata::Result<()> {
    transaction!(db, |tx| {
        User::find().all(&mut tx).await?;
        Post::find().all(&mut db).await?;
        Ok(())
    })
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    transaction!(db, retries = 3, |tx| {
        Post::find().all(db).await?;
        Ok(())
    })?;
    Ok(())
}

fn main() {}
