//! A partition that is attached without a check that fits it
//!
//! PostgreSQL reads every row of the new partition under an exclusive lock on it, to see that it belongs there; and rows of the
//! default partition too. A validated check that says the same spares that.
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

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("attach-partition", Level::Hazard, POSTGRES, include_str!("attach_partition.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let Some((_, actions)) = context.alters_table() else { return };
    for action in actions {
        let Action::AttachPartition(partition) = &action.action else { continue };
        let valid = |table: &crate::lint::TableFact| {
            table.constraints.values().any(|check| check.kind == ConstraintKind::Check && check.valid)
        };
        let spared = context.facts.is_new(partition) || context.facts.table(partition).is_some_and(valid);
        if !spared {
            report
                .at(action.extent, format!("every row of {partition} is read to see that it belongs there"))
                .help("add and validate a CHECK that says the same before")
                .by_size_of(partition);
        }
    }
}
