//! A query's place in memory, taken again by the next query of the thread: it is large, and most live for a moment only.

use std::cell::Cell;

use super::{Scope, Select, Source};
use crate::meta::TableMeta;

/// Lists of more places than that are not kept.
const MOST: usize = 64;

thread_local! {
    static SPARE: Cell<Option<Box<Select>>> = const { Cell::new(None) };
}

impl Select {
    /// As [`Select::new`], in the place of a query that is over, if there is one.
    #[inline]
    pub fn boxed(table: &'static TableMeta) -> Box<Self> {
        let Ok(Some(mut spare)) = SPARE.try_with(Cell::take) else {
            return Box::new(Select::new(Source::Entity(table)));
        };
        match &mut spare.source {
            Source::Entity(before) => *before = table,
            before => *before = Source::Entity(table),
        }
        spare
    }

    /// Leaves the place to the next query of this thread.
    #[inline]
    pub fn leave(mut self: Box<Self>) {
        if self.empty() {
            // A thread that ends keeps nothing.
            let _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }

    /// As it was when it was new, but for the source, and with the room of its lists; `false`: it has what queries rarely have, and
    /// nothing was done.
    fn empty(&mut self) -> bool {
        let Select {
            with,
            source: _,
            joins,
            items,
            distinct,
            distinct_on,
            filter,
            group_by,
            grouping,
            having,
            order,
            after,
            limit,
            offset,
            scope,
            with_deleted,
            at,
            lock,
            batch,
            combined,
        } = self;
        let rare = with.capacity() | joins.capacity() | distinct_on.capacity() | group_by.capacity();
        let rare = rare | with_deleted.capacity() | combined.capacity();
        let none = grouping.is_none() && having.is_none() && after.is_none() && lock.is_none() && batch.is_none();
        if rare != 0 || *distinct || !none || items.capacity() > MOST || order.capacity() > MOST {
            return false;
        }
        items.clear();
        order.clear();
        (*filter, *limit, *offset, *scope, *at) = (None, None, None, Scope::Live, None);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expr, OrderKey};
    use crate::render::tests::USERS as TABLE;
    use crate::tree::{Item, Lock, LockWait};
    use crate::value::Value;

    fn new() -> String {
        format!("{:?}", Select::new(Source::Entity(&TABLE)))
    }

    #[test]
    fn a_place_taken_again_is_as_new() {
        let mut first = Select::boxed(&TABLE);
        let place = &raw const *first;
        let value = || Expr::Value(Value::Int(1));
        first.source = Source::Common("other".into());
        first.items.push(Item::Expr(value()));
        first.order.push(OrderKey { expr: value(), descending: true, nulls: Default::default() });
        (first.filter, first.limit, first.offset, first.scope) = (Some(value()), Some(1), Some(2), Scope::All);
        first.at = Some(std::panic::Location::caller());
        first.leave();
        let second = Select::boxed(&TABLE);
        assert_eq!((format!("{second:?}"), &raw const *second), (new(), place));
        assert!(second.items.capacity() > 0, "its lists keep their room");
        assert_eq!(format!("{:?}", Select::boxed(&TABLE)), new(), "while one is in use there is no other");
    }

    #[test]
    fn what_has_more_is_not_kept() {
        let mut locked = Select::boxed(&TABLE);
        locked.lock = Some(Lock { shared: false, wait: LockWait::Wait });
        locked.leave();
        let mut different = Select::boxed(&TABLE);
        different.distinct = true;
        different.leave();
        let mut long = Select::boxed(&TABLE);
        long.items = Vec::with_capacity(MOST + 1);
        long.leave();
        let mut grouped = Select::boxed(&TABLE);
        grouped.group_by.push(Expr::Value(Value::Null));
        grouped.leave();
        let next = Select::boxed(&TABLE);
        assert_eq!((format!("{next:?}"), next.items.capacity()), (new(), 0));
    }
}
