//! Many rows inserted and given back: statements of many rows each, as many as the parameters need.

use relata_sql::driver::Row;
use relata_sql::render::Target;
use relata_sql::tree::{Insert, Source, Tree};
use relata_sql::{Error, Result};

use super::{Group, InsertMany, names};
use crate::entity::{Entity, mapped};
use crate::executor::{Executor, Intent, Lease};
use crate::find::Collect;

impl<E: Entity> InsertMany<E> {
    /// Inserts all rows or none; gives them back as the database has them, with their keys. What has too many values for
    /// one statement is split, inside a transaction. For great numbers of rows [`InsertMany::exec`] is faster.
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
        if let Some(error) = self.failed {
            return Err(error);
        }
        let most = Target::new(executor.dialect()).most_parameters();
        let single = match &self.groups[..] {
            [] => return Ok(Vec::new()),
            [group] => group.values.len() <= most,
            _ => false,
        };
        let mut sink = Collect { rows: Vec::new(), read: |row: &dyn Row| E::decode(row, 0) };
        let written = if single {
            let mut lease = executor.lease(Intent::Write).await?;
            write_all(&mut lease, E::TABLE, self.groups, most, &mut sink).await
        } else {
            let mut tx = executor.begin(Default::default()).await?;
            let written = write_all(&mut tx.lease(Intent::Write).await?, E::TABLE, self.groups, most, &mut sink).await;
            match written {
                Ok(()) => tx.commit().await,
                Err(error) => Err(error),
            }
        };
        written.map_err(|error| mapped(error, E::TABLE))?;
        Ok(sink.rows)
    }
}

async fn write_all(
    lease: &mut Lease<'_>,
    table: &'static relata_sql::meta::TableMeta,
    groups: Vec<Group>,
    most: usize,
    sink: &mut dyn relata_sql::RowSink,
) -> Result<()> {
    if !lease.target().returning {
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
            let rows = values.len() / width;
            let source = Source::Entity(table);
            let mut insert =
                Insert { source, columns: &columns, values, rows, query: None, conflict: None, returning: true };
            lease.query(Tree::Insert(&mut insert), sink).await?;
        }
    }
    Ok(())
}
