//! Attributes of the struct on a field, and of a field on the struct.
//@ `#[entity]` belongs to the struct
//@ `#[has_many]` belongs to the struct
//@ `#[references]` belongs to a field

use relata::prelude::*;

#[derive(Entity)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[entity(soft_delete)]
    pub name: String,
    #[has_many(posts: Post.author_id)]
    pub email: String,
}

#[derive(Entity)]
#[references(User)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
}

fn main() {}
