//! Questions to the catalogue that are answered with 1 once a step has been done. Each is one line.

mod of_mysql;

use super::partitions;
use relata_schema::Dialect;
use relata_schema::dialect::mysql::{Server, print};
use relata_schema::model::{
    Check, Column, Grant, Index, IndexPart, ObjectName, Partitioning, Routine, RoutineKind, Sequence,
    SequenceParameters, Table, View,
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
pub(super) fn view(old: Option<&View>, view: &View, server: Server) -> String {
    let hidden = |key: &str| server == Server::MySql && matches!(key, "algorithm" | print::VIEW_COLUMNS);
    let bare = |view: &View| {
        let parameters: Vec<_> = view.parameters.iter().filter(|(key, _)| !hidden(key)).cloned().collect();
        (without_introducers(&view.query), view.check_option.clone(), parameters)
    };
    if old.is_some_and(|old| bare(old) == bare(view)) {
        return UNSEEN.into();
    }
    let unqualified = unqualified("view_definition");
    let parameter = |name: &str| view.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let mut condition = format!(
        "table_name = {} AND {unqualified} = {}",
        literal(&view.name.name),
        literal(&without_introducers(&view.query))
    );
    if let Some(security) = parameter("security") {
        condition.push_str(&format!(" AND security_type = {}", literal(security)));
    }
    let check = view.check_option.as_deref().unwrap_or("NONE");
    condition.push_str(&format!(" AND check_option = {}", literal(check)));
    let definer = parameter("definer").map(|account| account.replace("`@`", "@"));
    if let Some(account) = definer.as_deref().and_then(|account| account.strip_prefix('`')?.strip_suffix('`')) {
        condition.push_str(&format!(" AND definer = {}", literal(account)));
    }
    if let Some(algorithm) = parameter("algorithm").filter(|_| !hidden("algorithm")) {
        condition.push_str(&format!(" AND algorithm = {}", literal(algorithm)));
    }
    count("views", "table_schema", &condition, true)
}

/// The catalogue leaves out the character set before a literal: `_latin1'x'`.
fn without_introducers(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    let mut quote = None;
    let mut characters = query.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            None if character == '\'' => {
                let word = out.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
                let before = out[..word].chars().next_back();
                if out[word..].starts_with('_') && before != Some('`') {
                    out.truncate(word);
                }
                quote = Some(character);
            }
            None if matches!(character, '"' | '`') => quote = Some(character),
            Some(open) if open == character => quote = None,
            Some(open) if character == '\\' && open != '`' => {
                out.push(character);
                out.extend(characters.next());
                continue;
            }
            _ => {}
        }
        out.push(character);
    }
    out
}

pub(super) fn trigger(name: &str, there: bool) -> String {
    count("triggers", "trigger_schema", &format!("trigger_name = {}", literal(name)), there)
}

/// An event, or a package.
pub(super) fn other(kind: &str, name: &ObjectName, there: bool) -> String {
    if kind != "EVENT" {
        let condition = format!("routine_name = {} AND routine_type = {}", literal(&name.name), literal(kind));
        return count("routines", "routine_schema", &condition, there);
    }
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
    let condition = format!("table_name = {} AND BINARY column_name = {}", literal(&table.name), literal(name));
    count("columns", "table_schema", &condition, there)
}

/// The column is as described; its collation must be spelled out.
pub(super) fn column_is(table: &Table, column: &Column, server: Server) -> String {
    if server == Server::MySql {
        return of_mysql::column_is(table, column);
    }
    let mut conditions = vec![
        format!("table_name = {}", literal(&table.name.name)),
        // Names differ in case, too.
        format!("BINARY column_name = {}", literal(&column.name)),
        type_is(column),
        format!("column_comment = {}", literal(column.comment.as_deref().unwrap_or_default())),
        format!("COALESCE(generation_expression, '') = {}", literal(generated(column))),
    ];
    let of_period = generated(column).starts_with("ROW ");
    if !of_period {
        conditions.push(format!("is_nullable = {}", if column.not_null { "'NO'" } else { "'YES'" }));
    }
    conditions.extend(default_is(table, column));
    conditions.extend(column.collation.as_ref().map(|name| format!("collation_name = {}", literal(name))));
    let update = column.on_update.as_ref().map(|expression| format!("on update {expression}"));
    let left_out = column.parameters.iter().any(|(key, _)| key == "system versioning");
    let stored = column.generated.as_ref().is_some_and(|generated| generated.stored) && !of_period;
    for (words, there) in [
        ("INVISIBLE", column.invisible),
        ("auto_increment", column.auto_increment),
        ("WITHOUT SYSTEM VERSIONING", left_out),
        ("STORED", stored),
        (update.as_deref().unwrap_or("on update"), update.is_some()),
    ] {
        conditions.push(format!("LOCATE({}, extra) {}", literal(words), if there { "> 0" } else { "= 0" }));
    }
    let is = count("columns", "table_schema", &conditions.join(" AND "), true);
    all(&[vec![is, own_check_is(table, column)], reference_system_is(table, column).into_iter().collect()].concat())
}

fn generated(column: &Column) -> &str {
    column.generated.as_ref().map_or("", |generated| generated.expression.as_str())
}

/// `json` is a `longtext` to MariaDB.
fn type_is(column: &Column) -> String {
    let physical = &column.ty.physical;
    let reported = if physical == "json" { "longtext" } else { physical };
    format!("column_type IN ({}, {})", literal(reported), literal(physical))
}

fn default_is(table: &Table, column: &Column) -> Option<String> {
    let default = column.default.as_deref().unwrap_or("NULL");
    match default.strip_prefix("x'").and_then(|bytes| bytes.strip_suffix('\'')) {
        _ if column.generated.is_some() => None,
        None => Some(format!("COALESCE({}, 'NULL') = {}", unqualified("column_default"), literal(default))),
        Some(bytes) => {
            let (table, column) = (Dialect::Mysql.ident(&table.name.name), Dialect::Mysql.ident(&column.name));
            let value = format!("SELECT HEX(DEFAULT({column})) FROM (SELECT 1) AS one LEFT JOIN {table} ON FALSE");
            Some(format!("({value}) = '{bytes}'"))
        }
    }
}

/// The check that stands on the column is there; one that shall not be is not.
fn own_check_is(table: &Table, column: &Column) -> String {
    let json = || format!("json_valid({})", Dialect::Mysql.quote(&column.name));
    let expression = match print::column_check(table, &column.name) {
        Some(check) => Some(check.expression.clone()),
        None => (column.ty.physical == "json").then(json),
    };
    let condition = format!(
        "table_name = {} AND level = 'Column' AND constraint_name = {}",
        literal(&table.name.name),
        literal(&column.name)
    );
    match expression {
        None => count("check_constraints", "constraint_schema", &condition, false),
        Some(expression) => {
            let condition = format!("{condition} AND check_clause = {}", literal(&expression));
            count("check_constraints", "constraint_schema", &condition, true)
        }
    }
}

/// Only asked of columns that have one, or that are of a type that may.
fn reference_system_is(table: &Table, column: &Column) -> Option<String> {
    let id = column.parameters.iter().find(|(key, _)| key == print::REFERENCE_SYSTEM).map(|(_, id)| id.as_str());
    let may = ["geometry", "point", "polygon", "linestring"].contains(&column.ty.physical.as_str());
    (may || id.is_some()).then(|| {
        let condition = format!(
            "g_table_name = {} AND g_geometry_column = {} AND srid = {}",
            literal(&table.name.name),
            literal(&column.name),
            id.unwrap_or("0")
        );
        count("geometry_columns", "f_table_schema", &condition, true)
    })
}

/// The index, `PRIMARY` for the primary key, is as described, as far as the catalogue shows.
pub(super) fn index_is(table: &ObjectName, index: &Index) -> String {
    if !of_mysql::shows(index) {
        return UNSEEN.into();
    }
    let spatial = index.method.as_deref() == Some("spatial");
    let part = |part: &IndexPart| {
        let length = part.length.map_or_else(String::new, |length| format!("({length})"));
        format!("{}{length}{}", part.column, if part.descending { " D" } else { "" })
    };
    let parts = index.parts.iter().map(part).collect::<Vec<_>>().join(",");
    let length = if spatial { "''" } else { "COALESCE(CONCAT('(', sub_part, ')'), '')" };
    // After the parts that are written come those that the server adds.
    let found = format!(
        "CONCAT(GROUP_CONCAT(CONCAT(column_name, {length}, IF(collation = 'D', ' D', '')) ORDER BY seq_in_index), ',')"
    );
    let written = format!("{parts},");
    let kind = match index.method.as_deref() {
        Some("fulltext") => " AND MAX(index_type) = 'FULLTEXT'",
        Some("spatial") => " AND MAX(index_type) IN ('SPATIAL', 'RTREE')",
        _ => " AND MAX(index_type) NOT IN ('FULLTEXT', 'SPATIAL', 'RTREE')",
    };
    format!(
        "SELECT COUNT(*) > 0 AND LEFT({found}, {}) = {}{kind} AND MAX(non_unique) = {} AND MAX(index_comment) = {} \
         FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = {} AND index_name = {}",
        written.chars().count(),
        literal(&written),
        u8::from(!index.unique),
        literal(index.comment.as_deref().unwrap_or_default()),
        literal(&table.name),
        literal(&index.name),
    )
}

/// The planner overlooks the index, or does not.
pub(super) fn ignored(table: &ObjectName, name: &str, ignored: bool, server: Server) -> String {
    let seen = match (server, ignored) {
        (Server::MariaDb, true) => "ignored = 'YES'",
        (Server::MariaDb, false) => "ignored = 'NO'",
        (Server::MySql, true) => "is_visible = 'NO'",
        (Server::MySql, false) => "is_visible = 'YES'",
    };
    let (table, name) = (literal(&table.name), literal(name));
    count("statistics", "table_schema", &format!("table_name = {table} AND index_name = {name} AND {seen}"), true)
}

/// The check says this.
pub(super) fn check_is(table: &ObjectName, check: &Check, server: Server) -> String {
    if server == Server::MySql {
        return of_mysql::check_is(table, check);
    }
    let condition = format!(
        "table_name = {} AND constraint_name = {} AND check_clause = {}",
        literal(&table.name),
        literal(&check.name),
        literal(&check.expression)
    );
    count("check_constraints", "constraint_schema", &condition, true)
}

/// What the catalogue does not show is never known to be done. Such a step may run twice: it drops what it adds again.
pub(super) const UNSEEN: &str = "SELECT 0";

/// Rows keep their history, or do not.
pub(super) fn versioned(table: &ObjectName, there: bool) -> String {
    let condition = format!("table_name = {} AND table_type = 'SYSTEM VERSIONED'", literal(&table.name));
    count("tables", "table_schema", &condition, there)
}

/// Options that the catalogue does not show.
const HIDDEN_OPTIONS: [&str; 5] = ["union", "insert_method", "connection", "data directory", "index directory"];

/// The option is not there.
pub(super) fn no_option(table: &ObjectName, key: &str) -> String {
    let option = literal(&format!(" {key}=").to_uppercase());
    let condition =
        format!("table_name = {} AND LOCATE({option}, CONCAT(' ', UPPER(create_options))) = 0", literal(&table.name));
    count("tables", "table_schema", &condition, true)
}

/// The options that the table shall have are there, and those that go are not.
pub(super) fn options(from: &Table, table: &Table) -> String {
    let mut condition = format!("table_name = {}", literal(&table.name.name));
    if let Some(engine) = &table.options.engine {
        condition.push_str(&format!(" AND engine = {}", literal(engine)));
    }
    if let Some(collation) = &table.options.collation {
        condition.push_str(&format!(" AND table_collation = {}", literal(collation)));
    }
    condition.push_str(&format!(" AND table_comment = {}", literal(table.comment.as_deref().unwrap_or_default())));
    let seen = |(key, _): &&(String, String)| !HIDDEN_OPTIONS.contains(&key.as_str());
    for (key, value) in print::plain_options(&table.options).filter(seen) {
        let option = format!(" {} ", print::option_clause(key, value));
        condition.push_str(&format!(
            " AND LOCATE({}, CONCAT(' ', UPPER(create_options), ' ')) > 0",
            literal(&option.to_uppercase())
        ));
    }
    let gone = |(key, _): &&(String, String)| !print::plain_options(&table.options).any(|(other, _)| other == key);
    for (key, _) in print::plain_options(&from.options)
        .filter(seen)
        .filter(gone)
        .filter(|(key, _)| !matches!(key.as_str(), "page_checksum" | "transactional"))
    {
        let option = format!(" {key}=");
        condition.push_str(&format!(
            " AND LOCATE({}, CONCAT(' ', UPPER(create_options))) = 0",
            literal(&option.to_uppercase())
        ));
    }
    count("tables", "table_schema", &condition, true)
}

/// The table has these partitions, with these names, bounds and comments.
pub(super) fn partitions(table: &ObjectName, partitioning: &Partitioning) -> String {
    let key = partitioning.key.split(" SUBPARTITION BY").next().unwrap_or_default();
    let (key, count) = key.split_once(" PARTITIONS ").map_or((key, None), |(key, count)| (key, Some(count)));
    // The catalogue does not tell how keys are counted.
    let shown = literal(&key.replacen(" ALGORITHM = 1", "", 1));
    let mut conditions = vec![format!("CONCAT(MAX(partition_method), ' (', MAX(partition_expression), ')') = {shown}")];
    if key.starts_with("SYSTEM_TIME") {
        conditions = vec!["MAX(partition_method) = 'SYSTEM_TIME'".into()];
    }
    if let Some(count) = count {
        conditions.push(format!("COUNT(DISTINCT partition_name) = {count}"));
    }
    if !partitioning.partitions.is_empty() {
        let joined = |parts: Vec<String>| literal(&parts.join(";"));
        let list =
            |column: &str| format!("GROUP_CONCAT(DISTINCT {column} ORDER BY partition_ordinal_position SEPARATOR ';')");
        let names = partitioning.partitions.iter().map(|partition| partitions::name(partition)).collect();
        conditions.push(format!("{} = {}", list("partition_name"), joined(names)));
        let bounds: Vec<String> =
            partitioning.partitions.iter().map(|partition| partitions::bound(partition)).collect();
        if bounds.iter().any(|bound| !bound.is_empty()) {
            conditions.push(format!("{} = {}", list("COALESCE(partition_description, '')"), joined(bounds)));
        }
        let comments: Vec<&str> = partitioning.partitions.iter().flat_map(|text| partitions::comments(text)).collect();
        let is = comments.iter().map(|comment| format!("SUM(partition_comment = {comment}) > 0"));
        conditions.extend(is);
        if comments.is_empty() {
            conditions.push("SUM(partition_comment <> '') = 0".into());
        }
    }
    if let Some((_, subpartitions)) = partitioning.key.split_once(" SUBPARTITION BY ") {
        let (key, count) =
            subpartitions.split_once(" SUBPARTITIONS ").map_or((subpartitions, None), |(key, n)| (key, Some(n)));
        conditions.push(format!(
            "CONCAT(MAX(subpartition_method), ' (', MAX(subpartition_expression), ')') = {}",
            literal(key)
        ));
        conditions.extend(count.map(|count| format!("COUNT(*) = COUNT(DISTINCT partition_name) * {count}")));
        let names: Vec<String> =
            partitioning.partitions.iter().flat_map(|text| partitions::subpartitions(text)).collect();
        if !names.is_empty() {
            let is = names.iter().map(|name| format!("SUM(subpartition_name = {}) = 1", literal(name)));
            conditions.extend(is);
        }
    }
    let name = literal(&table.name);
    format!(
        "SELECT {} FROM information_schema.partitions WHERE table_schema = DATABASE() AND table_name = {name} \
         AND partition_name IS NOT NULL",
        conditions.join(" AND ")
    )
}

pub(super) fn no_partitions(table: &ObjectName) -> String {
    let condition = format!("table_name = {} AND partition_name IS NOT NULL", literal(&table.name));
    count("partitions", "table_schema", &condition, false)
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
