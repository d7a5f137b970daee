//! Attributes that there are not.
//@ `lenght` is no rule [entity-unknown-rule]
//@ `tabel` is no option of `entity` [entity-unknown-option]
//@ cannot find attribute `uniqe` in this scope

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
#[entity(tabel = "notes")]
pub struct Note {
    #[id]
    pub id: Id<Note>,
    #[check(lenght(1..=5))]
    #[uniqe]
    pub text: String,
}

fn main() {}
