//! Joins without a relation, queries inside queries, queries with names, subtotals: the SQL of each database side by
//! side, and what it gives there.

use expect_test::expect;
use relata::prelude::*;
use relata::{
    Cte, Dialect, Kind, Result, count_rows, cte, exists, from, not_exists, row_number, scalar, scalar_or_none, value,
    written,
};

use crate::model::*;
use crate::queries::blog;
use crate::setup::{is_mysql, only_unsupported, side_by_side};

crate::setup::everywhere!(
    inner_and_left,
    right_full_and_cross,
    a_table_with_itself,
    queries_are_joined,
    lateral_joins,
    relations_of_joined_tables,
    deleted_rows_stay_out_of_joins,
    groups_of_joined_rows,
    correlated_queries,
    named_queries,
    queries_that_read_themselves,
    the_first_of_each,
    subtotals,
    queries_that_write,
    twelve_tables,
    rows_written_by_other_tables,
);

async fn inner_and_left(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let inner = || {
        Post::find()
            .filter(Post.slug.ne("a3"))
            .join(User, |(post, user)| post.author_id.eq(user.id))
            .filter(|(_, user)| user.name.eq("Ann"))
            .order(|(post, _)| post.slug.desc())
    };
    expect![[r#"
        sqlite   SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM "posts" AS t0 JOIN "users" AS t1 ON t0."author_id" = t1."id" WHERE t0."deleted_at" IS NULL AND (t0."slug" <> ?1 AND t1."name" = ?2) ORDER BY t0."slug" DESC
        postgres SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM "posts" AS t0 JOIN "users" AS t1 ON t0."author_id" = t1."id" WHERE t0."deleted_at" IS NULL AND (t0."slug" <> $1 AND t1."name" = $2) ORDER BY t0."slug" DESC
        mysql    SELECT t0.`id`, t0.`author_id`, t0.`slug`, t0.`title`, t0.`body`, t0.`published_at`, t1.`id`, t1.`email`, t1.`name` FROM `posts` AS t0 JOIN `users` AS t1 ON t0.`author_id` = t1.`id` WHERE t0.`deleted_at` IS NULL AND (t0.`slug` <> ? AND t1.`name` = ?) ORDER BY t0.`slug` DESC
    "#]].assert_eq(&side_by_side(inner));
    let rows: Vec<(Post, User)> = inner().all(&mut db).await?;
    let rows: Vec<(&str, &str)> = rows.iter().map(|(post, user)| (&*post.slug, &*user.name)).collect();
    assert_eq!(rows, [("a2", "Ann"), ("a1", "Ann")]);
    assert_eq!(inner().count(&mut db).await?, 2);
    assert_eq!(inner().first(&mut db).await?.unwrap().0.slug, "a2");

    let left = || User::find().left_join(Post, |(user, post)| user.id.eq(post.author_id).and(post.slug.ne("a1")));
    let rows: Vec<(User, Option<Post>)> =
        left().order(|(user, _)| user.name.desc()).order(|(_, post)| post.slug.asc()).all(&mut db).await?;
    let rows: Vec<(&str, Option<&str>)> =
        rows.iter().map(|(user, post)| (&*user.name, post.as_ref().map(|post| &*post.slug))).collect();
    assert_eq!(rows, [("Cyd", None), ("Bob", Some("b1")), ("Ann", Some("a2")), ("Ann", Some("a3"))]);
    // The columns of a row that may be missing may be NULL.
    let none: Vec<(String, Option<String>)> =
        left().filter(|(_, post)| post.id.is_none()).select(|(user, post)| (user.name, post.slug)).all(&mut db).await?;
    assert_eq!(none, [("Cyd".to_string(), None)]);
    Ok(())
}

async fn right_full_and_cross(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let right = || {
        Post::find()
            .right_join(User, |(post, user)| post.author_id.eq(user.id).and(post.slug.eq("b1")))
            .order(|(_, user)| user.name.asc())
    };
    expect![[r#"
        sqlite   SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM (SELECT * FROM "posts" WHERE "deleted_at" IS NULL) AS t0 RIGHT JOIN "users" AS t1 ON t0."author_id" = t1."id" AND t0."slug" = ?1 ORDER BY t1."name"
        postgres SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM (SELECT * FROM "posts" WHERE "deleted_at" IS NULL) AS t0 RIGHT JOIN "users" AS t1 ON t0."author_id" = t1."id" AND t0."slug" = $1 ORDER BY t1."name"
        mysql    SELECT t0.`id`, t0.`author_id`, t0.`slug`, t0.`title`, t0.`body`, t0.`published_at`, t1.`id`, t1.`email`, t1.`name` FROM (SELECT * FROM `posts` WHERE `deleted_at` IS NULL) AS t0 RIGHT JOIN `users` AS t1 ON t0.`author_id` = t1.`id` AND t0.`slug` = ? ORDER BY t1.`name`
    "#]].assert_eq(&side_by_side(right));
    let rows: Vec<(Option<Post>, User)> = right().all(&mut db).await?;
    let found: Vec<bool> = rows.iter().map(|(post, _)| post.is_some()).collect();
    assert_eq!(found, [false, true, false]);
    let full = || Post::find().full_join(User, |(post, user)| post.author_id.eq(user.id).and(post.slug.eq("b1")));
    expect![[r#"
        sqlite   SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM (SELECT * FROM "posts" WHERE "deleted_at" IS NULL) AS t0 FULL JOIN "users" AS t1 ON t0."author_id" = t1."id" AND t0."slug" = ?1
        postgres SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM (SELECT * FROM "posts" WHERE "deleted_at" IS NULL) AS t0 FULL JOIN "users" AS t1 ON t0."author_id" = t1."id" AND t0."slug" = $1
        mysql    -- MariaDB has no full join [R0407];  hint: combine a left join and a right join by `.union(…)`
    "#]].assert_eq(&side_by_side(full));
    if only_unsupported(&db, &[Dialect::Mysql], full().all(&mut db.clone()).await.as_ref().err(), "union") {
        return Ok(());
    }
    let rows: Vec<(Option<Post>, Option<User>)> = full().all(&mut db).await?;
    let counts = rows.iter().map(|(post, user)| (post.is_some(), user.is_some()));
    let mut counts: Vec<_> = counts.collect();
    counts.sort();
    assert_eq!(counts, [(false, true), (false, true), (true, false), (true, false), (true, false), (true, true)]);
    let cross = || User::find().cross_join(Category).cross_join(Tag);
    expect![[r#"
        sqlite   SELECT t0."id", t0."email", t0."name", t1."id", t1."parent_id", t1."name", t2."id", t2."name" FROM "users" AS t0 CROSS JOIN "categories" AS t1 CROSS JOIN "tags" AS t2
        postgres SELECT t0."id", t0."email", t0."name", t1."id", t1."parent_id", t1."name", t2."id", t2."name" FROM "users" AS t0 CROSS JOIN "categories" AS t1 CROSS JOIN "tags" AS t2
        mysql    SELECT t0.`id`, t0.`email`, t0.`name`, t1.`id`, t1.`parent_id`, t1.`name`, t2.`id`, t2.`name` FROM `users` AS t0 CROSS JOIN `categories` AS t1 CROSS JOIN `tags` AS t2
    "#]].assert_eq(&side_by_side(cross));
    assert_eq!(cross().count(&mut db).await?, 0);
    Ok(())
}

async fn a_table_with_itself(mut db: Db) -> Result<()> {
    let category = |name: &str| NewCategory { name: name.into() };
    let root = category("root").insert(&mut db).await?;
    category("leaf").parent_id(root.id).insert(&mut db).await?;
    let query = || {
        Category::find()
            .join(Category, |(child, parent)| child.parent_id.eq(parent.id))
            .select(|(child, parent)| (child.name, parent.name))
    };
    expect![[r#"
        sqlite   SELECT t0."name", t1."name" FROM "categories" AS t0 JOIN "categories" AS t1 ON t0."parent_id" = t1."id"
        postgres SELECT t0."name", t1."name" FROM "categories" AS t0 JOIN "categories" AS t1 ON t0."parent_id" = t1."id"
        mysql    SELECT t0.`name`, t1.`name` FROM `categories` AS t0 JOIN `categories` AS t1 ON t0.`parent_id` = t1.`id`
    "#]]
    .assert_eq(&side_by_side(query));
    assert_eq!(query().all(&mut db).await?, [("leaf".to_string(), "root".to_string())]);
    Ok(())
}

async fn queries_are_joined(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let query = || {
        let totals = Post::find().group_by(Post.author_id).select((Post.author_id, count_rows(), Post.slug.max()));
        User::find()
            .left_join(totals, |(user, total)| user.id.eq(total.0))
            .order(|(user, _)| user.name.asc())
            .select(|(user, total)| (user.name, total.1.or_else(0), total.2))
    };
    expect![[r#"
        sqlite   SELECT t0."name", COALESCE(t1."c1", ?1), t1."c2" FROM "users" AS t0 LEFT JOIN (SELECT "author_id" AS c0, COUNT(*) AS c1, MAX("slug") AS c2 FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id") AS t1 ON t0."id" = t1."c0" ORDER BY t0."name"
        postgres SELECT t0."name", COALESCE(t1."c1", $1), t1."c2" FROM "users" AS t0 LEFT JOIN (SELECT "author_id" AS c0, COUNT(*) AS c1, MAX("slug") AS c2 FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id") AS t1 ON t0."id" = t1."c0" ORDER BY t0."name"
        mysql    SELECT t0.`name`, COALESCE(t1.`c1`, ?), t1.`c2` FROM `users` AS t0 LEFT JOIN (SELECT `author_id` AS c0, COUNT(*) AS c1, MAX(`slug`) AS c2 FROM `posts` WHERE `deleted_at` IS NULL GROUP BY `author_id`) AS t1 ON t0.`id` = t1.`c0` ORDER BY t0.`name`
    "#]].assert_eq(&side_by_side(query));
    let row = |name: &str, count, last: Option<&str>| (name.to_string(), count, last.map(str::to_string));
    let expected = [row("Ann", 3, Some("a3")), row("Bob", 1, Some("b1")), row("Cyd", 0, None)];
    assert_eq!(query().all(&mut db).await?, expected);
    // Rows of whole entities, narrowed down before they are joined; and a query over a query.
    let some = Post::find().filter(Post.body.is_some()).order(Post.slug.asc()).limit(1);
    let rows = User::find().join(some, |(user, post)| user.id.eq(post.author_id)).all(&mut db).await?;
    assert_eq!(rows.iter().map(|(_, post)| &*post.slug).collect::<Vec<_>>(), ["a2"]);
    let numbered = Post::find().select((Post.slug, row_number().over(relata::Window::new().order(Post.slug.asc()))));
    let second = from(numbered).filter(|(row,)| row.1.eq(2)).select(|(row,)| row.0);
    assert_eq!(second.all(&mut db).await?, ["a2"]);
    let one = from(Post::find().select(Post.slug)).filter(|(slug,)| slug.eq("b1"));
    assert_eq!(one.all(&mut db).await?, [("b1".to_string(),)]);
    Ok(())
}

async fn lateral_joins(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let query = || {
        User::find()
            .left_join_lateral(|(user,)| {
                Post::find().filter(Post.author_id.eq(user.id.outer())).order(Post.slug.desc()).limit(2)
            })
            .order(|(user, _)| user.name.asc())
            .order(|(_, post)| post.slug.asc())
    };
    expect![[r#"
        sqlite   -- SQLite has no lateral joins [R0407];  hint: join a query that numbers its rows by `row_number().over(…)`, or use `.top_per(…)`, which does so
        postgres SELECT t0."id", t0."email", t0."name", t1."id", t1."author_id", t1."slug", t1."title", t1."body", t1."published_at" FROM "users" AS t0 LEFT JOIN LATERAL (SELECT "id", "author_id", "slug", "title", "body", "published_at" FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id" ORDER BY "slug" DESC LIMIT 2) AS t1 ON 1 = 1 ORDER BY t0."name", t1."slug"
        mysql    -- MariaDB has no lateral joins [R0407];  hint: join a query that numbers its rows by `row_number().over(…)`, or use `.top_per(…)`, which does so
    "#]].assert_eq(&side_by_side(query));
    let found = query().all(&mut db).await;
    let refusing: &[Dialect] =
        if is_mysql(&mut db).await { &[Dialect::Sqlite] } else { &[Dialect::Sqlite, Dialect::Mysql] };
    if only_unsupported(&db, refusing, found.as_ref().err(), "top_per") {
        return Ok(());
    }
    let rows: Vec<(String, Option<String>)> =
        found?.into_iter().map(|(user, post)| (user.name, post.map(|post| post.slug))).collect();
    let row = |name: &str, slug: Option<&str>| (name.to_string(), slug.map(str::to_string));
    assert_eq!(rows, [row("Ann", Some("a2")), row("Ann", Some("a3")), row("Bob", Some("b1")), row("Cyd", None)]);
    Ok(())
}

async fn relations_of_joined_tables(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = Post::find().filter(Post.slug.eq("b1")).one(&mut db).await?;
    NewComment { post_id: post.id, text: "b1".into() }.writer_id(ann).insert(&mut db).await?;
    let query = || {
        Post::find()
            .left_join(Comment, |(post, comment)| comment.text.eq(post.slug))
            .filter(|(post, _)| post.author().name.eq("Bob"))
            .select(|(post, comment)| (post.author().name, comment.writer().name, comment.post().slug))
    };
    expect![[r#"
        sqlite   SELECT t2."name", t3."name", t4."slug" FROM "posts" AS t0 JOIN "users" AS t2 ON t2."id" = t0."author_id" LEFT JOIN "comments" AS t1 ON t1."text" = t0."slug" LEFT JOIN "users" AS t3 ON t3."id" = t1."writer_id" LEFT JOIN "posts" AS t4 ON t4."id" = t1."post_id" AND t4."deleted_at" IS NULL WHERE t0."deleted_at" IS NULL AND t2."name" = ?1
        postgres SELECT t2."name", t3."name", t4."slug" FROM "posts" AS t0 JOIN "users" AS t2 ON t2."id" = t0."author_id" LEFT JOIN "comments" AS t1 ON t1."text" = t0."slug" LEFT JOIN "users" AS t3 ON t3."id" = t1."writer_id" LEFT JOIN "posts" AS t4 ON t4."id" = t1."post_id" AND t4."deleted_at" IS NULL WHERE t0."deleted_at" IS NULL AND t2."name" = $1
        mysql    SELECT t2.`name`, t3.`name`, t4.`slug` FROM `posts` AS t0 JOIN `users` AS t2 ON t2.`id` = t0.`author_id` LEFT JOIN `comments` AS t1 ON t1.`text` = t0.`slug` LEFT JOIN `users` AS t3 ON t3.`id` = t1.`writer_id` LEFT JOIN `posts` AS t4 ON t4.`id` = t1.`post_id` AND t4.`deleted_at` IS NULL WHERE t0.`deleted_at` IS NULL AND t2.`name` = ?
    "#]].assert_eq(&side_by_side(query));
    let row = ("Bob".to_string(), Some("Ann".to_string()), Some("b1".to_string()));
    assert_eq!(query().all(&mut db).await?, [row]);
    let with_comments =
        User::find().join(Post, |(user, post)| user.id.eq(post.author_id)).filter(|(_, post)| post.comments.exists());
    assert_eq!(with_comments.one(&mut db).await?.1.slug, "b1");
    Ok(())
}

async fn deleted_rows_stay_out_of_joins(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    Post::delete_many().filter(Post.slug.eq("b1")).exec(&mut db).await?;
    let posts = || User::find().left_join(Post, |(user, post)| user.id.eq(post.author_id));
    assert_eq!(posts().filter(|(user, _)| user.name.eq("Bob")).one(&mut db).await?.1.map(|post| post.slug), None);
    let users = || Post::find().right_join(User, |(post, user)| user.id.eq(post.author_id));
    expect![[r#"
        sqlite   SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM (SELECT * FROM "posts" WHERE "deleted_at" IS NULL) AS t0 RIGHT JOIN "users" AS t1 ON t1."id" = t0."author_id"
        postgres SELECT t0."id", t0."author_id", t0."slug", t0."title", t0."body", t0."published_at", t1."id", t1."email", t1."name" FROM (SELECT * FROM "posts" WHERE "deleted_at" IS NULL) AS t0 RIGHT JOIN "users" AS t1 ON t1."id" = t0."author_id"
        mysql    SELECT t0.`id`, t0.`author_id`, t0.`slug`, t0.`title`, t0.`body`, t0.`published_at`, t1.`id`, t1.`email`, t1.`name` FROM (SELECT * FROM `posts` WHERE `deleted_at` IS NULL) AS t0 RIGHT JOIN `users` AS t1 ON t1.`id` = t0.`author_id`
    "#]].assert_eq(&side_by_side(users));
    assert!(users().filter(|(_, user)| user.name.eq("Bob")).one(&mut db).await?.0.is_none());
    assert_eq!(User::find().cross_join(Post).count(&mut db).await?, 9);
    let all = User::find().join(Post::find().with_deleted(), |(user, post)| user.id.eq(post.author_id));
    assert_eq!(all.count(&mut db).await?, 4);
    Ok(())
}

async fn groups_of_joined_rows(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let query = || {
        User::find()
            .left_join(Post, |(user, post)| user.id.eq(post.author_id))
            .group_by(|(user, _)| (user.id, user.name))
            .having(|(_, post)| post.id.count().lt(3))
            .order(|(_, post)| post.id.count().desc())
            .select(|(user, post)| (user.name, post.id.count(), post.slug.max()))
    };
    expect![[r#"
        sqlite   SELECT t0."name", COUNT(t1."id"), MAX(t1."slug") FROM "users" AS t0 LEFT JOIN "posts" AS t1 ON t1."deleted_at" IS NULL AND t0."id" = t1."author_id" GROUP BY t0."id", t0."name" HAVING COUNT(t1."id") < ?1 ORDER BY COUNT(t1."id") DESC
        postgres SELECT t0."name", COUNT(t1."id"), MAX(t1."slug") FROM "users" AS t0 LEFT JOIN "posts" AS t1 ON t1."deleted_at" IS NULL AND t0."id" = t1."author_id" GROUP BY t0."id", t0."name" HAVING COUNT(t1."id") < $1 ORDER BY COUNT(t1."id") DESC
        mysql    SELECT t0.`name`, COUNT(t1.`id`), MAX(t1.`slug`) FROM `users` AS t0 LEFT JOIN `posts` AS t1 ON t1.`deleted_at` IS NULL AND t0.`id` = t1.`author_id` GROUP BY t0.`id`, t0.`name` HAVING COUNT(t1.`id`) < ? ORDER BY COUNT(t1.`id`) DESC
    "#]].assert_eq(&side_by_side(query));
    let expected = [("Bob".to_string(), 1, Some("b1".to_string())), ("Cyd".to_string(), 0, None)];
    assert_eq!(query().all(&mut db).await?, expected);
    Ok(())
}

async fn correlated_queries(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let written = || Post::find().filter(Post.author_id.eq(User.id.outer()));
    let query = || User::find().filter(exists(written())).order(User.name.asc());
    expect![[r#"
        sqlite   SELECT t0."id", t0."email", t0."name" FROM "users" AS t0 WHERE EXISTS (SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id") ORDER BY t0."name"
        postgres SELECT t0."id", t0."email", t0."name" FROM "users" AS t0 WHERE EXISTS (SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id") ORDER BY t0."name"
        mysql    SELECT t0.`id`, t0.`email`, t0.`name` FROM `users` AS t0 WHERE EXISTS (SELECT 1 FROM `posts` WHERE `deleted_at` IS NULL AND `author_id` = t0.`id`) ORDER BY t0.`name`
    "#]].assert_eq(&side_by_side(query));
    let names = |users: Vec<User>| users.into_iter().map(|user| user.name).collect::<Vec<_>>();
    assert_eq!(names(query().all(&mut db).await?), ["Ann", "Bob"]);
    assert_eq!(names(User::find().filter(not_exists(written())).all(&mut db).await?), ["Cyd"]);
    let last = || User::find().select((User.name, scalar::<_, Option<String>>(written().select(Post.slug.max()))));
    expect![[r#"
        sqlite   SELECT t0."name", (SELECT MAX("slug") FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id") FROM "users" AS t0
        postgres SELECT t0."name", (SELECT MAX("slug") FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id") FROM "users" AS t0
        mysql    SELECT t0.`name`, (SELECT MAX(`slug`) FROM `posts` WHERE `deleted_at` IS NULL AND `author_id` = t0.`id`) FROM `users` AS t0
    "#]].assert_eq(&side_by_side(last));
    assert_eq!(last().order(User.name.desc()).first(&mut db).await?, Some(("Cyd".to_string(), None)));
    let newest = || scalar_or_none::<_, String>(written().order(Post.slug.desc()).limit(1).select(Post.slug));
    let rows: Vec<(String, Option<String>)> =
        User::find().order(User.name.asc()).select((User.name, newest())).all(&mut db).await?;
    assert_eq!(rows.iter().map(|row| row.1.as_deref()).collect::<Vec<_>>(), [Some("a3"), Some("b1"), None]);
    assert_eq!(User::find().filter(newest().is_none()).count(&mut db).await?, 1);
    assert_eq!(User::find().filter(newest().eq("a3")).count(&mut db).await?, 1);
    // A join's tables are those that the closure is given.
    let counted = User::find()
        .join(Post, |(user, post)| user.id.eq(post.author_id))
        .filter(|(_, post)| exists(Post::find().filter(Post.slug.gt(post.slug.outer()).and(Post.body.is_some()))))
        .order(|(_, post)| post.slug.asc())
        .select(|(_, post)| post.slug);
    assert_eq!(counted.all(&mut db).await?, ["a1", "a2", "a3"]);
    let error = User::find()
        .join(Post, |(user, post)| user.id.eq(post.author_id))
        .filter(|_| exists(Comment::find().filter(Comment.post_id.eq(Post.id.outer()))))
        .all(&mut db)
        .await
        .unwrap_err();
    assert!(error.hints()[0].contains("post.id.outer()"), "{error}");
    // Two levels up.
    let deep = User::find().filter(exists(
        Post::find().filter(exists(Post::find().filter(Post.author_id.eq(User.id.outer()).and(Post.slug.eq("b1"))))),
    ));
    assert_eq!(names(deep.all(&mut db).await?), ["Bob"]);
    // Outside of such a query there is nothing around.
    let error = Post::find().filter(Post.author_id.eq(User.id.outer())).all(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Parameters);
    assert!(error.to_string().contains("no query around this one reads the table of the column id"), "{error}");
    Ok(())
}

async fn named_queries(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let query = || {
        let totals = cte("totals", Post::find().group_by(Post.author_id).select((Post.author_id, count_rows())));
        let busy =
            cte("busy", from(&totals).filter(|(total,)| total.1.gt(1)).select(|(total,)| total.0)).materialized();
        User::find()
            .join(&totals, |(user, total)| user.id.eq(total.0))
            .left_join(&busy, |(user, _, busy)| user.id.eq(busy))
            .order(|(user, ..)| user.name.asc())
            .select(|(user, total, busy)| (user.name, total.1, busy))
    };
    expect![[r#"
        sqlite   WITH "totals" (c0, c1) AS (SELECT "author_id", COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id"), "busy" (c0) AS MATERIALIZED (SELECT "c0" FROM "totals" WHERE "c1" > ?1) SELECT t2."name", t3."c1", t4."c0" FROM "users" AS t2 JOIN "totals" AS t3 ON t2."id" = t3."c0" LEFT JOIN "busy" AS t4 ON t2."id" = t4."c0" ORDER BY t2."name"
        postgres WITH "totals" (c0, c1) AS (SELECT "author_id", COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id"), "busy" (c0) AS MATERIALIZED (SELECT "c0" FROM "totals" WHERE "c1" > $1) SELECT t2."name", t3."c1", t4."c0" FROM "users" AS t2 JOIN "totals" AS t3 ON t2."id" = t3."c0" LEFT JOIN "busy" AS t4 ON t2."id" = t4."c0" ORDER BY t2."name"
        mysql    WITH `totals` (c0, c1) AS (SELECT `author_id`, COUNT(*) FROM `posts` WHERE `deleted_at` IS NULL GROUP BY `author_id`), `busy` (c0) AS (SELECT `c0` FROM `totals` WHERE `c1` > ?) SELECT t2.`name`, t3.`c1`, t4.`c0` FROM `users` AS t2 JOIN `totals` AS t3 ON t2.`id` = t3.`c0` LEFT JOIN `busy` AS t4 ON t2.`id` = t4.`c0` ORDER BY t2.`name`
    "#]].assert_eq(&side_by_side(query));
    let rows = query().all(&mut db).await?;
    let rows: Vec<(&str, i64, bool)> =
        rows.iter().map(|(name, count, busy)| (&**name, *count, busy.is_some())).collect();
    assert_eq!(rows, [("Ann", 3, true), ("Bob", 1, false)]);
    let one = || cte("one", Post::find().select(Post.slug));
    let twice = from(one()).join(one(), |(left, right)| left.eq(right)).all(&mut db).await.unwrap_err();
    assert!(twice.to_string().contains("two queries of the statement have the name \"one\""), "{twice}");
    Ok(())
}

async fn queries_that_read_themselves(mut db: Db) -> Result<()> {
    let category = |name: &str| NewCategory { name: name.into() };
    let root = category("root").insert(&mut db).await?;
    let fruit = category("fruit").parent_id(root.id).insert(&mut db).await?;
    category("apple").parent_id(fruit.id).insert(&mut db).await?;
    category("other").insert(&mut db).await?;
    let query = || {
        let roots = Category::find().filter(Category.name.eq("root")).select((Category.id, value::<_, i64>(0)));
        let tree: Cte<(Id<Category>, i64)> = Cte::recursive("tree", roots, |tree| {
            from(tree)
                .join(Category, |(above, category)| category.parent_id.eq(above.0))
                .select(|(above, category)| (category.id, above.1 + 1))
        });
        Category::find()
            .join(tree, |(category, place)| category.id.eq(place.0))
            .order(|(_, place)| place.1.asc())
            .select(|(category, place)| (category.name, place.1))
    };
    expect![[r#"
        sqlite   WITH RECURSIVE "tree" (c0, c1) AS (SELECT "id", ?1 FROM "categories" WHERE "name" = ?2 UNION SELECT t2."id", t1."c1" + ?3 FROM "tree" AS t1 JOIN "categories" AS t2 ON t2."parent_id" = t1."c0") SELECT t3."name", t4."c1" FROM "categories" AS t3 JOIN "tree" AS t4 ON t3."id" = t4."c0" ORDER BY t4."c1"
        postgres WITH RECURSIVE "tree" (c0, c1) AS (SELECT "id", CAST($1 AS bigint) FROM "categories" WHERE "name" = $2 UNION SELECT t2."id", t1."c1" + $3 FROM "tree" AS t1 JOIN "categories" AS t2 ON t2."parent_id" = t1."c0") SELECT t3."name", t4."c1" FROM "categories" AS t3 JOIN "tree" AS t4 ON t3."id" = t4."c0" ORDER BY t4."c1"
        mysql    WITH RECURSIVE `tree` (c0, c1) AS (SELECT `id`, ? FROM `categories` WHERE `name` = ? UNION SELECT t2.`id`, t1.`c1` + ? FROM `tree` AS t1 JOIN `categories` AS t2 ON t2.`parent_id` = t1.`c0`) SELECT t3.`name`, t4.`c1` FROM `categories` AS t3 JOIN `tree` AS t4 ON t3.`id` = t4.`c0` ORDER BY t4.`c1`
    "#]].assert_eq(&side_by_side(query));
    let rows = query().all(&mut db).await?;
    let rows: Vec<(&str, i64)> = rows.iter().map(|(name, depth)| (&**name, *depth)).collect();
    assert_eq!(rows, [("root", 0), ("fruit", 1), ("apple", 2)]);
    Ok(())
}

async fn the_first_of_each(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let query = || Post::find().top_per(Post.author_id, 2, Post.slug.desc()).order(Post.slug.asc());
    expect![[r#"
        sqlite   SELECT "id", "author_id", "slug", "title", "body", "published_at" FROM "posts" WHERE "deleted_at" IS NULL AND "id" IN (SELECT "c0" FROM (SELECT "id" AS c0, ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "slug" DESC) AS c1 FROM "posts" WHERE "deleted_at" IS NULL) AS source WHERE "c1" <= ?1) ORDER BY "slug"
        postgres SELECT "id", "author_id", "slug", "title", "body", "published_at" FROM "posts" WHERE "deleted_at" IS NULL AND "id" IN (SELECT "c0" FROM (SELECT "id" AS c0, ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "slug" DESC) AS c1 FROM "posts" WHERE "deleted_at" IS NULL) AS source WHERE "c1" <= $1) ORDER BY "slug"
        mysql    SELECT `id`, `author_id`, `slug`, `title`, `body`, `published_at` FROM `posts` WHERE `deleted_at` IS NULL AND `id` IN (SELECT `c0` FROM (SELECT `id` AS c0, ROW_NUMBER() OVER (PARTITION BY `author_id` ORDER BY `slug` DESC) AS c1 FROM `posts` WHERE `deleted_at` IS NULL) AS source WHERE `c1` <= ?) ORDER BY `slug`
    "#]].assert_eq(&side_by_side(query));
    let slugs = |posts: Vec<Post>| posts.into_iter().map(|post| post.slug).collect::<Vec<_>>();
    assert_eq!(slugs(query().all(&mut db).await?), ["a2", "a3", "b1"]);
    assert_eq!(slugs(query().filter(Post.slug.ne("a3")).all(&mut db).await?), ["a2", "b1"]);
    let among = Post::find().filter(Post.slug.ne("a3")).top_per(Post.author_id, 1, Post.slug.desc());
    assert_eq!(slugs(among.order(Post.slug.asc()).all(&mut db).await?), ["a2", "b1"]);
    Ok(())
}

async fn subtotals(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let keys = || Post::find().group_by((Post.author_id, Post.slug));
    let selected = || (Post.author_id, Post.slug, count_rows());
    let rollup = || keys().rollup().select(selected());
    expect![[r#"
        sqlite   -- SQLite has no subtotals [R0407];  hint: combine one grouped query for each level by `.union_all(…)`
        postgres SELECT "author_id", "slug", COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY ROLLUP ("author_id", "slug")
        mysql    SELECT `author_id`, `slug`, COUNT(*) FROM `posts` WHERE `deleted_at` IS NULL GROUP BY `author_id`, `slug` WITH ROLLUP
    "#]].assert_eq(&side_by_side(rollup));
    let sets = || keys().sets([&[0, 1][..], &[0], &[]]).select(selected());
    expect![[r#"
        sqlite   -- SQLite has no subtotals [R0407];  hint: combine one grouped query for each level by `.union_all(…)`
        postgres SELECT "author_id", "slug", COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY GROUPING SETS (("author_id", "slug"), ("author_id"), ())
        mysql    -- MariaDB has subtotals by rollup only [R0407];  hint: use `.rollup()`, or combine grouped queries by `.union_all(…)`
    "#]].assert_eq(&side_by_side(sets));
    let found = rollup().all(&mut db).await;
    if only_unsupported(&db, &[Dialect::Sqlite], found.as_ref().err(), "union_all") {
        return Ok(());
    }
    let mut counts: Vec<i64> = found?.into_iter().filter(|row| row.1.is_none()).map(|row| row.2).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 3, 4]);
    let cube = keys().cube().select(selected()).all(&mut db).await;
    if only_unsupported(&db, &[Dialect::Mysql], cube.as_ref().err(), "rollup") {
        return Ok(());
    }
    assert_eq!(cube?.len(), 4 + 4 + 2 + 1);
    assert_eq!(sets().all(&mut db).await?.len(), 7);
    Ok(())
}

async fn queries_that_write(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let gone =
        || written("gone", Post::delete_many().filter(Post.slug.eq("b1")).permanently(), (Post.author_id, Post.slug));
    let query = || {
        let authors = from(gone().unwrap()).join(User, |(post, user)| user.id.eq(post.0));
        authors.select(|(post, user)| (post.1, user.name))
    };
    expect![[r#"
        sqlite   -- SQLite has no statements that write inside of queries [R0407];  hint: run them one after the other in one `transaction!`; `.returning(…)` gives back what was written
        postgres WITH "gone" (c0, c1) AS (DELETE FROM "posts" WHERE "slug" = $1 RETURNING "author_id", "slug") SELECT t0."c1", t1."name" FROM "gone" AS t0 JOIN "users" AS t1 ON t1."id" = t0."c0"
        mysql    -- MariaDB has no statements that write inside of queries [R0407];  hint: run them one after the other in one `transaction!`; `.returning(…)` gives back what was written
    "#]]
    .assert_eq(&side_by_side(query));
    let found = query().all(&mut db).await;
    if only_unsupported(&db, &[Dialect::Sqlite, Dialect::Mysql], found.as_ref().err(), "transaction!") {
        assert_eq!(Post::find().count(&mut db).await?, 4);
        return Ok(());
    }
    assert_eq!(found?, [("b1".to_string(), "Bob".to_string())]);
    assert_eq!(Post::find().count(&mut db).await?, 3);
    let renamed =
        written("renamed", User::update_many().filter(User.name.eq("Ann")).set(User.name.to("Anne")), User.name)?;
    assert_eq!(from(renamed).all(&mut db).await?, [("Anne".to_string(),)]);
    // One statement moves rows: what is deleted goes into another table.
    let tags =
        written("tags", Tag::insert_many(["x", "y"].map(|name| NewTag { name: name.into() })), (Tag.id, Tag.name))?;
    let rows = from(tags).order(|(tag,)| tag.1.desc()).select(|(tag,)| tag.1).all(&mut db).await?;
    assert_eq!(rows, ["y", "x"]);
    let copied = Tag::insert_from((Tag.name,), Post::find().filter(Post.slug.ne("a1")).select((Post.slug,)));
    assert_eq!(from(written("copied", copied, Tag.name)?).count(&mut db).await?, 2);
    assert_eq!(Tag::find().count(&mut db).await?, 4);
    // Rules hold here, too.
    let refused = written("refused", Post::update_many().all_rows().set(Post.slug.to("x".repeat(121))), Post.id);
    assert_eq!(refused.err().map(|error| error.kind()), Some(Kind::Validation));
    Ok(())
}

async fn twelve_tables(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let one = || User::find().filter(User.name.eq("Ann"));
    let all = one().join(one(), |_| Pred::all([])).join(one(), |_| Pred::all([])).join(one(), |_| Pred::all([]));
    let all = all.join(one(), |_| Pred::all([])).join(one(), |_| Pred::all([])).join(one(), |_| Pred::all([]));
    let all = all.join(one(), |_| Pred::all([])).join(one(), |_| Pred::all([])).join(one(), |_| Pred::all([]));
    let all =
        all.left_join(Post, |(a, _, _, _, _, _, _, _, _, _, post)| a.id.eq(post.author_id).and(post.slug.eq("a2")));
    let all = all.left_join(User, |(a, .., none)| a.id.eq(none.id).and(none.name.eq("Bob")));
    let row = all.one(&mut db).await?;
    assert_eq!((row.0.name.as_str(), row.9.name.as_str(), row.10.unwrap().slug.as_str()), ("Ann", "Ann", "a2"));
    assert!(row.11.is_none());
    Ok(())
}

async fn rows_written_by_other_tables(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let update = || {
        let name = User::find().filter(User.id.eq(Post.author_id.outer())).select(User.name);
        Post::update_many().filter(Post.slug.eq("b1")).set(Post.title.to(scalar::<Post, String>(name)))
    };
    assert_eq!(update().exec(&mut db).await?, 1);
    assert_eq!(Post::find().filter(Post.slug.eq("b1")).one(&mut db).await?.title, "Bob");
    let delete = || User::delete_many().filter(not_exists(Post::find().filter(Post.author_id.eq(User.id.outer()))));
    expect![[r#"
        sqlite   DELETE FROM "users" WHERE "id" IN (SELECT t0."id" FROM "users" AS t0 WHERE NOT (EXISTS (SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id")))
        postgres DELETE FROM "users" WHERE "id" IN (SELECT t0."id" FROM "users" AS t0 WHERE NOT (EXISTS (SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = t0."id")))
        mysql    DELETE FROM `users` WHERE `id` IN (SELECT * FROM (SELECT t0.`id` FROM `users` AS t0 WHERE NOT (EXISTS (SELECT 1 FROM `posts` WHERE `deleted_at` IS NULL AND `author_id` = t0.`id`))) AS found)
    "#]].assert_eq(&side_by_side(delete));
    assert_eq!(delete().exec(&mut db).await?, 1);
    assert_eq!(User::find().count(&mut db).await?, 2);
    Ok(())
}
