//! The runner: prepares tables, interleaves the jobs of all peers, in another order each round, prints a table of medians and
//! ratios.
//!
//! `bench-suite [--sqlite PATH] [--postgres URL] [--mysql URL] [--rounds N] [--only WORD,…] [--least] WORKER…`
//! `--least` prints the least of the rounds instead of the median: for a machine that does other work beside.
//! Each WORKER is `PROGRAM=peer,peer,…`. The first peer of a database is the raw driver: ratios are to it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use bench_suite::{Case, Database, Error, Job, Took};

struct Worker {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    peers: Vec<String>,
}

impl Worker {
    fn start(description: &str) -> Result<Worker, Error> {
        let (program, peers) = description.split_once('=').ok_or("a worker is PROGRAM=peer,peer")?;
        let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take().ok_or("worker without standard input")?;
        let output = BufReader::new(process.stdout.take().ok_or("worker without standard output")?);
        Ok(Worker { process, input, output, peers: peers.split(',').map(str::to_string).collect() })
    }

    fn run(&mut self, job: &Job) -> Result<Took, Error> {
        writeln!(self.input, "{}", job.line())?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("the worker of {} died", job.peer).into());
        }
        Took::parse(line.trim_end())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[derive(Default)]
struct Options {
    urls: Vec<(Database, String)>,
    rounds: usize,
    only: Vec<String>,
    least: bool,
    workers: Vec<String>,
}

fn options() -> Result<Options, Error> {
    let mut options = Options { rounds: 5, ..Options::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--sqlite" => options.urls.push((Database::Sqlite, format!("sqlite:{}", value()?))),
            "--postgres" => options.urls.push((Database::Postgres, value()?)),
            "--mysql" => options.urls.push((Database::Mysql, value()?)),
            "--rounds" => options.rounds = value()?.parse()?,
            "--least" => options.least = true,
            "--only" => options.only = value()?.split(',').map(str::to_string).collect(),
            _ => options.workers.push(word),
        }
    }
    Ok(options)
}

fn main() -> Result<(), Error> {
    let options = options()?;
    let mut workers = options.workers.iter().map(|text| Worker::start(text)).collect::<Result<Vec<_>, _>>()?;
    for (database, url) in &options.urls {
        for case in Case::ALL {
            for &size in case.sizes() {
                let name = format!("{}/{}/{size}", database.word(), case.word());
                if options.only.is_empty() || options.only.iter().any(|word| name.contains(word.as_str())) {
                    measure(&mut workers, (*database, url), (case, size), &options)?;
                }
            }
        }
    }
    Ok(())
}

type Results = BTreeMap<usize, (String, Vec<Took>, String)>;

fn measure(
    workers: &mut [Worker],
    (database, url): (Database, &str),
    (case, size): (Case, usize),
    options: &Options,
) -> Result<(), Error> {
    let job = |peer: &str, iterations| Job { peer: peer.into(), database, url: url.into(), case, size, iterations };
    prepare(workers, &job("setup", 1))?;
    let mut results = Results::new();
    let iterations = iterations(case, size);
    let peers: Vec<(usize, String)> = workers
        .iter()
        .enumerate()
        .flat_map(|(worker, of)| of.peers.iter().map(move |peer| (worker, peer.clone())))
        .collect();
    for round in 0..options.rounds {
        for position in order(peers.len(), round) {
            let (worker, peer) = &peers[position];
            if case == Case::Insert {
                // Rows that others have deleted lie about in the table, and who comes next would pay for them.
                prepare(workers, &job("setup", 1))?;
            }
            let (_, tooks, error) =
                results.entry(position).or_insert_with(|| (peer.clone(), Vec::new(), String::new()));
            if error.is_empty() {
                match workers[*worker].run(&job(peer, iterations)) {
                    Ok(took) => tooks.push(took),
                    Err(problem) => *error = problem.to_string(),
                }
            }
        }
    }
    let pick = if options.least { least } else { median };
    print((database, case, size), iterations, &results, pick);
    Ok(())
}

/// In which order the peers come in a round: each round another begins and the direction changes, so that nobody always
/// follows the same one, who may leave caches cold and a server busy.
fn order(peers: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..peers).map(move |place| {
        let place = if round % 2 == 0 { place } else { peers - 1 - place };
        (place + round / 2) % peers
    })
}

/// Makes the tables anew.
fn prepare(workers: &mut [Worker], setup: &Job) -> Result<(), Error> {
    workers.first_mut().ok_or("no workers")?.run(setup)?;
    Ok(())
}

/// So many that one job takes some tens of milliseconds on the floor.
fn iterations(case: Case, size: usize) -> usize {
    match (case, size) {
        (Case::Associations, _) => 10,
        (_, 0..=10) => 300,
        (_, 11..=100) => 100,
        (_, 101..=1_000) => 30,
        _ => 5,
    }
}

fn print(
    (database, case, size): (Database, Case, usize),
    iterations: usize,
    results: &Results,
    pick: fn(Vec<f64>) -> f64,
) {
    println!("\n{} {} {size}", database.word(), case.word());
    println!(
        "  {:<14}{:>11}{:>11}{:>9}{:>9}{:>12}{:>13}",
        "peer", "wall µs", "cpu µs", "to raw", "to best", "cpu to raw", "cpu to best"
    );
    let per = |total: Duration| total.as_secs_f64() * 1e6 / iterations as f64;
    let row = |tooks: &[Took]| {
        let wall = pick(tooks.iter().map(|took| per(took.wall)).collect());
        (wall, pick(tooks.iter().map(|took| per(took.cpu)).collect()))
    };
    let done: Vec<_> = results.values().filter(|(_, tooks, error)| error.is_empty() && !tooks.is_empty()).collect();
    let Some((_, first, _)) = done.first() else { return };
    let raw = row(first);
    let peers = done.iter().skip(1).filter(|(peer, ..)| !peer.starts_with("relata")).map(|(_, tooks, _)| row(tooks));
    let best = peers.fold((f64::INFINITY, f64::INFINITY), |best, peer| (best.0.min(peer.0), best.1.min(peer.1)));
    for (peer, tooks, error) in results.values() {
        if !error.is_empty() {
            if !error.contains("not for this database") {
                println!("  {peer:<14}  {error}");
            }
            continue;
        }
        let (wall, cpu) = row(tooks);
        let (to_raw, to_best) = ((wall / raw.0, cpu / raw.1), (wall / best.0, cpu / best.1));
        println!(
            "  {peer:<14}{wall:>11.1}{cpu:>11.1}{:>9.2}{:>9.2}{:>12.2}{:>13.2}",
            to_raw.0, to_best.0, to_raw.1, to_best.1
        );
        if tooks[0].check != first[0].check {
            println!("  {peer:<14}  did other work: {} instead of {}", tooks[0].check, first[0].check);
        }
    }
}

fn least(values: Vec<f64>) -> f64 {
    values.into_iter().fold(f64::NAN, f64::min)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
