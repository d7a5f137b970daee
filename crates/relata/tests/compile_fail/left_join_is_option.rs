//! A row that may be missing taken for one that is there.
//@ expected `Vec<(Post, User)>`, found `Vec<(Post, Option<User>)>`

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
    pub author_id: Id<User>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    let rows: Vec<(Post, User)> =
        Post::find().left_join(User, |(post, user)| post.author_id.eq(user.id)).all(db).await?;
    Ok(())
}

fn main() {}
