//! A server that stands still: how long until a caller is told, and until it works again.
//!
//! Each pool lends two connections to PostgreSQL through a proxy that stops passing anything on, and closes nothing, as a
//! frozen machine does. Both are connected and idle when that happens: for a moment, or for longer than relata lends without
//! testing. Every pool waits two seconds for a connection; what else it does is its default. The last rows are of pools of which
//! nothing was set at all. deadpool and bb8 hold clients of tokio-postgres and test them as deadpool-postgres and
//! bb8-postgres do.

use std::time::{Duration, Instant};

use relata::{Db, PoolOptions, sql};
use relata_testkit::{Fault, Proxy};
use tokio_postgres::{Client, NoTls};

/// How long each pool waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);

/// Nobody is waited for longer.
const GIVEN_UP: Duration = Duration::from_secs(35);

/// Longer than relata lends a connection without testing it.
const RESTED: Duration = Duration::from_millis(700);

struct Clients(String);

impl Clients {
    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.0, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl deadpool::managed::Manager for Clients {
    type Type = Client;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Client, Self::Error> {
        self.connect().await
    }

    async fn recycle(
        &self,
        client: &mut Client,
        _: &deadpool::managed::Metrics,
    ) -> deadpool::managed::RecycleResult<Self::Error> {
        match client.is_closed() {
            true => Err(deadpool::managed::RecycleError::message("closed")),
            false => Ok(()),
        }
    }
}

impl bb8::ManageConnection for Clients {
    type Connection = Client;
    type Error = tokio_postgres::Error;

    async fn connect(&self) -> Result<Client, Self::Error> {
        Clients::connect(self).await
    }

    async fn is_valid(&self, client: &mut Client) -> Result<(), Self::Error> {
        client.simple_query("").await.map(|_| ())
    }

    fn has_broken(&self, client: &mut Client) -> bool {
        client.is_closed()
    }
}

/// Something that can be asked.
trait Asks: Clone + Send + Sync + 'static {
    fn ask(&self) -> impl Future<Output = Result<(), String>> + Send;
}

macro_rules! asks {
    ($name:ident($inner:ty), |$pool:ident| $ask:expr) => {
        #[derive(Clone)]
        struct $name($inner);

        impl Asks for $name {
            async fn ask(&self) -> Result<(), String> {
                let $pool = &self.0;
                $ask
            }
        }
    };
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_string()
}

asks!(Relata(Db), |db| sql::<i64>("SELECT 1", ()).one(&mut db.clone()).await.map(|_| ()).map_err(text));
asks!(Hurried(Db), |db| sql::<i64>("SELECT 1", ()).one(&mut db.within(ACQUIRE)).await.map(|_| ()).map_err(text));
asks!(Deadpool(deadpool::managed::Pool<Clients>), |pool| {
    let client = pool.get().await.map_err(text)?;
    client.simple_query("SELECT 1").await.map(|_| ()).map_err(text)
});
asks!(Bb8(bb8::Pool<Clients>), |pool| {
    let client = pool.get().await.map_err(text)?;
    client.simple_query("SELECT 1").await.map(|_| ()).map_err(text)
});
asks!(Sqlx(sqlx::PgPool), |pool| sqlx::query("SELECT 1").execute(pool).await.map(|_| ()).map_err(text));

/// How it ended and after how long; `None`: it did not.
async fn told(pool: impl Asks) -> String {
    let begun = Instant::now();
    match tokio::time::timeout(GIVEN_UP, pool.ask()).await {
        Ok(Ok(())) => "answered".to_string(),
        Ok(Err(error)) => format!("{:.1} s: {}", begun.elapsed().as_secs_f64(), error.replace('|', "/")),
        Err(_) => format!("nothing for {} s", GIVEN_UP.as_secs()),
    }
}

async fn measure(name: &str, proxy: &Proxy, rest: Duration, pool: impl Asks) {
    let (first, second) = tokio::join!(pool.ask(), pool.ask());
    first.and(second).unwrap_or_else(|error| panic!("{name}: {error}"));
    tokio::time::sleep(rest).await;
    proxy.set(Fault::HalfOpen);
    // Two who get what was idle, and one who comes after them.
    let callers: Vec<_> = (0..3).map(|_| tokio::spawn(told(pool.clone()))).collect();
    let mut ends = Vec::new();
    for caller in callers {
        ends.push(caller.await.expect("a caller"));
    }
    ends.sort();
    proxy.set(Fault::None);
    let thawed = Instant::now();
    let mut again = None;
    while again.is_none() && thawed.elapsed() < GIVEN_UP {
        if let Ok(Ok(())) = tokio::time::timeout(ACQUIRE, pool.ask()).await {
            again = Some(thawed.elapsed());
        }
    }
    let again = again.map_or("never".to_string(), |after| format!("{:.2} s", after.as_secs_f64()));
    println!("| {name} | {} | {again} |", ends.join("<br>"));
}

pub async fn run(url: &str) {
    let url: relata::DatabaseUrl = url.parse().unwrap_or_else(|error| panic!("{error}"));
    let proxy = Proxy::in_front_of(&url).await;
    let url = proxy.url(&url).expose();
    println!("| pool | what three callers are told | works again after the thaw |\n|---|---|---|");
    let now = Duration::ZERO;
    let options = PoolOptions { max_connections: 2, acquire_timeout: ACQUIRE, ..PoolOptions::default() };
    let db = Db::open_with(&url, options).await.unwrap_or_else(|error| panic!("{error}"));
    measure("relata", &proxy, now, Relata(db.clone())).await;
    measure("relata, rested", &proxy, RESTED, Relata(db.clone())).await;
    measure("relata, a deadline of 2 s", &proxy, now, Hurried(db)).await;
    let pool = deadpool::managed::Pool::builder(Clients(url.clone())).max_size(2).wait_timeout(Some(ACQUIRE));
    let pool = pool.runtime(deadpool::Runtime::Tokio1).build().expect("builds");
    measure("deadpool", &proxy, now, Deadpool(pool)).await;
    let pool = bb8::Pool::builder().max_size(2).connection_timeout(ACQUIRE).build(Clients(url.clone())).await;
    measure("bb8", &proxy, now, Bb8(pool.expect("builds"))).await;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(2).acquire_timeout(ACQUIRE).connect(&url).await;
    measure("sqlx", &proxy, now, Sqlx(pool.expect("opens"))).await;
    let db = Db::open(&url).await.unwrap_or_else(|error| panic!("{error}"));
    measure("relata, nothing set", &proxy, now, Relata(db.clone())).await;
    measure("relata, nothing set, rested", &proxy, RESTED, Relata(db)).await;
    let pool = bb8::Pool::builder().build(Clients(url.clone())).await;
    measure("bb8, nothing set", &proxy, now, Bb8(pool.expect("builds"))).await;
    let pool = sqlx::PgPool::connect(&url).await;
    measure("sqlx, nothing set", &proxy, now, Sqlx(pool.expect("opens"))).await;
}
