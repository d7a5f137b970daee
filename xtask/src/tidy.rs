//! The rules of the house that no compiler checks.
//!
//! - [`edges`]: which crate may use which; what an application does not compile.
//! - [`sources`]: heads of modules, lengths of files and functions, words that must not stay.
//! - [`documents`]: links, orphans, the guide's table of contents, the list of dependencies, the scorecard, the lint's reference.

mod documents;
mod edges;
mod sources;

use crate::workspace::{Finding, Workspace};

/// Everything that breaks a rule.
pub fn check(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let mut findings = edges::check(workspace)?;
    findings.extend(sources::check(workspace));
    findings.extend(documents::check(workspace)?);
    findings.extend(crate::rules::check(workspace));
    findings.extend(crate::scorecard::check(workspace)?);
    Ok(findings)
}
