//! Migrations that a program applies itself.

use relata::prelude::*;
use relata::{Kind, Result};

crate::setup::everywhere!(in "migrating.rs": a_program_applies_what_is_pending);

#[derive(Entity, Debug, Clone)]
pub struct Place {
    #[id]
    pub id: Id<Place>,
    pub name: String,
}

async fn a_program_applies_what_is_pending(mut db: Db) -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, sql: &str| {
        let directory = folder.path().join(name);
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join("up.sql"), sql).unwrap();
    };
    written("20260101000000_aaaaaa_rivers", "CREATE TABLE rivers (name VARCHAR(80) NOT NULL);\n");
    assert_eq!(db.migrate(folder.path()).await?, ["rivers"]);
    assert!(db.migrate(folder.path()).await?.is_empty());
    let place = NewPlace { name: "Oslo".into() }.insert(&mut db).await?;
    assert_eq!(Place::by_key(place.id).one(&mut db).await?.name, "Oslo"); // what was there before stays
    sql::<()>("INSERT INTO rivers VALUES ('Glomma')", ()).exec(&mut db).await?;

    written("20260102000000_bbbbbb_lakes", "CREATE TABLE lakes (name VARCHAR(80) NOT NULL);\n");
    let (mut one, mut other) = (db.clone(), db.clone());
    let directory = folder.path().to_path_buf();
    let task = tokio::spawn(async move { one.migrate(directory).await });
    let both = [other.migrate(folder.path()).await?, task.await.unwrap()?];
    assert_eq!(both.concat(), ["lakes"]);

    let error = db.migrate(folder.path().join("elsewhere")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Io);
    written("20260103000000_cccccc_wrong", "CREATE TABLE lakes (name VARCHAR(80) NOT NULL);\n");
    let error = db.migrate(folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("wrong"), "{error}");
    Ok(())
}
