//! Rows that refer to nothing or break a rule, on databases that do not enforce it.

use relata::integrity::{self, Finding, Repair, Said};
use relata::prelude::*;
use relata::{Result, sql};
use relata_schema::Dialect;

crate::setup::everywhere!(in "integrity.rs":
    what_is_only_meant_is_checked,
    orphans_are_repaired_when_asked,
);

/// Only meant: the tables are made without keys and checks.
#[allow(dead_code)]
mod meant {
    use relata::prelude::*;

    #[derive(Entity, Debug, Clone)]
    #[entity(table = "books")]
    #[check(pages > 0)]
    pub struct Book {
        #[id]
        pub id: Id<Book>,
        #[references(Writer)]
        pub by: Option<Id<Writer>>,
        #[references(Rack)]
        pub rack_id: Id<Rack>,
        #[check(pattern("^[a-z?]+$"))]
        pub title: String,
        pub pages: i32,
    }

    #[derive(Entity, Debug, Clone)]
    #[entity(table = "writers")]
    pub struct Writer {
        #[id]
        pub id: Id<Writer>,
    }

    #[derive(Entity, Debug, Clone)]
    #[entity(table = "racks")]
    pub struct Rack {
        #[id]
        pub id: Id<Rack>,
    }
}

async fn library(db: &mut Db) -> Result<relata_schema::Schema> {
    let key = match db.dialect() {
        Dialect::Sqlite => "INTEGER PRIMARY KEY",
        _ => "bigint PRIMARY KEY",
    };
    let tables = ["books", "writers", "racks"].map(|table| format!("DROP TABLE IF EXISTS {table};")).concat();
    let quote = if db.dialect() == Dialect::Mysql { "`" } else { "\"" };
    let script = format!(
        "{tables} CREATE TABLE writers (id {key}); CREATE TABLE racks (id {key});
         CREATE TABLE books (id {key}, \"by\" bigint, rack_id bigint NOT NULL, title varchar(80) NOT NULL, pages int NOT NULL);
         CREATE TABLE loans (id {key}, book_id bigint);
         INSERT INTO writers VALUES (1); INSERT INTO racks VALUES (1);
         INSERT INTO books VALUES (1, 1, 1, 'fine?', 10), (2, 9, 1, 'Loud', 5), (3, NULL, 8, 'lost', 0), (4, 7, 1, 'x', 1);
         INSERT INTO loans VALUES (1, 1), (2, 3), (3, 99);"
    );
    db.batch(&script.replace('"', quote)).await?;
    relata::table::schema(db).await
}

fn told(found: &[Finding]) -> Vec<String> {
    let mut told: Vec<String> = found
        .iter()
        .map(|finding| match finding {
            Finding::Orphans { reference, rows, values } => {
                format!(
                    "{}.{} {rows} {} {:?}",
                    reference.table.name,
                    reference.columns[0],
                    values.join(" "),
                    reference.said
                )
            }
            Finding::Broken { table, check, rows, .. } => format!("{} {check} {rows}", table.name),
        })
        .collect();
    told.sort();
    told
}

async fn what_is_only_meant_is_checked(mut db: Db) -> Result<()> {
    let schema = library(&mut db).await?;
    let found = integrity::check(&schema, None, &mut db).await?;
    assert_eq!(told(&found), ["books.rack_id 1 8 Name", "loans.book_id 1 99 Name"], "by their names");
    let declaration = relata_entity::read_source("meant.rs", include_str!("integrity.rs")).declaration;
    let found = integrity::check(&schema, Some(&declaration), &mut db).await?;
    let expected = [
        "books books_check 1",
        "books books_title_check 1",
        "books.by 2 7 9 Sources",
        "books.rack_id 1 8 Sources",
        "loans.book_id 1 99 Name",
    ];
    assert_eq!(told(&found), expected);
    assert!(
        found
            .iter()
            .all(|finding| !matches!(finding, Finding::Orphans { reference, .. } if reference.said == Said::Database))
    );
    Ok(())
}

async fn orphans_are_repaired_when_asked(mut db: Db) -> Result<()> {
    let schema = library(&mut db).await?;
    let declaration = relata_entity::read_source("meant.rs", include_str!("integrity.rs")).declaration;
    let found = integrity::check(&schema, Some(&declaration), &mut db).await?;
    let dialect = db.dialect();
    assert_eq!(integrity::repair(dialect, &found, Repair::SetNull, &mut db).await?, 3, "where they may be NULL");
    let found = integrity::check(&schema, Some(&declaration), &mut db).await?;
    assert_eq!(told(&found).last().map(String::as_str), Some("books.rack_id 1 8 Sources"));
    let mut all = found;
    // The loan of the book that goes is an orphan then, too.
    sql::<()>("UPDATE loans SET book_id = 99 WHERE id = 3", ()).exec(&mut db).await?;
    all.extend(
        integrity::check(&schema, None, &mut db)
            .await?
            .into_iter()
            .filter(|finding| told(std::slice::from_ref(finding))[0].starts_with("loans")),
    );
    assert_eq!(
        integrity::repair(dialect, &all, Repair::Delete, &mut db).await?,
        3,
        "a book, its loan, and a loan of none"
    );
    let left = sql::<i64>("SELECT COUNT(*) FROM loans", ()).one(&mut db).await?;
    assert_eq!((left, integrity::check(&schema, None, &mut db).await?), (1, Vec::new()));
    Ok(())
}
