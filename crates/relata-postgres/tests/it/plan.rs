//! The planner's law on a real server: `introspect(apply(plan(a, b))) == b`, a second plan is empty, data is kept.

use relata_plan::PlanOptions;
use relata_schema::change::{Plan, Rename};
use relata_schema::model::{ObjectKey, ObjectKind};
use relata_schema::{Dialect, Schema, Severity};
use relata_sql::Value;

use crate::round_trip::{assert_same, inspect};
use crate::server::{Database, open, url};

/// Plans from one schema to another; no error may be found.
pub fn plan(from: &Schema, to: &Schema, about: &str) -> Plan {
    plan_with(from, to, about, &PlanOptions::default())
}

fn plan_with(from: &Schema, to: &Schema, about: &str, options: &PlanOptions) -> Plan {
    let (plan, diagnostics) = relata_plan::plan(from, to, options);
    let errors: Vec<_> = diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{about}: {errors:?}");
    plan
}

/// Carries a plan out: in transactions, but for the steps that cannot be in one.
pub async fn apply(database: &mut Database, plan: &Plan, about: &str) {
    let mut script = String::new();
    for step in &plan.steps {
        if step.transactional {
            script.push_str(&step.sql);
            script.push_str(";\n");
            continue;
        }
        run(database, &std::mem::take(&mut script), plan, about).await;
        run(database, &step.sql, plan, about).await;
    }
    run(database, &script, plan, about).await;
}

async fn run(database: &mut Database, script: &str, plan: &Plan, about: &str) {
    if let Err(error) = database.connection.batch(script).await {
        panic!("{about}: {error}\nin\n{}", plan.script());
    }
}

/// Checks the law for two scripts. `check` is a query and what it must give before and after.
pub async fn law(about: &str, old: &str, new: &str, check: Option<(&str, &str)>) {
    law_with(about, old, new, check, &PlanOptions::default()).await;
}

/// As [`law`]; gives the plan.
pub async fn law_with(about: &str, old: &str, new: &str, check: Option<(&str, &str)>, options: &PlanOptions) -> Plan {
    let to = read(new).await;
    let mut source = Database::new().await;
    source.run(old).await;
    let from = inspect(source.connection.as_mut()).await;
    let plan = arrives(&mut source, &from, &to, about, options).await;
    if let Some(check) = check {
        holds(&mut source, check, about).await;
    }
    source.drop().await;
    plan
}

/// The law in both directions on one database; and what is new survives being printed and loaded.
pub async fn there_and_back(about: &str, old: &str, new: &str, check: Option<(&str, &str)>) {
    let to = read(new).await;
    let mut source = Database::new().await;
    source.run(old).await;
    let from = inspect(source.connection.as_mut()).await;
    arrives(&mut source, &from, &to, about, &PlanOptions::default()).await;
    if let Some(check) = check {
        holds(&mut source, check, about).await;
    }
    let there = inspect(source.connection.as_mut()).await;
    arrives(&mut source, &there, &from, &format!("{about}, back"), &PlanOptions::default()).await;
    source.drop().await;
    let mut copy = Database::new().await;
    copy.run_each(&to.dialect.create_all(&to)).await;
    assert_same(&to, &inspect(copy.connection.as_mut()).await, &format!("{about}: the copy differs"));
    copy.drop().await;
}

/// The schema that a script makes.
pub async fn read(script: &str) -> Schema {
    let mut database = Database::new().await;
    database.run(script).await;
    let schema = inspect(database.connection.as_mut()).await;
    database.drop().await;
    schema
}

/// Plans, carries out, reads back, and plans again.
async fn arrives(database: &mut Database, from: &Schema, to: &Schema, about: &str, options: &PlanOptions) -> Plan {
    let there = plan_with(from, to, about, options);
    apply(database, &there, about).await;
    let back = inspect(database.connection.as_mut()).await;
    assert_same(&normal(to), &normal(&back), &format!("{about}\n{}", there.script()));
    let again = plan(&back, to, about);
    assert!(again.is_empty(), "{about}: a second plan is not empty:\n{}", again.script());
    there
}

async fn holds(database: &mut Database, (query, expected): (&str, &str), about: &str) {
    let rows = database.rows(query).await.unwrap();
    let texts: Vec<String> = rows.iter().flatten().map(text).collect();
    assert_eq!(texts.join(" "), expected, "{about}: data");
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Null => "null".into(),
        other => format!("{other:?}"),
    }
}

/// Without what the planner does not promise: the order of columns, and the names the server gives to copies of
/// foreign keys on partitions.
pub fn normal(schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    for table in &mut schema.tables {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.foreign_keys.retain(|key| !key.inherited);
    }
    schema
}

macro_rules! laws {
    ($($name:ident: $old:expr => $new:expr $(, $query:literal = $expected:literal)?;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let check: &[(&str, &str)] = &[$(($query, $expected))?];
            law(stringify!($name), $old, $new, check.first().copied()).await;
        }
    )*};
}

laws! {
    nothing_becomes_everything: "" => include_str!("everything.sql");
    everything_becomes_nothing: include_str!("everything.sql") => "";
    everything_stays: include_str!("everything.sql") => include_str!("everything.sql");

    an_enum_loses_and_reorders_values:
        "create type mood as enum ('a', 'b', 'c');
         create table t (m mood default 'a', ms mood[], check (m <> 'c'), n int);
         create index on t (n) where m = 'b';
         create view v as select m, n from t where m = 'a';
         create function f(m mood) returns text language sql return m::text;
         insert into t values ('b', '{b,a}', 1)" =>
        "create type mood as enum ('b', 'a', 'd');
         create table t (m mood default 'd', ms mood[], check (m <> 'd'), n int);
         create index on t (n) where m = 'b';
         create view v as select m, n from t where m = 'a';
         create function f(m mood) returns text language sql return m::text || '!'",
        "select m::text, ms::text, f(m) from t" = "b {b,a} b!";

    an_enum_gets_values_in_the_middle:
        "create type mood as enum ('a', 'c'); create table t (m mood default 'a'); insert into t values ('c')" =>
        "create type mood as enum ('0', 'a', 'b', 'c', 'd'); create table t (m mood default 'b')",
        "select m::text from t where m > 'b'" = "c";

    a_type_changes_under_views_and_keys:
        "create table a (id int primary key, n int, g int generated always as (n + 1) stored, name varchar(20));
         create table b (a_id int references a, x text);
         create view v as select id, n from a;
         create view w as select v.id, b.x from v join b on b.a_id = v.id;
         create materialized view m as select count(*) as c, max(n) as n from w join a using (id);
         create unique index on m (c);
         grant select on w to pg_monitor;
         comment on view w is 'on top';
         create policy p on a using (n > 0);
         create function touch() returns trigger language plpgsql as 'begin return new; end';
         create trigger t before update of n on a for each row execute function touch();
         insert into a (id, n, name) values (1, 41, 'x'); insert into b values (1, 'y')" =>
        "create table a (id bigint primary key, n bigint, g bigint generated always as (n + 1) stored, name text);
         create table b (a_id bigint references a, x text);
         create view v as select id, n from a;
         create view w as select v.id, b.x from v join b on b.a_id = v.id;
         create materialized view m as select count(*) as c, max(n) as n from w join a using (id);
         create unique index on m (c);
         grant select on w to pg_monitor;
         comment on view w is 'on top';
         create policy p on a using (n > 0);
         create function touch() returns trigger language plpgsql as 'begin return new; end';
         create trigger t before update of n on a for each row execute function touch()",
        "select a.n, a.g, a.name, m.c, w.x from a, m, w" = "41 42 x 1 y";

    a_function_changes_its_result:
        "create function f(a int) returns int language sql immutable as 'select a';
         create table t (a int default f(3), b int, check (f(b) > 0), g int generated always as (f(b)) stored);
         create index t_f on t (f(b));
         create view v as select f(a) as x from t;
         create policy p on t using (f(a) > 0);
         insert into t (b) values (7)" =>
        "create function f(a int) returns bigint language sql immutable as 'select a::bigint + 1';
         create table t (a int default f(3), b int, check (f(b) > 0), g bigint generated always as (f(b)) stored);
         create index t_f on t (f(b));
         create view v as select f(a) as x from t;
         create policy p on t using (f(a) > 0)",
        "select a, b, g from t" = "3 7 8";

    a_parameter_is_renamed:
        "create function f(a int) returns int language sql as 'select 1'; create view v as select f(1) as x" =>
        "create function f(b int) returns int language sql as 'select 1'; create view v as select f(1) as x";

    serial_becomes_identity:
        "create table t (id serial primary key, n int); insert into t (n) values (1), (2)" =>
        "create table t (id int generated by default as identity primary key, n int)",
        "insert into t (n) values (3) returning id" = "3";

    identity_becomes_serial:
        "create table t (id int generated always as identity primary key, n int); insert into t (n) values (1)" =>
        "create table t (id serial primary key, n int)",
        "select n from t" = "1";

    a_partition_moves:
        "create table a (id int, k text, primary key (k, id)) partition by list (k);
         create table a_1 partition of a for values in ('1');
         create table a_2 partition of a for values in ('2');
         create index a_id on a (id);
         insert into a values (1, '1'), (2, '2')" =>
        "create table a (id int, k text, primary key (k, id)) partition by list (k);
         create table a_1 partition of a for values in ('1', '3');
         create table a_2 (id int not null, k text not null, constraint a_2_pkey primary key (k, id));
         create index a_id on a (id); create index a_2_id_idx on a_2 (id)",
        "select id, (select count(*) from a) from a_2" = "2 1";

    a_table_is_partitioned_and_its_children_keep_their_rows:
        "create table a (id int, k text) partition by list (k);
         create table a_1 partition of a for values in ('1');
         create table r (x int);
         insert into a values (1, '1')" =>
        "create table a (id int, k text) partition by range (id);
         create table a_1 partition of a for values from (1) to (9);
         create table r (x int)",
        "select id, k from a" = "1 1";

    foreign_keys_in_a_circle:
        "create table a (id int primary key, b int); create table b (id int primary key, a int references a);
         alter table a add constraint ab foreign key (b) references b;
         insert into a values (1, null); insert into b values (1, 1)" =>
        "create table a (id text primary key, b text); create table b (id text primary key, a text references a);
         alter table a add constraint ab foreign key (b) references b on delete cascade deferrable",
        "select a.id, b.a from a, b" = "1 1";

    a_domain_changes:
        "create domain d as int default 1 check (value > 0); create table t (x d default 3);
         insert into t values (5)" =>
        "create domain d as bigint not null check (value > 1); create table t (x d default 3)",
        "select x from t" = "5";

    rows_say_what_they_said_after_privileges_and_comments_change:
        "create table t (a int, b int); comment on column t.a is 'old'; comment on table t is 'gone';
         grant select on t to pg_monitor; grant update (a) on t to pg_monitor;
         insert into t values (1, 2)" =>
        "create table t (a int, b int); comment on column t.a is 'new';
         grant select on t to pg_monitor with grant option; grant insert on t to pg_read_all_data",
        "select a + b from t" = "3";

    privileges_given_by_others_go_and_stay:
        "create table t (a int); grant select on t to pg_monitor with grant option; set role pg_monitor;
         grant select on t to pg_read_all_data with grant option; grant select on t to pg_signal_backend; reset role;
         grant select on t to pg_database_owner; insert into t values (1)" =>
        "create table t (a int); grant select on t to pg_read_all_data; grant select on t to pg_database_owner",
        "select a from t" = "1";

    milliseconds_become_instants:
        "create table t (a bigint default 0, b text); insert into t values (1700000000000, 'x')" =>
        "create table t (a timestamptz default now(), b text collate \"C\")",
        "select extract(epoch from a)::int from t" = "1700000000";

    kinds_of_objects_change:
        "create table t (a int, b int); create view v as select a from t; create function f() returns int language sql as 'select 1';
         create materialized view m as select a from t; create type pair as (x int, y text);
         create extension citext; insert into t values (1, 2)" =>
        "create table t (a int, b int); create materialized view v as select a from t;
         create procedure f() language sql as 'select 1'; create view m as select b as a from t;
         create type pair as (x bigint, z text); create extension pg_trgm",
        "select a from m" = "2";

    a_partitioned_index_is_altered:
        "create table a (id int, k text not null) partition by list (k);
         create table a_1 partition of a for values in ('1'); create table a_2 partition of a for values in ('2');
         create unique index i on a (k, id); create index j on a (id)" =>
        "create table a (id int, k text not null) partition by list (k);
         create table a_1 partition of a for values in ('1'); create table a_2 partition of a for values in ('2');
         create index i on a (k, id); create index j on a (id) where id > 3; create index own on a_1 (id desc);
         alter table a add constraint pk primary key (k, id)";

    a_trigger_moves_and_its_function_is_replaced:
        "create table a (id int); create table b (id int);
         create function f() returns trigger language plpgsql as 'begin return new; end';
         create trigger t before insert on a for each row execute function f()" =>
        "create table a (id int); create table b (id int);
         create function f() returns trigger language plpgsql as 'begin return old; end';
         create trigger t before insert on b for each row execute function f();
         alter table b enable always trigger t";

    inheritance_changes:
        "create table p (id int not null, k text default 'a', check (id > 0)); create table c (x int) inherits (p);
         create table q (id int not null) inherits (p); insert into c values (1, 'b', 2)" =>
        "create table p (id bigint, k text default 'b', n int, check (id > 0)); create table c (x int) inherits (p);
         create table q (id bigint, k text default 'a', constraint p_id_check check (id > 0))",
        "select id, k, x from c" = "1 b 2";
}

#[tokio::test]
async fn renames_keep_rows_and_what_refers_to_them() {
    let old = "create type mood as enum ('a', 'b'); create sequence s;
        create table people (id int primary key, nick text default 'x', m mood, constraint c check (nick <> ''));
        create table posts (id int primary key, who int references people (id));
        create index on people (nick); create view v as select nick from people;
        insert into people values (1, 'ann', 'a'); insert into posts values (1, 1)";
    let new = "create type feeling as enum ('a', 'b'); create sequence s;
        create table users (id int constraint people_pkey primary key, name text default 'x', m feeling,
            constraint c check (name <> ''));
        create table posts (id int primary key, who int references users (id));
        create index people_nick_idx on users (name); create view v as select name as nick from users";
    let mut target = Database::new().await;
    target.run(new).await;
    let to = inspect(target.connection.as_mut()).await;
    target.drop().await;
    let mut source = Database::new().await;
    source.run(old).await;
    let from = inspect(source.connection.as_mut()).await;
    let people = to.dialect.name("people");
    let rename = |from, to: &str| Rename { from, to: Dialect::Postgres.name(to) };
    let options = PlanOptions {
        renames: vec![
            rename(ObjectKey::of(ObjectKind::Table, &people), "users"),
            rename(ObjectKey::member(ObjectKind::Column, &people, "nick"), "name"),
            rename(ObjectKey::of(ObjectKind::Enum, &to.dialect.name("mood")), "feeling"),
        ],
        ..PlanOptions::default()
    };
    let (there, diagnostics) = relata_plan::plan(&from, &to, &options);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    apply(&mut source, &there, "renames").await;
    let back = inspect(source.connection.as_mut()).await;
    assert_same(&normal(&to), &normal(&back), &there.script());
    let rows = source.rows("select name from users join posts on who = users.id").await.unwrap();
    assert_eq!(rows, [[Value::Text("ann".into())]]);
    source.drop().await;
}

/// Whatever only gets another name is renamed: nothing is dropped, checked or sorted anew.
#[tokio::test]
async fn names_of_members_and_routines_change_in_place() {
    let script = |n: &str| {
        format!(
            "CREATE FUNCTION stamp{n}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
             CREATE FUNCTION twice{n}(x int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * x';
             CREATE TABLE owner (id int, CONSTRAINT owner_key{n} PRIMARY KEY (id));
             CREATE TABLE item (id int, owner int, name text, span int4range, at int DEFAULT twice{n}(1),
                 CONSTRAINT item_key{n} PRIMARY KEY (id), CONSTRAINT item_name{n} UNIQUE (name),
                 CONSTRAINT item_owner{n} FOREIGN KEY (owner) REFERENCES owner (id),
                 CONSTRAINT item_at{n} CHECK (twice{n}(at) > 0),
                 CONSTRAINT item_span{n} EXCLUDE USING gist (span WITH &&));
             COMMENT ON CONSTRAINT item_name{n} ON item IS 'unique';
             CREATE INDEX item_by_owner{n} ON item (owner, lower(name));
             ALTER TABLE item CLUSTER ON item_key{n};
             CREATE TRIGGER item_stamp{n} BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION stamp{n}();
             CREATE POLICY item_seen{n} ON item USING (owner > 0);
             INSERT INTO owner VALUES (1); INSERT INTO item VALUES (1, 1, 'a', '[1,2)');"
        )
    };
    let plan = law_with(
        "names of members",
        &script("_a"),
        &script("_b"),
        Some(("SELECT count(*)::text FROM item", "1")),
        &PlanOptions::default(),
    )
    .await;
    let script = plan.script();
    assert!(!script.contains("DROP ") && !script.contains(" ADD "), "{script}");
    assert_eq!(script.matches(" RENAME ").count(), 11, "{script}");
    // A name that is taken cannot be had in place, and partitions have the names of their parents.
    there_and_back(
        "names that are swapped",
        "CREATE TABLE t (a int, b int); CREATE INDEX x ON t (a); CREATE INDEX y ON t (b);",
        "CREATE TABLE t (a int, b int); CREATE INDEX y ON t (a); CREATE INDEX x ON t (b);",
        None,
    )
    .await;
    there_and_back(
        "a name that another table had",
        "CREATE TABLE t (a int); CREATE INDEX x ON t (a); CREATE TABLE y (a int);",
        "CREATE TABLE t (a int); CREATE INDEX y ON t (a);",
        None,
    )
    .await;
    there_and_back(
        "names in a family",
        "CREATE TABLE p (a int, CONSTRAINT k CHECK (a > 0), CONSTRAINT pk PRIMARY KEY (a)) PARTITION BY RANGE (a);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9);",
        "CREATE TABLE p (a int, CONSTRAINT l CHECK (a > 0), CONSTRAINT pl PRIMARY KEY (a)) PARTITION BY RANGE (a);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9);",
        None,
    )
    .await;
}

/// A partitioned table's trigger is renamed with those of its partitions, as far down as they go.
#[tokio::test]
async fn triggers_of_partitioned_tables_change_their_names_in_place() {
    let script = |n: &str, more: &str| {
        format!(
            "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
             CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);
             CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9) PARTITION BY LIST (b);
             CREATE TABLE p11 PARTITION OF p1 FOR VALUES IN (1);
             CREATE TRIGGER \"stamp {n}\" AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION stamp();
             COMMENT ON TRIGGER \"stamp {n}\" ON p IS 'stamps';
             CREATE TRIGGER own_{n} AFTER INSERT ON p11 FOR EACH ROW EXECUTE FUNCTION stamp();{more}"
        )
    };
    let options = PlanOptions { server_version: open(&url()).await.server().number, ..PlanOptions::default() };
    let check = Some(("SELECT count(*)::text FROM pg_trigger WHERE tgname = 'stamp b'", "3"));
    let plan = law_with("triggers of partitions", &script("a", ""), &script("b", ""), check, &options).await;
    if options.server_version >= 150_000 {
        assert_eq!(plan.script().matches("ALTER TRIGGER ").count(), 2, "{}", plan.script());
        assert!(!plan.script().contains("DROP "), "{}", plan.script());
    }
    let more = "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (9) TO (10);";
    law_with("and a partition comes", &script("a", ""), &script("b", more), None, &options).await;
    law_with("and a partition goes", &script("a", more), &script("b", ""), None, &options).await;
}

/// What planners stumble over.
#[tokio::test]
async fn known_traps() {
    let long = "a_table_with_a_name_that_is_as_long_as_names_of_postgres_may_be";
    let pairs: [(&str, String, String); 8] = [
        (
            "the one-byte type beside char(1)",
            "CREATE TABLE t (a \"char\", b char, c char(1)[], d \"char\"[])".into(),
            "CREATE TABLE t (a char(1), b \"char\", c \"char\"[], d \"char\"[])".into(),
        ),
        (
            "serials of tables whose names leave no room",
            format!("CREATE TABLE {long} (an_identifier serial PRIMARY KEY, x int)"),
            format!("CREATE TABLE {long} (an_identifier serial PRIMARY KEY, another_identifier bigserial)"),
        ),
        (
            "indexes and constraints that go with their column",
            "CREATE TABLE t (a int, b int, c int, UNIQUE (a, b), CHECK (b > c)); CREATE INDEX i ON t (b); \
             CREATE INDEX j ON t (c) WHERE b > 0; CREATE INDEX k ON t (c) INCLUDE (b); CREATE STATISTICS s ON a, b FROM t"
                .into(),
            "CREATE TABLE t (a int, c int)".into(),
        ),
        (
            "two indexes that are the same",
            "CREATE TABLE t (a int); CREATE INDEX one ON t (a); CREATE INDEX two ON t (a); CREATE INDEX three ON t (a)".into(),
            "CREATE TABLE t (a int); CREATE INDEX two ON t (a); CREATE INDEX four ON t (a)".into(),
        ),
        (
            "views in the way of a type",
            "CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT a + 1 AS c FROM v; \
             CREATE MATERIALIZED VIEW m AS SELECT c FROM w; CREATE UNIQUE INDEX ON m (c); COMMENT ON VIEW w IS 'more'; \
             GRANT SELECT ON w TO PUBLIC"
                .into(),
            "CREATE TABLE t (a bigint, b text); CREATE VIEW v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT a + 1 AS c FROM v; \
             CREATE MATERIALIZED VIEW m AS SELECT c FROM w; CREATE UNIQUE INDEX ON m (c); COMMENT ON VIEW w IS 'more'; \
             GRANT SELECT ON w TO PUBLIC"
                .into(),
        ),
        (
            "checks that call functions that change",
            "CREATE FUNCTION f(x int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT x > 0'; CREATE TABLE t (a int CHECK (f(a)))"
                .into(),
            "CREATE FUNCTION f(x bigint) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT x > 0'; \
             CREATE TABLE t (a int CHECK (f(a)))"
                .into(),
        ),
        (
            "partitions with the indexes of their parent, and their own",
            "CREATE TABLE p (a int, b int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); \
             CREATE INDEX i ON p (b); CREATE INDEX own ON p1 (a, b)"
                .into(),
            "CREATE TABLE p (a int, b int, PRIMARY KEY (a)) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); \
             CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2); CREATE INDEX own ON p1 (b, a)"
                .into(),
        ),
        (
            "keys that refer to each other, over views over views",
            "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); \
             ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"
                .into(),
            "CREATE TABLE a (id bigint PRIMARY KEY, b bigint); CREATE TABLE b (id bigint PRIMARY KEY, a bigint REFERENCES a); \
             ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE"
                .into(),
        ),
    ];
    for (about, old, new) in pairs {
        there_and_back(about, &old, &new, None).await;
    }
}

#[tokio::test]
async fn types_make_room_for_a_successor() {
    let domain = |base: &str| {
        format!(
            "create domain d as {base} check (value > 0); create domain e as d not null;
             create table t (a d, b d[], c e default 3); create view v as select a from t;"
        )
    };
    law(
        "domain",
        &(domain("int") + "insert into t values (1, '{2}', 3)"),
        &domain("bigint"),
        Some(("select a::text || b::text || c::text from t", "1{2}3")),
    )
    .await;
    let composite = |attributes: &str| {
        format!(
            "create type c as ({attributes}); create table t (x c, y c[]);
             create view v as select (x).b from t; create function f(c) returns text language sql return ($1).b;"
        )
    };
    let old = composite("a int, b text") + "insert into t values (row(1, 'x'), null), (null, null)";
    let check = Some(("select coalesce(x::text, 'none') from t", "(,1,x) none"));
    law("composite", &old, &composite("n date, a bigint, b text"), check).await;
    let enumeration = |values: &str| {
        format!(
            "create type e as enum ({values}); create domain de as e check (value <> 'a');
             create table t (x e, d de default 'b', y e[]);"
        )
    };
    law("enum under a domain", &enumeration("'a', 'b', 'c'"), &enumeration("'b', 'a'"), None).await;
    law(
        "another kind",
        "create type f as enum ('a'); create table t (x f);",
        "create domain f as text; create table t (x f);",
        None,
    )
    .await;
}

#[tokio::test]
async fn what_goes_with_a_column_or_key_comes_back() {
    let generated = |factor: i32| {
        format!(
            "create table t (a int, b int generated always as (a * {factor}) stored, unique (b), check (b > 1));
             create index on t (a) where b > 3;"
        )
    };
    law("generated", &generated(2), &generated(3), None).await;
    let grouped = |key: &str| {
        format!(
            "create table t (id int not null, u int not null, n int, constraint k primary key ({key}));
             create view v as select id, u, n, count(*) from t group by {key};"
        )
    };
    law("key that a view groups by", &grouped("id"), &grouped("u"), None).await;
    let over_view = |column: &str| {
        format!(
            "create table t (a int, b int); create view v as select {column} from t;
             create function f(v) returns int language sql as 'select 1'; create view w as select f(v) from v;"
        )
    };
    law("function over a view", &over_view("a, b"), &over_view("b, a"), None).await;
}

#[tokio::test]
async fn sequences_casts_parameters_and_comments() {
    law(
        "bounds apart",
        "create sequence s minvalue 1 maxvalue 100; create domain d as int constraint k check (value > 1);
         comment on constraint k on domain d is 'x'; comment on schema public is 'here';
         create table t (a jsonb, b text[]) with (fillfactor = 50, autovacuum_enabled = false);",
        "create sequence s increment -1 minvalue -100 maxvalue -1; create domain d as int constraint k check (value > 2);
         comment on constraint k on domain d is 'x';
         create table t (a text[], b jsonb) with (fillfactor = 60, autovacuum_enabled = false);",
        None,
    )
    .await;
}

#[tokio::test]
async fn a_table_becomes_a_partition_with_its_keys() {
    let parent = "CREATE TABLE p (id int, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
        CREATE INDEX p_day ON p (day);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');";
    let bounds = "FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')";
    law("created", parent, &format!("{parent} CREATE TABLE p2 PARTITION OF p {bounds};"), None).await;
    let alone = "CREATE TABLE p2 (id int, day date NOT NULL, PRIMARY KEY (id, day));";
    let attached = format!("{parent} {alone} ALTER TABLE p ATTACH PARTITION p2 {bounds};");
    law("attached", &format!("{parent} {alone}"), &attached, None).await;
}

#[tokio::test]
async fn sample_pairs() {
    let root = format!("{}/../../../shared/cases", env!("CARGO_MANIFEST_DIR"));
    let mut cases = Vec::new();
    for folder in ["pairs-postgres", "pairs-three/postgres"] {
        folders(&format!("{root}/{folder}"), &mut cases);
    }
    if cases.is_empty() {
        eprintln!("skipped: no sample pairs in {root}");
        return;
    }
    for case in cases {
        let meta = std::fs::read_to_string(format!("{case}/meta.json")).unwrap_or_default();
        let marks = ["\"error\": true", "\"plan_opts\": true", "\"factory\": true"];
        // Roles are the cluster's; a test creates none.
        if marks.iter().any(|mark| meta.contains(mark)) || !meta.contains("\"roles\": []") {
            continue;
        }
        let read = |file: &str| std::fs::read_to_string(format!("{case}/{file}")).unwrap();
        law(&case, &read("old.sql"), &read("new.sql"), None).await;
    }
}

fn folders(path: &str, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(path) else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for entry in paths.iter().filter(|entry| entry.is_dir()) {
        let text = entry.to_string_lossy().into_owned();
        if entry.join("old.sql").exists() { found.push(text) } else { folders(&text, found) }
    }
}
