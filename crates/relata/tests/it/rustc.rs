//! rustc called on the library that these tests are linked with.

use std::path::{Path, PathBuf};

/// The newest build of the facade beside this test that has the features of this one: other tests of the workspace are
/// linked with a facade of fewer.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let mut builds: Vec<PathBuf> = built(test.parent().unwrap(), "relata").collect();
    builds.sort_by_key(|path| std::cmp::Reverse(path.metadata().unwrap().modified().unwrap()));
    let fitting = builds.into_iter().find(|path| linked(path, "chrono").is_some() == cfg!(feature = "chrono"));
    fitting.expect("the facade was built")
}

/// The build of a dependency that a library was linked with.
pub fn dependency(library: &Path, name: &str) -> PathBuf {
    linked(library, name).unwrap_or_else(|| panic!("{} was linked with no {name}", library.display()))
}

/// The build whose hash the library names.
fn linked(library: &Path, name: &str) -> Option<PathBuf> {
    let holder = std::fs::read(library).unwrap();
    let named = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let hash = stem.rsplit('-').next().unwrap().as_bytes().to_vec();
        holder.windows(hash.len()).any(|window| window == hash)
    };
    built(library.parent().unwrap(), name).find(named)
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
