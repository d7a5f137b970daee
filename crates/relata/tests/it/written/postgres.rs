//! Entities, written by relata from a database.

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(schema = "blog")]
#[primary_key(post_id, n, name = "notes_key")]
pub struct Note {
    #[references(Post, on_update = restrict, name = "to_post")]
    pub post_id: Id<Post>,
    pub n: i32,
}

#[derive(Entity, Debug, Clone)]
#[entity(schema = "blog")]
#[unique(author_id, slug)]
#[has_many(notes: Note.post_id)]
#[has_many(posts: Post.parent_id)]
pub struct Post {
    #[id(always)]
    pub id: Id<Post>,
    #[references(User, on_delete = cascade)]
    pub author_id: Id<User, i32>,
    #[references(User, on_delete = set_null, initially_deferred)]
    pub editor_id: Option<Id<User, i32>>,
    #[references(Post)]
    pub parent_id: Option<Id<Post>>,
    pub slug: String,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "log", no_key)]
pub struct Log {
    pub line: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(comment = "people")]
#[index("lower((email)::text)", at desc nulls last, unique, include(price), where = "ok", name = "one_email")]
#[check("small <> big", name = "odd")]
#[has_many(posts_by_author: Post.author_id)]
#[has_many(posts_by_editor: Post.editor_id)]
pub struct User {
    #[id]
    #[db_type(postgres = "serial")]
    pub id: Id<User, i32>,
    #[unique]
    #[db_type(postgres = "character varying(80)")]
    #[comment(r#"where "they" are"#)]
    pub email: String,
    #[default(Mood::Pg13)]
    pub mood: Mood,
    #[index(method = "gin", name = "users_tags")]
    pub tags: Vec<String>,
    pub moods: Option<Vec<Mood>>,
    pub born: Option<Date>,
    pub wake: Option<Time>,
    #[default(now)]
    pub at: Timestamp,
    #[db_type(postgres = "timestamp(3) without time zone")]
    pub local: Option<DateTime>,
    #[decimal(10, 2)]
    #[check("price > (0)::numeric")]
    pub price: Option<Decimal>,
    pub any_number: Option<Decimal>,
    #[default(sql = "'{}'::jsonb")]
    pub data: Json,
    #[db_type(postgres = "json")]
    pub raw: Option<Json>,
    #[default(uuid)]
    pub u: Option<Uuid>,
    pub bytes: Option<Vec<u8>>,
    pub small: Option<i16>,
    #[default(-5)]
    pub big: i64,
    pub f: Option<f32>,
    pub d: Option<f64>,
    #[default(true)]
    pub ok: bool,
    pub span: Option<relata::Interval>,
    #[db_type(postgres = "inet")]
    pub address: Option<String>,
    #[db_type(postgres = "tstzrange")]
    pub during: Option<String>,
    #[db_type(postgres = "tsvector")]
    pub words: Option<String>,
    #[db_type(postgres = "character(3)")]
    #[default("abc")]
    pub fixed: Option<String>,
    #[generated("lower((email)::text)", stored)]
    pub lower_email: Option<String>,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    #[stored("G")]
    G,
    #[stored("PG-13")]
    Pg13,
    #[stored("1")]
    Value1,
}
