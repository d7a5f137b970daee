//! Repositories, and tables known only at run time.

use relata::prelude::*;
use relata::table::Condition;
use relata::{Kind, Repository, Result, Value};

use crate::model::*;
use crate::queries::blog;

crate::setup::everywhere!(
    a_repository_does_the_usual,
    any_table_can_be_read,
    any_table_can_be_written,
    rows_of_any_table_are_inserted_as_they_come,
    only_known_and_allowed_columns_come_into_sql,
    rows_come_with_those_of_other_tables,
    constraints_say_what_is_wrong,
    a_table_does_what_a_repository_does,
    a_write_says_which_rows,
    pages_of_a_table_miss_no_row,
    a_mark_of_deletion_is_taken_back_and_purged,
);

async fn a_repository_does_the_usual(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let mut users = Repository::<User, _>::new(db.clone());
    let mut dan = users.insert(NewUser { email: "dan@example.com".into(), name: "Dan".into() }).await?;
    dan.name = "Daniel".into();
    users.save(&dan).await?;
    assert_eq!(users.find(dan.id).await?.map(|user| user.name).as_deref(), Some("Daniel"));
    assert_eq!((users.count().await?, users.all().await?.len()), (4, 4));
    assert_eq!(users.filter(User.name.starts_with("D")).await?.len(), 1);
    let page = users.page(User::find().order(User.name.desc()), None, 3).await?;
    assert_eq!(page[0].name, "Daniel");
    let rest = users.page(User::find().order(User.name.desc()), page.next, 3).await?;
    assert_eq!(rest.len(), 1);
    assert!(users.delete(dan.id).await?);
    assert!(!users.delete(dan.id).await?);
    assert_eq!(users.save(&dan).await.unwrap_err().kind(), Kind::NotFound);
    transaction!(db, |tx| {
        let mut posts = Repository::<Post, _>::new(&mut tx);
        let mut post = posts.filter(Post.slug.eq("a1")).await?.remove(0);
        post.slug = String::new();
        assert_eq!(posts.save(&post).await.unwrap_err().kind(), Kind::Validation);
        assert!(posts.delete(post.id).await?);
        assert_eq!(posts.count().await?, 3);
        Ok(())
    })
}

async fn any_table_can_be_read(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let posts = db.table("posts").await?;
    assert_eq!(posts.key(), ["id"]);
    let rows = posts.select().filter("author_id", Condition::Equal(Value::Int(ann.get())))?.order("slug", true)?;
    let rows = rows.limit(2).all(&mut db).await?;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].value("slug"), Some(&Value::Text("a3".into())));
    let names: Vec<&str> = rows[0].iter().map(|(name, _)| name).collect();
    assert_eq!(names[..4], ["id", "author_id", "slug", "title"]);
    for (condition, expected) in [
        (Condition::Contains("a".into()), 3),
        (Condition::In(vec![Value::Text("a1".into()), Value::Text("b1".into())]), 2),
        (Condition::Greater(Value::Text("a2".into())), 2),
        (Condition::AtMost(Value::Text("a2".into())), 2),
        (Condition::NotEqual(Value::Text("a2".into())), 3),
        (Condition::IsNull, 0),
        (Condition::IsNotNull, 4),
    ] {
        let text = format!("{condition:?}");
        assert_eq!(posts.select().filter("slug", condition)?.count(&mut db).await?, expected, "{text}");
    }
    let error = db.table("postts").await.unwrap_err();
    assert_eq!(error.kind(), Kind::UndefinedTable);
    assert!(error.to_string().contains("did you mean posts?"), "{error}");
    Ok(())
}

async fn any_table_can_be_written(mut db: Db) -> Result<()> {
    let links = db.table("post_tags").await?;
    assert_eq!(links.key(), ["post_id", "tag_id"]);
    let tags = db.table("tags").await?;
    tags.insert(&[("id", Value::Int(5)), ("name", Value::Text("it's".into()))], &mut db).await?;
    assert!(tags.update(&[Value::Int(5)], &[("name", Value::Text("x".into()))], &mut db).await?);
    assert!(!tags.update(&[Value::Int(6)], &[("name", Value::Text("x".into()))], &mut db).await?);
    let row = tags.by_key(&[Value::Int(5)], &mut db).await?.unwrap();
    assert_eq!(row.values(), [Value::Int(5), Value::Text("x".into())]);
    assert!(tags.delete(&[Value::Int(5)], &mut db).await?);
    assert_eq!(links.by_key(&[Value::Int(1)], &mut db).await.unwrap_err().kind(), Kind::Parameters);
    Ok(())
}

async fn rows_of_any_table_are_inserted_as_they_come(mut db: Db) -> Result<()> {
    let tags = db.table("tags").await?;
    let tag = |name: &str| vec![Value::Text(name.into())];
    let mut stream = tags.insert_stream(&["name"], &mut db).await?;
    for n in 0..12_000 {
        stream.push(tag(&format!("tag {n}"))).await?;
    }
    let error = stream.push(vec![]).await.unwrap_err();
    assert!(
        error.to_string().starts_with("row 12001 of those to insert into tags has 0 values for 1 columns"),
        "{error}"
    );
    stream.push(tag("last")).await?;
    assert_eq!(stream.finish().await?, 12_001);
    assert_eq!(tags.select().count(&mut db).await?, 12_001);

    let mut stream = tags.insert_stream(&["name"], &mut db).await?;
    stream.push(tag("never")).await?;
    drop(stream);
    let posts = db.table("posts").await?;
    let mut stream = posts.insert_stream(&["title"], &mut db).await?;
    stream.push(vec![Value::Text("without an author".into())]).await?;
    let error = stream.finish().await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotNullViolation);
    assert!(error.to_string().starts_with("rows 1 to 1 of those to insert"), "{error}");
    assert_eq!(
        tags.insert_stream(&["nome"], &mut db).await.err().map(|error| error.kind()),
        Some(Kind::UndefinedColumn)
    );
    assert_eq!((tags.select().count(&mut db).await?, posts.select().count(&mut db).await?), (12_001, 0));
    Ok(())
}

async fn only_known_and_allowed_columns_come_into_sql(mut db: Db) -> Result<()> {
    let users = db.table("users").await?;
    for name in ["emial", "1 = 1 OR name", "", "\"name\""] {
        let error = users.select().filter(name, Condition::IsNull).unwrap_err();
        assert_eq!(error.kind(), Kind::UndefinedColumn, "{name}");
    }
    let open = users.allow(["name"])?;
    assert_eq!(open.select().order("email", false).unwrap_err().kind(), Kind::UndefinedColumn);
    assert_eq!(open.select().order("name", false)?.all(&mut db).await?.len(), 0);
    assert_eq!(users.allow(["nam"]).unwrap_err().kind(), Kind::UndefinedColumn);
    Ok(())
}

async fn rows_come_with_those_of_other_tables(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    for post in Post::find().all(&mut db).await? {
        for text in ["one", "two"] {
            NewComment { post_id: post.id, text: text.into() }.writer_id(post.author_id).insert(&mut db).await?;
        }
    }
    let schema = relata::table::schema(&mut db).await?;
    let table = |name: &str| relata::Table::in_schema(name, &schema);
    let (users, posts, comments) = (table("users")?, table("posts")?.soft_delete("deleted_at")?, table("comments")?);
    Post::delete_many().filter(Post.slug.eq("a2")).exec(&mut db).await?;
    let before = db.statement_count();
    let newest = comments.select().filter("text", Condition::Equal(Value::Text("two".into())))?;
    let newest = newest.with(users.select())?;
    let found = users.select().order("name", false)?.with(posts.select().order("slug", true)?.with(newest)?)?;
    let found = found.all(&mut db).await?;
    assert_eq!(db.statement_count() - before, 4, "users, posts, comments, who wrote them");
    let text = |record: &relata::Record, column: &str| match record.value(column) {
        Some(Value::Text(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    let told: Vec<String> = found
        .iter()
        .map(|user| {
            let posts = user.related("posts").unwrap().iter().map(|post| {
                let comments = post.related("comments").unwrap();
                let writers = comments.iter().flat_map(|comment| comment.related("users").unwrap());
                format!(" {} {}", text(post, "slug"), writers.map(|user| text(user, "name")).collect::<String>())
            });
            format!("{}:{}", text(user, "name"), posts.collect::<String>())
        })
        .collect();
    assert_eq!(told, ["Ann: a3 Ann a1 Ann", "Bob: b1 Bob", "Cyd:"], "the deleted post is not there");
    assert_eq!(found[0].related("comments"), None, "not loaded");
    let (accounts, transfers) = (table("accounts")?, table("transfers")?);
    let several = transfers.select().with(accounts.select()).unwrap_err();
    assert_eq!(several.message(), "several foreign keys connect transfers with accounts");
    let by = NewAccount { balance: 1 }.insert(&mut db).await?.id;
    let other = NewAccount { balance: 2 }.insert(&mut db).await?.id;
    NewTransfer { from: by, to: other, amount: 1 }.insert(&mut db).await?;
    let both = transfers.select().with_by("from", accounts.select())?.with_by("to", accounts.select())?;
    let both = both.all(&mut db).await?;
    let balance = |name: &str| both[0].related(name).unwrap()[0].value("balance").cloned();
    assert_eq!((balance("from"), balance("to")), (Some(Value::Int(1)), Some(Value::Int(2))));
    assert_eq!(users.select().with(table("accounts")?.select()).unwrap_err().kind(), Kind::Parameters);
    // So many for each, in the order, of those that are not deleted.
    let other_handle = db.clone();
    let slugs = |query: relata::table::TableQuery| {
        let mut db = other_handle.clone();
        let query = users.select().order("name", false).and_then(|users| users.with(query));
        async move {
            let found = query?.all(&mut db).await?;
            let of =
                |user: &relata::Record| user.related("posts").unwrap().iter().map(|post| text(post, "slug")).collect();
            Ok::<Vec<String>, relata::Error>(found.iter().map(of).collect())
        }
    };
    let ordered = || posts.select().order("slug", true);
    assert_eq!(slugs(ordered()?.limit(1)).await?, ["a3", "b1", ""]);
    assert_eq!(slugs(ordered()?.limit(5).offset(1)).await?, ["a1", "", ""]);
    assert_eq!(slugs(ordered()?.with_deleted().offset(1)).await?, ["a2a1", "", ""]);
    assert_eq!(slugs(ordered()?.limit(0)).await?, ["", "", ""]);
    // Of a table whose key has two columns.
    let (posts, links) = (table("posts")?, table("post_tags")?);
    let tags =
        [NewTag { name: "x".into() }.insert(&mut db).await?.id, NewTag { name: "y".into() }.insert(&mut db).await?.id];
    for post in Post::find().all(&mut db).await? {
        PostTag::insert_many(tags.map(|tag_id| NewPostTag { post_id: post.id, tag_id })).exec(&mut db).await?;
    }
    let found = posts.select().with(links.select().order("tag_id", true)?.limit(1))?.all(&mut db).await?;
    let last = |post: &relata::Record| {
        let links = post.related("post_tags").unwrap();
        links.iter().map(|link| link.value("tag_id").cloned().unwrap()).collect::<Vec<_>>()
    };
    let linked = found.iter().filter(|post| post.value("deleted_at") == Some(&Value::Null));
    assert!(linked.clone().count() == 3 && linked.map(last).all(|tag| tag == [Value::Int(tags[1].get())]));
    Ok(())
}

async fn constraints_say_what_is_wrong(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let users = db.table("users").await?;
    let row = [("email", Value::Text("dan@example.com".into())), ("name", Value::Text("Dan".into()))];
    users.insert(&row, &mut db).await?;
    let error = users.insert(&row, &mut db).await.unwrap_err();
    assert_eq!(error.problems(), [relata::Problem::of("email", "unique", "is taken already")], "{error}");
    let accounts = db.table("accounts").await?;
    let error = accounts.insert(&[("balance", Value::Int(-1))], &mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::CheckViolation);
    let said = error.problems()[0].message.replace(['(', ')', '`', '"'], "");
    assert_eq!(said, "balance >= 0 must hold", "{error}");
    Ok(())
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

async fn a_table_does_what_a_repository_does(mut db: Db) -> Result<()> {
    let users = db.table("users").await?;
    let ann = users.insert_returning(&[("email", text("a@b.c")), ("name", text("Ann"))], &mut db).await?;
    let key = [ann.value("id").cloned().unwrap()];
    assert_eq!(users.by_key(&key, &mut db).await?, Some(ann));
    let many = (0..500).map(|number| vec![Value::Text(format!("{number}@b.c")), text("many")]);
    assert_eq!(users.insert_many(&["email", "name"], many, &mut db).await?, 500);
    let twice = [vec![text("x@b.c"), text("x")], vec![text("a@b.c"), text("x")]];
    let error = users.insert_many(&["email", "name"], twice, &mut db).await.unwrap_err();
    assert_eq!((error.kind(), error.problems().len()), (Kind::UniqueViolation, 1), "{error}");
    assert_eq!(users.select().count(&mut db).await?, 501, "all or nothing");
    let short = users.insert_many(&["email", "name"], [vec![text("x@b.c")]], &mut db).await.unwrap_err();
    assert_eq!(short.message(), "row 1 of those to insert into users has 1 values for 2 columns");
    users.upsert(&[("email", text("a@b.c")), ("name", text("Anna"))], &["email"], &mut db).await?;
    users.upsert(&[("email", text("z@b.c")), ("name", text("Zoe"))], &["email"], &mut db).await?;
    assert_eq!(users.by_key(&key, &mut db).await?.unwrap().value("name"), Some(&text("Anna")));
    let either = [("name", Condition::StartsWith("Zo".into())), ("email", Condition::EndsWith("a@b.c".into()))];
    assert_eq!(users.select().filter_any(either)?.count(&mut db).await?, 2);
    let numbers = Condition::NotIn(vec![text("many")]);
    let last = users.select().filter("name", numbers)?.order("name", true)?.first(&mut db).await?;
    assert_eq!(last.unwrap().value("name"), Some(&text("Zoe")));
    // In a transaction as well.
    let error = transaction!(db, |tx| {
        users.insert_returning(&[("email", text("t@b.c")), ("name", text("T"))], &mut tx).await?;
        Err::<(), _>(relata::Error::new(Kind::Validation, "no"))
    });
    assert!(error.is_err());
    assert_eq!(users.select().count(&mut db).await?, 502);
    Ok(())
}

async fn a_write_says_which_rows(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let posts = db.table("posts").await?;
    let by_slug = |slug: &str| posts.select().filter("slug", Condition::Equal(text(slug)));
    assert_eq!(by_slug("a1")?.update(&[("title", text("new"))], &mut db).await?, 1);
    assert_eq!(by_slug("a1")?.first(&mut db).await?.unwrap().value("title"), Some(&text("new")));
    for refused in [
        posts.select().update(&[("title", text("all"))], &mut db).await,
        posts.select().delete(&mut db).await,
        by_slug("a1")?.limit(1).delete(&mut db).await,
        by_slug("a1")?.order("id", false)?.update(&[("title", text("x"))], &mut db).await,
    ] {
        assert_eq!(refused.unwrap_err().kind(), Kind::Parameters);
    }
    let error = by_slug("a1")?.update(&[("titel", text("x"))], &mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UndefinedColumn);
    assert_eq!(posts.select().all_rows().update(&[("title", text("all"))], &mut db).await?, 4);
    assert_eq!(by_slug("a1")?.delete(&mut db).await?, 1);
    assert_eq!(posts.select().all_rows().delete(&mut db).await?, 3);
    Ok(())
}

async fn pages_of_a_table_miss_no_row(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    for number in 0..23 {
        let new = NewPost { author_id: ann, slug: format!("s{number}"), title: format!("t{}", number % 4) };
        new.body((number % 3 == 0).then_some("b")).insert(&mut db).await?;
    }
    let (posts, users) = (db.table("posts").await?, db.table("users").await?);
    for (column, descending) in [("title", false), ("title", true), ("body", false), ("body", true), ("id", true)] {
        let query = || posts.select().order(column, descending).and_then(|query| query.with(users.select()));
        let whole = query()?.order("id", descending)?.all(&mut db).await?;
        let (mut paged, mut cursor) = (Vec::new(), None);
        loop {
            let page = query()?.limit(5).after(cursor).page(&mut db).await?;
            paged.extend(page.items);
            cursor = match page.next {
                Some(next) => Some(next.to_string().parse()?), // by way of a URL
                None => break,
            };
        }
        assert_eq!(paged, whole, "by {column}");
        assert!(paged.iter().all(|post| post.related("users").unwrap().len() == 1));
    }
    let first = posts.select().order("title", false)?.limit(2).page(&mut db).await?;
    let other = posts.select().order("slug", false)?.after(first.next).page(&mut db).await.unwrap_err();
    assert_eq!(other.kind(), Kind::Validation);
    Ok(())
}

async fn a_mark_of_deletion_is_taken_back_and_purged(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let plain = db.table("posts").await?;
    assert_eq!(plain.restore(&[Value::Int(1)], &mut db).await.unwrap_err().kind(), Kind::Unsupported);
    let posts = plain.soft_delete("deleted_at")?;
    let a1 = posts.select().filter("slug", Condition::Equal(text("a1")))?;
    let key = [a1.clone().first(&mut db).await?.unwrap().value("id").cloned().unwrap()];
    assert_eq!(a1.clone().delete(&mut db).await?, 1);
    assert_eq!((posts.select().count(&mut db).await?, plain.select().count(&mut db).await?), (3, 4));
    assert!(posts.restore(&key, &mut db).await?);
    assert!(!posts.restore(&key, &mut db).await?, "it has no mark any more");
    assert_eq!(a1.delete(&mut db).await?, 1);
    let (past, future) = (Timestamp::UNIX_EPOCH, Timestamp::now() + std::time::Duration::from_secs(60));
    assert_eq!(posts.purge(past, &mut db).await?, 0);
    assert_eq!(posts.purge(future, &mut db).await?, 1);
    assert_eq!(plain.select().count(&mut db).await?, 3);
    Ok(())
}
