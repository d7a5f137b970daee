//! The entities of the tests. Their tables are created from this very file: read, lowered and printed for each database.

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(table = "users")]
#[has_many(posts: Post.author_id)]
#[has_one(profile: Profile.user_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    #[unique]
    pub email: String,
    #[sortable]
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
    /// Who wrote it, if known.
    #[references(User)]
    pub writer_id: Option<Id<User>>,
    #[references(Post)]
    pub post_id: Id<Post>,
    pub text: String,
}

/// A tree.
#[derive(Entity, Debug, Clone)]
#[entity(table = "categories")]
#[has_many(children: Category.parent_id)]
pub struct Category {
    #[id]
    pub id: Id<Category>,
    #[references(Category)]
    pub parent_id: Option<Id<Category>>,
    pub name: String,
}

/// At most one for each user; nobody makes its key.
#[derive(Entity, Debug, Clone)]
#[entity(table = "profiles")]
pub struct Profile {
    #[id(manual)]
    pub id: Id<Profile, Uuid>,
    #[references(User)]
    #[unique]
    pub user_id: Id<User>,
    #[check(email)]
    pub contact: String,
    #[check(one_of("red", "blue"))]
    pub colour: Option<String>,
    #[check(range(0..=150))]
    pub age: Option<i32>,
}

/// Where a person stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Happy,
    #[stored("so-so")]
    SoSo,
}

/// A column of each type that all databases have.
#[derive(Entity, Debug, Clone, PartialEq)]
#[entity(table = "every_type", charset = "utf8mb4")]
pub struct EveryType {
    #[id]
    pub id: Id<EveryType>,
    pub flag: bool,
    pub small: i16,
    pub medium: i32,
    pub large: i64,
    pub single: f32,
    pub double: f64,
    #[decimal(12, 4)]
    pub exact: Decimal,
    pub text: String,
    pub bytes: Vec<u8>,
    pub uuid: Uuid,
    pub date: Date,
    pub time: Time,
    pub datetime: DateTime,
    pub instant: Timestamp,
    pub json: Json,
    pub mood: Mood,
    pub nothing: Option<String>,
    #[column("Select")]
    pub r#type: Option<i32>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "tags")]
#[many_to_many(posts: Post via PostTag)]
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
    #[check("balance >= 0")]
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

/// Its key has two columns, and so has what refers to it.
#[derive(Entity, Debug, Clone)]
#[entity(table = "flights")]
#[primary_key(day, number)]
#[has_many(seats: Seat.(day, number))]
pub struct Flight {
    pub day: i32,
    pub number: i32,
    pub goal: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "seats")]
#[foreign_key(day, number => Flight, relation = flight)]
pub struct Seat {
    #[id]
    pub id: Id<Seat>,
    pub day: i32,
    pub number: i32,
    pub passenger: String,
}
