//! An order by a column of another entity.
//@ `Order<User>` is no order of the rows of `Post`
//@ columns of another entity are reached along a relation of `Post`, or by a join

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

fn wrong() -> relata::find::Find<Post> {
    Post::find().order(User.name.asc())
}

fn main() {}
