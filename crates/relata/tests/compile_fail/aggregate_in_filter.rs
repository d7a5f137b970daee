//! A condition on a group in the filter of rows.
//@ `Having<Post>` is no condition on the rows of `Post`
//@ a condition on a group goes to `.having(…)` after `.group_by(…)`; one on a window function to a query around this one: `from(query).filter(…)`
//@ columns of another entity are reached along a relation of `Post`, or by a join

use relata::prelude::*;

#[derive(Entity, Debug)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity, Debug)]
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
    Post::find().filter(Post.likes.sum().gt(5)).all(db).await?;
    Ok(())
}

fn main() {}
