//! Orders and conditions of related rows, and rows where their keys are meant.
//@ `Column<Post, std::string::String>` is no order of the rows of `Post`
//@ `Column<Post, std::string::String>` is no condition on the rows of `Post`
//@ `Tag` is no key of `Tag`
//@ of a row say its key: `row.id`

use relata::prelude::*;

#[derive(Entity, Debug, Clone)]
#[has_many(posts: Post.author_id)]
pub struct User {
    #[id]
    pub id: Id<User>,
}

#[derive(Entity, Debug, Clone)]
#[many_to_many(tags: Tag via PostTag)]
pub struct Post {
    #[id]
    pub id: Id<Post>,
    #[references(User)]
    pub author_id: Id<User>,
    pub title: String,
}

#[derive(Entity, Debug, Clone)]
pub struct Tag {
    #[id]
    pub id: Id<Tag>,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(post_id, tag_id)]
pub struct PostTag {
    #[references(Post)]
    pub post_id: Id<Post>,
    #[references(Tag)]
    pub tag_id: Id<Tag>,
}

async fn wrong(db: &mut Db) -> relata::Result<()> {
    User::find().with(User.posts.order(|post| post.title)).all(db).await?;
    User::find().with(User.posts.filter(|post| post.title)).all(db).await?;
    let tags = Tag::find().all(db).await?;
    Post::relate(1).connect(Post.tags, tags).exec(db).await?;
    Ok(())
}

fn main() {}
