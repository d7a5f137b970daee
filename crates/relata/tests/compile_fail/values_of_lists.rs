//! Lists and ranges of values of another type, and keys that are none.
//@ `&str` is no value of a column of type `i32`
//@ `std::ops::Range<{integer}>` is no value of a column of type `i32`
//@ `&str` is no key of `Post`
//@ `relata::Id<User>` is no key of `Post`

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
    Post::find().filter(Post.likes.is_in(["a", "b"])).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.likes.not_in(vec!["a"])).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.likes.between(1..5, 7)).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    Post::by_key("x").one(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    let user: Id<User> = Id::new(1);
    Post::delete(user).exec(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    Post::update((1, 2)).set(Post.likes.to(1)).exec(db).await?;
    Ok(())
}

fn main() {}
