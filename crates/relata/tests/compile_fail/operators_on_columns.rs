//! Columns compared by the operators of Rust.
//@ a column is not compared by `==`, `<` and the like, which compare in Rust
//@ say `.eq(…)`, `.ne(…)`, `.lt(…)`, `.le(…)`, `.gt(…)` or `.ge(…)`: they give a condition for the database
//@ conditions are combined by `.and(…)`, `.or(…)` and `!`

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
    User::find().filter(User.name == "Ann").all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.views > 5).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    Post::find().join(User, |(post, user)| post.author_id == user.id).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.views.gt(1) && Post.title.eq("x")).all(db).await?;
    Ok(())
}

fn main() {}
