//! Sequences, views, triggers, privileges. Routines and events are carried as the statement that creates them.

use super::ident;
use crate::dialect::Dialect;
use crate::model::{Grant, ObjectName, Sequence, SequenceParameters, Trigger, View};

/// The key of the parameter of a view that holds the list of its columns, in parentheses, where it is written.
pub const VIEW_COLUMNS: &str = "columns";

/// `CREATE SEQUENCE …`.
pub fn create_sequence(sequence: &Sequence) -> String {
    format!("CREATE SEQUENCE {}{}", ident(&sequence.name.name), sequence_options(&sequence.parameters, false))
}

/// The options of a sequence, each with a space before it; `full` writes defaults too, for `ALTER SEQUENCE`.
pub fn sequence_options(parameters: &SequenceParameters, full: bool) -> String {
    let mut given = parameters_or_defaults(parameters, full);
    let mut sql = String::new();
    let mut number = |word: &str, value: Option<i64>| {
        if let Some(value) = value {
            sql.push_str(&format!(" {word} {value}"));
        }
    };
    number("START WITH", given.start);
    number("MINVALUE", given.min);
    number("MAXVALUE", given.max);
    number("INCREMENT BY", given.increment);
    number("CACHE", given.cache.take_if(|cache| *cache != 0));
    if given.cache == Some(0) {
        sql.push_str(" NOCACHE");
    }
    if given.cycle {
        sql.push_str(" CYCLE");
    } else if full {
        sql.push_str(" NOCYCLE");
    }
    sql
}

fn parameters_or_defaults(given: &SequenceParameters, full: bool) -> SequenceParameters {
    let mut filled = given.clone();
    if full {
        let increment = *filled.increment.get_or_insert(1);
        let (min, max) = if increment < 0 { (i64::MIN + 1, -1) } else { (1, i64::MAX - 1) };
        let (min, max) = (*filled.min.get_or_insert(min), *filled.max.get_or_insert(max));
        filled.start.get_or_insert(if increment < 0 { max } else { min });
        filled.cache.get_or_insert(1000);
    }
    filled
}

/// `DROP SEQUENCE …`.
pub fn drop_sequence(name: &ObjectName) -> String {
    format!("DROP SEQUENCE {}", ident(&name.name))
}

/// `CREATE [OR REPLACE] … VIEW …`.
pub fn create_view(view: &View, replace: bool) -> String {
    let mut sql = String::from(if replace { "CREATE OR REPLACE" } else { "CREATE" });
    let parameter = |name: &str| view.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(algorithm) = parameter("algorithm") {
        sql.push_str(&format!(" ALGORITHM={algorithm}"));
    }
    if let Some(definer) = parameter("definer") {
        sql.push_str(&format!(" DEFINER={definer}"));
    }
    if let Some(security) = parameter("security") {
        sql.push_str(&format!(" SQL SECURITY {security}"));
    }
    let columns = parameter(VIEW_COLUMNS).map_or_else(String::new, |columns| format!(" {columns}"));
    sql.push_str(&format!(" VIEW {}{columns} AS {}", ident(&view.name.name), view.query));
    if let Some(option) = &view.check_option {
        sql.push_str(&format!(" WITH {option} CHECK OPTION"));
    }
    sql
}

/// The statement that creates a trigger.
pub fn create_trigger(trigger: &Trigger) -> String {
    trigger.definition.clone()
}

/// The trigger that this one follows: ``FOR EACH ROW FOLLOWS `name` `` as introspection writes it.
pub fn follows(definition: &str) -> Option<&str> {
    let start = definition.find(" FOLLOWS `")? + " FOLLOWS `".len();
    let end = definition[start..].find('`')?;
    let header = definition[..start].to_ascii_lowercase();
    header.trim_end_matches(" follows `").ends_with("row").then(|| &definition[start..start + end])
}

/// `GRANT privilege [(column)] ON table TO account`.
pub fn grant(table: &ObjectName, column: Option<&str>, grant: &Grant) -> String {
    let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
    let what = privilege(column, grant);
    format!("GRANT {what} ON {} TO {}{option}", Dialect::Mysql.qualified(table), grant.grantee)
}

/// `REVOKE privilege [(column)] ON table FROM account`.
pub fn revoke(table: &ObjectName, column: Option<&str>, grant: &Grant) -> String {
    let what = privilege(column, grant);
    let option = if grant.grantable { ", GRANT OPTION" } else { "" };
    format!("REVOKE {what}{option} ON {} FROM {}", Dialect::Mysql.qualified(table), grant.grantee)
}

fn privilege(column: Option<&str>, grant: &Grant) -> String {
    match column {
        Some(column) => format!("{} ({})", grant.privilege, ident(column)),
        None => grant.privilege.clone(),
    }
}
