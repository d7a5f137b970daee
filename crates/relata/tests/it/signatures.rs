//! Rows with what was loaded in signatures, words of the application beside those of relata, columns that nobody sets.

use relata::prelude::*;
use relata::{Kind, Result};

use crate::model::*;

crate::setup::everywhere!(loaded_rows_have_a_type, the_applications_words_come_first, computed_columns_are_not_set);

type Shelf = loaded!(Post: author, comments(post(author)));

async fn shelves(db: &mut Db) -> Result<Vec<Shelf>> {
    let comments = Post.comments.with(Comment.post.with(Post.author));
    Post::find().with(Post.author).with(comments.limit(1)).order(Post.id.asc()).all(db).await
}

fn line(post: &loaded!(Post: author)) -> String {
    format!("{} by {}", post.title, post.author().name)
}

type Talked = loaded!(Post: comments, author,);

struct Page {
    posts: Vec<Talked>,
}

async fn loaded_rows_have_a_type(mut db: Db) -> Result<()> {
    let ann = NewUser { email: "ann@example.com".into(), name: "Ann".into() }.insert(&mut db).await?;
    let post = NewPost { author_id: ann.id, slug: "hello".into(), title: "Hello".into() }.insert(&mut db).await?;
    NewComment { post_id: post.id, text: "First".into() }.insert(&mut db).await?;
    let shelves = shelves(&mut db).await?;
    assert_eq!(shelves[0].comments()[0].post().author().name, "Ann");
    assert_eq!(line(&Post::by_key(post.id).with(Post.author).one(&mut db).await?), "Hello by Ann");
    let page = Page { posts: Post::find().with(Post.comments).with(Post.author).all(&mut db).await? };
    assert_eq!((page.posts[0].comments().len(), page.posts[0].author().id), (1, ann.id));
    Ok(())
}

/// An application's own trait for its rows has the names that others have, too.
trait Model {
    fn delete(&mut self) -> &'static str;
    fn update(&mut self, name: &str);
    fn reload(&mut self) {}
}

impl Model for User {
    fn delete(&mut self) -> &'static str {
        "deleted"
    }

    fn update(&mut self, name: &str) {
        self.name = name.to_string();
    }
}

async fn the_applications_words_come_first(mut db: Db) -> Result<()> {
    let mut ann = NewUser { email: "ann@example.com".into(), name: "Ann".into() }.insert(&mut db).await?;
    ann.update("Anna");
    ann.reload();
    assert_eq!(ann.delete(), "deleted");
    assert_eq!(ann.name, "Anna");
    let row = &mut ann;
    row.update("Bell");
    assert_eq!(row.delete(), "deleted");
    Ok(())
}

#[derive(Entity, Debug, Clone, PartialEq)]
pub struct Priced {
    #[id]
    pub id: Id<Priced>,
    pub net: i32,
    #[generated("net * 2", stored)]
    pub gross: i32,
}

async fn computed_columns_are_not_set(mut db: Db) -> Result<()> {
    let refused = [
        Priced::update(1).set(Priced.gross.to(4)).exec(&mut db).await.unwrap_err(),
        Priced::update_many().all_rows().set(Priced.gross.add(4)).exec(&mut db).await.unwrap_err(),
        NewPriced { net: 1 }
            .into_draft()
            .with(Priced.id, 1)
            .on_conflict(Priced.id)
            .update(Priced.gross, &mut db)
            .await
            .unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(
            error.to_string().starts_with("`gross` of `Priced` is computed by the database and cannot be set"),
            "{error}"
        );
        assert_eq!(error.hints(), ["set the columns that it is computed from"]);
    }
    Ok(())
}
