//! Other entities as fields, as ActiveRecord and Prisma show them.
//@ `User` cannot be a column
//@ another entity is no column, its key is: `#[references(User)] pub user_id: Id<User>`
//@ said on the struct: `#[has_many(posts: Post.user_id)]`
//@ `Column<Post, i32>` gives no single value of related rows of `Post`

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.user_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
}

#[derive(Entity, Debug, Clone)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub user_id: Id<User>,
    pub views: i32,
}

#[derive(Entity, Debug, Clone)]
pub struct Account {
    #[id]
    pub id: Id<Account>,
    pub owner: User,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    User::find().select((User.id, User.posts.select(Post.views))).all(db).await?;
    Ok(())
}

fn main() {}
