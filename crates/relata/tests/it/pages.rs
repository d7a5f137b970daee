//! Pages by cursor, and streams.

use futures_util::StreamExt;
use relata::prelude::*;
use relata::{Kind, Result};

mod ordered;
mod orders;

use crate::model::*;
use crate::queries::blog;

crate::setup::everywhere!(
    pages_meet_every_row_once,
    pages_go_back,
    pages_of_what_is_computed,
    cursors_are_text_and_checked,
    a_cursor_counts_however_the_query_ends,
    pages_load_relations,
    streams_give_every_row,
    a_dropped_stream_frees_its_connection,
    a_deep_page_begins_in_the_index,
);

/// Sixty posts; bodies and instants repeat, a third is NULL.
async fn many(db: &mut Db) -> Result<()> {
    let author_id = NewUser { email: "a".into(), name: "A".into() }.insert(db).await?.id;
    let rows = (0..60).map(|number: i64| {
        let post = NewPost { author_id, slug: format!("s{number:02}"), title: "T".into() };
        let body = (number % 3 > 0).then(|| format!("b{}", number % 4));
        let instant = (number % 3 < 2).then(|| Timestamp::from_second(1_700_000_000 + number % 5).unwrap());
        post.body(body).published_at(instant)
    });
    Post::insert_many(rows).exec(db).await?;
    Ok(())
}

/// Orders over columns that repeat, may be NULL, are another table's or computed.
fn orders() -> Vec<fn() -> Vec<relata::Order<Post>>> {
    vec![
        Vec::new,
        || vec![Post.body.asc()],
        || vec![Post.body.desc(), Post.slug.asc()],
        || vec![Post.body.asc().nulls_last(), Post.published_at.desc().nulls_first()],
        || vec![Post.published_at.desc()],
        || vec![Post.author().name.asc(), Post.slug.desc()],
        || vec![Post.slug.upper().desc()],
        || vec![Post.body.is_some().desc(), Post.body.asc()],
    ]
}

async fn pages_meet_every_row_once(mut db: Db) -> Result<()> {
    many(&mut db).await?;
    for (number, order) in orders().iter().enumerate() {
        let query = || order().into_iter().fold(Post::find(), |query, key| query.order(key)).limit(7);
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page = query().after(cursor).page(&mut db).await?;
            assert!(page.len() <= 7);
            seen.extend(page.iter().map(|post| post.id));
            cursor = page.next.clone();
            if cursor.is_none() {
                break;
            }
        }
        let whole = order().into_iter().fold(Post::find(), |query, key| query.order(key)).order(Post.id.asc());
        let mut expected: Vec<_> = whole.all(&mut db).await?.into_iter().map(|post| post.id).collect();
        assert_eq!(seen.len(), 60, "order {number}");
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected, "order {number}");
    }
    Ok(())
}

async fn pages_go_back(mut db: Db) -> Result<()> {
    many(&mut db).await?;
    let ids = |page: &Page<Post>| page.iter().map(|post| post.id).collect::<Vec<_>>();
    for (number, order) in orders().iter().enumerate() {
        let query = || order().into_iter().fold(Post::find(), |query, key| query.order(key)).limit(7);
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let page = query().after(cursor).page(&mut db).await?;
            cursor = page.next.clone();
            pages.push(page);
            if cursor.is_none() {
                break;
            }
        }
        assert!(pages[0].previous.is_none(), "order {number}: nothing is before the first page");
        for at in (1..pages.len()).rev() {
            let before = query().page_before(pages[at].previous.clone(), &mut db).await?;
            assert_eq!(ids(&before), ids(&pages[at - 1]), "order {number}: the page before {at}");
            assert_eq!(before.previous.is_none(), at == 1, "order {number}: before {at}");
            let again = query().after(before.next).page(&mut db).await?;
            assert_eq!(ids(&again), ids(&pages[at]), "order {number}: forth again to {at}");
        }
        let last = query().page_before(None, &mut db).await?;
        let whole: Vec<_> = pages.iter().flat_map(&ids).collect();
        assert_eq!((ids(&last), last.next), (whole[53..].to_vec(), None), "order {number}: the last page");
        let before = query().page_before(last.previous, &mut db).await?;
        assert_eq!(ids(&before), whole[46..53], "order {number}: before the last page");
    }
    let posts = db.table("posts").await?;
    let query = || posts.select().order("body", true);
    let first = query()?.limit(20).page(&mut db).await?;
    let second = query()?.limit(20).after(first.next.clone()).page(&mut db).await?;
    let back = query()?.limit(20).page_before(second.previous, &mut db).await?;
    assert_eq!((&back[0], &back[19], back.len()), (&first[0], &first[19], 20));
    let last = query()?.limit(1).page_before(None, &mut db).await?;
    assert_eq!((last.len(), last.next.is_none()), (1, true));
    let wrong = Post::find().order(Post.slug.asc()).page_before(first.next, &mut db).await.unwrap_err();
    assert_eq!(wrong.kind(), Kind::Validation, "a cursor of another order");
    Ok(())
}

async fn pages_of_what_is_computed(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let users = || User::find().order(User.posts.count().desc()).order(User.name.asc()).limit(2);
    let counted =
        |page: &Page<(User, i64)>| page.iter().map(|(user, posts)| (user.name.clone(), *posts)).collect::<Vec<_>>();
    let first = users().select((User, User.posts.count())).page(&mut db).await?;
    assert_eq!(counted(&first), [("Ann".to_string(), 3), ("Bob".to_string(), 1)]);
    let second = users().after(first.next.clone()).select((User, User.posts.count())).page(&mut db).await?;
    assert_eq!((counted(&second), second.next.is_none()), (vec![("Cyd".to_string(), 0)], true));
    let back = users().select((User, User.posts.count())).page_before(second.previous, &mut db).await?;
    assert_eq!(counted(&back), counted(&first));
    let groups = Post::find().group_by(Post.author_id).select(Post.author_id).page(&mut db).await.unwrap_err();
    assert_eq!(groups.kind(), Kind::Unsupported);
    Ok(())
}

async fn cursors_are_text_and_checked(mut db: Db) -> Result<()> {
    many(&mut db).await?;
    let query = || Post::find().order(Post.published_at.desc()).limit(10);
    let first = query().page(&mut db).await?;
    let text = first.next.clone().unwrap().to_string();
    let cursor: Cursor = text.parse()?;
    let second = query().after(cursor.clone()).page(&mut db).await?;
    assert_ne!(first[0].id, second[0].id);
    let error = Post::find().order(Post.slug.asc()).after(cursor).page(&mut db).await.unwrap_err();
    assert_eq!((error.kind(), error.http_status()), (Kind::Validation, 422));
    assert_eq!("nonsense!".parse::<Cursor>().unwrap_err().kind(), Kind::Validation);
    Ok(())
}

async fn a_cursor_counts_however_the_query_ends(mut db: Db) -> Result<()> {
    many(&mut db).await?;
    let query = || Post::find().order(Post.body.desc()).with(Post.author);
    let page = query().limit(20).page(&mut db).await?;
    let whole: Vec<_> = query().order(Post.id.desc()).all(&mut db).await?.iter().map(|post| post.id).collect();
    let rest = || query().after(page.next.clone());
    let all: Vec<_> = rest().all(&mut db).await?.iter().map(|post| post.id).collect();
    assert_eq!(all, whole[20..]);
    assert_eq!(rest().count(&mut db).await?, 40);
    assert!(rest().offset(39).exists(&mut db).await?);
    assert!(!rest().offset(40).exists(&mut db).await?);
    assert_eq!(rest().first(&mut db).await?.unwrap().id, whole[20]);
    assert_eq!(rest().select(Post.id).all(&mut db).await?, whole[20..]);
    let mut streamed = Vec::new();
    let mut rows = rest().stream(&mut db);
    while let Some(post) = rows.next().await? {
        streamed.push(post.id);
    }
    drop(rows);
    assert_eq!(streamed, whole[20..]);
    let shown = rest().limit(5).to_sql(db.dialect())?;
    assert!(shown.sql.matches("IS NULL").count() + shown.sql.matches("IS NOT NULL").count() > 1, "{}", shown.sql);
    assert!(!shown.params.is_empty(), "the place: {}", shown.sql);
    assert!(!rest().explain(&mut db).await?.to_string().is_empty());
    let error = Post::find().order(Post.slug.asc()).after(page.next.clone()).all(&mut db).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Validation, "a cursor of another order");

    let posts = db.table("posts").await?;
    let query = || posts.select().order("body", true);
    let page = query()?.limit(20).page(&mut db).await?;
    assert_eq!(query()?.after(page.next.clone()).all(&mut db).await?.len(), 40);
    assert_eq!(query()?.after(page.next.clone()).count(&mut db).await?, 40);
    Ok(())
}

async fn pages_load_relations(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let page = User::find().with(User.posts).order(User.name.asc()).limit(2).page(&mut db).await?;
    assert_eq!(page.iter().map(|user| user.posts().len()).collect::<Vec<_>>(), [3, 1]);
    let rest = User::find().with(User.posts).order(User.name.asc()).limit(2).after(page.next).page(&mut db).await?;
    assert_eq!((rest.len(), rest.next.is_none()), (1, true));
    Ok(())
}

async fn streams_give_every_row(mut db: Db) -> Result<()> {
    let rows = (0..1000).map(|number| NewTag { name: format!("tag {number}") });
    Tag::insert_many(rows).exec(&mut db).await?;
    let mut stream = Tag::find().order(Tag.id.asc()).stream(&mut db);
    let mut count = 0;
    while let Some(tag) = stream.next().await? {
        assert_eq!(tag.name, format!("tag {count}"));
        count += 1;
    }
    assert_eq!(count, 1000);
    drop(stream);
    let lengths =
        Tag::find().select(Tag.name.length()).stream(&mut db).map(|row| row.unwrap()).collect::<Vec<_>>().await;
    assert_eq!(lengths.len(), 1000);
    let mut failing = relata::sql::<i64>("SELECT name FROM tags", ()).stream(&mut db);
    assert_eq!(failing.next().await.unwrap_err().kind(), Kind::Decode);
    assert_eq!(failing.next().await?, None);
    Ok(())
}

async fn a_dropped_stream_frees_its_connection(mut db: Db) -> Result<()> {
    let rows = (0..2000).map(|number| NewTag { name: format!("tag {number}") });
    Tag::insert_many(rows).exec(&mut db).await?;
    for _ in 0..30 {
        let mut stream = Tag::find().stream(&mut db);
        assert!(stream.next().await?.is_some());
        drop(stream);
        assert_eq!(Tag::find().count(&mut db).await?, 2000);
    }
    Ok(())
}

/// Columns of one direction are compared as a row, others begin at the first key; MariaDB reads rows in the order that is asked for,
/// and does not begin with what is only loaded beside.
async fn a_deep_page_begins_in_the_index(mut db: Db) -> Result<()> {
    many(&mut db).await?;
    let query = || Post::find().order(Post.slug.asc()).limit(7).with(Post.author);
    let next = query().page(&mut db).await?.next;
    let sql = |after: &Option<relata::Cursor>| query().after(after.clone()).to_sql(db.dialect()).map(|shown| shown.sql);
    let one_way = sql(&next)?;
    let mixed = Post::find().order(Post.slug.desc()).order(Post.id.asc()).limit(7);
    let after = mixed.clone().page(&mut db).await?.next;
    let mixed = mixed.after(after).to_sql(db.dialect())?.sql;
    let expected = match db.dialect() {
        relata::Dialect::Sqlite => [
            r#" JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."deleted_at" IS NULL AND (t0."slug", t0."id") > (?1, ?2) "#,
            r#"("slug" <= ?1 AND ("slug" < ?2 OR ("slug" = ?3 AND "id" > ?4)))"#,
        ],
        relata::Dialect::Postgres => [
            r#" JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."deleted_at" IS NULL AND (t0."slug", t0."id") > ($1, $2) "#,
            r#"("slug" <= $1 AND ("slug" < $2 OR ("slug" = $3 AND "id" > $4)))"#,
        ],
        relata::Dialect::Mysql => [
            " STRAIGHT_JOIN `users` AS t1 ON t1.`id` = t0.`author_id` WHERE t0.`deleted_at` IS NULL AND (t0.`slug` > ? OR ",
            "(`slug` < ? OR (`slug` = ? AND `id` > ?))",
        ],
    };
    assert!(one_way.contains(expected[0]), "{one_way}");
    assert!(mixed.contains(expected[1]), "{mixed}");
    let seen = query().after(next).all(&mut db).await?;
    assert_eq!(seen[0].slug, "s07");
    Ok(())
}
