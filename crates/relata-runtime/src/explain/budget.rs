//! What a plan may cost, for tests.

use super::{Operation, Plan, Step};

/// What a plan may cost. `assert_plan!` in the facade is the short way.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
enum Rule {
    NoFullScan(Option<String>),
    NoSort,
    NoFindings,
    UsesIndex(String),
    AtMostRows(u64),
    AtMostCost(f64),
    AtMostMilliseconds(f64),
}

impl Budget {
    /// Everything is allowed.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// No table is read row by row. On the few rows of a test PostgreSQL does so whatever the indexes: explain with
    /// `as_if_large`.
    #[must_use]
    pub fn no_full_scan(self) -> Self {
        self.with(Rule::NoFullScan(None))
    }

    /// This table (or alias) is not read row by row.
    #[must_use]
    pub fn no_full_scan_of(self, table: impl Into<String>) -> Self {
        self.with(Rule::NoFullScan(Some(table.into())))
    }

    /// Nothing is sorted: an index has the order.
    #[must_use]
    pub fn no_sort(self) -> Self {
        self.with(Rule::NoSort)
    }

    /// There is nothing worth doing about it.
    #[must_use]
    pub fn no_findings(self) -> Self {
        self.with(Rule::NoFindings)
    }

    /// This index is used.
    #[must_use]
    pub fn uses_index(self, index: impl Into<String>) -> Self {
        self.with(Rule::UsesIndex(index.into()))
    }

    /// So many rows are read from tables and indexes: those that were, if the plan was analyzed, else those expected.
    /// SQLite tells neither: there it always holds.
    #[must_use]
    pub fn at_most_rows(self, rows: u64) -> Self {
        self.with(Rule::AtMostRows(rows))
    }

    /// The planner thinks that it costs no more, in its own unit. SQLite does not tell: there it always holds.
    #[must_use]
    pub fn at_most_cost(self, cost: f64) -> Self {
        self.with(Rule::AtMostCost(cost))
    }

    /// Running it took no longer; of a plan that was not analyzed it always holds.
    #[must_use]
    pub fn at_most_milliseconds(self, milliseconds: f64) -> Self {
        self.with(Rule::AtMostMilliseconds(milliseconds))
    }

    /// What the plan exceeds, a sentence for each.
    pub fn exceeded(&self, plan: &Plan) -> Vec<String> {
        self.rules.iter().filter_map(|rule| broken(rule, plan)).collect()
    }

    /// Panics with the plan if it exceeds the budget.
    ///
    /// # Panics
    /// If the plan exceeds the budget.
    #[track_caller]
    pub fn assert(&self, plan: &Plan) {
        let exceeded = self.exceeded(plan);
        assert!(exceeded.is_empty(), "{}\n\nsql: {}\n{plan}", exceeded.join("\n"), plan.sql);
    }
}

fn broken(rule: &Rule, plan: &Plan) -> Option<String> {
    let steps = plan.steps();
    match rule {
        Rule::NoFullScan(of) => {
            let scanned = |step: &&&Step| {
                step.operation == Operation::FullScan && of.as_ref().is_none_or(|of| step.table.as_ref() == Some(of))
            };
            let step = steps.iter().find(scanned)?;
            Some(format!("every row of {} is read", step.table.as_deref().unwrap_or("a table")))
        }
        Rule::NoSort => {
            let step = steps.iter().find(|step| step.operation == Operation::Sort)?;
            Some(format!("rows are sorted: {}", step.name))
        }
        Rule::NoFindings => {
            let finding = plan.findings.first()?;
            Some(format!("{}: {}", finding.rule.word(), finding.message))
        }
        Rule::UsesIndex(index) => {
            if steps.iter().any(|step| step.index.as_ref() == Some(index)) {
                return None;
            }
            let used: Vec<&str> = steps.iter().filter_map(|step| step.index.as_deref()).collect();
            let used = if used.is_empty() { "none".to_string() } else { used.join(", ") };
            Some(format!("the index {index} is not used (used: {used})"))
        }
        Rule::AtMostRows(most) => {
            let rows: f64 = steps.iter().filter(|step| step.table.is_some()).map(|step| read_rows(step)).sum();
            (rows > *most as f64).then(|| format!("{rows} rows are read, and {most} were allowed"))
        }
        Rule::AtMostCost(most) => {
            let cost = plan.root.cost.filter(|cost| cost > most)?;
            Some(format!("it costs {cost}, and {most} was allowed"))
        }
        Rule::AtMostMilliseconds(most) => {
            let time = plan.execution.filter(|time| time > most)?;
            Some(format!("it took {time} ms, and {most} were allowed"))
        }
    }
}

fn read_rows(step: &Step) -> f64 {
    let of_run = step.rows.map(|rows| rows + step.removed.unwrap_or_default()).or(step.estimated_rows);
    of_run.unwrap_or_default() * step.loops.unwrap_or(1.0)
}
