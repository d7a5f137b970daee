//! Statements that write, as queries with names: `WITH moved AS (DELETE … RETURNING …)`. **Dialects**: PostgreSQL alone;
//! elsewhere the statements run one after the other, in one `transaction!`.
//!
//! Everything the database does for such a statement it does once, whether its rows are read or not, and all parts see the
//! tables as they were before. Soft deletion marks the rows that are named, and none that refer to them.

use relata_schema::Dialect;
use relata_sql::Result;
use relata_sql::row::RowShape;
use relata_sql::tree::{CommonQuery, Item, Write, Written};

use crate::aggregate::Selection;
use crate::change::{Delete, Filtered, Update};
use crate::cte::Cte;
use crate::entity::Entity;
use crate::exact;
use crate::insert::{InsertFrom, InsertMany};

/// A statement that can stand in a query: `update_many`, `delete_many`, `insert_many` and `insert_from`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in a query",
    label = "expected an update or delete with a filter, `insert_many` or `insert_from`",
    note = "a change of every row says so by `.all_rows()`"
)]
pub trait Writing {
    /// What it writes to.
    type Entity: Entity;
    /// As data.
    ///
    /// # Errors
    /// `Kind::Validation` when a declared rule refuses a value.
    fn into_write(self) -> Result<Write>;
}

impl<E: Entity> Writing for Update<E, Filtered> {
    type Entity = E;

    fn into_write(self) -> Result<Write> {
        Ok(Write::Update(self.statement(false)?))
    }
}

impl<E: Entity> Writing for Delete<E, Filtered> {
    type Entity = E;

    fn into_write(self) -> Result<Write> {
        Ok(self.write())
    }
}

impl<E: Entity> Writing for InsertMany<E> {
    type Entity = E;

    fn into_write(self) -> Result<Write> {
        self.write()
    }
}

impl<E: Entity> Writing for InsertFrom<E> {
    type Entity = E;

    fn into_write(self) -> Result<Write> {
        Ok(self.write())
    }
}

/// Gives a statement that writes a name, so that a query reads what it gives back.
///
/// ```no_run
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> relata::Result<()> {
/// # let mut db = shop().await?;
/// use relata::{from, written};
/// let gone = written("gone", Book::delete_many().filter(Book.pages.lt(200)), (Book.id, Book.title))?;
/// let titles = from(gone).select(|(book,)| book.1).all(&mut db).await?;
/// assert_eq!(titles, ["The Lathe of Heaven"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Kind::Validation` when a declared rule refuses a value, `Kind::InvalidValue` for JSON that could not be read back.
pub fn written<W: Writing, S: Selection<W::Entity>>(
    name: &'static str,
    statement: W,
    returning: S,
) -> Result<Cte<S::Output>>
where
    S::Output: RowShape,
{
    let mut items = Vec::new();
    returning.push(&mut items);
    let exprs = items.into_iter().filter_map(|item| match item {
        Item::Expr(expr) => Some(expr),
        Item::Entity(..) => None,
    });
    let write = statement.into_write()?;
    exact::refuse_deep_within(&Dialect::Postgres.name(W::Entity::TABLE.table), &write)?;
    let written = Written { write, returning: exprs.collect() };
    Ok(Cte::of(name, CommonQuery::Written(Box::new(written))))
}
