//! New rows of another entity, words of other libraries on them, options of transactions, places in an order, texts.
//@ `NewComment` is no new row of `Post`
//@ expected `NewPost`, or what its setters make of it
//@ a new row comes back by itself
//@ a new row is inserted by `.insert(…)`
//@ `retry` is `retries` here
//@ say `transaction!(db, retries = 3, |tx| { … })`
//@ a transaction has no timeout of its own
//@ `isolation_level` is `isolation` here
//@ `{integer}` is no place in an order
//@ `{integer}` is no text to look for
//@ in a condition it goes to `.in_query(…)`
//@ a query is a value by `relata::scalar(query)`
//@ a relation is named without parentheses, `Post.author`

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
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
}

#[derive(Entity, Debug, Clone)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    pub text: String,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    Post::insert_many([NewComment { text: "x".into() }]).exec(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    NewUser { name: "Ann".into() }.returning(db).await?;
    NewUser { name: "Ann".into() }.exec(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    transaction!(db, retry = 3, |tx| { Ok(()) })
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    transaction!(db, timeout = 3, |tx| { Ok(()) })
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    transaction!(db, isolation_level = "serializable", |tx| { Ok(()) })
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    Post::find().after(20).page(db).await?;
    Post::find().filter(Post.title.contains(5)).all(db).await?;
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.id.is_in(Post::find().select(Post.author_id))).all(db).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.id.eq(Post::find().select(Post.author_id.max()))).all(db).await?;
    Post::find().with(Post.author()).all(db).await?;
    Ok(())
}

fn main() {}
