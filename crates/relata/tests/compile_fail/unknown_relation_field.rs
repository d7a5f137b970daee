//! A relation by a field that there is not.
//@ no field `autor_id` on type `PostColumns<Post>`

use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.autor_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
}

fn main() {}
