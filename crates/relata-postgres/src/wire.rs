//! What the server says about the transaction, read from the wire as it passes by.
//!
//! `tokio-postgres` keeps the status byte of `ReadyForQuery` to itself, and the contract wants the transaction's state
//! from the server, not from what was asked. [`Watched`] follows the framing of the server's messages (a byte of type,
//! four bytes of length) and remembers the last status. Invariant: it never changes, delays or copies a byte.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// The status of the last `ReadyForQuery`: `I`dle, in a `T`ransaction, in a failed (`E`) one.
#[derive(Debug)]
pub(crate) struct Status(AtomicU8);

impl Status {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Status(AtomicU8::new(b'I')))
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.0.load(Ordering::Acquire) != b'I'
    }
}

/// The transport to a server.
pub(crate) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Wire::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A stream whose incoming messages are followed.
pub(crate) struct Watched<S> {
    stream: S,
    status: Arc<Status>,
    /// Head of the current message as far as it has come: type and length.
    head: [u8; 5],
    head_length: usize,
    /// Bytes of the body still to come.
    body: usize,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, status: Arc<Status>) -> Self {
        Watched { stream, status, head: [0; 5], head_length: 0, body: 0 }
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.head_length < 5 {
                let take = bytes.len().min(5 - self.head_length);
                self.head[self.head_length..self.head_length + take].copy_from_slice(&bytes[..take]);
                self.head_length += take;
                bytes = &bytes[take..];
                if self.head_length < 5 {
                    return;
                }
                let length = u32::from_be_bytes([self.head[1], self.head[2], self.head[3], self.head[4]]);
                self.body = (length as usize).saturating_sub(4);
            }
            let take = bytes.len().min(self.body);
            if self.head[0] == b'Z' && take > 0 {
                self.status.0.store(bytes[take - 1], Ordering::Release);
            }
            self.body -= take;
            bytes = &bytes[take..];
            if self.body == 0 {
                self.head_length = 0;
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = result {
            self.follow(&buffer.filled()[before..]);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Watched<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

/// Makes a TLS connector watch what comes out of the tunnel.
pub(crate) struct WatchTls<T> {
    pub connector: T,
    pub status: Arc<Status>,
}

impl<S, T> TlsConnect<S> for WatchTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
    T::Stream: Send + 'static,
    T::Error: 'static,
{
    type Stream = Watched<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connecting = self.connector.connect(stream);
        let status = self.status;
        Box::pin(async move { Ok(Watched::new(connecting.await?, status)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_found_however_the_bytes_are_cut() {
        // A data row that contains what looks like a status, then the real one.
        let mut bytes = vec![b'D', 0, 0, 0, 10];
        bytes.extend_from_slice(b"Z\0\0\0\x05I");
        bytes.extend_from_slice(b"Z\0\0\0\x05E");
        for cut in 1..bytes.len() {
            let status = Status::new();
            let mut watched = Watched::new((), status.clone());
            for piece in bytes.chunks(cut) {
                watched.follow(piece);
            }
            assert!(status.in_transaction(), "cut every {cut} bytes");
        }
    }
}
