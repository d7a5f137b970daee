//! The floor: rusqlite, tokio-postgres and mysql_async by hand, with cached statements.

use std::collections::HashMap;
use std::time::Duration;

use bench_suite::{Case, Database, Error, Job, Peer, Took, new_user, rows, tables};
use futures_util::TryStreamExt;
use mysql_async::prelude::Queryable;

/// A user.
#[allow(dead_code, reason = "read into memory, as an application would")]
pub struct User {
    pub id: i32,
    pub name: String,
    pub hair_color: Option<String>,
}

/// A post.
#[allow(dead_code, reason = "read into memory, as an application would")]
pub struct Post {
    pub id: i32,
    pub user_id: i32,
    pub title: String,
    pub body: Option<String>,
}

/// A comment.
#[allow(dead_code, reason = "read into memory, as an application would")]
pub struct Comment {
    pub id: i32,
    pub post_id: i32,
    pub text: String,
}

const USERS: &str = "SELECT id, name, hair_color FROM users";
const COMMENTS: &str = "SELECT id, post_id, text FROM comments WHERE post_id IN (SELECT id FROM posts)";

/// Creates and fills the tables.
pub async fn setup(job: &Job) -> Result<Took, Error> {
    let statements: Vec<String> = tables(job.database).into_iter().chain(rows(job.case, job.size)).collect();
    match job.database {
        Database::Sqlite => {
            let connection = rusqlite::Connection::open(path(&job.url))?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.execute_batch(&format!("BEGIN; {}; COMMIT; ANALYZE;", statements.join("; ")))?;
        }
        Database::Postgres => {
            let peer = Postgres::open(&job.url).await?;
            peer.client.batch_execute(&format!("{}; ANALYZE users, posts, comments", statements.join("; "))).await?;
        }
        Database::Mysql => {
            let mut peer = Mysql::open(&job.url).await?;
            for statement in statements {
                peer.connection.query_drop(statement).await?;
            }
            peer.connection.query_drop("ANALYZE TABLE users, posts, comments").await?;
        }
    }
    Ok(Took { wall: Duration::ZERO, cpu: Duration::ZERO, check: 0 })
}

/// The file of a SQLite URL.
pub fn path(url: &str) -> &str {
    url.strip_prefix("sqlite:").unwrap_or(url)
}

fn medium(placeholder: &str) -> String {
    format!(
        "SELECT u.id, u.name, u.hair_color, p.id, p.user_id, p.title, p.body FROM users u \
         LEFT JOIN posts p ON p.user_id = u.id WHERE u.hair_color = {placeholder} ORDER BY u.hair_color DESC"
    )
}

fn nest(users: Vec<User>, posts: Vec<Post>, comments: Vec<Comment>) -> u64 {
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
        .map(|user| (of_user.remove(&user.id).unwrap_or_default(), user))
        .map(|(p, u)| (u, p))
        .collect();
    let count = nested.iter().map(|(_, posts)| 1 + posts.iter().map(|(_, comments)| 1 + comments.len()).sum::<usize>());
    count.sum::<usize>() as u64
}

/// rusqlite.
pub struct Sqlite {
    /// The connection.
    pub connection: rusqlite::Connection,
}

impl Sqlite {
    /// Opens the file.
    pub fn open(url: &str) -> Result<Self, Error> {
        let connection = rusqlite::Connection::open(path(url))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Sqlite { connection })
    }

    fn users(&self) -> Result<Vec<User>, Error> {
        let mut statement = self.connection.prepare_cached(USERS)?;
        let rows =
            statement.query_map([], |row| Ok(User { id: row.get(0)?, name: row.get(1)?, hair_color: row.get(2)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn medium(&self) -> Result<u64, Error> {
        let mut statement = self.connection.prepare_cached(&medium("?1"))?;
        let rows = statement.query_map(["black"], |row| {
            let user = User { id: row.get(0)?, name: row.get(1)?, hair_color: row.get(2)? };
            let post = match row.get::<_, Option<i32>>(3)? {
                Some(id) => Some(Post { id, user_id: row.get(4)?, title: row.get(5)?, body: row.get(6)? }),
                None => None,
            };
            Ok((user, post))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?.len() as u64)
    }

    fn associations(&self) -> Result<u64, Error> {
        let users = self.users()?;
        let ids = users.iter().map(|user| user.id.to_string()).collect::<Vec<_>>().join(",");
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT id, user_id, title, body FROM posts WHERE user_id IN ({ids})"))?;
        let posts = statement
            .query_map([], |row| {
                Ok(Post { id: row.get(0)?, user_id: row.get(1)?, title: row.get(2)?, body: row.get(3)? })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        let mut statement = self.connection.prepare_cached(COMMENTS)?;
        let comments = statement
            .query_map([], |row| Ok(Comment { id: row.get(0)?, post_id: row.get(1)?, text: row.get(2)? }))?
            .collect::<Result<Vec<_>, _>>()?;
        Ok(nest(users, posts, comments))
    }

    fn insert(&self, size: usize) -> Result<u64, Error> {
        let transaction = self.connection.unchecked_transaction()?;
        for chunk in (0..size).collect::<Vec<_>>().chunks(100) {
            let values = vec!["(?, ?)"; chunk.len()].join(", ");
            let mut statement =
                self.connection.prepare_cached(&format!("INSERT INTO users (name, hair_color) VALUES {values}"))?;
            for (position, &i) in chunk.iter().enumerate() {
                let (name, hair) = new_user(i);
                statement.raw_bind_parameter(position * 2 + 1, name)?;
                statement.raw_bind_parameter(position * 2 + 2, hair)?;
            }
            statement.raw_execute()?;
        }
        transaction.commit()?;
        Ok(size as u64)
    }
}

impl Peer for Sqlite {
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
        match case {
            Case::Trivial => Ok(self.users()?.len() as u64),
            Case::Medium => self.medium(),
            Case::Associations => self.associations(),
            Case::Insert => self.insert(size),
            Case::Point => {
                let mut statement =
                    self.connection.prepare_cached("SELECT id, name, hair_color FROM users WHERE id = ?1")?;
                let user = statement
                    .query_row([500], |row| Ok(User { id: row.get(0)?, name: row.get(1)?, hair_color: row.get(2)? }))?;
                Ok(user.id as u64)
            }
        }
    }

    async fn clean(&mut self) -> Result<(), Error> {
        self.connection.execute("DELETE FROM users", [])?;
        Ok(())
    }
}

/// tokio-postgres.
pub struct Postgres {
    client: tokio_postgres::Client,
    statements: HashMap<String, tokio_postgres::Statement>,
}

impl Postgres {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok(Postgres { client, statements: HashMap::new() })
    }

    async fn prepare(&mut self, sql: &str) -> Result<tokio_postgres::Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_string(), statement.clone());
        Ok(statement)
    }

    async fn each<T>(
        &mut self,
        sql: &str,
        params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
        read: impl Fn(&tokio_postgres::Row) -> T,
    ) -> Result<Vec<T>, Error> {
        let statement = self.prepare(sql).await?;
        let rows = self.client.query_raw(&statement, params.iter().copied()).await?;
        let mut rows = std::pin::pin!(rows);
        let mut all = Vec::new();
        while let Some(row) = rows.try_next().await? {
            all.push(read(&row));
        }
        Ok(all)
    }

    async fn associations(&mut self) -> Result<u64, Error> {
        let users = self.each(USERS, &[], user).await?;
        let ids: Vec<i32> = users.iter().map(|user| user.id).collect();
        let sql = "SELECT id, user_id, title, body FROM posts WHERE user_id = ANY($1)";
        let posts = self
            .each(sql, &[&ids], |row| Post { id: row.get(0), user_id: row.get(1), title: row.get(2), body: row.get(3) })
            .await?;
        let ids: Vec<i32> = posts.iter().map(|post| post.id).collect();
        let sql = "SELECT id, post_id, text FROM comments WHERE post_id = ANY($1)";
        let comments =
            self.each(sql, &[&ids], |row| Comment { id: row.get(0), post_id: row.get(1), text: row.get(2) }).await?;
        Ok(nest(users, posts, comments))
    }

    async fn insert(&mut self, size: usize) -> Result<u64, Error> {
        let (names, hair): (Vec<String>, Vec<Option<String>>) = (0..size).map(new_user).unzip();
        let sql = "INSERT INTO users (name, hair_color) SELECT * FROM unnest($1::varchar[], $2::varchar[])";
        let statement = self.prepare(sql).await?;
        Ok(self.client.execute(&statement, &[&names, &hair]).await?)
    }
}

fn user(row: &tokio_postgres::Row) -> User {
    User { id: row.get(0), name: row.get(1), hair_color: row.get(2) }
}

impl Peer for Postgres {
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
        match case {
            Case::Trivial => Ok(self.each(USERS, &[], user).await?.len() as u64),
            Case::Medium => {
                let read = |row: &tokio_postgres::Row| {
                    let post = row.get::<_, Option<i32>>(3);
                    (user(row), post.map(|id| Post { id, user_id: row.get(4), title: row.get(5), body: row.get(6) }))
                };
                Ok(self.each(&medium("$1"), &[&"black"], read).await?.len() as u64)
            }
            Case::Associations => self.associations().await,
            Case::Insert => self.insert(size).await,
            Case::Point => {
                let found = self.each("SELECT id, name, hair_color FROM users WHERE id = $1", &[&500], user).await?;
                Ok(found[0].id as u64)
            }
        }
    }

    async fn clean(&mut self) -> Result<(), Error> {
        self.client.execute("DELETE FROM users", &[]).await?;
        Ok(())
    }
}

/// mysql_async.
pub struct Mysql {
    connection: mysql_async::Conn,
}

impl Mysql {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Ok(Mysql { connection: mysql_async::Conn::from_url(url).await? })
    }

    async fn associations(&mut self) -> Result<u64, Error> {
        let users = self.connection.exec_map(USERS, (), |(id, name, hair_color)| User { id, name, hair_color }).await?;
        let ids = users.iter().map(|user| user.id.to_string()).collect::<Vec<_>>().join(",");
        let sql = format!("SELECT id, user_id, title, body FROM posts WHERE user_id IN ({ids})");
        let post = |(id, user_id, title, body)| Post { id, user_id, title, body };
        let posts: Vec<Post> = self.connection.exec_map(sql, (), post).await?;
        let ids = posts.iter().map(|post| post.id.to_string()).collect::<Vec<_>>().join(",");
        let sql = format!("SELECT id, post_id, text FROM comments WHERE post_id IN ({ids})");
        let comments = self.connection.exec_map(sql, (), |(id, post_id, text)| Comment { id, post_id, text }).await?;
        Ok(nest(users, posts, comments))
    }

    async fn insert(&mut self, size: usize) -> Result<u64, Error> {
        self.connection.query_drop("BEGIN").await?;
        for chunk in (0..size).collect::<Vec<_>>().chunks(1_000) {
            let sql = format!("INSERT INTO users (name, hair_color) VALUES {}", vec!["(?, ?)"; chunk.len()].join(", "));
            let values: Vec<mysql_async::Value> = chunk
                .iter()
                .flat_map(|&i| {
                    let (name, hair) = new_user(i);
                    [name.into(), hair.into()]
                })
                .collect();
            self.connection.exec_drop(sql, values).await?;
        }
        self.connection.query_drop("COMMIT").await?;
        Ok(size as u64)
    }
}

impl Peer for Mysql {
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error> {
        let user = |(id, name, hair_color)| User { id, name, hair_color };
        match case {
            Case::Trivial => Ok(self.connection.exec_map(USERS, (), user).await?.len() as u64),
            Case::Medium => {
                type Joined = (i32, String, Option<String>, Option<i32>, Option<i32>, Option<String>, Option<String>);
                let read = |(id, name, hair_color, post, user_id, title, body): Joined| {
                    let post =
                        post.zip(user_id).zip(title).map(|((id, user_id), title)| Post { id, user_id, title, body });
                    (User { id, name, hair_color }, post)
                };
                Ok(self.connection.exec_map(medium("?"), ("black",), read).await?.len() as u64)
            }
            Case::Associations => self.associations().await,
            Case::Insert => self.insert(size).await,
            Case::Point => {
                let sql = "SELECT id, name, hair_color FROM users WHERE id = ?";
                let found = self.connection.exec_map(sql, (500,), user).await?;
                Ok(found[0].id as u64)
            }
        }
    }

    async fn clean(&mut self) -> Result<(), Error> {
        Ok(self.connection.query_drop("DELETE FROM users").await?)
    }
}
