//! A window function where rows are filtered: windows exist only after that.
//@ `Windowed<Post, i64>` is no condition on the rows of `Post`
//@ a condition on a group goes to `.having(…)` after `.group_by(…)`; one on a window function to a query around this one: `from(query).filter(…)`
//@ columns of another entity are reached along a relation of `Post`, or by a join

use relata::prelude::*;
use relata::{Window, row_number};

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
    Post::find().filter(row_number().over(Window::new().order(Post.id.asc())))
}

fn main() {}
