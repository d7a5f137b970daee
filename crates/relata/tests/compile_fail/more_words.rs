//! What other libraries have in other places.
//@ `Db::connect(…)` is `Db::open(…)` here
//@ a transaction is a macro here
//@ a sum is selected
//@ statements run on the database that they are given
//@ windows exist only after the rows were filtered
//@ it is not said what is at this place in the JSON
//@ say `.text()`, `.int()`, `.float()` or `.boolean()` first
//@ `User` is no new row
//@ is no key of `Post`

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
    let other = Db::connect("sqlite::memory:").await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    db.transaction(|tx| async { Ok(()) }).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    let views: i64 = Post::find().sum(Post.views).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    db.execute("DELETE FROM posts").await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(relata::row_number().over(relata::Window::<Post>::new()).eq(1)).all(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.settings.key("theme").eq("dark")).all(db).await?;
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    let users = User::find().all(db).await?;
    User::insert_many(users).exec(db).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    relata::Repository::<Post, _>::new(db).find(Post.title.eq("x")).await?;
    Ok(())
}

fn main() {}
