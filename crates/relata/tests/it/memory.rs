//! What reading costs in memory: nothing for a row of whole numbers, and for a stream a portion, however much comes.
//!
//! Every allocation of this thread is counted, the tests' own runtimes keep to one thread, and nobody else's count matters.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use relata::prelude::*;
use relata::{Dialect, Result};

const ROWS: i64 = 200_000;

crate::setup::everywhere!(in "memory.rs":
    whole_numbers_cost_nothing_and_streams_hold_a_portion,
    inserts_hold_a_portion,
);

#[derive(Entity)]
pub struct Number {
    #[id]
    pub id: i64,
    pub square: i64,
    pub half: Option<i32>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    times: u64,
    held: i64,
    most: i64,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { times: 0, held: 0, most: 0 }) };
}

struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn count(times: u64, bytes: i64) {
    let Counts { times: before, held, most } = COUNTS.get();
    let held = held + bytes;
    COUNTS.set(Counts { times: before + times, held, most: most.max(held) });
}

// SAFETY: every call is the system allocator's own; counting allocates nothing.
#[allow(unsafe_code, reason = "an allocator is unsafe by its nature")]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

async fn whole_numbers_cost_nothing_and_streams_hold_a_portion(mut db: Db) -> Result<()> {
    let series = match db.dialect() {
        Dialect::Postgres => {
            "SELECT i, i * i, CASE WHEN i % 2 = 0 THEN i END FROM generate_series(1::bigint, 200000) i"
        }
        Dialect::Mysql if crate::setup::is_mysql(&mut db).await => {
            "WITH RECURSIVE s(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < 200000) \
             SELECT seq, seq * seq, CASE WHEN seq % 2 = 0 THEN seq END FROM s"
        }
        Dialect::Mysql => "SELECT seq, seq * seq, CASE WHEN seq % 2 = 0 THEN seq END FROM seq_1_to_200000",
        Dialect::Sqlite => {
            "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 200000) \
             SELECT i, i * i, CASE WHEN i % 2 = 0 THEN i END FROM s"
        }
    };
    db.batch(&format!("INSERT INTO numbers (id, square, half) {series}")).await?;
    let all = Number::find().all(&mut db).await?;
    assert_eq!(all.len() as i64, ROWS);
    drop(all);

    let before = COUNTS.get();
    COUNTS.set(Counts { most: before.held, ..before });
    let mut rows = Number::find().stream(&mut db);
    let (mut seen, mut wrong) = (0, 0);
    while let Some(row) = rows.next().await? {
        seen += 1;
        let half = (row.id % 2 == 0).then_some(row.id as i32);
        wrong += i64::from(row.square != row.id * row.id || row.half != half);
    }
    drop(rows);
    let after = COUNTS.get();
    assert_eq!((seen, wrong), (ROWS, 0));
    // The rows alone would be 24 bytes each, which is 4.8 MB.
    assert!(after.most - before.held < 300_000, "{} bytes were held for a stream", after.most - before.held);
    // MariaDB's client library makes a row of its own of each.
    if db.dialect() != Dialect::Mysql {
        let times = after.times - before.times;
        assert!(times < ROWS as u64 / 50, "{times} allocations for {ROWS} streamed rows");
        let before = COUNTS.get().times;
        let all = Number::find().all(&mut db).await?;
        let times = COUNTS.get().times - before;
        assert!(times < ROWS as u64 / 50, "{times} allocations for {} rows", all.len());
    }
    Ok(())
}

async fn inserts_hold_a_portion(mut db: Db) -> Result<()> {
    let rows: i64 = 80_000;
    let before = COUNTS.get();
    COUNTS.set(Counts { most: before.held, ..before });
    let mut numbers = Number::insert_stream(&mut db).await?;
    for id in 1..=rows {
        numbers.push(NewNumber { square: id * id }.half(id as i32 / 2)).await?;
    }
    assert_eq!(numbers.finish().await? as i64, rows);
    let most = COUNTS.get().most - before.held;
    // The values of all rows alone would be 80 000 times 3 times 24 bytes at least, and a list of them grows by doubling.
    assert!(most < 5_000_000, "{most} bytes were held for a stream of inserts");
    assert_eq!(Number::find().count(&mut db).await? as i64, rows);
    Ok(())
}
