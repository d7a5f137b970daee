//! One question by HTTP/1.0 and its whole answer: what Patroni's REST wants, and nothing beyond.
//!
//! Invariants: an answer is read up to a mebibyte; the caller sets the deadline.

use relata_sql::{Error, Kind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tls::Trust;

const MOST: u64 = 1 << 20;

/// Where somebody listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// By https.
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https://" } else { "" };
        write!(f, "{scheme}{}:{}", self.host, self.port)
    }
}

/// The body of `http(s)://HOST:PORT/PATH`.
///
/// # Errors
/// `Kind::Unreachable` when nobody answers, `Kind::Tls`, `Kind::Unavailable` when the answer is not 200, `Kind::Protocol` when
/// it is no HTTP.
pub(super) async fn get(address: &Address, trust: Option<&Trust>, path: &str) -> Result<String> {
    let connecting = TcpStream::connect((address.host.as_str(), address.port));
    let stream = connecting.await.map_err(|error| broken(address, error))?;
    let answer = match (address.secure, trust) {
        (false, _) => ask(stream, address, path).await?,
        (true, Some(trust)) => ask(trust.wrap(&address.host, stream).await?, address, path).await?,
        (true, None) => return Err(Error::new(Kind::Tls, format!("nobody is trusted to speak for {address}"))),
    };
    body(&answer).map_err(|(kind, why)| Error::new(kind, format!("{address}{path}: {why}")))
}

fn broken(address: &Address, error: std::io::Error) -> Error {
    Error::new(Kind::Unreachable, format!("{address} does not answer: {error}")).caused_by(error)
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, address: &Address, path: &str) -> Result<Vec<u8>> {
    let (host, port) = (&address.host, address.port);
    let question = format!("GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(question.as_bytes()).await.map_err(|error| broken(address, error))?;
    stream.flush().await.map_err(|error| broken(address, error))?;
    let mut answer = Vec::new();
    match stream.take(MOST).read_to_end(&mut answer).await {
        // Patroni closes TLS without a word; an answer cut short is seen by whoever reads it.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(answer),
        Err(error) => Err(broken(address, error)),
        Ok(_) => Ok(answer),
    }
}

fn body(answer: &[u8]) -> std::result::Result<String, (Kind, String)> {
    let nonsense = || (Kind::Protocol, "what answers there speaks no HTTP".to_string());
    let text = std::str::from_utf8(answer).map_err(|_| nonsense())?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(nonsense)?;
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    if !words.next().is_some_and(|version| version.starts_with("HTTP/1.")) {
        return Err(nonsense());
    }
    match words.next() {
        Some("200") => Ok(body.to_string()),
        Some(status) => Err((Kind::Unavailable, format!("it answers with status {status}"))),
        None => Err(nonsense()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\n{}").unwrap(), "{}");
        assert_eq!(body(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err().0, Kind::Unavailable);
        for nonsense in [&b""[..], b"hello", b"SSH-2.0\r\n\r\n", b"HTTP/1.0\r\n\r\n", b"\xff\r\n\r\n"] {
            assert_eq!(body(nonsense).unwrap_err().0, Kind::Protocol);
        }
    }
}
