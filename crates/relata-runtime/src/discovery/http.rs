//! One question by HTTP/1.0 and its whole answer: what Patroni's REST wants, and nothing beyond.
//!
//! Invariants: an answer is read up to a mebibyte; the caller sets the deadline.

use relata_sql::{Error, Kind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MOST: u64 = 1 << 20;

/// The body of `http://HOST:PORT/PATH`.
///
/// # Errors
/// `Kind::Unreachable` when nobody answers, `Kind::Unavailable` when the answer is not 200, `Kind::Protocol` when it is no
/// HTTP.
pub(super) async fn get(host: &str, port: u16, path: &str) -> Result<String> {
    let broken = |error: std::io::Error| {
        Error::new(Kind::Unreachable, format!("{host}:{port} does not answer: {error}")).caused_by(error)
    };
    let mut stream = TcpStream::connect((host, port)).await.map_err(broken)?;
    let question = format!("GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(question.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await.map_err(broken)?;
    body(&answer).map_err(|(kind, why)| Error::new(kind, format!("{host}:{port}{path}: {why}")))
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
