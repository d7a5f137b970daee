//! What means the same on every database gives the same there: values, fractions, moments, numbers without a sign.

use relata::prelude::*;
use relata::{Dialect, Result, Unit, value};

use self::model::{NewThing, Thing};
use crate::setup::only_unsupported;

mod model;
mod random;

crate::setup::everywhere!(
    in "alike/model.rs":
    numbers_and_their_fractions,
    decimals_are_divided_and_rounded,
    moments_keep_their_microseconds,
    orders_and_groups_by_values,
    values_that_stand_alone,
    texts_of_json,
);

async fn numbers_and_their_fractions(mut db: Db) -> Result<()> {
    for (number, a, f) in [(1, -1_i64, 2.75), (2, -20, -2.75), (3, 5, 1e300)] {
        let thing = NewThing { y: true }.insert(&mut db).await?;
        Thing { a: Some(a), small: Some(number), f: Some(f), g: Some(2.0), ..thing }.save(&mut db).await?;
    }
    let in_order = || Thing::find().order(Thing.small.asc());
    let shifted: Vec<Option<i64>> = in_order().select(Thing.a.shift_right(2)).all(&mut db).await?;
    assert_eq!(shifted, [Some(-1), Some(-5), Some(1)]);
    let few = || in_order().filter(Thing.small.lt(3));
    let rows: Vec<(Option<i64>, Option<f64>, Option<f64>)> =
        few().select((Thing.f.cast::<i64>(), Thing.f % Thing.g, -Thing.f)).all(&mut db).await?;
    assert_eq!(rows, [(Some(2), Some(0.75), Some(-2.75)), (Some(-2), Some(-0.75), Some(2.75))]);
    let rows: Vec<(Option<f64>, Option<f64>, Option<f64>)> =
        in_order().select((Thing.f.floor(), Thing.f.ceil(), Thing.f.trunc())).all(&mut db).await?;
    let large = Some(1e300);
    assert_eq!(rows, [(Some(2.0), Some(3.0), Some(2.0)), (Some(-3.0), Some(-2.0), Some(-2.0)), (large, large, large)]);
    // What has lost its fraction is no whole number.
    let quotients: Vec<Option<f64>> = few().select(Thing.f.ceil() / Thing.g).all(&mut db).await?;
    assert_eq!(quotients, [Some(1.5), Some(-1.0)]);
    assert_eq!(few().select(-(-Thing.a)).all(&mut db).await?, [Some(-1), Some(-20)]);
    Ok(())
}

async fn decimals_are_divided_and_rounded(mut db: Db) -> Result<()> {
    let decimal = |text: &str| text.parse::<Decimal>().unwrap();
    for (number, d) in [(1, "7"), (2, "0.35"), (3, "1.005"), (4, "-0.955"), (5, "183.6")] {
        let thing = NewThing { y: true }.insert(&mut db).await?;
        Thing { a: Some(number), d: Some(decimal(d)), e: Some(decimal("2")), ..thing }.save(&mut db).await?;
    }
    let one = |number: i64| Thing::find().filter(Thing.a.eq(number));
    let quotient: Option<Decimal> = one(1).select(Thing.d / Thing.e).one(&mut db).await?;
    assert_eq!(quotient, Some(decimal("3.5")));
    let remainder = one(1).select(Thing.d % Thing.e).one(&mut db).await;
    if !only_unsupported(&db, &[Dialect::Sqlite], remainder.as_ref().err(), "cast::<f64>()") {
        assert_eq!(remainder?, Some(Decimal::ONE));
    }
    for (number, places, rounded) in [(2, 1, "0.4"), (3, 2, "1.01"), (4, 2, "-0.96"), (5, 0, "184")] {
        let found: Option<Decimal> = one(number).select(Thing.d.round(places)).one(&mut db).await?;
        assert_eq!(found, Some(decimal(rounded)));
    }
    assert_eq!(one(5).select(Thing.d.cast::<i64>()).one(&mut db).await?, Some(183));
    // Compared as numbers, not as texts.
    let greater: Decimal = one(1).select(value(decimal("-1.485")).greatest(decimal("-11.7"))).one(&mut db).await?;
    assert_eq!(greater, decimal("-1.485"));
    let greater = one(1).select(Thing.d.or_else(decimal("0")).greatest(decimal("10.5"))).one(&mut db).await?;
    assert_eq!(greater, decimal("10.5"));
    assert_eq!(Thing::find().filter((Thing.d + Thing.e).lt(decimal("2.5"))).count(&mut db).await?, 2);
    Ok(())
}

async fn moments_keep_their_microseconds(mut db: Db) -> Result<()> {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    // A Sunday, to be rounded up by whoever counts in milliseconds.
    let late = instant("2023-12-31T23:59:59.999712Z");
    let thing = NewThing { y: true }.insert(&mut db).await?;
    let clock = "2024-02-29T01:02:03.000001".parse().unwrap();
    Thing { at: Some(late), clock: Some(clock), ..thing }.save(&mut db).await?;
    let later = [
        (1, Unit::Second, "2024-01-01T00:00:00.999712Z"),
        (-1, Unit::Day, "2023-12-30T23:59:59.999712Z"),
        (2, Unit::Month, "2024-02-29T23:59:59.999712Z"),
        (-1, Unit::Quarter, "2023-09-30T23:59:59.999712Z"),
        (1, Unit::Week, "2024-01-07T23:59:59.999712Z"),
    ];
    for (number, unit, expected) in later {
        let found = Thing::find().select(Thing.at.plus(number, unit)).one(&mut db).await?;
        assert_eq!(found, Some(instant(expected)), "{number} {unit:?}");
    }
    let began = [
        (Unit::Second, "2023-12-31T23:59:59Z"),
        (Unit::Minute, "2023-12-31T23:59:00Z"),
        (Unit::Week, "2023-12-25T00:00:00Z"),
        (Unit::Quarter, "2023-10-01T00:00:00Z"),
        (Unit::Year, "2023-01-01T00:00:00Z"),
    ];
    for (unit, expected) in began {
        let found = Thing::find().select(Thing.at.truncate(unit)).one(&mut db).await?;
        assert_eq!(found, Some(instant(expected)), "{unit:?}");
    }
    let same = Thing::find().filter(Thing.at.plus(0, Unit::Day).eq(late)).count(&mut db).await?;
    assert_eq!(same, 1);
    let (epoch, since, day, second) = Thing::find()
        .select((
            Thing.at.epoch(),
            Thing.at.seconds_since(instant("2023-12-31T23:59:59.000012Z")),
            Thing.at.date(),
            Thing.at.part(Unit::Second),
        ))
        .one(&mut db)
        .await?;
    assert!((epoch.unwrap() - 1_704_067_199.999_712).abs() < 1e-6, "{epoch:?}");
    assert!((since.unwrap() - 0.9997).abs() < 1e-6, "{since:?}");
    assert_eq!((day, second), (Some(Date::constant(2023, 12, 31)), Some(59)));
    let (cast, texts) = Thing::find()
        .select((Thing.at.cast::<DateTime>(), value("2024-02-29T01:02:03.000001".to_string()).cast::<DateTime>()))
        .one(&mut db)
        .await?;
    assert_eq!((cast, texts), (Some("2023-12-31T23:59:59.999712".parse().unwrap()), clock));
    Ok(())
}

/// No number of a column.
async fn orders_and_groups_by_values(mut db: Db) -> Result<()> {
    for a in [3, 1, 2] {
        let thing = NewThing { y: true }.insert(&mut db).await?;
        Thing { a: Some(a), ..thing }.save(&mut db).await?;
    }
    let by_a_value = Thing::find().order(value(1).asc()).order(value(9).desc().nulls_last()).order(Thing.a.desc());
    assert_eq!(by_a_value.select(Thing.a).all(&mut db).await?, [Some(3), Some(2), Some(1)]);
    let one_group = Thing::find().group_by(value(7)).select((value(7), relata::count_rows()));
    assert_eq!(one_group.all(&mut db).await?, [(7, 3)]);
    Ok(())
}

/// Nothing beside them tells of which type they are.
async fn values_that_stand_alone(mut db: Db) -> Result<()> {
    let thing = NewThing { y: true }.insert(&mut db).await?;
    let (day, decimal) = (Date::constant(2026, 1, 31), Decimal::new(-1485, 3));
    let moment: DateTime = "2026-01-31T10:11:12.5".parse().unwrap();
    let row = Thing::find().select((value(day), value(decimal), value(true), value("\\".to_string()), value(moment)));
    assert_eq!(row.one(&mut db).await?, (day, decimal, true, "\\".to_string(), moment));
    let days =
        Thing::find().select((Thing.day.or_else(day), Thing.day.or_else(day).greatest(day), Thing.d.or_else(decimal)));
    assert_eq!(days.one(&mut db).await?, (day, day, decimal));
    // More digits than a floating-point number keeps, and fewer, in the same place.
    for text in ["12345678901234567890.1234", "1.5", "12345678901234567890.1234"] {
        let decimal: Decimal = text.parse().unwrap();
        assert_eq!(Thing::find().select(Thing.d.or_else(decimal)).one(&mut db).await?, decimal);
    }
    // One after the other in the same place.
    for number in [Some(5), None, Some(-5)] {
        let found: (Option<i64>, bool) =
            Thing::find().select((value(number) + 1, value(number).is_none().expr())).one(&mut db).await?;
        assert_eq!(found, (number.map(|number| number + 1), number.is_none()));
    }
    let none = Thing::find().select((
        value(None::<i64>).or_else(3),
        value(None::<bool>).or_else(true),
        Thing.x.or_else(false),
    ));
    assert_eq!(none.one(&mut db).await?, (3, true, false));
    let nothing: (Option<Decimal>, Option<Date>, Option<String>) =
        Thing::find().select((value(None), value(None), value(None))).one(&mut db).await?;
    assert_eq!(nothing, (None, None, None));
    Thing { s: Some("abc".into()), ..thing }.save(&mut db).await?;
    let padded = Thing::find().select((Thing.s.pad_start(2, ""), Thing.s.pad_end(5, "")));
    assert_eq!(padded.one(&mut db).await?, (Some("ab".to_string()), Some("abc".to_string())));
    Ok(())
}

async fn texts_of_json(mut db: Db) -> Result<()> {
    for (number, json) in ["true", "false", "null", "1.5", r#""a b""#, r#""null""#, "[1]"].into_iter().enumerate() {
        let thing = NewThing { y: true }.insert(&mut db).await?;
        let json = format!(r#"{{"k": {json}}}"#).parse().unwrap();
        Thing { a: Some(number as i64), json: Some(json), ..thing }.save(&mut db).await?;
    }
    let texts: Vec<Option<String>> =
        Thing::find().order(Thing.a.asc()).select(Thing.json.key("k").text()).all(&mut db).await?;
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let expected = [Some("true"), Some("false"), None, Some("1.5"), Some("a b"), Some("null"), Some("[1]")];
    assert_eq!(texts, expected);
    assert_eq!(Thing::find().filter(Thing.json.key("k").text().eq("true")).count(&mut db).await?, 1);
    Ok(())
}
