//! Plans for people, and as JSON.

use std::fmt;

use serde_json::{Value as Json, json};

use super::findings::grouped;
use super::{Plan, Step};

impl fmt::Display for Plan {
    /// The tree, the times and the findings, without a line feed at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&tree(self))?;
        for finding in &self.findings {
            write!(f, "\n{}: {}\n  try: {}", finding.rule.word(), finding.message, finding.fix)?;
        }
        Ok(())
    }
}

/// The tree and the times.
pub(super) fn tree(plan: &Plan) -> String {
    let mut out = String::new();
    write_step(&mut out, &plan.root, "", "");
    let times = [("planned in", plan.planning), ("run in", plan.execution)];
    let times: Vec<String> =
        times.iter().filter_map(|(word, time)| Some(format!("{word} {}", milliseconds((*time)?)))).collect();
    if !times.is_empty() {
        out += &format!("\n{}", times.join(", "));
    }
    out
}

fn write_step(out: &mut String, step: &Step, first: &str, rest: &str) {
    *out += &format!("{first}{}", headline(step));
    if let Some(condition) = &step.condition {
        *out += &format!("\n{rest}{}{condition}", if step.steps.is_empty() { "    " } else { "│   " });
    }
    for (index, below) in step.steps.iter().enumerate() {
        let last = index + 1 == step.steps.len();
        let (branch, around) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.push('\n');
        write_step(out, below, &format!("{rest}{branch}"), &format!("{rest}{around}"));
    }
}

fn headline(step: &Step) -> String {
    let mut line = step.name.clone();
    if let Some(table) = &step.table {
        line += &format!(" of {table}");
    }
    if let Some(index) = &step.index {
        line += &format!(" by {index}");
    }
    let mut facts = Vec::new();
    facts.extend(step.cost.map(|cost| format!("cost {cost:.1}")));
    facts.extend(step.estimated_rows.map(|rows| format!("{} rows expected", grouped(rows as u64))));
    facts.extend(step.rows.map(|rows| format!("{} rows", grouped(rows as u64))));
    facts.extend(step.removed.filter(|rows| *rows > 0.0).map(|rows| format!("{} left out", grouped(rows as u64))));
    facts.extend(step.loops.filter(|loops| *loops > 1.0).map(|loops| format!("{} times", grouped(loops as u64))));
    facts.extend(step.milliseconds.map(milliseconds));
    if let (Some(hit), Some(read)) = (step.buffers_hit, step.buffers_read) {
        facts.push(format!("{} pages in memory, {} read", grouped(hit), grouped(read)));
    }
    facts.extend(step.spilled.map(|kilobytes| match kilobytes {
        0 => "on disk".to_string(),
        kilobytes => format!("{} kB on disk", grouped(kilobytes)),
    }));
    if facts.is_empty() { line } else { format!("{line}  ({})", facts.join(", ")) }
}

fn milliseconds(time: f64) -> String {
    format!("{time:.2} ms")
}

/// A plan as JSON.
pub(super) fn json(plan: &Plan) -> Json {
    let findings = plan
        .findings
        .iter()
        .map(|finding| json!({ "rule": finding.rule.word(), "message": finding.message, "fix": finding.fix }));
    json!({
        "dialect": plan.dialect.to_string(),
        "sql": plan.sql,
        "analyzed": plan.analyzed,
        "planning_ms": plan.planning,
        "execution_ms": plan.execution,
        "plan": json_step(&plan.root),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn json_step(step: &Step) -> Json {
    json!({
        "operation": step.operation.word(),
        "name": step.name,
        "table": step.table,
        "index": step.index,
        "condition": step.condition,
        "estimated_rows": step.estimated_rows,
        "cost": step.cost,
        "rows": step.rows,
        "removed": step.removed,
        "loops": step.loops,
        "ms": step.milliseconds,
        "buffers_hit": step.buffers_hit,
        "buffers_read": step.buffers_read,
        "spilled_kb": step.spilled,
        "steps": step.steps.iter().map(json_step).collect::<Vec<_>>(),
    })
}
