//! A warehouse: goods come and go, prices are exact, stock is never less than nothing.

use relata::prelude::*;
use relata::{Bound, Case, Isolation, Kind, Result, Unit, Window, count_rows};

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    Delivery,
    Sale,
    Loss,
}

#[derive(Entity, Debug, Clone)]
#[has_many(movements: StockMovement.item_id)]
#[has_one(level: StockLevel.item_id)]
pub struct Item {
    #[id]
    pub id: Id<Item>,
    #[unique]
    #[check(len(3..=20))]
    pub sku: String,
    #[decimal(12, 2)]
    #[check(range(0..))]
    pub price: Decimal,
    pub retired_at: Option<Timestamp>,
}

#[derive(Entity, Debug, Clone)]
#[primary_key(item_id)]
pub struct StockLevel {
    #[references(Item, on_delete = cascade)]
    pub item_id: Id<Item>,
    #[check(range(0..))]
    pub pieces: i64,
    pub reserved: Option<i64>,
}

#[derive(Entity, Debug, Clone)]
#[index(item_id, at)]
pub struct StockMovement {
    #[id]
    pub id: Id<StockMovement>,
    #[references(Item, on_delete = cascade)]
    pub item_id: Id<Item>,
    pub kind: Movement,
    pub pieces: i64,
    pub at: Timestamp,
}

crate::setup::everywhere!(in "inventory.rs": warehouse);

/// Takes goods in or out, and keeps the level beside.
async fn moves(db: &mut Db, item: Id<Item>, kind: Movement, pieces: i64, at: Timestamp) -> Result<StockLevel> {
    transaction!(db, retries = 3, isolation = Isolation::ReadCommitted, |tx| {
        NewStockMovement { item_id: item, kind, pieces, at }.insert(&mut tx).await?;
        let new = NewStockLevel { item_id: item, pieces };
        let sum = StockLevel.pieces + StockLevel.pieces.proposed();
        if kind == Movement::Delivery {
            new.on_conflict(StockLevel.item_id).set(StockLevel.pieces.to(sum)).save(&mut tx).await?;
        } else {
            StockLevel::update(item).set(StockLevel.pieces.sub(pieces)).require_rows(1).exec(&mut tx).await?;
        }
        StockLevel::by_key(item).one(&mut tx).await
    })
}

async fn warehouse(mut db: Db) -> Result<()> {
    let price = |text: &str| text.parse::<Decimal>().unwrap();
    let new = [("BOLT-1", "0.10"), ("NUT-22", "0.05"), ("GEAR-3", "1999.99")];
    let new = new.map(|(sku, cost)| NewItem { sku: sku.into(), price: price(cost) });
    assert_eq!(Item::insert_many(&new).exec(&mut db).await?, 3);
    let items = Item::find().order(Item.id.asc()).all(&mut db).await?;
    let day = |day: u8| format!("2026-01-{day:02}T12:00:00Z").parse::<Timestamp>().unwrap();

    for (at, pieces) in [(1, 100), (2, 50), (3, 25)] {
        moves(&mut db, items[0].id, Movement::Delivery, pieces, day(at)).await?;
    }
    moves(&mut db, items[1].id, Movement::Delivery, 10, day(1)).await?;
    let level = moves(&mut db, items[0].id, Movement::Sale, 75, day(4)).await?;
    assert_eq!(level.pieces, 100);

    // More than there is: refused, and the movement is undone with it.
    let error = moves(&mut db, items[1].id, Movement::Loss, 11, day(5)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::CheckViolation, "{error}");
    assert_eq!(StockMovement::find().filter(StockMovement.kind.eq(Movement::Loss)).count(&mut db).await?, 0);

    // What is free: what is reserved may be NULL, and so may the difference.
    let free: Vec<(String, Option<i64>, i64)> = StockLevel::find()
        .order(StockLevel.item().sku.asc())
        .select((
            StockLevel.item().sku,
            StockLevel.pieces - StockLevel.reserved,
            (StockLevel.pieces - StockLevel.reserved).or_else(StockLevel.pieces),
        ))
        .all(&mut db)
        .await?;
    assert_eq!(free, [("BOLT-1".to_string(), None, 100), ("NUT-22".to_string(), None, 10)]);

    // The value of the stock, exact; items without stock count as nothing.
    let values: Vec<(String, Decimal)> = Item::find()
        .left_join(StockLevel, |(item, level)| item.id.eq(level.item_id))
        .order(|(item, _)| item.id.asc())
        .select(|(item, level)| (item.sku, item.price * level.pieces.cast::<Decimal>().or_else(0)))
        .all(&mut db)
        .await?;
    let values: Vec<Decimal> = values.into_iter().map(|(_, value)| value.normalize()).collect();
    assert_eq!(values, [price("10"), price("0.5"), price("0")]);

    // The level after each movement, and the mean of a movement and the one before.
    let signed = || {
        Case::when(StockMovement.kind.eq(Movement::Delivery), StockMovement.pieces).otherwise(StockMovement.pieces * -1)
    };
    let in_order = || Window::new().order(StockMovement.at.asc());
    let history: Vec<(i64, Option<f64>, Option<i64>)> = StockMovement::find()
        .filter(StockMovement.item_id.eq(items[0].id))
        .order(StockMovement.at.asc())
        .select((
            signed(),
            StockMovement.pieces.avg().over(in_order().rows(Bound::Before(1), Bound::Here)),
            StockMovement.pieces.sum().over(in_order()),
        ))
        .all(&mut db)
        .await?;
    assert_eq!(
        history,
        [
            (100, Some(100.0), Some(100)),
            (50, Some(75.0), Some(150)),
            (25, Some(37.5), Some(175)),
            (-75, Some(50.0), Some(250))
        ]
    );

    let by_day: Vec<(Timestamp, i64, Option<i64>)> = StockMovement::find()
        .group_by(StockMovement.at.truncate(Unit::Day))
        .having(count_rows().gt(1))
        .select((StockMovement.at.truncate(Unit::Day), count_rows(), StockMovement.pieces.sum()))
        .all(&mut db)
        .await?;
    assert_eq!(by_day, [("2026-01-01T00:00:00Z".parse().unwrap(), 2, Some(110))]);

    // Dear items first; those that were never moved.
    let idle: Vec<String> =
        Item::find().filter(!Item.movements.exists()).order(Item.price.desc()).select(Item.sku).all(&mut db).await?;
    assert_eq!(idle, ["GEAR-3"]);
    let retired =
        Item::update_many().filter(!Item.movements.exists()).set(Item.retired_at.to(day(6))).exec(&mut db).await?;
    assert_eq!(retired, 1);
    let rows: Vec<(i64,)> =
        relata::sql("SELECT COUNT(*) FROM items WHERE retired_at IS NOT NULL", ()).all(&mut db).await?;
    assert_eq!(rows, [(1,)]);
    Ok(())
}
