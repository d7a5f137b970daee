//! Which columns refer to which rows: as the database says, as the sources say, and as names say.
//!
//! A name is read whatever its style: `user_id`, `userId`, `UserID`, `id_user`, `fk_user`; the table it means may be called
//! `users`, `user`, `Users`, `app_users` (where all tables begin so). Where only a part of a name fits (`author_user_id`, a prefix
//! that some tables share), the guess is vague: it holds if most rows do.

use std::collections::HashMap;

use relata_schema::declare::{ArcKind, Declaration, simple_name};
use relata_schema::lower::{lower, table_name};
use relata_schema::model::{Column, ObjectName, Table};
use relata_schema::{Schema, Type, naming};
use relata_sql::Result;

use super::{Reference, Said};
use crate::executor::Executor;
use crate::raw::sql_unchecked;

/// Of a column with types so many different words are looked at.
const WORDS: u32 = 64;

/// A reference, perhaps.
pub(super) struct Candidate {
    pub(super) reference: Reference,
    /// Only if most rows keep it.
    pub(super) vague: bool,
}

/// Every reference of live tables: those of the database, then those of the sources, then those that a name says.
pub(super) async fn references(
    schema: &Schema,
    declaration: Option<&Declaration>,
    executor: &mut impl Executor,
) -> Result<Vec<Candidate>> {
    let mut candidates = keys(schema, Said::Database);
    if let Some(declaration) = declaration {
        candidates.extend(keys(&lower(declaration, schema.dialect).0, Said::Sources));
        candidates.extend(typed(schema, declaration));
    }
    let names = Names::of(schema);
    candidates.extend(guessed(schema, &names));
    candidates.extend(guessed_types(schema, &names, executor).await?);
    let mut all: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let same = |known: &Candidate| {
            let (known, other) = (&known.reference, &candidate.reference);
            known.table == other.table
                && known.columns == other.columns
                && (known.only == other.only || known.only.is_none() || other.only.is_none())
        };
        if all.iter().any(same) {
            continue;
        }
        if let Some(reference) = resolved(schema, candidate.reference) {
            all.push(Candidate { reference, vague: candidate.vague });
        }
    }
    Ok(all)
}

fn keys(schema: &Schema, said: Said) -> Vec<Candidate> {
    let mut found = Vec::new();
    for table in &schema.tables {
        for key in &table.foreign_keys {
            let to = (key.references.clone(), key.referenced_columns.clone());
            found.push(candidate(table, key.columns.clone(), to, said));
        }
    }
    found
}

fn candidate(table: &Table, columns: Vec<String>, to: (ObjectName, Vec<String>), said: Said) -> Candidate {
    let (references, referenced_columns) = to;
    let table = table.name.clone();
    let reference = Reference { table, columns, references, referenced_columns, only: None, said, nullable: false };
    Candidate { reference, vague: false }
}

/// The reference over tables and columns that there are and can be compared.
fn resolved(schema: &Schema, mut reference: Reference) -> Option<Reference> {
    let (here, there) = (schema.table(&reference.table)?, schema.table(&reference.references)?);
    if reference.referenced_columns.is_empty() {
        reference.referenced_columns = there.primary_key.as_ref()?.columns().map(str::to_string).collect();
    }
    let columns: Vec<&Column> = reference.columns.iter().map(|name| here.column(name)).collect::<Option<_>>()?;
    let others = reference.referenced_columns.iter().map(|name| there.column(name));
    let others: Vec<&Column> = others.collect::<Option<_>>()?;
    reference.nullable = columns.iter().all(|column| !column.not_null);
    let enforced = reference.said == Said::Database;
    let alike = || columns.iter().zip(&others).all(|(column, other)| comparable(&column.ty.logical, &other.ty.logical));
    (columns.len() == others.len() && (enforced || alike())).then_some(reference)
}

/// Whether keys of these types can be equal without a conversion.
fn comparable(left: &Type, right: &Type) -> bool {
    let kind = |ty: &Type| match ty {
        Type::Int(_) | Type::UInt(_) => 1,
        Type::Text | Type::VarChar(_) | Type::Char(_) => 2,
        _ => 0,
    };
    left == right || (kind(left) > 0 && kind(left) == kind(right))
}

/// References that the sources declare as a type and a key: one for each entity.
fn typed(schema: &Schema, declaration: &Declaration) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (table, (type_column, id_column), entities) in arcs(schema, declaration) {
        for (entity, word) in entities {
            let Some(entity) = declaration.entity(simple_name(entity)) else { continue };
            let to = (table_name(entity, schema.dialect), Vec::new());
            let mut candidate = candidate(table, vec![id_column.clone()], to, Said::Sources);
            candidate.reference.only = Some((type_column.clone(), word.clone()));
            found.push(candidate);
        }
    }
    found
}

/// That a column with types says nothing else than declared: table, name and condition.
pub(super) fn types(schema: &Schema, declaration: &Declaration) -> Vec<(ObjectName, String, String)> {
    let dialect = schema.dialect;
    let arcs = arcs(schema, declaration).into_iter();
    let of_arc = |(table, (column, _), entities): TypedArc<'_>| {
        let words: Vec<String> = entities.iter().map(|(_, word)| dialect.literal(word)).collect();
        let condition = format!("{} IN ({})", dialect.quote(&column), words.join(", "));
        (table.name.clone(), format!("the entities of {column}"), condition)
    };
    arcs.map(of_arc).collect()
}

/// A table, its columns with type and key, and the entities with the word for each.
type TypedArc<'a> = (&'a Table, (String, String), &'a [(String, String)]);

fn arcs<'a>(schema: &'a Schema, declaration: &'a Declaration) -> Vec<TypedArc<'a>> {
    let mut found = Vec::new();
    for entity in &declaration.entities {
        let Some(table) = schema.table(&table_name(entity, schema.dialect)) else { continue };
        let column = |field: &String| entity.field(field).map(|field| field.column_name().to_string());
        for arc in &entity.arcs {
            let ArcKind::Typed { type_field, id_field, entities } = &arc.kind else { continue };
            let (Some(type_column), Some(id_column)) = (column(type_field), column(id_field)) else { continue };
            if table.column(&type_column).is_some() && table.column(&id_column).is_some() {
                found.push((table, (type_column, id_column), entities.as_slice()));
            }
        }
    }
    found
}

/// What tables are called, in the singular and in snake case.
struct Names<'s> {
    /// By namespace and name.
    tables: HashMap<(&'s str, String), &'s Table>,
    /// Without a prefix that only some tables share.
    vague: HashMap<(&'s str, String), &'s Table>,
}

impl<'s> Names<'s> {
    fn of(schema: &'s Schema) -> Self {
        let mut names = Names { tables: HashMap::new(), vague: HashMap::new() };
        let plain = |table: &Table| naming::singular(&naming::snake(&table.name.name));
        for table in &schema.tables {
            names.tables.entry((&table.name.namespace, plain(table))).or_insert(table);
        }
        for table in &schema.tables {
            let name = plain(table);
            let Some((prefix, rest)) = name.split_once('_') else { continue };
            let beside = schema.tables.iter().filter(|other| other.name.namespace == table.name.namespace);
            let share = |other: &&Table| naming::snake(&other.name.name).starts_with(&format!("{prefix}_"));
            let (shared, all) = (beside.clone().filter(share).count(), beside.count());
            let key = (table.name.namespace.as_str(), rest.to_string());
            if shared == all && all > 1 {
                names.tables.entry(key).or_insert(table);
            } else if shared > 1 {
                names.vague.entry(key).or_insert(table);
            }
        }
        names
    }

    /// The table that a name means, and whether that is vague.
    fn meant(&self, namespace: &'s str, name: &str) -> Option<(&'s Table, bool)> {
        let find = |name: &str, vague: bool| {
            let key = (namespace, naming::singular(name));
            let sure = self.tables.get(&key).map(|table| (*table, vague));
            sure.or_else(|| self.vague.get(&key).map(|table| (*table, true)))
        };
        let mut rest = name;
        let mut found = find(rest, false);
        while let (None, Some((_, tail))) = (found, rest.split_once('_')) {
            rest = tail;
            found = find(rest, true);
        }
        found
    }
}

/// What a column's name says that it refers to.
fn stem(column: &str) -> Option<String> {
    let name = naming::snake(column);
    let ends = ["_id", "_uuid", "_fk"].iter().find_map(|ending| name.strip_suffix(ending));
    let stem = ends.or_else(|| ["id_", "fk_"].iter().find_map(|start| name.strip_prefix(start)))?;
    let stem = stem.strip_prefix("fk_").unwrap_or(stem);
    (!stem.is_empty()).then(|| stem.to_string())
}

/// The column that says of which type the key in another is.
fn type_column<'t>(table: &'t Table, stem: &str) -> Option<&'t Column> {
    let is_text = |column: &Column| matches!(column.ty.logical, Type::Text | Type::VarChar(_) | Type::Char(_));
    let wanted = format!("{stem}_type");
    table.columns.iter().find(|column| naming::snake(&column.name) == wanted && is_text(column))
}

/// Columns whose names say what they refer to.
fn guessed(schema: &Schema, names: &Names<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for table in &schema.tables {
        for column in &table.columns {
            let Some(stem) = stem(&column.name).filter(|stem| type_column(table, stem).is_none()) else { continue };
            let meant = names.meant(&table.name.namespace, &stem);
            // A tree.
            let meant = meant.or_else(|| (stem == "parent").then_some((table, false)));
            let Some((other, vague)) = meant else { continue };
            let key: Vec<&str> = other.primary_key.iter().flat_map(|key| key.columns()).collect();
            if key.len() != 1 || (std::ptr::eq(other, table) && key[0] == column.name) {
                continue;
            }
            let to = (other.name.clone(), Vec::new());
            let reference = candidate(table, vec![column.name.clone()], to, Said::Name);
            found.push(Candidate { vague, ..reference });
        }
    }
    found
}

/// Pairs of columns `owner_type`, `owner_id`: what the rows say in the first names the tables.
async fn guessed_types(schema: &Schema, names: &Names<'_>, executor: &mut impl Executor) -> Result<Vec<Candidate>> {
    let dialect = schema.dialect;
    let mut found = Vec::new();
    for table in &schema.tables {
        for column in &table.columns {
            let Some(kind) = stem(&column.name).and_then(|stem| type_column(table, &stem)) else { continue };
            let (word, from) = (dialect.quote(&kind.name), dialect.qualified(&table.name));
            let sql = format!("SELECT DISTINCT {word} FROM {from} WHERE {word} IS NOT NULL LIMIT {WORDS}");
            let words = sql_unchecked::<String>(sql, ()).all(executor).await?;
            for word in words {
                let last = word.rsplit([':', '\\', '.', '/']).next().unwrap_or(&word);
                let meant = names.meant(&table.name.namespace, &naming::snake(last));
                let Some((other, false)) = meant else { continue };
                let to = (other.name.clone(), Vec::new());
                let mut candidate = candidate(table, vec![column.name.clone()], to, Said::Name);
                candidate.reference.only = Some((kind.name.clone(), word));
                found.push(candidate);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_style() {
        let stems = ["user_id", "userId", "UserID", "id_user", "fk_user", "fk_user_id", "user_uuid", "USER_ID"];
        for name in stems {
            assert_eq!(stem(name).as_deref(), Some("user"), "{name}");
        }
        for name in ["id", "_id", "paid", "identity", "uuid"] {
            assert_eq!(stem(name), None, "{name}");
        }
        assert_eq!(stem("orderItemId").as_deref(), Some("order_item"));
    }
}
