//! One relation was loaded, another is asked for.
//@ the relation `PostToEditor` was not loaded
//@ add `.with(…)` for this relation to the query

use relata::prelude::*;

#[derive(Entity)]
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
    #[references(User)]
    pub editor_id: Option<Id<User>>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    let post = Post::find().with(Post.author).one(db).await?;
    assert!(post.editor().is_none());
    Ok(())
}

fn main() {}
