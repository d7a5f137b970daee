//! Whole servers as the kernel sees them: a process and its children.

use std::path::Path;
use std::process::{Child, Command};

/// The children of a process.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    processes.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; behind it come the state and the parent.
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn signal(name: &str, pids: &[u32]) {
    let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
    // One that has gone in the meantime is no failure.
    let _ = Command::new("kill").arg(format!("-{name}")).args(&pids).stderr(std::process::Stdio::null()).status();
}

fn all(child: &Child) -> Vec<u32> {
    let mut pids = vec![child.id()];
    pids.extend(children(child.id()));
    pids
}

/// Whether it stands still, or is no more.
fn stands_still(pid: &u32) -> bool {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
    state.is_none_or(|state| matches!(state, "T" | "t" | "Z" | "X"))
}

/// As if the machine's clock stood still. A signal takes effect a moment after it was sent, and until then the parent may
/// have started another child: it is over when all that there are stand still.
pub fn freeze(child: &Child) {
    // The parent first, so that it starts no further children.
    signal("STOP", &[child.id()]);
    for _ in 0..10_000 {
        let pids = all(child);
        if pids.iter().all(stands_still) {
            return;
        }
        signal("STOP", &pids);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// It goes on.
pub fn thaw(child: &Child) {
    signal("CONT", &all(child));
}

/// A process and another with its children at once.
pub(crate) fn kill_with(child: &mut Child, other: Option<u32>) {
    let mut pids = all(child);
    pids.extend(other);
    signal("STOP", &pids);
    pids.extend(other.into_iter().flat_map(children));
    signal("KILL", &pids);
    let _ = child.wait();
}

/// As if the machine had lost its power: backends that outlive their postmaster would go on to acknowledge commits.
pub fn kill(child: &mut Child) {
    freeze(child);
    signal("KILL", &all(child));
    let _ = child.wait();
}

/// Gives back the memory that a PostgreSQL server which was killed leaves to the system until it starts again: it never will.
/// The system has room for some thousands of these, and without room no server starts.
pub fn release_memory(data: &Path) {
    let written = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    // The seventh line holds the key of the memory and its number; a server that has ended has removed the file.
    if let Some(number) = written.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
        let _ = Command::new("ipcrm").args(["-m", number]).stderr(std::process::Stdio::null()).status();
    }
}
