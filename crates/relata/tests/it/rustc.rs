//! rustc called on the library that these tests are linked with.

use std::path::{Path, PathBuf};

/// The newest build of the facade beside this test.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let newest =
        built(test.parent().unwrap(), "relata").max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    newest.expect("the facade was built")
}

/// The build of a dependency that a library was linked with: the one whose hash it names.
pub fn dependency(library: &Path, name: &str) -> PathBuf {
    let holder = std::fs::read(library).unwrap();
    let named = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let hash = stem.rsplit('-').next().unwrap().as_bytes().to_vec();
        holder.windows(hash.len()).any(|window| window == hash)
    };
    let found = built(library.parent().unwrap(), name).find(named);
    found.unwrap_or_else(|| panic!("{} was linked with no {name}", library.display()))
}

fn built(folder: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let prefix = format!("lib{name}-");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(move |path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&prefix) && name.ends_with(".rlib")
    })
}

/// The compiler.
pub fn rustc() -> PathBuf {
    let cargo = std::env::var_os("CARGO").map(|cargo| PathBuf::from(cargo).with_file_name("rustc"));
    cargo.filter(|rustc| rustc.exists()).unwrap_or_else(|| "rustc".into())
}
