//! A relation that there is not.
//@ no field `autor` on type `PostColumns<Post>`
//@ `Column<Post, std::string::String>` is no relation of `Post`

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
    Post::find().with(Post.autor).all(db).await?;
    Post::find().with(Post.title).all(db).await?;
    Ok(())
}

fn main() {}
