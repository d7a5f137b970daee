//! Rows of a query for columns of other types.
//@ is no query of rows of type `(std::string::String, relata::Id<User>)`
//@ expected a query that selects `(std::string::String, relata::Id<User>)`

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

fn wrong() -> relata::insert::InsertFrom<User> {
    User::insert_from((User.name, User.id), Post::find().select((Post.title, Post.title)))
}

fn main() {}
