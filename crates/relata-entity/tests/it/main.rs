//! The reader and the writer, on text.

mod read;
