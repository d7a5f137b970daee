//! An upsert on a column that is no key.
//@ `&str` is no unique key of `Post`

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
    NewPost { author_id: Id::new(1), title: "a".into(), likes: 0 }.on_conflict("title");
    Ok(())
}

fn main() {}
