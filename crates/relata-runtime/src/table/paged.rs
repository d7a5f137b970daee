//! Pages by cursor of tables that are known only at run time.

use std::sync::Arc;

use relata_schema::types::Type;
use relata_sql::driver::Row;
use relata_sql::expr::{Expr, Nulls, OrderKey};
use relata_sql::keyset::{rank_in_enum, rank_in_set};
use relata_sql::tree::Item;
use relata_sql::{Error, Kind, Result, Value};

use super::related::load;
use super::{Record, TableColumn, TableQuery, named};
use crate::executor::Executor;
use crate::page::{IntoCursor, Page, Side, fetch_ordered};

impl TableQuery {
    /// Only what comes after this place in the order, which is that of the page that gave it; `None`: from the beginning.
    pub fn after(mut self, cursor: impl IntoCursor) -> Self {
        self.after = cursor.into_cursor();
        self
    }

    /// One page: as many rows as `.limit(…)` says, or 50, in the order, which the key makes total. A deep page costs what the
    /// first costs.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// let first = books.select().order("title", false)?.limit(2).page(&mut db).await?;
    /// let second = books.select().order("title", false)?.limit(2).after(first.next).page(&mut db).await?;
    /// assert_eq!(second[0].value("title"), Some(&relata::Value::Text("The Lathe of Heaven".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::Unsupported` for a table without key; `Kind::Parameters` for a cursor of another order; what the database says.
    pub async fn page(self, executor: &mut impl Executor) -> Result<Page<Record>> {
        self.page_of(Side::After, executor).await
    }

    /// The page before a place, which [`Page::previous`] says of a page; `None`: the last page. What was said by
    /// [`TableQuery::after`] does not count.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let books = db.table("books").await?;
    /// let last = books.select().order("title", false)?.limit(1).page_before(None, &mut db).await?;
    /// assert_eq!(last[0].value("title"), Some(&relata::Value::Text("The Lathe of Heaven".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TableQuery::page`].
    pub async fn page_before(mut self, cursor: impl IntoCursor, executor: &mut impl Executor) -> Result<Page<Record>> {
        self.after = cursor.into_cursor();
        self.page_of(Side::Before, executor).await
    }

    async fn page_of(mut self, side: Side, executor: &mut impl Executor) -> Result<Page<Record>> {
        self.total_order()?;
        self.placed()?;
        let (withs, table) = (std::mem::take(&mut self.withs), self.table.clone());
        let columns: Arc<[String]> = table.0.columns.iter().map(|column| column.name.clone()).collect();
        self.select.items = columns.iter().map(|name| Item::Expr(named(name))).collect();
        let read = |row: &mut dyn Row| {
            let values = (0..columns.len()).map(|index| Ok(row.cell(index)?.to_value())).collect::<Result<_>>()?;
            Ok(Record { columns: columns.clone(), values, related: Vec::new() })
        };
        let mut page = fetch_ordered(executor, self.whole(), side, read).await?;
        for with in withs {
            load(with, &mut page.items, executor).await?;
        }
        Ok(page)
    }

    /// Notes the place that it comes after, if there is one.
    pub(super) fn placed(&mut self) -> Result<()> {
        let Some(cursor) = self.after.take() else { return Ok(()) };
        self.total_order()?;
        let columns = self.select.order.iter().map(|key| self.ordered_by(key)).collect::<Vec<_>>();
        let nullable = columns.iter().map(|column| column.is_none_or(|column| column.nullable)).collect();
        let rank = |at: usize, value: &Value| match &(*columns.get(at)?)?.ty {
            Type::Enum(_, values) => rank_in_enum(values, value),
            Type::Set(values) => rank_in_set(values, value),
            _ => None,
        };
        self.select.after = Some(cursor.place_among(nullable, rank));
        Ok(())
    }

    fn ordered_by(&self, key: &OrderKey) -> Option<&TableColumn> {
        let (Expr::Named(name) | Expr::NamedAs(name, _)) = &key.expr else { return None };
        self.table.0.columns.iter().find(|column| column.name == **name)
    }

    /// Adds the key's columns unless the order has them.
    fn total_order(&mut self) -> Result<()> {
        let (name, key) = (&self.table.0.name.name, &self.table.0.key);
        if key.is_empty() {
            let message = format!("{name} has no key, so its rows have no stable order to page through");
            return Err(Error::new(Kind::Unsupported, message).table(name).hint("use `.limit(…)` and `.offset(…)`"));
        }
        let descending = self.select.order.last().is_some_and(|key| key.descending);
        for column in key {
            let is_it = |key: &OrderKey| matches!(&key.expr, Expr::Named(known) | Expr::NamedAs(known, _) if **known == **column);
            if !self.select.order.iter().any(is_it) {
                let expr = self.table.operand(column);
                self.select.order.push(OrderKey { expr, descending, nulls: Nulls::Native });
            }
        }
        Ok(())
    }
}
