//! Two columns of different types are compared.
//@ `Column<Post, i32>` cannot be compared with, or assigned to, a column of type `std::string::String` of `Post`
//@ NULL is asked for by `.is_none()` and `.is_some()`; a filter that is there only if a value is: `.filter_some(value, |value| …)`; another type is converted by `.cast::<…>()`; columns of another entity are reached along a relation, or by a join

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

fn wrong() -> Pred<Post> {
    Post.title.eq(Post.likes)
}

fn main() {}
