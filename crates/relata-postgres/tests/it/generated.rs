//! The laws of printer and planner over generated schemas.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::plan::{apply, normal, plan};
use crate::round_trip::{assert_same, inspect};
use crate::server::Database;

/// One generated table: which columns it has and how.
#[derive(Debug, Clone)]
struct Shape {
    columns: Vec<(usize, bool, bool)>,
    key: bool,
    unique: bool,
    index: u8,
    check: bool,
    reference: bool,
    view: bool,
    comment: bool,
}

/// Family (columns of one family change into each other), type, default.
const TYPES: &[(&str, &str, &str)] = &[
    ("n", "integer", "1"),
    ("n", "bigint", "2"),
    ("t", "text", "'it''s'"),
    ("t", "character varying(30)", "'x'"),
    ("n", "numeric(8,2)", "1.5"),
    ("n", "positive", "3"),
    ("b", "boolean", "true"),
    ("s", "timestamp with time zone", "now()"),
    ("m", "mood", "'ok'"),
    ("a", "text[]", "'{}'"),
];

fn shape() -> impl Strategy<Value = Shape> {
    let column = (0..TYPES.len(), any::<bool>(), any::<bool>());
    let flags = (any::<bool>(), any::<bool>(), 0_u8..4, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (prop::collection::vec(column, 1..5), flags).prop_map(
        |(columns, (key, unique, index, check, reference, view, comment))| Shape {
            columns,
            key,
            unique,
            index,
            check,
            reference,
            view,
            comment,
        },
    )
}

fn script(shapes: &[Shape]) -> String {
    let mut out = String::from(
        "create type mood as enum ('sad', 'ok'); create domain positive as int check (value > 0);
         create table base (id bigint primary key);",
    );
    for (number, shape) in shapes.iter().enumerate() {
        let table = format!("\"T {number}\"");
        let mut items = vec!["id bigint not null".to_string()];
        let first = format!("{}0", TYPES[shape.columns[0].0].0);
        for (index, (ty, not_null, default)) in shape.columns.iter().enumerate() {
            let (family, ty, value) = TYPES[*ty];
            let not_null = if *not_null { " not null" } else { "" };
            let default = if *default { format!(" default {value}") } else { String::new() };
            items.push(format!("{family}{index} {ty}{default}{not_null}"));
        }
        if shape.key {
            items.push("primary key (id)".into());
        }
        if shape.unique {
            items.push(format!("unique ({first}, id)"));
        }
        if shape.check {
            items.push("constraint \"chk%\" check (id > 0)".into());
        }
        if shape.reference {
            items.push("foreign key (id) references base on delete cascade".into());
        }
        out.push_str(&format!("create table {table} ({});", items.join(", ")));
        match shape.index {
            1 => out.push_str(&format!("create index on {table} (id desc, {first});")),
            2 => out.push_str(&format!("create unique index \"I {number}\" on {table} (id) where id > 5;")),
            3 => out.push_str(&format!("create index on {table} using hash ((id + 1));")),
            _ => {}
        }
        if shape.view {
            out.push_str(&format!(
                "create view v{number} as select id, {first} from {table} where {first} is not null;"
            ));
        }
        if shape.comment {
            out.push_str(&format!("comment on column {table}.{first} is 'number {number}';"));
        }
    }
    out
}

async fn laws(from: &str, to: &str) {
    let mut source = Database::new().await;
    source.run(from).await;
    let before = inspect(source.connection.as_mut()).await;
    let mut target = Database::new().await;
    target.run(to).await;
    let wanted = inspect(target.connection.as_mut()).await;
    target.drop().await;

    let mut copy = Database::new().await;
    copy.run_each(&before.dialect.create_all(&before)).await;
    assert_same(&before, &inspect(copy.connection.as_mut()).await, "the copy differs");
    copy.drop().await;

    let there = plan(&before, &wanted, from);
    apply(&mut source, &there, from).await;
    let after = inspect(source.connection.as_mut()).await;
    assert_same(&normal(&wanted), &normal(&after), &there.script());
    assert!(plan(&after, &wanted, from).is_empty());
    source.drop().await;
}

#[test]
fn printed_schemas_load_and_plans_arrive() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 6, failure_persistence: None, ..Config::default() };
    let shapes = || prop::collection::vec(shape(), 1..4);
    TestRunner::new_with_rng(config, proptest::test_runner::TestRng::deterministic_rng(Default::default()))
        .run(&(shapes(), shapes()), |(from, to)| {
            runtime.block_on(laws(&script(&from), &script(&to)));
            Ok(())
        })
        .unwrap();
}
