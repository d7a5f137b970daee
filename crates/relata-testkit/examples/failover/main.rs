//! The bars of failover, measured: `bench/failover [--all] [--seeds 20] [--from 1] [--reads 100000] [--only NAME,…]`.
//!
//! Every scenario starts servers of its own, lets writers write or readers read, and does to a server what machines and
//! networks do, at moments that the seed chooses; writers do what pgbench does. What came of each run is told as it ends, on
//! stderr; in the end one table tells of all, with the bars beside. `--all` is `--seeds 20 --reads 100000`. Tests of the same scenarios assert what must never happen; what depends on a calm machine is measured here.
//!
//! Exit code 3: a bar was missed.

#![allow(clippy::print_stdout)]

mod mariadb;
mod nodes;
mod postgres;
mod tokens;

use std::time::{Duration, Instant};

use relata_runtime::Db;
use relata_runtime::cluster::Role;
use relata_sql::DatabaseUrl;
use relata_testkit::Proxy;

/// Clients go on within this time after the promotion.
const AFTER_PROMOTION: Duration = Duration::from_secs(1);

/// A frozen node is out of rotation within this time.
const OUT_OF_ROTATION: Duration = Duration::from_secs(3);

/// What is run when nobody chooses.
const ALL: [&str; 13] = [
    "postgres-sync-kill",
    "postgres-sync-freeze",
    "postgres-sync-cut",
    "postgres-async-kill",
    "postgres-patroni-kill",
    "mariadb-sync-kill",
    "mariadb-sync-freeze",
    "mariadb-sync-cut",
    "mariadb-async-kill",
    "frozen-replica",
    "flapping-replica",
    "postgres-tokens",
    "mariadb-tokens",
];

/// What befalls the primary.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blow {
    /// Its machine loses its power.
    Kill,
    /// Its machine stands still, and goes on when another has taken over.
    Freeze,
    /// Its cable is pulled.
    Cut,
}

/// The nodes, each behind a proxy of its own where the wire is to be cut: proxies cost time.
async fn behind_proxies(url: DatabaseUrl, blow: Blow) -> (DatabaseUrl, Vec<Proxy>) {
    let mut proxies = Vec::new();
    if blow != Blow::Cut {
        return (url, proxies);
    }
    for (host, port) in &url.hosts {
        proxies.push(Proxy::to(&format!("{host}:{port}")).await);
    }
    let hosts = proxies.iter().flat_map(|proxy| proxy.url(&url).hosts).collect();
    (DatabaseUrl { hosts, ..url }, proxies)
}

/// What came of one run.
#[derive(Debug, Default)]
struct Outcome {
    acknowledged: usize,
    found: usize,
    lost: usize,
    duplicated: usize,
    /// Errors that reached the application, by kind.
    errors: String,
    /// A measured time, and the bar it must stay under.
    took: Option<(&'static str, Duration, Duration)>,
    /// What was broken that must never be.
    broken: Vec<String>,
}

impl Outcome {
    fn bar(mut self, what: &'static str, took: Duration, bar: Duration) -> Self {
        self.took = Some((what, took, bar));
        if took > bar {
            self.broken.push(format!("{what}: {took:.2?} (bar {bar:?})"));
        }
        self
    }

    fn must(mut self, holds: bool, what: &str) -> Self {
        if !holds {
            self.broken.push(what.to_string());
        }
        self
    }
}

/// Waits until the nodes are what they should be; how long that took.
async fn until_nodes(db: &Db, limit: Duration, test: impl Fn(&[Role]) -> bool) -> Option<Duration> {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        let roles: Vec<_> = db.nodes().iter().map(|node| node.role).collect();
        if test(&roles) {
            return Some(begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    None
}

struct Arguments {
    seeds: u64,
    from: u64,
    reads: usize,
    only: Vec<String>,
}

fn arguments() -> Result<Arguments, String> {
    let only = ALL.map(str::to_string).to_vec();
    let mut read = Arguments { seeds: 1, from: 1, reads: 1000, only };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--all" {
            (read.seeds, read.reads) = (20, 100_000);
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("{word}: {value:?} is no number"));
        match word.as_str() {
            "--seeds" => read.seeds = number()?,
            "--from" => read.from = number()?,
            "--reads" => read.reads = usize::try_from(number()?).unwrap_or(usize::MAX),
            "--only" => read.only = value.split(',').map(str::to_string).collect(),
            _ => return Err(format!("unknown option {word}")),
        }
    }
    match read.only.iter().find(|name| !ALL.contains(&name.as_str())) {
        Some(name) => Err(format!("there is no scenario {name}; there are {}", ALL.join(", "))),
        None => Ok(read),
    }
}

async fn run(name: &str, seed: u64, reads: usize) -> Outcome {
    let mut chance = fastrand::Rng::with_seed(seed);
    match name {
        "postgres-sync-kill" => postgres::run(true, Blow::Kill, &mut chance).await,
        "postgres-sync-freeze" => postgres::run(true, Blow::Freeze, &mut chance).await,
        "postgres-sync-cut" => postgres::run(true, Blow::Cut, &mut chance).await,
        "postgres-async-kill" => postgres::run(false, Blow::Kill, &mut chance).await,
        "postgres-patroni-kill" => postgres::patroni(&mut chance).await,
        "mariadb-sync-kill" => mariadb::run(true, Blow::Kill, &mut chance).await,
        "mariadb-sync-freeze" => mariadb::run(true, Blow::Freeze, &mut chance).await,
        "mariadb-sync-cut" => mariadb::run(true, Blow::Cut, &mut chance).await,
        "mariadb-async-kill" => mariadb::run(false, Blow::Kill, &mut chance).await,
        "frozen-replica" => nodes::frozen(&mut chance).await,
        "flapping-replica" => nodes::flapping().await,
        "postgres-tokens" => tokens::postgres(reads).await,
        _ => tokens::mariadb(reads).await,
    }
}

/// Scenarios in which chance has no part are run once.
fn is_seeded(name: &str) -> bool {
    !name.ends_with("tokens") && name != "flapping-replica"
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("{wrong}");
            return 2.into();
        }
    };
    let mut missed = Vec::new();
    let mut table = Vec::new();
    for name in &arguments.only {
        let seeds = if is_seeded(name) { arguments.seeds } else { 1 };
        let mut all = Vec::new();
        for seed in arguments.from..arguments.from + seeds {
            let outcome = run(name, seed, arguments.reads).await;
            eprintln!("{name}, seed {seed}: {outcome:?}");
            missed.extend(outcome.broken.iter().map(|what| format!("{name}, seed {seed}: {what}")));
            all.push(outcome);
        }
        table.push(row(name, &all));
    }
    println!(
        "| scenario | runs | acknowledged | found | lost | twice | errors seen | measured: middle, longest | bar | held |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    table.iter().for_each(|row| println!("{row}"));
    for line in &missed {
        println!("MISSED {line}");
    }
    println!("{}", if missed.is_empty() { "every bar held" } else { "bars were missed" });
    if missed.is_empty() { 0.into() } else { 3.into() }
}

/// What came of all runs of a scenario.
fn row(name: &str, all: &[Outcome]) -> String {
    let sum = |number: fn(&Outcome) -> usize| all.iter().map(number).sum::<usize>();
    let mut errors: Vec<_> = all.iter().map(|run| run.errors.as_str()).filter(|errors| !errors.is_empty()).collect();
    errors.dedup();
    let errors = if errors.is_empty() { "none".to_string() } else { errors.join("; ") };
    let mut times: Vec<_> = all.iter().filter_map(|run| run.took).collect();
    times.sort_unstable_by_key(|(_, took, _)| *took);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let (measured, bar) = match (times.get(times.len() / 2), times.last()) {
        (Some((what, middle, bar)), Some((_, longest, _))) => {
            (format!("{what}: {}, {}", seconds(*middle), seconds(*longest)), seconds(*bar))
        }
        _ => (String::new(), String::new()),
    };
    let held = all.iter().filter(|run| run.broken.is_empty()).count();
    let (acknowledged, found, lost) = (sum(|run| run.acknowledged), sum(|run| run.found), sum(|run| run.lost));
    let twice = sum(|run| run.duplicated);
    format!(
        "| {name} | {} | {acknowledged} | {found} | {lost} | {twice} | {errors} | {measured} | {bar} | {held} of {} |",
        all.len(),
        all.len()
    )
}
