//! The database layer for Rust: you declare what your data is, once; typed queries, validation and migrations follow.
//!
//! ```
//! use relata::prelude::*;
//!
//! #[derive(Entity, Debug)]
//! #[has_many(posts: Post.author_id)]
//! pub struct User {
//!     #[id]
//!     pub id: Id<User>,
//!     pub name: String,
//! }
//!
//! #[derive(Entity, Debug)]
//! pub struct Post {
//!     #[id]
//!     pub id: Id<Post>,
//!     #[references(User)]
//!     pub author_id: Id<User>,
//!     #[check(len(1..=120))]
//!     pub title: String,
//!     pub body: Option<String>,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> relata::Result<()> {
//! let mut db = Db::open("sqlite::memory:").await?;
//! # db.batch("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
//! #     CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES users (id),
//! #         title TEXT NOT NULL, body TEXT);").await?;
//! let ann = NewUser { name: "Ann".into() }.insert(&mut db).await?;
//! NewPost { author_id: ann.id, title: "Hello".into() }.body("First!").insert(&mut db).await?;
//!
//! let posts = Post::find()
//!     .filter(Post.author().name.eq("Ann").and(Post.body.is_some()))
//!     .with(Post.author)
//!     .order(Post.id.desc())
//!     .all(&mut db)
//!     .await?;
//! assert_eq!(posts[0].author().name, "Ann");
//!
//! let per_user: Vec<(String, i64)> = User::find()
//!     .select((User.name, User.posts.count()))
//!     .all(&mut db)
//!     .await?;
//! assert_eq!(per_user, [("Ann".to_string(), 1)]);
//! # Ok(())
//! # }
//! ```
//!
//! For each entity the derive writes beside the struct `User`
//! - a constant of the same name, whose fields are the columns and relations: `User.name`, `User.posts`. A relation is walked along with
//!   parentheses: `Post.author().name`;
//! - the struct `NewUser` for rows that are to be inserted, with the fields that must be given; setters for the others;
//! - an accessor of each relation, `post.author()`, on rows whose query loaded it by `.with(…)`; on others it does not compile.
//!
//! Queries begin at [`Entity`], and what they can say is at [`Find`]; what runs them is a [`Db`] or, inside of [`transaction!`], a [`Tx`].
//!
//! # Features
//! - `sqlite` (default): the SQLite driver, with SQLite itself.
//! - `postgres`: the PostgreSQL driver.
//! - `mysql`: the driver of MariaDB and MySQL.
//! - `chrono`: `NaiveDate`, `NaiveTime`, `NaiveDateTime` and `DateTime<Utc>` of the crate chrono are fields, too.
//! - `time`: `Date`, `Time`, `PrimitiveDateTime` and `OffsetDateTime` of the crate time are fields, too.
//! - `serde`: dates, times, decimals, UUIDs and what is of chrono and time can be serialised, so that entities derive `serde::Serialize`.
//! - `json-schema`: the rule `json_schema(…)` on columns that hold JSON, by the crate `jsonschema`. Without it the rule does
//!   not compile.
//!
//! A feature adds a driver, types or a rule, and changes nothing else.

#[doc(hidden)]
pub mod __private;
mod config;
mod db;
#[cfg(doctest)]
mod guide;
#[cfg(feature = "json-schema")]
mod json_schema;

pub use db::Db;
pub use relata_macros::{Entity, Enum, FromRow, Scalar};
pub use relata_runtime::changeset::{self, Changeset};
pub use relata_runtime::cte::{Cte, Writing, cte, written};
pub use relata_runtime::entity::IntoKey;
pub use relata_runtime::explain::{self, Explain};
pub use relata_runtime::find::Find;
pub use relata_runtime::join::{Joined, from};
pub use relata_runtime::search::{self, Search, Searchable};
pub use relata_runtime::tree::{self, Tree};
pub use relata_runtime::validation::{self, Given};
pub use relata_runtime::{
    Cursor, Entity, Error, Executor, FromRow, Id, Inspect, Intent, Kind, NewRow, Page, Params, PoolOptions, Reads,
    Record, Repository, Result, Rows, SoftDeleted, Table, Token, Tx, aggregate, change, cte, find, insert, join, load,
    page, relation, sql, sql_unchecked, stream, table, transaction,
};
pub use relata_runtime::{Events, Store, integrity, loaded, nested};
pub use relata_runtime::{cluster, discovery, executor, health, observe, pool, secret};
pub use relata_schema::Dialect;
pub use relata_sql::driver::{BoxFuture, Isolation};
pub use relata_sql::error::Problem;
pub use relata_sql::expr::{Bound, Exclude};
pub use relata_sql::render::Rendered;
pub use relata_sql::typed::native::{mysql, pg, sqlite};
pub use relata_sql::typed::{
    Aggregate, Argument, Arguments, Array, Assignment, Case, CastTo, Change, Collected, Column, Computed, Condition,
    Expression, Field, GroupCondition, Having, Moment, NewValue, Number, Operand, Order, PlainText, Pred, ProgramText,
    RowOrder, RowsArgument, RowsArguments, RowsOf, Structured, Subquery, Textual, Unit, ValueOf, Window, Windowed,
    count_rows, cume_dist, dense_rank, exists, fragment, json_elements, json_members, not_exists, now, ntile,
    percent_rank, rank, row_number, rows_of, scalar, scalar_or_none, series, value,
};
pub use relata_sql::{DatabaseUrl, Decode, Encode, Interval, Value};

/// Dates and times as columns keep them.
pub mod time {
    pub use jiff::civil::{Date, DateTime, Time};
    pub use jiff::{SignedDuration, Timestamp};
}

pub use rust_decimal::Decimal;
pub use serde_json::Value as Json;
pub use uuid::Uuid;

/// Panics, with the plan, if a [`Plan`](explain::Plan) exceeds a budget: the names are those of [`explain::Budget`].
///
/// ```text
/// let plan = Post::find().filter(Post.slug.eq("a")).explain(&mut db).await?;
/// assert_plan!(plan, no_full_scan, uses_index("posts_slug_idx"), at_most_rows(10));
/// ```
#[macro_export]
macro_rules! assert_plan {
    ($plan:expr $(, $rule:ident $(($($argument:expr),*))?)* $(,)?) => {
        $crate::explain::Budget::new()$(.$rule($($($argument),*)?))*.assert(&$plan)
    };
}

/// Everything that entities and queries need: `use relata::prelude::*;`.
pub mod prelude {
    pub use crate::time::{Date, DateTime, Time, Timestamp};
    pub use crate::{
        Column, Cursor, Db, Decimal, Entity, Enum, Executor, Explain, FromRow, Id, Inspect, Json, NewRow, Page, Pred,
        Scalar, Tx, Uuid, loaded, sql, transaction,
    };
    #[doc(hidden)]
    pub use relata_runtime::words::NotAnEntity as _;
    #[doc(hidden)]
    pub use relata_runtime::words::beginnings::{
        All as _, BelongingTo as _, BulkCreate as _, BulkUpdate as _, ByKeys as _, ColumnPaths as _, Count as _,
        Create as _, DeleteById as _, DeleteRow as _, Destroy as _, DestroyRow as _, FilterFirst as _, FindAll as _,
        FindBy as _, FindById as _, FindMany as _, FindOne as _, FindOrCreateBy as _, FindRelated as _,
        FindUnique as _, First as _, Get as _, GetBy as _, GetOrCreate as _, Insert as _, InsertAll as _, New as _,
        ReloadRow as _, UpdateRow as _, UpsertFirst as _, Where as _,
    };
}
