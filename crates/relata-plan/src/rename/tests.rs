//! What is proposed, what is not, and that one rename among many edits is always seen.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use relata_schema::model::{Column, EnumType, ForeignKey, Index, IndexPart, Key, Sequence, Table};
use relata_schema::{ColumnType, Dialect, Type};

use super::*;

fn ty(word: &str) -> ColumnType {
    let logical = match word {
        "integer" => Type::Int(4),
        "bigint" => Type::Int(8),
        "boolean" => Type::Bool,
        "date" => Type::Date,
        "timestamp" => Type::Timestamp(None),
        "uuid" => Type::Uuid,
        "varchar(80)" => Type::VarChar(80),
        _ => Type::Text,
    };
    ColumnType::new(logical, word)
}

/// `name type` for each column; a `!` behind the type is NOT NULL.
fn table(name: &str, columns: &[&str]) -> Table {
    let column = |text: &&str| {
        let (name, word) = text.split_once(' ').unwrap();
        Column {
            name: name.into(),
            ty: ty(word.trim_end_matches('!')).into(),
            not_null: word.ends_with('!'),
            ..Column::default()
        }
    };
    let columns: Vec<Column> = columns.iter().map(column).collect();
    let primary_key = columns.first().filter(|column| column.name == "id").map(|_| Key::over("", &["id"]));
    Table { name: ObjectName::new("public", name), columns, primary_key, ..Table::default() }
}

fn schema(tables: Vec<Table>) -> Schema {
    Schema { tables, ..Schema::new(Dialect::Postgres) }
}

fn lines(questions: &[Question]) -> String {
    let line = |question: &Question| {
        let candidate = |c: &Candidate| format!("{} {} ({})", c.score, c.rename.to, c.reasons.join(", "));
        let candidates: Vec<String> = question.candidates.iter().map(candidate).collect();
        format!("{} -> {}", question.object, candidates.join("; "))
    };
    questions.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn check(from: &Schema, to: &Schema, expected: Expect) {
    expected.assert_eq(&lines(&all_questions(from, to, &[], &[])));
}

const POSTS: &[&str] = &["id bigint!", "title varchar(80)!", "body text", "author_id bigint!", "created_at timestamp!"];

#[test]
fn a_column_under_another_name_in_its_place() {
    check(
        &schema(vec![table("posts", POSTS)]),
        &schema(vec![table(
            "posts",
            &["id bigint!", "headline varchar(80)!", "body text", "author_id bigint!", "created_at timestamp!"],
        )]),
        expect![[r#"column public.posts.title -> 73 headline (the same type, the same place)"#]],
    );
}

#[test]
fn a_column_that_moved_is_known_by_its_name_and_surroundings() {
    let mut from = table("posts", &["id bigint!", "mail varchar(80)!", "body text", "rank integer"]);
    from.uniques = vec![Key::over("posts_mail", &["mail"])];
    let mut to = table("posts", &["id bigint!", "body text", "rank integer", "email varchar(80)!"]);
    to.uniques = vec![Key::over("posts_email", &["email"])];
    check(
        &schema(vec![from]),
        &schema(vec![to]),
        expect!["column public.posts.mail -> 77 email (the same type, the names are alike, the same indexes)"],
    );
}

#[test]
fn unrelated_columns_are_not_proposed() {
    check(
        &schema(vec![table("posts", &["id bigint!", "note varchar(80)", "rank integer", "legacy boolean"])]),
        &schema(vec![table("posts", &["id bigint!", "rank integer", "published_at timestamp!", "weight bigint"])]),
        expect![[""]],
    );
}

#[test]
fn ambiguity_is_listed_by_score() {
    check(
        &schema(vec![table("a", &["id bigint!", "first text", "second text", "rest date"])]),
        &schema(vec![table("a", &["id bigint!", "one text", "two text", "rest date"])]),
        expect![[r#"
            column public.a.first -> 73 one (the same type, the same place); 65 two (the same type, the same place)
            column public.a.second -> 73 two (the same type, the same place); 65 one (the same type, the same place)"#]],
    );
}

#[test]
fn tables_by_their_columns_and_who_refers_to_them() {
    let reference = |columns: &str, to: &str| ForeignKey {
        columns: vec![columns.into()],
        references: ObjectName::new("public", to),
        referenced_columns: vec!["id".into()],
        ..ForeignKey::default()
    };
    let mut old = table("posts", POSTS);
    old.foreign_keys = vec![reference("author_id", "users")];
    let mut comments = table("comments", &["id bigint!", "post_id bigint!", "text text"]);
    comments.foreign_keys = vec![reference("post_id", "posts")];
    let users = table("users", &["id bigint!", "name text"]);
    let mut new = table(
        "articles",
        &["id bigint!", "headline varchar(80)!", "body text", "author_id bigint!", "created_at timestamp!"],
    );
    new.foreign_keys = vec![reference("author_id", "users")];
    let mut new_comments = comments.clone();
    new_comments.foreign_keys = vec![reference("post_id", "articles")];
    let other = table("invoices", &["id bigint!", "number integer!", "created_at timestamp!"]);
    check(
        &schema(vec![old, comments, users.clone()]),
        &schema(vec![new, new_comments, users, other]),
        expect![[r#"
            table public.posts -> 78 public.articles (most columns are the same, the same tables refer to it, it refers to the same tables)
            column public.posts.title -> 73 headline (the same type, the same place)"#]],
    );
}

#[test]
fn small_and_bookkeeping_tables_are_not_confused() {
    let many = |names: &[&str]| -> Vec<Table> {
        names.iter().map(|name| table(name, &["id bigint!", "name text", "created_at timestamp!"])).collect()
    };
    check(&schema(many(&["a", "b", "c", "d"])), &schema(many(&["a", "b", "c", "x"])), expect![[r#""#]]);
    let mut january = table("events_1", POSTS);
    january.partition_of = Some(relata_schema::model::PartitionOf {
        parent: ObjectName::new("public", "events"),
        bound: "FOR VALUES FROM (1) TO (2)".into(),
    });
    let mut february = january.clone();
    february.name.name = "events_2".into();
    february.partition_of.as_mut().unwrap().bound = "FOR VALUES FROM (2) TO (3)".into();
    check(&schema(vec![january]), &schema(vec![february]), expect![[""]]);
}

#[test]
fn enums_their_values_and_sequences() {
    let mood = |name: &str, values: &[&str]| EnumType {
        name: ObjectName::new("public", name),
        values: values.iter().map(ToString::to_string).collect(),
        ..EnumType::default()
    };
    let sequence = |name: &str| Sequence { name: ObjectName::new("public", name), ..Sequence::default() };
    let mut from = schema(vec![table("people", &["id bigint!", "mood public.mood"])]);
    from.enums = vec![mood("mood", &["sad", "ok", "glad"]), mood("state", &["draft", "live", "gone"])];
    from.sequences = vec![sequence("invoice_numbers")];
    let mut to = schema(vec![table("people", &["id bigint!", "mood public.feeling"])]);
    to.enums = vec![mood("feeling", &["sad", "ok", "glad"]), mood("state", &["draft", "published", "gone"])];
    to.sequences = vec![sequence("invoice_number")];
    check(
        &from,
        &to,
        expect![[r#"
        enum public.mood -> 85 public.feeling (the same values, the same columns use it)
        sequence public.invoice_numbers -> 85 public.invoice_number (the names are alike, the same numbers)
        enum public.state.live -> 60 published (the same place)"#]],
    );
}

#[test]
fn what_is_known_or_refused_is_not_asked() {
    let from = schema(vec![table("a", &["id bigint!", "x text"])]);
    let to = schema(vec![table("a", &["id bigint!", "y text"])]);
    let key = ObjectKey::member(ObjectKind::Column, &from.tables[0].name, "x");
    assert_eq!(questions(&from, &to, &[], &[]).len(), 1);
    assert_eq!(questions(&from, &to, &[], std::slice::from_ref(&key)), []);
    let known = [Rename { from: key, to: ObjectName::bare("y") }];
    assert_eq!(questions(&from, &to, &known, &[]), []);
}

const WORDS: &[&str] = &["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty"];
const TYPES: &[&str] = &["text", "integer", "bigint", "boolean", "date", "timestamp", "uuid", "varchar(80)"];

/// Tables with a few columns each; names are unique, types are not.
fn schemas() -> impl Strategy<Value = Schema> {
    let columns = prop::collection::vec((0..TYPES.len(), any::<bool>()), 3..9);
    prop::collection::vec(columns, 2..7).prop_map(|tables| {
        let mut number = 0;
        let table = |(index, columns): (usize, Vec<(usize, bool)>)| {
            let mut texts = vec!["id bigint!".to_string()];
            for (ty, not_null) in columns {
                number += 1;
                let word = WORDS[number % WORDS.len()];
                texts.push(format!("{word}_{number} {}{}", TYPES[ty], if not_null { "!" } else { "" }));
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            table(&format!("{}_{index}", WORDS[index]), &texts)
        };
        schema(tables.into_iter().enumerate().map(table).collect())
    })
}

/// One of the other edits, on another table than `spared` or on other columns of it.
fn edit(
    schema: &mut Schema,
    (what, at, ty_index): (u8, prop::sample::Index, usize),
    spared: (&str, &str),
    number: usize,
) {
    let index = at.index(schema.tables.len());
    let is_spared = schema.tables[index].name.name == spared.0 || schema.tables.len() < 3;
    let table = &mut schema.tables[index];
    let column = at.index(table.columns.len());
    let may_change = column > 0 && table.columns[column].name != spared.1;
    match what {
        0 if may_change => drop(table.columns.remove(column)),
        1 => {
            let text = format!("quartz_{number} {}", TYPES[ty_index]);
            table.columns.push(self::table("x", &[&text]).columns.remove(0));
        }
        2 if may_change => table.columns[column].ty = ty(TYPES[ty_index]).into(),
        3 if may_change => table.columns[column].not_null = !table.columns[column].not_null,
        4 if may_change => table.columns[column].default = Some(format!("{number}")),
        5 => {
            let parts = vec![IndexPart::column(&table.columns[column].name)];
            table.indexes.push(Index { name: format!("index_{number}"), parts, ..Index::default() });
        }
        6 if !is_spared => drop(schema.tables.remove(index)),
        7 => schema.tables.push(self::table(&format!("new_{number}"), &["id bigint!", "other text", "more date"])),
        _ => table.comment = Some(format!("comment {number}")),
    }
}

proptest! {
    #[test]
    fn a_schema_asks_nothing_of_itself(schema in schemas()) {
        prop_assert_eq!(questions(&schema, &schema, &[], &[]), []);
    }

    #[test]
    fn one_renamed_column_among_eleven_edits_is_seen(
        from in schemas(),
        at in any::<prop::sample::Index>(),
        edits in prop::collection::vec((0u8..9, any::<prop::sample::Index>(), 0..TYPES.len()), 11),
    ) {
        let mut to = from.clone();
        let table = at.index(to.tables.len());
        let column = 1 + at.index(to.tables[table].columns.len() - 1);
        let (table_name, old) = (to.tables[table].name.clone(), to.tables[table].columns[column].name.clone());
        to.tables[table].columns[column].name = "completely_other".into();
        for (number, edited) in edits.into_iter().enumerate() {
            edit(&mut to, edited, (&table_name.name, "completely_other"), number);
        }
        let wanted = Rename {
            from: ObjectKey::member(ObjectKind::Column, &table_name, &old),
            to: ObjectName::bare("completely_other"),
        };
        let found = questions(&from, &to, &[], &[]);
        let seen = found.iter().flat_map(|question| &question.candidates).any(|candidate| candidate.rename == wanted);
        prop_assert!(seen, "{}", lines(&found));
    }

    #[test]
    fn one_renamed_table_among_eleven_edits_is_seen(
        from in schemas(),
        at in any::<prop::sample::Index>(),
        edits in prop::collection::vec((0u8..9, any::<prop::sample::Index>(), 0..TYPES.len()), 11),
    ) {
        let mut to = from.clone();
        let table = at.index(to.tables.len());
        let old = to.tables[table].name.clone();
        let renamed = Table { name: ObjectName::new("public", "completely_other"), ..to.tables.remove(table) };
        for (number, edited) in edits.into_iter().enumerate() {
            edit(&mut to, edited, ("", ""), number);
        }
        to.tables.push(renamed);
        let found = questions(&from, &to, &[], &[]);
        let wanted = Rename { from: ObjectKey::of(ObjectKind::Table, &old), to: ObjectName::new("public", "completely_other") };
        let seen = found.iter().flat_map(|question| &question.candidates).any(|candidate| candidate.rename == wanted);
        prop_assert!(seen, "{}", lines(&found));
    }

    #[test]
    fn columns_of_another_kind_are_no_candidates(from in schemas(), at in any::<prop::sample::Index>()) {
        let mut to = from.clone();
        let table = at.index(to.tables.len());
        let column = 1 + at.index(to.tables[table].columns.len() - 1);
        let changed = &mut to.tables[table].columns[column];
        let other = if matches!(changed.ty.logical, Type::Uuid) { "boolean" } else { "uuid" };
        (changed.name, changed.ty) = ("unlike".into(), ty(other).into());
        prop_assert_eq!(questions(&from, &to, &[], &[]), []);
    }
}
