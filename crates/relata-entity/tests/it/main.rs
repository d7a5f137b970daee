//! The reader, lowering and the writer, on text.

#![allow(clippy::unwrap_used)]

mod lower;
mod read;
mod write;
