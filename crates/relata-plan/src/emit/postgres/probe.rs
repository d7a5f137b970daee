//! How to find out from the catalogue whether a step was done: for what runs outside a transaction and was cut off.
//!
//! Every statement that cannot be run twice has a question that is false before it and true after it, as long as the
//! steps before it are done. Statements without a question set what they set again, or replace what they made. An index
//! that was being built concurrently when the run was cut off is there and invalid: that is not done.

use relata_schema::change::Step;
use relata_schema::dialect::postgres::print::literal;
use relata_schema::model::{ObjectKind, ObjectName};

use super::text::Text;

/// Fills in the question of every step that has none.
pub(super) fn ask(steps: &mut [Step]) {
    for step in steps.iter_mut().filter(|step| step.done_probe.is_empty()) {
        step.done_probe = question(step).map(|condition| format!("SELECT {condition}")).unwrap_or_default();
    }
}

fn question(step: &Step) -> Option<String> {
    let mut text = Text(&step.sql);
    if text.eat("ALTER TABLE ") {
        text.eat("ONLY ");
        let table = text.name();
        text.eat(" ");
        return alter_table(&table, text);
    }
    if text.eat("CREATE UNIQUE INDEX ") || text.eat("CREATE INDEX ") {
        text.eat("CONCURRENTLY ");
        text.eat("IF NOT EXISTS ");
        let name = text.part();
        let on = Text(text.0.split_once(" ON ")?.1.trim_start_matches("ONLY ")).name();
        let index = oid(&ObjectName::new(&on.namespace, name));
        // What is built for the parent alone becomes valid with the last of its partitions.
        let only = if step.sql.contains(" ON ONLY ") { "" } else { " AND indisvalid" };
        return Some(format!("EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {index}{only})"));
    }
    if text.eat("ALTER TYPE ") {
        return alter_type(text);
    }
    if text.eat("ALTER INDEX ") {
        let name = text.name();
        let renames = text.eat(" RENAME TO ");
        return renames.then(|| format!("{} IS NOT NULL", oid(&ObjectName::new(&name.namespace, text.part()))));
    }
    for (word, catalogue, prefix) in [("ALTER TRIGGER ", "trigger", "tg"), ("ALTER POLICY ", "policy", "pol")] {
        if text.eat(word) {
            text.part();
            let table = text.eat(" ON ").then(|| text.name())?;
            return text.eat(" RENAME TO ").then(|| member(catalogue, prefix, &table, &text.part(), true));
        }
    }
    if text.eat("CREATE ") {
        return create(step, text);
    }
    if text.eat("DROP ") {
        return drop(text);
    }
    None
}

/// The oid of a relation, NULL if there is none.
fn oid(name: &ObjectName) -> String {
    use relata_schema::dialect::postgres::print::qualified;
    format!("pg_catalog.to_regclass({})", literal(&qualified(name)))
}

fn ty(name: &ObjectName) -> String {
    use relata_schema::dialect::postgres::print::qualified;
    format!("pg_catalog.to_regtype({})", literal(&qualified(name)))
}

fn alter_table(table: &ObjectName, mut text: Text<'_>) -> Option<String> {
    let relation = oid(table);
    let column = |name: &str, there: bool| {
        let not = if there { "" } else { "NOT " };
        format!(
            "{not}EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {relation} AND attname = {} \
             AND NOT attisdropped)",
            literal(name)
        )
    };
    let constraint = |name: &str, there: bool, more: &str| {
        let not = if there { "" } else { "NOT " };
        format!(
            "{not}EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {relation} AND conname = {}{more})",
            literal(name)
        )
    };
    let child = |name: &ObjectName, there: bool| {
        let not = if there { "" } else { "NOT " };
        let child = oid(name);
        format!(
            "{not}EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = {relation} AND inhrelid = {child} \
             AND NOT inhdetachpending)"
        )
    };
    if text.eat("ADD COLUMN ") {
        Some(column(&text.part(), true))
    } else if text.eat("DROP COLUMN ") {
        Some(column(&text.part(), false))
    } else if text.eat("RENAME COLUMN ") {
        text.part();
        text.eat(" TO ").then(|| column(&text.part(), true))
    } else if text.eat("RENAME CONSTRAINT ") {
        text.part();
        text.eat(" TO ").then(|| constraint(&text.part(), true, ""))
    } else if text.eat("RENAME TO ") {
        Some(format!("{} IS NOT NULL", oid(&ObjectName::new(&table.namespace, text.part()))))
    } else if text.eat("SET SCHEMA ") {
        Some(format!("{} IS NOT NULL", oid(&ObjectName::new(text.part(), &table.name))))
    } else if text.eat("ADD CONSTRAINT ") {
        let name = text.part();
        let loose = text.0.ends_with(" NOT VALID");
        Some(constraint(&name, true, if loose { "" } else { " AND convalidated" }))
    } else if text.eat("VALIDATE CONSTRAINT ") {
        Some(constraint(&text.part(), true, " AND convalidated"))
    } else if text.eat("DROP CONSTRAINT ") {
        Some(constraint(&text.part(), false, ""))
    } else if text.eat("ATTACH PARTITION ") {
        Some(child(&text.name(), true))
    } else if text.eat("DETACH PARTITION ") {
        Some(child(&text.name(), false))
    } else if text.eat("ALTER COLUMN ") {
        let name = text.part();
        let generates = text.eat(" ADD GENERATED");
        let stops = text.eat(" DROP IDENTITY") || text.eat(" DROP EXPRESSION");
        let not = if generates { "" } else { "NOT " };
        (generates || stops).then(|| {
            format!(
                "{not}EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {relation} AND attname = {} \
                 AND (attidentity <> '' OR attgenerated <> ''))",
                literal(&name)
            )
        })
    } else {
        None
    }
}

fn alter_type(mut text: Text<'_>) -> Option<String> {
    let name = text.name();
    if text.eat(" ADD VALUE ") {
        let value = text.0.split(" BEFORE ").next()?.split(" AFTER ").next()?;
        return Some(format!(
            "EXISTS (SELECT FROM pg_catalog.pg_enum WHERE enumtypid = {} AND enumlabel = {value})",
            ty(&name)
        ));
    }
    if text.eat(" RENAME TO ") {
        return Some(format!("{} IS NOT NULL", ty(&ObjectName::new(&name.namespace, text.part()))));
    }
    let there = if text.eat(" ADD ATTRIBUTE ") {
        ""
    } else if text.eat(" DROP ATTRIBUTE ") {
        "NOT "
    } else {
        return None;
    };
    Some(format!(
        "{there}EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {} AND attname = {} AND NOT attisdropped)",
        oid(&name),
        literal(&text.part())
    ))
}

fn create(step: &Step, mut text: Text<'_>) -> Option<String> {
    for word in ["TABLE ", "UNLOGGED TABLE ", "VIEW ", "MATERIALIZED VIEW ", "SEQUENCE ", "UNLOGGED SEQUENCE "] {
        if text.eat(word) {
            return Some(format!("{} IS NOT NULL", oid(&text.name())));
        }
    }
    for word in ["TYPE ", "DOMAIN "] {
        if text.eat(word) {
            return Some(format!("{} IS NOT NULL", ty(&text.name())));
        }
    }
    if text.eat("SCHEMA ") {
        return Some(format!("EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {})", literal(&text.part())));
    }
    match step.object.kind {
        ObjectKind::Trigger => Some(member("trigger", "tg", &step.object.name, &step.object.member, true)),
        ObjectKind::Policy => Some(member("policy", "pol", &step.object.name, &step.object.member, true)),
        _ => None,
    }
}

fn drop(mut text: Text<'_>) -> Option<String> {
    for word in ["TABLE ", "VIEW ", "MATERIALIZED VIEW ", "SEQUENCE ", "INDEX "] {
        if text.eat(word) {
            text.eat("CONCURRENTLY ");
            text.eat("IF EXISTS ");
            return Some(format!("{} IS NULL", oid(&text.name())));
        }
    }
    for word in ["TYPE ", "DOMAIN "] {
        if text.eat(word) {
            return Some(format!("{} IS NULL", ty(&text.name())));
        }
    }
    if text.eat("SCHEMA ") {
        let name = literal(&text.part());
        return Some(format!("NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {name})"));
    }
    for (word, catalogue, prefix) in [("TRIGGER ", "trigger", "tg"), ("POLICY ", "policy", "pol")] {
        if text.eat(word) {
            text.eat("IF EXISTS ");
            let name = text.part();
            return text.eat(" ON ").then(|| member(catalogue, prefix, &text.name(), &name, false));
        }
    }
    None
}

/// Whether a table has a trigger or policy.
fn member(catalogue: &str, prefix: &str, table: &ObjectName, name: &str, there: bool) -> String {
    let not = if there { "" } else { "NOT " };
    format!(
        "{not}EXISTS (SELECT FROM pg_catalog.pg_{catalogue} WHERE {prefix}relid = {} AND {prefix}name = {})",
        oid(table),
        literal(name)
    )
}
