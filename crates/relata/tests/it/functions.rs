//! Functions of texts, numbers, dates and JSON, casts, values collected in one, fragments, and what one database has: the
//! SQL of each side by side, and what it gives there.

use expect_test::expect;
use relata::prelude::*;
use relata::{Case, Dialect, Kind, Result, Unit, Value, count_rows, exists, fragment, now, pg};

use crate::model::*;
use crate::queries::blog;
use crate::setup::{only_unsupported, refused_by_mysql, side_by_side};

crate::setup::everywhere!(
    functions_of_texts,
    functions_of_numbers,
    casts_between_types,
    decimals_beside_what_is_computed,
    groups_by_what_holds_values,
    dates_and_times,
    json_by_path,
    values_in_one,
    statistics_of_groups,
    fragments_compose,
    native_functions,
    arrays_of_postgres,
    upserts_with_conditions,
    many_rows_come_back,
    too_deep_is_refused,
);

pub fn every_type(instant: &str) -> NewEveryType {
    NewEveryType {
        flag: true,
        small: -7,
        medium: 17,
        large: 5,
        single: 0.5,
        double: 2.345,
        exact: "12.5000".parse().unwrap(),
        text: " Ann Bee ".into(),
        bytes: vec![1],
        uuid: Uuid::from_u128(7),
        date: "2024-02-29".parse().unwrap(),
        time: "23:59:59".parse().unwrap(),
        datetime: "2024-02-29T13:14:15".parse().unwrap(),
        instant: instant.parse().unwrap(),
        json:
            r#"{"name": "Ann", "age": 41, "ratio": 1.5, "on": true, "none": null, "tags": ["a", "b"], "a.b": {"c": 1}}"#
                .parse()
                .unwrap(),
        mood: Mood::Happy,
    }
}

async fn functions_of_texts(mut db: Db) -> Result<()> {
    every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    let query = || {
        let text = EveryType.text;
        EveryType::find().select((
            text.trim().left(3),
            text.trim_start(),
            text.trim_end(),
            text.position("Bee"),
            text.null_if(" Ann Bee "),
            EveryType.nothing.trim().position("x"),
        ))
    };
    expect![[r#"
        sqlite   SELECT SUBSTR(TRIM("text"), 1, 3), LTRIM("text"), RTRIM("text"), INSTR("text", ?1), NULLIF("text", ?2), INSTR(TRIM("nothing"), ?3) FROM "every_type"
        postgres SELECT LEFT(TRIM("text"), 3), LTRIM("text"), RTRIM("text"), STRPOS("text", $1), NULLIF("text", CAST($2 AS text)), STRPOS(TRIM("nothing"), $3) FROM "every_type"
        mysql    SELECT LEFT(TRIM(`text`), 3), LTRIM(`text`), RTRIM(`text`), LOCATE(?, `text`), NULLIF(`text`, ?), LOCATE(?, TRIM(`nothing`)) FROM `every_type`
    "#]].assert_eq(&side_by_side(query));
    let row = ("Ann".to_string(), "Ann Bee ".to_string(), " Ann Bee".to_string(), 6, None, None);
    assert_eq!(query().one(&mut db).await?, row);
    let reversed =
        || EveryType::find().filter(EveryType.text.matches("^ A.*e $")).select(EveryType.text.trim().reverse());
    expect![[r#"
        sqlite   -- SQLite has no reversing of a text [R0407];  hint: reverse the text in the program
        postgres SELECT REVERSE(TRIM("text")) FROM "every_type" WHERE "text" ~ $1
        mysql    SELECT REVERSE(TRIM(`text`)) FROM `every_type` WHERE `text` REGEXP ?
    "#]]
    .assert_eq(&side_by_side(reversed));
    let found = reversed().one(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Sqlite], found.as_ref().err(), "") {
        assert_eq!(found?, "eeB nnA");
    }
    Ok(())
}

async fn functions_of_numbers(mut db: Db) -> Result<()> {
    every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    let query = || {
        EveryType::find().select((
            EveryType.large / 2,
            EveryType.large % 3,
            EveryType.double.round(1),
            EveryType.double.floor(),
            EveryType.double.ceil(),
            EveryType.exact.round(0),
            EveryType.small.sign(),
            EveryType.large.greatest(9),
            EveryType.large.least(EveryType.large),
        ))
    };
    expect![[r#"
        sqlite   SELECT "large" / ?1, "large" % ?2, ROUND("double", 1), (ROUND("double") - (ROUND("double") > "double")), (ROUND("double") + (ROUND("double") < "double")), (ROUND(ROUND("exact" * 1, 6)) / 1.0), SIGN("small"), MAX("large", ?3), MIN("large", "large") FROM "every_type"
        postgres SELECT "large" / $1, "large" % $2, CAST(ROUND(CAST("double" AS numeric), 1) AS double precision), FLOOR("double"), CEIL("double"), ROUND("exact", 0), CAST(SIGN("small") AS bigint), GREATEST("large", CAST($3 AS bigint)), LEAST("large", "large") FROM "every_type"
        mysql    SELECT `large` DIV ?, `large` % ?, ROUND(`double`, 1), FLOOR(`double`), CEIL(`double`), ROUND(`exact`, 0), SIGN(`small`), GREATEST(`large`, ?), LEAST(`large`, `large`) FROM `every_type`
    "#]].assert_eq(&side_by_side(query));
    let row = query().one(&mut db).await?;
    assert_eq!((row.0, row.1, row.2, row.3, row.4, row.5), (2, 2, 2.3, 2.0, 3.0, 13.into()));
    assert_eq!((row.6, row.7, row.8), (-1, 9, 5));
    let negative = EveryType::find().select(((EveryType.double * -1.0).floor(), (EveryType.double * -1.0).ceil()));
    assert_eq!(negative.one(&mut db).await?, (-3.0, -2.0));
    let roots = || EveryType::find().select((EveryType.large.power(2.0), (EveryType.large + 4).sqrt()));
    expect![[r#"
        sqlite   -- SQLite has no powers [R0407];  hint: multiply, or compute it in the program
        postgres SELECT POWER(CAST("large" AS double precision), CAST($1 AS double precision)), SQRT(CAST(("large" + $2) AS double precision)) FROM "every_type"
        mysql    SELECT POWER(CAST(`large` AS DOUBLE), ?), SQRT(CAST((`large` + ?) AS DOUBLE)) FROM `every_type`
    "#]].assert_eq(&side_by_side(roots));
    let found = roots().one(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Sqlite], found.as_ref().err(), "program") {
        assert_eq!(found?, (25.0, 3.0));
    }
    Ok(())
}

async fn casts_between_types(mut db: Db) -> Result<()> {
    every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    let query = || {
        EveryType::find().select((
            EveryType.large.cast::<String>(),
            EveryType.large.cast::<f64>(),
            EveryType.double.cast::<String>().cast::<f64>(),
            EveryType.r#type.cast::<String>(),
            EveryType.id.cast::<i64>() + 1,
            EveryType.datetime.cast::<Date>(),
            EveryType.large.cast::<Decimal>(),
        ))
    };
    expect![[r#"
        sqlite   SELECT CAST("large" AS TEXT), CAST("large" AS REAL), CAST(CAST("double" AS TEXT) AS REAL), CAST("Select" AS TEXT), (CAST("id" AS INTEGER)) + ?1, DATE("datetime"), CAST("large" AS NUMERIC) FROM "every_type"
        postgres SELECT CAST("large" AS text), CAST("large" AS double precision), CAST(CAST("double" AS text) AS double precision), CAST("Select" AS text), (CAST("id" AS bigint)) + $1, CAST("datetime" AS date), CAST("large" AS numeric) FROM "every_type"
        mysql    SELECT CAST(`large` AS CHAR), CAST(`large` AS DOUBLE), CAST(CAST(`double` AS CHAR) AS DOUBLE), CAST(`Select` AS CHAR), (CAST(`id` AS SIGNED)) + ?, CAST(`datetime` AS DATE), CAST(`large` AS DECIMAL(65, 20)) FROM `every_type`
    "#]].assert_eq(&side_by_side(query));
    let date: Date = "2024-02-29".parse().unwrap();
    let row = ("5".to_string(), 5.0, 2.345, None, 2, date, Decimal::from(5));
    assert_eq!(query().one(&mut db).await?, row);
    // What is true or false: PostgreSQL casts it to and from `integer` alone.
    let truth = EveryType::find().select((
        EveryType.flag.cast::<i64>(),
        EveryType.flag.cast::<f64>(),
        EveryType.flag.cast::<String>(),
        EveryType.large.gt(99).expr().cast::<String>(),
        EveryType.large.cast::<bool>(),
        EveryType.exact.cast::<bool>(),
        (EveryType.medium * 0).cast::<bool>(),
        EveryType.flag.cast::<i64>().sum::<i64>().over(relata::Window::new()),
    ));
    let row = (1, 1.0, "true".to_string(), "false".to_string(), true, true, false, Some(1));
    assert_eq!(truth.one(&mut db).await?, row);
    Ok(())
}

/// SQLite has no decimals: it is sent a text, which must not be compared as one.
async fn decimals_beside_what_is_computed(mut db: Db) -> Result<()> {
    for exact in ["2.5", "20", "100"] {
        let row = NewEveryType { exact: exact.parse().unwrap(), ..every_type("2024-02-29T23:30:00Z") };
        row.insert(&mut db).await?;
    }
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    let twice = || EveryType.exact * 2;
    let filters: [(relata::Pred<EveryType>, &[&str]); 9] = [
        (EveryType.exact.gt(19), &["20", "100"]),
        (twice().gt(30), &["20", "100"]),
        (twice().lt(decimal("40.5")), &["2.5", "20"]),
        (twice().eq(5), &["2.5"]),
        (twice().between(decimal("5"), decimal("40")), &["2.5", "20"]),
        (twice().is_in([decimal("5.00"), decimal("200")]), &["2.5", "100"]),
        (twice().not_in([decimal("5.00"), decimal("200")]), &["20"]),
        (EveryType.exact.is_in([decimal("2.5"), decimal("20.0")]), &["2.5", "20"]),
        ((EveryType.exact + EveryType.exact).ge(decimal("40")), &["20", "100"]),
    ];
    for (at, (filter, expected)) in filters.into_iter().enumerate() {
        let found =
            EveryType::find().filter(filter).order(EveryType.id.asc()).select(EveryType.exact).all(&mut db).await?;
        let expected: Vec<Decimal> = expected.iter().map(|text| decimal(text)).collect();
        assert_eq!(found, expected, "filter {at}");
    }
    let sums = EveryType::find().group_by(EveryType.medium).having(EveryType.exact.sum().gt(decimal("122")));
    assert_eq!(sums.select(EveryType.medium).all(&mut db).await?.len(), 1);
    Ok(())
}

/// Two places of one value are two parameters: PostgreSQL does not know that they are equal.
async fn groups_by_what_holds_values(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let kind = || Case::<Post, String>::when(Post.slug.eq("a1"), "first").otherwise("other");
    let query = || Post::find().group_by(kind()).select((kind(), count_rows())).order(kind().asc());
    expect![[r#"
        sqlite   SELECT CASE WHEN "slug" = ?1 THEN ?2 ELSE ?3 END, COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY CASE WHEN "slug" = ?4 THEN ?5 ELSE ?6 END ORDER BY CASE WHEN "slug" = ?7 THEN ?8 ELSE ?9 END
        postgres SELECT CASE WHEN "slug" = $1 THEN CAST($2 AS text) ELSE CAST($3 AS text) END, COUNT(*) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY 1 ORDER BY 1
        mysql    SELECT CASE WHEN `slug` = ? THEN ? ELSE ? END, COUNT(*) FROM `posts` WHERE `deleted_at` IS NULL GROUP BY CASE WHEN `slug` = ? THEN ? ELSE ? END ORDER BY CASE WHEN `slug` = ? THEN ? ELSE ? END
    "#]].assert_eq(&side_by_side(query));
    let found = query().all(&mut db).await?;
    let posts = Post::find().count(&mut db).await? as i64;
    assert_eq!(found, [("first".to_string(), 1), ("other".to_string(), posts - 1)]);
    // Functions within functions, SQL of one's own, how many related rows there are.
    let letter = Post.slug.left(1).upper();
    let letters = Post::find().group_by(letter.clone()).select((letter.clone(), count_rows())).order(letter.asc());
    assert_eq!(letters.all(&mut db).await?, [("A".to_string(), 3), ("B".to_string(), 1)]);
    let own = || fragment::<Post, i64>("LENGTH({}) + {}", (Post.slug, 1));
    assert_eq!(Post::find().group_by(own()).select((own(), count_rows())).all(&mut db).await?, [(3, 4)]);
    let posts = || User.posts.count();
    let how_many = User::find().group_by(posts()).select((posts(), count_rows())).order(posts().asc());
    assert_eq!(how_many.all(&mut db).await?, [(0, 1), (1, 1), (3, 1)]);
    let long = || User.posts.count_where(Post.body.is_some().and(Post.slug.gt("a")));
    let how_many = User::find().group_by(long()).select((long(), count_rows())).order(long().asc());
    assert_eq!(how_many.all(&mut db).await?, [(0, 1), (1, 2)]);
    let writes = User::find().group_by(User.posts.exists()).select((User.posts.exists(), count_rows()));
    let mut writes = writes.all(&mut db).await?;
    writes.sort_unstable();
    assert_eq!(writes, [(false, 1), (true, 2)]);
    Ok(())
}

async fn dates_and_times(mut db: Db) -> Result<()> {
    every_type("2024-02-29T23:30:00.25Z").insert(&mut db).await?;
    let parts = || {
        EveryType::find().select((
            EveryType.date.year(),
            EveryType.datetime.month(),
            EveryType.instant.day(),
            EveryType.datetime.part(Unit::Hour),
            EveryType.instant.part(Unit::Minute),
            EveryType.datetime.part(Unit::Second),
            EveryType.instant.date(),
        ))
    };
    expect![[r#"
        sqlite   SELECT CAST(STRFTIME('%Y', "date") AS INTEGER), CAST(STRFTIME('%m', "datetime") AS INTEGER), CAST(STRFTIME('%d', "instant") AS INTEGER), CAST(STRFTIME('%H', "datetime") AS INTEGER), CAST(STRFTIME('%M', "instant") AS INTEGER), CAST(STRFTIME('%S', "datetime") AS INTEGER), DATE("instant") FROM "every_type"
        postgres SELECT CAST(FLOOR(EXTRACT(YEAR FROM "date")) AS bigint), CAST(FLOOR(EXTRACT(MONTH FROM "datetime")) AS bigint), CAST(FLOOR(EXTRACT(DAY FROM "instant" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(HOUR FROM "datetime")) AS bigint), CAST(FLOOR(EXTRACT(MINUTE FROM "instant" AT TIME ZONE 'UTC')) AS bigint), CAST(FLOOR(EXTRACT(SECOND FROM "datetime")) AS bigint), CAST("instant" AT TIME ZONE 'UTC' AS date) FROM "every_type"
        mysql    SELECT EXTRACT(YEAR FROM `date`), EXTRACT(MONTH FROM `datetime`), EXTRACT(DAY FROM `instant`), EXTRACT(HOUR FROM `datetime`), EXTRACT(MINUTE FROM `instant`), EXTRACT(SECOND FROM `datetime`), DATE(`instant`) FROM `every_type`
    "#]].assert_eq(&side_by_side(parts));
    let date: Date = "2024-02-29".parse().unwrap();
    assert_eq!(parts().one(&mut db).await?, (2024, 2, 29, 13, 30, 15, date));
    let moved = || {
        EveryType::find().select((
            EveryType.instant.truncate(Unit::Hour),
            EveryType.datetime.truncate(Unit::Month),
            EveryType.date.truncate(Unit::Year),
            EveryType.instant.plus(1, Unit::Day),
            EveryType.date.plus(-1, Unit::Month),
            EveryType.datetime.plus(EveryType.large, Unit::Minute),
            EveryType.instant.seconds_since("2024-02-29T23:00:00Z".parse::<Timestamp>().unwrap()),
        ))
    };
    expect![[r#"
        sqlite   SELECT STRFTIME('%Y-%m-%d %H:00:00', "instant"), STRFTIME('%Y-%m-01 00:00:00', "datetime"), DATE(STRFTIME('%Y-01-01 00:00:00', "date")), (STRFTIME('%Y-%m-%d %H:%M:%S', SUBSTR("instant", 1, 19), (?1) || ' days') || SUBSTR("instant", 20)), DATE("date", (?2) || ' months', 'floor'), (STRFTIME('%Y-%m-%d %H:%M:%S', SUBSTR("datetime", 1, 19), ("large") || ' minutes') || SUBSTR("datetime", 20)), (UNIXEPOCH(SUBSTR("instant", 1, 19) || LTRIM(SUBSTR("instant", 20), '.0123456789')) - UNIXEPOCH(SUBSTR(?3, 1, 19) || LTRIM(SUBSTR(?4, 20), '.0123456789')) + CAST('0' || SUBSTR("instant", 20) AS REAL) - CAST('0' || SUBSTR(?5, 20) AS REAL)) FROM "every_type"
        postgres SELECT DATE_TRUNC('hour', "instant", 'UTC'), DATE_TRUNC('month', "datetime"), CAST(DATE_TRUNC('year', "date") AS date), ((("instant" AT TIME ZONE 'UTC') + MAKE_INTERVAL(days => CAST(CAST($1 AS bigint) AS int))) AT TIME ZONE 'UTC'), CAST("date" + MAKE_INTERVAL(months => CAST(CAST($2 AS bigint) AS int)) AS date), ("datetime" + MAKE_INTERVAL(mins => CAST("large" AS int))), CAST(EXTRACT(EPOCH FROM "instant") - EXTRACT(EPOCH FROM CAST($3 AS timestamptz)) AS double precision) FROM "every_type"
        mysql    SELECT CAST(DATE_FORMAT(`instant`, '%Y-%m-%d %H:00:00') AS DATETIME), CAST(DATE_FORMAT(`datetime`, '%Y-%m-01 00:00:00') AS DATETIME), DATE(CAST(DATE_FORMAT(`date`, '%Y-01-01 00:00:00') AS DATETIME)), (`instant` + INTERVAL (?) DAY), CAST(`date` + INTERVAL (?) MONTH AS DATE), (`datetime` + INTERVAL (`large`) MINUTE), CAST(TIMESTAMPDIFF(MICROSECOND, ?, `instant`) / 1e6 AS DOUBLE) FROM `every_type`
    "#]].assert_eq(&side_by_side(moved));
    let row = moved().one(&mut db).await?;
    assert_eq!((row.0, row.1), ("2024-02-29T23:00:00Z".parse().unwrap(), "2024-02-01T00:00:00".parse().unwrap()));
    assert_eq!((row.2, row.3), ("2024-01-01".parse().unwrap(), "2024-03-01T23:30:00.25Z".parse().unwrap()));
    assert_eq!((row.4, row.5), ("2024-01-29".parse().unwrap(), "2024-02-29T13:19:15".parse().unwrap()));
    assert!((row.6 - 1800.25).abs() < 0.002, "{}", row.6);
    // What is computed compares with what is kept.
    let same = EveryType.instant.plus(1, Unit::Day).plus(-1, Unit::Day).eq(EveryType.instant);
    assert_eq!(EveryType::find().filter(same.and(EveryType.instant.lt(now()))).count(&mut db).await?, 1);
    let clock: Timestamp = EveryType::find().select(now()).one(&mut db).await?;
    assert!((clock.as_second() - Timestamp::now().as_second()).abs() < 60, "{clock}");
    // A day that a month has not is its last, on each database.
    let end: Date = "2024-01-31".parse().unwrap();
    let ends = (
        EveryType.date.plus(1, Unit::Month),
        EveryType.date.plus(13, Unit::Month),
        EveryType.date.plus(-2, Unit::Month),
    );
    EveryType::update_many().all_rows().set(EveryType.date.to(end)).exec(&mut db).await?;
    let (next, later, before): (Date, Date, Date) = EveryType::find().select(ends).first(&mut db).await?.unwrap();
    assert_eq!([next, later, before].map(|date| date.to_string()), ["2024-02-29", "2025-02-28", "2023-11-30"]);
    // Weeks begin on Mondays, also around Sundays and new years; numbers are those of ISO 8601.
    let weeks = || {
        let date = EveryType.date;
        EveryType::find().select((date.truncate(Unit::Week), date.part(Unit::Week), date.plus(-2, Unit::Week)))
    };
    for (day, monday, number, before) in [
        ("2024-02-25", "2024-02-19", 8, "2024-02-11"),
        ("2024-02-26", "2024-02-26", 9, "2024-02-12"),
        ("2021-01-03", "2020-12-28", 53, "2020-12-20"),
        ("2024-12-31", "2024-12-30", 1, "2024-12-17"),
    ] {
        let parsed: Date = day.parse().unwrap();
        EveryType::update_many().all_rows().set(EveryType.date.to(parsed)).exec(&mut db).await?;
        let (start, week, earlier) = weeks().one(&mut db).await?;
        assert_eq!((start.to_string(), week, earlier.to_string()), (monday.into(), number, before.into()), "{day}");
    }
    let monthly = EveryType::find().group_by(EveryType.instant.truncate(Unit::Month));
    let monthly = monthly.select((EveryType.instant.truncate(Unit::Month), count_rows())).all(&mut db).await?;
    assert_eq!(monthly, [("2024-02-01T00:00:00Z".parse().unwrap(), 1)]);
    Ok(())
}

async fn json_by_path(mut db: Db) -> Result<()> {
    every_type("2024-02-29T23:30:00Z").insert(&mut db).await?;
    let json = EveryType.json;
    let query = || {
        EveryType::find().select((
            json.key("name").text(),
            json.key("age").int(),
            json.key("ratio").float(),
            json.key("on").boolean(),
            json.key("tags").index(1).text(),
            json.key("a.b").key("c").int(),
            json.key("none").text(),
            json.key("missing").key("deeper").int(),
            json.key("tags").json(),
        ))
    };
    expect![[r#"
        sqlite   SELECT CASE JSON_TYPE("json", ?1) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(JSON_EXTRACT("json", ?2) AS TEXT) END, CAST(JSON_EXTRACT("json", ?3) AS INTEGER), CAST(JSON_EXTRACT("json", ?4) AS REAL), JSON_EXTRACT("json", ?5), CASE JSON_TYPE("json", ?6) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(JSON_EXTRACT("json", ?7) AS TEXT) END, CAST(JSON_EXTRACT("json", ?8) AS INTEGER), CASE JSON_TYPE("json", ?9) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(JSON_EXTRACT("json", ?10) AS TEXT) END, CAST(JSON_EXTRACT("json", ?11) AS INTEGER), ("json" -> ?12) FROM "every_type"
        postgres SELECT ("json" #>> $1), CAST("json" #>> $2 AS bigint), CAST("json" #>> $3 AS double precision), CAST("json" #>> $4 AS boolean), ("json" #>> $5), CAST("json" #>> $6 AS bigint), ("json" #>> $7), CAST("json" #>> $8 AS bigint), ("json" #> $9) FROM "every_type"
        mysql    SELECT JSON_UNQUOTE(NULLIF(CONCAT(JSON_EXTRACT(`json`, ?)), 'null')), CAST(JSON_VALUE(`json`, ?) AS SIGNED), CAST(JSON_VALUE(`json`, ?) AS DOUBLE), (JSON_VALUE(`json`, ?) IN ('1', 'true')), JSON_UNQUOTE(NULLIF(CONCAT(JSON_EXTRACT(`json`, ?)), 'null')), CAST(JSON_VALUE(`json`, ?) AS SIGNED), JSON_UNQUOTE(NULLIF(CONCAT(JSON_EXTRACT(`json`, ?)), 'null')), CAST(JSON_VALUE(`json`, ?) AS SIGNED), JSON_EXTRACT(`json`, ?) FROM `every_type`
    "#]].assert_eq(&side_by_side(query));
    let row = query().one(&mut db).await?;
    assert_eq!((row.0.as_deref(), row.1, row.2, row.3), (Some("Ann"), Some(41), Some(1.5), Some(true)));
    assert_eq!((row.4.as_deref(), row.5, row.6, row.7), (Some("b"), Some(1), None, None));
    assert_eq!(row.8, Some(r#"["a", "b"]"#.parse().unwrap()));
    for (filter, count) in [
        (json.key("age").int().gt(40), 1),
        (json.key("age").int().gt(41), 0),
        (json.key("none").exists(), 1),
        (json.key("tags").index(2).exists(), 0),
        (json.key("on").boolean().holds(), 1),
        (json.key("x' OR 1=1 --").text().is_some(), 0),
    ] {
        assert_eq!(EveryType::find().filter(filter).count(&mut db).await?, count);
    }
    let within = || EveryType::find().filter(json.contains_json(r#"{"age": 41}"#.parse().unwrap()));
    expect![[r#"
        sqlite   -- SQLite has no containment of JSON [R0407];  hint: compare the members by `.key(…)`
        postgres SELECT ("json" #> $1) FROM "every_type" WHERE "json" @> CAST($2 AS jsonb)
        mysql    SELECT JSON_EXTRACT(`json`, ?) FROM `every_type` WHERE JSON_CONTAINS(`json`, ?)
    "#]]
    .assert_eq(&side_by_side(|| within().select(json.key("tags").json())));
    let found = within().count(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Sqlite], found.as_ref().err(), "key") {
        assert_eq!(found?, 1);
    }
    let quoted = EveryType::find().filter(json.key("a\"b").exists()).count(&mut db).await;
    assert_eq!(quoted.is_err(), db.dialect() != Dialect::Postgres, "{quoted:?}");
    Ok(())
}

async fn values_in_one(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let text = || {
        Post::find().group_by(Post.author_id).select((
            Post.author_id,
            Post.slug.string_list("; '\\").order(Post.slug.desc()),
            Post.slug.string_list("+").order(Post.slug.asc()).filter(Post.slug.ne("a2")),
        ))
    };
    expect![[r#"
        sqlite   SELECT "author_id", GROUP_CONCAT("slug", '; ''\' ORDER BY "slug" DESC), GROUP_CONCAT("slug", '+' ORDER BY "slug") FILTER (WHERE "slug" <> ?1) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id"
        postgres SELECT "author_id", STRING_AGG(CAST("slug" AS text), '; ''\' ORDER BY "slug" DESC), STRING_AGG(CAST("slug" AS text), '+' ORDER BY "slug") FILTER (WHERE "slug" <> $1) FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id"
        mysql    SELECT `author_id`, GROUP_CONCAT(`slug` ORDER BY `slug` DESC SEPARATOR '; ''\\'), GROUP_CONCAT(CASE WHEN `slug` <> ? THEN `slug` END ORDER BY `slug` SEPARATOR '+') FROM `posts` WHERE `deleted_at` IS NULL GROUP BY `author_id`
    "#]].assert_eq(&side_by_side(text));
    let rows = text().order(Post.author_id.asc()).all(&mut db).await?;
    let ann_row = (ann, Some("a3; '\\a2; '\\a1".to_string()), Some("a1+a3".to_string()));
    assert_eq!(rows[0], ann_row);
    let distinct = || Post::find().select(Post.body.or_else("-").string_list(",").distinct());
    expect![[r#"
        sqlite   SELECT GROUP_CONCAT(DISTINCT COALESCE("body", ?1)) FROM "posts" WHERE "deleted_at" IS NULL
        postgres SELECT STRING_AGG(DISTINCT CAST(COALESCE("body", $1) AS text), ',') FROM "posts" WHERE "deleted_at" IS NULL
        mysql    SELECT GROUP_CONCAT(DISTINCT COALESCE(`body`, ?) SEPARATOR ',') FROM `posts` WHERE `deleted_at` IS NULL
    "#]].assert_eq(&side_by_side(distinct));
    let found = distinct().one(&mut db).await?.unwrap();
    let mut parts: Vec<&str> = found.split(',').collect();
    parts.sort_unstable();
    assert_eq!(parts, ["-", "50% off_", "Bob's"]);
    let json = || Post::find().filter(Post.author_id.eq(ann)).select(Post.slug.json_list());
    expect![[r#"
        sqlite   SELECT JSON_GROUP_ARRAY("slug") FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = ?1
        postgres SELECT JSONB_AGG("slug") FROM "posts" WHERE "deleted_at" IS NULL AND "author_id" = $1
        mysql    SELECT JSON_ARRAYAGG(`slug`) FROM `posts` WHERE `deleted_at` IS NULL AND `author_id` = ?
    "#]]
    .assert_eq(&side_by_side(json));
    assert_eq!(json().one(&mut db).await?.and_then(|json| json.as_array().map(Vec::len)), Some(3));
    let array = || Post::find().select(Post.slug.array_list().order(Post.slug.asc()));
    expect![[r#"
        sqlite   -- SQLite has no arrays [R0407];  hint: collect them as JSON by `.json_list()`
        postgres SELECT ARRAY_AGG("slug" ORDER BY "slug") FROM "posts" WHERE "deleted_at" IS NULL
        mysql    -- MariaDB has no arrays [R0407];  hint: collect them as JSON by `.json_list()`
    "#]]
    .assert_eq(&side_by_side(array));
    let found = array().one(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Sqlite, Dialect::Mysql], found.as_ref().err(), "json_list") {
        assert_eq!(found?, Some(["a1", "a2", "a3", "b1"].map(str::to_string).to_vec()));
    }
    Ok(())
}

async fn statistics_of_groups(mut db: Db) -> Result<()> {
    for amount in [1, 2, 2, 7] {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.large = amount;
        new.insert(&mut db).await?;
    }
    let distinct = EveryType::find().select((EveryType.large.sum().distinct(), EveryType.large.count().distinct()));
    assert_eq!(distinct.one(&mut db).await?, (Some(10), 3));
    let spread = || EveryType::find().select((EveryType.large.variance(), EveryType.large.deviation()));
    expect![[r#"
        sqlite   -- SQLite has no variance [R0407];  hint: compute it from the mean of the squares: `(x * x).avg()` and `x.avg()`
        postgres SELECT CAST(VAR_POP("large") AS double precision), CAST(STDDEV_POP("large") AS double precision) FROM "every_type"
        mysql    SELECT CAST(VAR_POP(`large`) AS DOUBLE), CAST(STDDEV_POP(`large`) AS DOUBLE) FROM `every_type`
    "#]].assert_eq(&side_by_side(spread));
    let found = spread().one(&mut db).await;
    if only_unsupported(&db, &[Dialect::Sqlite], found.as_ref().err(), "avg") {
        return Ok(());
    }
    assert_eq!(found?.0, Some(5.5));
    let ranked = || {
        EveryType::find().select((
            EveryType.large.percentile(0.5),
            EveryType.large.percentile_disc(0.9),
            EveryType.large.mode(),
        ))
    };
    let found = ranked().one(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Mysql], found.as_ref().err(), "row_number") {
        assert_eq!(found?, (Some(2.0), Some(7), Some(2)));
    }
    Ok(())
}

async fn fragments_compose(mut db: Db) -> Result<()> {
    let [ann, ..] = blog(&mut db).await?;
    let short = || fragment::<Post, i64>("LENGTH({}) + {}", (Post.slug, 10));
    let query = || {
        Post::find()
            .filter(
                fragment::<Post, bool>("UPPER({}) = {}", (Post.slug, "B1"))
                    .holds()
                    .or(short().gt(11).and(Post.author_id.eq(ann))),
            )
            .order(short().desc())
            .order(Post.slug.asc())
            .select((Post.slug, short()))
    };
    expect![[r#"
        sqlite   SELECT "slug", (LENGTH("slug") + ?1) FROM "posts" WHERE "deleted_at" IS NULL AND ((UPPER("slug") = ?2) OR ((LENGTH("slug") + ?3) > ?4 AND "author_id" = ?5)) ORDER BY (LENGTH("slug") + ?6) DESC, "slug"
        postgres SELECT "slug", (LENGTH("slug") + CAST($1 AS bigint)) FROM "posts" WHERE "deleted_at" IS NULL AND ((UPPER("slug") = CAST($2 AS text)) OR ((LENGTH("slug") + CAST($3 AS bigint)) > $4 AND "author_id" = $5)) ORDER BY (LENGTH("slug") + CAST($6 AS bigint)) DESC, "slug"
        mysql    SELECT `slug`, (LENGTH(`slug`) + ?) FROM `posts` WHERE `deleted_at` IS NULL AND ((UPPER(`slug`) = ?) OR ((LENGTH(`slug`) + ?) > ? AND `author_id` = ?)) ORDER BY (LENGTH(`slug`) + ?) DESC, `slug`
    "#]].assert_eq(&side_by_side(query));
    let row = |slug: &str| (slug.to_string(), 12);
    assert_eq!(query().all(&mut db).await?, [row("a1"), row("a2"), row("a3"), row("b1")]);
    // In an update, and in a join.
    let update = Post::update_many()
        .filter(Post.slug.eq("b1"))
        .set(Post.title.to(fragment::<_, String>("REPLACE({}, {}, {})", (Post.title, "B", "{}'--"))));
    update.exec(&mut db).await?;
    assert_eq!(Post::find().filter(Post.slug.eq("b1")).one(&mut db).await?.title, "{}'--1");
    let joined =
        Post::find().join(User, |(post, user)| fragment::<_, bool>("{} = {}", (post.author_id, user.id)).holds());
    assert_eq!(joined.count(&mut db).await?, 4);
    for (sql, expected) in [
        ("LENGTH({}) + {}", "the fragment has places for 2 arguments, but 1 were given"),
        ("LENGTH({}) {", "a brace alone in the fragment"),
    ] {
        let error = Post::find().select(fragment::<Post, i64>(sql, (Post.slug,))).all(&mut db).await.unwrap_err();
        assert_eq!(error.message(), expected);
    }
    Ok(())
}

async fn native_functions(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let dialect = db.dialect();
    let slug = || Post::find().filter(Post.slug.eq("b1"));
    let cases = [
        (Dialect::Postgres, slug().select(pg::split_part(Post.slug, "1", 1)), "b"),
        (Dialect::Postgres, slug().select(pg::regexp_replace(Post.slug, "[0-9]", "x")), "bx"),
        (Dialect::Postgres, slug().select(pg::md5(Post.slug)), "edbab45572c72a5d9440b40bcc0500c0"),
        (Dialect::Mysql, slug().select(relata::mysql::substring_index(Post.slug, "1", 1)), "b"),
        (Dialect::Mysql, slug().select(relata::mysql::lpad(Post.slug, 4, "-")), "--b1"),
        (Dialect::Mysql, slug().select(relata::mysql::soundex(Post.slug)), "B000"),
        (Dialect::Sqlite, slug().select(relata::sqlite::printf("%5s", Post.slug)), "   b1"),
        (Dialect::Sqlite, slug().select(relata::sqlite::type_of(Post.slug)), "text"),
        (Dialect::Sqlite, slug().select(relata::sqlite::hex(Post.slug)), "6231"),
    ];
    for (home, query, expected) in cases {
        let found = query.one(&mut db).await;
        match found {
            Ok(found) => assert_eq!((dialect, found.as_str()), (home, expected)),
            Err(error) => {
                assert_ne!(dialect, home, "{error}");
                assert_eq!((error.kind(), error.hints().len()), (Kind::Unsupported, 1), "{error}");
            }
        }
    }
    let filters = [
        (Dialect::Postgres, pg::imatches(Post.slug, "^B")),
        (Dialect::Postgres, pg::matches_text(Post.title, "b1")),
        (Dialect::Postgres, pg::inet_within("10.1.2.3", "10.0.0.0/8").and(Post.slug.eq("b1"))),
        (Dialect::Postgres, pg::range_contains(pg::int8range(1i64, 5i64), 4i64).and(Post.slug.eq("b1"))),
        (Dialect::Sqlite, relata::sqlite::glob(Post.slug, "b*")),
        (Dialect::Mysql, relata::mysql::field(Post.slug, "x", "b1", "y").eq(2)),
    ];
    for (home, filter) in filters {
        let found = Post::find().filter(filter).count(&mut db).await;
        match found {
            Ok(found) => assert_eq!((dialect, found), (home, 1)),
            Err(error) => assert_eq!((dialect == home, error.kind()), (false, Kind::Unsupported), "{error}"),
        }
    }
    Ok(())
}

async fn arrays_of_postgres(mut db: Db) -> Result<()> {
    if db.dialect() != Dialect::Postgres {
        let error = Post::find().filter(pg::has(vec![1i64], 1i64)).count(&mut db).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        return Ok(());
    }
    blog(&mut db).await?;
    let array = || pg_array();
    for (filter, count) in [
        (pg::has(array(), 2i64), 4),
        (pg::has(array(), 9i64), 0),
        (pg::array_contains(array(), vec![1i64, 3]), 4),
        (pg::array_overlaps(array(), vec![3i64, 9]), 4),
        (pg::array_contained_by(array(), vec![3i64]), 0),
        (pg::cardinality(array()).eq(3), 4),
        (pg::array_position(array(), 3i64).eq(3), 4),
        // Values alone say their types.
        (pg::array_overlaps(vec![1i64], vec![1i64, 2]), 4),
        (pg::array_contains(vec!["a".to_string()], vec!["b".to_string()]), 0),
        (pg::array_contained_by(vec![true], vec![true, false]), 4),
        (pg::cardinality(vec![1.5, 2.5]).eq(2), 4),
        (pg::array_position(vec!["a".to_string(), "b".to_string()], "b").eq(2), 4),
    ] {
        assert_eq!(Post::find().filter(filter).count(&mut db).await?, count);
    }
    Ok(())
}

fn pg_array() -> relata::Expression<Post, Vec<i64>> {
    fragment("CAST(ARRAY[1, 2, 3] AS bigint[])", ())
}

async fn upserts_with_conditions(mut db: Db) -> Result<()> {
    let user = |name: &str| NewUser { email: "ann@example.com".into(), name: name.into() };
    let upsert =
        |name: &str| user(name).on_conflict(User.email).set(User.name.to(User.name.concat(User.name.proposed())));
    assert_eq!(upsert("a").save(&mut db).await?.map(|user| user.name).as_deref(), Some("a"));
    assert_eq!(upsert("b").save(&mut db).await?.map(|user| user.name).as_deref(), Some("ab"));
    let conditional = |name: &str| upsert(name).only_if(User.name.ne("ab"));
    let kept = conditional("c").save(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Mysql], kept.as_ref().err(), "Case::when") {
        assert!(kept?.is_none());
        assert_eq!(User::find().one(&mut db).await?.name, "ab");
    }
    Ok(())
}

async fn many_rows_come_back(mut db: Db) -> Result<()> {
    let tags = |count: usize| (0..count).map(|n| NewTag { name: format!("t{n}") });
    let rows = Tag::insert_many(tags(3)).returning(&mut db).await;
    let Some(rows) = refused_by_mysql(&mut db, rows, "insert them one by one").await else { return Ok(()) };
    assert_eq!(rows.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["t0", "t1", "t2"]);
    assert!(rows[0].id < rows[2].id);
    // More values than one statement takes.
    let rows = Tag::insert_many(tags(70_000)).returning(&mut db).await?;
    assert!(rows.iter().enumerate().all(|(n, tag)| tag.name == format!("t{n}")), "in their order");
    assert_eq!((rows.len(), Tag::find().count(&mut db).await?), (70_000, 70_003));
    // All or none.
    let users = ["a", "b", "a"].map(|name| NewUser { email: name.into(), name: name.into() });
    let error = User::insert_many(users).returning(&mut db).await.unwrap_err();
    assert_eq!((error.kind(), error.details().field.as_deref()), (Kind::UniqueViolation, Some("email")));
    assert_eq!(User::find().count(&mut db).await?, 0);
    Ok(())
}

async fn too_deep_is_refused(mut db: Db) -> Result<()> {
    let before = db.statement_count();
    let mut filter = Post.slug.eq("a");
    for _ in 0..1_000 {
        filter = !filter;
    }
    let error = Post::find().filter(filter).count(&mut db).await.unwrap_err();
    assert_eq!((error.kind(), db.statement_count()), (Kind::Parameters, before), "{error}");
    assert!(error.hints()[0].contains("side by side"), "{error}");
    // However deep: it is neither built, nor cloned, nor dropped by recursion.
    let [mut not, mut either, mut sum] = [Post.slug.eq("a"), Post.slug.eq("a"), Post.slug.eq("a")];
    let mut number = Post.slug.length();
    for _ in 0..100_000 {
        not = !not;
        either = either.or(Post.slug.eq("b")).and(Post.slug.ne("c"));
        number = number + 1;
        sum = exists(Post::find().filter(sum));
    }
    for deep in [not, either, sum, number.gt(5)] {
        let error = Post::find().filter(deep.clone()).count(&mut db).await.unwrap_err();
        assert_eq!((error.kind(), db.statement_count()), (Kind::Parameters, before), "{error}");
    }
    // Queries to the right of each other, and queries in the place of tables.
    let slugs = || Post::find().select(Post.slug);
    let (mut right, mut within) = (slugs(), relata::from(slugs()).select(|(slug,)| slug));
    for _ in 0..100_000 {
        right = slugs().union_all(right);
        within = relata::from(within).select(|(slug,)| slug);
    }
    let error = right.all(&mut db).await.unwrap_err();
    assert!(error.hints()[1].contains("one after the other"), "{error}");
    assert_eq!((error.kind(), db.statement_count()), (Kind::Parameters, before), "{error}");
    let error = within.all(&mut db).await.unwrap_err();
    assert_eq!((error.kind(), db.statement_count()), (Kind::Parameters, before), "{error}");
    let before = Post::find().count(&mut db).await?;
    let some = (0..20).fold(slugs(), |query, _| slugs().union_all(query));
    assert_eq!(some.all(&mut db).await?.len() as u64, before * 21, "twenty are not too many");
    let wide = Pred::any((0..5_000).map(|n| Post.slug.eq(format!("a{n}"))));
    let found = Post::find().filter(wide).count(&mut db).await;
    match found {
        // Its parser's own limit.
        Err(error) if db.dialect() == Dialect::Sqlite => {
            assert!(error.to_string().contains("maximum depth 1000"), "{error}")
        }
        found => assert_eq!(found?, 0),
    }
    let value = Value::Text("x".repeat(10_000_000));
    let length = if db.dialect() == Dialect::Postgres { "SELECT length(?::text)::int8" } else { "SELECT length(?)" };
    assert_eq!(relata::sql::<i64>(length, (value,)).one(&mut db).await?, 10_000_000);
    Ok(())
}
