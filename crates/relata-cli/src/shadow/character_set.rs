//! MariaDB, MySQL: a shadow database has the character set of the database whose schema it stands for, or tables that do
//! not say theirs would differ.

use relata_schema::Dialect;
use relata_sql::driver::{Row, RowSink, Statement};
use relata_sql::{Cell, Connection, DatabaseUrl, Result};

use crate::drivers::connect_to_read;

#[derive(Default)]
struct Words(Vec<String>);

impl RowSink for Words {
    fn row(&mut self, row: &mut dyn Row) -> Result<()> {
        for index in 0..row.len() {
            if let Cell::Text(word) = row.cell(index)? {
                self.0.push(word.to_string());
            }
        }
        Ok(())
    }
}

/// Gives the shadow the character set and collation of the database that `like` names, if there is one.
pub(super) async fn adopt(shadow: &mut dyn Connection, name: &str, like: &DatabaseUrl) -> Result<()> {
    if like.dialect != Dialect::Mysql || like.database.is_empty() {
        return Ok(());
    }
    // A server on which the database does not exist has nothing to say about it.
    let Ok(mut original) = connect_to_read(like).await else { return Ok(()) };
    let mut words = Words::default();
    let question = "SELECT @@character_set_database, @@collation_database";
    original.query(Statement::once(question, &[]), &mut words).await?;
    original.close().await?;
    if let [charset, collation] = words.0.as_slice() {
        let name = Dialect::Mysql.quote(name);
        shadow.batch(&format!("ALTER DATABASE {name} CHARACTER SET {charset} COLLATE {collation}")).await?;
    }
    Ok(())
}
