//! What was renamed, as the declaration says it: `#[entity(renamed_from = "…")]`, `#[renamed_from("…")]`.

use relata_schema::change::Rename;
use relata_schema::declare::{Declaration, Entity};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_schema::{Schema, naming};

/// The declared renames that `from` has not seen yet: the old name is there and the new one is not.
pub fn renames(declaration: &Declaration, from: &Schema) -> Vec<Rename> {
    declaration.entities.iter().flat_map(|entity| of_entity(entity, from)).collect()
}

fn of_entity(entity: &Entity, from: &Schema) -> Vec<Rename> {
    let dialect = from.dialect;
    let in_namespace = |name: &str| match &entity.namespace {
        Some(namespace) => ObjectName::new(namespace.as_str(), name),
        None => dialect.name(name),
    };
    let table = entity.table.clone().unwrap_or_else(|| naming::table(&entity.name));
    let name = in_namespace(&naming::fit(dialect, &table));
    let mut renames = Vec::new();
    let mut before = name.clone();
    let former = entity.renamed_from.as_deref().map(in_namespace);
    if let Some(old) = former.filter(|old| from.table(&name).is_none() && from.table(old).is_some()) {
        renames.push(Rename { from: ObjectKey::of(ObjectKind::Table, &old), to: name });
        before = old;
    }
    let Some(table) = from.table(&before) else {
        return renames;
    };
    for field in &entity.fields {
        let Some(old) = &field.renamed_from else {
            continue;
        };
        let new = field.column.clone().unwrap_or_else(|| field.name.trim_start_matches("r#").to_string());
        if table.column(&new).is_none() && table.column(old).is_some() {
            let from = ObjectKey::member(ObjectKind::Column, &before, old);
            renames.push(Rename { from, to: ObjectName::bare(new) });
        }
    }
    renames
}
