//! The front page and the guide, so that their code is compiled and run with this crate's tests.

#[doc = include_str!("../../../README.md")]
mod readme {}

#[doc = include_str!("../../../docs/guide/src/getting-started.md")]
mod getting_started {}

#[doc = include_str!("../../../docs/guide/src/entities.md")]
mod entities {}

#[doc = include_str!("../../../docs/guide/src/queries.md")]
mod queries {}

#[doc = include_str!("../../../docs/guide/src/coming-from.md")]
mod coming_from {}

#[doc = include_str!("../../../docs/guide/src/searches.md")]
mod searches {}

#[doc = include_str!("../../../docs/guide/src/plans.md")]
mod plans {}

#[doc = include_str!("../../../docs/guide/src/functions.md")]
mod functions {}

#[doc = include_str!("../../../docs/guide/src/benchmark.md")]
mod benchmark {}

#[doc = include_str!("../../../docs/guide/src/joins.md")]
mod joins {}

#[doc = include_str!("../../../docs/guide/src/relations.md")]
mod relations {}

#[doc = include_str!("../../../docs/guide/src/validation.md")]
mod validation {}

#[doc = include_str!("../../../docs/guide/src/transactions.md")]
mod transactions {}

#[doc = include_str!("../../../docs/guide/src/connections.md")]
mod connections {}

#[doc = include_str!("../../../docs/guide/src/errors.md")]
mod errors {}

#[doc = include_str!("../../../docs/guide/src/repositories.md")]
mod repositories {}
