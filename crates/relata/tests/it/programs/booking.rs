//! Rooms that are booked: no two at the same time, free gaps, prices by night, zones of time.

use relata::prelude::*;
use relata::{Kind, Result, Unit, exists, not_exists};

#[derive(Entity, Debug, Clone)]
#[has_many(stays: Stay.room_id)]
pub struct Suite {
    #[id]
    pub id: Id<Suite>,
    #[unique]
    pub number: i32,
    pub beds: i32,
    #[decimal(10, 2)]
    pub night: Decimal,
}

#[derive(Entity, Debug, Clone)]
#[check(arrives < leaves, field = leaves, message = "must be after the arrival")]
#[index(room_id, arrives)]
pub struct Stay {
    #[id]
    pub id: Id<Stay>,
    #[references(Suite)]
    pub room_id: Id<Suite>,
    #[check(len(2..=80))]
    pub guest: String,
    #[check(email)]
    pub email: Option<String>,
    pub arrives: Date,
    pub leaves: Date,
    pub checked_in: Option<Timestamp>,
}

crate::setup::everywhere!(in "booking.rs": booking);

/// Books the smallest suite that is free; the suites are locked so that nobody books the same meanwhile.
async fn book(db: &mut Db, guest: &str, beds: i32, arrives: Date, leaves: Date) -> Result<Option<(i32, Stay)>> {
    let locks = db.dialect() != relata::Dialect::Sqlite;
    transaction!(db, retries = 5, |tx| {
        let taken = Stay::find()
            .filter(Stay.room_id.eq(Suite.id.outer()).and(Stay.arrives.lt(leaves)).and(Stay.leaves.gt(arrives)));
        let free = Suite::find().filter(Suite.beds.ge(beds).and(not_exists(taken)));
        let free = free.order(Suite.beds.asc()).order(Suite.number.asc());
        let free = if locks { free.for_update() } else { free };
        let Some(suite) = free.first(&mut tx).await? else { return Ok(None) };
        let stay = NewStay { room_id: suite.id, guest: guest.into(), arrives, leaves }.insert(&mut tx).await?;
        Ok(Some((suite.number, stay)))
    })
}

async fn booking(mut db: Db) -> Result<()> {
    let day = |day: i8| Date::constant(2026, 3, day);
    let suites = [(1, 1, 50), (2, 2, 80), (3, 2, 90)].map(|(number, beds, night)| NewSuite {
        number,
        beds,
        night: Decimal::from(night),
    });
    Suite::insert_many(suites).exec(&mut db).await?;

    let mut numbers = Vec::new();
    for (guest, beds, from, to) in
        [("Ann", 2, 1, 5), ("Bob", 2, 4, 6), ("Cyd", 2, 5, 7), ("Dan", 2, 4, 5), ("Eve", 1, 4, 5), ("Flo", 3, 4, 5)]
    {
        numbers.push(book(&mut db, guest, beds, day(from), day(to)).await?.map(|(number, _)| number));
    }
    assert_eq!(numbers, [Some(2), Some(3), Some(2), None, Some(1), None]);

    let error = book(&mut db, "G", 1, day(9), day(9)).await.unwrap_err();
    let problems: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(error.kind(), Kind::Validation);
    assert_eq!(problems, ["guest must have 2 to 80 characters, not 1", "leaves must be after the arrival"]);

    // Two stays overlap nowhere.
    let other = Stay::find().join(Stay, |(one, other)| {
        one.room_id
            .eq(other.room_id)
            .and(one.id.lt(other.id))
            .and(one.arrives.lt(other.leaves))
            .and(one.leaves.gt(other.arrives))
    });
    assert_eq!(other.count(&mut db).await?, 0);

    // Nights, and what they cost: seconds between dates are exact.
    let nights = || (Stay.leaves.seconds_since(Stay.arrives) / 86_400.0).cast::<i64>();
    let bills: Vec<(String, i64, Decimal)> = Stay::find()
        .order(Stay.guest.asc())
        .select((Stay.guest, nights(), Stay.room().night * nights().cast::<Decimal>()))
        .all(&mut db)
        .await?;
    let bills: Vec<(&str, i64, Decimal)> =
        bills.iter().map(|(guest, nights, cost)| (guest.as_str(), *nights, cost.normalize())).collect();
    let money = |amount: i64| Decimal::from(amount).normalize();
    assert_eq!(bills, [("Ann", 4, money(320)), ("Bob", 2, money(180)), ("Cyd", 2, money(160)), ("Eve", 1, money(50))]);

    // How long a suite stays empty before the next guest: the gap is NULL after the last.
    let next = relata::Window::new().partition_by(Stay.room_id).order(Stay.arrives.asc());
    let gaps: Vec<(String, Option<f64>)> = Stay::find()
        .order(Stay.guest.asc())
        .select((Stay.guest, Stay.arrives.lead(1).over(next).map(|next| next.seconds_since(Stay.leaves) / 86_400.0)))
        .all(&mut db)
        .await?;
    assert_eq!(gaps[0], ("Ann".to_string(), Some(0.0)));
    assert!(gaps[1..].iter().all(|gap| gap.1.is_none()));

    // Checked in: the night of a change of clocks has 23 hours, which instants do not care about.
    let ann = Stay::find().filter(Stay.guest.eq("Ann")).one(&mut db).await?;
    let before: Timestamp = "2026-03-29T00:30:00Z".parse().unwrap();
    Stay::update(ann.id).set(Stay.checked_in.to(before)).exec(&mut db).await?;
    let later: (Option<Timestamp>, Option<Timestamp>, Option<i64>, Option<Date>) = Stay::by_key(ann.id)
        .select((
            Stay.checked_in.plus(1, Unit::Day),
            Stay.checked_in.plus(1, Unit::Hour),
            Stay.checked_in.plus(1, Unit::Hour).part(Unit::Hour),
            Stay.checked_in.date(),
        ))
        .one(&mut db)
        .await?;
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    assert_eq!(
        later,
        (at("2026-03-30T00:30:00Z"), at("2026-03-29T01:30:00Z"), Some(1), Some(Date::constant(2026, 3, 29)))
    );

    // Guests who come back.
    let again = exists(Stay::find().filter(Stay.guest.eq("Ann").and(Stay.room_id.eq(Suite.id.outer()))));
    assert_eq!(Suite::find().filter(again).select(Suite.number).all(&mut db).await?, [2]);
    Ok(())
}
