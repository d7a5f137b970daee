//! A predicate over another entity.
//@ `Pred<User>` is no condition on the rows of `Post`
//@ a condition on a group goes to `.having(…)` after `.group_by(…)`; one on a window function to a query around this one: `from(query).filter(…)`
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
    Post::find().filter(User.name.eq("Ann"))
}

fn main() {}
