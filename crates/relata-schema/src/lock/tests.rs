//! The laws of the lock over generated schemas, and what it says about bad text.

use super::*;
use crate::model::{
    Check, Column, ForeignKey, Generated, Index, IndexPart, Key, Namespace, ObjectName, Routine, Table, Trigger, View,
};
use crate::types::{ColumnType, Type};

/// A deterministic source of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }

    fn name(&mut self, number: u64) -> String {
        let odd = ["a", "Ab c", "x / y", "tab\there", "q\"uote", "é", "new\nline", "order", "", "back\\slash", "a.b"];
        format!("{}{number}", self.pick(&odd))
    }

    fn text(&mut self) -> String {
        self.pick(&["a > 0", "'it''s'", "\"x\" / 2", "e'\\t'", "line\r\nline", "\u{1f600}"]).to_string()
    }

    fn schema(&mut self) -> Schema {
        let dialect = self.pick(Dialect::ALL);
        let namespace = |choices: &mut Self| if dialect == Dialect::Postgres { choices.name(0) } else { String::new() };
        let mut schema = Schema::new(dialect);
        for number in 0..self.below(5) {
            let name = ObjectName::new(namespace(self), self.name(number));
            let table = self.table(name);
            schema.tables.push(table);
        }
        for number in 0..self.below(3) {
            let name = ObjectName::new(namespace(self), self.name(number));
            schema.views.push(View { name: name.clone(), query: self.text(), ..View::default() });
            schema.routines.push(Routine { name: name.clone(), arguments: self.text(), ..Routine::default() });
            schema.routines.push(Routine { name, arguments: format!("{number} / b"), ..Routine::default() });
            schema.namespaces.push(Namespace { name: self.name(number), ..Namespace::default() });
        }
        schema.canonicalize();
        schema
    }

    fn table(&mut self, name: ObjectName) -> Table {
        let mut table = Table { name, ..Table::default() };
        for number in 0..self.below(6) {
            let column = self.column(number);
            table.columns.push(column);
        }
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let some = |choices: &mut Self| -> Vec<String> { columns.iter().filter(|_| choices.yes()).cloned().collect() };
        table.options.strict = self.yes();
        if self.yes() {
            table.primary_key = Some(Key::over(self.pick(&["", "pk"]), &some(self)));
        }
        for number in 0..self.below(3) {
            let label = if self.yes() { String::new() } else { self.name(number) };
            let over = some(self);
            table.uniques.push(Key::over(label.clone(), &over));
            table.checks.push(Check { name: label.clone(), expression: self.text(), ..Check::default() });
            table.indexes.push(Index {
                name: self.name(number),
                parts: over.iter().map(IndexPart::column).collect(),
                predicate: self.yes().then(|| self.text()),
                ..Index::default()
            });
            table.foreign_keys.push(ForeignKey { name: label, columns: over, ..ForeignKey::default() });
            table.triggers.push(Trigger { name: self.name(number), definition: self.text(), ..Trigger::default() });
        }
        table
    }

    fn column(&mut self, number: u64) -> Column {
        let ty =
            self.pick(&[Type::Int(4), Type::Text, Type::Decimal(Some((10, 2))), Type::Array(Box::new(Type::Bool))]);
        Column {
            name: self.name(number),
            ty: ColumnType::new(ty, self.pick(&["", "int", "varchar (10)"])).into(),
            not_null: self.yes(),
            default: self.yes().then(|| self.text()),
            generated: self.yes().then(|| Generated { expression: self.text(), stored: self.yes() }.into()),
            parameters: if self.yes() { vec![("a b".into(), self.text())] } else { Vec::new() },
            ..Column::default()
        }
    }
}

#[test]
fn a_lock_reads_back() {
    for seed in 0..150 {
        let schema = Choices(seed).schema();
        let text = write(&schema);
        let lock = parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        assert_eq!(lock.schema, schema, "seed {seed}");
        assert_eq!(lock.root, root(&schema), "seed {seed}");
        assert_eq!(write_with(&schema, Some(&lock)), text, "seed {seed}");
        assert_eq!(crate::json::read(&crate::json::write(&schema)), Ok(schema), "seed {seed}");
    }
}

#[test]
fn different_schemas_have_different_roots() {
    let mut roots = BTreeMap::new();
    for seed in 0..150 {
        let schema = Choices(seed).schema();
        if let Some(other) = roots.insert(root(&schema), schema.clone()) {
            assert_eq!(other, schema, "seed {seed}");
        }
    }
}

fn blog() -> Schema {
    let column = |name: &str| Column {
        name: name.into(),
        ty: ColumnType::new(Type::Text, "TEXT").into(),
        not_null: true,
        ..Column::default()
    };
    let posts =
        Table { name: ObjectName::bare("posts"), columns: vec![column("title"), column("body")], ..Table::default() };
    Schema { tables: vec![posts], ..Schema::new(Dialect::Sqlite) }
}

#[test]
fn the_text_is_reviewable() {
    let text = write(&blog());
    let shown: Vec<String> = text
        .lines()
        .map(|line| {
            line.split('\t').enumerate().filter(|(at, _)| *at != 1 && *at != 2).map(|(_, field)| field).collect()
        })
        .collect();
    assert_eq!(shown[0], "relata schema lock, format 1, sqlite");
    assert_eq!(shown[1], "");
    assert_eq!(shown[2], r#"table posts{"name":{"name":"posts"}}"#);
    let column = r#"{"name":"body","ty":{"physical":"TEXT"},"not_null":true,"position":1}"#;
    assert_eq!(shown[3], format!("table posts / column body{column}"));
    assert!(shown[4].starts_with("table posts / column title"));
}

#[test]
fn a_line_edited_by_hand_is_named() {
    let text = write(&blog()).replace("\"name\":\"body\"", "\"name\":\"text\"");
    let error = parse(&text).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 4: table posts / column body was edited by hand (its digest is wrong): \
         change the declaration and write the lock again"
    );
}

#[test]
fn identities_are_read_from_a_text_in_conflict() {
    let text = write(&blog());
    let title = text.lines().last().unwrap();
    let headline = title.replace("column title", "column headline");
    let conflict = text.replace(title, &format!("<<<<<<< ours\n{headline}\n=======\n{title}\n>>>>>>> theirs"));
    assert!(parse(&conflict).is_err());
    let identities = identity::salvage(&conflict);
    assert_eq!(identities["table posts / column headline"], identities["table posts / column title"]);
    assert_eq!(identities.len(), 4);
}

#[test]
fn identities_tell_renames_also_of_what_was_renamed_before() {
    let start = blog();
    let mut target = blog();
    target.tables[0].name = ObjectName::bare("articles");
    target.tables[0].columns[0].name = "headline".into();
    let mut lock = parse(&write(&start)).unwrap();
    let column = |table: &str, from: &str, to: &str| Rename {
        from: crate::model::ObjectKey::member(crate::model::ObjectKind::Column, &ObjectName::bare(table), from),
        to: ObjectName::bare(to),
    };
    let table = Rename { from: start.tables[0].key(), to: ObjectName::bare("articles") };
    lock.rename_all(&[table.clone(), column("posts", "title", "headline")]);
    assert_eq!(
        identity::renames(&lock.identities, &start, &target, &[]),
        [table, column("posts", "title", "headline")]
    );
    // The next rename: the migrations give `headline` now, which was `title` first.
    let (start, mut next) = (target.clone(), target);
    next.tables[0].columns[0].name = "caption".into();
    lock.rename_all(&[column("articles", "headline", "caption")]);
    let first = [
        Rename { from: start.tables[0].key(), to: ObjectName::bare("posts") },
        column("articles", "headline", "title"),
    ];
    assert_eq!(identity::renames(&lock.identities, &start, &next, &first), [column("articles", "headline", "caption")]);
    assert_eq!(identity::renames(&lock.identities, &next, &next, &first), []);
}

#[test]
fn conflicts_of_objects_are_not() {
    let text = write(&blog());
    let line = text.lines().nth(3).unwrap();
    let conflict = text.replace(line, &format!("<<<<<<< ours\n{line}\n=======\n>>>>>>> theirs"));
    let error = parse(&conflict).unwrap_err().to_string();
    assert!(error.starts_with("line 4: an unsolved conflict"), "{error}");
    let twice = text.replace(line, &format!("{line}\n{line}"));
    let error = parse(&twice).unwrap_err().to_string();
    assert!(error.starts_with("line 5: table posts / column body stands here twice"), "{error}");
}

#[test]
fn other_texts_are_refused() {
    assert!(parse("").unwrap_err().to_string().starts_with("line 1: no schema.lock"));
    let newer = "relata schema lock, format 2, sqlite\n";
    assert!(parse(newer).unwrap_err().to_string().contains("update relata"));
    let dialect = "relata schema lock, format 1, oracle\n";
    assert_eq!(parse(dialect).unwrap_err().to_string(), "line 1: \"oracle\" is no dialect");
    let orphan =
        write(&blog()).lines().filter(|line| !line.starts_with("table posts\t")).collect::<Vec<_>>().join("\n");
    assert!(parse(&orphan).unwrap_err().to_string().contains("the line of its table is missing"));
}

#[test]
fn a_rename_keeps_the_identity() {
    let mut old = parse(&write(&blog())).unwrap();
    let before = old.clone();
    let mut schema = blog();
    schema.tables[0].name = ObjectName::bare("articles");
    schema.tables[0].columns[0].name = "headline".into();
    old.rename("table posts", "table articles");
    old.rename("table articles / column title", "table articles / column headline");
    let new = parse(&write_with(&schema, Some(&old))).unwrap();
    let pair = |from: &str, to: &str| (from.to_string(), to.to_string());
    assert_eq!(
        before.renames(&new),
        [
            pair("table posts", "table articles"),
            pair("table posts / column body", "table articles / column body"),
            pair("table posts / column title", "table articles / column headline"),
        ]
    );
    // A new table of the old name is another object.
    schema.tables.push(blog().tables.remove(0));
    schema.canonicalize();
    let both = parse(&write_with(&schema, Some(&new))).unwrap();
    let identities: BTreeSet<&String> = both.identities.values().collect();
    assert_eq!(identities.len(), both.identities.len());
    assert_eq!(both.identities["table articles"], before.identities["table posts"]);
}
