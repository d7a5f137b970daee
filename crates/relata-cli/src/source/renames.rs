//! What was renamed, as the declaration says it: `#[entity(renamed_from = "…")]` and `#[renamed_from("…")]` in Rust,
//! `-- relata: renames column posts.title to headline` in SQL.

use std::path::Path;

use relata_schema::change::{Rename, rename};
use relata_schema::declare::{Declaration, Entity, EnumDeclaration, Field};
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
    let mut found: Vec<Rename> = declaration.entities.iter().flat_map(|entity| of_entity(entity, from)).collect();
    let values: Vec<Rename> = declaration.enums.iter().flat_map(|ty| of_enum(declaration, ty, from, &found)).collect();
    found.extend(values);
    found
}

/// The renamed values of an enum: of its type on PostgreSQL, elsewhere of each column that holds it.
fn of_enum(declaration: &Declaration, declared: &EnumDeclaration, from: &Schema, known: &[Rename]) -> Vec<Rename> {
    if declared.renamed.is_empty() {
        return Vec::new();
    }
    let dialect = from.dialect;
    let holders: Vec<ObjectName> = match dialect {
        Dialect::Postgres => {
            let namespace = declared.namespace.as_deref().unwrap_or(dialect.default_namespace());
            vec![ObjectName::new(namespace, declared.type_name())]
        }
        Dialect::Sqlite | Dialect::Mysql => {
            let holds = |field: &&Field| declaration.stored_enum(&field.rust_type) == Some(declared);
            let columns = declaration.entities.iter().flat_map(|entity| {
                entity.fields.iter().filter(holds).map(move |field| (table_of(dialect, entity), column_of(field)))
            });
            columns.map(|(table, column)| before(&table, &column, known)).collect()
        }
    };
    let mut found = Vec::new();
    for holder in holders {
        let values = from.enum_values(&holder);
        let open = declared.renamed.iter().filter(|(old, new)| values.contains(old) && !values.contains(new));
        found.extend(open.map(|(old, new)| Rename {
            from: ObjectKey::member(ObjectKind::Enum, &holder, old),
            to: ObjectName::bare(new.as_str()),
        }));
    }
    found
}

/// The enum inline in a column, by the names that table and column had.
fn before(table: &ObjectName, column: &str, known: &[Rename]) -> ObjectName {
    let whole = known.iter().find(|rename| rename.from.member.is_empty() && &rename.to == table);
    let old = whole.map_or(table, |rename| &rename.from.name);
    let member = known.iter().find(|rename| &rename.from.name == old && rename.to.name == column);
    ObjectName::new(old.name.as_str(), member.map_or(column, |rename| rename.from.member.as_str()))
}

fn table_of(dialect: Dialect, entity: &Entity) -> ObjectName {
    let table = entity.table.clone().unwrap_or_else(|| naming::table(&entity.name));
    let name = naming::fit(dialect, &table);
    match &entity.namespace {
        Some(namespace) => ObjectName::new(namespace.as_str(), name),
        None => dialect.name(&name),
    }
}

fn column_of(field: &Field) -> String {
    field.column.clone().unwrap_or_else(|| field.name.trim_start_matches("r#").to_string())
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
        (ObjectKind::Enum, value) if !value.is_empty() => {
            let values = from.enum_values(&rename.from.name);
            values.iter().any(|known| known == value) && !values.contains(&rename.to.name)
        }
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
    let name = table_of(dialect, entity);
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
        let new = column_of(field);
        if table.column(&new).is_none() && table.column(old).is_some() {
            let from = ObjectKey::member(ObjectKind::Column, &before, old);
            renames.push(Rename { from, to: ObjectName::bare(new) });
        }
    }
    renames
}
