//! A relation that the query did not load.
//@ `author` of this `Post` was not loaded
//@ add `.with(Post.author)` to the query that gave the row
//@ `posts` of this `User` was not loaded

use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub body: Option<String>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    for user in User::find().with(User.posts).all(db).await? {
        for post in user.posts() {
            println!("{}", post.author().name);
        }
    }
    for post in Post::find().with(Post.author.with(User.posts)).all(db).await? {
        println!("{}", post.author().posts()[0].author().name);
    }
    Ok(())
}

async fn also_wrong(db: &mut Db) -> relata::Result<()> {
    let post = Post::find().with(Post.author).one(db).await?;
    println!("{}", post.author().posts().len());
    Ok(())
}

fn main() {}
