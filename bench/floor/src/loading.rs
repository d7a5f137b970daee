//! A row of a relation to one for each of many rows: joined, or by a statement of its own. Which is cheaper depends on how many
//! columns it has, how many rows are read, and how many of them share it: `load::choice` of the runtime decides by this table.

use std::time::{Duration, Instant};

use bench_suite::{Database, Error};
use relata::prelude::*;

/// How many rows refer to somebody.
const ROWS: i64 = 1_000;

/// Declares an entity of a key and so many columns, one that refers to it, and how it is read both ways.
macro_rules! widths {
    ($($module:ident $columns:literal $table:literal $from:literal: $($field:ident)*;)*) => {
        $(#[allow(dead_code, reason = "rows are read, and few of their fields looked at")]
        mod $module {
            use super::*;

            #[derive(Entity, Debug)]
            #[entity(table = $table)]
            pub struct One {
                #[id(manual)]
                pub id: Id<One>,
                $(pub $field: String,)*
            }

            #[derive(Entity, Debug)]
            #[entity(table = $from)]
            pub struct Row {
                #[id(manual)]
                pub id: Id<Row>,
                pub sharing: i64,
                #[references(One)]
                pub one_id: Id<One>,
            }

            pub async fn read(db: &mut Db, rows: u64, sharing: i64, joined: bool) -> relata::Result<usize> {
                let found = Row::find().filter(Row.sharing.eq(sharing)).limit(rows);
                let found = match joined {
                    true => found.with(Row.one.joined()).all(db).await?,
                    false => found.with(Row.one.batched()).all(db).await?,
                };
                Ok(found.iter().map(|row| row.one().a.len()).sum())
            }

            pub fn tables(statements: &mut Vec<String>) {
                let fields = [$(stringify!($field)),*];
                let (columns, places): (String, String) = (
                    fields.iter().map(|field| format!(", {field} VARCHAR(40) NOT NULL")).collect(),
                    fields.iter().map(|_| ", 'a text of some letters'".to_string()).collect(),
                );
                statements.push(format!("DROP TABLE IF EXISTS {}", $from));
                statements.push(format!("DROP TABLE IF EXISTS {}", $table));
                statements.push(format!("CREATE TABLE {} (id BIGINT PRIMARY KEY{columns})", $table));
                statements.push(format!(
                    "CREATE TABLE {} (id BIGINT PRIMARY KEY, sharing BIGINT NOT NULL, one_id BIGINT NOT NULL REFERENCES {} (id))",
                    $from, $table
                ));
                statements.push(format!("CREATE INDEX {}_sharing ON {} (sharing)", $from, $from));
                let ones: Vec<String> = (1..=ROWS).map(|id| format!("({id}{places})")).collect();
                statements.push(format!("INSERT INTO {} VALUES {}", $table, ones.join(", ")));
                for (number, sharing) in SHARING.into_iter().enumerate() {
                    let first = number as i64 * ROWS + 1;
                    let rows = (0..ROWS).map(|row| format!("({}, {sharing}, {})", first + row, row / sharing + 1));
                    let rows: Vec<String> = rows.collect();
                    statements.push(format!("INSERT INTO {} VALUES {}", $from, rows.join(", ")));
                }
            }
        })*

        const WIDTHS: &[usize] = &[$($columns),*];

        async fn read(db: &mut Db, columns: usize, rows: u64, sharing: i64, joined: bool) -> relata::Result<usize> {
            match columns {
                $($columns => $module::read(db, rows, sharing, joined).await,)*
                other => panic!("no entity has {other} columns"),
            }
        }

        fn tables() -> Vec<String> {
            let mut statements = Vec::new();
            $($module::tables(&mut statements);)*
            statements
        }
    };
}

widths! {
    four 4 "one4" "row4": a b c;
    eight 8 "one8" "row8": a b c d e f g;
    sixteen 16 "one16" "row16": a b c d e f g h i j k l m n o;
    thirty_two 32 "one32" "row32": a b c d e f g h i j k l m n o a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1 m1 n1 o1 p1;
    sixty_four 64 "one64" "row64": a b c d e f g h i j k l m n o a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1 m1 n1 o1 p1
        a2 b2 c2 d2 e2 f2 g2 h2 i2 j2 k2 l2 m2 n2 o2 p2 a3 b3 c3 d3 e3 f3 g3 h3 i3 j3 k3 l3 m3 n3 o3 p3;
}

/// How many rows share one.
const SHARING: [i64; 4] = [1, 4, 20, 100];

/// Makes the tables and reads them both ways in turns; each figure is the least of the rounds.
pub async fn run(database: Database, url: &str, rounds: usize) -> Result<(), Error> {
    let db = &mut Db::open(url).await?;
    let analyze = match database {
        Database::Mysql => "ANALYZE TABLE one4, row4, one8, row8, one16, row16, one32, row32, one64, row64",
        _ => "ANALYZE",
    };
    db.batch(&tables().join(";\n")).await?;
    db.batch(analyze).await?;
    println!(
        "| {} | rows | sharing one | joined µs | batched µs | batched to joined |\n|---|---|---|---|---|---|",
        database.word()
    );
    for &columns in WIDTHS {
        for rows in [1, 10, 100, 1_000] {
            for sharing in SHARING.into_iter().filter(|sharing| *sharing <= rows) {
                let times = (2_000 / rows).clamp(5, 200);
                let mut least = [Duration::MAX; 2];
                for round in 0..rounds * 2 {
                    let joined = round % 2 == 0;
                    read(db, columns, rows as u64, sharing, joined).await?;
                    let begun = Instant::now();
                    for _ in 0..times {
                        read(db, columns, rows as u64, sharing, joined).await?;
                    }
                    let took = begun.elapsed() / times as u32;
                    let place = &mut least[usize::from(!joined)];
                    *place = took.min(*place);
                }
                let [joined, batched] = least.map(|time| time.as_secs_f64() * 1e6);
                println!(
                    "| {columns} columns | {rows} | {sharing} | {joined:.0} | {batched:.0} | {:.2} |",
                    batched / joined
                );
            }
        }
    }
    Ok(())
}
