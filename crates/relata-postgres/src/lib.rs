//! The PostgreSQL driver of relata.
