//! Laws over generated schemas: what is printed is read back; a plan reaches its target, and comes back.

use proptest::prelude::*;
use relata_plan::PlanOptions;
use relata_schema::dialect::sqlite::types;
use relata_schema::model::{
    Action, Check, Column, Deferral, ForeignKey, Generated, Index, IndexPart, Key, ObjectName, Table, View,
};
use relata_schema::{Dialect, Schema};

use crate::harness::{block_on, loaded, schema};

const TABLES: [&str; 4] = ["author", "Order", "größe x", "a\"b"];
const COLUMNS: [&str; 5] = ["id", "Name", "select", "größe", "c d"];
const TYPES: [&str; 6] = ["INTEGER", "TEXT", "NVARCHAR(160)", "DECIMAL(10,2)", "", "BLOB"];
const DEFAULTS: [&str; 6] = ["1", "-1.5", "'it''s'", "CURRENT_TIMESTAMP", "datetime('now')", "NULL"];

fn pick(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(from).prop_map(str::to_string)
}

fn column(name: &'static str) -> impl Strategy<Value = Column> {
    let default = proptest::option::of(pick(&DEFAULTS));
    let collation = proptest::option::of(pick(&["NOCASE", "RTRIM"]));
    (pick(&TYPES), any::<bool>(), default, collation).prop_map(move |(ty, not_null, default, collation)| Column {
        name: name.into(),
        ty: types::read(&ty).into(),
        not_null,
        default,
        collation,
        ..Column::default()
    })
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    let all: Vec<_> = COLUMNS.iter().map(|name| (any::<bool>(), column(name))).collect();
    all.prop_map(|columns| {
        let mut out: Vec<Column> = Vec::new();
        for (index, (keep, column)) in columns.into_iter().enumerate() {
            if keep || index == 0 {
                out.push(column);
            }
        }
        out
    })
}

fn part(column: &Column, descending: bool) -> IndexPart {
    IndexPart { descending, ..IndexPart::column(&column.name) }
}

/// Bits decide what a table has.
fn table(name: &'static str) -> impl Strategy<Value = Table> {
    (columns(), proptest::collection::vec(any::<bool>(), 10), 0..TABLES.len()).prop_map(move |(columns, on, parent)| {
        let (first, last) = (columns[0].clone(), columns[columns.len() - 1].clone());
        let mut table = Table { name: ObjectName::bare(name), columns, ..Table::default() };
        if on[0] {
            let parts = if on[1] { vec![part(&last, on[2]), part(&first, false)] } else { vec![part(&first, on[2])] };
            let parts = if first.name == last.name { vec![part(&first, on[2])] } else { parts };
            table.primary_key = Some(Key { name: "pk".into(), parts, ..Key::default() });
            table.options.without_rowid = on[3];
        }
        if on[4] {
            table.uniques.push(Key { parts: vec![part(&last, false)], ..Key::default() });
        }
        if on[5] {
            let expression = format!("{} <> 'x,)'", Dialect::Sqlite.quote(&first.name));
            table.checks.push(Check { expression, ..Check::default() });
        }
        if on[6] {
            table.foreign_keys.push(ForeignKey {
                columns: vec![last.name.clone()],
                references: ObjectName::bare(TABLES[parent]),
                on_delete: if on[1] { Action::SetNull } else { Action::Cascade },
                deferral: Deferral { deferrable: on[2], initially_deferred: on[2] },
                ..ForeignKey::default()
            });
        }
        if on[7] {
            let expression = format!("{} || '!'", Dialect::Sqlite.quote(&first.name));
            let generated = Some(Generated { expression, stored: on[1] });
            table.columns.push(Column {
                name: "made".into(),
                ty: types::read("TEXT").into(),
                generated: generated.map(Box::new),
                ..Column::default()
            });
        }
        if on[8] {
            let expression = format!("lower({})", Dialect::Sqlite.quote(&last.name));
            let parts = vec![IndexPart { expression: Some(expression), ..IndexPart::default() }, part(&first, on[1])];
            let predicate = on[2].then(|| format!("{} IS NOT NULL", Dialect::Sqlite.quote(&first.name)));
            table.indexes.push(Index {
                name: format!("{name} i"),
                unique: on[9],
                parts,
                predicate,
                ..Index::default()
            });
        }
        table
    })
}

fn schemas() -> impl Strategy<Value = Schema> {
    let tables: Vec<_> = TABLES.iter().map(|name| (any::<bool>(), table(name))).collect();
    (tables, any::<bool>()).prop_map(|(tables, view)| {
        let mut schema = Schema::new(Dialect::Sqlite);
        schema.tables = tables.into_iter().filter(|(keep, _)| *keep).map(|(_, table)| table).collect();
        if let Some(table) = schema.tables.first().filter(|_| view) {
            let query = format!("SELECT * FROM {}", Dialect::Sqlite.quote(&table.name.name));
            schema.views.push(View { name: ObjectName::bare("seen"), query, ..View::default() });
        }
        schema
    })
}

/// As a database reports it.
fn live(schema_: &Schema) -> Schema {
    schema(&mut *loaded(&Dialect::Sqlite.script(schema_)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_reading_is_the_identity(generated in schemas()) {
        let first = live(&generated);
        prop_assert_eq!(first.tables.len(), generated.tables.len());
        prop_assert_eq!(live(&first), first);
    }

    #[test]
    fn plans_reach_their_target_and_come_back(a in schemas(), b in schemas()) {
        let (a, b) = (live(&a), live(&b));
        let mut connection = loaded(&Dialect::Sqlite.script(&a));
        for (from, to) in [(&a, &b), (&b, &a)] {
            let (plan, _) = relata_plan::plan(from, to, &PlanOptions::default());
            let script = plan.script();
            let applied = block_on(connection.batch(&script));
            prop_assert!(applied.is_ok(), "{:?}\n{}", applied, script);
            let reached = schema(&mut *connection);
            let (rest, _) = relata_plan::plan(&reached, to, &PlanOptions::default());
            prop_assert!(rest.is_empty(), "left over:\n{}\nafter\n{}", rest.script(), script);
        }
    }
}
