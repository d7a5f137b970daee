//! Every construct of the typed builder, in one table: its SQL on each database side by side, and what it gives there, run
//! for real. The snapshot is `constructs/snapshot.txt`; what a database lacks stands there in the words of the refusal.
//!
//! A test looks the table through for every public method of the builder: a new one without a line here fails it.

mod functions;
mod more;
mod queries;
mod values;

use std::fmt::{Debug, Write as _};

use expect_test::expect_file;
use relata::prelude::*;
use relata::{BoxFuture, Dialect, Expression, Kind, Result};

use crate::functions::every_type;
use crate::model::*;
use crate::queries::blog;
use crate::setup::{is_mysql, open, side_by_side};

/// A line of the table.
pub struct Construct {
    name: &'static str,
    sql: Box<dyn Fn() -> String>,
    run: Box<dyn for<'a> Fn(&'a mut Db) -> BoxFuture<'a, Result<String>>>,
    /// What it gives differs from run to run.
    varies: bool,
}

/// A query, and what its rows are.
macro_rules! rows {
    ($name:expr, $query:expr) => {
        crate::constructs::Construct::new(
            $name,
            move || crate::setup::side_by_side(|| $query),
            move |db| Box::pin(async move { $query.all(db).await.map(|rows| format!("{rows:?}")) }),
        )
    };
}
/// A query, and how many rows it gives.
macro_rules! counted {
    ($name:expr, $query:expr) => {
        crate::constructs::Construct::new(
            $name,
            move || crate::setup::side_by_side(|| $query),
            move |db| Box::pin(async move { $query.all(db).await.map(|rows| format!("{} rows", rows.len())) }),
        )
    };
}
/// A statement that writes, and how many rows it wrote; undone.
macro_rules! written {
    ($name:expr, $statement:expr) => {
        crate::constructs::Construct::new(
            $name,
            move || crate::setup::side_by_side(|| $statement),
            move |db| {
                Box::pin(async move {
                    let tx = &mut db.begin(Default::default()).await?;
                    $statement.exec(tx).await.map(|rows| format!("{rows} rows"))
                })
            },
        )
    };
}
/// A statement that inserts, what it is looked at as, and how it is run; undone.
macro_rules! inserted {
    ($name:expr, $statement:expr, $look:ident, |$made:ident, $tx:ident| $run:expr) => {
        crate::constructs::Construct::new(
            $name,
            move || crate::setup::looked_at(|dialect| relata::Inspect::$look($statement, dialect)),
            move |db| {
                Box::pin(async move {
                    let $tx = &mut db.begin(Default::default()).await?;
                    let $made = $statement;
                    $run.await.map(|given| format!("{given:?}"))
                })
            },
        )
    };
}
/// A relation: the statement that brings its rows, and how many each row of a query gets; of those that come by a join the query
/// itself.
macro_rules! related {
    ($name:expr, $query:expr, $load:expr, |$row:ident| $given:expr) => {
        crate::constructs::Construct::new(
            $name,
            move || crate::setup::looked_at(|dialect| relata::Inspect::to_sql($load, dialect)),
            move |db| {
                Box::pin(async move {
                    let rows = $query.with($load).all(db).await?;
                    Ok(format!("{:?}", rows.iter().map(|$row| $given).collect::<Vec<_>>()))
                })
            },
        )
    };
}
pub(crate) use {counted, inserted, related, rows, written};

impl Construct {
    pub fn new(
        name: &'static str,
        sql: impl Fn() -> String + 'static,
        run: impl for<'a> Fn(&'a mut Db) -> BoxFuture<'a, Result<String>> + 'static,
    ) -> Self {
        Construct { name, sql: Box::new(sql), run: Box::new(run), varies: false }
    }

    pub fn varying(mut self) -> Self {
        self.varies = true;
        self
    }
}

/// A condition: how many of the two rows keep it.
pub fn filter(name: &'static str, condition: fn() -> Pred<EveryType>) -> Construct {
    let query = move || EveryType::find().filter(condition()).select(EveryType.id.cast::<i64>());
    Construct::new(
        name,
        move || side_by_side(query),
        move |db| Box::pin(async move { query().all(db).await.map(|rows| format!("{} rows", rows.len())) }),
    )
}

/// An expression: its value in the first row.
pub fn value<T: relata::Field + Debug>(name: &'static str, expression: fn() -> Expression<EveryType, T>) -> Construct {
    let query = move || EveryType::find().order(EveryType.id.asc()).limit(1).select(expression());
    Construct::new(
        name,
        move || side_by_side(query),
        move |db| Box::pin(async move { query().one(db).await.map(|value| format!("{value:?}")) }),
    )
}

fn table() -> Vec<Construct> {
    values::table().into_iter().chain(functions::table()).chain(more::table()).chain(queries::table()).collect()
}

async fn rows_of_the_table(db: &mut Db) -> Result<()> {
    blog(db).await?;
    every_type("2024-02-29T23:30:00Z").insert(db).await?;
    let mut second = every_type("2020-01-01T00:00:00Z");
    (second.large, second.text, second.flag, second.mood) = (9, "Zoë".into(), false, Mood::SoSo);
    second.insert(db).await?;
    let root = NewCategory { name: "root".into() }.insert(db).await?;
    NewCategory { name: "leaf".into() }.parent_id(root.id).insert(db).await?;
    let post = Post::find().order(Post.slug.asc()).with(Post.author).first(db).await?.unwrap();
    let names = ["x", "y"].map(|name| NewTag { name: name.into() });
    Post::relate(post.id).create(Post.tags, move |_| names).exec(db).await?;
    NewComment { post_id: post.id, text: "known".into() }.writer_id(post.author().id).insert(db).await?;
    NewComment { post_id: post.id, text: "unknown".into() }.insert(db).await?;
    NewFlight { day: 1, number: 2, goal: "Oslo".into() }.insert(db).await?;
    for passenger in ["Ann", "Bob", "Cyd"] {
        NewSeat { day: 1, number: 2, passenger: passenger.into() }.insert(db).await?;
    }
    Ok(())
}

/// What a construct gave on each database: one line if they agree.
fn outcome(construct: &Construct, given: &[(Dialect, Result<String>)]) -> String {
    let mut out = String::new();
    let told: Vec<(Dialect, &String)> =
        given.iter().filter_map(|(dialect, given)| Some((*dialect, given.as_ref().ok()?))).collect();
    for (dialect, given) in given {
        match given {
            Err(error) if error.kind() == Kind::Unsupported => {}
            Err(error) => writeln!(out, "FAILS on {dialect}: {error}").unwrap(),
            Ok(_) => {}
        }
    }
    if construct.varies {
        out.push_str("gives what differs from run to run\n");
    } else if told.windows(2).all(|pair| pair[0].1 == pair[1].1) {
        told.iter().take(1).for_each(|(_, given)| writeln!(out, "gives {given}").unwrap());
    } else {
        told.iter().for_each(|(dialect, given)| writeln!(out, "gives {given} on {dialect}").unwrap());
    }
    out
}

/// What the snapshot says that a construct gives.
fn known(name: &str) -> String {
    let blocks = include_str!("constructs/snapshot.txt").split("\n\n");
    let mut block = blocks.filter(|block| block.lines().next() == Some(name)).map(|block| block.lines().skip(4));
    block.next().into_iter().flatten().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn every_construct_side_by_side() {
    let mut databases = Vec::new();
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql] {
        let (database, mut db) = open(dialect).await;
        rows_of_the_table(&mut db).await.unwrap();
        databases.push((dialect, database, db));
    }
    let mysql = is_mysql(&mut databases[2].2).await;
    let mut text = String::new();
    for construct in table() {
        let mut given = Vec::new();
        for (dialect, _, db) in &mut databases {
            given.push((*dialect, (construct.run)(db).await));
        }
        let sql = (construct.sql)();
        let outcome = outcome(&construct, &given);
        if mysql {
            // The snapshot's texts are those for MariaDB; of what they give only the differences are told.
            if known(construct.name) != outcome {
                write!(text, "{}\n{outcome}\n", construct.name).unwrap();
            }
            continue;
        }
        assert_eq!(
            sql.matches(" -- ").count(),
            given.iter().filter(|(_, given)| matches!(given, Err(error) if error.kind() == Kind::Unsupported)).count(),
            "{}: refused when it is built or not at all\n{sql}",
            construct.name
        );
        write!(text, "{}\n{sql}{outcome}\n", construct.name).unwrap();
    }
    let failures: Vec<&str> = text.lines().filter(|line| line.starts_with("FAILS")).collect();
    if mysql {
        expect_file!["constructs/mysql.txt"].assert_eq(&text);
        return assert!(failures.is_empty(), "{failures:#?}");
    }
    expect_file!["constructs/snapshot.txt"].assert_eq(&text);
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Where the builder's methods are written, below `crates`.
const SOURCES: &[&str] = &[
    "relata-sql/src/typed.rs",
    "relata-sql/src/typed/aggregate.rs",
    "relata-sql/src/typed/array.rs",
    "relata-sql/src/typed/case.rs",
    "relata-sql/src/typed/collected.rs",
    "relata-sql/src/typed/fragment.rs",
    "relata-sql/src/typed/function.rs",
    "relata-sql/src/typed/json.rs",
    "relata-sql/src/typed/moment.rs",
    "relata-sql/src/typed/native/mysql.rs",
    "relata-sql/src/typed/native/pg.rs",
    "relata-sql/src/typed/native/sqlite.rs",
    "relata-sql/src/typed/number.rs",
    "relata-sql/src/typed/rows.rs",
    "relata-sql/src/typed/subquery.rs",
    "relata-sql/src/typed/window.rs",
    "relata-runtime/src/aggregate.rs",
    "relata-runtime/src/aggregate/subtotals.rs",
    "relata-runtime/src/change.rs",
    "relata-runtime/src/cte.rs",
    "relata-runtime/src/cte/written.rs",
    "relata-runtime/src/find.rs",
    "relata-runtime/src/insert.rs",
    "relata-runtime/src/insert/conditional.rs",
    "relata-runtime/src/insert/many.rs",
    "relata-runtime/src/insert/returning.rs",
    "relata-runtime/src/join.rs",
    "relata-runtime/src/relation.rs",
];

/// What is no SQL: the way to untyped data and back, and the endings of a query.
const NO_CONSTRUCTS: &[&str] = &[
    "into_expr",
    "into_key",
    "into_source",
    "reference",
    "expr",
    "new",
    "of",
    "columns",
    "all",
    "all_of",
    "one",
    "optional",
    "first",
    "page",
    "stream",
    "exec",
    "returning",
    "require_rows",
    "json",
    "set_some",
    "order_by_input",
    "given",
    "load",
    // `updating` and `updating_all`, and run.
    "update",
    "update_all",
];

#[test]
fn every_method_has_a_line() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let table = [
        include_str!("constructs/values.rs"),
        include_str!("constructs/functions.rs"),
        include_str!("constructs/more.rs"),
        include_str!("constructs/queries.rs"),
    ]
    .concat();
    let mut missing = Vec::new();
    for source in SOURCES {
        let text = std::fs::read_to_string(crates.join(source)).unwrap();
        for line in text.lines().map(str::trim_start) {
            let declared = ["pub fn ", "pub async fn ", "expr ", "pred ", "free ", "aggr "]
                .iter()
                .find_map(|word| line.strip_prefix(word));
            let name = declared.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap());
            let Some(name) = name.filter(|name| !name.is_empty() && !NO_CONSTRUCTS.contains(name)) else { continue };
            let used = [format!("{name}("), format!("{name}::<")].iter().any(|call| {
                let whole =
                    |at: usize| !table[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
                table.match_indices(call.as_str()).any(|(at, _)| whole(at))
            });
            if !used && !table.contains(&format!("::{name}")) {
                missing.push(format!("{source}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "without a line in the table of constructs: {missing:#?}");
}
