//! The second form of MySQL's plans in JSON: a tree of iterators, with what they did. Conditions are filters of their own
//! there; here they belong to the table that they filter.

use relata_schema::Dialect;
use relata_sql::{Error, Result};
use serde_json::Value as Json;

use super::super::{Operation, Plan, Step};

pub(super) fn plan(sql: &str, told: &Json, analyzed: bool) -> Result<Plan> {
    if told.get("access_type").is_none() {
        return Err(Error::unsupported(
            "MySQL does not tell what really happened in a statement like this",
            "explain it without analyzing",
        ));
    }
    let root = step(told);
    let execution = root.milliseconds.filter(|_| analyzed);
    Ok(Plan {
        dialect: Dialect::Mysql,
        sql: sql.to_string(),
        root,
        planning: None,
        execution,
        analyzed,
        findings: Vec::new(),
    })
}

fn step(node: &Json) -> Step {
    let text = |key: &str| node.get(key).and_then(Json::as_str);
    let number = |key: &str| node.get(key).and_then(Json::as_f64);
    let mut below: Vec<Step> = ["inputs", "inputs_from_select_list"]
        .iter()
        .filter_map(|key| node.get(key)?.as_array())
        .flatten()
        .map(step)
        .collect();
    let access = text("access_type").unwrap_or_default();
    if let ("filter" | "limit" | "stream", [only]) = (access, below.as_slice()) {
        let mut only = only.clone();
        if access == "filter" {
            only.removed = only.rows.zip(number("actual_rows")).map(|(read, kept)| (read - kept).max(0.0).round());
            only.condition = text("condition").map(String::from).or(only.condition);
        }
        return only;
    }
    let (operation, name) = what(node, access);
    let mut step = Step::new(operation, name);
    let temporary = text("table_name").is_some_and(|name| name.starts_with('<'));
    if matches!(access, "table" | "index") && !temporary {
        step.table = text("alias").or_else(|| text("table_name")).map(String::from);
        step.index = text("index_name").map(String::from);
        step.condition = text("lookup_condition").or_else(|| text("pushed_index_condition")).map(String::from);
    } else {
        step.condition = text("condition").map(String::from);
    }
    step.cost = number("estimated_total_cost");
    step.estimated_rows = number("estimated_rows");
    step.rows = number("actual_rows");
    step.loops = number("actual_loops");
    step.milliseconds = number("actual_last_row_ms").map(|last| last * step.loops.unwrap_or(1.0));
    step.steps = std::mem::take(&mut below);
    step
}

fn what(node: &Json, access: &str) -> (Operation, String) {
    let text = |key: &str| node.get(key).and_then(Json::as_str).unwrap_or_default();
    let (operation, name) = match (access, text("index_access_type")) {
        ("table", _) if text("table_name").starts_with('<') => (Operation::Temporary, "temporary table"),
        ("table", _) => (Operation::FullScan, "full scan"),
        ("index", "index_scan") => (Operation::IndexScan, "index scan"),
        ("index", "index_range_scan") => (Operation::IndexLookup, "index range"),
        ("index", _) if text("operation").starts_with("Single-row") => (Operation::IndexLookup, "unique lookup"),
        ("index", _) => (Operation::IndexLookup, "index lookup"),
        ("rows_fetched_before_execution", _) => (Operation::IndexLookup, "unique lookup"),
        ("join", _) => return (Operation::Join, text("join_algorithm").replace('_', " ")),
        ("sort", _) => (Operation::Sort, "sort"),
        ("aggregate" | "temp_table_aggregate" | "window", _) => (Operation::Aggregate, "aggregate"),
        ("materialize" | "materialized_table_function", _) => (Operation::Temporary, "materialized"),
        _ => return (Operation::Other, access.replace('_', " ")),
    };
    (operation, name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_belong_to_what_they_filter() {
        let told = serde_json::json!({"inputs": [
            {"inputs": [{"table_name": "posts", "alias": "t0", "access_type": "table", "operation": "Table scan on t0",
                         "actual_rows": 10.0, "actual_loops": 2, "actual_last_row_ms": 0.5, "estimated_rows": 9.0}],
             "condition": "(t0.a > 1)", "access_type": "filter", "actual_rows": 4.0, "actual_loops": 2},
            {"table_name": "users", "access_type": "index", "index_access_type": "index_lookup", "index_name": "PRIMARY",
             "operation": "Single-row index lookup on users", "lookup_condition": "id = t0.id", "actual_rows": 1.0,
             "actual_loops": 8}],
            "join_algorithm": "nested_loop", "access_type": "join", "actual_rows": 8.0, "actual_loops": 1,
            "actual_last_row_ms": 2.0});
        let plan = plan("SELECT", &told, true).unwrap();
        assert_eq!((plan.root.operation, plan.root.name.as_str()), (Operation::Join, "nested loop"));
        assert_eq!(plan.execution, Some(2.0));
        let [posts, users] = plan.root.steps.as_slice() else { panic!("two inputs") };
        assert_eq!(
            (posts.operation, posts.table.as_deref(), posts.removed),
            (Operation::FullScan, Some("t0"), Some(6.0))
        );
        assert_eq!((posts.condition.as_deref(), posts.milliseconds), (Some("(t0.a > 1)"), Some(1.0)));
        assert_eq!((users.name.as_str(), users.index.as_deref()), ("unique lookup", Some("PRIMARY")));
        let nothing = super::plan("UPDATE", &serde_json::json!({"operation": "<not executable>"}), true);
        assert_eq!(nothing.unwrap_err().kind(), relata_sql::Kind::Unsupported);
    }
}
