//! MariaDB and MySQL assign one column after the other, and what is computed later reads what was assigned before. Every other
//! database computes all new values from the row as it was: so that it means the same here, a column is assigned after everything
//! that reads it. Two that are computed from each other cannot be said, and are refused.

use crate::error::{Error, Result};
use crate::expr::{ColumnRef, Expr};
use crate::meta::{ColumnMeta, Path, RelationMeta, TableMeta};

/// Puts what reads a column before what assigns it.
pub(super) fn readers_first(assignments: &mut [(String, Expr)], table: Option<&'static TableMeta>) -> Result<()> {
    let Some(table) = table.filter(|_| assignments.len() > 1) else { return Ok(()) };
    let reads = |value: &Expr, column: &str| reads(value, table, column);
    for place in 0..assignments.len() {
        let unread = |at: &usize| {
            let (column, _) = &assignments[*at];
            (place..assignments.len()).all(|other| other == *at || !reads(&assignments[other].1, column))
        };
        let Some(next) = (place..assignments.len()).find(unread) else {
            return Err(from_each_other(table, &assignments[place..]));
        };
        assignments[place..=next].rotate_right(1);
    }
    Ok(())
}

fn from_each_other(table: &TableMeta, assignments: &[(String, Expr)]) -> Error {
    let field =
        |(column, _): &(String, Expr)| table.column_named(column).map_or(column.clone(), |(_, meta)| meta.field.into());
    let fields: Vec<String> = assignments.iter().map(field).collect();
    Error::unsupported(
        format!(
            "MariaDB assigns one column after the other, so that {} cannot be computed from each other",
            fields.join(" and ")
        ),
        "in one `transaction!`, read the row with `.for_update()` first, then set the values",
    )
}

/// Whether the expression reads this column of the row.
fn reads(expr: &Expr, table: &'static TableMeta, column: &str) -> bool {
    let is_it = |position: usize| table.columns.get(position).is_some_and(|meta| meta.column == column);
    let known =
        |meta: &'static ColumnMeta| meta.column == column && table.columns.iter().any(|own| std::ptr::eq(own, meta));
    let leaves = |relation: &RelationMeta| {
        std::ptr::eq(relation.from, table)
            && (is_it(relation.from_column) || relation.further.iter().any(|(here, _)| is_it(*here)))
    };
    let walked = |mut path: Path| {
        while let Some((before, relation)) = path.relation() {
            if leaves(relation) {
                return true;
            }
            path = before;
        }
        false
    };
    let mut found = match expr {
        Expr::Column(ColumnRef { path, column }) | Expr::Compare(ColumnRef { path, column }, ..) => {
            known(column) || walked(*path)
        }
        Expr::Named(name) | Expr::NamedAs(name, _) => **name == *column,
        Expr::Exists(related) | Expr::AggregateRelated(related) => leaves(related.relation) || walked(related.path),
        _ => false,
    };
    expr.children(&mut |part| found = found || reads(part, table, column));
    found
}
