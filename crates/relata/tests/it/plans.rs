//! Execution plans of every database as one tree, what is found in them, and budgets.

use relata::explain::{Budget, ExplainOptions, Operation, Plan, Rule};
use relata::prelude::*;
use relata::{Dialect, Result, assert_plan, count_rows, sql, sql_unchecked};

use crate::functions::every_type;
use crate::model::*;
use crate::queries::blog;
use crate::setup::refused_by_mysql;

crate::setup::everywhere!(
    plans_are_trees,
    analyzing_tells_what_happened,
    missing_indexes_are_found,
    spills_to_disk_are_found,
    stale_statistics_are_found,
    budgets_hold_or_say_why,
    writes_are_explained_and_undone,
);

const LARGE: ExplainOptions = ExplainOptions { analyze: false, as_if_large: true };

fn operations(plan: &Plan) -> Vec<Operation> {
    plan.steps().iter().map(|step| step.operation).collect()
}

async fn plans_are_trees(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let by_key = Post::by_key(1).explain_with(LARGE, &mut db).await?;
    assert!(operations(&by_key).contains(&Operation::IndexLookup), "{by_key}");
    let join = Post::find()
        .join(User, |(post, user)| post.author_id.eq(user.id))
        .filter(|(_, user)| user.email.eq("ann@example.com"))
        .order(|(post, _)| post.title.asc());
    let plan = join.explain_with(LARGE, &mut db).await?;
    let tables = plan.steps().iter().filter(|step| step.table.is_some()).count();
    assert!(tables >= 2 && operations(&plan).contains(&Operation::Sort), "{plan}");
    let text = plan.to_string();
    assert!(text.contains("└─ ") && text.contains(" of "), "{text}");
    let json = plan.json();
    assert_eq!(json["plan"]["operation"], plan.root.operation.word());
    assert_eq!(json["dialect"], db.dialect().to_string());
    // Every kind of statement; SQL of one's own, with parameters.
    let grouped = Post::find().group_by(Post.author_id).select((Post.author_id, count_rows()));
    assert!(!operations(&grouped.explain(&mut db).await?).is_empty());
    let own = sql::<i64>("SELECT id FROM posts WHERE slug = ?", ("a1",)).explain(&mut db).await?;
    assert!(own.findings.is_empty(), "{own}");
    assert!(sql::<i64>("SELECT nothing FROM nowhere", ()).explain(&mut db).await.is_err());
    Ok(())
}

async fn analyzing_tells_what_happened(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let plan = Post::find().filter(Post.slug.ne("a1")).explain_analyze(&mut db).await?;
    assert!(plan.analyzed && plan.execution.is_some(), "{plan}");
    let scan = plan.steps().into_iter().find(|step| step.table.is_some()).unwrap();
    match db.dialect() {
        Dialect::Sqlite => assert_eq!(plan.root.rows, Some(3.0), "{plan}"),
        Dialect::Postgres => {
            assert_eq!((scan.rows, scan.removed), (Some(3.0), Some(1.0)), "{plan}");
            assert!(scan.buffers_hit.is_some() && scan.cost.is_some() && plan.planning.is_some());
        }
        Dialect::Mysql => assert_eq!(scan.rows, Some(4.0), "{plan}"),
    }
    Ok(())
}

async fn missing_indexes_are_found(mut db: Db) -> Result<()> {
    let rows = (0..12_000).map(|number| {
        let mut new = every_type("2024-02-29T23:30:00Z");
        (new.large, new.medium) = (number, (number % 7) as i32);
        new
    });
    EveryType::insert_many(rows).exec(&mut db).await?;
    let analyze = if db.dialect() == Dialect::Mysql { "ANALYZE TABLE every_type" } else { "ANALYZE" };
    db.batch(analyze).await?;
    let query = || EveryType::find().filter(EveryType.large.eq(77).and(EveryType.medium.ge(0)));
    let plan = query().explain(&mut db).await?;
    let finding = plan.findings.iter().find(|finding| finding.rule == Rule::MissingIndex).expect("a finding");
    assert!(finding.fix.ends_with("every_type_large_medium_idx ON every_type (large, medium)"), "{finding:?}");
    assert!(finding.message.contains("each is read to find those by large and medium"), "{finding:?}");
    assert!(plan.to_string().contains("missing_index: every_type has about "), "{plan}");
    // The advice helps.
    db.batch(&finding.fix.replace("CONCURRENTLY ", "")).await?;
    let plan = query().explain(&mut db).await?;
    assert_plan!(plan, no_full_scan, no_findings, uses_index("every_type_large_medium_idx"), at_most_rows(100));
    // Everything is wanted: no index would help.
    let all = EveryType::find().explain(&mut db).await?;
    assert_eq!(all.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [Rule::FullScan]);
    Ok(())
}

/// SQLite does not tell how much memory a sort took.
async fn spills_to_disk_are_found(mut db: Db) -> Result<()> {
    let (little, raise) = match db.dialect() {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => ("SET LOCAL work_mem = '64kB'", "work_mem"),
        Dialect::Mysql => ("SET SESSION sort_buffer_size = 32768", "sort_buffer_size"),
    };
    let rows = (0..4_000).map(|number| {
        let mut new = every_type("2024-02-29T23:30:00Z");
        new.text = format!("{:0>200}", number * 7919 % 4_000);
        new
    });
    EveryType::insert_many(rows).exec(&mut db).await?;
    let by_text = || EveryType::find().order(EveryType.text.asc()).select((EveryType.text, EveryType.id));
    let plan = transaction!(db, |tx| {
        sql::<i64>(little, ()).exec(&mut tx).await?;
        by_text().explain_analyze(&mut tx).await
    })?;
    let finding = plan.findings.iter().find(|finding| finding.rule == Rule::Spill);
    let finding = finding.unwrap_or_else(|| panic!("no spill in {plan}"));
    assert!(finding.message.contains("to disk: memory was not enough"), "{finding:?}");
    assert!(finding.fix.contains(raise), "{finding:?}");
    let exceeded = Budget::new().no_findings().exceeded(&plan);
    assert!(exceeded.iter().any(|problem| problem.contains("memory was not enough")), "{exceeded:?}");
    let few = EveryType::find().filter(EveryType.text.lt(format!("{:0>200}", 10))).order(EveryType.text.asc());
    let enough = few.explain_analyze(&mut db).await?;
    assert!(enough.findings.iter().all(|finding| finding.rule != Rule::Spill), "{enough}");
    Ok(())
}

/// SQLite makes no estimates that it would tell.
async fn stale_statistics_are_found(mut db: Db) -> Result<()> {
    let (table, statistics) = match db.dialect() {
        Dialect::Sqlite => return Ok(()),
        Dialect::Postgres => ("CREATE TABLE stale (id integer PRIMARY KEY, part integer NOT NULL)", "ANALYZE stale"),
        Dialect::Mysql => (
            "CREATE TABLE stale (id integer PRIMARY KEY, part integer NOT NULL) STATS_AUTO_RECALC = 0, STATS_PERSISTENT = 1",
            "ANALYZE TABLE stale",
        ),
    };
    db.batch(table).await?;
    db.batch("CREATE INDEX stale_part_idx ON stale (part)").await?;
    let numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 900)";
    let fill = |rows: &str| match db.dialect() {
        Dialect::Mysql => format!("INSERT INTO stale {numbers} {rows}"),
        _ => format!("{numbers} INSERT INTO stale {rows}"),
    };
    let (distinct, same) =
        (fill("SELECT n, n FROM n"), fill("SELECT 1000 * (a.n + 1) + b.n, 1 FROM n a, n b WHERE a.n <= 9"));
    db.batch(&distinct).await?;
    db.batch(statistics).await?;
    db.batch(&same).await?;
    let joined = || {
        let sql = "SELECT COUNT(*) FROM stale a JOIN stale b ON b.part = a.part WHERE a.id < 3";
        sql_unchecked::<i64>(sql, ())
    };
    let plan = joined().explain_analyze(&mut db).await?;
    let finding = plan.findings.iter().find(|finding| finding.rule == Rule::BadEstimate);
    let finding = finding.unwrap_or_else(|| panic!("no bad estimate in {plan}"));
    assert!(finding.message.contains("rows were expected, and there were"), "{finding:?}");
    assert_eq!(finding.fix, statistics);
    db.batch(&finding.fix).await?;
    Ok(())
}

async fn budgets_hold_or_say_why(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let by_email = User::find().filter(User.email.eq("ann@example.com")).explain_with(LARGE, &mut db).await?;
    assert_plan!(by_email, no_full_scan, no_sort, at_most_rows(1), at_most_milliseconds(1000.0));
    let by_name = User::find().filter(User.name.eq("x")).explain(&mut db).await?;
    let exceeded = Budget::new().no_full_scan().uses_index("none_such").exceeded(&by_name);
    assert_eq!(exceeded.len(), 2, "{exceeded:?}");
    assert!(exceeded[0].starts_with("every row of ") && exceeded[1].contains("none_such is not used"), "{exceeded:?}");
    let panicked = std::panic::catch_unwind(|| assert_plan!(by_name, no_full_scan)).unwrap_err();
    let message = panicked.downcast_ref::<String>().unwrap();
    assert!(message.contains("every row of ") && message.contains("sql: SELECT"), "{message}");
    Ok(())
}

async fn writes_are_explained_and_undone(mut db: Db) -> Result<()> {
    blog(&mut db).await?;
    let update = || Post::update_many().filter(Post.slug.eq("a1")).set(Post.title.to("changed"));
    let plan = update().explain(&mut db).await?;
    assert!(plan.steps().iter().any(|step| step.table.is_some()), "{plan}");
    let analyzed = update().explain_analyze(&mut db).await;
    if refused_by_mysql(&mut db, analyzed, "without analyzing").await.is_none() {
        return Ok(());
    }
    Post::delete_many().all_rows().permanently().explain_analyze(&mut db).await?;
    assert_eq!(Post::find().filter(Post.title.eq("changed")).count(&mut db).await?, 0);
    assert_eq!(Post::find().count(&mut db).await?, 4);
    Ok(())
}
