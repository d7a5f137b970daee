//! relata.

use bench_suite::{Case, Error, Peer};

/// One connection.
pub struct Relata;

impl Relata {
    /// Connects.
    pub async fn open(_url: &str) -> Result<Self, Error> {
        Err("not built in".into())
    }
}

impl Peer for Relata {
    async fn run(&mut self, _case: Case, _size: usize) -> Result<u64, Error> {
        Ok(0)
    }

    async fn clean(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
