//! Deleted rows of what is never marked as deleted, and parts of one row.
//@ rows of `User` are not marked when they are deleted
//@ put `#[entity(soft_delete)]` on the struct, and migrate
//@ a relation to one row is loaded as it is
//@ .filter(Post.author().name.eq(…))

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

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    User::find().only_deleted().all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    User::restore(1, db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    User::purge(Timestamp::now(), db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    Post::find().with(Post.author.filter(|user| user.name.eq("x"))).all(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    Post::find().with(Post.author.limit(1)).all(db).await?;
    Ok(())
}

fn main() {}
