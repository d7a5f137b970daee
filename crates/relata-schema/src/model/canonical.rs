//! The order of what has no order: two equal databases give equal schemas.

use super::{Check, DefaultPrivileges, Schema, Table, View};

impl Schema {
    /// Sorts every collection whose order has no meaning.
    pub fn canonicalize(&mut self) {
        self.namespaces.sort_by(|a, b| a.name.cmp(&b.name));
        self.namespaces.iter_mut().for_each(|namespace| namespace.grants.sort());
        self.extensions.sort_by(|a, b| a.name.cmp(&b.name));
        self.enums.sort_by(|a, b| a.name.cmp(&b.name));
        self.domains.sort_by(|a, b| a.name.cmp(&b.name));
        for domain in &mut self.domains {
            domain.checks.sort_by(check_order);
            sort_set(&mut domain.depends_on);
            domain.grants.sort();
        }
        self.enums.iter_mut().for_each(|ty| ty.grants.sort());
        self.composites.sort_by(|a, b| a.name.cmp(&b.name));
        for composite in &mut self.composites {
            sort_set(&mut composite.depends_on);
            composite.grants.sort();
        }
        self.ranges.sort_by(|a, b| a.name.cmp(&b.name));
        for range in &mut self.ranges {
            sort_set(&mut range.depends_on);
            range.grants.sort();
        }
        self.sequences.sort_by(|a, b| a.name.cmp(&b.name));
        self.tables.sort_by(|a, b| a.name.cmp(&b.name));
        self.tables.iter_mut().for_each(Table::canonicalize);
        self.views.sort_by(|a, b| a.name.cmp(&b.name));
        self.views.iter_mut().for_each(View::canonicalize);
        self.routines.sort_by(|a, b| (&a.name, &a.arguments).cmp(&(&b.name, &b.arguments)));
        for routine in &mut self.routines {
            sort_set(&mut routine.depends_on);
            routine.grants.sort();
        }
        self.servers.sort_by(|a, b| a.name.cmp(&b.name));
        self.servers.iter_mut().for_each(|server| server.grants.sort());
        let key = |d: &DefaultPrivileges| (d.role.clone(), d.namespace.clone(), d.objects.clone());
        self.default_privileges.sort_by_key(key);
        self.default_privileges.iter_mut().for_each(|privileges| privileges.grants.sort());
        for other in &mut self.others {
            sort_set(&mut other.depends_on);
            other.grants.sort();
        }
        self.others.sort_by(|a, b| (&a.kind, &a.name, &a.signature).cmp(&(&b.kind, &b.name, &b.signature)));
    }
}

impl Schema {
    /// Leaves out who owns what: for comparing databases that belong to different roles.
    pub fn forget_owners(&mut self) {
        self.namespaces.iter_mut().for_each(|item| item.owner = None);
        self.enums.iter_mut().for_each(|item| item.owner = None);
        self.domains.iter_mut().for_each(|item| item.owner = None);
        self.composites.iter_mut().for_each(|item| item.owner = None);
        self.ranges.iter_mut().for_each(|item| item.owner = None);
        self.sequences.iter_mut().for_each(|item| item.owner = None);
        self.tables.iter_mut().for_each(|item| item.owner = None);
        self.views.iter_mut().for_each(|item| item.owner = None);
        self.routines.iter_mut().for_each(|item| item.owner = None);
        self.servers.iter_mut().for_each(|item| item.owner = None);
        self.others.iter_mut().for_each(|item| item.owner = None);
    }
}

impl Table {
    fn canonicalize(&mut self) {
        self.uniques.sort_by(|a, b| (&a.name, a.columns().collect::<Vec<_>>()).cmp(&(&b.name, b.columns().collect())));
        self.foreign_keys
            .sort_by(|a, b| (&a.name, &a.columns, &a.references).cmp(&(&b.name, &b.columns, &b.references)));
        self.checks.sort_by(check_order);
        self.exclusions.sort_by(|a, b| a.name.cmp(&b.name));
        self.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        self.triggers.sort_by(|a, b| a.name.cmp(&b.name));
        self.policies.sort_by(|a, b| a.name.cmp(&b.name));
        self.policies.iter_mut().for_each(|policy| policy.roles.sort());
        if let Some(partitioning) = &mut self.partitioning {
            partitioning.columns.sort();
        }
        self.grants.sort();
        sort_set(&mut self.depends_on);
        self.uses.iter_mut().for_each(|use_| sort_set(&mut use_.uses));
        self.uses.sort();
        for column in &mut self.columns {
            column.parameters.sort();
            column.grants.sort();
            if let Some(identity) = &mut column.identity {
                identity.grants.sort();
            }
        }
    }
}

impl View {
    fn canonicalize(&mut self) {
        self.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        self.triggers.sort_by(|a, b| a.name.cmp(&b.name));
        self.column_comments.sort();
        self.column_details.sort_by(|a, b| a.name.cmp(&b.name));
        for column in &mut self.column_details {
            column.parameters.sort();
            column.grants.sort();
        }
        self.grants.sort();
        sort_set(&mut self.depends_on);
    }
}

fn check_order(a: &Check, b: &Check) -> std::cmp::Ordering {
    (&a.name, &a.expression).cmp(&(&b.name, &b.expression))
}

fn sort_set<T: Ord>(items: &mut Vec<T>) {
    items.sort();
    items.dedup();
}
