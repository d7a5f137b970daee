//! Rust names for tables, columns and enums: valid, unlike each other, and unlike what the source already means.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::lower::sayable;
use relata_schema::model::{ObjectName, Schema};
use relata_schema::naming;

/// Words that mean something else where entities are written: the prelude's and Rust's own.
const TAKEN: &[&str] = &[
    "Self",
    "Option",
    "Some",
    "None",
    "Result",
    "Ok",
    "Err",
    "String",
    "Vec",
    "Box",
    "Entity",
    "Enum",
    "Id",
    "Uuid",
    "Date",
    "Time",
    "DateTime",
    "Timestamp",
    "Decimal",
    "Json",
    "Interval",
    "Value",
    "Db",
    "Error",
    "Tx",
    "Executor",
    "Repository",
    "Pred",
    "Column",
    "Relation",
    "Default",
    "Clone",
    "Copy",
    "Debug",
    "Drop",
    "Eq",
    "Ord",
    "Hash",
    "Send",
    "Sync",
    "Sized",
    "Fn",
    "From",
    "Into",
    "Iterator",
    "ToString",
    "Kind",
    "Dialect",
    "Row",
    "Cell",
    "Page",
    "Cursor",
    "Encode",
    "Decode",
];

/// Rust names by database names.
#[derive(Default)]
pub(super) struct Names {
    types: BTreeMap<ObjectName, String>,
    fields: BTreeMap<ObjectName, BTreeMap<String, String>>,
    enums: BTreeMap<ObjectName, String>,
    column_enums: BTreeMap<(ObjectName, String), String>,
}

impl Names {
    pub(super) fn assign(schema: &Schema) -> Names {
        let mut names = Names::default();
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|word| (*word).to_string()).collect();
        let is_usual = |name: &ObjectName| name.namespace == schema.dialect.default_namespace();
        let mut tables: Vec<_> = schema.tables.iter().filter(|table| sayable::table(schema, table)).collect();
        tables.sort_by_key(|table| !is_usual(&table.name));
        for table in tables {
            let base = naming::pascal(&naming::singular(&naming::snake(&table.name.name)));
            let namespace = if is_usual(&table.name) { String::new() } else { naming::pascal(&table.name.namespace) };
            let name = free_type(&base, &namespace, &mut taken);
            names.types.insert(table.name.clone(), name);
            let mut fields = BTreeMap::new();
            let mut used = BTreeSet::new();
            for column in &table.columns {
                fields.insert(column.name.clone(), free_field(&column.name, &mut used));
            }
            names.fields.insert(table.name.clone(), fields);
        }
        for view in schema.views.iter().filter(|view| !view.columns.is_empty()) {
            let base = naming::pascal(&naming::singular(&naming::snake(&view.name.name)));
            let namespace = if is_usual(&view.name) { String::new() } else { naming::pascal(&view.name.namespace) };
            names.types.insert(view.name.clone(), free_type(&base, &namespace, &mut taken));
            let mut used = BTreeSet::new();
            let fields = view.columns.iter().map(|(column, _)| (column.clone(), free_field(column, &mut used)));
            names.fields.insert(view.name.clone(), fields.collect());
        }
        for declared in &schema.enums {
            let name = free_type(&naming::pascal(&declared.name.name), "", &mut taken);
            names.enums.insert(declared.name.clone(), name);
        }
        for (table, column) in super::enums::inline(schema) {
            let owner = names.types.get(&table.name).cloned().unwrap_or_default();
            let name = free_type(&format!("{owner}{}", naming::pascal(&column.name)), "", &mut taken);
            names.column_enums.insert((table.name.clone(), column.name.clone()), name);
        }
        names
    }

    /// The entity of a table, if it is written.
    pub(super) fn entity(&self, table: &ObjectName) -> Option<&str> {
        self.types.get(table).map(String::as_str)
    }

    /// The field of a column.
    pub(super) fn field(&self, table: &ObjectName, column: &str) -> String {
        let field = self.fields.get(table).and_then(|fields| fields.get(column));
        field.cloned().unwrap_or_else(|| column.to_string())
    }

    /// The Rust enum of a named enum type.
    pub(super) fn stored_enum(&self, name: &ObjectName) -> Option<&str> {
        self.enums.get(name).map(String::as_str)
    }

    /// The Rust enum of a column with an inline enum.
    pub(super) fn column_enum(&self, table: &ObjectName, column: &str) -> Option<&str> {
        self.column_enums.get(&(table.clone(), column.to_string())).map(String::as_str)
    }
}

/// What the derive generates beside `Post`.
const GENERATED: [(&str, &str); 4] = [("New", ""), ("", "With"), ("", "Draft"), ("", "Columns")];

/// A type name that nobody has; what the derive generates (`NewPost`) is taken with it.
fn free_type(base: &str, namespace: &str, taken: &mut BTreeSet<String>) -> String {
    let base = if base.starts_with(|c: char| c.is_alphabetic()) { base.to_string() } else { format!("Table{base}") };
    let qualified = format!("{namespace}{base}");
    let generated = |name: &str| GENERATED.map(|(before, after)| format!("{before}{name}{after}"));
    let free = |name: &String| !taken.contains(name) && generated(name).iter().all(|other| !taken.contains(other));
    let numbered = (2..).map(|number| format!("{qualified}{number}"));
    let row = format!("{qualified}Row");
    let candidates = [base.clone(), qualified.clone(), row];
    let name = candidates.into_iter().chain(numbered).find(free).unwrap_or(base);
    taken.extend(generated(&name));
    taken.insert(name.clone());
    name
}

fn free_field(column: &str, used: &mut BTreeSet<String>) -> String {
    let mut base = naming::snake(column);
    if !base.starts_with(|c: char| c.is_alphabetic()) {
        base = format!("column_{base}");
    }
    if matches!(base.as_str(), "self" | "Self" | "super" | "crate") {
        base.push('_');
    }
    let numbered = (2..).map(|number| format!("{base}_{number}"));
    let name = std::iter::once(base.clone()).chain(numbered).find(|name| !used.contains(name)).unwrap_or(base);
    used.insert(name.clone());
    name
}

/// Variants for the values of an enum: Rust name and value.
pub(super) fn variants(values: &[String]) -> Vec<(String, String)> {
    let mut used = BTreeSet::from(["Self".to_string()]);
    let mut variants = Vec::new();
    for value in values {
        let mut base = naming::pascal(value);
        if base.is_empty() {
            base = "Empty".to_string();
        } else if !base.starts_with(|c: char| c.is_alphabetic()) {
            base = format!("Value{base}");
        }
        let numbered = (2..).map(|number| format!("{base}{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !used.contains(name)).unwrap_or(base);
        used.insert(name.clone());
        variants.push((name, value.clone()));
    }
    variants
}
