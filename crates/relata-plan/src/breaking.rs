//! What breaks for application versions that were written for the schema before, and what to do instead.
//!
//! During a deployment the old version of an application still runs on the new schema. A change breaks it when a
//! statement that was right no longer is: what it reads is gone or has another name or type, or what it writes is
//! refused. It deliberately does not judge locks and duration: that is lint's business.

use relata_schema::Schema;
use relata_schema::change::{Alteration, Change, Rename, TableChange};
use relata_schema::model::{Column, EnumType, ObjectKey, ObjectKind, ObjectName, Table, View};

use crate::conversion::{Conversion, convert};
use crate::diff::diff;

/// One change that breaks what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaking {
    /// What changes.
    pub object: ObjectKey,
    /// How: `column posts.title is dropped`.
    pub change: String,
    /// What fails then.
    pub breaks: &'static str,
    /// The way that breaks nothing.
    pub instead: &'static str,
}

impl std::fmt::Display for Breaking {
    /// `column posts.title is dropped: statements that name it fail`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.change, self.breaks)
    }
}

const NAMES: &str = "statements that name it fail";
const RENAME: &str = "add the new name beside the old one (a view, or a second column kept in step by a trigger), move \
     the application over, then drop the old one in a later migration";
const STOP_USING: &str = "first deploy a version that no longer uses it, then drop it in a later migration";

/// Every change from `from` to `to` that breaks an application written for `from`.
pub fn breaking(from: &Schema, to: &Schema, renames: &[Rename]) -> Vec<Breaking> {
    let mut found = Vec::new();
    for change in diff(from, to, renames) {
        match &change {
            Change::DropTable(table) => found.push(gone(table.key())),
            Change::AlterTable { from: old, to: new, changes } => {
                found.extend(changes.iter().filter_map(|change| in_table(from, old, new, change)));
            }
            Change::Enum(alteration) => found.extend(in_enum(alteration)),
            Change::View(alteration) => found.extend(in_view(alteration)),
            Change::Sequence(alteration) => {
                found.extend(named(ObjectKind::Sequence, alteration, |sequence| &sequence.name));
            }
            Change::Domain(alteration) => found.extend(named(ObjectKind::Domain, alteration, |domain| &domain.name)),
            Change::Routine(Alteration::Drop(routine)) => {
                found.push(gone(ObjectKey::member(ObjectKind::Routine, &routine.name, &routine.arguments)));
            }
            Change::Routine(Alteration::Alter { from, to }) if from.result != to.result => {
                let key = ObjectKey::member(ObjectKind::Routine, &to.name, &to.arguments);
                let instead = "add a function of another name, move the callers over, then drop the old one";
                found.push(breaks(key, "gives another type", "callers that read the old type fail", instead));
            }
            _ => {}
        }
    }
    found
}

fn breaks(object: ObjectKey, how: &str, breaks: &'static str, instead: &'static str) -> Breaking {
    let change = format!("{object} {how}");
    Breaking { object, change, breaks, instead }
}

fn gone(object: ObjectKey) -> Breaking {
    breaks(object, "is dropped", NAMES, STOP_USING)
}

/// Dropped or renamed.
fn named<T>(kind: ObjectKind, alteration: &Alteration<T>, name: fn(&T) -> &ObjectName) -> Option<Breaking> {
    match alteration {
        Alteration::Create(_) => None,
        Alteration::Drop(object) => Some(gone(ObjectKey::of(kind, name(object)))),
        Alteration::Alter { from, to } if name(from) != name(to) => {
            Some(breaks(ObjectKey::of(kind, name(from)), &format!("becomes {}", name(to)), NAMES, RENAME))
        }
        Alteration::Alter { .. } => None,
    }
}

fn in_table(schema: &Schema, from: &Table, to: &Table, change: &TableChange) -> Option<Breaking> {
    let member = |kind, name: &str| ObjectKey::member(kind, &to.name, name);
    let stricter = |kind, name: &str, how: &str| {
        Some(breaks(
            member(kind, name),
            how,
            "rows that it forbids are written no more",
            "first deploy a version that writes only rows that keep it; add it without checking what is there \
             (NOT VALID on PostgreSQL), then validate it",
        ))
    };
    match change {
        TableChange::Rename { from, to } => {
            Some(breaks(ObjectKey::of(ObjectKind::Table, from), &format!("becomes {to}"), NAMES, RENAME))
        }
        TableChange::Column(alteration) => column(schema, &from.name, alteration),
        TableChange::Unique(Alteration::Create(key)) if !is_unique(from, &key.columns().collect::<Vec<_>>()) => {
            stricter(ObjectKind::Unique, &key.name, "is new")
        }
        TableChange::Index(Alteration::Create(index)) if index.unique => {
            stricter(ObjectKind::Index, &index.name, "is new and unique")
        }
        TableChange::ForeignKey(Alteration::Create(key)) => stricter(ObjectKind::ForeignKey, &key.name, "is new"),
        TableChange::Check(Alteration::Create(check)) => stricter(ObjectKind::Check, &check.name, "is new"),
        TableChange::Check(Alteration::Alter { from, to }) if from.expression != to.expression => {
            stricter(ObjectKind::Check, &to.name, "asks for something else")
        }
        TableChange::Exclusion(Alteration::Create(exclusion)) => {
            stricter(ObjectKind::Exclusion, &exclusion.name, "is new")
        }
        TableChange::RowSecurity if to.row_security && !from.row_security => Some(breaks(
            to.key(),
            "has row security",
            "roles without a policy see no rows",
            "create the policies in the same migration, and try them as the application's role",
        )),
        _ => None,
    }
}

fn is_unique(table: &Table, columns: &[&str]) -> bool {
    let same = |parts: &[relata_schema::model::IndexPart]| {
        parts.iter().map(|part| part.column.as_str()).eq(columns.iter().copied())
    };
    table.primary_key.iter().chain(&table.uniques).any(|key| same(&key.parts))
        || table.indexes.iter().any(|index| index.unique && index.predicate.is_none() && same(&index.parts))
}

fn column(schema: &Schema, table: &ObjectName, alteration: &Alteration<Column>) -> Option<Breaking> {
    let key = |column: &Column| ObjectKey::member(ObjectKind::Column, table, &column.name);
    match alteration {
        Alteration::Create(new) => (new.not_null && !fills_itself(new)).then(|| {
            breaks(
                key(new),
                "is new, NOT NULL and has no default",
                "inserts that do not name it fail",
                "give it a default, or add it nullable, fill it, and make it NOT NULL in a later migration",
            )
        }),
        Alteration::Drop(old) => Some(gone(key(old))),
        Alteration::Alter { from, to } if from.name != to.name => {
            Some(breaks(key(from), &format!("becomes {}", to.name), NAMES, RENAME))
        }
        Alteration::Alter { from, to } => altered_column(schema, key(to), from, to),
    }
}

fn fills_itself(column: &Column) -> bool {
    column.default.is_some() || column.generated.is_some() || column.identity.is_some() || column.auto_increment
}

fn altered_column(schema: &Schema, key: ObjectKey, from: &Column, to: &Column) -> Option<Breaking> {
    const NEW_COLUMN: &str = "add a column of the new type, write both, fill it, move the readers over, then drop the \
         old one in a later migration";
    if from.generated.is_none() && to.generated.is_some() {
        return Some(breaks(key, "is computed from now on", "statements that write it fail", NEW_COLUMN));
    }
    let change = format!("changes from {} to {}", from.ty.physical, to.ty.physical);
    match convert(schema.dialect, &from.ty, &to.ty) {
        Conversion::Narrower(_) => {
            return Some(breaks(key, &change, "values that it held before are refused or cut", NEW_COLUMN));
        }
        Conversion::Wider if !same_family(from, to) => {
            return Some(breaks(key, &change, "readers that decode the old type fail", NEW_COLUMN));
        }
        _ => {}
    }
    if to.not_null && !from.not_null {
        let instead = "first deploy a version that always writes a value, and fill the rows that have none";
        return Some(breaks(key, "becomes NOT NULL", "rows without a value are refused", instead));
    }
    if fills_itself(from) && !fills_itself(to) && to.not_null {
        let instead = "first deploy a version that always writes it, then drop the default";
        return Some(breaks(key, "loses its default", "inserts that do not name it fail", instead));
    }
    (from.not_null && !to.not_null).then(|| {
        let instead = "first deploy a version that reads NULL there";
        breaks(key, "may be NULL from now on", "readers that expect a value fail on NULL", instead)
    })
}

/// Texts stay texts for a reader, whatever their length; numbers of another size do not.
fn same_family(from: &Column, to: &Column) -> bool {
    use relata_schema::Type;
    let family = |column: &Column| match &column.ty.logical {
        Type::Text | Type::VarChar(_) | Type::Char(_) => Type::Text,
        Type::Decimal(_) => Type::Decimal(None),
        Type::Bytes(_) => Type::Bytes(None),
        Type::Time(_) => Type::Time(None),
        Type::DateTime(_) => Type::DateTime(None),
        Type::Timestamp(_) => Type::Timestamp(None),
        Type::Enum(name, _) => Type::Enum(name.clone(), Vec::new()),
        Type::Set(_) => Type::Set(Vec::new()),
        other => other.clone(),
    };
    family(from) == family(to)
}

fn in_enum(alteration: &Alteration<EnumType>) -> Option<Breaking> {
    if let Some(found) = named(ObjectKind::Enum, alteration, |ty| &ty.name) {
        return Some(found);
    }
    let Alteration::Alter { from, to } = alteration else { return None };
    let key = ObjectKey::of(ObjectKind::Enum, &to.name);
    let missing = |here: &EnumType, there: &EnumType| -> Vec<String> {
        here.values.iter().filter(|value| !there.values.contains(value)).cloned().collect()
    };
    let (gone, new) = (missing(from, to), missing(to, from));
    if !gone.is_empty() {
        return Some(breaks(key, &format!("loses {}", gone.join(", ")), "statements that name them fail", STOP_USING));
    }
    (!new.is_empty()).then(|| {
        let instead = "first deploy a version that knows the new values, and write them only afterwards";
        breaks(key, &format!("gets {}", new.join(", ")), "readers that do not know them fail to decode rows", instead)
    })
}

fn in_view(alteration: &Alteration<View>) -> Option<Breaking> {
    if let Some(found) = named(ObjectKind::View, alteration, |view| &view.name) {
        return Some(found);
    }
    let Alteration::Alter { from, to } = alteration else { return None };
    let lost = from.columns.iter().filter(|(name, _)| to.columns.iter().all(|(other, _)| other != name));
    let lost: Vec<&str> = lost.map(|(name, _)| name.as_str()).collect();
    (!lost.is_empty()).then(|| {
        let key = ObjectKey::of(ObjectKind::View, &to.name);
        breaks(key, &format!("no longer shows {}", lost.join(", ")), NAMES, STOP_USING)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::{Check, Index, IndexPart};
    use relata_schema::{ColumnType, Dialect, Type};

    fn column(name: &str, ty: Type) -> Column {
        Column { name: name.into(), ty: ColumnType::new(ty.clone(), format!("{ty:?}")).into(), ..Column::default() }
    }

    fn schema(tables: Vec<Table>) -> Schema {
        Schema { tables, ..Schema::new(Dialect::Postgres) }
    }

    #[test]
    fn every_break_says_what_fails_and_what_to_do() {
        let posts = Table {
            name: ObjectName::new("public", "posts"),
            columns: vec![
                column("id", Type::Int(4)),
                column("title", Type::VarChar(80)),
                column("note", Type::Text),
                column("rank", Type::Int(4)),
                column("slug", Type::VarChar(10)),
            ],
            ..Table::default()
        };
        let mut new = posts.clone();
        new.columns.retain(|column| column.name != "note");
        new.columns[0].ty = ColumnType::new(Type::Int(8), "bigint").into();
        new.columns[1].name = "headline".into();
        new.columns[2].not_null = true;
        new.columns[3].ty = ColumnType::new(Type::VarChar(20), "varchar(20)").into();
        new.columns.push(Column { not_null: true, ..column("author", Type::Int(8)) });
        new.columns.push(Column { not_null: true, default: Some("0".into()), ..column("votes", Type::Int(8)) });
        new.checks.push(Check { name: "positive".into(), expression: "rank > 0".into(), ..Check::default() });
        new.indexes.push(Index {
            name: "one".into(),
            unique: true,
            parts: vec![IndexPart::column("slug")],
            ..Index::default()
        });
        let tags = Table { name: ObjectName::new("public", "tags"), ..Table::default() };
        let renames = [Rename {
            from: ObjectKey::member(ObjectKind::Column, &posts.name, "title"),
            to: ObjectName::bare("headline"),
        }];
        let found = breaking(&schema(vec![posts, tags]), &schema(vec![new]), &renames);
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        expect_test::expect![[r#"
            column public.posts.id changes from Int(4) to bigint: readers that decode the old type fail
            column public.posts.title becomes headline: statements that name it fail
            column public.posts.note is dropped: statements that name it fail
            column public.posts.rank becomes NOT NULL: rows without a value are refused
            column public.posts.author is new, NOT NULL and has no default: inserts that do not name it fail
            check public.posts.positive is new: rows that it forbids are written no more
            index public.posts.one is new and unique: rows that it forbids are written no more
            table public.tags is dropped: statements that name it fail"#]]
        .assert_eq(&lines.join("\n"));
        assert!(found.iter().all(|found| !found.instead.is_empty()));
    }

    #[test]
    fn what_only_adds_breaks_nothing() {
        let from = schema(vec![Table {
            name: ObjectName::new("public", "posts"),
            columns: vec![column("title", Type::VarChar(80))],
            ..Table::default()
        }]);
        let mut to = from.clone();
        to.tables[0].columns[0].ty = ColumnType::new(Type::Text, "text").into();
        to.tables[0].columns.push(column("note", Type::Text));
        to.tables.push(Table { name: ObjectName::new("public", "tags"), ..Table::default() });
        assert_eq!(breaking(&from, &to, &[]), []);
        assert_eq!(breaking(&from, &from, &[]), []);
    }
}
