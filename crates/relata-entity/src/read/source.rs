//! Reads source files that nobody compiled.

use std::path::{Path, PathBuf};

use relata_schema::diagnostic::{Diagnostic, Span};
use syn::punctuated::Punctuated;

use super::finding::Findings;
use super::{Reading, entity, enumeration, scalar};

/// Reads one file: every struct that derives `Entity`, every enum that derives `Enum`, every struct that
/// derives `Scalar`, in modules too (except those
/// for tests).
pub fn read_source(file_name: &str, text: &str) -> Reading {
    let mut reading = Reading::default();
    match syn::parse_file(text) {
        Ok(file) => {
            let mut findings = Findings::new(file_name);
            read_items(&file.items, &mut reading, &mut findings);
            reading.diagnostics.extend(findings.into_list().into_iter().map(|finding| finding.diagnostic));
            reading.settle_scalars();
        }
        Err(error) => {
            let start = error.span().start();
            let place = Span { file: file_name.to_string(), line: start.line, column: start.column, length: 1 };
            let diagnostic = Diagnostic::error("source-syntax", format!("this is no Rust: {error}"));
            reading.diagnostics.push(diagnostic.at(place).help("`cargo check` shows it in full"));
        }
    }
    reading
}

fn read_items(items: &[syn::Item], reading: &mut Reading, findings: &mut Findings) {
    for item in items {
        match item {
            syn::Item::Struct(item) if derives(&item.attrs, "Entity") => {
                reading.declaration.entities.extend(entity::read(&item.clone().into(), findings));
            }
            syn::Item::Struct(item) if derives(&item.attrs, "Scalar") => {
                reading.scalars.extend(scalar::read(&item.clone().into(), findings));
            }
            syn::Item::Enum(item) if derives(&item.attrs, "Enum") => {
                reading.declaration.enums.extend(enumeration::read(&item.clone().into(), findings));
            }
            syn::Item::Enum(item) if derives(&item.attrs, "Scalar") => {
                reading.scalars.extend(scalar::read(&item.clone().into(), findings));
            }
            syn::Item::Enum(item) if derives(&item.attrs, "Entity") => {
                reading.declaration.entities.extend(entity::read(&item.clone().into(), findings));
            }
            syn::Item::Mod(module) if !for_tests(&module.attrs) => {
                if let Some((_, items)) = &module.content {
                    read_items(items, reading, findings);
                }
            }
            _ => {}
        }
    }
}

fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

fn derives(attributes: &[syn::Attribute], name: &str) -> bool {
    let lists = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let paths = lists.filter_map(|attribute| {
        attribute.parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated).ok()
    });
    paths.flatten().any(|path| path.segments.last().is_some_and(|segment| segment.ident == name))
}

/// Reads every `*.rs` below a directory (or one file), in the order of their paths. `target` and hidden directories
/// are left out. Files are named relative to the directory's own name in diagnostics.
///
/// # Errors
/// When the directory or a file in it cannot be read.
pub fn read_dir(path: &Path) -> std::io::Result<Reading> {
    let mut files = Vec::new();
    if path.is_dir() {
        collect(path, &mut files)?;
        files.sort();
    } else {
        files.push(path.to_path_buf());
    }
    let mut reading = Reading::default();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", file.display())))?;
        let one = read_source(&file.display().to_string(), &text);
        reading.declaration.entities.extend(one.declaration.entities);
        reading.declaration.enums.extend(one.declaration.enums);
        reading.diagnostics.extend(one.diagnostics);
        reading.scalars.extend(one.scalars);
    }
    reading.settle_scalars();
    Ok(reading)
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let listed = std::fs::read_dir(directory)
        .map_err(|error| std::io::Error::new(error.kind(), format!("{}: {error}", directory.display())))?;
    for entry in listed {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
