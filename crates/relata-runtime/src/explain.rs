//! Execution plans: one tree for the three databases, with what is worth doing about it.
//!
//! `EXPLAIN` of PostgreSQL and of MariaDB is read as JSON, that of SQLite as its rows. What a database does not tell (cost
//! on SQLite, buffers outside PostgreSQL) is `None`, never made up.
//!
//! Analyzing runs the statement. One that writes is run in a transaction that is rolled back.

use relata_schema::Dialect;
use relata_sql::render::Rendered;
use relata_sql::{Error, Result, Statement, Value};

use crate::executor::{Executor, Intent, Lease};
use crate::inspect::{Inspect, Whole};
use crate::table::Records;

mod budget;
mod columns;
mod findings;
mod mysql;
mod postgres;
mod show;
mod sqlite;

pub use budget::Budget;
pub use findings::{Finding, Rule};

/// How to explain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExplainOptions {
    /// Run the statement, and tell what really happened. SQLite tells the time and the rows of the whole only.
    pub analyze: bool,
    /// Plan as if every table were large, so that a plan on few rows says what it will be on many: PostgreSQL avoids
    /// scans where an index can be used. Elsewhere nothing changes: their planners use an index on small tables, too.
    pub as_if_large: bool,
}

/// What a step of a plan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Reads every row of a table.
    FullScan,
    /// Reads a whole index.
    IndexScan,
    /// Looks rows up in an index.
    IndexLookup,
    /// Joins.
    Join,
    /// Sorts.
    Sort,
    /// Groups or aggregates.
    Aggregate,
    /// Keeps rows in a temporary table.
    Temporary,
    /// Writes.
    Write,
    /// Something else.
    Other,
}

impl Operation {
    /// Its word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Operation::FullScan => "full_scan",
            Operation::IndexScan => "index_scan",
            Operation::IndexLookup => "index_lookup",
            Operation::Join => "join",
            Operation::Sort => "sort",
            Operation::Aggregate => "aggregate",
            Operation::Temporary => "temporary",
            Operation::Write => "write",
            Operation::Other => "other",
        }
    }
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it does.
    pub operation: Operation,
    /// In the database's own words.
    pub name: String,
    /// Of which table.
    pub table: Option<String>,
    /// By which index.
    pub index: Option<String>,
    /// Which rows it keeps.
    pub condition: Option<String>,
    /// How many rows the planner expects, of each run of the step.
    pub estimated_rows: Option<f64>,
    /// What the planner thinks it costs, with the steps below, in its own unit.
    pub cost: Option<f64>,
    /// How many rows there were, of each run of the step.
    pub rows: Option<f64>,
    /// How many rows it read and left out, of each run.
    pub removed: Option<f64>,
    /// How often it was run.
    pub loops: Option<f64>,
    /// How long all its runs took, with the steps below, in milliseconds.
    pub milliseconds: Option<f64>,
    /// Pages found in memory, with the steps below.
    pub buffers_hit: Option<u64>,
    /// Pages read from disk, with the steps below.
    pub buffers_read: Option<u64>,
    /// Kilobytes written because memory was not enough.
    pub spilled: Option<u64>,
    /// The steps that it takes its rows from.
    pub steps: Vec<Step>,
}

impl Step {
    fn new(operation: Operation, name: impl Into<String>) -> Self {
        Step {
            operation,
            name: name.into(),
            table: None,
            index: None,
            condition: None,
            estimated_rows: None,
            cost: None,
            rows: None,
            removed: None,
            loops: None,
            milliseconds: None,
            buffers_hit: None,
            buffers_read: None,
            spilled: None,
            steps: Vec::new(),
        }
    }

    /// This step and all below it.
    pub fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s Step)) {
        visit(self);
        self.steps.iter().for_each(|step| step.each(visit));
    }

    fn each_mut(&mut self, visit: &mut dyn FnMut(&mut Step)) {
        visit(self);
        self.steps.iter_mut().for_each(|step| step.each_mut(visit));
    }

    /// How many rows it takes.
    fn taken(&self) -> f64 {
        let taken = |step: &Step| step.rows.unwrap_or_default() * step.loops.unwrap_or(1.0);
        self.steps.iter().map(taken).sum()
    }
}

/// How a database runs a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Of which dialect.
    pub dialect: Dialect,
    /// The statement.
    pub sql: String,
    /// What it does.
    pub root: Step,
    /// How long planning took, in milliseconds.
    pub planning: Option<f64>,
    /// How long running took, in milliseconds.
    pub execution: Option<f64>,
    /// It was run.
    pub analyzed: bool,
    /// What is worth doing about it.
    pub findings: Vec<Finding>,
}

impl Plan {
    /// Every step, those that come first before those below.
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps = Vec::new();
        self.root.each(&mut |step| steps.push(step));
        steps
    }

    fn largest_sort_spilled(&mut self) {
        let sorts = |step: &Step| step.operation == Operation::Sort;
        let most = self.steps().into_iter().filter(|step| sorts(step)).map(Step::taken).fold(0.0, f64::max);
        self.root.each_mut(&mut |step| {
            if sorts(step) && step.taken() >= most {
                step.spilled = Some(0);
            }
        });
    }

    /// The tree and the times, without the findings.
    pub fn tree(&self) -> String {
        show::tree(self)
    }

    /// As JSON.
    pub fn json(&self) -> serde_json::Value {
        show::json(self)
    }
}

/// How a statement is run, told by the database.
///
/// ```text
/// let plan = Post::find().filter(Post.title.eq("Hello")).explain(&mut db).await?;
/// println!("{plan}");
/// assert_plan!(plan, no_full_scan, at_most_rows(10));
/// ```
pub trait Explain: Inspect + Send {
    /// How the database would run it.
    ///
    /// # Errors
    /// As running it.
    fn explain(self, executor: &mut impl Executor) -> impl Future<Output = Result<Plan>> + Send {
        self.explain_with(ExplainOptions::default(), executor)
    }

    /// Runs it and tells how the database did. What it writes is rolled back.
    ///
    /// # Errors
    /// As running it.
    fn explain_analyze(self, executor: &mut impl Executor) -> impl Future<Output = Result<Plan>> + Send {
        self.explain_with(ExplainOptions { analyze: true, ..Default::default() }, executor)
    }

    /// How the database runs it, by these options.
    ///
    /// # Errors
    /// As running it.
    fn explain_with(
        self,
        options: ExplainOptions,
        executor: &mut impl Executor,
    ) -> impl Future<Output = Result<Plan>> + Send {
        let whole = self.into_whole();
        async move { explain(whole?, options, executor).await }
    }
}

impl<Q: Inspect + Send> Explain for Q {}

async fn explain(whole: Whole, options: ExplainOptions, executor: &mut dyn Executor) -> Result<Plan> {
    let writes = whole.writes();
    let own_transaction =
        (writes && options.analyze) || (options.as_if_large && executor.dialect() == Dialect::Postgres);
    if !own_transaction {
        let intent = if writes { Intent::Write } else { Intent::Read };
        return read(&mut executor.lease(intent).await?, whole, options).await;
    }
    let mut tx = executor.begin(Default::default()).await?;
    let plan = read(&mut tx.lease(Intent::Write).await?, whole, options).await;
    tx.rollback().await?;
    plan
}

async fn read(lease: &mut Lease<'_>, mut whole: Whole, options: ExplainOptions) -> Result<Plan> {
    let dialect = lease.target().dialect;
    let rendered = whole.with_tree(dialect, |tree| lease.render(tree))?;
    if options.as_if_large && dialect == Dialect::Postgres {
        let result = lease.connection().batch("SET LOCAL enable_seqscan = off").await;
        lease.note(&result);
        result?;
    }
    let mut plan = match dialect {
        Dialect::Sqlite => of_sqlite(lease, &rendered, options).await?,
        Dialect::Postgres => {
            let words =
                if options.analyze { "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " } else { "EXPLAIN (FORMAT JSON) " };
            postgres::plan(&rendered.sql, &told(lease, words, &rendered).await?, options.analyze)?
        }
        Dialect::Mysql => {
            let product = lease.connection().server().product.clone();
            let number = lease.connection().server().number;
            let versions = product == "MySQL" && number >= 80_300;
            let words = match (options.analyze, product.as_str()) {
                (false, _) => "EXPLAIN FORMAT=JSON ",
                (true, "MariaDB") => "ANALYZE FORMAT=JSON ",
                (true, _) if versions => "EXPLAIN ANALYZE FORMAT=JSON ",
                (true, _) => {
                    return Err(Error::unsupported(
                        "MySQL before 8.3 tells what really happened only as text",
                        "explain without analyzing, or run EXPLAIN ANALYZE by `sql(…)`",
                    ));
                }
            };
            if versions {
                // Only the first form tells of writes, only the second what really happened.
                let form = if options.analyze { 2 } else { 1 };
                let result = lease.connection().batch(&format!("SET explain_json_format_version = {form}")).await;
                lease.note(&result);
                result?;
            }
            // MySQL's plan tells nothing of sorts on disk, its session does.
            let counted = options.analyze && product != "MariaDB";
            let before = if counted { sorted_on_disk(lease).await? } else { 0 };
            let mut plan = mysql::plan(&rendered.sql, &told(lease, words, &rendered).await?, options.analyze)?;
            if counted && sorted_on_disk(lease).await? > before {
                plan.largest_sort_spilled();
            }
            plan
        }
    };
    // On a replica or without the right to see them the sizes may be missing: then there is less to find.
    let result = lease.connection().statistics().await;
    lease.note(&result);
    plan.findings = findings::of(&plan, &result.unwrap_or_default());
    Ok(plan)
}

/// How often a sort of this session has come together again from what was on disk.
async fn sorted_on_disk(lease: &mut Lease<'_>) -> Result<u64> {
    let counted = rows(lease, "SHOW SESSION STATUS LIKE 'Sort_merge_passes'", &[]).await?;
    let number = counted.first().and_then(|row| row.get(1)).map(|value| match value {
        Value::Text(text) => text.parse().unwrap_or_default(),
        Value::Int(number) => u64::try_from(*number).unwrap_or_default(),
        _ => 0,
    });
    Ok(number.unwrap_or_default())
}

/// The one text that the database answers.
async fn told(lease: &mut Lease<'_>, words: &str, rendered: &Rendered) -> Result<serde_json::Value> {
    let records = rows(lease, &format!("{words}{}", rendered.sql), &rendered.params).await?;
    let text = records.first().and_then(|record| record.first()).map(|value| match value {
        Value::Text(text) | Value::Json(text) => text.clone(),
        other => format!("{other:?}"),
    });
    let text = text.ok_or_else(|| unread("nothing"))?;
    serde_json::from_str(&text).map_err(|error| unread("something that is no JSON").caused_by(error))
}

async fn rows(lease: &mut Lease<'_>, sql: &str, params: &[Value]) -> Result<Vec<Vec<Value>>> {
    let mut sink = Records::default();
    let result = lease.connection().query(Statement::once(sql, params), &mut sink).await;
    lease.note(&result);
    result.map_err(|error| crate::executor::with_sql(error, sql))?;
    Ok(sink.into_records().iter().map(|record| record.values().to_vec()).collect())
}

async fn of_sqlite(lease: &mut Lease<'_>, rendered: &Rendered, options: ExplainOptions) -> Result<Plan> {
    let sql = &rendered.sql;
    // Explaining alone does not notice that another connection changed the schema; reading does.
    rows(lease, "SELECT COUNT(*) FROM sqlite_schema", &[]).await?;
    let steps = rows(lease, &format!("EXPLAIN QUERY PLAN {sql}"), &rendered.params).await?;
    let mut plan = sqlite::plan(sql, &steps);
    if options.analyze {
        let began = std::time::Instant::now();
        let found = rows(lease, sql, &rendered.params).await?.len();
        plan.execution = Some(began.elapsed().as_secs_f64() * 1000.0);
        plan.root.rows = Some(found as f64);
        plan.analyzed = true;
    }
    Ok(plan)
}

fn unread(what: &str) -> Error {
    Error::new(relata_sql::Kind::Protocol, format!("the database answers {what} where a plan was asked for"))
}
