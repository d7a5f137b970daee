//! The facade, used as an application uses it, on every database.

mod design;
