//! sqlx.

macro_rules! peer {
    ($module:ident, $connection:ty, $placeholder:expr, $insert:ident) => {
        pub mod $module {
            use std::collections::HashMap;

            use bench_suite::{Case, Error, Peer, new_user};
            use sqlx::{Connection, Row};

            #[derive(sqlx::FromRow)]
            struct User {
                id: i32,
                #[allow(dead_code)]
                name: String,
                #[allow(dead_code)]
                hair_color: Option<String>,
            }

            #[derive(sqlx::FromRow)]
            #[allow(dead_code)]
            struct Post {
                id: i32,
                user_id: i32,
                title: String,
                body: Option<String>,
            }

            #[derive(sqlx::FromRow)]
            #[allow(dead_code)]
            struct Comment {
                id: i32,
                post_id: i32,
                text: String,
            }

            /// One connection.
            pub struct Sqlx(pub $connection);

            /// Connects.
            pub async fn open(url: &str) -> Result<Sqlx, Error> {
                Ok(Sqlx(<$connection>::connect(url).await?))
            }

            fn places(count: usize) -> String {
                (1..=count).map($placeholder).collect::<Vec<String>>().join(", ")
            }

            impl Sqlx {
                async fn associations(&mut self) -> Result<u64, Error> {
                    let users: Vec<User> =
                        sqlx::query_as("SELECT id, name, hair_color FROM users").fetch_all(&mut self.0).await?;
                    let sql = format!(
                        "SELECT id, user_id, title, body FROM posts WHERE user_id IN ({})",
                        places(users.len())
                    );
                    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                    for user in &users {
                        query = query.bind(user.id);
                    }
                    let posts: Vec<Post> = query.fetch_all(&mut self.0).await?;
                    let sql =
                        format!("SELECT id, post_id, text FROM comments WHERE post_id IN ({})", places(posts.len()));
                    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
                    for post in &posts {
                        query = query.bind(post.id);
                    }
                    let comments: Vec<Comment> = query.fetch_all(&mut self.0).await?;
                    let mut of_post: HashMap<i32, Vec<Comment>> = HashMap::new();
                    for comment in comments {
                        of_post.entry(comment.post_id).or_default().push(comment);
                    }
                    let mut of_user: HashMap<i32, Vec<(Post, Vec<Comment>)>> = HashMap::new();
                    for post in posts {
                        let comments = of_post.remove(&post.id).unwrap_or_default();
                        of_user.entry(post.user_id).or_default().push((post, comments));
                    }
                    let nested: Vec<(User, Vec<(Post, Vec<Comment>)>)> = users
                        .into_iter()
                        .map(|user| {
                            let posts = of_user.remove(&user.id).unwrap_or_default();
                            (user, posts)
                        })
                        .collect();
                    let count = |posts: &Vec<(Post, Vec<Comment>)>| posts.iter().map(|(_, c)| 1 + c.len()).sum::<usize>();
                    Ok(nested.iter().map(|(_, posts)| 1 + count(posts)).sum::<usize>() as u64)
                }

                async fn medium(&mut self) -> Result<u64, Error> {
                    let sql = format!(
                        "SELECT u.id AS user_id, u.name, u.hair_color, p.id AS post_id, p.user_id, p.title, p.body FROM users u \
                         LEFT JOIN posts p ON p.user_id = u.id WHERE u.hair_color = {} ORDER BY u.hair_color DESC",
                        places(1)
                    );
                    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind("black").fetch_all(&mut self.0).await?;
                    let mut all: Vec<(User, Option<Post>)> = Vec::with_capacity(rows.len());
                    for row in rows {
                        let user = User { id: row.try_get(0)?, name: row.try_get(1)?, hair_color: row.try_get(2)? };
                        let post = match row.try_get::<Option<i32>, _>(3)? {
                            Some(id) => {
                                Some(Post { id, user_id: row.try_get(4)?, title: row.try_get(5)?, body: row.try_get(6)? })
                            }
                            None => None,
                        };
                        all.push((user, post));
                    }
                    Ok(all.len() as u64)
                }
            }

            impl Peer for Sqlx {
                async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
                    match case {
                        Case::Trivial => {
                            let sql = "SELECT id, name, hair_color FROM users";
                            Ok(sqlx::query_as::<_, User>(sql).fetch_all(&mut self.0).await?.len() as u64)
                        }
                        Case::Medium => self.medium().await,
                        Case::Associations => self.associations().await,
                        Case::Insert => {
                            let users: Vec<_> = (0..size).map(new_user).collect();
                            super::$insert(&mut self.0, users).await?;
                            Ok(size as u64)
                        }
                        Case::Point => {
                            let sql = format!("SELECT id, name, hair_color FROM users WHERE id = {}", places(1));
                            let query = sqlx::query_as::<_, User>(sqlx::AssertSqlSafe(sql)).bind(500);
                            Ok(query.fetch_one(&mut self.0).await?.id as u64)
                        }
                    }
                }

                async fn clean(&mut self) -> Result<(), Error> {
                    sqlx::query("DELETE FROM users").execute(&mut self.0).await?;
                    Ok(())
                }
            }
        }
    };
}

peer!(sqlite, sqlx::SqliteConnection, |i| format!("?{i}"), insert_sqlite);
peer!(postgres, sqlx::PgConnection, |i| format!("${i}"), insert_postgres);
peer!(mysql, sqlx::MySqlConnection, |_| "?".to_string(), insert_mysql);

type NewUsers = Vec<(String, Option<String>)>;

async fn insert_sqlite(connection: &mut sqlx::SqliteConnection, users: NewUsers) -> Result<(), sqlx::Error> {
    let mut transaction = sqlx::Connection::begin(connection).await?;
    for chunk in users.chunks(1_000) {
        let mut builder = sqlx::QueryBuilder::new("INSERT INTO users (name, hair_color) ");
        builder.push_values(chunk, |mut row, (name, hair)| {
            row.push_bind(name).push_bind(hair);
        });
        builder.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

async fn insert_postgres(connection: &mut sqlx::PgConnection, users: NewUsers) -> Result<(), sqlx::Error> {
    let (names, hair): (Vec<String>, Vec<Option<String>>) = users.into_iter().unzip();
    let sql = "INSERT INTO users (name, hair_color) SELECT * FROM unnest($1::varchar[], $2::varchar[])";
    sqlx::query(sql).bind(names).bind(hair).execute(connection).await.map(|_| ())
}

async fn insert_mysql(connection: &mut sqlx::MySqlConnection, users: NewUsers) -> Result<(), sqlx::Error> {
    let mut transaction = sqlx::Connection::begin(connection).await?;
    for chunk in users.chunks(1_000) {
        let mut builder = sqlx::QueryBuilder::new("INSERT INTO users (name, hair_color) ");
        builder.push_values(chunk, |mut row, (name, hair)| {
            row.push_bind(name).push_bind(hair);
        });
        builder.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await
}
