//! The foreign key has another type than the key.
//@ `std::string::String` cannot refer to `User`
//@ `relata::Id<User>` cannot refer to `Post`
//@ give the field the type that the key of `User` has, such as `Id<User>`, `Id<User, Uuid>` or `Id<User, String>`, or an `Option` of it; to refer to another field write `#[references(User.field)]`
//@ give the field the type that the key of `Post` has, such as `Id<Post>`, `Id<Post, Uuid>` or `Id<Post, String>`, or an `Option` of it; to refer to another field write `#[references(Post.field)]`

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

#[derive(Entity)]
pub struct Note {
    #[id]
    pub id: Id<Note>,
    #[references(User)]
    pub user_id: String,
    #[references(Post)]
    pub post_id: Id<User>,
}

fn main() {}
