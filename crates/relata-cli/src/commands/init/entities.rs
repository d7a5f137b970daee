//! What the data is. `relata schema inspect src` shows the SQL of it.

use relata::prelude::*;

/// Someone who writes posts.
#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub name: String,
}

/// Something that someone wrote.
#[derive(Entity, Debug, Clone)]
#[unique(author_id, slug)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User, on_delete = cascade)]
    pub author_id: Id<User>,
    #[check(len(1..=120))]
    pub slug: String,
    pub title: String,
    pub body: Option<String>,
    pub published_at: Option<Timestamp>,
}
