//! Keys: of another entity by a slip, of another type than the row's, in several parts, of an entity without any.
//@ the key of `Post` is an `Id` of `User`
//@ write `id: Id<Post>`; a row that has the key of another says so: `#[references(User)]`
//@ `relata::Id<User>` cannot refer to `User`
//@ such as `Id<User>`, `Id<User, Uuid>` or `Id<User, String>`
//@ `&str` is no key of `User`
//@ a UUID in a text is read by `text.parse::<Uuid>()?`
//@ an entity that says `no_key` has none
//@ a key of several fields is given in their order

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
pub struct User {
    #[id]
    #[default(uuid)]
    pub id: Id<User, Uuid>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<User>,
    pub title: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Session {
    #[id]
    pub id: Id<Session>,
    #[references(User)]
    pub user_id: Id<User>,
}

#[derive(Entity, Debug, Clone)]
#[entity(no_key)]
pub struct Line {
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(day, number)]
pub struct Flight {
    pub day: i32,
    pub number: String,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    User::by_key("00000000-0000-0000-0000-000000000000").one(db).await?;
    Line::by_key(1).one(db).await?;
    Flight::delete((1, 2)).exec(db).await?;
    Ok(())
}

fn main() {}
