//! What was renamed, as the declaration says it: `#[entity(renamed_from = "…")]` and `#[renamed_from("…")]` in Rust,
//! `-- relata: renames column posts.title to headline` in SQL.

use std::collections::BTreeSet;
use std::path::Path;

use relata_schema::change::{Rename, rename};
use relata_schema::declare::{Declaration, Entity, EnumDeclaration, Field};
use relata_schema::lock::identity;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};
use relata_schema::{Diagnostic, Dialect, Schema, naming};

use super::Loaded;

/// The declared renames that `from` has not seen yet: the old name is there and the new one is not.
pub fn declared(loaded: &Loaded, from: &Schema) -> Vec<Rename> {
    let mut found: Vec<Rename> = loaded.declaration.iter().flat_map(|declaration| renames(declaration, from)).collect();
    if !loaded.renames.is_empty() {
        let (before, after) = (KeySet::of(from), KeySet::of(&loaded.schema));
        let open = loaded.renames.iter().filter(|rename| is_open(rename, from, &loaded.renames, (&before, &after)));
        found.extend(open.cloned());
    }
    found
}

/// The same for a declaration in Rust alone.
pub fn renames(declaration: &Declaration, from: &Schema) -> Vec<Rename> {
    let mut found: Vec<Rename> = declaration.entities.iter().flat_map(|entity| of_entity(entity, from)).collect();
    found.extend(declaration.enums.iter().filter_map(|ty| of_type(ty, from)));
    let values: Vec<Rename> = declaration.enums.iter().flat_map(|ty| of_enum(declaration, ty, from, &found)).collect();
    found.extend(values);
    found
}

/// The type of an enum that had another name.
fn of_type(declared: &EnumDeclaration, from: &Schema) -> Option<Rename> {
    let name = type_of(from.dialect, declared);
    let old = ObjectName::new(name.namespace.as_str(), declared.renamed_from.as_deref()?);
    let has = |name: &ObjectName| from.enums.iter().any(|ty| &ty.name == name);
    (has(&old) && !has(&name)).then(|| Rename { from: ObjectKey::of(ObjectKind::Enum, &old), to: name })
}

fn type_of(dialect: Dialect, declared: &EnumDeclaration) -> ObjectName {
    let namespace = declared.namespace.as_deref().unwrap_or(dialect.default_namespace());
    ObjectName::new(namespace, declared.type_name())
}

/// The renamed values of an enum: of its type on PostgreSQL, elsewhere of each column that holds it.
fn of_enum(declaration: &Declaration, declared: &EnumDeclaration, from: &Schema, known: &[Rename]) -> Vec<Rename> {
    if declared.renamed.is_empty() {
        return Vec::new();
    }
    let dialect = from.dialect;
    let holders: Vec<ObjectName> = match dialect {
        Dialect::Postgres => {
            let name = type_of(dialect, declared);
            let known = known.iter().find(|rename| rename.from.kind == ObjectKind::Enum && rename.to == name);
            vec![known.map_or(name, |rename| rename.from.name.clone())]
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
        let renames = rename::parse_any(what);
        match renames.is_empty() {
            false => found.extend(renames.into_iter().map(|rename| rename::qualified(dialect, rename))),
            true => diagnostics.push(
                Diagnostic::error(
                    "source-rename",
                    format!("{}:{}: {what:?} is no rename", path.display(), number + 1),
                )
                .help(
                    "write -- relata: renames column posts.title to headline; the first word may be table, view, column, index, unique, check, foreign_key, primary_key, exclusion, \
                     constraint, trigger, policy, enum, value, domain, composite, range, type, sequence, function",
                ),
            ),
        }
    }
    (found, diagnostics)
}

/// The old object is there before and not afterwards, the new one afterwards and not before.
fn is_open(rename: &Rename, from: &Schema, all: &[Rename], (before, after): (&KeySet, &KeySet)) -> bool {
    match (rename.from.kind, rename.from.member.as_str()) {
        (ObjectKind::Column, old) => from
            .table(&rename.from.name)
            .is_some_and(|table| table.column(old).is_some() && table.column(&rename.to.name).is_none()),
        (ObjectKind::Enum, value) if !value.is_empty() => {
            let values = from.enum_values(&rename.from.name);
            values.iter().any(|known| known == value) && !values.contains(&rename.to.name)
        }
        (kind, member) => {
            // Whatever is inside a table that is renamed as well is in the table of the new name.
            let owner = all.iter().find(|other| !member.is_empty() && is_table(other, &rename.from.name));
            let owner = owner.map_or(&rename.from.name, |other| &other.to);
            let now = |name: &str| ObjectKey::member(kind, owner, name);
            let (old, new) = match member.is_empty() {
                true => (rename.from.clone(), rename.to_key()),
                false => (now(member), now(&rename.to.name)),
            };
            before.has(&rename.from) && !before.has(&rename.to_key()) && after.has(&new) && !after.has(&old)
        }
    }
}

fn is_table(rename: &Rename, name: &ObjectName) -> bool {
    rename.from.kind == ObjectKind::Table && &rename.from.name == name
}

/// The objects of a schema that have an identity.
struct KeySet(BTreeSet<ObjectKey>);

impl KeySet {
    fn of(schema: &Schema) -> Self {
        KeySet(identity::keys(schema).into_iter().map(|(_, key)| key).collect())
    }

    fn has(&self, key: &ObjectKey) -> bool {
        self.0.contains(key)
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
