//! Views and materialized views.

use super::{qualified, storage_parameters};
use crate::model::View;

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

fn own_word(key: &str) -> bool {
    key == "access_method" || key == "tablespace"
}
