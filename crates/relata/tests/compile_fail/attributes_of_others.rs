//! Attributes as diesel and SeaORM have them.
//@ the entity that a row belongs to is said on the field that refers to it
//@ write `#[references(User)]` on the field
//@ `table_name` is no option of `entity`
//@ `auto_increment` is no option of `id`
//@ no column can have the type `usize`

use relata::prelude::*;

#[derive(Entity)]
#[belongs_to(User)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    pub user_id: i64,
}

#[derive(Entity)]
pub struct User {
    #[id]
    pub id: Id<User>,
}

#[derive(Entity)]
#[entity(table_name = "tags")]
pub struct Tag {
    #[id(auto_increment)]
    pub id: Id<Tag>,
    pub uses: usize,
}

fn main() {}
