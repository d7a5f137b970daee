//! Names of constraints and indexes: by convention, within the limit, each once.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;
use crate::model::ObjectName;
use crate::naming;

/// Names that are taken.
pub(super) struct Names {
    dialect: Dialect,
    /// Name and where it lives; the table that has it.
    taken: BTreeMap<(String, String), ObjectName>,
}

impl Names {
    pub(super) fn new(dialect: Dialect) -> Self {
        Names { dialect, taken: BTreeMap::new() }
    }

    /// Where index names must differ: in the namespace (SQLite: in the database; MariaDB: in the table).
    fn scope(&self, table: &ObjectName) -> String {
        match self.dialect {
            Dialect::Mysql => table.name.clone(),
            Dialect::Sqlite | Dialect::Postgres => table.namespace.clone(),
        }
    }

    /// A name as the database compares it.
    fn folded(&self, name: &str) -> String {
        if self.dialect == Dialect::Postgres { name.to_string() } else { name.to_lowercase() }
    }

    /// The conventional name, with a number if it is taken.
    pub(super) fn by_convention(&self, table: &ObjectName, columns: &[String], ending: &str) -> String {
        let base = convention(table, columns, ending);
        let free = |name: &String| !self.taken.contains_key(&(self.scope(table), self.folded(name)));
        let numbered = (1..).map(|number| format!("{base}{number}"));
        std::iter::once(base.clone())
            .chain(numbered)
            .map(|name| naming::fit(self.dialect, &name))
            .find(free)
            .unwrap_or(base)
    }

    /// Takes a name; a problem if another has it. The empty name is nobody's.
    pub(super) fn claim(&mut self, table: &ObjectName, name: &str) -> Option<Diagnostic> {
        if name.is_empty() {
            return None;
        }
        let scope = self.scope(table);
        let folded = self.folded(name);
        if let Some(other) = self.taken.insert((scope, folded), table.clone()) {
            let message = format!("the name {name} is taken, by another index or constraint of {other}");
            let help = "give one of them another name: `name = \"…\"`";
            return Some(Diagnostic::error("schema-duplicate-name", message).help(help));
        }
        self.check_length(name)
    }

    /// A problem if a name is longer than the dialect takes.
    pub(super) fn check_length(&self, name: &str) -> Option<Diagnostic> {
        (naming::fit(self.dialect, name) != name).then(|| {
            let limit = self.dialect.identifier_limit().unwrap_or_default();
            let unit = if self.dialect == Dialect::Postgres { "bytes" } else { "characters" };
            let message = format!("the name {name} is longer than {} takes ({limit} {unit})", self.dialect.title());
            Diagnostic::error("schema-name-too-long", message).help("give a shorter one")
        })
    }
}

/// `posts_author_id_slug_key`.
pub(super) fn convention(table: &ObjectName, columns: &[String], ending: &str) -> String {
    let mut words = vec![table.name.as_str()];
    words.extend(columns.iter().map(String::as_str));
    words.push(ending);
    words.join("_")
}
