//! Plans of SQLite: lines that say what is scanned, what is searched, and what is sorted.

use relata_schema::Dialect;
use relata_sql::Value;

use super::{Operation, Plan, Step};

/// Rows are: number, number of the step around, nothing, text.
pub(super) fn plan(sql: &str, rows: &[Vec<Value>]) -> Plan {
    let mut lines: Vec<(i64, i64, Step)> = Vec::new();
    for row in rows {
        if let [Value::Int(number), Value::Int(around), _, Value::Text(text)] = &row[..] {
            lines.push((*number, *around, step(text)));
        }
    }
    let mut steps = below(&lines, 0);
    let root = match steps.len() {
        1 => steps.remove(0),
        _ => {
            let several = steps.iter().filter(|step| step.table.is_some()).count() > 1;
            let mut root = match several {
                true => Step::new(Operation::Join, "nested loop"),
                false => Step::new(Operation::Other, "query"),
            };
            root.steps = steps;
            root
        }
    };
    let sql = sql.to_string();
    Plan { dialect: Dialect::Sqlite, sql, root, planning: None, execution: None, analyzed: false, findings: Vec::new() }
}

fn below(lines: &[(i64, i64, Step)], around: i64) -> Vec<Step> {
    let inside = lines.iter().filter(|line| line.1 == around);
    let with_steps = inside.map(|(number, _, step)| Step { steps: below(lines, *number), ..step.clone() });
    with_steps.collect()
}

/// `SEARCH posts USING INDEX posts_slug (slug=?)`, `SCAN t0`, `USE TEMP B-TREE FOR ORDER BY`
fn step(text: &str) -> Step {
    let (head, condition) = match text.split_once(" (") {
        Some((head, condition)) if text.ends_with(')') => (head, Some(condition.trim_end_matches(')').to_string())),
        _ => (text, None),
    };
    let words: Vec<&str> = head.split(' ').collect();
    let index = head.split_once("INDEX ").map(|(_, index)| index.split(' ').next().unwrap_or_default().to_string());
    let index = index.filter(|name| !name.is_empty() && name != "(");
    let key = head.contains("PRIMARY KEY");
    let operation = match words[..] {
        ["SCAN", "CONSTANT", ..] => Operation::Other,
        ["SCAN", ..] if index.is_some() => Operation::IndexScan,
        ["SCAN", ..] => Operation::FullScan,
        ["SEARCH", ..] => Operation::IndexLookup,
        ["USE", "TEMP", "B-TREE", ..] if text.ends_with("ORDER BY") => Operation::Sort,
        ["USE", "TEMP", "B-TREE", ..] => Operation::Aggregate,
        ["MATERIALIZE" | "CO-ROUTINE", ..] => Operation::Temporary,
        _ => Operation::Other,
    };
    let name = match operation {
        Operation::FullScan => "full scan".to_string(),
        Operation::IndexScan => "index scan".to_string(),
        Operation::IndexLookup if head.contains("AUTOMATIC") => "lookup in an index made for this query".to_string(),
        Operation::IndexLookup if key => "lookup by key".to_string(),
        Operation::IndexLookup => "index lookup".to_string(),
        _ => text.to_lowercase(),
    };
    let mut step = Step::new(operation, name);
    if matches!(operation, Operation::FullScan | Operation::IndexScan | Operation::IndexLookup) {
        step.table = words.get(1).map(|table| (*table).to_string());
        step.index = if key { Some("primary key".to_string()) } else { index };
        step.condition = condition;
    }
    step
}
