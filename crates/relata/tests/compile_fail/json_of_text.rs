//! A path into a column that is no JSON.
//@ relata::Json
//@ `std::string::String` is no JSON
//@ give the field the type `Json`, or a struct that derives `relata::Scalar` with `#[scalar(json)]`

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
    let _ = Post::find().select(Post.title.key("a").text());
}

fn main() {}
