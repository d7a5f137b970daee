//! Relations written as strings, columns, calls and fields.
//@ `&str` is no relation of `Post`
//@ `Column<Post, relata::Id<User>>` is no relation of `Post`
//@ `UserColumns<Post>` is no relation of `Post`
//@ `Rel<User, UserToPosts>` is no relation of `Post`
//@ no field `title` on type `Rel<User, UserToPosts>`
//@ attempted to take value of method `author`

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
    Post::find().with("author").all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    Post::find().with(Post.author_id).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    Post::find().with(Post.author()).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    User::find().with(User.posts.with(User.posts)).all(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.posts.title.eq("x")).all(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    let posts = Post::find().with(Post.author).all(db).await?;
    println!("{}", posts[0].author.name);
    Ok(())
}

fn main() {}
