//! Rows that refer to nothing or break a rule, on databases that do not enforce it.

use relata::integrity::{self, Finding, Repair, Said};
use relata::prelude::*;
use relata::{Result, sql};
use relata_schema::Dialect;

crate::setup::everywhere!(in "integrity.rs":
    what_is_only_meant_is_checked,
    orphans_are_repaired_when_asked,
    names_are_read_whatever_their_style,
    keys_with_a_type_lead_somewhere,
    orphans_are_put_aside,
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
    let tables = ["books", "writers", "racks", "loans"].map(|table| format!("DROP TABLE IF EXISTS {table};")).concat();
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
    let repaired = integrity::repair(&schema, &found, Repair::SetNull, &mut db).await?;
    assert_eq!(repaired.rows, 3, "where they may be NULL");
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
        integrity::repair(&schema, &all, Repair::Delete, &mut db).await?.rows,
        3,
        "a book, its loan, and a loan of none"
    );
    let left = sql::<i64>("SELECT COUNT(*) FROM loans", ()).one(&mut db).await?;
    assert_eq!((left, integrity::check(&schema, None, &mut db).await?), (1, Vec::new()));
    Ok(())
}

/// Tables without keys, from `NAME: COLUMN TYPE, …` and rows.
async fn tables(db: &mut Db, script: &str) -> Result<relata_schema::Schema> {
    let quote = if db.dialect() == Dialect::Mysql { "`" } else { "\"" };
    let key = match db.dialect() {
        Dialect::Sqlite => "INTEGER PRIMARY KEY",
        _ => "bigint PRIMARY KEY",
    };
    for table in ["books", "writers", "racks", "notes", "members", "posts"] {
        db.batch(&format!("DROP TABLE IF EXISTS {table}")).await?;
    }
    db.batch(&script.replace('"', quote).replace("KEY", key)).await?;
    relata::table::schema(db).await
}

async fn names_are_read_whatever_their_style(mut db: Db) -> Result<()> {
    let schema = tables(
        &mut db,
        "CREATE TABLE app_users (id KEY); CREATE TABLE app_categories (id KEY, parent_id bigint);
         CREATE TABLE \"app_OrderItem\" (\"Id\" KEY, \"userId\" int, id_category bigint, fk_user bigint);
         CREATE TABLE app_users_categories (user_id bigint, category_id bigint, approved_by_user_id bigint, remote_user_id bigint);
         INSERT INTO app_users VALUES (1), (2); INSERT INTO app_categories VALUES (1, NULL), (2, 1), (3, 99);
         INSERT INTO \"app_OrderItem\" VALUES (1, 1, 1, 1), (2, 98, 97, 96);
         INSERT INTO app_users_categories VALUES (1, 1, 1, 501), (2, 95, 2, 502), (94, 1, 93, 1);",
    )
    .await?;
    let found = integrity::check(&schema, None, &mut db).await?;
    let expected = [
        "app_OrderItem.fk_user 1 96 Name",
        "app_OrderItem.id_category 1 97 Name",
        "app_OrderItem.userId 1 98 Name",
        "app_categories.parent_id 1 99 Name",
        // A remote user is another: most of its rows say so.
        "app_users_categories.approved_by_user_id 1 93 Name",
        "app_users_categories.category_id 1 95 Name",
        "app_users_categories.user_id 1 94 Name",
    ];
    assert_eq!(told(&found), expected);
    Ok(())
}

/// As other frameworks keep it.
#[allow(dead_code)]
mod typed {
    use relata::prelude::*;

    #[derive(Entity, Debug, Clone)]
    #[entity(table = "notes")]
    #[polymorphic(owner: owner_type, owner_id, Member, Post = "post")]
    pub struct Note {
        #[id]
        pub id: Id<Note>,
        pub owner_type: String,
        pub owner_id: i64,
    }

    #[derive(Entity, Debug, Clone)]
    #[entity(table = "members")]
    pub struct Member {
        #[id]
        pub id: Id<Member>,
    }

    #[derive(Entity, Debug, Clone)]
    #[entity(table = "posts")]
    pub struct Post {
        #[id]
        pub id: Id<Post>,
    }
}

async fn keys_with_a_type_lead_somewhere(mut db: Db) -> Result<()> {
    let schema = tables(
        &mut db,
        "CREATE TABLE members (id KEY); CREATE TABLE posts (id KEY);
         CREATE TABLE notes (id KEY, owner_type varchar(40) NOT NULL, owner_id bigint NOT NULL);
         INSERT INTO members VALUES (1), (2); INSERT INTO posts VALUES (2);
         INSERT INTO notes VALUES (1, 'Member', 1), (2, 'Member', 7), (3, 'post', 2), (4, 'post', 1), (5, 'Guest', 1),
         (6, 'Blog::Post', 2);",
    )
    .await?;
    let found = integrity::check(&schema, None, &mut db).await?;
    assert_eq!(told(&found), ["notes.owner_id 1 1 Name", "notes.owner_id 1 7 Name"], "what the rows say names tables");
    let declaration = relata_entity::read_source("typed.rs", include_str!("integrity.rs")).declaration;
    let found = integrity::check(&schema, Some(&declaration), &mut db).await?;
    let found: Vec<String> = told(&found).into_iter().filter(|found| found.starts_with("notes")).collect();
    let expected = ["notes the entities of owner_type 2", "notes.owner_id 1 1 Sources", "notes.owner_id 1 7 Sources"];
    assert_eq!(found, expected);
    Ok(())
}

async fn orphans_are_put_aside(mut db: Db) -> Result<()> {
    for round in 1..=2 {
        let schema = library(&mut db).await?;
        let declaration = relata_entity::read_source("meant.rs", include_str!("integrity.rs")).declaration;
        let found = integrity::check(&schema, Some(&declaration), &mut db).await?;
        let repaired = integrity::repair(&schema, &found, Repair::Shelve, &mut db).await?;
        assert_eq!(repaired.rows, 5, "three books, the loan of one of them, and a loan of none");
        let places: Vec<String> = repaired.shelved.iter().map(|(table, to)| format!("{} {to}", table.name)).collect();
        let number = if round == 2 { "_2" } else { "" };
        let shelf = if db.dialect() == Dialect::Postgres { "relata_shelf." } else { "relata_shelf_" };
        let mut expected = ["books", "loans"].map(|table| format!("{table} {shelf}orphans_{table}{number}"));
        expected.sort();
        let mut places = places;
        places.sort();
        assert_eq!(places, expected);
        let kept = format!("SELECT id FROM {shelf}orphans_books{number} ORDER BY id");
        let kept = relata::sql_unchecked::<i64>(kept, ()).all(&mut db).await?;
        assert_eq!(kept, [2, 3, 4]);
        let schema = relata::table::schema(&mut db).await?;
        assert_eq!(told(&integrity::check(&schema, None, &mut db).await?), [""; 0], "nor is the shelf looked at");
    }
    Ok(())
}
