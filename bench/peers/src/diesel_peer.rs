//! diesel, synchronous.

macro_rules! peer {
    ($module:ident, $connection:ty, $url:expr, $after_open:expr, $chunk:expr) => {
        pub mod $module {
            use bench_suite::{Case, Error, Peer};
            use diesel::prelude::*;

            use crate::diesel_schema::{Comment, Post, User, nest, new_users, posts, users};

            /// One connection.
            pub struct Diesel(pub $connection);

            /// Connects.
            pub fn open(url: &str) -> Result<Diesel, Error> {
                let strip: fn(&str) -> &str = $url;
                let mut connection = <$connection>::establish(strip(url))?;
                for statement in $after_open as &[&str] {
                    diesel::sql_query(*statement).execute(&mut connection)?;
                }
                Ok(Diesel(connection))
            }

            impl Peer for Diesel {
                async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
                    let connection = &mut self.0;
                    match case {
                        Case::Trivial => Ok(users::table.load::<User>(connection)?.len() as u64),
                        Case::Medium => Ok(users::table
                            .left_outer_join(posts::table)
                            .filter(users::hair_color.eq("black"))
                            .order(users::hair_color.desc())
                            .load::<(User, Option<Post>)>(connection)?
                            .len() as u64),
                        Case::Associations => {
                            let users = users::table.load::<User>(connection)?;
                            let posts = Post::belonging_to(&users).load::<Post>(connection)?;
                            let comments = Comment::belonging_to(&posts).load::<Comment>(connection)?;
                            Ok(nest(users, posts, comments))
                        }
                        Case::Insert => {
                            let new = new_users(size);
                            connection.transaction::<_, diesel::result::Error, _>(|connection| {
                                for chunk in new.chunks($chunk) {
                                    diesel::insert_into(users::table).values(chunk).execute(connection)?;
                                }
                                Ok(())
                            })?;
                            Ok(size as u64)
                        }
                        Case::Point => Ok(users::table.find(500).first::<User>(connection)?.id as u64),
                    }
                }

                async fn clean(&mut self) -> Result<(), Error> {
                    diesel::delete(users::table).execute(&mut self.0)?;
                    Ok(())
                }
            }
        }
    };
}

peer!(
    sqlite,
    SqliteConnection,
    |url| url.strip_prefix("sqlite:").unwrap_or(url),
    // The peer before may close its file on another thread.
    &["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = wal", "PRAGMA foreign_keys = on"],
    10_000
);
peer!(postgres, PgConnection, |url| url, &[], 10_000);
peer!(mysql, MysqlConnection, |url| url, &[], 10_000);
