//! Words of Ecto, Django, Prisma and ActiveRecord about rows, portions and what is computed; relations as if they were columns.
//@ `.select_merge(…)` is `.select(…)` here
//@ say `.select((Post, Post.comments.count()))`
//@ `User::get_by(…)` is a filter here
//@ `NewUser { … }.on_conflict(User.email).find_or_insert(&mut db)`
//@ what is left out is a filter, too
//@ rows in portions are pages or a stream
//@ the last is the first of the opposite order
//@ `User::insert_many(rows).exec(&mut db)`
//@ a relation is compared by the key of its row
//@ whether there is a related row is asked of its key
//@ `.then_order_by(…)` is one more `.order(…)` here
//@ what a query finds is not changed by the query
//@ what hangs on a row is loaded with it
//@ rows that refer to another are filtered by its key
//@ a function that takes such a row says so: `&loaded!(User: posts)`
//@ columns that are wanted are said, not those that are not

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub age: Option<i32>,
}

#[derive(Entity, Debug, Clone)]
#[has_many(comments: Comment.post_id)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    #[references(User)]
    pub editor_id: Option<Id<User>>,
    pub title: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    #[references(Post)]
    pub post_id: Id<Post>,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    Post::find().select_merge((Post.title, Post.comments.count())).all(db).await?;
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    User::get_by(User.email.eq("a")).one(db).await?;
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    User::find_or_create_by(User.email.eq("a")).await?;
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    User::find().where_not(User.age.eq(3)).all(db).await?;
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    Post::find().find_in_batches(100, |posts: Vec<Post>| ()).all(db).await?;
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    Post::find().order(Post.id.asc()).last(db).await?;
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    User::bulk_create(vec![NewUser { email: "a".into() }]).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.author.eq(1)).all(db).await?;
    Ok(())
}

async fn wrong_9(db: &mut Db) -> relata::Result<()> {
    Post::find().filter(Post.editor.is_none()).all(db).await?;
    Ok(())
}

async fn wrong_10(db: &mut Db) -> relata::Result<()> {
    Post::find().order(Post.title.asc()).then_order_by(Post.id.desc()).all(db).await?;
    Ok(())
}

async fn wrong_11(db: &mut Db) -> relata::Result<()> {
    User::find().filter(User.age.eq(3)).update(User.age.to(4)).all(db).await?;
    Ok(())
}

async fn wrong_12(user: User, db: &mut Db) -> relata::Result<()> {
    user.find_related(Post).await?;
    Ok(())
}

async fn wrong_13(user: User, db: &mut Db) -> relata::Result<()> {
    Post::belonging_to(&user).all(db).await?;
    Ok(())
}

fn wrong_14(user: &User) -> usize {
    user.posts().len()
}

async fn wrong_15(db: &mut Db) -> relata::Result<()> {
    User::find().omit(User.email).all(db).await?;
    Ok(())
}

fn main() {}
