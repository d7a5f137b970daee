//! The engine room of relata: transactions, entities, relations, repositories, migration executor.
pub mod migrate;
