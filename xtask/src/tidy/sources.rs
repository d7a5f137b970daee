//! Rules about sources: heads of modules, lengths, words and paths that must not stay.
//!
//! Tests are measured by nothing but words and paths: a long table of cases is a good test.

use syn::spanned::Spanned;
use syn::{ImplItem, Item, TraitItem};

use crate::workspace::{Finding, Workspace};

/// A file longer than this has a seam that nobody has cut.
const FILE_CEILING: usize = 1000;

/// A function longer than this does several things.
const FUNCTION_CEILING: usize = 80;

/// Functions that may be longer, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Files that may be longer, and why.
const LONG_FILES: &[(&str, &str)] = &[];

/// What must not stay, in two halves so that this file does not hold it.
const WORDS: &[(&str, &str)] =
    &[("TO", "DO"), ("FIX", "ME"), ("unimplemented", "!("), ("todo", "!("), ("#[ign", "ore")];

/// Folders that exist on somebody's machine only.
const PATHS: &[(&str, &str)] = &[("/wo", "rk/"), ("/sr", "v/"), ("/ro", "ot/"), ("/hom", "e/")];

/// Everything that breaks these rules.
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.files() {
        if path == "Cargo.lock" {
            continue;
        }
        findings.extend(leftovers(path, text));
        if !path.ends_with(".rs") || !is_ours(path) {
            continue;
        }
        if !text.starts_with("//!") {
            findings.push(Finding::new(path, 1, "a module begins with //! and says what it is for"));
        }
        if !is_test(path) {
            findings.extend(lengths(path, text));
        }
    }
    findings
}

/// Rust that people read as a module: not the cases of compile tests, not generated or recorded code.
fn is_ours(path: &str) -> bool {
    let parts: Vec<_> = path.split('/').collect();
    match parts.as_slice() {
        ["crates", _, "src", ..] | ["xtask", "src", ..] | ["bench", ..] => true,
        ["crates", _, "tests", "it", file] => file.ends_with(".rs"),
        ["crates", _, "tests", "it.rs"] => true,
        _ => false,
    }
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn leftovers(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (first, second) in WORDS {
            if let Some(at) = line.find(&format!("{first}{second}"))
                && !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("{first}{second} is a promise: keep it or drop it"),
                ));
            }
        }
        for (first, second) in PATHS {
            if let Some(at) = line.find(&format!("{first}{second}"))
                && !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "._-~".contains(c))
            {
                findings.push(Finding::new(path, index + 1, "a path of one machine"));
            }
        }
    }
    findings
}

fn lengths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let tests = text.lines().position(|line| line == "#[cfg(test)]");
    let lines = tests.unwrap_or_else(|| text.lines().count());
    if lines > FILE_CEILING && !LONG_FILES.iter().any(|(file, _)| *file == path) {
        let message = format!("{lines} lines without tests, more than {FILE_CEILING}: look for the seam");
        findings.push(Finding::new(path, 0, message));
    }
    match syn::parse_file(text) {
        Ok(file) => findings.extend(file.items.iter().flat_map(functions).filter_map(|f| too_long(path, &f))),
        Err(error) => findings.push(Finding::new(path, error.span().start().line, format!("does not parse: {error}"))),
    }
    findings
}

struct Function {
    name: String,
    first: usize,
    lines: usize,
}

fn function(name: &syn::Ident, body: &syn::Block) -> Function {
    let (first, last) = (name.span().start().line, body.span().end().line);
    Function { name: name.to_string(), first, lines: last + 1 - first }
}

/// The functions of an item; not those in modules of tests, nor in macros.
fn functions(item: &Item) -> Vec<Function> {
    let is_test = |attributes: &[syn::Attribute]| {
        attributes.iter().any(|attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
        })
    };
    match item {
        Item::Fn(item) => vec![function(&item.sig.ident, &item.block)],
        Item::Impl(item) => item
            .items
            .iter()
            .filter_map(|item| match item {
                ImplItem::Fn(item) => Some(function(&item.sig.ident, &item.block)),
                _ => None,
            })
            .collect(),
        Item::Trait(item) => item
            .items
            .iter()
            .filter_map(|item| match item {
                TraitItem::Fn(item) => item.default.as_ref().map(|body| function(&item.sig.ident, body)),
                _ => None,
            })
            .collect(),
        Item::Mod(item) if !is_test(&item.attrs) => {
            item.content.iter().flat_map(|(_, items)| items).flat_map(functions).collect()
        }
        _ => Vec::new(),
    }
}

fn too_long(path: &str, function: &Function) -> Option<Finding> {
    let excused = LONG_FUNCTIONS.iter().any(|(file, name, _)| *file == path && *name == function.name);
    (function.lines > FUNCTION_CEILING && !excused).then(|| {
        let message = format!(
            "fn {} has {} lines, more than {FUNCTION_CEILING}: it does several things",
            function.name, function.lines
        );
        Finding::new(path, function.first, message)
    })
}
