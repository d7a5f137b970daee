//! Checks and generators of the workspace: `cargo xtask tidy`, `cargo xtask scorecard`.

fn main() {}
