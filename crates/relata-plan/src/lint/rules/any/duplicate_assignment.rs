//! A column that is named twice
//!
//! PostgreSQL refuses the statement; MariaDB and SQLite take one of the values and say nothing.
//!
//! ```sql,bad
//! UPDATE orders SET state = 'open', state = 'closed' WHERE id = 1;
//! ```
//!
//! ```sql,good
//! UPDATE orders SET state = 'open' WHERE id = 1;
//! ```

use crate::lint::rules::vocabulary::*;

/// See the head of this file.
pub const RULE: Rule = rule("duplicate-assignment", Level::Hazard, EVERYWHERE, include_str!("duplicate_assignment.rs"), check);

fn check(context: &Context<'_>, report: &mut Report) {
    let lists: Vec<Vec<&Name>> = match &context.statement.kind {
        StatementKind::Write(write) => write.assigned.iter().map(|list| list.iter().collect()).collect(),
        StatementKind::Alter(alter) => {
            let columns = alter.actions.iter().filter_map(|action| match &action.action {
                Action::AddColumn { column, if_not_exists: false } => Some(&column.name),
                _ => None,
            });
            vec![columns.collect()]
        }
        StatementKind::CreateTable(table) => vec![table.columns.iter().map(|column| &column.name).collect()],
        _ => return,
    };
    for list in lists {
        for (at, name) in list.iter().enumerate() {
            if list[..at].iter().any(|other| other.last() == name.last()) {
                report.at(name.extent, format!("{name} is named twice")).help("take one of them out");
            }
        }
    }
}
