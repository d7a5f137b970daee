//! What is read from good source, and what is said about bad source.

use expect_test::{Expect, expect};
use relata_entity::{Reading, read_source};

fn check_errors(source: &str, expected: Expect) {
    let Reading { diagnostics, .. } = read_source("post.rs", source);
    let lines: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| {
            let span = diagnostic.span.clone().unwrap_or_default();
            let line = source.lines().nth(span.line - 1).unwrap_or_default();
            let marked: String = line.chars().skip(span.column).take(span.length).collect();
            format!("{diagnostic}\n  at: {marked}\n")
        })
        .collect();
    expected.assert_eq(&lines.join(""));
}

/// Reads a struct with one more field.
fn check_field(field: &str, expected: Expect) {
    check_errors(&format!("#[derive(Entity)]\nstruct Post {{\n    #[id] id: Id<Post>,\n    {field},\n}}"), expected);
}

/// Reads a struct with attributes.
fn check_struct(attributes: &str, expected: Expect) {
    let fields = "#[id] id: Id<Post>, author_id: i64, slug: String, title: String";
    check_errors(&format!("#[derive(Entity)]\n{attributes}\nstruct Post {{ {fields} }}"), expected);
}

#[test]
fn the_example_of_the_front_page() {
    let source = r#"
        use relata::prelude::*;

        /// A post.
        #[derive(Entity, Debug, Clone)]
        #[entity(table = "posts", soft_delete, timestamps)]
        #[unique(author_id, slug)]
        #[has_many(comments: Comment.post_id)]
        #[many_to_many(tags: Tag via PostTag)]
        pub struct Post {
            #[id]                                pub id: Id<Post>,
            #[references(User, on_delete = cascade)] pub author_id: Id<User>,
            #[check(len(1..=120))]               pub slug: String,
            pub title: String,
            pub body: Option<String>,
            pub published_at: Option<Timestamp>,
        }

        #[derive(relata::Enum)]
        pub enum Mood { Happy, #[stored("sad!")] VerySad }
    "#;
    let reading = read_source("post.rs", source);
    assert_eq!(reading.diagnostics, []);
    let post = reading.declaration.entity("Post").unwrap();
    assert!(post.soft_delete && post.timestamps && post.field("id").unwrap().generated_id);
    let relations: Vec<String> = post
        .relations
        .iter()
        .map(|relation| format!("{}: {} {:?}\n", relation.name, relation.entity, relation.kind))
        .collect();
    expect![[r#"
        author: User BelongsTo { field: "author_id", nullable: false }
        comments: Comment HasMany { field: "post_id" }
        tags: Tag ManyToMany { via: "PostTag", near: None, far: None }
    "#]]
    .assert_eq(&relations.concat());
    let fields: Vec<String> = post
        .fields
        .iter()
        .map(|field| {
            format!("{}: {} {:?} {} {:?}\n", field.name, field.rust_type, field.ty, field.nullable, field.rules)
        })
        .collect();
    expect![[r#"
        id: Id<Post> Some(Int(8)) false []
        author_id: Id<User> Some(Int(8)) false []
        slug: String Some(Text) false [Length { min: Some(1), max: Some(120) }]
        title: String Some(Text) false []
        body: String Some(Text) true []
        published_at: Timestamp Some(Timestamp(None)) true []
    "#]]
    .assert_eq(&fields.concat());
    let mood = reading.declaration.stored_enum("Mood").unwrap();
    assert_eq!(mood.values, [("Happy".into(), "happy".into()), ("VerySad".into(), "sad!".into())]);
}

#[test]
fn types() {
    let source = r#"
        #[derive(Entity)]
        struct T {
            #[id] id: Id<T, Uuid>,
            a: Option<i8>, b: u64, c: f32, d: f64, e: bool, f: Vec<u8>, g: Vec<i32>, h: relata::Date, i: jiff::civil::Time,
            j: DateTime, k: Timestamp, #[decimal(10, 2)] l: Decimal, m: serde_json::Value, n: Json, o: Interval, p: Mood,
            q: Vec<Mood>, r: Value, s: std::string::String, t: Id<Other, i32>, u: Option<Vec<String>>,
        }
    "#;
    let reading = read_source("t.rs", source);
    assert_eq!(reading.diagnostics, []);
    let fields: Vec<String> = reading.declaration.entities[0]
        .fields
        .iter()
        .map(|field| {
            format!("{} {}{}: {:?}\n", field.name, field.rust_type, if field.nullable { "?" } else { "" }, field.ty)
        })
        .collect();
    expect![[r#"
        id Id<T, Uuid>: Some(Uuid)
        a i8?: Some(Int(1))
        b u64: Some(UInt(8))
        c f32: Some(Float32)
        d f64: Some(Float64)
        e bool: Some(Bool)
        f Vec<u8>: Some(Bytes(None))
        g Vec<i32>: Some(Array(Int(4)))
        h relata::Date: Some(Date)
        i jiff::civil::Time: Some(Time(None))
        j DateTime: Some(DateTime(None))
        k Timestamp: Some(Timestamp(None))
        l Decimal: Some(Decimal(Some((10, 2))))
        m serde_json::Value: Some(Json)
        n Json: Some(Json)
        o Interval: Some(Interval)
        p Mood: None
        q Vec<Mood>: None
        r Value: Some(Any)
        s std::string::String: Some(Text)
        t Id<Other, i32>: Some(Int(4))
        u Vec<String>?: Some(Array(Text))
    "#]]
    .assert_eq(&fields.concat());
}

/// An entity with every attribute there is.
pub(super) const EVERYTHING: &str = r#"
        #[derive(Entity)]
        #[entity(table = "post", schema = "blog", strict, without_rowid, renamed_from = "article", comment = "all posts")]
        #[entity(engine = "Aria", options(row_format = "page", "system versioning"))]
        #[primary_key(id, part, name = "post_key")]
        #[index(author_id, "lower(slug)" desc nulls last ops("text_pattern_ops"), where = "title <> ''", method = "gin",
                include(title), name = "i", unique)]
        #[foreign_key(id, part => Other(a, b), on_delete = set_null, match = full)]
        #[check("id > 0", name = "positive")]
        #[has_one(profile: Profile.post_id)]
        #[many_to_many(tags: Tag via PostTag(post_id, tag_id))]
        struct Post {
            id: i64,
            part: i32,
            #[references(crate::users::User.code, on_update = cascade, initially_deferred, name = "fk", relation = writer)]
            #[index]
            author_id: Option<String>,
            #[check(len(..=80), pattern("^[a-z]+$"), email, url, "slug <> title")]
            #[check("length(slug) > 2", name = "long_enough")]
            #[unique(name = "one_slug", nulls_not_distinct)]
            #[column("Slug")]
            slug: String,
            #[check(range(-5..10))]
            #[check(one_of(1, 2, 3))]
            #[default(3)]
            stars: i16,
            #[default(sql = "now() + interval '1 day'")]
            until: Timestamp,
            #[db_type("varchar(80)", postgres = "citext")]
            #[collation("NOCASE")]
            #[sortable]
            #[renamed_from("headline")]
            #[comment("what it says")]
            #[default("none")]
            title: String,
            #[generated("lower(title)", virtual)]
            lower_title: String,
            #[default(Mood::Happy)]
            mood: Mood,
        }
    "#;

#[test]
fn every_attribute_is_read() {
    let reading = read_source("post.rs", EVERYTHING);
    assert_eq!(reading.diagnostics, []);
    expect![[r#"
        Entity { name: "Post", table: Some( "post", ), namespace: Some( "blog", ), fields: [ Field { name: "id", rust_type: "i64", ty: Some( Int( 8, ), ), },
        Field { name: "part", rust_type: "i32", ty: Some( Int( 4, ), ), },
        Field { name: "author_id", rust_type: "String", ty: Some( Text, ), nullable: true, index: true, references: Some( ReferenceDeclaration { entity: "crate::users::User", referenced_fields: [ "code", ], on_update: Cascade, name: Some( "fk", ), }, ), },
        Field { name: "slug", column: Some( "Slug", ), rust_type: "String", ty: Some( Text, ), rules: [ Length { max: Some( 80, ), }, Pattern( "^[a-z]+$", ), Email, Url, Sql( "slug <> title", ), ], },
        Field { name: "stars", rust_type: "i16", ty: Some( Int( 2, ), ), default: Some( Number( "3", ), ), rules: [ Range { min: Some( "-5", ), max: Some( "9", ), }, OneOf( [ "1", "2", "3", ], ), ], },
        Field { name: "until", rust_type: "Timestamp", ty: Some( Timestamp( ), ), default: Some( Sql( "now() + interval '1 day'", ), ), },
        Field { name: "title", rust_type: "String", ty: Some( Text, ), db_types: [ ( "", "varchar(80)", ), ( "postgres", "citext", ), ], default: Some( Text( "none", ), ), collation: Some( "NOCASE", ), sortable: true, renamed_from: Some( "headline", ), comment: Some( "what it says", ), },
        Field { name: "lower_title", rust_type: "String", ty: Some( Text, ), generated: Some( ( "lower(title)", ), ), },
        Field { name: "mood", rust_type: "Mood", default: Some( Variant( "Happy", ), ), }, ],
        relations: [ Relation { name: "writer", entity: "crate::users::User", kind: BelongsTo { field: "author_id", nullable: true, }, }, Relation { name: "profile", entity: "Profile", kind: HasOne { field: "post_id", }, }, Relation { name: "tags", entity: "Tag", kind: ManyToMany { via: "PostTag", near: Some( "post_id", ), far: Some( "tag_id", ), }, }, ], indexes: [ IndexDeclaration { name: Some( "one_slug", ), unique: true, constraint: true, nulls_not_distinct: true, parts: [ IndexPartDeclaration { field: "slug", }, ], }, IndexDeclaration { name: Some( "i", ), unique: true, parts: [ IndexPartDeclaration { field: "author_id", }, IndexPartDeclaration { field: "", expression: Some( "lower(slug)", ), descending: true, nulls: Last, operator_class: Some( "text_pattern_ops", ), }, ], method: Some( "gin", ), include: [ "title", ], predicate: Some( "title <> ''", ), }, ], primary_key: [ "id", "part", ], primary_key_name: Some( "post_key", ), foreign_keys: [ ReferenceDeclaration { fields: [ "id", "part", ], entity: "Other", referenced_fields: [ "a", "b", ], on_delete: SetNull, matching: Full, }, ], checks: [ CheckDeclaration { name: Some( "long_enough", ), expression: "length(slug) > 2", }, CheckDeclaration { name: Some( "positive", ), expression: "id > 0", }, ], strict: true, without_rowid: true, options: [ ( "engine", "Aria", ), ( "row_format", "page", ), ( "system versioning", "", ), ], renamed_from: Some( "article", ), comment: Some( "all posts", ), }
    "#]].assert_eq(&said(&reading.declaration.entities[0]));
}

/// What an entity says, without what it does not say.
fn said(entity: &relata_schema::declare::Entity) -> String {
    let text = format!("{entity:#?}");
    let silent = ["None,", "false,", "[],", "Default,", "NoAction,", "Simple,", "column: 0,"];
    let mut lines = Vec::new();
    let mut inside = 0;
    for line in text.lines() {
        let opens = ["Span {", "Deferral {"].iter().any(|word| line.ends_with(word));
        if inside > 0 || opens {
            inside += usize::from(line.ends_with('{'));
            inside -= usize::from(line.trim() == "},");
        } else if !silent.iter().any(|end| line.ends_with(end)) {
            lines.push(line.trim());
        }
    }
    lines.join(" ").replace("}, Field", "},\nField").replace(", relations", ",\nrelations") + "\n"
}

#[test]
fn a_file_that_is_no_rust() {
    check_errors(
        "struct {",
        expect![[r#"
        error[source-syntax]: this is no Rust: cannot parse string into token stream
          --> post.rs:1:8
          help: `cargo check` shows it in full
          at: {
    "#]],
    );
}

#[test]
fn test_modules_are_left_out() {
    let source = "#[cfg(test)] mod tests { #[derive(Entity)] struct A { x: i32 } } mod b { #[derive(Entity)] struct B { #[id] x: i32 } }";
    let reading = read_source("a.rs", source);
    let names: Vec<&str> = reading.declaration.entities.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(names, ["B"]);
}

#[test]
fn shapes() {
    check_errors(
        "#[derive(Entity)] struct Post(i64);",
        expect![[r#"
        error[entity-shape]: `Post` is no struct with named fields
          --> post.rs:1:26
          help: an entity is `struct Name { field: Type, … }`; for an enum of plain values derive `Enum`
          at: Post
    "#]],
    );
    check_errors(
        "#[derive(Entity)] enum Post { A }",
        expect![[r#"
        error[entity-shape]: `Post` is no struct with named fields
          --> post.rs:1:24
          help: an entity is `struct Name { field: Type, … }`; for an enum of plain values derive `Enum`
          at: Post
    "#]],
    );
    check_errors(
        "#[derive(Entity)] struct Post {}",
        expect![[r#"
        error[entity-shape]: the entity `Post` has no fields
          --> post.rs:1:26
          help: give it at least a key: `#[id] id: Id<Self>`
          at: Post
    "#]],
    );
    check_errors(
        "#[derive(Entity)] struct Post<T> { #[id] id: T }",
        expect![[r#"
        error[entity-generic]: the entity `Post` has type parameters
          --> post.rs:1:30
          help: a table has one shape: remove `T`
          at: <T>
    "#]],
    );
    check_errors(
        "#[derive(Enum)] enum Mood {}",
        expect![[r#"
        error[enum-shape]: the enum `Mood` has no variants
          --> post.rs:1:22
          help: a stored enum has at least one value
          at: Mood
    "#]],
    );
    check_errors(
        "#[derive(Enum)] enum Mood { Happy(i32), #[stored(\"happy\")] Sad }",
        expect![[r#"
        error[enum-shape]: the variant `Happy` has fields
          --> post.rs:1:34
          help: a stored enum is one word a row: keep the fields in a struct of their own, or in a Json column
          at: (i32)
        error[enum-value-twice]: two variants are stored as 'happy'
          --> post.rs:1:60
          help: give one of them another value: `#[stored("…")]`
          at: Sad
    "#]],
    );
    check_errors(
        "#[derive(Enum)] #[stored(nmae = \"x\")] enum Mood { Happy }",
        expect![[r#"
            error[entity-unknown-option]: `nmae` is no option of `stored`
              --> post.rs:1:26
              help: did you mean `name`?
              at: nmae = "x"
        "#]],
    );
}

#[test]
fn an_attribute_that_is_nearly_known_is_not_lost_in_silence() {
    check_errors(
        "#[derive(Entity)] #[serde(x)] #[idnex(email)] struct User { #[id] id: Id<User>, #[uniqe] #[serde(y)] email: String }",
        expect![[r#"
            warning[entity-unknown-attribute]: `#[uniqe]` is no attribute of relata: it is ignored
              --> post.rs:1:81
              help: did you mean `unique`?
              at: #[uniqe]
            warning[entity-unknown-attribute]: `#[idnex]` is no attribute of relata: it is ignored
              --> post.rs:1:31
              help: did you mean `index`?
              at: #[idnex(email)]
        "#]],
    );
}

#[test]
fn keys() {
    check_errors(
        "#[derive(Entity)] struct Post { id: i64 }",
        expect![[r#"
        error[entity-no-key]: `Post` has no primary key
          --> post.rs:1:26
          help: put `#[id]` on the field `id`; if the table really has none: `#[entity(no_key)]`
          at: Post
    "#]],
    );
    check_errors(
        "#[derive(Entity)] struct Post { #[id] a: i64, #[id] b: i64 }",
        expect![[r#"
        error[entity-key-twice]: `Post` has two `#[id]`
          --> post.rs:1:53
          help: for a key of several fields write `#[primary_key(a, b)]` on the struct
          at: b
    "#]],
    );
    check_errors(
        "#[derive(Entity)] #[primary_key(a)] struct Post { #[id] a: i64 }",
        expect![[r#"
        error[entity-key-twice]: `Post` has both `#[id]` and `#[primary_key]`
          --> post.rs:1:57
          help: keep one: `#[id]` for a single field, `#[primary_key(a, b)]` for several
          at: a
    "#]],
    );
    check_errors(
        "#[derive(Entity)] #[entity(no_key)] struct Post { #[id] a: i64 }",
        expect![[r#"
        error[entity-key-twice]: `Post` says `no_key` and has a key
          --> post.rs:1:44
          help: remove `no_key`
          at: Post
    "#]],
    );
    check_errors(
        "#[derive(Entity)] #[primary_key(a, c)] struct Post { a: Option<i64>, b: i64 }",
        expect![[r#"
            error[entity-unknown-field]: `c` is no field of `Post`
              --> post.rs:1:36
              help: one of: a, b
              at: c
            error[entity-nullable-key]: the key field `a` may be NULL
              --> post.rs:1:54
              help: write `a: i64` without Option
              at: a
        "#]],
    );
    check_errors(
        "#[derive(Entity)] struct Post { #[id(manul)] a: i64 }",
        expect![[r#"
            error[entity-unknown-option]: `manul` is no option of `id`
              --> post.rs:1:38
              help: did you mean `manual`?
              at: manul
        "#]],
    );
    check_errors(
        "#[derive(Entity)] struct Post { #[id(always)] a: Uuid }",
        expect![[r#"
        error[entity-id-type]: the database cannot make a key of type `Uuid`
          --> post.rs:1:38
          help: `always` belongs to whole numbers; for a UUID write `#[default(uuid)]`
          at: always
    "#]],
    );
}

#[test]
fn options() {
    check_struct(
        "#[entity(tabel = \"posts\", soft_delte, strict = true, 5, table)]",
        expect![[r#"
            error[entity-unknown-option]: `tabel` is no option of `entity`
              --> post.rs:2:10
              help: did you mean `table`?
              at: tabel
            error[entity-unknown-option]: `soft_delte` is no option of `entity`
              --> post.rs:2:27
              help: did you mean `soft_delete`?
              at: soft_delte
            error[entity-option-value]: `strict` takes no value
              --> post.rs:2:39
              help: write `strict` alone
              at: strict = true
            error[entity-option-form]: `5` is no option
              --> post.rs:2:54
              help: options are words (`soft_delete`) or `name = "value"` (`table = "posts"`)
              at: 5
            error[entity-option-value]: `table` needs a value
              --> post.rs:2:57
              help: write `table = "…"`
              at: table
        "#]],
    );
    check_struct(
        "#[entity(table = posts)]",
        expect![[r#"
        error[entity-option-value]: `table` takes a text in quotation marks
          --> post.rs:2:18
          help: write `table = "posts"`
          at: posts
    "#]],
    );
    check_struct(
        "#[entity = \"posts\"]",
        expect![[r#"
        error[entity-attribute-form]: `entity` takes its value in parentheses
          --> post.rs:2:3
          help: write `#[entity("posts")]`
          at: entity = "posts"
    "#]],
    );
    check_struct(
        "#[unique(autor_id, slug)]",
        expect![[r#"
            error[entity-unknown-field]: `autor_id` is no field of `Post`
              --> post.rs:2:10
              help: did you mean `author_id`?
              at: autor_id
        "#]],
    );
    check_struct(
        "#[index]",
        expect![[r#"
        error[entity-attribute-form]: `index` names no field
          --> post.rs:2:3
          help: write `#[index(first, second)]`, or put `#[index]` on the field
          at: index
    "#]],
    );
    check_struct(
        "#[unique(\"lower(slug)\")]",
        expect![[r#"
        error[entity-unique-form]: a unique constraint is over plain fields of all rows
          --> post.rs:2:3
          help: write it as an index: `#[index(…, unique)]`
          at: unique("lower(slug)")
    "#]],
    );
    check_struct(
        "#[index(slug dsc)]",
        expect![[r#"
            error[entity-index-modifier]: `dsc` is no order
              --> post.rs:2:14
              help: did you mean `desc`?
              at: dsc
        "#]],
    );
    check_struct(
        "#[index(slug, wher = \"x\", inclued(title))]",
        expect![[r#"
            error[entity-unknown-option]: `wher` is no option of an index
              --> post.rs:2:15
              help: did you mean `where`?
              at: wher
            error[entity-unknown-option]: `inclued` is no option of an index
              --> post.rs:2:27
              help: did you mean `include`?
              at: inclued
        "#]],
    );
    check_struct(
        "#[check(len(1..=3))]",
        expect![[r#"
            error[entity-check-form]: a rule of one value stands on its field
              --> post.rs:2:3
              help: put `#[check(len(1..=80))]` on the field; on the struct compare fields: `starts_at < ends_at`
              at: check(len(1..=3))
        "#]],
    );
    check_struct(
        "#[primary_key]",
        expect![[r#"
        error[entity-attribute-form]: `primary_key` names no field
          --> post.rs:2:3
          help: write `#[primary_key(first_id, second_id)]`
          at: primary_key
    "#]],
    );
}

#[test]
fn relations() {
    check_struct(
        "#[has_many(comments = Comment.post_id)]",
        expect![[r#"
            error[entity-relation-form]: `comments = Comment.post_id` is no relation
              --> post.rs:2:12
              help: write `#[has_many(comments: Comment.post_id)]`: name, entity, and where the foreign key is
              at: comments = Comment.post_id
        "#]],
    );
    check_struct(
        "#[has_many(comments: Comment)]",
        expect![[r#"
        error[entity-relation-form]: `comments : Comment` is no relation
          --> post.rs:2:12
          help: write `#[has_many(comments: Comment.post_id)]`: name, entity, and where the foreign key is
          at: comments: Comment
    "#]],
    );
    check_struct(
        "#[many_to_many(tags: Tag)]",
        expect![[r#"
        error[entity-relation-form]: `tags : Tag` is no relation
          --> post.rs:2:16
          help: write `#[many_to_many(tags: Tag via PostTag)]`: name, entity, and where the foreign key is
          at: tags: Tag
    "#]],
    );
    check_struct(
        "#[has_one(slug: Slug.post_id)]",
        expect![[r#"
        error[entity-relation-name]: the relation `slug` has the name of a field
          --> post.rs:2:11
          help: give it another name: `relation = …` in `references`, or the word before the colon
          at: slug: Slug.post_id
    "#]],
    );
    check_struct(
        "#[has_one(a: A.post_id)] #[has_many(a: B.post_id)]",
        expect![[r#"
        error[entity-relation-name]: there are two relations `a`
          --> post.rs:2:37
          help: give one of them another name: `relation = …` in `references`, or the word before the colon
          at: a: B.post_id
    "#]],
    );
    check_struct(
        "#[foreign_key(slug)]",
        expect![[r#"
        error[entity-foreign-key-form]: `foreign_key` lacks `=> Other(…)`
          --> post.rs:2:3
          help: write `#[foreign_key(order_id, line => OrderLine(order_id, line))]`
          at: foreign_key(slug)
    "#]],
    );
    check_struct(
        "#[foreign_key(slug => 5)]",
        expect![[r#"
        error[entity-foreign-key-form]: the entity after `=>` is not readable
          --> post.rs:2:3
          help: write `#[foreign_key(order_id, line => OrderLine(order_id, line))]`
          at: foreign_key(slug => 5)
    "#]],
    );
    check_struct(
        "#[foreign_key(slug, title => Other(a))]",
        expect![[r#"
        error[entity-foreign-key-length]: 2 fields here refer to 1 fields of `Other`
          --> post.rs:2:3
          help: name as many on both sides
          at: foreign_key(slug, title => Other(a))
    "#]],
    );
    check_field(
        "#[references(User, on_delte = cascade)] user_id: Id<User>",
        expect![[r#"
            error[entity-unknown-option]: `on_delte` is no option of a reference
              --> post.rs:4:24
              help: did you mean `on_delete`?
              at: on_delte
        "#]],
    );
    check_field(
        "#[references(User, on_delete = casacde)] user_id: Id<User>",
        expect![[r#"
            error[entity-action]: `casacde` is no action for `on_delete`
              --> post.rs:4:36
              help: did you mean `cascade`?
              at: casacde
        "#]],
    );
    check_field(
        "#[references(User, on_delete = \"cascade\")] user_id: Id<User>",
        expect![[r#"
            error[entity-action]: an action for `on_delete` is no text
              --> post.rs:4:36
              help: write `on_delete = cascade`
              at: "cascade"
        "#]],
    );
    check_field(
        "#[references(User, on_delete = set_null)] user_id: Id<User>",
        expect![[r#"
            warning[entity-set-null]: `user_id` cannot become NULL, but `set_null` asks for it
              --> post.rs:4:7
              help: write `user_id: Option<Id<User>>`, or another action: cascade, restrict
              at: references(User, on_delete = set_null)
        "#]],
    );
    check_field(
        "#[references(User, relation = \"x\", match = partial)] user_id: Id<User>",
        expect![[r#"
            error[entity-option-value]: `relation` takes a name without quotation marks
              --> post.rs:4:35
              help: write `relation = author`
              at: "x"
            error[entity-option-value]: `partial` is no match
              --> post.rs:4:48
              help: one of: simple, full
              at: partial
        "#]],
    );
    check_field(
        "#[references] user_id: Id<User>",
        expect![[r#"
        error[entity-reference-form]: `references` names no entity
          --> post.rs:4:7
          help: write `#[references(User)]` or `#[references(User, on_delete = cascade)]`
          at: references
    "#]],
    );
    check_field(
        "#[references(\"users\")] user_id: Id<User>",
        expect![[r#"
        error[entity-reference-form]: `"users"` is no entity
          --> post.rs:4:18
          help: name the entity first: `#[references(User, on_delete = cascade)]`
          at: "users"
    "#]],
    );
    check_field(
        "#[references(User)] #[references(Admin)] user_id: Id<User>",
        expect![[r#"
        error[entity-reference-twice]: `user_id` has two `references`
          --> post.rs:4:27
          help: keep one here; write the other as `#[foreign_key(user_id => Other(id))]` on the struct
          at: references(Admin)
    "#]],
    );
}

#[test]
fn fields() {
    check_field(
        "size: usize",
        expect![[r#"
        error[entity-type]: no column can have the type `usize`
          --> post.rs:4:11
          help: its width depends on the machine: use i64 (or u64 on MariaDB)
          at: usize
    "#]],
    );
    check_field(
        "name: &'static str",
        expect![[r#"
        error[entity-type]: no column can have the type `&'static str`
          --> post.rs:4:11
          help: use an owned type: String for text, Vec<u8> for bytes
          at: &'static str
    "#]],
    );
    check_field(
        "name: Option<Option<String>>",
        expect![[r#"
        error[entity-type]: no column can have the type `Option<Option<String>>`
          --> post.rs:4:11
          help: NULL has one level: use a single Option
          at: Option<Option<String>>
    "#]],
    );
    check_field(
        "bytes: Vec<Option<u8>>",
        expect![[r#"
        error[entity-type]: no column can have the type `Vec<Option<u8>>`
          --> post.rs:4:12
          help: a byte is no element of an array: use Vec<Option<i16>>
          at: Vec<Option<u8>>
    "#]],
    );
    check_field(
        "at: Zoned",
        expect![[r#"
        error[entity-type]: no column can have the type `Zoned`
          --> post.rs:4:9
          help: use Timestamp (an instant), and a field of its own for the zone
          at: Zoned
    "#]],
    );
    check_field(
        "#[column = \"Name\"] name: String",
        expect![[r#"
        error[entity-attribute-form]: `column` takes its value in parentheses
          --> post.rs:4:7
          help: write `#[column("Name")]`
          at: column = "Name"
    "#]],
    );
    check_field(
        "#[column(Name)] name: String",
        expect![[r#"
        error[entity-attribute-form]: `column` takes one text in quotation marks
          --> post.rs:4:7
          help: write `#[column("name")]`
          at: column(Name)
    "#]],
    );
    check_field(
        "#[sortable(true)] name: String",
        expect![[r#"
        error[entity-attribute-form]: `sortable` takes no arguments
          --> post.rs:4:7
          help: write `#[sortable]`
          at: sortable(true)
    "#]],
    );
    check_field(
        "#[db_type(pg = \"citext\")] name: String",
        expect![[r#"
            error[entity-unknown-option]: `pg` is no database in `db_type`
              --> post.rs:4:15
              help: one of: sqlite, postgres, mysql
              at: pg
        "#]],
    );
    check_field(
        "#[db_type(citext)] name: String",
        expect![[r#"
        error[entity-attribute-form]: `db_type` takes a type in quotation marks
          --> post.rs:4:15
          help: write `#[db_type("varchar(80)")]` or `#[db_type(postgres = "citext")]`
          at: citext
    "#]],
    );
    check_field(
        "#[db_type] name: String",
        expect![[r#"
        error[entity-attribute-form]: `db_type` names no type
          --> post.rs:4:7
          help: write `#[db_type("varchar(80)")]` or `#[db_type(postgres = "citext")]`
          at: db_type
    "#]],
    );
    check_field(
        "#[decimal(2, 10)] price: Decimal",
        expect![[r#"
        error[entity-decimal]: `decimal` takes the number of digits, and how many follow the point
          --> post.rs:4:7
          help: write `#[decimal(10, 2)]` for 12345678.90
          at: decimal(2, 10)
    "#]],
    );
    check_field(
        "#[decimal(10, 2)] price: f64",
        expect![[r#"
        error[entity-decimal]: `f64` is no Decimal
          --> post.rs:4:7
          help: write `price: Decimal`
          at: decimal(10, 2)
    "#]],
    );
    check_field(
        "#[generated(lower(name))] name: String",
        expect![[r#"
        error[entity-generated-form]: `generated` takes SQL, then `stored` or `virtual`
          --> post.rs:4:7
          help: write `#[generated("price * amount", stored)]`
          at: generated(lower(name))
    "#]],
    );
    check_field(
        "#[generated(\"1\", stord)] name: i32",
        expect![[r#"
        error[entity-generated-form]: `generated` takes SQL, then `stored` or `virtual`
          --> post.rs:4:7
          help: write `#[generated("price * amount", stored)]`
          at: generated("1", stord)
    "#]],
    );
    check_field(
        "#[generated(\"1\")] #[default(2)] name: i32",
        expect![[r#"
        error[entity-generated-clash]: the generated field `name` has a default
          --> post.rs:4:37
          help: remove `#[default(…)]`: the expression gives the value
          at: name
    "#]],
    );
    check_field(
        "#[default(yesterday)] at: Timestamp",
        expect![[r#"
            error[entity-default-form]: `default` takes one value
              --> post.rs:4:7
              help: a literal (`"draft"`, 0, false), `now`, `uuid`, `next`, a variant (`Mood::Happy`), or `sql = "…"`
              at: default(yesterday)
        "#]],
    );
    check_field(
        "#[default(now, uuid)] at: Timestamp",
        expect![[r#"
            error[entity-default-form]: `default` takes one value
              --> post.rs:4:7
              help: a literal (`"draft"`, 0, false), `now`, `uuid`, `next`, a variant (`Mood::Happy`), or `sql = "…"`
              at: default(now, uuid)
        "#]],
    );
}

#[test]
fn rules() {
    check_field(
        "#[check] name: String",
        expect![[r#"
        error[entity-check-form]: `check` has no rule
          --> post.rs:4:7
          help: write for example `#[check(len(1..=80))]`, `#[check(range(0..))]` or `#[check("price > 0")]`
          at: check
    "#]],
    );
    check_field(
        "#[check(length(1..=5))] name: String",
        expect![[r#"
            error[entity-unknown-rule]: `length` is no rule
              --> post.rs:4:13
              help: one of: len, range, pattern, one_of, email, url, custom, json_schema, name
              at: length
        "#]],
    );
    check_field(
        "#[check(lenn(1..=5))] name: String",
        expect![[r#"
            error[entity-unknown-rule]: `lenn` is no rule
              --> post.rs:4:13
              help: did you mean `len`?
              at: lenn
        "#]],
    );
    check_field(
        "#[check(len)] name: String",
        expect![[r#"
        error[entity-rule-form]: `len` needs its argument
          --> post.rs:4:13
          help: write `len(1..=80)`, `len(..=80)`, `len(3..)` or `len(2)`
          at: len
    "#]],
    );
    check_field(
        "#[check(len(5..=1))] name: String",
        expect![[r#"
            error[entity-rule-form]: `len(5..= 1)` cannot be read
              --> post.rs:4:13
              help: write `len(1..=80)`, `len(..=80)`, `len(3..)` or `len(2)`
              at: len(5..=1)
        "#]],
    );
    check_field(
        "#[check(len(1..=5))] name: i32",
        expect![[r#"
        error[entity-rule-type]: `len` does not go with `i32`
          --> post.rs:4:13
          help: `len` is for text, bytes and arrays; for numbers use `range(…)`
          at: len(1..=5)
    "#]],
    );
    check_field(
        "#[check(range(0..))] name: String",
        expect![[r#"
        error[entity-rule-type]: `range` does not go with `String`
          --> post.rs:4:13
          help: `range` is for numbers, dates and times; for text use `len(…)`
          at: range(0..)
    "#]],
    );
    check_field(
        "#[check(range(0..1))] share: f64",
        expect![[r#"
            error[entity-rule-form]: `range(0..1)` cannot be read
              --> post.rs:4:13
              help: write `range(0..)`, `range(1..=10)` or `range(..=0.5)`; an open end `..10` only for whole numbers
              at: range(0..1)
        "#]],
    );
    check_field(
        "#[check(emial, 5 + 5)] name: String",
        expect![[r#"
            error[entity-unknown-rule]: `emial` is no rule
              --> post.rs:4:13
              help: did you mean `email`?
              at: emial
            error[entity-rule-form]: `5 + 5` is no rule
              --> post.rs:4:20
              help: rules: len(1..=80), range(0..), pattern("…"), one_of(…), email, url, custom(function), or SQL in quotation marks
              at: 5 + 5
        "#]],
    );
    check_field(
        "#[check(one_of())] name: String",
        expect![[r#"
            error[entity-rule-form]: `one_of()` cannot be read
              --> post.rs:4:13
              help: write `one_of("draft", "published")`
              at: one_of()
        "#]],
    );
    check_field(
        "#[check(len(1..), name = \"x\")] name: String",
        expect![[r#"
        error[entity-check-form]: `name` goes with one check in SQL
          --> post.rs:4:7
          help: write `#[check("price > 0", name = "…")]`; other rules get their names by convention
          at: check(len(1..), name = "x")
    "#]],
    );
}
