//! Which crate may use which.
//!
//! The table is the architecture: what a crate must not know, it cannot import. Development dependencies are free, but
//! for the facade: what is inside must not test itself through what is outside.

use serde_json::Value;

use crate::workspace::{Finding, Workspace};

/// Each crate with the crates of ours that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("relata-schema", &[]),
    ("relata-entity", &["relata-schema"]),
    ("relata-macros", &["relata-entity", "relata-schema"]),
    ("relata-plan", &["relata-schema"]),
    ("relata-sql", &["relata-schema"]),
    ("relata-sqlite", &["relata-schema", "relata-sql"]),
    ("relata-postgres", &["relata-schema", "relata-sql"]),
    ("relata-mysql", &["relata-schema", "relata-sql"]),
    ("relata-runtime", &["relata-schema", "relata-sql"]),
    (
        "relata",
        &[
            "relata-macros",
            "relata-mysql",
            "relata-postgres",
            "relata-runtime",
            "relata-schema",
            "relata-sql",
            "relata-sqlite",
        ],
    ),
    (
        "relata-testkit",
        &[
            "relata-mysql",
            "relata-plan",
            "relata-postgres",
            "relata-runtime",
            "relata-schema",
            "relata-sql",
            "relata-sqlite",
        ],
    ),
    (
        "relata-cli",
        &[
            "relata",
            "relata-entity",
            "relata-mysql",
            "relata-plan",
            "relata-postgres",
            "relata-runtime",
            "relata-schema",
            "relata-sql",
            "relata-sqlite",
        ],
    ),
    ("xtask", &[]),
];

/// Pure by construction: they depend on nothing but what the table above allows.
const WITHOUT_FOREIGN_CRATES: &[&str] = &["relata-schema", "relata-plan"];

/// Who may use the facade: the command, whose demonstration is an application.
const USERS_OF_THE_FACADE: &[&str] = &["relata-cli"];

/// What an application on SQLite alone does not compile.
const NOT_IN_THE_DEFAULT: &[&str] = &["tokio-postgres", "mysql_common", "rustls", "clap", "axum", "relata-plan"];

/// The edges that are not allowed.
pub fn check(workspace: &Workspace) -> Result<Vec<Finding>, String> {
    let metadata = workspace.cargo(&["metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let mut findings = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        findings.extend(check_package(package));
    }
    let default = ["tree", "-p", "relata", "-e", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = workspace.cargo(&default)?;
    for line in tree.lines() {
        let name = line.split(' ').next().unwrap_or(line);
        if NOT_IN_THE_DEFAULT.contains(&name) {
            let message = format!("an application on SQLite alone would compile {name}: put it behind a feature");
            findings.push(Finding::new("crates/relata/Cargo.toml", 0, message));
        }
    }
    Ok(findings)
}

fn check_package(package: &Value) -> Vec<Finding> {
    let name = package["name"].as_str().unwrap_or_default();
    let place = if name == "xtask" { "xtask/Cargo.toml".to_string() } else { format!("crates/{name}/Cargo.toml") };
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
        return vec![Finding::new(&place, 0, format!("{name} is not in the table of crates: add its allowed edges"))];
    };
    let mut findings = Vec::new();
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let to = dependency["name"].as_str().unwrap_or_default();
        let ours = to == "relata" || to.starts_with("relata-");
        let development = dependency["kind"] == "dev";
        let message =
            if ours && to == "relata" && name != "relata" && !development && !USERS_OF_THE_FACADE.contains(&name) {
                "nobody inside depends on the facade, but for examples"
            } else if development {
                continue;
            } else if ours && !allowed.contains(&to) {
                "this edge is not allowed"
            } else if !ours && WITHOUT_FOREIGN_CRATES.contains(&name) {
                "this crate is pure and has no foreign dependencies"
            } else {
                continue;
            };
        findings.push(Finding::new(&place, 0, format!("{name} -> {to}: {message}")));
    }
    findings
}
