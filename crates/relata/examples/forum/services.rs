//! What a forum does: repositories with hooks, and services that are made of them. Nothing here is global: a service holds a
//! database and whom to tell.

use relata::insert::Draft;
use relata::prelude::*;
use relata::{Changeset, Cursor, Error, Events, Page, Problem, Result, Store, Tree};
use serde_json::json;

use super::entities::*;

/// Somebody wrote something; told after the commit.
#[derive(Debug, Clone)]
pub struct Posted {
    pub topic: Id<Topic>,
    pub text: String,
}

/// The posts, as one member changes them: every change is in the audit trail.
pub struct Posts<X> {
    executor: X,
    actor: Id<Member>,
    events: Events,
}

impl<X: Executor> Posts<X> {
    async fn tell(&mut self, action: Action, post_id: Id<Post>, details: Json) -> Result<()> {
        let entry = NewAuditEntry { actor_id: self.actor, action, post_id, details };
        entry.insert(&mut self.executor).await.map(drop)
    }
}

impl<X: Executor> Store for Posts<X> {
    type Entity = Post;
    type Executor = X;

    fn executor(&mut self) -> &mut X {
        &mut self.executor
    }

    async fn before_insert(&mut self, post: Draft<Post>) -> Result<Draft<Post>> {
        let Some(topic) = post.given(Post.topic_id) else { return Ok(post) };
        match Topic::by_key(topic).one(&mut self.executor).await?.closed {
            true => Err(Error::invalid("Post", vec![Problem::of("topic_id", "closed", "is closed")])),
            false => Ok(post),
        }
    }

    async fn after_insert(&mut self, post: &Post) -> Result<()> {
        self.events.publish(Posted { topic: post.topic_id, text: post.text.clone() }, &mut self.executor);
        self.tell(Action::Wrote, post.id, json!({})).await
    }

    async fn before_save(&mut self, post: &Post) -> Result<()> {
        let before = Post::by_key(post.id).one(&mut self.executor).await?;
        match before.text == post.text {
            true => Ok(()),
            false => self.tell(Action::Edited, post.id, json!({"from": before.text, "to": post.text})).await,
        }
    }

    async fn after_delete(&mut self, post: &Id<Post>) -> Result<()> {
        self.tell(Action::Removed, *post, json!({})).await
    }

    async fn after_restore(&mut self, post: &Id<Post>) -> Result<()> {
        self.tell(Action::Restored, *post, json!({})).await
    }
}

/// Members come and present themselves.
pub struct Accounts {
    pub db: Db,
}

impl Accounts {
    /// Takes `{"email", "name", "profile": {"about", "homepage"}}` from outside.
    pub async fn register(&self, input: &Json) -> Result<Member> {
        Member::changeset((Member.email, Member.name))
            .strict()
            .nested(Member.profile, || Profile::changeset((Profile.about, Profile.homepage)))
            .json(input)
            .set(Member.role, Role::Guest)
            .insert(&mut self.db.clone())
            .await
    }

    pub async fn promote(&self, member: Id<Member>) -> Result<()> {
        let promotion = Member::update(member).set(Member.role.to(Role::Moderator)).require_rows(1);
        promotion.exec(&mut self.db.clone()).await.map(drop)
    }
}

/// A topic in a list.
#[derive(Debug)]
pub struct Headline {
    pub title: String,
    pub author: String,
    pub tags: Vec<String>,
    pub posts: i64,
    pub newest: Option<String>,
}

/// Topics are opened, answered, moderated and read.
pub struct Discussions {
    pub db: Db,
    pub events: Events,
}

impl Discussions {
    fn posts<X: Executor>(&self, executor: X, actor: Id<Member>) -> Posts<X> {
        Posts { executor, actor, events: self.events.clone() }
    }

    /// Takes `{"title", "posts": [{"text", "attachments": [{"link", "bytes"}]}]}` from outside, and the names of tags.
    pub async fn open(&self, board: Id<Board>, author: Id<Member>, input: &Json, tags: &[&str]) -> Result<Topic> {
        let mut db = self.db.clone();
        let topic = opening(author).json(input).set(Topic.board_id, board).set(Topic.author_id, author).graph()?;
        transaction!(db, |tx| {
            for name in tags {
                NewTag { name: name.to_string() }.on_conflict(Tag.name).ignore(&mut tx).await?;
            }
            let tags: Vec<Id<Tag>> =
                Tag::find().filter(Tag.name.is_in(tags.iter().copied())).select(Tag.id).all(&mut tx).await?;
            topic.connect(Topic.tags, tags).insert(&mut tx).await
        })
    }

    /// Takes `{"text"}` from outside.
    pub async fn reply(&self, topic: Id<Topic>, author: Id<Member>, input: &Json) -> Result<Post> {
        let mut db = self.db.clone();
        let reply = Post::changeset(Post.text).json(input).set(Post.topic_id, topic).set(Post.author_id, author);
        let reply = reply.draft()?;
        transaction!(db, |tx| self.posts(&mut tx, author).insert(reply).await)
    }

    pub async fn edit(&self, post: Post, editor: Id<Member>) -> Result<()> {
        let mut db = self.db.clone();
        transaction!(db, |tx| self.posts(&mut tx, editor).save(&post).await)
    }

    pub async fn remove(&self, post: Id<Post>, moderator: Id<Member>) -> Result<bool> {
        let mut db = self.db.clone();
        transaction!(db, |tx| self.posts(&mut tx, moderator).delete(post).await)
    }

    pub async fn restore(&self, post: Id<Post>, moderator: Id<Member>) -> Result<bool> {
        let mut db = self.db.clone();
        transaction!(db, |tx| self.posts(&mut tx, moderator).restore(post).await)
    }

    pub async fn close(&self, topic: Id<Topic>) -> Result<()> {
        let closing = Topic::update(topic).set(Topic.closed.to(true)).require_rows(1);
        closing.exec(&mut self.db.clone()).await.map(drop)
    }

    pub async fn comment(&self, subject: CommentSubject, author: Id<Member>, text: &str) -> Result<Comment> {
        let comment = NewComment { author_id: author, text: text.into() }.subject(subject);
        comment.insert(&mut self.db.clone()).await
    }

    /// One page of the topics of a board, newest first: four statements, however many there are.
    pub async fn page(&self, board: Id<Board>, after: Option<Cursor>, size: u64) -> Result<Page<Headline>> {
        let mut db = self.db.clone();
        let page = Topic::find()
            .filter(Topic.board_id.eq(board))
            .with(Topic.author)
            .with(Topic.tags.order(|tag| tag.name.asc()))
            .with(Topic.posts.order(|post| post.id.desc()).limit(1))
            .order(Topic.id.desc())
            .after(after)
            .limit(size)
            .page(&mut db)
            .await?;
        let ids = page.iter().map(|topic| topic.id);
        let counts: Vec<(Id<Topic>, i64)> =
            Topic::find().filter(Topic.id.is_in(ids)).select((Topic.id, Topic.posts.count())).all(&mut db).await?;
        Ok(page.map(|topic| Headline {
            title: topic.title.clone(),
            author: topic.author().name.clone(),
            tags: topic.tags().iter().map(|tag| tag.name.clone()).collect(),
            posts: counts.iter().find(|(id, _)| *id == topic.id).map_or(0, |(_, posts)| *posts),
            newest: topic.posts().first().map(|post| post.text.clone()),
        }))
    }

    /// What was said lately, and on what.
    pub async fn comments(&self) -> Result<Vec<String>> {
        let comments = Comment::find()
            .with(Comment.author)
            .with(Comment.post)
            .with(Comment.attachment)
            .order(Comment.id.asc())
            .all(&mut self.db.clone())
            .await?;
        let said = comments.iter().map(|comment| {
            let on = match (comment.post(), comment.attachment()) {
                (Some(post), _) => format!("{:?}", post.text),
                (_, Some(attachment)) => attachment.link.clone(),
                _ => "something that is gone".to_string(),
            };
            format!("{} on {on}: {}", comment.author().name, comment.text)
        });
        Ok(said.collect())
    }

    pub async fn boards(&self) -> Result<Tree<Board>> {
        Board::find().order(Board.title.asc()).tree(Board.boards, &mut self.db.clone()).await
    }
}

/// What may be said when a topic is opened.
fn opening(author: Id<Member>) -> Changeset<Topic> {
    let attachment = || Attachment::changeset((Attachment.link, Attachment.bytes));
    let post = move || Post::changeset(Post.text).set(Post.author_id, author).nested(Post.attachments, attachment);
    Topic::changeset(Topic.title).strict().nested(Topic.posts, post)
}
