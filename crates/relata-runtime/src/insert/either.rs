//! The row that is there already, or the new one.

use relata_schema::Dialect;
use relata_sql::driver::Row;
use relata_sql::expr::Expr;
use relata_sql::meta::Path;
use relata_sql::tree::{Conflict, Item, Select, Tree};
use relata_sql::{Error, Kind, Result};

use super::{Draft, Upsert, found};
use crate::entity::{Entity, mapped};
use crate::executor::{Executor, Intent};
use crate::find::{Collect, not_found};

impl<E: Entity> Upsert<E> {
    /// The row that exists, as it is, or the new one if there is none; `true` if it was inserted.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/shop.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> relata::Result<()> {
    /// # let mut db = shop().await?;
    /// let again = NewAuthor { name: "Stan".into(), email: "stan@example.com".into() };
    /// let (stan, inserted) = again.on_conflict(Author.email).find_or_insert(&mut db).await?;
    /// assert_eq!((stan.name.as_str(), inserted), ("Stanisław", false));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Kind::InvalidValue` when a column of the target is not given; as [`NewRow::insert`](super::NewRow::insert).
    #[doc(alias = "find_or_create_by")]
    #[doc(alias = "get_or_create")]
    #[doc(alias = "first_or_create")]
    pub async fn find_or_insert(self, executor: &mut impl Executor) -> Result<(E, bool)> {
        let wanted = self.rows.agreeing(&self.target)?;
        if let Some(row) = existing(executor, wanted.clone()).await? {
            return Ok((row, false));
        }
        // MariaDB gives a row that it leaves alone back as if it were new; there the violation itself is the answer.
        let native = executor.lease(Intent::Write).await?.target().dialect != Dialect::Mysql;
        let target = self.target;
        let conflict = native.then(|| Conflict::updating(target.clone(), Vec::new()));
        let violation = match self.rows.run(executor, conflict).await {
            Ok(Some(row)) => return Ok((row, true)),
            Ok(None) => not_found(E::TABLE.entity),
            Err(error) if !native && found::collides_in(E::TABLE, &target, &error) => error,
            Err(error) => return Err(error),
        };
        // Somebody else was faster.
        existing(executor, wanted).await?.map(|row| (row, false)).ok_or(violation)
    }
}

/// Of the node that is written to: a replica may not have the row yet.
async fn existing<E: Entity>(executor: &mut dyn Executor, wanted: Expr) -> Result<Option<E>> {
    let mut select = Select::boxed(E::TABLE);
    select.items = vec![Item::Entity(Path::ROOT, E::TABLE)];
    select.filter = Some(wanted);
    let mut sink = Collect { rows: Vec::new(), read: |row: &mut dyn Row| E::decode(row, 0) };
    let mut lease = executor.lease(Intent::Write).await?;
    lease.query(Tree::Select(&mut select), &mut sink).await.map_err(|error| mapped(error, E::TABLE))?;
    Ok(sink.rows.pop())
}

impl<E: Entity> Draft<E> {
    /// What rows keep that have the same values in these columns.
    fn agreeing(&self, columns: &[String]) -> Result<Expr> {
        let given = self.column_names();
        match columns.iter().find(|column| !given.contains(&column.as_str())) {
            Some(missing) => {
                let message = format!("the new {} has no {missing} to be found by", E::TABLE.entity);
                Err(Error::new(Kind::InvalidValue, message).column(missing))
            }
            None => Ok(found::found_by(E::TABLE, &self.columns, &self.values, |_, name| {
                columns.iter().any(|column| column == name)
            })),
        }
    }
}
