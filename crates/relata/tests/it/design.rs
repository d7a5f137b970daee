//! The public face, as it is promised.

use relata::prelude::*;

use crate::model::*;

crate::setup::everywhere!(the_public_face);

async fn the_public_face(mut db: Db) -> relata::Result<()> {
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

/// What an application calls as other libraries do is its own, whatever the compiler answers to those who have no such function.
#[test]
fn words_of_the_application_come_first() {
    trait Finds {
        fn find_by_id(id: i64) -> i64;
        fn all(limit: usize) -> usize;
        fn map(&self, by: i64) -> i64;
    }
    impl Finds for User {
        fn find_by_id(id: i64) -> i64 {
            id
        }
        fn all(limit: usize) -> usize {
            limit
        }
        fn map(&self, by: i64) -> i64 {
            self.id.get() + by
        }
    }
    let ann = User { id: Id::new(1), email: String::new(), name: String::new() };
    assert_eq!((User::find_by_id(7), User::all(3), ann.map(1)), (7, 3, 2));
}
