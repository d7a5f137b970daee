//! Rules about documents: no broken link, no page that nobody links, every dependency explained.

use std::collections::BTreeSet;

use crate::workspace::{Finding, Workspace};

const DEPENDENCIES: &str = "docs/dependencies.md";
const CONTENTS: &str = "docs/guide/src/SUMMARY.md";

/// What a repository is expected to have.
const EXPECTED: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/scorecard.md",
    DEPENDENCIES,
    CONTENTS,
];

/// Everything that breaks these rules.
pub fn check(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let mut findings: Vec<Finding> = EXPECTED
        .iter()
        .filter(|path| workspace.text(path).is_none())
        .map(|path| Finding::new(path, 0, "is missing"))
        .collect();
    let mut linked = BTreeSet::new();
    let pages = || workspace.files().filter(|(path, _)| path.ends_with(".md"));
    for (path, text) in pages() {
        for (line, target) in links(text) {
            let target = resolve(path, &target);
            if workspace.place(&target).exists() {
                linked.insert((target, path == CONTENTS));
            } else {
                findings.push(Finding::new(path, line, format!("links to {target}, which is not there")));
            }
        }
    }
    for (path, _) in pages().filter(|(path, _)| path.starts_with("docs/") && *path != CONTENTS) {
        let of_guide = path.starts_with("docs/guide/");
        if of_guide && !linked.contains(&(path.to_string(), true)) {
            findings.push(Finding::new(path, 0, format!("is not in {CONTENTS}")));
        } else if !of_guide && !linked.contains(&(path.to_string(), false)) {
            findings.push(Finding::new(path, 0, "no page links to it"));
        }
    }
    findings.extend(dependencies(workspace));
    Ok(findings)
}

/// The relative links of a page, with their lines; code blocks are left out.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut code = false;
    for (index, line) in text.lines().enumerate() {
        code ^= line.trim_start().starts_with("```");
        if code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split([')', '#', ' ']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push((index + 1, target.to_string()));
            }
        }
    }
    found
}

/// A relative link as a path from the root.
fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Every dependency of the workspace has its line, and no line is without its dependency.
fn dependencies(workspace: &Workspace) -> Vec<Finding> {
    let (Some(manifest), Some(page)) = (workspace.text("Cargo.toml"), workspace.text(DEPENDENCIES)) else {
        return Vec::new();
    };
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let used: BTreeSet<&str> = section
        .lines()
        .filter(|line| !line.contains("path = \"crates/"))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim())
        .collect();
    let explained: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let manifests =
        || workspace.files().filter(|(path, _)| path.ends_with("/Cargo.toml") && !path.starts_with("bench/"));
    let inherited = |text: &str, name: &str| {
        text.lines()
            .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') || rest.starts_with(" = {")))
    };
    let idle = used.iter().filter(|name| !manifests().any(|(_, text)| inherited(text, name)));
    let mut findings: Vec<Finding> =
        idle.map(|name| Finding::new("Cargo.toml", 0, format!("no crate uses `{name}`"))).collect();
    for (path, text) in manifests() {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| line.contains(" = { version = ")) {
            let message = format!("a version of its own: {line:.40}… belongs into the workspace's table");
            findings.push(Finding::new(path, index + 1, message));
        }
    }
    let missing = used.difference(&explained).map(|name| format!("`{name}` is used and not explained"));
    let left = explained.difference(&used).map(|name| format!("`{name}` is explained and not used"));
    findings.extend(missing.chain(left).map(|message| Finding::new(DEPENDENCIES, 0, message)));
    findings
}
