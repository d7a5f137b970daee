//! Mistakes that do not compile, and what rustc says about them.
//!
//! Each file of `tests/compile_fail` is one mistake; each of its lines `//@ …` is a part of what rustc must say, whatever
//! its version. All that it says stands in the file's `.stderr`, and is compared where rustc is of the version in
//! `tests/compile_fail/version`. rustc is called on the library that these tests are linked with, which takes a fraction
//! of a second. `UPDATE_EXPECT=1` writes the texts anew.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect_file;

use crate::rustc::{library, rustc};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail")
}

#[test]
fn mistakes_are_named() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    files.sort();
    assert!(!files.is_empty());
    let library = library();
    let whole = std::fs::read_to_string(folder().join("version")).unwrap().trim() == version();
    if !whole {
        println!("SKIPPED: rustc is of another version, so that only parts of what it says are compared");
    }
    let failures: Vec<String> = files.iter().filter_map(|file| check(file, &library, whole)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn version() -> String {
    let output = Command::new(rustc()).arg("--version").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.split_whitespace().nth(1).unwrap_or_default().to_string()
}

fn check(file: &Path, library: &Path, whole: bool) -> Option<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//@ ")).collect();
    assert!(!expected.is_empty(), "{} expects nothing", file.display());
    let output = compile(Path::new(file.file_name().unwrap()), library, &folder());
    let said = normalised(&String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Some(format!("{} compiles", file.display()));
    }
    if whole {
        expect_file![file.with_extension("stderr")].assert_eq(&said);
    }
    let missing: Vec<&str> = expected.into_iter().filter(|part| !said.contains(part)).collect();
    (!missing.is_empty()).then(|| format!("{}: missing {missing:#?} in\n{said}", file.display()))
}

/// Compiles a file from a folder: in that of the workspace, rustc shows lines of the library, too.
fn compile(file: &Path, library: &Path, folder: &Path) -> std::process::Output {
    Command::new(rustc())
        .current_dir(folder)
        .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--error-format=human", "-o"])
        .arg(std::env::temp_dir().join(format!("relata-{}.rmeta", std::process::id())))
        .arg("-L")
        .arg(format!("dependency={}", library.parent().unwrap().display()))
        .arg("--extern")
        .arg(format!("relata={}", library.display()))
        .arg(file)
        .output()
        .unwrap()
}

/// Where rustc has no word of ours to say, it shows the line that defines what was called.
#[test]
fn definitions_say_what_is_said_instead() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap();
    let output = compile(&folder().join("numbers_of_arguments.rs"), &library(), workspace);
    let said = String::from_utf8_lossy(&output.stderr);
    for part in [
        "a row by its key: `by_key(…)`",
        "many rows: `delete_many()`",
        "many rows: `update_many()`",
        "NULL: `.to_none()`",
        "/* .offset(40) */",
    ] {
        assert!(said.contains(part), "missing {part} in\n{said}");
    }
}

/// Without what differs between machines and from one edit to the next: where sources lie, their lines, and the file that
/// rustc wrote a long type to.
fn normalised(said: &str) -> String {
    let crates = format!("{}/", Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().display());
    let mut text = String::new();
    for line in said.replace(&crates, "$CRATES/").lines() {
        if line.contains("long-type-") {
            continue;
        }
        let line = match (line.find("--> "), line.find("/library/")) {
            // A place in the standard library: its line numbers are nobody's business.
            (Some(at), Some(library)) if line[at..].starts_with("--> /") => {
                let file = line[library..].split(':').next().unwrap_or_default();
                format!("{}--> $RUST{file}", &line[..at])
            }
            _ => line.to_string(),
        };
        let line = match (line.contains("crates/relata"), line.find(".rs:")) {
            (true, Some(at)) => line[..at + 3].to_string(),
            _ => line,
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}
