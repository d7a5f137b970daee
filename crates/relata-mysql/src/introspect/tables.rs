//! Tables, columns, keys, indexes, checks, partitions, privileges; sequences; the columns of views.

use std::collections::BTreeMap;

use relata_schema::Schema;
use relata_schema::dialect::mysql::{print, types};
use relata_schema::model::{
    Action, Check, Column, ForeignKey, Generated, Grant, Index, IndexPart, Key, ObjectName, Partitioning, Sequence,
    Table, TableOptions, View,
};
use relata_schema::types::{ColumnType, SharedTypes, Type};
use relata_sql::Result;

use super::texts::{account, default, is_number, on_update, sequence_parameters, unescape, unqualified};
use super::written::{self, Written, WrittenKey};
use super::{Catalogue, Line, filled, text};

/// Tables and views by name while they are put together.
#[derive(Default)]
struct Reading {
    tables: BTreeMap<String, Table>,
    views: BTreeMap<String, View>,
    /// What `SHOW CREATE TABLE` tells of each table.
    written: BTreeMap<String, Written>,
    sequences: Vec<String>,
}

pub(crate) async fn read(catalogue: &mut Catalogue<'_>, schema: &mut Schema, ignored: &[String]) -> Result<()> {
    let mut reading = Reading::default();
    list(catalogue, &mut reading, ignored).await?;
    if !(reading.tables.is_empty() && reading.views.is_empty()) {
        columns(catalogue, &mut reading).await?;
        reading.written = written(catalogue, &reading.tables).await?;
        options(&mut reading);
        if catalogue.mysql {
            as_written(&mut reading);
        }
        defaults_in_bytes(catalogue, &mut reading).await?;
        reference_systems(catalogue, &mut reading).await?;
        indexes(catalogue, &mut reading).await?;
        foreign_keys(catalogue, &mut reading).await?;
        checks(catalogue, &mut reading).await?;
        partitions(catalogue, &mut reading).await?;
        privileges(catalogue, &mut reading).await?;
    }
    sequences(catalogue, &reading.sequences, schema).await?;
    schema.tables = reading.tables.into_values().collect();
    schema.views = reading.views.into_values().collect();
    Ok(())
}

async fn list(catalogue: &mut Catalogue<'_>, reading: &mut Reading, ignored: &[String]) -> Result<()> {
    let sql = format!(
        "SELECT table_name, table_type, engine, table_collation, table_comment \
         FROM information_schema.tables WHERE table_schema = {}",
        catalogue.database
    );
    for line in catalogue.lines(&sql).await? {
        let name = text(&line, 0).to_string();
        if ignored.contains(&name) {
            continue;
        }
        match text(&line, 1) {
            "SEQUENCE" => reading.sequences.push(name),
            "VIEW" | "SYSTEM VIEW" => {
                let view = View { name: ObjectName::bare(&name), ..View::default() };
                reading.views.insert(name, view);
            }
            kind => {
                let table = table(&line, kind == "SYSTEM VERSIONED");
                reading.tables.insert(name, table);
            }
        }
    }
    Ok(())
}

fn table(line: &Line, versioned: bool) -> Table {
    let mut parameters = Vec::new();
    if versioned {
        parameters.push(("system versioning".into(), "WITH".into()));
    }
    let collation = filled(line, 3);
    let options = TableOptions {
        engine: filled(line, 2),
        charset: collation.as_deref().map(charset_of),
        collation,
        parameters,
        ..TableOptions::default()
    };
    Table { name: ObjectName::bare(text(line, 0)), options, comment: filled(line, 4), ..Table::default() }
}

/// Every table as `SHOW CREATE TABLE` gives it. One that the role may not see is left out.
async fn written(catalogue: &mut Catalogue<'_>, tables: &BTreeMap<String, Table>) -> Result<BTreeMap<String, Written>> {
    let show = |name: &String| format!("SHOW CREATE TABLE {}", relata_schema::Dialect::Mysql.quote(name));
    let statements: Vec<String> = tables.keys().map(show).collect();
    let answers = catalogue.first_lines(&statements).await?;
    let read = if catalogue.mysql { written::read_mysql } else { written::read };
    Ok(tables.keys().zip(answers).map(|(name, line)| (name.clone(), read(text(&line, 1)))).collect())
}

/// Defaults, expressions and reference systems of columns, as MySQL writes them.
fn as_written(reading: &mut Reading) {
    for (name, table) in &mut reading.tables {
        let Some(written) = reading.written.get_mut(name) else { continue };
        for column in &mut table.columns {
            let Some(found) = written.columns.remove(&column.name) else { continue };
            let number = is_number(column.ty.physical.split(['(', ' ']).next().unwrap_or_default());
            let unquoted = |sql: String| match sql.strip_prefix('\'').and_then(|sql| sql.strip_suffix('\'')) {
                Some(bare) if number => bare.to_string(),
                _ => sql,
            };
            column.default = found.default.map(unquoted);
            if let (Some(generated), Some(expression)) = (&mut column.generated, found.generated) {
                generated.expression = expression;
            }
            column.parameters.extend(found.srid.map(|id| (print::SRID.to_string(), id)));
        }
    }
}

/// Options and periods of a table, as they are written.
fn options(reading: &mut Reading) {
    for (name, table) in &mut reading.tables {
        let Some(written) = reading.written.get(name) else { continue };
        let period = |(name, columns): &(String, String)| (format!("{}{name}", print::PERIOD), columns.clone());
        // Once said, it stays for good, also with engines that have no such thing.
        let aria = table.options.engine.as_deref() == Some("Aria");
        let means = |(key, _): &&(String, String)| aria || key != "page_checksum";
        table.options.parameters.extend(written.options.iter().filter(means).cloned());
        table.options.parameters.extend(written.periods.iter().map(period));
    }
}

/// A collation begins with its character set.
fn charset_of(collation: &str) -> String {
    collation.split('_').next().unwrap_or(collation).to_string()
}

async fn columns(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let sql = format!(
        "SELECT table_name, column_name, column_type, is_nullable, column_default, extra, generation_expression, \
         character_set_name, collation_name, column_comment, data_type FROM information_schema.columns \
         WHERE table_schema = {} ORDER BY table_name, ordinal_position",
        catalogue.database
    );
    let (mysql, catalogue_name) = (catalogue.mysql, catalogue.name.clone());
    let mut types = SharedTypes::new(types::read);
    for line in catalogue.lines(&sql).await? {
        let name = text(&line, 0);
        if let Some(table) = reading.tables.get_mut(name) {
            let ty = types.read(text(&line, 2));
            table.columns.push(Column { ty, ..column(&line, &table.options, mysql, &catalogue_name) });
        } else if let Some(view) = reading.views.get_mut(name) {
            view.columns.push((text(&line, 1).to_string(), types::read(text(&line, 2))));
        }
    }
    Ok(())
}

fn column(line: &Line, options: &TableOptions, mysql: bool, database: &str) -> Column {
    let extra = text(line, 5);
    let expression = filled(line, 6).map(|text| if mysql { unescape(&text) } else { text });
    let generated = expression.map(|expression| {
        let stored = extra.contains("STORED") || extra.contains("PERSISTENT");
        Box::new(Generated { expression, stored })
    });
    let collation = filled(line, 8).filter(|collation| options.collation.as_ref() != Some(collation));
    let mut parameters = Vec::new();
    if extra.contains("WITHOUT SYSTEM VERSIONING") {
        parameters.push(("system versioning".into(), "WITHOUT".into()));
    }
    Column {
        name: text(line, 1).to_string(),
        not_null: text(line, 3) == "NO",
        default: match generated {
            Some(_) => None,
            // The server writes the sequence of `nextval` with its database.
            None => default(line[4].as_deref(), mysql, extra, text(line, 10)).map(|sql| unqualified(&sql, database).0),
        },
        generated,
        auto_increment: extra.contains("auto_increment"),
        on_update: on_update(extra),
        charset: filled(line, 7).filter(|charset| options.charset.as_ref() != Some(charset)),
        collation,
        invisible: extra.contains("INVISIBLE"),
        parameters,
        comment: filled(line, 9),
        ..Column::default()
    }
}

/// The server shows bytes that are no text as `?`: such defaults are asked for.
async fn defaults_in_bytes(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let quote = |name: &str| relata_schema::Dialect::Mysql.quote(name);
    let mut statements = Vec::new();
    let mut asked = Vec::new();
    for (name, table) in &reading.tables {
        for (index, column) in table.columns.iter().enumerate() {
            let literal = |sql: &String| sql.starts_with('\'') && sql.contains(['?', '\u{fffd}']);
            if matches!(column.ty.logical, Type::Bytes(_)) && column.default.as_ref().is_some_and(literal) {
                let (table, column) = (quote(name), quote(&column.name));
                let sql = format!("SELECT HEX(DEFAULT({column})) FROM (SELECT 1) AS one LEFT JOIN {table} ON FALSE");
                statements.push(sql);
                asked.push((name.clone(), index));
            }
        }
    }
    for ((name, index), line) in asked.into_iter().zip(catalogue.first_lines(&statements).await?) {
        let column = reading.tables.get_mut(&name).and_then(|table| table.columns.get_mut(index));
        if let (Some(column), Some(bytes)) = (column, filled(&line, 0)) {
            column.default = Some(format!("x'{bytes}'"));
        }
    }
    Ok(())
}

/// `REF_SYSTEM_ID` of geometries.
async fn reference_systems(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let geometric = |column: &Column| {
        let family = ["geometry", "point", "linestring", "polygon", "multi", "geom"];
        family.iter().any(|word| column.ty.physical.starts_with(word))
    };
    if catalogue.mysql || !reading.tables.values().flat_map(|table| &table.columns).any(geometric) {
        return Ok(());
    }
    let sql = format!(
        "SELECT g_table_name, g_geometry_column, srid FROM information_schema.geometry_columns \
         WHERE f_table_schema = {} AND srid <> 0",
        catalogue.database
    );
    for line in catalogue.lines(&sql).await? {
        let table = reading.tables.get_mut(text(&line, 0));
        let column = table.and_then(|table| table.columns.iter_mut().find(|column| column.name == text(&line, 1)));
        let parameter = (print::REFERENCE_SYSTEM.to_string(), text(&line, 2).to_string());
        column.into_iter().for_each(|column| column.parameters.push(parameter.clone()));
    }
    Ok(())
}

async fn indexes(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let own = if catalogue.mysql { "is_visible = 'NO', expression" } else { "ignored = 'YES', NULL" };
    let sql = format!(
        "SELECT table_name, index_name, non_unique, column_name, collation, sub_part, index_type, index_comment, {own}, seq_in_index \
         FROM information_schema.statistics WHERE table_schema = {} ORDER BY table_name, index_name, seq_in_index",
        catalogue.database
    );
    for line in catalogue.lines(&sql).await? {
        let Some(table) = reading.tables.get_mut(text(&line, 0)) else { continue };
        let written = reading.written.get(text(&line, 0)).and_then(|table| table.keys.get(text(&line, 1)));
        let place = text(&line, 10).parse::<usize>().unwrap_or_default();
        let expression = written.and_then(|key| key.expressions.get(place.checked_sub(1)?)?.clone());
        let part = index_part(&line, expression);
        let method = match text(&line, 6) {
            "FULLTEXT" => Some("fulltext"),
            "SPATIAL" | "RTREE" => Some("spatial"),
            _ => written.and_then(|key| key.method.as_deref()),
        };
        let parameters = || written.map(key_parameters).unwrap_or_default();
        if text(&line, 1) == "PRIMARY" {
            let key = table.primary_key.get_or_insert_with(|| Key {
                method: method.map(String::from),
                parameters: parameters(),
                comment: filled(&line, 7),
                ..Key::default()
            });
            key.parts.push(part);
            continue;
        }
        match table.indexes.last_mut() {
            Some(index) if index.name == text(&line, 1) => index.parts.push(part),
            _ => table.indexes.push(Index {
                name: text(&line, 1).to_string(),
                unique: text(&line, 2) == "0",
                method: method.map(String::from),
                parts: vec![part],
                parameters: parameters(),
                invisible: text(&line, 8) == "1",
                comment: filled(&line, 7),
                ..Index::default()
            }),
        }
    }
    reading.tables.values_mut().for_each(implied_parts);
    Ok(())
}

/// `WITHOUT OVERLAPS` and the other options of a key.
fn key_parameters(key: &WrittenKey) -> Vec<(String, String)> {
    let period = key.without_overlaps.iter().map(|period| (print::WITHOUT_OVERLAPS.to_string(), period.clone()));
    period.chain(key.parameters.iter().cloned()).collect()
}

/// Takes out of keys what the server adds by itself: the columns of a period, the end of a row's time.
fn implied_parts(table: &mut Table) {
    let ends = |column: &Column| column.generated.as_ref().is_some_and(|made| made.expression == "ROW END");
    let row_end = table.columns.iter().find(|column| ends(column)).map(|column| column.name.clone());
    let uniques =
        table.indexes.iter_mut().filter(|index| index.unique).map(|index| (&mut index.parts, &index.parameters));
    let keys = uniques.chain(table.primary_key.iter_mut().map(|key| (&mut key.parts, &key.parameters)));
    for (parts, parameters) in keys {
        if row_end.is_some() && parts.len() > 1 && parts.last().map(|part| &part.column) == row_end.as_ref() {
            parts.pop();
        }
        if parameters.iter().any(|(key, _)| key == print::WITHOUT_OVERLAPS) {
            parts.truncate(parts.len().saturating_sub(2));
        }
    }
}

fn index_part(line: &Line, written: Option<String>) -> IndexPart {
    // The length of a spatial key is the server's affair.
    let length = if text(line, 6) == "SPATIAL" { None } else { text(line, 5).parse().ok() };
    IndexPart {
        column: text(line, 3).to_string(),
        expression: filled(line, 9).map(|expression| written.unwrap_or_else(|| unescape(&expression))),
        descending: text(line, 4) == "D",
        length,
        ..IndexPart::default()
    }
}

async fn foreign_keys(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let sql = format!(
        "SELECT table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, \
         referenced_column_name FROM information_schema.key_column_usage \
         WHERE table_schema = {0} AND constraint_schema = {0} AND referenced_table_name IS NOT NULL \
         ORDER BY table_name, constraint_name, ordinal_position",
        catalogue.database
    );
    let lines = catalogue.lines(&sql).await?;
    if lines.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT table_name, constraint_name, update_rule, delete_rule \
         FROM information_schema.referential_constraints WHERE constraint_schema = {}",
        catalogue.database
    );
    let rules = catalogue.lines(&sql).await?;
    let rules: BTreeMap<_, _> = rules.iter().map(|line| ((text(line, 0), text(line, 1)), line)).collect();
    for line in &lines {
        let Some(table) = reading.tables.get_mut(text(line, 0)) else { continue };
        let name = text(line, 1);
        if table.foreign_keys.last().is_none_or(|key| key.name != name) {
            let rule =
                |index| rules.get(&(text(line, 0), name)).map_or(Action::Restrict, |line| action(text(line, index)));
            let elsewhere = text(line, 3) != catalogue.name;
            table.foreign_keys.push(ForeignKey {
                name: name.to_string(),
                references: ObjectName::new(if elsewhere { text(line, 3) } else { "" }, text(line, 4)),
                on_update: rule(2),
                on_delete: rule(3),
                ..ForeignKey::default()
            });
        }
        if let Some(key) = table.foreign_keys.last_mut() {
            key.columns.push(text(line, 2).to_string());
            key.referenced_columns.push(text(line, 5).to_string());
        }
    }
    Ok(())
}

fn action(rule: &str) -> Action {
    match rule {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        "NO ACTION" => Action::NoAction,
        _ => Action::Restrict,
    }
}

async fn checks(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let sql = if catalogue.mysql {
        format!(
            "SELECT t.table_name, c.constraint_name, 'Table', c.check_clause \
             FROM information_schema.check_constraints c JOIN information_schema.table_constraints t \
             USING (constraint_schema, constraint_name) WHERE c.constraint_schema = {}",
            catalogue.database
        )
    } else {
        format!(
            "SELECT table_name, constraint_name, level, check_clause FROM information_schema.check_constraints \
             WHERE constraint_schema = {}",
            catalogue.database
        )
    };
    for line in catalogue.lines(&sql).await? {
        let Some(table) = reading.tables.get_mut(text(&line, 0)) else { continue };
        let of_column = text(&line, 2) == "Column";
        let periods = reading.written.get(text(&line, 0)).map(|written| written.periods.as_slice()).unwrap_or_default();
        // A period is reported as the check that it implies.
        if !of_column && periods.iter().any(|(name, _)| name == text(&line, 1)) {
            continue;
        }
        let written = reading.written.get_mut(text(&line, 0)).and_then(|written| written.checks.remove(text(&line, 1)));
        let not_enforced = written.as_ref().is_some_and(|check| check.not_enforced);
        let expression = match written {
            Some(check) => check.expression,
            None if catalogue.mysql => own_check(text(&line, 3)),
            None => text(&line, 3).to_string(),
        };
        let named = |wanted: bool| if of_column == wanted { text(&line, 1).to_string() } else { String::new() };
        let check = Check { name: named(false), column: named(true), expression, not_enforced, ..Check::default() };
        if !fold_json(table, &check) {
            table.checks.push(check);
        }
    }
    Ok(())
}

/// MySQL puts parentheses around a check.
fn own_check(reported: &str) -> String {
    let text = unescape(reported);
    written::inside(&text).map_or(text.clone(), String::from)
}

/// On MariaDB `json` is another word for `longtext` with a check; that is read back as `json`.
fn fold_json(table: &mut Table, check: &Check) -> bool {
    let expected = format!("json_valid({})", relata_schema::Dialect::Mysql.quote(&check.column));
    let base = table.options.collation.clone();
    let Some(column) = table.columns.iter_mut().find(|column| column.name == check.column) else { return false };
    let collation = column.collation.as_ref().or(base.as_ref());
    let json = column.ty.physical == "longtext"
        && collation.is_some_and(|collation| collation == "utf8mb4_bin")
        && check.expression == expected;
    if json {
        column.ty = ColumnType::new(Type::Json, "json").into();
        (column.charset, column.collation) = (None, None);
    }
    json
}

async fn partitions(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let sql = format!(
        "SELECT table_name, partition_method, partition_expression, subpartition_method, subpartition_expression, \
         partition_name, NULL, NULL, subpartition_name \
         FROM information_schema.partitions WHERE table_schema = {} AND partition_name IS NOT NULL \
         ORDER BY table_name, partition_ordinal_position, subpartition_ordinal_position",
        catalogue.database
    );
    let mut by_table: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in catalogue.lines(&sql).await? {
        by_table.entry(text(&line, 0).to_string()).or_default().push(line);
    }
    for (name, lines) in by_table {
        let written = reading.written.get(&name);
        if let Some(table) = reading.tables.get_mut(&name) {
            table.partitioning = partitioning(&lines, written);
        }
    }
    Ok(())
}

/// The key as the catalogue gives it, which probes can ask for; the list as it is written.
fn partitioning(lines: &[Line], written: Option<&Written>) -> Option<Partitioning> {
    let first = lines.first()?;
    let partitions = written.map(|written| written.partitions.clone()).unwrap_or_default();
    let clause = written.and_then(|written| written.partition_key.as_deref());
    // How keys are counted, how often partitions follow each other, and whether one was asked for, stand nowhere else.
    let algorithm = clause.filter(|clause| clause.contains(" ALGORITHM = 1 ")).map_or("", |_| " ALGORITHM = 1");
    let mut key = format!("{}{algorithm} ({})", text(first, 1), text(first, 2));
    if text(first, 1) == "SYSTEM_TIME" {
        return Some(Partitioning {
            key: clause.unwrap_or("SYSTEM_TIME").into(),
            partitions,
            ..Partitioning::default()
        });
    }
    if let Some(method) = filled(first, 3) {
        key.push_str(&format!(" SUBPARTITION BY {method} ({})", text(first, 4)));
        if !partitions.iter().any(|partition| partition.contains("(SUBPARTITION ")) {
            let first_name = text(first, 5);
            let count = lines.iter().filter(|line| text(line, 5) == first_name && line[8].is_some()).count();
            if count > 1 || clause.is_none_or(|clause| clause.contains(" SUBPARTITIONS ")) {
                key.push_str(&format!(" SUBPARTITIONS {count}"));
            }
        }
    }
    if partitions.is_empty() {
        let mut names: Vec<&str> = lines.iter().map(|line| text(line, 5)).collect();
        names.dedup();
        if names.len() > 1 || clause.is_none_or(|clause| clause.contains(" PARTITIONS ")) {
            key.push_str(&format!(" PARTITIONS {}", names.len()));
        }
    }
    Some(Partitioning { key, partitions, ..Partitioning::default() })
}

async fn privileges(catalogue: &mut Catalogue<'_>, reading: &mut Reading) -> Result<()> {
    let sql = format!(
        "SELECT table_name, NULL, grantee, privilege_type, is_grantable FROM information_schema.table_privileges \
         WHERE table_schema = {0} UNION ALL \
         SELECT table_name, column_name, grantee, privilege_type, is_grantable \
         FROM information_schema.column_privileges WHERE table_schema = {0}",
        catalogue.database
    );
    for line in catalogue.lines(&sql).await? {
        let grant = Grant {
            grantee: account(&text(&line, 2).replace('\'', "")),
            privilege: text(&line, 3).to_string(),
            grantable: text(&line, 4) == "YES",
        };
        let table = reading.tables.get_mut(text(&line, 0));
        match (table, filled(&line, 1)) {
            (Some(table), None) => table.grants.push(grant),
            (Some(table), Some(name)) => {
                let column = table.columns.iter_mut().find(|column| column.name == name);
                column.into_iter().for_each(|column| column.grants.push(grant.clone()));
            }
            (None, None) => {
                let view = reading.views.get_mut(text(&line, 0));
                view.into_iter().for_each(|view| view.grants.push(grant.clone()));
            }
            (None, Some(_)) => {}
        }
    }
    Ok(())
}

async fn sequences(catalogue: &mut Catalogue<'_>, names: &[String], schema: &mut Schema) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let select = |name: &String| {
        format!(
            "SELECT minimum_value, maximum_value, start_value, increment, cache_size, cycle_option FROM {}",
            relata_schema::Dialect::Mysql.quote(name)
        )
    };
    let statements: Vec<String> = names.iter().map(select).collect();
    for (name, line) in names.iter().zip(catalogue.first_lines(&statements).await?) {
        schema.sequences.push(Sequence {
            name: ObjectName::bare(name),
            parameters: sequence_parameters(&line),
            ..Sequence::default()
        });
    }
    Ok(())
}
