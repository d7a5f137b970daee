//! The testkit on itself: relata's drivers against the conformance suite, and the databases it makes.

#![allow(clippy::unwrap_used)]

#[cfg(target_os = "linux")]
mod cluster;
mod databases;
mod failures;
mod locks;
mod migrations;
#[cfg(target_os = "linux")]
mod pooler;
mod refusals;
mod sample;
mod statistics;
#[cfg(target_os = "linux")]
mod tending;
mod tls;
#[cfg(target_os = "linux")]
mod transport;

mod sqlite {
    relata_testkit::conformance_tests!(relata_schema::Dialect::Sqlite);
}

mod postgres {
    relata_testkit::conformance_tests!(relata_schema::Dialect::Postgres);
    relata_testkit::conformance_tests!(server relata_schema::Dialect::Postgres);
}

mod mysql {
    relata_testkit::conformance_tests!(relata_schema::Dialect::Mysql);
    relata_testkit::conformance_tests!(server relata_schema::Dialect::Mysql);
}
