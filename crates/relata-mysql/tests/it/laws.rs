//! The laws over generated schemas: what is read comes back, and a plan reaches what it aims at, there and back.
//!
//! `PROPTEST_CASES` asks for more than the few that are quick.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::migrate::migrate;
use crate::round_trip::comes_back;
use crate::server::is_mysql;

/// Types with a default that fits, and how an index takes them: whole, by a prefix, or not at all.
const TYPES: &[(&str, &str, &str)] = &[
    ("int", "5", ""),
    ("int unsigned", "5", ""),
    ("bigint", "-1", ""),
    ("smallint", "(1 + 2)", ""),
    ("tinyint(1)", "1", ""),
    ("varchar(20)", "'it''s'", ""),
    ("varchar(200)", "'\\\\'", "(10)"),
    ("varchar(30) CHARACTER SET latin1", "''", ""),
    ("varchar(30) COLLATE utf8mb4_bin", "'a;b'", ""),
    ("char(5)", "'x'", ""),
    ("text", "('t')", "(8)"),
    ("mediumtext", "(concat('a','b'))", "(8)"),
    ("blob", "('b')", "(8)"),
    ("varbinary(30)", "'v'", ""),
    ("decimal(10,2)", "1.50", ""),
    ("double", "0.5", ""),
    ("date", "'2020-01-01'", ""),
    ("datetime(3)", "current_timestamp(3)", ""),
    ("timestamp", "current_timestamp()", ""),
    ("time", "'10:00:00'", ""),
    ("json", "('{}')", "-"),
    ("enum('a','b')", "'a'", ""),
    ("enum('a','b','c''d')", "'b'", ""),
    ("set('x','y')", "'x,y'", ""),
    ("year", "2020", ""),
    ("bit(4)", "b'101'", ""),
    ("uuid", "(uuid())", ""),
];

const NAMES: &[&str] = &["a", "b", "order", "Mixed", "a b", "größe", "tick`ed"];

#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    ty: usize,
    not_null: bool,
    default: bool,
    comment: bool,
    check: bool,
    generated: Option<bool>,
}

#[derive(Debug, Clone)]
struct Table {
    columns: Vec<Column>,
    indexes: Vec<(Vec<&'static str>, bool, bool)>,
    utf8: bool,
    check: Option<u8>,
    points_to: Vec<usize>,
    action: &'static str,
    trigger: Option<u8>,
    view: Option<u8>,
}

#[derive(Debug, Clone)]
struct Generated {
    wide: bool,
    tables: Vec<(usize, Table)>,
}

fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn column(name: &'static str) -> impl Strategy<Value = Column> {
    (0..TYPES.len(), any::<[bool; 4]>(), prop::option::weighted(0.15, any::<bool>())).prop_map(
        move |(ty, [not_null, default, comment, check], generated)| Column {
            name,
            ty,
            not_null: not_null && generated.is_none(),
            default: default && generated.is_none(),
            comment,
            check: check && generated.is_none(),
            generated,
        },
    )
}

fn table() -> impl Strategy<Value = Table> {
    let columns = subsequence(NAMES, 1..=5).prop_flat_map(|names| names.into_iter().map(column).collect::<Vec<_>>());
    let index = (subsequence(NAMES, 1..=2), any::<bool>(), any::<bool>());
    (
        columns,
        prop::collection::vec(index, 0..3),
        any::<bool>(),
        prop::option::of(0..3_u8),
        subsequence(vec![0, 1, 2], 0..=2),
        select(vec!["", " ON DELETE CASCADE", " ON UPDATE SET NULL"]),
        prop::option::of(0..2_u8),
        prop::option::of(0..2_u8),
    )
        .prop_map(|(columns, indexes, utf8, check, points_to, action, trigger, view)| Table {
            columns,
            indexes,
            utf8,
            check,
            points_to,
            action,
            trigger,
            view,
        })
}

fn schema() -> impl Strategy<Value = Generated> {
    let tables = (subsequence(vec![0_usize, 1, 2], 0..=3), prop::collection::vec(table(), 3));
    (any::<bool>(), tables)
        .prop_map(|(wide, (numbers, tables))| Generated { wide, tables: numbers.into_iter().zip(tables).collect() })
}

impl Generated {
    fn script(&self) -> String {
        let key = if self.wide { "bigint unsigned" } else { "int" };
        let mut out = String::new();
        for (number, table) in &self.tables {
            out.push_str(&table.create(*number, key));
        }
        let there = |number: &usize| self.tables.iter().any(|(other, _)| other == number);
        for (number, table) in &self.tables {
            for target in table.points_to.iter().filter(|target| there(target)) {
                let _ = writeln!(
                    out,
                    "ALTER TABLE t{number} ADD r{target} {key}, ADD CONSTRAINT t{number}_r{target} \
                     FOREIGN KEY (r{target}) REFERENCES t{target} (id){};",
                    table.action
                );
            }
            if let Some(kind) = table.trigger {
                let _ =
                    writeln!(out, "CREATE TRIGGER g{number} BEFORE INSERT ON t{number} FOR EACH ROW SET @a = {kind};");
            }
            if let Some(kind) = table.view {
                let _ = writeln!(out, "CREATE VIEW v{number} AS SELECT id, {kind} AS kind FROM t{number};");
            }
        }
        out
    }
}

impl Table {
    fn create(&self, number: usize, key: &str) -> String {
        let mut lines =
            vec![format!("id {key} NOT NULL AUTO_INCREMENT PRIMARY KEY"), "n int NOT NULL DEFAULT 5".into()];
        lines.extend(self.columns.iter().map(Column::definition));
        for (index, (names, unique, descending)) in self.indexes.iter().enumerate() {
            let part = |name: &&&str| {
                let column = self.columns.iter().find(|column| column.name == **name)?;
                let prefix = if column.generated.is_some() { "" } else { TYPES[column.ty].2 };
                let direction = if *descending { " DESC" } else { "" };
                (prefix != "-").then(|| format!("{}{prefix}{direction}", quote(name)))
            };
            let parts: Vec<String> = names.iter().filter_map(|name| part(&name)).collect();
            if !parts.is_empty() {
                let kind = if *unique { "UNIQUE KEY" } else { "KEY" };
                lines.push(format!("{kind} i{index} ({})", parts.join(", ")));
            }
        }
        lines.extend(self.check.map(|limit| format!("CONSTRAINT t{number}_check CHECK (n > {limit})")));
        let charset = if self.utf8 { "utf8mb4 COLLATE utf8mb4_unicode_ci" } else { "latin1" };
        format!("CREATE TABLE t{number} (\n  {}\n) CHARACTER SET {charset};\n", lines.join(",\n  "))
    }
}

impl Column {
    fn definition(&self) -> String {
        let mut out = quote(self.name);
        if let Some(stored) = self.generated {
            let kind = if stored { "STORED" } else { "VIRTUAL" };
            let _ = write!(out, " bigint AS (n * {}) {kind}", self.ty + 1);
        } else {
            let (ty, default, _) = TYPES[self.ty];
            // A collation of utf8mb4 needs that character set, whatever the table's.
            let ty = ty.replace("COLLATE utf8mb4_bin", "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
            let ty = if is_mysql() { ty.replace("uuid", "char(36)") } else { ty };
            let _ = write!(out, " {ty}{}", if self.not_null { " NOT NULL" } else { " NULL" });
            if self.default {
                let _ = write!(out, " DEFAULT {default}");
            }
        }
        if self.comment {
            let _ = write!(out, " COMMENT 'the ''{}'' column'", self.ty);
        }
        if self.check {
            let _ = write!(out, " CHECK ({} IS NOT NULL OR 1 = {})", quote(self.name), self.ty);
        }
        out
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 60, ..ProptestConfig::with_cases(
        std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
    ) })]

    #[test]
    fn what_is_read_comes_back(schema in schema()) {
        comes_back(&schema.script());
    }

    #[test]
    fn a_plan_reaches_its_aim_and_back(old in schema(), new in schema()) {
        migrate(&old.script(), &new.script());
        migrate(&new.script(), &old.script());
    }
}
