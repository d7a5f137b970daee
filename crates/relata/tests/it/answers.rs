//! Answers that must be the same on every database, held against a model in memory: NULL, patterns, sets, borders of numbers, long
//! lists, long recursion.

use std::cmp::Ordering;

use relata::prelude::*;
use relata::{Cte, Dialect, Kind, Result, Unit, count_rows, from, series, value};

use crate::functions::every_type;
use crate::model::*;

crate::setup::everywhere!(
    null_is_unknown,
    what_may_be_null_is_an_option,
    patterns_are_the_same,
    recursion_goes_on,
    long_lists,
    sets_with_null,
    distinct_and_order,
    the_first_of_each_with_ties,
    borders_of_whole_numbers,
    sums_beyond,
    aggregates_of_nothing,
    negative_remainders,
    days_without_rows,
    json_is_changed_in_place,
);

/// Rows of which `large` counts up and `type` and `nothing` are NULL now and then.
async fn numbered(db: &mut Db, rows: i64) -> Result<Vec<(i64, Option<i32>, Option<String>)>> {
    let given = |n: i64| (n, (n % 3 != 0).then_some((n % 5) as i32), (n % 4 != 0).then(|| format!("t{}", n % 7)));
    let all: Vec<_> = (0..rows).map(given).collect();
    let new = all.iter().map(|(number, kind, nothing)| {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.large = *number;
        let new = new.nothing(nothing.clone());
        new.r#type(*kind)
    });
    EveryType::insert_many(new.collect::<Vec<_>>()).exec(db).await?;
    Ok(all)
}

async fn null_is_unknown(mut db: Db) -> Result<()> {
    type Line = (i64, Option<i32>, Option<String>);
    let all = numbered(&mut db, 60).await?;
    let kind = EveryType.r#type;
    let text = EveryType.nothing;
    // Each condition, and what three-valued logic says of it.
    let cases: Vec<(&str, Pred<EveryType>, fn(&Line) -> Option<bool>)> = vec![
        ("eq", kind.eq(2), |row| row.1.map(|kind| kind == 2)),
        ("ne", kind.ne(2), |row| row.1.map(|kind| kind != 2)),
        ("in", kind.is_in([1, 2]), |row| row.1.map(|kind| [1, 2].contains(&kind))),
        ("not in", kind.not_in([1, 2]), |row| row.1.map(|kind| ![1, 2].contains(&kind))),
        ("not in nothing", kind.not_in(Vec::<i32>::new()), |_| Some(true)),
        ("in nothing", kind.is_in(Vec::<i32>::new()), |_| Some(false)),
        ("between", kind.between(1, 3), |row| row.1.map(|kind| (1..=3).contains(&kind))),
        ("like", text.starts_with("t1"), |row| row.2.as_ref().map(|text| text.starts_with("t1"))),
        ("distinct", kind.is_distinct_from(2), |row| Some(row.1 != Some(2))),
        ("distinct from NULL", kind.is_distinct_from(None::<i32>), |row| Some(row.1.is_some())),
        ("the same", kind.is_not_distinct_from(Some(2)), |row| Some(row.1 == Some(2))),
        ("two columns", kind.is_not_distinct_from(kind), |_| Some(true)),
    ];
    let not = |truth: Option<bool>| truth.map(|truth| !truth);
    let or = |one: Option<bool>, other: Option<bool>| match (one, other) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    };
    let and = |one, other| not(or(not(one), not(other)));
    for (name, condition, expected) in &cases {
        let found = EveryType::find().filter(condition.clone()).count(&mut db).await?;
        let wanted = all.iter().filter(|row| expected(row) == Some(true)).count() as u64;
        assert_eq!(found, wanted, "{name}");
        let found = EveryType::find().filter(!condition.clone()).count(&mut db).await?;
        let wanted = all.iter().filter(|row| not(expected(row)) == Some(true)).count() as u64;
        assert_eq!(found, wanted, "not: {name}");
        for (other_name, other, expected_other) in &cases {
            let either = !(condition.clone().and(!other.clone()));
            let found = EveryType::find().filter(either).count(&mut db).await?;
            let wanted = |row: &&Line| not(and(expected(row), not(expected_other(row)))) == Some(true);
            assert_eq!(found, all.iter().filter(wanted).count() as u64, "not ({name} and not {other_name})");
        }
    }
    Ok(())
}

async fn what_may_be_null_is_an_option(mut db: Db) -> Result<()> {
    every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    let (text, nothing, kind) = (EveryType.text, EveryType.nothing, EveryType.r#type);
    let texts: (Option<String>, Option<String>, Option<String>, Option<i64>) = EveryType::find()
        .select((text.concat(nothing), nothing.concat(text), nothing.or_else(nothing), text.position(nothing)))
        .one(&mut db)
        .await?;
    assert_eq!(texts, (None, None, None, None));
    let plain: (String, String) = EveryType::find()
        .select((nothing.or_else(text), nothing.or_else(nothing).or_else("none")))
        .one(&mut db)
        .await?;
    assert_eq!(plain, (" Ann Bee ".to_string(), "none".to_string()));
    let numbers: (Option<i32>, Option<i32>, Option<Timestamp>) = EveryType::find()
        .select((
            EveryType.medium + kind,
            EveryType.medium / kind,
            EveryType.instant.plus(kind.cast::<i64>(), Unit::Day),
        ))
        .one(&mut db)
        .await?;
    assert_eq!(numbers, (None, None, None));
    Ok(())
}

async fn patterns_are_the_same(mut db: Db) -> Result<()> {
    for text in ["50%", "50 %", "5_0", "5x0", r"a\b", "a*b[1]?", "aXb"] {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.text = text.into();
        new.insert(&mut db).await?;
    }
    let mut found = Vec::new();
    for pattern in [r"%\%", r"5\_0", r"a\\b", "a_b", "5_0%", r"\5%"] {
        let texts: Vec<String> = EveryType::find()
            .filter(EveryType.text.like(pattern))
            .order(EveryType.id.asc())
            .select(EveryType.text)
            .all(&mut db)
            .await?;
        found.push(texts.join(" "));
    }
    assert_eq!(found, ["50% 50 %", "5_0", r"a\b", r"a\b aXb", "5_0 5x0", "50% 50 % 5_0 5x0"]);
    for (part, count) in [("%", 2), ("_", 1), ("\\", 1), ("*", 1), ("[1]?", 1)] {
        assert_eq!(EveryType::find().filter(EveryType.text.contains(part)).count(&mut db).await?, count, "{part}");
    }
    Ok(())
}

async fn recursion_goes_on(mut db: Db) -> Result<()> {
    NewTag { name: "one".into() }.insert(&mut db).await?;
    let start = || Tag::find().limit(1).select(value::<_, i64>(1));
    let numbers = Cte::recursive("numbers", start(), |rows| from(rows).filter(|(n,)| n.lt(5000)).select(|(n,)| n + 1));
    assert_eq!(from(numbers).count(&mut db).await?, 5000);
    let mut parent: Option<Id<Category>> = None;
    let new: Vec<NewCategory> = (0..1500).map(|depth| NewCategory { name: format!("{depth}") }).collect();
    assert_eq!(Category::insert_many(&new).exec(&mut db).await?, new.len() as u64);
    let ids: Vec<Id<Category>> = Category::find().order(Category.id.asc()).select(Category.id).all(&mut db).await?;
    transaction!(db, |tx| {
        for id in &ids {
            Category::update(*id).set(Category.parent_id.to(parent)).exec(&mut tx).await?;
            parent = Some(*id);
        }
        Ok(())
    })?;
    let below = Category::by_key(ids[0]).reach(Category.children, None).all(&mut db).await?;
    assert_eq!(below.len(), 1500);
    Ok(())
}

async fn long_lists(mut db: Db) -> Result<()> {
    let all = numbered(&mut db, 50).await?;
    let list: Vec<i64> = (0..70_000).map(|number| number * 2).collect();
    let expected = all.iter().filter(|row| row.0 % 2 == 0).count() as u64;
    assert_eq!(EveryType::find().filter(EveryType.large.is_in(list.clone())).count(&mut db).await?, expected);
    assert_eq!(EveryType::find().filter(EveryType.large.not_in(list.clone())).count(&mut db).await?, 50 - expected);
    let kept =
        EveryType::find().filter(EveryType.flag.eq(true)).filter(EveryType.large.is_in(list).or(EveryType.large.eq(1)));
    assert_eq!(kept.count(&mut db).await?, expected + 1);
    let texts = (0..70_000).map(|number| format!("t{number}"));
    let found = EveryType::find().filter(EveryType.nothing.is_in(texts)).count(&mut db).await?;
    assert_eq!(found, all.iter().filter(|row| row.2.is_some()).count() as u64);
    Ok(())
}

async fn sets_with_null(mut db: Db) -> Result<()> {
    numbered(&mut db, 30).await?;
    let kinds = || EveryType::find().select(EveryType.r#type);
    let mut once: Vec<Option<i32>> = kinds().union(kinds()).all(&mut db).await?;
    once.sort();
    assert_eq!(once, [None, Some(0), Some(1), Some(2), Some(3), Some(4)]);
    let some = || EveryType::find().filter(EveryType.large.le(2)).select(EveryType.r#type); // NULL, 1, 2
    let mut both = kinds().intersect(some()).all(&mut db).await?;
    both.sort();
    assert_eq!(both, [None, Some(1), Some(2)]);
    let mut rest = kinds().except(some()).all(&mut db).await?;
    rest.sort();
    assert_eq!(rest, [Some(0), Some(3), Some(4)]);
    let mut groups: Vec<(Option<i32>, i64)> =
        EveryType::find().group_by(EveryType.r#type).select((EveryType.r#type, count_rows())).all(&mut db).await?;
    groups.sort();
    assert_eq!(groups[0], (None, 10));
    Ok(())
}

async fn distinct_and_order(mut db: Db) -> Result<()> {
    let all = numbered(&mut db, 40).await?;
    let ordered = EveryType::find()
        .select(EveryType.nothing)
        .distinct()
        .order(EveryType.nothing.desc().nulls_first())
        .all(&mut db)
        .await;
    let mut expected: Vec<Option<String>> = all.iter().map(|row| row.2.clone()).collect();
    expected.sort_by(|one, other| match (one, other) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some(one), Some(other)) => other.cmp(one),
    });
    expected.dedup();
    assert_eq!(ordered?, expected);
    let mut by_all = all.clone();
    let key = |row: &(i64, Option<i32>, Option<String>)| (row.1.is_none(), row.1, std::cmp::Reverse(row.0));
    by_all.sort_by_key(key);
    let found: Vec<i64> = EveryType::find()
        .order(EveryType.r#type.asc().nulls_last())
        .order(EveryType.large.desc())
        .offset(5)
        .limit(20)
        .select(EveryType.large)
        .all(&mut db)
        .await?;
    assert_eq!(found, by_all[5..25].iter().map(|row| row.0).collect::<Vec<_>>());
    Ok(())
}

async fn the_first_of_each_with_ties(mut db: Db) -> Result<()> {
    let user = NewUser { email: "a@example.com".into(), name: "A".into() }.insert(&mut db).await?;
    let other = NewUser { email: "b@example.com".into(), name: "B".into() }.insert(&mut db).await?;
    for (author, slug, title) in [(&user, "1", "x"), (&user, "2", "x"), (&user, "3", "x"), (&other, "4", "y")] {
        NewPost { author_id: author.id, slug: slug.into(), title: title.into() }.insert(&mut db).await?;
    }
    // Ties do not make more of them, nor does the second key of the order get lost.
    let users = User::find()
        .order(User.id.asc())
        .with(User.posts.order(|post| post.title.asc()).order(|post| post.slug.desc()).limit(2))
        .all(&mut db)
        .await?;
    let slugs: Vec<Vec<&str>> =
        users.iter().map(|user| user.posts().iter().map(|post| post.slug.as_str()).collect()).collect();
    assert_eq!(slugs, [vec!["3", "2"], vec!["4"]]);
    let tied = Post::find().top_per(Post.author_id, 1, Post.title.asc()).count(&mut db).await?;
    assert_eq!(tied, 2);
    // What is asked of the missing side of a left join leaves rows without partner out only in `filter`, not in the join.
    let joined = || User::find().left_join(Post, |(user, post)| user.id.eq(post.author_id).and(post.slug.eq("4")));
    assert_eq!(joined().count(&mut db).await?, 2);
    assert_eq!(joined().filter(|(_, post)| post.slug.ne("1")).count(&mut db).await?, 1);
    assert_eq!(joined().filter(|(_, post)| post.id.is_none()).count(&mut db).await?, 1);
    Ok(())
}

async fn borders_of_whole_numbers(mut db: Db) -> Result<()> {
    for large in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.large = large;
        let row = new.insert(&mut db).await?;
        assert_eq!(EveryType::find().filter(EveryType.large.eq(large)).one(&mut db).await?.id, row.id);
    }
    let large = EveryType.large;
    assert_eq!(EveryType::find().filter(large.gt(i64::MAX - 1)).count(&mut db).await?, 1);
    assert_eq!(EveryType::find().filter(large.between(i64::MIN, -1)).count(&mut db).await?, 3);
    let (least, most) = EveryType::find().select((large.min(), large.max())).one(&mut db).await?;
    assert_eq!((least, most), (Some(i64::MIN), Some(i64::MAX)));
    let beyond = EveryType::find().filter(large.eq(i64::MAX)).select(large + 1).one(&mut db).await;
    // SQLite goes on in floating-point numbers, the others refuse: none gives a wrong whole number.
    assert!(matches!(beyond.unwrap_err().kind(), Kind::Decode | Kind::InvalidValue), "beyond");
    Ok(())
}

async fn sums_beyond(mut db: Db) -> Result<()> {
    for large in [i64::MAX, 1] {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.large = large;
        new.exact = "99999999.9999".parse().unwrap();
        new.insert(&mut db).await?;
    }
    let sum = EveryType::find().select(EveryType.large.sum()).one(&mut db).await;
    assert!(sum.is_err(), "{sum:?}");
    let exact: Option<Decimal> = EveryType::find().select(EveryType.exact.sum()).one(&mut db).await?;
    let rounded = exact.map(|sum| sum.round_dp(4));
    assert_eq!(rounded, Some("199999999.9998".parse().unwrap()));
    Ok(())
}

async fn aggregates_of_nothing(mut db: Db) -> Result<()> {
    let large = EveryType.large;
    let of_none = EveryType::find()
        .select((count_rows(), large.count(), large.sum(), large.avg(), large.min(), EveryType.flag.every()))
        .one(&mut db)
        .await?;
    assert_eq!(of_none, (0, 0, None, None, None, None));
    assert_eq!(EveryType::find().select(large.sum().map(|sum| sum.or_else(0))).one(&mut db).await?, 0);
    let groups = EveryType::find().group_by(EveryType.flag).select((EveryType.flag, count_rows())).all(&mut db).await?;
    assert!(groups.is_empty());
    Ok(())
}

async fn negative_remainders(mut db: Db) -> Result<()> {
    let mut new = every_type("2024-02-29T23:30:00Z");
    new.large = -7;
    new.insert(&mut db).await?;
    let large = EveryType.large;
    let given: (i64, i64, i64, i64) =
        EveryType::find().select((large / 2, large % 2, (large * -1) / -2, large % -2)).one(&mut db).await?;
    assert_eq!(given, (-7 / 2, -7 % 2, 7 / -2, -7 % -2));
    let rounded: (f64, f64, f64, f64) = EveryType::find()
        .select((
            (EveryType.double * -1.0).round(0),
            (EveryType.double * -1.0).floor(),
            (EveryType.double * -1.0).ceil(),
            (EveryType.double * -1.0).trunc(),
        ))
        .one(&mut db)
        .await?;
    assert_eq!(rounded, (-2.0, -3.0, -2.0, -2.0));
    Ok(())
}

async fn days_without_rows(mut db: Db) -> Result<()> {
    for day in ["2024-02-28", "2024-03-01", "2024-03-01"] {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.date = day.parse().unwrap();
        new.insert(&mut db).await?;
    }
    let first: Date = "2024-02-28".parse().unwrap();
    let days = from(series(0, 2)).select(|(n,)| value(first).plus(n, Unit::Day));
    let counted: Vec<(Date, i64)> = from(days)
        .left_join(EveryType, |(day, row)| day.eq(row.date))
        .group_by(|(day, _)| day)
        .order(|(day, _)| day.asc())
        .select(|(day, row)| (day, row.id.count()))
        .all(&mut db)
        .await?;
    let counts: Vec<i64> = counted.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [1, 0, 2]);
    assert_eq!(counted[1].0, "2024-02-29".parse().unwrap());
    assert_eq!(from(series(1, 20_000)).count(&mut db).await?, 20_000);
    Ok(())
}

async fn json_is_changed_in_place(mut db: Db) -> Result<()> {
    let row = every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    let settings = EveryType.json;
    EveryType::update(row.id).set(settings.to(settings.key("age").put(42))).exec(&mut db).await?;
    EveryType::update(row.id).set(settings.to(settings.key("tags").index(0).put("new"))).exec(&mut db).await?;
    EveryType::update(row.id).set(settings.to(settings.key("none").removed())).exec(&mut db).await?;
    EveryType::update(row.id).set(settings.to(settings.key("on").put(Json::Null))).exec(&mut db).await?;
    let now = EveryType::by_key(row.id).one(&mut db).await?.json;
    let expected: Json =
        r#"{"name": "Ann", "age": 42, "ratio": 1.5, "on": null, "tags": ["new", "b"], "a.b": {"c": 1}}"#.parse().unwrap();
    assert_eq!(now, expected);
    Ok(())
}

/// A server that lives in a zone with summer time counts by UTC all the same.
#[tokio::test]
async fn the_zone_of_the_session_changes_nothing() {
    let (database, mut db) = crate::setup::open(Dialect::Postgres).await;
    let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone TO %L', current_database(), 'Europe/Berlin'); END $$";
    db.batch(sql).await.unwrap();
    let mut db = Db::open(&database.url().expose()).await.unwrap();
    let zone: String = relata::sql("SHOW timezone", ()).one(&mut db).await.unwrap();
    assert_eq!(zone, "Europe/Berlin");
    // Clocks there go on from 01:00 UTC of the 29th.
    let mut new = every_type("2026-03-28T23:30:00Z");
    new.datetime = "2026-03-28T23:30:00".parse().unwrap();
    new.insert(&mut db).await.unwrap();
    let instant = EveryType.instant;
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let later: (Timestamp, Timestamp, f64, Date, DateTime, Timestamp) = EveryType::find()
        .select((
            instant.plus(1, Unit::Day),
            instant.plus(1, Unit::Month),
            instant.plus(1, Unit::Day).seconds_since(EveryType.instant),
            instant.cast::<Date>(),
            instant.cast::<DateTime>(),
            EveryType.datetime.cast::<Timestamp>(),
        ))
        .one(&mut db)
        .await
        .unwrap();
    let clock = "2026-03-28T23:30:00".parse::<DateTime>().unwrap();
    let begun = at("2026-03-28T23:30:00Z");
    let after = (at("2026-03-29T23:30:00Z"), at("2026-04-28T23:30:00Z"), 86_400.0, clock.date(), clock, begun);
    assert_eq!(later, after);
    let parts: (i64, i64, Date, Timestamp, f64) = EveryType::find()
        .select((instant.day(), instant.weekday(), instant.date(), instant.truncate(Unit::Day), instant.epoch()))
        .one(&mut db)
        .await
        .unwrap();
    assert_eq!(parts, (28, 6, clock.date(), at("2026-03-28T00:00:00Z"), begun.as_second() as f64));
    assert_eq!(EveryType::find().filter(instant.between(begun, begun)).count(&mut db).await.unwrap(), 1);
}
