//! Relations gone through as if they were fields.
//@ no field `email` on type `Rel<Post, PostToAuthor>`
//@ columns_of_one_row_are_behind_parentheses
//@ many_rows_are_asked_by_any

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
    Post::find().filter(Post.author.email.eq("x")).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.posts.title.eq("x")).all(db).await?;
    Ok(())
}

fn main() {}
