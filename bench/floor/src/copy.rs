//! Many rows into PostgreSQL: relata beside a binary `COPY` by hand.

use std::time::Instant;

use bench_suite::{Case, Database, Error, Job, Peer, cpu_time, new_user};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::relata_peer::Relata;

/// Prints a table: the least of the rounds.
pub async fn run(url: &str, rounds: usize) -> Result<(), Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    println!("| rows | COPY by hand µs | relata µs | to hand | CPU by hand µs | relata CPU µs | to hand |");
    println!("|---|---|---|---|---|---|---|");
    for size in [100, 300, 1_000, 10_000, 100_000] {
        let job = Job {
            peer: String::new(),
            database: Database::Postgres,
            url: url.into(),
            case: Case::Insert,
            size,
            iterations: 1,
        };
        crate::raw::setup(&job).await?;
        let mut relata = Relata::open(url).await?;
        let (mut hand, mut ours) = (Least::default(), Least::default());
        let times = (20_000 / size).clamp(1, 50);
        for round in 0..rounds.max(2) {
            for turn in 0..2 {
                client.batch_execute("TRUNCATE users CASCADE").await?;
                let begun = (Instant::now(), cpu_time());
                for _ in 0..times {
                    // Each begins as often as the other.
                    if (round + turn) % 2 == 0 {
                        by_hand(&client, size).await?;
                    } else {
                        relata.run(Case::Insert, size).await?;
                    }
                }
                let least = if (round + turn) % 2 == 0 { &mut hand } else { &mut ours };
                least.see(begun, times);
            }
        }
        println!(
            "| {size} | {:.0} | {:.0} | {:.2} | {:.0} | {:.0} | {:.2} |",
            hand.wall,
            ours.wall,
            ours.wall / hand.wall,
            hand.cpu,
            ours.cpu,
            ours.cpu / hand.cpu
        );
    }
    Ok(())
}

struct Least {
    wall: f64,
    cpu: f64,
}

impl Default for Least {
    fn default() -> Self {
        Least { wall: f64::INFINITY, cpu: f64::INFINITY }
    }
}

impl Least {
    fn see(&mut self, (wall, cpu): (Instant, std::time::Duration), times: usize) {
        let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / times as f64;
        self.wall = self.wall.min(each(wall.elapsed()));
        self.cpu = self.cpu.min(each(cpu_time() - cpu));
    }
}

async fn by_hand(client: &tokio_postgres::Client, size: usize) -> Result<(), Error> {
    let sink = client.copy_in("COPY users (name, hair_color) FROM STDIN BINARY").await?;
    let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &[Type::VARCHAR, Type::VARCHAR]));
    for (name, hair) in (0..size).map(new_user) {
        writer.as_mut().write(&[&name, &hair]).await?;
    }
    assert_eq!(writer.finish().await?, size as u64, "every row was taken");
    Ok(())
}
