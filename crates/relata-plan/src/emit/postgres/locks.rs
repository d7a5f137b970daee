//! What each step locks, for how long, and what that means for others.
//!
//! Read off the finished statements, in the printer's regular spelling, so that there is one place that knows it,
//! whichever way a statement came about. The rules are the server's own (the lock levels in `tablecmds.c`, and what its
//! third phase reads or writes anew); a test runs a statement of every kind and compares with `pg_locks`.
//!
//! Only tables and views that are there before the plan count: nobody waits for one that nobody else knows. Not here:
//! sequences, indexes and types by themselves, and locks that plain reads and writes do not notice.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Lock, LockMode, LockSpan, Recipe, Step};
use relata_schema::model::{Column, ObjectKind, ObjectName, Table};
use relata_schema::{Schema, Type};

use super::scope::Scope;
use super::text::Text;
use LockMode::{AccessExclusive, Share, ShareRowExclusive, ShareUpdateExclusive};
use LockSpan::{Instant, Rewrite, Scan};

/// Fills in locks and recipe of every step. `before` holds the names of tables and views before renames.
pub(super) fn predict(scope: &Scope<'_>, before: &BTreeSet<ObjectName>, steps: &mut [Step]) {
    let children = children(&scope.from);
    let (released, promised, moved) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut reading = Reading { scope, before, children, released, promised, moved, locks: Vec::new() };
    for step in steps {
        reading.statement(step);
        step.locks = reading.finish();
        if step.recipe != Recipe::Phased {
            step.recipe = recipe(&step.locks);
        }
    }
}

/// The worst of the locks decides.
fn recipe(locks: &[Lock]) -> Recipe {
    let of = |lock: &Lock| match (lock.mode, lock.span) {
        (_, Instant) => Recipe::Instant,
        (mode, _) if mode <= ShareUpdateExclusive => Recipe::Online,
        (_, Scan) => Recipe::Blocking,
        (_, Rewrite) => Recipe::Rebuild,
    };
    locks.iter().map(of).max().unwrap_or(Recipe::Instant)
}

/// The partitions of each table, and those that inherit from it.
fn children(schema: &Schema) -> BTreeMap<&ObjectName, Vec<&ObjectName>> {
    let mut children: BTreeMap<&ObjectName, Vec<&ObjectName>> = BTreeMap::new();
    for table in &schema.tables {
        for parent in table.partition_of.iter().map(|partition| &partition.parent).chain(&table.inherits) {
            children.entry(parent).or_default().push(&table.name);
        }
    }
    children
}

struct Reading<'r, 's> {
    scope: &'r Scope<'s>,
    before: &'r BTreeSet<ObjectName>,
    children: BTreeMap<&'r ObjectName, Vec<&'r ObjectName>>,
    /// Foreign keys that were dropped so far.
    released: BTreeSet<(ObjectName, String)>,
    /// Columns that hold no NULL: a check that was validated for this says so, or a step before has looked.
    promised: BTreeSet<(ObjectName, String)>,
    /// Where tables are that were put aside.
    moved: BTreeSet<ObjectName>,
    locks: Vec<Lock>,
}

impl Reading<'_, '_> {
    fn lock(&mut self, object: &ObjectName, mode: LockMode, span: LockSpan) {
        // A partitioned table and a view have no rows of their own.
        let stores = self.table(object).is_none_or(|table| table.partitioning.is_none());
        let span = if stores { span } else { Instant };
        self.locks.push(Lock { object: object.clone(), mode, span });
    }

    /// The locks so far, the strongest and longest of each object, without those on what the plan itself creates.
    fn finish(&mut self) -> Vec<Lock> {
        let mut found: Vec<Lock> = Vec::new();
        for lock in std::mem::take(&mut self.locks) {
            let scope = self.scope;
            let there = scope.from.table(&lock.object).is_some() || scope.from.view(&lock.object).is_some();
            match found.iter_mut().find(|other| other.object == lock.object) {
                Some(other) => {
                    other.mode = other.mode.max(lock.mode);
                    other.span = other.span.max(lock.span);
                }
                None if there || self.before.contains(&lock.object) || self.moved.contains(&lock.object) => {
                    found.push(lock);
                }
                None => {}
            }
        }
        found
    }

    fn table(&self, name: &ObjectName) -> Option<&Table> {
        self.scope.from.table(name)
    }

    /// The table, its partitions and those that inherit from it.
    fn family(&self, name: &ObjectName) -> Vec<ObjectName> {
        let mut found = vec![name.clone()];
        let mut at = 0;
        while at < found.len() {
            for &child in self.children.get(&found[at]).into_iter().flatten() {
                if !found.contains(child) {
                    found.push(child.clone());
                }
            }
            at += 1;
        }
        found
    }

    fn family_lock(&mut self, name: &ObjectName, mode: LockMode, span: LockSpan) {
        for member in self.family(name) {
            self.lock(&member, mode, span);
        }
    }

    fn statement(&mut self, step: &Step) {
        let mut text = Text(&step.sql);
        if text.eat("ALTER TABLE ") {
            let only = text.eat("ONLY ");
            let name = text.name();
            self.alter_table(step, &name, only, text);
        } else if text.eat("CREATE ") {
            self.create(step, text);
        } else if text.eat("DROP ") {
            self.drop(step, text);
        } else if text.eat("COMMENT ON ") {
            self.comment(text);
        } else if text.eat("ALTER VIEW ") || text.eat("ALTER MATERIALIZED VIEW ") {
            let name = text.name();
            let mode = if text.0.starts_with(" SET (") { parameters_mode(text.0) } else { AccessExclusive };
            self.lock(&name, mode, Instant);
        } else if text.eat("REFRESH MATERIALIZED VIEW ") {
            let concurrently = text.eat("CONCURRENTLY ");
            let name = text.name();
            if concurrently {
                self.lock(&name, LockMode::Exclusive, Scan);
            } else {
                self.lock(&name, AccessExclusive, Rewrite);
            }
        } else if text.eat("ALTER DOMAIN ") {
            let name = text.name();
            let scans = text.0.contains(" VALIDATE CONSTRAINT ")
                || text.0.starts_with(" SET NOT NULL")
                || text.0.starts_with(" ADD ") && !text.0.ends_with(" NOT VALID");
            if scans {
                self.users_of_domain(&name);
            }
        } else if text.0.starts_with("ALTER TRIGGER ") || text.eat("ALTER POLICY ") {
            self.lock(&step.object.name, AccessExclusive, Instant);
        }
    }

    fn users_of_domain(&mut self, domain: &ObjectName) {
        let uses = |column: &Column| matches!(column.ty.logical.element(), Type::Domain(name) if name == domain);
        let tables = self.scope.from.tables.iter().filter(|table| table.columns.iter().any(uses));
        for table in tables.map(|table| table.name.clone()).collect::<Vec<_>>() {
            self.lock(&table, Share, Scan);
        }
    }

    fn alter_table(&mut self, step: &Step, name: &ObjectName, only: bool, mut text: Text<'_>) {
        let reach = if only { vec![name.clone()] } else { self.family(name) };
        let mut all = |mode, span| reach.iter().for_each(|member| self.lock(member, mode, span));
        text.eat(" ");
        if text.eat("ADD COLUMN ") {
            let span =
                self.scope.to.table(name).and_then(|table| table.column(&step.object.member)).map_or(Instant, added);
            self.family_lock(name, AccessExclusive, span);
        } else if text.eat("ALTER COLUMN ") {
            let column = text.part();
            let (mode, span) = self.column(step, name, &column, text);
            reach.iter().for_each(|member| self.lock(member, mode, span));
            if text.0.ends_with(" SET NOT NULL") {
                self.promised.extend(reach.into_iter().map(|member| (member, column.clone())));
            }
        } else if text.eat("ADD ") {
            self.add_constraint(&reach, text);
        } else if text.eat("DROP CONSTRAINT ") {
            all(AccessExclusive, Instant);
            let constraint = text.part();
            self.release(name, &constraint);
        } else if text.eat("VALIDATE CONSTRAINT ") {
            all(ShareUpdateExclusive, Scan);
            if step.object.kind == ObjectKind::Column {
                self.promised.insert((name.clone(), step.object.member.clone()));
            }
        } else if text.eat("ATTACH PARTITION ") {
            let child = text.name();
            self.lock(name, ShareUpdateExclusive, Instant);
            self.family_lock(&child, AccessExclusive, Scan);
            self.default_partition(name, &child);
            self.cloned_keys(name);
        } else if text.eat("DETACH PARTITION ") {
            let child = text.name();
            let mode = if text.0.contains("CONCURRENTLY") { ShareUpdateExclusive } else { AccessExclusive };
            self.lock(name, mode, Instant);
            self.lock(&child, AccessExclusive, Instant);
            self.default_partition_locked(name, &child);
        } else if text.eat("INHERIT ") {
            let parent = text.name();
            self.lock(&parent, ShareUpdateExclusive, Instant);
            self.lock(name, AccessExclusive, Instant);
        } else if ["SET LOGGED", "SET UNLOGGED", "SET TABLESPACE ", "SET ACCESS METHOD "]
            .iter()
            .any(|action| text.0.starts_with(action))
        {
            self.lock(name, AccessExclusive, Rewrite);
        } else if text.0.starts_with("SET (") || text.0.starts_with("RESET (") {
            self.lock(name, parameters_mode(text.0), Instant);
        } else if text.0.starts_with("ENABLE ") || text.0.starts_with("DISABLE ") {
            let mode = if text.0.contains(" TRIGGER ") { ShareRowExclusive } else { AccessExclusive };
            all(mode, Instant);
        } else if text.eat("ALTER CONSTRAINT ") {
            self.lock(name, AccessExclusive, Instant);
        } else if text.eat("SET SCHEMA ") {
            self.lock(name, AccessExclusive, Instant);
            self.moved.insert(ObjectName::new(text.part(), &name.name));
        } else if text.0.starts_with("RENAME COLUMN") || text.0.starts_with("DROP COLUMN") {
            all(AccessExclusive, Instant);
        } else {
            // Renames, owners, row security, replica identity, inheritance that ends.
            self.lock(name, AccessExclusive, Instant);
        }
    }

    fn column(&self, step: &Step, name: &ObjectName, column: &str, text: Text<'_>) -> (LockMode, LockSpan) {
        let action = text.0.trim_start();
        if action.starts_with("SET STATISTICS") || action.starts_with("SET (") || action.starts_with("RESET (") {
            return (ShareUpdateExclusive, Instant);
        }
        if action.starts_with("TYPE ") {
            let rewrites =
                step.locks.iter().any(|lock| lock.span == Rewrite) && !self.only_sorts_otherwise(name, column);
            return (AccessExclusive, if rewrites { Rewrite } else { self.retyped_in_place(name, column) });
        }
        if action.starts_with("SET NOT NULL") {
            let promised = self.promised.contains(&(name.clone(), column.to_string()));
            let proved = promised || self.table(name).is_some_and(|table| says_not_null(table, column));
            return (AccessExclusive, if proved { Instant } else { Scan });
        }
        (AccessExclusive, Instant)
    }

    /// Only the collation changes.
    fn only_sorts_otherwise(&self, name: &ObjectName, column: &str) -> bool {
        let (from, to) = (self.table(name), self.scope.to.table(name));
        let columns = from.and_then(|table| table.column(column)).zip(to.and_then(|table| table.column(column)));
        columns.is_some_and(|(old, new)| old.ty.physical == new.ty.physical && old.collation != new.collation)
    }

    /// The rows stay as they are; checks over the column are checked again, and indexes that sort otherwise are built
    /// again.
    fn retyped_in_place(&self, name: &ObjectName, column: &str) -> LockSpan {
        let sorted = self.table(name).is_some_and(|table| {
            let keys = table.primary_key.iter().chain(&table.uniques).flat_map(|key| key.columns());
            let indexes = table.indexes.iter().flat_map(|index| &index.parts).map(|part| part.column.as_str());
            keys.chain(indexes).any(|other| other == column)
        });
        if sorted && self.only_sorts_otherwise(name, column) {
            return Scan;
        }
        let checked = self.table(name).is_some_and(|table| {
            let mut kept = table.checks.iter().filter(|check| {
                let key = relata_schema::model::ObjectKey::member(ObjectKind::Check, name, &check.name);
                !self.scope.is_cleared(&key)
            });
            kept.any(|check| {
                let uses = table.used_by(ObjectKind::Check, &check.name);
                uses.iter().any(|used| used.kind == ObjectKind::Column && &used.name == name && used.member == column)
            })
        });
        if checked { Scan } else { Instant }
    }

    fn add_constraint(&mut self, reach: &[ObjectName], mut text: Text<'_>) {
        if text.eat("CONSTRAINT ") {
            text.part();
            text.eat(" ");
        }
        // A new table has no rows to check.
        let fresh = reach.iter().all(|member| self.table(member).is_none());
        let loose = fresh || text.0.ends_with(" NOT VALID") || text.0.contains(" NOT VALID ");
        if let Some((_, target)) = text.0.split_once(" REFERENCES ").filter(|_| text.0.starts_with("FOREIGN KEY")) {
            let span = if loose { Instant } else { Scan };
            let target = Text(target).name();
            reach.iter().for_each(|member| self.lock(member, ShareRowExclusive, span));
            self.family_lock(&target, ShareRowExclusive, span);
        } else {
            let span = if loose || text.0.contains(" USING INDEX ") && !text.0.contains('(') { Instant } else { Scan };
            reach.iter().for_each(|member| self.lock(member, AccessExclusive, span));
        }
    }

    /// The constraint goes; the triggers of a foreign key go on the other side too.
    fn release(&mut self, table: &ObjectName, constraint: &str) {
        let key = self.table(table).and_then(|table| table.foreign_keys.iter().find(|key| key.name == constraint));
        let Some(target) = key.map(|key| key.references.clone()) else { return };
        if self.released.insert((table.clone(), constraint.to_string())) {
            self.lock(&target, AccessExclusive, Instant);
        }
    }

    /// A new partition takes its rows from none: the default partition is read to make sure.
    fn default_partition(&mut self, parent: &ObjectName, child: &ObjectName) {
        let of =
            |table: &&Table| table.partition_of.as_ref().is_some_and(|p| p.parent == *parent && p.bound == "DEFAULT");
        let found = self.scope.from.tables.iter().find(of).map(|table| table.name.clone());
        if let Some(default) = found.filter(|default| default != child) {
            self.lock(&default, AccessExclusive, Scan);
        }
    }

    fn default_partition_locked(&mut self, parent: &ObjectName, child: &ObjectName) {
        let at = self.locks.len();
        self.default_partition(parent, child);
        self.locks[at..].iter_mut().for_each(|lock| lock.span = Instant);
    }

    /// A partition gets the foreign keys of its parent: their triggers come to the tables they refer to.
    fn cloned_keys(&mut self, parent: &ObjectName) {
        let keys = self.table(parent).map(|table| table.foreign_keys.clone()).unwrap_or_default();
        for key in keys {
            self.lock(&key.references, ShareRowExclusive, Instant);
        }
    }

    fn create(&mut self, step: &Step, mut text: Text<'_>) {
        if text.eat("UNIQUE INDEX ") || text.eat("INDEX ") {
            let concurrently = text.eat("CONCURRENTLY ");
            let Some((_, on)) = text.0.split_once(" ON ") else { return };
            let mut on = Text(on);
            let only = on.eat("ONLY ");
            let table = on.name();
            match (concurrently, only) {
                (true, _) => self.lock(&table, ShareUpdateExclusive, Scan),
                (false, true) => self.lock(&table, Share, Scan),
                (false, false) => self.family_lock(&table, Share, Scan),
            }
        } else if text.eat("TABLE ") || text.eat("UNLOGGED TABLE ") {
            self.create_table(text);
        } else if text.0.starts_with("OR REPLACE VIEW ") {
            self.lock(&step.object.name, AccessExclusive, Instant);
        } else if text.eat("POLICY ") || text.eat("RULE ") || text.eat("OR REPLACE RULE ") {
            self.on_table(step, text, AccessExclusive);
        } else if text.eat("TRIGGER ") || text.eat("CONSTRAINT TRIGGER ") {
            if let Some((_, on)) = text.0.split_once(" ON ") {
                let table = Text(on).name();
                self.family_lock(&table, ShareRowExclusive, Instant);
            }
        } else if text.eat("STATISTICS ")
            && let Some((_, table)) = text.0.rsplit_once(" FROM ")
        {
            let table = Text(table).name();
            self.lock(&table, ShareUpdateExclusive, Instant);
        }
    }

    fn create_table(&mut self, mut text: Text<'_>) {
        let name = text.name();
        if let Some((_, parent)) = text.0.split_once(" PARTITION OF ") {
            let parent = Text(parent).name();
            self.lock(&parent, AccessExclusive, Instant);
            self.default_partition(&parent, &name);
        } else if let Some((_, parents)) = text.0.rsplit_once("INHERITS (") {
            let mut parents = Text(parents);
            loop {
                let parent = parents.name();
                self.lock(&parent, ShareUpdateExclusive, Instant);
                if !parents.eat(", ") {
                    break;
                }
            }
        }
    }

    /// A policy, rule or trigger: the table stands after `ON`, or after `TO` of a rule.
    fn on_table(&mut self, step: &Step, text: Text<'_>, mode: LockMode) {
        let table = match text.0.split_once(" TO ") {
            Some((head, table)) if step.object.kind == ObjectKind::Other && head.contains(" ON ") => Text(table).name(),
            _ => step.object.name.clone(),
        };
        self.lock(&table, mode, Instant);
    }

    fn drop(&mut self, step: &Step, mut text: Text<'_>) {
        if text.eat("TABLE ") {
            let name = text.name();
            let keys = self.table(&name).map(|table| table.foreign_keys.clone()).unwrap_or_default();
            for key in keys.iter().filter(|key| key.references != name) {
                if self.released.insert((name.clone(), key.name.clone())) {
                    self.lock(&key.references, AccessExclusive, Instant);
                }
            }
            let parent =
                self.table(&name).and_then(|table| table.partition_of.clone()).map(|partition| partition.parent);
            if let Some(parent) = parent {
                self.lock(&parent, AccessExclusive, Instant);
                self.default_partition_locked(&parent, &name);
            }
            self.lock(&name, AccessExclusive, Instant);
        } else if text.eat("INDEX ") {
            let concurrently = text.eat("CONCURRENTLY ");
            let mode = if concurrently { ShareUpdateExclusive } else { AccessExclusive };
            self.family_lock(&step.object.name, mode, Instant);
        } else if text.eat("VIEW ") || text.eat("MATERIALIZED VIEW ") {
            let name = text.name();
            self.lock(&name, AccessExclusive, Instant);
        } else if text.eat("STATISTICS ") {
            let name = text.name();
            let found = self.scope.from.others.iter().find(|other| other.kind == "STATISTICS" && other.name == name);
            if let Some((_, table)) = found.and_then(|other| other.definition.rsplit_once(" FROM ")) {
                self.lock(&Text(table).name(), ShareUpdateExclusive, Instant);
            }
        } else if let Some((_, on)) = text.0.split_once(" ON ")
            && ["TRIGGER ", "POLICY ", "RULE "].iter().any(|word| text.0.starts_with(word))
        {
            let table = Text(on).name();
            if text.0.starts_with("TRIGGER ") {
                self.family_lock(&table, AccessExclusive, Instant);
            } else {
                self.lock(&table, AccessExclusive, Instant);
            }
        }
    }

    fn comment(&mut self, mut text: Text<'_>) {
        let table = if text.eat("TABLE ") || text.eat("VIEW ") || text.eat("MATERIALIZED VIEW ") {
            text.name()
        } else if text.eat("COLUMN ") {
            // The column follows.
            text.name()
        } else {
            // Constraints, triggers, policies and rules are locked by themselves; their table as by a reader.
            return;
        };
        self.lock(&table, ShareUpdateExclusive, Instant);
    }
}

/// How long adding a column takes: a constant default is kept beside the rows.
fn added(column: &Column) -> LockSpan {
    let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
    let domain = matches!(column.ty.logical, Type::Domain(_));
    match &column.default {
        _ if stored || domain || column.identity.is_some() => Rewrite,
        Some(default) if is_volatile(default) => Rewrite,
        None if column.not_null => Scan,
        _ => Instant,
    }
}

/// Whether an expression may give another value for each row. Functions that are not known to be steady may.
fn is_volatile(expression: &str) -> bool {
    const STEADY: [&str; 10] = [
        "now",
        "lower",
        "upper",
        "concat",
        "length",
        "transaction_timestamp",
        "statement_timestamp",
        "current_setting",
        "to_timestamp",
        "date_trunc",
    ];
    let mut calls = expression.match_indices('(').filter_map(|(at, _)| {
        let word = expression[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        let literal = expression[..at].matches('\'').count() % 2 == 1;
        let ty = expression[..at - word.len()].ends_with("::");
        (!word.is_empty() && !literal && !ty).then_some(word)
    });
    calls.any(|call| {
        !STEADY.contains(&call) && !matches!(call, "varying" | "numeric" | "timestamp" | "time" | "bit" | "character")
    })
}

/// Whether a valid check already says that the column is never NULL.
fn says_not_null(table: &Table, column: &str) -> bool {
    let ident = relata_schema::dialect::postgres::print::ident(column);
    let says = format!("{ident} IS NOT NULL");
    let bare = |text: &str| text.trim_start_matches('(').trim_end_matches(')').to_string();
    table.checks.iter().any(|check| !check.not_valid && bare(&check.expression) == says)
}

/// Storage parameters are changed beside reads and writes, but for those that change how the table is seen.
fn parameters_mode(text: &str) -> LockMode {
    let strong = ["user_catalog_table", "security_barrier", "security_invoker", "check_option"];
    if strong.iter().any(|word| text.contains(word)) { AccessExclusive } else { ShareUpdateExclusive }
}
