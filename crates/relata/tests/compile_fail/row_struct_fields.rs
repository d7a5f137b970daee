//! The fields of a struct that rows are read into: one is missing, one is of another type, one is another entity's.
//@ missing field `posts` in initializer of `SelectAuthor<_, _>`
//@ `Column<User, std::string::String>` does not fill a field of type `i64` from a query over `User`
//@ `Column<Post, std::string::String>` does not fill a field of type `std::string::String` from a query over `User`
//@ a row cannot be read into `Plain`
//@ expected a value that a column can hold, a tuple of them, an entity, or a struct that derives `FromRow`

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
}

#[derive(FromRow)]
struct Author {
    name: String,
    posts: i64,
}

struct Plain {
    name: String,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    let missing = User::find().select(SelectAuthor { name: User.name });
    let other_type = User::find().select(SelectAuthor { name: User.name, posts: User.name }).all(db).await?;
    let other_entity = User::find().select(SelectAuthor { name: Post.title, posts: User.id.count() }).all(db).await?;
    let plain = sql::<Plain>("SELECT name FROM users", ()).all(db).await?;
    Ok(())
}

fn main() {}
