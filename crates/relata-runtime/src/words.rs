//! Words of other libraries on statements ([`relata_sql::words`]), and what `find()` says of a struct that is no entity.

use std::future::Ready;

use relata_sql::Result;

use crate::aggregate::Grouped;
use crate::change::{Delete, Update};
use crate::entity::Entity;
use crate::find::Find;
use crate::insert::{InsertMany, Upsert};
use crate::raw::Raw;

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
        set / 1 -> Self, SetFound: "what a query finds is not changed by the query", "say `Post::update_many().filter(…).set(…).exec(&mut db)`";
    }
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
    impl[T] Raw<T> {
        bind / 1 -> Self, Bind: "parameters are given with the text", "say `sql(\"… WHERE id = ?\", (id,))`";
        fetch_all / 1 -> Ready<Result<Vec<T>>>, FetchAllRaw: "`.fetch_all(…)` is `.all(…)` here", "say `.all(&mut db)`";
        fetch_one / 1 -> Ready<Result<T>>, FetchOneRaw: "`.fetch_one(…)` is `.one(…)` here", "say `.one(&mut db)`";
        fetch_optional / 1 -> Ready<Result<Option<T>>>, FetchOptionalRaw: "`.fetch_optional(…)` is `.optional(…)` here", "say `.optional(&mut db)`";
        execute / 1 -> Ready<Result<u64>>, ExecuteRaw: "`.execute(…)` is `.exec(…)` here", "say `.exec(&mut db)`";
    }
}
