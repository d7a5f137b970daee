//! The command `relata`.

fn main() {}
