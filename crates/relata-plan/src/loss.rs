//! What is lost for good between two schemas, by name: tables, columns, values of a type, what a narrower type cuts,
//! where a sequence stands.
//!
//! It is found by comparing the schemas, never by reading SQL: so it holds for hand-written migrations too. A migration
//! acknowledges it with a line `-- relata: loses table posts` or `-- relata: loses column posts.title`; a reason may
//! follow the name. It deliberately does not see statements that change rows (`DELETE`): those are no change of schema.

use relata_schema::Schema;
use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::model::{Column, EnumType, ObjectKey, ObjectKind, ObjectName, Sequence, Table};

use crate::conversion::{Conversion, convert};
use crate::diff::diff;

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
}

impl Loss {
    /// What a header has to name: `table posts`, `column posts.title`.
    pub fn name(&self) -> String {
        self.object.to_string()
    }

    /// One of the texts names it: exactly, or with a reason behind it. PostgreSQL's `public` may be left out.
    pub fn is_acknowledged(&self, acknowledged: &[String]) -> bool {
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
        write!(f, "{}", self.object)?;
        match (&self.how, self.object.kind) {
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
                found.extend(changes.iter().filter_map(|change| in_table(from, old, new, change)));
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

/// The losses that none of the texts names.
pub fn unacknowledged(losses: &[Loss], acknowledged: &[String]) -> Vec<Loss> {
    losses.iter().filter(|loss| !loss.is_acknowledged(acknowledged)).cloned().collect()
}

fn dropped(object: ObjectKey) -> Loss {
    Loss { object, how: How::Dropped }
}

fn in_table(schema: &Schema, from: &Table, to: &Table, change: &TableChange) -> Option<Loss> {
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
            match convert(schema.dialect, &old.ty, &new.ty) {
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
    use relata_schema::model::{EnumType, Generated};
    use relata_schema::{ColumnType, Dialect, Type};

    fn table(name: &str, columns: &[(&str, Type)]) -> Table {
        let column = |(name, ty): &(&str, Type)| Column {
            name: (*name).into(),
            ty: ColumnType::new(ty.clone(), format!("{ty:?}")),
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
        from.tables[0].columns[2].generated = Some(Generated { expression: "rank * 2".into(), stored: true });
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
