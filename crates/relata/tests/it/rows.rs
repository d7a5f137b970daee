//! Rows in structs of one's own: by expressions from a query, by names from SQL.

use relata::prelude::*;
use relata::{Kind, Result, count_rows};

use crate::model::*;

crate::setup::everywhere!(an_expression_for_each_field, sql_by_names, what_does_not_fit_is_named);

/// What a list of authors shows.
#[derive(FromRow, Debug, Clone, PartialEq)]
struct Author {
    name: String,
    #[column("posts")]
    r#type: i64,
    newest: Option<String>,
}

/// Private fields and a module's own visibility.
mod inner {
    use relata::prelude::*;

    #[derive(FromRow, Debug)]
    pub struct Line {
        pub title: String,
        pub(crate) writer: Option<Id<crate::model::User>>,
        /// The mood as the database keeps it.
        pub words: i64,
    }
}

async fn filled(db: &mut Db) -> Result<()> {
    let names = [("ann@example.com", "Ann"), ("bob@example.com", "Bob"), ("eve@example.com", "Eve")]
        .map(|(email, name)| NewUser { email: email.into(), name: name.into() });
    User::insert_many(names).exec(db).await?;
    let users: Vec<User> = User::find().order(User.id.asc()).all(db).await?;
    for (author, slug) in [(0, "a"), (0, "b"), (1, "c")] {
        let author_id = users[author].id;
        NewPost { author_id, slug: slug.into(), title: slug.to_uppercase() }.insert(db).await?;
    }
    Ok(())
}

fn author(name: &str, posts: i64, newest: Option<&str>) -> Author {
    Author { name: name.into(), r#type: posts, newest: newest.map(str::to_string) }
}

async fn an_expression_for_each_field(mut db: Db) -> Result<()> {
    let db = &mut db;
    filled(db).await?;
    let grouped = || {
        let joined = User::find().left_join(Post, |(user, post)| user.id.eq(post.author_id));
        joined.order(|(user, _)| user.name.asc()).group_by(|(user, _)| (user.id, user.name))
    };
    let select = grouped().select(|(user, post)| SelectAuthor {
        name: user.name,
        r#type: post.id.count(),
        newest: post.title.max(),
    });
    let authors: Vec<Author> = select.all(db).await?;
    assert_eq!(authors, [author("Ann", 2, Some("B")), author("Bob", 1, Some("C")), author("Eve", 0, None)]);
    let posts = Post::find().order(Post.slug.asc());
    let select = inner::SelectLine { title: Post.title, writer: Post.author_id.nullable(), words: Post.slug.length() };
    let lines: Vec<inner::Line> = posts.select(select).all(db).await?;
    assert!(lines.iter().all(|line| line.words == 1 && line.writer.is_some()), "{lines:?}");
    assert_eq!(lines[2].title, "C");
    // Beside others, one alone, and none.
    let name = || SelectAuthor { name: User.name, r#type: User.id.cast::<i64>(), newest: User.email.nullable() };
    let ordered = || User::find().order(User.name.asc());
    let both: Vec<(Author, String)> = ordered().select((name(), User.email)).all(db).await?;
    assert_eq!((both[1].0.name.as_str(), both[1].1.as_str()), ("Bob", "bob@example.com"));
    let first: Option<Author> = ordered().select(name()).first(db).await?;
    assert_eq!(first.map(|author| author.name).as_deref(), Some("Ann"));
    let nobody: Vec<Author> = User::find().filter(User.name.eq("Nobody")).select(name()).all(db).await?;
    assert!(nobody.is_empty());
    let by_letter = Post::find().group_by(Post.author_id).select(count_rows()).all(db).await?;
    assert_eq!(by_letter.iter().sum::<i64>(), 3);
    Ok(())
}

async fn sql_by_names(mut db: Db) -> Result<()> {
    let db = &mut db;
    filled(db).await?;
    // In another order than the fields, and with more columns than are wanted.
    let text = "SELECT max(p.title) AS newest, u.id AS more, count(p.id) AS posts, u.name AS name FROM users u \
                LEFT JOIN posts p ON p.author_id = u.id GROUP BY u.id, u.name ORDER BY u.name";
    let authors = sql::<Author>(text, ()).all(db).await?;
    assert_eq!(authors, [author("Ann", 2, Some("B")), author("Bob", 1, Some("C")), author("Eve", 0, None)]);
    assert_eq!(sql::<Author>(text, ()).first(db).await?, Some(author("Ann", 2, Some("B"))));
    let mut rows = sql::<Author>(text, ()).stream(db);
    let mut names = Vec::new();
    while let Some(author) = rows.next().await? {
        names.push(author.name);
    }
    assert_eq!(names, ["Ann", "Bob", "Eve"]);
    Ok(())
}

async fn what_does_not_fit_is_named(mut db: Db) -> Result<()> {
    let db = &mut db;
    filled(db).await?;
    let missing = sql::<Author>("SELECT name, email AS newest FROM users", ()).all(db).await.unwrap_err();
    assert_eq!(missing.kind(), Kind::Decode);
    let text = missing.to_string();
    assert!(text.contains("the query gives no column posts, which Author needs: it gives name, newest"), "{text}");
    assert!(text.contains("`AS posts`"), "{text}");
    let null = sql::<Author>("SELECT NULL AS name, 1 AS posts, 'a' AS newest", ()).all(db).await.unwrap_err();
    let text = null.to_string();
    assert!(text.contains("while reading the field `name` of `Author`") && text.contains("NULL"), "{text}");
    let select = SelectAuthor { name: User.name, r#type: User.id.cast::<i64>(), newest: User.email.nullable() };
    let twice = User::find().select((select, User.name)).all(db).await?;
    assert_eq!(twice.len(), 3);
    Ok(())
}
