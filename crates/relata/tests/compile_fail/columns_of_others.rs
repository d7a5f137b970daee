//! Columns as Django and ActiveRecord have them, and as if they were values in Rust.
//@ `.icontains(…)` is `.ilike(…)` here
//@ `.startswith(…)` is `.starts_with(…)` here
//@ `.equals(…)` is `.eq(…)` here
//@ `.increment(…)` is `.add(…)` here
//@ say `.set(Post.title.to(…))`
//@ a place in JSON is `.key(…)` or `.index(…)` here
//@ `.to_null()` is `.to_none()` here
//@ JSON by `serde_json::json!(…)`
//@ a column is not changed by `+=`
//@ a column is no list or map in Rust

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
    User::find().filter(User.email.icontains("x")).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.email.startswith("x").or(User.email.equals("y"))).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    Post::update(1).set(Post.views.increment(1)).exec(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    Post::update(1).set(Post.title.set("x")).exec(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.data.get("a").text().eq("x")).all(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    Post::update(1).set(Post.views += 1).exec(db).await?;
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.data["a"].text().eq("x")).all(db).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    Post::update(1).set(Post.title.to_null()).set(Post.data.to("{}")).exec(db).await?;
    Ok(())
}

fn main() {}
