//! A window function in a condition of groups.
//@ `Windowed<Post, i64>` is no condition on groups of `Post`
//@ a condition on rows goes to `.filter(…)`, before `.group_by(…)`

use relata::prelude::*;

#[derive(Entity)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
    pub name: String,
}

#[derive(Entity)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
    pub body: Option<String>,
}

fn wrong() {
    let place = relata::row_number::<Post>().over(relata::Window::new());
    let _ = Post::find().group_by(Post.author_id).having(place);
}

fn main() {}
