//! Columns as if they were texts in Rust, and rows in structs as SeaORM has them.
//@ `.len()` is `.length()` here
//@ `.to_lowercase()` is `.lower()` here
//@ say `.eq("")`, or `.is_none()` for a column that may be NULL
//@ `.unwrap_or(…)` is `.or_else(…)` here
//@ say `#[derive(FromRow)] struct Card { title: String }` and `.select(SelectCard { title: Post.title })`
//@ a tuple is selected

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    pub title: String,
    pub body: Option<String>,
}

pub struct Card {
    pub title: String,
}

fn long() -> Pred<Post> {
    Post.title.len().gt(10)
}

fn found(title: &str) -> Pred<Post> {
    Post.title.to_lowercase().eq(title.to_lowercase())
}

fn untitled() -> Pred<Post> {
    Post.title.is_empty()
}

async fn cards(db: &mut Db) -> relata::Result<()> {
    Post::find().select(Post.body.unwrap_or("")).all(db).await?;
    Post::find().into_model::<Card>().all(db).await?;
    Post::find().into_tuple::<(i64, String)>().all(db).await?;
    Ok(())
}

fn main() {}
