//! A junction whose fields refer to nothing.
//@ the junction has no field that `#[references]` the entity
//@ junction_without_references.rs:8:30

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[many_to_many(tags: Tag via PostTag)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[id]
    pub id: Id<Tag>,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(post_id, tag_id)]
pub struct PostTag {
    pub post_id: Id<Post>,
    pub tag_id: Id<Tag>,
}

fn main() {}
