//! What has to go first because something it uses changes, and what comes back.
//!
//! `cleared` holds every object and member of the schema that is that goes before anything is built: what the target
//! lacks and stands in the way, what cannot be altered in place, and, transitively, what depends on any of these.
//! Dependencies come from the catalogue; members of tables (defaults, checks, indexes, policies, triggers), whose
//! dependencies are not recorded, are found by the names in their text.

use std::collections::{BTreeMap, BTreeSet};

use relata_schema::change::{Alteration, Change, TableChange};
use relata_schema::dialect::postgres::print::{create_index_of, other_member, qualified, signature};
use relata_schema::model::{
    CompositeType, EnumType, ObjectKey, ObjectKind, ObjectName, Opaque, Routine, Sequence, Table, View,
};
use relata_schema::{ColumnType, Schema};

use super::members;
use super::words::{mentions, mentions_column};

/// Everything the parts of the plan ask about.
pub(super) struct Scope<'s> {
    /// The schema that is, after renames.
    pub from: Schema,
    pub to: &'s Schema,
    pub changes: Vec<Change>,
    /// Goes before anything is built. Keys of objects and of members.
    pub cleared: BTreeSet<ObjectKey>,
    /// Enums, domains and composites that cannot be altered in place, or whose name another kind of type takes: the
    /// old one is renamed, columns are converted to the new one, the old one goes at the end.
    pub rebuilt_types: BTreeSet<ObjectName>,
    /// Columns whose type changes.
    pub retyped: BTreeSet<(ObjectName, String)>,
}

pub(super) fn routine_key(routine: &Routine) -> ObjectKey {
    ObjectKey::member(ObjectKind::Routine, &routine.name, &routine.arguments)
}

pub(super) fn other_key(other: &Opaque) -> ObjectKey {
    ObjectKey::member(ObjectKind::Other, &other.name, &other_member(other))
}

pub(super) fn view_key(name: &ObjectName) -> ObjectKey {
    ObjectKey::of(ObjectKind::View, name)
}

pub(super) fn table_key(name: &ObjectName) -> ObjectKey {
    ObjectKey::of(ObjectKind::Table, name)
}

impl<'s> Scope<'s> {
    pub(super) fn new(from: Schema, to: &'s Schema, changes: Vec<Change>) -> Self {
        let mut scope = Scope {
            from,
            to,
            changes,
            cleared: BTreeSet::new(),
            rebuilt_types: BTreeSet::new(),
            retyped: BTreeSet::new(),
        };
        scope.seed();
        scope.close();
        scope
    }

    pub(super) fn is_cleared(&self, key: &ObjectKey) -> bool {
        self.cleared.contains(key)
    }

    pub(super) fn clears(&self, kind: ObjectKind, table: &ObjectName, member: &str) -> bool {
        self.cleared.contains(&ObjectKey::member(kind, table, member))
    }

    /// The table is there before and after, and is not made anew.
    pub(super) fn survives(&self, name: &ObjectName) -> bool {
        self.from.table(name).is_some() && self.to.table(name).is_some() && !self.is_cleared(&table_key(name))
    }

    /// The table on both sides, if it survives.
    pub(super) fn both(&self, name: &ObjectName) -> Option<(&Table, &'s Table)> {
        if !self.survives(name) {
            return None;
        }
        Some((self.from.table(name)?, self.to.table(name)?))
    }

    /// The surviving tables on both sides, parents first.
    pub(super) fn surviving(&self) -> Vec<(&Table, &'s Table)> {
        let order = relata_schema::dialect::postgres::print::creation_order(self.to);
        let tables = order.iter().filter(|key| key.kind == ObjectKind::Table);
        tables.filter_map(|key| self.both(&key.name)).collect()
    }

    /// The table stays a partition or child of the same parents, so that what it inherits follows them.
    pub(super) fn stays_attached(&self, from: &Table, to: &Table) -> bool {
        let parents = |table: &Table| -> Vec<ObjectName> {
            table.partition_of.iter().map(|partition| partition.parent.clone()).chain(table.inherits.clone()).collect()
        };
        let before = parents(from);
        !before.is_empty()
            && before == parents(to)
            && from.partition_of == to.partition_of
            && before.iter().all(|parent| self.survives(parent))
    }

    fn seed(&mut self) {
        let created = created_names(&self.changes);
        let types = created_types(&self.changes);
        for change in self.changes.clone() {
            match &change {
                Change::DropTable(table) => {
                    self.cleared.insert(table_key(&table.name));
                }
                Change::AlterTable { to, changes, .. } => self.seed_table(to, changes),
                Change::View(Alteration::Drop(view)) => {
                    self.cleared.insert(view_key(&view.name));
                }
                Change::View(Alteration::Alter { from, to }) if !replaceable(from, to) => {
                    self.cleared.insert(view_key(&to.name));
                }
                Change::Routine(Alteration::Drop(routine)) if created.contains(&routine.name) => {
                    self.cleared.insert(routine_key(routine));
                }
                Change::Routine(Alteration::Alter { from, to }) if !same_shape(from, to) => {
                    self.cleared.insert(routine_key(from));
                }
                Change::Other(Alteration::Drop(other)) if other.kind == "RULE" || created.contains(&other.name) => {
                    self.cleared.insert(other_key(other));
                }
                Change::Other(Alteration::Alter { from, to }) if from.definition != to.definition => {
                    self.cleared.insert(other_key(from));
                }
                Change::Enum(Alteration::Alter { from, to }) if !only_adds(from, to) => {
                    self.rebuilt_types.insert(to.name.clone());
                }
                Change::Domain(Alteration::Alter { from, to })
                    if from.base.physical != to.base.physical || from.collation != to.collation =>
                {
                    self.rebuilt_types.insert(to.name.clone());
                }
                Change::Composite(Alteration::Alter { from, to }) if !to.attributes.starts_with(&from.attributes) => {
                    self.rebuilt_types.insert(to.name.clone());
                }
                Change::Enum(Alteration::Drop(ty)) if types.contains(&ty.name) => {
                    self.rebuilt_types.insert(ty.name.clone());
                }
                Change::Domain(Alteration::Drop(ty)) if types.contains(&ty.name) => {
                    self.rebuilt_types.insert(ty.name.clone());
                }
                Change::Composite(Alteration::Drop(ty)) if types.contains(&ty.name) => {
                    self.rebuilt_types.insert(ty.name.clone());
                }
                Change::Sequence(Alteration::Drop(sequence))
                    if created.contains(&sequence.name) || self.becomes_identity(sequence) =>
                {
                    self.cleared.insert(ObjectKey::of(ObjectKind::Sequence, &sequence.name));
                }
                _ => {}
            }
        }
        let found: Vec<_> = self.surviving().into_iter().flat_map(|(from, to)| members::altered(from, to)).collect();
        self.cleared.extend(found);
    }

    /// The column that owned the sequence gets one of its own, of the same name.
    fn becomes_identity(&self, sequence: &Sequence) -> bool {
        let owner = sequence.owned_by.as_ref();
        let column = owner.and_then(|(table, column)| self.to.table(table)?.column(column));
        column.is_some_and(|column| column.identity.is_some())
    }

    fn seed_table(&mut self, to: &Table, changes: &[TableChange]) {
        for change in changes {
            match change {
                TableChange::Partitioning { .. } => {
                    self.cleared.insert(table_key(&to.name));
                }
                TableChange::Column(Alteration::Alter { from, to: new }) => {
                    if from.ty.physical != new.ty.physical || from.collation != new.collation {
                        self.retyped.insert((to.name.clone(), new.name.clone()));
                    }
                    if super::columns::made_anew(from, new) {
                        self.cleared.insert(ObjectKey::member(ObjectKind::Column, &to.name, &new.name));
                    }
                }
                TableChange::Column(Alteration::Drop(column)) => {
                    self.cleared.insert(ObjectKey::member(ObjectKind::Column, &to.name, &column.name));
                }
                _ => {}
            }
        }
    }

    /// Adds dependants until nothing more is found.
    fn close(&mut self) {
        self.rebuild_types_over_types();
        self.retype_for_types();
        loop {
            let before = self.cleared.len();
            self.close_views();
            self.close_routines();
            self.close_members();
            self.close_indexes();
            self.close_foreign_keys();
            if self.cleared.len() == before {
                return;
            }
        }
    }

    /// The type is a rebuilt one, or an array of one.
    pub(super) fn is_rebuilt(&self, ty: &ColumnType) -> bool {
        let element = ty.physical.trim_end_matches("[]");
        self.rebuilt_types.iter().any(|name| qualified(name) == element)
    }

    /// Domains and composites over rebuilt types are rebuilt too.
    fn rebuild_types_over_types(&mut self) {
        loop {
            let before = self.rebuilt_types.len();
            let domains = self.from.domains.iter().filter(|domain| self.is_rebuilt(&domain.base));
            let domains = domains.map(|domain| &domain.name);
            let over = |ty: &&CompositeType| ty.attributes.iter().any(|(_, ty)| self.is_rebuilt(ty));
            let composites = self.from.composites.iter().filter(over).map(|ty| &ty.name);
            let stays = |name: &&ObjectName| {
                self.to.domains.iter().any(|domain| domain.name == **name)
                    || self.to.composites.iter().any(|ty| ty.name == **name)
            };
            let found: Vec<ObjectName> = domains.chain(composites).filter(stays).cloned().collect();
            self.rebuilt_types.extend(found);
            if self.rebuilt_types.len() == before {
                return;
            }
        }
    }

    /// Columns of a rebuilt type are converted.
    fn retype_for_types(&mut self) {
        let mut found = Vec::new();
        for table in &self.from.tables {
            for column in &table.columns {
                if self.is_rebuilt(&column.ty)
                    && self.to.table(&table.name).is_some_and(|table| table.column(&column.name).is_some())
                {
                    found.push((table.name.clone(), column.name.clone()));
                }
            }
        }
        self.retyped.extend(found);
    }

    /// Whether what a view or routine uses goes or changes under it.
    fn touches(&self, used: &ObjectKey) -> bool {
        if self.cleared.contains(used) {
            return true;
        }
        match used.kind {
            ObjectKind::Column => {
                self.retyped.contains(&(used.name.clone(), used.member.clone()))
                    || self.cleared.contains(&table_key(&used.name))
                    || self.cleared.contains(&view_key(&used.name))
            }
            ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite => self.rebuilt_types.contains(&used.name),
            _ => false,
        }
    }

    fn close_views(&mut self) {
        let users = self.from.views.iter().filter(|view| view.depends_on.iter().any(|used| self.touches(used)));
        let found: Vec<_> = users.map(|view| view_key(&view.name)).collect();
        self.cleared.extend(found);
        let users = self.from.others.iter().filter(|other| other.depends_on.iter().any(|used| self.touches(used)));
        let found: Vec<_> = users.map(other_key).collect();
        self.cleared.extend(found);
    }

    fn close_routines(&mut self) {
        let users =
            self.from.routines.iter().filter(|routine| routine.depends_on.iter().any(|used| self.touches(used)));
        let found: Vec<_> = users.map(routine_key).collect();
        self.cleared.extend(found);
    }

    /// Members of surviving tables that mention a routine or type that goes, or a column that changes its type.
    fn close_members(&mut self) {
        let routines: Vec<&Routine> =
            self.from.routines.iter().filter(|routine| self.cleared.contains(&routine_key(routine))).collect();
        let mut gone: Vec<&ObjectName> = routines.iter().map(|routine| &routine.name).collect();
        gone.extend(&self.rebuilt_types);
        let mut found = Vec::new();
        for (table, _) in self.surviving() {
            let mut changing: BTreeSet<&str> = BTreeSet::new();
            for column in &table.columns {
                let key = ObjectKey::member(ObjectKind::Column, &table.name, &column.name);
                if self.retyped.contains(&(table.name.clone(), column.name.clone())) || self.cleared.contains(&key) {
                    changing.insert(&column.name);
                }
            }
            if gone.is_empty() && changing.is_empty() {
                continue;
            }
            let uses = |sql: &str| gone.iter().any(|name| mentions(sql, name));
            let moves = |sql: &str| uses(sql) || changing.iter().any(|column| mentions_column(sql, column));
            let mut add = |kind, member: &str| found.push(ObjectKey::member(kind, &table.name, member));
            for column in &table.columns {
                if column.generated.as_ref().is_some_and(|generated| moves(&generated.expression)) {
                    add(ObjectKind::Column, &column.name);
                }
            }
            // The server takes what is over a column that goes along with the column.
            let drops = |column: &str| self.clears(ObjectKind::Column, &table.name, column);
            let lost: Vec<&str> =
                table.columns.iter().map(|column| column.name.as_str()).filter(|name| drops(name)).collect();
            let loses = |sql: &str| uses(sql) || lost.iter().any(|column| mentions_column(sql, column));
            table.checks.iter().filter(|c| loses(&c.expression)).for_each(|c| add(ObjectKind::Check, &c.name));
            for (kind, key) in members::keys(table).filter(|(_, key)| key.columns().any(drops)) {
                add(kind, &key.name);
            }
            let indexes = table.indexes.iter().filter(|index| {
                let parts = index.parts.iter().map(|part| part.column.as_str());
                parts.into_iter().any(drops) || loses(&after_table(&create_index_of(table, index)))
            });
            indexes.for_each(|index| add(ObjectKind::Index, &index.name));
            let policies = table.policies.iter().filter(|policy| {
                let texts = policy.using.iter().chain(&policy.check);
                texts.into_iter().any(|text| moves(text))
            });
            policies.for_each(|policy| add(ObjectKind::Policy, &policy.name));
            for trigger in &table.triggers {
                let function = trigger.function.as_ref().is_some_and(|function| gone.contains(&function));
                if function || moves(&trigger.definition) {
                    add(ObjectKind::Trigger, &trigger.name);
                }
            }
        }
        self.cleared.extend(found);
    }

    /// Indexes attached to an index that goes, go with it; and one that is attached can only go with the other.
    fn close_indexes(&mut self) {
        let mut found = Vec::new();
        for (table, to) in self.surviving() {
            if !self.stays_attached(table, to) {
                continue;
            }
            for (kind, name, parent) in members::attached(table) {
                if self.index_goes(parent) {
                    found.push(ObjectKey::member(kind, &table.name, name));
                } else if self.clears(kind, &table.name, name) {
                    found.extend(self.index_key(parent));
                }
            }
        }
        self.cleared.extend(found);
    }

    /// The key of the index or constraint of that name.
    fn index_key(&self, index: &ObjectName) -> Option<ObjectKey> {
        let tables = self.from.tables.iter().filter(|table| table.name.namespace == index.namespace);
        let mut found = tables.filter_map(|table| {
            Some(ObjectKey::member(members::index_kind(table, &index.name)?, &table.name, &index.name))
        });
        found.next()
    }

    /// The index or key of that name goes, and not by a detached table's leaving.
    pub(super) fn index_goes(&self, index: &ObjectName) -> bool {
        let key = self.index_key(index);
        key.is_some_and(|key| self.is_cleared(&table_key(&key.name)) || self.is_cleared(&key))
    }

    /// Foreign keys over columns whose type changes, and those that rely on a key that goes.
    fn close_foreign_keys(&mut self) {
        let mut found = Vec::new();
        for (table, _) in self.surviving() {
            for key in &table.foreign_keys {
                let retyped = |table: &ObjectName, columns: &[String]| {
                    columns.iter().any(|column| self.retyped.contains(&(table.clone(), column.clone())))
                };
                let there = self.from.table(&key.references);
                let loses_key = there.is_some_and(|there| {
                    self.is_cleared(&table_key(&there.name))
                        || members::keys_over(there, &key.referenced_columns)
                            .any(|(kind, name)| self.clears(kind, &there.name, name))
                });
                if loses_key || retyped(&table.name, &key.columns) || retyped(&key.references, &key.referenced_columns)
                {
                    found.push(ObjectKey::member(ObjectKind::ForeignKey, &table.name, &key.name));
                }
            }
        }
        self.cleared.extend(found);
    }
}

/// What a `CREATE INDEX` says after the table's name, where columns are named.
fn after_table(sql: &str) -> String {
    sql.split_once(" USING ").map_or(sql, |(_, rest)| rest).to_string()
}

fn created_names(changes: &[Change]) -> BTreeSet<ObjectName> {
    let mut names = BTreeSet::new();
    for change in changes {
        let name = match change {
            Change::CreateTable(table) => &table.name,
            Change::View(Alteration::Create(view)) => &view.name,
            Change::Routine(Alteration::Create(routine)) => &routine.name,
            Change::Sequence(Alteration::Create(sequence)) => &sequence.name,
            Change::Other(Alteration::Create(other)) => &other.name,
            _ => continue,
        };
        names.insert(name.clone());
    }
    names
}

/// Names of types that come; a table and a view have a type of their name too.
fn created_types(changes: &[Change]) -> BTreeSet<ObjectName> {
    let mut names = BTreeSet::new();
    for change in changes {
        let name = match change {
            Change::CreateTable(table) => &table.name,
            Change::View(Alteration::Create(view)) => &view.name,
            Change::Enum(Alteration::Create(ty)) => &ty.name,
            Change::Domain(Alteration::Create(ty)) => &ty.name,
            Change::Composite(Alteration::Create(ty)) => &ty.name,
            _ => continue,
        };
        names.insert(name.clone());
    }
    names
}

/// Whether `CREATE OR REPLACE VIEW` can make the change: only columns at the end may come.
pub(super) fn replaceable(from: &View, to: &View) -> bool {
    if from.materialized || to.materialized {
        let same = from.materialized == to.materialized && from.query == to.query && from.columns == to.columns;
        let place = |view: &View| -> Vec<(String, String)> {
            let own = |key: &String| key == "tablespace" || key == "access_method";
            view.parameters.iter().filter(|(key, _)| own(key)).cloned().collect()
        };
        return same && place(from) == place(to);
    }
    to.columns.len() >= from.columns.len()
        && from.columns.iter().zip(&to.columns).all(|(a, b)| a.0 == b.0 && a.1.physical == b.1.physical)
}

/// Whether `CREATE OR REPLACE` can make the change.
fn same_shape(from: &Routine, to: &Routine) -> bool {
    if from.definition == to.definition {
        return true;
    }
    let header = |routine: &Routine| routine.definition.lines().next().unwrap_or_default().to_string();
    let defaults = header(from).contains(" DEFAULT ") && header(from) != header(to);
    let aggregate = from.kind == relata_schema::model::RoutineKind::Aggregate;
    from.kind == to.kind && from.result == to.result && !defaults && !aggregate && signature(from) == signature(to)
}

/// Whether values only come.
fn only_adds(from: &EnumType, to: &EnumType) -> bool {
    let mut wanted = to.values.iter();
    from.values.iter().all(|value| wanted.any(|candidate| candidate == value))
}

/// Groups by key, keeping order.
pub(super) fn by_name<'a, T>(items: &'a [T], name: impl Fn(&'a T) -> &'a str) -> BTreeMap<&'a str, &'a T> {
    items.iter().map(|item| (name(item), item)).collect()
}
