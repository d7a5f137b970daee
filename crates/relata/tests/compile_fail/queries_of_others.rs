//! Queries as Django, Prisma and ActiveRecord have them.
//@ what is left out is a filter, too
//@ `.values_list(…)` is `.select(…)` here
//@ `.prefetch_related(…)` is `.with(…)` here
//@ what is computed for each row is selected
//@ say `.for_update()`, and `.skip_locked()` or `.nowait()` behind it
//@ these are two words
//@ rows one by one are a stream
//@ it is not said whether rows or groups are counted
//@ a stream is there at once, its rows are awaited
//@ `.and_where(…)` is one more `.filter(…)` here
//@ a row is found by its key with `by_key`
//@ rows of an entity are distinct, each has its key
//@ `.first_or_404(…)` is `.one(…)` here
//@ groups are said before what is read of them
//@ `.len()` is `.count()` here
//@ several keys are an `.order(…)` each
//@ of a row say its key: `row.id`
//@ several relations are a `.with(…)` each

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub active: bool,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub views: i32,
    pub data: Json,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    User::find().exclude(User.email.eq("x")).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    User::find().values_list(User.email).all(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    User::find().prefetch_related(User.posts).all(db).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    User::find().annotate(User.posts.count()).all(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    User::find().lock().all(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    Post::find().for_update_skip_locked().all(db).await?;
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    Post::find().find_each(|post| println!("{}", post.title)).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    Post::find().group_by(Post.author_id).count(db).await?;
    Ok(())
}

async fn wrong_9(db: &mut Db) -> relata::Result<()> {
    let rows = Post::find().stream(db).await?;
    Ok(())
}

async fn wrong_10(db: &mut Db) -> relata::Result<()> {
    Post::find().with((Post.author, Post.author)).all(db).await?;
    Ok(())
}

async fn wrong_11(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.active).or(User.email.eq("x")).and_where(User.email.eq("y")).all(db).await?;
    Ok(())
}

async fn wrong_12(db: &mut Db) -> relata::Result<()> {
    User::find().find(1).one(db).await?;
    Ok(())
}

async fn wrong_13(db: &mut Db) -> relata::Result<()> {
    Post::find().distinct().all(db).await?;
    Ok(())
}

async fn wrong_14(db: &mut Db) -> relata::Result<()> {
    Post::find().first_or_404(db).await?;
    Ok(())
}

async fn wrong_15(db: &mut Db) -> relata::Result<()> {
    Post::find().select((Post.author_id, Post.views.sum())).group_by(Post.author_id).all(db).await?;
    Ok(())
}

async fn wrong_16(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.posts.len().gt(1)).all(db).await?;
    Ok(())
}

async fn wrong_17(db: &mut Db) -> relata::Result<()> {
    User::find().order((User.email.asc(), User.id.desc())).all(db).await?;
    Ok(())
}

async fn wrong_18(db: &mut Db) -> relata::Result<()> {
    let user = User::find().one(db).await?;
    User::delete(user).exec(db).await?;
    Ok(())
}

fn main() {}
