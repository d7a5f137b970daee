//! An allow-list with a column of another entity.
//@ `Column<User, std::string::String>` is no list of columns of `Post`
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
    pub title: String,
}

fn main() {
    drop(Post::changeset((Post.title, User.name)));
}
