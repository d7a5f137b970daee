//! SRV records: a name tells hosts and ports of a service. Asked of the name servers of the machine by DNS itself, for the
//! system's own look-up knows addresses only.
//!
//! Invariants
//! - A question has a number by chance and comes from a port of its own; an answer to anything else is not heard.
//! - A name server that keeps silent costs its share of the deadline, then the next is asked; an answer that was cut short is
//!   asked for again by TCP.
//! - Priorities and weights are not used: what a node is, it says itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use relata_schema::Dialect;
use relata_sql::driver::BoxFuture;
use relata_sql::{Error, Kind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::{Discover, invalid};

/// How long one name server may take.
const SHARE: Duration = Duration::from_millis(700);

const SRV: u16 = 33;
const INTERNET: u16 = 1;

/// Looks services up.
#[derive(Debug, Clone)]
pub struct Srv {
    names: Vec<String>,
    /// Empty: those of `/etc/resolv.conf`.
    servers: Vec<SocketAddr>,
}

impl Srv {
    /// Of these names, whole: `_postgresql._tcp.db.internal`.
    pub fn new(names: Vec<String>) -> Self {
        Srv { names, servers: Vec::new() }
    }

    /// Of the hosts of a URL; a plain one stands for the usual name of the service.
    pub(super) fn of(names: Vec<String>, dialect: Dialect, servers: Option<&str>) -> Result<Self> {
        let service = if dialect == Dialect::Postgres { "_postgresql._tcp." } else { "_mysql._tcp." };
        let whole = |name: String| if name.starts_with('_') { name } else { format!("{service}{name}") };
        let read = |text: &str| {
            let address = text.parse::<SocketAddr>().ok();
            let address = address.or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53)));
            address.ok_or_else(|| invalid(format!("this is no address of a name server: {text:?}")))
        };
        let servers = servers.into_iter().flat_map(|list| list.split(',')).map(read).collect::<Result<_>>()?;
        Ok(Srv { names: names.into_iter().map(whole).collect(), servers })
    }

    async fn look_up(&self) -> Result<Vec<(String, u16)>> {
        let servers = if self.servers.is_empty() { of_this_machine() } else { self.servers.clone() };
        let (mut found, mut failed) = (BTreeSet::new(), None);
        for name in &self.names {
            match ask_any(&servers, name).await {
                Ok(nodes) => found.extend(nodes),
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found.into_iter().collect()),
        }
    }
}

impl Discover for Srv {
    fn name(&self) -> String {
        format!("SRV of {}", self.names.join(", "))
    }

    fn nodes(&self) -> BoxFuture<'_, Result<Vec<(String, u16)>>> {
        Box::pin(self.look_up())
    }
}

/// The name servers that `/etc/resolv.conf` names.
fn of_this_machine() -> Vec<SocketAddr> {
    let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let servers: Vec<_> = named.filter_map(|rest| rest.trim().parse::<IpAddr>().ok()).collect();
    let local = IpAddr::from([127, 0, 0, 1]);
    let servers = if servers.is_empty() { vec![local] } else { servers };
    servers.into_iter().map(|address| SocketAddr::new(address, 53)).collect()
}

async fn ask_any(servers: &[SocketAddr], name: &str) -> Result<Vec<(String, u16)>> {
    let mut last = None;
    for server in servers {
        match tokio::time::timeout(SHARE, ask(*server, name)).await {
            Ok(Ok(nodes)) => return Ok(nodes),
            // It knows, and there is none.
            Ok(Err(error)) if error.kind() == Kind::NotFound => return Err(error.with_kind(Kind::Unreachable)),
            Ok(Err(error)) => last = Some(error),
            Err(_) => last = Some(Error::new(Kind::Timeout, format!("the name server {server} keeps silent"))),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Kind::Configuration, "no name server is known")))
}

async fn ask(server: SocketAddr, name: &str) -> Result<Vec<(String, u16)>> {
    let broken = |error: std::io::Error| {
        Error::new(Kind::Unreachable, format!("the name server {server} cannot be asked: {error}")).caused_by(error)
    };
    let number = fastrand::u16(..);
    let question = question(number, name)?;
    let own: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(own).await.map_err(broken)?;
    socket.connect(server).await.map_err(broken)?;
    socket.send(&question).await.map_err(broken)?;
    let mut buffer = vec![0; 4096];
    let answer = loop {
        let length = socket.recv(&mut buffer).await.map_err(broken)?;
        let answer = Message(&buffer[..length]);
        if answer.belongs_to(&question) {
            break answer;
        }
    };
    if !answer.is_cut_short() {
        return answer.nodes(name);
    }
    let mut stream = TcpStream::connect(server).await.map_err(broken)?;
    let length = question.len() as u16;
    stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat()).await.map_err(broken)?;
    let length = stream.read_u16().await.map_err(broken)?;
    let mut whole = vec![0; usize::from(length)];
    stream.read_exact(&mut whole).await.map_err(broken)?;
    let answer = Message(&whole);
    if answer.belongs_to(&question) { answer.nodes(name) } else { Err(nonsense(name)) }
}

fn nonsense(name: &str) -> Error {
    Error::new(Kind::Protocol, format!("the answer of the name server about {name} makes no sense"))
}

/// One question, as RFC 1035 writes it.
fn question(number: u16, name: &str) -> Result<Vec<u8>> {
    const RECURSION_DESIRED: u16 = 0x0100;
    let mut out = Vec::new();
    for field in [number, RECURSION_DESIRED, 1, 0, 0, 0] {
        out.extend(field.to_be_bytes());
    }
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length));
        out.push(length.ok_or_else(|| invalid(format!("{name:?} is no name of DNS")))?);
        out.extend(label.as_bytes());
    }
    out.push(0);
    out.extend(SRV.to_be_bytes());
    out.extend(INTERNET.to_be_bytes());
    Ok(out)
}

/// An answer.
struct Message<'b>(&'b [u8]);

impl Message<'_> {
    fn number(&self, at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(self.0.get(at..at + 2)?.try_into().ok()?))
    }

    /// The same number, and the same question.
    fn belongs_to(&self, question: &[u8]) -> bool {
        let is_answer = self.0.get(2).is_some_and(|flags| flags & 0x80 != 0);
        is_answer
            && self.0.get(..2) == question.get(..2)
            && self.0.get(12..question.len()).is_some_and(|asked| asked.eq_ignore_ascii_case(&question[12..]))
    }

    fn is_cut_short(&self) -> bool {
        self.0.get(2).is_some_and(|flags| flags & 0x02 != 0)
    }

    fn nodes(&self, name: &str) -> Result<Vec<(String, u16)>> {
        match self.0.get(3).map(|flags| flags & 0x0f) {
            Some(0) => {}
            Some(3) => return Err(Error::new(Kind::NotFound, format!("there is no SRV record of {name}"))),
            code => {
                let code = code.unwrap_or_default();
                return Err(Error::new(Kind::Unavailable, format!("the name server refuses {name} with code {code}")));
            }
        }
        self.records().ok_or_else(|| nonsense(name))
    }

    fn records(&self) -> Option<Vec<(String, u16)>> {
        let (questions, answers) = (self.number(4)?, self.number(6)?);
        let mut at = 12;
        for _ in 0..questions {
            at = self.name(at)?.1 + 4;
        }
        let mut nodes = Vec::new();
        for _ in 0..answers {
            at = self.name(at)?.1;
            let (kind, length) = (self.number(at)?, usize::from(self.number(at + 8)?));
            let data = at + 10;
            if kind == SRV {
                let (target, port) = (self.name(data + 6)?.0, self.number(data + 4)?);
                // A single dot: the service is not there.
                if !target.is_empty() && port > 0 {
                    nodes.push((target, port));
                }
            }
            at = data + length;
        }
        Some(nodes)
    }

    /// A name, and where what follows it begins. A name may end with a pointer to another, which lies before it.
    fn name(&self, mut at: usize) -> Option<(String, usize)> {
        let (mut labels, mut end) = (Vec::new(), None);
        // Names are short; pointers in a circle are not followed for ever.
        for _ in 0..128 {
            let length = usize::from(*self.0.get(at)?);
            match length {
                0 => return Some((labels.join("."), end.unwrap_or(at + 1))),
                1..64 => {
                    labels.push(String::from_utf8_lossy(self.0.get(at + 1..at + 1 + length)?).into_owned());
                    at += 1 + length;
                }
                192.. => {
                    end = end.or(Some(at + 2));
                    at = usize::from(self.number(at)? & 0x3fff);
                }
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const NAME: &str = "_postgresql._tcp.db.internal";

    /// The answer to a question, with these hosts of `db.internal`, that name written once.
    fn answer(question: &[u8], code: u8, hosts: &[(&str, u16)]) -> Vec<u8> {
        let mut out = question.to_vec();
        (out[2], out[3], out[7]) = (0x81, code, hosts.len() as u8);
        // `db.internal` stands in the question, behind two labels.
        let domain = 12 + "_postgresql".len() + 1 + "_tcp".len() + 1;
        for (host, port) in hosts {
            out.extend([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60]);
            let mut data = vec![0, 10, 0, 5];
            data.extend(port.to_be_bytes());
            data.push(host.len() as u8);
            data.extend(host.as_bytes());
            data.extend([0xc0, domain as u8]);
            out.extend((data.len() as u16).to_be_bytes());
            out.extend(data);
        }
        out
    }

    #[test]
    fn answers_are_read_and_nonsense_is_not() {
        let question = question(7, NAME).unwrap();
        let good = answer(&question, 0, &[("a", 5432), ("b", 5433)]);
        let nodes = [("a.db.internal".to_string(), 5432), ("b.db.internal".to_string(), 5433)];
        assert!(Message(&good).belongs_to(&question));
        assert_eq!(Message(&good).nodes(NAME).unwrap(), nodes);
        assert_eq!(Message(&answer(&question, 3, &[])).nodes(NAME).unwrap_err().kind(), Kind::NotFound);
        assert_eq!(Message(&answer(&question, 2, &[])).nodes(NAME).unwrap_err().kind(), Kind::Unavailable);
        // Cut anywhere it is an answer to nothing, or nonsense; never a panic.
        for length in 0..good.len() {
            let cut = Message(&good[..length]);
            assert!(!cut.belongs_to(&question) || cut.nodes(NAME).is_err(), "{length}");
        }
        let mut circle = answer(&question, 0, &[("a", 1)]);
        let at = circle.len() - 2;
        (circle[at], circle[at + 1]) = (0xc0, at as u8);
        assert_eq!(Message(&circle).nodes(NAME).unwrap_err().kind(), Kind::Protocol);
        assert!(super::question(7, "a..b").is_err() && super::question(7, &"x".repeat(64)).is_err());
    }

    /// A name server: the first question gets a stranger's answer before its own, one cut short that is.
    async fn name_server(asked: Arc<AtomicUsize>) -> SocketAddr {
        // Somebody's connection may have the same port of TCP.
        let (socket, address, listener) = loop {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = socket.local_addr().unwrap();
            match tokio::net::TcpListener::bind(address).await {
                Ok(listener) => break (socket, address, listener),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse, "{error}"),
            }
        };
        tokio::spawn(async move {
            let mut buffer = vec![0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                asked.fetch_add(1, Ordering::AcqRel);
                let question = &buffer[..length];
                let mut strange = answer(question, 0, &[("evil", 1)]);
                strange[0] ^= 1;
                socket.send_to(&strange, from).await.unwrap();
                let mut short = answer(question, 0, &[]);
                short[2] |= 0x02;
                socket.send_to(&short, from).await.unwrap();
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut question).await.unwrap();
                let answer = answer(&question, 0, &[("a", 5432)]);
                stream.write_u16(answer.len() as u16).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_name_server_is_asked() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let answering = name_server(asked.clone()).await;
        let servers = format!("{},{answering}", silent.local_addr().unwrap());
        let source = Srv::of(vec!["db.internal".to_string()], Dialect::Postgres, Some(&servers)).unwrap();
        assert_eq!(source.nodes().await.unwrap(), [("a.db.internal".to_string(), 5432)]);
        assert_eq!(asked.load(Ordering::Acquire), 1);
    }
}
