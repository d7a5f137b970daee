//! How changes are made on MariaDB and MySQL.
//!
//! DDL commits by itself here, so every step stands alone and says how to find out whether it was done. All that
//! changes in one table is one `ALTER TABLE`, which is atomic and reads the table once.
//!
//! Order: triggers, events, views and routines that go or change; foreign keys that go, change or are in the way of a
//! change of type; tables that go; sequences; renames; new tables; altered tables; foreign keys; routines, views,
//! triggers and events that come; sequences that go; privileges.
//!
//! Deliberately not done: the order of existing columns (nothing may depend on it), `ALGORITHM` and `LOCK` clauses (the
//! server takes the cheapest way by itself).

mod enforcement;
mod foreign_keys;
mod partitions;
mod probe;
mod returning;
mod table;
mod values;
mod way;

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Alteration, Change, Lock, LockMode, LockSpan, Recipe, Rename, Step, TableChange};
use relata_schema::dialect::mysql::{Server, print};
use relata_schema::model::{
    Column, Grant, ObjectKey, ObjectKind, ObjectName, Opaque, Routine, Sequence, Table, Trigger, View,
};
use relata_schema::{Diagnostic, Dialect, Schema};

use crate::PlanOptions;
pub(crate) use way::{Beside, Way, modification};

/// The steps for `changes`, in an order that works.
pub(super) fn emit(
    from: &Schema,
    to: &Schema,
    changes: &[Change],
    options: &PlanOptions,
) -> (Vec<Step>, Vec<Diagnostic>) {
    let mut phases = Phases::default();
    let mut diagnostics = Vec::new();
    let mut wanted = if options.drops { changes.to_vec() } else { without_drops(changes, &mut diagnostics) };
    for change in &mut wanted {
        if let Change::AlterTable { changes, .. } = change {
            *changes = renames_of_case(std::mem::take(changes));
        }
    }
    let server = if from.mysql || to.mysql || options.mysql { Server::MySql } else { Server::MariaDb };
    let plan = Planned { from, to, changes: &wanted, renames: &options.renames, server, back: options.back };
    diagnostics.extend(plan.altered().flat_map(period_columns));
    diagnostics.extend(plan.altered().flat_map(replaced_nulls));
    diagnostics.extend(plan.altered().flat_map(|altered| values::refused(altered, plan.renames)));
    diagnostics.extend(enforcement::refused(plan.changes, server));
    plan.foreign_keys(&mut phases);
    plan.drop_tables(&mut phases);
    plan.rename_tables(&mut phases);
    plan.create_tables(&mut phases);
    plan.alter_tables(&mut phases);
    plan.triggers(&mut phases);
    plan.views(&mut phases);
    for change in &wanted {
        match change {
            Change::Sequence(alteration) => sequence(alteration, &mut phases),
            Change::Routine(alteration) => routine(alteration, &mut phases),
            Change::Other(alteration) => other(alteration, &mut phases),
            _ => {}
        }
    }
    plan.grants(&mut phases);
    (phases.into_steps(), diagnostics)
}

/// Names of columns mean the same in any case here: dropping `Name` and adding `name` is a rename.
fn renames_of_case(changes: Vec<TableChange>) -> Vec<TableChange> {
    let mut kept: Vec<TableChange> = Vec::with_capacity(changes.len());
    for change in changes {
        let twin = |other: &TableChange| match (other, &change) {
            (TableChange::Column(Alteration::Drop(old)), TableChange::Column(Alteration::Create(new)))
            | (TableChange::Column(Alteration::Create(new)), TableChange::Column(Alteration::Drop(old))) => {
                let same = old.name.to_lowercase() == new.name.to_lowercase();
                same.then(|| TableChange::Column(Alteration::Alter { from: old.clone(), to: new.clone() }))
            }
            _ => None,
        };
        match kept.iter().enumerate().find_map(|(index, other)| Some((index, twin(other)?))) {
            Some((index, renamed)) => kept[index] = renamed,
            None => kept.push(change),
        }
    }
    kept
}

/// The server changes nothing about the columns that keep the time of a row.
fn period_columns(altered: Altered<'_>) -> Vec<Diagnostic> {
    let changed = altered.changes.iter().filter_map(|change| match change {
        TableChange::Column(Alteration::Alter { from, .. }) if table::of_period(from) => Some(from),
        _ => None,
    });
    let refuse = |column: &Column| {
        let key = ObjectKey::member(ObjectKind::Column, &altered.from.name, &column.name);
        let message = format!("the server cannot change {}, which keeps the time of a row", column.name);
        Diagnostic::error("plan-impossible", message)
            .about(key)
            .help("drop system versioning (its history goes), and add it again, in two migrations of your own")
    };
    changed.map(|column| refuse(column)).collect()
}

/// A column can be left out of a history only once there is one: the table with all of its columns in it, and what then
/// remains to be changed.
fn versioned_first(altered: Altered<'_>) -> Option<(Table, Vec<TableChange>)> {
    let left_out = |column: &&Column| column.parameters.iter().any(|(key, _)| key == "system versioning");
    if table::versioned(&altered.from.options)
        || !table::versioned(&altered.to.options)
        || !altered.to.columns.iter().any(|column| left_out(&column))
    {
        return None;
    }
    let mut between = altered.to.clone();
    for column in &mut between.columns {
        column.parameters.retain(|(key, _)| key != "system versioning");
    }
    let change = |to: &Column| {
        let from = between.column(&to.name).cloned().unwrap_or_default();
        TableChange::Column(Alteration::Alter { from: Box::new(from), to: Box::new(to.clone()) })
    };
    let rest = altered.to.columns.iter().filter(left_out).map(change).collect();
    Some((between, rest))
}

/// MySQL adds no column in a statement that also gives one a default whose values nobody can repeat, such as `uuid()`,
/// for a replica would compute others. The table with those columns and no such default, how it becomes that, and what
/// then remains.
fn added_first(altered: Altered<'_>) -> Option<(Table, Vec<TableChange>, Vec<TableChange>)> {
    let adds = |change: &TableChange| matches!(change, TableChange::Column(Alteration::Create(_)));
    if altered.server != Server::MySql || !altered.changes.iter().any(adds) {
        return None;
    }
    let written = |column: &Column| {
        altered.changes.iter().any(|change| match change {
            TableChange::Column(Alteration::Create(to) | Alteration::Alter { to, .. }) => to.name == column.name,
            _ => false,
        })
    };
    let mut between = altered.to.clone();
    let mut rest = Vec::new();
    for column in &mut between.columns {
        if !column.default.as_deref().is_some_and(unrepeatable) || !written(column) {
            continue;
        }
        let to = Box::new(column.clone());
        column.default = None;
        column.not_null &= altered.from.column(&column.name).is_some_and(|old| old.not_null);
        rest.push(TableChange::Column(Alteration::Alter { from: Box::new(column.clone()), to }));
    }
    let mut first = altered.changes.to_vec();
    for change in &mut first {
        if let TableChange::Column(Alteration::Create(to) | Alteration::Alter { to, .. }) = change
            && let Some(column) = between.column(&to.name)
        {
            (**to).clone_from(column);
        }
    }
    (!rest.is_empty()).then_some((between, first, rest))
}

/// A column that changes its type and takes no NULL any more gets its type first: its default is of that type. The table
/// in between, how it becomes that, and what then remains.
fn retyped_first(altered: Altered<'_>) -> Option<(Table, Vec<TableChange>, Vec<TableChange>)> {
    let names = table::filled_after(altered);
    if names.is_empty() {
        return None;
    }
    let mut between = altered.to.clone();
    let mut rest = Vec::new();
    for column in between.columns.iter_mut().filter(|column| names.contains(&column.name)) {
        let to = Box::new(column.clone());
        column.not_null = false;
        rest.push(TableChange::Column(Alteration::Alter { from: Box::new(column.clone()), to }));
    }
    let mut first = altered.changes.to_vec();
    for change in &mut first {
        if let TableChange::Column(Alteration::Alter { to, .. }) = change
            && let Some(column) = between.column(&to.name)
        {
            (**to).clone_from(column);
        }
    }
    Some((between, first, rest))
}

/// Whether an expression has another value each time, or for each session.
fn unrepeatable(default: &str) -> bool {
    const FUNCTIONS: [&str; 7] =
        ["uuid(", "uuid_short(", "rand(", "random_bytes(", "sysdate(", "user(", "connection_id("];
    let default = default.to_ascii_lowercase();
    default.starts_with('(') && FUNCTIONS.iter().any(|function| default.contains(function))
}

/// The steps that alter a table, in one statement if the server can.
fn alter_table(altered: Altered<'_>) -> Vec<Step> {
    let added = added_first(altered);
    let before = added.is_some().then_some(altered.from);
    if let Some((between, first, rest)) = added.or_else(|| retyped_first(altered)) {
        let mut steps = table::alter(Altered { to: &between, changes: &first, ..altered });
        steps.extend(table::alter(Altered { from: &between, changes: &rest, before, ..altered }));
        return steps;
    }
    match versioned_first(altered) {
        None => table::alter(altered),
        Some((between, rest)) => {
            let mut steps = table::alter(Altered { to: &between, ..altered });
            steps.extend(table::alter(Altered { from: &between, changes: &rest, ..altered }));
            steps
        }
    }
}

/// A warning for each column whose NULLs become its default.
fn replaced_nulls(altered: Altered<'_>) -> Vec<Diagnostic> {
    let warn = |(old, _, default): (&Column, &Column, &str)| {
        let message = format!("rows with NULL in {}.{} get the default {default}", altered.from.name, old.name);
        Diagnostic::warning("mysql-null-replaced", message)
            .about(ObjectKey::member(ObjectKind::Column, &altered.from.name, &old.name))
            .help("fill the column first if they shall have something else")
    };
    let after = retyped_first(altered);
    let after = after.iter().flat_map(|(between, _, rest)| {
        table::filled(Altered { from: between, changes: rest, ..altered }).map(warn).collect::<Vec<_>>()
    });
    table::filled(altered).map(warn).chain(after).collect()
}

/// The changes that drop nothing, and a note for each that would.
fn without_drops(changes: &[Change], diagnostics: &mut Vec<Diagnostic>) -> Vec<Change> {
    let mut kept = Vec::new();
    let mut keep = |key: ObjectKey| {
        let message = format!("{key} is not in the target and stays");
        diagnostics.push(Diagnostic::new("plan-kept", relata_schema::Severity::Note, message).about(key));
    };
    for change in changes {
        match change {
            Change::DropTable(table) => keep(table.key()),
            Change::View(Alteration::Drop(view)) => keep(ObjectKey::of(ObjectKind::View, &view.name)),
            Change::Routine(Alteration::Drop(item)) => keep(ObjectKey::of(ObjectKind::Routine, &item.name)),
            Change::Sequence(Alteration::Drop(item)) => keep(ObjectKey::of(ObjectKind::Sequence, &item.name)),
            Change::Other(Alteration::Drop(item)) => keep(ObjectKey::of(ObjectKind::Other, &item.name)),
            Change::AlterTable { from, to, changes } => {
                let dropped = |change: &&TableChange| matches!(change, TableChange::Column(Alteration::Drop(_)));
                for change in changes.iter().filter(dropped) {
                    if let TableChange::Column(Alteration::Drop(column)) = change {
                        keep(ObjectKey::member(ObjectKind::Column, &from.name, &column.name));
                    }
                }
                let changes: Vec<_> = changes.iter().filter(|change| !dropped(change)).cloned().collect();
                if !changes.is_empty() {
                    kept.push(Change::AlterTable { from: from.clone(), to: to.clone(), changes });
                }
            }
            other => kept.push(other.clone()),
        }
    }
    kept
}

/// Steps by phase; the phases run in the order of the fields.
#[derive(Default)]
struct Phases {
    drop_objects: Vec<Step>,
    drop_foreign_keys: Vec<Step>,
    drop_tables: Vec<Step>,
    sequences: Vec<Step>,
    rename_tables: Vec<Step>,
    create_tables: Vec<Step>,
    alter_tables: Vec<Step>,
    add_foreign_keys: Vec<Step>,
    create_routines: Vec<Step>,
    create_views: Vec<Step>,
    create_triggers: Vec<Step>,
    create_others: Vec<Step>,
    drop_sequences: Vec<Step>,
    grants: Vec<Step>,
}

impl Phases {
    fn into_steps(self) -> Vec<Step> {
        [
            self.drop_objects,
            self.drop_foreign_keys,
            self.drop_tables,
            self.sequences,
            self.rename_tables,
            self.create_tables,
            self.alter_tables,
            self.add_foreign_keys,
            self.create_routines,
            self.create_views,
            self.create_triggers,
            self.create_others,
            self.drop_sequences,
            self.grants,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A step that touches only the catalogue.
fn step(summary: String, object: ObjectKey, sql: String, done_probe: String) -> Step {
    Step {
        summary,
        object,
        sql,
        transactional: false,
        recipe: Recipe::Instant,
        locks: Vec::new(),
        loses: None,
        done_probe,
    }
}

fn ident(name: &str) -> String {
    Dialect::Mysql.ident(name)
}

/// A lock on a table.
fn lock(table: &ObjectName, mode: LockMode, span: LockSpan) -> Lock {
    Lock { object: table.clone(), mode, span }
}

/// Both schemas and what differs.
struct Planned<'p> {
    from: &'p Schema,
    to: &'p Schema,
    changes: &'p [Change],
    renames: &'p [Rename],
    server: Server,
    /// The way back of a migration.
    back: bool,
}

/// A table that is on both sides and differs.
#[derive(Clone, Copy)]
struct Altered<'p> {
    from: &'p Table,
    to: &'p Table,
    changes: &'p [TableChange],
    server: Server,
    /// The table as it was before columns were added without their default: these get it now, and their rows its values.
    before: Option<&'p Table>,
}

impl<'p> Planned<'p> {
    fn altered(&self) -> impl Iterator<Item = Altered<'p>> {
        let server = self.server;
        self.changes.iter().filter_map(move |change| match change {
            Change::AlterTable { from, to, changes } => Some(Altered { from, to, changes, server, before: None }),
            _ => None,
        })
    }

    fn dropped(&self) -> BTreeSet<&'p ObjectName> {
        let dropped = |change: &'p Change| match change {
            Change::DropTable(table) => Some(&table.name),
            _ => None,
        };
        self.changes.iter().filter_map(dropped).collect()
    }

    fn created(&self) -> BTreeSet<&'p ObjectName> {
        let created = |change: &'p Change| match change {
            Change::CreateTable(table) => Some(&table.name),
            _ => None,
        };
        self.changes.iter().filter_map(created).collect()
    }

    fn drop_tables(&self, phases: &mut Phases) {
        let dropped = self.dropped();
        let tables = print::tables_in_order(self.from);
        for table in tables.into_iter().rev().filter(|table| dropped.contains(&table.name)) {
            let sql = format!("DROP TABLE {}", ident(&table.name.name));
            let mut made = step(format!("drop table {}", table.name), table.key(), sql, probe::no_table(&table.name));
            made.loses = Some(format!("every row of {}", table.name));
            made.locks = vec![lock(&table.name, LockMode::AccessExclusive, LockSpan::Instant)];
            phases.drop_tables.push(made);
        }
    }

    /// All renames in one statement: it is atomic, and tables may change names with each other.
    fn rename_tables(&self, phases: &mut Phases) {
        let renamed: Vec<Altered<'_>> = self.altered().filter(|table| table.from.name != table.to.name).collect();
        let Some(first) = renamed.first() else { return };
        let taken: BTreeSet<&str> = renamed.iter().map(|table| table.from.name.name.as_str()).collect();
        let (mut before, mut after, mut summary) = (Vec::new(), Vec::new(), Vec::new());
        for (index, table) in renamed.iter().enumerate() {
            let (old, new) = (&table.from.name.name, &table.to.name.name);
            summary.push(format!("{old} to {new}"));
            if taken.contains(new.as_str()) {
                let between = format!("relata_rename_{index}");
                before.push(format!("{} TO {}", ident(old), ident(&between)));
                after.push(format!("{} TO {}", ident(&between), ident(new)));
            } else {
                before.push(format!("{} TO {}", ident(old), ident(new)));
            }
        }
        before.extend(after);
        let sql = format!("RENAME TABLE {}", before.join(", "));
        let done = probe::all(&renamed.iter().map(|table| probe::table(&table.to.name)).collect::<Vec<_>>());
        let mut made = step(format!("rename {}", summary.join(", ")), first.from.key(), sql, done);
        let exclusive = |table: &Altered<'_>| lock(&table.from.name, LockMode::AccessExclusive, LockSpan::Instant);
        made.locks = renamed.iter().map(exclusive).collect();
        phases.rename_tables.push(made);
    }

    fn create_tables(&self, phases: &mut Phases) {
        let created = self.created();
        let mut made: BTreeSet<&ObjectName> = BTreeSet::new();
        for table in print::tables_in_order(self.to).into_iter().filter(|table| created.contains(&table.name)) {
            let (now, later): (Vec<_>, Vec<_>) = table
                .foreign_keys
                .iter()
                .partition(|key| key.references == table.name || made.contains(&key.references));
            let sql = print::create_table(table, &now, self.server);
            let summary = format!("create table {}", table.name);
            phases.create_tables.push(step(summary, table.key(), sql, probe::table(&table.name)));
            phases
                .add_foreign_keys
                .extend(later.into_iter().map(|key| foreign_keys::add(table, key, None, self.server)));
            made.insert(&table.name);
        }
    }

    fn alter_tables(&self, phases: &mut Phases) {
        for altered in self.altered() {
            phases.alter_tables.extend(values::steps(altered, self.renames));
            match returning::first(altered).filter(|_| self.back) {
                None => phases.alter_tables.extend(alter_table(altered)),
                Some((between, first, rest)) => {
                    phases.alter_tables.extend(alter_table(Altered { to: &between, changes: &first, ..altered }));
                    phases.alter_tables.extend(table::alter(Altered { from: &between, changes: &rest, ..altered }));
                }
            }
        }
    }

    /// Triggers are dropped and created. One that is created again comes last, so those that follow it come again too.
    fn triggers(&self, phases: &mut Phases) {
        let created = self.created();
        for table in self.to.tables.iter().filter(|table| created.contains(&table.name)) {
            phases
                .create_triggers
                .extend(print::triggers_in_order(table).into_iter().map(|t| create_trigger(table, t)));
        }
        for altered in self.altered() {
            let mut again: BTreeSet<&str> = BTreeSet::new();
            if values::writes(altered, self.renames) {
                let stays = |trigger: &&Trigger| altered.from.triggers.iter().any(|old| old.name == trigger.name);
                again.extend(altered.to.triggers.iter().filter(stays).map(|trigger| trigger.name.as_str()));
            }
            for change in altered.changes {
                match change {
                    TableChange::Trigger(Alteration::Drop(trigger)) => {
                        phases.drop_objects.push(drop_trigger(altered.from, &trigger.name));
                    }
                    TableChange::Trigger(Alteration::Create(trigger) | Alteration::Alter { to: trigger, .. }) => {
                        again.insert(&trigger.name);
                    }
                    _ => {}
                }
            }
            for trigger in print::triggers_in_order(altered.to) {
                if print::follows(&trigger.definition).is_some_and(|name| again.contains(name)) {
                    again.insert(&trigger.name);
                }
                if again.contains(trigger.name.as_str()) {
                    if altered.from.triggers.iter().any(|old| old.name == trigger.name) {
                        phases.drop_objects.push(drop_trigger(altered.from, &trigger.name));
                    }
                    phases.create_triggers.push(create_trigger(altered.to, trigger));
                }
            }
        }
    }

    fn views(&self, phases: &mut Phases) {
        let mut wanted: BTreeSet<&ObjectName> = BTreeSet::new();
        for change in self.changes {
            match change {
                Change::View(Alteration::Drop(view)) => phases.drop_objects.push(drop_view(view)),
                Change::View(Alteration::Create(view)) => {
                    wanted.insert(&view.name);
                }
                Change::View(Alteration::Alter { from, to }) => {
                    if from.name != to.name {
                        phases.drop_objects.push(drop_view(from));
                    }
                    wanted.insert(&to.name);
                }
                _ => {}
            }
        }
        for view in print::views_in_order(&self.to.views).into_iter().filter(|view| wanted.contains(&view.name)) {
            let old = self.from.view(&view.name);
            let same = old.is_some_and(|old| print::create_view(old, false) == print::create_view(view, false));
            if !same {
                let summary = format!("{} view {}", if old.is_some() { "replace" } else { "create" }, view.name);
                let key = ObjectKey::of(ObjectKind::View, &view.name);
                let sql = print::create_view(view, old.is_some());
                let mut made = step(summary, key, sql, probe::view(old, view, self.server));
                made.locks.extend(old.map(|_| lock(&view.name, LockMode::AccessExclusive, LockSpan::Instant)));
                phases.create_views.push(made);
            }
        }
    }

    fn grants(&self, phases: &mut Phases) {
        let none = Vec::new();
        let renamed: BTreeMap<&ObjectName, &Table> =
            self.altered().map(|altered| (&altered.to.name, altered.from)).collect();
        for table in &self.to.tables {
            let old = renamed.get(&table.name).copied().or_else(|| self.from.table(&table.name));
            let key = table.key();
            grants(phases, &key, &table.name, None, old.map_or(&none, |old| &old.grants), &table.grants);
            for column in &table.columns {
                let before = old.and_then(|old| old.column(&column.name)).map_or(&none, |column| &column.grants);
                grants(phases, &key, &table.name, Some(&column.name), before, &column.grants);
            }
        }
        for view in &self.to.views {
            let old = self.from.view(&view.name);
            let key = ObjectKey::of(ObjectKind::View, &view.name);
            grants(phases, &key, &view.name, None, old.map_or(&none, |old| &old.grants), &view.grants);
        }
    }
}

fn grants(
    phases: &mut Phases,
    key: &ObjectKey,
    object: &ObjectName,
    column: Option<&str>,
    from: &[Grant],
    to: &[Grant],
) {
    for grant in from.iter().filter(|grant| !to.contains(grant)) {
        let summary = format!("revoke {} on {object} from {}", grant.privilege, grant.grantee);
        let done = probe::no_grant(object, column, grant);
        phases.grants.push(step(summary, key.clone(), print::revoke(object, column, grant), done));
    }
    for grant in to.iter().filter(|grant| !from.contains(grant)) {
        let summary = format!("grant {} on {object} to {}", grant.privilege, grant.grantee);
        let done = probe::grant(object, column, grant);
        phases.grants.push(step(summary, key.clone(), print::grant(object, column, grant), done));
    }
}

fn create_trigger(table: &Table, trigger: &Trigger) -> Step {
    let key = ObjectKey::member(ObjectKind::Trigger, &table.name, &trigger.name);
    let summary = format!("create trigger {} on {}", trigger.name, table.name);
    let made = step(summary, key, print::create_trigger(trigger), probe::trigger(&trigger.name, true));
    Step { locks: vec![lock(&table.name, LockMode::AccessExclusive, LockSpan::Instant)], ..made }
}

fn drop_trigger(table: &Table, name: &str) -> Step {
    let key = ObjectKey::member(ObjectKind::Trigger, &table.name, name);
    let summary = format!("drop trigger {name} on {}", table.name);
    let made = step(summary, key, format!("DROP TRIGGER {}", ident(name)), probe::trigger(name, false));
    Step { locks: vec![lock(&table.name, LockMode::AccessExclusive, LockSpan::Instant)], ..made }
}

fn drop_view(view: &View) -> Step {
    let key = ObjectKey::of(ObjectKind::View, &view.name);
    let sql = format!("DROP VIEW {}", ident(&view.name.name));
    let made = step(format!("drop view {}", view.name), key, sql, probe::no_view(&view.name));
    Step { locks: vec![lock(&view.name, LockMode::AccessExclusive, LockSpan::Instant)], ..made }
}

fn sequence(alteration: &Alteration<Sequence>, phases: &mut Phases) {
    let key = |item: &Sequence| ObjectKey::of(ObjectKind::Sequence, &item.name);
    match alteration {
        Alteration::Create(item) => {
            let (sql, done) = (print::create_sequence(item), probe::sequence(&item.name, true));
            phases.sequences.push(step(format!("create sequence {}", item.name), key(item), sql, done));
        }
        Alteration::Drop(item) => {
            let (sql, done) = (print::drop_sequence(&item.name), probe::sequence(&item.name, false));
            let mut made = step(format!("drop sequence {}", item.name), key(item), sql, done);
            made.loses = Some(format!("the position of sequence {}", item.name));
            phases.drop_sequences.push(made);
        }
        Alteration::Alter { from, to } => {
            if from.name != to.name {
                let sql = format!("RENAME TABLE {} TO {}", ident(&from.name.name), ident(&to.name.name));
                let summary = format!("rename sequence {} to {}", from.name, to.name);
                phases.sequences.push(step(summary, key(from), sql, probe::sequence(&to.name, true)));
            }
            if from.parameters != to.parameters {
                let name = ident(&to.name.name);
                let options = print::sequence_options(&to.parameters, true);
                let mut sql = format!("ALTER SEQUENCE {name}{options}");
                if from.parameters.start != to.parameters.start {
                    // One that gave no number yet begins at its new start.
                    sql = format!(
                        "IF (SELECT next_not_cached_value = start_value FROM {name}) THEN {sql} RESTART; \
                         ELSE {sql}; END IF"
                    );
                }
                let done = probe::sequence_parameters(to);
                phases.sequences.push(step(format!("alter sequence {}", to.name), key(to), sql, done));
            }
        }
    }
}

fn routine(alteration: &Alteration<Routine>, phases: &mut Phases) {
    let key = |item: &Routine| ObjectKey::of(ObjectKind::Routine, &item.name);
    let drop = |item: &Routine| {
        let sql = format!("DROP {} {}", item.kind.word(), ident(&item.name.name));
        let summary = format!("drop {} {}", item.kind.word().to_lowercase(), item.name);
        step(summary, key(item), sql, probe::routine(item, false))
    };
    let create = |item: &Routine| {
        let summary = format!("create {} {}", item.kind.word().to_lowercase(), item.name);
        step(summary, key(item), item.definition.clone(), probe::routine(item, true))
    };
    match alteration {
        Alteration::Create(item) => phases.create_routines.push(create(item)),
        Alteration::Drop(item) => phases.drop_objects.push(drop(item)),
        Alteration::Alter { from, to } => {
            phases.drop_objects.push(drop(from));
            phases.create_routines.push(create(to));
        }
    }
}

fn other(alteration: &Alteration<Opaque>, phases: &mut Phases) {
    let key = |item: &Opaque| ObjectKey::of(ObjectKind::Other, &item.name);
    let drop = |item: &Opaque| {
        let mut sql = format!("DROP {} {}", item.kind, ident(&item.name.name));
        if item.kind != "EVENT" {
            // Only this mode knows packages.
            let text = Dialect::Mysql.literal(&sql);
            sql = format!("SET STATEMENT sql_mode = CONCAT(@@sql_mode, ',ORACLE') FOR EXECUTE IMMEDIATE {text}");
        }
        step(
            format!("drop {} {}", item.kind.to_lowercase(), item.name),
            key(item),
            sql,
            probe::other(&item.kind, &item.name, false),
        )
    };
    let create = |item: &Opaque| {
        let summary = format!("create {} {}", item.kind.to_lowercase(), item.name);
        step(summary, key(item), item.definition.clone(), probe::other(&item.kind, &item.name, true))
    };
    match alteration {
        Alteration::Create(item) => phases.create_others.push(create(item)),
        // The body of a package goes before the package.
        Alteration::Drop(item) => phases.drop_objects.insert(0, drop(item)),
        Alteration::Alter { from, to } => {
            phases.drop_objects.insert(0, drop(from));
            phases.create_others.push(create(to));
        }
    }
}
