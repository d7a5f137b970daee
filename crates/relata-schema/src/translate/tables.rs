//! Tables in the target: keys, foreign keys, checks and indexes.

use super::{Translation, expression};
use crate::dialect::Dialect;
use crate::model::{Check, ForeignKey, Index, IndexPart, Key, NullsOrder, ObjectKind, ObjectName, Table, TableOptions};

impl Translation<'_> {
    /// A table in the target.
    pub(super) fn table(&mut self, table: &Table) -> Table {
        let mut target = Table { name: self.name(&table.name), ..Table::default() };
        target.comment = table.comment.clone().filter(|_| self.to != Dialect::Sqlite);
        // Text is Unicode in SQLite and PostgreSQL; MariaDB has to be told, whatever its server's default is.
        let charset = (self.to == Dialect::Mysql).then(|| "utf8mb4".to_string());
        target.options = TableOptions { charset, ..TableOptions::default() };
        for column in &table.columns {
            let (column, check) = self.column(table, column);
            target.columns.push(column);
            target.checks.extend(check);
        }
        let own = target.name.name.clone();
        target.primary_key = table.primary_key.as_ref().map(|key| self.primary_key(&own, key));
        target.uniques = table.uniques.iter().map(|key| self.unique(table, &own, key)).collect();
        target.foreign_keys = table.foreign_keys.iter().filter_map(|key| self.foreign_key(table, &own, key)).collect();
        for check in &table.checks {
            target.checks.extend(self.check(table, &own, check));
        }
        target.indexes = table.indexes.iter().filter_map(|index| self.index(table, &own, index)).collect();
        if self.to == Dialect::Mysql {
            self.one_automatic(table, &mut target);
        }
        self.table_losses(table);
        target
    }

    /// MariaDB numbers by one column of a table, and wants a key that begins with it.
    fn one_automatic(&mut self, table: &Table, target: &mut Table) {
        let mut found: Option<String> = None;
        for column in target.columns.iter_mut().filter(|column| column.auto_increment) {
            if found.is_some() {
                column.auto_increment = false;
                let why = "MariaDB numbers by one column of a table: this one gets its numbers from the application";
                self.lost(ObjectKind::Column, &table.name, &column.name, why);
            } else {
                found = Some(column.name.clone());
            }
        }
        let Some(name) = found else { return };
        let begins = |parts: &[IndexPart]| parts.first().is_some_and(|part| part.column == name);
        let keys = target.primary_key.iter().chain(&target.uniques).map(|key| &key.parts);
        if !keys.chain(target.indexes.iter().map(|index| &index.parts)).any(|parts| begins(parts)) {
            let own = target.name.name.clone();
            let index = self.member_name("", &own, std::slice::from_ref(&name), "idx");
            target.indexes.push(Index { name: index, parts: vec![IndexPart::column(name)], ..Index::default() });
        }
    }

    fn table_losses(&mut self, table: &Table) {
        for exclusion in &table.exclusions {
            let why = format!("{} has no exclusion constraints", self.to.title());
            self.lost(ObjectKind::Exclusion, &table.name, &exclusion.name, &why);
        }
        if table.partitioning.is_some() || table.partition_of.is_some() {
            self.lost(ObjectKind::Table, &table.name, "", "partitioning is not carried over: it becomes a plain table");
        }
        if !table.inherits.is_empty() {
            self.lost(ObjectKind::Table, &table.name, "", "inheritance is not carried over");
        }
        if table.options.virtual_using.is_some() {
            self.lost(ObjectKind::Table, &table.name, "", "a virtual table becomes a plain one");
        }
    }

    fn primary_key(&mut self, own: &str, key: &Key) -> Key {
        // MariaDB calls every primary key PRIMARY; SQLite needs no name.
        let name = match self.to {
            Dialect::Postgres => self.member_name(&key.name, own, &[], "pkey"),
            Dialect::Sqlite | Dialect::Mysql => String::new(),
        };
        Key { name, parts: plain_parts(&key.parts), ..Key::default() }
    }

    fn unique(&mut self, table: &Table, own: &str, key: &Key) -> Key {
        let columns: Vec<_> = key.columns().map(String::from).collect();
        let name = self.constraint_name(&key.name, own, &columns, "key");
        let keeps = self.to == Dialect::Postgres;
        if key.nulls_not_distinct && !keeps {
            let why = format!("{} treats NULLs as distinct: several rows may have them", self.to.title());
            self.lost(ObjectKind::Unique, &table.name, &key.name, &why);
        }
        Key { name, parts: plain_parts(&key.parts), ..Key::default() }
    }

    /// SQLite keeps constraints without a name; the others give each one.
    fn constraint_name(&mut self, given: &str, own: &str, columns: &[String], suffix: &str) -> String {
        if self.to == Dialect::Sqlite {
            return given.to_string();
        }
        self.member_name(given, own, columns, suffix)
    }

    fn foreign_key(&mut self, table: &Table, own: &str, key: &ForeignKey) -> Option<ForeignKey> {
        let mut referenced_columns = key.referenced_columns.clone();
        if referenced_columns.is_empty() {
            let there =
                self.from.tables.iter().find(|other| other.name.name.eq_ignore_ascii_case(&key.references.name));
            let there = there.and_then(|other| other.primary_key.as_ref());
            referenced_columns = there.map(|key| key.columns().map(String::from).collect()).unwrap_or_default();
        }
        let known = self.from.tables.iter().find(|other| {
            other.name == key.references
                || self.from.dialect != Dialect::Postgres && other.name.name.eq_ignore_ascii_case(&key.references.name)
        });
        let Some(known) = known else {
            let why = format!("it refers to {}, which does not exist", key.references);
            self.lost(ObjectKind::ForeignKey, &table.name, &key.name, &why);
            return None;
        };
        let mut deferral = key.deferral.clone();
        if deferral.deferrable && self.to == Dialect::Mysql {
            self.lost(
                ObjectKind::ForeignKey,
                &table.name,
                &key.name,
                "MariaDB checks it at once: it is not deferrable",
            );
            deferral = Default::default();
        }
        Some(ForeignKey {
            name: self.constraint_name(&key.name, own, &key.columns, "fkey"),
            columns: key.columns.clone(),
            references: self.name(&known.name),
            referenced_columns,
            on_delete: key.on_delete,
            on_update: key.on_update,
            deferral,
            ..ForeignKey::default()
        })
    }

    fn check(&mut self, table: &Table, own: &str, check: &Check) -> Option<Check> {
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        match expression::translate(&check.expression, self.from.dialect, self.to, &columns) {
            Ok(expression) => {
                let used: Vec<_> = Some(check.column.clone()).filter(|name| !name.is_empty()).into_iter().collect();
                let name = self.constraint_name(&check.name, own, &used, "check");
                Some(Check { name, expression, ..Check::default() })
            }
            Err(why) => {
                let message = format!("CHECK ({}) is not carried over: {why}", check.expression);
                self.lost(ObjectKind::Check, &table.name, &check.name, &message);
                None
            }
        }
    }

    fn index(&mut self, table: &Table, own: &str, index: &Index) -> Option<Index> {
        let lost = |this: &mut Self, why: &str| this.lost(ObjectKind::Index, &table.name, &index.name, why);
        if let Some(method) = index.method.as_deref().filter(|method| *method != "btree") {
            lost(self, &format!("an index of kind {method} is not carried over"));
            return None;
        }
        let predicate = match self.predicate(table, index) {
            Ok(predicate) => predicate,
            Err(why) => {
                lost(self, &why);
                return None;
            }
        };
        let parts: Result<Vec<_>, _> = index.parts.iter().map(|part| self.part(&table.name, table, part)).collect();
        let parts = match parts {
            Ok(parts) => parts,
            Err(why) => {
                lost(self, &format!("it is not carried over: {why}"));
                return None;
            }
        };
        let include = if self.to == Dialect::Postgres { index.include.clone() } else { Vec::new() };
        let columns: Vec<_> = parts.iter().map(|part| part.column.clone()).collect();
        let name = self.member_name(&index.name, own, &columns, "idx");
        Some(Index { name, unique: index.unique, parts, include, predicate, ..Index::default() })
    }

    fn predicate(&self, table: &Table, index: &Index) -> Result<Option<String>, String> {
        let Some(predicate) = &index.predicate else {
            return Ok(None);
        };
        if self.to == Dialect::Mysql {
            return Err(format!(
                "MariaDB has no partial indexes: WHERE {predicate} is not carried over, nor the index"
            ));
        }
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        expression::translate(predicate, self.from.dialect, self.to, &columns)
            .map(Some)
            .map_err(|why| format!("WHERE {predicate} is not carried over, nor the index: {why}"))
    }

    fn part(&self, name: &ObjectName, table: &Table, part: &IndexPart) -> Result<IndexPart, String> {
        let Some(text) = &part.expression else {
            return Ok(plain_part(part));
        };
        if self.to == Dialect::Mysql {
            return Err(format!(
                "{} has no indexes over expressions: add a generated column to {name}",
                self.to.title()
            ));
        }
        let columns: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let expression = expression::translate(text, self.from.dialect, self.to, &columns)?;
        Ok(IndexPart { expression: Some(expression), descending: part.descending, ..IndexPart::default() })
    }
}

fn plain_part(part: &IndexPart) -> IndexPart {
    IndexPart {
        column: part.column.clone(),
        descending: part.descending,
        nulls: NullsOrder::Default,
        ..Default::default()
    }
}

/// Parts of a key: their order has no meaning for a constraint.
fn plain_parts(parts: &[IndexPart]) -> Vec<IndexPart> {
    parts.iter().map(|part| IndexPart::column(part.column.clone())).collect()
}
