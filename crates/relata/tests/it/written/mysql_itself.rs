//! Entities, written by relata from a database.

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(table = "log", no_key, engine = "InnoDB", charset = "utf8mb4", collation = "utf8mb4_general_ci")]
pub struct Log {
    #[db_type(mysql = "text")]
    pub line: Option<String>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "post", engine = "InnoDB", charset = "utf8mb4", collation = "utf8mb4_general_ci")]
pub struct Post {
    #[id]
    #[db_type(mysql = "bigint")]
    pub id: Id<Post>,
    #[references(User, on_delete = cascade, name = "written_by")]
    #[index(name = "written_by")]
    #[db_type(mysql = "int unsigned")]
    pub author_id: Id<User, u32>,
    #[references(User, on_delete = set_null, name = "post_ibfk_1")]
    #[index(name = "editor_id")]
    #[db_type(mysql = "int unsigned")]
    pub editor_id: Option<Id<User, u32>>,
}

#[derive(Entity, Debug, Clone)]
#[entity(table = "user", comment = "people", engine = "InnoDB", charset = "utf8mb4", collation = "utf8mb4_general_ci")]
#[index(body prefix(10), name = "part")]
#[check("`price` > 0", name = "dear")]
#[has_many(posts_by_editor: Post.editor_id)]
#[has_many(posts_by_author: Post.author_id)]
pub struct User {
    #[id]
    #[db_type(mysql = "int unsigned")]
    pub id: Id<User, u32>,
    #[index(unique, name = "one_email")]
    #[db_type(mysql = "varchar(80)")]
    pub email: String,
    #[default(UserMood::G)]
    pub mood: UserMood,
    #[db_type(mysql = "tinyint")]
    pub tiny: Option<i8>,
    #[db_type(mysql = "tinyint unsigned")]
    pub utiny: Option<u8>,
    #[db_type(mysql = "mediumint")]
    pub medium: Option<i32>,
    #[db_type(mysql = "bigint unsigned")]
    pub big: Option<u64>,
    #[decimal(10, 2)]
    #[default(1.50)]
    pub price: Decimal,
    #[default(true)]
    pub ok: bool,
    #[db_type(mysql = "timestamp")]
    #[default(sql = "CURRENT_TIMESTAMP")]
    #[on_update("CURRENT_TIMESTAMP")]
    pub at: Timestamp,
    #[db_type(mysql = "datetime(3)")]
    pub local: Option<DateTime>,
    pub d: Option<Date>,
    #[db_type(mysql = "time")]
    pub t: Option<Time>,
    #[db_type(mysql = "year")]
    pub y: Option<i16>,
    pub j: Option<Json>,
    #[index(method = "fulltext", name = "words")]
    #[db_type(mysql = "text")]
    pub body: Option<String>,
    #[db_type(mysql = "blob")]
    pub bytes: Option<Vec<u8>>,
    #[db_type(mysql = "char(3)")]
    pub fixed: Option<String>,
    #[db_type(mysql = "set('a','b')")]
    pub flags: Option<String>,
    #[db_type(mysql = "binary(16)")]
    #[default(sql = "(uuid_to_bin(uuid()))")]
    pub u: Option<Vec<u8>>,
    #[db_type(mysql = "varchar(80)")]
    #[generated("upper(`email`)", virtual)]
    pub up: Option<String>,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserMood {
    #[stored("G")]
    G,
    #[stored("PG-13")]
    Pg13,
}
