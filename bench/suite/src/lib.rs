//! Cases, fixtures and the protocol between the runner and its workers.
//!
//! A worker is a process that holds peers. The runner tells it, one line a job, what to run; the worker connects, warms
//! up, runs the case so many times and answers with wall and CPU time. The runner interleaves the jobs of all peers, so
//! that a machine whose speed drifts hits everyone alike.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

/// A boxed error of any peer.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// SQLite in a file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    Mysql,
}

/// What is measured. Tables and sizes are those of diesel_bench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// All users, as structs.
    Trivial,
    /// Users with hair colour black, left join posts, ordered by hair colour.
    Medium,
    /// 9 or 100 users with ten posts each with ten comments each, as diesel_bench has them, or 300 with 600 with 1 200, nested.
    Associations,
    /// So many users inserted in one call.
    Insert,
    /// One user by key.
    Point,
}

impl Database {
    /// Every database.
    pub const ALL: [Database; 3] = [Database::Sqlite, Database::Postgres, Database::Mysql];

    /// Its word in the protocol.
    pub const fn word(self) -> &'static str {
        match self {
            Database::Sqlite => "sqlite",
            Database::Postgres => "postgres",
            Database::Mysql => "mysql",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|database| database.word() == word)
    }
}

impl Case {
    /// Every case.
    pub const ALL: [Case; 5] = [Case::Trivial, Case::Medium, Case::Associations, Case::Insert, Case::Point];

    /// Its word in the protocol.
    pub const fn word(self) -> &'static str {
        match self {
            Case::Trivial => "trivial",
            Case::Medium => "medium",
            Case::Associations => "associations",
            Case::Insert => "insert",
            Case::Point => "point",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|case| case.word() == word)
    }

    /// The sizes it is run with.
    pub const fn sizes(self) -> &'static [usize] {
        match self {
            Case::Trivial | Case::Medium => &[1, 10, 100, 1_000, 10_000],
            Case::Associations => &[9, 100, 300],
            Case::Insert => &[1, 10, 100, 10_000],
            Case::Point => &[1],
        }
    }
}

/// One job of one peer.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which peer.
    pub peer: String,
    /// On which database.
    pub database: Database,
    /// Where it is, as `sqlite:PATH`, `postgres://…`, `mysql://…`.
    pub url: String,
    /// What.
    pub case: Case,
    /// How much.
    pub size: usize,
    /// How often.
    pub iterations: usize,
}

/// What a job took, in total.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// Wall time.
    pub wall: Duration,
    /// CPU time of the worker process.
    pub cpu: Duration,
    /// Sum of what the iterations returned: equal for all peers, or somebody did not do the work.
    pub check: u64,
}

/// One peer on one open connection.
#[allow(async_fn_in_trait, reason = "workers drive one peer at a time on one thread")]
pub trait Peer {
    /// Runs the case once and returns a number that shows the work was done: rows read or written.
    async fn run(&mut self, case: Case, size: usize) -> Result<u64, Error>;

    /// Deletes all users, after an insert. Not measured.
    async fn clean(&mut self) -> Result<(), Error>;
}

/// Warms up, runs and measures.
///
/// # Errors
/// Whatever the peer reports.
pub async fn measure(peer: &mut impl Peer, job: &Job) -> Result<Took, Error> {
    let mut took = Took { wall: Duration::ZERO, cpu: Duration::ZERO, check: 0 };
    for warm in [true, false] {
        let iterations = if warm { job.iterations.min(3) } else { job.iterations };
        if job.case == Case::Insert {
            for _ in 0..iterations {
                let (wall, cpu) = (Instant::now(), cpu_time());
                let check = peer.run(job.case, job.size).await?;
                add(&mut took, warm, wall, cpu, check);
                peer.clean().await?;
            }
        } else {
            let (wall, cpu) = (Instant::now(), cpu_time());
            let mut check = 0;
            for _ in 0..iterations {
                check += peer.run(job.case, job.size).await?;
            }
            add(&mut took, warm, wall, cpu, check);
        }
    }
    Ok(took)
}

fn add(took: &mut Took, warm: bool, wall: Instant, cpu: Duration, check: u64) {
    if !warm {
        took.wall += wall.elapsed();
        took.cpu += cpu_time() - cpu;
        took.check += check;
    }
}

/// CPU time of this process, user and system.
pub fn cpu_time() -> Duration {
    // SAFETY: getrusage writes the whole struct, which outlives the call.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let part = |time: libc::timeval| {
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_usec).unwrap_or(0) * 1000)
    };
    part(usage.ru_utime) + part(usage.ru_stime)
}

impl Job {
    /// The line that tells a worker.
    pub fn line(&self) -> String {
        let Job { peer, database, url, case, size, iterations } = self;
        format!("{peer} {} {url} {} {size} {iterations}", database.word(), case.word())
    }

    fn parse(line: &str) -> Option<Job> {
        let mut words = line.split_whitespace();
        Some(Job {
            peer: words.next()?.to_string(),
            database: Database::parse(words.next()?)?,
            url: words.next()?.to_string(),
            case: Case::parse(words.next()?)?,
            size: words.next()?.parse().ok()?,
            iterations: words.next()?.parse().ok()?,
        })
    }
}

impl Took {
    /// Reads a worker's answer.
    ///
    /// # Errors
    /// The worker's error, or what is wrong with the line.
    pub fn parse(line: &str) -> Result<Took, Error> {
        let numbers: Vec<u64> = line
            .strip_prefix("ok ")
            .ok_or_else(|| line.to_string())?
            .split(' ')
            .map_while(|n| n.parse().ok())
            .collect();
        let [wall, cpu, check] = numbers[..] else { return Err(format!("not an answer: {line}").into()) };
        Ok(Took { wall: Duration::from_nanos(wall), cpu: Duration::from_nanos(cpu), check })
    }
}

/// The loop of a worker: reads jobs from standard input, writes answers to standard output.
///
/// # Errors
/// When standard input or output fails.
pub fn serve(mut run: impl FnMut(&Job) -> Result<Took, Error>) -> Result<(), Error> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match Job::parse(&line) {
            None => format!("error not a job: {line}"),
            Some(job) => match run(&job) {
                Ok(took) => format!("ok {} {} {}", took.wall.as_nanos(), took.cpu.as_nanos(), took.check),
                Err(error) => format!("error {}", error.to_string().replace('\n', " ")),
            },
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The statements that create the empty tables.
pub fn tables(database: Database) -> Vec<String> {
    let (key, text, engine) = match database {
        Database::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", ""),
        Database::Postgres => ("SERIAL PRIMARY KEY", "VARCHAR", ""),
        Database::Mysql => ("INT PRIMARY KEY AUTO_INCREMENT", "VARCHAR(255)", " ENGINE=InnoDB"),
    };
    let mut all: Vec<String> =
        ["comments", "posts", "users"].iter().map(|t| format!("DROP TABLE IF EXISTS {t}")).collect();
    all.push(format!("CREATE TABLE users (id {key}, name {text} NOT NULL, hair_color {text}){engine}"));
    all.push(format!(
        "CREATE TABLE posts (id {key}, user_id INT NOT NULL REFERENCES users (id), title {text} NOT NULL, body {text}){engine}"
    ));
    all.push(format!(
        "CREATE TABLE comments (id {key}, post_id INT NOT NULL REFERENCES posts (id), text {text} NOT NULL){engine}"
    ));
    all.push("CREATE INDEX posts_user ON posts (user_id)".into());
    all.push("CREATE INDEX comments_post ON comments (post_id)".into());
    all
}

/// The statements that fill the tables for a case: multi-row inserts of at most 500 rows.
pub fn rows(case: Case, size: usize) -> Vec<String> {
    let hair = |i: usize| if i.is_multiple_of(2) { "black" } else { "brown" };
    let users = |count: usize| {
        insert("users (id, name, hair_color)", (0..count).map(|i| format!("({}, 'User {i}', '{}')", i + 1, hair(i))))
    };
    match case {
        Case::Trivial => users(size),
        Case::Point => users(1_000),
        Case::Insert => Vec::new(),
        Case::Medium => {
            let mut all = users(size);
            let post = |i: usize| format!("({}, {}, 'Post {i}', NULL)", i + 1, i + 1);
            all.extend(insert("posts (id, user_id, title, body)", (0..size).step_by(3).map(post)));
            all
        }
        Case::Associations => {
            let mut all = users(size);
            let each = if size == 300 { 2 } else { 10 };
            let post = |i: usize| format!("({}, {}, 'Post {i}', 'A body')", i + 1, i / each + 1);
            all.extend(insert("posts (id, user_id, title, body)", (0..size * each).map(post)));
            let comment = |i: usize| format!("({}, {}, 'Comment {i}')", i + 1, i / each + 1);
            all.extend(insert("comments (id, post_id, text)", (0..size * each * each).map(comment)));
            all
        }
    }
}

fn insert(into: &str, rows: impl Iterator<Item = String>) -> Vec<String> {
    let rows: Vec<String> = rows.collect();
    rows.chunks(500).map(|chunk| format!("INSERT INTO {into} VALUES {}", chunk.join(", "))).collect()
}

/// The name and hair colour of the `i`-th user to insert.
pub fn new_user(i: usize) -> (String, Option<String>) {
    (format!("User {i}"), i.is_multiple_of(2).then(|| "hair color".to_string()))
}
