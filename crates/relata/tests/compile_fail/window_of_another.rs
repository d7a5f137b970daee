//! A window over another entity than the query.
//@ expected `Window<Post>`, found `Window<User>`

use relata::prelude::*;
use relata::{Window, Windowed, row_number};

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

fn wrong() -> Windowed<Post, i64> {
    let by_name: Window<User> = Window::new().order(User.name.asc());
    row_number::<Post>().over(by_name)
}

fn main() {}
