//! A tuple is read as if it were the entity.
//@ no field `title` on type `(relata::Id<Post>, std::string::String)`
//@ available fields are: `0`, `1`

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
    let rows = Post::find().select((Post.id, Post.title)).all(db).await?;
    println!("{}", rows[0].title);
    Ok(())
}

fn main() {}
