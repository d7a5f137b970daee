//! The result is used as if it were the rows.
//@ no field `title` on type `Vec<Post>`

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

async fn wrong(db: &mut Db) {
    let posts = Post::find().all(db).await;
    for post in posts {
        println!("{}", post.title);
    }
}

fn main() {}
