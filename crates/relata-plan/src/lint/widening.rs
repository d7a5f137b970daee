//! Which changes of a column's type keep every value, and which of them PostgreSQL makes in the catalogue alone.

use relata_schema::sql::TypeName;

/// PostgreSQL changes the type without looking at a row.
pub fn only_catalogue(old: &TypeName, new: &TypeName) -> bool {
    if old.array || new.array {
        return old == new;
    }
    let text = |ty: &TypeName| matches!(ty.name.as_str(), "text" | "varchar");
    match (old.name.as_str(), new.name.as_str()) {
        _ if text(old) && text(new) => limit(new) >= limit(old),
        ("varbit", "varbit") => limit(new) >= limit(old),
        ("numeric", "numeric") => wider_numeric(old, new),
        ("timestamp" | "timestamptz" | "time" | "timetz" | "interval", name) if name == old.name => {
            let digits = |ty: &TypeName| number(ty, 0).unwrap_or(6);
            digits(new) >= digits(old)
        }
        ("cidr", "inet") => true,
        (one, two) => one == two && old.arguments == new.arguments,
    }
}

/// Some value of the old type does not fit into the new one.
pub fn narrows(old: &TypeName, new: &TypeName) -> bool {
    let texts = ["varchar", "char", "text", "varbinary", "binary", "tinytext", "mediumtext", "longtext"];
    let is_text = |ty: &TypeName| texts.contains(&ty.name.as_str());
    if is_text(old) && is_text(new) {
        return limit(new) < limit(old);
    }
    match (size(old), size(new)) {
        (Some(before), Some(after)) => after < before || (after == before && old.unsigned != new.unsigned),
        _ if old.name == "numeric" && new.name == "numeric" => !wider_numeric(old, new),
        _ if is_text(old) && !is_text(new) => true,
        (None, Some(_)) if matches!(old.name.as_str(), "numeric" | "double precision" | "real" | "float") => true,
        _ => old.name == "timestamptz" && matches!(new.name.as_str(), "timestamp" | "date" | "time"),
    }
}

/// The longest text; `u64::MAX`: as long as one likes.
fn limit(ty: &TypeName) -> u64 {
    match (ty.name.as_str(), number(ty, 0)) {
        ("tinytext", _) => 255,
        ("mediumtext", _) => 16_777_215,
        ("char" | "binary", None) => 1,
        (_, Some(limit)) => limit,
        _ => u64::MAX,
    }
}

fn number(ty: &TypeName, at: usize) -> Option<u64> {
    ty.arguments.get(at)?.parse().ok()
}

/// No fewer digits before the point, and as many after it.
fn wider_numeric(old: &TypeName, new: &TypeName) -> bool {
    match (number(old, 0), number(new, 0)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(before), Some(after)) => after >= before && number(old, 1).unwrap_or(0) == number(new, 1).unwrap_or(0),
    }
}

/// Bytes of an integer type.
fn size(ty: &TypeName) -> Option<u8> {
    match ty.name.as_str() {
        "tinyint" => Some(1),
        "smallint" | "smallserial" => Some(2),
        "mediumint" => Some(3),
        "integer" | "serial" => Some(4),
        "bigint" | "bigserial" => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(text: &str) -> TypeName {
        let sql = format!("alter table t alter column c type {text}");
        let statements = relata_schema::sql::read(relata_schema::Dialect::Postgres, &sql);
        let relata_schema::sql::StatementKind::Alter(alter) = &statements[0].kind else { panic!("{sql}") };
        match &alter.actions[0].action {
            relata_schema::sql::Action::AlterColumn {
                change: relata_schema::sql::ColumnChange::Type { ty, .. },
                ..
            } => ty.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn which_changes_are_free_and_which_narrow() {
        for (old, new, free, narrow) in [
            ("varchar(10)", "varchar(20)", true, false),
            ("varchar(20)", "varchar(10)", false, true),
            ("varchar(20)", "text", true, false),
            ("text", "varchar", true, false),
            ("int", "bigint", false, false),
            ("bigint", "int", false, true),
            ("numeric(10,2)", "numeric(12,2)", true, false),
            ("numeric(10,2)", "numeric(12,4)", false, true),
            ("numeric(10,2)", "numeric", true, false),
            ("timestamp", "timestamptz", false, false),
            ("timestamp with time zone", "timestamp", false, true),
            ("text", "int", false, true),
            ("int", "text", false, false),
        ] {
            let (old_type, new_type) = (ty(old), ty(new));
            assert_eq!(only_catalogue(&old_type, &new_type), free, "{old} -> {new}");
            assert_eq!(narrows(&old_type, &new_type), narrow, "{old} -> {new}");
        }
    }
}
