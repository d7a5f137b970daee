//! A proxy between a client and a server that does to the wire what networks do.
//!
//! Invariants
//! - Without a fault every byte passes unchanged and at once.
//! - A fault set with [`Proxy::set`] holds for the connections of now and for those to come, until another is set.
//! - It ends, with all its connections, when it is dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use relata_sql::DatabaseUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// What the proxy does to the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Each portion of bytes waits so long, in both directions.
    Delay(Duration),
    /// So many bytes a second, in both directions.
    Throttle(usize),
    /// The server's answers vanish; what the client sends arrives.
    DropAnswers,
    /// Nothing passes and nothing is closed: a cable pulled, a frozen machine.
    HalfOpen,
    /// Bytes of the server's answers are changed.
    Garble,
    /// Connections are closed, new ones as soon as they are made.
    Refuse,
    /// A request that contains this text arrives, and the connection is closed before its answer; once.
    CutAnswerTo(&'static str),
    /// A request that contains this text does not arrive: the connection is closed; once.
    CutRequest(&'static str),
    /// The answer to a request that contains the first text, and those after it, wait until a request that contains the
    /// second has come: for ever, if the client waits for the answer first. Once.
    HoldAnswers(&'static str, &'static str),
}

/// A proxy in front of a server.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    target: String,
    fault: watch::Sender<Fault>,
    /// Counts what was closed by hand; connections end when it moves.
    cuts: watch::Sender<u64>,
    accepted: AtomicU64,
}

impl Proxy {
    /// In front of `host:port`, on a free port of the loopback interface.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn to(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("a free port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("the port's address: {error}"));
        let shared = Arc::new(Shared {
            target: target.to_string(),
            fault: watch::Sender::new(Fault::None),
            cuts: watch::Sender::new(0),
            accepted: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Proxy { address, shared, accepting }
    }

    /// In front of the server of a URL.
    pub async fn in_front_of(url: &DatabaseUrl) -> Proxy {
        Self::to(&format!("{}:{}", url.host(), url.port())).await
    }

    /// The URL by way of the proxy.
    pub fn url(&self, url: &DatabaseUrl) -> DatabaseUrl {
        DatabaseUrl { hosts: vec![(self.address.ip().to_string(), self.address.port())], ..url.clone() }
    }

    /// From now on.
    pub fn set(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// Closes the connections of now.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// How many connections were made.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Aborted with its tasks when the proxy is dropped.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        connections.spawn(serve(client, shared.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    cuts.mark_unchanged();
    if *shared.fault.borrow() == Fault::Refuse {
        return;
    }
    let Ok(server) = TcpStream::connect(&shared.target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let fault = || shared.fault.subscribe();
    let seen = Arc::new(Seen::default());
    let requests = Pump { from: from_client, to: to_server, fault: fault(), answers: false, seen: seen.clone() };
    let answers = Pump { from: from_server, to: to_client, fault: fault(), answers: true, seen };
    let mut refused = shared.fault.subscribe();
    tokio::select! {
        _ = requests.run(&shared) => {}
        _ = answers.run(&shared) => {}
        _ = cuts.changed() => {}
        _ = refused.wait_for(|fault| *fault == Fault::Refuse) => {}
    }
}

/// What a connection's requests have done to its answers.
#[derive(Default)]
struct Seen {
    /// The next one ends the connection.
    muted: AtomicBool,
    /// They wait until the fault is over.
    held: AtomicBool,
}

/// One direction of a connection.
struct Pump {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    fault: watch::Receiver<Fault>,
    answers: bool,
    seen: Arc<Seen>,
}

impl Pump {
    /// Until an end closes, or a fault wants the connection closed.
    async fn run(mut self, shared: &Shared) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = match self.from.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(length) => length,
            };
            if !self.pass(&mut buffer[..length], shared).await {
                return;
            }
        }
    }

    /// Passes a portion on as the fault wants it; `false`: the connection ends.
    async fn pass(&mut self, bytes: &mut [u8], shared: &Shared) -> bool {
        loop {
            let fault = self.fault.borrow_and_update().clone();
            match fault {
                Fault::HalfOpen => {
                    // Until the cable is back.
                    if self.fault.changed().await.is_err() {
                        return false;
                    }
                    continue;
                }
                Fault::Delay(pause) => tokio::time::sleep(pause).await,
                Fault::Throttle(rate) => return self.slowly(bytes, rate.max(1)).await,
                Fault::DropAnswers if self.answers => return true,
                Fault::Garble if self.answers => bytes.iter_mut().for_each(|byte| *byte ^= 0x55),
                Fault::HoldAnswers(from, until) if !self.answers => {
                    if contains(bytes, from) {
                        self.seen.held.store(true, Ordering::Release);
                    }
                    if self.seen.held.load(Ordering::Acquire) && contains(bytes, until) {
                        self.seen.held.store(false, Ordering::Release);
                        shared.fault.send_replace(Fault::None);
                    }
                }
                Fault::HoldAnswers(..) if self.seen.held.load(Ordering::Acquire) => {
                    if self.fault.changed().await.is_err() {
                        return false;
                    }
                    continue;
                }
                Fault::CutAnswerTo(text) if !self.answers && contains(bytes, text) => {
                    self.seen.muted.store(true, Ordering::Release);
                    shared.fault.send_replace(Fault::None);
                }
                _ if self.answers && self.seen.muted.load(Ordering::Acquire) => {
                    // The server has done it, and nobody hears of it.
                    return false;
                }
                Fault::CutRequest(text) if !self.answers && contains(bytes, text) => {
                    shared.fault.send_replace(Fault::None);
                    return false;
                }
                _ => {}
            }
            return self.to.write_all(bytes).await.is_ok();
        }
    }

    async fn slowly(&mut self, bytes: &[u8], rate: usize) -> bool {
        for portion in bytes.chunks((rate / 20).max(1)) {
            tokio::time::sleep(Duration::from_secs_f64(portion.len() as f64 / rate as f64)).await;
            if self.to.write_all(portion).await.is_err() {
                return false;
            }
        }
        true
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
