//! What is written by who has read half of the guide.
//@ rows are filtered before it is said what is read of them
//@ say `.filter(…).select(…)`
//@ rows are ordered by a column, a relation has several
//@ NULL is asked for by `.is_none()`
//@ `.in_list(…)` is `.is_in(…)` here
//@ by how many there are: `User.posts.count().desc()`

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

async fn wrong_1(db: &mut Db) -> relata::Result<Vec<String>> {
    User::find().select(User.email).filter(User.age.gt(3)).all(db).await
}

async fn wrong_2(db: &mut Db) -> relata::Result<Vec<User>> {
    User::find().order(User.posts.desc()).all(db).await
}

async fn wrong_3(db: &mut Db) -> relata::Result<Vec<Post>> {
    Post::find().order(Post.author.asc()).all(db).await
}

async fn wrong_4(db: &mut Db) -> relata::Result<Vec<User>> {
    User::find().filter(User.name == None).all(db).await
}

async fn wrong_5(db: &mut Db) -> relata::Result<Vec<User>> {
    User::find().filter(User.age.in_list(vec![1, 2])).all(db).await
}

fn main() {}
