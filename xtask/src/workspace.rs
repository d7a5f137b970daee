//! The files of the workspace, as git knows them: tracked, and new ones that are not ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every text file under the root, by its path from there.
pub struct Workspace {
    root: PathBuf,
    files: BTreeMap<String, String>,
}

/// What is wrong, where, and what to do.
pub struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    /// A finding about a file; line 0: the file as a whole.
    pub fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Finding { path: path.to_string(), line, message: message.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

impl Workspace {
    /// Reads the workspace that this program was built from.
    pub fn open() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?.to_path_buf();
        let listed = run(&root, "git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
        // What is not text (a database among the assets) has no rules.
        let read = |path: &str| Some((path.to_string(), std::fs::read_to_string(root.join(path)).ok()?));
        let files = listed.lines().filter_map(read).collect();
        Ok(Workspace { root, files })
    }

    /// Every file, in the order of paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The place of a file on this machine.
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// What cargo prints.
    pub fn cargo(&self, arguments: &[&str]) -> Result<String, String> {
        run(&self.root, env!("CARGO"), arguments)
    }
}

fn run(root: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let doing = || format!("{program} {}", arguments.join(" "));
    let output = Command::new(program).args(arguments).current_dir(root).output();
    let output = output.map_err(|error| format!("could not run {}: {error}", doing()))?;
    if !output.status.success() {
        return Err(format!("{} failed:\n{}", doing(), String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{} printed something that is no text", doing()))
}
