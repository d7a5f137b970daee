//! How other libraries begin a query on an entity: `User::find_by_id(1)`, `User::all(db)`.
//!
//! Each word is a trait of references to entities, which rustc only tries when nothing else has the name: neither a function of the
//! entity itself nor of a trait of the application is ever in its way, and no type but an entity has it. What is said of a row
//! (`user.delete(db)`), and `User::name`, are of traits that nothing implements: rustc finds them only when there is nothing else, and
//! says what the bound says.

use std::future::{Ready, ready};

use relata_sql::{Error, Kind, Result};

use crate::entity::Entity;
use crate::find::Find;

macro_rules! beginnings {
    ($($name:ident, $word:ident -> $kind:ident: $message:literal;)*) => {$(
        #[diagnostic::on_unimplemented(message = $message)]
        #[doc(hidden)]
        pub trait $word {
            beginnings!(@$kind $name);
        }

        impl<E: Entity> $word for &E {}
    )*};
    (@query $name:ident) => {
        #[doc(hidden)]
        fn $name<A>(_: A) -> Find<Self>
        where
            Self: Entity,
        {
            Find::new()
        }
    };
    (@rows $name:ident) => {
        #[doc(hidden)]
        fn $name<A>(_: A) -> Ready<Result<Vec<Self>>>
        where
            Self: Entity,
        {
            ready(Err(Error::new(Kind::Internal, "a reference is no entity")))
        }
    };
}

beginnings! {
    find_by_id, FindById -> query: "`{Self}::find_by_id(…)` is `{Self}::by_key(…)` here: say `{Self}::by_key(1).one(&mut db)`";
    by_keys, ByKeys -> query: "several keys are a filter: say `{Self}::find().filter({Self}.id.is_in([1, 2])).all(&mut db)`";
    find_by, FindBy -> query: "`{Self}::find_by(…)` is a filter here: say `{Self}::find().filter(…).first(&mut db)`";
    find_one, FindOne -> query: "`{Self}::find_one(…)` is a filter here: say `{Self}::find().filter(…).first(&mut db)`";
    find_unique, FindUnique -> query: "`{Self}::find_unique(…)` is a filter here: say `{Self}::find().filter(…).optional(&mut db)`";
    find_many, FindMany -> query: "`{Self}::find_many(…)` is a filter here: say `{Self}::find().filter(…).all(&mut db)`";
    filter, FilterFirst -> query: "a query begins with `{Self}::find()`: say `{Self}::find().filter(…)`";
    where_, Where -> query: "`where` is `.filter(…)` here: say `{Self}::find().filter(…)`";
    all, All -> rows: "`{Self}::all(…)` is `{Self}::find().all(&mut db)` here";
    find_all, FindAll -> rows: "`{Self}::find_all(…)` is `{Self}::find().all(&mut db)` here";
    first, First -> rows: "`{Self}::first(…)` is `{Self}::find().first(&mut db)` here";
    count, Count -> rows: "`{Self}::count(…)` is `{Self}::find().count(&mut db)` here";
    get, Get -> rows: "`{Self}::get(…)` is `{Self}::by_key(1).one(&mut db)` here";
    new, New -> rows: "a new row of `{Self}` is the struct `New{Self}`: say `New{Self} {{ … }}.insert(&mut db)`";
    create, Create -> rows: "a new row of `{Self}` is the struct `New{Self}`: say `New{Self} {{ … }}.insert(&mut db)`";
    insert, Insert -> rows: "a new row of `{Self}` is the struct `New{Self}`: say `New{Self} {{ … }}.insert(&mut db)`";
    upsert, UpsertFirst -> rows: "what becomes of a row that exists is said behind its key: `New{Self} {{ … }}.on_conflict({Self}.email).update_all(&mut db)`";
    get_by, GetBy -> query: "`{Self}::get_by(…)` is a filter here: say `{Self}::find().filter(…).optional(&mut db)`";
    find_or_create_by, FindOrCreateBy -> rows: "a row that may exist is inserted `.on_conflict(…)`: say `New{Self} {{ … }}.on_conflict({Self}.email).find_or_insert(&mut db)`";
    get_or_create, GetOrCreate -> rows: "a row that may exist is inserted `.on_conflict(…)`: say `New{Self} {{ … }}.on_conflict({Self}.email).find_or_insert(&mut db)`";
    bulk_create, BulkCreate -> rows: "`{Self}::bulk_create(…)` is `{Self}::insert_many(…)` here: say `{Self}::insert_many(rows).exec(&mut db)`";
    bulk_update, BulkUpdate -> rows: "rows that were read and changed are written by `row.save(&mut db)` each, in one `transaction!`; one value for many by `{Self}::update_many()`";
    insert_all, InsertAll -> rows: "`{Self}::insert_all(…)` is `{Self}::insert_many(…)` here: say `{Self}::insert_many(rows).exec(&mut db)`";
    belonging_to, BelongingTo -> query: "rows that refer to another are filtered by its key: `{Self}::find().filter({Self}.user_id.eq(user.id))`; with their parents they are loaded by `.with(…)`";
    delete_by_id, DeleteById -> query: "`{Self}::delete_by_id(…)` is `{Self}::delete(…)` here: say `{Self}::delete(1).exec(&mut db)`";
    destroy, Destroy -> query: "`{Self}::destroy(…)` is `{Self}::delete(…)` here: say `{Self}::delete(1).exec(&mut db)`";
}

macro_rules! of_rows {
    ($($name:ident, $word:ident, $unmet:ident: $message:literal, $label:literal;)*) => {$(
        #[diagnostic::on_unimplemented(message = $message, label = $label)]
        #[doc(hidden)]
        pub trait $unmet {}

        #[doc(hidden)]
        pub trait $word: Sized {
            #[doc(hidden)]
            fn $name<A>(self, _: A) -> Ready<Result<u64>> {
                ready(Err(Error::new(Kind::Internal, "a word of another library was called")))
            }
        }

        impl<E: $unmet> $word for &mut E {}
    )*};
}

of_rows! {
    delete, DeleteRow, DeletesRow: "`{Self}` has no `delete`: a row is deleted by its key", "of an entity `User` say `User::delete(user.id).exec(&mut db)`";
    destroy, DestroyRow, DestroysRow: "`{Self}` has no `destroy`: a row is deleted by its key", "of an entity `User` say `User::delete(user.id).exec(&mut db)`";
    update, UpdateRow, UpdatesRow: "`{Self}` has no `update`: a row that was changed is written by `.save(…)`", "of an entity say `user.save(&mut db)`; single columns are `User::update(user.id).set(…).exec(&mut db)`";
    find_related, FindRelated, FindsRelated: "`{Self}` has no `find_related`: what hangs on a row is loaded with it", "say `User::by_key(1).with(User.posts)`, or `Post::find().filter(Post.author_id.eq(user.id))`";
    reload, ReloadRow, ReloadsRow: "`{Self}` has no `reload`: a row is read again by its key", "of an entity `User` say `User::by_key(user.id).one(&mut db)`";
}

macro_rules! paths {
    ($($name:ident)*) => {
        /// `User::name` where `User.name` is meant: the commonest names of columns, which no type has by this.
        #[doc(hidden)]
        #[allow(non_upper_case_globals, reason = "they are named as columns are")]
        pub trait ColumnPaths {
            $(#[doc(hidden)]
            const $name: () = ();)*
        }

        impl<T: ColumnByPath> ColumnPaths for T {}
    };
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` has nothing of this name: the columns of an entity are fields, said with a dot",
    label = "of an entity say `{Self}.…`, not `{Self}::…`"
)]
#[doc(hidden)]
pub trait ColumnByPath {}

paths! {
    id uuid name title slug email username login password status state kind role body text content description summary comment
    price amount total quantity balance views likes age position number code url active published deleted created_at
    updated_at deleted_at published_at user_id author_id post_id parent_id owner_id category_id customer_id product_id order_id
}
