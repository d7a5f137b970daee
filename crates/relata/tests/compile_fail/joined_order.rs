//! An order by a column of a table that is not joined.
//@ expected `Order<(Post, User)>`, found `Order<User>`

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

fn wrong() {
    let _ = Post::find().join(User, |(post, user)| post.author_id.eq(user.id)).order(|_| User.name.asc());
}

fn main() {}
