//! Transactions: a connection held until commit, nested by savepoints.
//!
//! States of a [`Tx`]: *open* → *finished* by [`Tx::commit`] or [`Tx::rollback`]. Dropped while open (an error passed on
//! by `?`, a panic, a cancelled future):
//! - the outermost: its connection is reset before anyone else gets it, or closed;
//! - a nested one: its savepoint is rolled back before the next statement of the transaction around it.
//!
//! Invariant: no statement of a transaction runs outside of it. If the database has ended it already (a deadlock's
//! victim, a full disk), the next statement and the commit fail with `Kind::TransactionFailed`.

pub(crate) mod doubt;
pub(crate) mod keys;

use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::{BoxFuture, Isolation, RowSink, TransactionOptions};
use relata_sql::tree::Select;
use relata_sql::{Answer, Error, Kind, Result};

use crate::db::Db;
use crate::events::undisturbed;
use crate::executor::{Attempted, Executor, Intent, Lease};
use crate::pool::Pooled;
use crate::retry::RetryBudget;
use doubt::Mark;

/// A connection inside a transaction.
pub(crate) struct Session {
    pub(crate) pooled: Pooled,
    /// Whom to ask what became of a commit whose answer was lost.
    certain: Option<Db>,
    /// The application's idempotency key.
    key: Option<String>,
    /// A statement may have written.
    wrote: bool,
    /// Savepoints that are open.
    depth: u32,
    /// The savepoint of a nested transaction that was dropped without being finished.
    abandoned: Option<u32>,
    /// PostgreSQL refuses everything until the rollback.
    failed: bool,
    /// What is to be done before the commit and after it, with the level at which it was said.
    before: Vec<(u32, BeforeCommit)>,
    after: Vec<(u32, Box<dyn FnOnce() + Send>)>,
}

/// What runs inside a transaction right before its commit.
type BeforeCommit = Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<()>> + Send>;

/// A transaction, or a savepoint in one. See [`crate::transaction!`].
pub struct Tx<'a> {
    session: Owner<'a>,
    level: u32,
    open: bool,
}

enum Owner<'a> {
    Whole(Box<Session>),
    Nested(&'a mut Session),
}

impl Session {
    pub(crate) fn statement_failed(&mut self, error: &Error) {
        let sent = !matches!(error.kind(), Kind::Decode | Kind::Validation | Kind::Parameters);
        self.failed |= sent && self.pooled.peek().dialect() == Dialect::Postgres;
    }

    /// Until its commit, all of it can be undone. MariaDB commits around a change of the schema, whatever was asked.
    pub(crate) fn is_atomic(&self) -> bool {
        self.pooled.peek().dialect() != Dialect::Mysql || !self.pooled.ran_ddl()
    }

    fn ended(&self) -> Option<Error> {
        if self.pooled.peek().in_transaction() {
            return None;
        }
        let message = "the database has rolled the transaction back already";
        Some(Error::new(Kind::TransactionFailed, message).hint("pass errors on with `?`, and run the whole again"))
    }

    async fn commit(&mut self) -> Result<()> {
        let dialect = self.pooled.peek().dialect();
        let Some(db) = self.certain.take() else {
            return self.run("COMMIT").await.map_err(|error| in_doubt_after_all(error, dialect));
        };
        let mark = self.mark(&db).await.map_err(not_begun)?;
        match (self.run("COMMIT").await, mark) {
            (Err(error), Some(mark)) if doubt::is_open(error.kind(), dialect) => {
                doubt::settle(&db, &mark, error).await?;
            }
            (result, _) => result.map_err(|error| in_doubt_after_all(error, dialect))?,
        }
        if db.commit_keys().are_there() {
            keys::clean(&db);
        }
        Ok(())
    }

    /// By what the transaction can be known again, should the answer to its commit be lost.
    async fn mark(&mut self, db: &Db) -> Result<Option<Mark>> {
        if let Some(key) = self.key.take() {
            return Ok(self.is_atomic().then_some(Mark::Key(key)));
        }
        match self.pooled.peek().dialect() {
            Dialect::Postgres => Ok(doubt::note(self.pooled.connection()).await?.map(Mark::Number)),
            Dialect::Mysql if self.wrote && self.is_atomic() && db.commit_keys().are_there() => {
                let key = keys::own();
                match keys::note(self.pooled.connection(), &key).await {
                    Ok(()) => Ok(Some(Mark::Key(key))),
                    // Without its table the transaction goes on as one that is not asked about.
                    Err(error) if error.kind() == Kind::UndefinedTable => {
                        db.commit_keys().are_gone();
                        Ok(None)
                    }
                    Err(error) => Err(error),
                }
            }
            _ => Ok(None),
        }
    }

    /// What is to be done next before the commit.
    fn next_before_commit(&mut self) -> Option<BeforeCommit> {
        if self.before.is_empty() { None } else { Some(self.before.remove(0).1) }
    }

    async fn run(&mut self, script: &str) -> Result<()> {
        self.pooled.connection().batch(script).await
    }

    /// Rolls back what a dropped nested transaction left open.
    async fn settle(&mut self) -> Result<()> {
        if let Some(level) = self.abandoned {
            self.rollback_to(level).await?;
            self.abandoned = None;
        }
        Ok(())
    }

    async fn rollback_to(&mut self, level: u32) -> Result<()> {
        self.before.retain(|(said, _)| *said < level);
        self.after.retain(|(said, _)| *said < level);
        self.run(&format!("ROLLBACK TO SAVEPOINT relata_{level}")).await?;
        self.run(&format!("RELEASE SAVEPOINT relata_{level}")).await?;
        self.depth = level - 1;
        self.failed = false;
        Ok(())
    }
}

/// A transaction that may or may not have begun has done nothing.
fn not_begun(error: Error) -> Error {
    if error.kind() == Kind::InDoubt { error.with_kind(Kind::NotSent) } else { error }
}

/// A MariaDB that stops, or ends the session, in the middle of a commit does not say what became of it.
fn in_doubt_after_all(error: Error, dialect: Dialect) -> Error {
    let open = doubt::is_open(error.kind(), dialect) && error.kind() != Kind::Timeout;
    if open { error.with_kind(Kind::InDoubt) } else { error }
}

impl<'a> Tx<'a> {
    pub(crate) async fn begin(mut pooled: Pooled, options: TransactionOptions, db: &Db) -> Result<Tx<'a>> {
        // Whatever becomes of the future from here on, nobody gets the connection in the middle of a transaction.
        pooled.soil();
        pooled.connection().begin(options).await.map_err(not_begun)?;
        let certain = ((options.certain || options.keyed) && !options.read_only).then(|| db.clone());
        let session = Session {
            pooled,
            certain,
            key: None,
            wrote: false,
            depth: 0,
            abandoned: None,
            failed: false,
            before: Vec::new(),
            after: Vec::new(),
        };
        Ok(Tx { session: Owner::Whole(Box::new(session)), level: 0, open: true })
    }

    /// Notes the idempotency key of the options, if they have one. [`crate::transaction!`] calls it.
    ///
    /// # Errors
    /// `Kind::AlreadyCommitted` when a transaction of this key was committed before; `Kind::Unsupported` inside another
    /// transaction.
    pub async fn enter(&mut self, options: &Options<'_>) -> Result<()> {
        let Some(key) = options.key else { return Ok(()) };
        if self.level > 0 {
            return Err(Error::unsupported(
                "an idempotency key belongs to the outermost transaction",
                "give it to the transaction!(…) around this one",
            ));
        }
        let session = self.session();
        let noted = keys::note(session.pooled.connection(), key).await;
        if let Err(error) = &noted {
            session.statement_failed(error);
        }
        noted.map_err(not_begun)?;
        session.key = Some(key.to_string());
        Ok(())
    }

    fn session(&mut self) -> &mut Session {
        match &mut self.session {
            Owner::Whole(session) => session,
            Owner::Nested(session) => session,
        }
    }

    /// Makes it last; a nested one becomes part of the transaction around it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut tx = db.begin(Default::default()).await?; // `transaction!` does this, too
    /// Book::delete(3).exec(&mut tx).await?;
    /// tx.commit().await?;
    /// assert_eq!(Book::find().count(&mut db).await?, 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::TransactionFailed` when a statement failed before and the error was ignored; then everything is rolled
    /// back. `Kind::Serialization` and others from the database.
    pub async fn commit(mut self) -> Result<()> {
        let level = self.level;
        self.session().settle().await?;
        while let Some(hook) = (level == 0).then(|| self.session().next_before_commit()).flatten() {
            if let Err(error) = hook(&mut self).await {
                // The first error matters; a failed rollback leaves the connection soiled.
                drop(self.rollback().await);
                return Err(error);
            }
        }
        let session = self.session();
        if session.failed {
            let message = "a statement of the transaction failed, so it cannot be committed";
            self.rollback().await?;
            let error = Error::new(Kind::TransactionFailed, message);
            return Err(error.hint("pass errors on with `?`, or put what may fail into a nested `transaction!`"));
        }
        if let Some(error) = session.ended() {
            return Err(error);
        }
        if level == 0 {
            session.commit().await?;
        } else {
            session.run(&format!("RELEASE SAVEPOINT relata_{level}")).await?;
            session.depth = level - 1;
            session.before.iter_mut().for_each(|(said, _)| *said = (*said).min(level - 1));
            session.after.iter_mut().for_each(|(said, _)| *said = (*said).min(level - 1));
        }
        let work = if level == 0 { std::mem::take(&mut session.after) } else { Vec::new() };
        self.finished();
        work.into_iter().for_each(|(_, work)| undisturbed(work));
        Ok(())
    }

    /// Does this inside the transaction right before the outermost commit, in the order in which it was said; if it fails,
    /// all is rolled back. Forgotten when the savepoint in which it was said is rolled back.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// transaction!(db, |tx| {
    ///     tx.before_commit(|tx| Box::pin(async move { Book::delete(1).exec(tx).await.map(drop) }));
    ///     Book::delete(3).exec(&mut tx).await
    /// })?;
    /// assert_eq!(Book::find().count(&mut db).await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn before_commit(
        &mut self,
        hook: impl for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<()>> + Send + 'static,
    ) {
        let level = self.level;
        self.session().before.push((level, Box::new(hook)));
    }

    /// Undoes it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let mut tx = db.begin(Default::default()).await?;
    /// Book::delete(3).exec(&mut tx).await?;
    /// tx.rollback().await?;
    /// assert_eq!(Book::find().count(&mut db).await?, 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the database says; the connection is then closed.
    pub async fn rollback(mut self) -> Result<()> {
        let level = self.level;
        let session = self.session();
        session.abandoned = None;
        if level > 0 {
            session.rollback_to(level).await?;
        } else if session.pooled.peek().in_transaction() {
            session.run("ROLLBACK").await?;
        }
        self.finished();
        Ok(())
    }

    fn finished(&mut self) {
        self.open = false;
        if let Owner::Whole(session) = &mut self.session {
            session.pooled.cleaned();
        }
    }

    /// Commits after success, rolls back after an error. [`crate::transaction!`] calls it.
    ///
    /// # Errors
    /// The given error, or that of the commit.
    pub async fn finish<T, E: From<Error>>(self, result: Result<T, E>) -> Result<T, E> {
        match result {
            Ok(value) => self.commit().await.map(|()| value).map_err(E::from),
            Err(error) => {
                // A failed rollback leaves the connection soiled: it is reset or closed. The first error matters.
                drop(self.rollback().await);
                Err(error)
            }
        }
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if let (true, Owner::Nested(session)) = (self.open, &mut self.session) {
            session.abandoned = Some(session.abandoned.map_or(self.level, |level| level.min(self.level)));
        }
    }
}

impl Executor for Tx<'_> {
    fn dialect(&self) -> Dialect {
        match &self.session {
            Owner::Whole(session) => session.pooled.peek().dialect(),
            Owner::Nested(session) => session.pooled.peek().dialect(),
        }
    }

    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>> {
        let session = self.session();
        session.wrote |= intent == Intent::Write;
        if session.abandoned.is_some() {
            return Answer::later(async move { session.settle().await.map(|()| Lease::session(session)) });
        }
        match session.ended() {
            Some(error) => Answer::ready(Err(error)),
            None => Answer::ready(Ok(Lease::session(session))),
        }
    }

    fn query_now(&mut self, select: &mut Select, sink: &mut dyn RowSink) -> Attempted {
        let session = self.session();
        let at_hand = session.pooled.peek().dialect() == Dialect::Sqlite;
        if !at_hand || session.abandoned.is_some() || session.ended().is_some() {
            return Err(None);
        }
        session.wrote |= select.writes();
        let result = session.pooled.query_now(select, sink)?;
        Ok(result.inspect_err(|error| session.statement_failed(error)))
    }

    fn after_commit(&mut self, work: Box<dyn FnOnce() + Send>) {
        let level = self.level;
        self.session().after.push((level, work));
    }

    fn begin(&mut self, _: TransactionOptions) -> Answer<'_, Tx<'_>> {
        let session = self.session();
        Answer::later(async move {
            session.settle().await?;
            if let Some(error) = session.ended() {
                return Err(error);
            }
            let level = session.depth + 1;
            // Should the future be dropped in between, the savepoint may exist without owner: it is released with the
            // transaction around it, and a later one of the same name hides it.
            session.run(&format!("SAVEPOINT relata_{level}")).await?;
            session.depth = level;
            Ok(Tx { session: Owner::Nested(session), level, open: true })
        })
    }
}

relata_sql::words! {
    impl['k] Options<'k> {
        retry / plain -> Self, RetryOption: "`retry` is `retries` here", "say `transaction!(db, retries = 3, |tx| { … })`";
        attempts / plain -> Self, AttemptsOption: "`attempts` is `retries` here", "say `transaction!(db, retries = 3, |tx| { … })`";
        isolation_level / plain -> Self, IsolationLevelOption: "`isolation_level` is `isolation` here", "say `isolation = Isolation::Serializable`";
        readonly / plain -> Self, ReadonlyOption: "`readonly` is `read_only` here", "say `read_only = true`";
        timeout / plain -> Self, TimeoutOption: "a transaction has no timeout of its own", "say `tokio::time::timeout(time, async { transaction!(…) })`: it is rolled back when it is given up";
        name / plain -> Self, NameOption: "a transaction has no name", "options are `retries`, `key`, `isolation` and `read_only`";
    }
}

/// How [`crate::transaction!`] runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'k> {
    options: TransactionOptions,
    retries: u32,
    key: Option<&'k str>,
}

impl<'k> Options<'k> {
    /// What it does happens once for this key, however often it is run, here or by others, for as long as keys are kept
    /// ([`crate::PoolOptions::keep_commit_keys`]). A second one fails with `Kind::AlreadyCommitted`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// for attempt in 0..2 {
    ///     let outcome = transaction!(db, key = "order 17", |tx| {
    ///         Book::update(3).set(Book.pages.add(1)).exec(&mut tx).await
    ///     });
    ///     assert_eq!(outcome.is_ok(), attempt == 0);
    /// }
    /// assert_eq!(Book::by_key(3).one(&mut db).await?.pages, 205); // once
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn key(mut self, key: &'k (impl AsRef<str> + ?Sized)) -> Self {
        self.key = Some(key.as_ref());
        self
    }

    /// Run it again after a failure that allows it, at most so many times.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let changed = transaction!(db, retries = 3, |tx| { Book::update(3).set(Book.pages.add(1)).exec(&mut tx).await })?;
    /// assert_eq!(changed, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How strictly it is kept apart from others.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// use relata::Isolation;
    /// let books = transaction!(db, isolation = Isolation::Serializable, |tx| { Book::find().count(&mut tx).await })?;
    /// assert_eq!(books, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.options.isolation = isolation;
        self
    }

    /// It only reads.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = transaction!(db, read_only = true, |tx| { Book::find().count(&mut tx).await })?;
    /// assert_eq!(books, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.options.read_only = read_only;
        self
    }

    /// What `begin` wants.
    pub fn transaction(&self) -> TransactionOptions {
        TransactionOptions { certain: self.retries > 0, keyed: self.key.is_some(), ..self.options }
    }

    /// Whether to give `result` to the caller; otherwise one more attempt is due, after a pause.
    pub async fn settled<T, E: Retryable>(
        &self,
        attempt: &mut u32,
        result: Result<T, E>,
        budget: Option<&RetryBudget>,
    ) -> Option<Result<T, E>> {
        let others = budget.is_some_and(RetryBudget::has_others);
        match result {
            Err(error)
                if *attempt < self.retries && (error.is_retryable() || others && error.is_of_a_demoted_node()) =>
            {
                if *attempt == 0 {
                    budget.inspect(|budget| budget.earn());
                }
                if !budget.is_none_or(RetryBudget::spend) {
                    return Some(Err(error));
                }
                *attempt += 1;
                let least = if error.is_of_a_demoted_node() { ROLES_MOVE } else { Duration::ZERO };
                tokio::time::sleep(pause(*attempt).max(least)).await;
                None
            }
            result => Some(result),
        }
    }
}

/// After a write was refused by a node that is no primary any more: the time to ask it what it is.
const ROLES_MOVE: Duration = Duration::from_millis(100);

/// Up to 10 ms, doubling up to 1 s, spread over its whole length so that two victims do not meet again.
fn pause(attempt: u32) -> Duration {
    let longest = Duration::from_millis(10 << attempt.min(8).saturating_sub(1)).min(Duration::from_secs(1));
    longest.mul_f64(fastrand::f64()).max(Duration::from_millis(1))
}

/// What the name of the database stands for inside of `transaction!`: statements run on the transaction there.
#[doc(hidden)]
pub struct OutsideTheTransaction;

/// An error that may tell that the same transaction could succeed when run again.
pub trait Retryable {
    /// Running it again may succeed, and cannot do the work twice.
    fn is_retryable(&self) -> bool;

    /// A write was refused because the node can only be read: where there are several, another may be the primary now.
    fn is_of_a_demoted_node(&self) -> bool {
        false
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        Error::is_retryable(self)
    }

    fn is_of_a_demoted_node(&self) -> bool {
        self.kind() == Kind::ReadOnly
    }
}

/// Runs a block inside a transaction: committed when it gives `Ok`, rolled back when it gives `Err`, panics or is
/// cancelled. Inside another transaction it is a savepoint.
///
/// The block (or one expression) is inline, not a closure: it borrows what is around it, `?` leaves the block with its error, and the
/// future is `Send` if what it uses is. Its error is [`relata_sql::Error`] unless a type is written after `->`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// let moved = transaction!(db, retries = 3, |tx| {
///     Book::update(1).set(Book.author_id.to(2)).require_rows(1).exec(&mut tx).await?;
///     Book::update(99).set(Book.author_id.to(2)).require_rows(1).exec(&mut tx).await // fails: there is none
/// });
/// assert!(moved.is_err());
/// assert_eq!(Book::by_key(1).one(&mut db).await?.author_id, Id::new(1)); // as before
///
/// let books = transaction!(db, |tx| -> Result<u64, Box<dyn std::error::Error>> {
///     Ok(Book::find().count(&mut tx).await?)
/// });
/// assert_eq!(books.unwrap(), 3);
/// # Ok(())
/// # }
/// ```
///
/// Options, in this order of first: `retries = n` (a block that is run again cannot move values out of its surroundings),
/// `key = &text` (what it does happens once for this key: [`Options::key`]), `isolation = Isolation::…`, `read_only = true`.
///
/// Inside the block the name that was given for the database stands for nothing that statements run on, so that none slips past the
/// transaction.
#[macro_export]
macro_rules! transaction {
    (@of ($db:expr) $outside:tt (retries = $retries:expr $(, $option:ident = $value:expr)*) $tx:ident $ty:tt $body:block) => {{
        #[allow(unused_imports)]
        use $crate::executor::Executor as _;
        let options = $crate::transaction::Options::default().retries($retries)$(.$option($value))*;
        let mut attempt = 0u32;
        loop {
            let outcome = $crate::transaction!(@once ($db) $outside options $tx $ty $body);
            if let ::core::option::Option::Some(outcome) = options.settled(&mut attempt, outcome, $db.retry_budget()).await {
                break outcome;
            }
        }
    }};
    (@of ($db:expr) $outside:tt ($($option:ident = $value:expr),*) $tx:ident $ty:tt $body:block) => {{
        #[allow(unused_imports)]
        use $crate::executor::Executor as _;
        let options = $crate::transaction::Options::default()$(.$option($value))*;
        $crate::transaction!(@once ($db) $outside options $tx $ty $body)
    }};
    (@once $db:tt $outside:tt $options:ident $tx:ident () $body:block) => {
        $crate::transaction!(@once $db $outside $options $tx (::core::result::Result<_, $crate::Error>) $body)
    };
    (@once ($db:expr) $outside:tt $options:ident $tx:ident ($ty:ty) $body:block) => {
        match $db.begin($options.transaction()).await {
            ::core::result::Result::Err(error) => {
                let failed: $ty = ::core::result::Result::Err(::core::convert::From::from(error));
                failed
            }
            ::core::result::Result::Ok(begun) => {
                $crate::transaction!(@shadow $outside);
                #[allow(unused_mut)]
                let mut $tx = begun;
                let outcome: $ty = match $tx.enter(&$options).await {
                    ::core::result::Result::Ok(()) => async { $body }.await,
                    ::core::result::Result::Err(error) => {
                        ::core::result::Result::Err(::core::convert::From::from(error))
                    }
                };
                $tx.finish(outcome).await
            }
        }
    };
    ($db:expr, async $($rest:tt)*) => {
        ::core::compile_error!("the block of `transaction!` is async by itself: say `transaction!(db, |tx| { … })`")
    };
    ($db:expr, move $($rest:tt)*) => {
        ::core::compile_error!("the block of `transaction!` is no closure, nothing moves: say `transaction!(db, |tx| { … })`")
    };
    ($db:expr $(, $option:ident = $value:expr)*, |mut $($rest:tt)*) => {
        ::core::compile_error!("the transaction is `mut` by itself: say `transaction!(db, |tx| { … })`")
    };
    ($db:expr $(, $option:ident = $value:expr)*, |$tx:ident| async $($rest:tt)*) => {
        ::core::compile_error!("the block of `transaction!` is async by itself: say `transaction!(db, |tx| { … })`")
    };
    (@shadow []) => {};
    (@shadow [self]) => {};
    (@shadow [$outside:ident]) => {
        #[allow(unused_variables)]
        let $outside = $crate::transaction::OutsideTheTransaction;
    };
    ($db:ident $(, $option:ident = $value:expr)*, |$tx:ident| $(-> $ty:ty)? $body:block) => {
        $crate::transaction!(@of ($db) [$db] ($($option = $value),*) $tx ($($ty)?) $body)
    };
    ($db:expr $(, $option:ident = $value:expr)*, |$tx:ident| $(-> $ty:ty)? $body:block) => {
        $crate::transaction!(@of ($db) [] ($($option = $value),*) $tx ($($ty)?) $body)
    };
    ($db:ident $(, $option:ident = $value:expr)*, |$tx:ident| $body:expr) => {
        $crate::transaction!($db $(, $option = $value)*, |$tx| { $body })
    };
    ($db:expr $(, $option:ident = $value:expr)*, |$tx:ident| $body:expr) => {
        $crate::transaction!($db $(, $option = $value)*, |$tx| { $body })
    };
}
