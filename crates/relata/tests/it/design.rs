//! The public face, as it is promised.

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(table = "users")]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "posts", soft_delete, timestamps)]
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
    pub title: String,
    pub body: Option<String>,
    pub published_at: Option<Timestamp>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "comments")]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    #[references(Post)]
    pub post_id: Id<Post>,
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "tags")]
pub struct Tag {
    #[id]
    pub id: Id<Tag>,
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "post_tags")]
#[primary_key(post_id, tag_id)]
pub struct PostTag {
    #[references(Post)]
    pub post_id: Id<Post>,
    #[references(Tag)]
    pub tag_id: Id<Tag>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "accounts")]
pub struct Account {
    #[id]
    pub id: Id<Account>,
    pub balance: i64,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "transfers")]
pub struct Transfer {
    #[id]
    pub id: Id<Transfer>,
    #[references(Account, relation = sender)]
    pub from: Id<Account>,
    #[references(Account, relation = receiver)]
    pub to: Id<Account>,
    pub amount: i64,
}

const SQLITE: &str = r#"
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users (id), slug TEXT NOT NULL,
    title TEXT NOT NULL, body TEXT, published_at TIMESTAMP, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
    deleted_at TIMESTAMP, UNIQUE (author_id, slug));
CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER NOT NULL REFERENCES posts (id), text TEXT NOT NULL);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE post_tags (post_id INTEGER NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (post_id, tag_id));
CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0));
CREATE TABLE transfers (id INTEGER PRIMARY KEY, "from" INTEGER NOT NULL, "to" INTEGER NOT NULL, amount INTEGER NOT NULL);
"#;

#[tokio::test]
async fn the_public_face() -> relata::Result<()> {
    let mut db = Db::open("sqlite::memory:").await?;
    db.batch(SQLITE).await?;
    let ann = NewUser { email: "ann@example.com".into(), name: "Ann".into() }.insert(&mut db).await?;
    let author_id = ann.id;
    let post = NewPost { author_id, slug: "hello".into(), title: "Hello".into() }.insert(&mut db).await?;
    assert_eq!(post.body, None);
    let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    Post::update(post.id).set(Post.published_at.to(now)).exec(&mut db).await?;
    for text in ["one", "two", "three", "four"] {
        NewComment { post_id: post.id, text: text.into() }.insert(&mut db).await?;
    }

    let cursor: Option<Cursor> = None;
    let page = Post::find()
        .filter(Post.author().email.ends_with("@example.com").and(Post.published_at.is_some()))
        .with(Post.author)
        .with(Post.comments.order(|c| c.id.desc()).limit(3))
        .order(Post.published_at.desc())
        .after(cursor)
        .limit(20)
        .page(&mut db)
        .await?;
    for post in &page {
        assert_eq!(format!("{} by {}", post.title, post.author().name), "Hello by Ann");
        let texts: Vec<_> = post.comments().iter().map(|comment| comment.text.as_str()).collect();
        assert_eq!(texts, ["four", "three", "two"]);
    }
    assert_eq!(page.len(), 1);

    let per_author: Vec<(Id<User>, i64)> = Post::find()
        .group_by(Post.author_id)
        .having(Post.id.count().gt(0))
        .select((Post.author_id, Post.id.count()))
        .all(&mut db)
        .await?;
    assert_eq!(per_author, [(ann.id, 1)]);

    let from = NewAccount { balance: 100 }.insert(&mut db).await?.id;
    let to = NewAccount { balance: 0 }.insert(&mut db).await?.id;
    let amount = 30;
    let order = transaction!(db, retries = 3, |tx| {
        Account::update(from).set(Account.balance.sub(amount)).require_rows(1).exec(&mut tx).await?;
        NewTransfer { from, to, amount }.insert(&mut tx).await
    })?;
    assert_eq!(order.amount, 30);
    assert_eq!(Account::by_key(from).one(&mut db).await?.balance, 70);
    Ok(())
}
