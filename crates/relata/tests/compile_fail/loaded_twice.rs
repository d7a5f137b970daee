//! A relation that is loaded twice; the type of rows with a relation that there is not; relations where tables are joined.
//@ cannot infer type of the type parameter `LoadedOnce` declared on the method `author`
//@ `Post` has no relation of this name
//@ `Rel<Post, PostToAuthor>` cannot be joined
//@ along a relation nothing has to be joined: `.with(Post.author)` loads it

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
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
    pub views: i32,
}

async fn twice(db: &mut Db) -> relata::Result<()> {
    let post = Post::find().with(Post.author).with(Post.author).one(db).await?;
    println!("{}", post.author().name);
    Ok(())
}

fn named(post: &loaded!(Post: autor)) {}

async fn joined(db: &mut Db) -> relata::Result<()> {
    Post::find().join(Post.author, |(post, user)| post.author_id.eq(user.id)).all(db).await?;
    Ok(())
}

fn main() {}
