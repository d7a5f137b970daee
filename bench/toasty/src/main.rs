//! A worker with toasty.

use bench_suite::{Case, Error, Job, Peer, Took, measure, new_user, serve};
use toasty::Deferred;

#[derive(Debug, toasty::Model)]
#[table = "users"]
struct User {
    #[key]
    #[auto]
    id: i32,
    name: String,
    hair_color: Option<String>,
    #[has_many]
    posts: Deferred<Vec<Post>>,
}

#[derive(Debug, toasty::Model)]
#[table = "posts"]
struct Post {
    #[key]
    #[auto]
    id: i32,
    #[index]
    user_id: i32,
    #[belongs_to(key = user_id, references = id)]
    user: Deferred<User>,
    title: String,
    body: Option<String>,
    #[has_many]
    comments: Deferred<Vec<Comment>>,
}

#[derive(Debug, toasty::Model)]
#[table = "comments"]
struct Comment {
    #[key]
    #[auto]
    id: i32,
    #[index]
    post_id: i32,
    #[belongs_to(key = post_id, references = id)]
    post: Deferred<Post>,
    text: String,
}

struct Toasty(toasty::Db);

impl Toasty {
    async fn open(url: &str) -> Result<Self, Error> {
        let url = url.replace("postgres://", "postgresql://");
        Ok(Toasty(toasty::Db::builder().models(toasty::models!(crate::*)).max_pool_size(1).connect(&url).await?))
    }
}

impl Peer for Toasty {
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
        let db = &mut self.0;
        match case {
            Case::Trivial => Ok(User::all().exec(db).await?.len() as u64),
            Case::Medium => {
                // toasty has no left join into pairs: users with their posts are its nearest form.
                let users = User::filter(User::fields().hair_color().eq("black"))
                    .order_by(User::fields().hair_color().desc())
                    .include(User::fields().posts())
                    .exec(db)
                    .await?;
                Ok(users.len() as u64)
            }
            Case::Associations => {
                let users = User::all().include(User::fields().posts().comments()).exec(db).await?;
                let comments = |posts: &[Post]| posts.iter().map(|post| 1 + post.comments.get().len()).sum::<usize>();
                Ok(users.iter().map(|user| 1 + comments(user.posts.get())).sum::<usize>() as u64)
            }
            Case::Insert => {
                let mut many = User::create_many();
                for (name, hair_color) in (0..size).map(new_user) {
                    many = many.item(User::create().name(name).hair_color(hair_color));
                }
                Ok(many.exec(db).await?.len() as u64)
            }
            Case::Point => Ok(User::get_by_id(db, &500).await?.id as u64),
        }
    }

    async fn clean(&mut self) -> Result<(), Error> {
        toasty::sql::statement("DELETE FROM users").exec(&mut self.0).await?;
        Ok(())
    }
}

async fn run(job: &Job) -> Result<Took, Error> {
    measure(&mut Toasty::open(&job.url).await?, job).await
}

fn main() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    serve(|job| runtime.block_on(run(job)))
}
