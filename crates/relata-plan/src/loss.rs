//! What is lost for good between two schemas, by name: tables, columns, values of a type, what a narrower type cuts,
//! where a sequence stands.
//!
//! It is found by comparing the schemas, never by reading SQL: so it holds for hand-written migrations too. A migration
//! acknowledges it with a line `-- relata: loses table posts` or `-- relata: loses column posts.title`; a reason may
//! follow the name.
//!
//! What statements do to rows is no change of schema and is read from them ([`of_rows`]): a `DELETE`, `TRUNCATE` or `UPDATE`
//! of every row (`-- relata: loses rows of posts`, `-- relata: loses values of posts.title`). Deliberately not seen: what
//! such statements do with a `WHERE`, and what functions do.

use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::model::{Column, EnumType, ObjectKey, ObjectKind, ObjectName, Sequence, Table};
use relata_schema::sql::{self, Name, Statement, StatementKind};
use relata_schema::{ColumnType, Dialect, Schema, Type};

use crate::conversion::{Conversion, convert};
use crate::diff::diff;
use crate::rename::inline_values;

/// One thing that is lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// What it is lost from.
    pub object: ObjectKey,
    /// How.
    pub how: How,
}

/// How something is lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// It goes, with all that is in it.
    Dropped,
    /// Its type no longer holds every value; the text says which.
    Narrowed(String),
    /// A statement takes every row of the table.
    Emptied,
    /// A statement writes the column in every row.
    Overwritten,
    /// The column takes no NULL any more: rows that have one are given a value ([`filled`]). Nobody has to acknowledge it.
    Filled,
}

impl Loss {
    /// What a header has to name: `table posts`, `column posts.title`, `rows of posts`, `values of posts.title`.
    pub fn name(&self) -> String {
        match self.how {
            How::Emptied => format!("rows of {}", self.object.name),
            How::Overwritten => format!("values of {}.{}", self.object.name, self.object.member),
            How::Filled => format!("NULL in {}.{}", self.object.name, self.object.member),
            How::Dropped | How::Narrowed(_) => self.object.to_string(),
        }
    }

    /// One of the texts names it: exactly, or with a reason behind it. PostgreSQL's `public` may be left out.
    pub fn is_acknowledged(&self, acknowledged: &[String]) -> bool {
        if self.how == How::Filled {
            return true;
        }
        let full = self.name();
        let short = full.replacen(" public.", " ", 1);
        acknowledged.iter().any(|text| begins(text.trim(), &full) || begins(text.trim(), &short))
    }
}

/// `text` is `name`, or `name` and something that is no part of a name.
fn begins(text: &str, name: &str) -> bool {
    let rest = text.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':', ',', ';', '(']))
}

impl std::fmt::Display for Loss {
    /// `table posts with every row in it`, `column posts.title: values longer than 20 characters do not fit`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.how, self.object.kind) {
            (How::Emptied, _) => return write!(f, "every one of the {}", self.name()),
            (How::Overwritten, _) => return write!(f, "the {} in every row", self.name()),
            (How::Filled, _) => return write!(f, "where there is {}", self.name()),
            _ => write!(f, "{}", self.object)?,
        }
        match (&self.how, self.object.kind) {
            (How::Emptied | How::Overwritten | How::Filled, _) => Ok(()),
            (How::Dropped, ObjectKind::Table) => f.write_str(" with every row in it"),
            (How::Dropped, ObjectKind::Column) => f.write_str(" with its values"),
            (How::Dropped, _) => f.write_str(" and where it stands"),
            (How::Narrowed(why), _) => write!(f, ": {why}"),
        }
    }
}

/// Everything that is lost on the way from `from` to `to`, sorted. `renames` are the names that something goes on under.
pub fn losses(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Loss> {
    let mut found = Vec::new();
    for change in diff(from, to, renames) {
        match &change {
            Change::DropTable(table) => found.push(dropped(ObjectKey::of(ObjectKind::Table, &table.name))),
            Change::AlterTable { from: old, to: new, changes } => {
                found.extend(changes.iter().filter_map(|change| in_table(from.dialect, (old, new), renames, change)));
            }
            Change::Enum(Alteration::Alter { from, to }) => found.extend(values(from, to, renames)),
            Change::Sequence(Alteration::Drop(sequence)) if stands_alone(sequence, from, to, renames) => {
                found.push(dropped(ObjectKey::of(ObjectKind::Sequence, &sequence.name)));
            }
            _ => {}
        }
    }
    found.sort();
    found
}

/// The columns that took NULL in `from` and take none in `to`, sorted: rows that have one were given a value on the way.
pub fn filled(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Loss> {
    let mut found = Vec::new();
    for change in diff(from, to, renames) {
        let Change::AlterTable { from: old, changes, .. } = change else { continue };
        found.extend(changes.iter().filter_map(|change| match change {
            TableChange::Column(Alteration::Alter { from, to })
                if !from.not_null && to.not_null && from.generated.is_none() && to.generated.is_none() =>
            {
                let object = ObjectKey::member(ObjectKind::Column, &old.name, &from.name);
                Some(Loss { object, how: How::Filled })
            }
            _ => None,
        }));
    }
    found.sort();
    found
}

/// What the statements of a script take from every row of the tables of a schema, sorted. `renames` are what it calls
/// tables and columns in between.
pub fn of_rows(schema: &Schema, text: &str, renames: &[Rename]) -> Vec<Loss> {
    let mut found = Vec::new();
    for statement in sql::read(schema.dialect, text) {
        in_rows(schema, renames, &statement, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

fn in_rows(schema: &Schema, renames: &[Rename], statement: &Statement<'_>, found: &mut Vec<Loss>) {
    let same = |known: &ObjectName, name: &Name| {
        known.name.eq_ignore_ascii_case(name.last())
            && name
                .namespace()
                .is_none_or(|namespace| known.namespace.is_empty() || known.namespace.eq_ignore_ascii_case(namespace))
    };
    let named = |name: &Name| {
        let renamed = || {
            let rename = renames.iter().find(|rename| rename.from.member.is_empty() && same(&rename.to, name))?;
            schema.table(&rename.from.name)
        };
        schema.tables.iter().find(|table| same(&table.name, name)).or_else(renamed)
    };
    let column = |table: &'_ Table, name: &Name| {
        let named = |own: &str| own.eq_ignore_ascii_case(name.last());
        let renamed = || {
            let of = |rename: &&Rename| rename.from.kind == ObjectKind::Column && rename.from.name == table.name;
            let rename = renames.iter().filter(of).find(|rename| named(&rename.to.name))?;
            table.column(&rename.from.member).map(|column| column.name.clone())
        };
        table.columns.iter().find(|own| named(&own.name)).map(|own| own.name.clone()).or_else(renamed)
    };
    match &statement.kind {
        StatementKind::Do(inner) => inner.iter().for_each(|statement| in_rows(schema, renames, statement, found)),
        StatementKind::Truncate { tables, cascade } => {
            let mut emptied: Vec<&Table> = tables.iter().filter_map(named).collect();
            let mut at = 0;
            while let Some(table) = emptied.get(at).copied().filter(|_| *cascade) {
                let refers = |other: &&Table| other.foreign_keys.iter().any(|key| key.references == table.name);
                let more: Vec<&Table> = schema.tables.iter().filter(refers).collect();
                emptied.extend(more.into_iter().filter(|one| !tables_contain(&emptied, one)).collect::<Vec<_>>());
                at += 1;
            }
            found.extend(emptied.into_iter().map(|table| Loss { object: table.key(), how: How::Emptied }));
        }
        StatementKind::Write(write) => {
            for write in write.all().filter(|write| !write.limited) {
                let Some(table) = named(&write.table) else { continue };
                if write.verb == "DELETE" {
                    found.push(Loss { object: table.key(), how: How::Emptied });
                } else if write.verb == "UPDATE" {
                    let assigned = write.assigned.iter().flatten().filter_map(|name| column(table, name));
                    let key = |column: String| ObjectKey::member(ObjectKind::Column, &table.name, &column);
                    found.extend(assigned.map(|column| Loss { object: key(column), how: How::Overwritten }));
                }
            }
        }
        _ => {}
    }
}

fn tables_contain(tables: &[&Table], table: &Table) -> bool {
    tables.iter().any(|other| other.name == table.name)
}

/// The losses that none of the texts names.
pub fn unacknowledged(losses: &[Loss], acknowledged: &[String]) -> Vec<Loss> {
    losses.iter().filter(|loss| !loss.is_acknowledged(acknowledged)).cloned().collect()
}

fn dropped(object: ObjectKey) -> Loss {
    Loss { object, how: How::Dropped }
}

fn in_table(dialect: Dialect, (from, to): (&Table, &Table), renames: &[Rename], change: &TableChange) -> Option<Loss> {
    let key = |column: &Column| ObjectKey::member(ObjectKind::Column, &from.name, &column.name);
    let narrowed = |object, why: &str| Some(Loss { object, how: How::Narrowed(why.to_string()) });
    match change {
        TableChange::Column(Alteration::Drop(column)) if column.generated.is_none() && !column.inherited => {
            Some(dropped(key(column)))
        }
        TableChange::Column(Alteration::Alter { from: old, to: new }) if old.generated.is_none() => {
            if new.generated.is_some() {
                return narrowed(key(old), "its values are computed from now on");
            }
            let renamed = inline_values((from, old), (to, new), renames);
            match convert(dialect, &with_values_renamed(&old.ty, &renamed), &new.ty) {
                Conversion::Narrower(why) if !new.inherited => narrowed(key(old), &why),
                _ => None,
            }
        }
        TableChange::Options { .. } if is_versioned(from) && !is_versioned(to) => {
            narrowed(from.key(), "the history of its rows goes")
        }
        _ => None,
    }
}

/// The type with the values of its enum under the names that they go on under.
fn with_values_renamed(ty: &ColumnType, renamed: &[(String, String)]) -> ColumnType {
    let mut ty = ty.clone();
    if let Type::Enum(_, values) = &mut ty.logical {
        for (before, after) in renamed {
            values.iter_mut().filter(|value| *value == before).for_each(|value| value.clone_from(after));
        }
    }
    ty
}

fn is_versioned(table: &Table) -> bool {
    table.options.parameters.iter().any(|(name, _)| name == "system versioning")
}

fn values(from: &EnumType, to: &EnumType, renames: &[Rename]) -> Option<Loss> {
    let renamed = |value: &String| {
        renames.iter().any(|r| r.from.kind == ObjectKind::Enum && r.from.name == from.name && &r.from.member == value)
    };
    let stays = |value: &&String| !to.values.contains(value) && !renamed(value);
    let gone: Vec<&str> = from.values.iter().filter(stays).map(String::as_str).collect();
    let why = format!("the values {} go; rows that hold one are refused", gone.join(", "));
    (!gone.is_empty()).then(|| Loss { object: ObjectKey::of(ObjectKind::Enum, &from.name), how: How::Narrowed(why) })
}

/// The sequence is nobody's, or the column that owns it stays and counts no more.
fn stands_alone(sequence: &Sequence, from: &Schema, to: &Schema, renames: &[Rename]) -> bool {
    let Some((table, column)) = &sequence.owned_by else { return true };
    let Some(owner) = from.table(table).and_then(|table| table.column(column)) else { return true };
    let now = |name: &ObjectName, member: &str| {
        let found = renames.iter().find(|rename| rename.from.name == *name && rename.from.member == member);
        found.map(|rename| rename.to.clone())
    };
    let table_now = now(table, "").unwrap_or_else(|| table.clone());
    let column_now = now(table, column).map_or_else(|| owner.name.clone(), |name| name.name);
    let after = to.table(&table_now).and_then(|table| table.column(&column_now));
    // With its column it goes without being missed; an identity goes on counting.
    after.is_some_and(|after| after.identity.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::{EnumType, ForeignKey, Generated};

    fn table(name: &str, columns: &[(&str, Type)]) -> Table {
        let column = |(name, ty): &(&str, Type)| Column {
            name: (*name).into(),
            ty: ColumnType::new(ty.clone(), format!("{ty:?}")).into(),
            ..Column::default()
        };
        Table {
            name: ObjectName::new("public", name),
            columns: columns.iter().map(column).collect(),
            ..Table::default()
        }
    }

    fn schema(tables: Vec<Table>) -> Schema {
        Schema { tables, ..Schema::new(Dialect::Postgres) }
    }

    #[test]
    fn what_goes_and_what_is_narrowed_is_named() {
        let mut from = schema(vec![
            table("posts", &[("title", Type::VarChar(80)), ("rank", Type::Int(8)), ("sum", Type::Int(8))]),
            table("tags", &[("id", Type::Int(4))]),
        ]);
        from.tables[0].columns[2].generated = Some(Generated { expression: "rank * 2".into(), stored: true }.into());
        from.enums.push(EnumType {
            name: ObjectName::new("public", "mood"),
            values: vec!["glad".into(), "sad".into()],
            ..EnumType::default()
        });
        from.sequences.push(Sequence { name: ObjectName::new("public", "numbers"), ..Sequence::default() });
        let mut to = schema(vec![table("posts", &[("title", Type::VarChar(20)), ("kind", Type::Text)])]);
        to.enums.push(EnumType { values: vec!["glad".into()], ..from.enums[0].clone() });
        let found = losses(&from, &to, &[]);
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        expect_test::expect![[r#"
            enum public.mood: the values sad go; rows that hold one are refused
            sequence public.numbers and where it stands
            table public.tags with every row in it
            column public.posts.rank with its values
            column public.posts.title: values longer than 20 characters do not fit"#]]
        .assert_eq(&lines.join("\n"));

        let header: Vec<String> =
            ["table tags", "column posts.title: nobody used more", "enum public.mood", "column posts.ran"]
                .map(Into::into)
                .into();
        let open: Vec<String> = unacknowledged(&found, &header).iter().map(Loss::name).collect();
        assert_eq!(open, ["sequence public.numbers", "column public.posts.rank"]);
    }

    #[test]
    fn what_takes_no_null_any_more_is_known_and_asks_nobody() {
        let from = schema(vec![table("posts", &[("title", Type::VarChar(80)), ("rank", Type::Int(8))])]);
        let mut to = from.clone();
        to.tables[0].columns[0].not_null = true;
        let found = filled(&from, &to, &[]);
        assert_eq!(found.iter().map(Loss::name).collect::<Vec<_>>(), ["NULL in public.posts.title"]);
        assert_eq!(found[0].to_string(), "where there is NULL in public.posts.title");
        assert_eq!(losses(&from, &to, &[]), []);
        assert_eq!(unacknowledged(&found, &[]), []);
        assert_eq!(filled(&to, &from, &[]), []);
    }

    #[test]
    fn statements_over_every_row_are_losses() {
        let mut schema = schema(vec![
            table("posts", &[("title", Type::Text), ("rank", Type::Int(8))]),
            table("tags", &[("post", Type::Int(4))]),
            table("seen", &[("tag", Type::Int(4))]),
        ]);
        for (from, to) in [(1, 0), (2, 1)] {
            let references = schema.tables[to].name.clone();
            schema.tables[from].foreign_keys.push(ForeignKey { references, ..ForeignKey::default() });
        }
        let check = |script: &str, expected: &[&str]| {
            let found: Vec<String> = of_rows(&schema, script, &[]).iter().map(Loss::name).collect();
            assert_eq!(found, expected, "{script}");
        };
        check("DELETE FROM posts", &["rows of public.posts"]);
        check("TRUNCATE public.tags, seen", &["rows of public.seen", "rows of public.tags"]);
        check("TRUNCATE posts CASCADE", &["rows of public.posts", "rows of public.seen", "rows of public.tags"]);
        check(
            "UPDATE posts SET title = '', rank = 0",
            &["values of public.posts.rank", "values of public.posts.title"],
        );
        check("DO $$ BEGIN DELETE FROM tags; END $$", &["rows of public.tags"]);
        check("DELETE FROM posts WHERE rank < 0; UPDATE posts SET rank = 1 WHERE rank IS NULL", &[]);
        check("DELETE FROM elsewhere; UPDATE other.posts SET rank = 0; INSERT INTO tags VALUES (1)", &[]);
        let loss = &of_rows(&schema, "DELETE FROM posts", &[])[0];
        assert_eq!(loss.to_string(), "every one of the rows of public.posts");
        assert!(loss.is_acknowledged(&["rows of posts: rebuilt every night".into()]));
        assert!(!loss.is_acknowledged(&["rows of posts_old".into(), "table posts".into()]));
    }

    #[test]
    fn statements_are_read_under_new_names_too() {
        let schema = schema(vec![table("posts", &[("title", Type::Text)])]);
        let posts = ObjectName::new("public", "posts");
        let renames = [
            Rename { from: ObjectKey::of(ObjectKind::Table, &posts), to: ObjectName::new("public", "news") },
            Rename { from: ObjectKey::member(ObjectKind::Column, &posts, "title"), to: ObjectName::bare("head") },
        ];
        let found = of_rows(&schema, "UPDATE news SET head = ''; DELETE FROM news", &renames);
        assert_eq!(
            found.iter().map(Loss::name).collect::<Vec<_>>(),
            ["rows of public.posts", "values of public.posts.title"]
        );
        assert_eq!(of_rows(&schema, "UPDATE news SET head = ''", &[]), []);
    }

    #[test]
    fn a_rename_loses_nothing() {
        let (from, to) =
            (schema(vec![table("a", &[("x", Type::Text)])]), schema(vec![table("b", &[("y", Type::Text)])]));
        let a = ObjectName::new("public", "a");
        let renames = [
            Rename { from: ObjectKey::of(ObjectKind::Table, &a), to: ObjectName::new("public", "b") },
            Rename { from: ObjectKey::member(ObjectKind::Column, &a, "x"), to: ObjectName::bare("y") },
        ];
        assert_eq!(losses(&from, &to, &renames), []);
        assert_eq!(losses(&from, &to, &renames[..1]).len(), 1);
        assert_eq!(losses(&from, &from, &[]), []);
    }

    #[test]
    fn a_sequence_goes_with_its_column_and_lives_on_as_identity() {
        let mut from = schema(vec![table("a", &[("id", Type::Int(8))])]);
        let name = ObjectName::new("public", "a_id_seq");
        let owned_by = Some((from.tables[0].name.clone(), "id".to_string()));
        from.sequences.push(Sequence { name, owned_by, ..Sequence::default() });
        let mut identity = schema(vec![from.tables[0].clone()]);
        identity.tables[0].columns[0].identity = Some(Default::default());
        assert_eq!(losses(&from, &identity, &[]), []);
        let without = schema(vec![from.tables[0].clone()]);
        assert_eq!(losses(&from, &without, &[]).len(), 1);
        assert_eq!(losses(&from, &schema(Vec::new()), &[]).len(), 1, "the table alone");
    }
}
