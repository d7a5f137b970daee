//! derive(Entity), transaction! and relata::test.
