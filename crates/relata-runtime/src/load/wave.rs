//! Batched statements that do not wait for each other's rows, run together.
//!
//! Invariants
//! - A wave holds what can be asked for now; what hangs on its rows is the next wave. There are as many waves as relations are
//!   nested, however many siblings there are.
//! - The statements of a wave run on one connection. On PostgreSQL all of them leave before the first answer is awaited;
//!   elsewhere they run one after the other.

use relata_sql::driver::RowSink;
use relata_sql::meta::TableMeta;
use relata_sql::tree::Select;
use relata_sql::{Error, Result};

use crate::entity::mapped;
use crate::executor::{Executor, Intent};

/// What can be loaded at once.
pub type Wave<'a> = Vec<Box<dyn Fetch<'a> + 'a>>;

/// The rows along one relation, for all parents.
pub trait Fetch<'a>: RowSink {
    /// The next statement whose rows it takes, as long as there are any.
    fn next(&mut self) -> Option<Select>;
    /// What it reads.
    fn table(&self) -> &'static TableMeta;
    /// After its last row: adds what hangs on its rows.
    fn then(self: Box<Self>, wave: &mut Wave<'a>);
}

/// Loads a wave and those after it.
pub(super) async fn run<'a>(executor: &mut dyn Executor, mut wave: Wave<'a>) -> Result<()> {
    while !wave.is_empty() {
        while ask(executor, &mut wave).await? {}
        let mut next = Wave::new();
        wave.into_iter().for_each(|fetch| fetch.then(&mut next));
        wave = next;
    }
    Ok(())
}

/// One statement of each that has another; `false`: none has.
async fn ask(executor: &mut dyn Executor, wave: &mut Wave<'_>) -> Result<bool> {
    let (mut selects, mut tables) = (Vec::with_capacity(wave.len()), Vec::with_capacity(wave.len()));
    let mut sinks: Vec<&mut dyn RowSink> = Vec::with_capacity(wave.len());
    for fetch in wave {
        if let Some(select) = fetch.next() {
            selects.push(select);
            tables.push(fetch.table());
            sinks.push(&mut **fetch);
        }
    }
    if selects.is_empty() {
        return Ok(false);
    }
    let mut lease = executor.lease(Intent::Read).await?;
    let explained = |(at, error): (usize, Error)| mapped(error, tables[at]);
    lease.query_all(&mut selects, &mut sinks).await.map_err(explained)?;
    Ok(true)
}
