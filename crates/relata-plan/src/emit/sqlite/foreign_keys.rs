//! The check before the commit that no rewritten table brought violated foreign keys.
//!
//! A constraint of a temporary table compares violations before and after, so that a script stops in any shell, and a
//! database that was violated before is not held up. Tables whose keys SQLite itself cannot check (the table or unique
//! key referred to is missing: it calls that a mismatch) are left out.

use std::collections::BTreeSet;

use relata_schema::change::Step;
use relata_schema::model::{ForeignKey, Key, ObjectName, Table};
use relata_schema::{Dialect, Schema};

use super::Emitter;

const TABLE: &str = "relata_foreign_keys";

impl Emitter<'_> {
    /// The steps at the beginning and at the end of the transaction; none if no key can be violated.
    pub(super) fn foreign_key_checks(&mut self) -> (Vec<Step>, Vec<Step>) {
        let rewritten: BTreeSet<&ObjectName> = self.rebuilt().map(|altered| &altered.to.name).collect();
        let concerned = |table: &&Table| {
            let keys = &table.foreign_keys;
            let touched = rewritten.contains(&table.name) || keys.iter().any(|key| rewritten.contains(&key.references));
            touched && !keys.is_empty() && keys.iter().all(|key| can_be_checked(key, self.to))
        };
        let after: Vec<&Table> = self.to.tables.iter().filter(concerned).collect();
        if after.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let before = after.iter().filter_map(|table| {
            let altered = self.altered.iter().find(|altered| altered.to.name == table.name);
            self.from.table(altered.map_or(&table.name, |altered| &altered.from.name))
        });
        let before = before.filter(|table| table.foreign_keys.iter().all(|key| can_be_checked(key, self.from)));
        let counted_before = count(before);
        let counted_after = count(after.iter().copied());
        let first = after[0].key();
        let steps = |emitter: &mut Self, summary: &str, statements: &[String]| {
            statements.iter().for_each(|sql| drop(emitter.add(summary, first.clone(), sql.clone()).locks.drain(..)));
            std::mem::take(&mut emitter.steps)
        };
        let kept = std::mem::take(&mut self.steps);
        let begin = steps(
            self,
            "count violated foreign keys",
            &[
                format!(
                    "CREATE TEMP TABLE {TABLE} (before INTEGER, after INTEGER, \
                     CONSTRAINT foreign_keys_are_violated CHECK (after <= before))"
                ),
                format!("INSERT INTO {TABLE} (before) VALUES ({counted_before})"),
            ],
        );
        let end = steps(
            self,
            "check foreign keys",
            &[format!("UPDATE {TABLE} SET after = {counted_after}"), format!("DROP TABLE temp.{TABLE}")],
        );
        self.steps = kept;
        (begin, end)
    }
}

fn count<'a>(tables: impl Iterator<Item = &'a Table>) -> String {
    let one = |table: &Table| {
        let name = Dialect::Sqlite.literal(&table.name.name);
        format!("(SELECT count(*) FROM pragma_foreign_key_check({name}))")
    };
    let counts: Vec<_> = tables.map(one).collect();
    if counts.is_empty() { "0".into() } else { counts.join(" + ") }
}

/// The key refers to a primary key or a unique key that is there.
fn can_be_checked(key: &ForeignKey, schema: &Schema) -> bool {
    let Some(parent) = schema.table(&key.references) else { return false };
    let columns = |key: &Key| key.columns().map(str::to_string).collect::<BTreeSet<_>>();
    let wanted: BTreeSet<String> = key.referenced_columns.iter().cloned().collect();
    if wanted.is_empty() {
        return parent.primary_key.as_ref().is_some_and(|primary| primary.parts.len() == key.columns.len());
    }
    let by_index = parent.indexes.iter().filter(|index| index.unique && index.predicate.is_none());
    let by_index = by_index.map(|index| index.parts.iter().map(|part| part.column.clone()).collect());
    parent.primary_key.iter().chain(&parent.uniques).map(columns).chain(by_index).any(|found| found == wanted)
}
