//! SQL of every construct, dialects side by side. The facade's tests run the same constructs on the real databases.

use expect_test::{Expect, expect};

use super::*;
use crate::expr::{BinaryOp, ColumnRef, Expr, OrderKey, Related};
use crate::meta::{Cardinality, ColumnMeta, FromRoot, Junction, RelationMeta};
use crate::tree::{Batch, Conflict, Delete, Insert, Item, Keys, Lock, LockWait, Scope, Select, Update};
use crate::typed::{Column, Pred, count_rows};

struct Post;

pub(crate) static USERS: TableMeta = table(
    ["User", "users"],
    &[ColumnMeta::new("id", "id"), ColumnMeta::new("name", "name")],
    ["\"id\", \"name\"", "`id`, `name`"],
    &[0],
    None,
);
static POSTS: TableMeta = table(
    ["Post", "posts"],
    &[
        ColumnMeta::new("id", "id"),
        ColumnMeta::new("author_id", "author_id"),
        ColumnMeta::new("editor_id", "editor_id").nullable(),
        ColumnMeta::new("title", "Title"),
        ColumnMeta::new("deleted_at", "deleted_at").nullable(),
    ],
    ["\"id\", \"Title\", …", "`id`, `Title`, …"],
    &[0],
    Some(4),
);
static LINKS: TableMeta = table(
    ["Link", "links"],
    &[ColumnMeta::new("post_id", "post_id"), ColumnMeta::new("user_id", "user_id")],
    ["", ""],
    &[0, 1],
    None,
);
static AUTHOR: RelationMeta = relation("author", &POSTS, 1, &USERS, 0, Cardinality::One, None);
static EDITOR: RelationMeta = relation("editor", &POSTS, 2, &USERS, 0, Cardinality::Optional, None);
static WRITTEN: RelationMeta = relation("posts", &USERS, 0, &POSTS, 1, Cardinality::Many, None);
static EDITED: RelationMeta = relation("edited", &USERS, 0, &POSTS, 2, Cardinality::Many, None);
static READERS: RelationMeta =
    relation("readers", &POSTS, 0, &USERS, 0, Cardinality::Many, Some(Junction { table: &LINKS, near: 0, far: 1 }));

const fn table(
    [entity, table]: [&'static str; 2],
    columns: &'static [ColumnMeta],
    select_list: [&'static str; 2],
    key: &'static [usize],
    soft_delete: Option<usize>,
) -> TableMeta {
    TableMeta {
        entity,
        namespace: "",
        table,
        columns,
        selected: 2,
        select_list,
        key,
        uniques: &[],
        generated_key: true,
        soft_delete,
        created_at: None,
        updated_at: None,
        rules: &[],
        relations: || &[],
    }
}

const fn relation(
    name: &'static str,
    from: &'static TableMeta,
    from_column: usize,
    to: &'static TableMeta,
    to_column: usize,
    cardinality: Cardinality,
    via: Option<Junction>,
) -> RelationMeta {
    RelationMeta {
        name,
        from,
        from_column,
        to,
        to_column,
        only: None,
        further: &[],
        cardinality,
        refers: None,
        via,
        from_root: FromRoot::new(),
    }
}

const ID: Column<Post, i64> = Column::new(Path::ROOT, &POSTS.columns[0]);
const AUTHOR_ID: Column<Post, i64> = Column::new(Path::ROOT, &POSTS.columns[1]);
const TITLE: Column<Post, String> = Column::new(Path::ROOT, &POSTS.columns[3]);
const DELETED: Column<Post, Option<i64>> = Column::new(Path::ROOT, &POSTS.columns[4]);

fn name_of(relation: &'static RelationMeta) -> Column<Post, String> {
    Column::new(Path::ROOT.step(relation), &USERS.columns[1])
}

fn posts() -> Select {
    let mut select = Select::new(Source::Entity(&POSTS));
    select.items = vec![Item::Entity(Path::ROOT, &POSTS)];
    select.scope = Scope::All;
    select
}

/// Renders for each dialect, each twice: with a shape not seen before and with one that is.
fn sides(mut render: impl FnMut(&mut ShapeCache) -> Result<Rendered>) -> String {
    let mut out = String::new();
    for (name, dialect) in
        [("sqlite  ", Dialect::Sqlite), ("postgres", Dialect::Postgres), ("mysql   ", Dialect::Mysql)]
    {
        let mut cache = ShapeCache::new(Target::new(dialect), 8);
        let (first, second) = (render(&mut cache), render(&mut cache));
        match (first, second) {
            (Ok(first), Ok(second)) => {
                assert_eq!(first, second);
                assert_eq!(cache.len(), 1);
                out += &format!("{name} {}\n", first.sql);
            }
            (Err(error), Err(_)) => out += &format!("{name} -- {}\n", error.to_string().replace('\n', ";")),
            (first, second) => panic!("{first:?} is not {second:?}"),
        }
    }
    out
}

fn check_select(select: Select, expected: Expect) {
    expected.assert_eq(&sides(|cache| cache.render(Tree::Select(&mut select.clone()))));
}

fn check_filter(filter: Pred<Post>, expected: Expect) {
    let mut select = Select::new(Source::Entity(&POSTS));
    select.scope = Scope::All;
    select.filter = Some(filter.into_expr());
    let text = sides(|cache| cache.render(Tree::Select(&mut select.clone())));
    let heads = ["SELECT 1 FROM \"posts\" WHERE ", "SELECT 1 FROM `posts` WHERE "];
    expected.assert_eq(&heads.iter().fold(text, |text, head| text.replace(head, "")));
}

#[test]
fn whole_rows() {
    check_select(
        posts(),
        expect![[r#"
        sqlite   SELECT "id", "Title", … FROM "posts"
        postgres SELECT "id", "Title", … FROM "posts"
        mysql    SELECT `id`, `Title`, … FROM `posts`
    "#]],
    );
    let mut limited = posts();
    limited.scope = Scope::Live;
    limited.filter = Some(ID.gt(5).into_expr());
    limited.order = vec![TITLE.desc().into_key(), DELETED.asc().nulls_last().into_key()];
    limited.limit = Some(10);
    limited.offset = Some(20);
    check_select(
        limited,
        expect![[r#"
        sqlite   SELECT "id", "Title", … FROM "posts" WHERE "deleted_at" IS NULL AND "id" > ?1 ORDER BY "Title" DESC, "deleted_at" NULLS LAST LIMIT 10 OFFSET ?2
        postgres SELECT "id", "Title", … FROM "posts" WHERE "deleted_at" IS NULL AND "id" > $1 ORDER BY "Title" DESC, "deleted_at" NULLS LAST LIMIT 10 OFFSET $2
        mysql    SELECT `id`, `Title`, … FROM `posts` WHERE `deleted_at` IS NULL AND `id` > ? ORDER BY `Title` DESC, (`deleted_at`) IS NULL, `deleted_at` LIMIT 10 OFFSET ?
    "#]],
    );
    let mut offset = posts();
    offset.scope = Scope::Deleted;
    offset.offset = Some(20);
    check_select(
        offset,
        expect![[r#"
        sqlite   SELECT "id", "Title", … FROM "posts" WHERE "deleted_at" IS NOT NULL LIMIT -1 OFFSET ?1
        postgres SELECT "id", "Title", … FROM "posts" WHERE "deleted_at" IS NOT NULL OFFSET $1
        mysql    SELECT `id`, `Title`, … FROM `posts` WHERE `deleted_at` IS NOT NULL LIMIT 18446744073709551615 OFFSET ?
    "#]],
    );
}

#[test]
fn comparisons() {
    check_filter(
        ID.eq(5),
        expect![[r#"
        sqlite   "id" = ?1
        postgres "id" = $1
        mysql    `id` = ?
    "#]],
    );
    check_filter(
        TITLE.eq("x").and(ID.eq(AUTHOR_ID)).or(!ID.lt(3)),
        expect![[r#"
        sqlite   ("Title" = ?1 AND "id" = "author_id") OR NOT ("id" < ?2)
        postgres ("Title" = $1 AND "id" = "author_id") OR NOT ("id" < $2)
        mysql    (`Title` = ? AND `id` = `author_id`) OR NOT (`id` < ?)
    "#]],
    );
    check_filter(
        ID.between(1, 9).and(ID.is_in([1, 2, 3])).and(ID.not_in([7])),
        expect![[r#"
        sqlite   "id" BETWEEN ?1 AND ?2 AND "id" IN (?3, ?4, ?5, ?6) AND "id" NOT IN (?7)
        postgres "id" BETWEEN $1 AND $2 AND "id" = ANY($3) AND "id" <> ALL($4)
        mysql    `id` BETWEEN ? AND ? AND `id` IN (?, ?, ?, ?) AND `id` NOT IN (?)
    "#]],
    );
    check_filter(
        ID.is_in(Vec::<i64>::new()).or(DELETED.is_none()),
        expect![[r#"
        sqlite   1 = 0 OR "deleted_at" IS NULL
        postgres 1 = 0 OR "deleted_at" IS NULL
        mysql    1 = 0 OR `deleted_at` IS NULL
    "#]],
    );
    check_filter(
        (ID + 1).gt(AUTHOR_ID * 2),
        expect![[r#"
        sqlite   ("id" + ?1) > ("author_id" * ?2)
        postgres ("id" + $1) > ("author_id" * $2)
        mysql    (`id` + ?) > (`author_id` * ?)
    "#]],
    );
    check_filter(
        Pred::sql("id = ? AND 'it''s ?' <> ??", [Value::Int(1)]),
        expect![[r#"
        sqlite   (id = ?1 AND 'it''s ?' <> ?)
        postgres (id = $1 AND 'it''s ?' <> ?)
        mysql    (id = ? AND 'it''s ?' <> ?)
    "#]],
    );
}

#[test]
fn texts() {
    check_filter(
        TITLE.contains("50%*"),
        expect![[r#"
        sqlite   "Title" GLOB ?1
        postgres "Title" LIKE $1 ESCAPE '!'
        mysql    `Title` LIKE ? ESCAPE '!'
    "#]],
    );
    check_filter(
        TITLE.like("a%").or(TITLE.ilike("b%")),
        expect![[r#"
            sqlite   "Title" LIKE ?1 ESCAPE '\' OR "Title" LIKE ?2 ESCAPE '\'
            postgres "Title" LIKE $1 OR "Title" ILIKE $2
            mysql    `Title` LIKE ? OR LOWER(`Title`) LIKE LOWER(?)
        "#]],
    );
    check_filter(
        TITLE.lower().trim().length().ge(3),
        expect![[r#"
        sqlite   LENGTH(TRIM(LOWER("Title"))) >= ?1
        postgres CHAR_LENGTH(TRIM(LOWER("Title"))) >= $1
        mysql    CHAR_LENGTH(TRIM(LOWER(`Title`))) >= ?
    "#]],
    );
    let pattern = |dialect| {
        let mut select = posts();
        select.filter = Some(TITLE.contains("50%*_!").into_expr());
        render(Target::new(dialect), Tree::Select(&mut select)).unwrap().params
    };
    assert_eq!(pattern(Dialect::Sqlite), [Value::Text("*50%[*]_!*".into())]);
    assert_eq!(pattern(Dialect::Postgres), [Value::Text("%50!%*!_!!%".into())]);
}

#[test]
fn joins() {
    let mut select = posts();
    select.items.push(Item::Entity(Path::ROOT.step(&EDITOR), &USERS));
    select.filter = Some(name_of(&AUTHOR).eq("Ann").into_expr());
    select.order = vec![name_of(&EDITOR).asc().into_key()];
    check_select(
        select,
        expect![[r#"
        sqlite   SELECT t0."id", t0."author_id", t2."id", t2."name" FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "users" AS t2 ON t2."id" = t0."editor_id" WHERE t1."name" = ?1 ORDER BY t2."name"
        postgres SELECT t0."id", t0."author_id", t2."id", t2."name" FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" LEFT JOIN "users" AS t2 ON t2."id" = t0."editor_id" WHERE t1."name" = $1 ORDER BY t2."name"
        mysql    SELECT t0.`id`, t0.`author_id`, t2.`id`, t2.`name` FROM `posts` AS t0 JOIN `users` AS t1 ON t1.`id` = t0.`author_id` LEFT JOIN `users` AS t2 ON t2.`id` = t0.`editor_id` WHERE t1.`name` = ? ORDER BY t2.`name`
    "#]],
    );
    let mut many = posts();
    many.items.push(Item::Entity(Path::ROOT.step(&READERS), &USERS));
    check_select(
        many,
        expect![[r#"
        sqlite   -- readers leads to many rows and cannot be joined into one [R0407];  hint: use `.any(…)`, `.count()` or `.with(…)` on the relation
        postgres -- readers leads to many rows and cannot be joined into one [R0407];  hint: use `.any(…)`, `.count()` or `.with(…)` on the relation
        mysql    -- readers leads to many rows and cannot be joined into one [R0407];  hint: use `.any(…)`, `.count()` or `.with(…)` on the relation
    "#]],
    );
}

#[test]
fn related_rows() {
    let related =
        |path, relation, filter| Box::new(Related { path, relation, scope: Scope::Live, filter, value: None });
    let ann = Column::<Post, String>::new(Path::ROOT, &USERS.columns[1]).eq("Ann").into_expr();
    let read = Expr::Exists(related(Path::ROOT, &READERS, Some(ann)));
    check_filter(
        Pred::new(read),
        expect![[r#"
        sqlite   SELECT 1 FROM "posts" AS t0 WHERE EXISTS (SELECT 1 FROM "users" AS t1 JOIN "links" AS t2 ON t2."user_id" = t1."id" WHERE t2."post_id" = t0."id" AND (t1."name" = ?1))
        postgres SELECT 1 FROM "posts" AS t0 WHERE EXISTS (SELECT 1 FROM "users" AS t1 JOIN "links" AS t2 ON t2."user_id" = t1."id" WHERE t2."post_id" = t0."id" AND (t1."name" = $1))
        mysql    SELECT 1 FROM `posts` AS t0 WHERE EXISTS (SELECT 1 FROM `users` AS t1 JOIN `links` AS t2 ON t2.`user_id` = t1.`id` WHERE t2.`post_id` = t0.`id` AND (t1.`name` = ?))
    "#]],
    );
    let busy = Expr::AggregateRelated(related(Path::ROOT.step(&AUTHOR), &WRITTEN, None));
    let three = Expr::Value(Value::Int(3));
    check_filter(
        Pred::new(Expr::Binary(Box::new(busy), BinaryOp::Gt, Box::new(three))),
        expect![[r#"
        sqlite   SELECT 1 FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE (SELECT COUNT(*) FROM "posts" AS t2 WHERE t2."author_id" = t1."id" AND t2."deleted_at" IS NULL) > ?1
        postgres SELECT 1 FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE (SELECT COUNT(*) FROM "posts" AS t2 WHERE t2."author_id" = t1."id" AND t2."deleted_at" IS NULL) > $1
        mysql    SELECT 1 FROM `posts` AS t0 JOIN `users` AS t1 ON t1.`id` = t0.`author_id` WHERE (SELECT COUNT(*) FROM `posts` AS t2 WHERE t2.`author_id` = t1.`id` AND t2.`deleted_at` IS NULL) > ?
    "#]],
    );
}

#[test]
fn groups() {
    let mut select = Select::new(Source::Entity(&POSTS));
    select.items = vec![
        Item::Expr(AUTHOR_ID.expr().into_expr()),
        Item::Expr(count_rows::<Post>().into_expr()),
        Item::Expr(ID.avg().into_expr()),
        Item::Expr(TITLE.count_distinct().into_expr()),
    ];
    select.group_by = vec![AUTHOR_ID.expr().into_expr()];
    select.having = Some(ID.count().gt(10).and(ID.sum().lt(99)).into_expr());
    check_select(
        select,
        expect![[r#"
            sqlite   SELECT "author_id", COUNT(*), AVG("id"), COUNT(DISTINCT "Title") FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id" HAVING COUNT("id") > ?1 AND SUM("id") < ?2
            postgres SELECT "author_id", COUNT(*), CAST(AVG("id") AS double precision), COUNT(DISTINCT "Title") FROM "posts" WHERE "deleted_at" IS NULL GROUP BY "author_id" HAVING COUNT("id") > $1 AND CAST(SUM("id") AS bigint) < $2
            mysql    SELECT `author_id`, COUNT(*), CAST(AVG(`id`) AS DOUBLE), COUNT(DISTINCT `Title`) FROM `posts` WHERE `deleted_at` IS NULL GROUP BY `author_id` HAVING COUNT(`id`) > ? AND SUM(`id`) < ?
        "#]],
    );
    let mut limited = Select::new(Source::Entity(&POSTS));
    limited.limit = Some(5);
    expect![[r#"
        sqlite   SELECT COUNT(*) FROM (SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL LIMIT 5) AS counted
        postgres SELECT COUNT(*) FROM (SELECT 1 FROM "posts" WHERE "deleted_at" IS NULL LIMIT 5) AS counted
        mysql    SELECT COUNT(*) FROM (SELECT 1 FROM `posts` WHERE `deleted_at` IS NULL LIMIT 5) AS counted
    "#]]
    .assert_eq(&sides(|cache| cache.render(Tree::Count(&mut limited.clone()))));
}

#[test]
fn batches() {
    let column = |table: &'static TableMeta| Expr::Column(ColumnRef { path: Path::ROOT, column: &table.columns[0] });
    let batch = |relation: &'static RelationMeta, keys, limit| {
        let mut select = Select::new(Source::Entity(relation.to));
        select.items = vec![Item::Entity(Path::ROOT, relation.to)];
        select.order = vec![OrderKey { expr: column(relation.to), descending: true, nulls: Default::default() }];
        select.batch = Some(Batch { relation, keys, limit, offset: 0 });
        select
    };
    let keys = || Keys::Values(vec![Value::Int(1), Value::Int(2), Value::Int(3)]);
    check_select(
        batch(&WRITTEN, keys(), None),
        expect![[r#"
            sqlite   SELECT "id", "Title", … FROM "posts" WHERE "author_id" IN (?1, ?2, ?3, ?4) AND ("deleted_at" IS NULL) ORDER BY "id" DESC
            postgres SELECT "id", "Title", … FROM "posts" WHERE "author_id" = ANY($1) AND ("deleted_at" IS NULL) ORDER BY "id" DESC
            mysql    SELECT `id`, `Title`, … FROM `posts` WHERE `author_id` IN (?, ?, ?, ?) AND (`deleted_at` IS NULL) ORDER BY `id` DESC
        "#]],
    );
    check_select(
        batch(&WRITTEN, keys(), Some(3)),
        expect![[r#"
        sqlite   SELECT * FROM (SELECT "id" AS c0, "author_id" AS c1, "author_id" AS parent, ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "id" DESC) AS place FROM "posts" WHERE "author_id" IN (?1, ?2, ?3, ?4) AND ("deleted_at" IS NULL)) AS numbered WHERE place > 0 AND place <= 3 ORDER BY parent, place
        postgres SELECT * FROM (SELECT "id" AS c0, "author_id" AS c1, "author_id" AS parent, ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "id" DESC) AS place FROM "posts" WHERE "author_id" = ANY($1) AND ("deleted_at" IS NULL)) AS numbered WHERE place > 0 AND place <= 3 ORDER BY parent, place
        mysql    SELECT * FROM (SELECT `id` AS c0, `author_id` AS c1, `author_id` AS parent, ROW_NUMBER() OVER (PARTITION BY `author_id` ORDER BY `id` DESC) AS place FROM `posts` WHERE `author_id` IN (?, ?, ?, ?) AND (`deleted_at` IS NULL)) AS numbered WHERE place > 0 AND place <= 3 ORDER BY parent, place
    "#]],
    );
    check_select(
        batch(&READERS, keys(), None),
        expect![[r#"
        sqlite   SELECT t0."id", t0."name", t1."post_id" FROM "users" AS t0 JOIN "links" AS t1 ON t1."user_id" = t0."id" WHERE t1."post_id" IN (?1, ?2, ?3, ?4) ORDER BY t0."id" DESC
        postgres SELECT t0."id", t0."name", t1."post_id" FROM "users" AS t0 JOIN "links" AS t1 ON t1."user_id" = t0."id" WHERE t1."post_id" = ANY($1) ORDER BY t0."id" DESC
        mysql    SELECT t0.`id`, t0.`name`, t1.`post_id` FROM `users` AS t0 JOIN `links` AS t1 ON t1.`user_id` = t0.`id` WHERE t1.`post_id` IN (?, ?, ?, ?) ORDER BY t0.`id` DESC
    "#]],
    );
    let mut users = Select::new(Source::Entity(&USERS));
    users.items = vec![Item::Expr(column(&USERS))];
    check_select(
        batch(&WRITTEN, Keys::Of(Box::new(users)), None),
        expect![[r#"
            sqlite   SELECT "id", "Title", … FROM "posts" WHERE "author_id" IN (SELECT "id" FROM "users") AND ("deleted_at" IS NULL) ORDER BY "id" DESC
            postgres SELECT "id", "Title", … FROM "posts" WHERE "author_id" IN (SELECT "id" FROM "users") AND ("deleted_at" IS NULL) ORDER BY "id" DESC
            mysql    SELECT `id`, `Title`, … FROM `posts` WHERE `author_id` IN (SELECT `id` FROM `users`) AND (`deleted_at` IS NULL) ORDER BY `id` DESC
        "#]],
    );
}

#[test]
fn batches_for_all_parents() {
    let batch = |relation: &'static RelationMeta| {
        let mut select = Select::new(Source::Entity(relation.to));
        select.items = vec![Item::Entity(Path::ROOT, relation.to)];
        select.batch = Some(Batch { relation, keys: Keys::All, limit: None, offset: 0 });
        select
    };
    check_select(
        batch(&WRITTEN),
        expect![[r#"
        sqlite   SELECT "id", "Title", … FROM "posts" WHERE ("deleted_at" IS NULL)
        postgres SELECT "id", "Title", … FROM "posts" WHERE ("deleted_at" IS NULL)
        mysql    SELECT `id`, `Title`, … FROM `posts` WHERE (`deleted_at` IS NULL)
    "#]],
    );
    check_select(
        batch(&EDITED),
        expect![[r#"
        sqlite   SELECT "id", "Title", …, "editor_id" FROM "posts" WHERE "editor_id" IS NOT NULL AND ("deleted_at" IS NULL)
        postgres SELECT "id", "Title", …, "editor_id" FROM "posts" WHERE "editor_id" IS NOT NULL AND ("deleted_at" IS NULL)
        mysql    SELECT `id`, `Title`, …, `editor_id` FROM `posts` WHERE `editor_id` IS NOT NULL AND (`deleted_at` IS NULL)
    "#]],
    );
    check_select(
        batch(&READERS),
        expect![[r#"
        sqlite   SELECT t0."id", t0."name", t1."post_id" FROM "users" AS t0 JOIN "links" AS t1 ON t1."user_id" = t0."id"
        postgres SELECT t0."id", t0."name", t1."post_id" FROM "users" AS t0 JOIN "links" AS t1 ON t1."user_id" = t0."id"
        mysql    SELECT t0.`id`, t0.`name`, t1.`post_id` FROM `users` AS t0 JOIN `links` AS t1 ON t1.`user_id` = t0.`id`
    "#]],
    );
}

#[test]
fn locks() {
    let lock = |shared, wait| {
        let mut select = posts();
        select.lock = Some(Lock { shared, wait });
        select
    };
    check_select(
        lock(false, LockWait::SkipLocked),
        expect![[r#"
        sqlite   -- SQLite cannot lock rows [R0407];  hint: read and write inside one `transaction!`: SQLite lets only one writer in at a time
        postgres SELECT "id", "Title", … FROM "posts" FOR UPDATE SKIP LOCKED
        mysql    SELECT `id`, `Title`, … FROM `posts` FOR UPDATE SKIP LOCKED
    "#]],
    );
    check_select(
        lock(true, LockWait::NoWait),
        expect![[r#"
        sqlite   -- SQLite cannot lock rows [R0407];  hint: read and write inside one `transaction!`: SQLite lets only one writer in at a time
        postgres SELECT "id", "Title", … FROM "posts" FOR SHARE NOWAIT
        mysql    SELECT `id`, `Title`, … FROM `posts` LOCK IN SHARE MODE NOWAIT
    "#]],
    );
}

#[test]
fn deleted_rows_of_what_is_never_marked_are_refused() {
    let mut select = Select::new(Source::Entity(&USERS));
    select.items = vec![Item::Entity(Path::ROOT, &USERS)];
    let mut cache = ShapeCache::new(Target::new(Dialect::Sqlite), 8);
    select.scope = Scope::All;
    assert!(cache.render(Tree::Select(&mut select)).is_ok());
    select.scope = Scope::Deleted;
    let error = cache.render(Tree::Select(&mut select)).unwrap_err();
    assert_eq!((error.kind(), cache.len()), (Kind::Unsupported, 1));
    assert!(error.to_string().contains("no row of User is marked as deleted"), "{error}");
}

#[test]
fn rows_as_one_array_for_each_column() {
    let mut cache = ShapeCache::new(Target::new(Dialect::Postgres), 8);
    let types = [r#""pg_catalog"."int8""#, r#""pg_catalog"."text""#].map(str::to_string);
    let mut rendered = |rows: usize| {
        let values = (0..rows).flat_map(|row| [Value::Int(row as i64), Value::Text(format!("t{row}"))]).collect();
        let conflict = Some(Conflict::updating(vec!["author_id".into()], vec!["Title".into()]));
        let (source, columns) = (Source::Entity(&POSTS), &["author_id", "Title"][..]);
        let mut insert =
            Insert { source, columns, values, rows, query: None, conflict, returning: false, overriding: false };
        cache.render(Tree::InsertArrays(&mut insert, &types)).unwrap()
    };
    let (few, many) = (rendered(2), rendered(300));
    expect![[r#"INSERT INTO "posts" ("author_id", "Title") SELECT unnest($1::"pg_catalog"."int8"[]), unnest($2::"pg_catalog"."text"[]) ON CONFLICT ("author_id") WHERE "deleted_at" IS NULL DO UPDATE SET "Title" = excluded."Title""#]]
        .assert_eq(&few.sql);
    assert!(std::sync::Arc::ptr_eq(&few.sql, &many.sql), "one text, however many rows");
    assert_eq!(few.params[0], Value::Array(vec![Value::Int(0), Value::Int(1)]));
    assert_eq!(few.params[1], Value::Array(vec![Value::Text("t0".into()), Value::Text("t1".into())]));
}

#[test]
fn inserts() {
    let insert = |columns: &'static [&'static str], rows: usize, update: Option<&[&str]>| {
        let target = || vec!["author_id".to_string(), "Title".to_string()];
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect();
        let conflict = update.map(|update| Conflict::updating(target(), names(update)));
        sides(|cache| {
            let (source, conflict) = (Source::Entity(&POSTS), conflict.clone());
            let values = vec![Value::Int(1); columns.len() * rows];
            let mut insert = Insert {
                source,
                columns,
                values,
                rows,
                query: None,
                conflict,
                returning: rows == 1,
                overriding: false,
            };
            cache.render(Tree::Insert(&mut insert))
        })
    };
    expect![[r#"
        sqlite   INSERT INTO "posts" ("author_id", "Title") VALUES (?1, ?2) RETURNING "id", "Title", …
        postgres INSERT INTO "posts" ("author_id", "Title") VALUES ($1, $2) RETURNING "id", "Title", …
        mysql    INSERT INTO `posts` (`author_id`, `Title`) VALUES (?, ?) RETURNING `id`, `Title`, …
    "#]]
    .assert_eq(&insert(&["author_id", "Title"], 1, None));
    expect![[r#"
        sqlite   INSERT INTO "posts" ("author_id") VALUES (?1), (?2)
        postgres INSERT INTO "posts" ("author_id") VALUES ($1), ($2)
        mysql    INSERT INTO `posts` (`author_id`) VALUES (?), (?)
    "#]]
    .assert_eq(&insert(&["author_id"], 2, None));
    expect![[r#"
        sqlite   INSERT INTO "posts" DEFAULT VALUES RETURNING "id", "Title", …
        postgres INSERT INTO "posts" DEFAULT VALUES RETURNING "id", "Title", …
        mysql    INSERT INTO `posts` () VALUES () RETURNING `id`, `Title`, …
    "#]]
    .assert_eq(&insert(&[], 1, None));
    expect![[r#"
        sqlite   INSERT INTO "posts" ("author_id", "Title") VALUES (?1, ?2) ON CONFLICT ("author_id", "Title") WHERE "deleted_at" IS NULL DO UPDATE SET "Title" = excluded."Title" RETURNING "id", "Title", …
        postgres INSERT INTO "posts" ("author_id", "Title") VALUES ($1, $2) ON CONFLICT ("author_id", "Title") WHERE "deleted_at" IS NULL DO UPDATE SET "Title" = excluded."Title" RETURNING "id", "Title", …
        mysql    INSERT INTO `posts` (`author_id`, `Title`) VALUES (?, ?) ON DUPLICATE KEY UPDATE `Title` = VALUES(`Title`) RETURNING `id`, `Title`, …
    "#]].assert_eq(&insert(&["author_id", "Title"], 1, Some(&["Title"])));
    expect![[r#"
        sqlite   INSERT INTO "posts" ("author_id", "Title") VALUES (?1, ?2) ON CONFLICT ("author_id", "Title") WHERE "deleted_at" IS NULL DO NOTHING RETURNING "id", "Title", …
        postgres INSERT INTO "posts" ("author_id", "Title") VALUES ($1, $2) ON CONFLICT ("author_id", "Title") WHERE "deleted_at" IS NULL DO NOTHING RETURNING "id", "Title", …
        mysql    INSERT INTO `posts` (`author_id`, `Title`) VALUES (?, ?) ON DUPLICATE KEY UPDATE `author_id` = `author_id` RETURNING `id`, `Title`, …
    "#]].assert_eq(&insert(&["author_id", "Title"], 1, Some(&[])));
}

#[test]
fn updates_and_deletes() {
    let update = |filter: Pred<Post>| {
        sides(move |cache| {
            let assignments =
                vec![("author_id".into(), (ID + 1).into_expr()), ("Title".into(), Expr::Value(Value::Null))];
            let filter = Some(filter.clone().into_expr());
            let source = Source::Entity(&POSTS);
            cache.render(Tree::Update(&mut Update {
                source,
                assignments,
                filter,
                scope: Scope::Live,
                returning: false,
            }))
        })
    };
    expect![[r#"
        sqlite   UPDATE "posts" SET "author_id" = "id" + ?1, "Title" = ?2 WHERE "deleted_at" IS NULL AND "id" = ?3
        postgres UPDATE "posts" SET "author_id" = "id" + $1, "Title" = $2 WHERE "deleted_at" IS NULL AND "id" = $3
        mysql    UPDATE `posts` SET `author_id` = `id` + ?, `Title` = ? WHERE `deleted_at` IS NULL AND `id` = ?
    "#]]
    .assert_eq(&update(ID.eq(1)));
    expect![[r#"
        sqlite   UPDATE "posts" SET "author_id" = "id" + ?1, "Title" = ?2 WHERE "id" IN (SELECT t0."id" FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."deleted_at" IS NULL AND t1."name" = ?3)
        postgres UPDATE "posts" SET "author_id" = "id" + $1, "Title" = $2 WHERE "id" IN (SELECT t0."id" FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."deleted_at" IS NULL AND t1."name" = $3)
        mysql    UPDATE `posts` SET `author_id` = `id` + ?, `Title` = ? WHERE `id` IN (SELECT * FROM (SELECT t0.`id` FROM `posts` AS t0 JOIN `users` AS t1 ON t1.`id` = t0.`author_id` WHERE t0.`deleted_at` IS NULL AND t1.`name` = ?) AS found)
    "#]].assert_eq(&update(name_of(&AUTHOR).eq("Ann")));
    expect![[r#"
        sqlite   DELETE FROM "posts" WHERE "Title" = ?1
        postgres DELETE FROM "posts" WHERE "Title" = $1
        mysql    DELETE FROM `posts` WHERE `Title` = ?
    "#]]
    .assert_eq(&sides(|cache| {
        let filter = Some(TITLE.eq("x").into_expr());
        cache.render(Tree::Delete(&mut Delete {
            source: Source::Entity(&POSTS),
            filter,
            scope: Scope::All,
            returning: false,
        }))
    }));
}

#[test]
fn changed_rows_come_back() {
    let source = || Source::Entity(&USERS);
    let filter = || Some(ID.eq(1).into_expr());
    expect![[r#"
        sqlite   UPDATE "users" SET "name" = ?1 WHERE "id" = ?2 RETURNING "id", "name"
        postgres UPDATE "users" SET "name" = $1 WHERE "id" = $2 RETURNING "id", "name"
        mysql    -- MariaDB does not give back the rows that an update changes [R0407];  hint: in one `transaction!`, read them with `.for_update()` first, then update them by their keys
    "#]].assert_eq(&sides(|cache| {
        let assignments = vec![("name".into(), Expr::Value(Value::Text("x".into())))];
        let (source, filter, scope) = (source(), filter(), Scope::All);
        cache.render(Tree::Update(&mut Update { source, assignments, filter, scope, returning: true }))
    }));
    expect![[r#"
        sqlite   DELETE FROM "users" WHERE "id" = ?1 RETURNING "id", "name"
        postgres DELETE FROM "users" WHERE "id" = $1 RETURNING "id", "name"
        mysql    DELETE FROM `users` WHERE `id` = ? RETURNING `id`, `name`
    "#]]
    .assert_eq(&sides(|cache| {
        let (source, filter, scope) = (source(), filter(), Scope::All);
        cache.render(Tree::Delete(&mut Delete { source, filter, scope, returning: true }))
    }));
}

#[test]
fn placeholders_in_raw_sql() {
    let render =
        |dialect, sql: &str, count| render(Target::new(dialect), Tree::Raw(sql, &mut vec![Value::Null; count]));
    for (sql, count, expected) in [
        ("a = ? AND b = ?", 2, "a = $1 AND b = $2"),
        ("'?' \"?\" `?` -- ?\n/* ? */ ?", 1, "'?' \"?\" `?` -- ?\n/* ? */ $1"),
        ("data ?? 'key' - 1 / ?", 1, "data ? 'key' - 1 / $1"),
        ("'it''s ?' ?", 1, "'it''s ?' $1"),
        ("-- ends here?", 0, "-- ends here?"),
    ] {
        assert_eq!(render(Dialect::Postgres, sql, count).unwrap().sql.as_ref(), expected);
    }
    assert_eq!(render(Dialect::Sqlite, "? ?", 2).unwrap().sql.as_ref(), "?1 ?2");
    for count in [0, 2] {
        assert_eq!(render(Dialect::Mysql, "?", count).unwrap_err().kind(), Kind::Parameters);
    }
    let error = render(Dialect::Postgres, "a = $1", 1).unwrap_err();
    assert_eq!(error.hints(), ["a placeholder is ? on every database, not $1"]);
}

#[test]
fn identifiers_are_quoted_whatever_they_are() {
    let mut select = Select::new(Source::Named(relata_schema::model::ObjectName::new("my\"schema", "se`lect")));
    select.items = vec![Item::Expr(Expr::Named("a\"b`c".into()))];
    check_select(
        select,
        expect![[r#"
        sqlite   SELECT "a""b`c" FROM "my""schema"."se`lect"
        postgres SELECT "a""b`c" FROM "my""schema"."se`lect"
        mysql    SELECT `a"b``c` FROM `my"schema`.`se``lect`
    "#]],
    );
}

#[test]
fn a_shape_is_rendered_once_whatever_its_values() {
    let mut cache = ShapeCache::new(Target::new(Dialect::Sqlite), 3);
    let mut find = |filter: Pred<Post>, limit| {
        let mut select = posts();
        (select.filter, select.limit) = (Some(filter.into_expr()), limit);
        let rendered = cache.render(Tree::Select(&mut select)).unwrap();
        (rendered.sql, rendered.params, cache.len())
    };
    let (first, params, _) = find(TITLE.eq("a").and(ID.is_in([1, 2, 3])), None);
    assert_eq!(params.len(), 5);
    let (second, params, kept) = find(TITLE.eq("b").and(ID.is_in([4, 5, 6, 7])), None);
    assert!(Arc::ptr_eq(&first, &second), "the same text, not an equal one");
    assert_eq!((params[0].clone(), params[4].clone(), kept), (Value::Text("b".into()), Value::Int(7), 1));
    // Another operator, column, length, limit: another shape. The oldest of four is forgotten.
    for (filter, limit) in [(TITLE.ne("a"), None), (AUTHOR_ID.eq(1), None), (AUTHOR_ID.eq(1), Some(1))] {
        find(filter, limit);
    }
    let (third, _, kept) = find(TITLE.eq("a").and(ID.is_in([1, 2, 3])), None);
    assert!(!Arc::ptr_eq(&first, &third));
    assert_eq!((first, kept), (third, 3));
}

#[test]
fn what_is_forgotten_leaves_the_others_where_they_are_found() {
    let mut cache = ShapeCache::new(Target::new(Dialect::Sqlite), 3);
    let mut text = |limit| {
        let mut select = posts();
        (select.filter, select.limit) = (Some(TITLE.eq("a").into_expr()), Some(limit));
        cache.render(Tree::Select(&mut select)).unwrap().sql
    };
    // Each makes room for another, and the last takes its place.
    for limit in [1, 2, 3, 1, 4, 3, 1, 5, 1, 2, 5, 4, 4, 3, 2, 1, 5, 5] {
        let found = text(limit);
        assert!(found.ends_with(&format!("LIMIT {limit}")), "{limit}: {found}");
        assert!(Arc::ptr_eq(&found, &text(limit)));
    }
    assert_eq!(cache.len(), 3);
}

mod wide;

#[test]
fn parameters_of_mysql_say_that_they_are_numbers() {
    let mut select = posts();
    let title: Column<Post, Option<String>> = Column::new(Path::ROOT, &POSTS.columns[3]);
    let id: Column<Post, Option<i64>> = Column::new(Path::ROOT, &POSTS.columns[0]);
    let share: Column<Post, Option<f64>> = Column::new(Path::ROOT, &POSTS.columns[0]);
    let items = [id.or_else(1).into_expr(), share.or_else(1.5).into_expr(), title.or_else("a").into_expr()];
    select.items = items.map(Item::Expr).into();
    // The text is written after the values have been taken.
    let mut cache = ShapeCache::new(Target { returning: false, ..Target::new(Dialect::Mysql) }, 8);
    let rendered = cache.render(Tree::Select(&mut select)).unwrap();
    expect![
        "SELECT COALESCE(`id`, CAST(? AS SIGNED)), COALESCE(`id`, CAST(? AS DOUBLE)), COALESCE(`Title`, ?) FROM `posts`"
    ]
    .assert_eq(&rendered.sql);
}
