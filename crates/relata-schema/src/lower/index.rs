//! Unique constraints and indexes.

use crate::declare::{Entity, IndexDeclaration, IndexPartDeclaration, ReferenceDeclaration, simple_name};
use crate::diagnostic::Diagnostic;
use crate::dialect::Dialect;
use crate::model::{Column, Generated, Index, IndexPart, Key, ObjectKey, ObjectKind, Table};

use super::{Lowering, columns_of};

/// MariaDB's column that is 1 in live rows and NULL in deleted ones, for unique indexes among the live.
const LIVE: &str = "relata_live";

/// Lowers what stands on fields, then what stands on the entity.
pub(super) fn lower(lowering: &mut Lowering<'_>, entity: &Entity, table: &mut Table) {
    for field in &entity.fields {
        let part = IndexPartDeclaration { field: field.name.clone(), ..IndexPartDeclaration::default() };
        let single = |unique| IndexDeclaration {
            unique,
            constraint: unique,
            parts: vec![part.clone()],
            span: field.span.clone(),
            ..IndexDeclaration::default()
        };
        if field.unique {
            add(lowering, entity, &single(true), table);
        }
        if field.index {
            add(lowering, entity, &single(false), table);
        }
    }
    for declaration in &entity.indexes {
        add(lowering, entity, declaration, table);
    }
}

fn add(lowering: &mut Lowering<'_>, entity: &Entity, declaration: &IndexDeclaration, table: &mut Table) {
    let dialect = lowering.dialect;
    let parts: Vec<IndexPart> = declaration.parts.iter().filter_map(|part| lower_part(dialect, entity, part)).collect();
    if parts.is_empty() || !supported(lowering, declaration, table) {
        return;
    }
    let words: Vec<String> = parts
        .iter()
        .map(|part| if part.column.is_empty() { "expr".to_string() } else { part.column.clone() })
        .collect();
    let ending = if declaration.constraint { "key" } else { "idx" };
    let among_live = is_among_live(lowering, entity, declaration);
    let name = match &declaration.name {
        Some(name) => name.clone(),
        None if declaration.constraint && dialect == Dialect::Sqlite && !among_live => String::new(),
        None => lowering.names.by_convention(&table.name, &words, ending),
    };
    // SQLite keeps the names of constraints, and minds them no further.
    if among_live || !(declaration.constraint && dialect == Dialect::Sqlite) {
        lowering.claim(&name, table, &declaration.span);
    }
    let include = columns_of(entity, &declaration.include);
    if among_live {
        let index = Index { name, unique: true, parts, include, ..Index::default() };
        let index = among_live_rows(dialect, table, index);
        table.indexes.push(index);
    } else if declaration.constraint {
        table.uniques.push(Key {
            name,
            parts,
            include,
            nulls_not_distinct: declaration.nulls_not_distinct,
            deferral: declaration.deferral.clone(),
            ..Key::default()
        });
    } else {
        table.indexes.push(Index {
            name,
            unique: declaration.unique,
            method: declaration.method.clone(),
            parts,
            include,
            predicate: declaration.predicate.clone(),
            nulls_not_distinct: declaration.nulls_not_distinct,
            ..Index::default()
        });
    }
}

/// Whether rows that are marked as deleted do not count: with `soft_delete`, unless something else needs a constraint.
fn is_among_live(lowering: &Lowering<'_>, entity: &Entity, declaration: &IndexDeclaration) -> bool {
    if !entity.soft_delete
        || !declaration.constraint
        || declaration.deferral.deferrable
        || declaration.nulls_not_distinct
    {
        return false;
    }
    let fields: Vec<&str> = declaration.parts.iter().map(|part| part.field.as_str()).collect();
    let refers = |reference: &ReferenceDeclaration| {
        let fits = reference.referenced_fields.iter().all(|field| fields.contains(&field.as_str()));
        fits && !reference.referenced_fields.is_empty() && simple_name(&reference.entity) == entity.name
    };
    !lowering.declaration.entities.iter().any(|other| {
        other.fields.iter().filter_map(|field| field.references.as_ref()).chain(&other.foreign_keys).any(refers)
    })
}

/// The same, of live rows only: a partial index, or where there are none a column that is NULL in deleted rows.
fn among_live_rows(dialect: Dialect, table: &mut Table, mut index: Index) -> Index {
    let deleted = dialect.ident("deleted_at");
    if dialect != Dialect::Mysql {
        index.predicate = Some(format!("{deleted} IS NULL"));
        return index;
    }
    if table.column(LIVE).is_none() {
        let expression = format!("if({deleted} is null,1,NULL)");
        let ty = dialect.reported("tinyint(1)").into();
        let generated = Some(Generated { expression, stored: false }.into());
        table.columns.push(Column { name: LIVE.into(), ty, generated, ..Column::default() });
    }
    index.parts.push(IndexPart { column: LIVE.into(), ..IndexPart::default() });
    index
}

fn lower_part(dialect: Dialect, entity: &Entity, part: &IndexPartDeclaration) -> Option<IndexPart> {
    let column = match &part.expression {
        Some(_) => String::new(),
        None => entity.field(&part.field)?.column_name().to_string(),
    };
    Some(IndexPart {
        column,
        expression: part.expression.clone(),
        descending: part.descending,
        nulls: part.nulls,
        operator_class: part.operator_class.clone().filter(|_| dialect == Dialect::Postgres),
        collation: part.collation.clone(),
        length: part.length.filter(|_| dialect == Dialect::Mysql),
    })
}

/// What the dialect lacks is an error: leaving it out would change what the index does.
fn supported(lowering: &mut Lowering<'_>, declaration: &IndexDeclaration, table: &Table) -> bool {
    let title = lowering.dialect.title();
    let expression = declaration.parts.iter().any(|part| part.expression.is_some());
    let nulls = declaration.parts.iter().any(|part| part.nulls != crate::model::NullsOrder::Default);
    let fatal = |problem: &str, instead: &str| {
        Some(Diagnostic::error("schema-unsupported-index", format!("{title} has no {problem}")).help(instead))
    };
    let problem = match lowering.dialect {
        Dialect::Postgres => None,
        Dialect::Mysql if declaration.predicate.is_some() => {
            fatal("partial indexes", "index a generated column that is NULL where the row does not count")
        }
        Dialect::Mysql if expression => fatal("indexes on expressions", "index a `#[generated(\"…\")]` column"),
        Dialect::Sqlite if declaration.deferral.deferrable => {
            fatal("deferrable unique constraints", "remove `deferrable`")
        }
        Dialect::Sqlite | Dialect::Mysql if declaration.nulls_not_distinct => {
            fatal("unique constraints over NULLs", "make the fields mandatory, or remove `nulls_not_distinct`")
        }
        Dialect::Sqlite | Dialect::Mysql if nulls => {
            fatal("order of NULLs in indexes", "remove `nulls first` or `nulls last`")
        }
        Dialect::Sqlite | Dialect::Mysql if !declaration.include.is_empty() => {
            fatal("included columns", "add the fields to the key of the index")
        }
        Dialect::Sqlite if declaration.method.is_some() => {
            fatal("index methods", "it has B-trees only; full text is a virtual table")
        }
        Dialect::Sqlite | Dialect::Mysql => None,
    };
    let Some(problem) = problem else { return true };
    lowering.report(problem, &declaration.span, ObjectKey::of(ObjectKind::Table, &table.name));
    false
}
