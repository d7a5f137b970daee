//! Pools beside one another, and what watching statements costs.
//!
//! `bench-pool checkout`                    lending an idle connection; a thousand tasks on ten connections
//! `bench-pool frozen POSTGRES_URL`         a server that stands still, seen by those who ask it
//! `bench-pool observed URL…`               point selects with and without `PoolOptions::observe`, in turns
//! `bench-pool selects URL on|off COUNT`    so many of them and nothing else, for a counter of instructions (`bench/observed`)

mod checkout;
mod frozen;
mod observed;

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // What is counted shall be the client's own work, on one thread.
    let mut runtime = match words.first() {
        Some(&"frozen") => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build().expect("a runtime");
    match words.as_slice() {
        [] | ["checkout"] => runtime.block_on(checkout::run()),
        ["frozen", url] => runtime.block_on(frozen::run(url)),
        ["observed", urls @ ..] => runtime.block_on(observed::run(urls)),
        ["selects", url, on, count] => {
            let count = count.parse().expect("a number of selects");
            runtime.block_on(observed::selects(url, *on == "on", count));
        }
        _ => {
            eprintln!("bench-pool [checkout | frozen POSTGRES_URL | observed URL… | selects URL on|off COUNT]");
            std::process::exit(2);
        }
    }
}
