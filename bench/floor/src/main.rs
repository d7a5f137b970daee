//! relata beside the raw drivers alone: CPU, wall time and allocations, the least of the rounds.
//!
//! `bench-floor [--sqlite PATH] [--postgres URL] [--mysql URL] [--rounds N] [--only WORD,…] [WHAT]`
//! `cases` are those of the suite; `together` sends a hundred queries by key at once and streams a million rows of whole
//! numbers; `million` asks an application's everyday questions of a table with a million rows; `copy` inserts many rows
//! beside a binary `COPY` by hand; `loading` reads a relation to one both ways; `shapes` makes statements ready that were seen before, without a database; `worker`
//! takes the suite's jobs for `raw` and `relata` from standard input (for `valgrind --tool=callgrind`).

mod allocations;
mod copy;
mod loading;
mod million;
#[path = "../../peers/src/raw.rs"]
mod raw;
#[path = "../../peers/src/relata_peer.rs"]
mod relata_peer;
mod shapes;
mod together;

use bench_suite::{Case, Database, Error, Job, Peer, Took, measure, serve};

#[global_allocator]
static ALLOCATOR: allocations::Counted = allocations::Counted;

#[derive(Default)]
struct Options {
    urls: Vec<(Database, String)>,
    rounds: usize,
    only: Vec<String>,
    what: String,
}

fn options() -> Result<Options, Error> {
    let mut options = Options { rounds: 5, what: "cases".into(), ..Options::default() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--sqlite" => options.urls.push((Database::Sqlite, format!("sqlite:{}", value()?))),
            "--postgres" => options.urls.push((Database::Postgres, value()?)),
            "--mysql" => options.urls.push((Database::Mysql, value()?)),
            "--rounds" => options.rounds = value()?.parse()?,
            "--only" => options.only = value()?.split(',').map(str::to_string).collect(),
            _ => options.what = word,
        }
    }
    Ok(options)
}

fn main() -> Result<(), Error> {
    let options = options()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match options.what.as_str() {
        "shapes" => return shapes::run(options.rounds),
        "worker" => return serve(|job| runtime.block_on(work(job))),
        _ => {}
    }
    for (database, url) in &options.urls {
        match options.what.as_str() {
            "cases" => runtime.block_on(cases(*database, url, &options))?,
            "together" => runtime.block_on(together::run(*database, url, options.rounds))?,
            "million" => runtime.block_on(million::run(*database, url))?,
            "loading" => runtime.block_on(loading::run(*database, url, options.rounds))?,
            "copy" => runtime.block_on(copy::run(url, options.rounds))?,
            other => {
                return Err(
                    format!("{other} is none of cases, together, million, loading, copy, shapes, worker").into()
                );
            }
        }
    }
    Ok(())
}

async fn work(job: &Job) -> Result<Took, Error> {
    match (job.peer.as_str(), job.database) {
        ("setup", _) => raw::setup(job).await,
        ("raw", Database::Sqlite) => measure(&mut raw::Sqlite::open(&job.url)?, job).await,
        ("raw", Database::Postgres) => measure(&mut raw::Postgres::open(&job.url).await?, job).await,
        ("raw", Database::Mysql) => measure(&mut raw::Mysql::open(&job.url).await?, job).await,
        ("relata", _) => measure(&mut relata_peer::Relata::open(&job.url).await?, job).await,
        (other, _) => Err(format!("{other} is not here").into()),
    }
}

async fn cases(database: Database, url: &str, options: &Options) -> Result<(), Error> {
    println!("| case | raw µs | relata µs | to raw | raw CPU µs | relata CPU µs | to raw | raw allocations | relata |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for case in Case::ALL {
        for &size in case.sizes() {
            let name = format!("{}/{}/{size}", database.word(), case.word());
            if options.only.is_empty() || options.only.iter().any(|word| name.contains(word.as_str())) {
                let iterations = (20_000 / size).clamp(10, 1_000);
                let job = Job { peer: String::new(), database, url: url.into(), case, size, iterations };
                compare(&name, &job, options.rounds).await?;
            }
        }
    }
    Ok(())
}

async fn compare(name: &str, job: &Job, rounds: usize) -> Result<(), Error> {
    raw::setup(job).await?;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let mut allocated = (0, 0);
    for _ in 0..rounds {
        match job.database {
            Database::Sqlite => floor.push(side(&mut raw::Sqlite::open(&job.url)?, job, &mut allocated.0).await?),
            Database::Postgres => {
                floor.push(side(&mut raw::Postgres::open(&job.url).await?, job, &mut allocated.0).await?);
            }
            Database::Mysql => floor.push(side(&mut raw::Mysql::open(&job.url).await?, job, &mut allocated.0).await?),
        }
        let mut relata = relata_peer::Relata::open(&job.url).await?;
        ours.push(side(&mut relata, job, &mut allocated.1).await?);
    }
    let least = |tooks: &[Took], of: fn(&Took) -> std::time::Duration| {
        let least = tooks.iter().map(of).min().unwrap_or_default();
        least.as_secs_f64() * 1e6 / job.iterations as f64
    };
    let (raw_wall, wall) = (least(&floor, |took| took.wall), least(&ours, |took| took.wall));
    let (raw_cpu, cpu) = (least(&floor, |took| took.cpu), least(&ours, |took| took.cpu));
    println!(
        "| {name} | {raw_wall:.1} | {wall:.1} | {:.2} | {raw_cpu:.1} | {cpu:.1} | {:.2} | {} | {} |",
        wall / raw_wall,
        cpu / raw_cpu,
        allocated.0,
        allocated.1
    );
    Ok(())
}

/// Measures one side, then counts what one more run allocates.
async fn side(peer: &mut impl Peer, job: &Job, allocated: &mut u64) -> Result<Took, Error> {
    let took = measure(peer, job).await?;
    let before = allocations::count();
    peer.run(job.case, job.size).await?;
    *allocated = allocations::count() - before;
    if job.case == Case::Insert {
        peer.clean().await?;
    }
    Ok(took)
}
