//! A join along a relation to many rows.
//@ a relation to many rows is not joined
//@ leave `.joined()` and `.batched()` away

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
    Post::find().with(Post.author.joined()).all(db).await?;
    User::find().with(User.posts.joined()).all(db).await?;
    Ok(())
}

fn main() {}
