//! Many rows inserted and given back: statements of many rows each, as many as the parameters need.

use relata_sql::driver::{Row, RowSink};
use relata_sql::meta::TableMeta;
use relata_sql::render::Target;
use relata_sql::tree::{Conflict, Insert, Source};
use relata_sql::{Error, Result};

use super::{Group, InsertMany, names};
use crate::entity::{Entity, mapped};
use crate::executor::{Executor, Intent, Lease};
use crate::find::Collect;

impl<E: Entity> InsertMany<E> {
    /// Inserts all rows or none; gives them back as the database has them, with their keys, in the order in which they were given
    /// (as every database does for rows that are inserted, though none promises it). What has too many values for
    /// one statement is split, inside a transaction. **Dialects**: PostgreSQL is sent one array for each column, however many rows. For great numbers of rows [`InsertMany::exec`] is faster.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let book = |title: &str| NewBook { author_id: Id::new(2), title: title.into(), pages: 250 };
    /// let books = Book::insert_many([book("Fiasco"), book("Eden")]).returning(&mut db).await?;
    /// assert_eq!(books.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`super::NewRow::insert`]; `Kind::Unsupported` on MySQL, which gives no rows back.
    pub async fn returning(self, executor: &mut impl Executor) -> Result<Vec<E>> {
        let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| E::decode(row, 0) };
        write_together(executor, self, &|_| None, Some(&mut sink)).await?;
        Ok(sink.rows)
    }
}

/// What becomes of rows that exist, where the new ones give these columns.
pub(super) type OnConflict<'c> = &'c (dyn Fn(&[&str]) -> Option<Conflict> + Sync);

/// So many parameters of a statement are left for what rows that exist are set to.
const ASSIGNED: usize = 256;

fn most_of(target: Target) -> usize {
    target.most_parameters() - ASSIGNED
}

/// How many values one statement takes.
pub(super) fn most_values(lease: &Lease<'_>) -> usize {
    most_of(lease.target())
}

/// Writes all rows or none, by a transaction where they need several statements.
pub(super) async fn write_together<E: Entity>(
    executor: &mut impl Executor,
    rows: InsertMany<E>,
    conflict: OnConflict<'_>,
    sink: Option<&mut dyn RowSink>,
) -> Result<()> {
    if let Some(error) = rows.failed {
        return Err(error);
    }
    let most = most_of(Target::new(executor.dialect()));
    let single = match &rows.groups[..] {
        [] => return Ok(()),
        [group] => group.values.len() <= most,
        _ => false,
    };
    let written = if single {
        let mut lease = executor.lease(Intent::Write).await?;
        write_all(&mut lease, E::TABLE, rows.groups, most, conflict, sink).await
    } else {
        let mut tx = executor.begin(Default::default()).await?;
        let mut lease = tx.lease(Intent::Write).await?;
        let written = write_all(&mut lease, E::TABLE, rows.groups, most, conflict, sink).await;
        drop(lease);
        match written {
            Ok(()) => tx.commit().await,
            Err(error) => Err(error),
        }
    };
    written.map_err(|error| mapped(error, E::TABLE))
}

pub(super) async fn write_all(
    lease: &mut Lease<'_>,
    table: &'static TableMeta,
    groups: Vec<Group>,
    most: usize,
    conflict: OnConflict<'_>,
    mut sink: Option<&mut dyn RowSink>,
) -> Result<()> {
    if sink.is_some() && !lease.target().returning {
        return Err(Error::unsupported(
            "MySQL does not give back inserted rows",
            "insert them one by one with `.insert(…)`, or with keys that the program makes",
        ));
    }
    for group in groups {
        let columns = names(table, &group.columns);
        let width = columns.len().max(1);
        let mut values = group.values.into_iter();
        while values.len() > 0 {
            let values: Vec<_> = values.by_ref().take(most / width * width).collect();
            let (rows, source, returning) = (values.len() / width, Source::Entity(table), sink.is_some());
            let conflict = conflict(&columns);
            let mut insert =
                Insert { source, columns: &columns, values, rows, query: None, conflict, returning, overriding: false };
            lease.insert(&mut insert, sink.as_mut().map(|sink| &mut **sink as &mut dyn RowSink)).await?;
        }
    }
    Ok(())
}
