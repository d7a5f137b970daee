//! New rows, upserts and relations as Prisma, SeaORM and Django have them.
//@ `NewUser { … }.on_conflict(User.email).update_all(&mut db)`
//@ say `.on_conflict(User.email).update_all(&mut db)`, or `.ignore(&mut db)`
//@ a new row is inserted, `.save(…)` writes one that was read
//@ rows are created with the new row that they hang on
//@ say `Post::relate(1).connect(Post.tags, [2, 3]).exec(&mut db)`
//@ `.some(…)` is `.any(…)` here
//@ `.every(…)` is `.none(…)` of the opposite here

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub active: bool,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub views: i32,
    pub data: Json,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    User::upsert(NewUser { email: "a".into(), active: true }).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    NewUser { email: "a".into(), active: true }.upsert(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    NewUser { email: "a".into(), active: true }.on_conflict_do_nothing().insert(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    NewUser { email: "a".into(), active: true }.save(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    User.posts.create([NewPost { author_id: Id::new(1), title: "x".into(), views: 1, data: Json::Null }]);
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    User.posts.connect([1, 2]);
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.posts.some(|post| post.title.eq("x"))).all(db).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.posts.every(Post.title.eq("x"))).all(db).await?;
    Ok(())
}

fn main() {}
