//! Tables and columns.

use super::constraint::{exclusion_clause, key_clause};
use super::{check_clause, ident, idents, literal, qualified, sequence_options};
use crate::model::{Column, ObjectName, Table};

/// Neither partitioned nor a partition: keys and constraints can stand in `CREATE TABLE`.
pub fn is_plain(table: &Table) -> bool {
    table.partitioning.is_none() && table.partition_of.is_none()
}

/// `CREATE TABLE` with columns and checks, and, where it [`is_plain`], its keys and exclusions.
pub fn create_table(table: &Table) -> String {
    let partition = table.partition_of.is_some();
    let mut items: Vec<String> =
        table.columns.iter().filter(|column| partition || !column.inherited).map(column_definition).collect();
    if is_plain(table) {
        items.extend(table.primary_key.iter().map(|key| key_clause(key, true)));
        items.extend(table.uniques.iter().map(|key| key_clause(key, false)));
        items.extend(table.exclusions.iter().map(exclusion_clause));
    }
    let own_checks = table.checks.iter().filter(|check| (partition || !check.inherited) && !check.not_valid);
    items.extend(own_checks.map(check_clause));
    let unlogged = if table.options.unlogged { "UNLOGGED " } else { "" };
    let body = if items.is_empty() { String::new() } else { format!("\n    {}\n", items.join(",\n    ")) };
    let mut out = format!("CREATE {unlogged}TABLE {} ({body})", qualified(&table.name));
    if !table.inherits.is_empty() {
        let parents: Vec<String> = table.inherits.iter().map(qualified).collect();
        out.push_str(&format!("\nINHERITS ({})", parents.join(", ")));
    }
    if let Some(partitioning) = &table.partitioning {
        out.push_str(&format!("\nPARTITION BY {}", partitioning.key));
    }
    if let Some(method) = &table.options.access_method {
        out.push_str(&format!("\nUSING {}", ident(method)));
    }
    out.push_str(&storage_parameters("\nWITH ", &table.options.parameters));
    if let Some(tablespace) = &table.options.tablespace {
        out.push_str(&format!("\nTABLESPACE {}", ident(tablespace)));
    }
    out
}

/// `WITH (…)` with `before` before the parenthesis; empty if there are none.
pub fn storage_parameters(before: &str, parameters: &[(String, String)]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    let pairs = parameters.iter().map(|(key, value)| format!("{key}={}", parameter_value(value)));
    format!("{before}({})", pairs.collect::<Vec<_>>().join(", "))
}

fn parameter_value(value: &str) -> String {
    let plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if plain { value.to_string() } else { literal(value) }
}

/// A column as in `CREATE TABLE` or `ADD COLUMN`.
pub fn column_definition(column: &Column) -> String {
    let mut out = format!("{} {}", ident(&column.name), column.ty.physical);
    if let Some(collation) = &column.collation {
        out.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(default) = &column.default {
        out.push_str(&format!(" DEFAULT {}", super::expression(default)));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        out.push_str(&format!(" GENERATED ALWAYS AS ({}) {kind}", super::expression(&generated.expression)));
    }
    if let Some(identity) = &column.identity {
        out.push_str(&format!(" {}", identity_clause(identity)));
    }
    if column.not_null {
        out.push_str(" NOT NULL");
    }
    out
}

/// `GENERATED … AS IDENTITY (…)`.
pub(super) fn identity_clause(identity: &crate::model::Identity) -> String {
    let always = if identity.always { "ALWAYS" } else { "BY DEFAULT" };
    let mut options = String::new();
    if let Some(name) = &identity.sequence {
        options.push_str(&format!(" SEQUENCE NAME {}", qualified(name)));
    }
    options.push_str(&sequence_options(&identity.parameters));
    let options = if options.is_empty() { options } else { format!(" ({})", options.trim_start()) };
    format!("GENERATED {always} AS IDENTITY{options}")
}

/// What `CREATE TABLE` cannot say of a column: storage, compression, statistics. `parent`: the column it inherits from,
/// whose default and nullability it has unless told otherwise.
pub fn column_settings(table: &ObjectName, column: &Column, parent: Option<&Column>) -> Vec<String> {
    let alter = format!("ALTER TABLE ONLY {} ALTER COLUMN {}", qualified(table), ident(&column.name));
    let mut out = Vec::new();
    if let Some(parent) = parent {
        if column.default != parent.default {
            out.push(match &column.default {
                Some(default) => format!("{alter} SET DEFAULT {default}"),
                None => format!("{alter} DROP DEFAULT"),
            });
        }
        if column.not_null && !parent.not_null {
            out.push(format!("{alter} SET NOT NULL"));
        }
    }
    for (key, value) in &column.parameters {
        out.push(match key.as_str() {
            "storage" => format!("{alter} SET STORAGE {value}"),
            "compression" => format!("{alter} SET COMPRESSION {value}"),
            "statistics" => format!("{alter} SET STATISTICS {value}"),
            key => format!("{alter} SET ({key}={})", parameter_value(value)),
        });
    }
    out
}

/// `ATTACH PARTITION`, if the table is one.
pub fn attach_partition(table: &Table) -> Option<String> {
    let partition = table.partition_of.as_ref()?;
    let (parent, name) = (qualified(&partition.parent), qualified(&table.name));
    Some(format!("ALTER TABLE ONLY {parent} ATTACH PARTITION {name} {}", partition.bound))
}

/// The statements that bring the row-security flags from `before` (enabled, forced) to those of the table.
pub fn row_security(table: &Table, before: (bool, bool)) -> Vec<String> {
    let alter = |word: &str| format!("ALTER TABLE {} {word} ROW LEVEL SECURITY", qualified(&table.name));
    let mut out = Vec::new();
    if table.row_security != before.0 {
        out.push(alter(if table.row_security { "ENABLE" } else { "DISABLE" }));
    }
    if table.force_row_security != before.1 {
        out.push(alter(if table.force_row_security { "FORCE" } else { "NO FORCE" }));
    }
    out
}

/// The statement that brings the replica identity from `before` to that of the table.
pub fn replica_identity(table: &Table, before: Option<&str>) -> Option<String> {
    let wanted = table.options.replica_identity.as_deref();
    if wanted == before {
        return None;
    }
    let identity = match wanted {
        Some(text) => match text.strip_prefix("USING INDEX ") {
            Some(index) => format!("USING INDEX {}", ident(index)),
            None => text.to_string(),
        },
        None => "DEFAULT".to_string(),
    };
    Some(format!("ALTER TABLE ONLY {} REPLICA IDENTITY {identity}", qualified(&table.name)))
}

/// The list of columns in parentheses.
pub(super) fn columns<S: AsRef<str>>(names: &[S]) -> String {
    format!("({})", idents(names))
}
