//! Plans of MariaDB and MySQL: objects in objects, of which the tables are the leaves. What MySQL tells of a statement
//! that it ran has a form of its own ([`second`]).

mod second;

use relata_schema::Dialect;
use relata_sql::Result;
use serde_json::Value as Json;

use super::{Operation, Plan, Step, unread};

pub(super) fn plan(sql: &str, told: &Json, analyzed: bool) -> Result<Plan> {
    if let Some(root) = told.get("query_plan") {
        return second::plan(sql, root, analyzed);
    }
    let block = told.get("query_block").ok_or_else(|| unread("no plan"))?;
    let mut root = Step::new(Operation::Other, "query");
    root.cost = cost(block);
    root.milliseconds = block.get("r_total_time_ms").and_then(Json::as_f64);
    below(block, &mut root.steps);
    let planning = told.pointer("/query_optimization/r_total_time_ms").and_then(Json::as_f64);
    let execution = root.milliseconds;
    // A query of one step is that step.
    if let [only] = &mut root.steps[..] {
        let mut only = only.clone();
        only.cost = only.cost.or(root.cost);
        only.milliseconds = only.milliseconds.or(root.milliseconds);
        root = only;
    }
    Ok(Plan {
        dialect: Dialect::Mysql,
        sql: sql.to_string(),
        root,
        planning,
        execution,
        analyzed,
        findings: Vec::new(),
    })
}

fn cost(node: &Json) -> Option<f64> {
    let of_mysql = || node.pointer("/cost_info/query_cost").or_else(|| node.pointer("/cost_info/prefix_cost"));
    let found = node.get("cost").or_else(of_mysql)?;
    found.as_f64().or_else(|| found.as_str()?.parse().ok())
}

/// The steps inside of an object.
fn below(node: &Json, steps: &mut Vec<Step>) {
    let Json::Object(members) = node else { return };
    for (key, member) in members {
        match (key.as_str(), member) {
            ("table", Json::Object(_)) => steps.push(table(member)),
            ("nested_loop", Json::Array(parts)) if parts.len() > 1 => {
                let mut join = Step::new(Operation::Join, "nested loop");
                parts.iter().for_each(|part| below(part, &mut join.steps));
                steps.push(join);
            }
            ("query_block" | "read_sorted_file" | "nested_loop", member) => inside(member, steps),
            ("r_engine_stats" | "cost_info" | "query_optimization", _) => {}
            (key, Json::Object(_) | Json::Array(_)) if !key.starts_with("possible_keys") => {
                let mut found = Vec::new();
                inside(member, &mut found);
                // Lists of names are no steps.
                if !found.is_empty() {
                    let mut step = Step::new(operation(key), key.replace(['_', '-'], " "));
                    step.milliseconds = member.get("r_total_time_ms").and_then(Json::as_f64);
                    step.rows = member.get("r_output_rows").and_then(Json::as_f64);
                    step.condition = member.get("sort_key").or_else(|| member.get("attached_condition")).and_then(text);
                    step.spilled =
                        member.get("r_temp_table_disk").or_else(|| member.get("r_sort_passes")).and_then(Json::as_u64);
                    // It tells how often, and not how much.
                    step.spilled = step.spilled.filter(|spilled| *spilled > 0).map(|_| 0);
                    step.steps = found;
                    steps.push(step);
                }
            }
            _ => {}
        }
    }
}

fn inside(member: &Json, steps: &mut Vec<Step>) {
    match member {
        Json::Array(parts) => parts.iter().for_each(|part| below(part, steps)),
        member => below(member, steps),
    }
}

fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_string)
}

fn table(node: &Json) -> Step {
    let number = |key: &str| node.get(key).and_then(Json::as_f64);
    let access = node.get("access_type").and_then(Json::as_str).unwrap_or_default();
    let (operation, name) = match access {
        "ALL" => (Operation::FullScan, "full scan"),
        "index" => (Operation::IndexScan, "index scan"),
        "range" => (Operation::IndexLookup, "index range"),
        "ref" | "ref_or_null" | "fulltext" => (Operation::IndexLookup, "index lookup"),
        "eq_ref" | "const" | "system" | "unique_subquery" => (Operation::IndexLookup, "unique lookup"),
        "index_merge" => (Operation::IndexLookup, "merged indexes"),
        _ => (Operation::Other, "table"),
    };
    let mut step = Step::new(operation, name);
    step.table = node.get("table_name").and_then(text);
    step.index = node.get("key").and_then(text);
    step.condition = node.get("attached_condition").or_else(|| node.get("index_condition")).and_then(text);
    step.cost = cost(node);
    step.estimated_rows = number("rows").or_else(|| number("rows_examined_per_scan"));
    step.loops = number("r_loops");
    step.rows = number("r_rows");
    let left_out = number("r_filtered").map(|kept| 1.0 - kept / 100.0);
    step.removed = step.rows.zip(left_out).map(|(rows, left_out)| (rows * left_out).round());
    step.milliseconds = number("r_total_time_ms").or_else(|| number("r_table_time_ms"));
    below(node, &mut step.steps);
    step
}

fn operation(key: &str) -> Operation {
    match key {
        "filesort" | "ordering_operation" => Operation::Sort,
        "temporary_table" | "materialized" | "materialized_from_subquery" | "union_result" => Operation::Temporary,
        "grouping_operation" | "duplicates_removal" | "window_functions_computation" => Operation::Aggregate,
        "block-nl-join" => Operation::Join,
        _ => Operation::Other,
    }
}
