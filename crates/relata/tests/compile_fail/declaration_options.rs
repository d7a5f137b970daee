//! Options and attributes that are misspelt: each is named, with what was meant.
//@ `on_delte` is no option of a reference [entity-unknown-option]
//@ help: did you mean `on_delete`?
//@ `casacde` is no action for `on_delete` [entity-action]
//@ help: did you mean `cascade`?
//@ `table` takes a text in quotation marks [entity-option-value]
//@ [entity-option-form]
//@ [entity-attribute-form]
//@ [entity-unknown-field]
//@ help: did you mean `author_id`?
//@ [entity-index-modifier]
//@ [entity-unique-form]
//@ [entity-reference-form]
//@ [entity-reference-twice]

use relata::prelude::*;

#[derive(Entity)]
#[entity(table = posts, 5)]
#[unique(autor_id, author_id)]
#[unique("lower(title)")]
#[index(title dsc)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User, on_delte = cascade, on_delete = casacde)]
    #[references(User)]
    pub author_id: Id<User>,
    #[references]
    #[column = "Title"]
    pub title: String,
}

fn main() {}
