//! Queries that begin as with other libraries.
//@ `User::find_by_id(…)` is `User::by_key(…)` here: say `User::by_key(1).one(&mut db)`
//@ `User::find_by(…)` is a filter here
//@ `User::all(…)` is `User::find().all(&mut db)` here
//@ a new row of `User` is the struct `NewUser`: say `NewUser { … }.insert(&mut db)`
//@ `where` is `.filter(…)` here: say `User::find().filter(…)`
//@ `User::delete_by_id(…)` is `User::delete(…)` here
//@ `.pluck(…)` is `.select(…)` here

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
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

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    let ann = User::find_by_id(1).one(db).await?;
    println!("{}", ann.name);
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    let ann = User::find_by(User.name.eq("Ann")).one(db).await?;
    println!("{}", ann.name);
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    let users = User::all(db).await?;
    println!("{}", users.len());
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    User::create(NewUser { name: "Ann".into() }).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    let users = User::where_(User.name.eq("Ann")).all(db).await?;
    println!("{}", users.len());
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    User::delete_by_id(1);
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    let ann = User::find_unique(User.name.eq("Ann")).optional(db).await?;
    println!("{ann:?}");
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    let names = User::find().pluck(User.name);
    User::find().order_by_desc(User.name).select_only().column(User.name);
    User::find().joins(User.posts).or_filter(User.name.eq("x"));
    Ok(())
}

async fn wrong_9(db: &mut Db) -> relata::Result<()> {
    User::update(1).set((User.name.to("a"), User.name.to("b"))).exec(db).await?;
    Ok(())
}

fn main() {}
