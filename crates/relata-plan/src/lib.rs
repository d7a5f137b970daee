//! Two schemas in, a plan and diagnostics out. Pure.
