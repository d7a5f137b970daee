//! Tables and columns.

use super::constraint::{exclusion_clause, key_clause};
use super::{check_clause, foreign_options, ident, idents, literal, qualified, sequence_options};
use crate::model::{Column, Key, ObjectName, Table};

/// `TABLE` or `FOREIGN TABLE`.
pub fn table_word(table: &Table) -> &'static str {
    if table.foreign.is_some() { "FOREIGN TABLE" } else { "TABLE" }
}

/// What a column of a table `OF` a type says beyond the type.
fn typed_column(column: &Column) -> Option<String> {
    let mut bare = column.clone();
    bare.collation = None;
    let definition = column_definition(&bare);
    let after = definition.strip_prefix(&format!("{} {}", ident(&column.name), column.ty.physical))?;
    (!after.is_empty()).then(|| format!("{} WITH OPTIONS{after}", ident(&column.name)))
}

/// The options of a column for a foreign-data wrapper.
pub fn column_options(column: &Column) -> Vec<(String, String)> {
    let own = column.parameters.iter().filter_map(|(key, value)| Some((key.strip_prefix(OPTION)?, value)));
    own.map(|(key, value)| (key.to_string(), value.clone())).collect()
}

/// What the parameters of a column begin with that are options for a foreign-data wrapper.
const OPTION: &str = "option ";

/// Neither partitioned nor a partition: keys and constraints can stand in `CREATE TABLE`.
pub fn is_plain(table: &Table) -> bool {
    table.partitioning.is_none() && table.partition_of.is_none()
}

/// Whether a key can stand in `CREATE TABLE`: of two over the same columns PostgreSQL makes only the first there.
pub fn stands_in_table(table: &Table, key: &Key) -> bool {
    let same = |other: &&Key| {
        let columns = other.columns().eq(key.columns()) && other.include == key.include;
        columns && other.nulls_not_distinct == key.nulls_not_distinct && other.deferral == key.deferral
    };
    let first = table.primary_key.iter().chain(&table.uniques).find(same);
    is_plain(table) && first.is_none_or(|first| std::ptr::eq(first, key))
}

/// `CREATE TABLE` with columns and checks, and, where it [`is_plain`], its exclusions and the keys that
/// [can stand](stands_in_table) there.
pub fn create_table(table: &Table) -> String {
    let partition = table.partition_of.is_some();
    let written = table.columns.iter().filter(|column| partition || !column.inherited);
    let mut items: Vec<String> = match &table.of_type {
        Some(_) => written.filter_map(typed_column).collect(),
        None => written.map(column_definition).collect(),
    };
    if is_plain(table) {
        items.extend(table.primary_key.iter().map(|key| key_clause(key, true)));
        let uniques = table.uniques.iter().filter(|key| stands_in_table(table, key));
        items.extend(uniques.map(|key| key_clause(key, false)));
        items.extend(table.exclusions.iter().map(exclusion_clause));
    }
    let own_checks = table.checks.iter().filter(|check| (partition || !check.inherited) && !check.not_valid);
    items.extend(own_checks.map(check_clause));
    let unlogged = if table.options.unlogged { "UNLOGGED " } else { "" };
    let body = match (items.is_empty(), &table.of_type) {
        (true, Some(_)) => String::new(),
        (true, None) => " ()".to_string(),
        (false, _) => format!(" (\n    {}\n)", items.join(",\n    ")),
    };
    let of = table.of_type.as_ref().map_or_else(String::new, |ty| format!(" OF {}", qualified(ty)));
    let mut out = format!("CREATE {unlogged}{} {}{of}{body}", table_word(table), qualified(&table.name));
    if !table.inherits.is_empty() {
        let parents: Vec<String> = table.inherits.iter().map(qualified).collect();
        out.push_str(&format!("\nINHERITS ({})", parents.join(", ")));
    }
    if let Some(partitioning) = &table.partitioning {
        out.push_str(&format!("\nPARTITION BY {}", partitioning.key));
    }
    if let Some(foreign) = &table.foreign {
        out.push_str(&format!("\nSERVER {}{}", ident(&foreign.server), foreign_options(&foreign.options)));
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
    let options = foreign_options(&column_options(column));
    let mut out = format!("{} {}{options}", ident(&column.name), column.ty.physical);
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
    for (key, value) in column.parameters.iter().filter(|(key, _)| !key.starts_with(OPTION)) {
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

/// `CLUSTER ON`, or without an index what undoes it.
pub fn cluster_on(relation: &str, index: Option<&str>) -> String {
    match index {
        Some(index) => format!("ALTER {relation} CLUSTER ON {}", ident(index)),
        None => format!("ALTER {relation} SET WITHOUT CLUSTER"),
    }
}

/// The list of columns in parentheses.
pub(super) fn columns<S: AsRef<str>>(names: &[S]) -> String {
    format!("({})", idents(names))
}
