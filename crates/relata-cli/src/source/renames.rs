//! What was renamed, as the declaration says it: `#[entity(renamed_from = "…")]` and `#[renamed_from("…")]` in Rust,
//! `-- relata: renames column posts.title to headline` in SQL.

use std::path::Path;

use relata_schema::change::{Rename, rename};
use relata_schema::declare::{Declaration, Entity};
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_schema::{Diagnostic, Dialect, Schema, naming};

use super::Loaded;

/// The declared renames that `from` has not seen yet: the old name is there and the new one is not.
pub fn declared(loaded: &Loaded, from: &Schema) -> Vec<Rename> {
    let rust = loaded.declaration.iter().flat_map(|declaration| renames(declaration, from));
    let sql = loaded.renames.iter().filter(|rename| is_open(rename, from, &loaded.schema)).cloned();
    rust.chain(sql).collect()
}

/// The same for a declaration in Rust alone.
pub fn renames(declaration: &Declaration, from: &Schema) -> Vec<Rename> {
    declaration.entities.iter().flat_map(|entity| of_entity(entity, from)).collect()
}

/// The lines of a script that declare a rename, and findings for those that cannot be read.
pub fn in_script(dialect: Dialect, path: &Path, text: &str) -> (Vec<Rename>, Vec<Diagnostic>) {
    let (mut found, mut diagnostics) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let comment = line.trim().strip_prefix("--").map(str::trim_start);
        let Some(what) = comment.and_then(|line| line.strip_prefix("relata: renames ")) else { continue };
        match rename::parse(what) {
            Some(rename) => found.push(rename::qualified(dialect, rename)),
            None => diagnostics.push(
                Diagnostic::error(
                    "source-rename",
                    format!("{}:{}: {what:?} is no rename", path.display(), number + 1),
                )
                .help("write -- relata: renames column posts.title to headline, or table, enum, value, domain, sequence"),
            ),
        }
    }
    (found, diagnostics)
}

/// The old object is there before and not afterwards, the new one afterwards and not before.
fn is_open(rename: &Rename, from: &Schema, to: &Schema) -> bool {
    let tables = |schema: &Schema, name: &ObjectName| schema.table(name).is_some();
    match (rename.from.kind, rename.from.member.as_str()) {
        (ObjectKind::Table, _) => {
            let (old, new) = (&rename.from.name, &rename.to);
            tables(from, old) && !tables(from, new) && tables(to, new) && !tables(to, old)
        }
        (ObjectKind::Column, old) => from
            .table(&rename.from.name)
            .is_some_and(|table| table.column(old).is_some() && table.column(&rename.to.name).is_none()),
        (ObjectKind::Enum, value) if !value.is_empty() => from.enums.iter().any(|ty| {
            ty.name == rename.from.name
                && ty.values.iter().any(|known| known == value)
                && !ty.values.contains(&rename.to.name)
        }),
        (kind, _) => {
            let has = |schema: &Schema, name: &ObjectName| {
                relata_schema::lock::identity::keys(schema).iter().any(|(_, key)| key.kind == kind && &key.name == name)
            };
            has(from, &rename.from.name) && !has(from, &rename.to) && has(to, &rename.to)
        }
    }
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
