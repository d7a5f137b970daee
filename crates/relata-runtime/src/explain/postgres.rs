//! Plans of PostgreSQL, which tells the most.

use relata_schema::Dialect;
use relata_sql::Result;
use serde_json::Value as Json;

use super::{Operation, Plan, Step, unread};

pub(super) fn plan(sql: &str, told: &Json, analyzed: bool) -> Result<Plan> {
    let whole = told.get(0).ok_or_else(|| unread("an empty list"))?;
    let root = whole.get("Plan").ok_or_else(|| unread("no plan"))?;
    Ok(Plan {
        dialect: Dialect::Postgres,
        sql: sql.to_string(),
        root: step(root),
        planning: whole.get("Planning Time").and_then(Json::as_f64),
        execution: whole.get("Execution Time").and_then(Json::as_f64),
        analyzed,
        findings: Vec::new(),
    })
}

fn step(node: &Json) -> Step {
    let text = |key: &str| node.get(key).and_then(Json::as_str).map(str::to_string);
    let number = |key: &str| node.get(key).and_then(Json::as_f64);
    let pages = |key: &str| node.get(key).and_then(Json::as_u64);
    let kind = text("Node Type").unwrap_or_default();
    let join = text("Join Type").filter(|join| join != "Inner").map(|join| format!(" ({})", join.to_lowercase()));
    let mut step = Step::new(operation(&kind), format!("{kind}{}", join.unwrap_or_default()));
    step.table = text("Relation Name");
    step.index = text("Index Name");
    if kind.starts_with("Index") && node.get("Index Cond").is_none() {
        step.operation = Operation::IndexScan;
    }
    let conditions = ["Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter"];
    let conditions: Vec<String> = conditions.iter().filter_map(|key| text(key)).collect();
    step.condition = (!conditions.is_empty()).then(|| conditions.join(" and "));
    step.estimated_rows = number("Plan Rows");
    step.cost = number("Total Cost");
    step.rows = number("Actual Rows");
    let removed = ["Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck"];
    step.removed = removed.iter().filter_map(|key| number(key)).reduce(|all, one| all + one);
    step.loops = number("Actual Loops");
    step.milliseconds = number("Actual Total Time").map(|time| time * step.loops.unwrap_or(1.0).max(1.0));
    step.buffers_hit = pages("Shared Hit Blocks");
    step.buffers_read = pages("Shared Read Blocks");
    step.spilled = spilled(node);
    let below = node.get("Plans").and_then(Json::as_array);
    step.steps = below.into_iter().flatten().map(self::step).collect();
    step
}

/// A sort on disk, or a hash in several batches.
fn spilled(node: &Json) -> Option<u64> {
    let number = |key: &str| node.get(key).and_then(Json::as_u64);
    if node.get("Sort Space Type").and_then(Json::as_str) == Some("Disk") {
        return number("Sort Space Used");
    }
    let batches = number("Hash Batches").or_else(|| number("HashAgg Batches")).filter(|batches| *batches > 1);
    // Pages have eight kilobytes.
    batches.map(|_| number("Disk Usage").or_else(|| number("Temp Written Blocks").map(|pages| pages * 8)).unwrap_or(1))
}

fn operation(kind: &str) -> Operation {
    match kind {
        "Seq Scan" | "Sample Scan" => Operation::FullScan,
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" | "Bitmap Heap Scan" | "Tid Scan" => {
            Operation::IndexLookup
        }
        "Nested Loop" | "Hash Join" | "Merge Join" => Operation::Join,
        "Sort" | "Incremental Sort" => Operation::Sort,
        "Aggregate" | "Group" | "WindowAgg" | "Unique" | "SetOp" => Operation::Aggregate,
        "Materialize" | "CTE Scan" | "WorkTable Scan" | "Memoize" => Operation::Temporary,
        "ModifyTable" => Operation::Write,
        _ => Operation::Other,
    }
}
