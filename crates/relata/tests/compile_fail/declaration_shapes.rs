//! Scalars, arcs, conditions and rules that cannot be read, and types that no column has.
//@ [scalar-shape]
//@ hold the plain value, and say `Option<…>` where the field may be NULL
//@ no database here keeps 128 bits
//@ use String with #[check(len(1))]
//@ [entity-arc-form]
//@ [entity-arc-field]
//@ `polymorphic` cannot be read
//@ [entity-rule-pattern]
//@ write `custom(is_even)`
//@ write `json_schema(r#"{"type": "object"}"#)`
//@ is no option of `check`

use relata::prelude::*;

#[derive(Scalar)]
pub struct Pair(i64, i64);

#[derive(Scalar)]
pub struct Maybe(Option<i64>);

#[derive(Entity)]
#[exclusive(post_id)]
#[exclusive(name: post_id, other)]
#[exclusive(subject: post_id, other)]
#[polymorphic(thing: kind)]
#[has_one(profile)]
#[check]
#[check(name)]
#[check(len)]
#[check(3 == 4)]
#[check(other.len() > 3)]
#[check(name == "a" + "b")]
#[check(other > 3, names = "x")]
#[check(custom(4))]
#[primary_key(id)]
#[primary_key(other)]
pub struct Shapes {
    #[id]
    pub id: i64,
    pub name: String,
    pub kind: String,
    pub other: i64,
    #[references(Shapes)]
    pub post_id: i64,
    pub wide: u128,
    pub letter: char,
    pub took: std::time::Duration,
    pub map: std::collections::HashMap<String, String>,
    #[check(pattern("(?<=a)b"))]
    pub pattern: String,
    #[check(custom)]
    pub custom: i64,
    #[check(json_schema)]
    pub json: Json,
    #[check(range)]
    pub range: i64,
    #[check(one_of())]
    pub one: String,
}

fn main() {}
