//! What `MODIFY` and `CHANGE` of MariaDB do to a column that is there.

use relata_schema::sql::{ColumnDefinition, Name, TypeName};

use super::Context;

/// Why the table is copied; `None`: it is not, as far as one knows.
pub fn redefinition(context: &Context<'_>, table: &Name, from: &Name, column: &ColumnDefinition) -> Option<String> {
    let new = column.ty.as_ref()?;
    let Some(old) = context.facts.column(table, from.last()) else {
        return Some(format!("perhaps another type of {from}"));
    };
    let Some(before) = old.ty.as_ref() else { return Some(format!("perhaps another type of {from}")) };
    if !stays_in_place(before, new) {
        return Some(format!("another type of {from}"));
    }
    let charset = column.charset.is_some() && column.charset != old.charset;
    if charset || column.collation.is_some() {
        return Some(format!("another character set or collation of {from}"));
    }
    None
}

/// The new type is the old one, a longer `varchar` with as many bytes for its length, or an enum with more at its end.
fn stays_in_place(old: &TypeName, new: &TypeName) -> bool {
    if old.unsigned != new.unsigned {
        return false;
    }
    let number = |ty: &TypeName| ty.arguments.first().and_then(|length| length.parse::<u64>().ok()).unwrap_or(0);
    match (old.name.as_str(), new.name.as_str()) {
        // The length in bytes is not known without the character set: four bytes a character decide.
        ("varchar", "varchar") => {
            let bytes = |ty: &TypeName| number(ty) * 4 > 255;
            number(new) >= number(old) && bytes(old) == bytes(new)
        }
        ("enum", "enum") | ("set", "set") => new.arguments.starts_with(&old.arguments),
        ("tinyint" | "smallint" | "mediumint" | "integer" | "bigint", name) => name == old.name,
        (name, other) => name == other && old.arguments == new.arguments,
    }
}
