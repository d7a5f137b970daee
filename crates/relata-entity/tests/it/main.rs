//! The reader, lowering and the writer, on text.

mod lower;
mod read;
mod write;
