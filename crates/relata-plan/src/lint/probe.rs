//! Questions to the rows that are there: which of them break a rule that a migration is about to make.
//!
//! Only rows that the migration itself has not changed before are asked about: a table that an earlier statement writes is
//! left out, since nobody knows what it holds then.

use relata_schema::Dialect;
use relata_schema::sql::{
    Action, ColumnChange, ColumnDefinition, Constraint, ConstraintKind, Extent, Name, Reference, StatementKind,
    TypeName,
};

use super::Context;

/// How many rows a question asks for.
pub const SAMPLE: usize = 5;

/// A question whose answer has no row when all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The file, by its place in the list given.
    pub file: usize,
    /// What asks for it.
    pub extent: Extent,
    /// It fails at once; else when the constraint is validated.
    pub at_once: bool,
    /// What the rows break: `rows of orders have no total`.
    pub breaks: String,
    /// The query: at most [`SAMPLE`] rows.
    pub sql: String,
}

/// The questions that one statement raises.
pub fn of(context: &Context<'_>, file: usize) -> Vec<Probe> {
    let mut asked = Vec::new();
    let mut ask = |extent: Extent, at_once: bool, breaks: String, query: String| {
        asked.push(Probe { file, extent, at_once, breaks, sql: format!("{query} LIMIT {SAMPLE}") });
    };
    match &context.statement.kind {
        StatementKind::CreateIndex(index) if index.unique && !index.partial && asks(context, &index.table) => {
            if let Some(columns) = index.columns.iter().cloned().collect::<Option<Vec<Name>>>() {
                let (breaks, query) = duplicates(context, &index.table, &columns);
                ask(context.statement.extent, true, breaks, query);
            }
        }
        StatementKind::Alter(alter) if alter.object == "TABLE" && asks(context, &alter.name) => {
            for action in &alter.actions {
                let later = matches!(&action.action, Action::AddConstraint(constraint) if constraint.not_valid);
                for (breaks, query) in altered(context, &alter.name, &action.action) {
                    ask(action.extent, !later, breaks, query);
                }
            }
        }
        _ => {}
    }
    asked
}

/// The rows of the table are those that are there now.
fn asks(context: &Context<'_>, table: &Name) -> bool {
    !context.facts.is_new(table) && !context.facts.is_written(table)
}

fn altered(context: &Context<'_>, table: &Name, action: &Action) -> Vec<(String, String)> {
    let old = |column: &Name| context.facts.column(table, column.last());
    match action {
        Action::AddConstraint(constraint) => constrained(context, table, constraint).into_iter().collect(),
        Action::AddColumn { column, .. } if required(column) => {
            let from = context.text(table.extent);
            vec![(format!("{table} has rows, which get no {}", column.name), format!("SELECT * FROM {from}"))]
        }
        Action::AlterColumn { column, change: ColumnChange::SetNotNull } if !is_new(context, table, column) => {
            if old(column).is_some_and(|column| column.not_null) {
                Vec::new()
            } else {
                vec![empty(context, table, column)]
            }
        }
        Action::AlterColumn { column, change: ColumnChange::Type { ty, using: None } } => {
            too_long(context, table, column, ty).into_iter().collect()
        }
        Action::Redefine { from, column } => {
            let mut found = Vec::new();
            if column.not_null && !old(from).is_some_and(|column| column.not_null) {
                found.push(empty(context, table, from));
            }
            found.extend(column.ty.as_ref().and_then(|ty| too_long(context, table, from, ty)));
            found
        }
        _ => Vec::new(),
    }
}

fn is_new(context: &Context<'_>, table: &Name, column: &Name) -> bool {
    context.facts.is_new_column(table, column.last())
}

fn required(column: &ColumnDefinition) -> bool {
    let serial = column.ty.as_ref().is_some_and(|ty| ty.name.ends_with("serial"));
    column.not_null && column.default.is_none() && column.generated.is_none() && !column.auto_increment && !serial
}

fn constrained(context: &Context<'_>, table: &Name, constraint: &Constraint) -> Option<(String, String)> {
    let known = constraint.columns.iter().all(|column| !is_new(context, table, column));
    if !known || constraint.using_index.is_some() {
        return None;
    }
    let from = context.text(table.extent);
    match constraint.kind {
        ConstraintKind::Check => {
            let condition = context.text(constraint.expression.as_ref()?.extent);
            Some((format!("rows of {table} break the check"), format!("SELECT * FROM {from} WHERE NOT ({condition})")))
        }
        ConstraintKind::NotNull => constraint.columns.first().map(|column| empty(context, table, column)),
        ConstraintKind::Unique => Some(duplicates(context, table, &constraint.columns)),
        ConstraintKind::PrimaryKey => Some(duplicates(context, table, &constraint.columns)),
        ConstraintKind::ForeignKey => orphans(context, table, &constraint.columns, constraint.references.as_ref()?),
        _ => None,
    }
}

fn empty(context: &Context<'_>, table: &Name, column: &Name) -> (String, String) {
    let (from, name) = (context.text(table.extent), context.text(column.extent));
    (format!("rows of {table} have no {column}"), format!("SELECT * FROM {from} WHERE {name} IS NULL"))
}

fn duplicates(context: &Context<'_>, table: &Name, columns: &[Name]) -> (String, String) {
    let names: Vec<&str> = columns.iter().map(|column| context.text(column.extent)).collect();
    let there: Vec<String> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
    let (from, list) = (context.text(table.extent), names.join(", "));
    let query = format!(
        "SELECT {list}, count(*) AS rows_with_it FROM {from} WHERE {} GROUP BY {list} HAVING count(*) > 1",
        there.join(" AND ")
    );
    (format!("rows of {table} have the same {}", names.join(", ")), query)
}

fn orphans(context: &Context<'_>, table: &Name, columns: &[Name], reference: &Reference) -> Option<(String, String)> {
    if context.facts.is_new(&reference.table) || context.facts.is_written(&reference.table) {
        return None;
    }
    let targets: Vec<String> = if reference.columns.is_empty() {
        let known = context.facts.table(&reference.table)?.constraints.values();
        let key = known.into_iter().find(|constraint| constraint.kind == ConstraintKind::PrimaryKey)?;
        key.columns.iter().map(|column| context.dialect().quote(column)).collect()
    } else {
        reference.columns.iter().map(|column| context.text(column.extent).to_string()).collect()
    };
    let names: Vec<&str> = columns.iter().map(|column| context.text(column.extent)).collect();
    let there: Vec<String> = names.iter().map(|name| format!("child.{name} IS NOT NULL")).collect();
    let pairs: Vec<String> =
        names.iter().zip(&targets).map(|(own, other)| format!("parent.{other} = child.{own}")).collect();
    let (from, other) = (context.text(table.extent), context.text(reference.table.extent));
    let query = format!(
        "SELECT child.* FROM {from} AS child WHERE {} AND NOT EXISTS (SELECT 1 FROM {other} AS parent WHERE {})",
        there.join(" AND "),
        pairs.join(" AND ")
    );
    Some((format!("rows of {table} point at nothing in {}", reference.table), query))
}

/// Texts that are longer than the new type allows, numbers that are greater.
fn too_long(context: &Context<'_>, table: &Name, column: &Name, ty: &TypeName) -> Option<(String, String)> {
    let old = context.facts.column(table, column.last())?.ty.as_ref()?;
    if !super::widening::narrows(old, ty) {
        return None;
    }
    let (from, name) = (context.text(table.extent), context.text(column.extent));
    let whole = |ty: &TypeName| matches!(ty.name.as_str(), "integer" | "bigint" | "smallint" | "tinyint" | "mediumint");
    let limit = ty.arguments.first().and_then(|length| length.parse::<u64>().ok());
    let condition = match (ty.name.as_str(), limit) {
        ("varchar" | "char", Some(limit)) => {
            let length = if context.dialect() == Dialect::Sqlite { "length" } else { "char_length" };
            format!("{length}({name}) > {limit}")
        }
        ("integer", _) if whole(old) && !ty.unsigned => format!("{name} NOT BETWEEN -2147483648 AND 2147483647"),
        ("smallint", _) if whole(old) && !ty.unsigned => format!("{name} NOT BETWEEN -32768 AND 32767"),
        _ => return None,
    };
    let new = context.text(ty.extent);
    Some((
        format!("values of {column} in {table} do not fit into {new}"),
        format!("SELECT * FROM {from} WHERE {condition}"),
    ))
}
