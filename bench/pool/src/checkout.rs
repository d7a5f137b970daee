//! What lending an idle connection costs, and how fairly a thousand tasks are served.
//!
//! Each pool holds connections to SQLite files or, where it takes any type, a number: what is measured is the pool. The
//! checkout is that of an idle connection on one thread; fairness is a thousand tasks that each hold one of ten connections
//! for a millisecond, all asking at once.

use std::time::{Duration, Instant};

use relata::executor::Executor;
use relata::{Db, Intent, PoolOptions};

const CHECKOUTS: u32 = 300_000;
const ROUNDS: u32 = 9;
const TASKS: usize = 1000;

struct Number;

impl deadpool::managed::Manager for Number {
    type Type = u64;
    type Error = std::convert::Infallible;

    async fn create(&self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    async fn recycle(
        &self,
        _: &mut u64,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Self::Error> {
        Ok(())
    }
}

impl bb8::ManageConnection for Number {
    type Connection = u64;
    type Error = std::convert::Infallible;

    async fn connect(&self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    async fn is_valid(&self, _: &mut u64) -> Result<(), Self::Error> {
        Ok(())
    }

    fn has_broken(&self, _: &mut u64) -> bool {
        false
    }
}

/// Something that lends connections.
trait Lends: Clone + Send + Sync + 'static {
    /// Borrows one, waits, gives it back; how long it took to get it.
    fn borrow(&self, hold: Option<Duration>) -> impl Future<Output = Duration> + Send;
}

async fn hold_for(hold: Option<Duration>) {
    if let Some(hold) = hold {
        tokio::time::sleep(hold).await;
    }
}

macro_rules! lends {
    ($name:ident($inner:ty), |$pool:ident| $get:expr) => {
        #[derive(Clone)]
        struct $name($inner);

        impl Lends for $name {
            async fn borrow(&self, hold: Option<Duration>) -> Duration {
                let begun = hold.map(|_| Instant::now());
                let $pool = &self.0;
                let held = $get;
                let waited = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
                hold_for(hold).await;
                drop(held);
                waited
            }
        }
    };
}

lends!(Deadpool(deadpool::managed::Pool<Number>), |pool| pool.get().await.expect("a connection"));
lends!(Bb8(bb8::Pool<Number>), |pool| pool.get().await.expect("a connection"));
lends!(Sqlx(sqlx::SqlitePool), |pool| pool.acquire().await.expect("a connection"));

#[derive(Clone)]
struct Relata(Db);

impl Lends for Relata {
    async fn borrow(&self, hold: Option<Duration>) -> Duration {
        let begun = hold.map(|_| Instant::now());
        let mut db = self.0.clone();
        let lease = db.lease(Intent::Read).await.expect("a connection");
        let waited = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        hold_for(hold).await;
        drop(lease);
        waited
    }
}

/// What the thread has spent of its core.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default())
}

async fn measure(name: &str, pool: impl Lends) {
    for _ in 0..1000 {
        pool.borrow(None).await;
    }
    let (mut rounds, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (begun, spent) = (Instant::now(), on_cpu());
        for _ in 0..CHECKOUTS / ROUNDS {
            pool.borrow(None).await;
        }
        rounds.push(begun.elapsed() / (CHECKOUTS / ROUNDS));
        cpu.push((on_cpu() - spent) / (CHECKOUTS / ROUNDS));
    }
    rounds.sort_unstable();
    cpu.sort_unstable();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.borrow(Some(Duration::from_millis(1))).await })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.push(task.await.expect("the task ends"));
    }
    let mean = waits.iter().sum::<Duration>() / TASKS as u32;
    let longest = waits.iter().max().copied().unwrap_or_default();
    let ratio = longest.as_secs_f64() / mean.as_secs_f64();
    let (wall, cpu) = (rounds[ROUNDS as usize / 2].as_nanos(), cpu[ROUNDS as usize / 2].as_nanos());
    println!(
        "| {name} | {cpu} | {wall} | {:.1} | {:.1} | {ratio:.2} |",
        mean.as_secs_f64() * 1e3,
        longest.as_secs_f64() * 1e3
    );
}

pub async fn run() {
    let folder = std::env::temp_dir().join(format!("relata-bench-pool-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("pool.db");
    println!("Bars: checkout under 1000 ns of CPU, the longest wait under 3 times the mean.\n");
    println!(
        "| pool | checkout CPU ns | wall ns | mean wait ms | longest wait ms | longest to mean |\n|---|---|---|---|---|---|"
    );
    let options =
        PoolOptions { max_connections: 10, acquire_timeout: Duration::from_secs(60), ..PoolOptions::default() };
    let db = Db::open_with(&format!("sqlite:{}", file.display()), options).await.expect("opens");
    measure("relata", Relata(db)).await;
    let pool = deadpool::managed::Pool::builder(Number).max_size(10).build().expect("builds");
    measure("deadpool", Deadpool(pool)).await;
    let pool = bb8::Pool::builder().max_size(10).test_on_check_out(false).build(Number).await.expect("builds");
    measure("bb8, not testing", Bb8(pool)).await;
    let url = format!("sqlite:{}", file.display());
    let options =
        || sqlx::sqlite::SqlitePoolOptions::new().max_connections(10).acquire_timeout(Duration::from_secs(60));
    measure("sqlx, not testing", Sqlx(options().test_before_acquire(false).connect(&url).await.expect("opens"))).await;
    measure("sqlx", Sqlx(options().connect(&url).await.expect("opens"))).await;
    // What is left of a benchmark is nobody's loss.
    let _ = std::fs::remove_dir_all(folder);
}
