//! Questions to the catalogue that are answered with 1 once a step has been done. Each is one line.

use relata_schema::Dialect;
use relata_schema::dialect::mysql::print;
use relata_schema::model::{
    Column, Grant, ObjectName, Partitioning, Routine, RoutineKind, Sequence, SequenceParameters, Table, View,
};

/// A string literal on one line.
fn literal(text: &str) -> String {
    Dialect::Mysql.literal(text).replace('\n', "\\n").replace('\r', "\\r")
}

/// A text of the catalogue without the name of its own database.
fn unqualified(column: &str) -> String {
    format!("REPLACE({column}, CONCAT('`', REPLACE(DATABASE(), '`', '``'), '`.'), '')")
}

/// One question for several: all must be so.
pub(super) fn all(probes: &[String]) -> String {
    match probes {
        [] => String::new(),
        [only] => only.clone(),
        _ => {
            let asked: Vec<String> = probes.iter().map(|probe| format!("({probe})")).collect();
            format!("SELECT {}", asked.join(" AND "))
        }
    }
}

fn count(view: &str, schema_column: &str, condition: &str, there: bool) -> String {
    let wanted = if there { "> 0" } else { "= 0" };
    format!(
        "SELECT COUNT(*) {wanted} FROM information_schema.{view} WHERE {schema_column} = DATABASE() AND {condition}"
    )
}

pub(super) fn table(name: &ObjectName) -> String {
    count("tables", "table_schema", &format!("table_name = {} AND table_type <> 'VIEW'", literal(&name.name)), true)
}

pub(super) fn no_table(name: &ObjectName) -> String {
    count("tables", "table_schema", &format!("table_name = {} AND table_type <> 'VIEW'", literal(&name.name)), false)
}

pub(super) fn no_view(name: &ObjectName) -> String {
    count("views", "table_schema", &format!("table_name = {}", literal(&name.name)), false)
}

/// The view has this query, these options.
pub(super) fn view(view: &View) -> String {
    let unqualified = unqualified("view_definition");
    let parameter = |name: &str| view.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut condition =
        format!("table_name = {} AND {unqualified} = {}", literal(&view.name.name), literal(&view.query));
    if let Some(security) = parameter("security") {
        condition.push_str(&format!(" AND security_type = {}", literal(security)));
    }
    let check = view.check_option.as_deref().unwrap_or("NONE");
    condition.push_str(&format!(" AND check_option = {}", literal(check)));
    count("views", "table_schema", &condition, true)
}

pub(super) fn trigger(name: &str, there: bool) -> String {
    count("triggers", "trigger_schema", &format!("trigger_name = {}", literal(name)), there)
}

pub(super) fn event(name: &ObjectName, there: bool) -> String {
    count("events", "event_schema", &format!("event_name = {}", literal(&name.name)), there)
}

pub(super) fn routine(routine: &Routine, there: bool) -> String {
    let kind = if routine.kind == RoutineKind::Procedure { "PROCEDURE" } else { "FUNCTION" };
    let condition = format!("routine_name = {} AND routine_type = '{kind}'", literal(&routine.name.name));
    count("routines", "routine_schema", &condition, there)
}

pub(super) fn sequence(name: &ObjectName, there: bool) -> String {
    let condition = format!("table_name = {} AND table_type = 'SEQUENCE'", literal(&name.name));
    count("tables", "table_schema", &condition, there)
}

/// The sequence has the parameters that are given; what is left to its default is not asked.
pub(super) fn sequence_parameters(sequence: &Sequence) -> String {
    let SequenceParameters { start, increment, min, max, cache, cycle } = &sequence.parameters;
    let mut conditions = vec![format!("cycle_option = {}", u8::from(*cycle))];
    conditions.push(format!("increment = {}", increment.unwrap_or(1)));
    conditions.push(format!("cache_size = {}", cache.unwrap_or(1000)));
    for (column, value) in [("start_value", start), ("minimum_value", min), ("maximum_value", max)] {
        conditions.extend(value.map(|value| format!("{column} = {value}")));
    }
    format!("SELECT {} FROM {}", conditions.join(" AND "), Dialect::Mysql.ident(&sequence.name.name))
}

pub(super) fn foreign_key(table: &ObjectName, name: &str, there: bool) -> String {
    let condition = format!("table_name = {} AND constraint_name = {}", literal(&table.name), literal(name));
    count("referential_constraints", "constraint_schema", &condition, there)
}

pub(super) fn index(table: &ObjectName, name: &str, there: bool) -> String {
    let condition = format!("table_name = {} AND index_name = {}", literal(&table.name), literal(name));
    count("statistics", "table_schema", &condition, there)
}

pub(super) fn check(table: &ObjectName, name: &str, there: bool) -> String {
    let condition = format!(
        "table_name = {} AND constraint_name = {} AND constraint_type = 'CHECK'",
        literal(&table.name),
        literal(name)
    );
    count("table_constraints", "table_schema", &condition, there)
}

pub(super) fn column(table: &ObjectName, name: &str, there: bool) -> String {
    let condition = format!("table_name = {} AND column_name = {}", literal(&table.name), literal(name));
    count("columns", "table_schema", &condition, there)
}

/// The column is there with its type.
pub(super) fn column_type(table: &Table, column: &Column) -> String {
    let physical = if column.ty.physical == "json" { "longtext" } else { &column.ty.physical };
    format!("{} AND column_type = {}", self::column(&table.name, &column.name, true), literal(physical))
}

/// The column is as described: type, NULL, default, comment.
pub(super) fn column_is(table: &Table, column: &Column) -> String {
    let physical = if column.ty.physical == "json" { "longtext" } else { &column.ty.physical };
    let default = column.default.as_deref().unwrap_or("NULL");
    let condition = format!(
        "table_name = {} AND column_name = {} AND column_type IN ({}, {}) AND is_nullable = {} \
         AND COALESCE({}, 'NULL') = {} AND column_comment = {}",
        literal(&table.name.name),
        literal(&column.name),
        literal(physical),
        literal(&column.ty.physical),
        if column.not_null { "'NO'" } else { "'YES'" },
        unqualified("column_default"),
        literal(default),
        literal(column.comment.as_deref().unwrap_or_default()),
    );
    count("columns", "table_schema", &condition, true)
}

/// The options that the table shall have are there.
pub(super) fn options(table: &Table) -> String {
    let mut condition = format!("table_name = {}", literal(&table.name.name));
    if let Some(engine) = &table.options.engine {
        condition.push_str(&format!(" AND engine = {}", literal(engine)));
    }
    if let Some(collation) = &table.options.collation {
        condition.push_str(&format!(" AND table_collation = {}", literal(collation)));
    }
    condition.push_str(&format!(" AND table_comment = {}", literal(table.comment.as_deref().unwrap_or_default())));
    for (key, value) in table.options.parameters.iter().filter(|(key, _)| key != "system versioning") {
        let option = print::option_clause(key, value);
        condition.push_str(&format!(" AND LOCATE({}, UPPER(create_options)) > 0", literal(&option.to_uppercase())));
    }
    count("tables", "table_schema", &condition, true)
}

/// The table has these partitions, with these bounds.
pub(super) fn partitions(table: &ObjectName, partitioning: &Partitioning) -> String {
    let key = partitioning.key.split(" SUBPARTITION BY").next().unwrap_or_default();
    let (key, count) = key.split_once(" PARTITIONS ").map_or((key, None), |(key, count)| (key, Some(count)));
    let mut condition =
        format!("CONCAT(MAX(partition_method), ' (', MAX(partition_expression), ')') = {}", literal(key));
    match count {
        Some(count) => condition.push_str(&format!(" AND COUNT(DISTINCT partition_name) = {count}")),
        None => {
            let parts: Vec<String> = partitioning.partitions.iter().map(|text| bound(text)).collect();
            condition.push_str(&format!(
                " AND GROUP_CONCAT(DISTINCT COALESCE(partition_description, '') \
                 ORDER BY partition_ordinal_position SEPARATOR ';') = {}",
                literal(&parts.join(";"))
            ));
        }
    }
    let name = literal(&table.name);
    format!(
        "SELECT {condition} FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = {name} \
         AND partition_name IS NOT NULL"
    )
}

pub(super) fn no_partitions(table: &ObjectName) -> String {
    let condition = format!("table_name = {} AND partition_name IS NOT NULL", literal(&table.name));
    count("partitions", "table_schema", &condition, false)
}

/// The bound in `PARTITION p VALUES LESS THAN (…)` as the catalogue gives it.
fn bound(partition: &str) -> String {
    let definition = partition.split(" COMMENT = ").next().unwrap_or(partition);
    let inside = definition.split_once(" VALUES ").and_then(|(_, values)| values.split_once('('));
    match inside {
        Some((_, rest)) => rest.strip_suffix(')').unwrap_or(rest).to_string(),
        None if definition.ends_with("MAXVALUE") || definition.ends_with(" DEFAULT") => "MAXVALUE".into(),
        None => String::new(),
    }
}

fn grant_condition(object: &ObjectName, column: Option<&str>, grant: &Grant) -> (&'static str, String) {
    let account = grant.grantee.replace('`', "'");
    let mut condition = format!(
        "table_name = {} AND grantee = {} AND privilege_type = {}",
        literal(&object.name),
        literal(&account),
        literal(&grant.privilege)
    );
    match column {
        Some(column) => {
            condition.push_str(&format!(" AND column_name = {}", literal(column)));
            ("column_privileges", condition)
        }
        None => ("table_privileges", condition),
    }
}

pub(super) fn grant(object: &ObjectName, column: Option<&str>, grant: &Grant) -> String {
    let (view, condition) = grant_condition(object, column, grant);
    let option = if grant.grantable { "YES" } else { "NO" };
    count(view, "table_schema", &format!("{condition} AND is_grantable = '{option}'"), true)
}

pub(super) fn no_grant(object: &ObjectName, column: Option<&str>, grant: &Grant) -> String {
    let (view, condition) = grant_condition(object, column, grant);
    count(view, "table_schema", &condition, false)
}
