//! Views and materialized views.

use super::{cluster_on, column_settings, ident, qualified, storage_parameters};
use crate::model::{Column, View};

/// `VIEW` or `MATERIALIZED VIEW`.
pub fn view_word(view: &View) -> &'static str {
    if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" }
}

/// `CREATE [OR REPLACE] VIEW`, `CREATE MATERIALIZED VIEW`.
pub fn create_view(view: &View, or_replace: bool) -> String {
    let replace = if or_replace && !view.materialized { "OR REPLACE " } else { "" };
    let mut out = format!("CREATE {replace}{} {}", view_word(view), qualified(&view.name));
    let storage: Vec<_> = view.parameters.iter().filter(|(key, _)| !own_word(key)).cloned().collect();
    let value = |word: &str| view.parameters.iter().find(|(key, _)| key == word).map(|(_, value)| value);
    if let Some(method) = value("access_method") {
        out.push_str(&format!(" USING {}", super::ident(method)));
    }
    out.push_str(&storage_parameters(" WITH ", &storage));
    if let Some(tablespace) = value("tablespace") {
        out.push_str(&format!(" TABLESPACE {}", super::ident(tablespace)));
    }
    out.push_str(&format!(" AS\n{}", super::expression(&view.query)));
    if let Some(check) = &view.check_option {
        out.push_str(&format!("\nWITH {check} CHECK OPTION"));
    }
    if view.no_data {
        out.push_str("\nWITH NO DATA");
    }
    out
}

/// What is said of a view after it was created: defaults, storage and statistics of its columns, the index it is
/// clustered on.
pub fn view_settings(view: &View) -> Vec<String> {
    let name = qualified(&view.name);
    let mut out = Vec::new();
    for detail in &view.column_details {
        if let Some(default) = &detail.default {
            let column = ident(&detail.name);
            out.push(format!("ALTER VIEW {name} ALTER COLUMN {column} SET DEFAULT {default}"));
        }
        let column = Column { name: detail.name.clone(), parameters: detail.parameters.clone(), ..Column::default() };
        out.extend(column_settings(&view.name, &column, None).into_iter().map(|sql| for_view(&sql)));
    }
    let index = view.parameters.iter().find(|(key, _)| key == CLUSTER_ON).map(|(_, index)| index.as_str());
    out.extend(index.map(|index| cluster_on(&format!("{} {name}", view_word(view)), Some(index))));
    out
}

/// `ALTER TABLE ONLY` of a column as a materialized view wants it.
pub fn for_view(sql: &str) -> String {
    sql.replacen("ALTER TABLE ONLY", "ALTER MATERIALIZED VIEW", 1)
}

/// The parameter of a materialized view that names the index it is clustered on.
pub const CLUSTER_ON: &str = "cluster_on";

fn own_word(key: &str) -> bool {
    key == "access_method" || key == "tablespace" || key == CLUSTER_ON
}
