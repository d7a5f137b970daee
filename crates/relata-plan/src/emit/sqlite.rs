//! How changes are made on SQLite.
//!
//! Almost everything SQLite cannot alter is done by writing the table anew, the way its documentation demands: foreign
//! keys off, new table, rows copied, old table dropped, new one renamed, indexes and triggers created again. Columns are
//! added, dropped and renamed in place where SQLite does exactly that and nothing else.
//!
//! Invariants
//! - The plan is one transaction (`BEGIN IMMEDIATE … COMMIT`), so that the script is all or nothing in `sqlite3 -bail` too.
//!   Foreign keys are switched off before it: inside, the switch does nothing.
//! - Before the commit a constraint of a temporary table fails if a rewritten table brought violated foreign keys.
//! - Names of indexes and triggers belong to the whole database: what goes is dropped before anything comes.
//! - `legacy_alter_table` is on while a new table takes the place of the old one, as SQLite would otherwise check every
//!   view and trigger against a half-made schema and rewrite their texts; off where a table or column is really renamed.
//!
//! It deliberately does not repair views and triggers that the target itself leaves broken: SQLite allows them.

mod alter;
mod foreign_keys;
mod preserve;
mod rebuild;
mod spelling;

use std::collections::BTreeSet;

use relata_schema::change::{Alteration, Change, Lock, LockMode, LockSpan, Recipe, Rename, Step, TableChange};
use relata_schema::dialect::sqlite::{print, token};
use relata_schema::model::{Index, ObjectKey, ObjectKind, ObjectName, Opaque, Table, Trigger, View};
use relata_schema::{Diagnostic, Dialect, Schema};

use crate::PlanOptions;

/// The steps for `changes`, in an order that works.
pub(super) fn emit(
    from: &Schema,
    to: &Schema,
    changes: &[Change],
    options: &PlanOptions,
) -> (Vec<Step>, Vec<Diagnostic>) {
    let respelled = spelling::changes(from, to, options);
    let changes = respelled.as_deref().unwrap_or(changes);
    if options.drops {
        return Emitter::new(from, to, changes, options).run();
    }
    let (to, changes, mut kept) = preserve::keep(to, changes);
    let (steps, diagnostics) = Emitter::new(from, &to, &changes, options).run();
    kept.extend(diagnostics);
    (steps, kept)
}

/// A table that is on both sides and differs.
struct Altered<'a> {
    from: &'a Table,
    to: &'a Table,
    changes: &'a [TableChange],
    rebuild: bool,
}

struct Emitter<'a> {
    from: &'a Schema,
    to: &'a Schema,
    changes: &'a [Change],
    renames: &'a [Rename],
    /// The way back of a migration.
    back: bool,
    altered: Vec<Altered<'a>>,
    steps: Vec<Step>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Emitter<'a> {
    fn new(from: &'a Schema, to: &'a Schema, changes: &'a [Change], options: &'a PlanOptions) -> Self {
        let watched = !from.views.is_empty() || from.tables.iter().any(|table| !table.triggers.is_empty());
        let altered = changes.iter().filter_map(|change| match change {
            Change::AlterTable { from, to, changes } => {
                Some(Altered { from, to, changes, rebuild: alter::needs_rebuild(from, to, changes, watched) })
            }
            _ => None,
        });
        let altered = altered.collect();
        let (renames, back) = (&options.renames[..], options.back);
        Emitter { from, to, changes, renames, back, altered, steps: Vec::new(), diagnostics: Vec::new() }
    }

    fn run(mut self) -> (Vec<Step>, Vec<Diagnostic>) {
        let renamed = self.renamed_dependents();
        self.drop_views(&renamed);
        self.drop_triggers(&renamed);
        self.drop_indexes();
        self.drop_tables();
        self.rename_tables();
        self.create_tables();
        self.alter_tables();
        self.create_indexes();
        self.create_views(&renamed);
        self.create_triggers(&renamed);
        self.others();
        let body = std::mem::take(&mut self.steps);
        if !body.is_empty() {
            self.steps = self.in_transaction(body);
        }
        (self.steps, self.diagnostics)
    }

    fn add(&mut self, summary: impl Into<String>, object: ObjectKey, sql: impl Into<String>) -> &mut Step {
        self.add_as(Recipe::Instant, LockSpan::Instant, summary, object, sql)
    }

    fn add_as(
        &mut self,
        recipe: Recipe,
        span: LockSpan,
        summary: impl Into<String>,
        object: ObjectKey,
        sql: impl Into<String>,
    ) -> &mut Step {
        let lock = Lock { object: object.name.clone(), mode: LockMode::Database, span };
        self.steps.push(Step {
            summary: summary.into(),
            object,
            sql: sql.into(),
            transactional: true,
            recipe,
            locks: vec![lock],
            loses: None,
            done_probe: String::new(),
        });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Views and triggers whose text SQLite would rewrite because a table is renamed: by name, in lower case.
    fn renamed_dependents(&self) -> BTreeSet<String> {
        let mut names: Vec<String> = Vec::new();
        for altered in self.altered.iter().filter(|altered| !altered.rebuild || altered.from.name != altered.to.name) {
            let renames = |change: &TableChange| match change {
                TableChange::Rename { .. } => true,
                TableChange::Column(Alteration::Alter { from, to }) => from.name != to.name,
                _ => false,
            };
            if altered.changes.iter().any(renames) {
                names.push(altered.from.name.name.clone());
            }
        }
        if !names.is_empty() {
            // Views over views that go would be found broken.
            names.extend(self.view_changes().filter_map(|change| old(change)).map(|view| view.name.name.clone()));
        }
        let mut found = BTreeSet::new();
        while let Some(name) = names.pop() {
            let says = |trigger: &&Trigger| token::mentions(&trigger.definition, &name);
            for view in &self.from.views {
                let mentioned = token::mentions(&view.query, &name) || view.triggers.iter().any(|t| says(&t));
                if mentioned && found.insert(view.name.name.to_ascii_lowercase()) {
                    names.push(view.name.name.clone());
                }
            }
            let triggers = self.from.tables.iter().flat_map(|table| &table.triggers);
            found.extend(triggers.filter(says).map(|trigger| trigger.name.to_ascii_lowercase()));
        }
        found
    }

    fn drop_views(&mut self, renamed: &BTreeSet<String>) {
        let changed: Vec<&View> = self.view_changes().filter_map(|change| old(change)).collect();
        let kept = self.from.views.iter().filter(|view| renamed.contains(&view.name.name.to_ascii_lowercase()));
        let mut gone: Vec<&View> = changed;
        gone.extend(kept);
        let mut seen = BTreeSet::new();
        for view in gone {
            if seen.insert(&view.name) {
                let sql = format!("DROP VIEW {}", quoted(&view.name.name));
                self.add(format!("drop view {}", view.name), ObjectKey::of(ObjectKind::View, &view.name), sql);
            }
        }
    }

    fn create_views(&mut self, renamed: &BTreeSet<String>) {
        let changed: BTreeSet<&ObjectName> =
            self.view_changes().filter_map(|change| new(change)).map(|view| &view.name).collect();
        let again =
            |view: &&View| changed.contains(&view.name) || renamed.contains(&view.name.name.to_ascii_lowercase());
        let views: Vec<&View> = self.to.views.iter().filter(again).collect();
        for view in views {
            let key = ObjectKey::of(ObjectKind::View, &view.name);
            self.add(format!("create view {}", view.name), key, print::create_view(view));
            view.triggers.iter().for_each(|trigger| self.create_trigger(&view.name, trigger));
        }
    }

    fn view_changes(&self) -> impl Iterator<Item = &'a Alteration<View>> + use<'a> {
        self.changes.iter().filter_map(|change| match change {
            Change::View(alteration) => Some(alteration),
            _ => None,
        })
    }

    /// Triggers that go, from tables that stay as they are written: others go with their table or view.
    fn drop_triggers(&mut self, renamed: &BTreeSet<String>) {
        let mut gone: Vec<(ObjectName, String)> = Vec::new();
        for altered in self.altered.iter().filter(|altered| !altered.rebuild) {
            for change in altered.changes {
                if let TableChange::Trigger(change) = change
                    && let Some(trigger) = old(change)
                {
                    gone.push((altered.from.name.clone(), trigger.name.clone()));
                }
            }
        }
        let rebuilt: BTreeSet<&ObjectName> = self.rebuilt().map(|altered| &altered.from.name).collect();
        for table in self.from.tables.iter().filter(|table| !rebuilt.contains(&table.name)) {
            let rewritten = table.triggers.iter().filter(|t| renamed.contains(&t.name.to_ascii_lowercase()));
            gone.extend(rewritten.map(|trigger| (table.name.clone(), trigger.name.clone())));
        }
        gone.sort();
        gone.dedup();
        let dropped: BTreeSet<ObjectName> = self.dropped().map(|table| table.name.clone()).collect();
        for (table, name) in gone.into_iter().filter(|(table, _)| !dropped.contains(table)) {
            let key = ObjectKey::member(ObjectKind::Trigger, &table, &name);
            self.add(format!("drop trigger {name}"), key, format!("DROP TRIGGER {}", quoted(&name)));
        }
    }

    fn create_triggers(&mut self, renamed: &BTreeSet<String>) {
        let mut come: BTreeSet<(&ObjectName, &str)> = BTreeSet::new();
        for change in self.changes {
            match change {
                Change::CreateTable(table) => come.extend(table.triggers.iter().map(|t| (&table.name, &*t.name))),
                Change::AlterTable { to, changes, .. } => {
                    let changed = changes.iter().filter_map(|change| match change {
                        TableChange::Trigger(change) => new(change),
                        _ => None,
                    });
                    come.extend(changed.map(|trigger| (&to.name, &*trigger.name)));
                }
                _ => {}
            }
        }
        for altered in self.rebuilt() {
            come.extend(altered.to.triggers.iter().map(|trigger| (&altered.to.name, &*trigger.name)));
        }
        for table in &self.to.tables {
            let rewritten = table.triggers.iter().filter(|t| renamed.contains(&t.name.to_ascii_lowercase()));
            come.extend(rewritten.map(|trigger| (&table.name, &*trigger.name)));
        }
        let to = self.to;
        for table in &to.tables {
            for trigger in table.triggers.iter().filter(|trigger| come.contains(&(&table.name, &*trigger.name))) {
                self.create_trigger(&table.name, trigger);
            }
        }
    }

    fn create_trigger(&mut self, table: &ObjectName, trigger: &Trigger) {
        let key = ObjectKey::member(ObjectKind::Trigger, table, &trigger.name);
        self.add(format!("create trigger {}", trigger.name), key, trigger.definition.clone());
    }

    fn drop_indexes(&mut self) {
        let mut gone = Vec::new();
        for altered in self.altered.iter().filter(|altered| !altered.rebuild) {
            for change in altered.changes {
                if let TableChange::Index(change) = change
                    && let Some(index) = old(change)
                {
                    gone.push((altered.from.name.clone(), index.name.clone()));
                }
            }
        }
        for (table, name) in gone {
            let key = ObjectKey::member(ObjectKind::Index, &table, &name);
            self.add(format!("drop index {name}"), key, format!("DROP INDEX {}", quoted(&name)));
        }
    }

    fn create_indexes(&mut self) {
        let mut come: Vec<(&ObjectName, &Index)> = Vec::new();
        for change in self.changes {
            match change {
                Change::CreateTable(table) if table.options.virtual_using.is_none() => {
                    come.extend(table.indexes.iter().map(|index| (&table.name, index)));
                }
                _ => {}
            }
        }
        for altered in &self.altered {
            if altered.rebuild {
                come.extend(altered.to.indexes.iter().map(|index| (&altered.to.name, index)));
                continue;
            }
            let changed = altered.changes.iter().filter_map(|change| match change {
                TableChange::Index(change) => new(change),
                _ => None,
            });
            come.extend(changed.map(|index| (&altered.to.name, index)));
        }
        for (table, index) in come {
            let sql = print::create_index(&table.name, index);
            let key = ObjectKey::member(ObjectKind::Index, table, &index.name);
            self.add_as(Recipe::Blocking, LockSpan::Scan, format!("create index {}", index.name), key, sql);
        }
    }

    fn rebuilt(&self) -> impl Iterator<Item = &Altered<'a>> {
        self.altered.iter().filter(|altered| altered.rebuild)
    }

    fn dropped(&self) -> impl Iterator<Item = &'a Table> + use<'a> {
        self.changes.iter().filter_map(|change| match change {
            Change::DropTable(table) => Some(&**table),
            _ => None,
        })
    }

    fn drop_tables(&mut self) {
        for table in self.dropped() {
            let sql = format!("DROP TABLE {}", quoted(&table.name.name));
            let step = self.add(format!("drop table {}", table.name), table.key(), sql);
            step.loses = Some(format!("table {} with every row in it", table.name));
        }
    }

    fn create_tables(&mut self) {
        let tables = |virtual_tables: bool| {
            self.changes.iter().filter_map(move |change| match change {
                Change::CreateTable(table) if table.options.virtual_using.is_some() == virtual_tables => Some(table),
                _ => None,
            })
        };
        let tables: Vec<&Table> = tables(false).chain(tables(true)).map(|table| &**table).collect();
        for table in tables {
            self.add(format!("create table {}", table.name), table.key(), print::create_table(table));
        }
    }

    /// Tables change their names first, by way of a free name where somebody has the new one still.
    fn rename_tables(&mut self) {
        let renames: Vec<(&Table, &Table)> =
            self.altered.iter().filter(|a| a.from.name != a.to.name).map(|a| (a.from, a.to)).collect();
        let taken = |to: &Table| {
            let dropped: BTreeSet<&ObjectName> = self.dropped().map(|table| &table.name).collect();
            let others = self.from.tables.iter().filter(|table| !dropped.contains(&table.name));
            others.map(|table| &table.name.name).any(|name| name.eq_ignore_ascii_case(&to.name.name))
        };
        let (detours, direct): (Vec<_>, Vec<_>) = renames.into_iter().partition(|(_, to)| taken(to));
        let mut ways: Vec<(String, String, &Table)> = Vec::new();
        let between = |to: &Table| rebuild::free_name(&format!("relata_rename_{}", to.name.name), self.from, self.to);
        ways.extend(detours.iter().map(|(from, to)| (from.name.name.clone(), between(to), *to)));
        ways.extend(direct.iter().map(|(from, to)| (from.name.name.clone(), to.name.name.clone(), *to)));
        ways.extend(detours.iter().map(|(_, to)| (between(to), to.name.name.clone(), *to)));
        for (from, name, table) in ways {
            let sql = format!("ALTER TABLE {} RENAME TO {}", quoted(&from), quoted(&name));
            self.add(format!("rename table {from} to {name}"), table.key(), sql);
        }
    }

    fn alter_tables(&mut self) {
        let altered = std::mem::take(&mut self.altered);
        for table in &altered {
            if table.rebuild {
                self.rebuild(table);
            } else {
                self.alter_in_place(table);
            }
        }
        self.altered = altered;
    }

    fn others(&mut self) {
        let mut gone: Vec<&Opaque> = Vec::new();
        let mut come: Vec<&Opaque> = Vec::new();
        for change in self.changes {
            if let Change::Other(change) = change {
                gone.extend(old(change));
                come.extend(new(change));
            }
        }
        for other in gone {
            let key = ObjectKey::of(ObjectKind::Other, &other.name);
            self.add(format!("drop {}", other.name), key, format!("DROP {} {}", other.kind, quoted(&other.name.name)));
        }
        for other in come {
            let key = ObjectKey::of(ObjectKind::Other, &other.name);
            self.add(format!("create {}", other.name), key, other.definition.clone());
        }
    }

    /// Wraps the steps into one transaction, with foreign keys off where tables are dropped or written anew.
    fn in_transaction(&mut self, body: Vec<Step>) -> Vec<Step> {
        let off = self.rebuilt().next().is_some() || self.dropped().next().is_some();
        let (before, after) = if off { self.foreign_key_checks() } else { (Vec::new(), Vec::new()) };
        self.steps.clear();
        if off {
            self.control("switch foreign keys off", "PRAGMA foreign_keys = OFF");
        }
        self.control("begin", "BEGIN IMMEDIATE");
        self.steps.extend(before);
        self.steps.extend(body);
        self.steps.extend(after);
        self.control("commit", "COMMIT");
        if off {
            self.control("switch foreign keys on", "PRAGMA foreign_keys = ON");
        }
        std::mem::take(&mut self.steps)
    }

    fn control(&mut self, summary: &str, sql: &str) {
        let step = self.add(summary, ObjectKey::of(ObjectKind::Other, &ObjectName::bare("transaction")), sql);
        step.transactional = false;
        step.locks.clear();
    }
}

/// What an alteration takes away.
fn old<T>(change: &Alteration<T>) -> Option<&T> {
    match change {
        Alteration::Drop(item) | Alteration::Alter { from: item, .. } => Some(item),
        Alteration::Create(_) => None,
    }
}

/// What an alteration brings.
fn new<T>(change: &Alteration<T>) -> Option<&T> {
    match change {
        Alteration::Create(item) | Alteration::Alter { to: item, .. } => Some(item),
        Alteration::Drop(_) => None,
    }
}

fn quoted(name: &str) -> String {
    Dialect::Sqlite.ident(name)
}
