//! Groups of which nothing is selected.
//@ it is not said what to read of each group
//@ say `.select((Post.author_id, count_rows())).all(&mut db)`

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
    Post::find().group_by(Post.author_id).all(db).await?;
    Ok(())
}

fn main() {}
