//! Mistakes that do not compile, and what rustc says about them.
//!
//! Each file of `tests/compile_fail` is one mistake; each of its lines `//@ …` is a part of what rustc must say. rustc is
//! called on the library that these tests are linked with, which takes a fraction of a second.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn mistakes_are_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let library = library();
    let failures: Vec<String> = files.iter().filter_map(|file| check(file, &library)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn check(file: &Path, library: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//@ ")).collect();
    assert!(!expected.is_empty(), "{} expects nothing", file.display());
    let output = Command::new(rustc())
        .args(["--edition=2024", "--crate-type=bin", "--emit=metadata", "--error-format=human", "-o"])
        .arg(std::env::temp_dir().join(format!("relata-{}.rmeta", std::process::id())))
        .arg("-L")
        .arg(format!("dependency={}", library.parent().unwrap().display()))
        .arg("--extern")
        .arg(format!("relata={}", library.display()))
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Some(format!("{} compiles", file.display()));
    }
    let missing: Vec<&str> = expected.into_iter().filter(|part| !said.contains(part)).collect();
    (!missing.is_empty()).then(|| format!("{}: missing {missing:#?} in\n{said}", file.display()))
}

/// The newest build of the facade beside this test.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = std::fs::read_dir(test.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let libraries = built.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("librelata-") && name.ends_with(".rlib")
    });
    libraries.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).expect("the facade was built")
}

fn rustc() -> PathBuf {
    let cargo = std::env::var_os("CARGO").map(|cargo| PathBuf::from(cargo).with_file_name("rustc"));
    cargo.filter(|rustc| rustc.exists()).unwrap_or_else(|| "rustc".into())
}
