//! Indexes and their parts.

use super::{expression, ident, qualified, storage_parameters, table};
use crate::model::{Index, IndexPart, NullsOrder, ObjectName};

/// The name of an index or key of a table: it lives in the table's namespace.
pub fn index_name(table: &ObjectName, index: &str) -> ObjectName {
    ObjectName::new(&table.namespace, index)
}

/// `CREATE INDEX`.
pub fn create_index(table_name: &ObjectName, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let only = if index.only { "ONLY " } else { "" };
    let method = index.method.as_deref().unwrap_or("btree");
    let parts: Vec<String> = index.parts.iter().map(part).collect();
    let mut out = format!(
        "CREATE {unique}INDEX {} ON {only}{} USING {} ({})",
        ident(&index.name),
        qualified(table_name),
        ident(method),
        parts.join(", ")
    );
    if !index.include.is_empty() {
        out.push_str(&format!(" INCLUDE {}", table::columns(&index.include)));
    }
    if index.nulls_not_distinct {
        out.push_str(" NULLS NOT DISTINCT");
    }
    out.push_str(&parameters(&index.parameters));
    if let Some(predicate) = &index.predicate {
        out.push_str(&format!(" WHERE ({})", expression(predicate)));
    }
    out
}

/// The key of the parameter of a key whose last part is a range, of which no two with the same rest meet.
pub const WITHOUT_OVERLAPS: &str = "without overlaps";

/// What the parameters of an index begin with that are the statistics target of its n-th part.
pub const STATISTICS: &str = "statistics ";

/// The statement that sets one of the parameters that `CREATE INDEX` cannot say.
pub fn index_statistics(index: &ObjectName, key: &str, value: &str) -> Option<String> {
    let part = key.strip_prefix(STATISTICS)?;
    Some(format!("ALTER INDEX {} ALTER COLUMN {part} SET STATISTICS {value}", qualified(index)))
}

/// The statements that set the parameters of an index which `CREATE INDEX` cannot say.
pub fn index_settings(table: &ObjectName, index: &Index) -> Vec<String> {
    let name = index_name(table, &index.name);
    index.parameters.iter().filter_map(|(key, value)| index_statistics(&name, key, value)).collect()
}

/// Storage parameters and tablespace of an index.
fn parameters(parameters: &[(String, String)]) -> String {
    let own = |key: &str| key == "tablespace" || key == WITHOUT_OVERLAPS || key.starts_with(STATISTICS);
    let storage: Vec<_> = parameters.iter().filter(|(key, _)| !own(key)).cloned().collect();
    let mut out = storage_parameters(" WITH ", &storage);
    if let Some((_, tablespace)) = parameters.iter().find(|(key, _)| key == "tablespace") {
        out.push_str(&format!(" TABLESPACE {}", ident(tablespace)));
    }
    out
}

/// Storage parameters and tablespace of the index behind a constraint.
pub(super) fn key_parameters(parameters: &[(String, String)]) -> String {
    self::parameters(parameters).replace(" TABLESPACE ", " USING INDEX TABLESPACE ")
}

/// One part of an index.
pub(super) fn part(part: &IndexPart) -> String {
    let mut out = match &part.expression {
        Some(text) => format!("({})", expression(text)),
        None => ident(&part.column),
    };
    if let Some(collation) = &part.collation {
        out.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(class) = &part.operator_class {
        out.push_str(&format!(" {class}"));
    }
    if part.descending {
        out.push_str(" DESC");
    }
    match part.nulls {
        NullsOrder::Default => {}
        NullsOrder::First => out.push_str(" NULLS FIRST"),
        NullsOrder::Last => out.push_str(" NULLS LAST"),
    }
    out
}

/// `ALTER INDEX … ATTACH PARTITION`.
pub fn attach_index(parent: &ObjectName, child: &ObjectName) -> String {
    format!("ALTER INDEX {} ATTACH PARTITION {}", qualified(parent), qualified(child))
}
