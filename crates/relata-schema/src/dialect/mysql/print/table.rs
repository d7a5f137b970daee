//! Tables and their parts.

use super::{Server, ident};
use crate::dialect::Dialect;
use crate::model::{
    Action, Check, Column, ForeignKey, Generated, Index, IndexPart, Key, ObjectName, Partitioning, Table, TableOptions,
};

/// The key of the parameter of a key whose last part is this period, `WITHOUT OVERLAPS`.
pub const WITHOUT_OVERLAPS: &str = "without overlaps";
/// What the key of a table's parameter begins with that is an application-time period: its name follows, and the value
/// is its two columns in parentheses.
pub const PERIOD: &str = "period for ";
/// The key of the parameter of a column that holds the id of its spatial reference system.
pub const REFERENCE_SYSTEM: &str = "ref_system_id";
/// The same on MySQL.
pub const SRID: &str = "srid";
const SYSTEM_VERSIONING: &str = "system versioning";

fn literal(text: &str) -> String {
    Dialect::Mysql.literal(text)
}

/// `CREATE TABLE` with columns, keys, indexes, checks and these of its foreign keys.
pub fn create_table(table: &Table, foreign_keys: &[&ForeignKey], server: Server) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|column| column_definition(table, column)).collect();
    lines.extend(system_period(table));
    lines.extend(periods(&table.options).map(|(name, columns)| period_definition(name, columns)));
    lines.extend(table.primary_key.as_ref().map(primary_key_definition));
    lines.extend(table.uniques.iter().map(unique_definition));
    lines.extend(table.indexes.iter().map(|index| index_definition(index, server)));
    lines.extend(foreign_keys.iter().map(|key| foreign_key_definition(key, server)));
    lines.extend(table.checks.iter().filter(|check| check.column.is_empty()).map(check_definition));
    let mut sql = format!("CREATE TABLE {} (\n  {}\n)", ident(&table.name.name), lines.join(",\n  "));
    for option in table_options(table) {
        sql.push(' ');
        sql.push_str(&option);
    }
    if let Some(partitioning) = &table.partitioning {
        sql.push('\n');
        sql.push_str(&partition_clause(partitioning));
    }
    sql
}

/// `PERIOD FOR SYSTEM_TIME (start, end)`, if columns keep the time of a row.
pub fn system_period(table: &Table) -> Option<String> {
    let named = |word: &str| {
        let is = |column: &&Column| column.generated.as_ref().is_some_and(|made| made.expression == word);
        table.columns.iter().find(is).map(|column| ident(&column.name))
    };
    Some(format!("PERIOD FOR SYSTEM_TIME ({}, {})", named("ROW START")?, named("ROW END")?))
}

/// The application-time periods of a table: name and columns.
pub fn periods(options: &TableOptions) -> impl Iterator<Item = (&str, &str)> {
    options.parameters.iter().filter_map(|(key, value)| Some((key.strip_prefix(PERIOD)?, value.as_str())))
}

/// `PERIOD FOR name (start, end)`.
pub fn period_definition(name: &str, columns: &str) -> String {
    format!("PERIOD FOR {} {columns}", ident(name))
}

/// The check that is written on the column.
pub fn column_check<'t>(table: &'t Table, column: &str) -> Option<&'t Check> {
    table.checks.iter().find(|check| check.column == column)
}

/// `name type …`: everything about one column, its own check too.
pub fn column_definition(table: &Table, column: &Column) -> String {
    let mut sql = format!("{} {}", ident(&column.name), column.ty.physical);
    let mut add = |text: &str| {
        sql.push(' ');
        sql.push_str(text);
    };
    let (of_type, parameters): (Vec<_>, Vec<_>) =
        column.parameters.iter().partition(|(key, _)| key == REFERENCE_SYSTEM);
    for (key, value) in of_type {
        add(&format!("{}={value}", key.to_ascii_uppercase()));
    }
    if let Some(charset) = &column.charset {
        add(&format!("CHARACTER SET {charset}"));
    }
    if let Some(collation) = &column.collation {
        add(&format!("COLLATE {collation}"));
    }
    if let Some(generated) = &column.generated {
        add(&generated_clause(generated));
    }
    let of_period = column.generated.as_ref().is_some_and(|made| made.expression.starts_with("ROW "));
    if column.not_null && !of_period {
        add("NOT NULL");
    } else if column.ty.physical.starts_with("timestamp") && column.generated.is_none() {
        // Without the word, a timestamp is NOT NULL on servers with explicit_defaults_for_timestamp = OFF.
        add("NULL");
    }
    if column.invisible {
        add("INVISIBLE");
    }
    if let Some(default) = &column.default {
        add(&format!("DEFAULT {default}"));
    }
    if let Some(expression) = &column.on_update {
        add(&format!("ON UPDATE {expression}"));
    }
    if column.auto_increment {
        add("AUTO_INCREMENT");
    }
    for (key, value) in parameters {
        add(&column_parameter(key, value));
    }
    if let Some(comment) = &column.comment {
        add(&format!("COMMENT {}", literal(comment)));
    }
    if let Some(check) = column_check(table, &column.name) {
        add(&format!("CHECK ({})", check.expression));
    }
    sql
}

fn column_parameter(key: &str, value: &str) -> String {
    match key {
        "system versioning" => format!("{value} SYSTEM VERSIONING"),
        _ => format!("{} {value}", key.to_ascii_uppercase()),
    }
}

fn generated_clause(generated: &Generated) -> String {
    if generated.expression.starts_with("ROW ") {
        return format!("GENERATED ALWAYS AS {}", generated.expression);
    }
    let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
    format!("GENERATED ALWAYS AS ({}) {kind}", generated.expression)
}

/// `PRIMARY KEY (…)`.
pub fn primary_key_definition(key: &Key) -> String {
    let mut sql = format!("PRIMARY KEY ({})", key_parts(&key.parts, &key.parameters));
    add_index_options(&mut sql, key.method.as_deref(), &key.parameters, key.comment.as_deref());
    sql
}

/// `UNIQUE KEY name (…)`. To this database it is a unique index, and that is how it reads back.
pub fn unique_definition(key: &Key) -> String {
    let name = if key.name.is_empty() { String::new() } else { format!("{} ", ident(&key.name)) };
    let mut sql = format!("UNIQUE KEY {name}({})", key_parts(&key.parts, &key.parameters));
    add_index_options(&mut sql, key.method.as_deref(), &key.parameters, key.comment.as_deref());
    sql
}

/// `KEY name (…)`, `UNIQUE KEY`, `FULLTEXT KEY`, `SPATIAL KEY`.
pub fn index_definition(index: &Index, server: Server) -> String {
    let (kind, method) = match index.method.as_deref() {
        Some("fulltext") => ("FULLTEXT KEY", None),
        Some("spatial") => ("SPATIAL KEY", None),
        method if index.unique => ("UNIQUE KEY", method),
        method => ("KEY", method),
    };
    let mut sql = format!("{kind} {} ({})", ident(&index.name), key_parts(&index.parts, &index.parameters));
    add_index_options(&mut sql, method, &index.parameters, index.comment.as_deref());
    if index.invisible {
        sql.push_str(&format!(" {}", visibility(true, server)));
    }
    sql
}

/// The word for an index that the planner overlooks, or does not.
pub fn visibility(invisible: bool, server: Server) -> &'static str {
    match (server, invisible) {
        (Server::MariaDb, true) => "IGNORED",
        (Server::MariaDb, false) => "NOT IGNORED",
        (Server::MySql, true) => "INVISIBLE",
        (Server::MySql, false) => "VISIBLE",
    }
}

fn add_index_options(sql: &mut String, method: Option<&str>, parameters: &[(String, String)], comment: Option<&str>) {
    if let Some(method) = method {
        sql.push_str(&format!(" USING {}", method.to_ascii_uppercase()));
    }
    for (key, value) in parameters.iter().filter(|(key, _)| key != WITHOUT_OVERLAPS) {
        sql.push_str(&format!(" {} {value}", key.to_ascii_uppercase()));
    }
    if let Some(comment) = comment {
        sql.push_str(&format!(" COMMENT {}", literal(comment)));
    }
}

fn key_parts(parts: &[IndexPart], parameters: &[(String, String)]) -> String {
    let period = parameters.iter().find(|(key, _)| key == WITHOUT_OVERLAPS);
    let period = period.map(|(_, name)| format!("{} WITHOUT OVERLAPS", ident(name)));
    parts.iter().map(part).chain(period).collect::<Vec<_>>().join(", ")
}

fn part(part: &IndexPart) -> String {
    let mut sql = match &part.expression {
        Some(expression) => format!("({expression})"),
        None => ident(&part.column),
    };
    if let Some(length) = part.length {
        sql.push_str(&format!("({length})"));
    }
    if part.descending {
        sql.push_str(" DESC");
    }
    sql
}

/// `CONSTRAINT name FOREIGN KEY (…) REFERENCES …`.
pub fn foreign_key_definition(key: &ForeignKey, server: Server) -> String {
    let columns = |names: &[String]| names.iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ");
    let name = if key.name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", ident(&key.name)) };
    let mut sql = format!(
        "{name}FOREIGN KEY ({}) REFERENCES {} ({})",
        columns(&key.columns),
        Dialect::Mysql.qualified(&key.references),
        columns(&key.referenced_columns)
    );
    // RESTRICT and NO ACTION are the same here, and what is written is what is reported; what is unsaid, is not.
    let unsaid = if server == Server::MySql { Action::NoAction } else { Action::Restrict };
    for (word, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != unsaid {
            sql.push_str(&format!(" ON {word} {}", action.word()));
        }
    }
    sql
}

/// `ALTER TABLE … ADD CONSTRAINT … FOREIGN KEY …`.
pub fn add_foreign_key(table: &ObjectName, key: &ForeignKey, server: Server) -> String {
    format!("ALTER TABLE {} ADD {}", ident(&table.name), foreign_key_definition(key, server))
}

/// `CONSTRAINT name CHECK (…) [NOT ENFORCED]`.
pub fn check_definition(check: &Check) -> String {
    let name = if check.name.is_empty() { String::new() } else { format!("CONSTRAINT {} ", ident(&check.name)) };
    let enforced = if check.not_enforced { " NOT ENFORCED" } else { "" };
    format!("{name}CHECK ({}){enforced}", check.expression)
}

/// What follows the closing parenthesis, one option a piece, without partitioning.
pub fn table_options(table: &Table) -> Vec<String> {
    let TableOptions { engine, charset, collation, parameters, .. } = &table.options;
    let mut options = Vec::new();
    options.extend(engine.as_ref().map(|engine| format!("ENGINE={engine}")));
    options.extend(charset.as_ref().map(|charset| format!("DEFAULT CHARSET={charset}")));
    options.extend(collation.as_ref().map(|collation| format!("COLLATE={collation}")));
    options.extend(plain_options(&table.options).map(|(key, value)| option_clause(key, value)));
    options.extend(table.comment.as_ref().map(|comment| format!("COMMENT={}", literal(comment))));
    if parameters.iter().any(|(key, _)| key == SYSTEM_VERSIONING) {
        options.push("WITH SYSTEM VERSIONING".into());
    }
    options
}

/// The parameters that are `KEY=value`, rather than a period or the keeping of history.
pub fn plain_options(options: &TableOptions) -> impl Iterator<Item = &(String, String)> {
    options.parameters.iter().filter(|(key, _)| key != SYSTEM_VERSIONING && !key.starts_with(PERIOD))
}

/// `KEY=value` of a table option.
pub fn option_clause(key: &str, value: &str) -> String {
    // An option of an engine's own is reported in backquotes.
    let key = if key.starts_with('`') { key.to_string() } else { key.to_ascii_uppercase() };
    format!("{key}={value}")
}

/// `PARTITION BY …` with its partitions.
pub fn partition_clause(partitioning: &Partitioning) -> String {
    let mut sql = format!("PARTITION BY {}", partitioning.key);
    if !partitioning.partitions.is_empty() {
        sql.push_str(&format!("\n(\n  {}\n)", partitioning.partitions.join(",\n  ")));
    }
    sql
}
