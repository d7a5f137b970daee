//! What differs between two schemas of one dialect, generically: objects are matched by declared renames, then by name,
//! then (members that only changed their name, members without names) by content.
//!
//! Invariants: `diff(a, a)` is empty. What follows from something else is not a difference: dependencies, the column list
//! of a view, the order of columns (no database but MariaDB can change it in place, and nothing may depend on it).
//! It deliberately orders nothing and knows no SQL: that is [`crate::emit`].

mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use relata_schema::change::{Alteration, Change, Rename};
use relata_schema::model::{
    Column, DefaultPrivileges, Domain, ForeignServer, ObjectKind, ObjectName, Opaque, RangeType, Routine, Table, View,
};
use relata_schema::{Dialect, Schema, script};

use crate::rename::implied;

/// Every difference, in no particular order.
pub fn diff(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Change> {
    let implied = implied(from, to, renames);
    let renames = &Renames::new(from.dialect, renames.iter().chain(&implied));
    let mut changes = Vec::new();
    let named = |kind: ObjectKind| move |name: &ObjectName| renames.object(kind, name).clone();
    changes.extend(by_key(&from.namespaces, &to.namespaces, |n| n.name.clone(), same).map(Change::Namespace));
    changes.extend(by_key(&from.extensions, &to.extensions, |e| e.name.clone(), same).map(Change::Extension));
    let rename = named(ObjectKind::Enum);
    changes.extend(by_name(&from.enums, &to.enums, |e| &e.name, rename, same).map(Change::Enum));
    let rename = named(ObjectKind::Domain);
    changes.extend(by_name(&from.domains, &to.domains, |d| &d.name, rename, same_domain).map(Change::Domain));
    let rename = named(ObjectKind::Composite);
    changes.extend(by_name(&from.composites, &to.composites, |c| &c.name, rename, same).map(Change::Composite));
    let rename = named(ObjectKind::Range);
    changes.extend(by_name(&from.ranges, &to.ranges, |r| &r.name, rename, same_range).map(Change::Range));
    let rename = named(ObjectKind::Sequence);
    changes.extend(by_name(&from.sequences, &to.sequences, |s| &s.name, rename, same).map(Change::Sequence));
    changes.extend(tables(from, to, renames));
    let rename = named(ObjectKind::View);
    changes.extend(by_name(&from.views, &to.views, |v| &v.name, rename, same_view).map(Change::View));
    let key = |routine: &Routine| (routine.kind, routine.name.clone(), routine.arguments.clone());
    changes.extend(by_key(&from.routines, &to.routines, key, same_routine).map(Change::Routine));
    let bare = |server: &ForeignServer| ForeignServer { depends_on: Vec::new(), ..server.clone() };
    let same_server = |a: &ForeignServer, b: &ForeignServer| bare(a) == bare(b);
    changes.extend(by_key(&from.servers, &to.servers, |s| s.name.clone(), same_server).map(Change::Server));
    let key = |d: &DefaultPrivileges| (d.role.clone(), d.namespace.clone(), d.objects.clone());
    let privileges = by_key(&from.default_privileges, &to.default_privileges, key, same);
    changes.extend(privileges.map(Change::DefaultPrivileges));
    let key = |other: &Opaque| (other.kind.clone(), other.name.clone(), other.signature.clone());
    changes.extend(by_key(&from.others, &to.others, key, same_other).map(Change::Other));
    changes
}

/// The renames, looked up by what they rename.
struct Renames<'r> {
    objects: BTreeMap<(ObjectKind, &'r ObjectName), &'r ObjectName>,
    members: BTreeMap<(ObjectKind, &'r ObjectName), BTreeMap<&'r str, &'r str>>,
    /// Types as columns write them.
    types: BTreeMap<String, String>,
}

impl<'r> Renames<'r> {
    fn new(dialect: Dialect, renames: impl Iterator<Item = &'r Rename>) -> Self {
        let mut found = Renames { objects: BTreeMap::new(), members: BTreeMap::new(), types: BTreeMap::new() };
        for rename in renames {
            let key = (rename.from.kind, &rename.from.name);
            if !rename.from.member.is_empty() {
                found.members.entry(key).or_default().insert(&rename.from.member, &rename.to.name);
                continue;
            }
            found.objects.insert(key, &rename.to);
            if matches!(rename.from.kind, ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite) {
                found.types.insert(dialect.qualified(&rename.from.name), dialect.qualified(&rename.to));
            }
        }
        found
    }

    fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.members.is_empty()
    }

    /// The name an object shall have.
    fn object<'n>(&self, kind: ObjectKind, name: &'n ObjectName) -> &'n ObjectName
    where
        'r: 'n,
    {
        self.objects.get(&(kind, name)).copied().unwrap_or(name)
    }

    /// The name a member of a table shall have.
    fn member<'n>(&self, kind: ObjectKind, table: &'n ObjectName, member: &'n str) -> &'n str
    where
        'r: 'n,
    {
        let members = self.members.get(&(kind, table));
        members.and_then(|members| members.get(member)).copied().unwrap_or(member)
    }

    /// The column with its type in the name that the type shall have.
    fn typed<'c>(&self, column: &'c Column) -> Cow<'c, Column> {
        let element = column.ty.physical.trim_end_matches("[]");
        let Some(new) = self.types.get(element) else { return Cow::Borrowed(column) };
        let mut column = column.clone();
        let physical = format!("{new}{}", &column.ty.physical[element.len()..]);
        Arc::make_mut(&mut column.ty).physical = physical;
        Cow::Owned(column)
    }
}

fn tables(from: &Schema, to: &Schema, renames: &Renames<'_>) -> Vec<Change> {
    let rename = |table: &Table| renames.object(ObjectKind::Table, &table.name).clone();
    let pairs = pair(&from.tables, &to.tables, rename, |table| table.name.clone());
    let change = |pair: Pair<'_, Table>| match pair {
        (None, Some(table)) => Some(Change::CreateTable(Box::new(table.clone()))),
        (Some(table), None) => Some(Change::DropTable(Box::new(table.clone()))),
        (Some(from), Some(to)) => {
            let changes = table::diff(from, to, renames);
            let both = || (Box::new(from.clone()), Box::new(to.clone()));
            (!changes.is_empty()).then(both).map(|(from, to)| Change::AlterTable { from, to, changes })
        }
        (None, None) => None,
    };
    pairs.into_iter().filter_map(change).collect()
}

fn same<T: PartialEq>(from: &T, to: &T) -> bool {
    from == to
}

fn same_view(from: &View, to: &View) -> bool {
    // A comment after the last word does not survive a script that is run statement by statement.
    let query = |view: &View| match script::split(Dialect::Sqlite, &view.query).into_iter().next() {
        Some(query) if query.to_ascii_uppercase().starts_with("CREATE") => query,
        _ => view.query.clone(),
    };
    let bare = |view: &View| View { query: query(view), columns: Vec::new(), depends_on: Vec::new(), ..view.clone() };
    bare(from) == bare(to)
}

fn same_domain(from: &Domain, to: &Domain) -> bool {
    let bare = |domain: &Domain| Domain { depends_on: Vec::new(), ..domain.clone() };
    bare(from) == bare(to)
}

fn same_range(from: &RangeType, to: &RangeType) -> bool {
    let bare = |range: &RangeType| RangeType { depends_on: Vec::new(), ..range.clone() };
    bare(from) == bare(to)
}

fn same_routine(from: &Routine, to: &Routine) -> bool {
    let bare = |routine: &Routine| Routine { depends_on: Vec::new(), ..routine.clone() };
    bare(from) == bare(to)
}

fn same_other(from: &Opaque, to: &Opaque) -> bool {
    let bare = |other: &Opaque| Opaque { depends_on: Vec::new(), definition: steady(other), ..other.clone() };
    bare(from) == bare(to)
}

/// The definition without what follows from the order of columns: the server lists those of statistics in that order.
fn steady(other: &Opaque) -> String {
    let parts = other.definition.split_once(" ON ").and_then(|(head, rest)| {
        let (columns, table) = rest.rsplit_once(" FROM ")?;
        Some((head, columns, table))
    });
    let Some((head, columns, table)) = parts.filter(|_| other.kind == "STATISTICS") else {
        return other.definition.clone();
    };
    let mut columns: Vec<&str> = columns.split(", ").collect();
    columns.sort_unstable();
    format!("{head} ON {} FROM {table}", columns.join(", "))
}

/// Matches objects by name, through `rename`.
fn by_name<'a, T: Clone>(
    from: &'a [T],
    to: &'a [T],
    name: impl Fn(&T) -> &ObjectName + 'a,
    rename: impl Fn(&ObjectName) -> ObjectName + 'a,
    same: impl Fn(&T, &T) -> bool + 'a,
) -> impl Iterator<Item = Alteration<T>> + 'a {
    let pairs = pair(from, to, |item| rename(name(item)), |item| name(item).clone());
    alterations(pairs, move |a, b| name(a) == name(b) && same(a, b))
}

/// Matches objects by any key.
fn by_key<'a, T: Clone, K: Ord>(
    from: &'a [T],
    to: &'a [T],
    key: impl Fn(&T) -> K + 'a,
    same: impl Fn(&T, &T) -> bool + 'a,
) -> impl Iterator<Item = Alteration<T>> + 'a {
    alterations(pair(from, to, &key, &key), same)
}

/// Two sides of one object: at least one is there.
type Pair<'a, T> = (Option<&'a T>, Option<&'a T>);

fn pair<'a, T, K: Ord>(
    from: &'a [T],
    to: &'a [T],
    from_key: impl Fn(&T) -> K,
    to_key: impl Fn(&T) -> K,
) -> Vec<Pair<'a, T>> {
    let mut targets = BTreeMap::new();
    for item in to {
        targets.insert(to_key(item), item);
    }
    let mut pairs: Vec<Pair<'a, T>> = from.iter().map(|item| (Some(item), targets.remove(&from_key(item)))).collect();
    pairs.extend(targets.into_values().map(|item| (None, Some(item))));
    pairs
}

fn alterations<'a, T: Clone>(
    pairs: Vec<Pair<'a, T>>,
    same: impl Fn(&T, &T) -> bool + 'a,
) -> impl Iterator<Item = Alteration<T>> + 'a {
    pairs.into_iter().filter_map(move |pair| match pair {
        (Some(from), Some(to)) if same(from, to) => None,
        (Some(from), Some(to)) => Some(Alteration::Alter { from: Box::new(from.clone()), to: Box::new(to.clone()) }),
        (Some(from), None) => Some(Alteration::Drop(Box::new(from.clone()))),
        (None, Some(to)) => Some(Alteration::Create(Box::new(to.clone()))),
        (None, None) => None,
    })
}
