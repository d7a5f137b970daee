//! diesel_async.

use diesel_async::{AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};

use crate::diesel_schema::{NewUser, users};

macro_rules! peer {
    ($module:ident, $connection:ty, $url:expr, $after_open:expr, $insert:ident) => {
        pub mod $module {
            use bench_suite::{Case, Error, Peer};
            use diesel::prelude::*;
            #[allow(unused_imports, reason = "each use of the macro names one of them")]
            use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};

            use crate::diesel_schema::{Comment, Post, User, nest, new_users, posts, users};

            /// One connection.
            pub struct Diesel($connection);

            /// Connects.
            pub async fn open(url: &str) -> Result<Diesel, Error> {
                let strip: fn(&str) -> &str = $url;
                let mut connection = <$connection>::establish(strip(url)).await?;
                for statement in $after_open as &[&str] {
                    diesel::sql_query(*statement).execute(&mut connection).await?;
                }
                Ok(Diesel(connection))
            }

            impl Peer for Diesel {
                async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
                    let connection = &mut self.0;
                    match case {
                        Case::Trivial => Ok(users::table.load::<User>(connection).await?.len() as u64),
                        Case::Medium => Ok(users::table
                            .left_outer_join(posts::table)
                            .filter(users::hair_color.eq("black"))
                            .order(users::hair_color.desc())
                            .load::<(User, Option<Post>)>(connection)
                            .await?
                            .len() as u64),
                        Case::Associations => {
                            let users = users::table.load::<User>(connection).await?;
                            let posts = Post::belonging_to(&users).load::<Post>(connection).await?;
                            let comments = Comment::belonging_to(&posts).load::<Comment>(connection).await?;
                            Ok(nest(users, posts, comments))
                        }
                        Case::Insert => {
                            super::$insert(connection, new_users(size)).await?;
                            Ok(size as u64)
                        }
                        Case::Point => Ok(users::table.find(500).first::<User>(connection).await?.id as u64),
                    }
                }

                async fn clean(&mut self) -> Result<(), Error> {
                    diesel::delete(users::table).execute(&mut self.0).await?;
                    Ok(())
                }
            }
        }
    };
}

peer!(
    sqlite,
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<SqliteConnection>,
    |url| url.strip_prefix("sqlite:").unwrap_or(url),
    // The connection before this one is closed on another thread, which may still hold the file's lock.
    &["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = wal", "PRAGMA foreign_keys = on"],
    insert_sqlite
);
peer!(postgres, AsyncPgConnection, |url| url, &[], insert_postgres);
peer!(mysql, AsyncMysqlConnection, |url| url, &[], insert_mysql);

type Sqlite = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;

/// SQLite in diesel_async takes no batches of rows: one statement a row, in one transaction.
async fn insert_sqlite(connection: &mut Sqlite, new: Vec<NewUser>) -> Result<(), diesel::result::Error> {
    diesel::sql_query("BEGIN").execute(connection).await?;
    for user in &new {
        diesel::insert_into(users::table).values(user).execute(connection).await?;
    }
    diesel::sql_query("COMMIT").execute(connection).await.map(|_| ())
}

async fn insert_postgres(connection: &mut AsyncPgConnection, new: Vec<NewUser>) -> Result<(), diesel::result::Error> {
    diesel::insert_into(users::table).values(&new).execute(connection).await.map(|_| ())
}

async fn insert_mysql(connection: &mut AsyncMysqlConnection, new: Vec<NewUser>) -> Result<(), diesel::result::Error> {
    diesel::insert_into(users::table).values(&new).execute(connection).await.map(|_| ())
}
