//! What SQLite alters in place, and the steps for it.

use relata_schema::change::{Alteration, LockSpan, Recipe, TableChange};
use relata_schema::dialect::sqlite::{print, token};
use relata_schema::model::{Column, ForeignKey, ObjectKey, ObjectKind, Table};

use super::{Altered, Emitter, quoted};

/// Whether the table must be written anew. `watched`: the database has views or triggers, each of which `DROP COLUMN`
/// checks, and fails if one is broken for any reason.
pub(super) fn needs_rebuild(from: &Table, to: &Table, changes: &[TableChange], watched: bool) -> bool {
    let in_place = |change: &TableChange| match change {
        TableChange::Rename { .. } | TableChange::Trigger(_) => true,
        // SQLite has none of these: nothing to do.
        TableChange::Comment | TableChange::Grants { .. } | TableChange::Policy(_) | TableChange::RowSecurity => true,
        _ if from.options.virtual_using.is_some() || to.options.virtual_using.is_some() => false,
        TableChange::Index(_) => true,
        TableChange::Column(Alteration::Create(column)) => can_be_added(column, from, to),
        TableChange::Column(Alteration::Drop(column)) => !watched && can_be_dropped(column, from, to),
        TableChange::Column(Alteration::Alter { from: old, to: new }) => {
            Column { name: new.name.clone(), ..(**old).clone() } == **new
        }
        TableChange::ForeignKey(Alteration::Create(key)) => comes_with_its_column(key, changes),
        _ => false,
    };
    !changes.iter().all(in_place)
}

/// `ADD COLUMN` takes a column that every existing row can have at once.
fn can_be_added(column: &Column, from: &Table, to: &Table) -> bool {
    let in_key = |key: &relata_schema::model::Key| key.columns().any(|name| name == column.name);
    let keyed = to.primary_key.iter().chain(&to.uniques).any(in_key);
    let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
    let default = column.default.as_deref();
    let constant = default.is_none_or(print::is_constant);
    let filled = column.generated.is_some() || default.is_some_and(|text| !text.eq_ignore_ascii_case("null"));
    let references = to.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let named_again = from.columns.iter().any(|old| old.name.eq_ignore_ascii_case(&column.name));
    !keyed && !stored && constant && (filled || !column.not_null) && (!references || default.is_none()) && !named_again
}

/// `DROP COLUMN` takes a column that nothing in the table refers to.
fn can_be_dropped(column: &Column, from: &Table, to: &Table) -> bool {
    let name = &column.name;
    let keyed = from.primary_key.iter().chain(&from.uniques).any(|key| key.columns().any(|c| c == name));
    let references = from.foreign_keys.iter().any(|key| key.columns.contains(name));
    let checks = from.checks.iter().map(|check| check.expression.as_str());
    let generated = from.columns.iter().filter_map(|c| c.generated.as_ref()).map(|g| g.expression.as_str());
    let mentioned = checks.chain(generated).any(|expression| token::mentions(expression, name));
    let stays = to.columns.iter().any(|new| from.column(&new.name).is_some());
    !keyed && !references && !mentioned && stays
}

/// A foreign key of one column without a name can be written on a column that is added.
fn comes_with_its_column(key: &ForeignKey, changes: &[TableChange]) -> bool {
    let added = |column: &str| {
        changes
            .iter()
            .any(|change| matches!(change, TableChange::Column(Alteration::Create(new)) if new.name == column))
    };
    key.name.is_empty() && key.columns.len() == 1 && added(&key.columns[0])
}

impl Emitter<'_> {
    /// Columns: renamed, dropped, added.
    pub(super) fn alter_in_place(&mut self, altered: &Altered<'_>) {
        let name = &altered.to.name;
        let table = quoted(&name.name);
        let changes = || {
            altered.changes.iter().filter_map(|change| match change {
                TableChange::Column(change) => Some(change),
                _ => None,
            })
        };
        for change in changes() {
            if let Alteration::Alter { from, to } = change {
                let sql = format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quoted(&from.name), quoted(&to.name));
                let key = ObjectKey::member(ObjectKind::Column, name, &to.name);
                self.add(format!("rename column {name}.{} to {}", from.name, to.name), key, sql);
            }
        }
        for change in changes() {
            if let Alteration::Drop(column) = change {
                self.drop_column(altered, column);
            }
        }
        let added = |column: &&Column| {
            changes().any(|change| matches!(change, Alteration::Create(new) if new.name == column.name))
        };
        altered.to.columns.iter().filter(added).for_each(|column| self.add_column(altered, column));
    }

    fn drop_column(&mut self, altered: &Altered<'_>, column: &Column) {
        let name = &altered.to.name;
        let sql = format!("ALTER TABLE {} DROP COLUMN {}", quoted(&name.name), quoted(&column.name));
        let key = ObjectKey::member(ObjectKind::Column, name, &column.name);
        let summary = format!("drop column {name}.{}", column.name);
        let step = self.add_as(Recipe::Blocking, LockSpan::Rewrite, summary, key, sql);
        if column.generated.is_none() {
            step.loses = Some(format!("the values of {name}.{}", column.name));
        }
    }

    fn add_column(&mut self, altered: &Altered<'_>, column: &Column) {
        let name = &altered.to.name;
        let mut sql = format!("ALTER TABLE {} ADD COLUMN {}", quoted(&name.name), print::column_definition(column));
        for key in altered.to.foreign_keys.iter().filter(|key| key.columns == [column.name.as_str()]) {
            sql.push(' ');
            sql.push_str(&print::references(key));
        }
        let key = ObjectKey::member(ObjectKind::Column, name, &column.name);
        self.add(format!("add column {name}.{}", column.name), key, sql);
    }
}
