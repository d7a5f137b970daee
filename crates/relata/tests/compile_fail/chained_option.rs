//! A relation that may lead nowhere gives an option.
//@ no field `name` on type `Option<&User>`

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
    #[references(User, relation = writer)]
    pub writer_id: Option<Id<User>>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    let note = Note::find().with(Note.writer).one(db).await?;
    println!("{}", note.writer().name);
    Ok(())
}

fn main() {}
