//! Temporary databases, fixtures and the driver conformance suite.
