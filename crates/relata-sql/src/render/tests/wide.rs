//! Windows, conditions as values, subqueries, sets, and rows reached step by step.

use expect_test::expect;

use super::*;
use crate::expr::{Bound, Cast, Reached};
use crate::tree::SetOperator;
use crate::typed::{Case, Expression, Subquery, Window, dense_rank, ntile, row_number, scalar};

struct Ids(Select);

impl Subquery<i64> for Ids {
    fn into_select(self) -> Select {
        self.0
    }
}

fn user_ids() -> Select {
    let mut select = Select::new(Source::Entity(&USERS));
    select.items = vec![Item::Expr(ID.expr().into_expr())];
    select
}

fn selecting(exprs: impl IntoIterator<Item = Expr>) -> Select {
    let mut select = posts();
    select.items = exprs.into_iter().map(Item::Expr).collect();
    select
}

#[test]
fn windows() {
    let by_author = || Window::new().partition_by(AUTHOR_ID).order(ID.desc());
    check_select(
        selecting([
            row_number().over(by_author()).into_expr(),
            dense_rank().over(Window::new().order(TITLE.asc())).into_expr(),
            ntile(4).over(Window::new().order(ID.asc())).into_expr(),
            TITLE.lag(1).over(by_author()).into_expr(),
            TITLE.first_value().over(by_author()).into_expr(),
            ID.sum().over(Window::new().order(ID.asc()).rows(Bound::Before(2), Bound::Here)).into_expr(),
            count_rows().over(Window::<Post>::new()).into_expr(),
        ]),
        expect![[r#"
            sqlite   SELECT ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "id" DESC), DENSE_RANK() OVER (ORDER BY "Title"), NTILE(4) OVER (ORDER BY "id"), LAG("Title", 1) OVER (PARTITION BY "author_id" ORDER BY "id" DESC), FIRST_VALUE("Title") OVER (PARTITION BY "author_id" ORDER BY "id" DESC), SUM("id") OVER (ORDER BY "id" ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), COUNT(*) OVER () FROM "posts"
            postgres SELECT ROW_NUMBER() OVER (PARTITION BY "author_id" ORDER BY "id" DESC), DENSE_RANK() OVER (ORDER BY "Title"), NTILE(4) OVER (ORDER BY "id"), LAG("Title", 1) OVER (PARTITION BY "author_id" ORDER BY "id" DESC), FIRST_VALUE("Title") OVER (PARTITION BY "author_id" ORDER BY "id" DESC), CAST(SUM("id") OVER (ORDER BY "id" ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS bigint), COUNT(*) OVER () FROM "posts"
            mysql    SELECT ROW_NUMBER() OVER (PARTITION BY `author_id` ORDER BY `id` DESC), DENSE_RANK() OVER (ORDER BY `Title`), NTILE(4) OVER (ORDER BY `id`), LAG(`Title`, 1) OVER (PARTITION BY `author_id` ORDER BY `id` DESC), FIRST_VALUE(`Title`) OVER (PARTITION BY `author_id` ORDER BY `id` DESC), SUM(`id`) OVER (ORDER BY `id` ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), COUNT(*) OVER () FROM `posts`
        "#]],
    );
}

#[test]
fn values_by_condition() {
    let class: Expression<Post, String> = Case::when(ID.gt(99), "many").or_when(TITLE.eq("x"), TITLE).otherwise("few");
    let number: Expression<Post, Option<i64>> = Case::<Post, i64>::when(ID.gt(99), 1).or_null();
    check_select(
        selecting([class.into_expr(), number.into_expr()]),
        expect![[r#"
        sqlite   SELECT CASE WHEN "id" > ?1 THEN ?2 WHEN "Title" = ?3 THEN "Title" ELSE ?4 END, CASE WHEN "id" > ?5 THEN ?6 END FROM "posts"
        postgres SELECT CASE WHEN "id" > $1 THEN CAST($2 AS text) WHEN "Title" = $3 THEN "Title" ELSE CAST($4 AS text) END, CASE WHEN "id" > $5 THEN CAST($6 AS bigint) END FROM "posts"
        mysql    SELECT CASE WHEN `id` > ? THEN ? WHEN `Title` = ? THEN `Title` ELSE ? END, CASE WHEN `id` > ? THEN ? END FROM `posts`
    "#]],
    );
}

#[test]
fn aggregates_of_some_rows() {
    check_select(
        selecting([
            count_rows().filter(TITLE.eq("x")).into_expr(),
            ID.sum().filter(AUTHOR_ID.eq(1)).into_expr(),
            AUTHOR_ID.count_distinct().filter(ID.lt(9)).into_expr(),
        ]),
        expect![[r#"
            sqlite   SELECT COUNT(*) FILTER (WHERE "Title" = ?1), SUM("id") FILTER (WHERE "author_id" = ?2), COUNT(DISTINCT "author_id") FILTER (WHERE "id" < ?3) FROM "posts"
            postgres SELECT COUNT(*) FILTER (WHERE "Title" = $1), CAST(SUM("id") FILTER (WHERE "author_id" = $2) AS bigint), COUNT(DISTINCT "author_id") FILTER (WHERE "id" < $3) FROM "posts"
            mysql    SELECT COUNT(CASE WHEN `Title` = ? THEN 1 END), SUM(CASE WHEN `author_id` = ? THEN `id` END), COUNT(DISTINCT CASE WHEN `id` < ? THEN `author_id` END) FROM `posts`
        "#]],
    );
}

#[test]
fn texts_made_of_texts() {
    check_filter(
        TITLE.concat("!").replace("a", "b").substring(2, 3).eq(TITLE.concat(TITLE)),
        expect![[r#"
        sqlite   SUBSTR(REPLACE(("Title" || ?1), ?2, ?3), 2, 3) = ("Title" || "Title")
        postgres SUBSTR(REPLACE(("Title" || $1), $2, $3), 2, 3) = ("Title" || "Title")
        mysql    SUBSTR(REPLACE(CONCAT(`Title`, ?), ?, ?), 2, 3) = CONCAT(`Title`, `Title`)
    "#]],
    );
}

#[test]
fn subqueries() {
    check_filter(
        AUTHOR_ID.in_query(Ids(user_ids())).and(ID.not_in_query(Ids(user_ids()))),
        expect![[r#"
        sqlite   "author_id" IN (SELECT "id" FROM "users") AND NOT ("id" IN (SELECT "id" FROM "users"))
        postgres "author_id" IN (SELECT "id" FROM "users") AND NOT ("id" IN (SELECT "id" FROM "users"))
        mysql    `author_id` IN (SELECT `id` FROM `users`) AND NOT (`id` IN (SELECT `id` FROM `users`))
    "#]],
    );
    let mut last = user_ids();
    last.items = vec![Item::Expr(ID.max().into_expr())];
    check_filter(
        AUTHOR_ID.eq(scalar::<Post, i64>(Ids(last))),
        expect![[r#"
        sqlite   "author_id" = (SELECT MAX("id") FROM "users")
        postgres "author_id" = (SELECT MAX("id") FROM "users")
        mysql    `author_id` = (SELECT MAX(`id`) FROM `users`)
    "#]],
    );
}

#[test]
fn sets() {
    let mut limited = selecting([AUTHOR_ID.expr().into_expr()]);
    (limited.order, limited.limit) = (vec![ID.desc().into_key()], Some(3));
    let mut select = user_ids();
    select.combined = vec![
        (SetOperator::Union, selecting([AUTHOR_ID.expr().into_expr()])),
        (SetOperator::UnionAll, limited),
        (SetOperator::Except, user_ids()),
    ];
    select.order = vec![OrderKey { expr: Expr::Number(1), descending: true, nulls: Default::default() }];
    select.limit = Some(10);
    check_select(
        select,
        expect![[r#"
        sqlite   SELECT "id" FROM "users" UNION SELECT "author_id" FROM "posts" UNION ALL SELECT * FROM (SELECT "author_id" FROM "posts" ORDER BY "id" DESC LIMIT 3) AS part EXCEPT SELECT "id" FROM "users" ORDER BY 1 DESC LIMIT 10
        postgres SELECT "id" FROM "users" UNION SELECT "author_id" FROM "posts" UNION ALL SELECT * FROM (SELECT "author_id" FROM "posts" ORDER BY "id" DESC LIMIT 3) AS part EXCEPT SELECT "id" FROM "users" ORDER BY 1 DESC LIMIT 10
        mysql    SELECT `id` FROM `users` UNION SELECT `author_id` FROM `posts` UNION ALL SELECT * FROM (SELECT `author_id` FROM `posts` ORDER BY `id` DESC LIMIT 3) AS part EXCEPT SELECT `id` FROM `users` ORDER BY 1 DESC LIMIT 10
    "#]],
    );
}

#[test]
fn the_first_of_each() {
    let mut select = posts();
    select.distinct_on = vec![AUTHOR_ID.expr().into_expr()];
    select.order = vec![AUTHOR_ID.asc().into_key(), ID.desc().into_key()];
    check_select(
        select,
        expect![[r#"
        sqlite   -- only PostgreSQL has DISTINCT ON [R0407];  hint: number the rows of each group by `row_number().over(…)`, or load them from the other side with `.limit(1)`
        postgres SELECT DISTINCT ON ("author_id") "id", "Title", … FROM "posts" ORDER BY "author_id", "id" DESC
        mysql    -- only PostgreSQL has DISTINCT ON [R0407];  hint: number the rows of each group by `row_number().over(…)`, or load them from the other side with `.limit(1)`
    "#]],
    );
}

#[test]
fn rows_reached_step_by_step() {
    static PARENT: RelationMeta = relation("replies", &POSTS, 0, &POSTS, 2, Cardinality::Many, None);
    let reach = |steps: Option<u64>| {
        let mut start = selecting([ID.expr().into_expr(), ID.expr().into_expr()]);
        start.items.extend(steps.map(|_| Item::Expr(Expr::Number(0))));
        start.filter = Some(ID.eq(1).into_expr());
        let mut select = posts();
        let reached = Reached { relation: &PARENT, start, steps };
        select.filter = Some(Expr::Reached(ID.reference(), Box::new(reached)));
        select
    };
    check_select(
        reach(None),
        expect![[r#"
        sqlite   SELECT "id", "Title", … FROM "posts" WHERE "id" IN (WITH RECURSIVE reached(k, l) AS (SELECT "id", "id" FROM "posts" WHERE "id" = ?1 UNION SELECT t2."id", t2."id" FROM "posts" AS t2 JOIN reached ON t2."editor_id" = reached.l WHERE t2."deleted_at" IS NULL) SELECT k FROM reached)
        postgres SELECT "id", "Title", … FROM "posts" WHERE "id" IN (WITH RECURSIVE reached(k, l) AS (SELECT "id", "id" FROM "posts" WHERE "id" = $1 UNION SELECT t2."id", t2."id" FROM "posts" AS t2 JOIN reached ON t2."editor_id" = reached.l WHERE t2."deleted_at" IS NULL) SELECT k FROM reached)
        mysql    SELECT `id`, `Title`, … FROM `posts` WHERE `id` IN (WITH RECURSIVE reached(k, l) AS (SELECT `id`, `id` FROM `posts` WHERE `id` = ? UNION SELECT t2.`id`, t2.`id` FROM `posts` AS t2 JOIN reached ON t2.`editor_id` = reached.l WHERE t2.`deleted_at` IS NULL) SELECT k FROM reached)
    "#]],
    );
    check_select(
        reach(Some(2)),
        expect![[r#"
        sqlite   SELECT "id", "Title", … FROM "posts" WHERE "id" IN (WITH RECURSIVE reached(k, l, d) AS (SELECT "id", "id", 0 FROM "posts" WHERE "id" = ?1 UNION SELECT t2."id", t2."id", reached.d + 1 FROM "posts" AS t2 JOIN reached ON t2."editor_id" = reached.l WHERE t2."deleted_at" IS NULL AND reached.d < 2) SELECT k FROM reached)
        postgres SELECT "id", "Title", … FROM "posts" WHERE "id" IN (WITH RECURSIVE reached(k, l, d) AS (SELECT "id", "id", 0 FROM "posts" WHERE "id" = $1 UNION SELECT t2."id", t2."id", reached.d + 1 FROM "posts" AS t2 JOIN reached ON t2."editor_id" = reached.l WHERE t2."deleted_at" IS NULL AND reached.d < 2) SELECT k FROM reached)
        mysql    SELECT `id`, `Title`, … FROM `posts` WHERE `id` IN (WITH RECURSIVE reached(k, l, d) AS (SELECT `id`, `id`, 0 FROM `posts` WHERE `id` = ? UNION SELECT t2.`id`, t2.`id`, reached.d + 1 FROM `posts` AS t2 JOIN reached ON t2.`editor_id` = reached.l WHERE t2.`deleted_at` IS NULL AND reached.d < 2) SELECT k FROM reached)
    "#]],
    );
}

#[test]
fn rows_written_from_queries() {
    expect![[r#"
        sqlite   INSERT INTO "users" ("id", "name") SELECT "author_id", ?1 FROM "posts"
        postgres INSERT INTO "users" ("id", "name") SELECT "author_id", CAST($1 AS bigint) FROM "posts"
        mysql    INSERT INTO `users` (`id`, `name`) SELECT `author_id`, ? FROM `posts`
    "#]]
    .assert_eq(&sides(|cache| {
        let now = Expr::Literal(Value::Int(7), Cast::Int);
        let query = Some(Box::new(selecting([AUTHOR_ID.expr().into_expr(), now])));
        let (source, columns) = (Source::Entity(&USERS), &["id", "name"][..]);
        let (values, rows, conflict) = (Vec::new(), 0, None);
        let mut insert = Insert { source, columns, values, rows, query, conflict, returning: false, overriding: false };
        cache.render(Tree::Insert(&mut insert))
    }));
    expect![[r#"
        sqlite   UPDATE "posts" SET "Title" = (SELECT LOWER(t1."name") FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."id" = "posts"."id") WHERE "id" = ?1
        postgres UPDATE "posts" SET "Title" = (SELECT LOWER(t1."name") FROM "posts" AS t0 JOIN "users" AS t1 ON t1."id" = t0."author_id" WHERE t0."id" = "posts"."id") WHERE "id" = $1
        mysql    UPDATE `posts` SET `Title` = (SELECT LOWER(t1.`name`) FROM `posts` AS t0 JOIN `users` AS t1 ON t1.`id` = t0.`author_id` WHERE t0.`id` = `posts`.`id`) WHERE `id` = ?
    "#]].assert_eq(&sides(|cache| {
        let assignments = vec![("Title".into(), name_of(&AUTHOR).lower().into_expr())];
        let (source, filter, scope) = (Source::Entity(&POSTS), Some(ID.eq(1).into_expr()), Scope::All);
        cache.render(Tree::Update(&mut Update { source, assignments, filter, scope, returning: false }))
    }));
}
