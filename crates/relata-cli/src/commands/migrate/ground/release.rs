//! PostgreSQL without a superuser: what would check or change rows while they are copied into a shadow database goes, and
//! comes back afterwards, when the copied rows are checked.

use relata_schema::Schema;
use relata_schema::dialect::postgres::print::{add_foreign_key, ident, qualified, trigger_state};

/// The statements that take foreign keys and triggers out of the way.
pub(super) fn off(schema: &Schema) -> Vec<String> {
    let mut statements = Vec::new();
    for table in &schema.tables {
        let name = qualified(&table.name);
        for key in table.foreign_keys.iter().filter(|key| !key.inherited) {
            statements.push(format!("ALTER TABLE {name} DROP CONSTRAINT {}", ident(&key.name)));
        }
        if !table.triggers.is_empty() {
            statements.push(format!("ALTER TABLE {name} DISABLE TRIGGER USER"));
        }
    }
    statements
}

/// The statements that bring them back as they were.
pub(super) fn on(schema: &Schema) -> Vec<String> {
    let mut statements = Vec::new();
    for table in &schema.tables {
        if !table.triggers.is_empty() {
            statements.push(format!("ALTER TABLE {} ENABLE TRIGGER USER", qualified(&table.name)));
        }
        statements.extend(table.triggers.iter().map(|trigger| trigger_state(&table.name, trigger)));
        let own = table.foreign_keys.iter().filter(|key| !key.inherited);
        statements.extend(own.map(|key| add_foreign_key(&table.name, key)));
    }
    statements
}
