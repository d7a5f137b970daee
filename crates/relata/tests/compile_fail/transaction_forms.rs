//! Transactions in the forms of other libraries.
//@ the block of `transaction!` is async by itself: say `transaction!(db, |tx| { … })`
//@ the block of `transaction!` is no closure, nothing moves
//@ the transaction is `mut` by itself

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub views: i32,
}

async fn closure(db: &mut Db) -> relata::Result<u64> {
    transaction!(db, async |tx| { User::find().count(&mut tx).await })
}

async fn moved(db: &mut Db) -> relata::Result<u64> {
    transaction!(db, move |tx| { User::find().count(&mut tx).await })
}

async fn block(db: &mut Db) -> relata::Result<u64> {
    transaction!(db, |tx| async move { User::find().count(&mut tx).await })
}

async fn again(db: &mut Db) -> relata::Result<u64> {
    transaction!(db, retries = 3, |mut tx| { User::find().count(&mut tx).await })
}

fn main() {}
