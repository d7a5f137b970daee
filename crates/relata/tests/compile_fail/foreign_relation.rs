//! Loading a relation of another entity.
//@ `Rel<User, UserToPosts>` is no relation of `Post`

use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.author_id)]
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
    pub body: Option<String>,
}

async fn wrong(db: &mut Db) -> relata::Result<Vec<Post>> {
    Post::find().with(User.posts).all(db).await?;
    Ok(Vec::new())
}

fn main() {}
