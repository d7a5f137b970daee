//! The questions that MySQL's catalogue answers in another way than MariaDB's.
//!
//! It shows expressions with quotes and backslashes escaped, and what is not ASCII in them garbled: whether such an
//! expression is there cannot be asked, and the step counts as not done.

use relata_schema::dialect::mysql::print;
use relata_schema::model::{Check, Column, Index, ObjectName, Table};
use relata_schema::types::Type;

use super::{UNSEEN, count, literal};

/// The text of an expression as [`shown`] gives it, as a literal; `None` where that says nothing.
fn escaped(expression: &str) -> Option<String> {
    expression.is_ascii().then(|| literal(&expression.replace('\\', "\\\\").replace('\'', "\\'")))
}

/// What the catalogue shows, without the character set before literals that schemas do not have either.
fn shown(column: &str) -> String {
    let introducer = literal("_(?!binary|utf16|utf32|ucs2)[a-z0-9]+(\\\\')");
    format!("REGEXP_REPLACE({column}, {introducer}, '$1')")
}

/// The column is as described; its collation must be spelled out.
pub(super) fn column_is(table: &Table, column: &Column) -> String {
    let conditions = expressions(column).map(|expressions| {
        let mut conditions = vec![
            format!("table_name = {}", literal(&table.name.name)),
            format!("BINARY column_name = {}", literal(&column.name)),
            format!("column_type = {}", literal(&column.ty.physical)),
            format!("column_comment = {}", literal(column.comment.as_deref().unwrap_or_default())),
            format!("is_nullable = {}", if column.not_null { "'NO'" } else { "'YES'" }),
            format!("srs_id <=> {}", reference_system(column).unwrap_or("NULL")),
        ];
        conditions.extend(expressions);
        conditions.extend(column.collation.as_ref().map(|name| format!("collation_name = {}", literal(name))));
        let update = column.on_update.as_ref().map(|expression| format!("on update {expression}"));
        let stored = column.generated.as_ref().is_some_and(|generated| generated.stored);
        for (words, there) in [
            ("INVISIBLE", column.invisible),
            ("auto_increment", column.auto_increment),
            ("STORED", stored),
            (update.as_deref().unwrap_or("on update"), update.is_some()),
        ] {
            conditions.push(format!("LOCATE({}, extra) {}", literal(words), if there { "> 0" } else { "= 0" }));
        }
        count("columns", "table_schema", &conditions.join(" AND "), true)
    });
    conditions.unwrap_or_else(|| UNSEEN.into())
}

fn reference_system(column: &Column) -> Option<&str> {
    column.parameters.iter().find(|(key, _)| key == print::SRID).map(|(_, id)| id.as_str())
}

/// Conditions on the default, and on what a column is computed from; `None` if they cannot be asked.
fn expressions(column: &Column) -> Option<Vec<String>> {
    if let Some(generated) = &column.generated {
        return Some(vec![format!("{} = {}", shown("generation_expression"), escaped(&generated.expression)?)]);
    }
    let default = match column.default.as_deref() {
        None => "column_default IS NULL".to_string(),
        // Bytes are cut at the first that is zero.
        Some(_) if matches!(column.ty.logical, Type::Bytes(_)) => return None,
        Some(text) if text.starts_with('\'') => format!("column_default = {}", text.replace('\n', "\\n")),
        Some(text) => match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
            Some(expression) => format!("{} = {}", shown("column_default"), escaped(expression)?),
            None => format!("column_default = {}", literal(text)),
        },
    };
    Some(vec!["generation_expression = ''".into(), default])
}

/// The check says this, and holds, or does not.
pub(super) fn check_is(table: &ObjectName, check: &Check) -> String {
    let (Some(bare), Some(inside)) = (escaped(&check.expression), escaped(&format!("({})", check.expression))) else {
        return UNSEEN.into();
    };
    let enforced = if check.not_enforced { "NO" } else { "YES" };
    format!(
        "SELECT COUNT(*) > 0 FROM information_schema.table_constraints JOIN information_schema.check_constraints \
         USING (constraint_schema, constraint_name) WHERE constraint_schema = DATABASE() AND table_name = {} \
         AND constraint_name = {} AND enforced = '{enforced}' AND {} IN ({bare}, {inside})",
        literal(&table.name),
        literal(&check.name),
        shown("check_clause")
    )
}

/// Whether the catalogue shows all parts of an index as they are written.
pub(super) fn shows(index: &Index) -> bool {
    index.parts.iter().all(|part| part.expression.is_none())
}
