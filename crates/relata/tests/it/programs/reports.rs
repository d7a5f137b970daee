//! Reports on sales: quarters, shares, running totals, the best of each group, days without sales, the median by hand.

use relata::prelude::*;
use relata::{
    Bound, Dialect, Kind, Result, Unit, Window, count_rows, cte, from, ntile, pg, rank, row_number, series, value,
};

#[derive(Entity, Debug, Clone)]
pub struct Sale {
    #[id]
    pub id: Id<Sale>,
    pub region: String,
    pub clerk: Option<String>,
    pub sold_on: Date,
    pub units: i64,
    #[decimal(12, 2)]
    pub amount: Decimal,
}

crate::setup::everywhere!(in "reports.rs": reports);

async fn reports(mut db: Db) -> Result<()> {
    let first: Date = "2025-11-01".parse().unwrap();
    let new: Vec<NewSale> = (0..200i64)
        .map(|n| NewSale {
            region: ["north", "south", "west"][(n % 3) as usize].into(),
            sold_on: first.saturating_add(relata::time::SignedDuration::from_hours(24 * (n % 120))),
            units: n % 7 + 1,
            amount: Decimal::new(n * 137 % 10_000, 2),
        })
        .collect();
    Sale::insert_many(&new).exec(&mut db).await?;
    Sale::update_many().filter((Sale.units % 2).eq(0)).set(Sale.clerk.to("Kim")).exec(&mut db).await?;

    // Per quarter: rows, units, mean amount of a unit.
    let quarter = || Sale.sold_on.truncate(Unit::Quarter);
    let quarters: Vec<(Date, i64, Option<i64>, Option<f64>)> = Sale::find()
        .group_by(quarter())
        .select((
            quarter(),
            count_rows(),
            Sale.units.sum(),
            Sale.amount.cast::<f64>().sum().combine(Sale.units.cast::<f64>().sum(), |amount, units| amount / units),
        ))
        .order(quarter().asc())
        .all(&mut db)
        .await?;
    let by_hand = |from: &str, to: &str| {
        let (from, to): (Date, Date) = (from.parse().unwrap(), to.parse().unwrap());
        let rows: Vec<&NewSale> = new.iter().filter(|sale| sale.sold_on >= from && sale.sold_on < to).collect();
        (from, rows.len() as i64, Some(rows.iter().map(|sale| sale.units).sum::<i64>()))
    };
    let told: Vec<_> = quarters.iter().map(|row| (row.0, row.1, row.2)).collect();
    assert_eq!(told, [by_hand("2025-10-01", "2026-01-01"), by_hand("2026-01-01", "2026-04-01")]);
    assert!(quarters.iter().all(|row| row.3.is_some_and(|mean| mean > 0.0)));

    // Each region's share of all units, in per cent, and its rank.
    let regions: Vec<(String, Option<i64>, i64)> = {
        let units = Sale::find().group_by(Sale.region).select((Sale.region, Sale.units.sum().assume_some()));
        let totals = cte("totals", units);
        from(&totals)
            .order(|(row,)| row.0.asc())
            .select(|(row,)| {
                let all = row.1.sum().over(Window::new());
                (row.0, all.map(|all| row.1 * 100 / all), rank().over(Window::new().order(row.1.desc())))
            })
            .all(&mut db)
            .await?
    };
    let shares: Vec<i64> = regions.iter().filter_map(|row| row.1).collect();
    let whole: i64 = new.iter().map(|sale| sale.units).sum();
    let by_hand = ["north", "south", "west"].map(|region| {
        let units: i64 = new.iter().filter(|sale| sale.region == region).map(|sale| sale.units).sum();
        units * 100 / whole
    });
    assert_eq!(shares, by_hand);

    // The best sale of each region and clerk; ties are settled by the key.
    let best = Sale::find().top_per(Sale.region, 1, Sale.amount.desc()).order(Sale.region.asc()).all(&mut db).await?;
    assert_eq!(best.len(), 3);
    for sale in &best {
        let of_region = new.iter().filter(|other| other.region == sale.region).map(|other| other.amount);
        assert_eq!(of_region.max(), Some(sale.amount));
    }

    // Days without sales, in a month that has some.
    let may: Date = "2026-02-20".parse().unwrap();
    let days = from(series(0, 13)).select(|(n,)| value(may).plus(n, Unit::Day));
    let empty: Vec<Date> = from(days)
        .left_join(Sale, |(day, sale)| day.eq(sale.sold_on))
        .filter(|(_, sale)| sale.id.is_none())
        .order(|(day, _)| day.asc())
        .select(|(day, _)| day)
        .all(&mut db)
        .await?;
    let by_hand: Vec<Date> = (0..14)
        .map(|n| may.saturating_add(relata::time::SignedDuration::from_hours(24 * n)))
        .filter(|day| new.iter().all(|sale| sale.sold_on != *day))
        .collect();
    assert_eq!(empty, by_hand);

    // The median everywhere: the rows in the middle of a numbered query.
    let numbered = Sale::find().select((
        Sale.units,
        row_number().over(Window::new().order(Sale.units.asc()).order(Sale.id.asc())),
        count_rows().over(Window::new()),
    ));
    let median: Option<f64> =
        from(numbered).filter(|(row,)| (row.1 * 2).between(200, 202)).select(|(row,)| row.0.avg()).one(&mut db).await?;
    let mut units: Vec<i64> = new.iter().map(|sale| sale.units).collect();
    units.sort();
    assert_eq!(median, Some((units[99] + units[100]) as f64 / 2.0));
    let quarters = Sale::find().select((Sale.id, ntile(4).over(Window::new().order(Sale.amount.asc()))));
    let quarter: u64 = from(quarters).filter(|(row,)| row.1.eq(4)).count(&mut db).await?;
    assert_eq!(quarter, 50);

    // Running totals within each region.
    let running = Sale
        .units
        .sum()
        .over(Window::new().partition_by(Sale.region).order(Sale.id.asc()).rows(Bound::First, Bound::Here));
    let totals: Vec<(String, Option<i64>)> =
        Sale::find().order(Sale.id.asc()).select((Sale.region, running)).all(&mut db).await?;
    let last = totals.iter().rev().find(|row| row.0 == "west").and_then(|row| row.1);
    assert_eq!(last, Some(new.iter().filter(|sale| sale.region == "west").map(|sale| sale.units).sum()));

    // Subtotals, and which rows they are: a clerk may be NULL.
    let sums = Sale::find().group_by((Sale.region, Sale.clerk)).rollup();
    match db.dialect() {
        Dialect::Sqlite => {
            let error = sums.select((Sale.region, count_rows())).all(&mut db).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Unsupported);
        }
        Dialect::Mysql => {
            assert_eq!(sums.select((Sale.region, Sale.clerk, count_rows())).all(&mut db).await?.len(), 10)
        }
        Dialect::Postgres => {
            let level = (Sale.region, Sale.clerk, count_rows(), pg::grouping(Sale.clerk));
            let rows = sums.select(level).all(&mut db).await?;
            let (sub, plain): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.3 == 1);
            assert_eq!((sub.len(), plain.len()), (4, 6));
            assert!(plain.iter().any(|row| row.1.is_none()), "a clerk that is NULL is a group of its own");
        }
    }
    Ok(())
}
