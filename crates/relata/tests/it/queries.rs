//! Finding, filtering, ordering, counting, grouping, and SQL of one's own.

use relata::prelude::*;
use relata::{Find, Kind, Result, Value, count_rows};

use crate::model::*;

crate::setup::everywhere!(
    filters_find_what_they_say,
    text_filters_mean_the_same_everywhere,
    one_first_and_optional,
    orders_limits_and_offsets,
    groups_and_aggregates,
    projections,
    deleted_rows_stay_out,
    raw_sql_is_typed_and_bound,
    every_type_comes_back,
    a_wrong_row_is_named,
    order_by_input_is_allow_listed,
    independent_queries_run_together,
);

/// Ann with three posts, Bob with one, Cyd with none.
pub async fn blog(db: &mut Db) -> Result<[Id<User>; 3]> {
    let mut users = Vec::new();
    for name in ["Ann", "Bob", "Cyd"] {
        let email = format!("{}@example.com", name.to_lowercase());
        users.push(NewUser { email, name: name.into() }.insert(db).await?.id);
    }
    for (author, slug, body) in
        [(0, "a1", None), (0, "a2", Some("50% off_")), (0, "a3", None), (1, "b1", Some("Bob's"))]
    {
        let post = NewPost { author_id: users[author], slug: slug.into(), title: slug.to_uppercase() };
        post.body(body.map(str::to_string)).insert(db).await?;
    }
    Ok([users[0], users[1], users[2]])
}

fn slugs(posts: &[Post]) -> Vec<&str> {
    posts.iter().map(|post| post.slug.as_str()).collect()
}

async fn filters_find_what_they_say(mut db: Db) -> Result<()> {
    let [ann, bob, _] = blog(&mut db).await?;
    let cases: Vec<(Pred<Post>, &[&str])> = vec![
        (Post.slug.eq("a1"), &["a1"]),
        (Post.slug.ne("a1"), &["a2", "a3", "b1"]),
        (Post.slug.gt("a2"), &["a3", "b1"]),
        (Post.slug.le("a2"), &["a1", "a2"]),
        (Post.author_id.eq(ann).and(Post.slug.ne("a1")), &["a2", "a3"]),
        (Post.author_id.eq(bob) | Post.slug.eq("a1"), &["a1", "b1"]),
        (!Post.author_id.eq(ann), &["b1"]),
        (Post.slug.is_in(["a1", "b1", "zz"]), &["a1", "b1"]),
        (Post.slug.is_in(Vec::<String>::new()), &[]),
        (Post.slug.not_in(["a1", "a2", "a3"]), &["b1"]),
        (Post.slug.not_in(Vec::<String>::new()), &["a1", "a2", "a3", "b1"]),
        (Post.slug.between("a2", "a3"), &["a2", "a3"]),
        (Post.body.is_some(), &["a2", "b1"]),
        (Post.body.is_none(), &["a1", "a3"]),
        (Post.body.or_else("none").eq("none"), &["a1", "a3"]),
        (Post.slug.upper().eq(Post.title), &["a1", "a2", "a3", "b1"]),
        (Post.title.lower().length().eq(2), &["a1", "a2", "a3", "b1"]),
        (Post.author().name.eq("Bob"), &["b1"]),
        (Pred::all([]), &["a1", "a2", "a3", "b1"]),
        (Pred::any([]), &[]),
        (Pred::sql("slug = ? OR slug = '?'", [Value::Text("a3".into())]), &["a3"]),
    ];
    for (filter, expected) in cases {
        let text = format!("{filter:?}");
        let found = Post::find().filter(filter.clone()).order(Post.slug.asc()).all(&mut db).await?;
        assert_eq!(slugs(&found), expected, "{text}");
        assert_eq!(Post::find().filter(filter.clone()).count(&mut db).await?, expected.len() as u64, "{text}");
        assert_eq!(Post::find().filter(filter).exists(&mut db).await?, !expected.is_empty(), "{text}");
    }
    let wanted: Option<String> = None;
    assert_eq!(Post::find().filter_some(wanted, |slug| Post.slug.eq(slug)).count(&mut db).await?, 4);
    Ok(())
}

async fn independent_queries_run_together(mut db: Db) -> Result<()> {
    let [ann, bob, cyd] = blog(&mut db).await?;
    let (users, statements) = count_rows_of(&mut db, [bob, ann, Id::new(0), bob]).await?;
    assert_eq!(users, [Some("Bob"), Some("Ann"), None, Some("Bob")].map(|name| name.map(str::to_string)));
    assert_eq!(statements, 4, "each is counted");
    let written = [ann, bob, cyd].map(|user| User::by_key(user).with(User.posts.order(|post| post.slug.asc())));
    let users = Find::all_of(written, &mut db).await?;
    let counts = users.iter().flatten().map(|user| user.posts().len());
    assert_eq!(counts.collect::<Vec<_>>(), [3, 1, 0]);
    assert!(Find::all_of(Vec::<Find<User>>::new(), &mut db).await?.is_empty());
    // In a transaction too, and a failure is one of the entity.
    let found = transaction!(db, |tx| {
        NewUser { email: "dee@example.com".into(), name: "Dee".into() }.insert(&mut tx).await?;
        Find::all_of(["Dee", "Eve"].map(|name| User::find().filter(User.name.eq(name))), &mut tx).await
    })?;
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    Ok(())
}

async fn count_rows_of(db: &mut Db, keys: [Id<User>; 4]) -> Result<(Vec<Option<String>>, u64)> {
    let before = db.statement_count();
    let found = Find::all_of(keys.map(User::by_key), db).await?;
    let names = found.into_iter().map(|mut users| users.pop().map(|user| user.name));
    Ok((names.collect(), db.statement_count() - before))
}

async fn text_filters_mean_the_same_everywhere(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    for (filter, expected) in [
        (Post.body.contains("% off"), 1),
        (Post.body.starts_with("50%"), 1),
        (Post.body.ends_with("off_"), 1),
        (Post.body.ends_with("x_"), 0),
        (Post.body.contains("'"), 1),
        (Post.body.like("%off%"), 1),
        (Post.body.ilike("%OFF%"), 1),
        (Post.slug.starts_with("a"), 3),
        (Post.slug.contains("[a]"), 0),
        (Post.slug.contains("*"), 0),
    ] {
        let text = format!("{filter:?}");
        assert_eq!(Post::find().filter(filter).count(&mut db).await?, expected, "{text}");
    }
    Ok(())
}

async fn one_first_and_optional(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    assert_eq!(User::by_key(ann).one(&mut db).await?.name, "Ann");
    assert_eq!(User::by_key(0).one(&mut db).await.unwrap_err().kind(), Kind::NotFound);
    assert!(User::by_key(0).optional(&mut db).await?.is_none());
    assert_eq!(User::find().one(&mut db).await.unwrap_err().kind(), Kind::TooManyRows);
    assert_eq!(User::find().order(User.name.desc()).first(&mut db).await?.unwrap().name, "Cyd");
    let tag = NewTag { name: "x".into() }.insert(&mut db).await?;
    let post = Post::find().filter(Post.slug.eq("a1")).one(&mut db).await?;
    NewPostTag { post_id: post.id, tag_id: tag.id }.insert(&mut db).await?;
    assert_eq!(PostTag::by_key((post.id, tag.id)).one(&mut db).await?.tag_id, tag.id);
    // The same of some columns, of joined rows and of SQL; a limit that was given stays.
    let slugs = || Post::find().order(Post.slug.asc()).select(Post.slug);
    assert_eq!(slugs().limit(1).one(&mut db).await?, "a1");
    assert_eq!(slugs().first(&mut db).await?.as_deref(), Some("a1"));
    assert_eq!(slugs().one(&mut db).await.unwrap_err().kind(), Kind::TooManyRows);
    assert_eq!(slugs().limit(0).optional(&mut db).await?, None);
    assert_eq!(Post::find().order(Post.slug.asc()).limit(1).one(&mut db).await?.slug, "a1");
    let joined =
        || Post::find().join(User, |(post, user)| post.author_id.eq(user.id)).order(|(post, _)| post.slug.desc());
    assert_eq!(joined().limit(1).one(&mut db).await?.0.slug, "b1");
    assert_eq!(joined().optional(&mut db).await.unwrap_err().kind(), Kind::TooManyRows);
    let raw = || sql::<String>("SELECT slug FROM posts ORDER BY slug", ());
    assert_eq!(raw().first(&mut db).await?.as_deref(), Some("a1"));
    assert_eq!(raw().one(&mut db).await.unwrap_err().kind(), Kind::TooManyRows);
    Ok(())
}

async fn orders_limits_and_offsets(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let slugs_of = |posts: Vec<Post>| posts.into_iter().map(|post| post.slug).collect::<Vec<_>>();
    let by_author = Post::find().order(Post.author().name.desc()).order(Post.slug.asc()).all(&mut db).await?;
    assert_eq!(slugs_of(by_author), ["b1", "a1", "a2", "a3"]);
    let middle = Post::find().order(Post.slug.asc()).limit(2).offset(1).all(&mut db).await?;
    assert_eq!(slugs_of(middle), ["a2", "a3"]);
    assert_eq!(slugs_of(Post::find().order(Post.slug.asc()).offset(3).all(&mut db).await?), ["b1"]);
    assert_eq!(Post::find().limit(3).count(&mut db).await?, 3);
    let first = Post::find().order(Post.body.asc().nulls_first()).order(Post.slug.asc()).all(&mut db).await?;
    assert_eq!(slugs_of(first), ["a1", "a3", "a2", "b1"]);
    let last = Post::find().order(Post.body.asc().nulls_last()).order(Post.slug.desc()).all(&mut db).await?;
    assert_eq!(slugs_of(last), ["a2", "b1", "a3", "a1"]);
    Ok(())
}

async fn groups_and_aggregates(mut db: Db) -> Result<()> {
    let [ann, bob, _] = blog(&mut db).await?;
    let groups: Vec<(Id<User>, i64)> = Post::find()
        .group_by(Post.author_id)
        .having(Post.id.count().gt(1))
        .select((Post.author_id, Post.id.count()))
        .all(&mut db)
        .await?;
    assert_eq!(groups, [(ann, 3)]);
    let named: Vec<(String, i64, i64)> = Post::find()
        .group_by((Post.author().id, Post.author().name))
        .select((Post.author().name, count_rows(), Post.body.count()))
        .order(count_rows().desc())
        .all(&mut db)
        .await?;
    assert_eq!(named, [("Ann".into(), 3, 1), ("Bob".into(), 1, 1)]);
    for balance in [10, 20, 60] {
        NewAccount { balance }.insert(&mut db).await?;
    }
    let all = (Account.balance.sum(), Account.balance.avg(), Account.balance.min(), Account.balance.max());
    assert_eq!(Account::find().select(all).one(&mut db).await?, (Some(90), Some(30.0), Some(10), Some(60)));
    let none = Account::find().filter(Account.balance.gt(1000));
    assert_eq!(none.select((Account.balance.sum(), count_rows())).one(&mut db).await?, (None, 0));
    assert_eq!(Post::find().select(Post.author_id.count_distinct()).one(&mut db).await?, 2);
    let groups = Post::find().group_by(Post.author_id).select(Post.author_id);
    assert_eq!(groups.order(Post.author_id.asc()).all(&mut db).await?, [ann, bob]);
    Ok(())
}

async fn projections(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let rows = Post::find()
        .filter(Post.body.is_some())
        .select((Post.slug, Post.body, Post.author().name, Post.author().posts.count()))
        .order(Post.slug.asc())
        .all(&mut db)
        .await?;
    assert_eq!(rows[0], ("a2".into(), Some("50% off_".into()), "Ann".into(), 3));
    let names = Post::find().select(Post.author().name).distinct().order(Post.author().name.asc()).all(&mut db).await?;
    assert_eq!(names, ["Ann", "Bob"]);
    NewAccount { balance: 7 }.insert(&mut db).await?;
    assert_eq!(Account::find().select(Account.balance * 2 + 1).one(&mut db).await?, 15);
    Ok(())
}

async fn deleted_rows_stay_out(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let post = Post::find().filter(Post.slug.eq("a1")).one(&mut db).await?;
    assert_eq!(Post::delete(post.id).exec(&mut db).await?, 1);
    assert_eq!(Post::delete(post.id).exec(&mut db).await?, 0);
    assert_eq!(Post::find().count(&mut db).await?, 3);
    assert_eq!(Post::find().with_deleted().count(&mut db).await?, 4);
    assert_eq!(Post::find().only_deleted().one(&mut db).await?.slug, "a1");
    assert_eq!(User::by_key(ann).select(User.posts.count()).one(&mut db).await?, 2);
    let ann = User::by_key(ann).with(User.posts).one(&mut db).await?;
    assert_eq!(ann.posts().len(), 2);
    assert_eq!(Post::delete(post.id).permanently().exec(&mut db).await?, 1);
    assert_eq!(Post::find().with_deleted().count(&mut db).await?, 3);
    Ok(())
}

async fn raw_sql_is_typed_and_bound(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let rows: Vec<(String, Option<String>)> =
        sql("SELECT slug, body FROM posts WHERE author_id = ? AND slug <> ? ORDER BY slug -- why?", (ann, "a1'; --"))
            .all(&mut db)
            .await?;
    assert_eq!(rows.len(), 3);
    let count: i64 = sql("SELECT COUNT(*) FROM posts", ()).one(&mut db).await?;
    assert_eq!(count, 4);
    assert_eq!(sql::<()>("UPDATE posts SET title = ? WHERE slug = ?", ("new", "b1")).exec(&mut db).await?, 1);
    let post = sql::<Tag>("SELECT id, name FROM tags", ()).optional(&mut db).await?;
    assert!(post.is_none());
    let users = "SELECT name, 7 AS more, email, id FROM users ORDER BY id";
    let user = sql::<User>(users, ()).first(&mut db).await?.unwrap();
    assert_eq!((user.id, user.name.as_str(), user.email.as_str()), (ann, "Ann", "ann@example.com"), "found by name");
    assert_eq!(sql::<User>(users, ()).stream(&mut db).next().await?.unwrap().id, ann);
    let error = sql::<User>("SELECT id, name FROM users", ()).all(&mut db).await.unwrap_err();
    assert_eq!(error.message(), "the query gives no column email, which User needs: it gives id, name");
    let twice = "SELECT u.*, p.id FROM users u JOIN posts p ON p.author_id = u.id";
    let error = sql::<User>(twice, ()).all(&mut db).await.unwrap_err();
    assert_eq!(error.message(), "the query gives several columns id, and User needs one");
    let error = sql::<i64>("SELECT COUNT(*) FROM posts WHERE slug = ?", ()).one(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Parameters);
    let error = sql::<(i64, i64)>("SELECT COUNT(*) FROM posts", ()).one(&mut db).await.unwrap_err();
    assert!(error.to_string().contains("the result has 1 column, but column 2 was to be read"), "{error}");
    let error = sql::<i64>("SELECT slug FROM posts", ()).all(&mut db).await.unwrap_err();
    assert!(error.to_string().contains("column 1 of the result holds text"), "{error}");
    Ok(())
}

async fn every_type_comes_back(mut db: Db) -> Result<()> {
    let new = NewEveryType {
        flag: true,
        small: -7,
        medium: i32::MAX,
        large: i64::MIN,
        single: 0.5,
        double: 1.0 / 3.0,
        exact: "12345678.1234".parse().unwrap(),
        text: "näïve 'quoted' \u{1F980}".into(),
        bytes: vec![0, 255, 39],
        uuid: Uuid::from_u128(0x1234_5678_9abc_4ef0_8234_5678_9abc_def0),
        date: "2026-02-28".parse().unwrap(),
        time: "23:59:59".parse().unwrap(),
        datetime: "2026-02-28T23:59:59".parse().unwrap(),
        instant: "2026-02-28T23:59:59Z".parse().unwrap(),
        json: r#"{"a": [1, null, "x"]}"#.parse().unwrap(),
        mood: Mood::SoSo,
    };
    let expected = new.clone();
    let row = new.r#type(5).insert(&mut db).await?;
    let found = EveryType::by_key(row.id).one(&mut db).await?;
    assert_eq!(row, found);
    assert_eq!(found.exact, expected.exact);
    assert_eq!((found.flag, found.small, found.medium, found.large), (true, -7, i32::MAX, i64::MIN));
    assert_eq!((found.single, found.double), (expected.single, expected.double));
    assert_eq!((&found.text, &found.bytes, found.uuid), (&expected.text, &expected.bytes, expected.uuid));
    assert_eq!((found.date, found.time), (expected.date, expected.time));
    assert_eq!((found.datetime, found.instant), (expected.datetime, expected.instant));
    assert_eq!((found.json, found.mood, found.nothing, found.r#type), (expected.json, Mood::SoSo, None, Some(5)));
    for (name, filter) in [
        ("flag", EveryType.flag.eq(true)),
        ("uuid", EveryType.uuid.eq(expected.uuid)),
        ("exact", EveryType.exact.eq(expected.exact)),
        ("date", EveryType.date.eq(expected.date)),
        ("time", EveryType.time.eq(expected.time)),
        ("datetime", EveryType.datetime.eq(expected.datetime)),
        ("instant", EveryType.instant.eq(expected.instant)),
        ("instant below", EveryType.instant.lt(Timestamp::now().max(expected.instant) + relata_jiff_hour())),
        ("mood", EveryType.mood.eq(Mood::SoSo)),
        ("moods", EveryType.mood.is_in([Mood::SoSo, Mood::Happy])),
        ("bytes", EveryType.bytes.eq(expected.bytes.clone())),
        ("type", EveryType.r#type.eq(5)),
        ("uuids", EveryType.uuid.is_in([expected.uuid])),
        ("dates", EveryType.date.is_in([expected.date])),
    ] {
        assert_eq!(EveryType::find().filter(filter).count(&mut db).await?, 1, "{name}");
    }
    Ok(())
}

fn relata_jiff_hour() -> std::time::Duration {
    std::time::Duration::from_secs(3600)
}

async fn a_wrong_row_is_named(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let error = relata::sql::<EveryType>("SELECT id FROM posts", ()).all(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decode, "{error}");
    let error = relata::sql::<Tag>("SELECT id, NULL AS name FROM tags UNION SELECT 1, NULL", ())
        .all(&mut db)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Decode);
    assert_eq!(error.details().entity.as_deref(), Some("Tag"));
    assert_eq!(error.details().field.as_deref(), Some("name"));
    assert!(error.to_string().contains("while reading row 1: tags.name holds NULL, but text was expected"), "{error}");
    Ok(())
}

/// SQLite keeps text in a column of whole numbers, if somebody puts it there: every way to read it names the place.
#[tokio::test]
async fn a_wrong_value_is_named_however_it_is_read() {
    crate::setup::on(relata_schema::Dialect::Sqlite, wrong_values).await;
}

async fn wrong_values(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    sql::<()>("UPDATE posts SET title = x'00' WHERE slug = ?", ("a2",)).exec(&mut db).await?;
    let place = |error: relata::Error| {
        let row = error.to_string().lines().next().and_then(|line| line.find("reading row 2:")).is_some();
        let details = error.details();
        let words = [&details.table, &details.column, &details.entity, &details.field];
        (row, words.map(|word| word.clone().unwrap_or_default()).join(" "))
    };
    let named = (true, "posts title Post title".to_string());
    let posts = || Post::find().filter(Post.author_id.eq(ann)).order(Post.slug.asc());
    assert_eq!(place(posts().all(&mut db).await.unwrap_err()), named);
    assert_eq!(place(posts().with(Post.author).all(&mut db).await.unwrap_err()), named);
    assert_eq!(place(posts().select((Post.id, Post.title)).all(&mut db).await.unwrap_err()), named);
    let loaded = User::find().filter(User.id.eq(ann)).with(User.posts.order(|post| post.slug.asc()));
    assert_eq!(place(loaded.all(&mut db).await.unwrap_err()), named);
    let mut rows = posts().select((Post.slug, Post.title)).stream(&mut db);
    let streamed = loop {
        match rows.next().await {
            Ok(row) => assert!(row.is_some(), "the wrong row was not reached"),
            Err(error) => break error,
        }
    };
    assert_eq!(place(streamed), named);
    drop(rows);
    let authors = Post::find().order(Post.slug.asc()).select((Post.author().name, Post.author().email));
    sql::<()>("UPDATE users SET name = x'00'", ()).exec(&mut db).await?;
    let error = authors.all(&mut db).await.unwrap_err();
    assert_eq!(place(error).1, "users name User name");
    Ok(())
}

async fn order_by_input_is_allow_listed(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let users = User::find().order_by_input("-name")?.all(&mut db).await?;
    assert_eq!(users[0].name, "Cyd");
    for input in ["email", "name; DROP TABLE users", ""] {
        let error = User::find().order_by_input(input).err().unwrap();
        assert_eq!(error.kind(), Kind::UndefinedColumn);
        assert!(error.to_string().contains("use one of name"), "{error}");
    }
    Ok(())
}
