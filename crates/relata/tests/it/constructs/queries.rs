//! Aggregates, windows, queries in queries, joins, named queries, sets, locks, writes.

use relata::prelude::*;
use relata::{
    Bound, Cte, Exclude, Window, count_rows, cte, cume_dist, dense_rank, exists, from, not_exists, ntile, percent_rank,
    rank, row_number, scalar, scalar_or_none, value as constant,
};

use super::{Construct, counted, inserted, related, rows, written};
use crate::model::*;

pub fn table() -> Vec<Construct> {
    let groups = [
        aggregates(),
        groups(),
        windows(),
        subqueries(),
        related_rows(),
        loads(),
        rows_of_one(),
        joins(),
        named(),
        sets(),
        writes(),
        inserts(),
        upserts(),
    ];
    groups.into_iter().flatten().collect()
}

fn aggregates() -> Vec<Construct> {
    let large = EveryType.large;
    vec![
        rows!("count", EveryType::find().select((count_rows(), EveryType.nothing.count()))),
        rows!("count distinct", Post::find().select(Post.author_id.count_distinct())),
        rows!("sum, mean", EveryType::find().select((large.sum(), large.avg()))),
        rows!("sum of distinct values", EveryType::find().select(large.sum().distinct())),
        rows!("least, greatest", EveryType::find().select((large.min(), large.max()))),
        rows!("aggregate of some", EveryType::find().select(count_rows().filter(EveryType.large.gt(5)))),
        rows!("deviation, variance", EveryType::find().select((large.deviation(), large.variance()))),
        rows!("percentile", EveryType::find().select((large.percentile(0.5), large.percentile_disc(0.5)))),
        rows!("commonest value", EveryType::find().select(EveryType.medium.mode())),
        rows!("texts in one", Post::find().select(Post.slug.string_list("; ").order(Post.slug.desc()))),
        rows!("distinct texts in one", Post::find().select(Post.title.left(1).string_list(",").distinct())),
        rows!("some texts in one", Post::find().select(Post.slug.string_list("+").filter(Post.slug.ne("a2")))),
        rows!("values in JSON", User::find().filter(User.name.eq("Ann")).select(User.name.json_list())),
        rows!("values in an array", Post::find().select(Post.slug.array_list().order(Post.slug.asc()))),
    ]
}

fn groups() -> Vec<Construct> {
    let by_author = || Post::find().group_by(Post.author().name);
    let counts = || (Post.author().name, count_rows());
    let keys = || Post::find().group_by((Post.author_id, Post.slug));
    let subtotals = || (Post.author_id.cast::<i64>(), Post.slug, count_rows());
    vec![
        rows!("group by", by_author().select(counts()).order(Post.author().name.asc())),
        rows!(
            "grouped by the key",
            Post::find().group_by(Post.id).select((Post.slug, count_rows())).order(Post.id.asc())
        ),
        rows!(
            "grouped by what refers",
            Post::find()
                .group_by(Post.author_id)
                .select((Post.author().name, count_rows()))
                .order(Post.author_id.asc())
        ),
        rows!("not grouped by", by_author().select((Post.slug, count_rows()))),
        rows!("ordered by what is not grouped by", by_author().select(count_rows()).order(Post.id.asc())),
        rows!("a column beside an aggregate", Post::find().select((Post.slug, count_rows()))),
        rows!("computed beside an aggregate", Post::find().select((Post.slug.upper(), Post.id.max()))),
        rows!("rows beside an aggregate", Post::find().order(count_rows().desc())),
        rows!(
            "rows of groups",
            Post::find()
                .join(User, |(post, user)| post.author_id.eq(user.id))
                .group_by(|(post, _)| post.slug)
                .select(|(post, user)| (post.slug, user.name.upper(), count_rows()))
        ),
        rows!("having", by_author().having(count_rows().gt(1)).select(counts())),
        rows!(
            "having: and, or",
            by_author()
                .having(count_rows().ge(1).and(count_rows().lt(9)).or(count_rows().eq(0)))
                .select(Post.author().name.max())
        ),
        rows!("having: compare", by_author().having(count_rows().ne(2).and(count_rows().le(1))).select(counts())),
        rows!("order by an aggregate", by_author().select(counts()).order(count_rows().desc())),
        rows!("order by an aggregate, least first", by_author().select(counts()).order(count_rows().asc())),
        counted!("rollup", keys().rollup().select(subtotals())),
        counted!("cube", keys().cube().select(subtotals())),
        counted!("rollup of joined rows", {
            let joined = Post::find().join(User, |(post, user)| post.author_id.eq(user.id));
            joined.group_by(|(_, user)| user.name).rollup().select(|(_, user)| (user.name, count_rows()))
        }),
        counted!("grouping sets", keys().sets([&[0, 1][..], &[0], &[]]).select(subtotals())),
    ]
}

fn windows() -> Vec<Construct> {
    let by_slug = || Window::new().order(Post.slug.asc());
    let of_author = || Window::new().partition_by(Post.author_id).order(Post.slug.asc());
    let by_author = || Window::new().order(Post.author_id.asc());
    let query = || Post::find().order(Post.slug.asc());
    vec![
        rows!("row_number", query().select(row_number().over(by_slug()))),
        rows!("rank, dense_rank", query().select((rank().over(of_author()), dense_rank().over(of_author())))),
        rows!("percent_rank, cume_dist", query().select((percent_rank().over(by_slug()), cume_dist().over(by_slug())))),
        rows!("ntile", query().select(ntile(2).over(by_slug()))),
        rows!("lag, lead", query().select((Post.slug.lag(1).over(by_slug()), Post.slug.lead(1).over(of_author())))),
        rows!(
            "first and last value",
            query().select((Post.slug.first_value().over(by_slug()), Post.slug.last_value().over(by_slug())))
        ),
        rows!("aggregate over a window", query().select(count_rows().over(Window::new().partition_by(Post.author_id)))),
        rows!("running total", query().select(count_rows().over(by_slug().rows(Bound::First, Bound::Here)))),
        rows!("moving window", query().select(count_rows().over(by_slug().rows(Bound::Before(1), Bound::After(1))))),
        rows!("to the last row", query().select(Post.slug.last_value().over(by_slug().rows(Bound::Here, Bound::Last)))),
        rows!("nth_value", query().select(Post.slug.nth_value(2).over(by_slug()))),
        rows!(
            "frame of values",
            query().select(count_rows().over(Window::new().order(Post.id.asc()).range(Bound::Before(1), Bound::Here)))
        ),
        rows!(
            "frame of groups",
            query().select(
                count_rows().over(Window::new().order(Post.author_id.asc()).groups(Bound::Before(1), Bound::Here))
            )
        ),
        rows!(
            "frame without the present row",
            query().select(count_rows().over(Window::new().order(Post.slug.asc()).exclude(Exclude::CurrentRow)))
        ),
        rows!("frame without equal rows", query().select(count_rows().over(by_author().exclude(Exclude::Ties)))),
        rows!(
            "frame without the present group",
            query().select(count_rows().over(by_author().rows(Bound::First, Bound::Last).exclude(Exclude::Group)))
        ),
        rows!(
            "frame without others",
            query().select(count_rows().over(by_slug().rows(Bound::Before(1), Bound::Here).exclude(Exclude::NoOthers)))
        ),
        rows!("order by a window", Post::find().order(row_number().over(by_slug()).desc()).select(Post.slug)),
        rows!(
            "order by a window, least first",
            Post::find().order(row_number().over(by_slug()).asc()).select(Post.slug)
        ),
    ]
}

fn subqueries() -> Vec<Construct> {
    let with_posts = || exists(Post::find().filter(Post.author_id.eq(User.id.outer())));
    let names = || User::find().order(User.name.asc());
    vec![
        rows!(
            "in a limited query",
            User::find()
                .filter(User.id.in_query(User::find().order(User.name.desc()).limit(2).select(User.id)))
                .order(User.name.asc())
                .select(User.name)
        ),
        rows!(
            "in the least of groups",
            Post::find()
                .filter(Post.id.in_query(Post::find().group_by(Post.author_id).select(Post.id.min().assume_some())))
                .order(Post.slug.asc())
                .select(Post.slug)
        ),
        rows!("exists", names().filter(with_posts()).select(User.name)),
        rows!(
            "not exists",
            names().filter(not_exists(Post::find().filter(Post.author_id.eq(User.id.outer())))).select(User.name)
        ),
        rows!("related rows exist", names().filter(User.posts.exists()).select(User.name)),
        rows!("count of related rows", names().select((User.name, User.posts.count()))),
        rows!("in a query", names().filter(User.id.in_query(Post::find().select(Post.author_id))).select(User.name)),
        rows!(
            "not in a query",
            names().filter(User.id.not_in_query(Post::find().select(Post.author_id))).select(User.name)
        ),
        rows!(
            "scalar",
            names().select(scalar::<User, i64>(
                Post::find().filter(Post.author_id.eq(User.id.outer())).select(count_rows())
            ))
        ),
        rows!(
            "scalar or none",
            names().select((
                User.name,
                scalar_or_none::<User, String>(
                    Post::find()
                        .filter(Post.author_id.eq(User.id.outer()))
                        .order(Post.slug.desc())
                        .limit(1)
                        .select(Post.slug)
                )
            ))
        ),
        rows!("aggregate of related rows", names().select((User.name, User.posts.select(Post.slug.max())))),
        rows!(
            "aggregate of some related rows",
            names().select((User.name, User.posts.select_where(Post.body.is_some(), Post.slug.length().sum::<i64>())))
        ),
        rows!("a condition as a value", names().select((User.name, User.posts.exists()))),
        rows!(
            "order by a condition",
            User::find().order(User.name.gt("Ann").desc()).order(User.id.asc()).select(User.name)
        ),
        counted!("whole rows beside what is computed", names().select((User, User.posts.count()))),
        counted!(
            "whole rows along a relation",
            Post::find().order(Post.slug.asc()).select((Post, Post.author(), Post.comments.count()))
        ),
        rows!(
            "scalar in a filter",
            Post::find()
                .filter(Post.slug.eq(scalar::<_, Option<String>>(Post::find().select(Post.slug.max()))))
                .select(Post.slug)
        ),
    ]
}

fn related_rows() -> Vec<Construct> {
    let names = || User::find().order(User.name.asc());
    let slugs = || Post::find().order(Post.slug.asc());
    vec![
        rows!("any related row", names().filter(User.posts.any(Post.slug.eq("b1"))).select(User.name)),
        rows!("no related row", names().filter(User.posts.none(Post.slug.eq("b1"))).select(User.name)),
        rows!("no related row at all", names().filter(User.posts.is_empty()).select(User.name)),
        rows!("count of some related rows", names().select((User.name, User.posts.count_where(Post.body.is_none())))),
        rows!("any row behind a junction", slugs().filter(Post.tags.any(Tag.name.eq("y"))).select(Post.slug)),
        rows!("no row behind a junction", slugs().filter(Post.tags.is_empty()).select(Post.slug)),
        rows!("count behind a junction", slugs().select((Post.slug, Post.tags.count()))),
        rows!("the row that it refers to exists", Comment::find().filter(Comment.writer.exists()).select(Comment.text)),
    ]
}

/// What `with` sends for a relation to many.
fn loads() -> Vec<Construct> {
    let names = || User::find().order(User.name.asc());
    let slugs = |posts: &[Post]| posts.iter().map(|post| post.slug.clone()).collect::<Vec<_>>();
    vec![
        related!("relation", names(), User.posts.order(|post| post.slug.asc()), |user| slugs(user.posts())),
        related!("relation: some rows", names(), User.posts.filter(|post| post.slug.gt("a1")), |user| {
            user.posts().len()
        }),
        related!("relation: so many for each", names(), User.posts.order(|p| p.slug.desc()).limit(1), |user| {
            slugs(user.posts())
        }),
        related!(
            "relation: all but the first of each",
            names(),
            User.posts.offset(1).order(|post| post.slug.asc()),
            |user| slugs(user.posts())
        ),
        related!(
            "relation: the second of each",
            names(),
            User.posts.order(|post| post.slug.asc()).limit(1).offset(1),
            |user| slugs(user.posts())
        ),
        related!("relation: also deleted rows", names(), User.posts.with_deleted(), |user| user.posts().len()),
        related!("relation with its own", names(), User.posts.with(Post.author), |user| {
            user.posts().iter().all(|post| post.author().id == user.id)
        }),
        related!(
            "relation behind a junction",
            Post::find().order(Post.slug.asc()),
            Post.tags.order(|tag| tag.name.desc()).limit(1),
            |post| post.tags().len()
        ),
        related!(
            "relation to one, by its own statement",
            Post::find().order(Post.slug.asc()),
            Post.author.batched(),
            |post| post.author().name.clone()
        ),
        related!(
            "relation over two columns",
            Flight::find(),
            Flight.seats.order(|seat| seat.id.asc()).limit(2),
            |flight| flight.seats().len()
        ),
        counted!("relation to one, joined", Comment::find().with(Comment.post.joined())),
        counted!("relation to one, also deleted", Comment::find().with(Comment.post.joined().with_deleted())),
    ]
}

/// After the post `a2` of the blog, by its slug and by its text.
const SLUG: &str = "2JMRkHQAAAACYTJpAAAAATI";
const BODY: &str = "1ySIRHQAAAAINTAlIG9mZl9pAAAAATI";

fn cursor(text: &str) -> relata::Cursor {
    text.parse().expect("a cursor that a page has given")
}

fn rows_of_one() -> Vec<Construct> {
    let slugs = || Post::find().order(Post.slug.asc());
    vec![
        rows!("a column of a relation", slugs().filter(Post.author().name.eq("Bob")).select(Post.slug)),
        rows!("limit, offset", slugs().limit(2).offset(1).select(Post.slug)),
        rows!("limit and offset of a projection", slugs().select(Post.slug).limit(1).offset(2)),
        rows!(
            "after a cursor",
            Post::find().order(Post.slug.desc()).order(Post.id.asc()).after(cursor(SLUG)).select(Post.slug)
        ),
        rows!(
            "after a cursor whose value may be NULL",
            Post::find().order(Post.body.asc()).order(Post.id.asc()).after(cursor(BODY)).select(Post.slug)
        ),
        rows!("an optional filter", slugs().filter_some(Some("a1"), |slug| Post.slug.eq(slug)).select(Post.slug)),
        rows!("distinct", Post::find().select(Post.author().name).distinct().order(Post.author().name.asc())),
        rows!(
            "distinct on",
            Post::find()
                .distinct_on(Post.author_id)
                .order(Post.author_id.asc())
                .order(Post.slug.desc())
                .select(Post.slug)
        ),
        rows!("the first of each", slugs().top_per(Post.author_id, 1, Post.slug.desc()).select(Post.slug)),
        rows!(
            "rows reached from others",
            Category::find()
                .filter(Category.name.eq("root"))
                .reach(Category.children, None)
                .order(Category.name.asc())
                .select(Category.name)
        ),
        rows!(
            "rows reached in so many steps",
            Category::find()
                .filter(Category.name.eq("leaf"))
                .reach(Category.parent, 1)
                .order(Category.name.asc())
                .select(Category.name)
        ),
        rows!("also deleted rows", slugs().with_deleted().select(Post.slug)),
        rows!("deleted rows", slugs().only_deleted().select(Post.slug)),
        counted!("a relation by a join", Post::find().with(Post.author)),
        rows!("for update", slugs().for_update().select(Post.slug)),
        rows!("for share", slugs().for_share().select(Post.slug)),
        counted!("lock of rows whose relation may be missing", Comment::find().with(Comment.writer).for_update()),
        counted!(
            "lock of rows with others",
            Comment::find().with(Comment.post.with(Post.author)).for_update().no_wait()
        ),
        counted!(
            "lock of joined rows",
            Post::find().left_join(Comment, |(post, comment)| comment.post_id.eq(post.id)).for_update()
        ),
        rows!("skip locked", slugs().for_update().skip_locked().select(Post.slug)),
        rows!("no wait", slugs().for_update().no_wait().select(Post.slug)),
    ]
}

fn joins() -> Vec<Construct> {
    vec![
        rows!(
            "inner join",
            Post::find()
                .join(User, |(post, user)| post.author_id.eq(user.id))
                .order(|(post, _)| post.slug.asc())
                .select(|(post, user)| (post.slug, user.name))
        ),
        rows!(
            "left join",
            User::find()
                .left_join(Post, |(user, post)| user.id.eq(post.author_id))
                .order(|(user, _)| user.name.asc())
                .order(|(_, post)| post.slug.asc())
                .select(|(user, post)| (user.name, post.slug))
        ),
        rows!(
            "right join",
            Post::find()
                .right_join(User, |(post, user)| post.author_id.eq(user.id))
                .order(|(_, user)| user.name.asc())
                .order(|(post, _)| post.slug.asc())
                .select(|(post, user)| (post.slug, user.name))
        ),
        counted!("full join", Post::find().full_join(User, |(post, user)| post.author_id.eq(user.id))),
        counted!("cross join", User::find().cross_join(Category)),
        rows!(
            "a table with itself",
            Category::find()
                .join(Category, |(child, parent)| child.parent_id.eq(parent.id))
                .select(|(child, parent)| (child.name, parent.name))
        ),
        rows!("join of a query", {
            let totals = Post::find().group_by(Post.author_id).select((Post.author_id, count_rows()));
            User::find()
                .join(totals, |(user, total)| user.id.eq(total.0))
                .order(|(user, _)| user.name.asc())
                .select(|(user, total)| (user.name, total.1))
        }),
        counted!(
            "lateral join",
            User::find().join_lateral(|(user,)| Post::find().filter(Post.author_id.eq(user.id.outer())).limit(1))
        ),
        counted!(
            "left lateral join",
            User::find().left_join_lateral(|(user,)| Post::find().filter(Post.author_id.eq(user.id.outer())).limit(1))
        ),
        rows!("a query of a query", {
            let numbered = Post::find().select((Post.slug, row_number().over(Window::new().order(Post.slug.asc()))));
            from(numbered).filter(|(row,)| row.1.eq(2)).select(|(row,)| row.0)
        }),
        rows!(
            "an optional filter of a join",
            Post::find()
                .join(User, |(post, user)| post.author_id.eq(user.id))
                .filter_some(Some("Bob"), |(_, user), name| user.name.eq(name))
                .select(|(post, _)| post.slug)
        ),
        rows!(
            "groups of joined rows",
            Post::find()
                .join(User, |(post, user)| post.author_id.eq(user.id))
                .group_by(|(_, user)| user.name)
                .having(|_| count_rows().gt(1))
                .select(|(_, user)| (user.name, count_rows()))
        ),
        counted!(
            "joined rows: distinct, limit, offset",
            Post::find().join(User, |(post, user)| post.author_id.eq(user.id)).distinct().limit(9).offset(1)
        ),
    ]
}

fn tree() -> Cte<(Id<Category>, i64)> {
    let roots = Category::find().filter(Category.name.eq("root")).select((Category.id, constant::<_, i64>(0)));
    Cte::recursive("tree", roots, |tree| {
        let below = from(tree).join(Category, |(above, category)| category.parent_id.eq(above.0));
        below.select(|(above, category)| (category.id, above.1 + 1))
    })
}

fn named() -> Vec<Construct> {
    let totals = || cte("totals", Post::find().group_by(Post.author_id).select((Post.author_id, count_rows())));
    let counts = |totals: Cte<(Id<User>, i64)>| {
        User::find()
            .join(totals, |(user, total)| user.id.eq(total.0))
            .order(|(user, _)| user.name.asc())
            .select(|(user, total)| (user.name, total.1))
    };
    vec![
        rows!("with", counts(totals())),
        rows!("with, materialized", counts(totals().materialized())),
        rows!("with, not materialized", counts(totals().not_materialized())),
        rows!("with, read twice", {
            let totals = totals();
            from(&totals).join(&totals, |(one, other)| one.0.eq(other.0)).select(|_| count_rows())
        }),
        rows!("with rows that are written", {
            let gone =
                relata::written("gone", Post::delete_many().filter(Post.slug.eq("none")).permanently(), Post.slug);
            from(gone.expect("it breaks no rule")).select(|(slug,)| slug)
        }),
        rows!(
            "with recursive",
            Category::find()
                .join(tree(), |(category, place)| category.id.eq(place.0))
                .order(|(_, place)| place.1.asc())
                .select(|(category, place)| (category.name, place.1))
        ),
        rows!("with recursive, all", {
            let numbers: Cte<i64> =
                Cte::recursive_all("numbers", User::find().limit(1).select(constant::<_, i64>(1)), |numbers| {
                    from(numbers).filter(|(number,)| number.lt(3)).select(|(number,)| number + 1)
                });
            from(numbers).order(|(number,)| number.asc()).select(|(number,)| number)
        }),
    ]
}

fn sets() -> Vec<Construct> {
    let names = || User::find().select(User.name.lower());
    let slugs = || Post::find().select(Post.slug);
    let authors = || Post::find().select(Post.author_id.cast::<i64>());
    let once = || User::find().filter(User.name.ne("Bob")).select(User.id.cast::<i64>());
    vec![
        rows!(
            "union of a limited query first",
            User::find()
                .order(User.name.desc())
                .limit(1)
                .select(User.name.lower())
                .union_all(Post::find().order(Post.slug.desc()).limit(1).select(Post.slug))
                .order_by_place(1, true)
                .limit(2)
        ),
        rows!("union", names().union(slugs()).order_by_place(1, false)),
        rows!("union all", names().union_all(User::find().select(User.name.lower())).order_by_place(1, true)),
        rows!(
            "intersect",
            names()
                .intersect(User::find().filter(User.name.ne("Ann")).select(User.name.lower()))
                .order_by_place(1, false)
        ),
        rows!("except", names().except(User::find().filter(User.name.ne("Ann")).select(User.name.lower()))),
        rows!("intersect all", authors().intersect_all(authors()).order_by_place(1, false)),
        rows!("except all", authors().except_all(once()).order_by_place(1, false)),
        rows!(
            "union of limited queries",
            names().union(Post::find().order(Post.slug.asc()).limit(1).select(Post.slug)).order_by_place(1, false)
        ),
    ]
}

fn writes() -> Vec<Construct> {
    let author = || scalar::<Post, String>(User::find().filter(User.id.eq(Post.author_id.outer())).select(User.name));
    let strangers = || not_exists(Post::find().filter(Post.author_id.eq(User.id.outer())));
    vec![
        written!("update", Post::update_many().filter(Post.slug.eq("a1")).set(Post.title.to("new"))),
        written!("update to NULL", Post::update_many().filter(Post.slug.eq("a2")).set(Post.body.to_none())),
        written!(
            "update by arithmetic",
            EveryType::update_many()
                .filter(EveryType.large.gt(0))
                .set(EveryType.large.add(1))
                .set(EveryType.medium.sub(1))
                .set(EveryType.double.mul(2.0))
        ),
        written!(
            "update from an expression",
            EveryType::update_many().all_rows().set(EveryType.text.to(EveryType.text.upper()))
        ),
        written!(
            "update from another table",
            Post::update_many().filter(Post.slug.eq("b1")).set(Post.title.to(author()))
        ),
        written!(
            "update by a relation",
            Post::update_many().filter(Post.author().name.eq("Ann")).set(Post.title.to("Ann's"))
        ),
        written!(
            "update by a relation, with a key of two columns",
            Flight::update_many().filter(Flight.seats.any(Seat.passenger.eq("Bob"))).set(Flight.goal.to("Rome"))
        ),
        written!(
            "update from another table, with a key of two columns",
            Flight::update_many().all_rows().set(
                Flight.goal.to(scalar::<Flight, Option<String>>(
                    Seat::find().filter(Seat.number.eq(Flight.number.outer())).select(Seat.passenger.max())
                )
                .or_else("none"))
            )
        ),
        written!(
            "delete by a relation, with a key of two columns",
            Flight::delete_many().filter(Flight.seats.is_empty())
        ),
        written!(
            "update of deleted rows",
            Post::update_many().filter(Post.slug.eq("a1")).with_deleted().set(Post.title.to("new"))
        ),
        written!("delete, marking", Post::delete_many().filter(Post.slug.eq("a1"))),
        written!("delete", Post::delete_many().filter(Post.slug.eq("b1")).permanently()),
        written!("delete using another table", User::delete_many().filter(strangers())),
    ]
}

fn inserts() -> Vec<Construct> {
    let tag = |name: &str| NewTag { name: name.into() };
    let names = |users: Vec<User>| users.into_iter().map(|user| user.name).collect::<Vec<_>>();
    vec![
        inserted!("insert", tag("new"), to_sql, |new, tx| async { new.insert(tx).await.map(|tag| tag.name) }),
        inserted!(
            "insert with more values",
            NewComment { post_id: Id::new(1), text: "hm".into() }.writer_id(Id::new(1)),
            to_sql,
            |new, tx| async { new.insert(tx).await.map(|made| (made.writer_id, made.text)) }
        ),
        inserted!("insert of a draft", tag("new").into_draft().with(Tag.name, "other"), to_sql, |new, tx| async {
            new.insert(tx).await.map(|tag| tag.name)
        }),
        inserted!("insert of many", Tag::insert_many(["a", "b", "c"].map(tag)), to_sql, |many, tx| many.exec(tx)),
        inserted!(
            "insert of many, given back",
            Tag::insert_many(["a", "b"].map(tag)),
            to_sql_returning,
            |many, tx| async { many.returning(tx).await.map(|tags| tags.len()) }
        ),
        inserted!(
            "insert from a query",
            Tag::insert_from(Tag.name, Post::find().filter(Post.slug.ne("a1")).select(Post.slug)),
            to_sql,
            |query, tx| query.exec(tx)
        ),
        inserted!(
            "update, given back",
            User::update_many().filter(User.name.eq("Ann")).set(User.name.to("Anna")),
            to_sql_returning,
            |update, tx| async { update.returning(tx).await.map(names) }
        ),
        inserted!(
            "delete, given back",
            User::delete_many().filter(User.name.eq("Cyd")),
            to_sql_returning,
            |delete, tx| async { delete.returning(tx).await.map(names) }
        ),
        inserted!(
            "delete, marking, given back",
            Post::delete_many().filter(Post.slug.eq("a1")),
            to_sql_returning,
            |delete, tx| async { delete.returning(tx).await.map(|posts| posts.len()) }
        ),
    ]
}

fn user() -> NewUser {
    NewUser { email: "ann@example.com".into(), name: "Anna".into() }
}

fn upserts() -> Vec<Construct> {
    let users = || User::insert_many([user(), NewUser { email: "eve@example.com".into(), name: "Eve".into() }]);
    let names = |users: Vec<User>| users.into_iter().map(|user| user.name).collect::<Vec<_>>();
    vec![
        inserted!("insert unless it is there", user().on_conflict(User.email), to_sql, |upsert, tx| upsert.ignore(tx)),
        inserted!(
            "upsert of some columns",
            user().on_conflict(User.email).updating(User.name),
            to_sql,
            |upsert, tx| async { upsert.save(tx).await.map(|user| user.map(|user| user.name)) }
        ),
        inserted!("upsert of all columns", user().on_conflict(User.email).updating_all(), to_sql, |upsert, tx| async {
            upsert.save(tx).await.map(|user| user.map(|user| user.name))
        }),
        inserted!(
            "upsert with an expression",
            user().on_conflict(User.email).set(User.name.to(User.name.concat(User.name.proposed()))),
            to_sql,
            |upsert, tx| async { upsert.save(tx).await.map(|user| user.map(|user| user.name)) }
        ),
        inserted!(
            "upsert with a condition",
            user().on_conflict(User.email).updating(User.name).only_if(User.name.ne("Ann")),
            to_sql,
            |upsert, tx| async { upsert.save(tx).await.map(|user| user.map(|user| user.name)) }
        ),
        inserted!(
            "upsert by two columns",
            NewPost { author_id: Id::new(1), slug: "a1".into(), title: "Again".into() }
                .on_conflict((Post.author_id, Post.slug))
                .updating(Post.title),
            to_sql,
            |upsert, tx| async { upsert.save(tx).await.map(|post| post.map(|post| post.title)) }
        ),
        inserted!("many unless they are there", users().on_conflict(User.email), to_sql, |upsert, tx| async {
            upsert.ignore(&mut *tx).await?;
            User::find().count(tx).await
        }),
        inserted!("upsert of many", users().on_conflict(User.email).updating(User.name), to_sql, |upsert, tx| async {
            upsert.exec(&mut *tx).await?;
            User::find().order(User.name.asc()).all(tx).await.map(names)
        }),
        inserted!(
            "upsert of many, given back",
            users().on_conflict(User.email).updating_all(),
            to_sql_returning,
            |upsert, tx| async { upsert.returning(tx).await.map(names) }
        ),
        inserted!(
            "upsert of many with a condition",
            users().on_conflict(User.email).updating(User.name).only_if(User.name.eq("Bob")),
            to_sql,
            |upsert, tx| async {
                upsert.exec(&mut *tx).await?;
                User::find().order(User.name.asc()).all(tx).await.map(names)
            }
        ),
        inserted!(
            "upsert of many with an expression",
            users().on_conflict(User.email).set(User.name.to(User.name.concat("+").concat(User.name.proposed()))),
            to_sql,
            |upsert, tx| async {
                upsert.exec(&mut *tx).await?;
                User::find().order(User.name.asc()).all(tx).await.map(names)
            }
        ),
    ]
}
