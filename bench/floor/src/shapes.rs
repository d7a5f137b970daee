//! What a statement costs whose shape was seen before: its tree built, and made ready to be sent (the text found, the
//! parameters collected). No database is needed.

use std::time::{Duration, Instant};

use bench_suite::Error;
use relata::prelude::*;
use relata_sql::expr::Expr;
use relata_sql::meta::Path;
use relata_sql::render::{ShapeCache, Target};
use relata_sql::tree::{Insert, Item, Select, Source, Tree};
use relata_sql::typed::AnyQuery;

use crate::allocations;
use crate::relata_peer::User;

/// Few enough to be done before another process gets the processor.
const TIMES: u32 = 2_000;

/// So many times for each of the rounds.
const AGAIN: usize = 50;

/// Prints a table.
pub fn run(rounds: usize) -> Result<(), Error> {
    println!("| statement | database | tree ns | made ready ns | allocations |");
    println!("|---|---|---|---|---|");
    for dialect in [relata::Dialect::Sqlite, relata::Dialect::Postgres, relata::Dialect::Mysql] {
        let mut cache = ShapeCache::new(Target::new(dialect), 64);
        let whole = |mut select: Select| {
            select.items = vec![Item::Entity(Path::ROOT, <User as relata::Entity>::TABLE)];
            select
        };
        let by_key = || whole(User::by_key(500).into_query());
        line(("by key", dialect), rounds, by_key, |select| ready(&mut cache, Tree::Select(select)))?;
        let filtered = || {
            let find = User::find().filter(User.hair_color.eq("black").and(User.id.gt(7)));
            whole(find.order(User.hair_color.desc()).limit(10).into_query())
        };
        line(("two filters, order, limit", dialect), rounds, filtered, |select| {
            ready(&mut cache, Tree::Select(select))
        })?;
        let listed = || whole(User::find().filter(User.id.is_in([1, 2, 3, 4, 5])).into_query());
        line(("a list of five", dialect), rounds, listed, |select| ready(&mut cache, Tree::Select(select)))?;
        let insert = || Insert {
            source: Source::Entity(<User as relata::Entity>::TABLE),
            columns: &["name", "hair_color"],
            values: vec![relata::Value::Int(1), relata::Value::Null],
            rows: 1,
            query: None,
            conflict: None,
            returning: true,
        };
        line(("insert of a row", dialect), rounds, insert, |insert| ready(&mut cache, Tree::Insert(insert)))?;
        let deleted = || relata_sql::tree::Delete {
            source: Source::Entity(<User as relata::Entity>::TABLE),
            filter: by_key().filter.map(|filter| Expr::And(vec![filter])),
            scope: Default::default(),
            returning: false,
        };
        line(("delete by key", dialect), rounds, deleted, |delete| ready(&mut cache, Tree::Delete(delete)))?;
    }
    Ok(())
}

fn ready(cache: &mut ShapeCache, tree: Tree<'_, '_>) -> Result<(), Error> {
    let rendered = cache.render(tree)?;
    std::hint::black_box(&rendered);
    cache.sent(rendered.params);
    Ok(())
}

fn line<T>(
    (name, dialect): (&str, relata::Dialect),
    rounds: usize,
    build: impl Fn() -> T,
    mut ready: impl FnMut(&mut T) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut built, mut both) = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds.max(2) * AGAIN {
        let begun = Instant::now();
        (0..TIMES).for_each(|_| drop(std::hint::black_box(build())));
        built = built.min(begun.elapsed());
        let begun = Instant::now();
        for _ in 0..TIMES {
            let mut tree = std::hint::black_box(build());
            ready(&mut tree)?;
        }
        both = both.min(begun.elapsed());
    }
    let mut tree = build();
    let before = allocations::count();
    ready(&mut tree)?;
    let allocated = allocations::count() - before;
    let nanoseconds = |time: Duration| time.as_nanos() as f64 / f64::from(TIMES);
    let (tree, ready) = (nanoseconds(built), nanoseconds(both.saturating_sub(built)));
    println!("| {name} | {} | {tree:.0} | {ready:.0} | {allocated} |", dialect.title());
    Ok(())
}
