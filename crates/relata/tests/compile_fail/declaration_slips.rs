//! Declarations that other libraries would take, and columns that relata keeps.
//@ `deleted_at` holds the moment at which the row was deleted, or none
//@ write `deleted_at: Option<Timestamp>`
//@ `updated_at` holds a moment
//@ `soft_delete` is an option of `entity`
//@ write `#[entity(soft_delete)]`
//@ write `table = "…"`
//@ names are in snake case; another one is given on its field: `#[column("…")]`
//@ `unique` on a field is of this field
//@ write `#[unique]` without a name
//@ `unique` of several fields stands on the struct
//@ write `#[unique(code, name)]` on the struct
//@ write `#[index(name desc)]` on the struct
//@ write `#[id]`: a whole number is made by the database by itself
//@ write `#[id] #[default(uuid)]`
//@ leave it out: an `Option` is NULL where nothing else is said
//@ write `#[default(now)]`
//@ write `#[default(uuid)]`
//@ write `range(3..)` for a number, `len(3..)` for a text
//@ write `range(1..=3)` for a number, `len(1..=3)` for a text
//@ a column holds one value: use a field for each, or Json

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[entity(soft_delete, timestamps)]
pub struct Kept {
    #[id]
    pub id: Id<Kept>,
    pub deleted_at: Timestamp,
    pub created_at: Option<Timestamp>,
    pub updated_at: String,
}

#[derive(Entity, Debug, Clone)]
#[soft_delete]
#[entity(table_name = "slips", rename_all = "camelCase")]
pub struct Slip {
    #[id(auto)]
    pub id: Id<Slip>,
    #[unique(name)]
    #[index(desc)]
    pub name: String,
    #[unique(name)]
    pub code: String,
    #[default(null)]
    pub note: Option<String>,
    #[default(now())]
    pub at: Timestamp,
    #[default(Uuid::new_v4())]
    pub token: Uuid,
    #[check(min = 3)]
    pub size: i32,
    #[check(1..=3)]
    pub stars: i32,
    pub place: (f64, f64),
}

#[derive(Entity, Debug, Clone)]
pub struct Other {
    #[id(uuid)]
    pub id: Id<Other, Uuid>,
}

fn main() {}
