//! Whole rows beside what is computed for them, and conditions as values.

use relata::prelude::*;
use relata::{Case, Kind, Result, Window, count_rows, cte, fragment, row_number};

use crate::model::*;
use crate::queries::blog;

crate::setup::everywhere!(
    whole_rows_beside_what_is_computed,
    whole_rows_of_joins_and_relations,
    whole_rows_of_groups,
    conditions_are_values,
    groups_are_ordered,
    distinct_rows_are_ordered_by_what_is_selected,
    no_rows_do_not_exist,
);

async fn commented(db: &mut Db) -> Result<()> {
    let [ann, bob, _] = blog(db).await?;
    for (slug, writer, text) in [("a1", Some(bob), "x"), ("a1", None, "y"), ("b1", Some(ann), "z")] {
        let post = Post::find().filter(Post.slug.eq(slug)).one(db).await?;
        NewComment { post_id: post.id, text: text.into() }.writer_id(writer).insert(db).await?;
    }
    Ok(())
}

async fn whole_rows_beside_what_is_computed(mut db: Db) -> Result<()> {
    commented(&mut db).await?;
    let query = Post::find().filter(Post.author().name.eq("Ann")).order(Post.slug.asc());
    let posts: Vec<(Post, i64)> = query.clone().select((Post, Post.comments.count())).all(&mut db).await?;
    let seen: Vec<(&str, i64)> = posts.iter().map(|(post, comments)| (post.slug.as_str(), *comments)).collect();
    assert_eq!(seen, [("a1", 2), ("a2", 0), ("a3", 0)]);
    assert_eq!(posts[1].0.body.as_deref(), Some("50% off_"));
    let place = row_number().over(Window::new().partition_by(Post.author_id).order(Post.slug.desc()));
    let numbered = query.clone().select((place, Post, Post.title)).all(&mut db).await?;
    assert_eq!(numbered.iter().map(|row| row.0).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(numbered.iter().all(|(_, post, title)| post.title == *title));
    assert_eq!(query.select(Post).all(&mut db).await?.len(), 3);
    let mut rows = User::find().order(User.id.asc()).select((User, User.posts.count())).stream(&mut db);
    assert_eq!(rows.next().await?.map(|(user, posts)| (user.name, posts)), Some(("Ann".to_string(), 3)));
    Ok(())
}

async fn whole_rows_of_joins_and_relations(mut db: Db) -> Result<()> {
    commented(&mut db).await?;
    let joined: Vec<(User, String, Option<Post>)> = User::find()
        .left_join(Post, |(user, post)| user.id.eq(post.author_id).and(post.body.is_some()))
        .order(|(user, _)| user.id.asc())
        .select(|(user, post)| (user, user.name, post))
        .all(&mut db)
        .await?;
    let seen = joined.iter().map(|(user, name, post)| (user.name == *name, post.as_ref().map(|post| &*post.slug)));
    assert_eq!(seen.collect::<Vec<_>>(), [(true, Some("a2")), (true, Some("b1")), (true, None)]);

    let along: Vec<(Comment, Post, User, Option<User>)> = Comment::find()
        .order(Comment.text.asc())
        .select((Comment, Comment.post(), Comment.post().author(), Comment.writer()))
        .all(&mut db)
        .await?;
    let seen = along.iter().map(|(comment, post, author, writer)| {
        assert_eq!(comment.post_id, post.id);
        format!("{} {} {} {:?}", comment.text, post.slug, author.name, writer.as_ref().map(|user| &user.name))
    });
    assert_eq!(seen.collect::<Vec<_>>(), ["x a1 Ann Some(\"Bob\")", "y a1 Ann None", "z b1 Bob Some(\"Ann\")"]);

    let both = User::find().filter(User.name.eq("Ann")).select((User, User.posts.count()));
    let both = both.union_all(User::find().filter(User.name.eq("Bob")).select((User, User.posts.count())));
    assert_eq!(both.all(&mut db).await?.len(), 2);
    Ok(())
}

async fn whole_rows_of_groups(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let users: Vec<(User, i64)> = User::find()
        .left_join(Post, |(user, post)| user.id.eq(post.author_id))
        .group_by(|(user, _)| user.id)
        .order(|(user, _)| user.id.asc())
        .select(|(user, post)| (user, post.id.count()))
        .all(&mut db)
        .await?;
    assert_eq!(
        users.iter().map(|(user, posts)| (&*user.name, *posts)).collect::<Vec<_>>(),
        [("Ann", 3), ("Bob", 1), ("Cyd", 0)]
    );
    let many = Post::find().group_by(Post.author_id).select((Post, count_rows())).all(&mut db).await.unwrap_err();
    assert_eq!((many.kind(), many.message()), (Kind::Unsupported, "a group has many rows of `Post`"));
    Ok(())
}

async fn conditions_are_values(mut db: Db) -> Result<()> {
    commented(&mut db).await?;
    let posts = || Post::find().order(Post.slug.asc());
    let seen: Vec<(String, bool, bool)> =
        posts().select((Post.slug, Post.comments.exists(), Post.body.contains("off"))).all(&mut db).await?;
    let expected = [("a1", true, false), ("a2", false, true), ("a3", false, false), ("b1", true, false)];
    assert_eq!(seen, expected.map(|(slug, comments, off)| (slug.to_string(), comments, off)), "a NULL holds nothing");

    let silent_first = Post::find().order(Post.comments.exists().asc()).order(Post.slug.desc()).select(Post.slug);
    assert_eq!(silent_first.all(&mut db).await?, ["a3", "a2", "b1", "a1"]);
    let loved_first = Post::find().order(Post.body.is_some().desc()).order(Post.slug.asc()).select(Post.slug);
    assert_eq!(loved_first.all(&mut db).await?, ["a2", "b1", "a1", "a3"]);

    let by_body: Vec<(bool, i64)> = Post::find()
        .group_by(Post.slug.gt("a1"))
        .order(Post.slug.gt("a1").asc())
        .select((Post.slug.gt("a1"), count_rows()))
        .all(&mut db)
        .await?;
    assert_eq!(by_body, [(false, 1), (true, 3)]);
    let window = Window::new().partition_by(Post.body.is_none());
    assert_eq!(posts().select(count_rows().over(window)).all(&mut db).await?, [2, 2, 2, 2]);

    let other = Post::find().filter(Post.body.contains("off").expr().eq(false)).count(&mut db).await?;
    assert_eq!(other, 3, "what does not hold, also because of a NULL");
    let agree = Post::find().filter(Post.comments.exists().expr().eq(Post.body.is_some())).count(&mut db).await?;
    assert_eq!(agree, 2, "two conditions that agree");
    let text = fragment::<Post, i64>("CASE WHEN {} THEN 1 ELSE 2 END", (Post.body.is_some(),));
    assert_eq!(posts().select(text).all(&mut db).await?, [2, 1, 2, 1]);
    let case = Case::<Post, bool>::when(Post.slug.eq("a1"), Post.body.is_some()).otherwise(true);
    assert_eq!(posts().select(case).all(&mut db).await?, [false, true, true, true]);

    let marked = cte("marked", Post::find().select((Post.id, Post.body.is_none())));
    let rows: Vec<(String, bool)> = Post::find()
        .join(&marked, |(post, mark)| post.id.eq(mark.0))
        .order(|(post, _)| post.slug.asc())
        .select(|(post, mark)| (post.slug, mark.1))
        .all(&mut db)
        .await?;
    assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [true, false, true, false]);
    Ok(())
}

async fn groups_are_ordered(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let rows = Post::find().group_by(Post.author().name).order(count_rows().asc()).order(Post.author().name.asc());
    let rows = rows.select((Post.author().name, count_rows())).limit(5).all(&mut db).await?;
    assert_eq!(rows, [("Bob".to_string(), 1), ("Ann".to_string(), 3)]);
    Ok(())
}

async fn distinct_rows_are_ordered_by_what_is_selected(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let authors = Post::find().select(Post.author().name).distinct().order(Post.author().name.desc());
    assert_eq!(authors.all(&mut db).await?, ["Bob", "Ann"]);
    let kind = || Case::<Post, String>::when(Post.slug.eq("a1"), "first").otherwise("other");
    let kinds = Post::find().select(kind()).distinct().order(kind().desc());
    assert_eq!(kinds.all(&mut db).await?, ["other", "first"]);
    let letters = Post::find()
        .select((Post.slug.left(1), Post.body.is_some()))
        .distinct()
        .order_by_place(1, true)
        .order_by_place(2, false);
    assert_eq!(letters.all(&mut db).await?.len(), 3);
    let users = User::find().join(Post, |(user, post)| user.id.eq(post.author_id)).order(|(user, _)| user.name.asc());
    assert_eq!(users.select(|(user, _)| user).distinct().all(&mut db).await?.len(), 2);
    let several =
        Post::find().select(Post.author().name).distinct().order(Post.slug.asc()).all(&mut db).await.unwrap_err();
    assert_eq!(several.kind(), Kind::Unsupported, "{several}");
    assert!(several.hints()[0].contains("select it, too"));
    Ok(())
}

async fn no_rows_do_not_exist(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    assert!(!Post::find().limit(0).exists(&mut db).await?);
    assert!(Post::find().limit(3).offset(3).exists(&mut db).await?);
    assert!(!Post::find().limit(3).offset(4).exists(&mut db).await?);
    Ok(())
}
