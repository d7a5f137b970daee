//! Running migrations with somebody watching: what is being done, how far it is, who is in the way, and what Ctrl-C means.
//!
//! - A second connection looks at the first once that has been busy for a while (not on SQLite, where there is nothing to
//!   see from outside but who holds the file).
//! - The first Ctrl-C (or SIGTERM) lets the statement that runs finish and begins no other: a migration in a transaction
//!   is then rolled back, another is left where the next run goes on. The second cuts the statement off.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use relata_runtime::migrate::watch::{self, Blocker, Phase};
use relata_runtime::migrate::{Event, Metrics, Observer, Runner};
use relata_sql::{Connection, Error, Kind, Result};

use super::project::{Project, tell};
use crate::drivers::connect_to_read;
use crate::output::{Output, Progress, Tone};
use crate::shadow::{ATTENDED, stopped};

/// How long a statement runs before anybody looks at it.
const QUIET: Duration = Duration::from_millis(700);
/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often a long statement is told of where there is no terminal to draw on.
const TELLING: Duration = Duration::from_secs(30);

/// How patient statements are with other people's locks.
#[derive(Args)]
pub struct Patience {
    /// How long a statement waits for a lock before it lets others through and tries again [0: as the server is set up]
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    lock_wait: u64,
    /// How often it tries
    #[arg(long, value_name = "N", default_value_t = 12)]
    lock_attempts: u32,
}

impl Patience {
    /// The runner with this patience.
    pub fn set(&self, runner: &mut Runner) {
        runner.statement_lock_timeout = (self.lock_wait > 0).then(|| Duration::from_secs(self.lock_wait));
        runner.lock_attempts = self.lock_attempts.max(1);
    }
}

/// Where it is told what was done.
#[derive(Args)]
pub struct Telling {
    /// Leave counters and durations in this file, as Prometheus' text (for node_exporter's textfile collector)
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
}

impl Telling {
    /// Whoever collects never finds half a file.
    fn write(&self, metrics: &Metrics) -> Result<()> {
        let Some(file) = &self.metrics else { return Ok(()) };
        let mut beside = file.clone().into_os_string();
        beside.push(".new");
        let written = std::fs::write(&beside, metrics.text()).and_then(|()| std::fs::rename(&beside, file));
        written.map_err(|error| {
            Error::new(Kind::Io, format!("the metrics cannot be written to {}: {error}", file.display()))
                .hint("name a file in a folder that exists and that you may write to")
        })
    }
}

/// What is known of the statement that runs.
struct Scene<'o> {
    output: &'o Output,
    progress: Progress,
    current: Mutex<Current>,
    metrics: Mutex<Metrics>,
}

struct Current {
    doing: String,
    since: Instant,
    told: Instant,
    first: Option<(Instant, Phase)>,
    blockers: Vec<Blocker>,
}

/// Runs something that applies or rolls back.
///
/// # Errors
/// Its own; a lock that was not given names who holds it; `Kind::Cancelled` after the second Ctrl-C.
pub async fn attended<T>(
    output: &Output,
    project: &Project,
    telling: &Telling,
    connection: &mut dyn Connection,
    work: impl AsyncFnOnce(&Runner, &mut dyn Connection, &mut Observer<'_>) -> Result<T>,
) -> Result<T> {
    let session = watch::session(connection).await?;
    let now = Instant::now();
    let current = Current { doing: String::new(), since: now, told: now, first: None, blockers: Vec::new() };
    // A file that cannot be written is said before anything is done.
    telling.write(&Metrics::default())?;
    let (progress, current, metrics) = (output.progress("migrating"), Mutex::new(current), Mutex::default());
    let scene = Scene { output, progress, current, metrics };
    let mut observer = |event: Event<'_>| scene.hear(&event);
    ATTENDED.store(true, Ordering::Relaxed);
    let result = {
        let running = work(&project.runner, connection, &mut observer);
        let watching = scene.watch(project, session);
        tokio::select! {
            biased;
            result = running => result,
            error = interrupted(output, &project.runner) => Err(error),
            never = watching => match never {},
        }
    };
    ATTENDED.store(false, Ordering::Relaxed);
    scene.counted(|metrics| metrics.end(&result));
    if let Err(error) = scene.counted(|metrics| telling.write(metrics)) {
        output.say(&format!("{} {error}", output.paint(Tone::Warning, "warning:")));
    }
    let blockers = std::mem::take(&mut scene.lock().blockers);
    result.map_err(|error| if error.kind() == Kind::LockTimeout { named(error, &blockers) } else { error })
}

fn named(error: Error, blockers: &[Blocker]) -> Error {
    blockers.iter().fold(error, |error, blocker| {
        let error = error.hint(format!("it was held by {}", blocker.who));
        if blocker.end.is_empty() { error } else { error.hint(format!("to end that: {}", blocker.end)) }
    })
}

/// Waits for the second signal; the first asks the runner to stop.
async fn interrupted(output: &Output, runner: &Runner) -> Error {
    stopped().await;
    runner.stop.ask();
    output.say("stopping after the statement that runs; once more Ctrl-C cuts it off");
    stopped().await;
    Error::new(Kind::Cancelled, "cut off in the middle of a statement")
        .hint("relata migrate status says where the database stands; relata migrate apply goes on, rollback undoes")
}

enum Never {}

impl Scene<'_> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn counted<T>(&self, work: impl FnOnce(&mut Metrics) -> T) -> T {
        work(&mut self.metrics.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn hear(&self, event: &Event<'_>) {
        self.counted(|metrics| metrics.hear(event));
        let mut current = self.lock();
        match event {
            Event::Statement { position, statements, sql } => {
                current.doing = format!("statement {position} of {statements}: {}", beginning(sql));
                (current.since, current.told, current.first) = (Instant::now(), Instant::now(), None);
                self.progress.doing(&current.doing);
            }
            Event::Retrying { attempt, attempts, pause, .. } => {
                let text = format!(
                    "{}: attempt {attempt} of {attempts} gave up after its time; again in {} ms",
                    self.output.paint(Tone::Warning, "a lock is in the way"),
                    pause.as_millis()
                );
                self.output.say(&text);
            }
            _ => {}
        }
        drop(current);
        self.progress.suspend(|| tell(self.output, event));
    }

    /// Looks at the session from outside, for ever.
    async fn watch(&self, project: &Project, session: i64) -> Never {
        let mut watcher: Option<Box<dyn Connection>> = None;
        loop {
            tokio::time::sleep(INTERVAL).await;
            if self.lock().since.elapsed() < QUIET {
                continue;
            }
            // Whoever watches is in nobody's way: a look that fails is a look that shows nothing.
            if watcher.is_none() {
                watcher = connect_to_read(&project.url).await.ok();
            }
            if let Some(connection) = &mut watcher {
                match watch::look(connection.as_mut(), session).await {
                    Ok(sight) => self.see(sight),
                    // Who may not look at other sessions looks at none.
                    Err(_) => std::future::pending::<()>().await,
                }
            }
        }
    }

    fn see(&self, sight: watch::Sight) {
        let mut current = self.lock();
        let waiting = self.progress.is_drawn() || !sight.blockers.is_empty();
        if !sight.blockers.is_empty() && names(&sight.blockers) != names(&current.blockers) {
            let word = self.output.paint(Tone::Warning, "waiting");
            let lines = sight.blockers.iter().map(|blocker| format!("{word} for a lock held by {}", blocker.who));
            let lines: Vec<String> = lines.collect();
            self.progress.suspend(|| lines.iter().for_each(|line| self.output.say(line)));
        }
        if !sight.blockers.is_empty() {
            current.blockers = sight.blockers;
        }
        let mut text = current.doing.clone();
        if let Some(phase) = sight.phase {
            text = format!("{text} – {}", self.measured(&mut current, phase));
        }
        self.progress.doing(&text);
        if !waiting && current.told.elapsed() >= TELLING {
            current.told = Instant::now();
            self.output.say(&format!("{text} – for {} s now", current.since.elapsed().as_secs()));
        }
    }

    /// `building index 45 %, about 12 s left`.
    fn measured(&self, current: &mut Current, phase: Phase) -> String {
        let same = |first: &(Instant, Phase)| first.1.what == phase.what;
        if !current.first.as_ref().is_some_and(same) {
            current.first = Some((Instant::now(), phase.clone()));
        }
        let first = current.first.as_ref();
        let (begun, from) = first.map_or((Duration::ZERO, 0), |(at, first)| (at.elapsed(), first.done));
        if phase.total == 0 {
            return phase.what;
        }
        let percent = phase.done * 100 / phase.total;
        let left = remaining(begun, phase.done.saturating_sub(from), phase.total.saturating_sub(phase.done));
        let left = left.map_or(String::new(), |left| format!(", about {} s left", left.as_secs()));
        format!("{} {percent} %{left}", phase.what)
    }
}

/// How long the rest takes if it goes on as it did.
fn remaining(elapsed: Duration, done: u64, left: u64) -> Option<Duration> {
    if done == 0 || elapsed < Duration::from_secs(1) {
        return None;
    }
    Some(elapsed.mul_f64(left as f64 / done as f64))
}

fn names(blockers: &[Blocker]) -> Vec<&str> {
    // Without what changes from look to look: for how long.
    blockers.iter().map(|blocker| blocker.who.split(", ").next().unwrap_or_default()).collect()
}

fn beginning(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated_from_what_was_seen() {
        assert_eq!(remaining(Duration::from_secs(10), 25, 75), Some(Duration::from_secs(30)));
        assert_eq!(remaining(Duration::from_secs(10), 0, 75), None);
        assert_eq!(remaining(Duration::from_millis(10), 5, 75), None);
    }
}
