//! A partition that is attached without a check that fits it
//!
//! PostgreSQL reads every row of the new partition under an exclusive lock on it, to see that it belongs there; and rows of the
//! default partition too. A validated check that says the same, with the column `NOT NULL`, spares that; one that says something
//! else does not. Where that cannot be told (several columns, a hash, an expression) it is a finding of style.
//!
//! ```sql,bad
//! ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
//! ```
//!
//! ```sql,good
//! ALTER TABLE events_2027 ADD CONSTRAINT fits CHECK (at >= '2027-01-01' AND at < '2028-01-01') NOT VALID;
//! ALTER TABLE events_2027 VALIDATE CONSTRAINT fits;
//! ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
//! ```

use crate::lint::bounds::{self, Bound, Condition, Verdict};
use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("attach-partition", Level::Hazard, POSTGRES, include_str!("attach_partition.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((alter, actions)) = context.alters_table() else { return };
    for action in actions {
        let Action::AttachPartition(partition) = &action.action else { continue };
        if context.facts.is_new(partition) {
            continue;
        }
        let verdict = verdict(context, &alter.name, partition);
        let (says, level) = match verdict {
            None => ("", Level::Hazard),
            Some(Verdict::Fits) => continue,
            Some(Verdict::Differs) => (", for its checks do not say so", Level::Hazard),
            Some(Verdict::Unknown) => (", unless its checks say so", Level::Style),
        };
        report
            .at(action.extent, format!("every row of {partition} is read to see that it belongs there{says}"))
            .help("add and validate a CHECK that says the same before; its column takes no NULL")
            .level(level)
            .by_size_of(partition);
    }
}

/// Whether the validated checks of the partition say what its bound asks for. `None`: it has none.
fn verdict(context: &Context<'_>, parent: &Name, partition: &Name) -> Option<Verdict> {
    let table = context.facts.table(partition)?;
    let valid = |check: &&crate::lint::ConstraintFact| check.kind == ConstraintKind::Check && check.valid;
    let checks: Vec<_> = table.constraints.values().filter(valid).collect();
    if checks.is_empty() {
        return None;
    }
    let conditions: Vec<Condition> = checks.iter().flat_map(|check| check.conditions.iter().cloned()).collect();
    let is_filled = |column: &str| {
        let known = table.columns.get(column).filter(|column| column.defined)?;
        Some(known.not_null || context.facts.is_checked_not_null(partition, column))
    };
    let key = context.facts.table(parent).and_then(|parent| parent.partition_key.as_deref());
    let bound = Bound::read(&context.statement.tokens);
    Some(match bounds::fits(&bound, key, &conditions, is_filled) {
        // What was not read may say it.
        Verdict::Differs if checks.iter().any(|check| check.conditions.is_empty()) => Verdict::Unknown,
        verdict => verdict,
    })
}
