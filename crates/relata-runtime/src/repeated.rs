//! The same look-up again and again from one place in the source: the pattern that is called N+1.
//!
//! A query by a key, or by a column that refers to another entity, is a look-up. When one task makes the same one (the same
//! line of the source) so many times within a second (or another time), that is told once: by an event of `tracing` (target
//! `relata::repeated`) and by [`crate::Db::repeated_lookups`]. `with(…)` loads the same in one statement for all rows.
//!
//! It is on in debug builds and off in others, and says nothing of loops that take longer. What it costs where it is off is
//! one comparison for each look-up.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use relata_sql::expr::{BinaryOp, ColumnRef, Expr};
use relata_sql::tree::{Select, Source};

/// So many times, unless another number is said.
const USUAL: u32 = 10;

/// Within so long, unless another time is said.
const WINDOW: Duration = Duration::from_secs(1);

/// So many places and tasks are remembered at once.
const REMEMBERED: usize = 4096;

/// A look-up that one task made again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedLookup {
    /// The line of the source.
    pub at: &'static Location<'static>,
    /// The entity or table that was looked up.
    pub of: String,
    /// By which column.
    pub by: String,
    /// So many times when it was noticed.
    pub times: u32,
}

impl fmt::Display for RepeatedLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RepeatedLookup { at, of, by, times } = self;
        write!(
            f,
            "{at}: one task looked up {of} by {by} {times} times in a row; load it with the rows that it belongs to \
             (`.with(…)`), or all at once (`{of}.{by}.in_list(…)`)"
        )
    }
}

/// The column by which rows are looked up, if they are: the key or a reference; of a table without an entity any column.
fn looked_up<'e>(source: &Source, filter: &'e Expr) -> Option<&'e str> {
    let wanted = |column: &ColumnRef| {
        let key = source.entity().map_or(&[][..], |table| table.key);
        let of_key = source
            .entity()
            .is_some_and(|table| key.iter().any(|position| std::ptr::eq(&table.columns[*position], column.column)));
        column.path.is_root() && (of_key || !column.column.references.is_empty())
    };
    match filter {
        Expr::Compare(column, BinaryOp::Eq, _) if wanted(column) => Some(column.column.field),
        Expr::Binary(left, BinaryOp::Eq, _) => match &**left {
            Expr::Named(name) | Expr::NamedAs(name, _) => Some(name),
            _ => None,
        },
        Expr::And(parts) => parts.iter().find_map(|part| looked_up(source, part)),
        _ => None,
    }
}

/// Who does something: a task, or a thread that drives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Doer {
    Task(tokio::task::Id),
    Thread(std::thread::ThreadId),
}

impl Doer {
    fn present() -> Self {
        tokio::task::try_id().map_or_else(|| Doer::Thread(std::thread::current().id()), Doer::Task)
    }
}

struct Times {
    since: Instant,
    count: u32,
}

/// What the handles of one database have looked up lately.
pub(crate) struct Lookups {
    /// Noticed from this number on; 0: nobody looks.
    limit: AtomicU32,
    seen: Mutex<Seen>,
}

struct Seen {
    within: Duration,
    times: HashMap<(Doer, &'static Location<'static>), Times>,
    told: Vec<RepeatedLookup>,
}

impl Default for Seen {
    fn default() -> Self {
        Seen { within: WINDOW, times: HashMap::new(), told: Vec::new() }
    }
}

impl Default for Lookups {
    fn default() -> Self {
        let limit = if cfg!(debug_assertions) { USUAL } else { 0 };
        Lookups { limit: AtomicU32::new(limit), seen: Mutex::default() }
    }
}

impl Lookups {
    pub(crate) fn set_limit(&self, times: u32, within: Option<Duration>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).within = within.unwrap_or(WINDOW);
        self.limit.store(times, Ordering::Relaxed);
    }

    /// Somebody looks.
    #[inline]
    fn are_watched(&self) -> bool {
        self.limit.load(Ordering::Relaxed) > 0
    }

    pub(crate) fn told(&self) -> Vec<RepeatedLookup> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).told.clone()
    }

    /// A query that is about to run.
    #[inline]
    pub(crate) fn see(&self, select: &Select) {
        if let (true, Some(at)) = (self.are_watched(), select.at) {
            self.watch(at, select);
        }
    }

    fn watch(&self, at: &'static Location<'static>, select: &Select) {
        let Some(by) = select.filter.as_ref().and_then(|filter| looked_up(&select.source, filter)) else { return };
        match &select.source {
            Source::Entity(table) => self.note(at, table.entity, by),
            Source::Named(name) => self.note(at, &name.name, by),
            _ => {}
        }
    }

    /// A look-up of `of` by `by`.
    fn note(&self, at: &'static Location<'static>, of: &str, by: &str) {
        let limit = self.limit.load(Ordering::Relaxed);
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let within = seen.within;
        if seen.times.len() >= REMEMBERED {
            seen.times.retain(|_, times| now - times.since < within);
        }
        let times = seen.times.entry((Doer::present(), at)).or_insert(Times { since: now, count: 0 });
        if now - times.since >= within {
            *times = Times { since: now, count: 0 };
        }
        times.count += 1;
        if times.count == limit && !seen.told.iter().any(|told| told.at == at) {
            let found = RepeatedLookup { at, of: of.to_string(), by: by.to_string(), times: limit };
            tracing::warn!(target: "relata::repeated", "{found}");
            seen.told.push(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_once_for_each_place() {
        let lookups = Lookups::default();
        lookups.set_limit(3, Some(Duration::MAX));
        let (here, there) = (Location::caller(), Location::caller());
        for _ in 0..10 {
            lookups.note(here, "Post", "id");
        }
        for _ in 0..2 {
            lookups.note(there, "Post", "id");
        }
        let told = lookups.told();
        assert_eq!(told.len(), 1);
        assert!(told[0].to_string().contains("one task looked up Post by id 3 times in a row"), "{}", told[0]);
    }
}
