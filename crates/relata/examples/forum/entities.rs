//! What a forum is made of. The tables are created from this file.

use relata::prelude::*;

/// Somebody who takes part.
#[derive(Entity, Debug, Clone)]
#[entity(timestamps, soft_delete)]
#[has_one(profile: Profile.member_id)]
#[has_many(posts: Post.author_id)]
pub struct Member {
    #[id]
    pub id: Id<Member>,
    #[unique]
    #[check(email)]
    pub email: String,
    #[check(len(2..=40))]
    pub name: String,
    pub role: Role,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Guest,
    Moderator,
}

/// What a member tells about itself.
#[derive(Entity, Debug, Clone)]
pub struct Profile {
    #[id]
    pub id: Id<Profile>,
    #[references(Member, on_delete = cascade)]
    #[unique]
    pub member_id: Id<Member>,
    #[check(len(..=500))]
    pub about: Option<String>,
    #[check(url)]
    pub homepage: Option<String>,
}

/// Boards stand in boards.
#[derive(Entity, Debug, Clone)]
#[has_many(boards: Board.parent_id)]
#[has_many(topics: Topic.board_id)]
pub struct Board {
    #[id]
    pub id: Id<Board>,
    #[references(Board)]
    pub parent_id: Option<Id<Board>>,
    #[unique]
    pub title: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(timestamps, soft_delete)]
#[has_many(posts: Post.topic_id)]
#[many_to_many(tags: Tag via TopicTag)]
pub struct Topic {
    #[id]
    pub id: Id<Topic>,
    #[references(Board)]
    pub board_id: Id<Board>,
    #[references(Member)]
    pub author_id: Id<Member>,
    #[check(len(3..=120))]
    pub title: String,
    #[default(false)]
    pub closed: bool,
}

#[derive(Entity, Debug, Clone)]
#[entity(timestamps, soft_delete)]
#[has_many(attachments: Attachment.post_id)]
#[has_many(comments: Comment.post_id)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(Topic, on_delete = cascade)]
    pub topic_id: Id<Topic>,
    #[references(Member)]
    pub author_id: Id<Member>,
    #[check(len(1..=20_000))]
    pub text: String,
}

/// A file that hangs on a post.
#[derive(Entity, Debug, Clone)]
#[entity(soft_delete)]
#[has_many(comments: Comment.attachment_id)]
pub struct Attachment {
    #[id]
    pub id: Id<Attachment>,
    #[references(Post, on_delete = cascade)]
    pub post_id: Id<Post>,
    #[check(url)]
    pub link: String,
    #[check(range(1..=10_000_000))]
    pub bytes: i64,
}

/// On a post or on an attachment: exactly one of the keys is set, and the database keeps it so.
#[derive(Entity, Debug, Clone)]
#[entity(soft_delete)]
#[exclusive(subject: post_id, attachment_id)]
pub struct Comment {
    #[id]
    pub id: Id<Comment>,
    #[references(Post, on_delete = cascade)]
    pub post_id: Option<Id<Post>>,
    #[references(Attachment, on_delete = cascade)]
    pub attachment_id: Option<Id<Attachment>>,
    #[references(Member)]
    pub author_id: Id<Member>,
    #[check(len(1..=500))]
    pub text: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[id]
    pub id: Id<Tag>,
    #[unique]
    #[check(len(1..=30), pattern("^[a-z0-9-]+$"))]
    pub name: String,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(topic_id, tag_id)]
pub struct TopicTag {
    #[references(Topic, on_delete = cascade)]
    pub topic_id: Id<Topic>,
    #[references(Tag, on_delete = cascade)]
    pub tag_id: Id<Tag>,
}

/// Who did what to which post: written by hooks, in the same transaction.
#[derive(Entity, Debug, Clone)]
#[entity(table = "audit_trail", timestamps)]
pub struct AuditEntry {
    #[id]
    pub id: Id<AuditEntry>,
    #[references(Member)]
    pub actor_id: Id<Member>,
    pub action: Action,
    /// No foreign key: the trail outlives what it tells of.
    pub post_id: Id<Post>,
    pub details: Json,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Wrote,
    Edited,
    Removed,
    Restored,
}
