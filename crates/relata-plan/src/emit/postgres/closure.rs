//! What has to go along: the dependants of what goes, as the catalogue reported them.

use std::collections::BTreeSet;

use relata_schema::ColumnType;
use relata_schema::dialect::postgres::print::{BASE_TYPE, is_of_base_type, needs_unchecked_bodies, qualified};
use relata_schema::model::{Column, ForeignServer, ObjectKey, ObjectKind, ObjectName, Routine, Table};

use super::members;
use super::scope::{Scope, other_key, routine_key, table_key, view_key};

/// A set with all that hangs on what is in it.
fn grown(
    mut set: BTreeSet<ObjectName>,
    over: impl Fn(&BTreeSet<ObjectName>) -> Vec<ObjectName>,
) -> BTreeSet<ObjectName> {
    loop {
        let before = set.len();
        set.extend(over(&set));
        if set.len() == before {
            return set;
        }
    }
}

impl Scope<'_> {
    /// Adds dependants until nothing more is found.
    pub(super) fn close(&mut self) {
        self.replace_types_over_types();
        self.rebuild_types_over_types();
        self.retype_for_types();
        self.park_rows();
        loop {
            let before = (self.cleared.len(), self.rebuilt_types.len());
            self.close_servers();
            self.close_tables();
            self.close_views();
            self.close_routines();
            self.close_members();
            self.close_indexes();
            self.close_foreign_keys();
            self.close_domains();
            if (self.cleared.len(), self.rebuilt_types.len()) == before {
                return;
            }
        }
    }

    /// The type is a rebuilt one, or an array of one.
    pub(super) fn is_rebuilt(&self, ty: &ColumnType) -> bool {
        names_one_of(ty, &self.rebuilt_types)
    }

    /// Domains, composites and ranges over a range that is replaced are replaced too.
    fn replace_types_over_types(&mut self) {
        loop {
            let before = self.replaced_types.len();
            let found = self.types_over(&self.replaced_types);
            self.replaced_types.extend(found);
            if self.replaced_types.len() == before {
                break;
            }
        }
        for name in self.replaced_types.clone() {
            for kind in [ObjectKind::Domain, ObjectKind::Composite, ObjectKind::Range] {
                self.cleared.insert(ObjectKey::of(kind, &name));
            }
        }
    }

    /// Domains and composites over rebuilt types are rebuilt too.
    fn rebuild_types_over_types(&mut self) {
        loop {
            let before = self.rebuilt_types.len();
            let found = self.types_over(&self.rebuilt_types);
            self.rebuilt_types.extend(found.into_iter().filter(|name| !self.replaced_types.contains(name)));
            if self.rebuilt_types.len() == before {
                return;
            }
        }
    }

    /// The types that are over one of `types` and stay.
    fn types_over(&self, types: &BTreeSet<ObjectName>) -> Vec<ObjectName> {
        let stays = |name: &ObjectName| {
            self.to.domains.iter().any(|domain| &domain.name == name)
                || self.to.composites.iter().any(|ty| &ty.name == name)
                || self.to.ranges.iter().any(|range| &range.name == name)
        };
        self.all_types_over(types).filter(|name| stays(name)).cloned().collect()
    }

    /// The domains, composites and ranges that are over one of `types`.
    fn all_types_over(&self, types: &BTreeSet<ObjectName>) -> impl Iterator<Item = &ObjectName> {
        let over = |ty: &ColumnType| names_one_of(ty, types);
        let domains = self.from.domains.iter().filter(move |domain| over(&domain.base)).map(|domain| &domain.name);
        let composites = self.from.composites.iter();
        let composites = composites.filter(move |ty| ty.attributes.iter().any(|attribute| over(&attribute.ty)));
        let ranges = self.from.ranges.iter().filter(move |range| over(&range.subtype)).map(|range| &range.name);
        domains.chain(composites.map(|ty| &ty.name)).chain(ranges)
    }

    /// Values of the domain are stored inside of arrays, rows or ranges. The server does not look into those when a
    /// domain becomes stricter: it refuses.
    pub(super) fn is_nested(&self, domain: &ObjectName) -> bool {
        let is_plain =
            |plain: &BTreeSet<ObjectName>, ty: &ColumnType| !ty.physical.ends_with("[]") && names_one_of(ty, plain);
        let plain = grown(BTreeSet::from([domain.clone()]), |plain| {
            let domains = self.from.domains.iter().filter(|domain| is_plain(plain, &domain.base));
            domains.map(|domain| domain.name.clone()).collect()
        });
        let all = grown(plain.clone(), |all| self.all_types_over(all).cloned().collect());
        let nested = |ty: &ColumnType| names_one_of(ty, &all) && !is_plain(&plain, ty);
        let tables = self.from.tables.iter().filter(|table| self.to.table(&table.name).is_some());
        let views = self.from.views.iter().filter(|view| view.materialized);
        tables.flat_map(|table| &table.columns).any(|column| nested(&column.ty))
            || views.flat_map(|view| &view.columns).any(|(_, ty)| nested(ty))
    }

    /// Columns of a rebuilt type are converted; those of a replaced type are text in the meantime.
    fn retype_for_types(&mut self) {
        if self.replaced_types.is_empty() && self.rebuilt_types.is_empty() && self.rebuilt_collations.is_empty() {
            return;
        }
        let (mut found, mut parked) = (Vec::new(), Vec::new());
        for table in &self.from.tables {
            let Some(to) = self.to.table(&table.name) else { continue };
            for column in table.columns.iter().filter(|column| to.column(&column.name).is_some()) {
                if self.is_of_replaced_type(table, column) {
                    parked.push((table.name.clone(), column.name.clone()));
                } else if self.is_rebuilt(&column.ty) || self.over_rebuilt_collation(column) {
                    found.push((table.name.clone(), column.name.clone()));
                }
            }
        }
        for (table, column) in &found {
            self.retyped.insert(table, column);
        }
        self.park(&parked);
    }

    /// A column of a type that goes before its successor comes, or of the multirange of such a range.
    pub(super) fn is_of_replaced_type(&self, table: &Table, column: &Column) -> bool {
        let used = table.used_by(ObjectKind::Column, &column.name).iter();
        let mut ranges = used.filter(|used| used.kind == ObjectKind::Range);
        names_one_of(&column.ty, &self.replaced_types) || ranges.any(|used| self.replaced_types.contains(&used.name))
    }

    fn over_rebuilt_collation(&self, column: &Column) -> bool {
        let collation = column.collation.as_deref();
        collation.is_some_and(|collation| self.rebuilt_collations.iter().any(|name| qualified(name) == collation))
    }

    /// Columns that hold rows of a table whose columns change their type are text in the meantime.
    fn park_rows(&mut self) {
        if self.retyped.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for (table, to) in self.surviving() {
            for column in table.columns.iter().filter(|column| to.column(&column.name).is_some()) {
                let used = table.used_by(ObjectKind::Column, &column.name).iter();
                let mut rows = used.filter(|used| used.kind == ObjectKind::Table && column.default.is_none());
                if rows.any(|used| self.retyped.has_table(&used.name)) {
                    found.push((table.name.clone(), column.name.clone()));
                }
            }
        }
        self.park(&found);
    }

    fn park(&mut self, columns: &[(ObjectName, String)]) {
        for (table, column) in columns {
            self.retyped.insert(table, column);
            self.parked.insert(table, column);
        }
    }

    /// Tables that cannot stay: a partition key changes its type under them, or columns shall come from a new parent.
    fn close_tables(&mut self) {
        let mut remade = Vec::new();
        let mut found = Vec::new();
        for (from, to) in self.surviving() {
            let key = from.partitioning.iter().flat_map(|partitioning| &partitioning.columns);
            if key.clone().any(|column| self.retyped.contains(&from.name, column)) {
                found.push(table_key(&from.name));
            }
            let parents = self.staying_parents(from, to);
            let given = |column: &str| {
                let there = |parent: &&ObjectName| self.from.table(parent).is_some_and(|p| p.column(column).is_some());
                let comes = |parent: &&ObjectName| self.to.table(parent).is_some_and(|p| p.column(column).is_some());
                parents.iter().any(|parent| there(parent) || comes(parent))
            };
            let own = |column: &str| from.column(column).is_some_and(|old| !old.inherited);
            let inherits = |column: &&Column| column.inherited && (!given(&column.name) || own(&column.name));
            if to.partition_of.is_none() && to.columns.iter().any(|column| inherits(&column)) {
                remade.push(from.name.clone());
            }
        }
        found.extend(remade.iter().map(table_key));
        self.cleared.extend(found);
        self.remade.extend(remade);
    }

    fn close_domains(&mut self) {
        let goes = |used: &ObjectKey| used.kind == ObjectKind::Routine && self.cleared.contains(used);
        let domains = self.from.domains.iter().filter(|domain| domain.depends_on.iter().any(goes));
        self.bared_domains = domains.map(|domain| domain.name.clone()).collect();
        let again = |name: &&ObjectName| {
            let mut there = self.to.domains.iter().filter(|domain| &domain.name == *name);
            there.any(|domain| domain.checks.iter().any(|check| !check.not_valid)) && self.is_nested(name)
        };
        let found: Vec<_> = self.bared_domains.iter().filter(again).cloned().collect();
        let before = self.rebuilt_types.len();
        self.rebuilt_types.extend(found);
        if self.rebuilt_types.len() > before {
            self.rebuild_types_over_types();
            self.retype_for_types();
            self.park_rows();
        }
    }

    /// Foreign tables go with their server.
    fn close_servers(&mut self) {
        let gone = |table: &&Table| {
            let server = table.foreign.as_ref().map(|foreign| ObjectName::bare(&foreign.server));
            server.is_some_and(|server| self.is_cleared(&ObjectKey::of(ObjectKind::Server, &server)))
        };
        let found: Vec<_> = self.from.tables.iter().filter(gone).map(|table| table_key(&table.name)).collect();
        self.cleared.extend(found);
        let uses = |server: &&ForeignServer| server.depends_on.iter().any(|used| self.touches(used));
        let found = self.from.servers.iter().filter(uses);
        let found: Vec<_> =
            found.map(|server| ObjectKey::of(ObjectKind::Server, &ObjectName::bare(&server.name))).collect();
        self.cleared.extend(found);
    }

    /// Whether what a view or routine uses goes or changes under it.
    pub(super) fn touches(&self, used: &ObjectKey) -> bool {
        if self.cleared.contains(used) {
            return true;
        }
        match used.kind {
            ObjectKind::Column => {
                self.retyped.contains(&used.name, &used.member)
                    || self.clears_table(&used.name)
                    || self.clears(ObjectKind::View, &used.name, "")
            }
            ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite => self.rebuilt_types.contains(&used.name),
            ObjectKind::Other => used.member.starts_with("COLLATION ") && self.rebuilt_collations.contains(&used.name),
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
        let users = users.chain(self.from.routines.iter().filter(|routine| self.keeps_rows(routine)));
        let mut found: Vec<_> = users.map(routine_key).collect();
        for ty in self.from.others.iter().filter(|ty| ty.kind == BASE_TYPE && self.is_cleared(&other_key(ty))) {
            found.extend(self.from.routines.iter().filter(|routine| is_of_base_type(routine, ty)).map(routine_key));
        }
        self.cleared.extend(found);
    }

    /// The server holds the body of the routine as a tree, and rows of a table may be in it whose columns change their type:
    /// then it refuses that change.
    fn keeps_rows(&self, routine: &Routine) -> bool {
        let rows = |used: &ObjectKey| used.kind == ObjectKind::Table && self.retyped.has_table(&used.name);
        routine.language == "sql" && !needs_unchecked_bodies(routine) && routine.depends_on.iter().any(rows)
    }

    /// Members of surviving tables that use what goes, or a column that changes its type.
    fn close_members(&mut self) {
        let mut found = Vec::new();
        for (table, _) in self.surviving() {
            if !table.uses.iter().any(|member| member.uses.iter().any(|used| self.touches(used)))
                && !self.cleared.has_object(&table.name)
                && !self.parked.has_table(&table.name)
            {
                continue;
            }
            let mut add = |kind, member: &str| found.push(ObjectKey::member(kind, &table.name, member));
            let touched = |kind, member: &str| table.used_by(kind, member).iter().any(|used| self.touches(used));
            // The server takes what is over a column that goes along with the column; a type may change under it.
            let loses = |kind, member: &str| table.used_by(kind, member).iter().any(|used| self.loses(used));
            let lost = |column: &str| self.loses_column(&table.name, column);
            for column in table.columns.iter().filter(|column| column.generated.is_some()) {
                if touched(ObjectKind::Column, &column.name) {
                    add(ObjectKind::Column, &column.name);
                }
            }
            for check in table.checks.iter().filter(|check| loses(ObjectKind::Check, &check.name)) {
                add(ObjectKind::Check, &check.name);
            }
            let stored = |include: &[String]| include.iter().any(|column| lost(column));
            for (kind, key) in members::keys(table) {
                if key.columns().any(lost) || stored(&key.include) {
                    add(kind, &key.name);
                }
            }
            for exclusion in &table.exclusions {
                let over = exclusion.elements.iter().any(|(part, _)| lost(&part.column)) || stored(&exclusion.include);
                if over || loses(ObjectKind::Index, &exclusion.name) {
                    add(ObjectKind::Exclusion, &exclusion.name);
                }
            }
            for index in &table.indexes {
                let over = index.parts.iter().any(|part| lost(&part.column)) || stored(&index.include);
                if over || loses(ObjectKind::Index, &index.name) {
                    add(ObjectKind::Index, &index.name);
                }
            }
            for policy in table.policies.iter().filter(|policy| touched(ObjectKind::Policy, &policy.name)) {
                add(ObjectKind::Policy, &policy.name);
            }
            for trigger in table.triggers.iter().filter(|trigger| touched(ObjectKind::Trigger, &trigger.name)) {
                add(ObjectKind::Trigger, &trigger.name);
            }
        }
        self.cleared.extend(found);
    }

    /// The column goes, or is parked as text: what is over it goes.
    fn loses_column(&self, table: &ObjectName, column: &str) -> bool {
        self.clears(ObjectKind::Column, table, column) || self.is_parked(table, column)
    }

    /// Whether what an index is over goes, and the index with it.
    pub(super) fn loses_index(&self, table: &Table, index: &str) -> bool {
        let own = table.indexes.iter().filter(|other| other.name == index);
        let mut over = own.flat_map(|index| index.parts.iter().map(|part| &part.column).chain(&index.include));
        over.any(|column| self.loses_column(&table.name, column))
            || table.used_by(ObjectKind::Index, index).iter().any(|used| self.loses(used))
    }

    /// Whether what a member of a table uses goes, and the member with it.
    fn loses(&self, used: &ObjectKey) -> bool {
        match used.kind {
            ObjectKind::Column => self.loses_column(&used.name, &used.member) || self.clears_table(&used.name),
            _ => self.touches(used),
        }
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
        key.is_some_and(|key| self.clears_table(&key.name) || self.is_cleared(&key))
    }

    /// The table becomes unlogged, or logged.
    fn switches_log(&self, table: &ObjectName) -> bool {
        self.both(table).is_some_and(|(from, to)| from.options.unlogged != to.options.unlogged)
    }

    /// Foreign keys over columns whose type changes, and those that rely on a key that goes.
    fn close_foreign_keys(&mut self) {
        let mut found = Vec::new();
        for (table, _) in self.surviving() {
            for key in &table.foreign_keys {
                let retyped = |table: &ObjectName, columns: &[String]| {
                    columns.iter().any(|column| self.retyped.contains(table, column))
                };
                let there = self.from.table(&key.references);
                let loses_key = there.is_some_and(|there| {
                    self.cleared.has_object(&there.name)
                        && (self.clears_table(&there.name)
                            || members::keys_over(there, &key.referenced_columns)
                                .any(|(kind, name)| self.clears(kind, &there.name, name)))
                });
                // Neither of two tables that refer to each other could become unlogged or logged first.
                let switched = self.switches_log(&table.name) && self.switches_log(&key.references);
                if loses_key
                    || switched
                    || retyped(&table.name, &key.columns)
                    || retyped(&key.references, &key.referenced_columns)
                {
                    found.push(ObjectKey::member(ObjectKind::ForeignKey, &table.name, &key.name));
                }
            }
        }
        self.cleared.extend(found);
    }
}

/// The type is one of those named, or an array of one.
pub(super) fn names_one_of(ty: &ColumnType, types: &BTreeSet<ObjectName>) -> bool {
    let element = ty.physical.trim_end_matches("[]");
    types.iter().any(|name| qualified(name) == element)
}
