//! What goes before anything is built: users before what they use.

use relata_schema::change::{LockMode, LockSpan};
use relata_schema::dialect::postgres::print::{
    BASE_TYPE, ident, index_name, other_target, qualified, routine_word, signature, table_word, view_word,
};
use relata_schema::model::{Column, ForeignKey, ObjectKey, ObjectKind, ObjectName, Opaque, Table};

use super::members;
use super::scope::{Scope, other_key, routine_key, table_key};
use super::steps::{Steps, loses};

/// Adds the steps that clear the way.
pub(super) fn clear(scope: &Scope<'_>, steps: &mut Steps) {
    for (from, _) in scope.changing() {
        triggers_and_policies(scope, from, steps);
    }
    policies_over_others(scope, steps);
    let order = &scope.from_order;
    for key in order.iter().rev().filter(|key| is_rule_or_view(scope, key)) {
        drop_object(scope, key, steps);
    }
    super::remake::prepare(scope, steps);
    foreign_keys(scope, steps);
    detach(scope, steps);
    untyped(scope, steps);
    release_sequences(scope, steps);
    for (from, to) in scope.changing() {
        constraints(scope, from, to, steps);
    }
    defaults(scope, steps);
    for (from, to) in scope.changing() {
        early_columns(scope, from, to, steps);
    }
    parked_columns(scope, steps);
    bared_domains(scope, steps);
    for key in order.iter().rev().filter(|key| !is_rule_or_view(scope, key)) {
        drop_object(scope, key, steps);
    }
}

fn is_rule_or_view(scope: &Scope<'_>, key: &ObjectKey) -> bool {
    let rule = |key: &ObjectKey| key.kind == ObjectKind::Other && key.member.starts_with("RULE ");
    let over_view = |key: &ObjectKey| {
        let routines = scope.from.routines.iter().filter(|routine| routine_key(routine) == *key);
        routines.flat_map(|routine| &routine.depends_on).any(|used| scope.from.view(&used.name).is_some())
    };
    key.kind == ObjectKind::View && scope.from.view(&key.name).is_some()
        || rule(key)
        || key.kind == ObjectKind::Routine && over_view(key)
}

fn triggers_and_policies(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    let name = qualified(&table.name);
    for trigger in table.triggers.iter().filter(|trigger| !trigger.inherited) {
        if scope.clears(ObjectKind::Trigger, &table.name, &trigger.name) {
            let sql = format!("DROP TRIGGER {} ON {name}", ident(&trigger.name));
            let key = ObjectKey::member(ObjectKind::Trigger, &table.name, &trigger.name);
            steps.instant(format!("drop trigger {}.{}", table.name, trigger.name), key, sql);
        }
    }
    for policy in &table.policies {
        if scope.clears(ObjectKind::Policy, &table.name, &policy.name) {
            let sql = format!("DROP POLICY {} ON {name}", ident(&policy.name));
            let key = ObjectKey::member(ObjectKind::Policy, &table.name, &policy.name);
            steps.instant(format!("drop policy {}.{}", table.name, policy.name), key, sql);
        }
    }
}

/// Policies of tables that go, over something else that goes: they would keep it from going first.
fn policies_over_others(scope: &Scope<'_>, steps: &mut Steps) {
    for table in scope.from.tables.iter().filter(|table| scope.clears_table(&table.name)) {
        let over = |name: &str| {
            let mut used = table.used_by(ObjectKind::Policy, name).iter();
            used.any(|used| used.name != table.name && scope.touches(used))
        };
        for policy in table.policies.iter().filter(|policy| over(&policy.name)) {
            let sql = format!("DROP POLICY {} ON {}", ident(&policy.name), qualified(&table.name));
            let key = ObjectKey::member(ObjectKind::Policy, &table.name, &policy.name);
            steps.instant(format!("drop policy {}.{}", table.name, policy.name), key, sql);
        }
    }
}

/// Foreign keys that go, and those between tables that both go.
fn foreign_keys(scope: &Scope<'_>, steps: &mut Steps) {
    for table in &scope.from.tables {
        let gone = scope.clears_table(&table.name);
        for key in table.foreign_keys.iter().filter(|key| !key.inherited) {
            let first = gone && key.references != table.name && {
                relies_on_what_goes(scope, key) || scope.remade.contains(&table.name) && reads_retyped(scope, key)
            };
            if first || !gone && scope.clears(ObjectKind::ForeignKey, &table.name, &key.name) {
                members::drop_constraint(table, ObjectKind::ForeignKey, &key.name, steps);
            }
        }
    }
}

/// The columns referred to change their type. A table that is moved aside would keep them from it.
fn reads_retyped(scope: &Scope<'_>, key: &ForeignKey) -> bool {
    key.referenced_columns.iter().any(|column| scope.retyped.contains(&key.references, column))
}

/// A partition that goes while foreign keys refer to a table above it that stays leaves it first.
fn detach_from_referenced(scope: &Scope<'_>, table: &Table, steps: &mut Steps) {
    let Some(partition) = &table.partition_of else { return };
    let mut roots = vec![&partition.parent];
    while let Some(above) = roots.last().and_then(|name| scope.from.table(name)?.partition_of.as_ref()) {
        roots.push(&above.parent);
    }
    let mut keys = scope.from.tables.iter().flat_map(|table| &table.foreign_keys);
    let stays = roots.iter().any(|root| scope.survives(root));
    if stays && keys.any(|key| roots.contains(&&key.references)) {
        let sql = format!("ALTER TABLE {} DETACH PARTITION {}", qualified(&partition.parent), qualified(&table.name));
        steps.instant(format!("detach partition {}", table.name), table_key(&table.name), sql);
    }
}

/// The table referred to goes, a partition of it, or the key in it.
fn relies_on_what_goes(scope: &Scope<'_>, key: &ForeignKey) -> bool {
    let Some(there) = scope.from.table(&key.references) else { return false };
    if there.partitioning.is_some() {
        return true;
    }
    scope.clears_table(&there.name)
        || members::keys_over(there, &key.referenced_columns).any(|(kind, name)| scope.clears(kind, &there.name, name))
}

/// Partitions and children that stay while their parent goes, or change it.
fn detach(scope: &Scope<'_>, steps: &mut Steps) {
    for (from, to) in scope.changing() {
        let (name, key) = (qualified(&from.name), table_key(&from.name));
        if let Some(partition) = &from.partition_of
            && !scope.stays_attached(from, to)
        {
            let sql = format!("ALTER TABLE {} DETACH PARTITION {name}", qualified(&partition.parent));
            steps.instant(format!("detach partition {}", from.name), key.clone(), sql);
            // The copy of a parent's foreign key stays behind as a key of its own.
            for copy in from.foreign_keys.iter().filter(|copy| copy.inherited) {
                let own = to.foreign_keys.iter().any(|key| key.name == copy.name && !key.inherited);
                let parent_gone = scope
                    .from
                    .table(&partition.parent)
                    .is_some_and(|parent| parent.foreign_keys.iter().all(|key| fk_goes(scope, parent, key, copy)));
                if !own && !parent_gone {
                    members::drop_constraint(from, ObjectKind::ForeignKey, &copy.name, steps);
                }
            }
        }
        let stays = scope.staying_parents(from, to);
        for parent in from.inherits.iter().filter(|parent| !stays.contains(parent)) {
            let sql = format!("ALTER TABLE {name} NO INHERIT {}", qualified(parent));
            steps.instant(format!("end inheritance of {}", from.name), key.clone(), sql);
        }
    }
}

/// The key that `copy` was made of went before the partition was detached, and took the copy with it.
fn fk_goes(scope: &Scope<'_>, parent: &Table, key: &ForeignKey, copy: &ForeignKey) -> bool {
    let same = key.columns == copy.columns && key.references == copy.references;
    if !same {
        return true;
    }
    if scope.clears_table(&parent.name) {
        return key.references != parent.name && relies_on_what_goes(scope, key);
    }
    scope.clears(ObjectKind::ForeignKey, &parent.name, &key.name)
}

/// Sequences that stay although their column goes.
fn release_sequences(scope: &Scope<'_>, steps: &mut Steps) {
    for sequence in &scope.from.sequences {
        let Some((table, column)) = &sequence.owned_by else { continue };
        let stays = scope.to.sequences.iter().any(|new| new.name == sequence.name);
        if stays && column_goes(scope, table, column) {
            let sql = format!("ALTER SEQUENCE {} OWNED BY NONE", qualified(&sequence.name));
            steps.add(
                format!("release sequence {}", sequence.name),
                ObjectKey::of(ObjectKind::Sequence, &sequence.name),
                sql,
            );
        }
    }
}

/// The column goes, by itself or with its table.
pub(super) fn column_goes(scope: &Scope<'_>, table: &ObjectName, column: &str) -> bool {
    scope.clears_table(table) || scope.clears(ObjectKind::Column, table, column)
}

/// Checks, exclusions, keys and indexes that go. What is attached to an index that goes, goes with it.
fn constraints(scope: &Scope<'_>, from: &Table, to: &Table, steps: &mut Steps) {
    let attached = scope.stays_attached(from, to);
    let parents = scope.staying_parents(from, to);
    for check in &from.checks {
        let of_parent = |parent: &&ObjectName| {
            scope.from.table(parent).is_some_and(|parent| parent.checks.iter().any(|other| other.name == check.name))
        };
        let inherited = check.inherited && parents.iter().any(of_parent);
        if !inherited && scope.clears(ObjectKind::Check, &from.name, &check.name) {
            members::drop_constraint(from, ObjectKind::Check, &check.name, steps);
        }
    }
    for exclusion in &from.exclusions {
        if scope.clears(ObjectKind::Exclusion, &from.name, &exclusion.name) {
            members::drop_constraint(from, ObjectKind::Exclusion, &exclusion.name, steps);
        }
    }
    let with_parent = |parent: Option<&ObjectName>| attached && parent.is_some_and(|parent| scope.index_goes(parent));
    for (kind, key) in members::keys(from) {
        if scope.clears(kind, &from.name, &key.name) && !with_parent(key.partition_of.as_ref()) {
            members::drop_constraint(from, kind, &key.name, steps);
        }
    }
    for index in &from.indexes {
        if scope.clears(ObjectKind::Index, &from.name, &index.name) && !with_parent(index.partition_of.as_ref()) {
            let name = index_name(&from.name, &index.name);
            // A partition's key can be attached to a plain index: only the index can take it along.
            let with_key = scope
                .from
                .tables
                .iter()
                .any(|table| members::keys(table).any(|(_, key)| key.partition_of.as_ref() == Some(&name)));
            let cascade = if with_key { " CASCADE" } else { "" };
            let sql = format!("DROP INDEX {}{cascade}", qualified(&name));
            let key = ObjectKey::member(ObjectKind::Index, &from.name, &index.name);
            steps.instant(format!("drop index {}", index.name), key, sql);
        }
    }
}

/// Whether the default of a column uses something that goes.
pub(super) fn default_goes(scope: &Scope<'_>, table: &Table, column: &Column) -> bool {
    let goes = |used: &ObjectKey| scope.touches(used) || goes_with_its_owner(scope, used);
    column.default.is_some() && table.used_by(ObjectKind::Column, &column.name).iter().any(goes)
}

/// A sequence that goes because its column does, or that column's table.
fn goes_with_its_owner(scope: &Scope<'_>, used: &ObjectKey) -> bool {
    let stays = || scope.to.sequences.iter().any(|new| new.name == used.name);
    let found = scope.from.sequences.iter().find(|sequence| sequence.name == used.name);
    let owner = found.and_then(|sequence| sequence.owned_by.as_ref());
    used.kind == ObjectKind::Sequence
        && owner.is_some_and(|(table, column)| column_goes(scope, table, column) && !stays())
}

/// Defaults that go before what they use, and identities whose sequence stands in the way of another.
fn defaults(scope: &Scope<'_>, steps: &mut Steps) {
    for (from, to) in scope.changing() {
        for column in &from.columns {
            let Some(new) = to.column(&column.name) else { continue };
            let alter = format!("ALTER TABLE ONLY {} ALTER COLUMN {}", qualified(&from.name), ident(&column.name));
            let key = ObjectKey::member(ObjectKind::Column, &from.name, &column.name);
            if default_goes(scope, from, column)
                || column.default.is_some() && scope.is_parked(&from.name, &column.name)
            {
                let what = format!("drop default of {}.{}", from.name, column.name);
                steps.instant(what, key.clone(), format!("{alter} DROP DEFAULT"));
            }
            if column.identity.is_some() && new.identity.is_none() {
                let what = format!("drop identity of {}.{}", from.name, column.name);
                steps.instant(what, key, format!("{alter} DROP IDENTITY"));
            }
        }
    }
}

/// Columns that go, or are made anew, before anything else is altered.
fn early_columns(scope: &Scope<'_>, from: &Table, to: &Table, steps: &mut Steps) {
    let parents = scope.staying_parents(from, to);
    let has = |parent: &&ObjectName, column: &Column| {
        scope.from.table(parent).is_some_and(|parent| parent.column(&column.name).is_some())
    };
    // Who has left its parent by now keeps what goes there.
    let by_parent = |column: &Column| column.inherited && parents.iter().any(|parent| has(parent, column));
    for column in from.columns.iter().filter(|column| !by_parent(column) && goes_early(scope, from, column)) {
        super::columns::drop_column(from, column, steps);
    }
}

/// Generated columns, as others cannot change or go under them; and columns of a type that goes before its successor comes.
pub(super) fn goes_early(scope: &Scope<'_>, from: &Table, column: &Column) -> bool {
    scope.clears(ObjectKind::Column, &from.name, &column.name)
        && (column.generated.is_some()
            || scope.is_of_replaced_type(from, column)
            || of_cleared_base_type(scope, from, column))
}

/// The type of the column is one of somebody's own code, and goes before its successor comes.
fn of_cleared_base_type(scope: &Scope<'_>, table: &Table, column: &Column) -> bool {
    let mut used = table.used_by(ObjectKind::Column, &column.name).iter();
    used.any(|used| used.kind == ObjectKind::Other && used.member.starts_with("TYPE ") && scope.is_cleared(used))
}

/// Columns whose type goes before its successor comes hold text in the meantime.
fn parked_columns(scope: &Scope<'_>, steps: &mut Steps) {
    for (from, _) in scope.changing() {
        for column in from.columns.iter().filter(|column| scope.is_parked(&from.name, &column.name)) {
            if column.inherited && from.partition_of.is_some() || column.generated.is_some() {
                continue;
            }
            let ty = super::columns::parked_type(&column.ty);
            let name = ident(&column.name);
            let sql = format!("ALTER TABLE {} ALTER COLUMN {name} TYPE {ty} USING {name}::{ty}", qualified(&from.name));
            let what = format!("keep {}.{} as text", from.name, column.name);
            let key = ObjectKey::member(ObjectKind::Column, &from.name, &column.name);
            steps.blocking(what, key, sql, LockMode::AccessExclusive, LockSpan::Rewrite);
        }
    }
}

/// Domains whose checks and default use what goes.
fn bared_domains(scope: &Scope<'_>, steps: &mut Steps) {
    for domain in scope.from.domains.iter().filter(|domain| scope.bared_domains.contains(&domain.name)) {
        let alter = format!("ALTER DOMAIN {}", qualified(&domain.name));
        let default = domain.default.iter().map(|_| format!("{alter} DROP DEFAULT"));
        let checks = domain.checks.iter().map(|check| format!("{alter} DROP CONSTRAINT {}", ident(&check.name)));
        for sql in default.chain(checks) {
            let key = ObjectKey::of(ObjectKind::Domain, &domain.name);
            steps.add(format!("alter domain {}", domain.name), key, sql);
        }
    }
}

/// Tables whose type changes are tables of no type in the meantime.
fn untyped(scope: &Scope<'_>, steps: &mut Steps) {
    for (from, to) in scope.changing() {
        if super::tables::leaves_type(scope, from, to) {
            let sql = format!("ALTER TABLE {} NOT OF", qualified(&from.name));
            steps.instant(format!("make {} a table of no type", from.name), table_key(&from.name), sql);
        }
    }
}

/// A type of somebody's own code takes the functions along that read and write it: none of them can go alone.
pub(super) fn drop_other(other: &Opaque) -> String {
    let cascade = if other.kind == BASE_TYPE && other.definition.contains(" (") { " CASCADE" } else { "" };
    format!("DROP {}{cascade}", other_target(other))
}

/// Drops an object that was cleared.
fn drop_object(scope: &Scope<'_>, key: &ObjectKey, steps: &mut Steps) {
    if !scope.is_cleared(key) {
        return;
    }
    let name = &key.name;
    match key.kind {
        ObjectKind::View => {
            let Some(view) = scope.from.view(name) else { return };
            let sql = format!("DROP {} {}", view_word(view), qualified(name));
            steps.instant(format!("drop view {name}"), key.clone(), sql);
        }
        ObjectKind::Routine => {
            let found = scope.from.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            let Some(routine) = found.filter(|routine| !scope.goes_with_base_type(routine)) else { return };
            let sql = format!("DROP {} {}", routine_word(routine), signature(routine));
            steps.add(format!("drop {} {name}", routine_word(routine).to_lowercase()), key.clone(), sql);
        }
        ObjectKind::Other => {
            let Some(other) = scope.from.others.iter().find(|other| other_key(other) == *key) else { return };
            let kind = other.kind.to_lowercase();
            steps.add(format!("drop {kind} {}", name.name), key.clone(), drop_other(other));
        }
        ObjectKind::Sequence => {
            let sql = format!("DROP SEQUENCE {}", qualified(name));
            steps.add(format!("drop sequence {name}"), key.clone(), sql);
        }
        ObjectKind::Domain | ObjectKind::Composite | ObjectKind::Range if scope.replaced_types.contains(name) => {
            let word = if key.kind == ObjectKind::Domain { "DOMAIN" } else { "TYPE" };
            steps.add(format!("drop type {name}"), key.clone(), format!("DROP {word} {}", qualified(name)));
        }
        ObjectKind::Server => {
            let sql = format!("DROP SERVER {}", ident(&name.name));
            steps.add(format!("drop server {}", name.name), key.clone(), sql);
        }
        ObjectKind::Table => {
            let Some(table) = scope.from.table(name) else { return };
            if super::remake::goes_with_parent(scope, table) {
                return;
            }
            if scope.remade.contains(name) {
                super::remake::move_aside(scope, table, steps);
                return;
            }
            detach_from_referenced(scope, table, steps);
            let sql = format!("DROP {} {}", table_word(table), qualified(name));
            let step = steps.instant(format!("drop table {name}"), key.clone(), sql);
            if table.foreign.is_none() && table.partitioning.is_none() {
                loses(step, format!("all rows of {name}"));
            }
        }
        _ => {}
    }
}
