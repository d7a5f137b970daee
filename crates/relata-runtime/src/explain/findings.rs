//! What is worth doing about a plan.

use relata_schema::Dialect;
use relata_schema::statistics::TableStatistics;

use super::columns::{self, Read};
use super::{Operation, Plan, Step};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Every row of a big table is read.
    FullScan,
    /// Rows of a big table are looked for without an index that finds them.
    MissingIndex,
    /// There were far more, or far fewer, rows than the planner thought.
    BadEstimate,
    /// Memory was not enough, and rows were written to disk.
    Spill,
}

impl Rule {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Rule::FullScan => "full_scan",
            Rule::MissingIndex => "missing_index",
            Rule::BadEstimate => "bad_estimate",
            Rule::Spill => "spill",
        }
    }
}

/// Something worth doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub rule: Rule,
    /// In words.
    pub message: String,
    /// What to try, as SQL where that is possible.
    pub fix: String,
}

/// A table of so many rows is big.
const BIG: u64 = 10_000;
/// An estimate that is off by this factor is bad,
const OFF: f64 = 10.0;
/// where there are so many rows at least.
const MANY: f64 = 1_000.0;

pub(super) fn of(plan: &Plan, sizes: &[TableStatistics]) -> Vec<Finding> {
    let read = columns::read(&plan.sql);
    let mut findings: Vec<Finding> = Vec::new();
    plan.root.each(&mut |step| {
        let found = [
            scan(plan, step, &read, sizes),
            narrow(plan, step, &read),
            estimate(plan.dialect, step, &read),
            spill(plan, step),
        ];
        for finding in found.into_iter().flatten() {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    });
    findings
}

/// Every row of a big table.
fn scan(plan: &Plan, step: &Step, read: &Read, sizes: &[TableStatistics]) -> Option<Finding> {
    let automatic = step.name.contains("made for this query");
    let whole_index = step.operation == Operation::IndexScan && step.condition.is_some();
    if step.operation != Operation::FullScan && !whole_index && !automatic {
        return None;
    }
    let table = read.table(step.table.as_deref()?);
    let known = sizes.iter().find(|size| size.name.name == table).map(TableStatistics::rows_or_guess);
    let told = step.rows.zip(step.removed).map(|(rows, removed)| (rows + removed) as u64);
    let rows = known.max(told).filter(|rows| automatic || *rows >= BIG)?;
    let columns = read.index_of(table);
    let about = grouped(rows);
    if automatic {
        let message = format!("an index of {table} is made each time this query runs, of {about} rows");
        return Some(Finding { rule: Rule::MissingIndex, message, fix: create_index(plan.dialect, table, &columns) });
    }
    if columns.is_empty() {
        let message = format!("all {about} rows of {table} are read: nothing narrows them down");
        let fix = "add a filter, a limit with an order that an index has, or stream the rows".to_string();
        return Some(Finding { rule: Rule::FullScan, message, fix });
    }
    let message =
        format!("{table} has about {about} rows, and each is read to find those by {}", columns.join(" and "));
    Some(Finding { rule: Rule::MissingIndex, message, fix: create_index(plan.dialect, table, &columns) })
}

/// An index that finds far more rows than are wanted.
fn narrow(plan: &Plan, step: &Step, read: &Read) -> Option<Finding> {
    let (rows, removed) = (step.rows?, step.removed?);
    let total = removed * step.loops.unwrap_or(1.0);
    if step.operation != Operation::IndexLookup || total < MANY || removed < rows * OFF {
        return None;
    }
    let table = read.table(step.table.as_deref()?);
    let columns = read.index_of(table);
    if columns.len() < 2 {
        return None;
    }
    let index = step.index.as_deref().unwrap_or("an index");
    let message = format!("{index} finds {} rows of {table} that are then left out", grouped(total as u64));
    Some(Finding { rule: Rule::MissingIndex, message, fix: create_index(plan.dialect, table, &columns) })
}

fn estimate(dialect: Dialect, step: &Step, read: &Read) -> Option<Finding> {
    let (expected, rows) = (step.estimated_rows?, step.rows?);
    let loops = step.loops.unwrap_or(1.0);
    let table = read.table(step.table.as_deref()?);
    let (more, less) = (expected.max(rows).max(1.0), expected.min(rows).max(1.0));
    if loops < 1.0 || more / less < OFF || more * loops < MANY {
        return None;
    }
    let message = format!(
        "{} of {table}: {} rows were expected, and there were {}",
        step.name,
        grouped(expected as u64),
        grouped(rows as u64),
    );
    let word = if dialect == Dialect::Mysql { "ANALYZE TABLE" } else { "ANALYZE" };
    Some(Finding { rule: Rule::BadEstimate, message, fix: format!("{word} {table}") })
}

fn spill(plan: &Plan, step: &Step) -> Option<Finding> {
    let spilled = step.spilled?;
    let message = match plan.dialect {
        Dialect::Postgres => format!("{} wrote {} kB to disk: memory was not enough", step.name, grouped(spilled)),
        _ => format!("{} wrote to disk: memory was not enough", step.name),
    };
    let fix = match plan.dialect {
        Dialect::Postgres => "SET work_mem = '64MB' for this query, or give it fewer rows to sort",
        _ => "raise sort_buffer_size or tmp_table_size for this query, or give it fewer rows to sort",
    };
    Some(Finding { rule: Rule::Spill, message, fix: fix.to_string() })
}

fn create_index(dialect: Dialect, table: &str, columns: &[&str]) -> String {
    let quoted = |name: &str| {
        let plain = name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        match (plain, dialect) {
            (true, _) => name.to_string(),
            (false, Dialect::Mysql) => format!("`{name}`"),
            (false, _) => format!("\"{name}\""),
        }
    };
    let concurrently = if dialect == Dialect::Postgres { "CONCURRENTLY " } else { "" };
    let name = quoted(&format!("{table}_{}_idx", columns.join("_")));
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    format!("CREATE INDEX {concurrently}{name} ON {} ({})", quoted(table), columns.join(", "))
}

/// With blanks between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}
