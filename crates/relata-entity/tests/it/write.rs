//! Entities for schemas: the source, and that reading it gives the same declaration back.

use expect_test::{Expect, expect};
use relata_entity::{Written, print, read_source, write};
use relata_schema::declare::{Declaration, Entity};
use relata_schema::lower::lower;
use relata_schema::model::{
    Action, Check, Column, EnumType, ForeignKey, Identity, Index, IndexPart, Key, ObjectName, Schema, Sequence, Table,
    View,
};
use relata_schema::{ColumnType, Dialect, Type};

/// A declaration without places, so that two can be compared.
fn placeless(mut declaration: Declaration) -> Declaration {
    let forget = |entity: &mut Entity| {
        entity.span = Default::default();
        entity.relations.iter_mut().for_each(|relation| relation.span = Default::default());
        entity.relations.sort_by(|a, b| a.name.cmp(&b.name));
        entity.indexes.iter_mut().for_each(|index| index.span = Default::default());
        entity.indexes.sort_by_key(|index| format!("{index:?}"));
        entity.foreign_keys.iter_mut().for_each(|key| key.span = Default::default());
        entity.checks.iter_mut().for_each(|check| check.span = Default::default());
        entity.rules.iter_mut().for_each(|rule| rule.span = Default::default());
        entity.arcs.iter_mut().for_each(|arc| arc.span = Default::default());
        for field in &mut entity.fields {
            field.span = Default::default();
            field.references.iter_mut().for_each(|reference| reference.span = Default::default());
        }
    };
    declaration.entities.iter_mut().for_each(forget);
    declaration.enums.iter_mut().for_each(|declared| declared.span = Default::default());
    declaration
}

/// Writes, reads back, compares.
fn written(schema: &Schema) -> Written {
    let written = write(schema);
    let reading = read_source("entities.rs", &written.source);
    let said: Vec<String> = reading.diagnostics.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}\n{}", said.join("\n"), written.source);
    assert_eq!(placeless(reading.declaration), placeless(written.declaration.clone()), "{}", written.source);
    written
}

fn check(schema: &Schema, expected: Expect) {
    expected.assert_eq(&written(schema).source);
}

fn column(name: &str, logical: Type, physical: &str) -> Column {
    Column { name: name.into(), ty: ColumnType::new(logical, physical).into(), not_null: true, ..Column::default() }
}

fn int(name: &str) -> Column {
    column(name, Type::Int(8), "INTEGER")
}

fn table(name: &str, columns: Vec<Column>, key: &[&str]) -> Table {
    let primary_key = (!key.is_empty()).then(|| Key::over("", key));
    Table { name: ObjectName::bare(name), columns, primary_key, ..Table::default() }
}

fn foreign_key(columns: &[&str], table: &str, there: &[&str]) -> ForeignKey {
    ForeignKey {
        columns: columns.iter().map(|column| (*column).to_string()).collect(),
        references: ObjectName::bare(table),
        referenced_columns: there.iter().map(|column| (*column).to_string()).collect(),
        ..ForeignKey::default()
    }
}

fn sqlite(tables: Vec<Table>) -> Schema {
    let mut schema = Schema { tables, ..Schema::new(Dialect::Sqlite) };
    schema.canonicalize();
    schema
}

const RULES_AND_ARCS: &str = r##"
    #[derive(Entity)]
    #[check(low < high, field = high, message = "must be \"more\"", name = "ordered")]
    #[check(low.is_none() || !(word == "x" && active), name = "odd")]
    #[check(word.len() >= 2 && high != -1)]
    #[check(custom(crate::rules::whole))]
    #[exclusive(owner: user_id, team_id)]
    #[polymorphic(subject: kind, subject_id, User, crate::teams::Team = "a team")]
    #[has_many(likes: Like.subject_id when subject_type = "Thing", marks: Mark.thing_id)]
    struct Thing {
        #[id]
        id: Id<Thing>,
        low: Option<i32>,
        high: i64,
        active: bool,
        #[check(custom(rules::clean), pattern("^[a-z]+$"))]
        word: String,
        #[references(User, relation = by)]
        user_id: Option<Id<User>>,
        #[references(Team, relation = in_team)]
        team_id: Option<Id<Team>>,
        kind: String,
        subject_id: i64,
        #[check(json_schema("{\"type\": \"object\"}"))]
        data: Json,
    }"##;

#[test]
fn what_is_printed_reads_back() {
    for source in [super::lower::BLOG, super::read::EVERYTHING, RULES_AND_ARCS] {
        let reading = read_source("a.rs", source);
        assert_eq!(reading.diagnostics, []);
        let declaration = reading.declaration;
        let printed = print::declaration(&declaration);
        let again = read_source("b.rs", &printed);
        assert_eq!(again.diagnostics, [], "{printed}");
        assert_eq!(placeless(again.declaration), placeless(declaration), "{printed}");
    }
}

#[test]
fn odd_names_become_rust() {
    let odd = table(
        "order",
        vec![int("Id"), int("type"), int("self"), int("2nd place"), int("Größe"), int("a b"), int("a_b"), int("")],
        &["Id"],
    );
    let others =
        ["options", "Option", "new_order", "2024", "strings"].map(|name| table(name, vec![int("id")], &["id"]));
    let schema = sqlite([vec![odd], others.to_vec()].concat());
    check(
        &schema,
        expect![[r#"
        //! Entities, written by relata from a database.

        use relata::prelude::*;

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "2024")]
        pub struct Table2024 {
            #[id]
            pub id: Id<Table2024>,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "Option")]
        pub struct OptionRow {
            #[id]
            pub id: Id<OptionRow>,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "new_order")]
        pub struct NewOrder {
            #[id]
            pub id: Id<NewOrder>,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "options")]
        pub struct Option2 {
            #[id]
            pub id: Id<Option2>,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "order")]
        pub struct OrderRow {
            #[id]
            #[column("Id")]
            pub id: Id<OrderRow>,
            pub r#type: i64,
            #[column("self")]
            pub self_: i64,
            #[column("2nd place")]
            pub column_2nd_place: i64,
            #[column("Größe")]
            pub größe: i64,
            #[column("a b")]
            pub a_b: i64,
            #[column("a_b")]
            pub a_b_2: i64,
            #[column("")]
            pub column_: i64,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "strings")]
        pub struct StringRow {
            #[id]
            pub id: Id<StringRow>,
        }
    "#]],
    );
}

#[test]
fn one_column_with_several_keys() {
    // The first becomes the field's reference; what else is there is kept, and makes no second relation.
    let users = table("users", vec![int("id")], &["id"]);
    let bots = table("bots", vec![int("id")], &["id"]);
    let mut posts = table("posts", vec![int("id"), int("user_id")], &["id"]);
    posts.foreign_keys.push(ForeignKey { name: "one".into(), ..foreign_key(&["user_id"], "users", &["id"]) });
    posts.foreign_keys.push(ForeignKey { name: "two".into(), ..foreign_key(&["user_id"], "users", &["id"]) });
    posts.foreign_keys.push(ForeignKey { name: "three".into(), ..foreign_key(&["user_id"], "bots", &["id"]) });
    check(
        &sqlite(vec![users, bots, posts]),
        expect![[r#"
        //! Entities, written by relata from a database.

        use relata::prelude::*;

        #[derive(Entity, Debug, Clone)]
        pub struct Bot {
            #[id]
            pub id: Id<Bot>,
        }

        #[derive(Entity, Debug, Clone)]
        #[foreign_key(user_id => Bot(id), name = "three")]
        #[foreign_key(user_id => User(id), name = "two")]
        pub struct Post {
            #[id]
            pub id: Id<Post>,
            #[references(User, name = "one")]
            pub user_id: Id<User>,
        }

        #[derive(Entity, Debug, Clone)]
        #[has_many(posts: Post.user_id)]
        pub struct User {
            #[id]
            pub id: Id<User>,
        }
    "#]],
    );
}

#[test]
fn two_keys_to_one_table_and_to_itself() {
    let mut employees =
        table("Employee", vec![int("EmployeeId"), int("ReportsTo"), int("SupportRepId")], &["EmployeeId"]);
    employees.columns[1].not_null = false;
    employees.foreign_keys.push(foreign_key(&["ReportsTo"], "Employee", &["EmployeeId"]));
    let mut customers =
        table("Customer", vec![int("CustomerId"), int("SupportRepId"), int("SalesRepId")], &["CustomerId"]);
    customers.foreign_keys.push(foreign_key(&["SupportRepId"], "Employee", &["EmployeeId"]));
    customers.foreign_keys.push(foreign_key(&["SalesRepId"], "employee", &[]));
    customers.indexes.push(Index {
        name: "one_rep".into(),
        unique: true,
        parts: vec![IndexPart::column("SalesRepId")],
        ..Index::default()
    });
    check(
        &sqlite(vec![employees, customers]),
        expect![[r#"
        //! Entities, written by relata from a database.

        use relata::prelude::*;

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "Customer")]
        pub struct Customer {
            #[id]
            #[column("CustomerId")]
            pub customer_id: Id<Customer>,
            #[column("SupportRepId")]
            #[references(Employee)]
            pub support_rep_id: Id<Employee>,
            #[column("SalesRepId")]
            #[references(Employee)]
            #[index(unique, name = "one_rep")]
            pub sales_rep_id: Id<Employee>,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "Employee")]
        #[has_one(customer_by_sales_rep: Customer.sales_rep_id)]
        #[has_many(customers_by_support_rep: Customer.support_rep_id)]
        #[has_many(employees: Employee.reports_to)]
        pub struct Employee {
            #[id]
            #[column("EmployeeId")]
            pub employee_id: Id<Employee>,
            #[column("ReportsTo")]
            #[references(Employee)]
            pub reports_to: Option<Id<Employee>>,
            #[column("SupportRepId")]
            pub support_rep_id: i64,
        }
    "#]],
    );
}

#[test]
fn junctions_and_composite_keys() {
    let mut track = table("tracks", vec![int("id"), int("disc"), int("number")], &["id"]);
    track.uniques.push(Key::over("", &["disc", "number"]));
    let playlists = table("playlists", vec![int("id")], &["id"]);
    let mut junction = table("playlist_track", vec![int("playlist_id"), int("track_id")], &["playlist_id", "track_id"]);
    junction
        .foreign_keys
        .push(ForeignKey { on_delete: Action::Cascade, ..foreign_key(&["playlist_id"], "playlists", &["id"]) });
    junction.foreign_keys.push(foreign_key(&["track_id"], "tracks", &["id"]));
    let mut friends = table("friendships", vec![int("from_id"), int("to_id")], &["from_id", "to_id"]);
    friends.foreign_keys.push(foreign_key(&["from_id"], "playlists", &["id"]));
    friends.foreign_keys.push(foreign_key(&["to_id"], "playlists", &["id"]));
    let mut notes = table("notes", vec![int("disc"), int("number"), column("text", Type::Text, "TEXT")], &[]);
    notes.foreign_keys.push(foreign_key(&["disc", "number"], "tracks", &["disc", "number"]));
    let schema = Schema {
        views: vec![View { name: ObjectName::bare("v"), ..View::default() }],
        ..sqlite(vec![track, playlists, junction, friends, notes])
    };
    check(
        &schema,
        expect![[r#"
        //! Entities, written by relata from a database.
        //!
        //! What the database has beyond them:
        //! - view v left out

        use relata::prelude::*;

        #[derive(Entity, Debug, Clone)]
        #[primary_key(from_id, to_id)]
        pub struct Friendship {
            #[references(Playlist)]
            pub from_id: Id<Playlist>,
            #[references(Playlist)]
            pub to_id: Id<Playlist>,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(no_key)]
        #[foreign_key(disc, number => Track(disc, number))]
        pub struct Note {
            pub disc: i64,
            pub number: i64,
            pub text: String,
        }

        #[derive(Entity, Debug, Clone)]
        #[entity(table = "playlist_track")]
        #[primary_key(playlist_id, track_id)]
        pub struct PlaylistTrack {
            #[references(Playlist, on_delete = cascade)]
            pub playlist_id: Id<Playlist>,
            #[references(Track)]
            pub track_id: Id<Track>,
        }

        #[derive(Entity, Debug, Clone)]
        #[has_many(friendships_by_from: Friendship.from_id)]
        #[has_many(friendships_by_to: Friendship.to_id)]
        #[has_many(playlist_tracks: PlaylistTrack.playlist_id)]
        #[many_to_many(tos_via_friendship: Playlist via Friendship(from_id, to_id))]
        #[many_to_many(froms_via_friendship: Playlist via Friendship(to_id, from_id))]
        #[many_to_many(tracks: Track via PlaylistTrack)]
        pub struct Playlist {
            #[id]
            pub id: Id<Playlist>,
        }

        #[derive(Entity, Debug, Clone)]
        #[unique(disc, number)]
        #[has_many(playlist_tracks: PlaylistTrack.track_id)]
        #[many_to_many(playlists: Playlist via PlaylistTrack)]
        pub struct Track {
            #[id]
            pub id: Id<Track>,
            pub disc: i64,
            pub number: i64,
        }
    "#]],
    );
}

#[test]
fn postgres_says_more() {
    let name = |name: &str| ObjectName::new("public", name);
    let mut id = column("id", Type::Int(8), "bigint");
    id.identity = Some(Box::new(Identity { always: true, ..Identity::default() }));
    let mut mood = column("mood", Type::Enum(name("mood"), vec![]), "mood");
    mood.default = Some("'PG-13'::mood".into());
    let mut title = column("title", Type::VarChar(80), "character varying(80)");
    title.default = Some("'it''s'::character varying".into());
    let mut number = column("number", Type::Int(4), "integer");
    number.default = Some("nextval('films_number_seq'::regclass)".into());
    let mut at = column("at", Type::Timestamp(None), "timestamp with time zone");
    at.default = Some("now()".into());
    let films = Table {
        name: name("films"),
        columns: vec![id, mood, title, number, at, column("tags", Type::Array(Box::new(Type::Text)), "text[]")],
        primary_key: Some(Key::over("films_pkey", &["id"])),
        checks: vec![
            Check { name: "films_title_check".into(), expression: "char_length(title) > 1".into(), ..Check::default() },
            Check { name: "odd".into(), expression: "title <> \"number\"::text".into(), ..Check::default() },
        ],
        indexes: vec![Index {
            name: "films_expr_idx".into(),
            method: Some("gin".into()),
            parts: vec![IndexPart { expression: Some("lower(title)".into()), ..IndexPart::default() }],
            predicate: Some("number > 0".into()),
            ..Index::default()
        }],
        ..Table::default()
    };
    let blog = Table {
        name: ObjectName::new("blog", "films"),
        columns: vec![column("id", Type::Uuid, "uuid")],
        primary_key: Some(Key::over("pk", &["id"])),
        ..Table::default()
    };
    let mut schema = Schema {
        enums: vec![EnumType {
            name: name("mood"),
            values: vec!["G".into(), "PG-13".into(), "".into(), "1".into()],
            ..EnumType::default()
        }],
        sequences: vec![
            Sequence { name: name("films_number_seq"), ..Sequence::default() },
            Sequence { name: name("other"), ..Sequence::default() },
        ],
        tables: vec![films, blog],
        ..Schema::new(Dialect::Postgres)
    };
    schema.canonicalize();
    check(
        &schema,
        expect![[r##"
            //! Entities, written by relata from a database.
            //!
            //! What the database has beyond them:
            //! - sequence public.other left out

            use relata::prelude::*;

            #[derive(Entity, Debug, Clone)]
            #[entity(table = "films", schema = "blog")]
            pub struct BlogFilm {
                #[id(name = "pk")]
                pub id: Id<BlogFilm, Uuid>,
            }

            #[derive(Entity, Debug, Clone)]
            #[index("lower(title)", method = "gin", where = "number > 0")]
            #[check(r#"title <> "number"::text"#, name = "odd")]
            pub struct Film {
                #[id(always)]
                pub id: Id<Film>,
                #[db_type(postgres = "mood")]
                #[default(Mood::Pg13)]
                pub mood: Mood,
                #[db_type(postgres = "character varying(80)")]
                #[default("it's")]
                #[check("char_length(title) > 1")]
                pub title: String,
                #[db_type(postgres = "serial")]
                #[default(next)]
                pub number: i32,
                #[default(now)]
                pub at: Timestamp,
                pub tags: Vec<String>,
            }

            #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
            pub enum Mood {
                #[stored("G")]
                G,
                #[stored("PG-13")]
                Pg13,
                #[stored("")]
                Empty,
                #[stored("1")]
                Value1,
            }
        "##]],
    );
}

/// What is written, lowered again, is what was there.
#[test]
fn writing_undoes_lowering() {
    for dialect in Dialect::ALL {
        let reading = read_source("a.rs", super::lower::BLOG);
        let (schema, _) = lower(&reading.declaration, *dialect);
        let written = written(&schema);
        let (again, _) = lower(&written.declaration, *dialect);
        assert_eq!(dialect.script(&again), dialect.script(&schema), "{}", written.source);
    }
}

#[test]
fn what_rust_has_no_type_for_is_left_out_and_numbers_of_the_server_are_numbers() {
    let row = ObjectName::new("public", "pair");
    let mut schema = Schema {
        tables: vec![
            table("pairs", vec![column("a", Type::Composite(row), "public.pair")], &[]),
            table("larges", vec![int("id"), column("content", Type::Native("oid".into()), "oid")], &["id"]),
        ],
        ..Schema::new(Dialect::Postgres)
    };
    schema.canonicalize();
    let source = written(&schema).source;
    assert!(!source.contains("struct Pair"), "{source}");
    assert!(source.contains("#[db_type(postgres = \"oid\")]\n    pub content: i64"), "{source}");
}
