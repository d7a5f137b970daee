//! Source text in, the schema of each dialect out, as its DDL; and what lowering says about declarations that do not
//! hold together.

use expect_test::{Expect, expect};
use relata_entity::read_source;
use relata_schema::lower::lower;
use relata_schema::{Dialect, Schema, Severity};

fn lowered(source: &str, dialect: Dialect) -> (Schema, String) {
    let reading = read_source("app.rs", source);
    assert_eq!(reading.diagnostics, [], "the source is readable");
    let (schema, diagnostics) = lower(&reading.declaration, dialect);
    let again = lower(&reading.declaration, dialect);
    assert_eq!(again, (schema.clone(), diagnostics.clone()), "lowering is deterministic");
    let said: Vec<String> = diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect();
    (schema, said.concat())
}

/// The DDL for each dialect, without findings.
fn check_ddl(source: &str, expected: [Expect; 3]) {
    for (dialect, expected) in Dialect::ALL.iter().zip(expected) {
        let (schema, said) = lowered(source, *dialect);
        expected.assert_eq(&format!("{said}{}", dialect.script(&schema)));
    }
}

/// The errors; the same in every dialect.
fn check_errors(source: &str, expected: Expect) {
    let errors = |dialect| {
        let reading = read_source("app.rs", source);
        let (_, diagnostics) = lower(&reading.declaration, dialect);
        let errors = diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        errors.map(|diagnostic| format!("{diagnostic}\n")).collect::<String>().replace("public.", "")
    };
    let sqlite = errors(Dialect::Sqlite);
    expected.assert_eq(&sqlite);
    assert_eq!(errors(Dialect::Postgres), sqlite);
    assert_eq!(errors(Dialect::Mysql), sqlite);
}

/// A blog with every kind of relation.
pub(super) const BLOG: &str = r#"
    #[derive(Entity)]
    #[entity(soft_delete, timestamps)]
    #[unique(author_id, slug)]
    #[has_many(comments: Comment.post_id)]
    #[many_to_many(tags: Tag via PostTag)]
    #[index(published_at desc, slug)]
    struct Post {
        #[id] id: Id<Post>,
        #[references(User, on_delete = cascade)] author_id: Id<User>,
        #[check(len(1..=120))] slug: String,
        title: String,
        body: Option<String>,
        #[default(Mood::Happy)] mood: Mood,
        #[check(range(0..=5))] #[default(0)] stars: i16,
        published_at: Option<Timestamp>,
    }
    #[derive(Entity)]
    struct User {
        #[id] id: Id<User>,
        #[unique] #[check(email)] email: String,
        #[default(false)] admin: bool,
        #[decimal(10, 2)] balance: Decimal,
        #[default(uuid)] token: Uuid,
        #[default("it's")] bio: String,
        #[index] born: Option<Date>,
        #[generated("lower(email)", stored)] key: String,
        avatar: Option<Vec<u8>>,
        settings: Json,
        #[check(one_of("red", "blue"), "color <> ''")] color: String,
    }
    #[derive(Entity)]
    struct Comment { #[id] id: Id<Comment>, #[references(Post)] post_id: Id<Post>, #[references(User)] user_id: Option<Id<User>> }
    #[derive(Entity)]
    struct Tag { #[id] name: String }
    #[derive(Entity)]
    #[primary_key(post_id, tag_id)]
    struct PostTag { #[references(Post)] post_id: Id<Post>, #[references(Tag)] tag_id: String }
    #[derive(Enum)]
    enum Mood { Happy, VerySad }
"#;

#[test]
fn a_blog() {
    check_ddl(
        BLOG,
        [
            expect![[r#"
                CREATE TABLE comments (
                  id INTEGER PRIMARY KEY NOT NULL,
                  post_id INTEGER NOT NULL,
                  user_id INTEGER,
                  FOREIGN KEY (post_id) REFERENCES posts (id),
                  FOREIGN KEY (user_id) REFERENCES users (id)
                );
                CREATE TABLE post_tags (
                  post_id INTEGER NOT NULL,
                  tag_id TEXT NOT NULL,
                  PRIMARY KEY (post_id, tag_id),
                  FOREIGN KEY (post_id) REFERENCES posts (id),
                  FOREIGN KEY (tag_id) REFERENCES tags (name)
                );
                CREATE TABLE posts (
                  id INTEGER PRIMARY KEY NOT NULL,
                  author_id INTEGER NOT NULL,
                  slug TEXT NOT NULL,
                  title TEXT NOT NULL,
                  body TEXT,
                  mood TEXT NOT NULL DEFAULT 'happy',
                  stars INTEGER NOT NULL DEFAULT 0,
                  published_at TIMESTAMP,
                  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                  updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
                  deleted_at TIMESTAMP,
                  FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE,
                  CONSTRAINT posts_mood_check CHECK (mood IN ('happy', 'very_sad')),
                  CONSTRAINT posts_slug_check CHECK (length(slug) >= 1 AND length(slug) <= 120),
                  CONSTRAINT posts_stars_check CHECK (stars >= 0 AND stars <= 5)
                );
                CREATE TABLE tags (
                  name TEXT PRIMARY KEY NOT NULL
                );
                CREATE TABLE users (
                  id INTEGER PRIMARY KEY NOT NULL,
                  email TEXT NOT NULL UNIQUE,
                  admin BOOLEAN NOT NULL DEFAULT 0,
                  balance DECIMAL(10,2) NOT NULL,
                  token UUID NOT NULL DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || substr('89ab', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
                  bio TEXT NOT NULL DEFAULT 'it''s',
                  born DATE,
                  "key" TEXT NOT NULL GENERATED ALWAYS AS (lower(email)) STORED,
                  avatar BLOB,
                  settings JSON NOT NULL,
                  color TEXT NOT NULL,
                  CONSTRAINT users_color_check CHECK (color IN ('red', 'blue')),
                  CONSTRAINT users_color_check1 CHECK (color <> ''),
                  CONSTRAINT users_email_check CHECK (instr(email, '@') >= 2 AND instr(email, '@') <= 65 AND substr(email, 1, instr(email, '@') - 1) NOT GLOB ('*[]' || char(1) || '- "(),:;<>[\' || char(127) || '-' || char(160) || ']*') AND substr(email, instr(email, '@') + 1) NOT GLOB ('*[' || char(1) || '-,/:-@[-`{-' || char(160) || ']*') AND substr(email, instr(email, '@') + 1) GLOB '*.*' AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*[.-].*' AND '.' || substr(email, instr(email, '@') + 1) || '.' NOT GLOB '*.-*')
                );
                CREATE UNIQUE INDEX posts_author_id_slug_key ON posts (author_id, slug) WHERE deleted_at IS NULL;
                CREATE INDEX posts_published_at_slug_idx ON posts (published_at DESC, slug);
                CREATE INDEX users_born_idx ON users (born);
            "#]],
            expect![[r#"
                CREATE TYPE public.mood AS ENUM ('happy', 'very_sad');
                CREATE TABLE public.comments (
                    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
                    post_id bigint NOT NULL,
                    user_id bigint,
                    CONSTRAINT comments_pkey PRIMARY KEY (id)
                );
                CREATE TABLE public.post_tags (
                    post_id bigint NOT NULL,
                    tag_id text NOT NULL,
                    CONSTRAINT post_tags_pkey PRIMARY KEY (post_id, tag_id)
                );
                CREATE TABLE public.posts (
                    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
                    author_id bigint NOT NULL,
                    slug text NOT NULL,
                    title text NOT NULL,
                    body text,
                    mood public.mood DEFAULT 'happy' NOT NULL,
                    stars smallint DEFAULT 0 NOT NULL,
                    published_at timestamp with time zone,
                    created_at timestamp with time zone DEFAULT now() NOT NULL,
                    updated_at timestamp with time zone DEFAULT now() NOT NULL,
                    deleted_at timestamp with time zone,
                    CONSTRAINT posts_pkey PRIMARY KEY (id),
                    CONSTRAINT posts_slug_check CHECK (char_length(slug) >= 1 AND char_length(slug) <= 120),
                    CONSTRAINT posts_stars_check CHECK (stars >= 0 AND stars <= 5)
                );
                CREATE TABLE public.tags (
                    name text NOT NULL,
                    CONSTRAINT tags_pkey PRIMARY KEY (name)
                );
                CREATE TABLE public.users (
                    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
                    email text NOT NULL,
                    admin boolean DEFAULT false NOT NULL,
                    balance numeric(10,2) NOT NULL,
                    token uuid DEFAULT gen_random_uuid() NOT NULL,
                    bio text DEFAULT 'it''s' NOT NULL,
                    born date,
                    key text GENERATED ALWAYS AS (lower(email)) STORED NOT NULL,
                    avatar bytea,
                    settings jsonb NOT NULL,
                    color text NOT NULL,
                    CONSTRAINT users_pkey PRIMARY KEY (id),
                    CONSTRAINT users_email_key UNIQUE (email),
                    CONSTRAINT users_color_check CHECK (color IN ('red', 'blue')),
                    CONSTRAINT users_color_check1 CHECK (color <> ''),
                    CONSTRAINT users_email_check CHECK (email ~ '^[A-Za-z0-9.!#$%&''*+/=?\^_`{|}~\-\u00a1-\U0010ffff]{1,64}@(?:[A-Za-z0-9\u00a1-\U0010ffff](?:[A-Za-z0-9\-\u00a1-\U0010ffff]*[A-Za-z0-9\u00a1-\U0010ffff])?\.)+[A-Za-z0-9\u00a1-\U0010ffff](?:[A-Za-z0-9\-\u00a1-\U0010ffff]*[A-Za-z0-9\u00a1-\U0010ffff])?$')
                );
                CREATE UNIQUE INDEX posts_author_id_slug_key ON public.posts USING btree (author_id, slug) WHERE (deleted_at IS NULL);
                CREATE INDEX posts_published_at_slug_idx ON public.posts USING btree (published_at DESC, slug);
                CREATE INDEX users_born_idx ON public.users USING btree (born);
                ALTER TABLE public.comments ADD CONSTRAINT comments_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts (id);
                ALTER TABLE public.comments ADD CONSTRAINT comments_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);
                ALTER TABLE public.post_tags ADD CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts (id);
                ALTER TABLE public.post_tags ADD CONSTRAINT post_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags (name);
                ALTER TABLE public.posts ADD CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.users (id) ON DELETE CASCADE;
            "#]],
            expect![[r#"
                CREATE TABLE tags (
                  name varchar(255) NOT NULL,
                  PRIMARY KEY (name)
                ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
                CREATE TABLE users (
                  id bigint(20) NOT NULL AUTO_INCREMENT,
                  email varchar(255) NOT NULL,
                  admin tinyint(1) NOT NULL DEFAULT 0,
                  balance decimal(10,2) NOT NULL,
                  token uuid NOT NULL DEFAULT uuid(),
                  bio longtext NOT NULL DEFAULT 'it''s',
                  born date,
                  `key` longtext GENERATED ALWAYS AS (lower(email)) STORED NOT NULL,
                  avatar longblob,
                  settings json NOT NULL,
                  color longtext NOT NULL,
                  PRIMARY KEY (id),
                  UNIQUE KEY users_email_key (email),
                  KEY users_born_idx (born),
                  CONSTRAINT users_color_check CHECK (cast(color as binary) IN ('red', 'blue')),
                  CONSTRAINT users_color_check1 CHECK (color <> ''),
                  CONSTRAINT users_email_check CHECK (email REGEXP '(?-i)^[A-Za-z0-9.!#$%&''*+/=?\\^_`{|}~\\-\\x{a1}-\\x{10ffff}]{1,64}@(?:[A-Za-z0-9\\x{a1}-\\x{10ffff}](?:[A-Za-z0-9\\-\\x{a1}-\\x{10ffff}]*[A-Za-z0-9\\x{a1}-\\x{10ffff}])?\\.)+[A-Za-z0-9\\x{a1}-\\x{10ffff}](?:[A-Za-z0-9\\-\\x{a1}-\\x{10ffff}]*[A-Za-z0-9\\x{a1}-\\x{10ffff}])?\\z')
                ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
                CREATE TABLE posts (
                  id bigint(20) NOT NULL AUTO_INCREMENT,
                  author_id bigint(20) NOT NULL,
                  slug varchar(120) NOT NULL,
                  title longtext NOT NULL,
                  body longtext,
                  mood enum('happy','very_sad') NOT NULL DEFAULT 'happy',
                  stars smallint(6) NOT NULL DEFAULT 0,
                  published_at timestamp(6) NULL,
                  created_at timestamp(6) NOT NULL DEFAULT current_timestamp(6),
                  updated_at timestamp(6) NOT NULL DEFAULT current_timestamp(6),
                  deleted_at timestamp(6) NULL,
                  relata_live tinyint(1) GENERATED ALWAYS AS (if(deleted_at is null,1,NULL)) VIRTUAL,
                  PRIMARY KEY (id),
                  UNIQUE KEY posts_author_id_slug_key (author_id, slug, relata_live),
                  KEY posts_published_at_slug_idx (published_at DESC, slug),
                  CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE NO ACTION,
                  CONSTRAINT posts_slug_check CHECK (char_length(slug) >= 1 AND char_length(slug) <= 120),
                  CONSTRAINT posts_stars_check CHECK (stars >= 0 AND stars <= 5)
                ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
                CREATE TABLE comments (
                  id bigint(20) NOT NULL AUTO_INCREMENT,
                  post_id bigint(20) NOT NULL,
                  user_id bigint(20),
                  PRIMARY KEY (id),
                  CONSTRAINT comments_post_id_fkey FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE NO ACTION ON UPDATE NO ACTION,
                  CONSTRAINT comments_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE NO ACTION ON UPDATE NO ACTION
                ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
                CREATE TABLE post_tags (
                  post_id bigint(20) NOT NULL,
                  tag_id varchar(255) NOT NULL,
                  PRIMARY KEY (post_id, tag_id),
                  CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES posts (id) ON DELETE NO ACTION ON UPDATE NO ACTION,
                  CONSTRAINT post_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES tags (name) ON DELETE NO ACTION ON UPDATE NO ACTION
                ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
            "#]],
        ],
    );
}

#[test]
fn names_stay_within_the_limit() {
    let source = "#[derive(Entity)] struct AnEntityWithAnExtraordinarilyLongNameIndeed {
        #[id] id: i64, #[unique] #[index] a_field_with_an_equally_extraordinary_name: i64 }";
    let (schema, said) = lowered(source, Dialect::Postgres);
    assert_eq!(said, "");
    let table = &schema.tables[0];
    assert_eq!(table.uniques[0].name, "an_entity_with_an_extraordinarily_long_name_indeeds_a__45cadcfd");
    assert_eq!(table.uniques[0].name.len(), 63);
    assert_ne!(table.uniques[0].name, table.indexes[0].name);
}

#[test]
fn unknown_things() {
    check_errors(
        "#[derive(Entity)] #[has_many(coments: Coment.post_id)] #[has_many(others: Comment.post)]
         struct Post { #[id] id: i64, #[references(Usr)] user_id: i64, mood: Mod, point: Point, #[default(Mood::Sd)] m: Mood }
         #[derive(Entity)] struct User { #[id] id: i64 }
         #[derive(Entity)] struct Comment { #[id] id: i64, #[references(Post)] post_id: i64 }
         #[derive(Enum)] enum Mood { Sad }",
        expect![[r#"
            error[schema-unknown-type]: `mood: Mod` is no type that a column can have
              --> app.rs:2:72
              in column posts.mood
              help: did you mean `Mood`?
            error[schema-unknown-type]: `point: Point` is no type that a column can have
              --> app.rs:2:83
              in column posts.point
              help: derive `Enum` on it, or say how it is kept: `#[db_type("text")]`
            error[schema-default-variant]: the default of `m` is no variant: `Sd`
              --> app.rs:2:118
              in column posts.m
              help: one of: Sad
            error[schema-unknown-entity]: there is no entity `Usr`
              --> app.rs:2:41
              in foreign key posts.user_id
              help: did you mean `User`?
            error[schema-unknown-entity]: there is no entity `Coment`
              --> app.rs:1:30
              in table posts
              help: did you mean `Comment`?
            error[schema-unknown-field]: `Comment` has no field `post`
              --> app.rs:1:67
              in table posts
              help: did you mean `post_id`?
        "#]],
    );
}

#[test]
fn references_that_do_not_fit() {
    check_errors(
        "#[derive(Entity)] struct User { #[id] id: Id<User, Uuid>, name: String }
         #[derive(Entity)] #[primary_key(a, b)] struct Pair { a: i64, b: i64 }
         #[derive(Entity)] struct Post { #[id] id: i64,
            #[references(User)] author_id: i64,
            #[references(User.name)] author_name: String,
            #[references(User.nam)] nam_id: String,
            #[references(Pair)] pair_id: i64 }",
        expect![[r#"
            error[schema-reference-type]: `author_id: i64` refers to `User.id: Id<User, Uuid>`, which is of another type
              --> app.rs:4:15
              in foreign key posts.author_id
              help: write `author_id: Id<User, Uuid>`
            error[schema-reference-not-unique]: `User` may have several rows with the same name
              --> app.rs:5:15
              in foreign key posts.author_name
              help: a reference needs one row: put `#[unique]` on `User.name`
            error[schema-unknown-field]: `User` has no field `nam`
              --> app.rs:6:15
              in foreign key posts.nam_id
              help: did you mean `name`?
            error[schema-reference-key]: `Pair` has a key of 2 fields, and 1 refer to it
              --> app.rs:7:15
              in foreign key posts.pair_id
              help: write `#[foreign_key(… => Pair(a, b))]` on the struct
        "#]],
    );
}

#[test]
fn relations_that_do_not_fit() {
    check_errors(
        "#[derive(Entity)]
         #[has_many(posts: Post.title)] #[has_one(post: Post.author_id)] #[many_to_many(friends: User via Friendship)]
         #[many_to_many(tags: Tag via Friendship)]
         struct User { #[id] id: i64 }
         #[derive(Entity)] #[has_many(posts: Post.author_id)] struct Tag { #[id] id: i64 }
         #[derive(Entity)] #[primary_key(a_id, b_id)]
         struct Friendship { #[references(User)] a_id: i64, #[references(User)] b_id: i64 }
         #[derive(Entity)] struct Post { #[id] id: i64, title: String, #[references(User)] author_id: i64 }",
        expect![[r#"
            error[schema-relation-reference]: `Post.title` does not refer to `User`
              --> app.rs:2:21
              in table users
              help: put `#[references(User)]` on it
            error[schema-has-one-not-unique]: several rows of `Post` may have the same `author_id`
              --> app.rs:2:51
              in table users
              help: put `#[unique]` on `Post.author_id`, or write `has_many`
            error[schema-relation-ambiguous]: 2 fields of `Friendship` refer to `User`
              --> app.rs:2:89
              in table users
              help: say which is near and which is far: `friends: User via Friendship(a_id, b_id)`
            error[schema-relation-ambiguous]: 2 fields of `Friendship` refer to `User`
              --> app.rs:3:25
              in table users
              help: say which is near and which is far: `tags: Tag via Friendship(a_id, b_id)`
            error[schema-relation-reference]: `Post.author_id` does not refer to `Tag`
              --> app.rs:5:39
              in table tags
              help: it refers to `User`
        "#]],
    );
}

#[test]
fn names_that_are_taken() {
    check_errors(
        "#[derive(Entity)] struct User { #[id] id: i64, a: i64, #[column(\"a\")] b: i64 }
         #[derive(Entity)] #[entity(table = \"users\")] struct Person { #[id] id: i64 }
         #[derive(Entity)] struct User { #[id] id: i64 }
         #[derive(Entity)] #[index(a, name = \"x\")] #[index(b, name = \"x\")]
         #[check(\"a > 0\", name = \"c\")] #[check(\"b > 0\", name = \"c\")]
         struct Other { #[id] id: i64, a: i64, b: i64 }",
        expect![[r#"
            error[schema-duplicate-table]: `User` and `Person` are both the table users
              --> app.rs:2:62
              in table users
              help: give one of them another name: `#[entity(table = "…")]`
            error[schema-duplicate-entity]: there are two entities `User`
              --> app.rs:3:35
              in table users
              help: rename one of them; the other is in app.rs:1
            error[schema-duplicate-column]: `User` has two columns a
              --> app.rs:1:71
              in column users.a
              help: give one of them another name: `#[column("…")]`
            error[schema-duplicate-name]: the name x is taken, by another index or constraint of others
              --> app.rs:4:54
              in index others.x
              help: give one of them another name: `name = "…"`
            error[schema-duplicate-name]: the table others has two checks named c
              --> app.rs:5:42
              in check others.c
              help: give one of them another name
        "#]],
    );
}

#[test]
fn defaults_of_another_type() {
    check_errors(
        "#[derive(Entity)] struct A { #[id] id: i64, #[default(\"x\")] a: i64, #[default(5)] b: String, #[default(true)] c: i32,
            #[default(now)] d: String, #[default(uuid)] e: i64 }",
        expect![[r#"
            error[schema-default-type]: the default of `a` is no `i64`
              --> app.rs:1:61
              in column as.a
              help: write a value of that type, or `#[default(sql = "…")]`
            error[schema-default-type]: the default of `b` is no `String`
              --> app.rs:1:83
              in column as.b
              help: write a value of that type, or `#[default(sql = "…")]`
            error[schema-default-type]: the default of `c` is no `i32`
              --> app.rs:1:111
              in column as.c
              help: write a value of that type, or `#[default(sql = "…")]`
            error[schema-default-type]: the default of `d` is no `String`
              --> app.rs:2:29
              in column as.d
              help: write a value of that type, or `#[default(sql = "…")]`
            error[schema-default-type]: the default of `e` is no `i64`
              --> app.rs:2:57
              in column as.e
              help: write a value of that type, or `#[default(sql = "…")]`
        "#]],
    );
}

#[test]
fn what_a_database_lacks() {
    let source = "
        #[derive(Entity)] #[entity(schema = \"blog\")]
        #[index(a, where = \"a > 0\")] #[index(\"lower(b)\")] #[index(a, include(b))] #[index(b, method = \"gin\")]
        #[index(a desc nulls last)] #[unique(a, nulls_not_distinct)]
        struct T { #[id] id: i64, a: i64, #[check(pattern(\"^a(b|cd)+$\"))] b: String, list: Vec<i64>, anything: Value }";
    for (dialect, expected) in Dialect::ALL.iter().zip([
        expect![[r#"
            note[schema-no-namespaces]: SQLite has no schemas inside a database
              --> app.rs:5:16
              in table ts
              help: the table gets its plain name; `schema = …` counts on PostgreSQL only
            error[schema-unsupported-type]: SQLite cannot hold `list: Vec<i64>`: SQLite has no arrays
              --> app.rs:5:86
              in column ts.list
              help: use a table of its own, or JSON; or name a type of the database: `#[db_type(sqlite = "…")]`
            error[schema-unsupported-index]: SQLite has no included columns
              --> app.rs:3:61
              in table ts
              help: add the fields to the key of the index
            error[schema-unsupported-index]: SQLite has no index methods
              --> app.rs:3:85
              in table ts
              help: it has B-trees only; full text is a virtual table
            error[schema-unsupported-index]: SQLite has no order of NULLs in indexes
              --> app.rs:4:11
              in table ts
              help: remove `nulls first` or `nulls last`
            error[schema-unsupported-index]: SQLite has no unique constraints over NULLs
              --> app.rs:4:39
              in table ts
              help: make the fields mandatory, or remove `nulls_not_distinct`
            note[schema-rule-in-application]: SQLite cannot check the pattern of `b`; the application does
              --> app.rs:5:75
              in column ts.b
              help: nothing to do, unless other programs write to this table
        "#]],
        expect![[r#"
            error[schema-unsupported-type]: PostgreSQL cannot hold `anything: Value`: PostgreSQL does not have a column without a type
              --> app.rs:5:102
              in column blog.ts.anything
              help: name a type, or use jsonb for mixed values; or name a type of the database: `#[db_type(postgres = "…")]`
        "#]],
        expect![[r#"
            note[schema-no-namespaces]: MariaDB has no schemas inside a database
              --> app.rs:5:16
              in table ts
              help: the table gets its plain name; `schema = …` counts on PostgreSQL only
            error[schema-unsupported-type]: MariaDB cannot hold `list: Vec<i64>`: MariaDB has no array type
              --> app.rs:5:86
              in column ts.list
              help: use JSON, or a table of its own; or name a type of the database: `#[db_type(mysql = "…")]`
            error[schema-unsupported-type]: MariaDB cannot hold `anything: Value`: MariaDB has no column without a type
              --> app.rs:5:102
              in column ts.anything
              help: choose a type; or name a type of the database: `#[db_type(mysql = "…")]`
            error[schema-unsupported-index]: MariaDB has no partial indexes
              --> app.rs:3:11
              in table ts
              help: index a generated column that is NULL where the row does not count
            error[schema-unsupported-index]: MariaDB has no indexes on expressions
              --> app.rs:3:40
              in table ts
              help: index a `#[generated("…")]` column
            error[schema-unsupported-index]: MariaDB has no included columns
              --> app.rs:3:61
              in table ts
              help: add the fields to the key of the index
            error[schema-unsupported-index]: MariaDB has no order of NULLs in indexes
              --> app.rs:4:11
              in table ts
              help: remove `nulls first` or `nulls last`
            error[schema-unsupported-index]: MariaDB has no unique constraints over NULLs
              --> app.rs:4:39
              in table ts
              help: make the fields mandatory, or remove `nulls_not_distinct`
        "#]],
    ]) {
        expected.assert_eq(&lowered(source, *dialect).1);
    }
}

#[test]
fn what_a_number_is_shown_as_is_no_other_type() {
    let reading = relata_entity::read_source(
        "app.rs",
        r#"#[derive(Entity)] struct Kind { #[id(manual)] #[db_type(mysql = "tinyint(3)")] id: Id<Kind, i8> }
           #[derive(Entity)] struct Thing { #[id] id: Id<Thing>,
              #[references(Kind)] #[db_type(mysql = "tinyint(1)")] kind_id: Id<Kind, i8> }"#,
    );
    let (_, problems) = lower(&reading.declaration, Dialect::Mysql);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn keys_of_beginnings_and_numbers_beside_a_key() {
    let source = r#"
        #[derive(Entity)]
        #[primary_key(host, word prefix(187))]
        struct Poll {
            host: i32,
            #[db_type(mysql = "varchar(255)")] word: String,
            #[unique] #[default(next)] number: i64,
        }

        #[derive(Entity)]
        struct Counter {
            #[id(prefix(20))] #[db_type(mysql = "tinyblob")] name: Vec<u8>,
            #[unique] #[default(next, always)] number: i32,
        }
    "#;
    let reading = read_source("app.rs", source);
    assert_eq!(reading.diagnostics, []);
    let (schema, _) = lower(&reading.declaration, Dialect::Mysql);
    let (_, said) = lower(&reading.declaration, Dialect::Sqlite);
    expect![[r#"
        CREATE TABLE counters (
          name tinyblob NOT NULL,
          number int(11) NOT NULL AUTO_INCREMENT,
          PRIMARY KEY (name(20)),
          UNIQUE KEY counters_number_key (number)
        ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
        CREATE TABLE polls (
          host int(11) NOT NULL,
          word varchar(255) NOT NULL,
          number bigint(20) NOT NULL AUTO_INCREMENT,
          PRIMARY KEY (host, word(187)),
          UNIQUE KEY polls_number_key (number)
        ) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
    "#]]
    .assert_eq(&Dialect::Mysql.script(&schema));
    let (schema, _) = lower(&reading.declaration, Dialect::Postgres);
    expect![[r#"
        CREATE TABLE public.counters (
            name bytea NOT NULL,
            number integer GENERATED ALWAYS AS IDENTITY NOT NULL,
            CONSTRAINT counters_pkey PRIMARY KEY (name),
            CONSTRAINT counters_number_key UNIQUE (number)
        );
        CREATE TABLE public.polls (
            host integer NOT NULL,
            word text NOT NULL,
            number bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL,
            CONSTRAINT polls_pkey PRIMARY KEY (host, word),
            CONSTRAINT polls_number_key UNIQUE (number)
        );
    "#]]
    .assert_eq(&Dialect::Postgres.script(&schema));
    expect![[r#"
        error[schema-unsupported-default]: SQLite does not count `number`
          --> app.rs:7:40
          in column polls.number
          help: it counts the `#[id]` of a table: make it that, or give the number with the row
        error[schema-unsupported-default]: SQLite does not count `number`
          --> app.rs:13:48
          in column counters.number
          help: it counts the `#[id]` of a table: make it that, or give the number with the row
    "#]]
    .assert_eq(&said.iter().map(|one| format!("{one}\n")).collect::<String>());
}

#[test]
fn only_postgres_minds_the_case_of_names() {
    let source = "#[derive(Entity)] struct User { #[id] id: i64, a: i64, #[column(\"A\")] b: i64 }";
    let errors = |dialect| lower(&read_source("app.rs", source).declaration, dialect).1.len();
    assert_eq!([Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql].map(errors), [1, 0, 1]);
}

#[test]
fn numbers_that_nobody_counts() {
    let source = r#"
        #[derive(Entity)]
        #[primary_key(a desc, b)]
        struct A { a: i32, b: i32, #[default(next)] c: String, #[default(next, never)] d: i32 }
    "#;
    let reading = read_source("app.rs", source);
    expect![[r#"
        error[entity-default-type]: `c: String` is no number that the database counts
          --> app.rs:4:38
          help: `next` belongs to whole numbers that are never NULL
        error[entity-default-form]: `default` takes one value
          --> app.rs:4:66
          help: write `#[default(next)]`, or `#[default(next, always)]` where nobody may give another number
        error[entity-key-form]: a key names fields, and nothing else
          --> app.rs:3:23
          help: write them without quotes and without an order: `#[primary_key(a, b)]`; on MariaDB `prefix(20)` may follow, for the first 20 characters
    "#]]
    .assert_eq(&reading.diagnostics.iter().map(|one| format!("{one}\n")).collect::<String>());
}
