//! Orders, selections and comparisons by what is none.
//@ is no order of the rows of `Post`
//@ `&str` cannot be read from a query over `Post`
//@ cannot be read from a query over `Post`
//@ `&str` cannot be compared with, or assigned to, a column of type `relata::time::Timestamp` of `Post`
//@ `Pred<Post>` sets no column of `Post`
//@ this would change every row

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
    pub age: Option<i32>,
    pub active: bool,
}

#[derive(Entity, Debug, Clone)]
#[has_many(comments: Comment.post_id)]
#[many_to_many(tags: Tag via PostTag)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub likes: i32,
    pub published: Option<Timestamp>,
}

#[derive(Entity, Debug, Clone)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    #[references(Post)]
    pub post_id: Id<Post>,
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[id]
    pub id: Id<Tag>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(post_id, tag_id)]
pub struct PostTag {
    #[references(Post)]
    pub post_id: Id<Post>,
    #[references(Tag)]
    pub tag_id: Id<Tag>,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    Post::find().order(Post.title).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    Post::find().select("title").all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    Post::find().select(vec![Post.title]).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.published.gt("2024-01-01")).all(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    Post::update(Id::new(1)).set(Post.title.eq("x")).exec(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    Post::delete_many().exec(db).await?;
    Ok(())
}

fn main() {}
