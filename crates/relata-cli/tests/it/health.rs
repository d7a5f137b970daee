//! `relata health` and `relata cluster status`.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::{Project, Run};

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", run.stdout, run.stderr))
}

fn status_of<'v>(health: &'v Value, part: &str) -> &'v str {
    let parts = health["parts"].as_array().unwrap();
    let found = parts.iter().find(|found| found["name"].as_str().is_some_and(|name| name.starts_with(part)));
    found.unwrap_or_else(|| panic!("no part {part}: {health:#}"))["status"].as_str().unwrap()
}

#[test]
fn databases_that_are_well() {
    let project = Project::new();
    project.sqlite("app.db", "CREATE TABLE t (n int)");
    let servers = ["RELATA_TEST_POSTGRES", "RELATA_TEST_MYSQL"].map(|name| std::env::var(name).unwrap());
    for url in ["sqlite:app.db", &format!("{}/postgres", servers[0]), &format!("{}/mysql", servers[1])] {
        let run = project.run(&["health", "--json", "--url", url]);
        assert_eq!(run.code, 0, "{url}: {} {}", run.stdout, run.stderr);
        let health = json(&run);
        assert_eq!(status_of(&health, "connection"), "healthy");
        assert_eq!(status_of(&health, "writes"), "healthy");
        assert_eq!(status_of(&health, "pool"), "healthy");
        let plain = project.run(&["health", "--url", url]);
        assert!(plain.stdout.contains("connection\thealthy\tanswered in "), "{}", plain.stdout);
    }
}

#[test]
fn the_disk_and_the_age_of_the_newest_backup_are_told() {
    let project = Project::new();
    project.sqlite("app.db", "CREATE TABLE t (n int)");
    let age = "backups_max_age = \"1h\"";
    project.write("relata.toml", &format!("[environments.a]\nurl = \"sqlite:app.db\"\nbackups = \"dumps\"\n{age}\n"));
    let health = json(&project.run(&["health", "--json"]));
    assert_eq!(status_of(&health, "backups"), "unhealthy", "{health:#}");
    project.write("dumps/today.sql", "");
    let health = json(&project.run(&["health", "--json"]));
    assert_eq!(status_of(&health, "backups"), "healthy", "{health:#}");
    let parts = health["parts"].as_array().unwrap();
    let disk = parts.iter().find(|part| part["name"] == "disk").unwrap()["reason"].as_str().unwrap();
    assert!(disk.contains("the file has") && disk.contains("are free on the disk"), "{disk}");
    project.write(
        "relata.toml",
        "[environments.a]\nurl = \"sqlite:app.db\"\nbackups = \"dumps\"\nbackups_max_age = \"1\"\n",
    );
    let run = project.run(&["health"]);
    assert!(run.stderr.contains("backups_max_age: \"1\" is no duration"), "{}", run.stderr);
}

#[test]
fn pending_migrations_are_told() {
    let project = Project::new();
    project.write("migrations/20260101000000_notes/up.sql", "CREATE TABLE notes (n int);\n");
    project.sqlite("app.db", "CREATE TABLE t (n int)");
    let health = json(&project.run(&["health", "--json", "--url", "sqlite:app.db"]));
    assert_eq!(status_of(&health, "migrations"), "degraded", "{health:#}");
    assert_eq!(project.run(&["health", "--strict", "--url", "sqlite:app.db"]).code, 3);
}

#[test]
fn what_cannot_be_reached_ends_with_1_in_time() {
    let project = Project::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for url in [
        "postgres://ann:hush@127.0.0.1:1/shop".to_string(),
        format!("postgres://ann:hush@127.0.0.1:{port}/shop"),
        format!("mysql://ann:hush@127.0.0.1:{port}/shop"),
        "sqlite:missing.db".to_string(),
    ] {
        let begun = Instant::now();
        let run = project.run(&["health", "--json", "--timeout", "1", "--url", &url]);
        assert_eq!(run.code, 1, "{url}: {} {}", run.stdout, run.stderr);
        assert!(begun.elapsed() < Duration::from_secs(5), "{url} took {:?}", begun.elapsed());
        let health = json(&run);
        assert_eq!(status_of(&health, "connection"), "unreachable");
        assert!(!run.stdout.contains("hush") && !run.stderr.contains("hush"));
    }
    assert!(!project.path("missing.db").exists(), "looking creates nothing");
}

#[test]
fn a_database_that_can_only_be_read_ends_with_3() {
    let project = Project::new();
    let server = std::env::var("RELATA_TEST_POSTGRES").unwrap();
    let url = format!("{server}/postgres?options=-c%20default_transaction_read_only%3Don");
    let run = project.run(&["health", "--json", "--url", &url]);
    assert_eq!(run.code, 3, "{} {}", run.stdout, run.stderr);
    assert_eq!(status_of(&json(&run), "writes"), "unhealthy");
}

#[test]
fn a_node_that_is_down_is_shown() {
    let project = Project::new();
    let server = std::env::var("RELATA_TEST_POSTGRES").unwrap();
    let url = format!("{server},127.0.0.1:1/postgres");
    let run = project.run(&["cluster", "status", "--json", "--url", &url]);
    assert_eq!(run.code, 3, "{} {}", run.stdout, run.stderr);
    let nodes = json(&run);
    assert_eq!((nodes[0]["role"].as_str(), nodes[1]["role"].as_str()), (Some("primary"), Some("down")));
    assert!(nodes[0]["position"].as_str().unwrap().starts_with("lsn:"));
    assert!(nodes[1]["trouble"].as_str().unwrap().contains("nothing listens there"), "{nodes:#}");
    let run = project.run(&["cluster", "status", "--url", &format!("{server}/postgres")]);
    assert_eq!(run.code, 0, "{} {}", run.stdout, run.stderr);
    let run = project.run(&["cluster", "status", "--url", "sqlite:app.db"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("it has no nodes"), "{}", run.stderr);
}
