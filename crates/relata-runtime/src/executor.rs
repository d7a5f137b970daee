//! What statements run on: a [`crate::Db`] or a [`Tx`], both as `&mut impl Executor`.
//!
//! Invariants
//! - A statement runs only on what it was given: inside a transaction that is the [`Tx`], so nothing slips past it.
//! - A [`Lease`] is held for one statement (or one stream) and gives the connection back when dropped.

use std::sync::Arc;

use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::driver::{BulkInsert, ColumnInfo, Done, Query, Row, TransactionOptions};
use relata_sql::render::{Rendered, Target, told};
use relata_sql::tree::{Insert, Select, Source, Tree};
use relata_sql::{Answer, Connection, Error, Kind, Result, RowSink, Statement, Value};

use crate::db::Db;
use crate::exact;
use crate::pool::Pooled;
use crate::repeated::Lookups;
use crate::retry::RetryBudget;
use crate::transaction::{Session, Tx};

/// What a statement is about to do: SQLite reads on other connections than it writes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// It only reads.
    Read,
    /// It may write.
    Write,
}

/// What became of [`Executor::query_now`].
pub type Attempted<T = ()> = std::result::Result<Result<T>, Option<Rendered>>;

/// What statements run on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run statements",
    label = "expected a `Db` or a `Tx`",
    note = "pass `&mut db`, or `&mut tx` inside `transaction!`; through a guard `&mut *guard`; a `Db` is cheap to clone"
)]
pub trait Executor: Send {
    /// The dialect of the database.
    fn dialect(&self) -> Dialect;

    /// A connection for one statement.
    #[track_caller]
    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>>;

    /// Runs a query if the database answers it where it is asked, without a server, and at once. Else nothing was done; but the
    /// values may have been moved out of the query, and are in what is given back.
    #[track_caller]
    fn query_now(&mut self, _select: &mut Select, _sink: &mut dyn RowSink) -> Attempted {
        Err(None)
    }

    /// A transaction; inside one, a savepoint. [`crate::transaction!`] is the comfortable way.
    #[track_caller]
    fn begin(
        &mut self,
        options: TransactionOptions, /* or `transaction!(db, |tx| { … })` */
    ) -> Answer<'_, Tx<'_>>;

    /// Does this once what is being done lasts: after the commit of the outermost transaction, and never if it (or the
    /// savepoint in which it was said) is rolled back. On a database, where each statement lasts by itself, at once.
    fn after_commit(&mut self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    /// How many retries may still be made altogether; `None`: as many as asked for.
    fn retry_budget(&self) -> Option<&RetryBudget> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<E: Executor + ?Sized> Executor for &mut E {
    fn dialect(&self) -> Dialect {
        (**self).dialect()
    }

    #[track_caller]
    fn lease(&mut self, intent: Intent) -> Answer<'_, Lease<'_>> {
        (**self).lease(intent)
    }

    #[track_caller]
    fn query_now(&mut self, select: &mut Select, sink: &mut dyn RowSink) -> Attempted {
        (**self).query_now(select, sink)
    }

    #[track_caller]
    fn begin(&mut self, options: TransactionOptions) -> Answer<'_, Tx<'_>> {
        (**self).begin(options)
    }

    fn after_commit(&mut self, work: Box<dyn FnOnce() + Send>) {
        (**self).after_commit(work);
    }

    fn retry_budget(&self) -> Option<&RetryBudget> {
        (**self).retry_budget()
    }
}

/// A connection for one statement.
pub struct Lease<'a>(Held<'a>);

/// A read that a failing node did not answer is tried so often on others.
const READ_AGAIN: usize = 3;

enum Held<'a> {
    /// Of the database, for what.
    Pooled(Pooled, &'a Db, Intent),
    Session(&'a mut Session),
}

impl<'a> Lease<'a> {
    pub(crate) fn pooled(pooled: Pooled, db: &'a Db, intent: Intent) -> Self {
        Lease(Held::Pooled(pooled, db, intent))
    }

    pub(crate) fn session(session: &'a mut Session) -> Self {
        Lease(Held::Session(session))
    }

    fn held(&self) -> &Pooled {
        match &self.0 {
            Held::Pooled(pooled, ..) => pooled,
            Held::Session(session) => &session.pooled,
        }
    }

    fn held_mut(&mut self) -> &mut Pooled {
        match &mut self.0 {
            Held::Pooled(pooled, ..) => pooled,
            Held::Session(session) => &mut session.pooled,
        }
    }

    /// The connection itself. It counts as one statement.
    pub fn connection(&mut self) -> &mut dyn Connection {
        let held = self.held_mut();
        held.count_statements(1);
        held.connection()
    }

    /// What was looked up lately.
    pub(crate) fn lookups(&self) -> &Lookups {
        &self.held().pool().observer().lookups
    }

    /// For which server to render.
    pub fn target(&self) -> Target {
        self.held().target()
    }

    /// The SQL of a statement; of a shape that this connection has seen before without building its text.
    ///
    /// # Errors
    /// As [`relata_sql::render::render`].
    pub fn render(&mut self, tree: Tree<'_, '_>) -> Result<Rendered> {
        self.held_mut().shapes().render(tree)
    }

    /// Tells the transaction, if any, how a statement went.
    pub fn note<T>(&mut self, result: &Result<T>) {
        if let (Held::Session(session), Err(error)) = (&mut self.0, result) {
            session.statement_failed(error);
        }
    }

    /// Runs a query.
    ///
    /// # Errors
    /// `Kind::Unsupported` when the database cannot do it; what the database or the sink says.
    pub async fn query(&mut self, tree: Tree<'_, '_>, sink: &mut dyn RowSink) -> Result<()> {
        let raw = matches!(tree, Tree::Raw(..));
        if exact::may_change(self.target().dialect, &tree) {
            Box::pin(exact::refuse_changed(self.held_mut().connection(), &tree)).await?;
        }
        let rendered = self.render(tree)?;
        self.query_rendered(rendered, raw, sink).await
    }

    /// Runs a query that was rendered, for this connection or one like it.
    pub(crate) async fn query_rendered(&mut self, rendered: Rendered, raw: bool, sink: &mut dyn RowSink) -> Result<()> {
        let statement = Statement::new(&rendered.sql, &rendered.params);
        let result = if self.has_others() {
            let mut counting = Counting { sink, rows: 0 };
            let mut result = self.connection().query(statement, &mut counting).await;
            for _ in 0..READ_AGAIN {
                // Boxed here and below: it is large and rare, and would be moved with every query.
                if result.is_ok() || counting.rows > 0 || !Box::pin(self.takes_another(&result, raw)).await {
                    break;
                }
                result = self.connection().query(statement, &mut counting).await;
            }
            result
        } else {
            let mut result = self.connection().query(statement, &mut *sink).await;
            // Nothing was sent: the sink has seen nothing.
            if is_not_sent(&result) && Box::pin(self.takes_another(&result, raw)).await {
                result = self.connection().query(statement, sink).await;
            }
            result
        };
        self.settle(rendered, result)
    }

    /// Runs queries that do not depend on each other, each with a sink of its own; where the protocol allows it, all leave
    /// before the first answer is awaited.
    ///
    /// # Errors
    /// As [`Lease::query`], of the first that fails, and which it is.
    pub async fn query_all(
        &mut self,
        selects: &mut [Select],
        sinks: &mut [&mut dyn RowSink],
    ) -> std::result::Result<(), (usize, Error)> {
        if selects.len() <= 1 || self.has_others() || !self.held_mut().connection().pipelines() {
            for (at, (select, sink)) in selects.iter_mut().zip(sinks).enumerate() {
                self.query(Tree::Select(select), *sink).await.map_err(|error| (at, error))?;
            }
            return Ok(());
        }
        let mut rendered = Vec::with_capacity(selects.len());
        for (at, select) in selects.iter_mut().enumerate() {
            let only_reads = !select.writes();
            rendered.push((self.render(Tree::Select(select)).map_err(|error| (at, error))?, only_reads));
        }
        let mut result = self.send_all(&rendered, sinks).await;
        // Nothing was sent: the sinks have seen nothing.
        if is_not_sent(&result) && Box::pin(self.takes_another(&result, false)).await {
            result = self.send_all(&rendered, sinks).await;
        }
        self.note(&result);
        result.map_err(|error| {
            let failed = |(rendered, _): &(Rendered, bool)| error.details().sql.as_deref() == Some(&*rendered.sql);
            let at = rendered.iter().position(failed).unwrap_or_default();
            (at, self.not_committed(error))
        })
    }

    async fn send_all(&mut self, rendered: &[(Rendered, bool)], sinks: &mut [&mut dyn RowSink]) -> Result<()> {
        let mut queries = Vec::with_capacity(rendered.len());
        for (&(Rendered { ref sql, ref params }, only_reads), sink) in rendered.iter().zip(sinks) {
            queries.push(Query { statement: Statement::new(sql, params), sink: &mut **sink, only_reads });
        }
        let held = self.held_mut();
        held.count_statements(queries.len() as u64);
        held.connection().query_all(queries).await
    }

    /// Runs a statement for what it does.
    ///
    /// # Errors
    /// As [`Lease::query`].
    pub async fn execute(&mut self, tree: Tree<'_, '_>) -> Result<Done> {
        if exact::may_change(self.target().dialect, &tree) {
            Box::pin(exact::refuse_changed(self.held_mut().connection(), &tree)).await?;
        }
        let rendered = self.render(tree)?;
        let statement = Statement::new(&rendered.sql, &rendered.params);
        let mut result = self.connection().execute(statement).await;
        if is_not_sent(&result) && Box::pin(self.takes_another(&result, true)).await {
            result = self.connection().execute(statement).await;
        }
        self.settle(rendered, result)
    }

    /// Inserts rows that give the same columns. Where the database has it, several go as one array for each column, whatever their
    /// number, instead of a parameter for each value; what is given back comes in the order of the rows either way.
    ///
    /// # Errors
    /// As [`Lease::query`].
    pub(crate) async fn insert(&mut self, insert: &mut Insert<'_>, sink: Option<&mut dyn RowSink>) -> Result<Done> {
        if let Some(types) = self.array_types(insert).await? {
            return Box::pin(self.insert_arrays(insert, types, sink)).await;
        }
        match sink {
            Some(sink) => self.query(Tree::Insert(insert), sink).await.map(|()| Done::default()),
            None => self.execute(Tree::Insert(insert)).await,
        }
    }

    /// Inserts many rows in the fastest way that the database has.
    pub(crate) async fn bulk_insert(&mut self, insert: BulkInsert<'_>) -> Result<u64> {
        exact::refuse_deep(insert)?;
        let result = self.connection().bulk_insert(insert).await;
        self.note(&result);
        result
    }

    /// Columns may have other types than when they were asked for: then they are asked for again.
    async fn insert_arrays(
        &mut self,
        insert: &mut Insert<'_>,
        types: Arc<[String]>,
        mut sink: Option<&mut dyn RowSink>,
    ) -> Result<Done> {
        let tree = Tree::InsertArrays(insert, &types);
        if exact::may_change(self.target().dialect, &tree) {
            exact::refuse_changed(self.held_mut().connection(), &tree).await?;
        }
        let rendered = self.render(tree)?;
        let mut result = self.send(&rendered.sql, &rendered.params, &mut sink).await;
        let other_types = |error: &Error| error.details().sqlstate.as_ref().is_some_and(|code| code.starts_with("42"));
        if result.as_ref().is_err_and(other_types)
            && matches!(self.0, Held::Pooled(..))
            && let Some(anew) = self.array_types(insert).await?.filter(|anew| *anew != types)
        {
            // The values are in the parameters by now; the text alone is another.
            let again = self.render(Tree::InsertArrays(insert, &anew))?;
            if again.params.len() == rendered.params.len() {
                result = self.send(&again.sql, &rendered.params, &mut sink).await;
            }
        }
        self.settle(rendered, result)
    }

    async fn send(&mut self, sql: &str, params: &[Value], sink: &mut Option<&mut dyn RowSink>) -> Result<Done> {
        let statement = Statement::new(sql, params);
        let mut tried = false;
        loop {
            let result = match sink {
                Some(sink) => self.connection().query(statement, &mut **sink).await.map(|()| Done::default()),
                None => self.connection().execute(statement).await,
            };
            if tried || !is_not_sent(&result) || !Box::pin(self.takes_another(&result, true)).await {
                return result;
            }
            tried = true;
        }
    }

    async fn array_types(&mut self, insert: &Insert<'_>) -> Result<Option<Arc<[String]>>> {
        let (Source::Entity(table), true) = (&insert.source, insert.rows > 1 && insert.query.is_none()) else {
            return Ok(None);
        };
        let dialect = self.target().dialect;
        if dialect != Dialect::Postgres {
            return Ok(None);
        }
        let name = match table.namespace {
            "" => dialect.name(table.table),
            namespace => ObjectName::new(namespace, table.table),
        };
        let rows = BulkInsert { table: &name, columns: insert.columns, values: &insert.values };
        let types = self.held_mut().connection().array_types(rows).await;
        self.note(&types);
        match (types, &self.0) {
            // The insert itself says it better, unless the transaction is lost.
            (Err(_), Held::Pooled(..)) => Ok(None),
            (types, _) => types,
        }
    }

    fn settle<T>(&mut self, rendered: Rendered, result: Result<T>) -> Result<T> {
        self.note(&result);
        let result = result.map_err(|error| with_sql(told(self.not_committed(error), &rendered.sql), &rendered.sql));
        self.held_mut().shapes().sent(rendered.params);
        result
    }

    /// The database has nodes that could take over.
    fn has_others(&self) -> bool {
        matches!(&self.0, Held::Pooled(_, db, _) if db.has_several_nodes())
    }

    /// After a failure of the node that cannot have done anything: another connection, if there is one to be had.
    async fn takes_another<T>(&mut self, result: &Result<T>, raw: bool) -> bool {
        let (Held::Pooled(pooled, db, intent), Err(error)) = (&mut self.0, result) else { return false };
        let harmless = match error.kind() {
            Kind::Unreachable | Kind::NotSent => true,
            // A SELECT of one's own may call a function that writes, unless the server cannot.
            Kind::InDoubt | Kind::Unavailable | Kind::Protocol => {
                *intent == Intent::Read && (!raw || db.cannot_write_at(pooled))
            }
            _ => false,
        };
        let budget = db.retry_budget();
        if !harmless || !budget.is_none_or(RetryBudget::spend) {
            return false;
        }
        match db.pooled(*intent, std::panic::Location::caller()).await {
            Ok(another) => {
                *pooled = another;
                true
            }
            Err(_) => false,
        }
    }

    /// Inside a transaction a broken connection leaves nothing in doubt: what was not committed is rolled back.
    fn not_committed(&self, error: Error) -> Error {
        match &self.0 {
            Held::Session(session) if error.kind() == Kind::InDoubt && session.is_atomic() => {
                error.with_kind(Kind::NotSent).hint("nothing of the transaction has happened: run it again")
            }
            _ => error,
        }
    }
}

fn is_not_sent<T>(result: &Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == Kind::NotSent)
}

/// Knows whether rows were given on.
struct Counting<'s> {
    sink: &'s mut dyn RowSink,
    rows: usize,
}

impl RowSink for Counting<'_> {
    fn columns(&mut self, columns: &[ColumnInfo]) -> Result<()> {
        self.sink.columns(columns)
    }

    fn wants_columns(&self) -> bool {
        self.sink.wants_columns()
    }

    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        self.rows += 1;
        self.sink.row(row)
    }
}

/// Adds the SQL (which holds no values) unless the driver did.
pub(crate) fn with_sql(error: Error, sql: &str) -> Error {
    if error.details().sql.is_some() { error } else { error.sql(sql) }
}
