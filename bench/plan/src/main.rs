//! Times difference, order and plan of schemas in memory: 16 columns, 3 indexes and 2 foreign keys a table.
//!
//! `bench-plan [TABLES] [DATABASE]`: medians of nine runs in milliseconds of processor time, for each database.

use std::time::Duration;

use relata_plan::diff::diff;
use relata_plan::emit::emit;
use relata_plan::rename::questions;
use relata_plan::{PlanOptions, breaking, loss};
use relata_schema::model::{Action, Column, ForeignKey, Index, IndexPart, Key, Table};
use relata_schema::{ColumnType, Dialect, Schema, Type};

const RUNS: usize = 9;

fn column(dialect: Dialect, name: String, ty: Type, not_null: bool) -> Column {
    let ty = dialect.physical(&ty).unwrap_or_else(|_| ColumnType::new(ty, "text"));
    Column { name, ty: ty.into(), not_null, ..Column::default() }
}

fn table(dialect: Dialect, number: usize) -> Table {
    let name = dialect.name(&format!("table_{number}"));
    let mut columns = vec![
        column(dialect, "id".into(), Type::Int(8), true),
        column(dialect, "first_id".into(), Type::Int(8), false),
        column(dialect, "second_id".into(), Type::Int(8), false),
    ];
    let types = [Type::VarChar(80), Type::Int(4), Type::Decimal(Some((10, 2))), Type::DateTime(None)];
    columns.extend((0..13).map(|at| column(dialect, format!("column_{at}"), types[at % 4].clone(), at % 4 == 0)));
    let key = |name: String, column: &str, back: usize| ForeignKey {
        name,
        columns: vec![column.into()],
        references: dialect.name(&format!("table_{}", number.saturating_sub(back))),
        referenced_columns: vec!["id".into()],
        on_delete: Action::Cascade,
        ..ForeignKey::default()
    };
    let index = |letter: &str, unique: bool, columns: &[&str]| Index {
        name: format!("index_{number}_{letter}"),
        unique,
        parts: columns.iter().map(|column| IndexPart::column(*column)).collect(),
        ..Index::default()
    };
    Table {
        name,
        columns,
        primary_key: Some(Key::over(format!("table_{number}_pkey"), &["id"])),
        foreign_keys: vec![
            key(format!("first_{number}"), "first_id", 1),
            key(format!("second_{number}"), "second_id", 7),
        ],
        indexes: vec![
            index("a", false, &["first_id", "column_0"]),
            index("b", false, &["second_id"]),
            index("c", true, &["column_1", "id"]),
        ],
        ..Table::default()
    }
}

fn schema(dialect: Dialect, tables: usize) -> Schema {
    let mut schema = Schema { tables: (0..tables).map(|number| table(dialect, number)).collect(), ..Schema::new(dialect) };
    schema.canonicalize();
    schema
}

/// Every tenth table changes: a column comes, one goes, one gets another type, an index comes.
fn edited(schema: &Schema) -> Schema {
    let dialect = schema.dialect;
    let mut edited = schema.clone();
    for table in edited.tables.iter_mut().step_by(10) {
        table.columns.retain(|column| column.name != "column_4");
        table.columns.push(column(dialect, "added".into(), Type::Int(4), false));
        if let Some(column) = table.columns.iter_mut().find(|column| column.name == "column_5")
            && let Ok(ty) = dialect.physical(&Type::Int(8))
        {
            column.ty = ty.into();
        }
        let name = format!("{}_added", table.name.name);
        table.indexes.push(Index { name, parts: vec![IndexPart::column("added")], ..Index::default() });
    }
    edited.canonicalize();
    edited
}

/// Time on the processor: what other programs do meanwhile does not count. The work has one thread and waits for nothing.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct is written by the call.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn median(mut work: impl FnMut() -> usize) -> (Duration, usize) {
    let mut times = Vec::new();
    let mut count = 0;
    for _ in 0..RUNS {
        let started = processor_time();
        count = work();
        times.push(processor_time() - started);
    }
    times.sort();
    (times[RUNS / 2], count)
}

/// The most memory this process has had, in megabytes.
fn peak() -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the struct is written by the call, and zeroes are valid for it.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    usage.ru_maxrss / 1024
}

fn main() {
    let tables = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(1_000);
    let options = PlanOptions::default();
    println!("{:<10}{:<12}{:>10}{:>10}{:>10}{:>12}{:>10}", "database", "change", "diff ms", "plan ms", "steps", "identity ms", "peak MB");
    let wanted = std::env::args().nth(2);
    for &dialect in Dialect::ALL.iter().filter(|dialect| wanted.as_deref().is_none_or(|word| word == dialect.word())) {
        let full = schema(dialect, tables);
        let empty = Schema::new(dialect);
        let some = edited(&full);
        for (name, from, to) in [
            ("nothing", &full, &full),
            ("a tenth", &full, &some),
            ("create all", &empty, &full),
            ("drop all", &full, &empty),
        ] {
            let (differing, _) = median(|| diff(from, to, &[]).len());
            let changes = diff(from, to, &[]);
            let (planning, steps) = median(|| emit(from, to, &changes, &options).0.steps.len());
            let (asking, _) = median(|| {
                questions(from, to, &[], &[]).len() + loss::losses(from, to, &[]).len() + breaking::breaking(from, to, &[]).len()
            });
            let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
            println!(
                "{:<10}{name:<12}{:>10}{:>10}{steps:>10}{:>12}{:>10}",
                dialect.word(), ms(differing), ms(planning), ms(asking), peak()
            );
        }
    }
}
