//! relata.

use bench_suite::{Case, Error, Peer, new_user};
use relata::prelude::*;

#[derive(Entity)]
#[has_one(post: Post.user_id)]
#[has_many(posts: Post.user_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
    pub hair_color: Option<String>,
}

#[derive(Entity)]
#[has_many(comments: Comment.post_id)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub user_id: Id<User>,
    pub title: String,
    pub body: Option<String>,
}

#[derive(Entity)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    #[references(Post)]
    pub post_id: Id<Post>,
    pub text: String,
}

/// One database.
pub struct Relata(pub Db);

impl Relata {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Ok(Relata(Db::open(url).await?))
    }
}

impl Peer for Relata {
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
        let db = &mut self.0;
        match case {
            Case::Trivial => Ok(User::find().all(db).await?.len() as u64),
            Case::Medium => {
                let find = User::find().filter(User.hair_color.eq("black")).order(User.hair_color.desc());
                Ok(find.with(User.post).all(db).await?.len() as u64)
            }
            Case::Associations => {
                let users = User::find().with(User.posts.with(Post.comments)).all(db).await?;
                let posts = |count: usize, post: usize| count + 1 + post;
                let counts =
                    users.iter().map(|user| user.posts().iter().map(|post| post.comments().len()).fold(1, posts));
                Ok(counts.sum::<usize>() as u64)
            }
            Case::Insert => {
                let new = (0..size).map(new_user).map(|(name, hair_color)| NewUser { name }.hair_color(hair_color));
                Ok(User::insert_many(new).exec(db).await?)
            }
            Case::Point => Ok(User::by_key(500).one(db).await?.id.into_inner() as u64),
        }
    }

    async fn clean(&mut self) -> Result<(), Error> {
        User::delete_many().all_rows().exec(&mut self.0).await?;
        Ok(())
    }
}
