//! What has to go first because something it uses changes, and what comes back.
//!
//! `cleared` holds every object and member of the schema that is that goes before anything is built: what the target
//! lacks and stands in the way, what cannot be altered in place, and, transitively, what depends on any of these
//! ([`super::closure`]), as the catalogue reported it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use relata_schema::Schema;
use relata_schema::change::{Alteration, Change, TableChange};
use relata_schema::dialect::postgres::print::{BASE_TYPE, creation_order, is_of_base_type, other_member, signature};
use relata_schema::model::{
    Attribute, Check, Column, CompositeType, Domain, EnumType, ObjectKey, ObjectKind, ObjectName, Opaque, RangeType,
    Routine, Sequence, Table, View,
};

use super::marks::{Cleared, Columns};
use super::members;

/// Everything the parts of the plan ask about.
pub(super) struct Scope<'s> {
    /// The schema that is, after renames.
    pub from: Cow<'s, Schema>,
    pub to: &'s Schema,
    pub changes: Cow<'s, [Change]>,
    /// The way back of a migration.
    pub back: bool,
    /// In which order what is could be created.
    pub from_order: Vec<ObjectKey>,
    /// In which order what shall be can be created.
    pub to_order: Vec<ObjectKey>,
    /// Goes before anything is built: objects and members.
    pub cleared: Cleared,
    /// Enums, domains and composites that cannot be altered in place, or whose name another kind of type takes: the
    /// old one is renamed, columns are converted to the new one, the old one goes at the end.
    pub rebuilt_types: BTreeSet<ObjectName>,
    /// Ranges that change, and the types over them: the old one goes before the new one comes.
    pub replaced_types: BTreeSet<ObjectName>,
    /// Collations that change: the old one is renamed, columns are converted, the old one goes at the end.
    pub rebuilt_collations: BTreeSet<ObjectName>,
    /// Tables that are made anew and keep their rows; they are among those that are cleared.
    pub remade: BTreeSet<ObjectName>,
    /// Domains that stay or go later, but lose checks and default before what these use goes.
    pub bared_domains: BTreeSet<ObjectName>,
    /// Columns that are text while their type is replaced.
    pub parked: Columns,
    /// Columns whose type changes.
    pub retyped: Columns,
    /// The tables that are on both sides, parents first: their positions in `from` and `to`.
    pairs: Vec<(usize, usize)>,
    /// Of these, the ones at which nothing is to be done.
    untouched: BTreeSet<ObjectName>,
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

/// The positions of the tables that both schemas have, in the order in which they could be created.
fn pairs(from: &Schema, to: &Schema, order: &[ObjectKey]) -> Vec<(usize, usize)> {
    fn positions(schema: &Schema) -> BTreeMap<&ObjectName, usize> {
        schema.tables.iter().enumerate().map(|(position, table)| (&table.name, position)).collect()
    }
    let (before, after) = (positions(from), positions(to));
    let tables = order.iter().filter(|key| key.kind == ObjectKind::Table);
    tables.filter_map(|key| Some((*before.get(&key.name)?, *after.get(&key.name)?))).collect()
}

impl<'s> Scope<'s> {
    pub(super) fn new(from: Cow<'s, Schema>, to: &'s Schema, changes: Cow<'s, [Change]>, back: bool) -> Self {
        let (from_order, to_order) = (creation_order(&from), creation_order(to));
        let pairs = pairs(&from, to, &to_order);
        let mut scope = Scope {
            pairs,
            untouched: BTreeSet::new(),
            from_order,
            to_order,
            from,
            to,
            changes,
            back,
            cleared: Cleared::default(),
            rebuilt_types: BTreeSet::new(),
            replaced_types: BTreeSet::new(),
            rebuilt_collations: BTreeSet::new(),
            remade: BTreeSet::new(),
            bared_domains: BTreeSet::new(),
            parked: Columns::default(),
            retyped: Columns::default(),
        };
        scope.seed();
        scope.close();
        let untouched = scope.surviving().into_iter().filter(|(from, to)| scope.leaves_alone(from, to));
        scope.untouched = untouched.map(|(from, _)| from.name.clone()).collect();
        scope
    }

    /// Nothing about the table differs, and nothing goes, changes or is converted under it.
    fn leaves_alone(&self, from: &Table, to: &Table) -> bool {
        let stands_alone =
            from.of_type.is_none() && from.partition_of.is_none() && from.inherits.is_empty() && from.foreign.is_none();
        stands_alone
            && !self.cleared.has_object(&from.name)
            && !self.retyped.has_table(&from.name)
            && !from.uses.iter().any(|member| member.uses.iter().any(|used| self.touches(used)))
            && from == to
    }

    /// The routine reads or writes a type of somebody's own code that goes, and goes with it.
    pub(super) fn goes_with_base_type(&self, routine: &Routine) -> bool {
        let stays = |ty: &Opaque| self.to.others.iter().any(|new| other_key(new) == other_key(ty));
        let goes = |ty: &&Opaque| self.is_cleared(&other_key(ty)) || !stays(ty);
        self.from.others.iter().filter(goes).any(|ty| is_of_base_type(routine, ty))
    }

    /// A column that stays and is of the type of somebody's own code that goes before its successor comes.
    pub(super) fn column_of(&self, ty: &ObjectKey) -> Option<(&ObjectName, &str)> {
        let is_type = self.is_cleared(ty) && ty.member.starts_with("TYPE ");
        let tables = self.from.tables.iter().filter(|_| is_type);
        let mut found = tables.flat_map(|table| {
            let to = self.to.table(&table.name);
            let stays = move |column: &&Column| to.is_some_and(|to| to.column(&column.name).is_some());
            let of = |column: &&Column| table.used_by(ObjectKind::Column, &column.name).contains(ty);
            table.columns.iter().filter(stays).filter(of).map(|column| (&table.name, column.name.as_str()))
        });
        found.next()
    }

    /// Nothing is to be done at the table, but for what it says of itself: comments, owner, privileges.
    pub(super) fn is_untouched(&self, name: &ObjectName) -> bool {
        self.untouched.contains(name)
    }

    /// The surviving tables on both sides at which something may be to be done, parents first.
    pub(super) fn changing(&self) -> impl Iterator<Item = (&Table, &'s Table)> {
        self.surviving().into_iter().filter(|(from, _)| !self.is_untouched(&from.name))
    }

    pub(super) fn is_cleared(&self, key: &ObjectKey) -> bool {
        self.cleared.contains(key)
    }

    pub(super) fn clears(&self, kind: ObjectKind, table: &ObjectName, member: &str) -> bool {
        self.cleared.has(kind, table, member)
    }

    pub(super) fn clears_table(&self, name: &ObjectName) -> bool {
        self.clears(ObjectKind::Table, name, "")
    }

    pub(super) fn is_parked(&self, table: &ObjectName, column: &str) -> bool {
        self.parked.contains(table, column)
    }

    /// The table is there before and after, and is not made anew.
    pub(super) fn survives(&self, name: &ObjectName) -> bool {
        self.from.table(name).is_some() && self.to.table(name).is_some() && !self.clears_table(name)
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
        let both = |&(from, to): &(usize, usize)| (&self.from.tables[from], &self.to.tables[to]);
        self.pairs.iter().map(both).filter(|(_, to)| !self.clears_table(&to.name)).collect()
    }

    /// The parents that the table has before and after: what they have comes and goes through them.
    pub(super) fn staying_parents<'t>(&self, from: &'t Table, to: &Table) -> Vec<&'t ObjectName> {
        let partitioned = from.partition_of.iter().filter(|_| from.partition_of == to.partition_of);
        let inherited = from.inherits.iter().filter(|parent| to.inherits.contains(parent));
        // Only who leaves a parent and comes back has its columns as its own.
        let kept = |parent: &&ObjectName| {
            let Some(parent) = self.from.table(parent) else { return true };
            let becomes_own = |old: &Column| {
                old.inherited
                    && parent.column(&old.name).is_some()
                    && to.column(&old.name).is_some_and(|new| !new.inherited)
            };
            // One of its own that the parent gets as well.
            let new = |name: &str| {
                let of = |table: Option<&Table>| table.is_some_and(|table| table.column(name).is_some());
                from.column(name).is_none() && !of(Some(parent)) && of(self.to.table(&parent.name))
            };
            let comes_own = to.columns.iter().any(|column| !column.inherited && new(&column.name));
            !from.columns.iter().any(becomes_own) && !comes_own
        };
        let mut inherited: Vec<&ObjectName> = inherited.filter(kept).collect();
        // A parent that comes is the last one: who shall stand before another leaves and comes back.
        if !inherited.iter().copied().eq(to.inherits.iter().take(inherited.len())) {
            inherited.clear();
        }
        let parents = partitioned.map(|partition| &partition.parent).chain(inherited);
        parents.filter(|parent| self.survives(parent)).collect()
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
        let changes = std::mem::take(&mut self.changes);
        for change in changes.iter() {
            match change {
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
                Change::Other(Alteration::Drop(other)) if goes_first(other, &created, &types) => {
                    self.cleared.insert(other_key(other));
                }
                Change::Other(Alteration::Alter { from, to })
                    if from.kind == "COLLATION" && from.definition != to.definition =>
                {
                    self.rebuilt_collations.insert(from.name.clone());
                }
                Change::Other(Alteration::Alter { from, to })
                    if from.definition != to.definition || from.settings != to.settings =>
                {
                    self.cleared.insert(other_key(from));
                }
                Change::Server(Alteration::Alter { from, to }) if from.wrapper != to.wrapper || from.ty != to.ty => {
                    self.cleared.insert(ObjectKey::of(ObjectKind::Server, &ObjectName::bare(&to.name)));
                }
                Change::Server(Alteration::Drop(server)) => {
                    self.cleared.insert(ObjectKey::of(ObjectKind::Server, &ObjectName::bare(&server.name)));
                }
                Change::Range(Alteration::Alter { from, to }) if !same_range(from, to) => {
                    self.replaced_types.insert(to.name.clone());
                }
                Change::Range(Alteration::Drop(ty)) if types.contains(&ty.name) => {
                    self.replaced_types.insert(ty.name.clone());
                }
                Change::Enum(Alteration::Alter { from, to }) if !only_adds(from, to) => {
                    self.rebuilt_types.insert(to.name.clone());
                }
                Change::Domain(Alteration::Alter { from, to }) if self.needs_another(from, to) => {
                    self.rebuilt_types.insert(to.name.clone());
                }
                Change::Composite(Alteration::Alter { from, to }) if !only_grows(from, to) => {
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
        self.changes = changes;
        let found: Vec<_> = self.surviving().into_iter().flat_map(|(from, to)| members::altered(from, to)).collect();
        self.cleared.extend(found);
    }

    /// No `ALTER DOMAIN` makes the one the other.
    fn needs_another(&self, from: &Domain, to: &Domain) -> bool {
        let other = from.base.physical != to.base.physical || from.collation != to.collation;
        other || becomes_stricter(from, to) && self.is_nested(&to.name)
    }

    /// The column that owned the sequence gets one of its own, of the same name.
    fn becomes_identity(&self, sequence: &Sequence) -> bool {
        let owner = sequence.owned_by.as_ref();
        let column = owner.and_then(|(table, column)| self.to.table(table)?.column(column));
        column.is_some_and(|column| column.identity.is_some())
    }

    /// Another server, or none: `ALTER FOREIGN TABLE` cannot say so.
    fn moves_elsewhere(&self, to: &Table) -> bool {
        let server = |table: &Table| table.foreign.as_ref().map(|foreign| foreign.server.clone());
        self.from.table(&to.name).is_some_and(|from| server(from) != server(to))
    }

    fn seed_table(&mut self, to: &Table, changes: &[TableChange]) {
        for change in changes {
            match change {
                TableChange::Partitioning { from, to: new } => {
                    self.cleared.insert(table_key(&to.name));
                    if to.foreign.is_none() && (from.is_none() || new.is_none()) {
                        self.remade.insert(to.name.clone());
                    }
                }
                TableChange::Foreign if self.moves_elsewhere(to) => {
                    self.cleared.insert(table_key(&to.name));
                }
                TableChange::Column(Alteration::Alter { from, to: new }) => {
                    if from.ty.physical != new.ty.physical || from.collation != new.collation {
                        self.retyped.insert(&to.name, &new.name);
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
}

/// The object cannot wait until everything is built: it acts on what others do, or its name is taken.
fn goes_first(other: &Opaque, created: &BTreeSet<ObjectName>, types: &BTreeSet<ObjectName>) -> bool {
    let taken = other.kind == BASE_TYPE && types.contains(&other.name);
    other.kind == "RULE" || created.contains(&other.name) || taken
}

/// Names of what comes beside the types; a composite has its name among the relations.
fn created_names(changes: &[Change]) -> BTreeSet<ObjectName> {
    let mut names = BTreeSet::new();
    for change in changes {
        let name = match change {
            Change::CreateTable(table) => &table.name,
            Change::View(Alteration::Create(view)) => &view.name,
            Change::Routine(Alteration::Create(routine)) => &routine.name,
            Change::Sequence(Alteration::Create(sequence)) => &sequence.name,
            Change::Composite(Alteration::Create(ty)) => &ty.name,
            Change::Other(Alteration::Create(other)) => &other.name,
            _ => continue,
        };
        names.insert(name.clone());
    }
    names
}

/// Names of types that come; a table and a view have a type of their name too. A sequence takes the one of a composite.
fn created_types(changes: &[Change]) -> BTreeSet<ObjectName> {
    let mut names = BTreeSet::new();
    for change in changes {
        let name = match change {
            Change::CreateTable(table) => &table.name,
            Change::View(Alteration::Create(view)) => &view.name,
            Change::Sequence(Alteration::Create(sequence)) => &sequence.name,
            Change::Other(Alteration::Create(other)) if other.kind == BASE_TYPE => &other.name,
            Change::Enum(Alteration::Create(ty)) => &ty.name,
            Change::Domain(Alteration::Create(ty)) => &ty.name,
            Change::Composite(Alteration::Create(ty)) => &ty.name,
            Change::Range(Alteration::Create(ty)) => &ty.name,
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

/// Whether values that are there have to be looked at.
fn becomes_stricter(from: &Domain, to: &Domain) -> bool {
    let known = |check: &Check| {
        from.checks.iter().any(|old| old.name == check.name && old.expression == check.expression && !old.not_valid)
    };
    to.not_null && !from.not_null || to.checks.iter().any(|check| !check.not_valid && !known(check))
}

/// Whether attributes only come, at the end.
fn only_grows(from: &CompositeType, to: &CompositeType) -> bool {
    let bare = |ty: &CompositeType| -> Vec<Attribute> {
        ty.attributes.iter().map(|attribute| Attribute { comment: None, ..attribute.clone() }).collect()
    };
    bare(to).starts_with(&bare(from))
}

/// Whether it is the same range but for comment, owner and privileges.
fn same_range(from: &RangeType, to: &RangeType) -> bool {
    let bare = |ty: &RangeType| RangeType {
        comment: None,
        owner: None,
        grants: Vec::new(),
        depends_on: Vec::new(),
        ..ty.clone()
    };
    bare(from) == bare(to)
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
