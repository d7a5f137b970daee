//! Words of other libraries on statements ([`relata_sql::words`]), and what `find()` says of a struct that is no entity.

use std::future::Ready;

use relata_sql::Result;
use relata_sql::typed::{Assignment, Expression, Order, Pred};

use crate::aggregate::{Grouped, Projection};
use crate::change::{Delete, Update};
use crate::entity::Entity;
use crate::find::Find;
use crate::insert::{InsertMany, Upsert};
use crate::join::{Joined, Scope};
use crate::raw::Raw;
use crate::relation::Rel;

pub mod beginnings;
mod unended;

/// Takes `Plain::find()` for what it is where `Plain` lacks its derive: rustc would look no further than `Iterator::find`. It is
/// implemented for references, which are only tried when nothing else fits, so that it never stands in the way of a `find` that
/// a type has.
#[diagnostic::on_unimplemented(message = "`{Self}` is no entity: put `#[derive(Entity)]` on it")]
pub trait NotAnEntity {
    /// All rows, of an entity.
    #[doc(hidden)]
    fn find() -> Find<Self>
    where
        Self: Entity,
    {
        Find::new()
    }
}

impl<T: ?Sized> NotAnEntity for &T {}

relata_sql::words! {
    impl[E: Entity, L] Find<E, L> {
        order_by / 1 -> Self, OrderBy: "`.order_by(…)` is `.order(…)` here", "say `.order(column.asc())` or `.order(column.desc())`";
        order_by_asc / 1 -> Self, OrderByAsc: "`.order_by_asc(…)` is `.order(…)` here", "say `.order(column.asc())`";
        order_by_desc / 1 -> Self, OrderByDesc: "`.order_by_desc(…)` is `.order(…)` here", "say `.order(column.desc())`";
        where_ / 1 -> Self, WhereOfQuery: "`where` is `.filter(…)` here", "say `.filter(…)`";
        or_filter / 1 -> Self, OrFilter: "conditions are combined, filters all hold", "say `.filter(one.or(other))`";
        joins / 1 -> Self, Joins: "`.joins(…)` is `.join(…)` here",
            "say `.join(Other, |(row, other)| row.other_id.eq(other.id))`; along a relation nothing has to be joined";
        pluck / 1 -> Self, Pluck: "`.pluck(…)` is `.select(…)` here", "say `.select(Post.title).all(&mut db)`";
        column / 1 -> Self, ColumnOfQuery: "`.column(…)` is `.select(…)` here", "say `.select((Post.title, Post.views))`";
        select_only / 0 -> Self, SelectOnly: "`.select_only()` is `.select(…)` here", "say `.select((Post.title, Post.views))`";
        map / 1 -> Self, MapQuery: "a query is no list of rows before it has run",
            "say `.all(&mut db).await?.into_iter().map(…)`; a column alone is read by `.select(Post.title)`";
        collect / 0 -> Vec<E>, CollectQuery: "a query is no list of rows before it has run", "say `.all(&mut db).await?`";
        iter / 0 -> std::vec::IntoIter<E>, IterQuery: "a query is no list of rows before it has run", "say `.all(&mut db).await?`";
        skip / 1 -> Self, Skip: "`.skip(…)` is `.offset(…)` here", "say `.offset(…)`, or `.after(cursor)`";
        take / 1 -> Self, Take: "`.take(…)` is `.limit(…)` here", "say `.limit(…)`";
        preload / 1 -> Self, Preload: "`.preload(…)` is `.with(…)` here", "say `.with(Post.author)`";
        include / 1 -> Self, Include: "`.include(…)` is `.with(…)` here", "say `.with(Post.author)`";
        includes / 1 -> Self, Includes: "`.includes(…)` is `.with(…)` here", "say `.with(Post.author)`";
        eager_load / 1 -> Self, EagerLoad: "`.eager_load(…)` is `.with(…)` here", "say `.with(Post.author)`";
        find_with_related / 1 -> Self, WithRelated: "`.find_with_related(…)` is `.with(…)` here", "say `.with(Post.author)`";
        find_also_related / 1 -> Self, AlsoRelated: "`.find_also_related(…)` is `.with(…)` here", "say `.with(Post.author)`";
        inner_join / 1 -> Self, InnerJoin: "`.inner_join(…)` is `.join(…)` here",
            "say `.join(Other, |(row, other)| row.other_id.eq(other.id))`; along a relation nothing has to be joined";
        left_outer_join / 1 -> Self, LeftOuterJoin: "`.left_outer_join(…)` is `.left_join(…)` here",
            "say `.left_join(Other, |(row, other)| row.other_id.eq(other.id))`";
        having / 1 -> Self, HavingWithoutGroups: "`.having(…)` is about groups", "first `.group_by(…)`; a condition on rows is `.filter(…)`";
        paginate / 2 -> Self, Paginate: "`.paginate(…)` is `.page(…)` here", "say `.limit(50).page(&mut db)`, and `.after(page.next)` for the next";
        into_json / 0 -> Self, IntoJson: "rows are structs: `.into_json()` is serde's business",
            "derive `serde::Serialize` on the entity, or read `db.table(…)`, whose records are maps";
        sum / 1 -> Self, SumOfQuery: "a sum is selected", "say `.select(Post.views.sum()).one(&mut db)`";
        avg / 1 -> Self, MeanOfQuery: "a mean is selected", "say `.select(Post.views.avg()).one(&mut db)`";
        min / 1 -> Self, LeastOfQuery: "the least is selected", "say `.select(Post.views.min()).one(&mut db)`";
        max / 1 -> Self, GreatestOfQuery: "the greatest is selected", "say `.select(Post.views.max()).one(&mut db)`";
        load / 1 -> Ready<Result<Vec<E>>>, LoadRows: "`.load(…)` is `.all(…)` here", "say `.all(&mut db)`";
        get_results / 1 -> Ready<Result<Vec<E>>>, GetResults: "`.get_results(…)` is `.all(…)` here", "say `.all(&mut db)`";
        fetch_all / 1 -> Ready<Result<Vec<E>>>, FetchAll: "`.fetch_all(…)` is `.all(…)` here", "say `.all(&mut db)`";
        get_result / 1 -> Ready<Result<E>>, GetResult: "`.get_result(…)` is `.one(…)` here", "say `.one(&mut db)`";
        fetch_one / 1 -> Ready<Result<E>>, FetchOne: "`.fetch_one(…)` is `.one(…)` here", "say `.one(&mut db)`";
        fetch_optional / 1 -> Ready<Result<Option<E>>>, FetchOptional: "`.fetch_optional(…)` is `.optional(…)` here", "say `.optional(&mut db)`";
        exec / 1 -> Ready<Result<u64>>, ExecQuery: "a query gives rows: `.exec(…)` is for what writes", "say `.all(&mut db)`, `.one(…)`, `.first(…)` or `.optional(…)`";
        delete / 1 -> Ready<Result<u64>>, DeleteFound: "what a query finds is not deleted by the query", "say `Post::delete_many().filter(…).exec(&mut db)`";
        delete_all / 1 -> Ready<Result<u64>>, DeleteAllFound: "what a query finds is not deleted by the query", "say `Post::delete_many().filter(…).exec(&mut db)`";
        update_all / 1 -> Ready<Result<u64>>, UpdateAllFound: "what a query finds is not changed by the query", "say `Post::update_many().filter(…).set(…).exec(&mut db)`";
        lock / 0 -> Self, LockQuery: "`.lock()` is `.for_update()` here", "say `.for_update()`, and `.skip_locked()` or `.nowait()` behind it";
        lock_exclusive / 0 -> Self, LockExclusive: "`.lock_exclusive()` is `.for_update()` here", "say `.for_update()`";
        for_update_skip_locked / 0 -> Self, ForUpdateSkipLocked: "these are two words", "say `.for_update().skip_locked()`";
        or / 1 -> Self, OrOfQuery: "conditions are combined, filters all hold", "say `.filter(one.or(other))`";
        and_where / 1 -> Self, AndWhere: "`.and_where(…)` is one more `.filter(…)` here", "say `.filter(…)`: all of them hold";
        find / 1 -> Self, FindInQuery: "a row is found by its key with `by_key`", "say `User::by_key(1).one(&mut db)`, or `.filter(User.id.eq(1))`";
        into_model / into_type -> Self, IntoModel: "rows are read into a struct of one's own by an expression for each field", "say `#[derive(FromRow)] struct Card { title: String }` and `.select(SelectCard { title: Post.title })`";
        into_partial_model / into_type -> Self, IntoPartialModel: "rows are read into a struct of one's own by an expression for each field", "say `#[derive(FromRow)] struct Card { title: String }` and `.select(SelectCard { title: Post.title })`";
        into_tuple / into_type -> Self, IntoTuple: "a tuple is selected", "say `.select((Post.id, Post.title)).all(&mut db)`";
        distinct / 0 -> Self, DistinctRows: "rows of an entity are distinct, each has its key", "say `.select(Post.title).distinct()`, or `.distinct_on(Post.author_id)`";
        first_or_404 / 1 -> Ready<Result<E>>, FirstOr404: "`.first_or_404(…)` is `.one(…)` here", "say `.one(&mut db)`: its error has the status 404 where there is none";
        exclude / 1 -> Self, ExcludeRows: "what is left out is a filter, too", "say `.filter(!Post.title.eq(…))`";
        values / 1 -> Self, ValuesOfQuery: "`.values(…)` is `.select(…)` here", "say `.select((Post.title, Post.views))`";
        values_list / 1 -> Self, ValuesList: "`.values_list(…)` is `.select(…)` here", "say `.select((Post.title, Post.views))`";
        annotate / 1 -> Self, Annotate: "what is computed for each row is selected", "say `.select((Post, Post.comments.count()))`";
        select_merge / 1 -> Self, SelectMerge: "`.select_merge(…)` is `.select(…)` here", "say `.select((Post, Post.comments.count()))`";
        extras / 1 -> Self, Extras: "`.extras(…)` is `.select(…)` here", "say `.select((Post, Post.comments.count()))`";
        where_not / 1 -> Self, WhereNot: "what is left out is a filter, too", "say `.filter(!Post.title.eq(…))`";
        reorder / 1 -> Self, Reorder: "an order that was said stays", "say `.order(…)` where it is known: a query that others order gets none";
        then_order_by / 1 -> Self, ThenOrderBy: "`.then_order_by(…)` is one more `.order(…)` here", "say `.order(column.asc())`: the first counts most";
        last / 1 -> Ready<Result<Option<E>>>, LastRow: "the last is the first of the opposite order", "say `.order(Post.id.desc()).first(&mut db)`; the last of a page `.page_before(None, &mut db)`";
        find_in_batches / 2 -> Self, FindInBatches: "rows in portions are pages or a stream", "say `.limit(1000).page(&mut db)` in a loop, each `.after(page.next)`; or `.stream(&mut db)`";
        in_batches / 1 -> Self, InBatches: "rows in portions are pages or a stream", "say `.limit(1000).page(&mut db)` in a loop, each `.after(page.next)`; or `.stream(&mut db)`";
        update / 1 -> Self, UpdateFound: "what a query finds is not changed by the query", "say `Post::update_many().filter(…).set(…).exec(&mut db)`";
        omit / 1 -> Self, Omit: "columns that are wanted are said, not those that are not", "say `.select((Post.id, Post.title))`, or a struct that derives `FromRow`";
        page_number / 2 -> Self, PageNumber: "a page by its number is `.limit(…).offset(…)`", "say `.limit(20).offset(40).all(&mut db)`; pages by cursor are `.page(&mut db)`";
        aggregate / 1 -> Self, AggregateQuery: "aggregates are selected", "say `.select((Post.views.sum(), count_rows())).one(&mut db)`";
        select_related / 1 -> Self, SelectRelated: "`.select_related(…)` is `.with(…)` here", "say `.with(Post.author)`";
        prefetch_related / 1 -> Self, PrefetchRelated: "`.prefetch_related(…)` is `.with(…)` here", "say `.with(Post.comments)`";
        find_each / 1 -> Self, FindEach: "rows one by one are a stream", "say `let mut rows = ….stream(&mut db)` and `while let Some(row) = rows.next().await?`";
        for_each / 1 -> Self, ForEachQuery: "a query is no list of rows before it has run", "say `let mut rows = ….stream(&mut db)` and `while let Some(row) = rows.next().await?`";
        set / 1 -> Self, SetFound: "what a query finds is not changed by the query", "say `Post::update_many().filter(…).set(…).exec(&mut db)`";
    }
}

macro_rules! of_new_rows {
    ($($word:ident: $message:literal, $label:literal;)*) => {$(
        #[diagnostic::on_unimplemented(message = $message, label = $label)]
        #[doc(hidden)]
        pub trait $word {
            /// Nothing implements this, so that nothing calls it.
            fn never() -> !;
        }
    )*};
}

of_new_rows! {
    UpsertsByItself: "what becomes of a row that exists is said behind its key", "say `.on_conflict(User.email).update_all(&mut db)`, or `.ignore(&mut db)`";
    ReturnsNewRow: "a new row comes back by itself", "say `.insert(&mut db)`: it gives the row as the database has it";
    ExecutesNewRow: "a new row is inserted by `.insert(…)`", "say `.insert(&mut db)`; many of them by `User::insert_many(rows).exec(&mut db)`";
    SavesNewRow: "a new row is inserted, `.save(…)` writes one that was read", "say `.insert(&mut db)`, or `.on_conflict(User.email).update_all(&mut db)`";
}

relata_sql::words! {
    impl[E: Entity, R] Upsert<E, R> {
        insert / 1 -> Ready<Result<E>>, InsertUpsert: "what becomes of a row that exists is not said", "say `.update_all(&mut db)`, `.update(column, &mut db)` or `.ignore(&mut db)`";
        exec / 1 -> Ready<Result<E>>, ExecUpsert: "what becomes of a row that exists is not said", "say `.update_all(&mut db)`, `.update(column, &mut db)` or `.ignore(&mut db)`";
        save / 1 -> Ready<Result<E>>, SaveUpsert: "what becomes of a row that exists is not said", "say `.update_all(&mut db)`, `.update(column, &mut db)` or `.ignore(&mut db)`";
        do_nothing / 0 -> Self, DoNothing: "`.do_nothing()` is `.ignore(…)` here", "say `.ignore(&mut db)`";
        do_update / 0 -> Self, DoUpdate: "`.do_update()` is `.update(…)` here", "say `.update(column, &mut db)`, or `.set(column.to(…)).save(&mut db)`";
    }
}

relata_sql::words! {
    impl[S: Scope] Joined<S> {
        with / 1 -> Self, WithOfJoin: "relations are loaded with the rows of one entity, a join gives a tuple for each row",
            "say `Post::find().with(Post.author).with(Post.comments)`; in a join what is wanted is selected";
        order_by / 1 -> Self, OrderByOfJoin: "`.order_by(…)` is `.order(…)` here", "say `.order(|(post, _)| post.id.desc())`";
        on / 1 -> Self, OnOfJoin: "what joins is said with the join", "say `.join(User, |(post, user)| post.author_id.eq(user.id))`";
    }
}

relata_sql::words! {
    impl[E: Entity, S] Update<E, S> {
        execute / 1 -> Ready<Result<u64>>, ExecuteUpdate: "`.execute(…)` is `.exec(…)` here", "say `.exec(&mut db)`";
        get_results / 1 -> Ready<Result<Vec<E>>>, UpdateResults: "`.get_results(…)` is `.returning(…)` here", "say `.returning(&mut db)`";
        get_result / 1 -> Ready<Result<Vec<E>>>, UpdateResult: "`.get_result(…)` is `.returning(…)` here", "say `.returning(&mut db)`";
    }
}

relata_sql::words! {
    impl[E: Entity, S] Delete<E, S> {
        execute / 1 -> Ready<Result<u64>>, ExecuteDelete: "`.execute(…)` is `.exec(…)` here", "say `.exec(&mut db)`";
        get_results / 1 -> Ready<Result<Vec<E>>>, DeleteResults: "`.get_results(…)` is `.returning(…)` here", "say `.returning(&mut db)`";
    }
}

relata_sql::words! {
    impl[E: Entity] InsertMany<E> {
        execute / 1 -> Ready<Result<u64>>, ExecuteInsertMany: "`.execute(…)` is `.exec(…)` here", "say `.exec(&mut db)`";
    }
}

relata_sql::words! {
    impl[E: Entity] Grouped<E> {
        all / 1 -> Ready<Result<Vec<E>>>, AllGroups: "it is not said what to read of each group", "say `.select((Post.author_id, count_rows())).all(&mut db)`";
    }
}

relata_sql::words! {
    impl[E: Entity] Grouped<E> {
        count / 1 -> Ready<Result<u64>>, CountGroups: "it is not said whether rows or groups are counted",
            "rows of each group: `.select((Post.author_id, count_rows())).all(&mut db)`; groups: `Post::find().select(Post.author_id.count().distinct()).one(&mut db)`";
    }
}

relata_sql::words! {
    impl[E, T] Projection<E, T> {
        filter / 1 -> Self, FilterAfterSelect: "rows are filtered before it is said what is read of them", "say `.filter(…).select(…)`; groups: `.group_by(…).having(…).select(…)`";
        group_by / 1 -> Self, GroupsAfterSelect: "groups are said before what is read of them", "say `.group_by(Post.author_id).select((Post.author_id, Post.views.sum()))`";
    }
}

relata_sql::words! {
    impl[R, M] Rel<R, M> {
        some / 1 -> Pred<R>, SomeRelated: "`.some(…)` is `.any(…)` here", "say `.any(Post.title.eq(…))`, of the entity that the relation leads to";
        is / 1 -> Pred<R>, IsRelated: "`.is(…)` is `.any(…)` here", "say `.any(User.name.eq(…))`, of the entity that the relation leads to; or `Post.author().name.eq(…)`";
        every / 1 -> Pred<R>, EveryRelated: "`.every(…)` is `.none(…)` of the opposite here", "say `.none(!Post.title.eq(…))`";
        eq / 1 -> Pred<R>, EqOfRelated: "a relation is compared by the key of its row", "say `Post.author_id.eq(user.id)`";
        ne / 1 -> Pred<R>, NeOfRelated: "a relation is compared by the key of its row", "say `Post.author_id.ne(user.id)`";
        is_in / 1 -> Pred<R>, InOfRelated: "a relation is compared by the key of its row", "say `Post.author_id.is_in([1, 2])`";
        is_none / 0 -> Pred<R>, NoneOfRelated: "whether there is a related row is asked of its key, or by `.exists()`", "say `Post.editor_id.is_none()`; of many rows `User.posts.is_empty()`";
        is_some / 0 -> Pred<R>, SomeOfRelated: "whether there is a related row is asked of its key, or by `.exists()`", "say `Post.editor_id.is_some()`; of many rows `User.posts.exists()`";
        asc / 0 -> Order<R>, AscOfRelated: "rows are ordered by a column, a relation has several", "of one row: `Post.author().name.asc()`; by how many there are: `User.posts.count().asc()`";
        desc / 0 -> Order<R>, DescOfRelated: "rows are ordered by a column, a relation has several", "of one row: `Post.author().name.desc()`; by how many there are: `User.posts.count().desc()`";
        len / 0 -> Expression<R, i64>, LengthOfRelated: "`.len()` is `.count()` here", "say `.count()`, or `.count_where(…)`";
        create / 1 -> Assignment<R>, CreateRelated: "rows are created with the new row that they hang on",
            "say `NewUser { … }.create(User.posts, |user| [NewPost { author_id: user.id, … }]).insert(&mut db)`";
        connect / 1 -> Assignment<R>, ConnectRelated: "relations are changed by statements of their own",
            "say `Post::relate(1).connect(Post.tags, [2, 3]).exec(&mut db)`, `.disconnect(…)` or `.set(…)`";
        add / 1 -> Assignment<R>, AddRelated: "relations are changed by statements of their own",
            "say `Post::relate(1).connect(Post.tags, [2, 3]).exec(&mut db)`, `.disconnect(…)` or `.set(…)`";
        set / 1 -> Assignment<R>, SetRelated: "relations are changed by statements of their own",
            "say `Post::relate(1).connect(Post.tags, [2, 3]).exec(&mut db)`, `.disconnect(…)` or `.set(…)`";
    }
}

relata_sql::words! {
    impl[T] Raw<T> {
        bind / 1 -> Self, Bind: "parameters are given with the text", "say `sql(\"… WHERE id = ?\", (id,))`";
        fetch_all / 1 -> Ready<Result<Vec<T>>>, FetchAllRaw: "`.fetch_all(…)` is `.all(…)` here", "say `.all(&mut db)`";
        fetch_one / 1 -> Ready<Result<T>>, FetchOneRaw: "`.fetch_one(…)` is `.one(…)` here", "say `.one(&mut db)`";
        fetch_optional / 1 -> Ready<Result<Option<T>>>, FetchOptionalRaw: "`.fetch_optional(…)` is `.optional(…)` here", "say `.optional(&mut db)`";
        execute / 1 -> Ready<Result<u64>>, ExecuteRaw: "`.execute(…)` is `.exec(…)` here", "say `.exec(&mut db)`";
    }
}
