//! Names that a migration changes: what is kept stands on the shelf under the names from before, and has to be found under
//! those from after.

use std::collections::BTreeMap;

use relata_schema::change::Rename;
use relata_schema::model::{ObjectKind, ObjectName, Table};
use serde_json::Value;

/// What a table and its columns are called after a migration, where that is another name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Later {
    /// The table.
    pub table: Option<ObjectName>,
    /// Columns, by what they are called before.
    pub columns: BTreeMap<String, String>,
}

impl Later {
    /// What the renames of a migration mean for a table.
    pub(super) fn of(table: &ObjectName, renames: &[Rename]) -> Self {
        let mut later = Later::default();
        for rename in renames.iter().filter(|rename| &rename.from.name == table) {
            match rename.from.kind {
                ObjectKind::Column => {
                    later.columns.insert(rename.from.member.clone(), rename.to.name.clone());
                }
                ObjectKind::Table => later.table = Some(rename.to.clone()),
                _ => {}
            }
        }
        later
    }

    /// What a column is called in the table as it stands.
    pub(super) fn column<'a>(&'a self, table: &Table, before: &'a str) -> &'a str {
        let after = self.columns.get(before).filter(|after| table.column(after).is_some());
        after.map_or(before, String::as_str)
    }
}

/// The text that the shelf keeps: the columns of the key, and new names if there are any.
pub(super) fn write(key: &[String], later: &Later) -> String {
    if *later == Later::default() {
        return Value::from(key.to_vec()).to_string();
    }
    let table = later.table.as_ref().map(|table| [table.namespace.as_str(), table.name.as_str()]);
    serde_json::json!({ "key": key, "table": table, "columns": later.columns }).to_string()
}

/// Reads such a text.
pub(super) fn read(text: &str) -> (Vec<String>, Later) {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let list = |value: &Value| serde_json::from_value::<Vec<String>>(value.clone()).unwrap_or_default();
    if value.is_array() {
        return (list(&value), Later::default());
    }
    let table = match &list(&value["table"])[..] {
        [namespace, name] => Some(ObjectName::new(namespace.as_str(), name.as_str())),
        _ => None,
    };
    let columns = serde_json::from_value(value["columns"].clone()).unwrap_or_default();
    (list(&value["key"]), Later { table, columns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::ObjectKey;

    #[test]
    fn what_is_written_is_read() {
        let posts = ObjectName::new("public", "posts");
        let renames = [
            Rename { from: ObjectKey::of(ObjectKind::Table, &posts), to: ObjectName::new("public", "news") },
            Rename { from: ObjectKey::member(ObjectKind::Column, &posts, "a"), to: ObjectName::bare("b") },
            Rename {
                from: ObjectKey::member(ObjectKind::Column, &ObjectName::bare("x"), "a"),
                to: ObjectName::bare("c"),
            },
        ];
        let key = vec!["id".to_string()];
        for (count, text) in [
            (0, r#"["id"]"#),
            (1, r#"{"columns":{},"key":["id"],"table":["public","news"]}"#),
            (3, r#"{"columns":{"a":"b"},"key":["id"],"table":["public","news"]}"#),
        ] {
            let later = Later::of(&posts, &renames[..count]);
            assert_eq!(write(&key, &later), text);
            assert_eq!(read(text), (key.clone(), later));
        }
    }
}
