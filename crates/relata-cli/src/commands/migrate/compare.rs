//! Comparing schemas with the planner's eyes, for proofs, drift and losses.

use relata_plan::PlanOptions;
use relata_plan::diff::diff;
use relata_plan::rename::inline_values;
use relata_runtime::migrate::{Compare, Survivor, Vanishing};
use relata_schema::Schema;
use relata_schema::change::{Alteration, Change, Plan, Rename, TableChange};
use relata_schema::model::{Column, ObjectKind, ObjectName, Table};

/// Compares as the planner does, with the renames that were declared.
#[derive(Debug, Clone, Default)]
pub struct Planner {
    /// Declared renames, from before to after.
    pub renames: Vec<Rename>,
}

impl Compare for Planner {
    fn differences(&self, from: &Schema, to: &Schema) -> Vec<String> {
        diff(from, to, &[]).iter().flat_map(describe).collect()
    }

    fn survivors(&self, from: &Schema, to: &Schema) -> Vec<Survivor> {
        from.tables.iter().filter_map(|table| self.survivor(table, to)).collect()
    }

    fn plan(&self, from: &Schema, to: &Schema) -> Plan {
        let options = PlanOptions { renames: self.renames.clone(), ..PlanOptions::default() };
        relata_plan::plan(from, to, &options).0
    }
}

impl Planner {
    fn survivor(&self, table: &Table, to: &Schema) -> Option<Survivor> {
        let renamed = self.renames.iter().find(|rename| {
            rename.from.kind == ObjectKind::Table && rename.from.name == table.name && rename.from.member.is_empty()
        });
        let renamed = renamed.map(|rename| &rename.to).filter(|name| to.table(name).is_some());
        let after = to.table(renamed.unwrap_or(&table.name))?;
        let pairs: Vec<(&Column, &Column)> =
            table.columns.iter().filter_map(|column| Some((column, self.column(table, column, after)?))).collect();
        let stored = |(from, to): &&(&Column, &Column)| from.generated.is_none() && to.generated.is_none();
        let columns = pairs.iter().filter(stored);
        let renamed = |from, to| !inline_values((table, from), (after, to), &self.renames).is_empty();
        let columns =
            columns.map(|(from, to)| (from.name.clone(), to.name.clone(), from.ty != to.ty || renamed(from, to)));
        let columns = columns.collect();
        Some(Survivor { table: (table.name.clone(), after.name.clone()), key: key(table, after, &pairs), columns })
    }

    fn column<'t>(&self, table: &Table, column: &Column, after: &'t Table) -> Option<&'t Column> {
        let renamed = self.renames.iter().find(|rename| {
            rename.from.kind == ObjectKind::Column
                && rename.from.name == table.name
                && rename.from.member == column.name
        });
        let renamed = renamed.and_then(|rename| after.column(&rename.to.name));
        renamed.or_else(|| after.column(&column.name))
    }
}

/// The primary key, if it is the same key of the same types on both sides.
fn key(table: &Table, after: &Table, pairs: &[(&Column, &Column)]) -> Vec<(String, String)> {
    let (Some(from), Some(to)) = (&table.primary_key, &after.primary_key) else { return Vec::new() };
    let pair = |name: &str| pairs.iter().find(|(from, to)| from.name == name && from.ty == to.ty);
    let before: Option<Vec<_>> = from.columns().map(pair).collect();
    let Some(before) = before else { return Vec::new() };
    if !before.iter().map(|(_, to)| to.name.as_str()).eq(to.columns()) {
        return Vec::new();
    }
    before.iter().map(|(from, to)| (from.name.clone(), to.name.clone())).collect()
}

/// The tables and columns that are in `from` and not in `to`, with all that is in them.
pub fn vanishing(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Vanishing> {
    let whole = |table: &ObjectName| Vanishing { table: table.clone(), column: None };
    let mut found = Vec::new();
    for change in diff(from, to, renames) {
        match change {
            Change::DropTable(table) => found.push(whole(&table.name)),
            Change::AlterTable { from, changes, .. } => {
                for change in changes {
                    if let TableChange::Column(Alteration::Drop(column)) = change {
                        found.push(Vanishing { table: from.name.clone(), column: Some(column.name.clone()) });
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// What a change is, in words: one line, or one for each change of a table.
pub fn describe(change: &Change) -> Vec<String> {
    fn word<T>(what: &str, alteration: &Alteration<T>, name: impl Fn(&T) -> String) -> String {
        match alteration {
            Alteration::Create(object) => format!("{what} {} is missing", name(object)),
            Alteration::Drop(object) => format!("{what} {} is too many", name(object)),
            Alteration::Alter { from, .. } => format!("{what} {} differs", name(from)),
        }
    }
    let line = match change {
        Change::Namespace(a) => word("namespace", a, |o| o.name.clone()),
        Change::Extension(a) => word("extension", a, |o| o.name.clone()),
        Change::Enum(a) => word("enum", a, |o| o.name.to_string()),
        Change::Domain(a) => word("domain", a, |o| o.name.to_string()),
        Change::Composite(a) => word("composite type", a, |o| o.name.to_string()),
        Change::Range(a) => word("range type", a, |o| o.name.to_string()),
        Change::Server(a) => word("server", a, |o| o.name.clone()),
        Change::DefaultPrivileges(a) => word("default privileges", a, |o| format!("on {}", o.objects.to_lowercase())),
        Change::Sequence(a) => word("sequence", a, |o| o.name.to_string()),
        Change::CreateTable(table) => format!("table {} is missing", table.name),
        Change::DropTable(table) => format!("table {} is too many", table.name),
        Change::AlterTable { from, changes, .. } => {
            return changes.iter().map(|change| describe_in(&from.name, change)).collect();
        }
        Change::View(a) => word("view", a, |o| o.name.to_string()),
        Change::Routine(a) => word("routine", a, |o| o.name.to_string()),
        Change::Other(a) => word("object", a, |o| format!("{} {}", o.kind.to_lowercase(), o.name)),
    };
    vec![line]
}

fn describe_in(table: &ObjectName, change: &TableChange) -> String {
    fn word<T>(table: &ObjectName, what: &str, alteration: &Alteration<T>, name: impl Fn(&T) -> String) -> String {
        let (object, end) = match alteration {
            Alteration::Create(object) => (object, "is missing"),
            Alteration::Drop(object) => (object, "is too many"),
            Alteration::Alter { from, .. } => (from, "differs"),
        };
        format!("{what} {table}.{} {end}", name(object))
    }
    match change {
        TableChange::Rename { from, to } => format!("table {from} is called {to}"),
        TableChange::Column(a) => word(table, "column", a, |o| o.name.clone()),
        TableChange::PrimaryKey(a) => word(table, "primary key", a, |o| named(&o.name, o.columns())),
        TableChange::Unique(a) => word(table, "unique constraint", a, |o| named(&o.name, o.columns())),
        TableChange::ForeignKey(a) => {
            word(table, "foreign key", a, |o| named(&o.name, o.columns.iter().map(String::as_str)))
        }
        TableChange::Check(a) => word(table, "check", a, |o| named(&o.name, [o.expression.as_str()].into_iter())),
        TableChange::Exclusion(a) => word(table, "exclusion constraint", a, |o| o.name.clone()),
        TableChange::Index(a) => word(table, "index", a, |o| o.name.clone()),
        TableChange::Trigger(a) => word(table, "trigger", a, |o| o.name.clone()),
        TableChange::Policy(a) => word(table, "policy", a, |o| o.name.clone()),
        TableChange::RowSecurity => format!("row security of {table} differs"),
        TableChange::Partitioning { .. } | TableChange::PartitionOf { .. } => {
            format!("the partitioning of {table} differs")
        }
        TableChange::Inherits => format!("what {table} inherits from differs"),
        TableChange::OfType => format!("the type that {table} is a table of differs"),
        TableChange::Foreign => format!("where the rows of {table} are differs"),
        TableChange::Owner => format!("the owner of {table} differs"),
        TableChange::Options { .. } => format!("the options of {table} differ"),
        TableChange::Comment => format!("the comment of {table} differs"),
        TableChange::Grants { .. } => format!("the privileges on {table} differ"),
    }
}

/// The name of a constraint, or what it is about where the database gives it none.
fn named<'a>(name: &str, about: impl Iterator<Item = &'a str>) -> String {
    if name.is_empty() { format!("({})", about.collect::<Vec<_>>().join(", ")) } else { name.to_string() }
}
