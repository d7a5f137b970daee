//! What takes another number of arguments, and a NULL without a type: the definition that rustc shows names the way.
//@ this function takes 0 arguments but 1 argument was supplied
//@ this method takes 1 argument but 2 arguments were supplied
//@ type annotations needed

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub name: Option<String>,
    pub age: i32,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
}

async fn wrong_1(db: &mut Db) -> relata::Result<User> {
    User::find(1).one(db).await
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    User::find().order(User.id.asc()).page(2, 20).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<u64> {
    User::delete().filter(User.age.gt(3)).exec(db).await
}

async fn wrong_4(db: &mut Db) -> relata::Result<u64> {
    User::update().set(User.age.to(3)).exec(db).await
}

async fn wrong_5(db: &mut Db) -> relata::Result<u64> {
    User::update(1).set(User.name.to(None)).exec(db).await
}

fn main() {}
