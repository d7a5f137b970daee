//! A child of another entity hung on a relation.
//@ expected `Post`, found `User`
use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
}

async fn wrong(db: &mut Db) {
    let user = NewUser { name: "Ann".into() };
    drop(user.create(User.posts, |_| [NewUser { name: "Bob".into() }]).insert(db).await);
}

fn main() {}
