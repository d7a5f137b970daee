//! Columns said as if they were items of the type; new rows made by `new`.
//@ the columns of an entity are fields, said with a dot
//@ of an entity say `User.…`, not `User::…`
//@ a new row of `User` is the struct `NewUser`: say `NewUser { … }.insert(&mut db)`

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

async fn filtered(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User::name.eq("Ann")).all(db).await?;
    Ok(())
}

async fn ordered(db: &mut Db) -> relata::Result<()> {
    Post::find().order(Post::title.asc()).all(db).await?;
    Ok(())
}

fn made() {
    let _ = User::new("Ann");
}

fn main() {}
