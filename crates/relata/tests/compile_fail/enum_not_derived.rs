//! An enum of one's own that is no column.
//@ `Mood` cannot be a column
//@ `Mood` cannot be read from a column
//@ use a number, bool, String, Vec<u8>, Uuid, Decimal, a date or time of jiff, serde_json::Value, Id<Entity> or an Option of one
//@ on an enum of your own derive `relata::Enum`, on a struct around one value, or one kept as JSON, `relata::Scalar`; for types of chrono or time enable the feature of that name of relata

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

#[derive(Debug, Clone)]
pub enum Mood {
    Happy,
}

#[derive(Entity)]
pub struct Note {
    #[id]
    pub id: Id<Note>,
    pub mood: Mood,
}

fn main() {}
