//! A field of a new row gets a value of another type.
//@ mismatched types
//@ `{integer}` is no value for a field of type `Option<std::string::String>`
//@ an `Option<…>` takes the plain value; leave the setter out for NULL, or for the default

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
    NewPost { author_id: Id::new(1), title: 5, likes: 0 }.insert(db).await?;
    NewPost { author_id: Id::new(1), title: "a".into(), likes: 0 }.body(5).insert(db).await?;
    Ok(())
}

fn main() {}
