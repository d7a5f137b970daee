//! Queries and statements that were not ended, under `for` and `.await`.
//@ error[E0277]: a query is no list of rows before it has run
//@ end it: `.all(&mut db).await?` gives a `Vec`
//@ the rows of a stream come one after the other, each awaited
//@ it is not said what is wanted of this query, and of which database
//@ it is not said on which database this statement runs
//@ it is not said what becomes of rows that exist, or on which database this runs

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub views: i32,
}

async fn wrong_1(db: &mut Db) -> relata::Result<()> {
    for user in User::find() {
        println!("{}", user.name);
    }
    Ok(())
}

async fn wrong_2(db: &mut Db) -> relata::Result<()> {
    for title in Post::find().select(Post.title) {
        println!("{title}");
    }
    Ok(())
}

async fn wrong_3(db: &mut Db) -> relata::Result<()> {
    for (post, user) in Post::find().join(User, |(post, user)| post.author_id.eq(user.id)) {
        println!("{} {}", post.title, user.name);
    }
    Ok(())
}

async fn wrong_4(db: &mut Db) -> relata::Result<()> {
    for user in User::find().stream(db) {
        println!("{}", user.name);
    }
    Ok(())
}

async fn wrong_5(db: &mut Db) -> relata::Result<()> {
    let users = User::find().filter(User.name.eq("Ann")).await?;
    println!("{}", users.len());
    Ok(())
}

async fn wrong_6(db: &mut Db) -> relata::Result<()> {
    let titles = Post::find().select(Post.title).await?;
    println!("{}", titles.len());
    Ok(())
}

async fn wrong_7(db: &mut Db) -> relata::Result<()> {
    Post::update(1).set(Post.views.add(1)).await?;
    Ok(())
}

async fn wrong_8(db: &mut Db) -> relata::Result<()> {
    Post::delete(1).await?;
    Ok(())
}

async fn wrong_9(db: &mut Db) -> relata::Result<()> {
    User::insert_many([NewUser { name: "Ann".into() }]).await?;
    Ok(())
}

async fn wrong_10(db: &mut Db) -> relata::Result<()> {
    NewUser { name: "Ann".into() }.on_conflict(User.name).await?;
    Ok(())
}

async fn wrong_11(db: &mut Db) -> relata::Result<()> {
    let names: Vec<String> = User::find().map(|user| user.name).collect();
    println!("{}", names.len());
    Ok(())
}

async fn wrong_12(db: &mut Db) -> relata::Result<()> {
    let users = User::find().collect();
    println!("{}", users.len());
    Ok(())
}

fn main() {}
