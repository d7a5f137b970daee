// The blog that the guide's examples run on: its entities, and a database in memory with a few rows.

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    #[check(email)]
    pub email: String,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(soft_delete, timestamps)]
#[unique(author_id, slug)]
#[has_many(comments: Comment.post_id)]
#[many_to_many(tags: Tag via PostTag)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User, on_delete = cascade)]
    pub author_id: Id<User>,
    #[check(len(1..=120))]
    pub slug: String,
    #[sortable]
    pub title: String,
    pub body: Option<String>,
    #[sortable]
    pub published_at: Option<Timestamp>,
}

#[derive(Entity, Debug, Clone)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[id]
    pub id: Id<Tag>,
    #[unique]
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(post_id, tag_id)]
pub struct PostTag {
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    #[references(Tag, on_delete = cascade)]
    pub tag_id: Id<Tag>,
}

#[derive(Entity, Debug, Clone)]
pub struct Account {
    #[id]
    pub id: Id<Account>,
    #[check(range(0..))]
    pub balance: i64,
}

pub async fn blog() -> relata::Result<Db> {
    let mut db = Db::open("sqlite::memory:").await?;
    db.batch(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
         CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
             slug TEXT NOT NULL, title TEXT NOT NULL, body TEXT, published_at TIMESTAMP, created_at TIMESTAMP NOT NULL,
             updated_at TIMESTAMP NOT NULL, deleted_at TIMESTAMP, UNIQUE (author_id, slug));
         CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
             text TEXT NOT NULL);
         CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
         CREATE TABLE post_tags (post_id INTEGER NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
             tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE, PRIMARY KEY (post_id, tag_id));
         CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));",
    )
    .await?;
    let ann = NewUser { email: "ann@example.com".into(), name: "Ann".into() }.insert(&mut db).await?;
    let tag = NewTag { name: "rust".into() }.insert(&mut db).await?;
    for n in 1..=5 {
        let new = NewPost { author_id: ann.id, slug: format!("post-{n}"), title: format!("Post {n}") };
        let post = new.published_at("2026-01-02T03:04:05Z".parse::<Timestamp>().unwrap()).insert(&mut db).await?;
        NewPostTag { post_id: post.id, tag_id: tag.id }.insert(&mut db).await?;
        for text in ["first", "second", "third", "fourth"] {
            NewComment { post_id: post.id, text: text.into() }.insert(&mut db).await?;
        }
    }
    Ok(db)
}
