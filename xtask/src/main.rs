//! Checks and generators of the workspace.
//!
//! - `cargo xtask tidy`: the rules of the house that no compiler checks. Every finding is printed; exit status 1 if any.
//! - `cargo xtask scorecard`: writes `docs/scorecard.md` from the table in [`scorecard`]; `--check` only compares.
//! - `cargo xtask rules`: writes the guide's reference of lint rules from the heads of their files, see [`rules`].
//!
//! Not here: formatting, lints and tests, which are cargo's own; `./test` runs all of it.

mod rules;
mod scorecard;
mod tidy;
mod workspace;

use std::process::ExitCode;

use workspace::{Finding, Workspace};

const USAGE: &str = "usage: cargo xtask tidy | rules | scorecard [--check]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = Workspace::open().and_then(|workspace| match arguments.as_slice() {
        ["tidy"] => tidy::check(&workspace),
        ["rules"] => rules::write(&workspace),
        ["scorecard"] => scorecard::write(&workspace),
        ["scorecard", "--check"] => scorecard::check(&workspace),
        _ => Err(USAGE.to_string()),
    });
    match outcome {
        Ok(findings) => report(&findings),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn report(findings: &[Finding]) -> ExitCode {
    for finding in findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{} findings", findings.len());
    ExitCode::FAILURE
}
