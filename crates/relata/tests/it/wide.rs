//! Windows, conditions as values, subqueries, sets, trees, and rows written from queries.

use relata::prelude::*;
use relata::{
    Bound, Case, Kind, Result, Window, count_rows, cume_dist, dense_rank, ntile, percent_rank, rank, row_number, scalar,
};
use relata_schema::Dialect;

use crate::model::*;
use crate::queries::blog;

crate::setup::everywhere!(
    windows_number_and_compare_rows,
    values_depend_on_conditions,
    aggregates_of_some_rows,
    queries_inside_queries,
    sets_of_rows,
    the_first_of_each_group,
    trees_are_reached,
    rows_are_written_from_queries,
    locks_that_do_not_wait,
);

async fn windows_number_and_compare_rows(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let by_author = || Window::new().partition_by(Post.author_id).order(Post.slug.desc());
    let rows = Post::find()
        .select((
            Post.slug,
            row_number().over(by_author()),
            Post.slug.lag(1).over(by_author()),
            Post.slug.first_value().over(by_author()),
            count_rows().over(Window::new().partition_by(Post.author_id)),
        ))
        .order(Post.slug.asc())
        .all(&mut db)
        .await?;
    let row = |slug: &str, number, before: Option<&str>, first: &str, all| {
        (slug.to_string(), number, before.map(str::to_string), first.to_string(), all)
    };
    let expected = [
        row("a1", 3, Some("a2"), "a3", 3),
        row("a2", 2, Some("a3"), "a3", 3),
        row("a3", 1, None, "a3", 3),
        row("b1", 1, None, "b1", 1),
    ];
    assert_eq!(rows, expected);
    let by_author = || Window::new().order(Post.author_id.asc());
    let ranks = (rank().over(by_author()), dense_rank().over(by_author()), percent_rank().over(by_author()));
    let ranks = Post::find().select(ranks).order(Post.slug.desc()).first(&mut db).await?;
    assert_eq!(ranks, Some((4, 2, 1.0)));
    let by_slug = || Window::new().order(Post.slug.asc());
    let rest = (cume_dist().over(by_slug()), ntile(2).over(by_slug()), Post.slug.lead(1).over(by_slug()));
    let rest = Post::find().select(rest).order(Post.slug.asc()).first(&mut db).await?;
    assert_eq!(rest, Some((0.25, 1, Some("a2".to_string()))));
    let running = count_rows().over(by_slug().rows(Bound::Before(1), Bound::Here));
    let running: Vec<i64> = Post::find().select(running).order(Post.slug.asc()).all(&mut db).await?;
    assert_eq!(running, [1, 2, 2, 2]);
    Ok(())
}

async fn values_depend_on_conditions(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let class = Case::<Post, String>::when(Post.slug.eq("a1"), "first").or_when(Post.body.is_some(), Post.slug);
    let size = Case::<Post, i64>::when(Post.slug.lt("a3"), 7).or_null();
    let text = Post.slug.concat("-x").replace("a", "A").substring(1, 3);
    let rows = Post::find().select((class.otherwise("plain"), size, text)).order(Post.slug.asc()).all(&mut db).await?;
    let row = |class: &str, size, text: &str| (class.to_string(), size, text.to_string());
    let expected =
        [row("first", Some(7), "A1-"), row("a2", Some(7), "A2-"), row("plain", None, "A3-"), row("b1", None, "b1-")];
    assert_eq!(rows, expected);
    let class = Case::<Post, i64>::when(Post.slug.eq("b1"), 1).otherwise(2);
    let first = Post::find().order(class.asc()).first(&mut db).await?;
    assert_eq!(first.map(|post| post.slug).as_deref(), Some("b1"));
    Ok(())
}

async fn aggregates_of_some_rows(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let counts = Post::find()
        .select((
            count_rows().filter(Post.body.is_some()),
            Post.slug.max().filter(Post.author_id.eq(ann)),
            Post.author_id.count_distinct().filter(Post.slug.ne("b1")),
        ))
        .one(&mut db)
        .await?;
    assert_eq!(counts, (2, Some("a3".to_string()), 1));
    Ok(())
}

async fn queries_inside_queries(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let writers = || Post::find().select(Post.author_id);
    let names: Vec<String> =
        User::find().filter(User.id.in_query(writers())).select(User.name).order(User.name.asc()).all(&mut db).await?;
    assert_eq!(names, ["Ann", "Bob"]);
    assert_eq!(User::find().filter(User.id.not_in_query(writers())).one(&mut db).await?.name, "Cyd");
    let first = Post::find().filter(Post.author_id.eq(ann)).select(Post.slug.max());
    assert_eq!(Post::find().filter(Post.slug.eq(scalar(first))).one(&mut db).await?.slug, "a3");
    Ok(())
}

async fn sets_of_rows(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let names = || User::find().select(User.name);
    let slugs = || Post::find().select(Post.slug);
    let all = names().union_all(slugs()).order_by_place(1, false).limit(4).all(&mut db).await?;
    assert_eq!(all.len(), 4);
    let last = Post::find().select(Post.slug).order(Post.slug.desc()).limit(1);
    let mixed = User::find().filter(User.name.eq("Ann")).select(User.name).union(last).all(&mut db).await?;
    assert_eq!(mixed.len(), 2);
    assert_eq!(names().union(names()).count(&mut db).await?, 3);
    assert_eq!(names().intersect(slugs()).all(&mut db).await?, Vec::<String>::new());
    let left = slugs().except(Post::find().filter(Post.slug.ne("b1")).select(Post.slug)).all(&mut db).await?;
    assert_eq!(left, ["b1"]);
    let error = names().union(slugs()).intersect(slugs()).all(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    Ok(())
}

async fn the_first_of_each_group(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let newest = Post::find().distinct_on(Post.author_id).order(Post.author_id.asc()).order(Post.slug.desc());
    let found = newest.all(&mut db).await;
    if db.dialect() == Dialect::Postgres {
        let slugs: Vec<String> = found?.into_iter().map(|post| post.slug).collect();
        assert_eq!(slugs, ["a3", "b1"]);
    } else {
        let error = found.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(error.hints()[0].contains("row_number"), "{error}");
    }
    Ok(())
}

async fn trees_are_reached(mut db: Db) -> Result<()> {
    let category = |name: &str| NewCategory { name: name.into() };
    let root = category("root").insert(&mut db).await?;
    let fruit = category("fruit").parent_id(root.id).insert(&mut db).await?;
    let apple = category("apple").parent_id(fruit.id).insert(&mut db).await?;
    category("other").insert(&mut db).await?;
    let names = |rows: Vec<Category>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>().join(" ");
    let below = |steps: Option<u64>| Category::by_key(root.id).reach(Category.children, steps).order(Category.id.asc());
    assert_eq!(names(below(None).all(&mut db).await?), "root fruit apple");
    assert_eq!(names(below(Some(1)).all(&mut db).await?), "root fruit");
    assert_eq!(names(below(None).filter(Category.name.ne("fruit")).all(&mut db).await?), "root apple");
    assert_eq!(below(None).count(&mut db).await?, 3);
    let above = Category::by_key(apple.id).reach(Category.parent, None).order(Category.id.desc());
    assert_eq!(names(above.all(&mut db).await?), "apple fruit root");
    // A circle ends.
    Category::update(root.id).set(Category.parent_id.to(apple.id)).exec(&mut db).await?;
    assert_eq!(below(None).count(&mut db).await?, 3);
    let loaded = below(None).with(Category.children).all(&mut db).await?;
    assert!(loaded.iter().all(|category| category.children().len() == 1));
    Ok(())
}

async fn rows_are_written_from_queries(mut db: Db) -> Result<()> {
    let [ann, bob, _] = blog(&mut db).await?;
    let copies =
        Post::find().filter(Post.author_id.eq(ann)).select((Post.author_id, Post.slug.concat("-copy"), Post.title));
    assert_eq!(Post::insert_from((Post.author_id, Post.slug, Post.title), copies).exec(&mut db).await?, 3);
    let again = Post::find().select((Post.author_id, Post.slug, Post.title));
    let error = Post::insert_from((Post.author_id, Post.slug, Post.title), again).exec(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UniqueViolation);
    assert_eq!(error.details().entity.as_deref(), Some("Post"));
    // A new value from a related row.
    let update = Post::update_many().filter(Post.author_id.eq(bob)).set(Post.title.to(Post.author().name.lower()));
    assert_eq!(update.exec(&mut db).await?, 1);
    assert_eq!(Post::find().filter(Post.slug.eq("b1")).one(&mut db).await?.title, "bob");
    // Rows found through a relation.
    let delete = Post::delete_many().filter(Post.author().name.eq("Ann")).permanently();
    assert_eq!(delete.exec(&mut db).await?, 6);
    Ok(())
}

async fn locks_that_do_not_wait(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    if db.dialect() == Dialect::Sqlite {
        let error = User::find().for_update().no_wait().all(&mut db).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        return Ok(());
    }
    let mut other = db.clone();
    transaction!(db, |tx| {
        let held = User::find().filter(User.name.eq("Ann")).for_update().all(&mut tx).await?;
        assert_eq!(held.len(), 1);
        let free = User::find().for_update().skip_locked().order(User.id.asc()).all(&mut other).await?;
        assert!(free.iter().all(|user| user.name != "Ann"));
        let error = User::find().for_update().no_wait().all(&mut other).await.unwrap_err();
        assert_eq!(error.kind(), Kind::LockTimeout, "{error}");
        Ok(())
    })
}
