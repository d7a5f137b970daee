//! A stream whose rows would bring many others.
//@ a stream does not load a relation to many rows
//@ read it in pages

use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    Post::find().with(Post.author).stream(db).next().await?;
    User::find().with(User.posts).stream(db).next().await?;
    Post::find().with(Post.author.with(User.posts)).stream(db).next().await?;
    Ok(())
}

fn main() {}
