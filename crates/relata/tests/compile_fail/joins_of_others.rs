//! What is said of joins and of several keys elsewhere.
//@ rows are filtered before it is said what is read of them
//@ relations are loaded with the rows of one entity, a join gives a tuple for each row
//@ what joins is said with the join
//@ several keys are a filter: say `Post::find().filter(Post.id.is_in([1, 2])).all(&mut db)`

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    let joined = Post::find().join(User, |(post, user)| post.author_id.eq(user.id));
    joined.select(|(post, user)| (post.title, user.name)).filter(Post.title.eq("x")).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    Post::find().join(User, |(post, user)| post.author_id.eq(user.id)).with(Post.author).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    Post::find().cross_join(User).on(Post.author_id.eq(1)).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    Post::by_keys([1, 2]).all(db).await?;
    Ok(())
}

fn main() {}
