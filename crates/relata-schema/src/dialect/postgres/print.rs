//! The DDL of PostgreSQL: one statement or fragment per object, and the order in which everything can be created.
//!
//! Invariants
//! - Names are qualified; nothing depends on a search path.
//! - Loading what [`create_all`] writes into an empty database and reading it back gives the schema it was written from.
//! - Partitions are created as tables and attached, and their indexes are created one by one and attached, so that
//!   every name is the one in the schema and not one the server makes up.
//!
//! Nothing here knows what exists already: changes are the planner's.

mod constraint;
mod expression;
mod index;
mod object;
mod order;
mod privilege;
mod routine;
mod table;
mod view;

pub use constraint::{
    add_check, add_exclusion, add_foreign_key, add_key, check_clause, foreign_key_clause, key_clause,
};
pub use expression::expression;
pub use index::{
    STATISTICS, WITHOUT_OVERLAPS, attach_index, create_index, index_name, index_settings, index_statistics,
};
pub use object::{
    attribute_definition, create_composite, create_domain, create_enum, create_extension, create_namespace,
    create_range, create_sequence, create_server, foreign_option_changes, foreign_options, owned_by, sequence_options,
};
pub use order::{BASE_TYPE, creation_order, is_of_base_type, other_member, other_target};
pub use privilege::{
    column_grants, column_revokes, comment, comment_targets, default_privileges, grants, grants_of, has_comment,
    has_privileges, no_default_privileges, object_target, owner, privileges, revokes, set_owner,
};
pub use routine::{
    create_policy, create_trigger, grant_word, needs_unchecked_bodies, policy_clauses, routine_word, signature,
    trigger_state,
};
pub use table::{
    attach_partition, cluster_on, column_definition, column_options, column_settings, create_table, is_plain,
    replica_identity, row_security, stands_in_table, storage_parameters, table_word,
};
pub use view::{CLUSTER_ON, create_view, for_view, view_settings, view_word};

use crate::dialect::Dialect;
use crate::model::{ObjectKey, ObjectKind, ObjectName, Schema, Table, View};

/// An identifier, quoted where it must be.
pub fn ident(name: &str) -> String {
    Dialect::Postgres.ident(name)
}

/// A qualified name.
pub fn qualified(name: &ObjectName) -> String {
    Dialect::Postgres.qualified(name)
}

/// A list of identifiers, comma-separated.
pub fn idents<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| ident(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A string literal.
pub fn literal(text: &str) -> String {
    // A backslash means itself only while standard_conforming_strings is on, which it is by default everywhere.
    Dialect::Postgres.literal(text)
}

/// Said before functions are created whose bodies may name what does not exist yet.
pub const UNCHECKED_BODIES: &str = "SET check_function_bodies = off";

/// Undoes [`UNCHECKED_BODIES`].
pub const CHECKED_BODIES: &str = "RESET check_function_bodies";

/// Every statement that creates the schema, in an order that works.
pub fn create_all(schema: &Schema) -> Vec<String> {
    let mut out = Vec::new();
    let unchecked = schema.routines.iter().any(needs_unchecked_bodies);
    if unchecked {
        out.push(UNCHECKED_BODIES.to_string());
    }
    let order = creation_order(schema);
    let (last, first): (Vec<_>, Vec<_>) = order.iter().partition(|key| comes_last(key));
    for key in &first {
        out.extend(create(schema, key));
    }
    out.extend(schema.sequences.iter().filter_map(owned_by));
    for table in tables_in(schema, &order) {
        out.extend(keys_and_indexes(table));
    }
    for table in &schema.tables {
        let own = table.foreign_keys.iter().filter(|key| !key.inherited);
        out.extend(own.map(|key| add_foreign_key(&table.name, key)));
    }
    for table in &schema.tables {
        out.extend(behaviour(schema, table));
    }
    for view in &schema.views {
        out.extend(view.triggers.iter().flat_map(|trigger| create_trigger(&view.name, trigger)));
        out.extend(view_settings(view));
    }
    for key in &last {
        out.extend(create(schema, key));
    }
    out.extend(comments_and_grants(schema));
    out.extend(schema.default_privileges.iter().flat_map(default_privileges));
    if unchecked {
        out.push(CHECKED_BODIES.to_string());
    }
    out
}

/// What acts on other statements is created after all of them: event triggers.
pub fn comes_last(key: &ObjectKey) -> bool {
    key.kind == ObjectKind::Other && key.member.starts_with("EVENT TRIGGER ")
}

fn tables_in<'s>(schema: &'s Schema, order: &'s [ObjectKey]) -> impl Iterator<Item = &'s Table> {
    order.iter().filter(|key| key.kind == ObjectKind::Table).filter_map(|key| schema.table(&key.name))
}

/// The statements that create one object of [`creation_order`], without what refers to other tables.
pub fn create(schema: &Schema, key: &ObjectKey) -> Vec<String> {
    let one = |sql: Option<String>| sql.into_iter().collect();
    let name = &key.name;
    match key.kind {
        ObjectKind::Namespace => {
            one(schema.namespaces.iter().find(|n| n.name == name.name && n.name != "public").map(create_namespace))
        }
        ObjectKind::Extension => one(schema.extensions.iter().find(|e| e.name == name.name).map(create_extension)),
        ObjectKind::Enum => one(schema.enums.iter().find(|e| &e.name == name).map(create_enum)),
        ObjectKind::Domain => {
            let Some(domain) = schema.domains.iter().find(|d| &d.name == name) else { return Vec::new() };
            let unchecked = domain.checks.iter().filter(|check| check.not_valid);
            let add = |check| format!("ALTER DOMAIN {} ADD {}", qualified(name), check_clause(check));
            std::iter::once(create_domain(domain)).chain(unchecked.map(add)).collect()
        }
        ObjectKind::Composite => one(schema.composites.iter().find(|c| &c.name == name).map(create_composite)),
        ObjectKind::Range => one(schema.ranges.iter().find(|r| &r.name == name).map(create_range)),
        ObjectKind::Server => one(schema.servers.iter().find(|s| s.name == name.name).map(create_server)),
        ObjectKind::Sequence => one(schema.sequences.iter().find(|s| &s.name == name).map(create_sequence)),
        ObjectKind::Routine => {
            let routine = schema.routines.iter().find(|r| &r.name == name && r.arguments == key.member);
            one(routine.map(|routine| routine.definition.clone()))
        }
        ObjectKind::Other => {
            let other = schema.others.iter().find(|o| &o.name == name && other_member(o) == key.member);
            let other = other.filter(|other| !other.definition.is_empty());
            let statements = |other: &crate::model::Opaque| {
                std::iter::once(other.definition.clone()).chain(other.settings.clone()).collect()
            };
            other.map(statements).unwrap_or_default()
        }
        ObjectKind::Table => schema.table(name).map(|table| whole_table(schema, table)).unwrap_or_default(),
        ObjectKind::View => schema.view(name).map(whole_view).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A table with its columns, plain constraints and settings, attached to its parent.
pub fn whole_table(schema: &Schema, table: &Table) -> Vec<String> {
    let mut out = vec![create_table(table)];
    let parents: Vec<&Table> = table.inherits.iter().filter_map(|parent| schema.table(parent)).collect();
    for column in &table.columns {
        let inherited = parents.iter().find_map(|parent| parent.column(&column.name)).filter(|_| column.inherited);
        out.extend(column_settings(&table.name, column, inherited));
    }
    // A check that is not valid must be there before partitions are attached, so that theirs count as its copies.
    let partition = table.partition_of.is_some();
    let unchecked = table.checks.iter().filter(|check| check.not_valid && (partition || !check.inherited));
    out.extend(unchecked.map(|check| add_check(&table.name, check)));
    out.extend(attach_partition(table));
    out
}

/// A view, its indexes.
pub fn whole_view(view: &View) -> Vec<String> {
    let mut out = vec![create_view(view, false)];
    for index in &view.indexes {
        out.push(create_index(&view.name, index));
        out.extend(index_settings(&view.name, index));
    }
    out
}

/// The keys and indexes of a table that are not part of [`create_table`], attached to those of its parent.
pub fn keys_and_indexes(table: &Table) -> Vec<String> {
    let mut out = Vec::new();
    let keys = table.primary_key.iter().map(|k| (k, true)).chain(table.uniques.iter().map(|k| (k, false)));
    for (key, primary) in keys.filter(|(key, _)| !stands_in_table(table, key)) {
        out.push(add_key(table, key, primary));
        out.extend(key.partition_of.as_ref().map(|parent| attach_index(parent, &index_name(&table.name, &key.name))));
    }
    if !is_plain(table) {
        out.extend(table.exclusions.iter().map(|exclusion| add_exclusion(&table.name, exclusion)));
    }
    for index in &table.indexes {
        out.push(create_index_of(table, index));
        out.extend(index_settings(&table.name, index));
        out.extend(
            index.partition_of.as_ref().map(|parent| attach_index(parent, &index_name(&table.name, &index.name))),
        );
    }
    out
}

/// An index of a table; on a partitioned table only there, the partitions have their own.
pub fn create_index_of(table: &Table, index: &crate::model::Index) -> String {
    let only = table.partitioning.is_some();
    create_index(&table.name, &crate::model::Index { only, ..index.clone() })
}

/// What makes a table act: row security, policies, triggers, replica identity.
fn behaviour(schema: &Schema, table: &Table) -> Vec<String> {
    let mut out = row_security(table, (false, false));
    out.extend(table.policies.iter().map(|policy| create_policy(&table.name, policy)));
    let own = table.triggers.iter().filter(|trigger| !trigger.inherited);
    out.extend(own.flat_map(|trigger| create_trigger(&table.name, trigger)));
    let parent = table.partition_of.as_ref().and_then(|partition| schema.table(&partition.parent));
    for trigger in table.triggers.iter().filter(|trigger| trigger.inherited) {
        let usual = parent.and_then(|parent| parent.triggers.iter().find(|other| other.name == trigger.name));
        if usual.is_some_and(|usual| usual.enabled != trigger.enabled) {
            out.push(trigger_state(&table.name, trigger));
        }
    }
    out.extend(replica_identity(table, None));
    let index = table.options.cluster_on.as_deref();
    out.extend(index.map(|index| cluster_on(&format!("TABLE {}", qualified(&table.name)), Some(index))));
    out
}

/// Every comment, owner and privilege.
fn comments_and_grants(schema: &Schema) -> Vec<String> {
    let mut out = Vec::new();
    for key in creation_order(schema) {
        if has_comment(schema, &key) {
            let texts = comment_targets(schema, &key).into_iter();
            out.extend(texts.filter_map(|(target, text)| Some(comment(&target, Some(&text?)))));
        }
        // What is tied to a column has the owner of its table.
        let tied = || schema.sequences.iter().any(|s| s.name == key.name && s.owned_by.is_some());
        if let Some(Some(name)) = owner(schema, &key)
            && (key.kind != ObjectKind::Sequence || !tied())
        {
            out.extend(object_target(schema, &key).map(|target| set_owner(&target, Some(name))));
        }
        out.extend(grants_of(schema, &key));
    }
    out
}
