//! SQL that is put together at run time, and parameters that are no list.
//@ `&std::string::String` is no SQL that stands in the program
//@ `std::string::String` is no SQL that stands in the program
//@ values are bound: write `?` where they go
//@ `relata::sql_unchecked`
//@ `{integer}` is no list of parameters
//@ `(1,)` for one, `()` for none
//@ parameters are given with the text

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
    let name = "x";
    let users: Vec<User> = sql(&format!("SELECT * FROM users WHERE name = '{name}'"), ()).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    let text = String::from("SELECT * FROM users");
    let users: Vec<User> = sql(text, ()).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    let users: Vec<User> = sql("SELECT * FROM users WHERE id = ?", 1).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    let users: Vec<User> = sql("SELECT * FROM users WHERE id = ?", ()).bind(1).all(db).await?;
    Ok(())
}

fn main() {}
