//! The words of Diesel, SeaORM, sqlx and ActiveRecord.

//@ `.order_by(…)` is `.order(…)` here
//@ `.preload(…)` is `.with(…)` here
//@ `.find_with_related(…)` is `.with(…)` here
//@ `.inner_join(…)` is `.join(…)` here
//@ `.take(…)` is `.limit(…)` here
//@ `.load(…)` is `.all(…)` here
//@ `.fetch_one(…)` is `.one(…)` here
//@ `.is_not_null()` is `.is_some()` here
//@ `.eq_any(…)` is `.is_in(…)` here
//@ `.gte(…)` is `.ge(…)` here
//@ what a query finds is not deleted by the query
//@ `.execute(…)` is `.exec(…)` here
use relata::prelude::*;

#[derive(Entity)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub likes: i32,
    pub body: Option<String>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    Post::find().order_by(Post.title.asc()).take(5).load(db).await?;
    Post::find().preload(Post.author).fetch_one(db).await?;
    Post::find().find_with_related(User).all(db).await?;
    Post::find().inner_join(User).all(db).await?;
    Post::find().filter(Post.body.is_not_null().and(Post.likes.gte(5))).all(db).await?;
    Post::find().filter(Post.id.eq_any([1, 2])).delete(db).await?;
    Post::update(1).set(Post.likes.to(2)).execute(db).await?;
    Ok(())
}

fn main() {}
