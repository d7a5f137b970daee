//! A column of a table that is not joined.
//@ expected `Pred<(Post, User)>`, found `Pred<Comment>`

use relata::prelude::*;

#[derive(Entity)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    pub author_id: Id<User>,
}

#[derive(Entity)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    pub text: String,
}

fn wrong() -> relata::Joined<(Post, User)> {
    Post::find().join(User, |(post, user)| post.author_id.eq(user.id)).filter(|_| Comment.text.eq("x"))
}

fn main() {}
