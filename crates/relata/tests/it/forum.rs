//! The example of a whole application, on every database.

use relata::Result;
use relata::prelude::*;

#[path = "../../examples/forum/entities.rs"]
mod entities;
#[path = "../../examples/forum/services.rs"]
mod services;
#[path = "../../examples/forum/story.rs"]
mod story;

crate::setup::everywhere!(in "../../examples/forum/entities.rs": the_same_story_is_told);

#[test]
fn the_tables_of_the_example_are_those_of_its_entities() {
    let source = include_str!("../../examples/forum/entities.rs");
    let declaration = relata_entity::read_source("entities.rs", source).declaration;
    let (schema, _) = relata_schema::lower::lower(&declaration, relata_schema::Dialect::Sqlite);
    expect_test::expect_file!["../../examples/forum/tables.sql"].assert_eq(&schema.dialect.script(&schema));
}

async fn the_same_story_is_told(db: Db) -> Result<()> {
    expect_test::expect_file!["../../examples/forum/story.txt"].assert_eq(&story::tell(db).await?);
    Ok(())
}
