//! Pages in the order of columns of every kind: each row comes once, in the order in which the whole comes.

use jiff::ToSpan;
use jiff::tz::TimeZone;
use relata::prelude::*;
use relata::table::Condition;
use relata::{Order, Result};

use super::ordered::*;

crate::setup::everywhere!(in "ordered.rs": pages_follow_every_kind_of_column, pages_of_tables_follow_every_kind_of_column, texts_are_found_in_every_kind_of_column);

async fn rows(db: &mut Db) -> Result<()> {
    let sizes = [Size::Medium, Size::ExtraLarge, Size::Small];
    let row = |number: i64| {
        let at = number as usize;
        let instant = Timestamp::from_microsecond(1_700_000_000_000_000 + number % 4 * 100_001).unwrap();
        let datetime = instant.to_zoned(TimeZone::UTC).datetime();
        NewOrdered {
            size: sizes[at % 3],
            single: 0.1 * (number % 5) as f32,
            exact: Decimal::new(number % 4, 1),
            date: datetime.date().saturating_add((number % 3).days()),
            time: datetime.time(),
            datetime,
            uuid: Uuid::from_u128(u128::from(number.unsigned_abs() % 4) << 64),
            bytes: vec![255 - (number % 3) as u8, 0],
            flag: number % 2 == 0,
        }
        .other_size((number % 4 > 0).then(|| sizes[at % 2 + 1]))
        .made_of((number % 5 > 0).then(|| ["silk", "wool,silk", "cotton", "wool"][at % 4]))
        .letter((number % 3 > 0).then(|| ["a", "z"][at % 2]))
        .double((number % 4 > 0).then_some(0.1 + (number % 3) as f64))
        .instant((number % 4 > 0).then_some(instant))
    };
    Ordered::insert_many((0..20).map(row)).exec(db).await?;
    Ok(())
}

async fn pages_follow_every_kind_of_column(mut db: Db) -> Result<()> {
    rows(&mut db).await?;
    let orders: [(&str, fn() -> [Order<Ordered>; 2]); 14] = [
        ("size", || [Ordered.size.asc(), Ordered.size.desc()]),
        ("other_size", || [Ordered.other_size.asc(), Ordered.other_size.desc()]),
        ("made_of", || [Ordered.made_of.asc(), Ordered.made_of.desc()]),
        ("letter", || [Ordered.letter.asc(), Ordered.letter.desc()]),
        ("single", || [Ordered.single.asc(), Ordered.single.desc()]),
        ("double", || [Ordered.double.asc(), Ordered.double.desc()]),
        ("exact", || [Ordered.exact.asc(), Ordered.exact.desc()]),
        ("date", || [Ordered.date.asc(), Ordered.date.desc()]),
        ("time", || [Ordered.time.asc(), Ordered.time.desc()]),
        ("datetime", || [Ordered.datetime.asc(), Ordered.datetime.desc()]),
        ("instant", || [Ordered.instant.asc(), Ordered.instant.desc()]),
        ("uuid", || [Ordered.uuid.asc(), Ordered.uuid.desc()]),
        ("bytes", || [Ordered.bytes.asc(), Ordered.bytes.desc()]),
        ("flag", || [Ordered.flag.asc(), Ordered.flag.desc()]),
    ];
    for (name, order) in orders {
        for way in [0, 1] {
            let query = || Ordered::find().order(order().into_iter().nth(way).unwrap());
            let id = if way == 0 { Ordered.id.asc() } else { Ordered.id.desc() };
            let whole: Vec<_> = query().order(id).all(&mut db).await?.into_iter().map(|row| row.id).collect();
            let (mut seen, mut cursor) = (Vec::new(), None);
            while seen.len() < 100 {
                let page = query().limit(3).after(cursor).page(&mut db).await?;
                seen.extend(page.iter().map(|row| row.id));
                cursor = page.next.map(|next| next.to_string().parse::<Cursor>().unwrap());
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, whole, "{name} {way}");
            let (mut seen, mut cursor) = (Vec::new(), None);
            while seen.len() < 100 {
                let page = query().limit(3).page_before(cursor, &mut db).await?;
                seen.splice(0..0, page.iter().map(|row| row.id));
                cursor = page.previous;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, whole, "{name} {way}, from the end on");
        }
    }
    Ok(())
}

async fn pages_of_tables_follow_every_kind_of_column(mut db: Db) -> Result<()> {
    rows(&mut db).await?;
    let table = db.table("ordered").await?;
    for column in table.columns() {
        for descending in [false, true] {
            let query = || table.select().order(&column.name, descending);
            let whole = query()?.order("id", descending)?.all(&mut db).await?;
            let (mut seen, mut cursor) = (Vec::new(), None);
            while seen.len() < 100 {
                let page = query()?.limit(3).after(cursor).page(&mut db).await?;
                seen.extend(page.items);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert!(seen == whole, "{} {descending}", column.name);
        }
    }
    Ok(())
}

async fn texts_are_found_in_every_kind_of_column(mut db: Db) -> Result<()> {
    rows(&mut db).await?;
    let table = db.table("ordered").await?;
    let found = async |column: &str, condition: Condition, db: &mut Db| {
        table.select().filter(column, condition)?.count(db).await
    };
    for column in table.columns().iter().filter(|column| column.name != "bytes") {
        for text in ["0", "no such text"] {
            let lists = [
                Condition::Contains(text.into()),
                Condition::StartsWith(text.into()),
                Condition::EndsWith(text.into()),
            ];
            for condition in lists {
                let rows = found(&column.name, condition, &mut db).await?;
                assert!(rows <= if text == "0" { 20 } else { 0 }, "{}", column.name);
            }
        }
    }
    assert_eq!(found("size", Condition::Contains("large".into()), &mut db).await?, 7);
    assert_eq!(found("date", Condition::StartsWith("2023-11-1".into()), &mut db).await?, 20);
    assert_eq!(found("id", Condition::EndsWith("0".into()), &mut db).await?, 2);
    Ok(())
}
