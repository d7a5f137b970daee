//! Rows that are asked to act, as with ActiveRecord, and sums that are computed with.
//@ a row is deleted by its key
//@ say `User::delete(user.id).exec(&mut db)`
//@ a row that was changed is written by `.save(…)`
//@ expected the struct `New…` that `derive(Entity)` writes beside the entity
//@ a row is read again by its key
//@ say `.map(|value| value.or_else(0))`

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub age: i64,
}

async fn deleted(user: User, db: &mut Db) -> relata::Result<()> {
    user.delete(db).await?;
    Ok(())
}

async fn updated(mut user: User, db: &mut Db) -> relata::Result<()> {
    user.age = 5;
    user.update(db).await?;
    Ok(())
}

async fn inserted(db: &mut Db) -> relata::Result<()> {
    User { id: Id::new(1), age: 5 }.insert(db).await?;
    Ok(())
}

async fn read_again(user: User, db: &mut Db) -> relata::Result<()> {
    user.reload(db).await?;
    Ok(())
}

async fn summed(db: &mut Db) -> relata::Result<i64> {
    User::find().select(User.age.sum().or_else(0)).one(db).await
}

fn main() {}
