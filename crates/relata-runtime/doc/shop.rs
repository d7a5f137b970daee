// The entities of the examples in the documentation, and a database that has their tables.
use relata::prelude::*;

#[derive(Entity, Debug, Clone, PartialEq)]
#[has_many(books: Book.author_id)]
pub struct Author {
    #[id]
    pub id: Id<Author>,
    pub name: String,
    #[unique]
    pub email: String,
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub struct Book {
    #[id]
    pub id: Id<Book>,
    #[references(Author, on_delete = cascade)]
    pub author_id: Id<Author>,
    pub title: String,
    pub pages: i32,
}

/// Two authors and three books in memory.
#[allow(dead_code)]
async fn shop() -> relata::Result<Db> {
    let mut db = Db::open("sqlite::memory:").await?;
    db.batch(
        "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE);
         CREATE TABLE books (id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
           title TEXT NOT NULL, pages INTEGER NOT NULL);
         INSERT INTO authors VALUES (1, 'Ursula', 'ursula@example.com'), (2, 'Stanisław', 'stan@example.com');
         INSERT INTO books VALUES (1, 1, 'The Dispossessed', 341), (2, 1, 'The Lathe of Heaven', 184), (3, 2, 'Solaris', 204);",
    )
    .await?;
    Ok(db)
}
